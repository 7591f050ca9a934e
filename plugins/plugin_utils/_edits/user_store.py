# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of user-mgt.xml for a user store."""

from __future__ import annotations

import typing as t

from ...module_utils._editor.secrets import literal

SECRET_PROPERTY = "ConnectionPassword"  # noqa: S105  # nosec B105 - the name of the property

_POLICY = {
    "UsernameJavaRegEx": r"[a-zA-Z0-9._\-|//]{3,30}$",
    "UsernameJavaScriptRegEx": r"^[\S]{3,30}$",
    "UsernameJavaRegExViolationErrorMsg": "Username pattern policy violated",
    "PasswordJavaRegEx": r"^[\S]{5,30}$",
    "PasswordJavaScriptRegEx": r"^[\S]{5,30}$",
    "PasswordJavaRegExViolationErrorMsg": "Password length should be within 5 to 30 characters",
    "RolenameJavaRegEx": r"[a-zA-Z0-9._\-|//]{3,30}$",
    "RolenameJavaScriptRegEx": r"^[\S]{3,30}$",
}
_LISTS = {
    "MultiAttributeSeparator": ",",
    "MaxUserNameListLength": "100",
    "MaxRoleNameListLength": "100",
}
_CONNECTION = {"ConnectionPoolingEnabled": "false", "LDAPConnectionTimeout": "5000"}
_LDAP = {
    "TenantManager": "org.wso2.carbon.user.core.tenant.CommonHybridLDAPTenantManager",
    "ConnectionURL": "",
    "ConnectionName": "",
    "ConnectionPassword": "",
    "AnonymousBind": "false",
}
# What a block that is nowhere in the file, not even in a comment, begins with: the product's
# own values, in the product's order.
NEW_BLOCKS: dict[str, dict[str, str]] = {
    "jdbc": {
        "TenantManager": "org.wso2.carbon.user.core.tenant.JDBCTenantManager",
        "ReadOnly": "false",
        "ReadGroups": "true",
        "WriteGroups": "true",
        **_POLICY,
        "UsernameJavaRegEx": r"^[\S]{3,30}$",
        "RolenameJavaRegEx": r"^[\S]{3,30}$",
        "CaseInsensitiveUsername": "true",
        "SCIMEnabled": "false",
        "IsBulkImportSupported": "true",
        "PasswordDigest": "SHA-256",
        "StoreSaltedPassword": "true",
        **_LISTS,
        "UserRolesCacheEnabled": "true",
        "UserNameUniqueAcrossTenants": "false",
    },
    "ldap_read_write": {
        **_LDAP,
        "UserSearchBase": "ou=Users,dc=wso2,dc=org",
        "UserEntryObjectClass": "identityPerson",
        "UserNameAttribute": "uid",
        "UserNameSearchFilter": "(&(objectClass=person)(uid=?))",
        "UserNameListFilter": "(objectClass=person)",
        "ReadGroups": "true",
        "WriteGroups": "true",
        "GroupSearchBase": "ou=Groups,dc=wso2,dc=org",
        "GroupEntryObjectClass": "groupOfNames",
        "GroupNameAttribute": "cn",
        "GroupNameSearchFilter": "(&(objectClass=groupOfNames)(cn=?))",
        "GroupNameListFilter": "(objectClass=groupOfNames)",
        "MembershipAttribute": "member",
        "BackLinksEnabled": "false",
        **_POLICY,
        "SCIMEnabled": "true",
        "IsBulkImportSupported": "false",
        "EmptyRolesAllowed": "true",
        "PasswordHashMethod": "PLAIN_TEXT",
        **_LISTS,
        "kdcEnabled": "false",
        "defaultRealmName": "WSO2.ORG",
        "UserRolesCacheEnabled": "true",
        **_CONNECTION,
    },
    "ldap_read_only": {
        **_LDAP,
        "UserSearchBase": "ou=system",
        "UserNameAttribute": "uid",
        "UserNameSearchFilter": "(&(objectClass=person)(uid=?))",
        "UserNameListFilter": "(objectClass=person)",
        "ReadGroups": "true",
        "GroupSearchBase": "ou=system",
        "GroupNameAttribute": "cn",
        "GroupNameSearchFilter": "(&(objectClass=groupOfNames)(cn=?))",
        "GroupNameListFilter": "(objectClass=groupOfNames)",
        "MembershipAttribute": "member",
        "BackLinksEnabled": "false",
        "UsernameJavaRegEx": _POLICY["UsernameJavaRegEx"],
        "PasswordJavaRegEx": _POLICY["PasswordJavaRegEx"],
        "RolenameJavaRegEx": _POLICY["RolenameJavaRegEx"],
        "SCIMEnabled": "false",
        "PasswordHashMethod": "PLAIN_TEXT",
        **_LISTS,
        "UserRolesCacheEnabled": "true",
        **_CONNECTION,
        "ConnectionPoolingEnabled": "true",
        "ReplaceEscapeCharactersAtUserLogin": "true",
    },
    "active_directory": {
        **_LDAP,
        "UserSearchBase": "CN=Users,DC=WSO2,DC=Com",
        "UserEntryObjectClass": "user",
        "UserNameAttribute": "cn",
        "UserNameSearchFilter": "(&(objectClass=user)(cn=?))",
        "UserNameListFilter": "(objectClass=user)",
        "ReadGroups": "true",
        "WriteGroups": "true",
        "GroupSearchBase": "CN=Users,DC=WSO2,DC=Com",
        "GroupEntryObjectClass": "group",
        "GroupNameAttribute": "cn",
        "GroupNameSearchFilter": "(&(objectClass=group)(cn=?))",
        "GroupNameListFilter": "(objectcategory=group)",
        "MembershipAttribute": "member",
        "MemberOfAttribute": "memberOf",
        "BackLinksEnabled": "true",
        "Referral": "follow",
        **_POLICY,
        "SCIMEnabled": "false",
        "IsBulkImportSupported": "false",
        "EmptyRolesAllowed": "true",
        "PasswordHashMethod": "PLAIN_TEXT",
        "isADLDSRole": "false",
        "userAccountControl": "512",
        **_LISTS,
        "MembershipAttributeRange": "1500",
        "kdcEnabled": "false",
        "defaultRealmName": "WSO2.ORG",
        "UserRolesCacheEnabled": "true",
        **_CONNECTION,
    },
}
NEW_BLOCKS["embedded_ldap"] = NEW_BLOCKS["ldap_read_write"]


def user_store_edits(
    store: t.Mapping[str, t.Any], side: str = "key_manager", vault: bool = False
) -> list[dict[str, t.Any]]:
    """The edits of user-mgt.xml, relative to /UserManager/Realm, after which exactly this user
    store is active; with ``vault`` they say the alias of its password, for ``product_files``."""
    prefix = "api_manager_" if side == "api_manager" else ""
    name, properties = store[prefix + "class"], store[prefix + "properties"]
    block = f"UserStoreManager[@class='{name}']"
    stock = {**NEW_BLOCKS[store["type"]], **properties}
    children: list[dict[str, t.Any]] = [{"@class": name}]
    for key, value in stock.items():
        if key != SECRET_PROPERTY:
            children.append({"Property": {"@name": key, "#text": literal(value)}})
        elif store["secret"]:
            children.append({"Property": {"@name": key, "#text": "%{" + store["secret"] + "}"}})
    edits: list[dict[str, t.Any]] = [
        # In some products this block is in a comment, in others in none; there may be several
        # commented copies of it.
        {
            "xpath": block,
            "state": "present",
            "xml": {"UserStoreManager": children},
            "if_missing": ["uncomment", "create"],
            "match": "first",
            "before": "AuthorizationManager",
        },
        # The product would take a second one for a secondary store. It stays in a comment, so that
        # there is a way back, but without its password.
        {
            "xpath": f"UserStoreManager[not(@class='{name}')]/Property[@name='{SECRET_PROPERTY}']",
            "state": "absent",
            "match": "all",
            "if_missing": ["ignore"],
        },
        {
            "xpath": f"UserStoreManager[not(@class='{name}')]",
            "state": "commented",
            "match": "all",
            "if_missing": ["ignore"],
        },
    ]
    # Of several properties of one name the product takes the last.
    again = f"{block}/Property[@name=following-sibling::Property/@name]"
    edits.append({"xpath": again, "state": "absent", "match": "all", "if_missing": ["ignore"]})
    wanted = {key: literal(value) for key, value in properties.items()}
    if store["secret"]:
        wanted[SECRET_PROPERTY] = "%{" + store["secret"] + "}"
    edits += [
        {
            "xpath": f"{block}/Property[@name='{key}']",
            "text": text,
            "if_missing": ["uncomment", "create"],
            **_alias(key, vault),
        }
        for key, text in wanted.items()
    ]
    return edits


def _alias(name: str, vault: bool) -> dict[str, str]:
    """The alias that the server takes for a property of a user store."""
    secret = vault and name == SECRET_PROPERTY
    return {"vault": f"UserStoreManager.Property.{name}"} if secret else {}
