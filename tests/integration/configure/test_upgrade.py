# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The part of an upgrade that no running server needs: the home of another archive is made and
configured beside the one in use, taken into use, and left again byte for byte."""

from __future__ import annotations

import hashlib
import os
import typing as t
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.integration.configure.sites import WITHOUT_ROOT
from tests.support.homes import make_keystore
from tests.support.paths import REPOSITORY

if t.TYPE_CHECKING:
    from tests.integration.configure.sites import Site

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the role gives files to root")

PATCHED = "repository/components/plugins/patched.txt"
KEYSTORE = "repository/resources/security/obkm.jks"


def make_archive(home: Path, path: Path, patch: str) -> dict[str, str]:
    """A product zip of a home, which differs by one file."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(item for item in home.rglob("*") if item.is_file()):
            archive.write(file, f"wso2-product/{file.relative_to(home)}")
        archive.writestr(f"wso2-product/{PATCHED}", patch)
    checksum = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    return {"src": str(path), "checksum": checksum}


def play(folder: Path) -> str:
    """What upgrade.yml does without a server: the home is prepared, and taken into use."""
    role = "carbon_ops.key_manager.carbon_server"
    steps = [
        {"ansible.builtin.import_role": {"name": role, "tasks_from": name}}
        for name in ("upgrade_prepare", "switch")
    ]
    plays = [
        {
            "ansible.builtin.import_playbook": str(REPOSITORY / "playbooks/parts/model.yml"),
        },
        {"hosts": "carbon_ops_key_manager", "gather_facts": False, "tasks": steps},
    ]
    (folder / "upgrade.yml").write_text(yaml.safe_dump(plays))
    return str(folder / "upgrade.yml")


def content(home: Path) -> dict[str, bytes]:
    real = Path(os.path.realpath(home))
    return {
        str(path.relative_to(real)): path.read_bytes()
        for path in sorted(real.rglob("*"))
        if path.is_file()
    }


def test_home_of_another_archive_is_configured_and_left_again(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    made = site(
        source="fixtures",
        nodes=1,
        api_managers=0,
        cluster_service_user="root",
        cluster_service_group="root",
        cluster_secret_storage="secure_vault",
        **WITHOUT_ROOT,
    )
    home = made.homes["km1"]
    # A folder of every product, which has no file of the tests.
    (home / "repository/conf/security").mkdir()
    (home / "repository/conf/security/Owasp.CsrfGuard.Carbon.properties").touch()
    (home / "bin").mkdir(exist_ok=True)
    (home / "bin/wso2server.sh").write_text("#!/bin/sh\n")
    # The archives are of the product as it is shipped, the home in use is configured.
    archives = {name: make_archive(home, tmp_path / f"{name}.zip", name) for name in ("one", "two")}
    (home / "carbon-ops-archive.json").write_text(
        '{"checksum": "%s", "assumed": false}' % archives["one"]["checksum"]
    )
    make_keystore(home, "obkm", made.secrets("keystore"))
    configured = playbook("playbooks/configure.yml", made.inventory)
    assert configured.status == 0, configured.output[-3000:]
    (home / "repository/logs").mkdir(exist_ok=True)
    (home / "repository/logs/wso2carbon.log").write_text("started\n")
    # As role carbon_server makes it for every server.
    (home / "wso2carbon.pid").touch()
    before = content(home)
    made.variables["cluster_product_archive"] = archives["two"]
    made.write_inventory()

    told = playbook(play(tmp_path), made.inventory, "--check")
    assert told.status == 0, told.output[-3000:]
    assert content(home) == before and not home.with_name("km1.homes").exists()
    run = playbook(play(tmp_path), made.inventory)
    assert run.status == 0, run.output[-4000:]
    assert made.secrets.token not in run.output
    after = content(home)
    assert home.is_symlink() and (home / PATCHED).read_text() == "two"
    assert after[KEYSTORE] == before[KEYSTORE]
    for path in ("carbon.xml", "axis2/axis2.xml", "security/secret-conf.properties"):
        path = f"repository/conf/{path}"
        assert after[path] == before[path], f"{path} is configured otherwise"
    again = playbook(play(tmp_path), made.inventory)
    assert again.status == 0 and "changed=0" in again.output, again.output[-3000:]
    back = playbook(play(tmp_path), made.inventory, "-e", "cluster_upgrade=back")
    assert back.status == 0, back.output[-3000:]
    assert content(home) == before
