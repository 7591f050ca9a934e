# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The ports of a Carbon server: which follow the port offset, which do not, and which two servers
would fight over."""

from __future__ import annotations

import typing as t

from ._errors import OperatorError


class Port(t.NamedTuple):
    """One listening port of a Carbon server."""

    base: int
    where: str
    follows_offset: bool = True
    # The kinds of server that open it; none means every Carbon server.
    only_on: tuple[str, ...] = ()


PORTS: dict[str, Port] = {
    "https": Port(
        9443,
        "catalina-server.xml, Connector of the HTTPS port; the attribute stays 9443, the server"
        " adds the offset",
    ),
    "http": Port(
        9763,
        "catalina-server.xml, Connector of the HTTP port; the attribute stays 9763, the server adds"
        " the offset",
    ),
    "embedded_ldap": Port(10389, "carbon.xml, Ports/EmbeddedLDAP/LDAPServerPort"),
    "kdc": Port(8000, "carbon.xml, Ports/EmbeddedLDAP/KDCServerPort"),
    "jmx_registry": Port(9999, "carbon.xml, Ports/JMX/RMIRegistryPort"),
    "jmx_server": Port(11111, "carbon.xml, Ports/JMX/RMIServerPort"),
    "thrift_entitlement": Port(10500, "carbon.xml, Ports/ThriftEntitlementReceivePort"),
    "jndi": Port(2199, "carbon.xml, Ports/JNDIProviderPort"),
    "thrift_key_validator": Port(10397, "api-manager.xml, APIKeyValidator/ThriftServerPort"),
    "gateway_https": Port(
        8243, "axis2.xml, pass-through transport https", only_on=("api_manager",)
    ),
    "gateway_http": Port(8280, "axis2.xml, pass-through transport http", only_on=("api_manager",)),
}

NOT_FOLLOWING: dict[str, Port] = {
    "member": Port(
        4000,
        "axis2.xml, clustering parameter localMemberPort; the cluster's own port, not moved by the"
        " offset",
        False,
    ),
    "proxy_https": Port(
        443,
        "catalina-server.xml, proxyPort of the HTTPS Connector; a port of the load balancer, not of"
        " the server",
        False,
    ),
    "proxy_http": Port(
        80,
        "catalina-server.xml, proxyPort of the HTTP Connector; a port of the load balancer, not of"
        " the server",
        False,
    ),
}

HIGHEST_PORT = 65535
HIGHEST_OFFSET = HIGHEST_PORT - max(port.base for port in PORTS.values())


def _whole_number(value: t.Any) -> int:
    """The number that a value states; -1 for what states none (booleans are integers to Python, but
    no port is true)."""
    if isinstance(value, bool):
        return -1
    if isinstance(value, int):
        return int(value)
    # str.isdigit is true for digits of other scripts, which int() accepts and the product does not.
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return -1


def check_offset(offset: t.Any, name: str = "offset") -> int:
    """The port offset as a number; `name` is the variable that the error names."""
    number = _whole_number(offset)
    if not 0 <= number <= HIGHEST_OFFSET:
        raise OperatorError(
            f"{name} must be a whole number from 0 to {HIGHEST_OFFSET}, so that no port that"
            f" follows it exceeds {HIGHEST_PORT}."
        )
    return number


def check_port(port: t.Any, name: str = "port") -> int:
    """The port as a number; `name` is the variable that the error names."""
    number = _whole_number(port)
    if not 1 <= number <= HIGHEST_PORT:
        raise OperatorError(f"{name} must be a whole number from 1 to {HIGHEST_PORT}.")
    return number


def port_table(offset: t.Any, name: str = "offset") -> dict[str, int]:
    """Every port that follows the offset, by its key in PORTS, as a server with this offset opens
    it."""
    number = check_offset(offset, name)
    return {key: port.base + number for key, port in PORTS.items()}


def listening_ports(node: t.Mapping[str, t.Any]) -> dict[str, int]:
    """The ports that one node listens on.

    `node` is an entry of the model's hosts: `offset` or `ports`, and where they are known `role`
    and `member_port`.
    """
    role = node.get("role")
    table = node["ports"] if node.get("ports") else port_table(node.get("offset", 0))
    ports = {
        key: int(value)
        for key, value in table.items()
        if role is None or key not in PORTS or not PORTS[key].only_on or role in PORTS[key].only_on
    }
    if node.get("member_port") is not None:
        ports["member"] = check_port(
            node["member_port"], "the member port of {}".format(node["name"])
        )
    return ports


def clashes(nodes: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """One sentence for each port that two nodes of one machine, or one node twice, would want to
    open.

    Nodes are on one machine when their `machine` is equal, or where that is not given their
    `address`.
    """
    sentences = []
    seen: list[tuple[str, str, dict[str, int]]] = []
    for node in nodes:
        name, machine, ports = (
            str(node["name"]),
            str(node.get("machine") or node["address"]),
            listening_ports(node),
        )
        for key, number in ports.items():
            if key != "member" and number == ports.get("member"):
                sentences.append(
                    f"Port {number} of {name} is wanted twice: as {key} and as member port. Choose"
                    " another member port."
                )
        for other_name, other_machine, other_ports in seen:
            if other_machine != machine:
                continue
            for key, number in sorted(ports.items(), key=lambda item: item[1]):
                for other_key in sorted(k for k, other in other_ports.items() if other == number):
                    sentences.append(
                        f"Port {number} is wanted twice on {machine}: by {other_name} ({other_key})"
                        f" and by {name} ({key}). {_remedy(key, other_key)}"
                    )
        seen.append((name, machine, ports))
    return sentences


def _remedy(key: str, other_key: str) -> str:
    if key == "member" and other_key == "member":
        return "Give one of them another member port: the port offset does not move it."
    return "Give one of them another port offset, or another member port where that is meant."
