# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Commands that a module runs end, whatever they do."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
from ansible.module_utils import basic
from ansible_collections.carbon_ops.key_manager.plugins.module_utils import _command

from tests.support.commands import run as run_in_tests

WRITES = ["sh", "-c", "printf out; printf error >&2; exit 3"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> _command.Run:
    sent = {"ANSIBLE_MODULE_ARGS": {}}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(sent).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    return _command.bounded(basic.AnsibleModule(argument_spec={}))


def test_a_command_has_a_code_an_output_and_errors(run: _command.Run) -> None:
    assert run(WRITES) == (3, "out", "error")


def test_a_command_that_is_not_there_has_a_code(run: _command.Run) -> None:
    done = run(["/nowhere/java", "-version"])
    assert (done.code, done.output) == (_command.NOT_RUN, "")


def test_a_command_that_does_not_end_is_ended(
    run: _command.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_command, "SECONDS", 0.2)
    started = time.monotonic()
    assert run(["sleep", "60"]).code == _command.TIMED_OUT
    assert time.monotonic() - started < 20


def test_the_stand_in_of_the_tests_does_the_same() -> None:
    found: list[t.Any] = [
        run_in_tests(WRITES),
        run_in_tests(["/nowhere/java"]).code,
        run_in_tests(["sleep", "60"], 0.2).code,
    ]
    assert found == [(3, "out", "error"), _command.NOT_RUN, _command.TIMED_OUT]
