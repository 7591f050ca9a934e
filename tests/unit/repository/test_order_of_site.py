# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""site.yml starts servers only when what they need is there, and restarts Key Managers one after
the other."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

ORDER = [
    "Check the inventory and derive the model",
    "Install the products",
    "Make and exchange keys and certificates",
    "Set up databases and accounts",
    "Prepare shared file system and database schemas",
    "Configure and start the Key Managers, one at a time",
    "Configure the load balancers",
    "Connect the API Managers",
    "Verify the cluster on the running servers",
]


@pytest.fixture(scope="module")
def plays(repository: Path) -> dict[str, dict[str, t.Any]]:
    return {
        play["name"]: play
        for play in yaml.safe_load(
            (repository / "playbooks" / "site.yml").read_text(encoding="utf-8")
        )
    }


def test_what_is_needed_comes_first(plays: dict[str, dict[str, t.Any]]) -> None:
    assert [name for name in plays if name in ORDER] == ORDER


def test_key_managers_restart_one_at_a_time_and_the_first_failure_ends_it(
    plays: dict[str, dict[str, t.Any]],
) -> None:
    play = plays["Configure and start the Key Managers, one at a time"]
    assert play["serial"] == 1
    assert play["any_errors_fatal"] is True


def test_no_step_is_left_out_because_of_an_earlier_run(repository: Path) -> None:
    """A plain site.yml looks at everything, so that whatever differs is mended: no play ends early,
    and none depends on a condition."""
    plays = yaml.safe_load((repository / "playbooks" / "site.yml").read_text(encoding="utf-8"))
    assert len(plays) >= len(ORDER)
    for play in plays:
        assert "when" not in play, play["name"]
        tasks = [*play.get("pre_tasks", []), *play.get("tasks", []), *play.get("roles", [])]
        assert tasks or "import_playbook" in str(sorted(play)), play["name"]
        for task in tasks:
            assert "when" not in task, (play["name"], task)
            assert "ansible.builtin.meta" not in task, (play["name"], task)
