# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the model names of a datasource is set, and what an operator has added stays."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._edits.datasources import (
    datasource_edits,
)

SOURCE = {
    "id": "apim",
    "name": "WSO2AM_DB",
    "jndi": "jdbc/WSO2AM_DB",
    "description": "API Manager",
    "secret": "database_apim_password",
    "url": "jdbc:mysql://db1:3306/openbank_apimgtdb",
    "user": "obkm_apim",
    "connection_properties": "",
    "auto_commit": False,
}
DATABASE: dict[str, t.Any] = {
    "driver_class": "com.mysql.cj.jdbc.Driver",
    "validation_query": "SELECT 1",
    "pool": {},
}
FILE = """<datasources-configuration>
    <datasources>
        <datasource>
            <name>WSO2_AM_DB</name>
            <description>API Manager</description>
            <jndiConfig>
                <name>jdbc/WSO2AM_DB</name>
            </jndiConfig>
            <definition type="RDBMS">
                <configuration>
                    <url>jdbc:h2:repository/database/A</url>
                    <username>a</username>
                    <password>b</password>
                    <driverClassName>org.h2.Driver</driverClassName>
                    {0}
                    <testOnBorrow>true</testOnBorrow>
                    <validationQuery>SELECT 1</validationQuery>
                </configuration>
            </definition>
        </datasource>
    </datasources>
</datasources-configuration>
"""
OPERATORS = (
    "<maxActive>20</maxActive><minIdle>5</minIdle><maxIdle>10</maxIdle><maxWait>10000</maxWait><validationInterval>5000</validationInterval>"
    "<removeAbandoned>true</removeAbandoned><!-- of the DBA --><jdbcInterceptors>ConnectionState</jdbcInterceptors>"
)


def edited(tmp_path: Path, settings: str, pool: dict[str, t.Any] | None = None) -> str:
    path = tmp_path / "master-datasources.xml"
    path.write_text(FILE.format(settings), encoding="utf-8")
    edits = datasource_edits([SOURCE], {**DATABASE, "pool": pool or {}})
    for _again in range(2):
        patch_files([{"path": str(path), "edits": edits}], {"database_apim_password": "secret"})
    return path.read_text(encoding="utf-8")


def test_what_an_operator_chose_stays(tmp_path: Path) -> None:
    after = edited(tmp_path, OPERATORS)
    assert OPERATORS in after
    for line in (
        "<name>WSO2AM_DB</name>",
        "<url>jdbc:mysql://db1:3306/openbank_apimgtdb</url>",
        "<password>secret</password>",
    ):
        assert line in after


@pytest.mark.parametrize("shipped", ["50", "80", "100"])
def test_what_a_product_ships_becomes_the_documented_value(shipped: str, tmp_path: Path) -> None:
    after = edited(tmp_path, f"<maxActive>{shipped}</maxActive><maxWait>60000</maxWait>")
    assert "<maxActive>150</maxActive><maxWait>60000</maxWait>" in after
    assert after.count("<validationInterval>3000</validationInterval>") == 1


def test_half_a_minute_without_a_login_is_no_ones_choice(tmp_path: Path) -> None:
    after = edited(tmp_path, "<validationInterval>30000</validationInterval>")
    assert after.count("<validationInterval>3000</validationInterval>") == 1
    assert "30000" not in after
    after = edited(tmp_path, "", {"validationInterval": 30000})
    assert after.count("<validationInterval>30000</validationInterval>") == 1


def test_connection_properties_are_set_where_a_driver_has_no_parameters(tmp_path: Path) -> None:
    path = tmp_path / "master-datasources.xml"
    path.write_text(FILE.format(""), encoding="utf-8")
    source = {**SOURCE, "connection_properties": "oracle.net.ssl_server_dn_match=true"}
    edits = datasource_edits([source], {**DATABASE, "pool": {}})
    patch_files([{"path": str(path), "edits": edits}], {"database_apim_password": "secret"})
    after = path.read_text(encoding="utf-8")
    line = "<connectionProperties>oracle.net.ssl_server_dn_match=true</connectionProperties>"
    assert after.count(line) == 1


def test_what_the_inventory_names_counts(tmp_path: Path) -> None:
    after = edited(tmp_path, OPERATORS, {"maxActive": 60, "minEvictableIdleTimeMillis": 1000})
    assert OPERATORS.replace("<maxActive>20<", "<maxActive>60<") in after
    assert after.count("<minEvictableIdleTimeMillis>1000</minEvictableIdleTimeMillis>") == 1


def test_of_two_values_none_is_an_old_one(tmp_path: Path) -> None:
    after = edited(tmp_path, "<url>jdbc:h2:old</url>")
    assert after.count("<url>jdbc:mysql://db1:3306/openbank_apimgtdb</url>") == 2


def test_a_datasource_that_is_missing_is_the_documented_one(tmp_path: Path) -> None:
    path = tmp_path / "master-datasources.xml"
    path.write_text(
        "<datasources-configuration>\n    <datasources>\n    </datasources>\n</datasources-configuration>\n",
        encoding="utf-8",
    )
    patch_files(
        [{"path": str(path), "edits": datasource_edits([SOURCE], DATABASE)}],
        {"database_apim_password": "secret"},
    )
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    start = lines.index("<configuration>")
    assert lines[start + 1 : lines.index("</configuration>")] == [
        "<url>jdbc:mysql://db1:3306/openbank_apimgtdb</url>",
        "<username>obkm_apim</username>",
        "<password>secret</password>",
        "<driverClassName>com.mysql.cj.jdbc.Driver</driverClassName>",
        "<maxActive>150</maxActive>",
        "<maxWait>60000</maxWait>",
        "<testOnBorrow>true</testOnBorrow>",
        "<validationQuery>SELECT 1</validationQuery>",
        "<validationInterval>3000</validationInterval>",
        "<defaultAutoCommit>false</defaultAutoCommit>",
    ]


def test_a_datasource_may_commit_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "bps-datasources.xml"
    path.write_text(FILE.format("<defaultAutoCommit>true</defaultAutoCommit>"), encoding="utf-8")
    edits = datasource_edits([{**SOURCE, "auto_commit": True}], DATABASE)
    patch_files([{"path": str(path), "edits": edits}], {"database_apim_password": "secret"})
    after = path.read_text(encoding="utf-8")
    assert after.count("<defaultAutoCommit>true</defaultAutoCommit>") == 1
    assert after.count("defaultAutoCommit>") == 2
