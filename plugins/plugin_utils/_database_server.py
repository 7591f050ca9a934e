# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running MariaDB or MySQL server still lacks of its settings and accounts, and which
accounts on it nobody uses any more."""

from __future__ import annotations

import hashlib
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Rows = Sequence[Mapping[str, t.Any]]

# Columns of mysql.db that are not called as their privilege.
_PRIVILEGES = {"create_temporary_tables_priv": "create_tmp_table_priv"}
_SIZE = re.compile(r"(\d+)([KMGT])\Z", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_SWITCHES = {"on": "ON", "true": "ON", "yes": "ON", "off": "OFF", "false": "OFF", "no": "OFF"}


def settings_owed(
    wanted: Mapping[str, t.Any], running: Mapping[str, t.Any]
) -> list[dict[str, str]]:
    """The settings with which the server does not run, each with its value as ``SET GLOBAL`` takes
    it.

    Names are those of a settings file, where dashes stand for underscores. What the server does not
    list among its variables cannot be compared and is left out.
    """
    owed = []
    for setting, value in wanted.items():
        name = setting.replace("-", "_").lower()
        if name in running and _comparable(value, running[name]) != _comparable(
            running[name], value
        ):
            owed.append({"name": name, "value": _written(value)})
    return owed


def _written(value: t.Any) -> str:
    """A value of a settings file in full: no suffix for its size, no quotes, one spelling of on and
    off."""
    text = str(value).strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    size = _SIZE.match(text)
    if size:
        return str(int(size.group(1)) * 1024 ** _POWERS[size.group(2).lower()])
    return _SWITCHES.get(text.lower(), text)


def _comparable(value: t.Any, other: t.Any) -> t.Any:
    text, beside = _written(value), _written(other)
    if "ON" in (text, beside) or "OFF" in (text, beside):
        return {"1": "ON", "0": "OFF"}.get(text, text)
    if "," in text or "," in beside:
        # A list of modes; the server keeps it in an order of its own.
        return frozenset(part.strip().upper() for part in text.split(","))
    try:
        return float(text)
    except ValueError:
        return text


def spare_accounts(
    existing: Sequence[Mapping[str, str]],
    wanted: Sequence[Sequence[str]],
    recorded: Sequence[Sequence[str]],
    by_name: bool,
) -> dict[str, list[t.Any]]:
    """The accounts that nobody uses any more: ``gone`` are to be removed, ``unknown`` somebody else
    may have made.

    ``existing`` are rows of mysql.user; ``wanted`` the accounts of the inventory and ``recorded``
    those that earlier runs made, each a name and a host. With ``by_name`` an account is the
    cluster's own by its name alone.
    """
    needed = {tuple(account) for account in wanted}
    made = {tuple(account) for account in recorded}
    names = {user for user, _host in needed}
    gone, unknown = [], []
    for row in existing:
        account = (row["User"], row["Host"])
        # A role of MariaDB is a row without a host.
        if account in needed or not row["Host"]:
            continue
        if account in made or (by_name and row["User"] in names):
            gone.append({"User": row["User"], "Host": row["Host"]})
        elif row["User"] in names:
            unknown.append(f"{row['User']}@{row['Host']}")
    return {"gone": gone, "unknown": unknown}


def accounts_owed(rows: Sequence[Rows], wanted: Sequence[Mapping[str, t.Any]]) -> list[list[str]]:
    """The accounts, each a name and a host, that are not known to be as they must be.

    rows: of mysql.user, of mysql.db, and the accounts with privileges on single tables, columns or
    routines; wanted: ``user``, ``host``, ``password``, the names of its ``databases``, its
    ``privileges``, and whether it needs ``tls``. An account whose password the
    server keeps in another way than mysql_native_password cannot be compared, and is owed.
    """
    users, grants, further = rows
    return [
        [account["user"], account["host"]]
        for account in wanted
        if _own(further, account)
        or not any(_is_account(row, account) for row in _own(users, account))
        or _granted(_own(grants, account))
        != {_pattern(name): _columns(account["privileges"]) for name in account["databases"]}
    ]


def _own(rows: Rows, account: Mapping[str, t.Any]) -> Rows:
    return [row for row in rows if (row["User"], row["Host"]) == (account["user"], account["host"])]


def _is_account(row: Mapping[str, t.Any], account: Mapping[str, t.Any]) -> bool:
    # The way in which the server itself keeps it, not a choice made here.
    inner = hashlib.sha1(account["password"].encode("utf-8"), usedforsecurity=False).digest()
    kept = "*" + hashlib.sha1(inner, usedforsecurity=False).hexdigest().upper()
    return (
        row.get("plugin") == "mysql_native_password"
        and row.get("authentication_string") == kept
        and row.get("ssl_type") == ("ANY" if account["tls"] else "")
        and not _granted_columns(row)
    )


def _pattern(database: str) -> str:
    """As GRANT takes it, where an underscore stands for any character, unless it is escaped."""
    return re.sub(r"([_%])", r"\\\1", database)


def _granted(rows: Rows) -> dict[str, frozenset[str]]:
    return {row["Db"]: _granted_columns(row) for row in rows}


def _granted_columns(row: Mapping[str, t.Any]) -> frozenset[str]:
    return frozenset(
        name.lower() for name, value in row.items() if name.endswith("_priv") and value == "Y"
    )


def _columns(privileges: Sequence[str]) -> frozenset[str]:
    names = (privilege.strip().lower().replace(" ", "_") + "_priv" for privilege in privileges)
    return frozenset(_PRIVILEGES.get(name, name) for name in names)
