# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of passwords, keys and certificates."""

from __future__ import annotations

import re
import typing as t

from .. import _argument_specs as argument_specs
from . import text_rules

if t.TYPE_CHECKING:
    from .._model.inventory import Inventory, Sources
    from .settings import Sentences

# What the products ship with, and what everybody tries first.
DEFAULT_PASSWORDS = frozenset(
    {
        "admin",
        "wso2",
        "wso2carbon",
        "wso2123",
        "root",
        "password",
        "changeit",
        "wso2pass",
        "mysql",
        "hazelcast",
        "dev-pass",
    }
)
# WSO2's own rule for passwords of the primary user store (PasswordJavaRegEx of user-mgt.xml), and
# what keytool demands.
# The data bridge of API Manager fails on characters that are more than one byte.
ADMIN_PASSWORD = re.compile(r"[!-~]{5,30}\Z")
KEYSTORE_PASSWORD_LENGTH = 6

# What is held to be safe until 2030.
LEAST_RSA_BITS = 2048


def _secrets(
    cluster: Inventory,
    groups: t.Mapping[str, t.Sequence[str]],
    sources: Sources,
    unresolved: t.Mapping[str, t.Any],
) -> Sentences:
    variables = cluster.hosts[groups["key_manager"][0]]
    defaults_allowed = bool(variables.get("cluster_allow_default_passwords"))
    for name, option in sources.options.items():
        if not option.get("no_log") or name in unresolved:
            continue
        if variables.get(name) is None:
            if option.get("required"):
                yield "{0} is not set. It is: {1} Keep it in a vault.".format(
                    name, argument_specs.summary(option).replace("Secret. ", "").rstrip(".") + "."
                )
            continue
        if option["type"] == "dict":
            secrets = variables[name]
            if not isinstance(secrets, t.Mapping):
                yield f"{name} must be a dictionary of passwords by database id."
                continue
        else:
            secrets = {"": variables[name]}
        for key, secret in secrets.items():
            yield from _secret(name + ("." + key if key else ""), secret, defaults_allowed)
    admin = variables.get("cluster_admin_password")
    if isinstance(admin, str) and admin and not ADMIN_PASSWORD.match(admin):
        yield (
            "The products refuse cluster_admin_password: it must have 5 to 30"
            " characters, all of them ASCII and none a blank."
        )
    keystore = variables.get("cluster_keystore_password")
    if isinstance(keystore, str) and "]]#" in keystore:
        yield (
            "cluster_keystore_password holds ]]#, which ends a text in the gateway's template."
            " Choose another one."
        )
    for name in ("cluster_keystore_password", "cluster_truststore_password"):
        secret = variables.get(name)
        if isinstance(secret, str) and 0 < len(secret) < KEYSTORE_PASSWORD_LENGTH:
            yield (
                f"{name} is too short: keystores demand at least"
                f" {KEYSTORE_PASSWORD_LENGTH} characters."
            )


def _secret(name: str, secret: t.Any, defaults_allowed: bool) -> Sentences:
    if not isinstance(secret, str):
        yield f"{name} must be a string; put quotes round it."
    elif not secret:
        yield f"{name} is empty. Choose a password, and keep it in a vault."
    elif text_rules.CONTROL.search(secret):
        yield f"{name} holds a line break or another control character. Remove it."
    elif secret.lower() in DEFAULT_PASSWORDS and not defaults_allowed:
        yield f"{name} is a password that products ship with. Choose another one."


def _keys(cluster: Inventory) -> Sentences:
    for host, variables in cluster.hosts.items():
        bits = variables.get("certificates_rsa_size")
        if isinstance(bits, int) and bits < LEAST_RSA_BITS:
            yield (
                f"certificates_rsa_size of {host} is {bits}: keys of less than"
                f" {LEAST_RSA_BITS} bits can be broken. Leave it out, or set 3072."
            )
