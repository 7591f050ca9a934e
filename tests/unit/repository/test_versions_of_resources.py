# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The registry makes no version of each resource that changes (requirement RG2), even where an
operator had it do so.

The products ship with this value, so no test on their own files would miss the edit.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)

OPTION = "versionResourcesOnChange"
FILES = {
    "km_node": ("registry.yml", "__km_node_registry", None),
    "apim_wiring": (
        "api_manager_registry.yml",
        "__apim_wiring_api_manager_registry",
        "__apim_wiring_registry_mounts",
    ),
}


@pytest.mark.parametrize("role", FILES)
def test_no_version_is_made_wherever_it_stands(role: str, repository: Path, tmp_path: Path) -> None:
    name, variable, list_of_edits = FILES[role]
    variables = yaml.safe_load(
        (repository / "roles" / role / "vars" / "main" / name).read_text(encoding="utf-8")
    )
    data = variables[variable]
    edits = [
        edit for edit in variables.get(list_of_edits, data["edits"]) if edit["xpath"] == OPTION
    ]
    assert edits
    registry = tmp_path / "registry.xml"
    stock = (repository / "tests" / "fixtures" / "editor" / "registry.xml").read_text(
        encoding="utf-8"
    )
    off, on = (f"<{OPTION}>{word}</{OPTION}>" for word in ("false", "true"))
    assert stock.count(off) == 2
    registry.write_text(stock.replace(off, on), encoding="utf-8")
    patch_files([{"path": str(registry), "root": data["root"], "edits": edits}], {})
    assert registry.read_text(encoding="utf-8") == stock
