# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a running server lacks, and what is too much on it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._database_server import (
    accounts_owed,
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


# SELECT PASSWORD('geheim') of MariaDB
GEHEIM = "*462366917EEDD1970A48E87D8EF59EB67D2CA26F"
ACCOUNT = {
    "user": "obkm_user",
    "host": "10.0.0.11",
    "password": "geheim",
    "databases": ["user_db", "registry"],
    "privileges": ["SELECT", "CREATE TEMPORARY TABLES"],
    "tls": True,
}
USER = {
    "User": "obkm_user",
    "Host": "10.0.0.11",
    "plugin": "mysql_native_password",
    "authentication_string": GEHEIM,
    "ssl_type": "ANY",
    "Select_priv": "N",
    "Super_priv": "N",
}
GRANT = {
    "User": "obkm_user",
    "Host": "10.0.0.11",
    "Select_priv": "Y",
    "Create_tmp_table_priv": "Y",
    "Drop_priv": "N",
}
GRANTS = [{**GRANT, "Db": "user\\_db"}, {**GRANT, "Db": "registry"}]
OWED = [["obkm_user", "10.0.0.11"]]


def test_an_account_that_is_as_it_must_be_owes_nothing() -> None:
    beside = {**USER, "Host": "10.0.0.12", "authentication_string": "*1"}
    assert accounts_owed([[beside, USER], GRANTS, []], [ACCOUNT]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"authentication_string": "*" + "0" * 40},
        {"plugin": "caching_sha2_password"},
        {"ssl_type": ""},
        {"Super_priv": "Y"},
        {"Host": "10.0.0.12"},
        {"User": "OBKM_USER"},
    ],
)
def test_an_account_that_differs_is_owed(change: dict[str, str]) -> None:
    assert accounts_owed([[{**USER, **change}], GRANTS, []], [ACCOUNT]) == OWED


@pytest.mark.parametrize(
    "grants",
    [
        [],
        GRANTS[:1],
        [*GRANTS, {**GRANT, "Db": "other"}],
        [GRANTS[0], {**GRANTS[1], "Drop_priv": "Y"}],
        [GRANTS[0], {**GRANTS[1], "Select_priv": "N"}],
        [{**GRANTS[0], "Db": "user_db"}, GRANTS[1]],
    ],
)
def test_an_account_that_may_do_more_or_less_is_owed(grants: list[dict[str, t.Any]]) -> None:
    assert accounts_owed([[USER], grants, []], [ACCOUNT]) == OWED


def test_privileges_on_single_tables_are_too_many() -> None:
    further = [{"User": "obkm_user", "Host": "10.0.0.11"}]
    assert accounts_owed([[USER], GRANTS, further], [ACCOUNT]) == OWED


def test_without_tls_none_may_be_asked_for() -> None:
    plain = {**ACCOUNT, "tls": False}
    assert accounts_owed([[{**USER, "ssl_type": ""}], GRANTS, []], [plain]) == []
    assert accounts_owed([[USER], GRANTS, []], [plain]) == OWED


def test_all_privileges_cannot_be_compared() -> None:
    assert accounts_owed([[USER], GRANTS, []], [{**ACCOUNT, "privileges": ["ALL"]}]) == OWED
