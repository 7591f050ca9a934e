# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Each edit of a suite's files dropped in turn, and which of its tests misses it."""

from __future__ import annotations

import itertools
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError

from tests.mutation.edits import Edit, edits_of, made, moved


class Judge(t.Protocol):
    """What is asked of a suite (suites.py)."""

    name: str
    calls: list[str]
    homes: dict[str, Path]
    stock: dict[str, Path]
    sides: t.Mapping[str, str]
    # The edits that were tried where somebody had put another value.
    moved: set[str]

    def looks_at(self, host: str) -> bool:
        """Whether a test reads the files of this host."""

    def judge(self, host: str, values_only: bool = False) -> str:
        """The first test that fails with the files of this host as they are now, or nothing."""

    def judge_untouched(self) -> str:
        """The same where no file has been touched."""


class Verdicts:
    """What is known of each edit, by its name. Once a test has missed it, it is not tried again."""

    def __init__(self) -> None:
        self.killed: dict[str, str] = {}
        self.survived: dict[str, str] = {}

    def kill(self, edit: Edit, by: str) -> None:
        self.killed[edit.name] = by
        self.survived.pop(edit.name, None)

    def survive(self, edit: Edit, why: str) -> None:
        # That no test misses it says more than that it had nothing to do on some host.
        if edit.name not in self.killed and not self.survived.get(edit.name, "").startswith(
            "no test"
        ):
            self.survived[edit.name] = why


def try_file(suite: Judge, host: str, edits: list[Edit], verdicts: Verdicts) -> None:
    """The edits of one file, one after the other."""
    path = edits[0].path
    stock, place = suite.stock[host] / path, suite.homes[host] / path
    whole = place.read_bytes() if place.exists() else None
    if whole is None:
        for edit in edits:
            verdicts.survive(edit, f"no such file in {host}")
        return
    if made(stock, edits) != whole:
        raise SystemExit(
            f"{suite.name}: {path}: the recorded edits do not make the file that the playbook made"
        )
    try:
        for edit in edits:
            if edit.name not in verdicts.killed:
                others = [other for other in edits if other is not edit]
                verdict(suite, host, edit, others, edits, verdicts)
    finally:
        place.write_bytes(whole)


def verdict(
    suite: Judge, host: str, edit: Edit, others: list[Edit], edits: list[Edit], verdicts: Verdicts
) -> None:
    stock, place = suite.stock[host] / edit.path, suite.homes[host] / edit.path
    whole = made(stock, edits)
    without = attempt(stock, others)
    if without is None and stock.exists():
        verdicts.kill(edit, "the playbook, which fails")
        return
    if without != whole:
        put(place, without)
        by = suite.judge(host)
        put(place, whole)
        if by:
            verdicts.kill(edit, by)
        else:
            verdicts.survive(edit, f"no test of {suite.name} misses it")
        return
    # Once for a suite: its hosts differ by little, and its parsers take their time.
    other = (
        moved(stock.read_bytes(), edit, stock.name)
        if edit.name not in suite.moved and stock.exists()
        else None
    )
    if other is not None:
        suite.moved.add(edit.name)
    if other is None:
        verdicts.survive(edit, f"changes nothing in {host}")
        return
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / stock.name
        changed.write_bytes(other)
        both = attempt(changed, edits), attempt(changed, others)
    if both[0] is None or both[0] == both[1]:
        verdicts.survive(edit, f"changes nothing in {host} even where another value stands")
        return
    put(place, both[0])
    fails_anyway = suite.judge(host, values_only=True)
    put(place, both[1])
    by = suite.judge(host, values_only=True)
    put(place, whole)
    if by and not fails_anyway:
        verdicts.kill(edit, by + ", where another value stood")
    else:
        verdicts.survive(edit, f"no test of {suite.name} misses it where another value stood")


def attempt(stock: Path, edits: list[Edit]) -> bytes | None:
    try:
        return made(stock, edits)
    except OperatorError:
        return None


def put(place: Path, content: bytes | None) -> None:
    if content is None:
        place.unlink(missing_ok=True)
    else:
        place.write_bytes(content)


def try_suite(suite: Judge, verdicts: Verdicts, say: t.Callable[[str], None]) -> None:
    fails = suite.judge_untouched()
    if fails:
        raise SystemExit(f"{suite.name}: without any change {fails} fails, so it can miss no edit")
    for host, edits in edits_of(suite.calls, suite.homes, suite.stock, suite.sides).items():
        if not suite.looks_at(host):
            continue
        before = len(verdicts.killed)
        edits.sort(key=lambda edit: edit.path)
        for _path, group in itertools.groupby(edits, key=lambda edit: edit.path):
            try_file(suite, host, list(group), verdicts)
        say(
            f"{suite.name}, {host}: {len(edits)} edits, {len(verdicts.killed) - before} more are"
            " missed by a test"
        )
