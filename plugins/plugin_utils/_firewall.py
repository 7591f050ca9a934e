# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which port of a machine is open to whom: everything a firewall has to know, derived from the
model alone."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ..module_utils._addresses import is_network
from ..module_utils._errors import OperatorError
from ..module_utils._ports import HIGHEST_PORT

Model = t.Mapping[str, t.Any]

# Stands for every address.
EVERYBODY = "*"
MEMBER_RANGE = re.compile(r"(\d+\.\d+\.\d+\.)(\d+)-(\d+)\Z")
# The kernel's own, where axis2.xml names none.
MULTICAST_PORT = 45564
PORT_RANGE = re.compile(r"([0-9]+)-([0-9]+)\Z")


class Need(t.NamedTuple):
    """One port that somebody must reach."""

    port: str
    sources: list[str]
    purpose: str
    protocol: str = "tcp"


def port_rules(
    model: Model,
    name: str,
    settings: t.Mapping[str, t.Any],
    resolved: t.Mapping[str, t.Sequence[str]] | None = None,
) -> list[dict[str, t.Any]]:
    """What the machine of host `name` lets in; every other port is closed.

    Several hosts of the inventory may be on one machine: it lets in what any of them needs.
    `resolved` holds the addresses of hosts that the inventory knows by a name only. A rule without
    a source would open nothing and is left out.
    """
    own = model["hosts"][name]["address"]
    merged: dict[tuple[int, int, str], dict[str, t.Any]] = {}
    for need in _needs_of_machine(model, own, settings):
        addresses = _addresses([source for source in need.sources if source != own], resolved or {})
        if not addresses:
            continue
        first, last = port_range(need.port, f"port {need.port} ({need.purpose})")
        rule = merged.setdefault((first, last, need.protocol), {"sources": [], "purposes": []})
        rule["sources"] += addresses
        if need.purpose not in rule["purposes"]:
            rule["purposes"].append(need.purpose)
    return [
        {
            "port": str(first) if first == last else f"{first}-{last}",
            "protocol": protocol,
            "everybody": EVERYBODY in rule["sources"],
            "ipv4": [] if EVERYBODY in rule["sources"] else _family(rule["sources"], 4),
            "ipv6": [] if EVERYBODY in rule["sources"] else _family(rule["sources"], 6),
            # nftables takes comments of up to 128 bytes, in quotes.
            "purpose": re.sub(r"[^A-Za-z0-9 ,_-]", "", ", ".join(rule["purposes"]))[:120],
        }
        for (first, last, protocol), rule in sorted(merged.items())
    ]


def admits(
    rules: t.Sequence[t.Mapping[str, t.Any]], address: str, port: t.Any, protocol: str = "tcp"
) -> bool:
    """Whether these rules let this address in to this port."""
    source = ipaddress.ip_address(address.split("%")[0])
    # A listener for both families tells of an IPv4 client in the form ::ffff:192.0.2.7.
    source = getattr(source, "ipv4_mapped", None) or source
    for rule in rules:
        first, last = port_range(rule["port"], "port")
        if rule["protocol"] != protocol or not first <= int(port) <= last:
            continue
        networks = map(ipaddress.ip_network, [*rule["ipv4"], *rule["ipv6"]])
        if (
            rule["everybody"]
            or source.is_loopback
            or any(source in network for network in networks)
        ):
            return True
    return False


def names_to_resolve(model: Model) -> list[str]:
    """The hosts' addresses that are names."""
    return sorted(
        {host["address"] for host in model["hosts"].values() if not is_network(host["address"])}
    )


def port_range(port: t.Any, name: str) -> tuple[int, int]:
    """First and last port of `9100` or `9100-9110`; `name` is what the error names."""
    match = PORT_RANGE.match(str(port)) or re.match(r"([0-9]+)()\Z", str(port))
    if match:
        first, last = int(match.group(1)), int(match.group(2) or match.group(1))
        if 1 <= first <= last <= HIGHEST_PORT:
            return first, last
    raise OperatorError(
        f"{name}: write a port from 1 to {HIGHEST_PORT}, or two with a hyphen between them."
    )


def _needs_of_machine(
    model: Model, address: str, settings: t.Mapping[str, t.Any]
) -> t.Iterator[Need]:
    administrators = list(settings.get("administration_sources") or [EVERYBODY])
    yield Need(str(settings.get("ssh_port") or 22), administrators, "ssh")
    for host in model["hosts"].values():
        if host["address"] == address:
            yield from _needs(model, host, settings)
    for rule in settings.get("extra_rules") or []:
        sources = list(rule.get("sources") or [EVERYBODY])
        yield Need(
            str(rule["port"]),
            sources,
            str(rule.get("purpose") or "extra"),
            str(rule.get("protocol") or "tcp"),
        )


def _needs(
    model: Model, host: t.Mapping[str, t.Any], settings: t.Mapping[str, t.Any]
) -> t.Iterator[Need]:
    nodes, balancers, api_managers = (
        [entry["address"] for entry in model[key]]
        for key in ("nodes", "load_balancers", "api_managers")
    )
    cluster = nodes + balancers + api_managers
    clients = list(settings.get("public_sources") or [EVERYBODY])
    public = clients if EVERYBODY in clients else clients + cluster
    portals = list(settings.get("portal_sources") or [])
    role, instance = host["role"], host.get("instance", "")
    if role == "key_manager":
        # Without a balancer in the inventory there is one elsewhere, or none: whoever the clients
        # are, they come to the nodes.
        front = balancers or public
        yield Need(str(host["ports"]["https"]), front + nodes, instance + " https")
        yield Need(str(host["ports"]["http"]), front, instance + " http")
        yield from _members(model, host, nodes)
        if model.get("user_store", {}).get("type") == "embedded_ldap":
            yield Need(str(host["ports"]["embedded_ldap"]), api_managers, instance + " ldap")
    elif role == "load_balancer":
        yield Need(str(model["public_port"]), public, "https")
        yield Need(str(model["public_http_port"]), public, "http")
        yield Need(
            str(model["internal_port"]),
            list(settings.get("internal_sources") or cluster),
            "internal https",
        )
    elif role == "database":
        yield Need(str(model["database"]["port"]), nodes + api_managers, "database")
    elif role == "api_manager":
        yield Need(str(host["ports"]["https"]), cluster + portals, instance + " https")
        yield Need(str(host["ports"]["gateway_https"]), public, instance + " gateway https")
        yield Need(str(host["ports"]["gateway_http"]), public, instance + " gateway http")


def _members(model: Model, host: t.Mapping[str, t.Any], nodes: list[str]) -> t.Iterator[Need]:
    """How the members of the cluster find and reach each other; a server on its own has no member
    port."""
    if host.get("member_port") is None:
        return
    members = nodes + [
        address
        for member in model["members"]
        for address in _range(str(member["host"]))
        if address not in nodes
    ]
    yield Need(str(host["member_port"]), members, host["instance"] + " members")
    membership = model.get("membership", {})
    if membership.get("scheme") == "multicast":
        yield Need(
            str(membership["options"].get("port", MULTICAST_PORT)),
            nodes,
            host["instance"] + " multicast",
            "udp",
        )


def _range(host: str) -> list[str]:
    """A member, or the networks of a range of them as the products write it, 192.0.2.10-20."""
    match = MEMBER_RANGE.match(host)
    if not match:
        return [host]
    first, last = (ipaddress.IPv4Address(match.group(1) + match.group(number)) for number in (2, 3))
    return [str(network) for network in ipaddress.summarize_address_range(first, last)]


def _addresses(sources: t.Sequence[str], resolved: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """The sources as addresses and networks, without those of the machine itself: it may always
    talk to itself."""
    found: list[str] = []
    if EVERYBODY in sources:
        return [EVERYBODY]
    for source in sources:
        for address in [source] if is_network(source) else resolved.get(source, []):
            if not ipaddress.ip_network(address).is_loopback:
                found.append(address)
        if not is_network(source) and not resolved.get(source):
            raise OperatorError(
                f"{source} cannot be looked up, so no port can be opened to it. Set"
                " cluster_node_address of that host to its address, or where it is in a list"
                " of sources, write its address there."
            )
    return found


def _family(sources: t.Sequence[str], version: int) -> list[str]:
    """The addresses of one family, each once and none inside another: a set of nftables holds no
    overlaps."""
    networks = [
        network
        for network in map(ipaddress.ip_network, dict.fromkeys(sources))
        if network.version == version
    ]
    # All are of one family by now, which mypy cannot see.
    collapsed: list[t.Any] = sorted(ipaddress.collapse_addresses(networks))  # type: ignore[type-var]
    return [
        str(network.network_address) if network.num_addresses == 1 else str(network)
        for network in collapsed
    ]
