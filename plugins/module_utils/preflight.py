# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The contradictions an inventory can hold, found before any host is asked.

Every check yields sentences that name the variable and what to do; none of them quotes a secret. All checks run, so that one run of the
preflight shows everything there is to mend.
"""

from __future__ import annotations

import difflib
import ipaddress
import itertools
import re
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Sequence

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.carbon_ops.key_manager.plugins.module_utils import clustering, option_texts, ports, texts, user_stores
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.firewall import is_network, port_range
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.model import (
    CACHING,
    GROUP_VARIABLES,
    HOST_VARIABLES,
    Inventory,
    Sources,
    as_arguments,
    build_model,
    host_groups,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.storage import kind_of
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.vendors import VENDORS

# What the products ship with, and what everybody tries first.
DEFAULT_PASSWORDS = frozenset(
    {"admin", "wso2", "wso2carbon", "wso2123", "root", "password", "changeit", "wso2pass", "mysql", "hazelcast", "dev-pass"}
)
# WSO2's own rule for passwords of the primary user store (PasswordJavaRegEx of user-mgt.xml), and what keytool demands.
ADMIN_PASSWORD = re.compile(r"\S{5,30}\Z")
KEYSTORE_PASSWORD_LENGTH = 6
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}\Z")
HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z")
CHECKSUM = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z", re.IGNORECASE)
# What is held to be safe until 2030.
LEAST_RSA_BITS = 2048
HEAP = re.compile(r"([1-9][0-9]*)([mMgG])\Z")
SCRIPT = re.compile(r"(?!/)(?!.*\.\.(/|\Z))\S+\Z")
# Where every product keeps its own configuration registry, unless it is told otherwise.
COMMON_CONFIG_TARGET = "/_system/config"
URL = re.compile(r"(https?://|\$\{carbon\.protocol\}://|/)\S*\Z")
LDAP_URL = re.compile(r"ldaps?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(,ldaps?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)*/?\Z", re.IGNORECASE)
MAVEN = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+:[0-9][A-Za-z0-9_.-]*\Z")
REMOTE = re.compile(r"(https?|ftp)://", re.IGNORECASE)
# Lists of those who may come in, which nginx and the firewalls take as addresses and networks only.
SOURCE_LISTS = (
    "firewall_administration_sources",
    "firewall_internal_sources",
    "firewall_portal_sources",
    "firewall_public_sources",
    "nginx_internal_sources",
    "nginx_management_sources",
    "nginx_trusted_proxies",
)

Specs = Mapping[str, Mapping[str, Any]]
Sentences = Iterator[str]


def check_inventory(
    inventory: Inventory,
    unresolved: Mapping[str, Sequence[str]],
    sources: Sources,
    role_options: Specs,
    exists: Callable[[str], bool] = lambda path: Path(path).exists(),
) -> List[str]:
    """Every contradiction of the inventory, as sentences for the operator; none means that a run may begin.

    `role_options` holds the options of the other roles' argument specs, by role. `exists` tells whether a path on the controller exists.
    """
    known = {**{name: option for options in role_options.values() for name, option in options.items()}, **sources.options}
    clusters = _clusters(inventory, sources)
    if clusters:
        # A host beside the clusters needs none of the values.
        members = {host for groups in clusters for names in groups.values() for host in names}
        unresolved = {name: [host for host in hosts if host in members] for name, hosts in unresolved.items()}
        unresolved = {name: hosts for name, hosts in unresolved.items() if hosts}
    sentences = list(_unresolved(unresolved))
    sentences += _unknown(inventory, known, role_options)
    if not clusters:
        sentences.append(
            "The inventory has no Key Manager: put at least one host into the group key_manager, "
            "or name your group in cluster_key_manager_group."
        )
    for groups in clusters:
        hosts = list(dict.fromkeys(host for names in groups.values() for host in names))
        cluster = Inventory(inventory.groups, {host: inventory.hosts[host] for host in hosts})
        sentences += _spec_errors(cluster, known, sources.options, unresolved)
        sentences += _texts(cluster, known)
        sentences += _inconsistent(cluster, sources.options)
        sentences += _secrets(cluster, groups, sources, unresolved)
        sentences += _values(cluster, groups, sources, role_options, exists)
    sentences += _between(clusters, inventory, sources)
    sentences += _same_registry([model for model in (_model(inventory, groups, sources) for groups in clusters) if model])
    return list(dict.fromkeys(sentences))


def _clusters(inventory: Inventory, sources: Sources) -> List[Dict[str, List[str]]]:
    """The clusters that the inventory describes, each by its hosts by role: those that have a Key Manager."""
    found: Dict[str, Dict[str, List[str]]] = {}
    for host in inventory.groups["all"]:
        groups = host_groups(inventory.hosts[host], sources.options, inventory)
        if groups["key_manager"]:
            found.setdefault(repr(groups["key_manager"]), groups)
    return list(found.values())


def _between(clusters: Sequence[Mapping[str, Sequence[str]]], inventory: Inventory, sources: Sources) -> Sentences:
    """What several clusters in one inventory must not have in common."""
    owners: Dict[str, Dict[str, str]] = {"host": {}, "machine": {}, "database": {}, "file": {}}
    told = set()
    for groups in clusters:
        first = groups["key_manager"][0]
        cluster = "the cluster of {0}".format(first)
        hosts = list(dict.fromkeys(host for names in groups.values() for host in names))
        for host in hosts:
            if owners["host"].setdefault(host, cluster) != cluster:
                told.add(host)
                yield (
                    "{0} is in groups of {1} and of {2}. A host belongs to one cluster: give each cluster groups of its own, "
                    "and name them in its {3}."
                ).format(host, owners["host"][host], cluster, ", ".join(GROUP_VARIABLES.values()))
        for host in hosts:
            variables = inventory.hosts[host]
            address = str(variables.get("cluster_node_address") or variables.get("ansible_host") or host)
            if host in told or _is_loopback(address):
                continue
            if owners["machine"].setdefault(address, cluster) != cluster:
                yield (
                    "{0} stands on the machine of another cluster ({1}, {2}), where both would keep their keys and settings in the same "
                    "place. Give it a machine of its own, or correct cluster_node_address."
                ).format(host, address, owners["machine"][address])
        yield from _same_databases(cluster, owners["database"], _model(inventory, groups, sources))
        status = inventory.hosts[first].get("verify_status_file")
        if status and owners["file"].setdefault(str(status), cluster) != cluster:
            yield "verify_status_file is the same for {0} and {1}. Give each its own, or the later one overwrites the other.".format(
                owners["file"][str(status)], cluster
            )


def _same_databases(cluster: str, owners: Dict[str, str], model: Mapping[str, Any] | None) -> Sentences:
    """Products may share databases (requirement DB5); two clusters of one product may not."""
    if model is None or model["database"]["embedded"]:
        return
    for database in model["databases"]:
        place = "{0}:{1}/{2} {3}".format(model["database"]["host"], model["database"]["port"], database["name"], model["product"]["id"])
        if owners.setdefault(place, cluster) != cluster:
            yield (
                "cluster_database.names.{0}: the database {1} on {2} is already that of {3}. Two clusters that share no cluster messages "
                "would overwrite each other's data: name another database, or another host in cluster_database.host."
            ).format(database["id"], database["name"], model["database"]["host"], owners[place])


def _unresolved(unresolved: Mapping[str, Sequence[str]]) -> Sentences:
    for name, hosts in unresolved.items():
        yield (
            "{0} (set for {1}) cannot be resolved: it refers to a variable that is not defined, or is vaulted with another password."
        ).format(name, _listed(hosts))


def _unknown(inventory: Inventory, known: Mapping[str, Any], role_options: Specs) -> Sentences:
    """Variables with a prefix of ours that no role knows: argument specs accept a typo without a word."""
    found: Dict[str, List[str]] = {}
    for host, variables in inventory.hosts.items():
        for name in variables:
            if name not in known and name != "ansible_host":
                found.setdefault(name, []).append(host)
    for name, hosts in found.items():
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        # nginx_… variables may well belong to another collection's role in the same inventory; a near miss is still taken for a typo.
        if name.startswith("nginx_") and not close:
            continue
        hint = " Did you mean {0}?".format(close[0]) if close else " Remove it, or look its name up in the roles' README files."
        yield "{0} (set for {1}) is not a variable of this collection.{2}".format(name, _listed(hosts), hint)


def _spec_errors(cluster: Inventory, known: Mapping[str, Any], own: Mapping[str, Any], unresolved: Mapping[str, Any]) -> Sentences:
    """What the argument specs say, once for each variable whatever the number of hosts. Secrets are checked elsewhere, unquoted."""
    found: Dict[str, List[str]] = {}
    for host, variables in cluster.hosts.items():
        for name, option in known.items():
            if option.get("no_log"):
                continue
            if name in variables and isinstance(variables[name], str) and option.get("type") in ("dict", "list"):
                # The argument spec would take some texts for a dictionary or a list, but the roles read the variable as it is.
                found.setdefault(
                    "{0} is text, not a {1}. On the command line it is given as JSON (-e '{{\"{0}\": …}}') or in a file (-e @file)".format(
                        name, {"dict": "dictionary", "list": "list"}[option["type"]]
                    ),
                    [],
                ).append(host)
            elif name in variables:
                errors = ArgumentSpecValidator(as_arguments({name: option})).validate({name: variables[name]}).error_messages
                for error in errors:
                    found.setdefault("{0}: {1}".format(name, error), []).append(host)
            elif option.get("required") and name in own and name not in unresolved:
                found.setdefault("{0} is not set. It is: {1}".format(name, option_texts.summary(option)), []).append(host)
    for error, hosts in found.items():
        everywhere = len(hosts) == len(cluster.hosts)
        yield error.rstrip(".") + ("." if everywhere else " (for {0}).".format(_listed(hosts)))


def _texts(cluster: Inventory, known: Mapping[str, Any]) -> Sentences:
    """Texts that would not arrive as they stand. Secrets, which may hold nearly anything, are checked elsewhere."""
    for host, variables in cluster.hosts.items():
        if not re.match(r"[A-Za-z0-9][A-Za-z0-9._:-]*\Z", host):
            yield "The inventory has a host whose name holds other characters than letters, digits and . _ : - ({0}). Rename it.".format(
                texts.CONTROL.sub("?", host)
            )
        for name, value in variables.items():
            if name in known and not known[name].get("no_log"):
                yield from texts.problems(name, value, known[name])


def _inconsistent(cluster: Inventory, options: Mapping[str, Any]) -> Sentences:
    """Variables that describe the whole cluster, but differ between its hosts."""
    for name, option in options.items():
        if name in HOST_VARIABLES:
            continue
        values: Dict[str, List[str]] = {}
        for host, variables in cluster.hosts.items():
            values.setdefault(repr(variables.get(name, option.get("default"))), []).append(host)
        if len(values) > 1:
            groups = [_listed(hosts) for hosts in values.values()]
            yield "{0} describes the whole cluster, but {1} differ in it. Set it once, for all hosts of the cluster.".format(
                name, " and ".join(groups[:2])
            )


def _secrets(cluster: Inventory, groups: Mapping[str, Sequence[str]], sources: Sources, unresolved: Mapping[str, Any]) -> Sentences:
    variables = cluster.hosts[groups["key_manager"][0]]
    defaults_allowed = bool(variables.get("cluster_allow_default_passwords"))
    for name, option in sources.options.items():
        if not option.get("no_log") or name in unresolved:
            continue
        if variables.get(name) is None:
            if option.get("required"):
                yield "{0} is not set. It is: {1} Keep it in a vault.".format(
                    name, option_texts.summary(option).replace("Secret. ", "").rstrip(".") + "."
                )
            continue
        if option["type"] == "dict":
            secrets = variables[name]
            if not isinstance(secrets, Mapping):
                yield "{0} must be a dictionary of passwords by database id.".format(name)
                continue
        else:
            secrets = {"": variables[name]}
        for key, secret in secrets.items():
            yield from _secret(name + ("." + key if key else ""), secret, defaults_allowed)
    admin = variables.get("cluster_admin_password")
    if isinstance(admin, str) and admin and not ADMIN_PASSWORD.match(admin):
        yield "cluster_admin_password is one that the product refuses: it must have 5 to 30 characters and no blank."
    for name in ("cluster_keystore_password", "cluster_truststore_password"):
        secret = variables.get(name)
        if isinstance(secret, str) and 0 < len(secret) < KEYSTORE_PASSWORD_LENGTH:
            yield "{0} is too short: keystores demand at least {1} characters.".format(name, KEYSTORE_PASSWORD_LENGTH)


def _secret(name: str, secret: Any, defaults_allowed: bool) -> Sentences:
    if not isinstance(secret, str):
        yield "{0} must be a string; put quotes round it.".format(name)
    elif not secret:
        yield "{0} is empty. Choose a password, and keep it in a vault.".format(name)
    elif texts.CONTROL.search(secret):
        yield "{0} holds a line break or another control character. Take it out.".format(name)
    elif secret.lower() in DEFAULT_PASSWORDS and not defaults_allowed:
        yield "{0} is a password that products ship with. Choose another one.".format(name)


def _values(
    cluster: Inventory, groups: Mapping[str, Sequence[str]], sources: Sources, role_options: Specs, exists: Callable[[str], bool]
) -> Sentences:
    """The contradictions between values. Where one variable alone is wrong the argument spec has said so; the rest is still looked at."""
    shared = _Settings(cluster.hosts[groups["key_manager"][0]], sources.options)
    yield from _names(shared, cluster)
    yield from _ports(shared, cluster, sources)
    yield from _hosts(shared, cluster, groups)
    yield from _files(shared, exists)
    yield from _driver(shared)
    yield from _heap(cluster, sources)
    yield from _api_manager(shared, sources, groups)
    yield from _gateway(shared, sources, groups)
    yield from _identity(shared, sources)
    yield from _databases(shared, sources, groups)
    yield from _storage(shared, groups)
    yield from _network_sources(cluster)
    yield from _keys(cluster)
    yield from _user_store(shared, groups)
    yield from _email_user_names(shared, sources)
    yield from _caching(shared, sources)
    yield from _membership(shared, sources)
    yield from _sessions(shared, cluster, groups, role_options)
    yield from _remote_ip_valve(shared, groups)
    limit, interval = shared["cluster_heartbeat_limit"], shared["cluster_heartbeat_interval"]
    if isinstance(limit, int) and isinstance(interval, int) and not 0 < interval < limit:
        yield "cluster_heartbeat_interval ({0} s) must be shorter than cluster_heartbeat_limit ({1} s), and longer than nothing.".format(
            interval, limit
        )
    for host, variables in cluster.hosts.items():
        if any("-DportOffset" in str(option) for option in variables.get("cluster_java_options") or []):
            yield "cluster_java_options of {0} sets -DportOffset, which would win over carbon.xml. Set cluster_port_offset instead.".format(
                host
            )
    model = _model(cluster, groups, sources)
    if model is None:
        return
    servers = model["nodes"] + model["api_managers"]
    try:
        clashes = ports.clashes(servers)
    except (OperatorError, KeyError, TypeError, AttributeError, ValueError):
        return
    for sentence in clashes:
        yield sentence + " The variables are cluster_port_offset, cluster_api_manager_port_offset and cluster_member_port, as a host's own."
    yield from _members(model)
    yield from _instances(servers)
    yield from _datasources(model)


def _model(inventory: Inventory, groups: Mapping[str, Sequence[str]], sources: Sources) -> Dict[str, Any] | None:
    """The model of a cluster, or nothing: what is missing or of a wrong type is named by other checks."""
    try:
        return build_model(groups["key_manager"][0], inventory, sources)
    except (OperatorError, KeyError, TypeError, AttributeError, ValueError):
        return None


class _Settings:
    """The variables of the whole cluster, with their defaults."""

    def __init__(self, variables: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._variables, self._options = variables, options

    def __getitem__(self, name: str) -> Any:
        value = self._variables.get(name)
        return self._options[name].get("default") if value is None else value

    def is_set(self, name: str) -> bool:
        """Whether the inventory says anything about it."""
        return bool(self._variables.get(name))

    def option(self, name: str, key: str) -> Any:
        """One option of a variable that is a dictionary."""
        value = self[name]
        default = self._options[name]["options"][key].get("default")
        return value.get(key, default) if isinstance(value, Mapping) else default


def _names(shared: _Settings, cluster: Inventory) -> Sentences:
    for name in ("cluster_hostname", "cluster_management_hostname", "cluster_gateway_hostname"):
        value = shared[name]
        if value is None:
            continue
        if not HOST_NAME.match(str(value)):
            yield "{0} is not a host name: only letters, digits, hyphens and dots, without scheme and port.".format(name)
        elif _address(str(value)) is not None:
            yield "{0} is an address. Clients check a name against the certificate: give the load balancer a host name.".format(name)
    hostname = shared["cluster_hostname"]
    if hostname and hostname == shared["cluster_management_hostname"]:
        yield (
            "cluster_management_hostname is the same as cluster_hostname. The console needs a name of its own, "
            "so that it can be closed to the public."
        )
    for name in ("cluster_name", "cluster_service_user", "cluster_service_group"):
        if not NAME.match(str(shared[name])):
            yield "{0} must begin with a small letter and hold only small letters, digits and hyphens, at most 31.".format(name)
    for host, variables in cluster.hosts.items():
        instance = variables.get("cluster_instance")
        if instance is not None and not NAME.match(str(instance)):
            yield (
                "cluster_instance of {0} must begin with a small letter and hold only small letters, digits and hyphens, at most 31."
            ).format(host)
    if shared["cluster_domain"] is not None and not re.match(r"[A-Za-z0-9._-]+\Z", str(shared["cluster_domain"])):
        yield "cluster_domain may hold only letters, digits, dots, hyphens and underscores."
    admin = shared["cluster_admin_user"]
    if admin is not None and not re.match(r"[A-Za-z0-9@._-]{3,30}\Z", str(admin)):
        yield "cluster_admin_user is a name that the user store refuses: 3 to 30 letters, digits and the characters @ . _ -"


def _ports(shared: _Settings, cluster: Inventory, sources: Sources) -> Sentences:
    front: Dict[int, str] = {}
    for name in ("cluster_public_port", "cluster_public_http_port", "cluster_internal_port", "cluster_gateway_port"):
        try:
            number = ports.check_port(shared[name], name)
        except OperatorError as error:
            yield str(error)
            continue
        if name != "cluster_gateway_port":
            if number in front:
                yield "{0} and {1} are both {2}: the load balancer cannot listen twice on one port.".format(front[number], name, number)
            front[number] = name
    database_port = shared.option("cluster_database", "port")
    try:
        if database_port is not None:
            ports.check_port(database_port, "port of cluster_database")
    except OperatorError as error:
        yield str(error)
    offsets: Dict[str, List[str]] = {}
    for host, variables in cluster.hosts.items():
        for name in ("cluster_port_offset", "cluster_api_manager_port_offset"):
            if variables.get(name) is not None:
                try:
                    ports.check_offset(variables[name], name)
                except OperatorError as error:
                    offsets.setdefault(str(error).rstrip("."), []).append(host)
        if variables.get("cluster_member_port") is not None:
            try:
                ports.check_port(variables["cluster_member_port"], "cluster_member_port of {0}".format(host))
            except OperatorError as error:
                yield str(error)
    for sentence, hosts in offsets.items():
        yield "{0} (set for {1}).".format(sentence, _listed(hosts))


def _hosts(shared: _Settings, cluster: Inventory, groups: Mapping[str, Sequence[str]]) -> Sentences:
    addresses = {}
    for host, variables in cluster.hosts.items():
        address = str(variables.get("cluster_node_address") or variables.get("ansible_host") or host)
        if not HOST_NAME.match(address) and _address(address) is None:
            yield "cluster_node_address of {0} is neither an address nor a host name.".format(host)
        addresses[host] = address
    nodes = groups["key_manager"]
    loopback = [host for host in nodes if _is_loopback(addresses[host])]
    if loopback and len(loopback) < len(nodes):
        yield (
            "cluster_node_address mixes loopback ({0}) with routable addresses ({1}): the members would never find each other. "
            "Use loopback only when all Key Managers stand on one host."
        ).format(_listed(loopback), _listed([host for host in nodes if host not in loopback]))
    balancers = [host for host in groups["load_balancer"] if not _is_loopback(addresses[host])]
    if loopback and len(loopback) == len(nodes) and balancers:
        yield (
            "cluster_node_address of the Key Managers is loopback, which the load balancer {0} cannot reach. Give the Key Managers "
            "the address of their machine, or, where the load balancer stands on it too, give it a loopback address as well."
        ).format(_listed(balancers))
    unspecified = [host for host, address in addresses.items() if address in ("0.0.0.0", "::")]  # noqa: S104 - looked for, not bound to
    if unspecified:
        yield "cluster_node_address of {0} is the unspecified address. Give the address under which other hosts reach it.".format(
            _listed(unspecified)
        )
    for (role, names), (other, others) in itertools.combinations(groups.items(), 2):
        both = [host for host in names if host in others]
        if both:
            yield (
                "{0} is in the groups of {1} and of {2}. Give each server an inventory host of its own, with the same ansible_host{3}."
            ).format(
                _listed(dict.fromkeys(both)),
                GROUP_VARIABLES[role],
                GROUP_VARIABLES[other],
                ", and different cluster_instance and port offsets" if {role, other} == {"key_manager", "api_manager"} else "",
            )
    for role, names in groups.items():
        for host, count in Counter(names).items():
            if count > 1:
                yield "{0} stands twice in the group that {1} names.".format(host, "cluster_{0}_group".format(role))
    balanced = shared["cluster_load_balanced"]
    if len(nodes) > 1 and balanced is False:
        yield (
            "cluster_load_balanced is false, but there are {0} Key Managers: clients need one place to find them at. "
            "Set it to true, or leave it out."
        ).format(len(nodes))
    if (
        shared["cluster_manage_hosts_file"]
        and not groups["load_balancer"]
        and not shared["cluster_hostname_address"]
        and (balanced or len(nodes) > 1)
    ):
        yield (
            "cluster_hostname_address is not set and there is no load balancer to take it from: set it, put a host into the group that "
            "cluster_load_balancer_group names, or set cluster_manage_hosts_file to false."
        )


def _files(shared: _Settings, exists: Callable[[str], bool]) -> Sentences:
    for name in ("cluster_product_archive", "cluster_api_manager_archive", "cluster_database_driver", "cluster_membership_jar"):
        value = shared[name]
        if not isinstance(value, Mapping):
            continue
        source, checksum = value.get("src"), value.get("checksum")
        if checksum is not None and not CHECKSUM.match(str(checksum)):
            yield (
                "{0}.checksum is no checksum: write the algorithm, a colon and the digits, for example sha256:1234… "
                "(sha256 or sha512)."
            ).format(name)
        if isinstance(source, str) and not REMOTE.match(source) and not exists(source):
            yield "{0}.src is not on the controller: {1} does not exist. Put the file there, or give a URL.".format(name, source)


def _driver(shared: _Settings) -> Sentences:
    driver = shared["cluster_database_driver"]
    if not isinstance(driver, Mapping):
        return
    coordinate, repository = driver.get("maven"), driver.get("repository")
    if (driver.get("src") is None) == (coordinate is None):
        yield "cluster_database_driver needs either src (a path or a URL) or maven (a coordinate), and not both."
    if coordinate is not None and not MAVEN.match(str(coordinate)):
        yield (
            "cluster_database_driver.maven is no coordinate of one version: write group:artifact:version, "
            "for example org.postgresql:postgresql:42.7.4."
        )
    if repository is not None and (coordinate is None or not REMOTE.match(str(repository))):
        yield "cluster_database_driver.repository must be the URL of a Maven repository, and belongs to the option maven."


def _heap(cluster: Inventory, sources: Sources) -> Sentences:
    for host, variables in cluster.hosts.items():
        sizes = {}
        for name in ("cluster_heap_initial", "cluster_heap_maximum"):
            value = variables.get(name)
            if value is None:
                continue
            match = HEAP.match(str(value))
            if match:
                sizes[name] = int(match.group(1)) * (1024 if match.group(2) in "gG" else 1)
            else:
                yield "{0} of {1} is no heap size: write a number and its unit, for example 2048m or 2g.".format(name, host)
        if len(sizes) == 2 and sizes["cluster_heap_initial"] > sizes["cluster_heap_maximum"]:
            yield "cluster_heap_initial of {0} is larger than cluster_heap_maximum.".format(host)


def _api_manager(shared: _Settings, sources: Sources, groups: Mapping[str, Sequence[str]]) -> Sentences:
    release = shared["cluster_api_manager_release"]
    if release is not None and re.search(r"-update-?\d*", str(release), re.IGNORECASE):
        yield (
            "cluster_api_manager_release {0} is an update release, which does not work with a separate Key Manager. "
            "Use the GA release, or one that is updated by WUM."
        ).format(release)
    product, wanted = sources.profiles.get(str(shared["cluster_product"])), shared["cluster_api_manager_product"]
    if product is not None and wanted in sources.profiles and wanted != product["api_manager_product"]:
        yield "cluster_api_manager_product {0} does not work with {1}, which goes with {2}. Leave it out.".format(
            wanted, product["title"], product["api_manager_product"]
        )
    if shared["cluster_api_manager_archive"] and not groups["api_manager"]:
        yield "cluster_api_manager_archive is set, but the group that cluster_api_manager_group names has no host."


def _gateway(shared: _Settings, sources: Sources, groups: Mapping[str, Sequence[str]]) -> Sentences:
    """Where Key Managers that have an api-manager.xml find the gateway."""
    product = sources.profiles.get(str(shared["cluster_product"]))
    gateway = shared["cluster_gateway"]
    if product is None or not isinstance(gateway, Mapping):
        return
    topology = shared.option("cluster_gateway", "topology")
    hosts, manager, balancer = gateway.get("hosts") or [], gateway.get("manager"), gateway.get("balancer")
    if "api_manager" not in product["files"]:
        if shared.is_set("cluster_gateway"):
            yield "cluster_gateway has no meaning for {0}: its Key Managers have no api-manager.xml. Take it out.".format(product["title"])
        return
    for name in (*(hosts if isinstance(hosts, list) else []), manager, balancer):
        if name is not None and not HOST_NAME.match(str(name)):
            yield "cluster_gateway: {0} is neither a host name nor an address. Leave out scheme and port.".format(name)
    if gateway.get("management_port") is not None:
        try:
            ports.check_port(gateway["management_port"], "management_port of cluster_gateway")
        except OperatorError as error:
            yield str(error)
    if topology == "hybrid":
        if hosts or manager:
            yield "cluster_gateway.hosts and manager belong to the distributed topologies. Set topology to one of them, or take them out."
        if not groups["api_manager"] and not balancer:
            yield (
                "cluster_gateway has the topology hybrid, but the group that cluster_api_manager_group names has no host. "
                "Put the API Manager there, or name the gateway: another topology with hosts, or balancer."
            )
    elif not balancer and not hosts:
        yield "cluster_gateway.hosts is empty: the topology {0} needs the gateways' hosts, or balancer.".format(topology)
    if topology == "distributed" and len(hosts) > 1:
        yield (
            "cluster_gateway.hosts has {0} hosts, but the topology distributed has one gateway. Set topology to "
            "distributed_ha_shared_storage or distributed_ha_rsync."
        ).format(len(hosts))
    if topology == "distributed_ha_rsync" and not manager and not balancer:
        yield "cluster_gateway.manager is not set: with rsync only the gateway manager takes messages. Name it, or balancer."
    elif topology != "distributed_ha_rsync" and topology != "hybrid" and manager:
        yield "cluster_gateway.manager belongs to the topology distributed_ha_rsync: elsewhere every gateway takes messages. Take it out."


def _identity(shared: _Settings, sources: Sources) -> Sentences:
    product = sources.profiles.get(str(shared["cluster_product"]))
    overrides = shared["cluster_identity_urls"]
    if product is None or not isinstance(overrides, Mapping):
        return
    for name, url in overrides.items():
        if name not in product["urls"]:
            close = difflib.get_close_matches(str(name), product["urls"], n=1)
            yield "cluster_identity_urls.{0} is no URL of {1}.{2}".format(
                name, product["title"], " Did you mean {0}?".format(close[0]) if close else ""
            )
        elif not URL.match(str(url)):
            yield "cluster_identity_urls.{0} is no URL: it begins with https://, ${{carbon.protocol}}:// or / and holds no blank.".format(
                name
            )
    issuer = shared["cluster_token_issuer"]
    if issuer is not None and not URL.match(str(issuer)):
        yield "cluster_token_issuer is no URL: it begins with https:// or ${carbon.protocol}:// and holds no blank."


def _databases(shared: _Settings, sources: Sources, groups: Mapping[str, Sequence[str]]) -> Sentences:
    product = sources.profiles.get(str(shared["cluster_product"]))
    database = shared["cluster_database"]
    if product is None or not isinstance(database, Mapping):
        return
    vendor = VENDORS.get(shared.option("cluster_database", "vendor"))
    if vendor is None:
        return
    yield from _database_server(shared, groups)
    layout_name = shared.option("cluster_database", "layout")
    layout = product["layouts"].get(layout_name)
    if layout is None:
        yield "cluster_database.layout {0} is no layout of {1}. There are: {2}.".format(
            layout_name, product["title"], _listed(product["layouts"])
        )
        return
    additional = shared["cluster_additional_datasources"]
    further = [source for source in additional if isinstance(source, Mapping)] if isinstance(additional, list) else []
    ids = [source["id"] for source in layout["datasources"] if "in_database_of" not in source] + [source.get("id") for source in further]
    accounts = ["shared"] if shared.option("cluster_database", "accounts") == "shared" else ids
    for option, allowed, names in (("names", ids, vendor.databases), ("users", accounts, vendor.accounts), ("scripts", ids, None)):
        values = shared.option("cluster_database", option)
        for key, value in values.items() if isinstance(values, Mapping) else ():
            if key not in allowed:
                yield "cluster_database.{0}.{1} names no database of this layout. There are: {2}.".format(option, key, _listed(allowed))
            elif names is not None and not names.pattern.match(str(value)):
                yield "cluster_database.{0}.{1} is no name that {2} takes as it is. It may hold {3}.".format(
                    option, key, vendor.title, names.rule
                )
            elif names is None and not (isinstance(value, list) and value and all(SCRIPT.match(str(script)) for script in value)):
                yield (
                    "cluster_database.scripts.{0} must be a list of paths below the product home, for example [dbscripts/{1}.sql]."
                ).format(key, vendor.script)
    for source in further:
        if not vendor.databases.pattern.match(str(source.get("database", ""))):
            yield "cluster_additional_datasources.{0}: {1} does not take its database as a name. It may hold {2}.".format(
                source.get("id"), vendor.title, vendor.databases.rule
            )
    passwords = shared["cluster_database_passwords"]
    if isinstance(passwords, Mapping):
        for account in accounts:
            if account not in passwords:
                yield "cluster_database_passwords.{0} is not set: the password of the database account of {0}. Keep it in a vault.".format(
                    account
                )
        for key in passwords:
            if key not in accounts:
                yield "cluster_database_passwords.{0} belongs to no account of this layout. There are: {1}.".format(key, _listed(accounts))


def _database_server(shared: _Settings, groups: Mapping[str, Sequence[str]]) -> Sentences:
    """What the vendor asks of the inventory: where the server is, and who sets it up."""
    database, vendor = shared["cluster_database"], VENDORS[shared.option("cluster_database", "vendor")]
    if vendor.embedded:
        if len(groups["key_manager"]) > 1:
            yield (
                "cluster_database.vendor is {0}, a file of one node, but there are {1} Key Managers: they would share no user, no token "
                "and no registry. Choose the vendor of a database server, or keep one Key Manager."
            ).format(database["vendor"], len(groups["key_manager"]))
        for name in ("host", "port"):
            if database.get(name) is not None:
                yield "cluster_database.{0} is set, but {1} is a file of the node and has no server. Remove it.".format(name, vendor.title)
        if groups["database"]:
            yield (
                "The group that cluster_database_group names has hosts, but {0} is a file of the node and has no server. "
                "Empty the group, or choose another cluster_database.vendor."
            ).format(vendor.title)
        return
    if not database.get("host") and not groups["database"]:
        yield (
            "cluster_database.host is not set, and the group that cluster_database_group names has no host. "
            "One of them must say where the databases are."
        )
    if groups["database"] and not vendor.engine:
        yield (
            "The group that cluster_database_group names has hosts, but this collection sets up no {0} server. Empty the group, "
            "name the server in cluster_database.host, and load the product's schema scripts there."
        ).format(vendor.title)
    if not vendor.opening and shared.option("cluster_database", "parameters"):
        yield "cluster_database.parameters is set, but the URLs of {0} have no parameters. Remove it.".format(vendor.title)


def _storage(shared: _Settings, groups: Mapping[str, Sequence[str]]) -> Sentences:
    storage = shared["cluster_shared_storage"]
    if not isinstance(storage, Mapping):
        return
    path, kind = storage.get("path"), kind_of(storage)
    if storage.get("type") == "mounted" and not path:
        yield "cluster_shared_storage.path is not set: where is the shared file system mounted on the Key Managers?"
    if path is not None and (not str(path).startswith("/") or not str(path).strip("/")):
        yield "cluster_shared_storage.path must be an absolute path of a directory of its own."
    password = shared["cluster_shared_storage_password"]
    if kind is None:
        for name in ("source", "user", "domain", "options", "tls"):
            if storage.get(name):
                yield (
                    "cluster_shared_storage.{0} is set, but with the type {1} this collection mounts nothing. "
                    "Set the type to nfs, smb or efs, or remove it."
                ).format(name, storage.get("type", "none"))
        if password is not None:
            yield "cluster_shared_storage_password is set, but only cluster_shared_storage.type smb has a password. Remove it."
        return
    if not kind.source.match(str(storage.get("source") or "")):
        yield "cluster_shared_storage.source is no source of the type {0}{1}: write it like {2}.".format(
            storage["type"], " with TLS" if storage.get("tls") and storage["type"] == "efs" else "", kind.example
        )
    if storage.get("tls") and storage["type"] != "efs":
        yield "cluster_shared_storage.tls belongs to the type efs. Remove it{0}.".format(
            "; smb is encrypted anyway" if storage["type"] == "smb" else ""
        )
    for name in ("user", "domain"):
        value = storage.get(name)
        if value and not kind.login:
            yield "cluster_shared_storage.{0} belongs to the type smb. Remove it.".format(name)
        elif value and re.search(r"[\x00-\x1f\x7f]", str(value)):
            yield "cluster_shared_storage.{0} holds a line break or another control character. Take it out.".format(name)
    if kind.login and not storage.get("user"):
        yield "cluster_shared_storage.user is not set: as whom are the Key Managers to log in to the file server?"
    if kind.login and not password:
        yield "cluster_shared_storage_password is not set: the password of cluster_shared_storage.user. Keep it in a vault."
    if not kind.login and password is not None:
        yield "cluster_shared_storage_password is set, but only cluster_shared_storage.type smb has a password. Remove it."
    options = storage.get("options")
    for option in options if isinstance(options, list) else ():
        name = str(option).partition("=")[0]
        if name in ("pass", "password", "password2", "user", "username", "cred", "credentials", "dom", "domain"):
            yield (
                "cluster_shared_storage.options holds {0}, which everybody on the host could read. "
                "Use cluster_shared_storage.user, .domain and cluster_shared_storage_password."
            ).format(name)
        elif re.search(r"[\s,]", str(option)):
            yield "cluster_shared_storage.options: write each option on its own, without blanks and commas."


def _keys(cluster: Inventory) -> Sentences:
    for host, variables in cluster.hosts.items():
        bits = variables.get("certificates_rsa_size")
        if isinstance(bits, int) and bits < LEAST_RSA_BITS:
            yield "certificates_rsa_size of {0} is {1}: keys of less than {2} bits can be broken. Leave it out, or set 3072.".format(
                host, bits, LEAST_RSA_BITS
            )


def _network_sources(cluster: Inventory) -> Sentences:
    """Lists of addresses that nginx or a firewall would refuse, on the hosts, half-way through a run."""
    for variables in cluster.hosts.values():
        lists = {name: variables.get(name) for name in SOURCE_LISTS}
        rules = variables.get("firewall_extra_rules")
        for number, rule in enumerate(rules if isinstance(rules, list) else [], start=1):
            if not isinstance(rule, Mapping):
                continue
            name = "firewall_extra_rules[{0}]".format(number)
            lists[name + ".sources"] = rule.get("sources")
            try:
                port_range(rule.get("port"), name + ".port")
            except OperatorError as error:
                yield str(error)
        for name, sources in lists.items():
            for source in sources if isinstance(sources, list) else []:
                if not is_network(str(source)):
                    yield "{0}: {1} is neither an address nor a network. Write 192.0.2.7 or 192.0.2.0/24.".format(name, source)


def _user_store(shared: _Settings, groups: Mapping[str, Sequence[str]]) -> Sentences:
    store = shared["cluster_user_store"]
    if not isinstance(store, Mapping):
        return
    kind = shared.option("cluster_user_store", "type")
    given = [option for option in user_stores.OPTIONS if store.get(option) is not None]
    password = shared["cluster_user_store_password"]
    if kind == "jdbc":
        for option in given:
            yield (
                "cluster_user_store.{0} is set, but a user store of type jdbc does not read it. Set cluster_user_store.type to the type of "
                "your directory, or leave it out."
            ).format(option)
        if password is not None:
            yield "cluster_user_store_password is set, but a user store of type jdbc has none. Leave it out."
        return
    if password is None:
        yield "cluster_user_store_password is not set: the password of a user store of type {0}. Keep it in a vault.".format(kind)
    if user_stores.SECRET_PROPERTY in (shared.option("cluster_user_store", "properties") or {}):
        yield "cluster_user_store.properties holds the password. Move it to cluster_user_store_password, in a vault."
    if kind == "embedded_ldap":
        for option in ("connection_url", "connection_name"):
            if option in given:
                yield "cluster_user_store.{0} is set, but the server within the Key Manager has its own. Leave it out.".format(option)
        if len(groups["key_manager"]) > 1:
            yield (
                "cluster_user_store.type is embedded_ldap, which is the server of one Key Manager, and there are {0}: users would be known "
                "to one node only. Choose another type."
            ).format(len(groups["key_manager"]))
        return
    for option in ("connection_url", "connection_name", "user_search_base", "group_search_base"):
        if option not in given:
            yield "cluster_user_store.{0} is not set: a user store of type {1} needs it.".format(option, kind)
    url = str(store.get("connection_url") or "ldaps://")
    if not LDAP_URL.match(url):
        yield "cluster_user_store.connection_url must be ldaps:// and the directory's host, with its port if it has another one than 636."
    elif url.lower().startswith("ldap:") and not shared.option("cluster_user_store", "allow_plaintext"):
        yield (
            "cluster_user_store.connection_url has no TLS: every password would cross the network in the clear. Use ldaps://, or set "
            "cluster_user_store.allow_plaintext if that is meant."
        )


def _email_user_names(shared: _Settings, sources: Sources) -> Sentences:
    product = sources.profiles.get(str(shared["cluster_product"]), {})
    allowed = shared["cluster_email_user_names"]
    if allowed is None:
        allowed = product.get("email_user_names", False)
    name = shared["cluster_admin_user"] or product.get("admin_user", "")
    if not allowed and "@" in str(name):
        yield (
            "cluster_admin_user is an e-mail address, which the product takes for a user of a tenant while cluster_email_user_names is "
            "false. Change one of the two."
        )


def _caching(shared: _Settings, sources: Sources) -> Sentences:
    minutes = shared["cluster_cache_timeout"]
    if isinstance(minutes, int) and minutes < 1:
        yield "cluster_cache_timeout must be at least 1 minute. To have no caches set cluster_caching to none."
    names = shared["cluster_security_caches"]
    if not isinstance(names, list):
        return
    if shared["cluster_caching"] != "local_without_security_caches":
        yield "cluster_security_caches is set, but only cluster_caching local_without_security_caches reads it."
    product = sources.profiles.get(str(shared["cluster_product"]), {})
    known = product.get("identity_caches")
    for name in names:
        if known and name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = " Did you mean {0}?".format(close[0]) if close else ""
            yield "cluster_security_caches: {0} is no cache of {1}.{2}".format(name, product["title"], hint)


def _membership(shared: _Settings, sources: Sources) -> Sentences:
    scheme, options = shared["cluster_membership_scheme"], shared["cluster_membership_options"]
    read = clustering.SCHEME_PARAMETERS.get(str(scheme))
    if read is None or not isinstance(options, Mapping):
        return
    if not CACHING.get(str(shared["cluster_caching"]), {"clustered": True})["clustered"]:
        return
    for option in options:
        if option not in read and option != "parameters" and options[option] is not None:
            fitting = [name for name, parameters in clustering.SCHEME_PARAMETERS.items() if option in parameters]
            # What no scheme reads is a typo, and the argument spec has said so.
            if fitting:
                yield "cluster_membership_options.{0} belongs to {1}, and cluster_membership_scheme is {2}. Leave it out.".format(
                    option, " and ".join(fitting), scheme
                )
    keys = [name for name in ("cluster_aws_access_key", "cluster_aws_secret_key") if shared[name] is not None]
    if scheme == "aws":
        if len(keys) == 1:
            yield "{0} is set without its fellow: set both keys, or cluster_membership_options.iam_role.".format(keys[0])
        elif not keys and not options.get("iam_role"):
            yield (
                "cluster_membership_scheme aws needs cluster_membership_options.iam_role, or cluster_aws_access_key together with "
                "cluster_aws_secret_key."
            )
    product = sources.profiles.get(str(shared["cluster_product"]), {})
    if scheme == "kubernetes" and clustering.kernel_number(product.get("kernel")) < clustering.KERNEL_WITH_KUBERNETES:
        if not options.get("class_name"):
            yield (
                "cluster_membership_options.class_name is not set: the kernel of {0} knows only wka, multicast and aws, and needs the "
                "class of another scheme."
            ).format(product.get("title"))
        if shared["cluster_membership_jar"] is None:
            yield "cluster_membership_jar is not set: {0} brings no class for the scheme kubernetes.".format(product.get("title"))
    elif shared["cluster_membership_jar"] is not None and scheme != "kubernetes":
        yield "cluster_membership_jar is set, but cluster_membership_scheme {0} needs none. Leave it out.".format(scheme)
    if scheme != "wka" and shared["cluster_additional_members"]:
        yield "cluster_additional_members are read with cluster_membership_scheme wka only, and it is {0}. Leave them out.".format(scheme)
    try:
        wish = {str(scheme): {option: options[option] for option in options if option in read}, "parameters": options.get("parameters")}
        clustering.wanted_parameters(wish, {"parameters": {"membershipScheme": scheme}})
    except OperatorError as error:
        yield "cluster_membership_options: {0}".format(error)


def _members(model: Mapping[str, Any]) -> Sentences:
    """Well-known members that would split the cluster, or that stand in the list twice."""
    name = "cluster_additional_members"
    nodes = len(model["nodes"])
    try:
        further = [clustering.parse_member(member, name) for member in model["members"][nodes:]]
    except OperatorError as error:
        yield str(error)
        return
    if further:
        members = [clustering.Member(member["host"], int(member["port"])) for member in model["members"][:nodes]]
        yield from clustering.member_problems([*members, *further], None, name)


def _sessions(shared: _Settings, cluster: Inventory, groups: Mapping[str, Sequence[str]], role_options: Specs) -> Sentences:
    pool = shared.option("cluster_session_persistence", "pool_size")
    if isinstance(pool, int) and pool < 0:
        yield "cluster_session_persistence.pool_size must be 0 or more."
    if shared.option("cluster_session_persistence", "temporary") is not False:
        return
    option = role_options.get("nginx", {}).get("nginx_stickiness", {})
    for host in groups["load_balancer"]:
        if cluster.hosts[host].get("nginx_stickiness", option.get("default")) == "none" and len(groups["key_manager"]) > 1:
            yield (
                "cluster_session_persistence.temporary is false and nginx_stickiness of {0} is none: a login would go on at a node that "
                "does not know it. Keep clients on their node (nginx_stickiness cookie or ip_hash), or unfinished logins in the database."
            ).format(host)


def _remote_ip_valve(shared: _Settings, groups: Mapping[str, Sequence[str]]) -> Sentences:
    if shared.option("cluster_remote_ip_valve", "enabled") is not True:
        return
    proxies = shared.option("cluster_remote_ip_valve", "internal_proxies")
    if proxies is None and not groups["load_balancer"]:
        yield (
            "cluster_remote_ip_valve.internal_proxies is not set and there is no load balancer to take it from: the regular expression of "
            "the addresses whose headers are believed."
        )
    elif proxies is not None:
        try:
            everybody = re.compile(str(proxies)).fullmatch("203.0.113.77") is not None
        except re.error:
            yield "cluster_remote_ip_valve.internal_proxies is no regular expression."
            return
        if everybody:
            yield (
                "cluster_remote_ip_valve.internal_proxies matches every address, so that every client could claim to be another. Give the "
                "addresses of the load balancers."
            )


def _instances(servers: Sequence[Mapping[str, Any]]) -> Sentences:
    for key, variable in (("instance", "cluster_instance"), ("home", "cluster_home")):
        seen: Dict[Any, str] = {}
        # A host of two roles has the marks of one only.
        for server in [server for server in servers if key in server]:
            place = (server["address"], server[key])
            if place in seen:
                yield "{0} and {1} stand on one machine ({2}) with the same {3} {4}: give one of them another one.".format(
                    seen[place], server["name"], server["address"], variable, server[key]
                )
            seen[place] = server["name"]


def _datasources(model: Mapping[str, Any]) -> Sentences:
    for key, word in (("jndi", "JNDI name"), ("name", "name"), ("id", "id")):
        for value, count in Counter(source[key] for source in model["datasources"]).items():
            if count > 1:
                yield "cluster_additional_datasources: the {0} {1} is used by {2} datasources. Each must have its own.".format(
                    word, value, count
                )
    for source in model["datasources"]:
        if source["jndi"] in ("jdbc/WSO2CarbonDB",):
            yield (
                "cluster_additional_datasources: the JNDI name jdbc/WSO2CarbonDB is the embedded database of each node. Choose another one."
            )
    vendor = VENDORS[model["database"]["vendor"]]
    for database in model["databases"]:
        # What the inventory names itself was looked at before; these are the names that follow from others.
        for value, names, variable in (
            (database["user"], vendor.accounts, "cluster_database.users"),
            (database["name"], vendor.databases, "cluster_database.names"),
        ):
            if not names.pattern.match(value):
                yield "{0} would be {1} for the database {2}, which {3} does not take. Set {4}.{2}: {5}.".format(
                    variable.rsplit(".", 1)[1], value, database["id"], vendor.title, variable, names.rule
                )
    yield from _registry(model)


def _registry(model: Mapping[str, Any]) -> Sentences:
    """With one database for both registries no two mounts may come from one place of it, here and on the other products that share it."""
    config, governance = (_registry_source(model, purpose) for purpose in ("config", "registry"))
    if config["database"] != governance["database"]:
        return
    target = model["registry"]["config_target"]
    if model["api_managers"] and target == model["api_manager_registry"]["config_target"]:
        yield (
            "cluster_registry_config_target and cluster_api_manager_registry_config_target are both {0}, in one database: Key Manager "
            "and API Manager would overwrite each other's configuration. Give each of the two a path of its own."
        ).format(target)
    if target == model["registry"]["governance_target"]:
        yield (
            "cluster_registry_config_target and cluster_registry_governance_target are both {0}, in one database. Give each mount a path "
            "of its own."
        ).format(target)
    elif target == COMMON_CONFIG_TARGET:
        yield (
            "cluster_registry_config_target is {0}, but the configuration registry stands in the database of the governance registry, "
            "which other products use as well: they would overwrite each other's configuration. Set it to a path of this product alone, "
            "for example /_system/{1}/config, or give the configuration registry a database of its own in cluster_database.names."
        ).format(target, model["name"])


def _registry_source(model: Mapping[str, Any], purpose: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(source for source in model["datasources"] if source["jndi"] == model["jndi"][purpose])
    return found


def _same_registry(models: Sequence[Mapping[str, Any]]) -> Sentences:
    """Clusters of different products that mount their configuration from one place of one database."""
    seen: Dict[Any, Mapping[str, Any]] = {}
    for model in models:
        if model["database"]["embedded"]:
            continue
        source = _registry_source(model, "config")
        first = seen.setdefault((source["cache_id"].split("@", 1)[1], model["registry"]["config_target"]), model)
        if first["product"]["title"] != model["product"]["title"]:
            yield (
                "cluster_registry_config_target is {0} for {1} ({2}) and for {3} ({4}), in one database: the products would overwrite each "
                "other's configuration. Give each of the two clusters a path of its own."
            ).format(model["registry"]["config_target"], first["name"], first["product"]["title"], model["name"], model["product"]["title"])


def _address(text: str) -> Any | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_loopback(text: str) -> bool:
    address = _address(text)
    return text == "localhost" if address is None else bool(address.is_loopback)


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(str(name) for name in names)
