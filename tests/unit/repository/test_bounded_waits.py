# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Nothing waits for ever: every wait of the sources is found, has a bound, and a test of what it
says when the time is up."""

from __future__ import annotations

import ast
import re
import typing as t

import pytest
import yaml

from tests.support.paths import REPOSITORY

UNIT = "unit/plugins/module_utils/"

# Each function that sleeps or asks again, and the test that it gives up and says so. A new one is
# not here, and fails below.
WAITS = {
    "module_utils/_health/client.py:read_roles": (
        UNIT + "_health/test_health.py::test_part_that_failed_is_named"
    ),
    "module_utils/_health/checks.py:check_patiently": (
        UNIT + "_health/test_health.py::test_patience_lasts_until_the_server_answers"
    ),
    "module_utils/_health/__main__.py:wait": (
        UNIT + "_health/test_health.py::test_start_is_given_up_with_a_sentence"
    ),
    "module_utils/_health/checks.py:wait_for_databases": UNIT
    + "_health/test_health.py::test_database_that_stays_away_is_not_waited_for_for_ever",
    "module_utils/_health/checks.py:warm": (
        UNIT + "_health/test_health.py::test_warm_up_of_a_slow_machine_ends_too"
    ),
    "module_utils/_server/tokens.py:gone_after": (
        UNIT + "_server/test_tokens.py::test_what_is_wrong_with_tokens_is_named"
    ),
    "module_utils/_server/drain.py:wait_for_drain": (
        UNIT + "_server/test_server.py::test_waiting_for_a_drain_is_bounded"
    ),
    "module_utils/_server/observation.py:try_services": (
        UNIT + "_server/test_findings.py::test_a_clock_that_went_back_is_not_waited_for"
    ),
    "module_utils/_files/locks.py:_lock_machine": (
        "crash/test_crash.py::test_a_run_does_not_wait_for_ever"
    ),
    "module_utils/_files/locks.py:_lock": (
        UNIT + "_files/test_other_owners.py::test_a_lock_of_another_run_is_not_waited_for_for_ever"
    ),
    "module_utils/_files/locks.py:_lock_by_file": (
        UNIT + "_files/test_other_owners.py::test_without_locks_one_run_at_a_time"
    ),
    "module_utils/_database/schema.py:lock": (
        UNIT + "_database/test_schema.py::test_a_load_by_somebody_else_is_waited_for_and_given_up"
    ),
}
# They wait without a call of sleep.
ALSO = (("module_utils/_health/checks.py", "warm"), ("module_utils/_database/schema.py", "lock"))
# Calls that may block as long as the other side likes, unless they are told how long.
BLOCKING = {
    "subprocess.run": None,
    "subprocess.check_output": None,
    "subprocess.check_call": None,
    "socket.create_connection": 1,
    "urlopen": None,
    "open_url": None,
    "fetch_url": None,
    "http.client.HTTPSConnection": None,
    "http.client.HTTPConnection": None,
    "module.run_command": "never",
}
# The one call of it puts the command behind coreutils' timeout:
# unit/plugins/module_utils/test_command.py::test_a_command_that_does_not_end_is_ended
BOUNDED_OTHERWISE = {("module.run_command", "module_utils/_command.py")}


def trees() -> t.Iterator[tuple[str, ast.Module]]:
    for path in sorted((REPOSITORY / "plugins").rglob("*.py")):
        yield (
            str(path.relative_to(REPOSITORY / "plugins")),
            ast.parse(path.read_text(encoding="utf-8")),
        )


def functions(tree: ast.Module) -> t.Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def called(node: ast.AST) -> t.Iterator[tuple[str, ast.Call]]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            yield ast.unparse(inner.func), inner


def test_every_wait_is_known_and_has_its_test() -> None:
    found = {
        f"{name}:{function.name}"
        for name, tree in trees()
        for function in functions(tree)
        if any(call.split(".")[-1] == "sleep" for call, _node in called(function))
        or (name, function.name) in ALSO
    }
    assert found == set(WAITS)
    for test in WAITS.values():
        path, _colons, name = test.partition("::")
        assert f"def {name}(" in (REPOSITORY / "tests" / path).read_text(encoding="utf-8"), test


def test_loops_that_could_run_for_ever_have_a_limit() -> None:
    """A loop that ends with a return or an error only, in a function that sleeps, compares a
    clock."""
    for name, tree in trees():
        for function in functions(tree):
            loops = [node for node in ast.walk(function) if isinstance(node, ast.While)]
            if loops and any(call.split(".")[-1] == "sleep" for call, _node in called(function)):
                compared = [
                    ast.unparse(node)
                    for node in ast.walk(function)
                    if isinstance(node, ast.Compare)
                ]
                assert any("now()" in text or "monotonic()" in text for text in compared), (
                    name,
                    function.name,
                )


@pytest.mark.parametrize("blocking", BLOCKING)
def test_calls_that_block_are_told_how_long(blocking: str) -> None:
    position = BLOCKING[blocking]
    for name, tree in trees():
        for call, node in called(tree):
            if call != blocking:
                continue
            if (call, name) in BOUNDED_OTHERWISE:
                continue
            told = any(keyword.arg == "timeout" for keyword in node.keywords)
            told = told or (isinstance(position, int) and len(node.args) > position)
            assert told, f"{name}:{node.lineno}: {call} has no timeout"


def tasks(value: t.Any) -> t.Iterator[dict[str, t.Any]]:
    if isinstance(value, list):
        for item in value:
            yield from tasks(item)
    elif isinstance(value, dict):
        if "name" in value or any("." in str(key) for key in value):
            yield value
        for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from tasks(value.get(key))


def all_tasks() -> list[tuple[str, dict[str, t.Any]]]:
    found = []
    for folder in ("roles", "playbooks"):
        for path in sorted((REPOSITORY / folder).rglob("*.yml")):
            if {"tasks", "handlers", "playbooks"} & set(path.parts):
                found += [
                    (str(path.relative_to(REPOSITORY)), task)
                    for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
                ]
    return found


def test_tasks_that_wait_say_for_what_and_how_long() -> None:
    seen = []
    for name, task in all_tasks():
        for module in ("ansible.builtin.wait_for", "ansible.builtin.wait_for_connection"):
            if module in task:
                seen.append(name)
                arguments = task[module]
                assert "timeout" in arguments, (name, task["name"])
                assert str(arguments["timeout"]).strip("{} ") in arguments["msg"], (
                    name,
                    task["name"],
                    "does not say how long",
                )
        if "until" in task:
            seen.append(name)
            assert "retries" in task and "delay" in task, (name, task["name"])
        if "async" in task:
            assert int(task.get("poll", 15)) > 0, (name, task["name"])
        assert "ansible.builtin.pause" not in task or "seconds" in task["ansible.builtin.pause"], (
            name,
            task["name"],
        )
    assert len(seen) >= 2, "no task that waits was found"


def test_tasks_on_a_share_that_may_hang_are_bounded() -> None:
    """A file server that does not answer holds whoever asks it, in the kernel."""
    for name, task in all_tasks():
        if "roles/shared_fs" in name and (
            "ansible.posix.mount" in task or "carbon_ops.key_manager.shared_directory" in task
        ):
            assert "timeout" in task, (name, task["name"])


def test_systemd_gives_up_too() -> None:
    unit = (REPOSITORY / "roles/carbon_server/templates/carbon.service.j2").read_text(
        encoding="utf-8"
    )
    for setting in ("TimeoutStartSec", "TimeoutStopSec", "StartLimitBurst"):
        assert re.search(f"^{setting}=", unit, re.MULTILINE), setting
    assert "infinity" not in unit
