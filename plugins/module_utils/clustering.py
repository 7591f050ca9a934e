# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The clustering section of axis2.xml: what the product reads there, which member lists would split a cluster, and the edits for a wish."""

from __future__ import annotations

import re
from typing import Any, Mapping, NamedTuple, Sequence

from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.ports import NOT_FOLLOWING, check_port

# What Axis2 takes where the file names no domain.
DEFAULT_DOMAIN = "apache.axis2.domain"
DEFAULT_MEMBER_PORT = NOT_FOLLOWING["member"].base

# The parameters that the classes of the membership schemes read, by scheme and option of the module.
SCHEME_PARAMETERS: dict[str, dict[str, str]] = {
    "wka": {"connection_timeout": "connTimeout"},
    "multicast": {"address": "mcastAddress", "port": "mcastPort", "ttl": "mcastTTL", "timeout": "mcastTimeout"},
    "aws": {
        "access_key": "accessKey",
        "secret_key": "secretKey",
        "iam_role": "iamRole",
        "security_group": "securityGroup",
        "region": "region",
        "host_header": "hostHeader",
        "tag_key": "tagKey",
        "tag_value": "tagValue",
        "connection_timeout": "connTimeout",
    },
    "kubernetes": {"class_name": "membershipSchemeClassName", "namespace": "KUBERNETES_NAMESPACE", "services": "KUBERNETES_SERVICES"},
}
# Kernel 4.7.1 hands what it reads to a later Hazelcast, under the names that one has. (4.5.1 still has those above.)
LATER_AWS_PARAMETERS = {
    "access_key": "access-key",
    "secret_key": "secret-key",
    "iam_role": "iam-role",
    "security_group": "security-group-name",
    "region": "region",
    "host_header": "host-header",
    "tag_key": "tag-key",
    "tag_value": "tag-value",
    "connection_timeout": "connection-timeout-seconds",
}
SECRET_PARAMETERS = {
    "groupPassword": "group_password",
    "accessKey": "aws_access_key",
    "secretKey": "aws_secret_key",
    "access-key": "aws_access_key",
    "secret-key": "aws_secret_key",
}
# They stand in the stock file, and no class of the kernels of this generation reads them.
UNREAD_PARAMETERS = ("localMemberBindAddress", "localMemberBindPort", "mcastBindAddress")
KERNEL_WITH_KUBERNETES = (4, 7, 1)
NO_SECTION = "axis2.xml has no active clustering section. Put back the one of the product's own file."

_OWN_PARAMETERS = {
    "domain": "domain",
    "membershipScheme": "scheme",
    "localMemberHost": "local_member_host",
    "localMemberPort": "local_member_port",
}
_NUMBERS = re.compile(r"[0-9.*-]+\Z")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS = re.compile(r"({0}\.{0}\.{0})\.({0})(?:-({0}))?\Z".format(_OCTET))
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(r"{0}(?:\.{0})*\.?\Z".format(_LABEL))
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")


class Member(NamedTuple):
    """A well-known member: a host name, an IPv4 address, or a range in its last octet; and the member port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_member(value: Mapping[str, Any], name: str = "members") -> Member:
    """The member that an entry of the option states; `name` is the variable that the error names."""
    host = value.get("host")
    if not isinstance(host, str) or not host:
        raise OperatorError(f"Each entry of {name} needs a host.")
    problem = host_problem(host, ranges=True)
    if problem:
        raise OperatorError(f"{name}: {problem}")
    port = value.get("port")
    return Member(host, check_port(DEFAULT_MEMBER_PORT if port is None else port, f"{name}: the port of {host}"))


def host_problem(host: str, ranges: bool = False) -> str | None:
    """What is wrong with an address that other members are to reach; None when nothing is."""
    if ":" in host:
        return f"{host} is not an IPv4 address or a host name. The port has a key of its own, and IPv6 addresses are not supported here."
    if _NUMBERS.match(host):
        match = _ADDRESS.match(host)
        if not match:
            return f"{host} is not an IPv4 address{' or a range in its last octet, such as 192.168.1.2-10' if ranges else ''}."
        if match.group(3) is not None:
            if not ranges:
                return f"{host} is a range; one address is wanted here."
            if int(match.group(2)) > int(match.group(3)):
                return f"{host} is a range that ends before it begins."
        if match.group(1).startswith("0.") or int(match.group(1).split(".")[0]) >= 224:
            return f"{host} is not an address that another member can connect to."
        return None
    return None if _HOST_NAME.match(host) and len(host) <= 253 else f"{host} is not a host name."


def is_loopback(host: str) -> bool:
    """Whether only the machine itself reaches this address."""
    return host.lower().rstrip(".") in _LOOPBACK_NAMES or bool(_ADDRESS.match(host) and host.startswith("127."))


def _span(host: str) -> tuple[str, int, int] | None:
    match = _ADDRESS.match(host)
    return (match.group(1), int(match.group(2)), int(match.group(3) or match.group(2))) if match else None


def same_host(one: str, other: str) -> bool:
    """Whether two entries name the same host, or one of them is a range that holds the other or a part of it."""
    a, b = _span(one), _span(other)
    if a and b:
        return a[0] == b[0] and a[1] <= b[2] and b[1] <= a[2]
    return one.lower().rstrip(".") == other.lower().rstrip(".")


def member_problems(members: Sequence[Member], local: Member | None = None, name: str = "members") -> list[str]:
    """One sentence for each way in which this list of well-known members would split the cluster without a word."""
    problems = []
    for index, member in enumerate(members):
        for other in members[:index]:
            if member.port == other.port and same_host(member.host, other.host):
                problems.append(f"{name}: {member} stands in the list twice{'' if member == other else f' (also as {other})'}.")
    loopback = [member for member in members if is_loopback(member.host)]
    if loopback and len(loopback) < len(members):
        problems.append(
            f"{name}: {', '.join(map(str, loopback))} can be reached from this machine only, the others from elsewhere. "
            "Use loopback addresses for all members or for none."
        )
    if local is not None and not any(member.port == local.port and same_host(member.host, local.host) for member in members):
        problems.append(
            f"{name}: the local member {local} is not in the list. Each node has to find itself there, "
            "written as in local_member_host and local_member_port, or the cluster falls apart without an error."
        )
    return problems


def _text(element: Any) -> str:
    """The text as Axiom's OMElement.getText gives it: all text directly below the element, without comments."""
    return "".join([element.text or ""] + [child.tail or "" for child in element])


def _elements(parent: Any, name: str) -> list[Any]:
    # Comments and processing instructions have a tag that is no string.
    return [child for child in parent if isinstance(child.tag, str) and child.tag == name]


def read_clustering(axisconfig: Any) -> dict[str, Any] | None:
    """The clustering section as Axis2 and the Hazelcast agent read it, from the root element of axis2.xml.

    The first clustering section and its first list of members count, and the last of several parameters of one name.
    """
    sections = _elements(axisconfig, "clustering")
    if not sections:
        return None
    section = sections[0]
    parameters: dict[str, str] = {}
    properties: dict[str, str] = {}
    counts: dict[str, int] = {}
    for element in _elements(section, "parameter"):
        name = element.get("name", "")
        counts[name] = counts.get(name, 0) + 1
        if any(isinstance(child.tag, str) for child in element):
            if name == "properties":
                properties = {p.get("name", ""): p.get("value", "") for p in _elements(element, "property")}
            continue
        parameters[name] = _text(element)
    lists = _elements(section, "members")
    members = []
    for element in _elements(lists[0], "member") if lists else []:
        host, port = _elements(element, "hostName"), _elements(element, "port")
        members.append({"host": _text(host[0]).strip() if host else "", "port": _text(port[0]).strip() if port else ""})
    return {
        "sections": len(sections),
        "enabled": section.get("enable") is None or section.get("enable").strip().lower() == "true",
        "agent": section.get("class"),
        "parameters": parameters,
        "parameter_counts": counts,
        "properties": properties,
        "member_lists": len(lists),
        "members": members,
        "has_group_management": bool(_elements(section, "groupManagement")),
    }


def effective_scheme(current: Mapping[str, Any]) -> str:
    """The membership scheme that the agent uses: multicast when the file names none."""
    return str(current["parameters"].get("membershipScheme", "multicast")).strip()


def literal(text: str) -> str:
    """The text as an edit states it, so that nothing in it is taken for the name of a secret."""
    return text.replace("%{", "%%{")


def _exact(value: Any, option: str) -> str:
    """The value as text; the product trims nothing, so that a blank around it would count."""
    text = str(value)
    if not text or text != text.strip() or "\n" in text or "\r" in text:
        raise OperatorError(f"{option} must not be empty or have blanks or line breaks around it: the product trims nothing.")
    return text


def wanted_parameters(wish: Mapping[str, Any], current: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters that the wish states, by name: those with plain text, and the secret ones."""
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    scheme = wish.get("scheme") or effective_scheme(current)
    if wish.get("scheme"):
        plain["membershipScheme"] = wish["scheme"]
    for name, options in scheme_parameters(wish.get("kernel")).items():
        block = {key: value for key, value in (wish.get(name) or {}).items() if value is not None}
        if block and name != scheme:
            raise OperatorError(
                f"{name} is given, but the membership scheme is {scheme}, which does not read it. Set scheme to {name}, or leave it out."
            )
        for option, value in block.items():
            text = _exact(value, f"{name}.{option}")
            (secret if options[option] in SECRET_PARAMETERS else plain)[options[option]] = text
    if wish.get("domain") is not None:
        plain["domain"] = _exact(wish["domain"], "domain")
    if wish.get("group_password") is not None:
        secret["groupPassword"] = _exact(wish["group_password"], "group_password")
    if wish.get("local_member_host") is not None:
        plain["localMemberHost"] = _exact(wish["local_member_host"], "local_member_host")
        problem = host_problem(plain["localMemberHost"])
        if problem:
            raise OperatorError(f"local_member_host: {problem}")
    if wish.get("local_member_port") is not None:
        plain["localMemberPort"] = str(check_port(wish["local_member_port"], "local_member_port"))
    for name, value in (wish.get("parameters") or {}).items():
        plain[name] = _exact(str(value).lower() if isinstance(value, bool) else value, f"parameters.{name}")
        _check_other_parameter(name)
    _check_scheme(plain, secret, scheme, wish, current)
    return plain, secret


def scheme_parameters(kernel: str | None) -> dict[str, dict[str, str]]:
    """The parameters that a kernel reads, by scheme and option."""
    return dict(SCHEME_PARAMETERS, aws=LATER_AWS_PARAMETERS) if kernel_number(kernel) >= KERNEL_WITH_KUBERNETES else SCHEME_PARAMETERS


def _check_other_parameter(name: str) -> None:
    if name in UNREAD_PARAMETERS:
        raise OperatorError(
            f"parameters.{name} stands in the stock file, but no class of the product reads it. "
            "Addresses to bind to go into repository/conf/hazelcast.properties (hazelcast.socket.bind.any, hazelcast.local.localAddress)."
        )
    own = dict(_OWN_PARAMETERS, **{parameter: option for parameter, option in SECRET_PARAMETERS.items() if parameter == "groupPassword"})
    for scheme, options in SCHEME_PARAMETERS.items():
        own.update({parameter: f"{scheme}.{option}" for option, parameter in options.items()})
    own.update({parameter: f"aws.{option}" for option, parameter in LATER_AWS_PARAMETERS.items()})
    if name in own:
        raise OperatorError(f"parameters.{name} has an option of its own: {own[name]}.")


def _check_scheme(
    plain: Mapping[str, str], secret: Mapping[str, str], scheme: str, wish: Mapping[str, Any], current: Mapping[str, Any]
) -> None:
    known = set(plain) | set(secret) | set(current["parameters"])
    if "mcastAddress" in plain and not (_ADDRESS.match(plain["mcastAddress"]) and 224 <= int(plain["mcastAddress"].split(".")[0]) <= 239):
        raise OperatorError("multicast.address must be an IPv4 multicast address, from 224.0.0.0 to 239.255.255.255.")
    if "mcastPort" in plain:
        check_port(plain["mcastPort"], "multicast.port")
    aws = scheme_parameters(wish.get("kernel"))["aws"]
    if scheme == "aws" and wish.get("scheme") and not (aws["iam_role"] in known or {aws["access_key"], aws["secret_key"]} <= known):
        raise OperatorError("scheme aws needs aws.iam_role, or aws.access_key together with aws.secret_key.")
    built_in = kernel_number(wish.get("kernel")) >= KERNEL_WITH_KUBERNETES
    if scheme == "kubernetes" and wish.get("scheme") and "membershipSchemeClassName" not in known and not built_in:
        raise OperatorError(
            "scheme kubernetes needs kubernetes.class_name, and the jar of that class in repository/components/lib: "
            "kernels before 4.7.1 know only wka, multicast and aws, and do not start with another scheme."
        )


def kernel_number(version: str | None) -> tuple[int, ...]:
    """The kernel's version as numbers to compare; nothing for an unknown one, which is so taken for an old one."""
    match = re.match(r"[0-9]+(?:\.[0-9]+)*", version or "")
    return tuple(int(number) for number in match.group().split(".")) if match else ()


def wanted_members(wish: Mapping[str, Any], current: Mapping[str, Any]) -> list[dict[str, str]] | None:
    """The list of members after the edit; None when the wish says nothing about members.

    The order has no meaning to the product: members that stay keep their places, and new ones go to the end.
    """
    if wish.get("members") is None:
        return None
    state = wish.get("state") or "exact"
    asked = [parse_member(entry) for entry in wish["members"]]
    # Repeated members of the wish itself are refused here, where the result could no longer show them.
    problems = member_problems(asked) if state != "absent" else []
    if problems:
        raise OperatorError(" ".join(problems))
    keys = {(member.host.lower(), str(member.port)) for member in asked}
    kept: list[dict[str, str]] = []
    for member in current["members"]:
        asked_for = (member["host"].lower(), member["port"]) in keys
        if asked_for == (state == "absent") and state != "present":
            continue
        if member not in kept:
            kept.append(dict(member))
    if state != "absent":
        there = {(member["host"].lower(), member["port"]) for member in kept}
        kept.extend(
            {"host": member.host, "port": str(member.port)} for member in asked if (member.host.lower(), str(member.port)) not in there
        )
    return kept


def _check_list(
    wish: Mapping[str, Any], current: Mapping[str, Any], plain: Mapping[str, str], members: Sequence[Mapping[str, str]]
) -> None:
    host = plain.get("localMemberHost", current["parameters"].get("localMemberHost", "").strip())
    port = plain.get("localMemberPort", current["parameters"].get("localMemberPort", str(DEFAULT_MEMBER_PORT)).strip())
    if not host:
        raise OperatorError(
            "local_member_host is not set, here or in axis2.xml: the product would take the address of any of its interfaces. "
            "Set it to the address by which the other members reach this node."
        )
    known = []
    for member in members:
        # What an operator wrote by hand, such as a placeholder, stays in the list, but says nothing about the cluster.
        if host_problem(member["host"], ranges=True) is None and member["port"].isdigit():
            known.append(Member(member["host"], int(member["port"])))
    problems = member_problems(known, Member(host, check_port(port, "local_member_port, as it stands in axis2.xml,")))
    if problems:
        raise OperatorError(" ".join(problems))


def _concerns_members(wish: Mapping[str, Any]) -> bool:
    return wish.get("enabled") is True or any(
        wish.get(key) is not None for key in ("scheme", "local_member_host", "local_member_port", "members")
    )


def clustering_edits(wish: Mapping[str, Any], current: Mapping[str, Any] | None) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The edits of axis2.xml for a wish, in the form of xml_patch, and the secrets that they name.

    `wish` has the options of the module wka_members (and `kernel`, the kernel's version where it is known); what is None is left as it is.
    `current` is what read_clustering found.
    """
    if current is None:
        raise OperatorError(NO_SECTION)
    plain, secret = wanted_parameters(wish, current)
    scheme = plain.get("membershipScheme", effective_scheme(current))
    members = wanted_members(wish, current)
    if members is not None and scheme != "wka":
        raise OperatorError(
            f"members are given, but the membership scheme is {scheme}, and the product reads them with wka only. Set scheme to wka."
        )
    if scheme == "wka" and _concerns_members(wish):
        _check_list(wish, current, plain, current["members"] if members is None else members)

    section = "/axisconfig/clustering" + ("[1]" if current["sections"] > 1 else "")
    edits: list[dict[str, Any]] = []
    if wish.get("enabled") is not None:
        edits.append({"xpath": section, "attributes": {"enable": "true" if wish["enabled"] else "false"}})
    present = set(current["parameters"]) | set(current["parameter_counts"])
    texts = dict({name: literal(value) for name, value in plain.items()}, **{name: f"%{{{SECRET_PARAMETERS[name]}}}" for name in secret})
    anchor = "domain" if "domain" in present else "membershipScheme"
    for name in sorted(texts, key=_place):
        edit: dict[str, Any] = {"xpath": f"{section}/{_parameter(name, current)}", "text": texts[name]}
        if name not in present:
            edit["if_missing"] = ["uncomment", "create"]
            if name != anchor and anchor in present:
                edit["after"] = _parameter(anchor, current)
            present.add(name)
        # A created parameter follows the one it belongs to, and the next one created follows it.
        anchor = name
        edits.append(edit)
    if members is not None and members != current["members"]:
        edits.append(_members_edit(section, current, members))
    return edits, {SECRET_PARAMETERS[name]: value for name, value in secret.items()}


def clustering_result(wish: Mapping[str, Any], current: Mapping[str, Any] | None) -> dict[str, Any]:
    """The section as it stands after the edits, without its secrets."""
    if current is None:
        raise OperatorError(NO_SECTION)
    plain, _secret = wanted_parameters(wish, current)
    parameters = dict(current["parameters"], **plain)
    members = wanted_members(wish, current)
    host, port = parameters.get("localMemberHost"), parameters.get("localMemberPort", str(DEFAULT_MEMBER_PORT)).strip()
    return {
        "enabled": current["enabled"] if wish.get("enabled") is None else bool(wish["enabled"]),
        "domain": parameters.get("domain", DEFAULT_DOMAIN),
        "scheme": effective_scheme({"parameters": parameters}),
        "local_member_host": None if host is None else host.strip(),
        "local_member_port": int(port) if port.isdigit() else None,
        "members": [
            {"host": member["host"], "port": int(member["port"]) if member["port"].isdigit() else None}
            for member in (current["members"] if members is None else members)
        ],
    }


def _place(name: str) -> tuple[int, str]:
    """Where a parameter stands among those that are written: the scheme, what it reads, the domain and its password, the local member."""
    order = (
        "membershipScheme",
        "membershipSchemeClassName",
        "domain",
        "groupPassword",
        "mcastAddress",
        "mcastPort",
        "mcastTTL",
        "mcastTimeout",
    )
    last = ("localMemberHost", "localMemberPort")
    if name in order:
        return order.index(name), name
    return (len(order) + 1 + last.index(name) if name in last else len(order)), name


def _parameter(name: str, current: Mapping[str, Any]) -> str:
    quote = '"' if "'" in name else "'"
    if '"' in name:
        raise OperatorError("parameters: a name must not hold a double quote.")
    return f"parameter[@name={quote}{name}{quote}]" + ("[last()]" if current["parameter_counts"].get(name, 0) > 1 else "")


def _members_edit(section: str, current: Mapping[str, Any], members: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    edit: dict[str, Any] = {
        "xpath": f"{section}/members" + ("[1]" if current["member_lists"] > 1 else ""),
        "xml": {"members": [{"member": [{"hostName": literal(member["host"])}, {"port": member["port"]}]} for member in members]},
    }
    if not current["member_lists"]:
        edit["if_missing"] = ["create"]
        if current["has_group_management"]:
            edit["before"] = "groupManagement"
    return edit
