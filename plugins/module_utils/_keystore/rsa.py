# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""RSA with PKCS #1 v1.5 padding, which is what Java takes "RSA" for, and so the products' secure
vault. Hosts need no library for it, as for the keystores."""

from __future__ import annotations

import os
import typing as t

from .pem import _der_content

# 0x00 0x02, eight random bytes at least, 0x00
_LEAST_PADDING = 11
_VERSION, _NUMBERS = 0x02, 9


class RsaKey(t.NamedTuple):
    """A private key, by the numbers that RFC 8017 gives it."""

    modulus: int
    public_exponent: int
    private_exponent: int
    prime1: int
    prime2: int
    exponent1: int
    exponent2: int
    coefficient: int

    @property
    def size(self) -> int:
        """Bytes of the modulus, and of every message that is encrypted."""
        return (self.modulus.bit_length() + 7) // 8


def key_of_pkcs8(private_key: bytes) -> RsaKey:
    """The numbers of an unencrypted RSA key in PKCS #8 form; raises ValueError for another."""
    body, _rest = _der_content(private_key, 0x30)
    _version, body = _der_content(body, 0x02)
    _algorithm, body = _der_content(body, 0x30)
    body, _rest = _der_content(body, 0x04)
    body, _rest = _der_content(body, 0x30)
    numbers = []
    for _number in range(_NUMBERS):
        number, body = _der_content(body, 0x02)
        numbers.append(int.from_bytes(number, "big"))
    return RsaKey(*numbers[1:])


def longest(key: RsaKey) -> int:
    """Bytes of the longest message that the key encrypts."""
    return key.size - _LEAST_PADDING


def encrypt(key: RsaKey, message: bytes) -> bytes:
    """Encrypt for the holder of the key, differently each time; raises ValueError for a message
    that is too long."""
    if len(message) > longest(key):
        raise ValueError("too long")
    padding = b""
    while len(padding) < key.size - len(message) - 3:
        padding += os.urandom(key.size).replace(b"\0", b"")
    padding = padding[: key.size - len(message) - 3]
    block = b"\0\x02" + padding + b"\0" + message
    number = pow(int.from_bytes(block, "big"), key.public_exponent, key.modulus)
    return number.to_bytes(key.size, "big")


def decrypt(key: RsaKey, encrypted: bytes) -> bytes | None:
    """The message, or None for what was not encrypted for this key."""
    number = int.from_bytes(encrypted, "big")
    if len(encrypted) != key.size or number >= key.modulus:
        return None
    left = pow(number, key.exponent1, key.prime1)
    right = pow(number, key.exponent2, key.prime2)
    number = right + key.prime2 * ((left - right) * key.coefficient % key.prime1)
    head, end, message = number.to_bytes(key.size, "big").partition(b"\0")[2].partition(b"\0")
    if not end or not head.startswith(b"\x02") or len(message) > longest(key):
        return None
    return message
