# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The name of a task says in the output of a run which task of a role it is."""

from __future__ import annotations

import typing as t
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.support.paths import REPOSITORY

ROLES = sorted(path for path in (REPOSITORY / "roles").iterdir() if (path / "tasks").is_dir())
PARTS = ("block", "rescue", "always")


def names(items: t.Any) -> t.Iterator[str]:
    """The names of tasks and of the blocks around them."""
    for item in items or []:
        yield item["name"]
        for part in PARTS:
            yield from names(item.get(part))


def names_of_role(role: Path) -> list[str]:
    files = [*sorted(role.glob("tasks/*.yml")), *sorted(role.glob("handlers/*.yml"))]
    return [name for file in files for name in names(yaml.safe_load(file.read_text("utf-8")))]


def test_tasks_were_found() -> None:
    assert len(ROLES) >= 10
    assert "Test the configuration in a copy" in names_of_role(REPOSITORY / "roles" / "nginx")
    # One in a block.
    assert "Create a temporary directory" in names_of_role(REPOSITORY / "roles" / "nginx")


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_name_is_unique_within_its_role(role: Path) -> None:
    """In the files of database vendors too, of which a run takes one."""
    counts = Counter(names_of_role(role))
    assert [name for name, count in counts.items() if count > 1] == []
