# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Role databases on a real MariaDB: the tests build on each other, from an empty host on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml

from tests.integration.state.schemas import API_MANAGER, KERNEL, KEY_MANAGER, products
from tests.integration.state.state_hosts import HERE, Hosts, changed

HOME = "/opt/wso2/statetest"
CERTIFICATES = """
set -e
mkdir -p /etc/carbon-ops/pki && cd /etc/carbon-ops/pki
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=test-ca -keyout ca.key -out ca.crt
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=st-db1 -keyout st-db1.key -out st-db1.csr
printf 'subjectAltName=DNS:st-db1,IP:10.203.67.21' > san
openssl x509 -req -in st-db1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile san -out st-db1.crt
chmod 0600 *.key
cat ca.crt
"""
USERS = ("apim", "config", "open_banking", "registry", "user")
PASSWORD = 'it\'s "50%" \\ $HOME `id` ü; --'
SECRETS = ["it's", "50%", "%s%%d", "canary"]


class Databases:
    """The hosts of the state tests, as a cluster of Open Banking."""

    def __init__(self, hosts: Hosts, variables: Path) -> None:
        self.run, self.sql = hosts.run, hosts.sql
        self.hosts, self.variables = hosts, variables

    def play(
        self, *arguments: str, inventory: Path = HERE / "hosts.yml", check: bool = True
    ) -> str:
        return self.hosts.play(
            "-e", f"@{self.variables}", *arguments, inventory=inventory, check=check
        )

    def settings(self, check: bool = True, **variables: object) -> str:
        """Run the role on the database host alone, with these variables."""
        return self.play("--limit", "database", "-e", json.dumps(variables), check=check)

    def process(self) -> str:
        return self.run("st-db1", "systemctl show -p MainPID mariadb").strip()


@pytest.fixture(scope="module")
def product(hosts: Hosts, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    for name, script in KEY_MANAGER.items():
        hosts.run(
            "st-km1", f"mkdir -p $(dirname {HOME}/{name}) && cat > {HOME}/{name}", stdin=script
        )
    folder = tmp_path_factory.mktemp("products")
    return Databases(
        hosts, products(folder, {name: script.encode() for name, script in API_MANAGER.items()})
    )


def no_secret(output: str) -> None:
    assert not [secret for secret in SECRETS if secret in output]


@pytest.mark.slow
def test_without_a_certificate_nothing_is_opened(product: Databases) -> None:
    output = product.play(check=False)
    assert (
        "/etc/carbon-ops/pki/st-db1.crt is not there, so the database cannot be reached over TLS"
        in output
    )


def test_first_run_and_second_run(product: Databases) -> None:
    authority = product.run("st-db1", CERTIFICATES)
    product.run(
        "st-km1",
        "mkdir -p /etc/carbon-ops/pki && cat > /etc/carbon-ops/pki/ca.crt",
        stdin=authority,
    )
    output = product.play("-vvv", "--diff")
    no_secret(output)
    assert changed(output)["st-db1"] > 0
    assert changed(output)["st-km1"] > 0
    assert changed(product.play()) == {"st-db1": 0, "st-km1": 0, "st-km2": 0}


@pytest.mark.slow
def test_check_mode_after_the_run_finds_nothing(product: Databases) -> None:
    assert changed(product.play("--check")) == {"st-db1": 0, "st-km1": 0, "st-km2": 0}


TABLES = {
    "openbank_userdb": ["REG_PATH", "UM_USER"],
    "openbank_iskm_configdb": ["REG_PATH", "UM_USER"],
    "openbank_govdb": ["REG_PATH", "UM_USER"],
    # The last one is API Manager's alone.
    "openbank_apimgtdb": [
        "AM_API",
        "AM_API_CLIENT_CERTIFICATE",
        "IDN_BASE_TABLE",
        "IDN_OAUTH_CONSUMER_APPS",
    ],
    "openbank_openbankingdb": ["OB_DCR_DETAILS", "UK_ACCOUNT_INITIATION", "UK_NOTIFICATION"],
}


@pytest.mark.parametrize("database", TABLES)
def test_each_database_has_the_tables_of_its_own_scripts(product: Databases, database: str) -> None:
    assert sorted(product.sql("SHOW TABLES", database).split()) == sorted(
        [*TABLES[database], "carbon_ops_schema"]
    )


def test_rows_are_there_once(product: Databases) -> None:
    assert product.sql("SELECT UM_NAME FROM UM_USER", "openbank_userdb").split() == ["first"]
    assert product.sql("SELECT COUNT(*) FROM IDN_BASE_TABLE", "openbank_apimgtdb").strip() == "1"
    assert product.sql(
        "SELECT script FROM carbon_ops_schema WHERE finished_at IS NOT NULL", "openbank_apimgtdb"
    ).split() == ["api_manager:dbscripts/apimgt/mysql.sql"]


def test_server_is_reachable_where_it_should_be(product: Databases) -> None:
    assert "10.203.67.21:3306" in product.run("st-db1", "ss -Hltn sport = :3306")
    assert "0.0.0.0:3306" not in product.run("st-db1", "ss -Hltn sport = :3306")
    assert int(product.sql("SELECT @@max_connections")) == 1550


def test_accounts_have_least_privilege(product: Databases) -> None:
    accounts = product.sql(
        "SELECT user, host, ssl_type FROM mysql.user WHERE user LIKE 'statetest%' ORDER BY user,"
        " host"
    )
    assert accounts.splitlines() == [
        f"statetest_{user}\t10.203.67.{node}\tANY" for user in USERS for node in (11, 12)
    ]
    grants = product.sql("SHOW GRANTS FOR 'statetest_user'@'10.203.67.11'")
    assert "GRANT USAGE ON *.*" in grants
    assert "ON `openbank\\\\_userdb`.*" in grants
    assert "openbank\\\\_apimgtdb" not in grants
    assert "DROP" not in grants
    assert "GRANT OPTION" not in grants


def test_connections_are_raised_without_a_restart(product: Databases) -> None:
    before = product.process()
    assert changed(product.settings(databases_max_connections=1600))["st-db1"] == 2
    assert (product.sql("SELECT @@max_connections").strip(), product.process()) == ("1600", before)
    assert changed(product.settings(databases_max_connections=1600)) == {"st-db1": 0}
    product.settings()
    assert (product.sql("SELECT @@max_connections").strip(), product.process()) == ("1550", before)


def test_a_restart_is_announced_and_made_when_asked_for(product: Databases) -> None:
    before = product.process()
    sort_order = {"databases_settings": {"performance-schema": True, "max_allowed_packet": "32M"}}
    for changes in (2, 0):
        output = product.settings(**sort_order)
        assert "MariaDB on st-db1 has to be restarted before it takes performance_schema." in output
        assert "run again with -e databases_restart=true" in " ".join(output.split())
        assert changed(output) == {"st-db1": changes}
        assert product.process() == before
    assert product.sql("SELECT @@max_allowed_packet, @@performance_schema").split() == [
        "33554432",
        "0",
    ]
    assert changed(product.settings(databases_restart=True, **sort_order)) == {"st-db1": 1}
    assert product.process() != before
    assert product.sql("SELECT @@max_allowed_packet, @@performance_schema").split() == [
        "33554432",
        "1",
    ]
    output = product.settings(**sort_order)
    assert changed(output) == {"st-db1": 0}
    assert "has to be restarted" not in output


def test_a_setting_that_the_server_does_not_know_never_reaches_its_file(product: Databases) -> None:
    output = product.settings(databases_settings={"max_conections": 7}, check=False)
    assert "unknown variable 'max_conections=7'" in output
    assert "max_conections" not in product.run(
        "st-db1", "cat /etc/mysql/mariadb.conf.d/90-carbon-ops.cnf"
    )


def accounts(product: Databases, like: str = "statetest%") -> list[str]:
    return product.sql(
        f"SELECT CONCAT(user, '@', host) FROM mysql.user WHERE user LIKE '{like}' ORDER BY 1"
    ).split()


# Its open connection has not been seen to come about yet.
@pytest.mark.slow
def test_accounts_of_a_node_that_left_are_gone_and_others_stay(
    product: Databases, tmp_path: Path
) -> None:
    fewer = yaml.safe_load((HERE / "hosts.yml").read_text())
    del fewer["all"]["children"]["key_manager"]["hosts"]["st-km2"]
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump(fewer))
    product.sql(
        "CREATE USER 'statetest_user'@'10.203.67.99' IDENTIFIED BY 'of-somebody'; CREATE USER"
        " 'other'@'10.203.67.12' IDENTIFIED BY 'x'"
    )
    # A connection that outlives its account would go on reading.
    open_one = (
        "import pymysql, sys, time\npymysql.connect(host='10.203.67.21', user='statetest_user',"
        " password=sys.stdin.buffer.read(), ssl={'ca': '/root/ca.crt'})\ntime.sleep(120)\n"
    )
    product.run(
        "st-km2",
        "cat > /root/ca.crt",
        stdin=product.run("st-db1", "cat /etc/carbon-ops/pki/ca.crt"),
    )
    product.run(
        "st-km2",
        f'cat > /root/password; (python3 -c "{open_one}" < /root/password >/root/connection.log 2>&1 &)',
        stdin=PASSWORD,
    )
    connected = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'statetest_user'"
    limit = time.monotonic() + 30
    while product.sql(connected).strip() != "1" and time.monotonic() < limit:
        time.sleep(1)
    assert product.sql(connected).strip() == "1", product.run(
        "st-km2", "cat /root/connection.log", check=False
    )
    for changes in (3, 0):
        output = product.play("--limit", "database", inventory=inventory)
        assert changed(output) == {"st-db1": changes}
        assert "that no run of it is known to have made: statetest_user@10.203.67.99" in output
    assert accounts(product) == [f"statetest_{user}@10.203.67.11" for user in USERS[:-1]] + [
        "statetest_user@10.203.67.11",
        "statetest_user@10.203.67.99",
    ]
    assert accounts(product, "other") == ["other@10.203.67.12"]
    assert product.sql(connected).strip() == "0"
    product.play("--limit", "database", "-e", "databases_remove_accounts=by_name")
    assert accounts(product) == [
        f"statetest_{user}@10.203.67.{node}" for user in USERS for node in (11, 12)
    ]


@pytest.mark.slow
def test_an_account_cannot_log_in_without_encryption(product: Databases) -> None:
    program = (
        "import pymysql, sys\ntry:\n    pymysql.connect(host='10.203.67.21', user='statetest_apim',"
        " password=sys.stdin.read())\nexcept pymysql.MySQLError as error:\n   "
        " print(error.args[0])\n"
    )
    assert product.run("st-km1", f'python3 -c "{program}"', stdin="%s%%d\\'").strip() == "1045"


@pytest.mark.slow
def test_a_changed_password_is_told_without_the_password(product: Databases) -> None:
    product.sql("ALTER USER 'statetest_user'@'10.203.67.11' IDENTIFIED BY 'other'")
    output = product.play("--limit", "key_manager", "-vvv", check=False)
    assert "Database openbank_userdb at 10.203.67.21:3306 as statetest_user: 1045" in output
    assert "cluster_database_passwords" in output
    no_secret(output)
    assert changed(product.play()) == {"st-db1": 1, "st-km1": 0, "st-km2": 0}


@pytest.mark.slow
def test_a_wrong_certificate_is_refused(product: Databases) -> None:
    product.run(
        "st-km1",
        "cp /etc/carbon-ops/pki/ca.crt /root/ca.crt && cp /etc/ssl/certs/ca-certificates.crt"
        " /etc/carbon-ops/pki/ca.crt",
    )
    try:
        assert "certificate verify failed" in product.play("--limit", "key_manager", check=False)
    finally:
        product.run("st-km1", "cp /root/ca.crt /etc/carbon-ops/pki/ca.crt")


@pytest.mark.slow
def test_a_new_certificate_is_taken_without_a_restart(product: Databases) -> None:
    before = product.run("st-db1", "systemctl show -p MainPID mariadb")
    authority = product.run("st-db1", CERTIFICATES)
    product.run("st-km1", "cat > /etc/carbon-ops/pki/ca.crt", stdin=authority)
    output = product.play()
    assert changed(output)["st-db1"] > 0
    assert changed(output)["st-km1"] == 0
    assert product.run("st-db1", "systemctl show -p MainPID mariadb") == before


@pytest.mark.slow
def test_a_load_that_was_cut_short_goes_on(product: Databases) -> None:
    # As a run leaves it that was killed after the second statement.
    product.sql(
        "DROP TABLE UM_USER; UPDATE carbon_ops_schema SET finished_at = NULL, statements = 2",
        "openbank_userdb",
    )
    output = product.play("-e", "databases_schema_mode=check", check=False)
    assert "the load of dbscripts/mysql.sql was cut short" in output
    assert changed(product.play()) == {"st-db1": 0, "st-km1": 1, "st-km2": 0}
    assert product.sql("SELECT UM_NAME FROM UM_USER", "openbank_userdb").split() == ["first"]
    assert changed(product.play()) == {"st-db1": 0, "st-km1": 0, "st-km2": 0}


@pytest.mark.slow
def test_a_script_that_is_wrong_needs_an_empty_database(product: Databases) -> None:
    product.sql("DROP DATABASE openbank_userdb; CREATE DATABASE openbank_userdb")
    script = f"{HOME}/dbscripts/mysql.sql"
    product.run("st-km1", f"printf 'CREATE TABLE LAST_ONE (X INT);\\nNONSENSE;\\n' >> {script}")
    output = product.play(check=False)
    assert (
        "Database openbank_userdb: dbscripts/mysql.sql was cut short at statement 6 of 6" in output
    )
    product.run("st-km1", f"cat > {script}", stdin=KERNEL)
    assert "was cut short; 2 of 2 tables are there. Nothing was changed." in product.play(
        check=False
    )


@pytest.mark.slow
def test_a_schema_made_by_hand_is_accepted_whole_and_refused_half(product: Databases) -> None:
    product.sql("DROP DATABASE openbank_userdb; CREATE DATABASE openbank_userdb")
    product.sql("CREATE TABLE REG_PATH (X INT)", "openbank_userdb")
    assert "only 1 of the 2 tables of dbscripts/mysql.sql are there" in product.play(check=False)
    product.sql("CREATE TABLE UM_USER (X INT)", "openbank_userdb")
    assert changed(product.play()) == {"st-db1": 0, "st-km1": 0, "st-km2": 0}


@pytest.mark.slow
def test_check_only_refuses_an_empty_database(product: Databases) -> None:
    product.sql("DROP DATABASE openbank_userdb; CREATE DATABASE openbank_userdb")
    assert "no table of dbscripts/mysql.sql is there" in product.play(
        "-e", "databases_schema_mode=check", check=False
    )
    assert product.sql("SHOW TABLES", "openbank_userdb") == ""
