# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of the user store."""

from __future__ import annotations

import re
import typing as t

from .._edits import user_store
from .._model import user_store as model_user_store

if t.TYPE_CHECKING:
    from .._model.inventory import Sources
    from .settings import Sentences, _Settings

LDAP_URL = re.compile(
    r"ldaps?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(,ldaps?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)*/?\Z",
    re.IGNORECASE,
)


def _user_store(shared: _Settings, groups: t.Mapping[str, t.Sequence[str]]) -> Sentences:
    store = shared["cluster_user_store"]
    if not isinstance(store, t.Mapping):
        return
    kind = shared.option("cluster_user_store", "type")
    given = [option for option in model_user_store.OPTIONS if store.get(option) is not None]
    password = shared["cluster_user_store_password"]
    if kind == "jdbc":
        for option in given:
            yield (
                f"cluster_user_store.{option} is set, but a user store of type jdbc does not read"
                " it. Set cluster_user_store.type to the type of your directory, or leave it out."
            )
        if password is not None:
            yield (
                "cluster_user_store_password is set, but a user store of type jdbc has none. Leave"
                " it out."
            )
        return
    if password is None:
        yield (
            f"cluster_user_store_password is not set: the password of a user store of type {kind}."
            " Keep it in a vault."
        )
    if user_store.SECRET_PROPERTY in (shared.option("cluster_user_store", "properties") or {}):
        yield (
            "cluster_user_store.properties holds the password. Move it to"
            " cluster_user_store_password, in a vault."
        )
    if kind == "embedded_ldap":
        for option in ("connection_url", "connection_name"):
            if option in given:
                yield (
                    f"cluster_user_store.{option} is set, but the server within the Key Manager has"
                    " its own. Leave it out."
                )
        if len(groups["key_manager"]) > 1:
            yield (
                "cluster_user_store.type is embedded_ldap, which is the server of one Key Manager,"
                " and there are {0}: users would be known to one node only. Choose another type."
            ).format(len(groups["key_manager"]))
        return
    for option in ("connection_url", "connection_name", "user_search_base", "group_search_base"):
        if option not in given:
            yield f"cluster_user_store.{option} is not set: a user store of type {kind} needs it."
    url = str(store.get("connection_url") or "ldaps://")
    if not LDAP_URL.match(url):
        yield (
            "cluster_user_store.connection_url must be ldaps:// and the directory's host, with its"
            " port if it has another one than 636."
        )
    elif url.lower().startswith("ldap:") and not shared.option(
        "cluster_user_store", "allow_plaintext"
    ):
        yield (
            "cluster_user_store.connection_url has no TLS: every password would cross the network"
            " in the clear. Use ldaps://, or set cluster_user_store.allow_plaintext if that is"
            " meant."
        )


def _email_user_names(shared: _Settings, sources: Sources) -> Sentences:
    product = sources.profiles.get(str(shared["cluster_product"]), {})
    allowed = shared["cluster_email_user_names"]
    if allowed is None:
        allowed = product.get("email_user_names", False)
    name = shared["cluster_admin_user"] or product.get("admin_user", "")
    if not allowed and "@" in str(name):
        yield (
            "cluster_admin_user is an e-mail address, which the product takes for a user of a"
            " tenant while cluster_email_user_names is false. Change one of the two."
        )
