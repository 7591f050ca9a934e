# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user store of a cluster: class and properties."""

from __future__ import annotations

import typing as t

# Of the kernels of this generation; a product that has others says so in its profile
# (user_store_classes).
CLASSES = {
    "jdbc": "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager",
    "ldap_read_write": "org.wso2.carbon.user.core.ldap.ReadWriteLDAPUserStoreManager",
    "ldap_read_only": "org.wso2.carbon.user.core.ldap.ReadOnlyLDAPUserStoreManager",
    "active_directory": "org.wso2.carbon.user.core.ldap.ActiveDirectoryUserStoreManager",
}
# The server inside the Key Manager is spoken to like any other one that can be written to.
CLASSES["embedded_ldap"] = CLASSES["ldap_read_write"]

# Property by option of cluster_user_store.
OPTIONS = {
    "connection_url": "ConnectionURL",
    "connection_name": "ConnectionName",
    "user_search_base": "UserSearchBase",
    "user_name_attribute": "UserNameAttribute",
    "user_name_search_filter": "UserNameSearchFilter",
    "user_name_list_filter": "UserNameListFilter",
    "group_search_base": "GroupSearchBase",
    "group_name_attribute": "GroupNameAttribute",
    "group_name_search_filter": "GroupNameSearchFilter",
    "group_name_list_filter": "GroupNameListFilter",
    "membership_attribute": "MembershipAttribute",
}

SECRET = "user_store_password"  # noqa: S105  # nosec B105 - the name of the secret
EMBEDDED_NAME = "uid=admin,ou=system"
EMBEDDED_PORT = "${Ports.EmbeddedLDAP.LDAPServerPort}"


def user_store_model(
    desired: t.Mapping[str, t.Any],
    product: t.Mapping[str, t.Any],
    api_manager: t.Mapping[str, t.Any],
    node: t.Mapping[str, t.Any],
    caches: bool,
) -> dict[str, t.Any]:
    """The user store for the model: its class and properties, those of the Key Managers and those
    of the API Managers.

    `node` is the first Key Manager, which the embedded LDAP server belongs to. `caches` tells
    whether the roles of users are cached.
    """
    kind = desired["type"]
    # The Key Manager's own security cache goes with the caching scenario; API Manager's is none of
    # it.
    properties = {
        property_: str(desired[option])
        for option, property_ in OPTIONS.items()
        if desired.get(option) is not None
    }
    if kind == "embedded_ldap":
        properties.update(
            ConnectionURL="ldap://localhost:" + EMBEDDED_PORT, ConnectionName=EMBEDDED_NAME
        )
    properties.update({str(name): _text(value) for name, value in desired["properties"].items()})
    remote = dict(properties)
    if kind == "embedded_ldap":
        remote["ConnectionURL"] = "ldap://{0}:{1}".format(
            node["address"], node["ports"]["embedded_ldap"]
        )
    return {
        "type": kind,
        "class": _class(product, kind),
        "properties": {"UserRolesCacheEnabled": "true" if caches else "false", **properties},
        "api_manager_class": _class(api_manager, kind),
        "api_manager_properties": remote,
        "secret": None if kind == "jdbc" else SECRET,
        # The administrator of a directory that cannot be written to must be in it.
        "add_admin": kind != "ldap_read_only",
    }


def _class(profile: t.Mapping[str, t.Any], kind: str) -> str:
    classes = {**CLASSES, **profile.get("user_store_classes", {})}
    return str(classes["ldap_read_write" if kind == "embedded_ldap" else kind])


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
