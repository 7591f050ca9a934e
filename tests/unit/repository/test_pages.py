# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What README and docs name is there: files, tests, variables, pages and their sections."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from tests.support.paths import REPOSITORY

# docs/coverage.md is made from docs/coverage.yml, which tests/unit/tools/test_coverage_docs.py
# holds; CONTRIBUTING.md has test_contributing.py.
PAGES = [
    path
    for path in (
        REPOSITORY / "README.md",
        REPOSITORY / "SECURITY.md",
        *sorted((REPOSITORY / "docs").glob("*.md")),
        *sorted((REPOSITORY / "roles").glob("*/README.md")),
    )
    if path.name != "coverage.md"
]
TOP = "changelogs collections demo docs inventories meta molecule playbooks plugins requirements"
TOP += " roles scripts tests"
PATH = re.compile(
    rf"`((?:{'|'.join(TOP.split())})/[\w./*<>{{}}-]*?[\w*])(?:::(\w+)|[`\s])", re.MULTILINE
)
TICKED = re.compile(r"`([^`\n]+)`")
# Made by a run, or an example.
MADE = ("tests/output", "roles/cluster/files/products/<id>/profile.yml")
QUESTIONS = 12


def problem(path: str, function: str, beside: Path = REPOSITORY) -> str | None:
    if path.startswith(MADE) or "plugins/a/" in path:
        return None
    pattern = re.sub(r"<\w+>", "*", path)
    found = [*REPOSITORY.glob(pattern), *beside.glob(pattern)]
    if not found:
        return f"there is no {path}"
    if function:
        tree = ast.walk(ast.parse(found[0].read_text(encoding="utf-8")))
        if function not in {node.name for node in tree if isinstance(node, ast.FunctionDef)}:
            return f"{path} has no {function}"
    return None


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    return {
        re.sub(r"[^\w\s-]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


def page_id(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def test_there_are_pages() -> None:
    assert len(PAGES) > 20
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert len(PATH.findall(text)) > 120
    assert len([name for name in TICKED.findall(text) if name in OPTIONS]) > 100


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_files_and_tests_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = PATH.findall(text)
    assert [error for names in found if (error := problem(*names, page.parent))] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _hash, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (
            anchor and anchor not in anchors(target.read_text(encoding="utf-8"))
        ):
            dead.append(link)
    assert dead == []


def test_references_of_the_readme_are_defined() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    defined = set(re.findall(r"^\[([^\]]+)\]: ", text, re.MULTILINE))
    used = set(re.findall(r"(?<![!\]])\[([\w./]+)\](?![:(])", text))
    assert len(used) > 10 and used == defined


OPTIONS: set[str] = set()
for _spec in sorted(REPOSITORY.glob("roles/*/meta/argument_specs.yml")):
    for _entry in yaml.safe_load(_spec.read_text(encoding="utf-8"))["argument_specs"].values():
        OPTIONS |= set(_entry.get("options") or {})
ROLES = sorted(path.name for path in (REPOSITORY / "roles").iterdir())
# Set by role cluster for the other roles, and groups that the playbooks make.
DERIVED = set(
    yaml.safe_load((REPOSITORY / "roles/cluster/vars/main.yml").read_text(encoding="utf-8"))
) | {"cluster_model"}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_variables_that_a_page_names_exist(page: Path) -> None:
    wrong = []
    for name in TICKED.findall(page.read_text(encoding="utf-8")):
        match = re.fullmatch(r"([a-z_]+)(?:[.:=\[].*)?", name)
        if match and match[1].startswith(tuple(f"{role}_" for role in ROLES)):
            known = OPTIONS | DERIVED
            if (
                match[1] not in known
                and not (REPOSITORY / f"plugins/modules/{match[1]}.py").exists()
            ):
                wrong.append(name)
    assert wrong == []


def test_the_architecture_answers_twelve_questions() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    contents = re.search(r"\n## Twelve questions\n\n((?:- \[.*\]\(#.*\)\n)+)", text)
    assert contents is not None
    asked = re.findall(r"- \[(.*)\]\(#(.*)\)", contents[1])
    assert len(asked) == QUESTIONS
    for question, anchor in asked:
        section = text.partition(f"\n### {question}\n")[2].partition("\n#")[0]
        assert anchor in anchors(f"# {question}")
        # An answer names a file or a page, and is read in a moment.
        assert "`" in section or "](" in section, question
        assert 0 < len(section.split()) <= 70, question


KINDS = [
    ("plugins/module_utils/_ports.py", "", None),
    ("plugins/module_utils/_harbours.py", "", "there is no plugins/module_utils/_harbours.py"),
    ("roles/<role>/README.md", "", None),
    ("tests/unit/repository/test_pages.py", "test_there_are_pages", None),
    (
        "tests/unit/repository/test_pages.py",
        "test_x",
        "tests/unit/repository/test_pages.py has no test_x",
    ),
]


@pytest.mark.parametrize(("path", "function", "error"), KINDS)
def test_what_is_missing_is_found(path: str, function: str, error: str | None) -> None:
    assert problem(path, function) == error
