# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The Java runtimes of a host, and the one that a product accepts."""

from __future__ import annotations

import re
import shutil
import typing as t
from pathlib import Path

from .._command import Run

JVM_FOLDER = "/usr/lib/jvm"


class Java(t.NamedTuple):
    """A Java on the host: its folder, its whole version, and the number that it goes by (8, 11)."""

    home: str
    version: str
    feature: int


def java_feature(version_output: str) -> tuple[str, int]:
    """Version and feature number (8, 11, 17) of what ``java -version`` writes."""
    match = re.search(r'version "((\d+)(?:\.(\d+))?[^"]*)"', version_output)
    if not match:
        return "", 0
    major = int(match.group(2))
    return match.group(1), int(match.group(3) or 0) if major == 1 else major


def java_accepted(
    feature: int, versions: t.Sequence[int], version: str = "", refused: t.Sequence[str] = ()
) -> bool:
    """Whether the feature number lies between the first and the last of the product's versions, and
    the release is none of those that the product does not run well on."""
    release = re.split("[-+]", version)[0]
    return bool(versions) and min(versions) <= feature <= max(versions) and release not in refused


def java_range(versions: t.Sequence[int]) -> str:
    """The accepted versions in words."""
    return (
        f"Java {versions[0]}"
        if min(versions) == max(versions)
        else f"Java {min(versions)} to {max(versions)}"
    )


def java_candidates(
    folder: str = JVM_FOLDER, which: t.Callable[[str], str | None] = shutil.which
) -> list[str]:
    """Java homes: the one of the ``java`` command first, then those of the packages."""
    command = which("java")
    homes = [str(Path(command).resolve().parent.parent)] if command else []
    root = Path(folder)
    if root.is_dir():
        homes += sorted(
            (str(java.resolve().parent.parent) for java in root.glob("*/bin/java")), reverse=True
        )
    return list(dict.fromkeys(homes))


def find_java(
    given: str,
    versions: t.Sequence[int],
    candidates: t.Sequence[str],
    run: Run,
    refused: t.Sequence[str] = (),
) -> Java | None:
    """The Java home to use: the given one, or the first candidate the product accepts; failing that
    the first that works at all."""
    first = None
    for home in [given] if given else candidates:
        # Java writes its version where errors go.
        version, feature = java_feature(run([home + "/bin/java", "-version"]).errors)
        if not version:
            continue
        java = Java(home, version, feature)
        if java_accepted(feature, versions, version, refused):
            return java
        first = first or java
    return first
