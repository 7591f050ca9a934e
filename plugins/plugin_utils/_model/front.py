# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where clients, browsers and API Manager reach the cluster: host names, ports, URLs."""

from __future__ import annotations

import re
import typing as t

from ...module_utils._ports import PORTS

if t.TYPE_CHECKING:
    from .._argument_specs import Variables

# Where API Manager answers unless the inventory says otherwise: its management port.
MANAGEMENT_PORT = PORTS["https"].base


def _remote_ip_valve(
    shared: Variables,
    groups: t.Mapping[str, t.Sequence[str]],
    hosts: t.Mapping[str, t.Mapping[str, t.Any]],
) -> dict[str, str] | None:
    valve = shared["cluster_remote_ip_valve"]
    if not valve["enabled"]:
        return None
    proxies = valve.get("internal_proxies") or "|".join(
        re.escape(hosts[host]["address"]) for host in groups["load_balancer"]
    )
    return {
        "className": "org.apache.catalina.valves.RemoteIpValve",
        "internalProxies": proxies,
        "remoteIpHeader": valve["remote_ip_header"],
        "proxiesHeader": valve["proxies_header"],
        "protocolHeader": valve["protocol_header"],
    }


def _first_address(
    names: t.Sequence[str], hosts: t.Mapping[str, t.Mapping[str, t.Any]]
) -> str | None:
    return hosts[names[0]]["address"] if names else None


def _front(
    shared: Variables,
    groups: t.Mapping[str, t.Sequence[str]],
    hosts: t.Mapping[str, t.Mapping[str, t.Any]],
) -> dict[str, t.Any]:
    """Where clients, and API Manager, find the service: at a load balancer, or at the only Key
    Manager itself."""
    node = hosts[groups["key_manager"][0]]
    address = shared.get("cluster_hostname_address") or _first_address(
        groups["load_balancer"], hosts
    )
    balanced = shared.get("cluster_load_balanced")
    if balanced is None:
        balanced = len(groups["key_manager"]) > 1 or address not in (None, node["address"])
    if balanced:
        ports = {
            name: shared["cluster_" + name]
            for name in ("public_port", "public_http_port", "internal_port")
        }
        return {"balanced": True, "address": address, **ports}
    https, http = node["ports"]["https"], node["ports"]["http"]
    return {
        "balanced": False,
        "address": address or node["address"],
        "public_port": https,
        "public_http_port": http,
        "internal_port": https,
    }


def _gateway_of(
    node: t.Mapping[str, t.Any], shared: Variables, api_managers: t.Sequence[t.Mapping[str, t.Any]]
) -> dict[str, t.Any]:
    """Where a Key Manager tells the gateway that users or tokens are gone (requirement AP5)."""
    gateway = shared["cluster_gateway"]
    # The one on the same machine, so that each half of an active-active pair works without the
    # other.
    own = next(
        iter(
            [server for server in api_managers if server["machine"] == node["machine"]]
            or api_managers
        ),
        None,
    )
    management_port, worker_port = (
        gateway.get("management_port") or MANAGEMENT_PORT,
        shared["cluster_gateway_port"],
    )
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
        "services_url": (
            f"https://{manager}:{management_port}/services/" if gateway["clustered"] else None
        ),
        "revoke_url": f"https://{worker}:{worker_port}/revoke",
    }


def _gateway_hostname(shared: Variables, groups: t.Mapping[str, t.Sequence[str]]) -> str:
    return (
        shared.get("cluster_gateway_hostname")
        or (groups["api_manager"] or [shared["cluster_hostname"]])[0]
    )


def _balancer(shared: Variables, front: t.Mapping[str, t.Any]) -> str:
    """The host of the load balancer, or of the Key Manager that has none, as URLs name it."""
    port = front["public_port"]
    return str(shared["cluster_hostname"]) + ("" if port == 443 else f":{port}")


def _urls(
    shared: Variables,
    product: t.Mapping[str, t.Any],
    groups: t.Mapping[str, t.Sequence[str]],
    front: t.Mapping[str, t.Any],
) -> dict[str, str]:
    gateway = "{0}:{1}".format(_gateway_hostname(shared, groups), shared["cluster_gateway_port"])
    urls = {**product["urls"], **shared["cluster_identity_urls"]}
    if shared.get("cluster_token_issuer"):
        urls["IDTokenIssuerID"] = shared["cluster_token_issuer"]
    places = {"LB": _balancer(shared, front), "GW": gateway}
    endpoint = product.get("authentication_endpoint", "")
    return {
        name: re.sub(
            r"(?<=://)(LB|GW)(?=/|$)",
            lambda match: places[match.group()],
            url.replace("{AE}", endpoint),
        )
        for name, url in urls.items()
    }
