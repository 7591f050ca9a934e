# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a keystore should hold, and the store that holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._errors import OperatorError
from .jks import Entry, password_fits, protect_key, read_store, recover_key, write_store
from .pem import _belongs, certificates_of_pem, fingerprint, private_key_of_pem


@dataclass
class KeyRequest:
    """A key pair that must be under an alias; replace=False makes another key under it an
    error."""

    alias: str
    private_key: str
    certificates: str
    replace: bool = True


@dataclass
class StoreRequest:
    """What one store must hold. Entries that are not named stay as they are."""

    path: str
    password: str
    former_passwords: list[str] = field(default_factory=list)
    keys: list[KeyRequest] = field(default_factory=list)
    trusted: dict[str, str] = field(default_factory=dict)
    distrusted: list[bytes] = field(default_factory=list)


@dataclass
class StoreOutcome:
    """The bytes a store must have, and what was done to get there, in sentences without secrets."""

    content: bytes
    actions: list[str]


def _check_password(request: StoreRequest) -> None:
    if len(request.password) < 6:
        raise OperatorError(
            f"The password of {request.path} has fewer than six characters; Java's keytool refuses"
            " such a keystore."
        )


def _put_key(
    entries: list[Entry], request: StoreRequest, wanted: KeyRequest, now: int, salt: bytes
) -> str | None:
    what = f"The key for alias {wanted.alias} of {request.path}"
    private_key = private_key_of_pem(wanted.private_key, what)
    chain = certificates_of_pem(
        wanted.certificates, f"The certificate for alias {wanted.alias} of {request.path}"
    )
    if not _belongs(private_key, chain[0]):
        raise OperatorError(
            f"{what} does not belong to its certificate: the first certificate of the chain must be"
            " the one of this key."
        )
    alias = wanted.alias.lower()
    fresh = Entry(alias, now, protect_key(private_key, request.password, salt), chain)
    for position, entry in enumerate(entries):
        if entry.alias != alias:
            continue
        same_key = entry.protected_key is not None and any(
            recover_key(entry.protected_key, password) == private_key
            for password in (request.password, *request.former_passwords)
        )
        if not same_key and not wanted.replace:
            raise OperatorError(
                f"{request.path} holds another key under alias {wanted.alias}. It is kept, because"
                " what was encrypted with it would become unreadable. Give that very key pair, or"
                " remove the file on purpose if nothing was ever encrypted with it."
            )
        same_password = (
            entry.protected_key is not None
            and recover_key(entry.protected_key, request.password) is not None
        )
        if same_key and same_password and entry.certificates == chain:
            return None
        entries[position] = fresh
        reason = "key replaced"
        if same_key:
            reason = (
                "password of the key changed"
                if entry.certificates == chain
                else "certificate replaced"
            )
        return f"{alias}: {reason}, now {fingerprint(chain[0])}"
    entries.append(fresh)
    return f"{alias}: key added, {fingerprint(chain[0])}"


def _put_trusted(
    entries: list[Entry], request: StoreRequest, alias: str, pem: str, now: int
) -> str | None:
    certificate = certificates_of_pem(pem, f"The certificate for alias {alias} of {request.path}")[
        0
    ]
    fresh = Entry(alias.lower(), now, None, [certificate])
    for position, entry in enumerate(entries):
        if entry.alias != fresh.alias:
            continue
        if entry.protected_key is not None:
            raise OperatorError(
                f"{request.path} holds a private key under alias {alias}, where a trusted"
                " certificate belongs. Remove or rename it."
            )
        if entry.certificates == [certificate]:
            return None
        entries[position] = fresh
        return f"{fresh.alias}: certificate replaced, now {fingerprint(certificate)}"
    entries.append(fresh)
    return f"{fresh.alias}: certificate added, {fingerprint(certificate)}"


def plan_store(request: StoreRequest, current: bytes | None, now: int, salt: bytes) -> StoreOutcome:
    """Return the bytes the store must have. They are the current ones, to the byte, when it already
    holds everything."""
    _check_password(request)
    actions: list[str] = []
    entries: list[Entry] = []
    if current is None:
        actions.append("store made")
    else:
        entries = read_store(current, request.path)
        if not password_fits(current, request.password):
            if not any(password_fits(current, password) for password in request.former_passwords):
                raise OperatorError(
                    f"The password given for {request.path} does not open it, and neither does the"
                    " product's own. Give the password it has, or put the product's own file back."
                )
            actions.append("password of the store changed")
    for wanted in request.keys:
        actions.append(_put_key(entries, request, wanted, now, salt) or "")
    for alias, pem in request.trusted.items():
        actions.append(_put_trusted(entries, request, alias, pem, now) or "")
    for entry in list(entries):
        if entry.protected_key is None and entry.certificates[0] in request.distrusted:
            entries.remove(entry)
            actions.append(
                f"{entry.alias}: certificate removed, its private key is public"
                f" ({fingerprint(entry.certificates[0])})"
            )
    actions = [action for action in actions if action]
    if not actions and current is not None:
        return StoreOutcome(current, [])
    return StoreOutcome(write_store(entries, request.password), actions)
