# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Several homes of one server: another archive is prepared beside the home in use, taken into use,
and left again; whatever a killed call leaves, the next one finishes."""

from __future__ import annotations

import getpass
import grp
import hashlib
import os
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home import versions

Run = t.Callable[..., "dict[str, t.Any]"]
KEYSTORE = "repository/resources/security/obkm.jks"
OWNER = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getegid()).gr_name}


class Server:
    """A home from an archive, with what its server and its operator put there."""

    def __init__(self, run_module: Run, folder: Path) -> None:
        self.run_module, self.folder = run_module, folder
        self.home, self.share = folder / "obkm", folder / "share"
        (self.share / "tenants").mkdir(parents=True)
        self.archives = {name: self.archive(name) for name in ("one", "two", "three")}
        self.call("prepared", "one")
        (folder / "obkm.homes" / self.name("one")).rename(self.home)
        (folder / "obkm.homes").rmdir()
        self.write(KEYSTORE, "key")
        self.write("repository/components/lib/mysql-connector-java-5.1.44.jar", "driver")
        self.write("repository/components/dropins/mysql_connector_java_5.1.44_1.0.0.jar", "made")
        self.write("repository/components/dropins/bank-1.0.jar", "the bank's own")
        self.write("repository/database/registry.db", "rows")
        self.write("repository/logs/wso2carbon.log", "started")
        (self.home / "repository/tenants").rmdir()
        (self.home / "repository/tenants").symlink_to(self.share / "tenants")

    def write(self, path: str, text: str) -> None:
        (self.home / path).parent.mkdir(parents=True, exist_ok=True)
        (self.home / path).write_text(text)

    def archive(self, name: str) -> tuple[Path, str]:
        path = self.folder / f"{name}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in {
                "bin/wso2server.sh": f"#!/bin/sh\necho {name}\n",
                "repository/conf/carbon.xml": f"<Server>{name}</Server>",
                "repository/components/dropins/vendor-2.0.jar": name,
                "repository/components/lib/readme.txt": "",
                "repository/database/registry.db": "empty",
                KEYSTORE.replace("obkm", "wso2carbon"): "stock",
            }.items():
                archive.writestr(f"wso2-{name}/{file}", text)
            archive.writestr(f"wso2-{name}/repository/tenants/", "")
        path.chmod(0o600)
        return path, "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()

    def name(self, archive: str) -> str:
        return self.archives[archive][1][7:23]

    def call(self, state: str, archive: str = "", **more: t.Any) -> dict[str, t.Any]:
        arguments: dict[str, t.Any] = {"home": str(self.home), "state": state}
        arguments.update(more.pop("arguments", {}))
        if archive:
            arguments["archive_checksum"] = self.archives[archive][1]
        if state == "prepared":
            arguments.update(archive=str(self.archives[archive][0]), files=[KEYSTORE], **OWNER)
        if state == "current":
            arguments["data"] = ["repository/database", "repository/tenants"]
        return self.run_module("carbon_home", arguments, **more)

    def upgrade(self, archive: str) -> None:
        self.call("prepared", archive)
        self.call("current", archive)

    def start(self) -> None:
        self.write("repository/logs/wso2carbon.log", "started")

    @property
    def content(self) -> dict[str, str]:
        """Every file and link below the path of the home in use."""
        home = Path(os.path.realpath(self.home))
        return {
            str(path.relative_to(home)): os.readlink(path)
            if path.is_symlink()
            else path.read_text()
            for path in sorted(home.rglob("*"))
            if path.is_symlink() or path.is_file()
        }


@pytest.fixture
def server(run_module: Run, tmp_path: Path) -> Server:
    return Server(run_module, tmp_path)


def test_archive_is_prepared_beside_the_home_in_use(server: Server) -> None:
    before = server.content
    told = server.call("prepared", "two", check_mode=True)
    assert told["done"] == ["unpacked"] and told["there"] is False
    assert not (server.folder / "obkm.homes").exists()
    done = server.call("prepared", "two")
    assert done["done"] == [
        "unpacked",
        "linked repository/tenants",
        f"copied {KEYSTORE}",
        "copied repository/components/lib/mysql-connector-java-5.1.44.jar",
        "copied repository/components/dropins/bank-1.0.jar",
    ]
    assert server.content == before and not server.home.is_symlink()
    new = server.folder / "obkm.homes" / server.name("two")
    assert done["path"] == str(new)
    assert (new / KEYSTORE).read_text() == "key"
    assert os.readlink(new / "repository/tenants") == str(server.share / "tenants")
    assert (new / "repository/components/dropins/vendor-2.0.jar").read_text() == "two"
    assert not list(new.glob("**/mysql_connector_java_5.1.44_1.0.0.jar"))
    assert server.call("prepared", "two")["changed"] is False


def test_server_goes_to_the_other_home_and_back_byte_for_byte(server: Server) -> None:
    before = server.content
    server.call("prepared", "two")
    told = server.call("current", "two", check_mode=True)
    assert told["done"] == [f"changed the home in use to {server.name('two')}"]
    assert server.content == before
    done = server.call("current", "two")
    assert done["done"] == [
        "copied repository/database",
        f"changed the home in use to {server.name('two')}",
    ]
    assert server.content["repository/conf/carbon.xml"] == "<Server>two</Server>"
    assert server.content["repository/database/registry.db"] == "rows"
    assert os.readlink(server.home) == f"obkm.homes/{server.name('two')}"
    assert server.call("current", "two")["changed"] is False
    server.start()
    server.write("repository/database/registry.db", "rows of two")
    back = server.call("current", "two", arguments={"back": True})
    assert back["wanted"] == server.name("one")
    assert server.content == before
    # And forward again: what the newer home had of its own is still there.
    server.upgrade("two")
    assert server.content["repository/database/registry.db"] == "rows of two"


def test_back_moves_only_what_the_archive_of_the_inventory_runs_in(server: Server) -> None:
    server.upgrade("two")
    server.start()
    # The next upgrade stopped before this host: it stays, although it has a former home.
    stays = server.call("current", "three", arguments={"back": True})
    assert (stays["changed"], stays["wanted"]) == (False, server.name("two"))


def test_host_without_a_former_home_says_so(server: Server) -> None:
    told = server.call("current", "one", arguments={"back": True})
    assert "no home from before" in told["msg"]


@pytest.mark.parametrize("link", [False, True], ids=["before the exchange", "after it"])
def test_killed_switch_is_finished(
    server: Server, link: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = server.content
    server.call("prepared", "two")

    def killed(*_arguments: t.Any) -> None:
        raise KeyboardInterrupt

    if link:
        rename = Path.rename
        monkeypatch.setattr(
            Path,
            "rename",
            lambda path, to: killed() if path.name.endswith("-home") else rename(path, to),
        )
    else:
        monkeypatch.setattr(versions, "_exchange", killed)
    with pytest.raises(KeyboardInterrupt):
        versions.switch(str(server.home), server.name("two"))
    monkeypatch.undo()
    assert server.home.exists(), "the path leads to no home"
    server.call("current", "two")
    assert os.readlink(server.home) == f"obkm.homes/{server.name('two')}"
    server.call("current", "two", arguments={"back": True})
    assert server.content == before
    assert not [path for path in server.folder.iterdir() if path.name.startswith(".")]


def test_old_homes_are_removed_but_not_that_of_the_way_back(server: Server) -> None:
    server.upgrade("two")
    server.upgrade("three")
    assert server.call("pruned", arguments={"keep": 2})["changed"] is False
    told = server.call("pruned", arguments={"keep": 1}, check_mode=True)
    done = server.call("pruned", arguments={"keep": 1})
    assert told["done"] == done["done"] == [f"removed {server.name('one')}"]
    left = {path.name for path in (server.folder / "obkm.homes").iterdir()}
    assert left == {server.name("two"), server.name("three"), "former"}
    assert server.call("pruned", arguments={"keep": 0})["changed"] is False


def test_link_of_somebody_else_is_left_alone(server: Server, tmp_path: Path) -> None:
    server.home.rename(tmp_path / "elsewhere")
    server.home.symlink_to(tmp_path / "elsewhere")
    told = server.call("looked")
    assert "which this collection did not make" in told["msg"]
