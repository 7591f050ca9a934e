# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Loading schema scripts into a database once, with a record of it in the database."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._errors import OperatorError
from .scripts import own_tables

if t.TYPE_CHECKING:
    from .scripts import Script, Statement, Table

MARKER_TABLE = "carbon_ops_schema"

_CREATE_MARKER = (
    "CREATE TABLE IF NOT EXISTS carbon_ops_schema (script VARCHAR(191) NOT NULL PRIMARY KEY, sha256"
    " CHAR(64) NOT NULL, started_at DATETIME NOT NULL, finished_at DATETIME NULL, statements"
    " INTEGER NULL) ENGINE=InnoDB"
)
# Earlier releases did not count the statements.
_ADD_STATEMENTS = "ALTER TABLE carbon_ops_schema ADD COLUMN statements INTEGER NULL"
_COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND"
    " LOWER(table_name) = 'carbon_ops_schema'"
)
_CREATE_MARKER_POSTGRESQL = (
    "CREATE TABLE IF NOT EXISTS carbon_ops_schema (script VARCHAR(191) NOT NULL PRIMARY KEY, sha256"
    " CHAR(64) NOT NULL, started_at TIMESTAMP(0) NOT NULL, finished_at TIMESTAMP(0) NULL)"
)
_ALL_RECORDS = "SELECT script, sha256, started_at, finished_at FROM carbon_ops_schema"
_ALL_RECORDS_COUNTED = (
    "SELECT script, sha256, started_at, finished_at, statements FROM carbon_ops_schema"
)
_RECORD_BEGIN = (
    "INSERT INTO carbon_ops_schema (script, sha256, started_at, statements) VALUES (%s, %s,"
    " NOW(), 0)"
)
_RECORD_BEGIN_POSTGRESQL = (
    "INSERT INTO carbon_ops_schema (script, sha256, started_at) VALUES (%s, %s, NOW())"
)
_RECORD_STATEMENT = "UPDATE carbon_ops_schema SET statements = %s WHERE script = %s"
_RECORD_END = "UPDATE carbon_ops_schema SET finished_at = NOW() WHERE script = %s"

_RECORD_END_POSTGRESQL = (
    "UPDATE carbon_ops_schema SET finished_at = clock_timestamp() WHERE script = %s"
)

# The server's numbers for "that is there already": table, index, constraint, column, routine,
# trigger.
_IS_THERE = frozenset({1050, 1060, 1061, 1068, 1304, 1359, 1826})
# MariaDB has no number of its own for a foreign key that is there.
_CANNOT_CREATE = 1005
_CHANGES_ROWS = re.compile(r"(?:INSERT|REPLACE|UPDATE|DELETE)\b", re.IGNORECASE)
_SETS_SESSION = re.compile(r"(?:/\*M?!\d*\s*)?SET\b", re.IGNORECASE)


@dataclass(frozen=True)
class Record:
    """What the database remembers about the load of one script; ``done`` counts its statements,
    where that was done."""

    checksum: str
    started: str
    finished: str | None
    done: int | None = None


@dataclass(frozen=True)
class ScriptOutcome:
    """What is true of one script after the run. ``action`` is loaded, present or accepted;
    ``advice`` a sentence or nothing."""

    script: str
    action: str
    tables: int
    advice: str = ""


def assess_script(
    database: str,
    script: Script,
    tables: t.Sequence[Table],
    present: t.Iterable[str],
    record: Record | None,
) -> ScriptOutcome | None:
    """Say what is true of a script in a database, or None when it has to be loaded; raise when
    nobody can load it safely.

    ``tables`` are the script's own tables: without the lenient ones that an earlier script of the
    same database creates.
    """
    there = {name.casefold() for name in present}
    missing = [table.name for table in tables if table.name.casefold() not in there]
    if record is not None and record.finished is None:
        if record.done is not None and record.checksum == script.checksum:
            return None
        raise OperatorError(
            f"Database {database}: the load of {script.name} that began at"
            f" {record.started} (database time) was cut short; {len(tables) - len(missing)} of"
            f" {len(tables)} tables are there. Nothing was changed. Drop and create the database"
            " again (or empty it) and run again; if you completed the script by hand, set"
            f" finished_at in its row of the table {MARKER_TABLE}."
        )
    if record is not None:
        changed = record.checksum != script.checksum
        if missing and not changed:
            raise OperatorError(
                f"Database {database}: {script.name} was loaded at {record.finished}, but"
                f" {_some(missing)} no longer there. Restore the database from its backup."
            )
        advice = (
            f"Database {database}: {script.name} is not the version that was loaded at"
            f" {record.finished}. Loaded scripts are never loaded again: the product's update"
            " instructions say which migration to run."
        )
        return ScriptOutcome(
            script.name, "present", len(tables) - len(missing), advice if changed else ""
        )
    if not missing:
        return ScriptOutcome(script.name, "accepted", len(tables))
    if len(missing) < len(tables):
        raise OperatorError(
            f"Database {database}: only {len(tables) - len(missing)} of the {len(tables)} tables of"
            f" {script.name} are there, and this collection did not load them;"
            f" {_some(missing)} missing. Nothing was changed. Complete the schema by hand, or give"
            " an empty database."
        )
    return None


def _some(names: t.Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{shown}{more} {'is' if len(names) == 1 else 'are'}"


class Database:
    """One MariaDB or MySQL database, through a connection of its own account (PEP 249, autocommit
    on)."""

    def __init__(self, name: str, connection: t.Any) -> None:
        self.name = name
        self._connection = connection

    def _query(self, sql: str, values: t.Sequence[t.Any] = ()) -> list[t.Sequence[t.Any]]:
        with self._connection.cursor() as cursor:
            # Without values the driver must not look at the percent signs of a product's script.
            cursor.execute(sql, tuple(values) if values else None)
            return list(cursor.fetchall() or ()) if cursor.description is not None else []

    def encrypted(self) -> bool:
        rows = self._query("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        return bool(rows and rows[0][1])

    def lock(self, seconds: int) -> None:
        """Hold the right to load; the server gives it back when the connection ends, however it
        ends."""
        if (
            self._query("SELECT GET_LOCK(%s, %s)", (f"{MARKER_TABLE}.{self.name}"[:64], seconds))[
                0
            ][0]
            != 1
        ):
            raise OperatorError(
                f"Database {self.name}: another run has been loading its schema for more than"
                f" {seconds} s. Run again later."
            )

    def tables(self) -> set[str]:
        rows = self._query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
        return {str(row[0]) for row in rows}

    def records(self) -> t.Mapping[str, Record]:
        if MARKER_TABLE not in {name.casefold() for name in self.tables()}:
            return {}
        rows = self._query(_ALL_RECORDS_COUNTED if self.counts() else _ALL_RECORDS)
        return {
            str(row[0]): Record(
                str(row[1]), str(row[2]), None if row[3] is None else str(row[3]), *row[4:]
            )
            for row in rows
        }

    def counts(self) -> bool:
        """Whether the record has room for the number of statements that were done."""
        return "statements" in {str(row[0]).lower() for row in self._query(_COLUMNS)}

    def takes_newer_scripts(self) -> bool:
        """Whether the server is a MySQL 5.7 or newer, which some products have a script of its own
        for. MariaDB is none."""
        version = str(self._query("SELECT VERSION()")[0][0])
        number = re.match(r"(\d+)\.(\d+)", version)
        return (
            "mariadb" not in version.lower()
            and number is not None
            and tuple(map(int, number.groups())) >= (5, 7)
        )

    def examine(
        self, scripts: t.Sequence[Script]
    ) -> list[tuple[Script, tuple[Table, ...], ScriptOutcome | None]]:
        present, records = self.tables(), self.records()
        return [
            (script, own, assess_script(self.name, script, own, present, records.get(script.name)))
            for script, own in own_tables(scripts)
        ]

    def load(self, script: Script) -> None:
        """Send every statement, or those that an earlier load did not come to."""
        self._query(_CREATE_MARKER)
        if not self.counts():
            self._query(_ADD_STATEMENTS)
        record = self.records().get(script.name)
        if record is None:
            self._query(_RECORD_BEGIN, (script.name, script.checksum))
        done = record.done or 0 if record else 0
        for number, statement in enumerate(script.statements, 1):
            try:
                if number > done:
                    self._send(script, number, statement, record is not None and number == done + 1)
                elif _SETS_SESSION.match(statement.text):
                    # It counts for this connection as it did for the one that ended.
                    self._query(statement.text)
            except Exception as error:
                raise OperatorError(
                    f"Database {self.name}: {script.name} was cut short at statement {number} of"
                    f" {len(script.statements)} (line {statement.line}): {server_says(error)}."
                    " Remove the cause and run again: the load goes on with this statement. If the"
                    " script itself is wrong, drop and create the database (or empty it) first."
                ) from error
        self._query(_RECORD_END, (script.name,))

    def _send(self, script: Script, number: int, statement: Statement, may_be_done: bool) -> None:
        """Send one statement and count it. The one after the last that was counted may have been
        done all the same."""
        counted = (_RECORD_STATEMENT, (number, script.name))
        if _CHANGES_ROWS.match(statement.text):
            # Both or neither, so that no row is there twice after a load that was cut short.
            self._query("BEGIN")
            self._query(statement.text)
            self._query(*counted)
            self._query("COMMIT")
            return
        try:
            self._query(statement.text)
        except Exception as error:
            if not (may_be_done and _says_it_is_there(error)):
                raise
        self._query(*counted)


def _says_it_is_there(error: BaseException) -> bool:
    number = error.args[0] if error.args else None
    return number in _IS_THERE or (number == _CANNOT_CREATE and "errno: 121" in str(error))


class PostgresqlDatabase(Database):
    """One PostgreSQL database, likewise."""

    def counts(self) -> bool:
        """A load is one transaction, of which nothing is ever left half-way."""
        return False

    def takes_newer_scripts(self) -> bool:
        return False

    def encrypted(self) -> bool:
        return bool(
            self._query(
                "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()"
            )[0][0]
        )

    def lock(self, seconds: int) -> None:
        self._query("SELECT pg_catalog.set_config('lock_timeout', %s, false)", (f"{seconds}s",))
        try:
            # The lock belongs to this database alone, and ends with the connection.
            self._query(
                "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtext(%s))", (MARKER_TABLE,)
            )
        except Exception as error:
            if getattr(error, "pgcode", None) != "55P03":
                raise
            raise OperatorError(
                f"Database {self.name}: another run has been loading its schema for more than"
                f" {seconds} s. Run again later."
            ) from error

    def tables(self) -> set[str]:
        rows = self._query(
            "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname ="
            " pg_catalog.current_schema()"
        )
        return {str(row[0]) for row in rows}

    def load(self, script: Script) -> None:
        self._query("BEGIN")
        number, line = 0, 1
        try:
            self._query(_CREATE_MARKER_POSTGRESQL)
            self._query(_RECORD_BEGIN_POSTGRESQL, (script.name, script.checksum))
            for statement in script.statements:
                number, line = number + 1, statement.line
                self._query(statement.text)
            self._query(_RECORD_END_POSTGRESQL, (script.name,))
            self._query("COMMIT")
        except Exception as error:
            # Without a ROLLBACK the server would take everything back as well, when the connection
            # ends.
            raise OperatorError(
                f"Database {self.name}: {script.name} was refused at statement {number} of"
                f" {len(script.statements)} (line {line}): {server_says(error)}. The load was taken"
                " back, no table of it is there. Remove the cause and run again."
            ) from error


def server_says(error: BaseException) -> str:
    """The number and text of a driver's error in one line."""
    parts = [str(part) for part in error.args] or [type(error).__name__]
    return " ".join(" ".join(parts).split()).rstrip(".")


def ensure_loaded(
    database: Database,
    scripts: t.Sequence[Script],
    may_load: bool,
    dry_run: bool,
    lock_seconds: int,
) -> list[ScriptOutcome]:
    """Load what is missing. Everything is judged before the first statement is sent."""
    verdicts = database.examine(scripts)
    if all(outcome for _script, _own, outcome in verdicts):
        return [outcome for _script, _own, outcome in verdicts if outcome]
    waiting = [script.name for script, _own, outcome in verdicts if outcome is None]
    begun = [name for name in waiting if name in database.records()]
    if begun and not may_load:
        raise OperatorError(
            f"Database {database.name}: the load of {', '.join(begun)} was cut short. It goes on"
            " where it stopped with databases_schema_mode: load."
        )
    if not may_load:
        raise OperatorError(
            f"Database {database.name}: no table of {', '.join(waiting)} is there. Load it with the"
            " account of your choice, or set databases_schema_mode: load."
        )
    if not dry_run:
        database.lock(lock_seconds)
        verdicts = database.examine(scripts)
    outcomes = []
    for script, own, outcome in verdicts:
        if outcome is None:
            if not dry_run:
                database.load(script)
            outcome = ScriptOutcome(script.name, "loaded", len(own))
        outcomes.append(outcome)
    return outcomes
