# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The products' own schema scripts on real servers, against what the vendor's own set-up makes.

They need the folder of the real product files, and the server; what is not there is skipped by name.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import (
    collection_sources,
)

from tests.integration.state.schema_servers import PASSWORD, START, SYSTEM_PYTHON, Server, load

PORTS = {"mariadb": 33171, "mysql": 33172, "postgresql": 33173}
# API Manager's own script and the copy of it in the Key Manager, which the vendor's set-up loads, differ in three places. The table
# is of client certificates for APIs; the column is wider in the Key Manager's copy; the index is over the whole name in API Manager's.
OF_API_MANAGER = {"table AM_API_CLIENT_CERTIFICATE"}
DIFFERS = re.compile(
    r"\w+ (AM_API_CLIENT_CERTIFICATE\b|AM_APPLICATION_REGISTRATION\tINPUTS\t|IDN_SCIM_GROUP\tIDX_IDN_SCIM_GROUP_TI_RN_AN\t)"
)


def databases(
    vendor: str, specification: str = "openbanking.org.uk", **settings: t.Any
) -> dict[str, list[dict[str, t.Any]]]:
    """The scripts of each database, as the model has them."""
    variables = {
        "cluster_product": "ob_km_1.5",
        "cluster_hostname": "km.bank.example",
        "cluster_open_banking_specification": specification,
        "cluster_database": {"vendor": vendor, **settings},
    }
    groups = {"key_manager": ["km1"], "database": ["db1"], "api_manager": ["am1"]}
    hosts = {name: variables for names in groups.values() for name in names}
    model = build_model("km1", Inventory(groups, hosts), collection_sources())
    return {database["id"]: database["scripts"] for database in model["databases"]}


@pytest.fixture(scope="module")
def homes(shared: Path) -> dict[str, Path]:
    return {
        "key_manager": shared / "real" / "ob-km-1.5-uk",
        "api_manager": shared / "real" / "ob-apim-1.5-uk",
    }


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.slow) for name in START]
)
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(vendor: str, homes: dict[str, Path]) -> t.Iterator[Server]:
    # Not below pytest's own folder, which it closes to all but root, and a server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix=f"carbon-ops-{vendor}-") as folder:
        Path(folder).chmod(0o755)
        started = START[vendor](Path(folder), PORTS[vendor])
        try:
            yield started
        finally:
            started.kill_and_wait()


def made_by_the_vendor(server: Server, shared: Path) -> dict[str, str]:
    """Load the vendor's own set-up; return its databases by the id that the collection has for them."""
    text = (shared / "real" / "ob-1.5-mysql-setup-uk.sql").read_text(encoding="utf-8")
    parts = re.split(r"^USE (\w+);", text, flags=re.MULTILINE)
    own = {
        "openbank_commondb": "user",
        "openbank_apimgtdb": "apim",
        "openbank_openbankingdb": "open_banking",
    }
    made = {}
    for name, statements in zip(parts[1::2], parts[2::2]):
        if name in own:
            made[own[name]] = f"vendor_{name}"
            server.create(made[own[name]])
            server.sql(statements, made[own[name]])
    assert len(made) == 3
    return made


TABLES = {"user": 40, "apim": 125, "open_banking": 16}


@pytest.mark.parametrize("database", TABLES)
def test_every_database_is_loaded_once(
    server: Server, vendor: str, homes: dict[str, Path], database: str
) -> None:
    scripts = databases(vendor)[database]
    if vendor == "postgresql" and database == "open_banking":
        scripts = databases(vendor, "berlin-group.org")[database]
    tables = (
        3 if scripts[0]["name"].endswith("berlin-group.org/postgresql.sql") else TABLES[database]
    )
    server.create(f"once_{database}")
    for action in ("loaded", "present"):
        result = load(server, homes, f"once_{database}", scripts)
        assert result["changed"] is (action == "loaded"), result
        outcomes = result["databases"][0]["scripts"]
        assert {outcome["action"] for outcome in outcomes} == {action}
        assert sum(outcome["tables"] for outcome in outcomes) == tables
    described = server.describe(f"once_{database}")
    assert sum(line.startswith("table ") for line in described) == tables


def test_every_database_is_what_the_vendor_sets_up(
    server: Server, vendor: str, homes: dict[str, Path], shared: Path
) -> None:
    if vendor == "postgresql":
        pytest.skip("the vendor's set-up is for MySQL")
    vendors = made_by_the_vendor(server, shared)
    for database, scripts in databases(vendor).items():
        if database not in vendors:
            # The registries' databases have the same script as that of the users.
            assert scripts == databases(vendor)["user"]
            continue
        server.create(f"ours_{database}")
        load(server, homes, f"ours_{database}", scripts)
        ours, theirs = server.describe(f"ours_{database}"), server.describe(vendors[database])
        assert len(theirs) > 100
        if database == "apim":
            assert {line for line in ours ^ theirs if line.startswith("table ")} == OF_API_MANAGER
            assert {line for line in ours ^ theirs if not DIFFERS.match(line)} == set()
        else:
            assert ours ^ theirs == set()


def test_one_database_for_all_has_the_tables_of_all(
    server: Server, vendor: str, homes: dict[str, Path]
) -> None:
    names = dict.fromkeys(("user", "apim", "config", "registry", "open_banking"), "one_for_all")
    specification = "berlin-group.org" if vendor == "postgresql" else "openbanking.org.uk"
    (scripts,) = databases(vendor, specification, names=names).values()
    server.create("one_for_all")
    for changed in (True, False):
        assert load(server, homes, "one_for_all", scripts)["changed"] is changed
    tables = sum(line.startswith("table ") for line in server.describe("one_for_all"))
    assert tables == 40 + 125 + (3 if vendor == "postgresql" else 16)


@pytest.mark.parametrize(("specification", "tables"), [("berlin-group.org", 9), ("STET", 5)])
def test_other_specifications_load(
    server: Server, vendor: str, homes: dict[str, Path], specification: str, tables: int
) -> None:
    if vendor == "postgresql" or (vendor, specification) == ("mariadb", "berlin-group.org"):
        pytest.skip("the product has no such script for this vendor, as its profile says")
    name = f"other_{tables}"
    server.create(name)
    assert load(server, homes, name, databases(vendor, specification)["open_banking"])["changed"]
    assert sum(line.startswith("table ") for line in server.describe(name)) == tables


def test_identity_and_api_management_scripts_together_are_refused_before_a_statement(
    server: Server, vendor: str, homes: dict[str, Path]
) -> None:
    scripts = databases(
        vendor,
        scripts={"apim": ["dbscripts/identity/{vendor}.sql", "dbscripts/apimgt/{vendor}.sql"]},
    )["apim"]
    server.create("twice")
    result = load(server, homes, "twice", scripts)
    assert "the script makes the table" in result["msg"]
    assert server.describe("twice") == set()


LOADER = """
import os, sys, threading, time
sys.path.insert(0, sys.argv[1])
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._database.schema import Database, PostgresqlDatabase, ensure_loaded
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._database.scripts import read_script
engine, port, name, password, path, script, seconds = sys.argv[2:]
if engine == "mysql":
    import pymysql
    connection = pymysql.connect(host="127.0.0.1", port=int(port), user="loader", password=password, database=name, autocommit=True)
    database = Database(name, connection)
else:
    import psycopg2
    connection = psycopg2.connect(host="127.0.0.1", port=int(port), user="loader", dbname=name)
    connection.autocommit = True
    database = PostgresqlDatabase(name, connection)
read = read_script(script, open(path, "rb").read(), engine)
threading.Thread(target=lambda: (time.sleep(float(seconds)), os._exit(9)), daemon=True).start()
ensure_loaded(database, [read], True, False, 60)
"""


def test_a_load_that_is_cut_short_anywhere_goes_on_to_the_same_end(
    server: Server, vendor: str, homes: dict[str, Path], repository: Path
) -> None:
    (script,) = databases(vendor)["apim"]
    path = homes["api_manager"] / script["name"].partition(":")[2]
    server.create("whole")
    assert load(server, homes, "whole", [script])["changed"]
    whole = server.describe("whole")
    cut = 0
    for number in range(8):
        name = f"cut_{number}"
        server.create(name)
        arguments = [
            str(repository / "collections"),
            server.engine,
            str(server.port),
            name,
            PASSWORD,
            str(path),
            script["name"],
        ]
        done = subprocess.run(
            [SYSTEM_PYTHON, "-c", LOADER, *arguments, str(0.02 + 0.08 * number)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode in (0, 9), done.stderr
        cut += (
            done.returncode == 9
            and 0
            < sum(line.startswith("table ") for line in server.describe(name))
            < TABLES["apim"]
        )
        load(server, homes, name, [script])
        assert server.describe(name) == whole
        assert load(server, homes, name, [script])["changed"] is False
    # A load into PostgreSQL is one transaction: of a cut one nothing is there.
    assert cut > 0 or server.engine == "postgresql"
