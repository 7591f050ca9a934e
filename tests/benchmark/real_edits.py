# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The 62 edits of shared/benchmark/edits.yml in the form of module xml_patch."""

from __future__ import annotations

import typing as t


def _data(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    ((name, content),) = entry.items()
    if not isinstance(content, dict):
        return {name: content}
    attributes = {f"@{key}": value for key, value in content.items() if key != "_"}
    return {
        name: [
            *([attributes] if attributes else []),
            *(_data(child) for child in content.get("_", [])),
        ]
    }


UNCOMMENTED = {
    "localMemberBindAddress": (
        "/axisconfig/clustering/parameter[@name='localMemberBindAddress']",
        "10.0.0.11",
    ),
    "localMemberBindPort": (
        "/axisconfig/clustering/parameter[@name='localMemberBindPort']",
        "4100",
    ),
    "UserEPUrl": ("/Server/SCIM2/UserEPUrl", "https://km.bank.example/scim2/Users"),
    "GroupEPUrl": ("/Server/SCIM2/GroupEPUrl", "https://km.bank.example/scim2/Groups"),
    "ThriftServerPort": ("/APIManager/APIKeyValidator/ThriftServerPort", "10397"),
}


def benchmark_edits(entry: dict[str, t.Any]) -> t.Iterator[dict[str, t.Any]]:
    for setting in entry.get("set", []):
        xpath = setting["xpath"].replace("c:", "")
        if "attribute" in setting:
            yield {"xpath": xpath, "attributes": {setting["attribute"]: setting["value"]}}
        elif "set_children" in setting:
            yield {
                "xpath": xpath,
                "xml": {"members": [_data(child) for child in setting["set_children"]]},
            }
        else:
            yield {
                "xpath": xpath,
                "text": setting["value"],
                "if_missing": ["create"] if "dbConfig" in xpath else ["fail"],
            }
    for addition in entry.get("add", []):
        yield {"xpath": addition["guard"], "xml": _data(addition["add"]), "if_missing": ["create"]}
    for replacement in entry.get("replace", []):
        xpath, text = next(
            value for name, value in UNCOMMENTED.items() if name in replacement["regexp"]
        )
        yield {"xpath": xpath, "text": text, "if_missing": ["uncomment"]}
