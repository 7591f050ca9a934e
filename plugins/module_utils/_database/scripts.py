# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A vendor's schema script as single statements, and the tables that it creates."""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass

from .._errors import OperatorError

_SPACE = re.compile(r"\s+")
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`""", re.DOTALL)
_COMMENT_TO_LINE_END = re.compile(r"(?:#|--(?=\s|\Z))[^\n]*")
_DASHES_TO_LINE_END = re.compile(r"--[^\n]*")
_COMMENT_BLOCK = re.compile(r"/\*.*?\*/", re.DOTALL)
_DELIMITER = re.compile(r"DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9_.,()=+ \t\r\n]+")

_NAME = r"(?:[`\"](?P<quoted>[^`\"]+)[`\"]|(?P<plain>[\w$]+))"
_CREATE_TABLE = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?(?:(?:[`\"][^`\"]+[`\"]|[\w$]+)\s*\.\s*)?"
    + _NAME,
    re.IGNORECASE,
)
_LEAVES_DATABASE = re.compile(
    r"(?:USE|\\c(?:onnect)?|(?:CREATE|DROP|ALTER)\s+(?:DATABASE|SCHEMA))\b", re.IGNORECASE
)
# The load is a transaction already, and one inside it would end it half-way.
_TRANSACTION = re.compile(
    r"(?:BEGIN|START\s+TRANSACTION|COMMIT|END)(?:\s+(?:TRANSACTION|WORK))?\Z", re.IGNORECASE
)
_QUOTED_POSTGRESQL = re.compile(
    r"""[Ee]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$""",
    re.DOTALL,
)
_PLAIN_POSTGRESQL = re.compile(r"[A-Za-z_][\w$]*|[0-9.,()=+ \t\r\n]+")
# What would fail, or destroy rows, when the table was there before this script made it (again).
_TOUCHES = re.compile(
    r"(?:INSERT\s+(?:IGNORE\s+)?INTO|REPLACE\s+INTO|(?:ALTER|DROP)\s+TABLE(?:\s+IF\s+EXISTS)?(?:\s+ONLY)?"
    r"|CREATE\s+(?:\w+\s+)?INDEX(?:\s+IF\s+NOT\s+EXISTS)?\s+\S+(?:\s+USING\s+\w+)?\s+ON(?:\s+ONLY)?)\s+"
    + _NAME,
    re.IGNORECASE,
)
_ROUTINE = re.compile(
    r"CREATE\s+(?:DEFINER\s*=\s*\S+\s+)?(?:PROCEDURE|FUNCTION|TRIGGER|EVENT)\b", re.IGNORECASE
)
_BEGINS = re.compile(r"\bBEGIN\b", re.IGNORECASE)
_ENDS = re.compile(r"\bEND\s*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One statement of a script, without its comments, and the line on which it begins."""

    text: str
    line: int


@dataclass(frozen=True)
class Table:
    """A table that a script creates; a lenient one (IF NOT EXISTS) may have been made by an earlier
    script of the same database."""

    name: str
    lenient: bool


@dataclass(frozen=True)
class Script:
    """A schema script, read and split."""

    name: str
    checksum: str
    statements: tuple[Statement, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class _Dialect:
    """How a vendor's own client reads a script."""

    delimiters: bool
    comment: re.Pattern[str]
    quoted: re.Pattern[str]
    opening: str
    plain: re.Pattern[str]


_DIALECTS = {
    "mysql": _Dialect(True, _COMMENT_TO_LINE_END, _QUOTED, "'\"`", _PLAIN),
    "postgresql": _Dialect(
        False, _DASHES_TO_LINE_END, _QUOTED_POSTGRESQL, "'\"", _PLAIN_POSTGRESQL
    ),
}


def read_script(name: str, content: bytes, engine: str = "mysql") -> Script:
    """Split a script the way the engine's own client does; refuse one that would leave its
    database."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    statements = tuple(_split(name, text, _DIALECTS[engine]))
    if engine == "postgresql":
        statements = tuple(
            statement for statement in statements if not _TRANSACTION.match(statement.text)
        )
    tables: dict[str, Table] = {}
    for statement in statements:
        if _LEAVES_DATABASE.match(statement.text):
            raise OperatorError(
                f"{name}, line {statement.line}: the script chooses or makes a database by itself,"
                " so it cannot be loaded into the one that cluster_databases names. Take that"
                " statement out of a copy of the script."
            )
        if (
            engine == "mysql"
            and _ROUTINE.match(statement.text)
            and _BEGINS.search(statement.text)
            and not _ENDS.search(statement.text)
        ):
            raise OperatorError(
                f"{name}, line {statement.line}: a routine with BEGIN … END needs DELIMITER lines"
                " around it, which this script does not have. The mysql client could not load it"
                " either."
            )
        created = _CREATE_TABLE.match(statement.text)
        if created:
            table = created.group("quoted") or created.group("plain")
            tables.setdefault(table.casefold(), Table(table, created.group("lenient") is not None))
    if not tables:
        raise OperatorError(
            f"{name}: the script creates no table, so nobody could tell later whether it has been"
            " loaded."
        )
    return Script(name, hashlib.sha256(content).hexdigest(), statements, tuple(tables.values()))


def _split(name: str, text: str, dialect: _Dialect) -> t.Iterator[Statement]:
    position, delimiter = 0, ";"
    begin: int | None = None
    parts: list[str] = []

    def line_of(offset: int) -> int:
        return text.count("\n", 0, offset) + 1

    while position < len(text):
        if begin is None:
            # Between two statements a line of dashes is a comment even without a blank after the
            # dashes, and only here DELIMITER counts.
            skipped = _SPACE.match(text, position) or _DASHES_TO_LINE_END.match(text, position)
            if skipped:
                position = skipped.end()
                continue
            chosen = _DELIMITER.match(text, position) if dialect.delimiters else None
            if chosen:
                delimiter, position = chosen.group(1), chosen.end()
                continue
        if text.startswith(delimiter, position):
            if begin is not None:
                yield Statement("".join(parts).strip(), line_of(begin))
            begin, parts = None, []
            position += len(delimiter)
            continue
        comment = dialect.comment.match(text, position) or _COMMENT_BLOCK.match(text, position)
        if comment and not (
            dialect.delimiters and comment.group().startswith(("/*!", "/*M!", "/*+"))
        ):
            parts.append(" ")
            position = comment.end()
            continue
        token = comment or dialect.quoted.match(text, position)
        if token is None and (text[position] in dialect.opening or text.startswith("/*", position)):
            raise OperatorError(
                f"{name}, line {line_of(position)}: what is opened with {text[position]} here is"
                " never closed."
            )
        if token is None and delimiter == ";":
            token = dialect.plain.match(text, position)
        piece = token.group() if token else text[position]
        begin = position if begin is None else begin
        parts.append(piece)
        position += len(piece)
    if begin is not None:
        yield Statement("".join(parts).strip(), line_of(begin))


def own_tables(scripts: t.Sequence[Script]) -> list[tuple[Script, tuple[Table, ...]]]:
    """Pair each script with the tables that tell whether it was loaded.

    Refuses scripts of one database of which a later one would fail, or destroy rows, on a table
    that an earlier one made: the load would stop half-way. Some products' scripts hold another
    script whole.
    """
    earlier: dict[str, str] = {}
    pairs = []
    for script in scripts:
        _refuse_second_making(script, earlier)
        own = tuple(
            table
            for table in script.tables
            if not (table.lenient and table.name.casefold() in earlier)
        )
        if not own:
            raise OperatorError(
                f"{script.name}: every table of this script is made by the scripts before it in the"
                " same database; leave it out."
            )
        pairs.append((script, own))
        earlier.update((table.name.casefold(), script.name) for table in script.tables)
    return pairs


def _refuse_second_making(script: Script, earlier: t.Mapping[str, str]) -> None:
    again = {table.name.casefold() for table in script.tables} & set(earlier)
    if not again:
        return
    for statement in script.statements:
        touched = _CREATE_TABLE.match(statement.text)
        if touched and touched.group("lenient"):
            continue
        touched = touched or _TOUCHES.match(statement.text)
        if touched is None:
            continue
        table = touched.group("quoted") or touched.group("plain")
        if table.casefold() in again:
            raise OperatorError(
                f"{script.name}, line {statement.line}: the script makes the table {table} and its"
                f" rows and indexes, which {earlier[table.casefold()]} makes already in the same"
                " database, so the load would stop here. Each table comes from one script: leave"
                " one of the two out (option scripts of cluster_database)."
            )
