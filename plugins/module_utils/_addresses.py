# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a host name is, and what an address: decided here and nowhere else.

A host name is one of RFC 1123: letters, digits and hyphens. Java finds no host in a URL whose name
holds an underscore, and no certificate is valid for one.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*\Z")
# As the hosts files of Debian and Red Hat have them; below localhost everything is loopback.
LOOPBACK_NAMES = (
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
)

_NUMBERS = re.compile(r"[0-9.]+\Z")

IPV6_REFUSED = (
    "is an IPv6 address. The members of this generation's clusters find each other over IPv4 only:"
    " use an IPv4 address, or a host name that has one"
)


def address(text: str) -> t.Any | None:
    """The IPv4 or IPv6 address that this text is, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_address(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address, without brackets or a port."""
    return address(text) is not None


def is_ipv6(text: str) -> bool:
    """Whether this is an IPv6 address; one in brackets counts too."""
    found = address(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    return found is not None and found.version == 6


def is_host_name(text: str) -> bool:
    """Whether this is a host name. Four numbers are none, even where they are no address."""
    return bool(HOST_NAME.match(text)) and not _NUMBERS.match(text)


def is_network(text: str) -> bool:
    """Whether this is an address, or a network in the form 192.0.2.0/24."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def is_loopback(text: str) -> bool:
    """Whether only the machine itself reaches this name or address."""
    found = address(text)
    if found is not None:
        return bool(found.is_loopback)
    name = text.lower().rstrip(".")
    return name in LOOPBACK_NAMES or name.endswith(".localhost")


def is_of_many(text: str) -> bool:
    """Whether this is an address that belongs to no single machine: a multicast or broadcast one,
    or one of those that nobody has."""
    found = address(text)
    return found is not None and bool(found.is_multicast or found.is_reserved)
