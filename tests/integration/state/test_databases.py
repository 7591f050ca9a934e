# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Role databases on a real MariaDB: the tests build on each other, from an empty host on."""

from __future__ import annotations

import pytest
from state_hosts import Hosts, changed

pytestmark = pytest.mark.slow

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
USER_SCRIPT = """
-- A part of the kernel's script, with what its statements contain.
CREATE TABLE IF NOT EXISTS REG_PATH(
  REG_PATH_ID INTEGER NOT NULL AUTO_INCREMENT,
  REG_PATH_VALUE VARCHAR(750) CHARACTER SET latin1 COLLATE latin1_general_cs NOT NULL,
  REG_TENANT_ID INTEGER DEFAULT 0,
  CONSTRAINT PK_REG_PATH PRIMARY KEY(REG_PATH_ID, REG_TENANT_ID)
)ENGINE INNODB;
CREATE INDEX REG_PATH_IND USING HASH ON REG_PATH(REG_PATH_VALUE, REG_TENANT_ID);
CREATE TABLE UM_USER (UM_ID INTEGER AUTO_INCREMENT, UM_NAME VARCHAR(255) DEFAULT '100%s; --', PRIMARY KEY (UM_ID))ENGINE INNODB;
INSERT INTO UM_USER (UM_NAME) VALUES ('first');
"""
IDENTITY_SCRIPT = (
    "CREATE TABLE IF NOT EXISTS IDN_BASE_TABLE (PRODUCT_NAME VARCHAR(20), PRIMARY KEY"
    " (PRODUCT_NAME))ENGINE INNODB;\n"
)
APIMGT_SCRIPT = (
    IDENTITY_SCRIPT + "CREATE TABLE AM_API (API_ID INTEGER, PRIMARY KEY (API_ID))ENGINE INNODB;\n"
)
FINANCE_SCRIPT = (
    "CREATE TABLE OB_CONSENT (CONSENT_ID INTEGER, PRIMARY KEY (CONSENT_ID))ENGINE INNODB;\n"
)
SCRIPTS = {
    "mysql.sql": USER_SCRIPT,
    "identity/mysql.sql": IDENTITY_SCRIPT,
    "apimgt/mysql.sql": APIMGT_SCRIPT,
    "finance/mysql.sql": FINANCE_SCRIPT,
}
USERS = ("apim", "config", "open_banking", "registry", "user")
SECRETS = ["it's", "50%", "%s%%d", "canary"]


@pytest.fixture(scope="module")
def product(hosts: Hosts) -> Hosts:
    for name, script in SCRIPTS.items():
        hosts.run(
            "st-km1",
            f"mkdir -p $(dirname {HOME}/dbscripts/{name}) && cat > {HOME}/dbscripts/{name}",
            stdin=script,
        )
    return hosts


def no_secret(output: str) -> None:
    assert not [secret for secret in SECRETS if secret in output]


def test_without_a_certificate_nothing_is_opened(product: Hosts) -> None:
    output = product.play(check=False)
    assert (
        "/etc/carbon-ops/pki/st-db1.crt is not there, so the database cannot be reached over TLS"
        in output
    )


def test_first_run_and_second_run(product: Hosts) -> None:
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
    assert product.sql("SELECT UM_NAME FROM UM_USER", "openbank_userdb").split() == ["first"]
    assert (
        product.sql(
            "SELECT COUNT(*) FROM carbon_ops_schema WHERE finished_at IS NOT NULL",
            "openbank_apimgtdb",
        ).strip()
        == "2"
    )
    for arguments in ((), ("--check",)):
        output = product.play(*arguments)
        assert changed(output) == {"st-db1": 0, "st-km1": 0, "st-km2": 0}, output


def test_server_is_reachable_where_it_should_be(product: Hosts) -> None:
    assert "10.203.67.21:3306" in product.run("st-db1", "ss -Hltn sport = :3306")
    assert "0.0.0.0:3306" not in product.run("st-db1", "ss -Hltn sport = :3306")
    assert int(product.sql("SELECT @@max_connections")) == 1550


def test_accounts_have_least_privilege(product: Hosts) -> None:
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


def test_an_account_cannot_log_in_without_encryption(product: Hosts) -> None:
    program = (
        "import pymysql, sys\ntry:\n    pymysql.connect(host='10.203.67.21', user='statetest_apim',"
        " password=sys.stdin.read())\nexcept pymysql.MySQLError as error:\n   "
        " print(error.args[0])\n"
    )
    assert product.run("st-km1", f'python3 -c "{program}"', stdin="%s%%d\\'").strip() == "1045"


def test_a_changed_password_is_told_without_the_password(product: Hosts) -> None:
    product.sql("ALTER USER 'statetest_user'@'10.203.67.11' IDENTIFIED BY 'other'")
    output = product.play("--limit", "key_manager", "-vvv", check=False)
    assert "Database openbank_userdb at 10.203.67.21:3306 as statetest_user: 1045" in output
    assert "cluster_database_passwords" in output
    no_secret(output)
    assert changed(product.play()) == {"st-db1": 1, "st-km1": 0, "st-km2": 0}


def test_a_wrong_certificate_is_refused(product: Hosts) -> None:
    product.run(
        "st-km1",
        "cp /etc/carbon-ops/pki/ca.crt /root/ca.crt && cp /etc/ssl/certs/ca-certificates.crt"
        " /etc/carbon-ops/pki/ca.crt",
    )
    try:
        assert "certificate verify failed" in product.play("--limit", "key_manager", check=False)
    finally:
        product.run("st-km1", "cp /root/ca.crt /etc/carbon-ops/pki/ca.crt")


def test_a_new_certificate_is_taken_without_a_restart(product: Hosts) -> None:
    before = product.run("st-db1", "systemctl show -p MainPID mariadb")
    authority = product.run("st-db1", CERTIFICATES)
    product.run("st-km1", "cat > /etc/carbon-ops/pki/ca.crt", stdin=authority)
    output = product.play()
    assert changed(output)["st-db1"] > 0
    assert changed(output)["st-km1"] == 0
    assert product.run("st-db1", "systemctl show -p MainPID mariadb") == before


def test_a_load_that_was_cut_short_is_refused(product: Hosts) -> None:
    product.sql("DROP DATABASE openbank_userdb; CREATE DATABASE openbank_userdb")
    product.run(
        "st-km1",
        f"printf 'CREATE TABLE LAST_ONE (X INT);\\nNONSENSE;\\n' >> {HOME}/dbscripts/mysql.sql",
    )
    output = product.play(check=False)
    assert (
        "Database openbank_userdb: dbscripts/mysql.sql was cut short at statement 6 of 6" in output
    )
    product.run("st-km1", f"cat > {HOME}/dbscripts/mysql.sql", stdin=USER_SCRIPT)
    assert "was cut short; 2 of 2 tables are there. Nothing was changed." in product.play(
        check=False
    )


def test_a_schema_made_by_hand_is_accepted_whole_and_refused_half(product: Hosts) -> None:
    product.sql("DROP DATABASE openbank_userdb; CREATE DATABASE openbank_userdb")
    product.sql("CREATE TABLE REG_PATH (X INT)", "openbank_userdb")
    assert "only 1 of the 2 tables of dbscripts/mysql.sql are there" in product.play(check=False)
    product.sql("CREATE TABLE UM_USER (X INT)", "openbank_userdb")
    assert changed(product.play()) == {"st-db1": 0, "st-km1": 0, "st-km2": 0}


def test_check_only_refuses_an_empty_database(product: Hosts) -> None:
    product.sql("DROP DATABASE openbank_userdb; CREATE DATABASE openbank_userdb")
    assert "no table of dbscripts/mysql.sql is there" in product.play(
        "-e", "databases_schema_mode=check", check=False
    )
    assert product.sql("SHOW TABLES", "openbank_userdb") == ""
