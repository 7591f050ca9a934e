# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The table of places in docs/coverage.md names what the files of edits name, and tests that are
there."""

from __future__ import annotations

import re

import pytest
import yaml
from support.paths import REPOSITORY

TEXT = (REPOSITORY / "docs" / "coverage.md").read_text(encoding="utf-8")
HEAD = "| server | file | element | variable | value | set in | test |\n"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.partition(HEAD)[2].partition("\n\n")[0].splitlines()[1:]
]
TICKED = re.compile(r"`([^`]+)`")


def test_there_are_rows() -> None:
    assert len(ROWS) >= 16


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[1]} {row[2][:40]}")
def test_a_row_names_what_is_there(row: list[str]) -> None:
    _server, file, elements, variables, _value, source, test = row
    edits = (REPOSITORY / TICKED.findall(source)[0]).read_text(encoding="utf-8")
    missing = [element for element in TICKED.findall(elements) if element not in edits]
    assert not missing, missing
    spec = "".join(
        (REPOSITORY / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
        for role in ("cluster", "apim_wiring")
    )
    options = yaml.safe_load(
        (REPOSITORY / "roles/cluster/meta/argument_specs.yml").read_text(encoding="utf-8")
    )["argument_specs"]["main"]["options"]
    for variable in TICKED.findall(variables):
        name, _dot, option = variable.partition(".")
        assert f"\n      {name}:" in spec, variable
        assert not option or option in options[name]["options"], variable
    path, _colons, function = TICKED.findall(test)[0].partition("::")
    assert f"def {function}(" in (REPOSITORY / "tests" / path).read_text(encoding="utf-8")
    assert TICKED.findall(file)
