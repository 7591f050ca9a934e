# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A killed run of scripts/test does not make the next one fail: the hosts that it left are removed
before the scenario starts, though those of this run stay for the steps after it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.tools.run_checks import steps


def test_the_hosts_of_a_killed_run_are_removed_first(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    (tmp_path / "molecule").write_text(f'#!/bin/sh\necho "$@" >> {asked}\n', encoding="utf-8")
    (tmp_path / "molecule").chmod(0o755)
    step = next(step for step in steps(fast=False) if step.name == "molecule")

    subprocess.run(step.command, check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})

    assert asked.read_text(encoding="utf-8").splitlines() == [
        "destroy --scenario-name default",
        "test --scenario-name default --destroy never",
    ]
