# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A library's package fits the interpreter that Ansible uses on the host."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._packages import (
    python_packages,
)

ALL = ["lxml", "pymysql", "cryptography"]


def facts(family: str, major: str, python: str = "") -> dict[str, t.Any]:
    found: dict[str, t.Any] = {"os_family": family, "distribution_major_version": major}
    if python:
        found["python"] = {"version": dict(zip(("major", "minor"), map(int, python.split("."))))}
    return found


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (
            facts("Debian", "12", "3.11"),
            ["python3-lxml", "python3-pymysql", "python3-cryptography"],
        ),
        (
            facts("Debian", "22", "3.10"),
            ["python3-lxml", "python3-pymysql", "python3-cryptography"],
        ),
        (
            facts("Debian", "24", "3.12"),
            ["python3-lxml", "python3-pymysql", "python3-cryptography"],
        ),
        (facts("RedHat", "8", "3.6"), ["python3-lxml", "python3-PyMySQL", "python3-cryptography"]),
        (
            facts("RedHat", "8", "3.8"),
            ["python38-lxml", "python38-PyMySQL", "python38-cryptography"],
        ),
        (
            facts("RedHat", "8", "3.9"),
            ["python39-lxml", "python39-PyMySQL", "python39-cryptography"],
        ),
        (
            facts("RedHat", "8", "3.12"),
            ["python3.12-lxml", "python3.12-PyMySQL", "python3.12-cryptography"],
        ),
        (facts("RedHat", "8"), ["python39-lxml", "python39-PyMySQL", "python39-cryptography"]),
        (facts("RedHat", "9", "3.9"), ["python3-lxml", "python3-PyMySQL", "python3-cryptography"]),
        (
            facts("RedHat", "9", "3.11"),
            ["python3.11-lxml", "python3.11-PyMySQL", "python3.11-cryptography"],
        ),
        (facts("RedHat", "9"), ["python3-lxml", "python3-PyMySQL", "python3-cryptography"]),
        (
            facts("RedHat", "10", "3.12"),
            ["python3-lxml", "python3-PyMySQL", "python3-cryptography"],
        ),
        (facts("RedHat", "11"), ["python3-lxml", "python3-PyMySQL", "python3-cryptography"]),
        ({}, ["python3-lxml", "python3-pymysql", "python3-cryptography"]),
    ],
)
def test_packages_of_python_libraries(host: dict[str, t.Any], expected: list[str]) -> None:
    assert python_packages(ALL, host) == expected
