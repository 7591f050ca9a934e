# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Database servers in a folder of their own, for the time of a test, and what a schema looks like.

They are the machine's own programs, or, with ``CARBON_OPS_MYSQL_ROOT``, those of a whole system
below that folder: a distribution that has MySQL, unpacked there (mmdebstrap makes one).
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
PASSWORD = "canary-of-the-schemas"
# The Python of the operating system, which has the libraries of its packages.
SYSTEM_PYTHON = "/usr/bin/python3"


def run(*command: str, stdin: str = "", check: bool = True) -> str:
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=300, check=False
    )
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
    return done.stdout


class Server:
    """A server that is asked by its own client."""

    engine = "mysql"

    def __init__(self, port: int, client: list[str], process: subprocess.Popen[bytes]) -> None:
        self.port, self.client, self.process = port, client, process

    def sql(self, statements: str, database: str = "") -> str:
        return run(*self.client, *([database] if database else []), stdin=statements)

    def create(self, name: str) -> None:
        self.sql(f"CREATE DATABASE {name} CHARACTER SET latin1 COLLATE latin1_swedish_ci;")

    def lines(self, query: str, database: str) -> list[str]:
        return self.sql(query, database).splitlines()

    def kill_and_wait(self) -> None:
        self.process.terminate()
        self.process.wait(60)

    def describe(self, database: str) -> set[str]:
        """Every column, index, foreign key and row of a database, each as one line."""
        own = "table_schema = DATABASE() AND table_name <> 'carbon_ops_schema'"
        found = {f"column {line}" for line in self.lines(f"{COLUMNS} WHERE {own};", database)}
        found |= {f"index {line}" for line in self.lines(f"{INDEXES} WHERE {own};", database)}
        found |= {f"key {line}" for line in self.lines(f"{KEYS};", database)}
        tables = self.lines(
            f"SELECT table_name FROM information_schema.tables WHERE {own};", database
        )
        found |= {f"table {table}" for table in tables}
        rows = "".join(f"SELECT 'row {table}', own.* FROM `{table}` own;" for table in tables)
        return found | set(self.lines(rows, database))


COLUMNS = (
    "SELECT table_name, column_name, ordinal_position, column_default, is_nullable, column_type,"
    " extra, collation_name FROM information_schema.columns"
)
INDEXES = (
    "SELECT table_name, index_name, non_unique, seq_in_index, column_name, sub_part, index_type"
    " FROM information_schema.statistics"
)
KEYS = (
    "SELECT k.table_name, k.column_name, k.constraint_name, k.referenced_table_name,"
    " k.referenced_column_name, r.update_rule, r.delete_rule"
    " FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r"
    " ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name"
    " AND r.table_name = k.table_name WHERE k.table_schema = DATABASE()"
)


class PostgresqlServer(Server):
    engine = "postgresql"

    def create(self, name: str) -> None:
        self.sql(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';",
            "postgres",
        )

    def describe(self, database: str) -> set[str]:
        query = (
            "SELECT 'column', table_name, column_name, ordinal_position, column_default,"
            " is_nullable, data_type, character_maximum_length FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name <> 'carbon_ops_schema';"
            "SELECT 'index', indexdef FROM pg_indexes"
            " WHERE schemaname = 'public' AND tablename <> 'carbon_ops_schema';"
            "SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
            " AND conrelid::regclass::text <> 'carbon_ops_schema';"
        )
        found = set(self.lines(query, database))
        tables = self.lines(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> 'carbon_ops_schema';",
            database,
        )
        found |= {f"table {table}" for table in tables}
        rows = "".join(f"SELECT 'row {table}', own.* FROM {table} own;" for table in tables)
        return found | set(self.lines(rows, database))


def _started(server: Server, log: Path, ask: str, database: str = "") -> Server:
    limit = time.monotonic() + 60
    while True:
        done = subprocess.run(
            [*server.client, *([database] if database else [])],
            input=ask,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return server
        assert server.process.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
        assert time.monotonic() < limit, done.stderr
        time.sleep(0.2)


def _owned(folder: Path, user: str) -> Path:
    data = folder / "data"
    data.mkdir()
    account = pwd.getpwnam(user)
    os.chown(data, account.pw_uid, account.pw_gid)
    return data


def start_mariadb(folder: Path, port: int) -> Server:
    if shutil.which("mariadbd") is None or os.geteuid() != 0:
        pytest.skip("needs the package mariadb-server, and root")
    data = _owned(folder, "mysql")
    own = ["--no-defaults", "--user=mysql", f"--datadir={data}"]
    run("mariadb-install-db", *own, "--auth-root-authentication-method=normal", "--skip-test-db")
    socket = data / "server.sock"
    options = [*own, f"--socket={socket}", f"--port={port}", "--bind-address=127.0.0.1"]
    process = subprocess.Popen(
        ["mariadbd", *options], stdout=(folder / "log").open("wb"), stderr=subprocess.STDOUT
    )
    client = ["mariadb", "--no-defaults", "-N", "-uroot", f"--socket={socket}"]
    server = _started(Server(port, client, process), folder / "log", "SELECT 1;")
    server.sql(
        f"CREATE USER loader@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO loader@'127.0.0.1';"
    )
    return server


def start_mysql(folder: Path, port: int) -> Server:
    root = os.environ.get("CARBON_OPS_MYSQL_ROOT")
    if root is None or os.geteuid() != 0:
        pytest.skip("needs a system with mysql-server below CARBON_OPS_MYSQL_ROOT, and root")
    inside = ["chroot", root]
    data = f"/var/lib/{folder.name}"
    run(*inside, "install", "-d", "-o", "mysql", data)
    own = ["--no-defaults", "--user=mysql", f"--datadir={data}"]
    run(*inside, "mysqld", *own, "--initialize-insecure")
    socket = f"{data}/server.sock"
    options = [
        *own,
        f"--socket={socket}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--mysqlx=OFF",
    ]
    process = subprocess.Popen(
        [*inside, "mysqld", *options], stdout=(folder / "log").open("wb"), stderr=subprocess.STDOUT
    )
    client = [*inside, "mysql", "--no-defaults", "-N", "-uroot", f"--socket={socket}"]
    server = _started(Server(port, client, process), folder / "log", "SELECT 1;")
    server.sql(
        f"CREATE USER loader@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO loader@'127.0.0.1';"
    )
    return server


def start_postgresql(folder: Path, port: int) -> Server:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs or os.geteuid() != 0:
        pytest.skip("needs the package postgresql, and root")
    data = _owned(folder, "postgres")
    acting = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    run(*acting, str(programs[-1] / "initdb"), "-D", str(data), "-A", "trust", "-U", "loader")
    options = [
        "-D",
        str(data),
        "-p",
        str(port),
        "-k",
        str(data),
        "-c",
        "listen_addresses=127.0.0.1",
    ]
    process = subprocess.Popen(
        [*acting, str(programs[-1] / "postgres"), *options],
        stdout=(folder / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    client = [
        "psql",
        "-qAtX",
        "-F\t",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-U",
        "loader",
        "-d",
    ]
    return _started(
        PostgresqlServer(port, client, process), folder / "log", "SELECT 1;", "postgres"
    )


START: dict[str, t.Callable[[Path, int], Server]] = {
    "mariadb": start_mariadb,
    "mysql": start_mysql,
    "postgresql": start_postgresql,
}


def load(
    server: Server, homes: dict[str, Path], database: str, scripts: list[dict[str, t.Any]]
) -> dict[str, t.Any]:
    """Run the module as a role does, on this machine, with the scripts as the model has them."""
    arguments = {
        "engine": server.engine,
        "host": "127.0.0.1",
        "port": server.port,
        "home": str(homes["key_manager"]),
        "api_manager_home": str(homes["api_manager"]),
        "databases": [{"name": database, "user": "loader", "secret": "one", "scripts": scripts}],
        "secrets": {"one": PASSWORD},
    }
    command = [
        str(Path(sys.executable).parent / "ansible"),
        "localhost",
        "-m",
        "carbon_ops.key_manager.database_schema",
        "-a",
        json.dumps(arguments),
        "-e",
        f"ansible_python_interpreter={SYSTEM_PYTHON}",
    ]
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    }
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    answer = re.search(r"(SUCCESS|CHANGED|FAILED!) => (\{.*\})", done.stdout, re.DOTALL)
    assert answer, done.stdout + done.stderr
    assert PASSWORD not in done.stdout
    result: dict[str, t.Any] = json.loads(answer.group(2))
    return result
