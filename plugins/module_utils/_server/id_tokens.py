# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""ID tokens: what one says, and whether a published key belongs to its signature."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t

# RFC 8017, 9.2: what is before the digest in a signature of RSASSA-PKCS1-v1_5.
_SIGNED_AS = {
    "RS256": ("sha256", bytes.fromhex("3031300d060960864801650304020105000420")),
    "RS384": ("sha384", bytes.fromhex("3041300d060960864801650304020205000430")),
    "RS512": ("sha512", bytes.fromhex("3051300d060960864801650304020305000440")),
}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _object(text: bytes) -> dict[str, t.Any]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


def claims(id_token: str) -> dict[str, t.Any]:
    """What an ID token says; its signature is not looked at."""
    return _object(_decoded(id_token.split(".")[1]))


def keys_of(body: str) -> list[dict[str, t.Any]]:
    """The RSA keys that a server publishes at ``/oauth2/jwks``."""
    try:
        found = _object(body.encode()).get("keys") or []
    except ValueError:
        return []
    return [key for key in found if isinstance(key, dict) and key.get("kty") == "RSA"]


def _fits(signature: bytes, key: dict[str, t.Any], digest: bytes) -> bool:
    modulus = int.from_bytes(_decoded(str(key["n"])), "big")
    exponent = int.from_bytes(_decoded(str(key["e"])), "big")
    size = (modulus.bit_length() + 7) // 8
    if len(signature) != size:
        return False
    opened = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    return opened == b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest


def is_signed_by(id_token: str, keys: t.Iterable[dict[str, t.Any]]) -> bool | None:
    """Whether one of the keys belongs to the signature; None where it is none of RS256, RS384 and
    RS512, which alone are checked here."""
    signed, _dot, signature = id_token.rpartition(".")
    name = str(_object(_decoded(id_token.split(".")[0])).get("alg"))
    if name not in _SIGNED_AS:
        return None
    algorithm, prefix = _SIGNED_AS[name]
    digest = prefix + hashlib.new(algorithm, signed.encode()).digest()
    return any(_fits(_decoded(signature), key, digest) for key in keys)
