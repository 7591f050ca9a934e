# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of hosts: names, ports, memory, addresses, instances on one machine."""

from __future__ import annotations

import itertools
import re
import typing as t
from collections import Counter

from ...module_utils import _ports as ports
from ...module_utils._addresses import (
    IPV6_REFUSED,
    is_address,
    is_host_name,
    is_ipv6,
    is_loopback,
    is_network,
    is_of_many,
)
from ...module_utils._errors import OperatorError
from .._firewall import port_range
from .._model.hosts import address_of, reached
from .._model.inventory import GROUP_VARIABLES
from .settings import _listed

if t.TYPE_CHECKING:
    from .._model.inventory import Inventory, Sources
    from .settings import Sentences, _Settings

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}\Z")

HEAP = re.compile(r"([1-9][0-9]*)([mMgG])\Z")

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


def _names(shared: _Settings, cluster: Inventory) -> Sentences:
    for name in ("cluster_hostname", "cluster_management_hostname", "cluster_gateway_hostname"):
        value = shared[name]
        if value is None:
            continue
        if is_address(str(value)):
            yield (
                f"{name} is an address. Clients check a name against the certificate: give the load"
                " balancer a host name."
            )
        elif name == "cluster_hostname" and is_loopback(str(value)):
            yield (
                f"{name} is {value}, by which every machine finds itself. Give the name by which"
                " clients find the load balancer."
            )
        elif not is_host_name(str(value)):
            yield (
                f"{name} is not a host name: only letters, digits, hyphens and dots, without scheme"
                " and port."
            )
    for name in ("cluster_name", "cluster_service_user", "cluster_service_group"):
        if not NAME.match(str(shared[name])):
            yield (
                f"{name} must begin with a small letter and hold only small letters, digits and"
                " hyphens, at most 31."
            )
    for host, variables in cluster.hosts.items():
        instance = variables.get("cluster_instance")
        if instance is not None and not NAME.match(str(instance)):
            yield (
                f"cluster_instance of {host} must begin with a small letter and hold only small"
                " letters, digits and hyphens, at most 31."
            )
    if shared["cluster_domain"] is not None and not re.match(
        r"[A-Za-z0-9._-]+\Z", str(shared["cluster_domain"])
    ):
        yield "cluster_domain may hold only letters, digits, dots, hyphens and underscores."
    admin = shared["cluster_admin_user"]
    if admin is not None and not re.match(r"[A-Za-z0-9@._-]{3,30}\Z", str(admin)):
        yield (
            "cluster_admin_user is a name that the user store refuses: 3 to 30 letters, digits and"
            " the characters @ . _ -"
        )


def _ports(shared: _Settings, cluster: Inventory, sources: Sources) -> Sentences:
    front: dict[int, str] = {}
    for name in (
        "cluster_public_port",
        "cluster_public_http_port",
        "cluster_internal_port",
        "cluster_gateway_port",
    ):
        try:
            number = ports.check_port(shared[name], name)
        except OperatorError as error:
            yield str(error)
            continue
        if name != "cluster_gateway_port":
            if number in front:
                yield (
                    f"{front[number]} and {name} are both {number}: the load balancer cannot listen"
                    " twice on one port."
                )
            front[number] = name
    database_port = shared.option("cluster_database", "port")
    try:
        if database_port is not None:
            ports.check_port(database_port, "port of cluster_database")
    except OperatorError as error:
        yield str(error)
    offsets: dict[str, list[str]] = {}
    for host, variables in cluster.hosts.items():
        for name in ("cluster_port_offset", "cluster_api_manager_port_offset"):
            if variables.get(name) is not None:
                try:
                    ports.check_offset(variables[name], name)
                except OperatorError as error:
                    offsets.setdefault(str(error).rstrip("."), []).append(host)
        if variables.get("cluster_member_port") is not None:
            try:
                ports.check_port(variables["cluster_member_port"], f"cluster_member_port of {host}")
            except OperatorError as error:
                yield str(error)
    for sentence, hosts in offsets.items():
        yield f"{sentence} (set for {_listed(hosts)})."


def _hosts(
    shared: _Settings, cluster: Inventory, groups: t.Mapping[str, t.Sequence[str]]
) -> Sentences:
    addresses = {}
    for host, variables in cluster.hosts.items():
        address = address_of(host, variables, variables)
        if is_ipv6(address):
            yield f"cluster_node_address of {host}, {address}, {IPV6_REFUSED}."
        elif not is_host_name(address) and not is_address(address):
            yield f"cluster_node_address of {host} is neither an address nor a host name."
        addresses[host] = address
    nodes = groups["key_manager"]
    loopback = [host for host in nodes if is_loopback(addresses[host])]
    if loopback and len(loopback) < len(nodes):
        yield (
            f"cluster_node_address mixes loopback ({_listed(loopback)}) with routable addresses"
            f" ({_listed([host for host in nodes if host not in loopback])}): the members would"
            " never find each other. Use loopback only when all Key Managers are on one host."
        )
    named = [host for host in loopback if cluster.hosts[host].get("ansible_host")]
    places = dict.fromkeys(reached(host, cluster.hosts[host]) for host in named)
    if len(places) > 1:
        yield (
            f"cluster_node_address of {_listed(named)} is loopback, but they are on several"
            f" machines ({_listed(places)}): the members would never find each other. Give each the"
            " address of its machine."
        )
    balancers = [host for host in groups["load_balancer"] if not is_loopback(addresses[host])]
    if loopback and len(loopback) == len(nodes) and balancers:
        yield (
            "cluster_node_address of the Key Managers is loopback, which the load balancer"
            f" {_listed(balancers)} cannot reach. Give the Key Managers the address of their"
            " machine, or, where the load balancer is on it too, give it a loopback address as"
            " well."
        )
    unspecified = [host for host, address in addresses.items() if address in ("0.0.0.0", "::")]  # noqa: S104  # nosec B104 - looked for, not bound to
    if unspecified:
        yield (
            f"cluster_node_address of {_listed(unspecified)} is the unspecified address. Give the"
            " address under which other hosts reach it."
        )
    for host, address in addresses.items():
        if is_of_many(address):
            yield (
                f"cluster_node_address of {host} is {address}, which is the address of no machine."
                " Give the address under which other hosts reach it."
            )
    yield from _groups(groups)
    yield from _front(shared, groups)


def _groups(groups: t.Mapping[str, t.Sequence[str]]) -> Sentences:
    """Hosts that are in two groups, or twice in one."""
    for (role, names), (other, others) in itertools.combinations(groups.items(), 2):
        both = [host for host in names if host in others]
        if both:
            yield (
                "{0} is in the groups of {1} and of {2}. Give each server an inventory host of its"
                " own, with the same ansible_host{3}."
            ).format(
                _listed(dict.fromkeys(both)),
                GROUP_VARIABLES[role],
                GROUP_VARIABLES[other],
                (
                    ", and different cluster_instance and port offsets"
                    if {role, other} == {"key_manager", "api_manager"}
                    else ""
                ),
            )
    for role, names in groups.items():
        for host, count in Counter(names).items():
            if count > 1:
                yield "{0} is listed twice in the group that {1} names.".format(
                    host, f"cluster_{role}_group"
                )


def _front(shared: _Settings, groups: t.Mapping[str, t.Sequence[str]]) -> Sentences:
    """Where clients find the cluster."""
    nodes, balanced = groups["key_manager"], shared["cluster_load_balanced"]
    if len(nodes) > 1 and balanced is False:
        yield (
            f"cluster_load_balanced is false, but there are {len(nodes)} Key Managers: clients need"
            " one place to find them at. Set it to true, or leave it out."
        )
    if (
        shared["cluster_manage_hosts_file"]
        and not groups["load_balancer"]
        and not shared["cluster_hostname_address"]
        and (balanced or len(nodes) > 1)
    ):
        yield (
            "cluster_hostname_address is not set and there is no load balancer to take it from: set"
            " it, put a host into the group that cluster_load_balancer_group names, or set"
            " cluster_manage_hosts_file to false."
        )


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
                yield (
                    f"{name} of {host} is not a heap size: write a number and its unit, for example"
                    " 2048m or 2g."
                )
        if len(sizes) == 2 and sizes["cluster_heap_initial"] > sizes["cluster_heap_maximum"]:
            yield f"cluster_heap_initial of {host} is larger than cluster_heap_maximum."


def _network_sources(cluster: Inventory) -> Sentences:
    """Lists of addresses that nginx or a firewall would refuse, on the hosts, half-way through a
    run."""
    for variables in cluster.hosts.values():
        lists = {name: variables.get(name) for name in SOURCE_LISTS}
        rules = variables.get("firewall_extra_rules")
        for number, rule in enumerate(rules if isinstance(rules, list) else [], start=1):
            if not isinstance(rule, t.Mapping):
                continue
            name = f"firewall_extra_rules[{number}]"
            lists[name + ".sources"] = rule.get("sources")
            try:
                port_range(rule.get("port"), name + ".port")
            except OperatorError as error:
                yield str(error)
        for name, sources in lists.items():
            for source in sources if isinstance(sources, list) else []:
                if not is_network(str(source)):
                    yield (
                        f"{name}: {source} is neither an address nor a network. Write 192.0.2.7 or"
                        " 192.0.2.0/24."
                    )


def _instances(servers: t.Sequence[t.Mapping[str, t.Any]]) -> Sentences:
    for key, variable in (("instance", "cluster_instance"), ("home", "cluster_home")):
        seen: dict[t.Any, str] = {}
        # A host of two roles has the marks of one only.
        for server in [server for server in servers if key in server]:
            place = (server["machine"], server[key])
            if place in seen:
                yield (
                    "{0} and {1} are on one machine ({2}) with the same {3} {4}: give one of them"
                    " another one.".format(
                        seen[place], server["name"], server["machine"], variable, server[key]
                    )
                )
            seen[place] = server["name"]
