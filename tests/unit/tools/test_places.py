# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The places that docs/coverage.yml lists are in the files of edits that it names, and their tests
exist."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from tests.support.paths import REPOSITORY

PLACES = yaml.safe_load((REPOSITORY / "docs" / "coverage.yml").read_text(encoding="utf-8"))[
    "places"
]


def test_there_are_places() -> None:
    assert len(PLACES) >= 16


@pytest.mark.parametrize(
    "place", PLACES, ids=lambda place: f"{place['file']} {place['value'][:40]}"
)
def test_a_place_names_what_is_there(place: dict[str, t.Any]) -> None:
    assert place["server"] in ("both", "API Manager") and place["file"]
    edits = (REPOSITORY / place["source"]).read_text(encoding="utf-8")
    missing = [element for element in place.get("elements", []) if element not in edits]
    assert not missing, missing
    assert place.get("elements") or place["which"]
    spec = "".join(
        (REPOSITORY / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
        for role in ("cluster", "apim_wiring")
    )
    options = yaml.safe_load(
        (REPOSITORY / "roles/cluster/meta/argument_specs.yml").read_text(encoding="utf-8")
    )["argument_specs"]["main"]["options"]
    for variable in place["variables"]:
        name, _dot, option = variable.partition(".")
        assert f"\n      {name}:" in spec, variable
        assert not option or option in options[name]["options"], variable
    path, _colons, function = place["test"].partition("::")
    assert f"def {function}(" in (REPOSITORY / "tests" / path).read_text(encoding="utf-8")
