# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The edits that bring the clustering section of axis2.xml to what is desired."""

from __future__ import annotations

import typing as t

from .._editor.secrets import literal
from .._errors import OperatorError
from .._ports import check_port
from .members import DEFAULT_MEMBER_PORT, Member, host_problem, member_problems, parse_member
from .schemes import wanted_parameters
from .section import DEFAULT_DOMAIN, SECRET_PARAMETERS, effective_scheme

NO_SECTION = (
    "axis2.xml has no active clustering section. Put back the one of the product's own file."
)


def wanted_members(
    desired: t.Mapping[str, t.Any], current: t.Mapping[str, t.Any]
) -> list[dict[str, str]] | None:
    """The list of members after the edit; None when nothing is said about members.

    The order has no meaning to the product: members that stay keep their places, and new ones go to
    the end.
    """
    if desired.get("members") is None:
        return None
    state = desired.get("state") or "exact"
    asked = [parse_member(entry) for entry in desired["members"]]
    # Repeated members of the options themselves are refused here, where the result could no longer
    # show them.
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
            {"host": member.host, "port": str(member.port)}
            for member in asked
            if (member.host.lower(), str(member.port)) not in there
        )
    return kept


def _check_list(
    desired: t.Mapping[str, t.Any],
    current: t.Mapping[str, t.Any],
    plain: t.Mapping[str, str],
    members: t.Sequence[t.Mapping[str, str]],
) -> None:
    host = plain.get("localMemberHost", current["parameters"].get("localMemberHost", "").strip())
    port = plain.get(
        "localMemberPort",
        current["parameters"].get("localMemberPort", str(DEFAULT_MEMBER_PORT)).strip(),
    )
    if not host:
        raise OperatorError(
            "local_member_host is not set, here or in axis2.xml: the product would take the address"
            " of any of its interfaces. Set it to the address by which the other members reach this"
            " node."
        )
    known = []
    for member in members:
        # What an operator wrote by hand, such as a placeholder, stays in the list, but says nothing
        # about the cluster.
        if host_problem(member["host"], ranges=True) is None and member["port"].isdigit():
            known.append(Member(member["host"], int(member["port"])))
    problems = member_problems(
        known, Member(host, check_port(port, "local_member_port, as it is in axis2.xml,"))
    )
    if problems:
        raise OperatorError(" ".join(problems))


def _concerns_members(desired: t.Mapping[str, t.Any]) -> bool:
    return desired.get("enabled") is True or any(
        desired.get(key) is not None
        for key in ("scheme", "local_member_host", "local_member_port", "members")
    )


def clustering_edits(
    desired: t.Mapping[str, t.Any], current: t.Mapping[str, t.Any] | None
) -> tuple[list[dict[str, t.Any]], dict[str, str]]:
    """The edits of axis2.xml for what is desired, in the form of xml_patch, with the secrets that
    they name.

    `desired` has the options of the module wka_members (and `kernel`, the kernel's version where it
    is known); what is None is left as it is. `current` is what read_clustering found.
    """
    if current is None:
        raise OperatorError(NO_SECTION)
    plain, secret = wanted_parameters(desired, current)
    scheme = plain.get("membershipScheme", effective_scheme(current))
    members = wanted_members(desired, current)
    if members is not None and scheme != "wka":
        raise OperatorError(
            f"members are given, but the membership scheme is {scheme}, and the product reads them"
            " with wka only. Set scheme to wka."
        )
    if scheme == "wka" and _concerns_members(desired):
        _check_list(desired, current, plain, current["members"] if members is None else members)

    section = "/axisconfig/clustering" + ("[1]" if current["sections"] > 1 else "")
    edits: list[dict[str, t.Any]] = []
    if desired.get("enabled") is not None:
        edits.append(
            {"xpath": section, "attributes": {"enable": "true" if desired["enabled"] else "false"}}
        )
    present = set(current["parameters"]) | set(current["parameter_counts"])
    texts = dict(
        {name: literal(value) for name, value in plain.items()},
        **{name: f"%{{{SECRET_PARAMETERS[name]}}}" for name in secret},
    )
    anchor = "domain" if "domain" in present else "membershipScheme"
    for name in sorted(texts, key=_place):
        edit: dict[str, t.Any] = {
            "xpath": f"{section}/{_parameter(name, current)}",
            "text": texts[name],
        }
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


def clustering_result(
    desired: t.Mapping[str, t.Any], current: t.Mapping[str, t.Any] | None
) -> dict[str, t.Any]:
    """The section as it is after the edits, without its secrets."""
    if current is None:
        raise OperatorError(NO_SECTION)
    plain, _secret = wanted_parameters(desired, current)
    parameters = dict(current["parameters"], **plain)
    members = wanted_members(desired, current)
    host, port = (
        parameters.get("localMemberHost"),
        parameters.get("localMemberPort", str(DEFAULT_MEMBER_PORT)).strip(),
    )
    return {
        "enabled": current["enabled"]
        if desired.get("enabled") is None
        else bool(desired["enabled"]),
        "domain": parameters.get("domain", DEFAULT_DOMAIN),
        "scheme": effective_scheme({"parameters": parameters}),
        "local_member_host": None if host is None else host.strip(),
        "local_member_port": int(port) if port.isdigit() else None,
        "members": [
            {
                "host": member["host"],
                "port": int(member["port"]) if member["port"].isdigit() else None,
            }
            for member in (current["members"] if members is None else members)
        ],
    }


def _place(name: str) -> tuple[int, str]:
    """Where a parameter is among those that are written: the scheme, what it reads, the domain
    and its password, the local member."""
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


def _parameter(name: str, current: t.Mapping[str, t.Any]) -> str:
    quote = '"' if "'" in name else "'"
    if '"' in name:
        raise OperatorError("parameters: a name must not hold a double quote.")
    return f"parameter[@name={quote}{name}{quote}]" + (
        "[last()]" if current["parameter_counts"].get(name, 0) > 1 else ""
    )


def _members_edit(
    section: str, current: t.Mapping[str, t.Any], members: t.Sequence[t.Mapping[str, str]]
) -> dict[str, t.Any]:
    edit: dict[str, t.Any] = {
        "xpath": f"{section}/members" + ("[1]" if current["member_lists"] > 1 else ""),
        "xml": {
            "members": [
                {"member": [{"hostName": literal(member["host"])}, {"port": member["port"]}]}
                for member in members
            ]
        },
    }
    if not current["member_lists"]:
        edit["if_missing"] = ["create"]
        if current["has_group_management"]:
            edit["before"] = "groupManagement"
    return edit
