# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the roles write beside the product files, made by Ansible itself of hostile texts: whoever
reads it finds the very texts."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.integration.configure.sites import REPOSITORY
from tests.integration.configure.test_hostile import NASTY, NASTY_SECRET, Unsafe

PASSWORD = "Canary" + NASTY_SECRET
OPTIONS = [
    "-Dnote=" + NASTY,
    '-Dquote="it\'s"',
    "-Dback=\\",
    "-Dpercent=%h%%",
    "-Ddollar=$HOME${x}",
]
ROLES = REPOSITORY / "roles"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory, playbook: t.Callable[..., t.Any]) -> Path:
    """The unit, the settings of the health check and the login to a file server, by the roles' own
    templates and expressions."""
    folder = tmp_path_factory.mktemp("rendered")
    node = {
        "name": "km1",
        "instance": "obkm",
        "home": "/opt/wso2/obkm",
        "role": "key_manager",
        "index": 1,
        "address": "192.0.2.11",
    }
    node.update(heap_initial="1g", heap_maximum="2g", ports={"https": 9446}, member_port=4000)
    mount = {"user": Unsafe("user" + NASTY), "domain": Unsafe("domain" + NASTY)}
    storage = {"type": "smb", "path": "/mnt/obkm", "mount": mount}
    product = {"title": "Product", "oauth": False, "log": {"file": "log", "ready": "x"}}
    values: dict[str, t.Any] = {
        "cluster_node": node,
        "cluster_model": {
            "product": product,
            "nodes": [node],
            "storage": storage,
            "admin_user": "admin",
            "name": "obkm",
            "domain": "bank.domain",
            "membership": {"scheme": "wka"},
            "caching": {"clustered": True},
            "database": {"embedded": False, "host": "db.bank.example", "port": 3306},
        },
        "cluster_group_password": Unsafe("group" + NASTY_SECRET),
        "cluster_keystore_password": Unsafe("keystore" + NASTY_SECRET),
        "cluster_truststore_password": Unsafe("truststore" + NASTY_SECRET),
        "cluster_admin_password": Unsafe(PASSWORD),
        "cluster_shared_storage_password": Unsafe(PASSWORD),
        "cluster_java_options": [Unsafe(option) for option in OPTIONS],
        **{"cluster_service_" + what: "wso2" for what in ("user", "group")},
        "cluster_open_files": 65535,
        "cluster_processes": 20000,
        "carbon_server_python": "/usr/bin/python3",
        "carbon_server_start_timeout": 300,
        "carbon_server_ca_file": "/etc/ca.crt",
        "carbon_server_warm_paths": [],
        "__carbon_server_found": {"java": {"home": "/usr/lib/jvm/x"}},
        "__carbon_server_driver_name": "",
        "__carbon_server_owned": {"written": ["/opt/km/repository/logs", "/opt/km/tmp"]},
    }
    (folder / "values.yml").write_text(yaml.safe_dump(values), encoding="utf-8")
    variables = yaml.safe_load((ROLES / "carbon_server/vars/main.yml").read_text(encoding="utf-8"))
    written = next(
        file
        for file in variables["__carbon_server_service_files"]
        if file["path"].endswith("/health.json")
    )
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [str(ROLES / "carbon_server/vars/main.yml"), str(folder / "values.yml")],
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": (
            [
                {
                    "ansible.builtin.template": {
                        "src": str(ROLES / source),
                        "dest": str(folder / name),
                        "mode": "0600",
                    }
                }
                for source, name in (
                    ("carbon_server/templates/carbon.service.j2", "unit"),
                    ("shared_fs/templates/credentials.j2", "credentials"),
                )
            ]
            + [
                {
                    "carbon_ops.key_manager.host_files": {
                        "files": [
                            {
                                "path": str(folder / "health"),
                                "content": written["content"],
                                "mode": written["mode"],
                            }
                        ]
                    }
                }
            ]
        ),
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    (folder / "hosts").write_text("localhost\n")
    run = playbook(str(folder / "play.yml"), folder / "hosts")
    assert run.status == 0, run.output
    return folder


def environment(unit: str) -> dict[str, str]:
    """What systemd makes of the lines Environment=: quotes, then escapes as in C, and %% for %."""
    found = {}
    for line in re.findall(r'^Environment="(.*)"$', unit, re.MULTILINE):
        text, position = "", 0
        while position < len(line):
            pair = line[position : position + 2]
            if pair in ("\\\\", '\\"', "%%"):
                text, position = text + pair[1], position + 2
                continue
            assert line[position] not in '\\"%', f"systemd takes {pair!r} for something else"
            text, position = text + line[position], position + 1
        name, _equals, value = text.partition("=")
        found[name] = value
    return found


def test_java_options_arrive_in_the_unit(rendered: Path) -> None:
    unit = (rendered / "unit").read_text(encoding="utf-8")
    assert environment(unit)["JAVA_OPTS"].endswith(" ".join(OPTIONS))
    assert unit.count("ExecStart=") == 1 and unit.count("\n[") == 3, (
        "a text began a setting of its own"
    )


def test_the_sandbox_lets_the_server_write_what_it_owns_and_no_more(rendered: Path) -> None:
    paths = re.findall(
        r"^ReadWritePaths=(.*)$", (rendered / "unit").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert paths[:2] == ["-/opt/km/repository/logs", "-/opt/km/tmp"]
    assert all(path.startswith("-/") for path in paths) and len(paths) <= 3, "the rest is the share"


def test_the_unit_holds_no_password(rendered: Path) -> None:
    assert "Canary" not in (rendered / "unit").read_text(encoding="utf-8")


def test_the_health_check_reads_the_very_password(rendered: Path) -> None:
    settings = json.loads((rendered / "health").read_text(encoding="utf-8"))
    assert settings["password"] == PASSWORD
    assert settings["databases"] == [{"host": "db.bank.example", "port": 3306}]
    assert (rendered / "health").stat().st_mode & 0o777 == 0o640


def test_credentials(rendered: Path) -> None:
    """mount.cifs takes what follows the first = up to the end of the line."""
    lines: list[str] = (rendered / "credentials").read_text(encoding="utf-8").split("\n")
    read = dict(line.split("=", 1) for line in lines if line)
    assert read == {"username": "user" + NASTY, "password": PASSWORD, "domain": "domain" + NASTY}
