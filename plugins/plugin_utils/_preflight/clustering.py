# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of caching, membership, sessions and the balancer's addresses."""

from __future__ import annotations

import difflib
import re
import typing as t

from ...module_utils._clustering import members as clustering_members
from ...module_utils._clustering import schemes
from ...module_utils._errors import OperatorError
from .._model.caching import CACHING

if t.TYPE_CHECKING:
    from .._model.inventory import Sources
    from .settings import Sentences, _Settings

AWS_PORTS = range(5701, 5801)


def _caching(shared: _Settings, sources: Sources) -> Sentences:
    minutes = shared["cluster_cache_timeout"]
    if isinstance(minutes, int) and minutes < 1:
        yield (
            "cluster_cache_timeout must be at least 1 minute. To have no caches set cluster_caching"
            " to none."
        )
    names = shared["cluster_security_caches"]
    if not isinstance(names, list):
        return
    if shared["cluster_caching"] != "local_without_security_caches":
        yield (
            "cluster_security_caches is set, but only cluster_caching local_without_security_caches"
            " reads it."
        )
    product = sources.profiles.get(str(shared["cluster_product"]), {})
    known = product.get("identity_caches")
    for name in names:
        if known and name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            yield "cluster_security_caches: {0} is not a cache of {1}.{2}".format(
                name, product["title"], hint
            )


def _membership(shared: _Settings, sources: Sources) -> Sentences:
    scheme, options = shared["cluster_membership_scheme"], shared["cluster_membership_options"]
    read = schemes.SCHEME_PARAMETERS.get(str(scheme))
    if read is None or not isinstance(options, t.Mapping):
        return
    if not CACHING.get(str(shared["cluster_caching"]), {"clustered": True})["clustered"]:
        return
    for option in options:
        if option not in read and option != "parameters" and options[option] is not None:
            fitting = [
                name
                for name, parameters in schemes.SCHEME_PARAMETERS.items()
                if option in parameters
            ]
            # What no scheme reads is a typo, and the argument spec has said so.
            if fitting:
                yield (
                    "cluster_membership_options.{0} belongs to {1}, and cluster_membership_scheme"
                    " is {2}. Leave it out.".format(option, " and ".join(fitting), scheme)
                )
    yield from _aws(shared, str(scheme), options)
    yield from _membership_jar(shared, str(scheme), options, sources)
    if scheme != "wka" and shared["cluster_additional_members"]:
        yield (
            "cluster_additional_members are read with cluster_membership_scheme wka only, and it"
            f" is {scheme}. Leave them out."
        )
    try:
        desired = {
            str(scheme): {option: options[option] for option in options if option in read},
            "parameters": options.get("parameters"),
        }
        schemes.wanted_parameters(desired, {"parameters": {"membershipScheme": scheme}})
    except OperatorError as error:
        yield f"cluster_membership_options: {error}"


def _aws(shared: _Settings, scheme: str, options: t.Mapping[str, t.Any]) -> Sentences:
    """How the nodes log in to AWS."""
    keys = [
        name
        for name in ("cluster_aws_access_key", "cluster_aws_secret_key")
        if shared[name] is not None
    ]
    if scheme == "aws":
        if len(keys) == 1:
            yield (
                f"{keys[0]} is set without the other key: set both keys, or"
                " cluster_membership_options.iam_role."
            )
        elif not keys and not options.get("iam_role"):
            yield (
                "cluster_membership_scheme aws needs cluster_membership_options.iam_role, or"
                " cluster_aws_access_key together with cluster_aws_secret_key."
            )


def _membership_jar(
    shared: _Settings, scheme: str, options: t.Mapping[str, t.Any], sources: Sources
) -> Sentences:
    """The class of a scheme that the kernel does not bring."""
    product = sources.profiles.get(str(shared["cluster_product"]), {})
    if (
        scheme == "kubernetes"
        and schemes.kernel_number(product.get("kernel")) < schemes.KERNEL_WITH_KUBERNETES
    ):
        if not options.get("class_name"):
            yield (
                "cluster_membership_options.class_name is not set: the kernel of {0} knows only"
                " wka, multicast and aws, and needs the class of another scheme."
            ).format(product.get("title"))
        if shared["cluster_membership_jar"] is None:
            yield (
                f"cluster_membership_jar is not set: {product.get('title')} brings no class for the"
                " scheme kubernetes."
            )
    elif shared["cluster_membership_jar"] is not None and scheme != "kubernetes":
        yield (
            f"cluster_membership_jar is set, but cluster_membership_scheme {scheme} needs none."
            " Leave it out."
        )


def _member_ports(model: t.Mapping[str, t.Any]) -> Sentences:
    """Ports at which no member is looked for."""
    if model["membership"]["scheme"] != "aws":
        return
    for node in model["nodes"]:
        port = node.get("member_port")
        if port is not None and port not in AWS_PORTS:
            yield (
                f"cluster_member_port of {node['name']} is {port}. With cluster_membership_scheme"
                f" aws members are looked for at the ports {AWS_PORTS[0]} to {AWS_PORTS[-1]} only:"
                " choose one of them."
            )


def _members(model: t.Mapping[str, t.Any]) -> Sentences:
    """Well-known members that would split the cluster, or that are listed twice."""
    name = "cluster_additional_members"
    nodes = len(model["nodes"])
    further, wrong = [], []
    for member in model["members"][nodes:]:
        try:
            further.append(clustering_members.parse_member(member, name))
        except OperatorError as error:
            wrong.append(str(error))
    yield from wrong
    if further and not wrong:
        members = [
            clustering_members.Member(member["host"], int(member["port"]))
            for member in model["members"][:nodes]
        ]
        yield from clustering_members.member_problems([*members, *further], None, name)


def _sessions(shared: _Settings) -> Sentences:
    pool = shared.option("cluster_session_persistence", "pool_size")
    if isinstance(pool, int) and pool < 0:
        yield "cluster_session_persistence.pool_size must be 0 or more."


def _remote_ip_valve(shared: _Settings, groups: t.Mapping[str, t.Sequence[str]]) -> Sentences:
    if shared.option("cluster_remote_ip_valve", "enabled") is not True:
        return
    proxies = shared.option("cluster_remote_ip_valve", "internal_proxies")
    if proxies is None and not groups["load_balancer"]:
        yield (
            "cluster_remote_ip_valve.internal_proxies is not set and there is no load balancer to"
            " take it from: the regular expression of the addresses whose headers are believed."
        )
    elif proxies is not None:
        try:
            everybody = re.compile(str(proxies)).fullmatch("203.0.113.77") is not None
        except re.error:
            yield "cluster_remote_ip_valve.internal_proxies is not a regular expression."
            return
        if everybody:
            yield (
                "cluster_remote_ip_valve.internal_proxies matches every address, so that every"
                " client could claim to be another. Give the addresses of the load balancers."
            )
