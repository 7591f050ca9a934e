# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What README says of the licences is what the files say. That each file says something, `reuse lint` checks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
LICENCE = re.compile(r"^# SPDX-Licen[s]e-Identifier: (.*)$", re.MULTILINE)
# What a module gets from Ansible on a host is under a licence that permits everything.
PERMISSIVE = ("ansible.module_utils.", "ansible_collections.")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(f"{alias.name}." for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(f"{node.module}.")
    return found


def test_plugins_are_under_the_gpl_and_module_utils_under_apache() -> None:
    seen = set()
    for path in sorted((REPOSITORY / "plugins").rglob("*.py")):
        kind = path.relative_to(REPOSITORY / "plugins").parts[0]
        wanted = "Apache-2.0" if kind == "module_utils" else "GPL-3.0-or-later"
        assert LICENCE.findall(path.read_text(encoding="utf-8")) == [wanted], path
        seen.add(kind)
    assert {
        "action",
        "doc_fragments",
        "filter",
        "lookup",
        "module_utils",
        "modules",
        "plugin_utils",
    } <= seen


def test_what_imports_ansible_itself_is_under_the_gpl() -> None:
    seen = 0
    for path in sorted((REPOSITORY / "plugins").rglob("*.py")):
        if any(
            name.startswith("ansible.") and not name.startswith(PERMISSIVE)
            for name in imports(path)
        ):
            seen += 1
            assert LICENCE.findall(path.read_text(encoding="utf-8")) == ["GPL-3.0-or-later"], path
    assert seen >= 5


def test_the_text_of_each_licence_is_there() -> None:
    assert {path.name for path in (REPOSITORY / "LICENSES").iterdir()} == {
        "Apache-2.0.txt",
        "GPL-3.0-or-later.txt",
    }
    assert (REPOSITORY / "LICENSE").read_bytes() == (
        REPOSITORY / "LICENSES" / "Apache-2.0.txt"
    ).read_bytes()
