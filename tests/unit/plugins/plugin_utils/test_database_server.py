# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a running server lacks, and what is too much on it."""

from __future__ import annotations

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._database_server import (
    settings_owed,
    spare_accounts,
)

SAME = [
    (1550, "1550"),
    ("1G", "1073741824"),
    ("32m", "33554432"),
    (True, "ON"),
    ("1", "ON"),
    ("off", "OFF"),
    (0, "OFF"),
    ("'/etc/mysql/ca.crt'", "/etc/mysql/ca.crt"),
    ("ANSI,TRADITIONAL", "TRADITIONAL, ANSI"),
    (0.5, "0.500000"),
]
OTHER = [
    (1550, "151", "1550"),
    ("1G", "134217728", "1073741824"),
    (True, "OFF", "ON"),
    ("10.0.0.1", "127.0.0.1", "10.0.0.1"),
    ("ANSI", "ANSI,TRADITIONAL", "ANSI"),
    ("/etc/a", "", "/etc/a"),
]


@pytest.mark.parametrize(("wanted", "running"), SAME)
def test_one_value_in_two_spellings_is_the_same(wanted: object, running: str) -> None:
    assert settings_owed({"some-setting": wanted}, {"some_setting": running}) == []


@pytest.mark.parametrize(("wanted", "running", "value"), OTHER)
def test_another_value_is_owed_as_the_server_takes_it(
    wanted: object, running: str, value: str
) -> None:
    assert settings_owed({"Some-setting": wanted}, {"some_setting": running}) == [
        {"name": "some_setting", "value": value}
    ]


def test_what_the_server_does_not_list_is_not_compared() -> None:
    assert settings_owed({"skip-something": True}, {}) == []


WANTED = [["obkm_user", "10.0.0.11"], ["obkm_apim", "10.0.0.11"]]
ROWS = [
    {"User": "obkm_user", "Host": "10.0.0.11"},
    {"User": "obkm_user", "Host": "10.0.0.12"},
    {"User": "obkm_old", "Host": "10.0.0.11"},
    {"User": "obkm_user", "Host": "%"},
    {"User": "other", "Host": "10.0.0.12"},
    {"User": "obkm_user", "Host": ""},
]


def test_what_earlier_runs_made_is_gone_and_the_rest_is_told() -> None:
    recorded = [
        *WANTED,
        ["obkm_user", "10.0.0.12"],
        ["obkm_old", "10.0.0.11"],
        ["obkm_user", "10.0.0.13"],
    ]
    assert spare_accounts(ROWS, WANTED, recorded, by_name=False) == {
        "gone": [
            {"User": "obkm_user", "Host": "10.0.0.12"},
            {"User": "obkm_old", "Host": "10.0.0.11"},
        ],
        "unknown": ["obkm_user@%"],
    }


def test_without_a_record_nothing_is_gone() -> None:
    assert spare_accounts(ROWS, WANTED, [], by_name=False) == {
        "gone": [],
        "unknown": ["obkm_user@10.0.0.12", "obkm_user@%"],
    }


def test_by_name_the_cluster_owns_what_has_its_names() -> None:
    assert spare_accounts(ROWS, WANTED, [], by_name=True) == {
        "gone": [{"User": "obkm_user", "Host": "10.0.0.12"}, {"User": "obkm_user", "Host": "%"}],
        "unknown": [],
    }
