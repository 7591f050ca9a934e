# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""docs/coverage.yml has every requirement and names only what exists; docs/coverage.md is made of
it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs.tools import coverage_docs as table


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / "docs" / "coverage.yml").read_text(encoding="utf-8")


def test_every_requirement_names_what_exists(text: str) -> None:
    assert table.problems(text) == []


def test_the_requirements_are_those_of_the_project(text: str, shared: Path) -> None:
    requirements = shared / "REQUIREMENTS.md"
    if not requirements.is_file():
        pytest.skip(
            "the requirements are not beside the real product files: set CARBON_OPS_SHARED to the"
            " folder that has both"
        )
    assert table.problems(text, table=requirements.read_text(encoding="utf-8")) == []


def test_every_requirement_has_a_test_in_the_plain_run(text: str, repository: Path) -> None:
    """What is marked slow, and the scenarios beside the default one, are left out by scripts/test
    without --long."""
    # Molecule's tests are collected too, and scripts/test --cores does without them.
    pytest.importorskip("testinfra", reason="only scripts/test has what Molecule's tests need")
    named = {
        row["id"]: row["tests"]
        for row in table.requirements(yaml.safe_load(text))
        if row.get("tests")
    }
    assert len(named) > 50
    files = sorted(
        {
            reference.partition("::")[0]
            for references in named.values()
            for reference in references
            if re.match("(?!molecule/)|molecule/default/", reference)
        }
    )
    paths = [file if file.startswith("molecule/") else f"tests/{file}" for file in files]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q"),
            *("-m", "not slow", "--continue-on-collection-errors", *paths),
        ],
        cwd=repository,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    collected = {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}
    assert collected, done.stdout + done.stderr
    without = [
        name
        for name, references in named.items()
        if not any(
            place + reference.partition("[")[0] in collected
            for reference in references
            for place in ("tests/", "")
        )
    ]
    assert without == []


def test_the_page_says_all_of_it() -> None:
    row = {
        "id": "ZZ1",
        "requirement": "Doors have locks.",
        "done_by": "role doors",
        "variables": ["doors_lock"],
        "places": ["doors/lock", "roles/doors/tasks/main.yml (the key)"],
        "tests": ["unit/test_doors.py::test_they_lock"],
        "seen": "server: the front door",
    }
    place = {
        "server": "both",
        "file": "door.xml",
        "value": "the lock",
        "elements": ["Lock"],
        "which": "each door",
        "variables": ["doors_lock"],
        "source": "roles/doors/vars/main.yml",
        "test": "unit/test_doors.py::test_they_lock",
    }
    page = table.render(
        {
            "introduction": "About.\n",
            "requirements": [{"title": "Doors", "rows": [row]}],
            "about_steps": "Steps.\n",
            "steps": [
                {
                    "document": "How to build",
                    "rows": [
                        {"step": "Lock it", "requirements": ["ZZ1"]},
                        {
                            "step": "Lock it twice",
                            "requirements": ["ZZ1", "ZZ2"],
                            "otherwise": "once will do",
                        },
                    ],
                }
            ],
            "about_places": "Places.\n",
            "places": [place],
            "left_alone": [{"place": "windows", "reason": "they are glass"}],
        }
    )
    assert (
        page.partition("-->\n\n")[2]
        == """About.

## Doors

### ZZ1

Doors have locks.

- **Done by**: role doors
- **Variables**: `doors_lock`
- **Place**: `doors/lock`, `roles/doors/tasks/main.yml` (the key)
- **Seen**: server: the front door
- **Tests**:
  - `unit/test_doors.py::test_they_lock`

## The documents, step by step

Steps.

### How to build

- Lock it: ZZ1.
- Lock it twice: ZZ1, ZZ2. Once will do.

## Settings that API Manager or both products get

Places.

- **both, `door.xml`**: the lock.
  - Elements: `Lock`, each door.
  - Variables: `doors_lock`.
  - Set in `roles/doors/vars/main.yml`.
  - Test: `unit/test_doors.py::test_they_lock`.

## What WSO2's automation sets and this collection does not

- windows: they are glass.
"""
    )


WRONG = [
    ("- id: HP1\n", "- id: HP0\n", "HP1 is missing"),
    ("- id: HP1\n", "- id: HP2\n", "HP2 comes several times"),
    (
        "- cluster_remote_ip_valve\n",
        "- cluster_remote_ip_valv\n",
        "HP2: cluster_remote_ip_valv is in no argument spec",
    ),
    (
        "- cluster_database.layout\n",
        "- cluster_database.layuot\n",
        "DB1: cluster_database.layuot is in no argument spec",
    ),
    ("- km_node/shindig_web\n", "- km_node/shindig\n", "UI2: there is no km_node/shindig"),
    (
        "- integration/edge/test_loaded.py::",
        "- integration/edge/test_load.py::",
        "LB4: there is no test file integration/edge/test_load.py",
    ),
    (
        "test_what_is_owed_follows_from_what_changed",
        "test_nothing",
        "LB4: integration/edge/test_loaded.py has no test test_nothing",
    ),
    ("[one offset twice]", "[one offset thrice]", "has no case with the words one offset thrice"),
    ("  later: a drift", "  soon: a drift", "OP4: seen begins with none of server,"),
    ("  later: a drift", "  unit: a drift", "OP4: it names no test"),
    (
        "step: Proxy ports, requirements: [HP1]",
        "step: Proxy ports, requirements: [HP9]",
        "the step Proxy ports names HP9, which is no requirement",
    ),
    (
        "step: Proxy ports, requirements: [HP1]",
        "step: Proxy ports, requirements: []",
        "the step Proxy ports names no requirement",
    ),
    ("step: Proxy ports,", "step: Install,", "the step Install comes twice in Setting Up"),
]


@pytest.mark.parametrize(("right", "wrong", "sentence"), WRONG, ids=[row[2][:60] for row in WRONG])
def test_what_is_wrong_is_told(right: str, wrong: str, sentence: str, text: str) -> None:
    assert right in text
    assert any(sentence in error for error in table.problems(text.replace(right, wrong)))


def test_requirements_of_the_project_and_of_the_page_are_held_equal(text: str) -> None:
    errors = table.problems(text, table="| IN1 | + | x |\n| IN2 | + | x |\n| ZZ1 | + | x |\n")
    assert "docs/coverage.yml: ZZ1 is missing" in errors
    assert "docs/coverage.yml: OP10 is no requirement" in errors
    assert "docs/coverage.yml: IN1 is no requirement" not in errors
