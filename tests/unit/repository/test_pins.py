# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What other projects this one needs: the least versions and the pinned ones agree."""

from __future__ import annotations

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from tests.support.paths import REPOSITORY

LEAST = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text("utf-8"))["dependencies"]
PINNED = {
    entry["name"]: entry["version"]
    for entry in yaml.safe_load((REPOSITORY / "collections/requirements.yml").read_text("utf-8"))[
        "collections"
    ]
}


def python_packages(file: str) -> dict[str, Requirement]:
    lines = (REPOSITORY / file).read_text("utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    return {requirement.name: requirement for requirement in found}


def test_every_collection_that_is_needed_is_pinned() -> None:
    assert len(LEAST) >= 6
    assert set(PINNED) == set(LEAST)


@pytest.mark.parametrize("name", sorted(LEAST))
def test_the_pinned_collection_is_one_that_will_do(name: str) -> None:
    least = LEAST[name]
    assert least.startswith(">=")
    assert Version(PINNED[name]) >= Version(least[2:])


@pytest.mark.parametrize("name", ["cryptography", "lxml"])
def test_the_pinned_python_package_will_do_in_an_execution_environment(name: str) -> None:
    """The same two beside Ansible itself; the file of execution environments pins nothing."""
    pinned = python_packages("requirements/controller.txt")[name]
    least = python_packages("meta/ee-requirements.txt")[name]
    (pin,) = pinned.specifier
    (bound,) = least.specifier
    assert (pin.operator, bound.operator) == ("==", ">=")
    assert pin.version in least.specifier
