# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a verified run left on a host, so that the next run can tell that nothing has changed since.

The record holds a digest of everything the run was made of (the inventory and the collection) and
what was seen on the host: the content, mode and owner of every file under the watched paths, the
state of the services, and the answers of a few commands. Everything is read anew at each
comparison; no time stamp is trusted.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t
from pathlib import Path

from .._command import NOT_RUN, TIMED_OUT, Run

FORMAT = 1
# Of what cannot be seen nobody can say that it has not changed.
FAILED = "failed"
SERVICE_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
)


class Watched(t.NamedTuple):
    """What of a host counts."""

    paths: t.Sequence[str] = ()
    """Files, links and folders with all below them."""
    entries: t.Sequence[str] = ()
    """Paths of which only the entry itself counts: that it is a link, and where to."""
    services: t.Sequence[str] = ()
    commands: t.Sequence[t.Sequence[str]] = ()
    """Argument lists. They must succeed, and what they print counts."""


class Difference(t.NamedTuple):
    """Whether a host is as the record says, and if not, why not."""

    intact: bool
    reasons: list[str]


def observe(watched: Watched, run: Run) -> dict[str, str]:
    """What is on the host now, as digests by what they are of."""
    seen: dict[str, str] = {}
    for path in watched.paths:
        seen.update(_tree(Path(path)))
    for path in watched.entries:
        seen[path] = _entry(Path(path))
    for service in watched.services:
        seen["service " + service] = _output(
            run, ["systemctl", "show", service, "--property", ",".join(SERVICE_PROPERTIES)]
        )
    for command in watched.commands:
        seen["command " + " ".join(command)] = _output(run, command)
    return seen


def compare(record: Path, inputs: str, watched: Watched, run: Run) -> Difference:
    """Hold what is on the host now against the record. Without one, and with one that cannot be
    read, nothing is known to be unchanged."""
    try:
        recorded = json.loads(record.read_text(encoding="utf-8"))
        before = dict(recorded["seen"])
        known_inputs = recorded["inputs"] if recorded["format"] == FORMAT else None
    except FileNotFoundError:
        return Difference(False, ["No run has been verified on this host yet."])
    except (OSError, ValueError, KeyError, TypeError):
        return Difference(False, [f"What the last verified run left cannot be read: {record}."])
    if known_inputs != inputs:
        return Difference(
            False, ["The inventory or the collection has changed since the last verified run."]
        )
    now = observe(watched, run)
    different = sorted(
        key
        for key in before.keys() | now.keys()
        if before.get(key) != now.get(key) or now[key].startswith(FAILED)
    )
    return Difference(
        not different, [f"{key} differs from what the last verified run left." for key in different]
    )


def write(record: Path, inputs: str, watched: Watched, run: Run) -> None:
    """Keep what is on the host now, for the next run."""
    record.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    text = json.dumps(
        {"format": FORMAT, "inputs": inputs, "seen": observe(watched, run)},
        indent=0,
        sort_keys=True,
    )
    temporary = record.with_name(f".{record.name}.{os.getpid()}")
    descriptor = os.open(str(temporary), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(record)


def _entry(path: Path) -> str:
    """Kind, mode and owner, and of a link where it leads."""
    try:
        status = path.lstat()
        target = f" -> {os.readlink(str(path))}" if path.is_symlink() else ""
    except OSError:
        return "absent"
    return f"{status.st_mode:o} {status.st_uid} {status.st_gid}{target}"


def _tree(path: Path) -> t.Iterator[tuple[str, str]]:
    """The path and everything below it; links are not followed."""
    entry = _entry(path)
    if path.is_symlink() or not path.is_file():
        yield str(path), entry
    else:
        yield str(path), _content(path, entry)
    if path.is_dir() and not path.is_symlink():
        for below in sorted(path.iterdir()):
            yield from _tree(below)


def _content(path: Path, entry: str) -> str:
    digest = hashlib.sha256(entry.encode())
    try:
        digest.update(path.read_bytes())
    except OSError as error:
        return f"{FAILED}: {error.strerror}"
    return digest.hexdigest()


def _output(run: Run, command: t.Sequence[str]) -> str:
    """A digest, for the output may be one that should not stand in a file."""
    done = run(command)
    if done.code in (NOT_RUN, TIMED_OUT):
        return f"{FAILED}: not run"
    if done.code:
        return f"{FAILED}: exit code {done.code}"
    return hashlib.sha256(done.output.encode("utf-8", "surrogateescape")).hexdigest()
