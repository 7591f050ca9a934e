# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths clients need, and which redirects of a node must not reach them as they are."""

from __future__ import annotations

import re
import typing as t

# Administration: never for clients, whichever URL of the product names it.
_ADMINISTRATION = re.compile(r"/$|/(services|carbon|scim2?|wso2/scim|t)(/|$)")


class Redirect(t.NamedTuple):
    """A regular expression for the URL that a node redirects to, and what it becomes."""

    pattern: str
    target: str


def endpoint_locations(urls: t.Iterable[str], hostname: str) -> list[str]:
    """The paths of the endpoints among these URLs that name the load balancer.

    Administration is left out. Of a page it is the folder, for the sake of its style sheets. A URL
    without a host is a path of the load balancer, and the product puts its host name in for
    ${carbon.host}.
    """
    own = re.compile(
        rf"(?:[^:/]+://(?:{re.escape(hostname)}|\$\{{carbon\.host\}})(?::[^/]*)?)?"
        r"(/[^?]*?)(?:[^/]*\.[^/]*)?$"
    )
    found = [match.group(1) for match in map(own.match, urls) if match]
    return [path for path in found if not _ADMINISTRATION.match(path)]


def in_order(locations: t.Iterable[str]) -> list[str]:
    """Each of them once, by the alphabet."""
    return sorted(dict.fromkeys(locations), key=str.lower)


def redirects(
    model: t.Mapping[str, t.Any], scheme: str, port: str, secure_port: str
) -> list[Redirect]:
    """What a redirect to a node, or to a port of one, becomes: the same on the load balancer.

    `port` (":8080", or nothing) is that of the virtual host, which speaks `scheme`; `secure_port`
    is that of the public one over TLS. Over plain HTTP a redirect to HTTPS stays one.
    """
    nodes = model["nodes"]
    # An IPv6 address is in brackets in a URL, and any of those is a node's.
    hosts = dict.fromkeys(
        [node["address"] for node in nodes if ":" not in node["address"]]
        + [node["name"] for node in nodes if ":" not in node["name"]]
        + ["localhost"]
    )
    numbers = dict.fromkeys(
        [node["ports"]["https"] for node in nodes]
        + [node["ports"]["http"] for node in nodes]
        + [model["public_port"], model["public_http_port"]]
    )
    services = dict.fromkeys([model["hostname"], model["management_hostname"]])
    kinds = [("https?", "https", port)]
    if scheme == "http":
        kinds = [("https", "https", secure_port), ("http", "http", port)]
    found = []
    for old, new, suffix in kinds:
        at_node = rf"(?:{_any_of(hosts)}|\[[0-9a-f:]+\])(?::[0-9]+)?"
        found.append(Redirect(f"^{old}://{at_node}(/.*)?$", f"{new}://$host{suffix}$1"))
        at_port = f"({_any_of(services)}):(?:{'|'.join(map(str, numbers))})"
        found.append(Redirect(f"^{old}://{at_port}(/.*)?$", f"{new}://$1{suffix}$2"))
    return found


def _any_of(texts: t.Iterable[str]) -> str:
    return "|".join(map(re.escape, texts))
