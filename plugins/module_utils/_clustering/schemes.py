# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The membership schemes and the parameters that their classes read."""

from __future__ import annotations

import re
import typing as t

from .._errors import OperatorError
from .._ports import check_port
from .members import _ADDRESS, host_problem
from .section import SECRET_PARAMETERS, effective_scheme

# The parameters that the classes of the membership schemes read, by scheme and option of the
# module.
SCHEME_PARAMETERS: dict[str, dict[str, str]] = {
    "wka": {"connection_timeout": "connTimeout"},
    "multicast": {
        "address": "mcastAddress",
        "port": "mcastPort",
        "ttl": "mcastTTL",
        "timeout": "mcastTimeout",
    },
    "aws": {
        "access_key": "accessKey",
        "secret_key": "secretKey",  # nosec B105 - the name of a parameter
        "iam_role": "iamRole",
        "security_group": "securityGroup",
        "region": "region",
        "host_header": "hostHeader",
        "tag_key": "tagKey",
        "tag_value": "tagValue",
        "connection_timeout": "connTimeout",
    },
    "kubernetes": {
        "class_name": "membershipSchemeClassName",
        "namespace": "KUBERNETES_NAMESPACE",
        "services": "KUBERNETES_SERVICES",
    },
}
# Kernel 4.7.1 hands what it reads to a later Hazelcast, under the names that one has. (4.5.1 still
# has those above.)
LATER_AWS_PARAMETERS = {
    "access_key": "access-key",
    "secret_key": "secret-key",  # nosec B105 - the name of a parameter
    "iam_role": "iam-role",
    "security_group": "security-group-name",
    "region": "region",
    "host_header": "host-header",
    "tag_key": "tag-key",
    "tag_value": "tag-value",
    "connection_timeout": "connection-timeout-seconds",
}

# They are in the stock file, and no class of the kernels of this generation reads them.
UNREAD_PARAMETERS = ("localMemberBindAddress", "localMemberBindPort", "mcastBindAddress")
KERNEL_WITH_KUBERNETES = (4, 7, 1)

_OWN_PARAMETERS = {
    "domain": "domain",
    "membershipScheme": "scheme",
    "localMemberHost": "local_member_host",
    "localMemberPort": "local_member_port",
}


def _exact(value: t.Any, option: str) -> str:
    """The value as text; the product trims nothing, so that a blank around it would count."""
    text = str(value)
    if not text or text != text.strip() or "\n" in text or "\r" in text:
        raise OperatorError(
            f"{option} must not be empty or have blanks or line breaks around it: the product trims"
            " nothing."
        )
    return text


def wanted_parameters(
    desired: t.Mapping[str, t.Any], current: t.Mapping[str, t.Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """The desired parameters by name: those with plain text, and the secret ones."""
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    scheme = desired.get("scheme") or effective_scheme(current)
    if desired.get("scheme"):
        plain["membershipScheme"] = desired["scheme"]
    for name, options in scheme_parameters(desired.get("kernel")).items():
        block = {
            key: value for key, value in (desired.get(name) or {}).items() if value is not None
        }
        if block and name != scheme:
            raise OperatorError(
                f"{name} is given, but the membership scheme is {scheme}, which does not read it."
                f" Set scheme to {name}, or leave it out."
            )
        for option, value in block.items():
            text = _exact(value, f"{name}.{option}")
            (secret if options[option] in SECRET_PARAMETERS else plain)[options[option]] = text
    if desired.get("domain") is not None:
        plain["domain"] = _exact(desired["domain"], "domain")
    if desired.get("group_password") is not None:
        secret["groupPassword"] = _exact(desired["group_password"], "group_password")
    if desired.get("local_member_host") is not None:
        plain["localMemberHost"] = _exact(desired["local_member_host"], "local_member_host")
        problem = host_problem(plain["localMemberHost"])
        if problem:
            raise OperatorError(f"local_member_host: {problem}")
    if desired.get("local_member_port") is not None:
        plain["localMemberPort"] = str(
            check_port(desired["local_member_port"], "local_member_port")
        )
    for name, value in (desired.get("parameters") or {}).items():
        plain[name] = _exact(
            str(value).lower() if isinstance(value, bool) else value, f"parameters.{name}"
        )
        _check_other_parameter(name)
    _check_scheme(plain, secret, scheme, desired, current)
    return plain, secret


def scheme_parameters(kernel: str | None) -> dict[str, dict[str, str]]:
    """The parameters that a kernel reads, by scheme and option."""
    return (
        dict(SCHEME_PARAMETERS, aws=LATER_AWS_PARAMETERS)
        if kernel_number(kernel) >= KERNEL_WITH_KUBERNETES
        else SCHEME_PARAMETERS
    )


def _check_other_parameter(name: str) -> None:
    if name in UNREAD_PARAMETERS:
        raise OperatorError(
            f"parameters.{name} is in the stock file, but no class of the product reads it."
            " Addresses to bind to go into repository/conf/hazelcast.properties"
            " (hazelcast.socket.bind.any, hazelcast.local.localAddress)."
        )
    own = dict(
        _OWN_PARAMETERS,
        **{
            parameter: option
            for parameter, option in SECRET_PARAMETERS.items()
            if parameter == "groupPassword"
        },
    )
    for scheme, options in SCHEME_PARAMETERS.items():
        own.update({parameter: f"{scheme}.{option}" for option, parameter in options.items()})
    own.update({parameter: f"aws.{option}" for option, parameter in LATER_AWS_PARAMETERS.items()})
    if name in own:
        raise OperatorError(f"parameters.{name} has an option of its own: {own[name]}.")


def _check_scheme(
    plain: t.Mapping[str, str],
    secret: t.Mapping[str, str],
    scheme: str,
    desired: t.Mapping[str, t.Any],
    current: t.Mapping[str, t.Any],
) -> None:
    known = set(plain) | set(secret) | set(current["parameters"])
    if "mcastAddress" in plain and not (
        _ADDRESS.match(plain["mcastAddress"])
        and 224 <= int(plain["mcastAddress"].split(".")[0]) <= 239
    ):
        raise OperatorError(
            "multicast.address must be an IPv4 multicast address, from 224.0.0.0 to"
            " 239.255.255.255."
        )
    if "mcastPort" in plain:
        check_port(plain["mcastPort"], "multicast.port")
    aws = scheme_parameters(desired.get("kernel"))["aws"]
    if (
        scheme == "aws"
        and desired.get("scheme")
        and not (aws["iam_role"] in known or {aws["access_key"], aws["secret_key"]} <= known)
    ):
        raise OperatorError(
            "scheme aws needs aws.iam_role, or aws.access_key together with aws.secret_key."
        )
    built_in = kernel_number(desired.get("kernel")) >= KERNEL_WITH_KUBERNETES
    if (
        scheme == "kubernetes"
        and desired.get("scheme")
        and "membershipSchemeClassName" not in known
        and not built_in
    ):
        raise OperatorError(
            "scheme kubernetes needs kubernetes.class_name, and the jar of that class in"
            " repository/components/lib: kernels before 4.7.1 know only wka, multicast and aws, and"
            " do not start with another scheme."
        )


def kernel_number(version: str | None) -> tuple[int, ...]:
    """The kernel's version as numbers to compare; nothing for an unknown one, which is so taken for
    an old one."""
    match = re.match(r"[0-9]+(?:\.[0-9]+)*", version or "")
    return tuple(int(number) for number in match.group().split(".")) if match else ()
