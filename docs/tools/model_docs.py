# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Write docs/model.md from the types of the model, or with --check say whether it is stale."""

from __future__ import annotations

import argparse
import ast
import sys
import typing as t
from pathlib import Path

from docs.tools.markdown_text import wrapped

REPOSITORY = Path(__file__).resolve().parents[2]
TYPES = REPOSITORY / "plugins" / "plugin_utils" / "_model" / "types.py"
PAGE = REPOSITORY / "docs" / "model.md"
HEAD = """# The model of a cluster

<!-- Written by scripts/docs from plugins/plugin_utils/_model/types.py: edit that file. -->

The variable `cluster_model`, derived once from the whole inventory on the controller. Roles read
it, and nothing else, to know their cluster. `cluster_node` is the host's own entry of `hosts`.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when it is stale")
    arguments = parser.parse_args()
    page = render(TYPES.read_text(encoding="utf-8"))
    if not arguments.check:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
        print(f"{PAGE.relative_to(REPOSITORY)} is stale: run scripts/docs.", file=sys.stderr)
        return 1
    return 0


def render(source: str) -> str:
    """The page: the model first, then what it is made of, in the order of the file."""
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    names = {node.name for node in classes}
    ordered = sorted(classes, key=lambda node: node.name != "Model")
    return HEAD + "".join(section(node, names) for node in ordered)


def section(node: ast.ClassDef, names: t.Collection[str]) -> str:
    rows = "".join(
        f"| `{key}` | {kind(annotation, names)} | {text} |\n"
        for key, annotation, text in keys(node)
    )
    about = " ".join((ast.get_docstring(node) or "").split())
    return f"\n## {node.name}\n\n{wrapped(about)}\n\n| key | type | what |\n|---|---|---|\n{rows}"


def keys(node: ast.ClassDef) -> t.Iterator[tuple[str, ast.expr, str]]:
    """Each key with its type and the text below it."""
    for field, below in zip(node.body, node.body[1:]):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = ""
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                text = " ".join(str(below.value.value).split())
            yield field.target.id, field.annotation, text


def kind(annotation: ast.expr, names: t.Collection[str]) -> str:
    """A type as people write it, linked to its section."""
    text = ast.unparse(annotation)
    for old, new in (
        ("Names", "list[str]"),
        ("Data", "dict"),
    ):
        text = text.replace(old, new)
    text = text.replace(" | None", " or null")
    for name in sorted(names, key=len, reverse=True):
        if name in text:
            return text.replace(name, f"[{name}](#{name.lower()})")
    return text


if __name__ == "__main__":
    sys.exit(main())
