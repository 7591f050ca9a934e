# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""WSO2's own parser reads each vendor's datasources as its driver wants them. The URLs are written
out by hand."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.configure.sites import ADDRESSES

NAMES = ("user", "apim", "config", "registry", "open_banking")
HOST = ADDRESSES["db1"]
VENDORS = {
    "postgresql": (
        {
            "vendor": "postgresql",
            "parameters": {"ApplicationName": "a%26b"},
            # Open Banking 1.5 brings none of this specification for PostgreSQL.
            "scripts": {"open_banking": ["dbscripts/own/openbanking.sql"]},
        },
        (
            f"jdbc:postgresql://{HOST}:5432/openbank_userdb?sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory"
            "&ApplicationName=a%26b"
        ),
        "org.postgresql.Driver",
        "SELECT 1",
    ),
    "oracle": (
        {"vendor": "oracle", "host": "ora.example", "names": dict.fromkeys(NAMES, "BANK.example")},
        (
            "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=ora.example)(PORT=2484))"
            "(CONNECT_DATA=(SERVICE_NAME=BANK.example))(SECURITY=(SSL_SERVER_DN_MATCH=TRUE)))"
        ),
        "oracle.jdbc.OracleDriver",
        "SELECT 1 FROM DUAL",
    ),
    "mssql": (
        {"vendor": "mssql", "host": "sql.example"},
        (
            "jdbc:sqlserver://sql.example:1433;databaseName=openbank_userdb"
            ";SendStringParametersAsUnicode=false;encrypt=true;trustServerCertificate=false"
        ),
        "com.microsoft.sqlserver.jdbc.SQLServerDriver",
        "SELECT 1",
    ),
    "h2": (
        {"vendor": "h2"},
        "jdbc:h2:./repository/database/openbank_userdb;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000",
        "org.h2.Driver",
        "SELECT 1",
    ),
}


@pytest.mark.parametrize(
    "vendor",
    [pytest.param(name, marks=[pytest.mark.slow] * (name != "postgresql")) for name in VENDORS],
)
def test_datasources_are_read_as_the_vendor_wants_them(
    vendor: str,
    site: t.Callable[..., t.Any],
    playbook: t.Callable[..., t.Any],
    oracle: t.Callable[..., dict[str, t.Any]],
) -> None:
    settings, url, driver, query = VENDORS[vendor]
    made = site(nodes=1, api_managers=0)
    made.variables["cluster_database"] = settings
    # A group without hosts: these servers are none of the collection's.
    made.variables["cluster_database_group"] = (
        "database" if vendor == "postgresql" else "nobodys_databases"
    )
    made.write_inventory()
    run = playbook("playbooks/configure.yml", made.inventory)
    assert run.status == 0, run.output
    reading = oracle(made.homes["km1"])
    sources = [
        source
        for file in reading
        if file.startswith("datasources/")
        for source in reading[file]["datasources"]
    ]
    pools = {source["jndiName"]: source["pool"] for source in sources}
    pool = pools["jdbc/WSO2UM_DB"]
    assert (pool["url"], pool["driverClassName"], pool["validationQuery"]) == (url, driver, query)
    assert (pool["username"], pool["password"]) == ("obkm_user", made.secrets.database("user"))
    others = {name: found for name, found in pools.items() if name != "jdbc/WSO2CarbonDB"}
    assert len(others) == len(NAMES)
    assert {found["driverClassName"] for found in others.values()} == {driver}
    looked_up = [
        lookup for content in reading.values() for lookup in content.get("jndiLookups", {}).values()
    ]
    assert looked_up and all(looked_up)
