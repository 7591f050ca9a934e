# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The edits that a run of the playbook made, so that each file can be made again without one of
them."""

from __future__ import annotations

import json
import shutil
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._clustering.edits import (
    clustering_edits,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._clustering.section import (
    read_clustering,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.home import (
    XML_FILES,
    parse,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.port_offset import (
    offset_edits,
)

SELECTORS = ("xpath", "key", "regexp", "find")
OPTIONS_OF_MEMBERS = (
    "domain enabled group_password scheme local_member_host local_member_port members state wka"
    " multicast aws kubernetes parameters"
)
ANOTHER = "mutation"


class Edit(t.NamedTuple):
    """One edit of one file, with what the file's entry says for all its edits."""

    side: str
    path: str
    entry: t.Mapping[str, t.Any]
    edit: t.Mapping[str, t.Any]
    secrets: t.Mapping[str, str]

    @property
    def name(self) -> str:
        """The same for all hosts and values."""
        selector = next(str(self.edit[key]) for key in SELECTORS if self.edit.get(key) is not None)
        does = [key for key in ("text", "value", "replace", "xml", "state") if key in self.edit]
        attributes = "".join(" @" + name for name in self.edit.get("attributes", {}))
        properties = "".join(" " + name for name in self.edit.get("properties", {}))
        return "{0} {1} {2} ({3}{4}{5})".format(
            self.side, self.path, selector, " ".join(does), attributes, properties
        )


def edits_of(
    lines: list[str],
    homes: t.Mapping[str, Path],
    stock: t.Mapping[str, Path],
    sides: t.Mapping[str, str],
) -> dict[str, list[Edit]]:
    """By host, in the order in which they were made."""
    found: dict[str, list[Edit]] = {host: [] for host in homes}
    for line in lines:
        call = json.loads(line)
        host, arguments = call["host"], call["arguments"]
        home = homes[host]
        secrets: t.Mapping[str, str] = arguments.get("secrets") or {}
        if call["module"] == "carbon_offset":
            files = [
                {
                    "path": str(home / XML_FILES["carbon"]),
                    "edits": offset_edits(arguments["offset"]),
                }
            ]
        elif call["module"] == "wka_members":
            path = stock[host] / XML_FILES["axis2"]
            desired = {
                **dict.fromkeys(OPTIONS_OF_MEMBERS.split()),
                "state": "exact",
                "kernel": None,
                **arguments,
            }
            edits, secrets = clustering_edits(desired, read_clustering(parse(path)))
            files = [{"path": str(home / XML_FILES["axis2"]), "edits": edits}]
        else:
            files = arguments["files"]
        for file in files:
            entry = {key: value for key, value in file.items() if key not in ("path", "edits")}
            path = str(Path(file["path"]).relative_to(home))
            found[host] += [Edit(sides[host], path, entry, edit, secrets) for edit in file["edits"]]
    return found


def made(stock: Path, edits: list[Edit]) -> bytes | None:
    """The content of the file that all these edits are of, made from its stock content; nothing
    where it is in no such home."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / stock.name
        if stock.exists():
            shutil.copyfile(stock, path)
        secrets = {name: value for edit in edits for name, value in edit.secrets.items()}
        if edits:
            patch_files(
                [{**edit.entry, "path": str(path), "edits": [edit.edit]} for edit in edits], secrets
            )
        return path.read_bytes() if path.exists() else None


def moved(stock: bytes, edit: Edit, name: str) -> bytes | None:
    """The file with another value where the edit puts its own; nothing where it cannot have one, as
    the product does not have the place."""
    other: dict[str, t.Any] = dict(edit.edit)
    for key in ("text", "value"):
        if key in other:
            other[key] = ANOTHER
    if "attributes" in other:
        other["attributes"] = dict.fromkeys(other["attributes"], ANOTHER)
    if "xml" in other or "regexp" in other or "find" in other:
        return None
    if other.get("state") == "absent":
        other = {"xpath": other.get("xpath"), "text": ANOTHER, "if_missing": ["create"]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(stock)
        try:
            patch_files([{**edit.entry, "path": str(path), "edits": [other]}], dict(edit.secrets))
        except OperatorError:
            return None
        content = path.read_bytes()
    return content if content != stock else None
