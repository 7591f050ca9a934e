# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The datasources of the model as edits of *-datasources.xml."""

from __future__ import annotations

import typing as t

from .._model.databases import POOL

# Where a file differs from POOL an operator has chosen it, unless it is what a product ships.
SHIPPED = {"maxActive": ("50", "80", "100"), "validationInterval": ("30000",)}
# In the product's order.
ORDER = (
    "url",
    "username",
    "password",
    "driverClassName",
    "maxActive",
    "maxWait",
    "testOnBorrow",
    "validationQuery",
    "validationInterval",
    "defaultAutoCommit",
)


def datasource_edits(
    datasources: t.Iterable[t.Mapping[str, t.Any]],
    database: t.Mapping[str, t.Any],
    vault: bool = False,
) -> list[dict[str, t.Any]]:
    """The edits that give a *-datasources.xml file these datasources, each selected by its JNDI
    name; with ``vault`` they say the aliases of the passwords, for ``product_files``.

    What the model names is set. What else is in a datasource that is there stays.
    """
    return [edit for source in datasources for edit in _edits(source, database, vault)]


def datasource_removals(jndi_names: t.Iterable[str]) -> list[dict[str, t.Any]]:
    """The edits that take the datasources of these JNDI names out."""
    return [
        {"xpath": _by_jndi(name), "state": "absent", "if_missing": ["ignore"]}
        for name in jndi_names
    ]


def _by_jndi(name: str) -> str:
    return f"/datasources-configuration/datasources/datasource[jndiConfig/name='{name}']"


def _edits(
    source: t.Mapping[str, t.Any], database: t.Mapping[str, t.Any], vault: bool
) -> list[dict[str, t.Any]]:
    block, chosen = _by_jndi(source["jndi"]), database["pool"]
    connection = {
        "url": source["url"],
        "username": source["user"],
        "password": "%{" + source["secret"] + "}",
        "driverClassName": database["driver_class"],
        "testOnBorrow": True,
        "validationQuery": database["validation_query"],
        "defaultAutoCommit": source["auto_commit"],
    }
    if source["connection_properties"]:
        connection["connectionProperties"] = source["connection_properties"]
    settings = {**POOL, **connection, **chosen}
    names = [*ORDER, *(name for name in {**connection, **chosen} if name not in ORDER)]
    whole = [
        {"name": source["name"]},
        {"description": source["description"]},
        {"jndiConfig": [{"name": source["jndi"]}]},
        {
            "definition": [
                {"@type": "RDBMS"},
                {"configuration": [{name: settings[name]} for name in names]},
            ]
        },
    ]
    edits: list[dict[str, t.Any]] = [
        {
            "xpath": block,
            "state": "present",
            "xml": {"datasource": whole},
            "if_missing": ["create"],
        }
    ]
    edits += [_set(block, name, source[name]) for name in ("name", "description")]
    for name in names:
        if name in connection or name in chosen:
            edits.append(_set(block, "definition/configuration/" + name, settings[name]))
            if vault and name == "password":
                # As in the list that the product brings; the server takes any.
                edits[-1]["vault"] = f"Datasources.{source['name']}.Configuration.Password"
        else:
            edits += _unless_chosen(f"{block}/definition/configuration/{name}", name)
    return edits


def _set(block: str, path: str, value: t.Any) -> dict[str, t.Any]:
    # Of several children of one name the product takes the last.
    return {"xpath": f"{block}/{path}", "text": value, "match": "all", "if_missing": ["create"]}


def _unless_chosen(xpath: str, name: str) -> list[dict[str, t.Any]]:
    edits: list[dict[str, t.Any]] = []
    if name in SHIPPED:
        shipped = " or ".join(f".='{old}'" for old in SHIPPED[name])
        edits.append(
            {
                "xpath": f"{xpath}[{shipped}]",
                "text": POOL[name],
                "match": "all",
                "if_missing": ["ignore"],
            }
        )
    edits.append(
        {
            "xpath": xpath,
            "state": "present",
            "xml": {name: POOL[name]},
            "match": "all",
            "if_missing": ["create"],
        }
    )
    return edits
