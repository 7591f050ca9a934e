# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the machine allows a server, and what its journal says of one that did not start."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from .._command import Run

JOURNAL_LINES = 400

# What the Java virtual machine or its start script writes before the server has a log.
KNOWN_ERRORS: tuple[tuple[str, str], ...] = (
    (
        r"Native memory allocation \((?P<call>\w+)\) failed to map (?P<what>\d+) bytes",
        "The Java virtual machine could not get {what} bytes of memory ({call} failed): the heap"
        " (cluster_heap_maximum) is larger than the machine's free memory.",
    ),
    (
        r"Could not reserve enough space for (?P<what>.*object heap)",
        "The Java virtual machine could not reserve its {what}: the heap (cluster_heap_maximum)"
        " is larger than the machine's free memory.",
    ),
    (
        r"(?P<what>(?:Invalid (?:maximum|initial) heap size|Initial heap size set to a larger"
        r" value than the maximum heap size|Unrecognized (?:VM )?option|Unsupported VM"
        r" option|Could not find or load main class)[^\n]*)",
        "The Java virtual machine refuses its options: {what}. Look at cluster_java_options,"
        " cluster_heap_initial and cluster_heap_maximum.",
    ),
    (
        r"UnsupportedClassVersionError: (?P<what>[\w/.$]+)",
        "This Java is too old for {what}: set cluster_java_home or cluster_java_package.",
    ),
    (
        r"(?P<what>A process of this unit has been killed by the OOM killer"
        r"|Failed with result 'oom-kill')",
        "The kernel killed the server because the machine had no memory left (OOM killer).",
    ),
)


def memory_bytes(
    meminfo: str = "/proc/meminfo",
    limits: t.Sequence[str] = (
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ),
) -> int:
    """The memory of the machine in bytes, or the smaller limit of its control group; 0 when
    neither can be read."""
    found = []
    try:
        match = re.search(r"^MemTotal:\s+(\d+) kB", Path(meminfo).read_text("ascii"), re.M)
    except OSError:
        match = None
    if match:
        found.append(int(match.group(1)) * 1024)
    for limit in limits:
        try:
            text = Path(limit).read_text("ascii").strip()
        except OSError:
            continue
        # Without a limit the file says "max", or a number beyond every machine.
        if text.isdigit():
            found.append(int(text))
    return min(found, default=0)


def explain_journal(lines: t.Iterable[str]) -> list[str]:
    """The known causes that the lines show, each once."""
    found: dict[str, None] = {}
    for line in lines:
        for pattern, sentence in KNOWN_ERRORS:
            match = re.search(pattern, line)
            if match:
                words = {key: value.rstrip(". ") for key, value in match.groupdict().items()}
                found[sentence.format(**words)] = None
                break
    return list(found)


def journal_causes(unit: str, since: int, run: Run) -> list[str]:
    """Why the unit's last start failed, as far as its journal tells; empty without a journal.

    since: seconds since the epoch, from which on the lines count; 0 for all.
    """
    command = ["journalctl", f"--unit={unit}", "--output=cat", "--no-pager"]
    command += [f"--lines={JOURNAL_LINES}"] + ([f"--since=@{since}"] if since else [])
    return explain_journal(run(command).output.splitlines())
