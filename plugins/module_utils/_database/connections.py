# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Connections to MySQL, MariaDB and PostgreSQL, with advice where none comes about."""

from __future__ import annotations

import ssl
import traceback
import typing as t
from pathlib import Path

from .._addresses import is_address
from .._errors import OperatorError
from .schema import Database, PostgresqlDatabase, server_says

PYMYSQL_IMPORT_ERROR = None
try:
    import pymysql
except ImportError:
    pymysql = None
    PYMYSQL_IMPORT_ERROR = traceback.format_exc()

PSYCOPG2_IMPORT_ERROR = None
try:
    import psycopg2
except ImportError:
    psycopg2 = None
    PSYCOPG2_IMPORT_ERROR = traceback.format_exc()

ADVICE = {
    1044: (
        "The account has no rights on this database: run role databases on the database host, or"
        " grant them."
    ),
    1045: (
        "The server refuses the login: compare cluster_database_passwords with the account's"
        " password, and the hosts it may come from."
    ),
    1049: "The database is not there: run role databases on the database host, or create it.",
    1130: (
        "The server accepts no login from this host: the account's host part has to be this host's"
        " address."
    ),
    2003: (
        "Nothing answers there, or the encryption could not be agreed: compare the address, the"
        " port and the certificate."
    ),
}
# PostgreSQL's library gives a sentence and no number when no connection comes about.
ADVICE_POSTGRESQL = {
    "password authentication failed": (
        "The server refuses the login: compare cluster_database_passwords with the account's"
        " password."
    ),
    "no pg_hba.conf entry": (
        "The server accepts no such login from this host: its pg_hba.conf has to name this host's"
        " address."
    ),
    "pg_hba.conf rejects": (
        "The server accepts no such login from this host: its pg_hba.conf has to name this host's"
        " address."
    ),
    "permission denied for database": (
        "The account has no rights on this database: run role databases on the database host, or"
        " grant them."
    ),
    'database "': (
        "The database is not there: run role databases on the database host, or create it."
    ),
    "certificate": (
        "Compare the certificate of the server with databases_ca_file, and its names with the host."
    ),
    "not support SSL": (
        "Give the server a certificate, or set the option tls of cluster_database to false."
    ),
    "": "Compare the address and the port.",
}


class Unreachable(OperatorError):
    """The server could not be asked, which before the first run is no wonder."""


def connect(params: dict[str, t.Any], database: dict[str, t.Any]) -> Database:
    """Open the connection of one entry of ``databases``; raises OperatorError, and Unreachable
    where the server does not answer."""
    secret = params["secrets"].get(database["secret"])
    if secret is None:
        raise OperatorError(
            f"Database {database['name']}: secrets has no entry {database['secret']}."
        )
    if params["ca_file"] and not Path(params["ca_file"]).is_file():
        raise Unreachable(
            f"{params['ca_file']}: the certificate authority of the database is missing. Role"
            " certificates puts it there; name another file with databases_ca_file."
        )
    open_connection = connect_postgresql if params["engine"] == "postgresql" else connect_mysql
    return open_connection(params, database, str(secret))


def where(params: dict[str, t.Any], database: dict[str, t.Any]) -> str:
    """Which database of which server is asked as whom, for a sentence."""
    return f"Database {database['name']} at {params['host']}:{params['port']} as {database['user']}"


def connect_mysql(params: dict[str, t.Any], database: dict[str, t.Any], secret: str) -> Database:
    """Open a connection to MySQL or MariaDB, with TLS where a certificate authority is given;
    raises Unreachable."""
    context = None
    if params["ca_file"]:
        try:
            context = ssl.create_default_context(cafile=params["ca_file"])
        except OSError as error:
            raise Unreachable(
                f"{params['ca_file']}: the certificate authority of the database cannot be read"
                f" ({error.strerror}). Name another file with databases_ca_file."
            ) from error
    try:
        connection = pymysql.connect(
            host=params["host"],
            port=params["port"],
            user=database["user"],
            # Left to itself the driver would send a password in Latin-1 that was set in UTF-8.
            password=secret.encode(),
            database=database["name"],
            ssl=context,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=params["connect_timeout"],
            read_timeout=600,
            write_timeout=600,
        )
    except pymysql.MySQLError as error:
        number = error.args[0] if error.args else 0
        raise Unreachable(
            f"{where(params, database)}: {server_says(error)}. {ADVICE.get(number, '')}".rstrip()
        ) from error
    return Database(database["name"], connection)


def connect_postgresql(
    params: dict[str, t.Any], database: dict[str, t.Any], secret: str
) -> Database:
    """Open a connection to PostgreSQL, with TLS where a certificate authority is given; raises
    Unreachable."""
    host = {"host": params["host"]}
    if params["server_name"] and is_address(params["host"]):
        host = {"host": params["server_name"], "hostaddr": params["host"]}
    tls = (
        {"sslmode": "verify-full", "sslrootcert": params["ca_file"]}
        if params["ca_file"]
        else {"sslmode": "prefer"}
    )
    try:
        connection = psycopg2.connect(
            port=params["port"],
            user=database["user"],
            password=secret,
            dbname=database["name"],
            connect_timeout=params["connect_timeout"],
            client_encoding="UTF8",
            application_name="carbon_ops.key_manager",
            **host,
            **tls,
        )
    except psycopg2.Error as error:
        says = server_says(error)
        advice = next(advice for words, advice in ADVICE_POSTGRESQL.items() if words in says)
        raise Unreachable(f"{where(params, database)}: {says}. {advice}") from error
    connection.autocommit = True
    return PostgresqlDatabase(database["name"], connection)
