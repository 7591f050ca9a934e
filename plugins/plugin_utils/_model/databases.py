# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The databases of a cluster and the datasources that lead to them."""

from __future__ import annotations

import re
import typing as t

from ...module_utils._errors import OperatorError
from .front import _first_address
from .vendors import (
    VENDORS,
    Vendor,
    driver_class_of,
    driver_vendor,
    is_older,
    jdbc_url,
    tls_parameters,
)

if t.TYPE_CHECKING:
    from .._argument_specs import Variables

# How the connections of a pool are kept, by the product's name for it. The documents and the
# products have 30000 for the last: after a restart of the database, half a minute without a log-in.
POOL: dict[str, int] = {"maxActive": 150, "maxWait": 60000, "validationInterval": 3000}
MASTER_DATASOURCES = "repository/conf/datasources/master-datasources.xml"


def _database(
    shared: Variables,
    product: t.Mapping[str, t.Any],
    groups: t.Mapping[str, t.Sequence[str]],
    hosts: t.Mapping[str, t.Mapping[str, t.Any]],
) -> dict[str, t.Any]:
    database = shared["cluster_database"]
    vendor = VENDORS[database["vendor"]]
    host = (
        None
        if vendor.embedded
        else database.get("host") or _first_address(groups["database"], hosts)
    )
    if not host and not vendor.embedded:
        raise OperatorError(
            "cluster_database has no host: put the database host into the group that"
            " cluster_database_group names, or set its option host."
        )
    driver = shared.get("cluster_database_driver") or {}
    jar = _driver_file(driver)
    tls = database["tls"] and not vendor.embedded
    driver_class = driver_class_of(
        database["vendor"], driver.get("class_name"), product.get("oauth", False)
    )
    jdbc = driver_vendor(database["vendor"], driver_class)
    return {
        "vendor": database["vendor"],
        "title": vendor.title,
        "engine": vendor.engine,
        "embedded": vendor.embedded,
        "host": host,
        # The certificate of a host of the inventory names the host, which not every client library
        # can check by address alone.
        "server_name": (
            groups["database"][0] if groups["database"] and not database.get("host") else host
        ),
        "port": database.get("port") or vendor.ports[tls],
        "tls": tls,
        "layout": database["layout"],
        "managed": bool(groups["database"]),
        "admin_user": shared.get("cluster_database_admin_user") or vendor.admin_user,
        "parameters": {
            **jdbc.parameters,
            **tls_parameters(jdbc, tls, driver_class, jar),
            **database["parameters"],
        },
        "given_parameters": database["parameters"],
        "driver_class": driver.get("class_name") or _driver_class(jdbc, driver_class, jar),
        "driver_file": jar,
        "validation_query": vendor.validation_query,
        "pool": dict(database["pool"]),
        "validation_interval": database["pool"].get(
            "validationInterval", POOL["validationInterval"]
        ),
    }


def _driver_class(jdbc: Vendor, usual: str, jar: str | None) -> str:
    return jdbc.older.driver_class if jdbc.older and is_older(jdbc, None, jar) else usual


def _driver_file(driver: t.Mapping[str, t.Any]) -> str | None:
    """The name of the driver's jar in the product home: its own, or the one that Maven gives it."""
    if driver.get("maven"):
        _group, artifact, version = driver["maven"].split(":")
        return f"{artifact}-{version}.jar"
    return driver["src"].split("?")[0].rsplit("/", 1)[-1] if driver.get("src") else None


def _datasources(
    shared: Variables,
    product: t.Mapping[str, t.Any],
    api_manager: t.Mapping[str, t.Any],
    layout: t.Mapping[str, t.Any],
    database: t.Mapping[str, t.Any],
) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    settings = shared["cluster_database"]
    vendor = VENDORS[database["vendor"]]
    jdbc = driver_vendor(database["vendor"], database["driver_class"])
    databases: dict[str, dict[str, t.Any]] = {}
    datasources = []
    for source in [*layout["datasources"], *shared["cluster_additional_datasources"]]:
        owner = source.get("in_database_of", source["id"])
        account = "shared" if settings["accounts"] == "shared" else owner
        name = settings["names"].get(owner, source["database"])
        user = settings["users"].get(
            account, "{0}_{1}".format(shared["cluster_name"].replace("-", "_"), account)
        )
        secret = f"database_{account}_password"
        # Several datasources may be in one database (requirement DB5): its scripts are then
        # loaded once, in their order.
        place = f"{user}@{name}" if vendor.accounts_are_schemas else name
        entry = databases.setdefault(
            place, {"id": source["id"], "name": name, "user": user, "secret": secret, "scripts": []}
        )
        scripts = _scripts(source, shared, product, vendor, product["id"] == api_manager["id"])
        entry["scripts"] += [script for script in scripts if script not in entry["scripts"]]
        url, plain_url = jdbc_url(
            jdbc,
            database["tls"],
            database["host"],
            database["port"],
            name,
            database["parameters"],
        )
        datasources.append(
            {
                "id": source["id"],
                "name": source["name"],
                "jndi": source["jndi"],
                "description": source["description"],
                "file": source.get("file", MASTER_DATASOURCES),
                "database": entry["id"],
                "url": url,
                # The registry's cache id in the product's own form, without the parameters: they do
                # not tell databases apart.
                "cache_id": "{0}@{1}".format(entry["user"], plain_url),
                "user": entry["user"],
                "secret": entry["secret"],
                "auto_commit": bool(source.get("auto_commit", False)),
                "max_active": settings["pool"].get("maxActive", POOL["maxActive"]),
                "connection_properties": (
                    "" if vendor.opening else _as_properties(database["parameters"])
                ),
            }
        )
    return list(databases.values()), datasources


def _as_properties(parameters: t.Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parameters.items())


def _scripts(
    source: t.Mapping[str, t.Any],
    shared: Variables,
    product: t.Mapping[str, t.Any],
    vendor: Vendor,
    one_product: bool,
) -> list[dict[str, t.Any]]:
    """The schema scripts of a datasource's database, with their names for newer servers.

    Where one product is on both sides, API Manager's scripts are in the Key Manager's home as
    well.
    """
    specification = shared["cluster_open_banking_specification"]
    named = (
        shared["cluster_database"]["scripts"].get(source["id"])
        or source.get("scripts")
        or product["schema_scripts"].get(source["id"], [])
    )
    if isinstance(named, t.Mapping):
        named = named[specification]
    scripts = []
    for script in named:
        script = script.replace("{specification}", specification)
        if one_product:
            script = re.sub("^api_manager:", "", script)
        newer = (
            [script.replace("{vendor}", name) for name in vendor.newer_scripts]
            if "{vendor}" in script
            else []
        )
        scripts.append({"name": script.replace("{vendor}", vendor.script), "newer": newer})
    return scripts
