# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of the shared file system."""

from __future__ import annotations

import re
import typing as t

from .._model.storage import kind_of

if t.TYPE_CHECKING:
    from .._model.storage import Kind
    from .settings import Sentences, _Settings


# Options of a mount that are a login, or where one is kept.
LOGIN_OPTIONS = (
    "pass",
    "password",
    "password2",
    "user",
    "username",
    "cred",
    "credentials",
    "dom",
    "domain",
)


def _storage(shared: _Settings, groups: t.Mapping[str, t.Sequence[str]]) -> Sentences:
    storage = shared["cluster_shared_storage"]
    if not isinstance(storage, t.Mapping):
        return
    path, kind = storage.get("path"), kind_of(storage)
    if storage.get("type") == "mounted" and not path:
        yield (
            "cluster_shared_storage.path is not set: where is the shared file system mounted on the"
            " Key Managers?"
        )
    if path is not None and (not str(path).startswith("/") or not str(path).strip("/")):
        yield "cluster_shared_storage.path must be an absolute path of a directory of its own."
    password = shared["cluster_shared_storage_password"]
    if kind is None:
        for name in ("source", "user", "domain", "options", "tls"):
            if storage.get(name):
                yield (
                    "cluster_shared_storage.{0} is set, but with the type {1} this collection"
                    " mounts nothing. Set the type to nfs, smb or efs, or remove it."
                ).format(name, storage.get("type", "none"))
        if password is not None:
            yield (
                "cluster_shared_storage_password is set, but only cluster_shared_storage.type smb"
                " has a password. Remove it."
            )
        return
    if not kind.source.match(str(storage.get("source") or "")):
        yield (
            "cluster_shared_storage.source is not a source of the type {0}{1}:"
            " write it like {2}.".format(
                storage["type"],
                " with TLS" if storage.get("tls") and storage["type"] == "efs" else "",
                kind.example,
            )
        )
    yield from _options(storage, kind)
    yield from _login(storage, kind, password)


def _options(storage: t.Mapping[str, t.Any], kind: Kind) -> Sentences:
    """Options that do not fit the type, or that would show a secret."""
    if storage.get("tls") and storage["type"] != "efs":
        yield "cluster_shared_storage.tls belongs to the type efs. Remove it{0}.".format(
            "; smb is encrypted anyway" if storage["type"] == "smb" else ""
        )
    for name in ("user", "domain"):
        value = storage.get(name)
        if value and not kind.login:
            yield f"cluster_shared_storage.{name} belongs to the type smb. Remove it."
        elif value and re.search(r"[\x00-\x1f\x7f]", str(value)):
            yield (
                f"cluster_shared_storage.{name} holds a line break or another control character."
                " Remove it."
            )
    options = storage.get("options")
    for option in options if isinstance(options, list) else ():
        name = str(option).partition("=")[0]
        if name in LOGIN_OPTIONS:
            yield (
                f"cluster_shared_storage.options holds {name}, which everybody on the host could"
                " read. Use cluster_shared_storage.user, .domain and"
                " cluster_shared_storage_password."
            )
        elif re.search(r"[\s,]", str(option)):
            yield (
                "cluster_shared_storage.options: write each option on its own, without blanks and"
                " commas."
            )


def _login(storage: t.Mapping[str, t.Any], kind: Kind, password: t.Any) -> Sentences:
    """User and password of a file server that asks for them."""
    if kind.login and not storage.get("user"):
        yield (
            "cluster_shared_storage.user is not set: as whom are the Key Managers to log in to the"
            " file server?"
        )
    if kind.login and not password:
        yield (
            "cluster_shared_storage_password is not set: the password of"
            " cluster_shared_storage.user. Keep it in a vault."
        )
    if not kind.login and password is not None:
        yield (
            "cluster_shared_storage_password is set, but only cluster_shared_storage.type smb has a"
            " password. Remove it."
        )
