# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The plan of the house, from the imports: docs/architecture.md says which room is above which."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

PLUGINS = REPOSITORY / "plugins"
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60
COLLECTION = "ansible_collections.carbon_ops.key_manager.plugins."

# The floors of each wing, from the ground up: a room imports from lower floors and its own package.
NODE = (
    ("_errors", "_addresses", "_command"),
    ("_ports", "_files", "_module"),
    ("_editor",),
    ("_clustering", "_health", "_keystore", "_database"),
    ("_home",),
    ("_server",),
)
CONTROLLER = (
    ("_argument_specs",),
    ("_model",),
    (
        "_certificates",
        "_database_server",
        "_edits",
        "_firewall",
        "_nginx",
        "_packages",
        "_product_archive",
        "_surveys",
        "_verify",
    ),
    ("_sources",),
    ("_inventory",),
    ("_preflight",),
)


def sources() -> list[Path]:
    return [path for path in sorted(PLUGINS.rglob("*.py")) if not path.is_symlink()]


def room(path: Path) -> str:
    """The package or file of a wing that a file belongs to, as plugins/module_utils/_home."""
    parts = path.relative_to(PLUGINS).parts
    return "/".join(parts[:2]).replace(".py", "")


def imported(path: Path) -> set[str]:
    """The rooms that a file imports, imports inside functions and for types included."""
    here = path.relative_to(PLUGINS).with_suffix("").parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = here[: len(here) - node.level]
            names = [*base, *(node.module or "").split(".")] if node.module else [*base]
        elif (node.module or "").startswith(COLLECTION):
            names = str(node.module)[len(COLLECTION) :].split(".")
        else:
            continue
        for alias in node.names:
            parts = (*names, alias.name)
            found.add("/".join(parts[:2]))
    return found - {room(path)}


def floors() -> dict[str, tuple[str, int]]:
    wings = {"module_utils": NODE, "plugin_utils": CONTROLLER}
    return {
        f"{wing}/{name}": (wing, level)
        for wing, levels in wings.items()
        for level, names in enumerate(levels)
        for name in names
    }


def test_every_room_has_a_floor() -> None:
    rooms = {room(path) for path in sources() if room(path).split("/")[0].endswith("_utils")}
    assert rooms == set(floors())


def test_no_import_leads_upward_or_across() -> None:
    known = floors()
    wrong = []
    for path in sources():
        here = room(path)
        if here not in known:
            continue
        wing, level = known[here]
        for other in imported(path) & set(known):
            other_wing, other_level = known[other]
            down = other_wing == wing and other_level < level
            to_the_nodes = wing == "plugin_utils" and other_wing == "module_utils"
            if not (down or to_the_nodes):
                wrong.append(f"{path.relative_to(PLUGINS)} imports {other}")
    assert wrong == []


def test_what_a_node_gets_knows_nothing_of_the_controller() -> None:
    wrong = [
        f"{path.relative_to(PLUGINS)} imports {other}"
        for path in sources()
        if path.relative_to(PLUGINS).parts[0] in ("modules", "module_utils")
        for other in imported(path)
        if other.startswith("plugin_utils/")
    ]
    assert wrong == []


def test_no_circle_within_a_room() -> None:
    """Files of one package import each other in one direction, types aside."""
    for package in sorted(path for path in PLUGINS.glob("*_utils/_*") if path.is_dir()):
        arrows = {
            path: {
                found
                for node in ast.parse(path.read_text(encoding="utf-8")).body
                if isinstance(node, ast.ImportFrom) and node.level
                for found in [
                    path.parents[node.level - 1]
                    .joinpath(*(node.module or "").split("."))
                    .with_suffix(".py")
                ]
                if found.is_file() and package in found.parents
            }
            for path in package.rglob("*.py")
        }
        left = dict(arrows)
        while left:
            free = [path for path, needs in left.items() if not needs & set(left)]
            assert free, f"{package.name}: a circle among {sorted(path.stem for path in left)}"
            for path in free:
                del left[path]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PLUGINS)))
def test_rooms_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_OF_A_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LINES_OF_A_FUNCTION, f"{node.name} has {length} lines"


def test_no_test_changes_the_path_of_imports() -> None:
    """pyproject.toml names the two roots; what tests share is imported by its full name."""
    # A program of its own, which is measured without anything else.
    allowed = {"tests/benchmark/worker.py"}
    files = [
        path for folder in ("tests", "molecule") for path in REPOSITORY.glob(f"{folder}/**/*.py")
    ]
    assert len(files) > 100
    found = {
        str(path.relative_to(REPOSITORY))
        for path in files
        if "fixtures" not in path.parts and "output" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Subscript, ast.Call))
        and re.match(
            r"(sys\.path(\.(insert|append|extend)\(|\[.*:)|.*syspath_prepend\()", ast.unparse(node)
        )
    }
    assert found - allowed == set()


def test_packages_have_no_init() -> None:
    assert list(PLUGINS.rglob("__init__.py")) == []
