# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What runs on the nodes runs on Python 3.8, which Red Hat 8 may have: ansible-test has the
controller's Python only to try it with."""

from __future__ import annotations

import ast
import sys
import typing as t
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

SOURCES = sorted(
    path
    for folder in ("modules", "module_utils")
    for path in (REPOSITORY / "plugins" / folder).rglob("*.py")
)
GENERIC = {"dict", "frozenset", "list", "set", "tuple", "type"}
# Of the standard library, what came after 3.8 and would stop a module where it stands.
LATER_NAMES = {
    *(
        "removeprefix",
        "removesuffix",
        "is_relative_to",
        "hardlink_to",
        "with_stem",
        "cache",
        "randbytes",
        "pairwise",
    ),
    *("bit_count", "batched", "file_digest", "aclosing", "walk_up", "add_note"),
}
LATER_MODULES = {"graphlib", "tomllib", "zoneinfo"}
LATER_KEYWORDS = {
    ("zip", "strict"),
    ("open", "encoding_errors"),
    ("sum", "strict"),
    ("dataclass", "slots"),
    ("dataclass", "kw_only"),
}


def evaluated(node: ast.AST) -> t.Iterator[ast.AST]:
    """All but what mypy alone reads and the annotations, which `from __future__ import annotations`
    leaves as texts."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") or (
            name == "body"
            and isinstance(node, ast.If)
            and ast.unparse(node.test) == "t.TYPE_CHECKING"
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from evaluated(child)


def later(source: str) -> list[str]:
    """What Python 3.8 does not know of it."""
    try:
        tree = ast.parse(source, feature_version=(3, 8))
    except SyntaxError as error:
        return [f"line {error.lineno}: {error.msg}"]
    found = []
    for node in evaluated(tree):
        line = getattr(node, "lineno", 0)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id in GENERIC
        ):
            found.append(f"line {line}: {node.value.id}[…]")
        # os.readlink is old, that of a path is not.
        elif isinstance(node, ast.Attribute) and (
            node.attr in LATER_NAMES
            or (node.attr == "readlink" and ast.unparse(node.value) != "os")
        ):
            found.append(f"line {line}: .{node.attr}")
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {getattr(node, "module", None) or "", *(alias.name for alias in node.names)}
            found += [
                f"line {line}: {name}" for name in sorted(names & (LATER_MODULES | LATER_NAMES))
            ]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")[-1]
            found += [
                f"line {line}: {called}({word.arg}=)"
                for word in node.keywords
                if (called, word.arg) in LATER_KEYWORDS
            ]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_code_of_the_nodes_runs_on_python_3_8(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert later(source) == []
    # Without it the annotations above would be evaluated.
    assert "from __future__ import annotations" in source or not any(
        getattr(node, "annotation", None) or getattr(node, "returns", None)
        for node in ast.walk(ast.parse(source))
    )


@pytest.mark.parametrize(
    "source",
    [
        "match a:\n    case 1: pass",
        pytest.param(
            "with (open(a) as b, open(c) as d): pass",
            marks=pytest.mark.skipif(
                not (3, 10) <= sys.version_info < (3, 12),
                reason="the parsers of 3.9 and from 3.12 on take it for one of 3.8's",
            ),
        ),
        "Names = dict[str, int]",
        "a.removeprefix('b')",
        "zip(a, b, strict=True)",
        "import zoneinfo",
        "from functools import cache",
        "try: pass\nexcept* OSError: pass",
        "@dataclass(slots=True)\nclass A: pass",
    ],
)
def test_what_is_looked_for_is_found(source: str) -> None:
    assert later(source), source


def test_what_3_8_knows_is_let_pass() -> None:
    assert (
        later(
            "from __future__ import annotations\ndef f(a: dict[str, int] | None = None, /) ->"
            " list[str]:\n    return (b := [])\n"
        )
        == []
    )
