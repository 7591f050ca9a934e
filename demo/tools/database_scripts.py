# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Write the schema scripts of the demo's Key Manager, for each database vendor, from the tables in
demo/key_manager/schema."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import yaml

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Table = Mapping[str, t.Any]

# Which tables a script holds, by its folder below dbscripts. As with the product's own, that of API
# Manager holds those of identity too.
SCRIPTS = {
    "consent": ("consent",),
    "identity": ("identity",),
    "apimgt": ("identity", "consent", "apimgt"),
}
# Types by vendor, where the vendor calls them something else.
VENDORS: dict[str, dict[str, str]] = {
    "mysql": {
        "serial": "INTEGER NOT NULL AUTO_INCREMENT",
        "timestamp": "TIMESTAMP NULL",
        "timestamp not null": "TIMESTAMP NOT NULL",
    },
    "postgresql": {"blob": "BYTEA"},
}
NOW = "CURRENT_TIMESTAMP"
COLUMN = re.compile(
    r"(?P<type>[a-z]+(\(\d+\))?)(?P<needed> not null)?"
    r"(?: default (?P<default>now|-?\d+|'[^']*'))?"
)


def column_sql(name: str, text: str, vendor: str) -> str:
    """Return one column of a table as the vendor wants it; the text is as in ``varchar(25) not null
    default 'ACTIVE'``."""
    match = COLUMN.fullmatch(text)
    if match is None:
        raise ValueError(f"Column {name}: '{text}' is not TYPE [not null] [default VALUE].")
    names = VENDORS[vendor]
    needed = (match["needed"] or "").upper()
    kind = match["type"] + (match["needed"] or "")
    words = [
        name,
        names.get(kind) or f"{names.get(match['type']) or match['type'].upper()}{needed}",
    ]
    default = match["default"]
    if default is not None:
        # PostgreSQL takes no number for a boolean.
        boolean = match["type"] == "boolean" and vendor == "postgresql"
        words.append(
            f"DEFAULT {NOW if default == 'now' else repr(default) if boolean else default}"
        )
    return " ".join(words)


def literal(value: t.Any) -> str:
    """Return a value of a row."""
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def table_sql(name: str, table: Table, vendor: str) -> str:
    """Return the statements that make one table and its first rows."""
    parts = [column_sql(column, text, vendor) for column, text in table["columns"].items()]
    if "primary_key" in table:
        parts.append(f"PRIMARY KEY ({', '.join(table['primary_key'])})")
    for unique in table.get("unique", ()):
        named = f"CONSTRAINT {unique['name']} " if "name" in unique else ""
        parts.append(f"{named}UNIQUE ({', '.join(unique['columns'])})")
    for reference in table.get("references", ()):
        cascade = " ON DELETE CASCADE" if reference.get("goes_with_it") else ""
        parts.append(
            f"FOREIGN KEY ({reference['column']})"
            f" REFERENCES {reference['table']} ({reference['to']}){cascade}"
        )
    engine = " ENGINE INNODB" if vendor == "mysql" else ""
    lines = [f"CREATE TABLE {name} (\n    " + ",\n    ".join(parts) + f"\n){engine};"]
    for row in table.get("rows", ()):
        values = ", ".join(map(literal, row.values()))
        lines.append(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({values});")  # noqa: S608 - own data
    return "\n".join(lines)


def script(tables: Mapping[str, Table], vendor: str) -> str:
    """Return the script that makes these tables, in their order."""
    statements = [table_sql(name, table, vendor) for name, table in tables.items()]
    return "-- Written by demo/tools/database_scripts.py.\n" + "\n\n".join(statements) + "\n"


def scripts(folder: Path) -> Iterable[tuple[str, str]]:
    """Yield each script's path in the product home and its text, from a folder of schema files."""
    parts = {
        path.stem: yaml.safe_load(path.read_text())["tables"]
        for path in sorted(folder.glob("*.yml"))
    }
    for name, sources in SCRIPTS.items():
        tables = {table: content for source in sources for table, content in parts[source].items()}
        for vendor in VENDORS:
            yield f"dbscripts/{name}/{vendor}.sql", script(tables, vendor)
