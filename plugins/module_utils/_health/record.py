# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The record of a start: what the server was started with, and whether it became ready."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
import typing as t
from pathlib import Path

from .errors import HealthError
from .log import log_position
from .regular import open_regular, read_regular

# No file of a product is as large; one that the service user blew up is not read to its end.
LARGEST = 256 * 1024 * 1024


def file_checksum(path: str) -> str:
    """The SHA-256 of a file, through a link; OSError where it is not a plain file."""
    digest = hashlib.sha256()
    descriptor = open_regular(path, follow=True)
    try:
        left = LARGEST
        while left > 0:
            block = os.read(descriptor, 1 << 20)
            if not block:
                return digest.hexdigest()
            digest.update(block)
            left -= len(block)
    finally:
        os.close(descriptor)
    raise OSError(errno.EFBIG, f"it is larger than {LARGEST} bytes", path)


def checksums(paths: t.Iterable[str], expected: t.Mapping[str, str] | None = None) -> str:
    """One line for each file, as ``sha256sum`` writes it; a missing file has a line too, so that
    its coming counts as a change.

    expected: checksums that count in place of those of the files as they are.
    """
    lines = []
    for path in sorted(set(paths)):
        try:
            lines.append(f"{(expected or {}).get(path) or file_checksum(path)}  {path}\n")
        except FileNotFoundError:
            lines.append("{0}  {1}\n".format("absent".ljust(64, "-"), path))
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EFBIG, errno.ELOOP, errno.ENXIO):
                raise
            # A pipe, a device or a file without end: no content of a product.
            lines.append("{0}  {1}\n".format("no-file".ljust(64, "-"), path))
    return "".join(lines)


def changed_paths(recorded: str, current: str) -> list[str]:
    """The files in which two such texts differ."""

    def by_path(text: str) -> dict[str, str]:
        return {
            path: checksum
            for checksum, _blank, path in (line.partition("  ") for line in text.splitlines())
        }

    before, after = by_path(recorded), by_path(current)
    return sorted(path for path in set(before) | set(after) if before.get(path) != after.get(path))


def managed_paths(path: str) -> list[str]:
    """The paths in the list of managed files, one a line; raises OSError."""
    return [
        line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()
    ]


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file: a reader sees the old content or the new one. Raises OSError."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def record_start(config: dict[str, t.Any], now: t.Callable[[], float] = time.time) -> None:
    """Notes what the server is about to start with. Run by the unit before the server itself."""
    state = Path(config["state_directory"])
    write_atomically(state / "started.sha256", checksums(managed_paths(config["managed_files"])))
    # systemd tries again by itself: why the last try was given up stays known until one succeeds.
    start = {
        "started_at": int(now()),
        "log": list(log_position(config["log_file"])),
        "ready_at": None,
        "gave_up": read_start(config).get("gave_up"),
        # By this the other nodes see whether the two can be members of one cluster.
        "membership": config.get("membership"),
        # Of another one than theirs Hazelcast keeps no member.
        "scheme": config.get("scheme"),
    }
    write_atomically(state / "start.json", json.dumps(start) + "\n")


def read_start(config: dict[str, t.Any]) -> dict[str, t.Any]:
    """The record of the last start; empty where there is none that can be understood.

    It lies in a folder of the service user, so each field counts only in its own form.
    """
    try:
        content = read_regular(Path(config["state_directory"]) / "start.json")
        start = json.loads(content.decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(start, dict):
        return {}
    return {key: value for key, value in start.items() if _FORMS.get(key, _is_text)(value)}


def _is_text(value: t.Any) -> bool:
    return value is None or isinstance(value, str)


def _is_number(value: t.Any) -> bool:
    return isinstance(value, int) and 0 <= value < 1 << 48


def _is_position(value: t.Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_inode(item) for item in value)


def _is_inode(value: t.Any) -> bool:
    return isinstance(value, int) and 0 <= value < 1 << 64


def _are_counts(value: t.Any) -> bool:
    return isinstance(value, dict) and all(_is_number(count) for count in value.values())


_FORMS: dict[str, t.Callable[[t.Any], bool]] = {
    "started_at": _is_number,
    "ready_at": lambda value: value is None or _is_number(value),
    "log": _is_position,
    "mounts": _are_counts,
    "ready": lambda value: value is None or isinstance(value, bool),
}


def read_checksums(config: t.Mapping[str, t.Any]) -> str | None:
    """The checksums of the files that the server was started with; None where none are known."""
    try:
        content = read_regular(Path(config["state_directory"]) / "started.sha256")
    except OSError:
        return None
    return content.decode("utf-8", "replace")


def record_ready(
    config: dict[str, t.Any], shown: dict[str, t.Any], now: t.Callable[[], float] = time.time
) -> None:
    """Note that the server is ready, in seconds since 1970, and what its start has shown."""
    start = read_start(config)
    start.update(shown, ready_at=int(now()), gave_up=None)
    write_atomically(Path(config["state_directory"]) / "start.json", json.dumps(start) + "\n")


def record_giving_up(config: dict[str, t.Any], sentence: str) -> None:
    """Note why the start was given up."""
    start = read_start(config)
    start.update(gave_up=sentence)
    write_atomically(Path(config["state_directory"]) / "start.json", json.dumps(start) + "\n")


def load_config(path: str) -> dict[str, t.Any]:
    """The settings of the health check; raises HealthError where they cannot be read or lack
    one."""
    try:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # ValueError's own words could quote the document, which holds a password.
        cause = error.strerror if isinstance(error, OSError) else "it is not valid JSON"
        raise HealthError("configuration", f"The file {path} cannot be read: {cause}.") from None
    needed = (
        "instance",
        "address",
        "name",
        "https_port",
        "ca_file",
        "user",
        "password",
        "log_file",
        "managed_files",
        "state_directory",
    )
    missing = [key for key in needed if key not in config]
    if missing:
        raise HealthError(
            "configuration", "The file {0} does not hold {1}.".format(path, ", ".join(missing))
        )
    return dict(config)
