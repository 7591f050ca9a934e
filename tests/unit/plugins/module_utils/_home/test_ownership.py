# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Who owns what of a product home. As root with real accounts' numbers, otherwise as far as one's
own goes."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home import ownership

from tests.support.paths import PRODUCTS

OWNER, USER, GROUP = 0, 64123, 64124
ACCOUNTS = ownership.Accounts(OWNER, USER, GROUP)
WRITTEN = ownership.Written(
    ["repository/logs", "repository/deployment", "repository/tenants", "solr", "tmp"],
    ["server.pid"],
)
FILES: dict[str, int] = {
    "bin/start.sh": 0o755,
    "repository/conf/carbon.xml": 0o644,
    "repository/conf/secret.xml": 0o600,
    "repository/resources/security/keys.jks": 0o666,
    "repository/deployment/server/webapps/a/web.xml": 0o640,
    "repository/logs/server.log": 0o644,
    "repository/components/plugins/code.jar": 0o664,
    "tmp/x": 0o600,
}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """As somebody unpacked it by hand, and ran it as the service user: everything is that
    user's."""
    home = tmp_path / "home"
    for name, mode in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
        (home / name).chmod(mode)
    (home / "repository/resources").chmod(0o777)
    home.chmod(0o755)
    return home


def give(path: Path, uid: int, gid: int) -> None:
    for name in [path, *path.rglob("*")]:
        os.chown(name, uid, gid, follow_symlinks=False)


def state(path: Path) -> tuple[int, int, str]:
    status = path.lstat()
    return status.st_uid, status.st_gid, f"{stat.S_IMODE(status.st_mode):o}"


def hand_over(home: Path, written: ownership.Written = WRITTEN) -> list[str]:
    planned = ownership.changes(home, ACCOUNTS, written)
    ownership.apply(planned, home)
    return ownership.shown(planned, home)


@as_root
@pytest.mark.parametrize(
    "before", [(USER, GROUP), (0, 0), (1234, 1234)], ids=["the server's", "root's", "somebody's"]
)
def test_code_is_the_owner_s_and_what_is_written_the_server_s(
    home: Path, before: tuple[int, int]
) -> None:
    give(home, *before)
    assert hand_over(home)
    assert state(home) == (OWNER, GROUP, "750")
    assert state(home / "bin/start.sh") == (OWNER, GROUP, "750")
    assert state(home / "repository/conf/carbon.xml") == (OWNER, GROUP, "640")
    assert state(home / "repository/conf/secret.xml") == (OWNER, GROUP, "640")
    assert state(home / "repository/resources/security/keys.jks") == (OWNER, GROUP, "640")
    assert state(home / "repository/components/plugins/code.jar") == (OWNER, GROUP, "640")
    assert state(home / "repository/resources")[2] == "755"
    for name in (
        "repository/logs/server.log",
        "repository/deployment/server/webapps/a/web.xml",
        "tmp/x",
        "tmp",
    ):
        assert state(home / name)[:2] == (USER, GROUP), name
    # Made, because a server may not make them itself any more.
    assert state(home / "solr") == state(home / "repository/tenants") == (USER, GROUP, "750")
    assert state(home / "server.pid") == (USER, GROUP, "640")
    assert ownership.changes(home, ACCOUNTS, WRITTEN) == []


@as_root
def test_the_service_user_cannot_write_code_or_configuration(home: Path) -> None:
    give(home, USER, GROUP)
    # Nobody else gets into pytest's own folders.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = home.rename(Path(folder) / "home")
        _look_as_the_service_user(home)


def _look_as_the_service_user(home: Path) -> None:
    hand_over(home)
    found: list[str] = []
    read, write = os.pipe()
    child = os.fork()
    if not child:  # pragma: no cover - another process
        os.setgroups([])
        os.setgid(GROUP)
        os.setuid(USER)
        for path in sorted([home, *home.rglob("*")]):
            if os.access(path, os.W_OK):
                os.write(write, (str(path.relative_to(home)) + "\n").encode())
            if not os.access(path, os.R_OK):
                os.write(write, b"unreadable: " + str(path).encode() + b"\n")
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        found = stream.read().split("\n")[:-1]
    os.waitpid(child, 0)
    own = (*WRITTEN.folders, *WRITTEN.files)
    assert [name for name in found if not name.startswith(own)] == []
    assert {"tmp/x", "server.pid", "repository/logs/server.log", "solr"} <= set(found)


@as_root
def test_what_the_running_server_makes_is_left_as_it_is(home: Path) -> None:
    hand_over(home)
    made = home / "tmp/new"
    made.write_text("x")
    made.chmod(0o604)
    os.chown(made, USER, 0)
    (home / "server.pid").write_text("4711")
    assert hand_over(home) == []
    assert state(made) == (USER, 0, "604")


@as_root
def test_a_folder_that_root_put_there_is_given_whole_or_again(home: Path) -> None:
    give(home, 0, 0)
    planned = ownership.changes(home, ACCOUNTS, WRITTEN)
    last = next(
        number
        for number, change in enumerate(planned)
        if change.path == home / "repository/deployment"
    )
    # Killed before the folder itself was given: what is in it counts again.
    ownership.apply(planned[:last], home)
    hand_over(home)
    assert state(home / "repository/deployment/server/webapps/a/web.xml")[0] == USER


@as_root
def test_shared_folders_are_links_and_stay_alone(home: Path, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / "x").write_text("x")
    (home / "repository/tenants").symlink_to(share)
    before = state(share), state(share / "x")
    hand_over(home)
    assert (state(share), state(share / "x")) == before
    assert (home / "repository/tenants").is_symlink()


@as_root
def test_folders_that_roles_make_for_everybody_do_not_change_back_and_forth(home: Path) -> None:
    hand_over(home)
    made = home / "repository/resources/customsequences"
    made.mkdir()
    made.chmod(0o755)
    assert hand_over(home) == []


@as_root
@pytest.mark.parametrize("place", ["bin/linked", "repository/logs/linked"])
def test_a_file_with_a_second_name_is_given_to_nobody(
    home: Path, tmp_path: Path, place: str
) -> None:
    secret = tmp_path / "shadow"
    secret.write_text("secret")
    secret.chmod(0o600)
    os.link(secret, home / place)
    with pytest.raises(OperatorError, match="second name"):
        hand_over(home)
    assert state(secret) == (0, 0, "600")
    assert state(home / "bin/start.sh")[2] == "755", "nothing else was changed either"


@as_root
def test_a_link_put_in_meanwhile_leads_nowhere(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "conf").mkdir(parents=True)
    (outside / "conf/carbon.xml").write_text("x")
    (outside / "conf/carbon.xml").chmod(0o600)
    planned = ownership.changes(home, ACCOUNTS, WRITTEN)
    (home / "repository").rename(home / "moved")
    (home / "repository").symlink_to(outside)
    with pytest.raises(OperatorError, match="was replaced"):
        ownership.apply(planned, home)
    assert state(outside / "conf/carbon.xml") == (0, 0, "600")


@as_root
def test_set_user_id_bits_do_not_survive(home: Path) -> None:
    (home / "bin/start.sh").chmod(0o4755)
    os.chown(home / "bin/start.sh", USER, GROUP)
    (home / "bin/start.sh").chmod(0o4755)
    hand_over(home)
    assert state(home / "bin/start.sh") == (OWNER, GROUP, "750")


@as_root
@pytest.mark.parametrize("uid", [64125, USER], ids=["who configures", "the server"])
def test_its_owner_configures_it_without_root_and_the_server_cannot(home: Path, uid: int) -> None:
    """cluster_home_owner, for hosts on which nobody becomes root: a member of the service group."""
    content = (home / "repository/conf/carbon.xml").read_text()
    (home / "repository/conf/carbon.xml").write_text("<a>1</a>")
    assert content
    ownership.apply(ownership.changes(home, ownership.Accounts(64125, USER, GROUP), WRITTEN), home)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = home.rename(Path(folder) / "home") / "repository/conf/carbon.xml"
        child = os.fork()
        if not child:  # pragma: no cover - another process
            os.setgroups([GROUP])
            os.setgid(64126)
            os.setuid(uid)
            try:
                patch_files([{"path": str(path), "edits": [{"xpath": "/a", "text": "2"}]}])
                os._exit(0)
            except OperatorError as error:
                os._exit(
                    3
                    if "cannot be written" in str(error)
                    or "permission denied" in str(error).lower()
                    else 4
                )
            except BaseException:
                os._exit(5)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert (status, path.read_text()) == ((0, "<a>2</a>") if uid == 64125 else (3, "<a>1</a>"))
        assert state(path) == (64125, GROUP, "640")


def test_what_is_gone_meanwhile_is_no_error(home: Path) -> None:
    accounts = ownership.Accounts(os.geteuid(), os.geteuid(), os.getegid())
    planned = ownership.changes(home, accounts, WRITTEN)
    (home / "repository/logs/server.log").unlink()
    ownership.apply(planned, home)
    assert ownership.changes(home, accounts, WRITTEN) == []
    assert list(ownership._below(home / "not-there", set(), 0)) == []


def test_changes_are_told_by_folder(home: Path) -> None:
    accounts = ownership.Accounts(os.geteuid(), os.geteuid(), os.getegid())
    told = ownership.shown(ownership.changes(home, accounts, WRITTEN), home)
    assert "solr (1)" in told and any(line.startswith("bin/start.sh") for line in told)


@pytest.mark.parametrize(
    "path, expected",
    [
        ("repository/components/patches/patch0001/fix.jar", True),
        ("repository/components/patches/patch0000/code.jar", False),
        ("repository/components/patches/.metadata/x.jar", False),
        ("repository/components/servicepacks/sp1/lib/fix.jar", True),
        ("repository/components/patches/readme.txt", False),
    ],
)
def test_patches_that_the_server_applies_itself(tmp_path: Path, path: str, expected: bool) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    assert ownership.has_patches(tmp_path) is expected


@pytest.mark.parametrize(
    "profile",
    sorted(f"{path.parent.name}/{path.name}" for path in PRODUCTS.glob("*/*.yml")),
)
def test_no_product_writes_its_code_or_configuration(profile: str) -> None:
    data = yaml.safe_load((PRODUCTS / profile).read_text())
    if "written" not in data:
        assert data["inherits"]
        return
    folders = data["written"]["folders"]
    for place in (
        "bin",
        "lib",
        "repository/conf",
        "repository/components/plugins",
        "repository/components/lib",
        "repository/resources/security",
    ):
        assert not any(place == folder or place.startswith(folder + "/") for folder in folders), (
            place
        )
