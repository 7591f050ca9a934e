# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""docs/coverage.md has a row for every requirement, and names only what exists."""

from __future__ import annotations

import importlib.util
import typing as t
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def table(repository: Path) -> t.Any:
    spec = importlib.util.spec_from_file_location(
        "coverage_table", repository / "scripts" / "lib" / "coverage_table.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def text(repository: Path) -> str:
    return (repository / "docs" / "coverage.md").read_text(encoding="utf-8")


def test_every_requirement_has_a_row_that_names_what_exists(table: t.Any, text: str) -> None:
    assert table.problems(text) == []


def test_the_rows_are_those_of_the_requirements(table: t.Any, text: str, shared: Path) -> None:
    requirements = shared / "REQUIREMENTS.md"
    if not requirements.is_file():
        pytest.skip(
            "the requirements are not beside the real product files: set CARBON_OPS_SHARED to the"
            " folder that has both"
        )
    assert table.problems(text, requirements=requirements.read_text(encoding="utf-8")) == []


WRONG = [
    ("| HP1 |", "| HP0 |", "HP1 has no row"),
    ("| HP1 |", "| HP2 |", "HP2 has several rows"),
    ("HP1-4, ", "HP1-3, ", "HP4 is not in the line of requirements"),
    (
        "`cluster_remote_ip_valve`",
        "`cluster_remote_ip_valv`",
        "HP2: cluster_remote_ip_valv is in no argument spec",
    ),
    (
        "`cluster_database.layout`",
        "`cluster_database.layuot`",
        "DB1: cluster_database.layuot is in no argument spec",
    ),
    ("`km_node/shindig_web`", "`km_node/shindig`", "UI2: there is no km_node/shindig"),
    (
        "`integration/edge/test_loaded.py::",
        "`integration/edge/test_load.py::",
        "LB4: there is no test file integration/edge/test_load.py",
    ),
    (
        "test_what_is_owed_follows_from_what_changed",
        "test_nothing",
        "LB4: integration/edge/test_loaded.py has no test test_nothing",
    ),
    ("[one offset twice]", "[one offset thrice]", "has no case with the words one offset thrice"),
    ("| later: a drift", "| soon: a drift", "OP4: the last column begins with none of server,"),
    ("| later: a drift", "| unit: a drift", "OP4: it names no test"),
]


@pytest.mark.parametrize(("right", "wrong", "sentence"), WRONG, ids=[row[2][:60] for row in WRONG])
def test_what_is_wrong_is_told(
    right: str, wrong: str, sentence: str, table: t.Any, text: str
) -> None:
    assert right in text
    assert any(sentence in error for error in table.problems(text.replace(right, wrong)))


def test_requirements_and_the_line_of_ids_are_held_equal(table: t.Any, text: str) -> None:
    requirements = "".join(f"| {name} | + | x |\n" for name in table.expand("IN1-2, ZZ1"))
    errors = table.problems(text, requirements=requirements)
    assert "docs/coverage.md: the line of requirements lacks ZZ1" in errors
    assert "docs/coverage.md: OP10 is no requirement" in errors
