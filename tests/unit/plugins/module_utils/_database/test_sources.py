# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A schema script is read from the product that it belongs to, and in the form that fits the
server."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._database.sources import (
    NotBrought,
    places_of,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError

DCR = "dbscripts/finance/dynamic-client-registration/mysql.sql"


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    for name in (
        "km/dbscripts/mysql.sql",
        "km/dbscripts/mysql5.7.sql",
        "km/dbscripts/apimgt/mysql.sql",
        "am/dbscripts/apimgt/mysql.sql",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"CREATE TABLE OF_{re.sub('[^a-z0-9]', '_', name)} (X INT);")
    return tmp_path


def read(
    homes: Path, name: str, newer: bool = False, beside: bool = True, brought: str = ""
) -> str:
    scripts = {DCR: base64.b64encode(brought.encode()).decode()} if brought else {}
    params: dict[str, Any] = {
        "home": str(homes / "km"),
        "api_manager_home": str(homes / "am") if beside else None,
    }
    entry = {
        "name": name,
        "newer": [name.replace("mysql.sql", other) for other in ("mysql-5-7.sql", "mysql5.7.sql")],
    }
    script = places_of({**params, "api_manager_scripts": scripts}).read(entry, "mysql", newer)
    assert script.name == name
    return script.tables[0].name


def test_each_product_has_its_own(homes: Path) -> None:
    assert read(homes, "dbscripts/apimgt/mysql.sql") == "OF_km_dbscripts_apimgt_mysql_sql"
    assert (
        read(homes, "api_manager:dbscripts/apimgt/mysql.sql") == "OF_am_dbscripts_apimgt_mysql_sql"
    )


def test_the_one_for_newer_servers_is_taken_where_it_is_there_and_fits(homes: Path) -> None:
    assert read(homes, "dbscripts/mysql.sql", newer=True) == "OF_km_dbscripts_mysql5_7_sql"
    assert read(homes, "dbscripts/mysql.sql", newer=False) == "OF_km_dbscripts_mysql_sql"
    assert (
        read(homes, "dbscripts/apimgt/mysql.sql", newer=True) == "OF_km_dbscripts_apimgt_mysql_sql"
    )


def test_what_was_brought_stands_for_a_home_that_is_elsewhere(homes: Path) -> None:
    assert (
        read(homes, f"api_manager:{DCR}", beside=False, brought="CREATE TABLE BROUGHT (X INT);")
        == "BROUGHT"
    )
    with pytest.raises(OperatorError, match="no such schema script"):
        read(
            homes,
            "api_manager:dbscripts/other/mysql.sql",
            beside=False,
            brought="CREATE TABLE BROUGHT (X INT);",
        )


def test_what_is_nowhere_is_told_with_the_way_to_have_it(homes: Path) -> None:
    with pytest.raises(NotBrought, match="cluster_api_manager_archive"):
        read(homes, f"api_manager:{DCR}", beside=False)
    with pytest.raises(
        OperatorError,
        match=re.escape("km/dbscripts/oracle.sql: the product has no such schema script."),
    ) as error:
        read(homes, "dbscripts/oracle.sql")
    assert "In that folder are: mysql.sql, mysql5.7.sql." in str(error.value)


def test_a_content_that_is_no_base64_is_refused(homes: Path) -> None:
    with pytest.raises(OperatorError, match="a.sql is not in Base64"):
        places_of(
            {
                "home": "/",
                "api_manager_home": None,
                "api_manager_scripts": {"a.sql": "CREATE TABLE"},
            }
        )
