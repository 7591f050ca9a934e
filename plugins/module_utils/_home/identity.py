# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""User store, identity.xml and api-manager.xml of a product home."""

from __future__ import annotations

import typing as t

from .java_values import java_boolean, java_int, without_credentials
from .reading import DottedTexts, _children, _descend, _first, _stripped, local_name, text_of

IDENTITY_NAMESPACE = "http://wso2.org/projects/carbon/carbon.xml"


def user_store(root: t.Any) -> dict[str, t.Any] | None:
    """user-mgt.xml: the realm's datasource and administrator, and the user stores, the primary one
    first. Passwords are left out.

    This file's values are trimmed by the product, and the last of several properties of one name
    counts.
    """
    realm = _descend(root, "Realm")
    if realm is None:
        return None
    configuration = _descend(realm, "Configuration")
    properties = _properties(configuration)
    stores = []
    for element in _children(realm, "UserStoreManager"):
        values = _properties(element)
        stores.append(
            {
                "class": element.get("class"),
                "domain": values.get("DomainName"),
                "url": without_credentials(values.get("ConnectionURL") or values.get("url")),
                "read_only": values.get("ReadOnly"),
            }
        )
    admin = _descend(configuration, "AdminUser")
    return {
        "data_source": properties.get("dataSource"),
        "class": stores[0]["class"] if stores else None,
        "stores": stores,
        "admin_user": _stripped(_first(admin, "UserName")) if admin is not None else None,
        "admin_role": (
            _stripped(_first(configuration, "AdminRole")) if configuration is not None else None
        ),
        "add_admin": (
            _stripped(_first(configuration, "AddAdmin")) if configuration is not None else None
        ),
    }


def _properties(element: t.Any) -> dict[str, str]:
    return {
        child.get("name"): text_of(child).strip()
        for child in (_children(element, "Property") if element is not None else [])
    }


def _is_endpoint(key: str) -> bool:
    last = key.rpartition(".")[2].lower()
    return last.endswith(("url", "page", "issuerid", "endpoint")) or last == "serverurl"


def identity(root: t.Any) -> dict[str, t.Any] | None:
    """identity.xml: database, endpoints by their dotted path, caches.

    Elements outside the file's own namespace are invisible to the product, and so they are here.
    """
    if root is None:
        return None
    values = DottedTexts(root, IDENTITY_NAMESPACE)
    caches: dict[tuple[str, str], dict[str, t.Any]] = {}
    holder = _descend(root, "CacheConfig")
    for manager in _children(holder, "CacheManager") if holder is not None else []:
        for cache in _children(manager, "Cache"):
            caches[manager.get("name", ""), cache.get("name", "")] = {
                "manager": manager.get("name"),
                "name": cache.get("name"),
                "enabled": java_boolean(cache.get("enable")),
                "timeout": java_int(cache.get("timeout")),
                "capacity": java_int(cache.get("capacity")),
                "distributed": java_boolean(cache.get("isDistributed")),
            }
    return {
        "data_source": values.first("JDBCPersistenceManager.DataSource.Name"),
        "session_data_persist": java_boolean(
            values.first("JDBCPersistenceManager.SessionDataPersist.Enable")
        ),
        "temporary_session_data_persist": java_boolean(
            values.first("JDBCPersistenceManager.SessionDataPersist.Temporary")
        ),
        "endpoints": {
            key: without_credentials(values.first(key)) for key in values if _is_endpoint(key)
        },
        "token_issuer": _stripped(values.first("OAuth.OpenIDConnect.IDTokenIssuerID")),
        "token_persistence_processor": _stripped(values.first("OAuth.TokenPersistenceProcessor")),
        "caches": list(caches.values()),
    }


def authentication_endpoints(root: t.Any) -> dict[str, t.Any] | None:
    """application-authentication.xml: the URLs of the log-in pages, and the URLs among the
    authenticators' parameters."""
    if root is None:
        return None
    pages = {
        local_name(child): without_credentials(text_of(child))
        for child in reversed(_children(root))
        if _is_endpoint(local_name(child))
    }
    authenticators: dict[str, dict[str, str | None]] = {}
    holder = _descend(root, "AuthenticatorConfigs")
    for config in _children(holder, "AuthenticatorConfig") if holder is not None else []:
        for parameter in _children(config, "Parameter"):
            if "://" in text_of(parameter):
                authenticators.setdefault(config.get("name"), {})[parameter.get("name")] = (
                    without_credentials(text_of(parameter))
                )
    return {"pages": dict(sorted(pages.items())), "authenticators": authenticators}


def api_manager(root: t.Any) -> dict[str, t.Any] | None:
    """api-manager.xml: the URLs by their dotted path, and how keys are validated."""
    if root is None:
        return None
    values = DottedTexts(root)
    return {
        "data_source": values.first("DataSourceName"),
        "urls": {
            key: without_credentials(values.first(key)) for key in values if _is_endpoint(key)
        },
        "key_validator_client": values.first("APIKeyValidator.KeyValidatorClientType"),
        "thrift_server": java_boolean(values.first("APIKeyValidator.EnableThriftServer")),
        "encrypt_persisted_tokens": java_boolean(
            values.first("OAuthConfigurations.EncryptPersistedTokens")
        ),
    }
