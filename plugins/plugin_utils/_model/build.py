# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of a cluster, derived from the whole inventory."""

from __future__ import annotations

import typing as t

from ...module_utils._errors import OperatorError
from .._argument_specs import validated
from .caching import _caching, _first_set
from .databases import _database, _datasources
from .front import _balancer, _front, _gateway_hostname, _gateway_of, _remote_ip_valve, _urls
from .hosts import (
    _host,
    _is_alone,
    _members,
    _membership,
    _membership_of,
    address_of,
    machines,
)
from .inventory import host_groups
from .storage import storage
from .user_store import user_store_model

if t.TYPE_CHECKING:
    from .._argument_specs import Variables
    from .inventory import Inventory, Sources

# How identity.xml names what becomes of a token on its way into the database.
TOKEN_PROCESSORS = {
    False: "org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor",
    True: "org.wso2.carbon.identity.oauth.tokenprocessor.EncryptionDecryptionPersistenceProcessor",
}
# The keystore for data at rest. API Manager has the Key Managers' own, unless it keeps what it has.
INTERNAL_KEYSTORE = "{0}-internal.jks"
# An API Manager whose profile has this shares its databases with the Key Managers.
SHARED_FILE = "api_manager_master_datasources"


def outside_model(name: str, inventory: Inventory, sources: Sources) -> dict[str, t.Any] | None:
    """The empty model of a host that belongs to no cluster although the inventory has one; None for
    every other host.

    Where each cluster has groups of its own, further hosts of the inventory have no group that they
    could find a cluster by.
    """
    own, *others = (
        host_groups(variables, sources.options, inventory)["key_manager"]
        for variables in [inventory.hosts[name], *inventory.hosts.values()]
    )
    return None if own or not any(others) else {"groups": {}, "hosts": {}}


def build_model(name: str, inventory: Inventory, sources: Sources) -> dict[str, t.Any]:
    """Derive the model of the cluster that host `name` belongs to.

    Raises OperatorError for an inventory that the preflight would have refused for the very
    variables the model is made of.
    """
    groups = host_groups(inventory.hosts[name], sources.options, inventory)
    if not groups["key_manager"]:
        raise OperatorError(
            "The inventory has no Key Manager: put at least one host into the group that"
            " cluster_key_manager_group names (key_manager)."
        )
    variables = _variables(groups, inventory, sources)
    shared = variables[groups["key_manager"][0]]
    product, api_manager = _products(shared, sources)
    addresses = {
        host: address_of(host, inventory.hosts[host], variables[host]) for host in variables
    }
    caching = _caching(shared, product)
    if _is_alone(shared, groups):
        caching["clustered"] = False
    places = machines(inventory.hosts, addresses)
    hosts = _hosts(groups, variables, addresses, places, product, api_manager)
    front = _front(shared, groups, hosts)
    urls = _urls(shared, product, groups, front)
    for host in groups["key_manager"]:
        _membership_of(hosts[host], variables[host], shared, caching["clustered"])
    nodes = [hosts[host] for host in groups["key_manager"]]
    api_managers = [hosts[host] for host in groups["api_manager"]]
    for node in nodes:
        node["gateway"] = _gateway_of(node, shared, api_managers)
    data = _data(shared, product, api_manager, _database(shared, product, groups, hosts))
    user_store = user_store_model(
        shared["cluster_user_store"], product, api_manager, nodes[0], caching["security_caches"]
    )
    return {
        **_reached(shared, groups, front),
        "product": product,
        "api_manager_product": api_manager if groups["api_manager"] else None,
        "groups": groups,
        "hosts": hosts,
        "nodes": nodes,
        "api_managers": api_managers,
        "load_balancers": [hosts[host] for host in groups["load_balancer"]],
        # Two hosts on one machine must not install at the same time: it has one package manager and
        # one list of users.
        "installed_at_once": 1 if len(set(places.values())) < len(places) else 0,
        "members": _members(shared, nodes) if caching["clustered"] else [],
        "membership": _membership(shared),
        "caching": caching,
        **data,
        "storage": storage(shared),
        "urls": urls,
        **_users(shared, product),
        "user_store": user_store,
        "session_persistence": shared["cluster_session_persistence"],
        "remote_ip_valve": _remote_ip_valve(shared, groups, hosts),
        "commitments": _commitments(shared, data, urls, user_store),
    }


def _products(shared: Variables, sources: Sources) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """The profiles of the Key Managers and of the API Managers."""
    product = sources.profiles[shared["cluster_product"]]
    beside = shared.get("cluster_api_manager_product") or product["api_manager_product"]
    return product, sources.profiles[beside]


def _variables(
    groups: t.Mapping[str, t.Sequence[str]], inventory: Inventory, sources: Sources
) -> dict[str, dict[str, t.Any]]:
    """The variables of each host of the cluster, with their types and defaults."""
    variables: dict[str, dict[str, t.Any]] = {}
    for host in dict.fromkeys(host for hosts in groups.values() for host in hosts):
        values, errors = validated(inventory.hosts[host], sources.options)
        if errors:
            raise OperatorError(f"{host}: {errors[0]}")
        variables[host] = values
    return variables


def _hosts(
    groups: t.Mapping[str, t.Sequence[str]],
    variables: t.Mapping[str, Variables],
    addresses: t.Mapping[str, str],
    places: t.Mapping[str, str],
    product: t.Mapping[str, t.Any],
    api_manager: t.Mapping[str, t.Any],
) -> dict[str, dict[str, t.Any]]:
    """The entry of each host, by name."""
    beside = {places[host] for host in groups["api_manager"]}
    return {
        host: _host(
            host,
            role,
            index,
            addresses[host],
            places[host],
            variables[host],
            product if role == "key_manager" else api_manager,
            beside,
        )
        for role, names in groups.items()
        for index, host in enumerate(names, start=1)
    }


def _reached(
    shared: Variables, groups: t.Mapping[str, t.Sequence[str]], front: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    """What the cluster is called, and where it is reached."""
    hostname = shared["cluster_hostname"]
    internal = "https://{0}:{1}".format(hostname, front["internal_port"])
    return {
        "name": shared["cluster_name"],
        "domain": shared.get("cluster_domain") or "wso2.{0}.domain".format(shared["cluster_name"]),
        "hostname": hostname,
        "management_hostname": (
            shared.get("cluster_management_hostname")
            or ("mgt." if front["balanced"] else "") + hostname
        ),
        "hostname_address": front["address"],
        "balanced": front["balanced"],
        "gateway_hostname": _gateway_hostname(shared, groups),
        "gateway_port": shared["cluster_gateway_port"],
        "public_port": front["public_port"],
        "public_http_port": front["public_http_port"],
        "internal_port": front["internal_port"],
        "portals": shared["cluster_portals"],
        "public_url": "https://" + _balancer(shared, front),
        "service_url": internal + "${carbon.context}services/",
    }


def _data(
    shared: Variables,
    product: t.Mapping[str, t.Any],
    api_manager: t.Mapping[str, t.Any],
    database: dict[str, t.Any],
) -> dict[str, t.Any]:
    """Databases, datasources and registry, of the Key Managers and of API Manager."""
    layout = product["layouts"][shared["cluster_database"]["layout"]]
    databases, datasources = _datasources(shared, product, api_manager, layout, database)
    by_id = {source["id"]: source for source in datasources}
    jndi = {purpose: by_id[source]["jndi"] for purpose, source in layout["jndi"].items()}
    registry = _registry(shared, layout, by_id)
    shares = SHARED_FILE in api_manager["api_manager_files"]
    on_api_manager = layout.get("api_manager", {}) if shares else {}
    target = shared.get("cluster_api_manager_registry_config_target") or on_api_manager.get(
        "config_target"
    )
    return {
        "database": database,
        "databases": databases,
        "datasources": datasources,
        "unused_jndi": layout["unused_jndi"],
        "jndi": jndi,
        "registry": registry,
        # What API Manager shares with the Key Managers, where the documents let it (requirement
        # DB7).
        "api_manager_datasources": [
            by_id[source] for source in on_api_manager.get("datasources", [])
        ],
        "api_manager_registry": {**registry, "config_target": target},
        "api_manager_commitments": _api_manager_commitments(
            shared, jndi, registry, target if on_api_manager else None
        ),
    }


def _registry(
    shared: Variables, layout: t.Mapping[str, t.Any], by_id: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    """The mounts of the registry, and the databases they are of."""
    return {
        "config_target": shared.get("cluster_registry_config_target") or layout["config_target"],
        "governance_target": shared["cluster_registry_governance_target"],
        "config_cache_id": by_id[layout["jndi"]["config"]]["cache_id"],
        "governance_cache_id": by_id[layout["jndi"]["registry"]]["cache_id"],
    }


def _users(shared: Variables, product: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The administrator, and what becomes of tokens and user names."""
    admin_user = shared.get("cluster_admin_user") or product["admin_user"]
    return {
        "admin_user": admin_user,
        # A name that holds an @ would be split at it, unless the tenant follows.
        "admin_user_with_tenant": admin_user + ("@carbon.super" if "@" in admin_user else ""),
        "jwt": shared["cluster_jwt"],
        "token_encryption": {
            "enabled": shared["cluster_token_encryption"],
            "processor": TOKEN_PROCESSORS[shared["cluster_token_encryption"]],
        },
        "email_user_names": _first_set(
            shared.get("cluster_email_user_names"), product.get("email_user_names", False)
        ),
    }


def _commitments(
    shared: Variables,
    data: t.Mapping[str, t.Any],
    urls: t.Mapping[str, str],
    user_store: t.Mapping[str, t.Any],
) -> dict[str, t.Any]:
    """What the Key Managers' data depend on (requirement IN2)."""
    jndi, registry = data["jndi"], data["registry"]
    shares = shared["cluster_shared_storage"]["type"] != "none"
    return {
        "internal_keystore": INTERNAL_KEYSTORE.format(shared["cluster_name"]),
        "registry_config_target": registry["config_target"],
        "registry_governance_target": registry["governance_target"],
        "registry_instances": [jndi["config"], jndi["registry"]],
        "shared_directories": shared["cluster_shared_directories"] if shares else "none",
        "token_encryption": TOKEN_PROCESSORS[shared["cluster_token_encryption"]],
        "token_issuer": urls["IDTokenIssuerID"],
        "user_datasource": jndi["user"],
        "user_store": user_store["class"],
    }


def _api_manager_commitments(
    shared: Variables,
    jndi: t.Mapping[str, str],
    registry: t.Mapping[str, str],
    config_target: str | None,
) -> dict[str, t.Any]:
    """What the data of an API Manager depend on, as far as it is configured here.

    It has no `config_target` where its databases are its own.
    """
    if shared["cluster_api_manager_scope"] == "wiring":
        return {}
    commitments: dict[str, t.Any] = {}
    if shared["cluster_api_manager_internal_keystore"] == "shared":
        commitments["internal_keystore"] = INTERNAL_KEYSTORE.format(shared["cluster_name"])
    if config_target is not None:
        commitments.update(
            registry_config_target=config_target,
            registry_governance_target=registry["governance_target"],
            registry_instances=[jndi["config"], jndi["registry"]],
            token_encryption=TOKEN_PROCESSORS[shared["cluster_token_encryption"]],
            user_datasource=jndi["user"],
        )
    return commitments
