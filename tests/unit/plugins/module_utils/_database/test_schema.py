# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._database.schema import (
    MARKER_TABLE,
    Database,
    PostgresqlDatabase,
    Record,
    assess_script,
    ensure_loaded,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._database.scripts import (
    Table,
    own_tables,
    read_script,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError


def script(text: str, name: str = "dbscripts/mysql.sql") -> t.Any:
    return read_script(name, text.encode())


SPLIT = [
    (
        "two statements",
        "CREATE TABLE A (X INT);\nINSERT INTO A VALUES (1);",
        [(1, "CREATE TABLE A (X INT)"), (2, "INSERT INTO A VALUES (1)")],
    ),
    ("last one without a semicolon", "CREATE TABLE A (X INT)", [(1, "CREATE TABLE A (X INT)")]),
    (
        "byte order mark and CRLF",
        "\ufeffCREATE TABLE A\r\n(X INT);\r\n",
        [(1, "CREATE TABLE A\r\n(X INT)")],
    ),
    (
        "comments before and inside",
        "-- one;\n# two;\n/* three; */\nCREATE TABLE A ( -- four;\n X INT);",
        [(4, "CREATE TABLE A (  \n X INT)")],
    ),
    (
        "dashes without a blank between statements",
        "--------\n--x;\nCREATE TABLE A (X INT);\n---- end",
        [(3, "CREATE TABLE A (X INT)")],
    ),
    (
        "minus minus in an expression",
        "CREATE TABLE A (X INT DEFAULT 5);SELECT 5--3;",
        [(1, "CREATE TABLE A (X INT DEFAULT 5)"), (1, "SELECT 5--3")],
    ),
    (
        "semicolon in quotes",
        "CREATE TABLE `A;B` (X INT DEFAULT ';--' COMMENT \"#;\");",
        [(1, "CREATE TABLE `A;B` (X INT DEFAULT ';--' COMMENT \"#;\")")],
    ),
    (
        "doubled and escaped quotes",
        r"CREATE TABLE A (X CHAR(9) DEFAULT 'it''s \'; ');",
        [(1, r"CREATE TABLE A (X CHAR(9) DEFAULT 'it''s \'; ')")],
    ),
    (
        "executable comment is kept",
        "/*!40101 SET NAMES utf8; */;CREATE TABLE A (X INT);",
        [(1, "/*!40101 SET NAMES utf8; */"), (1, "CREATE TABLE A (X INT)")],
    ),
    ("empty statements", ";;CREATE TABLE A (X INT);;", [(1, "CREATE TABLE A (X INT)")]),
    (
        "another delimiter",
        (
            "CREATE TABLE A (X INT);\nDELIMITER //\nCREATE TRIGGER T BEFORE INSERT ON A FOR EACH"
            " ROW BEGIN SET @a = 1; END //\ndelimiter ;\nSELECT 1;"
        ),
        [
            (1, "CREATE TABLE A (X INT)"),
            (3, "CREATE TRIGGER T BEFORE INSERT ON A FOR EACH ROW BEGIN SET @a = 1; END"),
            (5, "SELECT 1"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"), [case[1:] for case in SPLIT], ids=[case[0] for case in SPLIT]
)
def test_statements_are_split_as_the_client_does(text: str, expected: list) -> None:
    assert [(statement.line, statement.text) for statement in script(text).statements] == expected


SPLIT_POSTGRESQL = [
    (
        "routine in dollar quotes",
        (
            "CREATE TABLE A (X INT);\nCREATE FUNCTION f() RETURNS TRIGGER AS $BODY$\nBEGIN x;"
            " RETURN '$$'; END;\n$BODY$ LANGUAGE plpgsql;\nSELECT $$;$$;"
        ),
        [
            (1, "CREATE TABLE A (X INT)"),
            (
                2,
                (
                    "CREATE FUNCTION f() RETURNS TRIGGER AS $BODY$\nBEGIN x; RETURN '$$';"
                    " END;\n$BODY$ LANGUAGE plpgsql"
                ),
            ),
            (5, "SELECT $$;$$"),
        ],
    ),
    (
        "a backslash is no escape",
        r"CREATE TABLE A (X TEXT DEFAULT '\');SELECT ';';",
        [(1, r"CREATE TABLE A (X TEXT DEFAULT '\')"), (1, "SELECT ';'")],
    ),
    (
        "but here it is",
        r"CREATE TABLE A (X TEXT DEFAULT E'\';');",
        [(1, r"CREATE TABLE A (X TEXT DEFAULT E'\';')")],
    ),
    (
        "a hash is an operator",
        "CREATE TABLE A (X INT DEFAULT 5 # 3);",
        [(1, "CREATE TABLE A (X INT DEFAULT 5 # 3)")],
    ),
    ("dashes need no blank", "CREATE TABLE A (X INT --;\n);", [(1, "CREATE TABLE A (X INT  \n)")]),
    ("a comment is one", "/*! x; */CREATE TABLE A (X INT);", [(1, "CREATE TABLE A (X INT)")]),
    (
        "transactions are the loader's",
        (
            "BEGIN TRANSACTION;\nCREATE TABLE A (X INT);\nCOMMIT TRANSACTION;begin;commit;START"
            " TRANSACTION;END;"
        ),
        [(2, "CREATE TABLE A (X INT)")],
    ),
    (
        "DELIMITER is a word like others",
        "CREATE TABLE A (X INT);\nDELIMITER //;",
        [(1, "CREATE TABLE A (X INT)"), (2, "DELIMITER //")],
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [case[1:] for case in SPLIT_POSTGRESQL],
    ids=[case[0] for case in SPLIT_POSTGRESQL],
)
def test_statements_of_postgresql_are_split_as_its_client_does(text: str, expected: list) -> None:
    read = read_script("dbscripts/postgresql.sql", text.encode(), "postgresql")
    assert [
        (statement.line, re.sub(" +\n", "\n", statement.text)) for statement in read.statements
    ] == [(line, re.sub(" +\n", "\n", wanted)) for line, wanted in expected]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "CREATE TABLE A (X INT);\n\\connect other;",
            "line 2: the script chooses or makes a database",
        ),
        ("CREATE SCHEMA other;", "line 1: the script chooses"),
        ('CREATE TABLE "open (X INT);', 'what is opened with " here'),
    ],
)
def test_a_script_of_postgresql_that_cannot_be_loaded_safely_is_refused(
    text: str, message: str
) -> None:
    with pytest.raises(OperatorError, match=re.escape(message)):
        read_script("dbscripts/postgresql.sql", text.encode(), "postgresql")


def test_tables_of_postgresql_are_known_with_their_quotes() -> None:
    read = read_script(
        "x.sql",
        b'CREATE TABLE "public"."Big" (X INT); CREATE TABLE IF NOT EXISTS small (X INT);',
        "postgresql",
    )
    assert list(read.tables) == [Table("Big", False), Table("small", True)]


TABLES = [
    ("CREATE TABLE REG_LOG(X INT)", [Table("REG_LOG", False)]),
    ("create table if not exists `Reg Log` (X INT)", [Table("Reg Log", True)]),
    ("CREATE OR REPLACE TABLE `db`.`A` (X INT)", [Table("A", False)]),
    ("CREATE TABLE IF NOT EXISTS db . B$1 (X INT)", [Table("B$1", True)]),
    ("CREATE TABLE A (X INT); CREATE TABLE IF NOT EXISTS a (X INT)", [Table("A", False)]),
    (
        (
            "-- CREATE TABLE NO (X INT);\nINSERT INTO Q VALUES ('CREATE TABLE NO (X INT)'); CREATE"
            " TABLE Y (X INT)"
        ),
        [Table("Y", False)],
    ),
    ("CREATE TEMPORARY TABLE T (X INT); CREATE TABLE Y (X INT)", [Table("Y", False)]),
]


@pytest.mark.parametrize(("text", "expected"), TABLES)
def test_the_tables_of_a_script_are_known(text: str, expected: list) -> None:
    assert list(script(text).tables) == expected


REFUSED = [
    ("CREATE TABLE A (X INT);\nUSE other;", "line 2: the script chooses or makes a database"),
    ("CREATE DATABASE IF NOT EXISTS other;", "line 1: the script chooses"),
    (
        "CREATE TABLE A (X CHAR DEFAULT 'open);",
        "line 1: what is opened with ' here is never closed",
    ),
    ("CREATE TABLE A (X INT);\n\n/* open", "line 3: what is opened with / here"),
    ("CREATE TABLE A (X INT);CREATE PROCEDURE P() BEGIN SELECT 1; END;", "needs DELIMITER lines"),
    ("INSERT INTO A VALUES (1);", "creates no table"),
    ("", "creates no table"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_script_that_cannot_be_loaded_safely_is_refused(text: str, message: str) -> None:
    with pytest.raises(OperatorError, match=re.escape(message)):
        script(text)


def test_a_script_in_another_encoding_is_read() -> None:
    assert (
        read_script("x.sql", "CREATE TABLE A (X CHAR(9) DEFAULT 'é')".encode("latin-1"))
        .statements[0]
        .text.endswith("'é')")
    )


THREE = (
    "CREATE TABLE A (X INT); CREATE TABLE B (X INT); CREATE TABLE C (X INT); CREATE TABLE D (X"
    " INT); CREATE TABLE E (X INT);"
)
DONE = "2026-01-01 00:00:01"


def finished(checksum: str) -> Record:
    return Record(checksum, "2026-01-01 00:00:00", DONE)


JUDGED = [
    ("empty database", set(), None, None, ""),
    ("tables of others do not count", {"X", "Y"}, None, None, ""),
    ("loaded by hand, other letter case", set("abcde"), None, "accepted", ""),
    ("loaded by an earlier run", set("ABCDE"), "same", "present", ""),
    (
        "the product's script changed since",
        set("ABCDE"),
        "other",
        "present",
        "not the version that was loaded",
    ),
    (
        "a changed script may name new tables",
        set("ABCD"),
        "other",
        "present",
        "not the version that was loaded",
    ),
]


@pytest.mark.parametrize(
    ("present", "checksum", "action", "advice"),
    [case[1:] for case in JUDGED],
    ids=[case[0] for case in JUDGED],
)
def test_judgement(present: set, checksum: str | None, action: str | None, advice: str) -> None:
    subject = script(THREE)
    record = (
        None if checksum is None else finished(subject.checksum if checksum == "same" else checksum)
    )
    outcome = assess_script("db", subject, subject.tables, present, record)
    assert (outcome.action if outcome else None) == action
    if outcome:
        assert advice in outcome.advice
        assert bool(advice) == bool(outcome.advice)


JUDGED_BAD = [
    (
        "cut short",
        set("AB"),
        Record("x", "2026-01-01 00:00:00", None),
        "began at 2026-01-01 00:00:00 (database time) was cut short; 2 of 5 tables",
    ),
    ("cut short before the first table", set(), Record("x", "t", None), "cut short; 0 of 5"),
    (
        "cut short, and another script since",
        set("AB"),
        Record("x", "t", None, 2),
        "cut short; 2 of 5",
    ),
    ("cut short after the last table", set("ABCDE"), Record("x", "t", None), "cut short; 5 of 5"),
    (
        "half a hand-made schema",
        {"a"},
        None,
        (
            "only 1 of the 5 tables of dbscripts/mysql.sql are there, and this collection did not"
            " load them; B, C, D and 1 more are"
        ),
    ),
    ("one missing", set("ABCD"), None, "E is missing"),
    (
        "tables lost after the load",
        set("ABC"),
        "same",
        "was loaded at 2026-01-01 00:00:01, but D, E are no longer there",
    ),
]


@pytest.mark.parametrize(
    ("present", "record", "message"),
    [case[1:] for case in JUDGED_BAD],
    ids=[case[0] for case in JUDGED_BAD],
)
def test_judgement_refuses(present: set, record: t.Any, message: str) -> None:
    subject = script(THREE)
    with pytest.raises(OperatorError, match=re.escape(message)):
        assess_script(
            "db",
            subject,
            subject.tables,
            present,
            finished(subject.checksum) if record == "same" else record,
        )


def test_a_table_that_an_earlier_script_makes_proves_nothing() -> None:
    first = script("CREATE TABLE A (X INT);", "1.sql")
    second = script("CREATE TABLE IF NOT EXISTS a (X INT); CREATE TABLE B (X INT);", "2.sql")
    assert [[table.name for table in own] for _script, own in own_tables([first, second])] == [
        ["A"],
        ["B"],
    ]
    with pytest.raises(OperatorError, match="leave it out"):
        own_tables([first, script("CREATE TABLE IF NOT EXISTS A (X INT);", "3.sql")])


@pytest.mark.parametrize(
    ("second", "line"),
    [
        ("CREATE TABLE A (X INT); CREATE TABLE B (X INT);", 1),
        (
            (
                "CREATE TABLE IF NOT EXISTS A (X INT);\nINSERT INTO a VALUES (1);\nCREATE TABLE B"
                " (X INT);"
            ),
            2,
        ),
        (
            (
                "CREATE TABLE IF NOT EXISTS A (X INT);\n\nCREATE INDEX I ON `A` (X); CREATE TABLE B"
                " (X INT);"
            ),
            3,
        ),
        (
            (
                "CREATE TABLE IF NOT EXISTS A (X INT); CREATE UNIQUE INDEX I USING HASH ON A (X);"
                " CREATE TABLE B (X INT);"
            ),
            1,
        ),
        (
            (
                "CREATE TABLE IF NOT EXISTS A (X INT); CREATE TABLE B (X INT); ALTER TABLE A ADD"
                " COLUMN Y INT;"
            ),
            1,
        ),
        ("DROP TABLE IF EXISTS A;\nCREATE TABLE A (X INT); CREATE TABLE B (X INT);", 1),
    ],
    ids=["a table", "rows", "an index", "an index of a kind", "a column", "its removal"],
)
def test_a_table_is_made_by_one_script(second: str, line: int) -> None:
    scripts = [script("CREATE TABLE A (X INT);", "1.sql"), script(second, "2.sql")]
    with pytest.raises(
        OperatorError,
        match=(
            rf"2\.sql, line {line}: the script makes the table [aA] .* which 1\.sql makes already"
        ),
    ):
        own_tables(scripts)


def test_a_later_script_may_fill_a_table_that_it_does_not_make() -> None:
    later = script(
        "CREATE TABLE B (X INT); INSERT INTO A VALUES (1); CREATE INDEX I ON A (X);", "2.sql"
    )
    assert [
        [table.name for table in own]
        for _script, own in own_tables([script("CREATE TABLE A (X INT);", "1.sql"), later])
    ] == [["A"], ["B"]]


class Server:
    """As much of a database server as the loader uses."""

    description = ()

    def __init__(
        self,
        tables: t.Sequence[str] = (),
        fail_on: str = "",
        locked: bool = False,
        encrypted: bool = True,
    ) -> None:
        self.existing = list(tables)
        self.rows: dict = {}
        self.sent: list[str] = []
        self.fail_on, self.locked, self.is_encrypted = fail_on, locked, encrypted
        self.columns = ["script", "sha256", "started_at", "finished_at", "statements"]
        self.version = "10.11.6-MariaDB-0+deb12u1"

    def cursor(self) -> Server:
        return self

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_exception: t.Any) -> None:
        return None

    def fetchall(self) -> t.Any:
        return self.answer

    def execute(self, sql: str, values: t.Any = None) -> None:
        self.answer: t.Any = ()
        if values is not None:
            assert sql.count("%s") == len(values)
        if "information_schema.tables" in sql:
            self.answer = [(table,) for table in self.existing]
        elif "information_schema.columns" in sql:
            self.answer = [(column,) for column in self.columns]
        elif sql == "SELECT VERSION()":
            self.answer = [(self.version,)]
        elif sql.startswith("SHOW SESSION STATUS"):
            self.answer = [("Ssl_cipher", "TLS_AES_256_GCM_SHA384" if self.is_encrypted else "")]
        elif sql.startswith("SELECT GET_LOCK"):
            self.answer = [(0 if self.locked else 1,)]
        elif sql.startswith("SELECT script"):
            self.answer = [
                (name, *(row if "statements" in sql else row[:3]))
                for name, row in self.rows.items()
            ]
        elif sql.startswith(f"INSERT INTO {MARKER_TABLE}"):
            self.rows[values[0]] = [values[1], "began", None, 0]
        elif sql.startswith(f"UPDATE {MARKER_TABLE} SET statements"):
            self.rows[values[1]][3] = values[0]
        elif sql.startswith(f"UPDATE {MARKER_TABLE}"):
            self.rows[values[0]][2] = "ended"
        else:
            self.sent.append(sql)
            if self.fail_on and self.fail_on in sql:
                raise RuntimeError(1142, "CREATE command denied\n to user")
            if sql.startswith(f"ALTER TABLE {MARKER_TABLE}"):
                self.columns.append("statements")
            created = re.match(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", sql)
            if created and created.group(1) in self.existing and "IF NOT EXISTS" not in sql:
                raise RuntimeError(1050, f"Table {created.group(1)} already exists")
            if created and created.group(1) not in self.existing:
                self.existing.append(created.group(1))


def actions(
    server: Server, scripts: t.Sequence[t.Any], may_load: bool = True, dry_run: bool = False
) -> list[str]:
    return [
        outcome.action
        for outcome in ensure_loaded(Database("db", server), scripts, may_load, dry_run, 5)
    ]


def test_a_script_is_loaded_once() -> None:
    server, subject = Server(), script("CREATE TABLE A (X INT); INSERT INTO A VALUES ('100%s');")
    assert actions(server, [subject]) == ["loaded"]
    assert server.sent[1:] == [
        "CREATE TABLE A (X INT)",
        "BEGIN",
        "INSERT INTO A VALUES ('100%s')",
        "COMMIT",
    ]
    sent = len(server.sent)
    assert actions(server, [subject]) == ["present"]
    assert len(server.sent) == sent


def test_a_second_script_joins_a_loaded_first() -> None:
    server, first, second = (
        Server(),
        script("CREATE TABLE A (X INT);", "1.sql"),
        script("CREATE TABLE B (X INT);", "2.sql"),
    )
    assert actions(server, [first]) == ["loaded"]
    assert actions(server, [first, second]) == ["present", "loaded"]


def test_a_load_that_fails_goes_on_at_the_statement_that_failed() -> None:
    text = (
        "SET NAMES utf8mb4;\nCREATE TABLE A (X INT);\nINSERT INTO A VALUES (1);\nCREATE TABLE B (X"
        " INT);\nCREATE TABLE C (X INT);"
    )
    server, subject = Server(fail_on="TABLE B"), script(text)
    with pytest.raises(
        OperatorError,
        match=(
            r"cut short at statement 4 of 5 \(line 4\): 1142 CREATE command denied to user\. Remove"
            r" the cause"
        ),
    ):
        actions(server, [subject])
    with pytest.raises(
        OperatorError, match="the load of dbscripts/mysql.sql was cut short. It goes on"
    ):
        actions(server, [subject], may_load=False)
    server.fail_on = ""
    server.sent.clear()
    assert actions(server, [subject]) == ["loaded"]
    # What is set for a connection is set for this one too; nothing else is done twice.
    assert server.sent[1:] == [
        "SET NAMES utf8mb4",
        "CREATE TABLE B (X INT)",
        "CREATE TABLE C (X INT)",
    ]
    assert actions(server, [subject]) == ["present"]


def test_a_statement_that_was_done_and_not_counted_is_not_missed() -> None:
    server, subject = (
        Server(),
        script("CREATE TABLE A (X INT); CREATE TABLE B (X INT); CREATE TABLE C (X INT);"),
    )
    server.existing = [MARKER_TABLE, "A", "B"]
    server.rows[subject.name] = [subject.checksum, "began", None, 1]
    assert actions(server, [subject]) == ["loaded"]
    assert server.rows[subject.name][2:] == ["ended", 3]
    # One further on it is somebody else's table.
    server.rows[subject.name] = [subject.checksum, "began", None, 0]
    with pytest.raises(OperatorError, match="statement 2 of 3 .*1050 Table B already exists"):
        actions(server, [subject])


def test_a_load_of_an_earlier_release_that_was_cut_short_is_refused() -> None:
    server, subject = (
        Server(tables=[MARKER_TABLE, "A"]),
        script("CREATE TABLE A (X INT); CREATE TABLE B (X INT);"),
    )
    server.columns.remove("statements")
    server.rows[subject.name] = [subject.checksum, "began", None]
    with pytest.raises(OperatorError, match="was cut short; 1 of 2 tables are there"):
        actions(server, [subject])
    # A further script is counted all the same.
    server.rows[subject.name][2] = "ended"
    server.existing.append("B")
    assert actions(server, [subject, script("CREATE TABLE Z (X INT);", "z.sql")]) == [
        "present",
        "loaded",
    ]
    assert server.rows["z.sql"][2:] == ["ended", 1]


@pytest.mark.parametrize(
    ("version", "newer"),
    [
        ("5.6.51-log", False),
        ("5.7.44", True),
        ("8.0.36-0ubuntu0.22.04.1", True),
        ("9.7.4-2", True),
        ("10.11.6-MariaDB-0+deb12u1", False),
    ],
)
def test_scripts_for_newer_servers_are_for_mysql(version: str, newer: bool) -> None:
    server = Server()
    server.version = version
    assert Database("db", server).takes_newer_scripts() is newer
    assert PostgresqlDatabase("db", server).takes_newer_scripts() is False


def test_everything_is_judged_before_the_first_statement() -> None:
    server = Server(tables=["B1"])
    with pytest.raises(OperatorError, match="only 1 of the 2"):
        actions(
            server,
            [
                script("CREATE TABLE A (X INT);", "1.sql"),
                script("CREATE TABLE B1 (X INT); CREATE TABLE B2 (X INT);", "2.sql"),
            ],
        )
    assert not server.sent


def test_dry_run_and_check_write_nothing() -> None:
    server, subject = Server(), script("CREATE TABLE A (X INT);")
    assert actions(server, [subject], dry_run=True) == ["loaded"]
    with pytest.raises(OperatorError, match="no table of dbscripts/mysql.sql is there"):
        actions(server, [subject], may_load=False)
    assert not server.sent


def test_a_load_by_somebody_else_is_waited_for_and_given_up() -> None:
    with pytest.raises(OperatorError, match="more than 5 s"):
        actions(Server(locked=True), [script("CREATE TABLE A (X INT);")])


def test_what_another_run_loaded_meanwhile_is_not_loaded_again() -> None:
    subject = script("CREATE TABLE A (X INT);")

    class Slow(Server):
        def execute(self, sql: str, values: t.Any = None) -> None:
            if sql.startswith("SELECT GET_LOCK"):
                self.existing += ["A", MARKER_TABLE]
                self.rows[subject.name] = [subject.checksum, "began", "ended", 1]
            super().execute(sql, values)

    server = Slow()
    assert actions(server, [subject]) == ["present"]
    assert not server.sent


@pytest.mark.parametrize("encrypted", [True, False])
def test_encryption_is_seen(encrypted: bool) -> None:
    assert Database("db", Server(encrypted=encrypted)).encrypted() is encrypted


class PostgresqlServer(Server):
    """The same with transactions."""

    def execute(self, sql: str, values: t.Any = None) -> None:
        if "pg_stat_ssl" in sql:
            self.answer: t.Any = [(self.is_encrypted,)]
        elif "pg_tables" in sql:
            self.answer = [(table.lower(),) for table in self.existing]
        elif "set_config" in sql:
            self.answer = [("5s",)]
        elif "pg_advisory_lock" in sql:
            self.answer = [("",)]
            if self.locked:
                error = RuntimeError("canceling statement due to lock timeout")
                error.pgcode = self.locked  # type: ignore[attr-defined]
                raise error
        elif sql == "BEGIN":
            self.sent.append(sql)
            self.saved = (list(self.existing), dict(self.rows))
        elif sql == "COMMIT":
            self.sent.append(sql)
        else:
            try:
                super().execute(sql, values)
            except RuntimeError:
                self.existing, self.rows = self.saved
                raise


def postgresql_actions(server: Server, scripts: t.Sequence[t.Any]) -> list[str]:
    return [
        outcome.action
        for outcome in ensure_loaded(PostgresqlDatabase("db", server), scripts, True, False, 5)
    ]


def test_a_load_into_postgresql_is_one_transaction() -> None:
    server, subject = PostgresqlServer(), script("CREATE TABLE A (X INT); CREATE TABLE B (X INT);")
    assert postgresql_actions(server, [subject]) == ["loaded"]
    assert (server.sent[0], server.sent[-1]) == ("BEGIN", "COMMIT")
    assert "ENGINE" not in server.sent[1]
    assert postgresql_actions(server, [subject]) == ["present"]


def test_a_load_into_postgresql_that_fails_leaves_nothing() -> None:
    server, subject = (
        PostgresqlServer(fail_on="TABLE B"),
        script("CREATE TABLE A (X INT);\nCREATE TABLE B (X INT);"),
    )
    with pytest.raises(
        OperatorError,
        match=(
            r"refused at statement 2 of 2 \(line 2\): 1142 CREATE command denied to user\. The load"
            r" was taken back"
        ),
    ):
        postgresql_actions(server, [subject])
    server.fail_on = ""
    assert postgresql_actions(server, [subject]) == ["loaded"]


def test_a_load_into_postgresql_by_somebody_else_is_waited_for() -> None:
    subject = script("CREATE TABLE A (X INT);")
    with pytest.raises(OperatorError, match="more than 5 s"):
        postgresql_actions(PostgresqlServer(locked="55P03"), [subject])  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="canceling"):
        postgresql_actions(PostgresqlServer(locked="57014"), [subject])  # type: ignore[arg-type]


@pytest.mark.parametrize("encrypted", [True, False])
def test_encryption_of_postgresql_is_seen(encrypted: bool) -> None:
    assert PostgresqlDatabase("db", PostgresqlServer(encrypted=encrypted)).encrypted() is encrypted
