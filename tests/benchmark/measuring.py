# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Measuring commands one after the other, again and again in turn, so that a slow minute of the
machine falls on all of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CARBON_OPS_SHARED", REPOSITORY.parent / "shared"))
if not SHARED.is_dir() and "CARBON_OPS_SHARED" not in os.environ:
    # A worktree of the repository may stand beside it.
    SHARED = REPOSITORY.parents[1] / "shared"
_CHANGED = re.compile(r"\bchanged=(\d+)")


class NotHere(Exception):
    """What a part needs is not on this machine; the sentence says what."""


class Sample(t.NamedTuple):
    seconds: float
    processor_seconds: float
    changed: int = -1
    output: str = ""


def environment(**extra: str) -> dict[str, str]:
    """Ansible of the very Python that runs this, with the repository's own settings and none of the
    caller's.

    Nor with those of the caller's Python: PYTHONUNBUFFERED makes it read a module that comes
    through a pipe byte by byte.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "PYTHON"))
    }
    kept.update(
        ANSIBLE_CONFIG=str(REPOSITORY / "ansible.cfg"),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_LOCALHOST_WARNING="0",
        PATH="{0}{1}{2}".format(Path(sys.executable).parent, os.pathsep, kept["PATH"]),
        **extra,
    )
    return kept


def timed(
    command: t.Sequence[str], surroundings: t.Mapping[str, str], prefix: t.Sequence[str] = ()
) -> Sample:
    """Run a command to its end; its processor time is that of all its children too."""
    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*prefix, *command],
            cwd=REPOSITORY,
            env=dict(surroundings),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        file.seek(0)
        output = file.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(
            "{0} ended with {1}:\n{2}".format(" ".join(command), process.returncode, output[-4000:])
        )
    changed = sum(int(count) for count in _CHANGED.findall(output))
    return Sample(seconds, usage.ru_utime + usage.ru_stime, changed, output)


def in_turn(
    cases: t.Mapping[str, t.Callable[[], Sample]], rounds: int, say: t.Callable[[str], None]
) -> dict[str, list[Sample]]:
    """Every case once in each round. The first round warms caches and is not counted, unless it is
    the only one."""
    samples: dict[str, list[Sample]] = {name: [] for name in cases}
    for number in range(rounds + 1 if rounds > 1 else 1):
        for name, case in cases.items():
            sample = case()
            if number or rounds == 1:
                samples[name].append(sample)
            say(
                "{0} {1}: {2:.2f} s".format(
                    "warm-up" if not number and rounds > 1 else f"round {number}",
                    name,
                    sample.seconds,
                )
            )
    return samples


def summary(samples: t.Sequence[Sample]) -> dict[str, t.Any]:
    seconds = [sample.seconds for sample in samples]
    return {
        "seconds": round(median(seconds), 4),
        "fastest": round(min(seconds), 4),
        "processor_seconds": round(median(sample.processor_seconds for sample in samples), 4),
        "samples": [round(value, 4) for value in seconds],
    }


def ratio(over: t.Sequence[Sample], under: t.Sequence[Sample]) -> float:
    """The median of the ratios of each round: both of a round ran in the same minute."""
    return round(median(one.seconds / other.seconds for one, other in zip(over, under)), 3)


def processor_ratio(over: t.Sequence[Sample], under: t.Sequence[Sample]) -> float:
    return round(
        median(one.processor_seconds / other.processor_seconds for one, other in zip(over, under)),
        3,
    )


def slope(points: t.Sequence[tuple[float, float]]) -> float:
    """Of the straight line through the points, by least squares."""
    middle_x, middle_y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / sum(
        (x - middle_x) ** 2 for x, _y in points
    )


def table(head: t.Sequence[str], rows: t.Sequence[t.Sequence[t.Any]]) -> str:
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if not number else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        )
        for row in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
