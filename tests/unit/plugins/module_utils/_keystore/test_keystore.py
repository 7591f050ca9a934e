# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Java keystores are read, changed and written, and Java itself reads the result."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.jks import (
    Entry,
    key_certificates,
    password_fits,
    protect_key,
    read_store,
    recover_key,
    write_store,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.pem import (
    certificates_of_pem,
    fingerprint,
    private_key_of_pem,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.store import (
    KeyRequest,
    StoreRequest,
    plan_store,
)

NOW = 1_700_000_000_000
SALT = bytes(range(20))
PASSWORD = "s3cret'$ \\x ä"


class Pair:
    """A key and its certificate, made by openssl."""

    def __init__(self, folder: Path, name: str, *kind: str) -> None:
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                *kind,
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=" + name,
                "-keyout",
                name + ".key",
                "-out",
                name + ".crt",
            ],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=60,
        )
        self.key = (folder / f"{name}.key").read_text()
        self.certificate = (folder / f"{name}.crt").read_text()
        self.file = folder / f"{name}.key"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    folder = tmp_path_factory.mktemp("pairs")
    made = {name: Pair(folder, name, "-newkey", "rsa:2048") for name in ("one", "two", "stock")}
    made["ecdsa"] = Pair(
        folder, "ecdsa", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"
    )
    return made


def request(keys: list[KeyRequest] | None = None, **more: object) -> StoreRequest:
    return StoreRequest("/home/store.jks", PASSWORD, keys=keys or [], **more)  # type: ignore[arg-type]


def made(wanted: StoreRequest, current: bytes | None = None) -> bytes:
    return plan_store(wanted, current, NOW, SALT).content


def test_a_store_is_made_and_then_left_alone(pairs: dict[str, Pair]) -> None:
    wanted = request(
        [KeyRequest("ObKm", pairs["one"].key, pairs["one"].certificate)],
        trusted={"Ca": pairs["two"].certificate},
    )
    first = plan_store(wanted, None, NOW, SALT)
    assert [action.split(",")[0] for action in first.actions] == [
        "store made",
        "obkm: key added",
        "ca: certificate added",
    ]
    entries = {entry.alias: entry for entry in read_store(first.content, "x")}
    assert set(entries) == {"obkm", "ca"}
    assert entries["obkm"].created == NOW
    assert recover_key(entries["obkm"].protected_key or b"", PASSWORD) == private_key_of_pem(
        pairs["one"].key, "x"
    )
    again = plan_store(wanted, first.content, NOW + 1, bytes(20))
    assert again.actions == []
    assert again.content is first.content


def test_what_is_not_named_keeps_its_bytes(pairs: dict[str, Pair]) -> None:
    der = certificates_of_pem(pairs["two"].certificate, "x")
    entries = [
        Entry("umlaut-ä", 5, None, der),
        Entry("key", 7, b"opaque", der + der),
        Entry("empty", 9, b"x", []),
    ]
    before = write_store(entries, PASSWORD)
    assert read_store(before, "x") == entries
    after = made(request(trusted={"new": pairs["one"].certificate}), before)
    assert read_store(after, "x")[:3] == entries


def test_a_password_is_changed_once(pairs: dict[str, Pair]) -> None:
    stock = write_store(
        [Entry("ca", 1, None, certificates_of_pem(pairs["two"].certificate, "x"))], "stock1"
    )
    wanted = request(former_passwords=["other1", "stock1"])
    changed = plan_store(wanted, stock, NOW, SALT)
    assert changed.actions == ["password of the store changed"]
    assert password_fits(changed.content, PASSWORD)
    assert not password_fits(changed.content, "stock1")
    assert plan_store(wanted, changed.content, NOW, SALT).actions == []


def test_the_key_gets_the_new_password_too(pairs: dict[str, Pair]) -> None:
    key = KeyRequest("k", pairs["one"].key, pairs["one"].certificate)
    old = plan_store(StoreRequest("x", "stock1", keys=[key]), None, NOW, SALT).content
    result = plan_store(request([key], former_passwords=["stock1"]), old, NOW, SALT)
    assert result.actions[0] == "password of the store changed"
    assert result.actions[1].startswith("k: password of the key changed")
    assert recover_key(read_store(result.content, "x")[0].protected_key or b"", PASSWORD)


@pytest.mark.parametrize(
    ("key", "certificate", "action"),
    [("two", "two", "k: key replaced"), ("one", "chain", "k: certificate replaced")],
)
def test_a_key_that_changed_is_replaced(
    pairs: dict[str, Pair], key: str, certificate: str, action: str
) -> None:
    old = made(request([KeyRequest("k", pairs["one"].key, pairs["one"].certificate)]))
    chain = pairs["one"].certificate + "between\n" + pairs["two"].certificate
    new = KeyRequest(
        "K", pairs[key].key, chain if certificate == "chain" else pairs[certificate].certificate
    )
    result = plan_store(request([new]), old, NOW, SALT)
    assert len(result.actions) == 1
    assert result.actions[0].startswith(action)
    assert len(read_store(result.content, "x")) == 1


def test_a_key_that_encrypts_data_is_not_replaced_but_its_certificate_may_be(
    pairs: dict[str, Pair],
) -> None:
    old = made(request([KeyRequest("k", pairs["one"].key, pairs["one"].certificate)]))
    with pytest.raises(OperatorError, match="would become unreadable"):
        plan_store(
            request([KeyRequest("k", pairs["two"].key, pairs["two"].certificate, replace=False)]),
            old,
            NOW,
            SALT,
        )
    same = KeyRequest(
        "k", pairs["one"].key, pairs["one"].certificate + pairs["two"].certificate, replace=False
    )
    assert (
        plan_store(request([same]), old, NOW, SALT).actions[0].startswith("k: certificate replaced")
    )


def test_a_certificate_under_a_key_alias_and_the_other_way_round(pairs: dict[str, Pair]) -> None:
    with_key = made(request([KeyRequest("k", pairs["one"].key, pairs["one"].certificate)]))
    with pytest.raises(OperatorError, match="holds a private key under alias k"):
        made(request(trusted={"k": pairs["two"].certificate}), with_key)
    trusting = made(request(trusted={"k": pairs["two"].certificate}))
    result = plan_store(
        request([KeyRequest("k", pairs["one"].key, pairs["one"].certificate)]), trusting, NOW, SALT
    )
    assert result.actions[0].startswith("k: key replaced")


def test_a_renewed_certificate_takes_the_place_of_the_old_one(pairs: dict[str, Pair]) -> None:
    old = made(request(trusted={"ca": pairs["one"].certificate}))
    result = plan_store(request(trusted={"ca": pairs["two"].certificate}), old, NOW, SALT)
    der = certificates_of_pem(pairs["two"].certificate, "x")
    assert result.actions == [f"ca: certificate replaced, now {fingerprint(der[0])}"]
    assert [entry.certificates for entry in read_store(result.content, "x")] == [der]


def test_the_public_stock_key_is_no_longer_trusted_whatever_its_alias(
    pairs: dict[str, Pair],
) -> None:
    public = KeyRequest("wso2carbon", pairs["stock"].key, pairs["stock"].certificate)
    stock = made(request([public], trusted={"ca": pairs["two"].certificate}))
    store = made(
        request(trusted={"some-alias": pairs["stock"].certificate, "ca": pairs["two"].certificate})
    )
    wanted = request(distrusted=key_certificates(stock, "x"))
    result = plan_store(wanted, store, NOW, SALT)
    assert [entry.alias for entry in read_store(result.content, "x")] == ["ca"]
    assert result.actions[0].startswith("some-alias: certificate removed")
    assert plan_store(wanted, result.content, NOW, SALT).actions == []


def test_both_forms_of_an_rsa_key_are_the_same_key(pairs: dict[str, Pair]) -> None:
    traditional = subprocess.run(
        ["openssl", "rsa", "-in", str(pairs["one"].file), "-traditional"],
        check=True,
        capture_output=True,
        timeout=60,
        text=True,
    ).stdout
    assert "BEGIN RSA PRIVATE KEY" in traditional
    assert private_key_of_pem(traditional, "x") == private_key_of_pem(pairs["one"].key, "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no PEM private key"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "holds no PEM private key",
        ),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
            "is an encrypted private key",
        ),
        (
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA"
                " PRIVATE KEY-----"
            ),
            "is an encrypted private key",
        ),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "is not an RSA key"),
        (
            "-----BEGIN PRIVATE KEY-----\n§§§§\n-----END PRIVATE KEY-----",
            "holds a damaged PEM block",
        ),
    ],
)
def test_keys_that_cannot_be_used(text: str, message: str) -> None:
    with pytest.raises(OperatorError, match=message) as caught:
        private_key_of_pem(text, "The key")
    assert str(caught.value).startswith("The key ")
    assert "AAAA" not in str(caught.value)


def test_an_elliptic_key_is_refused(pairs: dict[str, Pair]) -> None:
    with pytest.raises(OperatorError, match="is not an RSA key"):
        private_key_of_pem(pairs["ecdsa"].key, "x")


def test_a_certificate_of_another_key_is_refused(pairs: dict[str, Pair]) -> None:
    with pytest.raises(OperatorError, match="does not belong to its certificate"):
        made(request([KeyRequest("k", pairs["one"].key, pairs["two"].certificate)]))
    broken = "-----BEGIN RSA PRIVATE KEY-----\nMAMCAQA=\n-----END RSA PRIVATE KEY-----"
    with pytest.raises(OperatorError, match="does not belong to its certificate"):
        made(request([KeyRequest("k", broken, pairs["two"].certificate)]))


def test_a_text_without_a_certificate_is_refused(pairs: dict[str, Pair]) -> None:
    with pytest.raises(OperatorError, match="holds no PEM certificate"):
        certificates_of_pem(pairs["one"].key, "x")


def test_a_wrong_password_is_told(pairs: dict[str, Pair]) -> None:
    store = made(request(trusted={"ca": pairs["one"].certificate}))
    with pytest.raises(OperatorError, match="does not open it") as caught:
        plan_store(
            StoreRequest("/x/store.jks", "another-one", former_passwords=["wso2carbon"]),
            store,
            NOW,
            SALT,
        )
    assert "another-one" not in str(caught.value)
    with pytest.raises(OperatorError, match="fewer than six"):
        plan_store(StoreRequest("/x/store.jks", "short"), None, NOW, SALT)


@pytest.mark.parametrize("password", ["wrong-one", ""])
def test_a_key_does_not_open_with_another_password(password: str) -> None:
    assert recover_key(protect_key(b"secret" * 30, PASSWORD, SALT), password) is None


@pytest.mark.parametrize("data", [b"", b"\x30\x02", b"\x31\x00", b"\x30\x82\x01\x00\x00"])
def test_a_key_of_another_form_is_not_opened(data: bytes) -> None:
    assert recover_key(data, PASSWORD) is None


def _bytes(pairs: dict[str, Pair]) -> bytes:
    return made(
        request(
            [KeyRequest("k", pairs["one"].key, pairs["one"].certificate)],
            trusted={"ca": pairs["two"].certificate},
        )
    )


def test_another_type_of_keystore_is_told(pairs: dict[str, Pair]) -> None:
    with pytest.raises(OperatorError, match="not a keystore of the type JKS"):
        read_store(b"\x30\x82" + _bytes(pairs)[2:], "x")


@pytest.mark.parametrize("cut", [6, 10, 14, 40, 200, 900, 1500])
def test_a_damaged_keystore_is_told(pairs: dict[str, Pair], cut: int) -> None:
    whole = _bytes(pairs)
    with pytest.raises(OperatorError, match="damaged keystore"):
        read_store(whole[:cut] + whole[-20:], "x")


@pytest.mark.parametrize(("position", "value"), [(7, 9), (15, 9), (11, 1)])
def test_unknown_versions_entries_and_counts_are_told(
    pairs: dict[str, Pair], position: int, value: int
) -> None:
    whole = bytearray(_bytes(pairs))
    whole[position] = value
    with pytest.raises(OperatorError, match="damaged keystore"):
        read_store(bytes(whole), "x")


def test_certificates_of_another_type_are_told(pairs: dict[str, Pair]) -> None:
    with pytest.raises(OperatorError, match="damaged keystore"):
        read_store(_bytes(pairs).replace(b"X.509", b"X.510"), "x")


def test_a_store_of_the_first_version_is_read(pairs: dict[str, Pair]) -> None:
    der = certificates_of_pem(pairs["one"].certificate, "x")[0]
    body = (
        b"\xfe\xed\xfe\xed"
        + (1).to_bytes(4, "big")
        + (1).to_bytes(4, "big")
        + (2).to_bytes(4, "big")
        + b"\x00\x01a"
        + bytes(8)
    )
    data = body + len(der).to_bytes(4, "big") + der + bytes(20)
    assert read_store(data, "x") == [Entry("a", 0, None, [der])]


@pytest.mark.skipif(
    shutil.which("keytool") is None, reason="keytool, which comes with Java, is not installed"
)
def test_java_reads_what_is_written_and_is_read_itself(
    pairs: dict[str, Pair], tmp_path: Path
) -> None:
    store = tmp_path / "store.jks"
    store.write_bytes(_bytes(pairs))
    environment = {**os.environ, "STORE": PASSWORD, "NEW": "another-one", "LC_ALL": "C.UTF-8"}

    def keytool(*arguments: str) -> str:
        done = subprocess.run(
            ["keytool", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    listing = keytool(
        "-list", "-keystore", str(store), "-storetype", "JKS", "-storepass:env", "STORE"
    )
    assert "k, Nov 14, 2023, PrivateKeyEntry" in listing
    assert "ca, Nov 14, 2023, trustedCertEntry" in listing
    assert fingerprint(certificates_of_pem(pairs["one"].certificate, "x")[0]) in listing
    options = [
        "-srckeystore",
        str(store),
        "-srcstorepass:env",
        "STORE",
        "-deststoretype",
        "JKS",
        "-destkeystore",
        str(tmp_path / "other.jks"),
    ]
    keytool(
        "-importkeystore",
        *options,
        "-deststorepass:env",
        "NEW",
        "-srcalias",
        "k",
        "-destkeypass:env",
        "NEW",
    )
    entries = read_store((tmp_path / "other.jks").read_bytes(), "x")
    assert password_fits((tmp_path / "other.jks").read_bytes(), "another-one")
    assert recover_key(entries[0].protected_key or b"", "another-one") == private_key_of_pem(
        pairs["one"].key, "x"
    )
