# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The model of a cluster, derived from its inventory.

Everything here is pure: the inventory goes in as plain data, the model comes out as plain data (see docs/architecture.md for its form),
and no host is asked. The variables, their types and their defaults are those of roles/cluster/meta/argument_specs.yml.
"""

from __future__ import annotations

import re
from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Sequence

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.ports import PORTS, port_table
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.storage import storage
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.user_stores import user_store_model
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.vendors import VENDORS, jdbc_url

Variables = Mapping[str, Any]

GROUP_VARIABLES = {
    "key_manager": "cluster_key_manager_group",
    "load_balancer": "cluster_load_balancer_group",
    "database": "cluster_database_group",
    "api_manager": "cluster_api_manager_group",
}
CARBON_ROLES = ("key_manager", "api_manager")
# Variables that may differ from host to host; every other one describes the whole cluster.
HOST_VARIABLES = frozenset(
    {
        "cluster_api_manager_port_offset",
        "cluster_heap_initial",
        "cluster_heap_maximum",
        "cluster_home",
        "cluster_home_directory",
        "cluster_home_writable",
        "cluster_instance",
        "cluster_java_home",
        "cluster_java_options",
        "cluster_java_package",
        "cluster_manage_hosts_file",
        "cluster_member_port",
        "cluster_node_address",
        "cluster_open_files",
        "cluster_port_offset",
        "cluster_processes",
        "cluster_service_uid",
    }
)

# How identity.xml names what becomes of a token on its way into the database.
TOKEN_PROCESSORS = {
    False: "org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor",
    True: "org.wso2.carbon.identity.oauth.tokenprocessor.EncryptionDecryptionPersistenceProcessor",
}
# Where API Manager answers unless the inventory says otherwise: its management port.
MANAGEMENT_PORT = PORTS["https"].base
# The caching scenarios, by what each of them means for the product files (requirement CA2).
CACHING: Dict[str, Dict[str, bool]] = {
    "local_with_invalidation": {"clustered": True, "force_local": True, "caches": True, "security_caches": True},
    "local_without_invalidation": {"clustered": False, "force_local": True, "caches": True, "security_caches": True},
    "none": {"clustered": False, "force_local": True, "caches": False, "security_caches": False},
    "local_without_security_caches": {"clustered": True, "force_local": True, "caches": True, "security_caches": False},
    "distributed": {"clustered": True, "force_local": False, "caches": True, "security_caches": True},
}
CACHE_MINUTES = {"local_without_invalidation": 5}
USUAL_CACHE_MINUTES = 15
MASTER_DATASOURCES = "repository/conf/datasources/master-datasources.xml"


class Inventory(NamedTuple):
    """What an inventory says: the hosts of each group in order, and each host's variables."""

    groups: Mapping[str, Sequence[str]]
    hosts: Mapping[str, Variables]


class Sources(NamedTuple):
    """The collection's own data that the model is derived with."""

    options: Dict[str, Any]
    """Argument spec of role cluster, by variable."""
    profiles: Dict[str, Dict[str, Any]]
    """Product profiles by id, inheritance resolved."""


def validated(variables: Variables, options: Mapping[str, Any]) -> tuple[Dict[str, Any], List[str]]:
    """Give the variables their types and defaults; return them with the errors of the argument spec.

    Secrets (no_log) are left out: the model needs none, and a message of the spec's might quote one.
    """
    options = {name: option for name, option in options.items() if not option.get("no_log")}
    result = ArgumentSpecValidator(as_arguments(options)).validate({name: variables[name] for name in options if name in variables})
    return result.validated_parameters, list(result.error_messages)


def as_arguments(options: Mapping[str, Any]) -> Dict[str, Any]:
    """An argument spec of a role in the form that modules use."""
    arguments: Dict[str, Any] = {}
    for name, option in options.items():
        argument = {key: value for key, value in option.items() if key not in ("description", "options", "version_added")}
        if "options" in option:
            argument["options"] = as_arguments(option["options"])
            # Options within an option get their defaults only so.
            argument["apply_defaults"] = "default" in option
        arguments[name] = argument
    return arguments


def host_groups(variables: Variables, options: Mapping[str, Any], inventory: Inventory) -> Dict[str, List[str]]:
    """The hosts of the cluster by role, each group under its variable's name for it."""
    return {role: list(inventory.groups.get(variables.get(name, options[name]["default"]), ())) for role, name in GROUP_VARIABLES.items()}


def outside_model(name: str, inventory: Inventory, sources: Sources) -> Dict[str, Any] | None:
    """The empty model of a host that belongs to no cluster although the inventory has one; None for every other host.

    Where each cluster has groups of its own, further hosts of the inventory have no group that they could find a cluster by.
    """
    own, *others = (
        host_groups(variables, sources.options, inventory)["key_manager"]
        for variables in [inventory.hosts[name], *inventory.hosts.values()]
    )
    return None if own or not any(others) else {"groups": {}, "hosts": {}}


def build_model(name: str, inventory: Inventory, sources: Sources) -> Dict[str, Any]:
    """Derive the model of the cluster that host `name` belongs to.

    Raises OperatorError for an inventory that the preflight would have refused for the very variables the model is made of.
    """
    groups = host_groups(inventory.hosts[name], sources.options, inventory)
    if not groups["key_manager"]:
        raise OperatorError(
            "The inventory has no Key Manager: put at least one host into the group that cluster_key_manager_group names (key_manager)."
        )
    variables: Dict[str, Dict[str, Any]] = {}
    for host in dict.fromkeys(host for hosts in groups.values() for host in hosts):
        values, errors = validated(inventory.hosts[host], sources.options)
        if errors:
            raise OperatorError("{0}: {1}".format(host, errors[0]))
        variables[host] = values
    shared = variables[groups["key_manager"][0]]
    product = sources.profiles[shared["cluster_product"]]
    api_manager = sources.profiles[shared.get("cluster_api_manager_product") or product["api_manager_product"]]

    addresses = {host: address_of(host, inventory.hosts[host], variables[host]) for host in variables}
    beside = {addresses[host] for host in groups["api_manager"]}
    caching = _caching(shared, product)
    if _is_alone(shared, groups):
        caching["clustered"] = False
    hosts = {
        host: _host(host, role, index, addresses[host], variables[host], product if role == "key_manager" else api_manager, beside)
        for role, names in groups.items()
        for index, host in enumerate(names, start=1)
    }
    hostname = shared["cluster_hostname"]
    front = _front(shared, groups, hosts)
    urls = _urls(shared, product, groups, front)
    for host in groups["key_manager"]:
        _membership_of(hosts[host], variables[host], shared, caching["clustered"])
    layout = product["layouts"][shared["cluster_database"]["layout"]]
    database = _database(shared, groups, hosts)
    databases, datasources = _datasources(shared, product, layout, database)
    by_id = {source["id"]: source for source in datasources}
    jndi = {purpose: by_id[source]["jndi"] for purpose, source in layout["jndi"].items()}
    registry = {
        "config_target": shared.get("cluster_registry_config_target") or layout["config_target"],
        "governance_target": shared["cluster_registry_governance_target"],
        "config_cache_id": by_id[layout["jndi"]["config"]]["cache_id"],
        "governance_cache_id": by_id[layout["jndi"]["registry"]]["cache_id"],
    }
    internal = "https://{0}:{1}".format(hostname, front["internal_port"])
    nodes = [hosts[host] for host in groups["key_manager"]]
    api_managers = [hosts[host] for host in groups["api_manager"]]
    for node in nodes:
        node["gateway"] = _gateway_of(node, shared, api_managers)
    on_api_manager = layout.get("api_manager", {})
    api_manager_config_target = shared.get("cluster_api_manager_registry_config_target") or on_api_manager.get("config_target")
    admin_user = shared.get("cluster_admin_user") or product["admin_user"]
    user_store = user_store_model(shared["cluster_user_store"], product, api_manager, nodes[0], caching["security_caches"])
    return {
        "name": shared["cluster_name"],
        "domain": shared.get("cluster_domain") or "wso2.{0}.domain".format(shared["cluster_name"]),
        "hostname": hostname,
        "management_hostname": shared.get("cluster_management_hostname") or ("mgt." if front["balanced"] else "") + hostname,
        "hostname_address": front["address"],
        "balanced": front["balanced"],
        "gateway_hostname": _gateway_hostname(shared, groups),
        "gateway_port": shared["cluster_gateway_port"],
        "public_port": front["public_port"],
        "public_http_port": front["public_http_port"],
        "internal_port": front["internal_port"],
        "public_url": "https://" + _balancer(shared, front),
        "service_url": internal + "${carbon.context}services/",
        "product": product,
        "api_manager_product": api_manager if groups["api_manager"] else None,
        "groups": groups,
        "hosts": hosts,
        "nodes": nodes,
        "api_managers": api_managers,
        "load_balancers": [hosts[host] for host in groups["load_balancer"]],
        # Two hosts on one machine must not install at the same time: it has one package manager and one list of users.
        "installed_at_once": 1 if len(set(addresses.values())) < len(addresses) else 0,
        "members": _members(shared, nodes) if caching["clustered"] else [],
        "membership": _membership(shared),
        "caching": caching,
        "database": database,
        "databases": databases,
        "datasources": datasources,
        "unused_jndi": layout["unused_jndi"],
        "jndi": jndi,
        "registry": registry,
        "storage": storage(shared),
        # What API Manager shares with the Key Managers, where the documents let it (requirement DB7).
        "api_manager_datasources": [by_id[source] for source in on_api_manager.get("datasources", [])],
        "api_manager_registry": {**registry, "config_target": api_manager_config_target},
        "api_manager_commitments": {
            "registry_config_target": api_manager_config_target,
            "registry_governance_target": registry["governance_target"],
            "registry_instances": [jndi["config"], jndi["registry"]],
            "token_encryption": TOKEN_PROCESSORS[shared["cluster_token_encryption"]],
            "user_datasource": jndi["user"],
        }
        if on_api_manager
        else {},
        "urls": urls,
        "admin_user": admin_user,
        # A name that holds an @ would be split at it, unless the tenant follows.
        "admin_user_with_tenant": admin_user + ("@carbon.super" if "@" in admin_user else ""),
        "jwt": shared["cluster_jwt"],
        "token_encryption": {
            "enabled": shared["cluster_token_encryption"],
            "processor": TOKEN_PROCESSORS[shared["cluster_token_encryption"]],
        },
        "user_store": user_store,
        "email_user_names": _first_set(shared.get("cluster_email_user_names"), product.get("email_user_names", False)),
        "session_persistence": shared["cluster_session_persistence"],
        "remote_ip_valve": _remote_ip_valve(shared, groups, hosts),
        "commitments": {
            "internal_keystore": "{0}-internal.jks".format(shared["cluster_name"]),
            "registry_config_target": registry["config_target"],
            "registry_governance_target": registry["governance_target"],
            "registry_instances": [jndi["config"], jndi["registry"]],
            "shared_directories": shared["cluster_shared_directories"] if shared["cluster_shared_storage"]["type"] != "none" else "none",
            "token_encryption": TOKEN_PROCESSORS[shared["cluster_token_encryption"]],
            "token_issuer": urls["IDTokenIssuerID"],
            "user_datasource": jndi["user"],
            "user_store": user_store["class"],
        },
    }


def address_of(name: str, raw: Variables, variables: Variables) -> str:
    """The address under which the other hosts reach this one."""
    return str(variables.get("cluster_node_address") or raw.get("ansible_host") or name)


def _host(
    name: str, role: str, index: int, address: str, variables: Variables, profile: Mapping[str, Any], beside: Collection[str]
) -> Dict[str, Any]:
    """One host's entry; `beside` are the addresses of the API Managers."""
    host: Dict[str, Any] = {"name": name, "role": role, "index": index, "address": address}
    if role not in CARBON_ROLES:
        return host
    key_manager = role == "key_manager"
    offset = variables.get("cluster_port_offset" if key_manager else "cluster_api_manager_port_offset")
    if offset is None:
        offset = profile["default_offset"] if key_manager or profile["side"] == "api_manager" else 0
        if key_manager and address in beside:
            offset = profile.get("default_offset_beside_api_manager", offset)
    instance = variables.get("cluster_instance") or variables["cluster_name"] + ("" if key_manager else "-apim")
    host.update(
        instance=instance,
        home=variables.get("cluster_home") or "{0}/{1}".format(variables["cluster_home_directory"].rstrip("/"), instance),
        offset=offset,
        ports=port_table(offset),
        heap_initial=variables.get("cluster_heap_initial") or profile["heap"]["initial"],
        heap_maximum=variables.get("cluster_heap_maximum") or profile["heap"]["maximum"],
    )
    return host


def _membership_of(host: Dict[str, Any], variables: Variables, shared: Variables, clustered: bool) -> None:
    """What only a Key Manager has: its place in the cluster, unless there is none, and its part of the work on the common database."""
    if clustered:
        host["member_port"] = variables["cluster_member_port"]
    cleanup = shared["cluster_session_persistence"]["cleanup"]
    host["session_cleanup"] = cleanup == "all_nodes" or (cleanup == "one_node" and host["index"] == 1)


def _members(shared: Variables, nodes: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    further = [{"host": member["host"], "port": member["port"]} for member in shared["cluster_additional_members"]]
    return [{"host": node["address"], "port": node["member_port"]} for node in nodes] + further


def _membership(shared: Variables) -> Dict[str, Any]:
    options = {key: value for key, value in shared["cluster_membership_options"].items() if value is not None}
    parameters = options.pop("parameters", {})
    scheme = shared["cluster_membership_scheme"]
    return {
        "scheme": scheme,
        "options": options,
        "parameters": parameters,
        # Hazelcast finds the address to open the port on among the well-known members.
        "bind_any": not (shared["cluster_bind_member_port"] and scheme == "wka"),
    }


def _caching(shared: Variables, product: Mapping[str, Any]) -> Dict[str, Any]:
    scenario = shared["cluster_caching"]
    meaning = CACHING[scenario]
    listed = _first_set(shared.get("cluster_security_caches"), product.get("security_caches", []))
    return {
        "scenario": scenario,
        **meaning,
        "minutes": _first_set(shared.get("cluster_cache_timeout"), CACHE_MINUTES.get(scenario, USUAL_CACHE_MINUTES)),
        # Of identity.xml, where the rest of the caches is on.
        "disabled": list(listed) if meaning["caches"] and not meaning["security_caches"] else [],
    }


def _is_alone(shared: Variables, groups: Mapping[str, Sequence[str]]) -> bool:
    """Whether there is nobody that the only Key Manager could form a cluster with. It would only open a port for one."""
    return len(groups["key_manager"]) == 1 and not shared["cluster_additional_members"] and shared["cluster_membership_scheme"] == "wka"


def _remote_ip_valve(
    shared: Variables, groups: Mapping[str, Sequence[str]], hosts: Mapping[str, Mapping[str, Any]]
) -> Dict[str, str] | None:
    valve = shared["cluster_remote_ip_valve"]
    if not valve["enabled"]:
        return None
    proxies = valve.get("internal_proxies") or "|".join(re.escape(hosts[host]["address"]) for host in groups["load_balancer"])
    return {
        "className": "org.apache.catalina.valves.RemoteIpValve",
        "internalProxies": proxies,
        "remoteIpHeader": valve["remote_ip_header"],
        "proxiesHeader": valve["proxies_header"],
        "protocolHeader": valve["protocol_header"],
    }


def _first_set(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _first_address(names: Sequence[str], hosts: Mapping[str, Mapping[str, Any]]) -> str | None:
    return hosts[names[0]]["address"] if names else None


def _front(shared: Variables, groups: Mapping[str, Sequence[str]], hosts: Mapping[str, Mapping[str, Any]]) -> Dict[str, Any]:
    """Where clients, and API Manager, find the service: at a load balancer, or at the only Key Manager itself."""
    node = hosts[groups["key_manager"][0]]
    address = shared.get("cluster_hostname_address") or _first_address(groups["load_balancer"], hosts)
    balanced = shared.get("cluster_load_balanced")
    if balanced is None:
        balanced = len(groups["key_manager"]) > 1 or address not in (None, node["address"])
    if balanced:
        ports = {name: shared["cluster_" + name] for name in ("public_port", "public_http_port", "internal_port")}
        return {"balanced": True, "address": address, **ports}
    https, http = node["ports"]["https"], node["ports"]["http"]
    return {
        "balanced": False,
        "address": address or node["address"],
        "public_port": https,
        "public_http_port": http,
        "internal_port": https,
    }


def _gateway_of(node: Mapping[str, Any], shared: Variables, api_managers: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """Where a Key Manager tells the gateway that users or tokens are gone (requirement AP5)."""
    gateway = shared["cluster_gateway"]
    # The one on the same machine, so that each half of an active-active pair works without the other.
    own = next(iter([server for server in api_managers if server["address"] == node["address"]] or api_managers), None)
    management_port, worker_port = gateway.get("management_port") or MANAGEMENT_PORT, shared["cluster_gateway_port"]
    if gateway.get("balancer"):
        manager = worker = gateway["balancer"]
    elif gateway["hosts"]:
        worker = gateway["hosts"][0]
        manager = gateway.get("manager") or worker
    elif own:
        manager = worker = own["address"]
        management_port = gateway.get("management_port") or own["ports"]["https"]
        worker_port = own["ports"]["gateway_https"]
    else:
        manager = worker = shared.get("cluster_gateway_hostname") or shared["cluster_hostname"]
    return {
        # Only a gateway that is a cluster has somebody to pass the message on to.
        "services_url": "https://{0}:{1}/services/".format(manager, management_port) if gateway["clustered"] else None,
        "revoke_url": "https://{0}:{1}/revoke".format(worker, worker_port),
    }


def _gateway_hostname(shared: Variables, groups: Mapping[str, Sequence[str]]) -> str:
    return shared.get("cluster_gateway_hostname") or (groups["api_manager"] or [shared["cluster_hostname"]])[0]


def _balancer(shared: Variables, front: Mapping[str, Any]) -> str:
    """The host of the load balancer, or of the Key Manager that has none, as URLs name it."""
    port = front["public_port"]
    return str(shared["cluster_hostname"]) + ("" if port == 443 else ":{0}".format(port))


def _urls(shared: Variables, product: Mapping[str, Any], groups: Mapping[str, Sequence[str]], front: Mapping[str, Any]) -> Dict[str, str]:
    gateway = "{0}:{1}".format(_gateway_hostname(shared, groups), shared["cluster_gateway_port"])
    urls = {**product["urls"], **shared["cluster_identity_urls"]}
    if shared.get("cluster_token_issuer"):
        urls["IDTokenIssuerID"] = shared["cluster_token_issuer"]
    places = {"LB": _balancer(shared, front), "GW": gateway}
    return {name: re.sub(r"(?<=://)(LB|GW)(?=/|$)", lambda match: places[match.group()], url) for name, url in urls.items()}


def _database(shared: Variables, groups: Mapping[str, Sequence[str]], hosts: Mapping[str, Mapping[str, Any]]) -> Dict[str, Any]:
    database = shared["cluster_database"]
    vendor = VENDORS[database["vendor"]]
    host = None if vendor.embedded else database.get("host") or _first_address(groups["database"], hosts)
    if not host and not vendor.embedded:
        raise OperatorError(
            "cluster_database has no host: put the database host into the group that cluster_database_group names, or set its option host."
        )
    driver = shared.get("cluster_database_driver") or {}
    tls = database["tls"] and not vendor.embedded
    return {
        "vendor": database["vendor"],
        "title": vendor.title,
        "engine": vendor.engine,
        "embedded": vendor.embedded,
        "host": host,
        # The certificate of a host of the inventory names the host, which not every client library can check by address alone.
        "server_name": groups["database"][0] if groups["database"] and not database.get("host") else host,
        "port": database.get("port") or vendor.ports[tls],
        "tls": tls,
        "layout": database["layout"],
        "managed": bool(groups["database"]),
        "admin_user": shared.get("cluster_database_admin_user") or vendor.admin_user,
        "parameters": {**vendor.parameters, **vendor.tls[tls], **database["parameters"]},
        "driver_class": driver.get("class_name") or vendor.driver_class,
        "driver_file": _driver_file(driver),
        "validation_query": vendor.validation_query,
    }


def _driver_file(driver: Mapping[str, Any]) -> str | None:
    """The name of the driver's jar in the product home: its own, or the one that Maven gives it."""
    if driver.get("maven"):
        _group, artifact, version = driver["maven"].split(":")
        return "{0}-{1}.jar".format(artifact, version)
    return driver["src"].split("?")[0].rsplit("/", 1)[-1] if driver.get("src") else None


def _datasources(
    shared: Variables, product: Mapping[str, Any], layout: Mapping[str, Any], database: Mapping[str, Any]
) -> tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
    settings = shared["cluster_database"]
    vendor = VENDORS[database["vendor"]]
    databases: Dict[str, Dict[str, Any]] = {}
    datasources = []
    for source in [*layout["datasources"], *shared["cluster_additional_datasources"]]:
        owner = source.get("in_database_of", source["id"])
        account = "shared" if settings["accounts"] == "shared" else owner
        name = settings["names"].get(owner, source["database"])
        user = settings["users"].get(account, "{0}_{1}".format(shared["cluster_name"].replace("-", "_"), account))
        secret = "database_{0}_password".format(account)
        # Several datasources may stand in one database (requirement DB5): its scripts are then loaded once, in their order.
        place = "{0}@{1}".format(user, name) if vendor.accounts_are_schemas else name
        entry = databases.setdefault(place, {"id": source["id"], "name": name, "user": user, "secret": secret, "scripts": []})
        named = settings["scripts"].get(source["id"]) or source.get("scripts") or product["schema_scripts"].get(source["id"], [])
        scripts = [script.replace("{vendor}", vendor.script) for script in named]
        entry["scripts"] += [script for script in scripts if script not in entry["scripts"]]
        url, plain_url = jdbc_url(vendor, database["tls"], database["host"], database["port"], name, database["parameters"])
        datasources.append(
            {
                "id": source["id"],
                "name": source["name"],
                "jndi": source["jndi"],
                "description": source["description"],
                "file": source.get("file", MASTER_DATASOURCES),
                "database": entry["id"],
                "url": url,
                # The registry's cache id in the product's own form, without the parameters: they do not tell databases apart.
                "cache_id": "{0}@{1}".format(entry["user"], plain_url),
                "user": entry["user"],
                "secret": entry["secret"],
                "max_active": 150,
            }
        )
    return list(databases.values()), datasources
