# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The registry of a product home: its databases and mounts."""

from __future__ import annotations

import typing as t

from .java_values import java_boolean, without_credentials
from .reading import _children, _first


def registry(root: t.Any) -> dict[str, t.Any] | None:
    """registry.xml: databases by name (the last of a name counts), remote instances and mounts in
    their order."""
    if root is None:
        return None
    remotes = [
        {
            "id": _first(element, "id"),
            "url": without_credentials(element.get("url")),
            "db_config": _first(element, "dbConfig"),
            "read_only": _first(element, "readOnly"),
            "enable_cache": _first(element, "enableCache"),
            "cache_id": without_credentials(_first(element, "cacheId")),
            "registry_root": _first(element, "registryRoot"),
        }
        for element in _children(root, "remoteInstance")
    ]
    mounts = [
        {
            "path": element.get("path"),
            "target_path": _first(element, "targetPath"),
            "instance": _first(element, "instanceId"),
            "overwrite": java_boolean(element.get("overwrite")),
            "virtual": element.get("overwrite", "").lower() == "virtual",
        }
        for element in _children(root, "mount")
    ]
    return {
        "current_db_config": _first(root, "currentDBConfig"),
        "read_only": _first(root, "readOnly") == "true",
        "enable_cache": _first(root, "enableCache") == "true",
        "db_configs": {
            element.get("name"): _first(element, "dataSource")
            for element in _children(root, "dbConfig")
        },
        "remote_instances": remotes,
        "mounts": mounts,
    }


def _mount(reg: dict[str, t.Any] | None, path: str) -> dict[str, t.Any] | None:
    found = [mount for mount in reg["mounts"] if mount["path"] == path] if reg else []
    return found[0] if found else None


def mount_datasource(reg: dict[str, t.Any] | None, path: str) -> str | None:
    """The JNDI name of the datasource behind a mount; None where the chain is broken or there is no
    such mount."""
    mount = _mount(reg, path)
    for remote in reg["remote_instances"] if reg and mount else []:
        if mount and remote["id"] == mount["instance"]:
            source = reg["db_configs"].get(remote["db_config"]) if reg else None
            return str(source) if source is not None else None
    return None
