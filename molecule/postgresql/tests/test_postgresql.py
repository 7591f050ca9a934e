# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Two Key Managers on PostgreSQL, as the nodes and the database see it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List

import pytest
import testinfra
import yaml
from testinfra.host import Host

HOSTS = yaml.safe_load((Path(__file__).parents[1] / "inventory/hosts.yml").read_text())["all"]["children"]
NODES: List[str] = list(HOSTS["key_manager"]["hosts"])
DATABASE = next(iter(HOSTS["database"]["hosts"]))
HEALTH = "python3 /usr/local/lib/carbon-ops/carbon_health.py --config /etc/carbon-ops/obkm/health.json --members all --json"


def on(name: str) -> Host:
    return testinfra.get_host(f"docker://{name}")


def sql(statement: str, database: str = "postgres") -> str:
    return on(DATABASE).check_output("psql -XAt -U postgres -d %s -c %s", database, statement).strip()


@pytest.fixture(scope="module", autouse=True)
def scenario() -> None:
    # The hosts of the scenario exist only while Molecule runs it, and pytest may be pointed at the folder from anywhere.
    if "MOLECULE_EPHEMERAL_DIRECTORY" not in os.environ:
        pytest.skip("runs within: molecule test -s postgresql")


@pytest.mark.parametrize("node", NODES)
def test_node_is_healthy_and_sees_the_other(node: str) -> None:
    answer: Dict[str, Any] = json.loads(on(node).run(HEALTH).stdout)
    assert answer["healthy"], answer
    assert len(answer["members"]) == len(NODES)


def test_tables_are_there_and_used() -> None:
    assert int(sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "openbank_userdb")) > 50
    assert sql("SELECT count(*) FROM carbon_ops_schema WHERE finished_at IS NULL", "openbank_apimgtdb") == "0"
    # The servers themselves have written there: the administrator, and the registry that they mount.
    assert int(sql("SELECT count(*) FROM um_user", "openbank_userdb")) >= 1
    assert int(sql("SELECT count(*) FROM reg_path", "openbank_govdb")) > 1


def test_every_connection_of_the_servers_is_encrypted() -> None:
    rows = sql("SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename LIKE 'obkm%'")
    assert rows == "t"


def test_server_runs_at_every_boot() -> None:
    service = on(DATABASE).service("postgresql")
    assert service.is_running
    assert service.is_enabled


@pytest.mark.parametrize("node", NODES)
def test_driver_is_the_one_of_the_inventory(node: str) -> None:
    jar = on(node).file("/opt/wso2/obkm/repository/components/lib/postgresql-42.7.4.jar")
    assert jar.sha256sum == "188976721ead8e8627eb6d8389d500dccc0c9bebd885268a3047180274a6031e"
