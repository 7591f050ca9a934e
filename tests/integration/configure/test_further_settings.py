# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Settings that a bank makes beyond the documents: the administrator taken back after the first
start, cipher suites, the clean-up of tokens, and one database of workflows for all nodes."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.configure.meaning import meaning
from tests.integration.configure.sites import SHARED, Site

CONF = "repository/conf/"
CIPHERS = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
BOTH_CIPHERS = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
ADD_ADMIN = "UserManager/Realm/Configuration/AddAdmin"
TOMCAT = "Server/Service[Catalina]/Connector[9443]/@ciphers"
GATEWAY = "transportReceiver[https]/parameter[PreferredCiphers]"
CLEANUP = "Server/OAuth/TokenCleanup/EnableTokenCleanup"
WORKFLOWS = "datasources-configuration/datasources/datasource[bpsds]/definition/configuration/"


def value(site: Site, host: str, file: str, place: str) -> str | None:
    """What stands at the place, which may leave out the beginning of its path."""
    found = meaning((site.homes[host] / CONF / file).read_bytes())
    values = [text for path, text in found.items() if path == place or path.endswith("/" + place)]
    assert len(values) <= 1, (host, file, place)
    return values[0] if values else None


@pytest.fixture
def configured_bank(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> t.Callable[..., Site]:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")

    def make(**variables: t.Any) -> Site:
        made = site(source="real", product="is_km_5.7.0", **variables)
        for source in variables.get("cluster_additional_datasources", ()):
            secret = made.secrets.database(source["id"])
            made.variables["cluster_database_passwords"][source["id"]] = secret
        made.write_inventory()
        for host in ("km1", "am1"):
            path = made.homes[host] / CONF / "user-mgt.xml"
            content = path.read_bytes()
            assert content.count(b"<AddAdmin>true<") == 1
            path.write_bytes(content.replace(b"<AddAdmin>true<", b"<AddAdmin>false<"))
        done = playbook("playbooks/configure.yml", made.inventory)
        assert done.status == 0, done.output
        again = playbook("playbooks/configure.yml", made.inventory)
        assert again.status == 0, again.output
        assert again.output.count("changed=0") == again.output.count("unreachable=0") >= 3
        return made

    return make


def test_what_a_bank_sets_further(configured_bank: t.Callable[..., Site]) -> None:
    made = configured_bank(
        cluster_email_user_names=True,
        cluster_tls_ciphers=CIPHERS,
        cluster_token_cleanup="one_node",
        cluster_additional_datasources=[
            {
                "id": "bps",
                "name": "BPS_DS",
                "jndi": "bpsds",
                "database": "bank_workflows",
                "file": CONF + "datasources/bps-datasources.xml",
                "auto_commit": True,
            }
        ],
    )
    # Where the administrator was taken back by hand it stays so.
    assert {host: value(made, host, "user-mgt.xml", ADD_ADMIN) for host in made.homes} == {
        "km1": "false",
        "km2": "true",
        "am1": "false",
    }
    assert {host: value(made, host, "identity/identity.xml", CLEANUP) for host in made.homes} == {
        "km1": "true",
        "km2": "false",
        # API Manager's own.
        "am1": "true",
    }
    for host in made.homes:
        assert value(made, host, "tomcat/catalina-server.xml", TOMCAT) == BOTH_CIPHERS
    assert value(made, "am1", "axis2/axis2.xml", GATEWAY) == BOTH_CIPHERS
    assert value(made, "km1", "axis2/axis2.xml", GATEWAY) is None
    wanted = {
        "url": (
            "jdbc:mysql://10.20.30.31:3306/bank_workflows"
            "?autoReconnect=true&sslMode=VERIFY_IDENTITY"
        ),
        "username": "obkm_bps",
        "password": made.secrets.database("bps"),
        "driverClassName": "com.mysql.cj.jdbc.Driver",
        "defaultAutoCommit": "true",
        # The product's own stays.
        "maxIdle": "20",
    }
    for host in ("km1", "km2"):
        file = "datasources/bps-datasources.xml"
        assert {name: value(made, host, file, WORKFLOWS + name) for name in wanted} == wanted


@pytest.mark.slow
def test_what_no_inventory_names_stays(configured_bank: t.Callable[..., Site]) -> None:
    made = configured_bank(cluster_email_user_names=True)
    for host in made.homes:
        assert value(made, host, "tomcat/catalina-server.xml", TOMCAT) is None
        assert value(made, host, "identity/identity.xml", CLEANUP) == "true"
    assert value(made, "am1", "axis2/axis2.xml", GATEWAY) is None
    for host in ("km1", "km2"):
        path = made.homes[host] / CONF / "datasources/bps-datasources.xml"
        stock = SHARED / "real" / "is-km-5.7.0" / CONF / "datasources/bps-datasources.xml"
        assert path.read_bytes() == stock.read_bytes()
