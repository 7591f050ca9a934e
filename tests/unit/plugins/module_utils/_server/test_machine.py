# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The memory of a machine, and the causes that a unit's journal shows."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._command import Done
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import machine

MEMINFO = "MemTotal:       16384000 kB\nMemFree:        1234 kB\n"


@pytest.mark.parametrize(
    ("meminfo", "limit", "expected"),
    [
        pytest.param(MEMINFO, None, 16777216000, id="no control group"),
        pytest.param(MEMINFO, "max\n", 16777216000, id="no limit, version 2"),
        pytest.param(MEMINFO, "9223372036854771712\n", 16777216000, id="no limit, version 1"),
        pytest.param(MEMINFO, "2147483648\n", 2147483648, id="limit"),
        pytest.param(None, "2147483648\n", 2147483648, id="no meminfo"),
        pytest.param(None, None, 0, id="nothing known"),
    ],
)
def test_memory(tmp_path: Path, meminfo: str | None, limit: str | None, expected: int) -> None:
    for name, text in (("meminfo", meminfo), ("limit", limit)):
        if text is not None:
            (tmp_path / name).write_text(text)
    assert machine.memory_bytes(str(tmp_path / "meminfo"), [str(tmp_path / "limit")]) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "# Native memory allocation (mmap) failed to map 42949672960 bytes for committing"
            " reserved memory.",
            "could not get 42949672960 bytes of memory (mmap failed)",
        ),
        (
            "Could not reserve enough space for 62914560KB object heap",
            "could not reserve its 62914560KB object heap",
        ),
        ("Invalid maximum heap size: -Xmx60gb", "Invalid maximum heap size: -Xmx60gb. Look at"),
        ("Unrecognized VM option 'UseFoo'", "Unrecognized VM option 'UseFoo'. Look at"),
        (
            "java.lang.UnsupportedClassVersionError: org/wso2/carbon/bootstrap/Bootstrap has been",
            "too old for org/wso2/carbon/bootstrap/Bootstrap",
        ),
        ("obkm.service: Failed with result 'oom-kill'.", "no memory left"),
    ],
)
def test_causes_are_named(line: str, expected: str) -> None:
    [sentence] = machine.explain_journal([line, line])
    assert expected in sentence
    assert "{" not in sentence


def test_ordinary_lines_are_no_causes() -> None:
    assert machine.explain_journal(["Started obkm.service.", "JAVA_HOME is set to /usr"]) == []


def test_journal_of_the_unit_is_read_from_the_start_on() -> None:
    asked: list[t.Sequence[str]] = []

    def run(command: t.Sequence[str]) -> Done:
        asked.append(command)
        return Done(0, "Could not reserve enough space for object heap\n", "")

    [sentence] = machine.journal_causes("obkm.service", 1700000000, run)
    assert "could not reserve its object heap" in sentence
    assert "--unit=obkm.service" in asked[0]
    assert "--since=@1700000000" in asked[0]


def test_host_without_a_journal_shows_no_cause() -> None:
    assert machine.journal_causes("obkm.service", 0, lambda _command: Done(127, "", "")) == []
