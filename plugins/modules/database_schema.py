#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: database_schema
short_description: Load a product's schema scripts into its databases, once
version_added: 0.1.0
description:
  - Loads the C(dbscripts) of a WSO2 Carbon product into MariaDB, MySQL or PostgreSQL databases,
    each through the database's own account.
  - A script is loaded only when none of its tables is there. A load is recorded in the table
    C(carbon_ops_schema) of the same database, before its first statement and after its last, and
    each statement is counted. So a load that was cut short goes on at the statement that it did not
    come to. With PostgreSQL a load is one transaction, so that one that was cut short leaves
    nothing behind.
  - A schema that was loaded by hand is accepted when all tables of the script are there, and
    refused when only some are.
  - All databases are examined before the first one is changed.
  - Run it on a host that has the product's home and may log in to the databases, usually a Key
    Manager.
author: The carbon_ops.key_manager maintainers (@carbon-ops)
requirements:
  - PyMySQL (C(python3-pymysql)) or psycopg2 (C(python3-psycopg2)), after the O(engine), on the host
    it runs on.
options:
  engine:
    description: What the database server speaks. V(mysql) is MariaDB as well.
    type: str
    choices: [mysql, postgresql]
    default: mysql
  host:
    description: The name or address of the database server.
    type: str
    required: true
  server_name:
    description:
      - The name of the database server in its certificate, where O(host) is an address.
      - Used with PostgreSQL alone, whose library before version 15 does not look for addresses in
        certificates.
    type: str
  port:
    description: The port of the database server. By default V(3306) or V(5432), after the
      O(engine).
    type: int
  ca_file:
    description:
      - The file with the certificate authority of the database server. The server's certificate is
        checked against it and against O(host).
      - Without it the connection is not encrypted.
    type: path
  home:
    description: The Key Manager's home, under which its scripts lie.
    type: path
    required: true
  api_manager_home:
    description: API Manager's home, where it is on the same host.
    type: path
  api_manager_scripts:
    description: Scripts of API Manager by their path in its home, in Base64, where its home is
      elsewhere.
    type: dict
    default: {}
  databases:
    description: The databases and their scripts.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: The id of the database in the model of the cluster, which the inventory's
          variables use.
        type: str
      name:
        description: The name of the database.
        type: str
        required: true
      user:
        description: The account to log in with.
        type: str
        required: true
      secret:
        description: The key of the account's password in O(secrets).
        type: str
        required: true
      scripts:
        description: The schema scripts in the order in which they are loaded. An empty list only
          tries the login.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description:
              - Path of the script below O(home), or, with C(api_manager:) in front, below API
                Manager's.
              - No script of a database may make a table that an earlier one makes, unless it does
                nothing else with it.
            type: str
            required: true
          newer:
            description: The script's names for MySQL 5.7 and newer. The first that is there is
              loaded instead, where the server is such a one.
            type: list
            elements: str
            default: []
  secrets:
    description: The passwords, by the names that O(databases) uses. Nothing of it is ever printed.
    type: dict
    required: true
  mode:
    description:
      - With V(load), a script none of whose tables is there is loaded.
      - With V(check), such a script is an error. Nothing is written.
    type: str
    choices: [load, check]
    default: load
  connect_timeout:
    description: How long to wait for a connection, in seconds.
    type: int
    default: 10
  lock_timeout:
    description: How long to wait for another run that is loading the same database, in seconds.
    type: int
    default: 120
attributes:
  check_mode:
    description: Can run in check mode and return what it would change. A server that cannot be
      asked is then only a warning.
    support: full
  diff_mode:
    description: Returns details on what has changed.
    support: none
"""

EXAMPLES = r"""
- name: The user database has its tables
  carbon_ops.key_manager.database_schema:
    host: db1.bank.example
    ca_file: /etc/carbon-ops/pki/ca.crt
    home: /opt/wso2/obkm
    databases:
      - name: openbank_userdb
        user: obkm_user
        secret: database_user_password
        scripts:
          - {name: dbscripts/mysql.sql, newer: [dbscripts/mysql5.7.sql]}
    secrets:
      database_user_password: "{{ vault_database_user_password }}"
"""

RETURN = r"""
databases:
  description: What is true of each database.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the database.
      type: str
      sample: openbank_userdb
    scripts:
      description:
        - One entry for each script. The C(action) of each is V(loaded) when this run loaded it,
          V(present) when an earlier run did, and V(accepted) when somebody else did.
      type: list
      elements: dict
      sample: [{script: dbscripts/mysql.sql, action: loaded, tables: 51}]
"""

import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ..module_utils._database.connections import (
    PSYCOPG2_IMPORT_ERROR,
    PYMYSQL_IMPORT_ERROR,
    Unreachable,
    connect,
    psycopg2,
    pymysql,
)
from ..module_utils._database.schema import Database, ensure_loaded, server_says
from ..module_utils._database.scripts import Script
from ..module_utils._database.sources import NotBrought, Places, places_of
from ..module_utils._errors import OperatorError
from ..module_utils._module import errors_told, quiet_module


def read_scripts(
    module: AnsibleModule, places: Places, database: Database, entry: dict[str, t.Any]
) -> list[Script]:
    """The scripts of a database. What only looks at the tables leaves out a script of API Manager
    that is not here."""
    scripts, newer = [], database.takes_newer_scripts()
    for script in entry["scripts"]:
        try:
            scripts.append(places.read(script, module.params["engine"], newer))
        except NotBrought as error:
            if module.params["mode"] == "load" and not module.check_mode:
                raise
            module.warn(f"{error} Its tables were not looked for.")
    return scripts


def run(module: AnsibleModule) -> dict[str, t.Any]:
    params: dict[str, t.Any] = module.params
    places = places_of(params)
    opened: list[tuple[Database, list[Script]]] = []
    problems = []
    for entry in params["databases"]:
        try:
            database = connect(params, entry)
            if params["ca_file"] and not database.encrypted():
                raise OperatorError(
                    f"Database {entry['name']}: the server does not encrypt the connection. It"
                    " needs a certificate."
                )
            scripts = read_scripts(module, places, database, entry)
            database.examine(scripts)
            opened.append((database, scripts))
        except Unreachable as error:
            if module.check_mode:
                module.warn(f"{error} In a run without check mode this is an error.")
            else:
                problems.append(str(error))
        except OperatorError as error:
            problems.append(str(error))
    if problems:
        raise OperatorError("\n".join(problems))
    results = []
    changed = False
    for database, wanted in opened:
        outcomes = ensure_loaded(
            database, wanted, params["mode"] == "load", module.check_mode, params["lock_timeout"]
        )
        for outcome in outcomes:
            changed = changed or outcome.action == "loaded"
            if outcome.advice:
                module.warn(outcome.advice)
        results.append(
            {
                "name": database.name,
                "scripts": [
                    {"script": o.script, "action": o.action, "tables": o.tables} for o in outcomes
                ],
            }
        )
    return {"changed": changed, "databases": results}


def main() -> None:
    module = quiet_module(AnsibleModule)(
        argument_spec={
            "engine": {"type": "str", "choices": ["mysql", "postgresql"], "default": "mysql"},
            "host": {"type": "str", "required": True},
            "server_name": {"type": "str"},
            "port": {"type": "int"},
            "ca_file": {"type": "path"},
            "home": {"type": "path", "required": True},
            "api_manager_home": {"type": "path"},
            "api_manager_scripts": {"type": "dict", "default": {}},
            "databases": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "id": {"type": "str"},
                    "name": {"type": "str", "required": True},
                    "user": {"type": "str", "required": True},
                    "secret": {"type": "str", "required": True, "no_log": False},
                    "scripts": {
                        "type": "list",
                        "elements": "dict",
                        "default": [],
                        "options": {
                            "name": {"type": "str", "required": True},
                            "newer": {"type": "list", "elements": "str", "default": []},
                        },
                    },
                },
            },
            "secrets": {"type": "dict", "required": True, "no_log": True},
            "mode": {"type": "str", "choices": ["load", "check"], "default": "load"},
            "connect_timeout": {"type": "int", "default": 10},
            "lock_timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    load(module)


def load(module: AnsibleModule) -> None:
    """Bring the databases to their tables, or say what keeps from it."""
    postgresql = module.params["engine"] == "postgresql"
    module.params["port"] = module.params["port"] or (5432 if postgresql else 3306)
    library, name = (psycopg2, "psycopg2") if postgresql else (pymysql, "PyMySQL")
    if library is None:
        if module.check_mode:
            module.warn(f"The databases were not checked: {name} is not installed here yet.")
            module.exit_json(changed=False, databases=[])
        module.fail_json(
            msg=missing_required_lib(name),
            exception=PSYCOPG2_IMPORT_ERROR if postgresql else PYMYSQL_IMPORT_ERROR,
        )
    if module.check_mode and not Path(module.params["home"]).is_dir():
        module.warn("The schema scripts were not read: the product is not installed here yet.")
        module.exit_json(changed=True, databases=[])

    def refused(error: Exception) -> str:
        host = module.params["host"]
        return f"The database server at {host} refused a query: {server_says(error)}."

    with errors_told(module, {library.Error: refused}):
        result = run(module)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
