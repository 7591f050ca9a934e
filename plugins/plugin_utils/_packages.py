# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Python libraries are called where: the package must fit the very interpreter that Ansible
uses on the host."""

from __future__ import annotations

import typing as t

# The interpreter whose libraries are called python3-…, by the major version of the distribution.
PLATFORM_PYTHON: dict[str, tuple[int, int]] = {"8": (3, 6), "9": (3, 9), "10": (3, 12)}
# Where the host was not asked for its interpreter: the modules need 3.8 or newer, which on Red Hat
# 8 is never the platform's own.
ASSUMED_PYTHON: dict[str, tuple[int, int]] = {**PLATFORM_PYTHON, "8": (3, 9)}
# Streams of modules before 3.11 wrote the version without a dot.
STREAMS = {(3, 8): "python38-", (3, 9): "python39-"}
RED_HAT_NAMES = {"pymysql": "PyMySQL"}


def python_packages(libraries: t.Iterable[str], facts: t.Mapping[str, t.Any]) -> list[str]:
    """The packages that bring these Python libraries to a host with these facts."""
    prefix = "python3-"
    names = list(libraries)
    if facts.get("os_family") == "RedHat":
        prefix = _red_hat_prefix(str(facts.get("distribution_major_version")), facts)
        names = [RED_HAT_NAMES.get(name, name) for name in names]
    return [prefix + name for name in names]


def _red_hat_prefix(major: str, facts: t.Mapping[str, t.Any]) -> str:
    platform = PLATFORM_PYTHON.get(major)
    version = (facts.get("python") or {}).get("version") or {}
    used = (int(version["major"]), int(version["minor"])) if version else ASSUMED_PYTHON.get(major)
    if used is None or used == platform:
        return "python3-"
    return STREAMS.get(used, "python{0}.{1}-".format(*used))
