# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Java keystores (JKS), read and written without Java."""

from __future__ import annotations

import hashlib
import hmac
import struct
import typing as t
from dataclasses import dataclass

from .._errors import OperatorError
from .pem import _der, _der_content

_MAGIC = 0xFEEDFEED
_VERSION = 2
_TAG_KEY = 1
_TAG_CERTIFICATE = 2
_WHITENER = b"Mighty Aphrodite"
_DIGEST_LENGTH = 20
# AlgorithmIdentifier of Sun's key protector, 1.3.6.1.4.1.42.2.17.1.1
_KEY_PROTECTOR = bytes.fromhex("300e060a2b060104012a021101010500")


@dataclass
class Entry:
    """One alias: a private key with its chain, or a trusted certificate (then protected_key is
    None)."""

    alias: str
    created: int
    protected_key: bytes | None
    certificates: list[bytes]


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data).digest()  # noqa: S324  # nosec B324 - the format leaves no choice


def _keystream(password: str, salt: bytes, length: int) -> bytes:
    stream, block, secret = b"", salt, password.encode("utf-16-be")
    while len(stream) < length:
        block = _sha1(secret + block)
        stream += block
    return stream[:length]


def protect_key(private_key: bytes, password: str, salt: bytes) -> bytes:
    """Encrypt PKCS #8 bytes as JavaKeyStore does; salt is 20 random bytes."""
    stream = _keystream(password, salt, len(private_key))
    hidden = bytes(left ^ right for left, right in zip(private_key, stream))
    check = _sha1(password.encode("utf-16-be") + private_key)
    return _der(0x30, _KEY_PROTECTOR + _der(0x04, salt + hidden + check))


def recover_key(protected: bytes, password: str) -> bytes | None:
    """Return the PKCS #8 bytes, or None when the password is not the one of this key."""
    try:
        body, _rest = _der_content(protected, 0x30)
        _algorithm, body = _der_content(body, 0x30)
        payload, _rest = _der_content(body, 0x04)
    except ValueError:
        return None
    salt, hidden, check = (
        payload[:_DIGEST_LENGTH],
        payload[_DIGEST_LENGTH:-_DIGEST_LENGTH],
        payload[-_DIGEST_LENGTH:],
    )
    plain = bytes(
        left ^ right for left, right in zip(hidden, _keystream(password, salt, len(hidden)))
    )
    expected = _sha1(password.encode("utf-16-be") + plain)
    return plain if hmac.compare_digest(check, expected) else None


def _digest(content: bytes, password: str) -> bytes:
    return _sha1(password.encode("utf-16-be") + _WHITENER + content)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, count: int) -> bytes:
        taken = self._data[self._position : self._position + count]
        if len(taken) != count:
            raise ValueError("cut off")
        self._position += count
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def text(self) -> str:
        return self.take(self.number(2)).decode("utf-8", "surrogateescape")

    @property
    def at_end(self) -> bool:
        return self._position == len(self._data)


def read_store(data: bytes, path: str) -> list[Entry]:
    """Return the entries of a store. Certificates need no password; whether one fits is told by
    password_fits."""
    if data[:4] != _MAGIC.to_bytes(4, "big"):
        raise OperatorError(
            f"{path} is not a keystore of the type JKS. Convert it with 'keytool -importkeystore"
            " -deststoretype JKS', or put the product's own back."
        )
    try:
        reader = _Reader(data[4:-_DIGEST_LENGTH])
        version = reader.number(4)
        if version not in (1, _VERSION):
            raise ValueError("unknown version")
        entries = []
        for _number in range(reader.number(4)):
            tag, alias, created = reader.number(4), reader.text(), reader.number(8)
            if tag not in (_TAG_KEY, _TAG_CERTIFICATE):
                raise ValueError("unknown entry")
            protected = reader.take(reader.number(4)) if tag == _TAG_KEY else None
            certificates = []
            for _certificate in range(reader.number(4) if tag == _TAG_KEY else 1):
                if version == _VERSION and reader.text() != "X.509":
                    raise ValueError("unknown certificate type")
                certificates.append(reader.take(reader.number(4)))
            entries.append(Entry(alias, created, protected, certificates))
        if not reader.at_end:
            raise ValueError("something follows")
    except ValueError:
        raise OperatorError(
            f"{path} is a damaged keystore. Put a sound copy back; nothing was changed."
        ) from None
    return entries


def password_fits(data: bytes, password: str) -> bool:
    """Tell whether this is the password of the whole store."""
    return hmac.compare_digest(data[-_DIGEST_LENGTH:], _digest(data[:-_DIGEST_LENGTH], password))


def write_store(entries: t.Sequence[Entry], password: str) -> bytes:
    """Serialise a store under a password."""

    def text(value: str) -> bytes:
        encoded = value.encode("utf-8", "surrogateescape")
        return struct.pack(">H", len(encoded)) + encoded

    parts = [struct.pack(">III", _MAGIC, _VERSION, len(entries))]
    for entry in entries:
        parts.append(
            struct.pack(">I", _TAG_CERTIFICATE if entry.protected_key is None else _TAG_KEY)
        )
        parts.append(text(entry.alias) + struct.pack(">Q", entry.created))
        if entry.protected_key is not None:
            parts.append(struct.pack(">I", len(entry.protected_key)) + entry.protected_key)
            parts.append(struct.pack(">I", len(entry.certificates)))
        for certificate in entry.certificates:
            parts.append(text("X.509") + struct.pack(">I", len(certificate)) + certificate)
    content = b"".join(parts)
    return content + _digest(content, password)


def key_certificates(data: bytes, path: str) -> list[bytes]:
    """Return the certificates of a store's own key pairs, which need no password to be read."""
    return [
        entry.certificates[0]
        for entry in read_store(data, path)
        if entry.protected_key is not None and entry.certificates
    ]
