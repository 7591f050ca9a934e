# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What is encrypted openssl decrypts, and the other way round."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.pem import (
    private_key_of_pem,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.rsa import (
    RsaKey,
    decrypt,
    encrypt,
    key_of_pkcs8,
    longest,
)


class Openssl(t.NamedTuple):
    """A key of openssl's, and what it does with it."""

    file: Path
    key: RsaKey

    def __call__(self, what: str, data: bytes) -> bytes:
        command = ["openssl", "pkeyutl", what, "-inkey", str(self.file)]
        options = ["-pkeyopt", "rsa_padding_mode:pkcs1"]
        return subprocess.run(
            [*command, *options], input=data, capture_output=True, check=True
        ).stdout


@pytest.fixture(scope="module", params=[2048, 3072])
def openssl(request: t.Any, tmp_path_factory: t.Any) -> Openssl:
    file = tmp_path_factory.mktemp("rsa") / "key.pem"
    kind = ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{request.param}"]
    subprocess.run(
        ["openssl", "genpkey", *kind, "-out", str(file)], capture_output=True, check=True
    )
    key = key_of_pkcs8(private_key_of_pem(file.read_text(), "the key"))
    assert (key.size, longest(key)) == (request.param // 8, request.param // 8 - 11)
    return Openssl(file, key)


@pytest.mark.parametrize("message", [b"", b"secret", "Schlüssel'$<".encode(), b"\0x\0"])
def test_openssl_reads_it_and_is_read(message: bytes, openssl: Openssl) -> None:
    encrypted = encrypt(openssl.key, message)
    assert len(encrypted) == openssl.key.size
    assert openssl("-decrypt", encrypted) == message
    assert decrypt(openssl.key, encrypted) == message
    assert decrypt(openssl.key, openssl("-encrypt", message)) == message


def test_the_longest_message_and_one_byte_more(openssl: Openssl) -> None:
    message = b"x" * longest(openssl.key)
    assert openssl("-decrypt", encrypt(openssl.key, message)) == message
    with pytest.raises(ValueError, match="too long"):
        encrypt(openssl.key, message + b"x")


def test_it_is_another_text_each_time(openssl: Openssl) -> None:
    assert len({encrypt(openssl.key, b"secret") for _time in range(20)}) == 20


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"\xff" * len(data),
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    ],
)
def test_what_was_not_encrypted_for_the_key_is_none(
    spoil: t.Callable[[bytes], bytes], openssl: Openssl
) -> None:
    assert decrypt(openssl.key, spoil(encrypt(openssl.key, b"secret"))) is None


def test_another_kind_of_key_is_refused() -> None:
    with pytest.raises(ValueError, match="DER"):
        key_of_pkcs8(b"\x30\x00")
