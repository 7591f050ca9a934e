# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a module is told in secret is in nothing it says: its result, its echo of the arguments, its
failures, the host's journal.

Each option that a module's own argument spec keeps from the logs has a canary here; one without
fails the first test.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import typing as t
from importlib import import_module
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.store import (
    KeyRequest,
    StoreRequest,
    plan_store,
)

from tests.support.paths import REPOSITORY

MODULES = sorted(path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py"))
PACKAGE = "ansible_collections.carbon_ops.key_manager.plugins.modules."
# By module and option. What stands behind each is a text that is nowhere else.
SECRET = {
    "carbon_configure": (
        "xml_patch.secrets",
        "wka_members.group_password",
        "wka_members.aws.access_key",
        "wka_members.aws.secret_key",
        "secure_vault.keystore_password",
        "secure_vault.secrets",
    ),
    "carbon_keystore": ("stores.password", "stores.former_passwords", "stores.keys.private_key"),
    "carbon_tokens": ("password",),
    "carbon_server_info": ("administrator.password",),
    "carbon_verify": ("password",),
    "database_schema": ("secrets",),
    "host_files": ("secrets",),
    "wka_members": ("group_password", "aws.access_key", "aws.secret_key"),
    "xml_patch": ("secrets",),
}
# Names that sound like a secret, of what is none.
PUBLIC = {
    "carbon_configure": ("wka_members.aws.tag_key", "secure_vault.key_alias"),
    "carbon_keystore": (
        "stores.keys",
        "stores.keys.private_key_path",
        "stores.accept_stock_password",
        "stores.distrusted_keys_of",
    ),
    "database_schema": ("databases.secret",),
    # Paths.
    "host_files_info": ("keys",),
    "wka_members": ("aws.tag_key",),
}
SOUNDS = re.compile(r"password|passwd|secret|token|credential|(^|_)keys?(_|$)")


def canary(option: str, number: int = 0) -> str:
    """With everything in it that a layer could write in another way than the next."""
    return "Canary{0}'\"<&>%$\\{1}x".format(number, option.replace(".", "").replace("_", ""))


def spec_of(name: str, monkeypatch: pytest.MonkeyPatch) -> t.Mapping[str, t.Any]:
    class Told(Exception):
        pass

    class Tell:
        def __init__(self, **keywords: t.Any) -> None:
            raise Told(keywords["argument_spec"])

    module = import_module(PACKAGE + name)
    if not hasattr(module, "AnsibleModule"):
        return {}
    monkeypatch.setattr(module, "AnsibleModule", Tell)
    with pytest.raises(Told) as told:
        module.main()
    spec = dict(told.value.args[0])
    for part, arguments in getattr(module, "ARGUMENTS", {}).items():
        spec[part] = {**spec[part], "options": arguments.options}
    return spec


def options(
    spec: t.Mapping[str, t.Any], before: str = ""
) -> t.Iterator[tuple[str, t.Mapping[str, t.Any]]]:
    for name, option in spec.items():
        yield before + name, option
        yield from options(option.get("options") or {}, before + name + ".")


@pytest.mark.parametrize("name", MODULES)
def test_every_secret_option_is_kept_from_the_logs_and_has_a_canary(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = dict(options(spec_of(name, monkeypatch)))
    kept = {place for place, option in found.items() if option.get("no_log")}
    assert kept == set(SECRET.get(name, ())), "give it a canary in SECRET"
    sounding = {place for place in found if SOUNDS.search(place.rpartition(".")[2])}
    assert sounding - kept == set(PUBLIC.get(name, ())), (
        "keep it from the logs, or say in PUBLIC that it is none"
    )


def xml_patch(folder: Path, _home: t.Any, _pair: Path) -> dict[str, t.Any]:
    path = folder / "secret.xml"
    path.write_text(
        "<a>\n  <password>{0}</password>\n  <other>b</other>\n</a>\n".format(escape(canary("old")))
    )
    (folder / "plain.properties").write_text("password={0}\n".format("CanaryBeside"))
    return {
        "files": [
            {
                "path": str(path),
                "edits": [
                    {"xpath": "/a/password", "text": "%{one}"},
                    {"xpath": "/a/url", "text": "https://x:%{one}@y", "if_missing": ["create"]},
                ],
            },
            {
                "path": str(folder / "plain.properties"),
                "format": "properties",
                "edits": [{"key": "more", "value": "%{one}"}],
            },
        ],
        "secrets": {"one": canary("secrets"), "two": "Canary of two\nlines\nsecrets"},
        "backup": True,
    }


def wka_members(_folder: Path, home: t.Any, _pair: Path) -> dict[str, t.Any]:
    return {
        "home": str(home("ob_km")),
        "scheme": "aws",
        "group_password": canary("group_password"),
        "aws": {
            "access_key": canary("aws.access_key"),
            "secret_key": canary("aws.secret_key"),
            "region": "x",
        },
        "local_member_host": "192.0.2.11",
        "local_member_port": 4000,
    }


def carbon_configure(folder: Path, home: t.Any, pair: Path) -> dict[str, t.Any]:
    """Each secret under its canary of this module."""
    patch = xml_patch(folder, home, pair)
    del patch["backup"]
    patch["secrets"]["one"] = canary("xml_patch.secrets")
    members = wka_members(folder, home, pair)
    members["group_password"] = canary("wka_members.group_password")
    for key in ("access_key", "secret_key"):
        members["aws"][key] = canary(f"wka_members.aws.{key}")
    vault = secure_vault(folder / "vault", pair)
    return {"xml_patch": patch, "wka_members": members, "secure_vault": vault, "backup": True}


def secure_vault(home: Path, pair: Path) -> dict[str, t.Any]:
    """In a home of its own, with a keystore that opens with the canary."""
    (home / "repository/conf/security").mkdir(parents=True)
    password = canary("secure_vault.keystore_password")
    key = KeyRequest("km", (pair / "x.key").read_text(), (pair / "x.crt").read_text())
    store = plan_store(StoreRequest("", password, keys=[key]), None, 1, bytes(20))
    (home / "km.jks").write_bytes(store.content)
    return {
        "home": str(home),
        "keystore": "km.jks",
        "keystore_password": password,
        "key_alias": "km",
        "entries": [{"alias": "Carbon.Password", "value": "%{one}", "place": "a.xml//b,false"}],
        "secrets": {"one": canary("secure_vault.secrets")},
    }


def carbon_keystore(folder: Path, _home: t.Any, pair: Path) -> dict[str, t.Any]:
    key = {
        "alias": "own",
        "private_key": (pair / "x.key").read_text(),
        "certificates": (pair / "x.crt").read_text(),
    }
    store = {"path": str(folder / "own.jks"), "password": canary("stores.password"), "keys": [key]}
    return {"stores": [{**store, "former_passwords": [canary("stores.former_passwords")]}]}


def carbon_verify(folder: Path, _home: t.Any, _pair: Path) -> dict[str, t.Any]:
    # Nobody listens there, so the login fails.
    settings = {
        "instance": "x",
        "name": "x",
        "address": "127.0.0.1",
        "https_port": 1,
        "member_port": 0,
        "others": [],
    }
    settings.update(
        ca_file=str(folder / "ca.crt"),
        log_file=str(folder / "log"),
        state_directory=str(folder),
        user="admin",
    )
    return {
        "server": {"settings": settings, "ports": {"HTTPS": 1}, "service_user": "root"},
        "user": "admin",
        "password": canary("password"),
    }


def carbon_tokens(folder: Path, _home: t.Any, pair: Path) -> dict[str, t.Any]:
    # Nobody listens there, so the login fails.
    return {
        "nodes": [{"name": "x", "address": "127.0.0.1", "port": 1}],
        "ca_file": str(pair / "x.crt"),
        "user": "admin",
        "password": canary("password"),
    }


def carbon_server_info(folder: Path, _home: t.Any, _pair: Path) -> dict[str, t.Any]:
    administrator = {"instance": "x", "user": "admin", "password": canary("administrator.password")}
    return {"home": str(folder), "java_versions": [8], "administrator": administrator}


def database_schema(folder: Path, _home: t.Any, _pair: Path) -> dict[str, t.Any]:
    database = {
        "id": "user",
        "name": "userdb",
        "user": "obkm_user",
        "secret": "one",
        "scripts": [{"name": "x.sql"}],
    }
    (folder / "x.sql").write_text("CREATE TABLE A (B INT);")
    arguments = {
        "engine": "mysql",
        "host": "127.0.0.1",
        "port": 1,
        "home": str(folder),
        "databases": [database],
        "mode": "check",
    }
    return {**arguments, "secrets": {"one": canary("secrets")}}


def host_files(folder: Path, _home: t.Any, _pair: Path) -> dict[str, t.Any]:
    """The secret stands in a text as JSON writes it, and in data."""
    secret = canary("secrets")
    (folder / "plain").write_text(f"password = {canary('old')}\n")
    return {
        "files": [
            {"path": str(folder / "settings.json"), "content": {"password": secret}},
            {"path": str(folder / "text.json"), "content": json.dumps({"password": secret})},
            {"path": str(folder / "plain"), "content": f"password = {secret}\n"},
        ],
        "secrets": [secret],
    }


ARGUMENTS: dict[str, t.Callable[..., dict[str, t.Any]]] = {
    "xml_patch": xml_patch,
    "wka_members": wka_members,
    "carbon_configure": carbon_configure,
    "carbon_keystore": carbon_keystore,
    "carbon_tokens": carbon_tokens,
    "carbon_server_info": carbon_server_info,
    "carbon_verify": carbon_verify,
    "database_schema": database_schema,
    "host_files": host_files,
}


def innermost(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """The arguments in which to do wrong: of carbon_configure those of its last part."""
    return arguments.get("wka_members", arguments)


def wrong_edit(arguments: dict[str, t.Any]) -> None:
    """One argument beside the secrets is of a wrong kind, so that the module ends while it reads
    them."""
    arguments = innermost(arguments)
    for key, value in (
        ("files", 7),
        ("home", {"x": 1}),
        ("local_member_port", "x"),
        ("user", ["x"]),
        ("port", "x"),
    ):
        if key in arguments:
            arguments[key] = value
            return
    arguments["stores"][0]["keys"][0]["replace"] = "perhaps"


def unknown_key_of_an_edit(arguments: dict[str, t.Any]) -> None:
    arguments = innermost(arguments)
    if "files" in arguments:
        file = arguments["files"][0]
        file.get("edits", [file])[0]["txet"] = "x"
    elif "stores" in arguments:
        arguments["stores"][0]["keys"][0]["alais"] = "x"
    elif "aws" in arguments:
        arguments["aws"]["acess_key"] = "x"
    else:
        arguments["unknown"] = "x"


def secret_of_a_wrong_kind(arguments: dict[str, t.Any]) -> None:
    """A text where a dictionary belongs, a list where a text does: what the operator meant as a
    secret still is one."""
    arguments = innermost(arguments)
    for key in ("secrets", "password", "group_password"):
        if key in arguments:
            value = arguments[key]
            arguments[key] = next(iter(value.values())) if isinstance(value, dict) else [value]
            return
    if "administrator" in arguments:
        arguments["administrator"]["password"] = [arguments["administrator"]["password"]]
        return
    arguments["stores"][0]["password"] = [arguments["stores"][0]["password"]]


def unreadable_file(arguments: dict[str, t.Any]) -> None:
    arguments = innermost(arguments)
    if "files" in arguments:
        Path(arguments["files"][0]["path"]).write_text(
            "<a><password>CanaryMalformed</passwrod></a>"
        )
    elif "aws" in arguments:
        (Path(arguments["home"]) / "repository/conf/axis2/axis2.xml").write_text(
            "<axisconfig>CanaryMalformed"
        )
    elif "stores" in arguments:
        Path(arguments["stores"][0]["path"]).write_bytes(b"CanaryMalformed")


WAYS: dict[str, t.Callable[[dict[str, t.Any]], None]] = {
    "as it is": lambda arguments: None,
    "an argument of a wrong kind": wrong_edit,
    "an unknown key of an edit": unknown_key_of_an_edit,
    "a secret of a wrong kind": secret_of_a_wrong_kind,
    "a malformed file": unreadable_file,
    "an unknown argument": lambda arguments: arguments.update(unknown="x"),
}


def canaries(name: str, pair: Path) -> list[str]:
    texts = [canary(option) for option in SECRET[name]] + [
        "Canary of two",
        "CanaryMalformed",
        "CanaryBeside",
        canary("old"),
    ]
    # Each line of a key: what is masked as a whole may still show in pieces.
    texts += [line for line in (pair / "x.key").read_text().splitlines() if "-" not in line]
    forms = (str, escape, quote, lambda text: json.dumps(text)[1:-1], lambda text: repr(text)[1:-1])
    return sorted({form(text) for text in texts for form in forms} | {"Canary0", "PRIVATE KEY"})


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", sorted(SECRET))
def test_no_secret_is_said(
    name: str,
    way: str,
    check_mode: bool,
    home: t.Callable[[str], Path],
    pair: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from ansible.module_utils import basic
    from ansible.module_utils.common.parameters import PASS_VARS

    journal: list[str] = []
    monkeypatch.setattr(basic, "has_journal", False)
    monkeypatch.setattr(basic.syslog, "syslog", lambda _priority, message: journal.append(message))
    arguments = ARGUMENTS[name](tmp_path, home, pair)
    WAYS[way](arguments)
    internal = {
        "check_mode": check_mode,
        "diff": True,
        "verbosity": 4,
        "remote_tmp": str(tmp_path),
        "keep_remote_files": False,
    }
    # Asked for by the controller since 2.21; before, the arguments are always in the result.
    if "inject_invocation" in PASS_VARS:
        internal["inject_invocation"] = True
    sent = {**arguments, **{"_ansible_" + key: value for key, value in internal.items()}}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": sent}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    # Releases before 2.19 have no such switch.
    with contextlib.suppress(ImportError):
        internal_utils = import_module("ansible.module_utils._internal")
        monkeypatch.setattr(internal_utils, "is_controller", False, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    module = import_module(PACKAGE + name)
    with pytest.raises(SystemExit):
        module.main()
    said = capfd.readouterr()
    result = json.loads(said.out)
    assert "invocation" in result, (
        "what the caller sees at -vvv is not there, so this proves little"
    )
    if way == "as it is":
        assert journal, "nothing went to the journal, so this proves little"
    everything = "\n".join(
        [said.out, said.err, json.dumps(result), repr(result), *journal, *map(repr, journal)]
    )
    shown = [text for text in canaries(name, pair) if text in everything]
    assert not shown, [
        everything[max(0, everything.index(text) - 200) : everything.index(text) + 60]
        for text in shown[:1]
    ]


def test_backups_and_files_with_secrets_are_closed(
    tmp_path: Path, home: t.Callable[[str], Path], pair: Path, run_module: t.Any
) -> None:
    arguments = xml_patch(tmp_path, home, pair)
    for file in arguments["files"]:
        Path(file["path"]).chmod(0o600)
    result = run_module("xml_patch", {**arguments, "backup_dir": str(tmp_path / "backup")})
    assert len(result["backup_files"]) == 2
    for path in [*result["backup_files"].values(), *result["backup_files"]]:
        assert Path(path).stat().st_mode & 0o777 == 0o600, path
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    arguments = carbon_keystore(tmp_path, home, pair)
    run_module("carbon_keystore", arguments)
    assert (tmp_path / "own.jks").stat().st_mode & 0o077 == 0
