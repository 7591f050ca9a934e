# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Members of a cluster: how they are written, which hosts they name, and lists that would split a
cluster."""

from __future__ import annotations

import re
import typing as t

from .._addresses import IPV6_REFUSED, OCTET, is_host_name, is_ipv6, is_loopback
from .._errors import OperatorError
from .._ports import NOT_FOLLOWING, check_port

DEFAULT_MEMBER_PORT = NOT_FOLLOWING["member"].base

_NUMBERS = re.compile(r"[0-9.*-]+\Z")
_ADDRESS = re.compile(rf"({OCTET}\.{OCTET}\.{OCTET})\.({OCTET})(?:-({OCTET}))?\Z")


class Member(t.NamedTuple):
    """A well-known member: a host name, an IPv4 address, or a range in its last octet; and the
    member port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_member(value: t.Mapping[str, t.Any], name: str = "members") -> Member:
    """The member that an entry of the option states; `name` is the variable that the error
    names."""
    host = value.get("host")
    if not isinstance(host, str) or not host:
        raise OperatorError(f"Each entry of {name} needs a host.")
    problem = host_problem(host, ranges=True)
    if problem:
        raise OperatorError(f"{name}: {problem}")
    port = value.get("port")
    return Member(
        host,
        check_port(DEFAULT_MEMBER_PORT if port is None else port, f"{name}: the port of {host}"),
    )


def host_problem(host: str, ranges: bool = False) -> str | None:
    """What is wrong with an address that other members are to reach; None when nothing is."""
    if is_ipv6(host):
        return f"{host} {IPV6_REFUSED}."
    if ":" in host:
        return f"{host} is not an IPv4 address or a host name. The port has a key of its own."
    if _NUMBERS.match(host):
        match = _ADDRESS.match(host)
        if not match:
            example = " or a range in its last octet, such as 192.168.1.2-10" if ranges else ""
            return f"{host} is not an IPv4 address{example}."
        if match.group(3) is not None:
            if not ranges:
                return f"{host} is a range; one address is wanted here."
            if int(match.group(2)) > int(match.group(3)):
                return f"{host} is a range that ends before it begins."
        if match.group(1).startswith("0.") or int(match.group(1).split(".")[0]) >= 224:
            return f"{host} is not an address that another member can connect to."
        return None
    return None if is_host_name(host) else f"{host} is not a host name."


def _span(host: str) -> tuple[str, int, int] | None:
    match = _ADDRESS.match(host)
    return (
        (match.group(1), int(match.group(2)), int(match.group(3) or match.group(2)))
        if match
        else None
    )


def same_host(one: str, other: str) -> bool:
    """Whether two entries name the same host, or one of them is a range that holds the other or a
    part of it."""
    a, b = _span(one), _span(other)
    if a and b:
        return a[0] == b[0] and a[1] <= b[2] and b[1] <= a[2]
    return one.lower().rstrip(".") == other.lower().rstrip(".")


def member_problems(
    members: t.Sequence[Member], local: Member | None = None, name: str = "members"
) -> list[str]:
    """One sentence for each way in which this list of well-known members would split the cluster
    without a word."""
    problems = []
    for index, member in enumerate(members):
        for other in members[:index]:
            if member.port == other.port and same_host(member.host, other.host):
                problems.append(
                    f"{name}: {member} is in the list"
                    f" twice{'' if member == other else f' (also as {other})'}."
                )
    loopback = [member for member in members if is_loopback(member.host)]
    if loopback and len(loopback) < len(members):
        problems.append(
            f"{name}: {', '.join(map(str, loopback))} can be reached from this machine only, the"
            " others from elsewhere. Use loopback addresses for all members or for none."
        )
    if local is not None and not any(
        member.port == local.port and same_host(member.host, local.host) for member in members
    ):
        problems.append(
            f"{name}: the local member {local} is not in the list. Each node has to find itself"
            " there, written as in local_member_host and local_member_port, or the cluster falls"
            " apart without an error."
        )
    return problems
