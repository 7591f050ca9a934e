# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The files of the secure vault: what is written, what stays, what is refused."""

from __future__ import annotations

import base64
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    PatchResult,
    patch_parts,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.properties import (
    read_properties,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.report import read_home
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.secure_vault import (
    SECURE_VAULT,
    secure_vault_part,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.store import (
    KeyRequest,
    StoreRequest,
    plan_store,
)

PASSWORD = "Store-password'1"
STORE = "repository/resources/security/km.jks"
SECURITY = "repository/conf/security"
CIPHER_TEXT = f"{SECURITY}/cipher-text.properties"
ENTRIES = [
    {
        "alias": "UserManager.AdminUser.Password",
        "value": "%{admin}",
        "place": "repository/conf/user-mgt.xml//UserManager/Realm/AdminUser/Password,false",
    },
    {
        "alias": "Server.Service.Connector.keystorePass",
        "value": "%{keystore}",
        "place": "repository/conf/tomcat/catalina-server.xml//Server/Connector[@keystorePass],true",
    },
]
CATALINA = '<Server xmlns:svns="http://org.wso2.securevault/configuration">{}</Server>'
CONNECTOR = '<Connector port="9443" keystorePass="x" svns:secretAlias="{}"/>'
SECRET_CONF = """secVault.enabled=true
carbon.secretProvider=org.wso2.securevault.secret.handler.SecretManagerSecretCallbackHandler
secretRepositories=file
secretRepositories.file.provider=org.wso2.securevault.secret.repository.FileBaseSecretRepositoryProvider
secretRepositories.file.location=repository/conf/security/cipher-text.properties
keystore.identity.type=JKS
keystore.identity.store.password=identity.store.password
keystore.identity.store.secretProvider=org.wso2.carbon.securevault.DefaultSecretCallbackHandler
keystore.identity.key.password=identity.key.password
keystore.identity.key.secretProvider=org.wso2.carbon.securevault.DefaultSecretCallbackHandler
carbon_ops.kept=true
keystore.identity.location={home}/repository/resources/security/km.jks
keystore.identity.alias=Km
"""
CIPHER_TOOL = """UserManager.AdminUser.Password=repository/conf/user-mgt.xml//UserManager/Realm/AdminUser/Password,false
Server.Service.Connector.keystorePass=repository/conf/tomcat/catalina-server.xml//Server/Connector[@keystorePass],true
"""


class Pair:
    """A key and its certificate, made by openssl, which also encrypts and decrypts with it."""

    def __init__(self, folder: Path, *kind: str) -> None:
        folder.mkdir()
        self.file = folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", *kind, "-nodes", "-days", "2", "-subj", "/CN=km"]
            + ["-keyout", "key.pem", "-out", "crt.pem"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        self.certificate = (folder / "crt.pem").read_text()

    def store(self, password: str = PASSWORD) -> bytes:
        wanted = KeyRequest("Km", self.file.read_text(), self.certificate)
        return plan_store(StoreRequest("", password, keys=[wanted]), None, 1, bytes(20)).content

    def _openssl(self, what: str, data: bytes) -> bytes:
        command = ["openssl", "pkeyutl", what, "-inkey", str(self.file)]
        return subprocess.run(command, input=data, check=True, capture_output=True).stdout

    def encrypted(self, secret: str) -> str:
        return base64.b64encode(self._openssl("-encrypt", secret.encode())).decode()

    def decrypted(self, text: str) -> str:
        return self._openssl("-decrypt", base64.b64decode(text)).decode()


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    folder = tmp_path_factory.mktemp("pairs")
    return [Pair(folder / name, "-newkey", "rsa:2048") for name in ("one", "two")]


class VaultHome:
    """A product home with the key of one pair, and what is wanted of its vault."""

    def __init__(self, path: Path, pair: Pair) -> None:
        self.path = path
        for folder in (SECURITY, "repository/conf/tomcat", "repository/resources/security"):
            (path / folder).mkdir(parents=True)
        self.write("repository/conf/tomcat/catalina-server.xml", CATALINA.format(CONNECTOR))
        self.take(pair)
        self.secrets = {"admin": "Administrator'$ü", "keystore": PASSWORD}

    def write(self, file: str, text: str) -> None:
        (self.path / file).write_text(text, encoding="latin-1")

    def take(self, pair: Pair) -> None:
        self.pair = pair
        (self.path / STORE).write_bytes(pair.store())

    def patch(self, check_mode: bool = False, **more: t.Any) -> PatchResult:
        given = {
            "home": str(self.path),
            "keystore": STORE,
            "keystore_password": PASSWORD,
            "key_alias": "Km",
            "entries": ENTRIES,
            "secrets": self.secrets,
            **more,
        }
        part = secure_vault_part(SECURE_VAULT.checked("secure_vault", given))
        return patch_parts([part], check_mode=check_mode)

    def error(self, **more: t.Any) -> str:
        before = self.files()
        with pytest.raises(OperatorError) as caught:
            self.patch(**more)
        assert self.files() == before
        return str(caught.value).replace(str(self.path), "HOME")

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.path / SECURITY).iterdir()}

    @property
    def cipher_text(self) -> dict[str, str]:
        return read_properties((self.path / CIPHER_TEXT).read_text(encoding="latin-1"))

    @property
    def opened(self) -> dict[str, str]:
        """What the server reads in its vault."""
        return {alias: self.pair.decrypted(text) for alias, text in self.cipher_text.items()}


@pytest.fixture
def home(tmp_path: Path, pairs: list[Pair]) -> VaultHome:
    return VaultHome(tmp_path / "home", pairs[0])


WANTED = {
    "UserManager.AdminUser.Password": "Administrator'$ü",
    "Server.Service.Connector.keystorePass": PASSWORD,
}


def test_three_files_are_made_as_ciphertool_makes_them(home: VaultHome) -> None:
    result = home.patch()
    assert result.changed and result.warnings == []
    files = home.files()
    assert sorted(files) == [
        "cipher-text.properties",
        "cipher-tool.properties",
        "secret-conf.properties",
    ]
    conf = SECRET_CONF.format(home=home.path)
    assert files["secret-conf.properties"].decode() == conf
    assert files["cipher-tool.properties"].decode() == CIPHER_TOOL
    assert home.opened == WANTED
    assert not any(secret in str(result.diff) for secret in home.secrets.values())


def test_what_is_right_stays_to_the_byte(home: VaultHome) -> None:
    home.patch()
    before = home.files()
    assert not home.patch().changed and not home.patch(check_mode=True).changed
    assert home.files() == before


def test_only_a_secret_that_changed_is_encrypted_anew(home: VaultHome) -> None:
    home.patch()
    before = home.cipher_text
    home.secrets["admin"] = "Another"
    home.patch()
    assert home.opened == {**WANTED, "UserManager.AdminUser.Password": "Another"}
    same = "Server.Service.Connector.keystorePass"
    assert home.cipher_text[same] == before[same]


def test_another_key_has_all_encrypted_anew(home: VaultHome, pairs: list[Pair]) -> None:
    home.patch()
    home.take(pairs[1])
    assert home.patch().warnings == []
    assert home.opened == WANTED


def test_what_is_there_of_others_is_kept_encrypted_or_taken_out(
    home: VaultHome, pairs: list[Pair]
) -> None:
    own, other = (pair.encrypted("of another") for pair in pairs)
    home.write(
        CIPHER_TEXT,
        f"# of the product\nUserManager.AdminUser.Password=[admin]\nOwn={own}\nLost={other}\n"
        "Datasources.WSO2_CARBON_DB.Configuration.Password=[wso2carbon]\nEmpty=\n",
    )
    result = home.patch()
    assert (home.path / CIPHER_TEXT).read_text().startswith("# of the product\n")
    kept = {alias: text for alias, text in home.cipher_text.items() if text}
    assert kept["Own"] == own and "Lost" not in kept
    assert {alias: home.pair.decrypted(text) for alias, text in kept.items()} == {
        **WANTED,
        "Own": "of another",
        "Datasources.WSO2_CARBON_DB.Configuration.Password": "wso2carbon",
    }
    assert [warning.replace(str(home.path), "HOME") for warning in result.warnings] == [
        "HOME/repository/conf/security/cipher-text.properties: Lost was not encrypted with the key"
        " Km, so the server would not start with it, and it was taken out. If a file still names"
        " it, encrypt it again with ciphertool."
    ]
    assert not home.patch().changed


def test_another_algorithm_of_an_earlier_vault_is_taken_out(home: VaultHome) -> None:
    home.write(
        f"{SECURITY}/secret-conf.properties", "secretRepositories.file.algorithm=RSA/ECB/x\n"
    )
    home.patch()
    assert home.files()["secret-conf.properties"].decode() == SECRET_CONF.format(home=home.path)


def test_back_to_plain_nothing_of_it_is_left(home: VaultHome) -> None:
    home.write(CIPHER_TEXT, f"# of the product\nOwn={home.pair.encrypted('of another')}\n")
    before = home.files()["cipher-text.properties"]
    home.patch()
    assert read_home(str(home.path))["secure_vault"] == "collection"
    home.patch(state="absent")
    files = home.files()
    assert (files["cipher-text.properties"], files["secret-conf.properties"]) == (before, b"")
    assert read_home(str(home.path))["secure_vault"] is None
    assert not home.patch(state="absent").changed


def test_the_vault_of_others_is_told_from_ours(home: VaultHome) -> None:
    assert read_home(str(home.path))["secure_vault"] is None
    home.write(f"{SECURITY}/secret-conf.properties", "secretRepositories=file\n")
    assert read_home(str(home.path))["secure_vault"] == "other"


def test_a_missing_keystore_is_an_error_or_left_for_later(home: VaultHome) -> None:
    (home.path / STORE).unlink()
    assert home.error() == (
        f"HOME/{STORE} does not exist, and the secrets are encrypted with its key. Make the"
        " keystores first (role certificates), or set cluster_secret_storage to plain."
    )
    assert not home.patch(may_lack_keystore=True).changed


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"key_alias": "other"}, f"HOME/{STORE} holds no private key of the alias other."),
        (
            {"keystore_password": "Wrong-password"},
            f"The password given for HOME/{STORE} does not open it and its key Km. Bring the"
            " keystores up to date first (role certificates).",
        ),
        (
            {"secrets": {"admin": "x" * 246, "keystore": "y"}},
            "The secret of UserManager.AdminUser.Password is too long for the secure vault: the key"
            " of the server encrypts 245 bytes. Choose a shorter one.",
        ),
    ],
)
def test_what_cannot_be_done_is_told(home: VaultHome, more: dict[str, t.Any], error: str) -> None:
    assert home.error(**more) == error


def test_a_connector_with_another_password_is_refused(home: VaultHome) -> None:
    other = '<Connector port="9444" keystorePass="own"/>'
    home.write("repository/conf/tomcat/catalina-server.xml", CATALINA.format(CONNECTOR + other))
    assert home.error() == (
        "HOME/repository/conf/tomcat/catalina-server.xml: the Connector of port 9444 has a"
        " keystorePass of its own. With the secure vault the server takes that of port 9443 for all"
        " of them. Take this Connector out, or set cluster_secret_storage to plain."
    )
