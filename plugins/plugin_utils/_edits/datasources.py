# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One datasource of the model as the element that *-datasources.xml holds."""

from __future__ import annotations

import typing as t


def datasource_element(
    source: t.Mapping[str, t.Any], database: t.Mapping[str, t.Any]
) -> list[dict[str, t.Any]]:
    """The children of the datasource element, in the product's order, with the password as the name
    of its secret."""
    configuration = [
        {"url": source["url"]},
        {"username": source["user"]},
        {"password": "%{" + source["secret"] + "}"},
        {"driverClassName": database["driver_class"]},
        {"maxActive": source["max_active"]},
        {"maxWait": 60000},
        {"testOnBorrow": True},
        {"validationQuery": database["validation_query"]},
        {"validationInterval": 30000},
        {"defaultAutoCommit": False},
    ]
    return [
        {"name": source["name"]},
        {"description": source["description"]},
        {"jndiConfig": [{"name": source["jndi"]}]},
        {"definition": [{"@type": "RDBMS"}, {"configuration": configuration}]},
    ]


def datasource_edits(
    datasources: t.Iterable[t.Mapping[str, t.Any]], database: t.Mapping[str, t.Any]
) -> list[dict[str, t.Any]]:
    """The edits that give a *-datasources.xml file these datasources, each selected by its JNDI
    name."""
    return [
        {
            "xpath": _by_jndi(source["jndi"]),
            "xml": {"datasource": datasource_element(source, database)},
            "if_missing": ["create"],
        }
        for source in datasources
    ]


def datasource_removals(jndi_names: t.Iterable[str]) -> list[dict[str, t.Any]]:
    """The edits that take the datasources of these JNDI names out."""
    return [
        {"xpath": _by_jndi(name), "state": "absent", "if_missing": ["ignore"]}
        for name in jndi_names
    ]


def _by_jndi(name: str) -> str:
    return f"/datasources-configuration/datasources/datasource[jndiConfig/name='{name}']"
