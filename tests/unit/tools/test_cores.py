# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What scripts/test --cores runs, and that a release which cannot be had is said to be left out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.tools import cores, run_checks


def test_the_oldest_and_the_newest_run_the_tests_and_those_between_sanity() -> None:
    checks = {release.name: set(release.checks) for release in cores.RELEASES}
    assert {name for name, made in checks.items() if "sanity" in made} == {
        "2.16",
        "2.18",
        "2.20",
        "newest",
    }
    for name in ("2.15", "2.16", "newest"):
        assert {"unit", "preflight", "configure"} <= checks[name], name


def test_a_python_that_is_there_is_found_by_its_version() -> None:
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = cores.find_python(("3.99", own))
    # Some distributions split ensurepip from Python.
    assert found is None or Path(found).name == f"python{own}"
    assert cores.find_python(("3.99",)) is None


def test_a_release_without_its_python_is_counted_as_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cores, "find_python", lambda _versions: None)
    monkeypatch.setattr(sys, "argv", ["cores.py", "2.20", "sanity"])
    assert cores.main() == 0
    reason, closing = capsys.readouterr().out.splitlines()
    assert "2.20 needs python3.12 or python3.13 or python3.14" in reason
    assert run_checks.count(f"{reason}\n{closing}\n", 0)[run_checks.SKIPPED] == 1
    step = run_checks.Step("core-2.20-sanity", [])
    outcome = run_checks.StepOutcome(step, {}, 0, 0, f"{reason}\n{closing}\n")
    (told,) = run_checks.skip_reasons([outcome])
    assert "none is in PATH" in told


def test_pins_are_those_of_the_requirements() -> None:
    assert [line.partition("==")[0] for line in cores.pinned(cores.CONTROLLER, ("lxml",))] == [
        "lxml"
    ]
    with pytest.raises(SystemExit, match="pins no nonsense"):
        cores.pinned(cores.CONTROLLER, ("nonsense",))


def test_readmes_command_has_an_ansible_for_every_python() -> None:
    from packaging.requirements import Requirement

    lines = (REPOSITORY / "requirements/controller.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line.startswith("ansible==")]
    assert len(pins) >= 3
    for python in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"):
        fitting = [
            pin for pin in pins if pin.marker and pin.marker.evaluate({"python_version": python})
        ]
        assert len(fitting) == 1, python
