# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What API Manager's files named before: the product's hosts, those of an earlier run, or what
somebody put there by hand."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from lxml import etree

from tests.integration.configure.meaning import meaning
from tests.integration.configure.sites import SHARED, Site

TEMPLATE = "repository/resources/api_templates/velocity_template.xml"
SEQUENCE = (
    "repository/resources/finance/apis/openbanking.org.uk/Accounts_3.1.2/"
    "dynamic-endpoint-insequence-3.1.2.xml"
)
COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
CONF = "repository/conf/"
STOCK_WORDS = ("wso2carbon.jks", "wso2carbon", "wso2123")
IN_A_LINE = re.compile(r'[/="](wso2carbon(\.jks)?|wso2123)(["<]|$)')
EMBEDDED = {
    "datasources-configuration/datasources/datasource[jdbc/WSO2CarbonDB]/definition/configuration/"
    + option: "the node's embedded database"
    for option in ("username", "password")
}
WORKFLOWS = {
    "datasources-configuration/datasources/datasource[bpsds]/definition/configuration/"
    + option: "the node's database of workflows"
    for option in ("username", "password")
}
BUSINESS_INTELLIGENCE = {
    f"Server/BIServer/{account}/Password": "an account of Business Intelligence"
    for account in ("DataPublishing", "TRA/Receivers", "FraudDetection/Receivers")
}
XMPP = {
    "Server/MultifactorAuthentication/XMPPSettings/XMPPConfig/XMPPPassword": (
        "an XMPP account that is switched off"
    )
}
# Every place that holds a name or a password of the products' own although every edit was made, and
# why.
STOCK_LEFT: dict[str, dict[tuple[str, str], dict[str, str]]] = {
    "ob_km_1.5": {
        ("km1", CONF + "datasources/master-datasources.xml"): EMBEDDED,
        ("km1", CONF + "finance/open-banking.xml"): BUSINESS_INTELLIGENCE,
        ("km1", CONF + "identity/identity.xml"): XMPP,
        ("am1", CONF + "datasources/master-datasources.xml"): EMBEDDED,
        ("am1", CONF + "finance/open-banking.xml"): BUSINESS_INTELLIGENCE,
    },
    "is_km_5.7.0": {
        ("km1", CONF + "datasources/master-datasources.xml"): EMBEDDED,
        ("km1", CONF + "datasources/bps-datasources.xml"): WORKFLOWS,
        ("km1", CONF + "identity/identity.xml"): XMPP,
        ("am1", CONF + "datasources/master-datasources.xml"): EMBEDDED,
        ("am1", CONF + "identity/identity.xml"): XMPP,
        # The home of the tests has files of Open Banking's, which that product has not.
        ("am1", CONF + "finance/open-banking.xml"): {
            **BUSINESS_INTELLIGENCE,
            "Server/APISecurity/Global/Password": "Open Banking's",
            "Server/OBIdentityRetriever/Server/SigningCertificateAlias": "Open Banking's",
        },
        ("am1", TEMPLATE): {
            '<property name="keyStore" value="./repository/resources/security/wso2carbon.jks"/>': (
                "Open Banking's"
            ),
            '<property name="password" value="wso2carbon"/>': "Open Banking's",
            '<property name="alias" value="wso2carbon"/>': "Open Banking's",
        },
    },
}


def run(site: Site, playbook: t.Callable[..., t.Any], *hosts: str) -> t.Any:
    return playbook("playbooks/configure.yml", site.inventory, "--limit", ",".join(hosts))


def holding(home: Path, word: bytes) -> list[str]:
    """The files below the home that hold the word outside of comments."""
    return [
        str(path.relative_to(home))
        for path in sorted(home.rglob("*"))
        if path.is_file() and word in COMMENT.sub(b"", path.read_bytes())
    ]


def naming_the_stock_key(path: Path) -> set[str]:
    """The places of a file that hold one of the words as they are, or a path to the keystore:
    elements and attributes of XML, lines of other files."""
    content = path.read_bytes()
    try:
        values = meaning(content)
    except etree.XMLSyntaxError:
        lines = {line.strip() for line in content.decode("utf-8").splitlines()}
        return {line for line in lines if IN_A_LINE.search(line)}
    return {
        place for place, value in values.items() if value.rpartition("/")[2].strip() in STOCK_WORDS
    }


def test_a_changed_name_of_the_cluster_leaves_no_old_one(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    made = site(source="fixtures", nodes=1)
    first = run(made, playbook, "am1")
    assert first.status == 0, first.output
    assert TEMPLATE in holding(made.homes["am1"], b"km.bank.example:9443")
    made.variables.update(cluster_hostname="login.bank.example", cluster_internal_port=9555)
    made.write_inventory()
    second = run(made, playbook, "am1")
    assert second.status == 0, second.output
    assert holding(made.homes["am1"], b"km.bank.example") == []
    assert {TEMPLATE, SEQUENCE} <= set(holding(made.homes["am1"], b"login.bank.example:9555"))
    third = run(made, playbook, "am1")
    assert "changed=0" in third.output.split("am1")[-1], third.output


@pytest.mark.parametrize("host", ["iam.bank.internal:9446", "iam.bank.internal", "10.1.2.3:9999"])
def test_an_address_set_by_hand_is_found(
    host: str, site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    made = site(source="fixtures", nodes=1)
    for file in (TEMPLATE, SEQUENCE):
        path = made.homes["am1"] / file
        content = path.read_bytes()
        assert b"<WSO2_OB_KM_HOST>:9446" in content
        path.write_bytes(content.replace(b"<WSO2_OB_KM_HOST>:9446", host.encode()))
    done = run(made, playbook, "am1")
    assert done.status == 0, done.output
    assert holding(made.homes["am1"], host.encode()) == []
    text = (made.homes["am1"] / SEQUENCE).read_text(encoding="utf-8")
    assert text.count("https://km.bank.example:9443/") == 2
    assert "https://<WSO2_OB_APIM_HOST>:9443/open-banking/services/accounts" in text


def test_a_file_that_names_no_key_manager_is_an_error(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    made = site(source="fixtures", nodes=1)
    path = made.homes["am1"] / SEQUENCE
    path.write_text("<sequence/>\n", encoding="utf-8")
    made.commit()
    done = run(made, playbook, "am1")
    assert done.status != 0 and path.name in done.output, done.output
    assert made.numstat() == {}
    made.variables["apim_wiring_insequences"] = ["dynamic-endpoint-insequence-1.3.3.xml"]
    made.write_inventory()
    done = run(made, playbook, "am1")
    assert done.status == 0, done.output
    assert path.read_text(encoding="utf-8") == "<sequence/>\n"


@pytest.mark.parametrize("product", ["ob_km_1.5", "is_km_5.7.0"])
def test_no_file_names_the_stock_key(
    product: str, site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    made = site(source="real", product=product, nodes=1, cluster_email_user_names=True)
    done = run(made, playbook, "km1", "am1")
    assert done.status == 0, done.output
    found = {
        (host, file): places
        for host, home in made.homes.items()
        for file in sorted({file for word in STOCK_WORDS for file in holding(home, word.encode())})
        if (places := naming_the_stock_key(home / file))
    }
    assert found == {file: set(places) for file, places in STOCK_LEFT[product].items()}


def test_only_the_wiring_changes_where_only_the_wiring_is_ours(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    made = site(source="fixtures", nodes=1, cluster_api_manager_scope="wiring")
    done = run(made, playbook, "am1")
    assert done.status == 0, done.output
    changed = {path[len("am1/") :] for path in made.numstat()}
    for file in ("user-mgt.xml", "registry.xml", "jndi.properties", "etc/jmx.xml"):
        assert "repository/conf/" + file not in changed
    assert not [file for file in changed if file.endswith("-datasources.xml")]
    assert {TEMPLATE, SEQUENCE, "repository/conf/api-manager.xml"} <= changed
    carbon = (made.homes["am1"] / "repository/conf/carbon.xml").read_text(encoding="latin-1")
    assert "wso2carbon.jks" in carbon and "obkm" not in carbon
    # The trust in the cluster belongs to it, with every reference to the store's password.
    assert "TrustStore" in carbon


@pytest.mark.parametrize("found", ["5.8.0", "5.7.0-update1"])
def test_a_home_of_another_release_is_refused(
    found: str, site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    made = site(source="fixtures", nodes=1)
    path = made.homes["km1"] / "repository/conf/carbon.xml"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"<Version>5.7.0<", f"<Version>{found}<".encode()))
    made.commit()
    done = run(made, playbook, "km1")
    assert done.status != 0 and found in done.output and "IS 5.7.0" in done.output, done.output
    assert made.numstat() == {}


def test_the_plain_identity_server_is_refused(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    made = site(source="real", product="is_km_5.7.0", nodes=1, cluster_email_user_names=True)
    (made.homes["km1"] / "repository/conf/api-manager.xml").unlink()
    made.commit()
    done = run(made, playbook, "km1")
    assert done.status != 0, done.output
    assert "holds the plain" in re.sub(r"\s+", " ", done.output), done.output
    assert made.numstat() == {}


def test_a_home_that_writes_its_files_itself_is_refused(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    made = site(source="fixtures", nodes=1)
    for host in ("km1", "am1"):
        toml = made.homes[host] / "repository/conf/deployment.toml"
        toml.write_text('[server]\nhostname = "iam.bank.example"\n', encoding="utf-8")
    made.commit()
    for host in ("km1", "am1"):
        done = run(made, playbook, host)
        assert done.status != 0 and "deployment.toml" in done.output, done.output
    assert made.numstat() == {}
