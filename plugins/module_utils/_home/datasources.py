# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The datasources of a product home, and JNDI names that are defined twice."""

from __future__ import annotations

import typing as t

from .home import CONF
from .java_values import _jaxb_boolean, _pool_size, without_credentials
from .reading import _children, _last, local_name, text_of

if t.TYPE_CHECKING:
    from .home import Home


def datasource_files(home: Home) -> list[str]:
    """The *-datasources.xml files in the order in which the product reads them:
    master-datasources.xml first."""
    names = [file.name for file in (home.path / CONF / "datasources").glob("*-datasources.xml")]
    return [
        f"{CONF}/datasources/{name}"
        for name in sorted(names, key=lambda name: (not name.startswith("master-"), name))
    ]


def datasources(root: t.Any, file: str) -> list[dict[str, t.Any]]:
    """The datasources of one file, without their passwords. The last of several equal elements
    counts."""
    found = []
    for container in _children(root, "datasources")[-1:]:
        for element in _children(container, "datasource"):
            jndi = _children(element, "jndiConfig")
            definition = _children(element, "definition")
            configuration = _children(definition[-1], "configuration") if definition else []
            values = {
                local_name(child): text_of(child)
                for child in (_children(configuration[-1]) if configuration else [])
            }
            found.append(
                {
                    "file": file,
                    "name": _last(element, "name"),
                    "jndi": _last(jndi[-1], "name") if jndi else None,
                    "type": definition[-1].get("type") if definition else None,
                    "url": without_credentials(values.get("url")),
                    "user": values.get("username"),
                    "driver": values.get("driverClassName"),
                    "max_active": _pool_size(values.get("maxActive")),
                    "validation_query": values.get("validationQuery"),
                    "test_on_borrow": bool(_jaxb_boolean(values.get("testOnBorrow"))),
                    "default_auto_commit": _jaxb_boolean(values.get("defaultAutoCommit")),
                }
            )
    return found


def jndi_duplicates(sources: list[dict[str, t.Any]]) -> dict[str, list[str]]:
    """The JNDI names that are defined more than once, with the files that define them. The product
    does not say so."""
    files: dict[str, list[str]] = {}
    for source in sources:
        if source["jndi"] is not None:
            files.setdefault(source["jndi"], []).append(source["file"])
    return {name: places for name, places in files.items() if len(places) > 1}
