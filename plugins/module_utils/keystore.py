# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Java keystores of the type JKS, read and written without Java.

A keystore that keytool writes is a different file each time, keytool takes half a second a call, and it changes a store in several
steps. Here a whole store is read, changed and serialised in memory, so that it is written once, atomically, and only when it differs.
The format is the one of sun.security.provider.JavaKeyStore, which Java 8 to 21 read; entries that no request names keep their bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass, field
from typing import Dict, List, Sequence, Tuple

from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError

_MAGIC = 0xFEEDFEED
_VERSION = 2
_TAG_KEY = 1
_TAG_CERTIFICATE = 2
_WHITENER = b"Mighty Aphrodite"
_DIGEST_LENGTH = 20
# AlgorithmIdentifier of Sun's key protector, 1.3.6.1.4.1.42.2.17.1.1
_KEY_PROTECTOR = bytes.fromhex("300e060a2b060104012a021101010500")
# AlgorithmIdentifier rsaEncryption, 1.2.840.113549.1.1.1
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s*(.*?)-----END \1-----", re.DOTALL)


@dataclass
class Entry:
    """One alias: a private key with its chain, or a trusted certificate (then protected_key is None)."""

    alias: str
    created: int
    protected_key: bytes | None
    certificates: List[bytes]


@dataclass
class KeyRequest:
    """A key pair that must stand under an alias; replace=False makes another key under it an error."""

    alias: str
    private_key: str
    certificates: str
    replace: bool = True


@dataclass
class StoreRequest:
    """What one store must hold. Entries that are not named stay as they are."""

    path: str
    password: str
    former_passwords: List[str] = field(default_factory=list)
    keys: List[KeyRequest] = field(default_factory=list)
    trusted: Dict[str, str] = field(default_factory=dict)
    distrusted: List[bytes] = field(default_factory=list)


@dataclass
class Outcome:
    """The bytes a store must have, and what was done to get there, in sentences without secrets."""

    content: bytes
    actions: List[str]


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint of a DER certificate, as keytool and openssl print it."""
    digest = hashlib.sha256(certificate).hexdigest().upper()
    return ":".join(digest[position : position + 2] for position in range(0, len(digest), 2))


def _der(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _der_content(data: bytes, tag: int) -> Tuple[bytes, bytes]:
    """Return the content of the first element, which must have this tag, and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError("unexpected DER tag")
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + length:
        raise ValueError("cut-off DER element")
    return data[start : start + length], data[start + length :]


def _pem_blocks(text: str, what: str) -> List[Tuple[str, bytes]]:
    blocks = []
    for label, body in _PEM.findall(text):
        if ":" in body:
            raise OperatorError(f"{what} is an encrypted private key; decrypt it first with 'openssl pkcs8 -topk8 -nocrypt'.")
        try:
            blocks.append((label, base64.b64decode("".join(body.split()), validate=True)))
        except (binascii.Error, ValueError):
            raise OperatorError(f"{what} holds a damaged PEM block (BEGIN {label}).") from None
    return blocks


def certificates_of_pem(text: str, what: str) -> List[bytes]:
    """Return the DER certificates of a PEM text, leaf first as they stand there."""
    found = [data for label, data in _pem_blocks(text, what) if label in ("CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE")]
    if not found:
        raise OperatorError(f"{what} holds no PEM certificate (BEGIN CERTIFICATE).")
    return found


def _not_rsa(what: str) -> OperatorError:
    return OperatorError(f"{what} is not an RSA key. Carbon servers of this generation sign with RSA: use an RSA key of 3072 bits.")


def private_key_of_pem(text: str, what: str) -> bytes:
    """Return the PKCS #8 bytes of an unencrypted RSA key. The products sign with RSA: another key is refused here, not at their start."""
    for label, data in _pem_blocks(text, what):
        if label == "ENCRYPTED PRIVATE KEY":
            raise OperatorError(f"{what} is an encrypted private key; decrypt it first with 'openssl pkcs8 -topk8 -nocrypt'.")
        if label == "EC PRIVATE KEY":
            raise _not_rsa(what)
        if label == "RSA PRIVATE KEY":
            return _der(0x30, b"\x02\x01\x00" + _RSA + _der(0x04, data))
        if label == "PRIVATE KEY":
            if _RSA not in data[:40]:
                raise _not_rsa(what)
            return data
    raise OperatorError(f"{what} holds no PEM private key (BEGIN PRIVATE KEY).")


def _belongs(private_key: bytes, certificate: bytes) -> bool:
    """Tell whether an RSA key and a certificate are a pair: the modulus is 3072 random bits, so finding it in the certificate decides."""
    try:
        body, _rest = _der_content(private_key, 0x30)
        _version, body = _der_content(body, 0x02)
        _algorithm, body = _der_content(body, 0x30)
        key, _rest = _der_content(body, 0x04)
        key, _rest = _der_content(key, 0x30)
        _version, key = _der_content(key, 0x02)
        modulus, _rest = _der_content(key, 0x02)
    except ValueError:
        return False
    return len(modulus) >= 128 and _der(0x02, modulus) in certificate


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data).digest()  # noqa: S324 - the format leaves no choice


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
    salt, hidden, check = payload[:_DIGEST_LENGTH], payload[_DIGEST_LENGTH:-_DIGEST_LENGTH], payload[-_DIGEST_LENGTH:]
    plain = bytes(left ^ right for left, right in zip(hidden, _keystream(password, salt, len(hidden))))
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


def read_store(data: bytes, path: str) -> List[Entry]:
    """Return the entries of a store. Certificates need no password; whether one fits is told by password_fits."""
    if data[:4] != _MAGIC.to_bytes(4, "big"):
        raise OperatorError(
            f"{path} is not a keystore of the type JKS. Convert it with 'keytool -importkeystore -deststoretype JKS', "
            "or put the product's own back."
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
        raise OperatorError(f"{path} is a damaged keystore. Put a sound copy back; nothing was changed.") from None
    return entries


def password_fits(data: bytes, password: str) -> bool:
    """Tell whether this is the password of the whole store."""
    return hmac.compare_digest(data[-_DIGEST_LENGTH:], _digest(data[:-_DIGEST_LENGTH], password))


def write_store(entries: Sequence[Entry], password: str) -> bytes:
    """Serialise a store under a password."""

    def text(value: str) -> bytes:
        encoded = value.encode("utf-8", "surrogateescape")
        return struct.pack(">H", len(encoded)) + encoded

    parts = [struct.pack(">III", _MAGIC, _VERSION, len(entries))]
    for entry in entries:
        parts.append(struct.pack(">I", _TAG_CERTIFICATE if entry.protected_key is None else _TAG_KEY))
        parts.append(text(entry.alias) + struct.pack(">Q", entry.created))
        if entry.protected_key is not None:
            parts.append(struct.pack(">I", len(entry.protected_key)) + entry.protected_key)
            parts.append(struct.pack(">I", len(entry.certificates)))
        for certificate in entry.certificates:
            parts.append(text("X.509") + struct.pack(">I", len(certificate)) + certificate)
    content = b"".join(parts)
    return content + _digest(content, password)


def _check_password(request: StoreRequest) -> None:
    if len(request.password) < 6:
        raise OperatorError(f"The password of {request.path} has fewer than six characters; Java's keytool refuses such a keystore.")


def _put_key(entries: List[Entry], request: StoreRequest, wanted: KeyRequest, now: int, salt: bytes) -> str | None:
    what = f"The key for alias {wanted.alias} of {request.path}"
    private_key = private_key_of_pem(wanted.private_key, what)
    chain = certificates_of_pem(wanted.certificates, f"The certificate for alias {wanted.alias} of {request.path}")
    if not _belongs(private_key, chain[0]):
        raise OperatorError(f"{what} does not belong to its certificate: the first certificate of the chain must be the one of this key.")
    alias = wanted.alias.lower()
    fresh = Entry(alias, now, protect_key(private_key, request.password, salt), chain)
    for position, entry in enumerate(entries):
        if entry.alias != alias:
            continue
        same_key = entry.protected_key is not None and any(
            recover_key(entry.protected_key, password) == private_key for password in (request.password, *request.former_passwords)
        )
        if not same_key and not wanted.replace:
            raise OperatorError(
                f"{request.path} holds another key under alias {wanted.alias}. It is kept, because what was encrypted with it would "
                "become unreadable. Give that very key pair, or remove the file on purpose if nothing was ever encrypted with it."
            )
        same_password = entry.protected_key is not None and recover_key(entry.protected_key, request.password) is not None
        if same_key and same_password and entry.certificates == chain:
            return None
        entries[position] = fresh
        reason = "key replaced"
        if same_key:
            reason = "password of the key changed" if entry.certificates == chain else "certificate replaced"
        return f"{alias}: {reason}, now {fingerprint(chain[0])}"
    entries.append(fresh)
    return f"{alias}: key added, {fingerprint(chain[0])}"


def _put_trusted(entries: List[Entry], request: StoreRequest, alias: str, pem: str, now: int) -> str | None:
    certificate = certificates_of_pem(pem, f"The certificate for alias {alias} of {request.path}")[0]
    fresh = Entry(alias.lower(), now, None, [certificate])
    for position, entry in enumerate(entries):
        if entry.alias != fresh.alias:
            continue
        if entry.protected_key is not None:
            raise OperatorError(
                f"{request.path} holds a private key under alias {alias}, where a trusted certificate belongs. Remove or rename it."
            )
        if entry.certificates == [certificate]:
            return None
        entries[position] = fresh
        return f"{fresh.alias}: certificate replaced, now {fingerprint(certificate)}"
    entries.append(fresh)
    return f"{fresh.alias}: certificate added, {fingerprint(certificate)}"


def plan_store(request: StoreRequest, current: bytes | None, now: int, salt: bytes) -> Outcome:
    """Return the bytes the store must have. They are the current ones, to the byte, when it already holds everything."""
    _check_password(request)
    actions: List[str] = []
    entries: List[Entry] = []
    if current is None:
        actions.append("store made")
    else:
        entries = read_store(current, request.path)
        if not password_fits(current, request.password):
            if not any(password_fits(current, password) for password in request.former_passwords):
                raise OperatorError(
                    f"The password given for {request.path} does not open it, and neither does the product's own. "
                    "Give the password it has, or put the product's own file back."
                )
            actions.append("password of the store changed")
    for wanted in request.keys:
        actions.append(_put_key(entries, request, wanted, now, salt) or "")
    for alias, pem in request.trusted.items():
        actions.append(_put_trusted(entries, request, alias, pem, now) or "")
    for entry in list(entries):
        if entry.protected_key is None and entry.certificates[0] in request.distrusted:
            entries.remove(entry)
            actions.append(f"{entry.alias}: certificate removed, its private key is public ({fingerprint(entry.certificates[0])})")
    actions = [action for action in actions if action]
    if not actions and current is not None:
        return Outcome(current, [])
    return Outcome(write_store(entries, request.password), actions)


def key_certificates(data: bytes, path: str) -> List[bytes]:
    """Return the certificates of a store's own key pairs, which need no password to be read."""
    return [entry.certificates[0] for entry in read_store(data, path) if entry.protected_key is not None and entry.certificates]
