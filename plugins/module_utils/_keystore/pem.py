# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Certificates and private keys in PEM form."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from .._errors import OperatorError

# AlgorithmIdentifier rsaEncryption, 1.2.840.113549.1.1.1
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s*(.*?)-----END \1-----", re.DOTALL)


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint of a DER certificate, as keytool and openssl print it."""
    digest = hashlib.sha256(certificate).hexdigest().upper()
    return ":".join(digest[position : position + 2] for position in range(0, len(digest), 2))


def _der(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _der_content(data: bytes, tag: int) -> tuple[bytes, bytes]:
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


def _pem_blocks(text: str, what: str) -> list[tuple[str, bytes]]:
    blocks = []
    for label, body in _PEM.findall(text):
        if ":" in body:
            raise OperatorError(
                f"{what} is an encrypted private key; decrypt it first with 'openssl pkcs8 -topk8"
                " -nocrypt'."
            )
        try:
            blocks.append((label, base64.b64decode("".join(body.split()), validate=True)))
        except (binascii.Error, ValueError):
            raise OperatorError(f"{what} holds a damaged PEM block (BEGIN {label}).") from None
    return blocks


def certificates_of_pem(text: str, what: str) -> list[bytes]:
    """Return the DER certificates of a PEM text, leaf first as they are there."""
    found = [
        data
        for label, data in _pem_blocks(text, what)
        if label in ("CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE")
    ]
    if not found:
        raise OperatorError(f"{what} holds no PEM certificate (BEGIN CERTIFICATE).")
    return found


def _not_rsa(what: str) -> OperatorError:
    return OperatorError(
        f"{what} is not an RSA key. Carbon servers of this generation sign with RSA: use an RSA key"
        " of 3072 bits."
    )


def private_key_of_pem(text: str, what: str) -> bytes:
    """Return the PKCS #8 bytes of an unencrypted RSA key. The products sign with RSA: another key
    is refused here, not at their start."""
    for label, data in _pem_blocks(text, what):
        if label == "ENCRYPTED PRIVATE KEY":
            raise OperatorError(
                f"{what} is an encrypted private key; decrypt it first with 'openssl pkcs8 -topk8"
                " -nocrypt'."
            )
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
    """Tell whether an RSA key and a certificate are a pair: the modulus is 3072 random bits, so
    finding it in the certificate decides."""
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
