# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The clustering section of axis2.xml as the product reads it."""

from __future__ import annotations

import typing as t

# What Axis2 takes where the file names no domain.
DEFAULT_DOMAIN = "apache.axis2.domain"

SECRET_PARAMETERS = {
    "groupPassword": "group_password",
    "accessKey": "aws_access_key",
    "secretKey": "aws_secret_key",
    "access-key": "aws_access_key",
    "secret-key": "aws_secret_key",
}


def _text(element: t.Any) -> str:
    """The text as Axiom's OMElement.getText gives it: all text directly below the element, without
    comments."""
    return "".join([element.text or ""] + [child.tail or "" for child in element])


def _elements(parent: t.Any, name: str) -> list[t.Any]:
    # Comments and processing instructions have a tag that is no string.
    return [child for child in parent if isinstance(child.tag, str) and child.tag == name]


def read_clustering(axisconfig: t.Any) -> dict[str, t.Any] | None:
    """The clustering section as Axis2 and the Hazelcast agent read it, from the root element of
    axis2.xml.

    The first clustering section and its first list of members count, and the last of several
    parameters of one name.
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
                properties = {
                    p.get("name", ""): p.get("value", "") for p in _elements(element, "property")
                }
            continue
        parameters[name] = _text(element)
    lists = _elements(section, "members")
    members = []
    for element in _elements(lists[0], "member") if lists else []:
        host, port = _elements(element, "hostName"), _elements(element, "port")
        members.append(
            {
                "host": _text(host[0]).strip() if host else "",
                "port": _text(port[0]).strip() if port else "",
            }
        )
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


def effective_scheme(current: t.Mapping[str, t.Any]) -> str:
    """The membership scheme that the agent uses: multicast when the file names none."""
    return str(current["parameters"].get("membershipScheme", "multicast")).strip()
