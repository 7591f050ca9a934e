# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of databases, datasources and registry."""

from __future__ import annotations

import re
import typing as t
from collections import Counter

from .._model.vendors import VENDORS, Vendor, driver_vendor, is_older
from .settings import _listed

if t.TYPE_CHECKING:
    from .._model.inventory import Sources
    from .settings import Sentences, _Settings

SCRIPT = re.compile(r"(?:api_manager:)?(?!/)(?!.*\.\.(/|\Z))[^\s:]+\Z")
# Where every product keeps its own configuration registry, unless it is set otherwise.
COMMON_CONFIG_TARGET = "/_system/config"

# What a datasource is, beside how its connections are kept.
CONNECTION = ("url", "username", "password", "driverClassName", "validationQuery")


def _databases(
    shared: _Settings, sources: Sources, groups: t.Mapping[str, t.Sequence[str]]
) -> Sentences:
    product = sources.profiles.get(str(shared["cluster_product"]))
    database = shared["cluster_database"]
    if product is None or not isinstance(database, t.Mapping):
        return
    vendor = VENDORS.get(shared.option("cluster_database", "vendor"))
    if vendor is None:
        return
    yield from _database_server(shared, groups)
    driver = str(shared.option("cluster_database_driver", "class_name") or "")
    if product.get("oauth") and driver.startswith("org.mariadb."):
        yield (
            f"cluster_database_driver.class_name {driver} does not serve {product['title']}: it"
            " chooses its SQL by the name of the driver and takes MariaDB's for Oracle's, so that"
            " no token can be issued. Leave it out, and give the driver of MySQL."
        )
    yield from _schema_scripts(shared, product, vendor, groups)
    layout_name = shared.option("cluster_database", "layout")
    layout = product["layouts"].get(layout_name)
    if layout is None:
        yield "cluster_database.layout {0} is not a layout of {1}. There are: {2}.".format(
            layout_name, product["title"], _listed(product["layouts"])
        )
        return
    further = _additional(shared)
    ids = [source["id"] for source in layout["datasources"] if "in_database_of" not in source] + [
        source.get("id") for source in further
    ]
    accounts = ["shared"] if shared.option("cluster_database", "accounts") == "shared" else ids
    yield from _names_and_scripts(shared, vendor, ids, accounts)
    for source in further:
        if not vendor.databases.pattern.match(str(source.get("database", ""))):
            yield (
                "cluster_additional_datasources.{0}: {1} does not take its database as a name. It"
                " may hold {2}.".format(source.get("id"), vendor.title, vendor.databases.rule)
            )
    pool = shared.option("cluster_database", "pool")
    for name in pool if isinstance(pool, t.Mapping) else ():
        if name in CONNECTION:
            yield (
                f"cluster_database.pool.{name} is not a setting of a pool: the collection sets it"
                " from the other options of cluster_database. Remove it."
            )
    yield from _passwords(shared, accounts)


def _additional(shared: _Settings) -> list[t.Mapping[str, t.Any]]:
    """The datasources that the inventory adds, as far as they are any."""
    additional = shared["cluster_additional_datasources"]
    if not isinstance(additional, list):
        return []
    return [source for source in additional if isinstance(source, t.Mapping)]


def _names_and_scripts(
    shared: _Settings, vendor: Vendor, ids: t.Sequence[t.Any], accounts: t.Sequence[t.Any]
) -> Sentences:
    """Names of databases and accounts, and schema scripts, by database."""
    for option, allowed, names in (
        ("names", ids, vendor.databases),
        ("users", accounts, vendor.accounts),
        ("scripts", ids, None),
    ):
        values = shared.option("cluster_database", option)
        for key, value in values.items() if isinstance(values, t.Mapping) else ():
            if key not in allowed:
                yield (
                    f"cluster_database.{option}.{key} names no database of this layout. There are:"
                    f" {_listed(allowed)}."
                )
            elif names is not None and not names.pattern.match(str(value)):
                yield (
                    f"cluster_database.{option}.{key} is not a name that {vendor.title} takes as it"
                    f" is. It may hold {names.rule}."
                )
            elif names is None and not (
                isinstance(value, list)
                and value
                and all(SCRIPT.match(str(script)) for script in value)
            ):
                yield (
                    f"cluster_database.scripts.{key} must be a list of paths below the product"
                    f" home, for example [dbscripts/{vendor.script}.sql]."
                )


def _passwords(shared: _Settings, accounts: t.Sequence[t.Any]) -> Sentences:
    """A password for each account, and none for nobody."""
    passwords = shared["cluster_database_passwords"]
    if isinstance(passwords, t.Mapping):
        for account in accounts:
            if account not in passwords:
                yield (
                    f"cluster_database_passwords.{account} is not set: the password of the database"
                    f" account of {account}. Keep it in a vault."
                )
        for key in passwords:
            if key not in accounts:
                yield (
                    f"cluster_database_passwords.{key} belongs to no account of this layout. There"
                    f" are: {_listed(accounts)}."
                )


def _database_server(shared: _Settings, groups: t.Mapping[str, t.Sequence[str]]) -> Sentences:
    """What the vendor asks of the inventory: where the server is, and who sets it up."""
    database, vendor = (
        shared["cluster_database"],
        VENDORS[shared.option("cluster_database", "vendor")],
    )
    if vendor.embedded:
        if len(groups["key_manager"]) > 1:
            yield (
                "cluster_database.vendor is {0}, a file of one node, but there are {1} Key"
                " Managers: they would share no user, no token and no registry. Choose the vendor"
                " of a database server, or keep one Key Manager."
            ).format(database["vendor"], len(groups["key_manager"]))
        for name in ("host", "port"):
            if database.get(name) is not None:
                yield (
                    f"cluster_database.{name} is set, but {vendor.title} is a file of the node and"
                    " has no server. Remove it."
                )
        if groups["database"]:
            yield (
                f"The group that cluster_database_group names has hosts, but {vendor.title} is a"
                " file of the node and has no server. Empty the group, or choose another"
                " cluster_database.vendor."
            )
        return
    if not database.get("host") and not groups["database"]:
        yield (
            "cluster_database.host is not set, and the group that cluster_database_group names has"
            " no host. One of them must say where the databases are."
        )
    if groups["database"] and not vendor.engine:
        yield (
            "The group that cluster_database_group names has hosts, but this collection sets up no"
            f" {vendor.title} server. Empty the group, name the server in cluster_database.host,"
            " and load the product's schema scripts there."
        )


def _datasources(model: t.Mapping[str, t.Any]) -> Sentences:
    for key, word in (("jndi", "JNDI name"), ("name", "name"), ("id", "id")):
        for value, count in Counter(source[key] for source in model["datasources"]).items():
            if count > 1:
                yield (
                    f"cluster_additional_datasources: the {word} {value} is used by"
                    f" {count} datasources. Each must have its own."
                )
    for source in model["datasources"]:
        if source["jndi"] in ("jdbc/WSO2CarbonDB",):
            yield (
                "cluster_additional_datasources: the JNDI name jdbc/WSO2CarbonDB is the embedded"
                " database of each node. Choose another one."
            )
    vendor = VENDORS[model["database"]["vendor"]]
    yield from _driver_checks_name(model["database"])
    for database in model["databases"]:
        # What the inventory names itself was looked at before; these are the names that follow from
        # others.
        for value, names, variable in (
            (database["user"], vendor.accounts, "cluster_database.users"),
            (database["name"], vendor.databases, "cluster_database.names"),
        ):
            if not names.pattern.match(value):
                yield (
                    "{0} would be {1} for the database {2}, which {3} does not take. Set {4}.{2}:"
                    " {5}.".format(
                        variable.rsplit(".", 1)[1],
                        value,
                        database["id"],
                        vendor.title,
                        variable,
                        names.rule,
                    )
                )
    yield from _registry(model)


def _driver_checks_name(database: t.Mapping[str, t.Any]) -> Sentences:
    """An earlier driver may check the server's certificate and not whose it is; the operator has to
    know."""
    vendor = driver_vendor(database["vendor"], database["driver_class"])
    older = vendor.older
    if (
        older is None
        or older.checks_name
        or not database["tls"]
        or not is_older(vendor, database["driver_class"], database["driver_file"])
    ):
        return
    # In the operator's own parameters it says that this is known.
    if database["given_parameters"].get("verifyServerCertificate") == "true":
        return
    yield (
        "cluster_database_driver is {}, which checks that the certificate of {} is of a known"
        " authority, but not whose it is. Bring a newer driver ({}), or write"
        ' verifyServerCertificate: "true" in cluster_database.parameters to go without that check.'
    ).format(
        database["driver_file"] or "of the class " + database["driver_class"],
        vendor.title,
        vendor.driver_class,
    )


def _schema_scripts(
    shared: _Settings,
    product: t.Mapping[str, t.Any],
    vendor: Vendor,
    groups: t.Mapping[str, t.Sequence[str]],
) -> Sentences:
    """Scripts that the product lacks for this vendor, and those of API Manager that are nowhere to
    be had."""
    if not groups["database"] or not vendor.engine:
        return
    specification, scripts = (
        shared["cluster_open_banking_specification"],
        shared.option("cluster_database", "scripts"),
    )
    given = scripts if isinstance(scripts, t.Mapping) else {}
    missing = product.get("schema_scripts_missing", {}).get("open_banking", {})
    if "open_banking" not in given and shared.option("cluster_database", "vendor") in missing.get(
        specification, ()
    ):
        yield (
            "{} has no schema script of {} for {}. Choose another cluster_database.vendor, or name"
            " a script of your own in cluster_database.scripts.open_banking."
        ).format(product["title"], specification, vendor.title)
    archive = shared["cluster_api_manager_archive"]
    source = str(archive.get("src", "")) if isinstance(archive, t.Mapping) else ""
    if (
        product["api_manager_product"] == product["id"]
        or not _of_api_manager(product, specification, given)
        or groups["api_manager"]
        or source
        and "://" not in source
    ):
        return
    yield (
        "The schema script of API Manager, which makes the tables of its database, is nowhere to be"
        " had: the group that cluster_api_manager_group names has no host. Set"
        " cluster_api_manager_archive to its zip on the controller."
    )


def _of_api_manager(
    product: t.Mapping[str, t.Any], specification: str, given: t.Mapping[str, t.Any]
) -> bool:
    """Whether a schema script is API Manager's; ``given`` are those that the inventory names."""
    for database, scripts in product["schema_scripts"].items():
        if database in given:
            continue
        paths = scripts.get(specification, ()) if isinstance(scripts, t.Mapping) else scripts
        if any(path.startswith("api_manager:") for path in paths):
            return True
    return False


def _registry(model: t.Mapping[str, t.Any]) -> Sentences:
    """With one database for both registries no two mounts may come from one place of it, here and
    on the other products that share it."""
    config, governance = (_registry_source(model, purpose) for purpose in ("config", "registry"))
    target = model["registry"]["config_target"]
    shared = model["api_managers"] and model["api_manager_datasources"]
    if shared and target == model["api_manager_registry"]["config_target"]:
        yield (
            "cluster_registry_config_target and cluster_api_manager_registry_config_target are"
            f" both {target}, in one database: Key Manager and API Manager would overwrite each"
            " other's configuration. Give each of the two a path of its own."
        )
    if config["database"] != governance["database"]:
        return
    if target == model["registry"]["governance_target"]:
        yield (
            "cluster_registry_config_target and cluster_registry_governance_target are both"
            f" {target}, in one database. Give each mount a path of its own."
        )
    elif target == COMMON_CONFIG_TARGET:
        yield (
            "cluster_registry_config_target is {0}, but the configuration registry is in the"
            " database of the governance registry, which other products use as well: they would"
            " overwrite each other's configuration. Set it to a path of this product alone, for"
            " example /_system/{1}/config, or give the configuration registry a database of its own"
            " in cluster_database.names."
        ).format(target, model["name"])


def _registry_source(model: t.Mapping[str, t.Any], purpose: str) -> t.Mapping[str, t.Any]:
    found: t.Mapping[str, t.Any] = next(
        source for source in model["datasources"] if source["jndi"] == model["jndi"][purpose]
    )
    return found
