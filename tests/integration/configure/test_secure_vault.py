# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Passwords go into the secure vault of the product, stay there as they are, and come back.

What a running kernel reads there: tests/integration/server/test_secure_vault.py.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.properties import (
    read_properties,
)

from tests.integration.configure.sites import SHARED, Site
from tests.support.homes import make_keystore

CONF = "repository/conf/"
CIPHER_TEXT = CONF + "security/cipher-text.properties"
SECRET_CONF = CONF + "security/secret-conf.properties"
# What the products cannot read from their vault, as docs/security.md says.
PLAIN = {CONF + "finance/open-banking.xml", "password-persist"}
KINDS = [
    pytest.param("fixtures", id="fixtures"),
    pytest.param("real", id="real", marks=pytest.mark.slow),
]


class Vaulted:
    """A site of one Key Manager whose passwords are in the vault, and its runs."""

    def __init__(self, folder: Path, source: str, playbook: t.Callable[..., t.Any]) -> None:
        self.site = Site(
            folder, source, nodes=1, api_managers=0, cluster_secret_storage="secure_vault"
        )
        self.home = self.site.homes["km1"]
        self._playbook = playbook
        # A folder of every product, which has no file of the tests.
        (self.home / CONF / "security").mkdir(exist_ok=True)
        make_keystore(self.home, "obkm", self.site.secrets("keystore"))

    def run(self) -> str:
        """One run; returns the line of the recap."""
        self.site.write_inventory()
        done = self._playbook(
            "playbooks/configure.yml", self.site.inventory, "--limit", "km1", "--diff"
        )
        assert done.status == 0, done.output[-6000:]
        assert self.site.secrets.token not in done.output
        return str(done.output.split("PLAY RECAP")[1])

    def files(self) -> dict[str, bytes]:
        found = {
            str(path.relative_to(self.home)): path.read_bytes()
            for path in self.home.rglob("*")
            if path.is_file()
        }
        assert found
        return found

    def holding_secrets(self) -> set[str]:
        token = self.site.secrets.token.encode()
        return {name for name, content in self.files().items() if token in content}

    def entries(self) -> dict[str, str]:
        return read_properties((self.home / CIPHER_TEXT).read_text(encoding="latin-1"))


@pytest.fixture(scope="module", params=KINDS)
def vaulted(request: t.Any, tmp_path_factory: t.Any, playbook: t.Callable[..., t.Any]) -> Vaulted:
    if request.param == "real" and not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    return Vaulted(tmp_path_factory.mktemp("vault") / "site", request.param, playbook)


def test_secrets_go_in_stay_and_come_back(vaulted: Vaulted, request: t.Any) -> None:
    assert "changed=2 " in vaulted.run()
    assert vaulted.holding_secrets() == PLAIN
    password = vaulted.home / "password-persist"
    assert password.read_text() == vaulted.site.secrets("keystore")
    assert password.stat().st_mode & 0o777 == 0o640
    carbon = (vaulted.home / CONF / "carbon.xml").read_text(encoding="latin-1")
    alias = 'svns:secretAlias="Carbon.Security.KeyStore.Password"'
    assert f"<Password {alias}>password</Password>" in carbon
    assert {
        "Carbon.Security.KeyStore.KeyPassword",
        "Carbon.Security.InternalKeyStore.Password",
        "Carbon.Security.TrustStore.Password",
        "Server.Service.Connector.keystorePass",
        "UserManager.AdminUser.Password",
        "Datasources.WSO2UM_DB.Configuration.Password",
        "EntitlementSettings.ThirftBasedEntitlementConfig.KeyStore.Password",
    } <= set(vaulted.entries())
    in_vault = vaulted.files()
    if vaulted.site.source == "real":
        read_back(vaulted, request.getfixturevalue("oracle")(vaulted.home))

    assert "changed=0 " in vaulted.run()
    assert vaulted.files() == in_vault

    vaulted.site.variables["cluster_secret_storage"] = "plain"
    assert "changed=2 " in vaulted.run()
    plain = vaulted.files()
    assert "password-persist" not in plain and plain[SECRET_CONF] == b""
    assert vaulted.entries() == {}
    assert not [name for name, text in plain.items() if b'svns:secretAlias="Carbon' in text]
    assert {CONF + "carbon.xml", CONF + "user-mgt.xml"} <= vaulted.holding_secrets()
    if vaulted.site.source == "real":
        assert "changed=0 " in vaulted.run()
        assert vaulted.files() == plain


def read_back(vaulted: Vaulted, read: dict[str, t.Any]) -> None:
    """The classes of kernel 4.4.35 and Identity Server 5.7.0 open the vault by themselves."""
    secrets, carbon = vaulted.site.secrets, read["carbon.xml"]["properties"]
    keystore = secrets("keystore")
    for store in ("KeyStore", "InternalKeyStore"):
        for name in ("Password", "KeyPassword"):
            assert carbon[f"Security.{store}.{name}"] == [keystore]
    assert carbon["Security.TrustStore.Password"] == [secrets("truststore")]
    assert read["user-mgt.xml"]["adminPassword"] == secrets("a")
    thrift = "EntitlementSettings.ThirftBasedEntitlementConfig.KeyStore.Password"
    assert f"'{thrift}': {keystore!r}" in repr(read["identity/identity.xml"])
