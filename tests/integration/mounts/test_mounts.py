# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What role shared_fs writes and calls for NFS, SMB and EFS, to the letter: this kernel need have
none of their clients.

A program named mount notes how it was called and mounts nothing, so that every case also shows what
the role does with a share that says it is mounted and is not.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
PASSWORD = "Canary, 'it' \"is\" 50% $HOME \\ =x"
CASES = {
    "nfs": (
        {"type": "nfs", "source": "nas1.bank.example:/export/km share"},
        (
            r"nas1.bank.example:/export/km\040share {path} nfs"
            r" _netdev,nodev,nosuid,hard,timeo=600,retrans=2 0 0"
        ),
    ),
    "nfs with options": (
        {"type": "nfs", "source": "nas1.bank.example:/km", "options": ["nfsvers=4.2", "sec=krb5p"]},
        (
            "nas1.bank.example:/km {path} nfs"
            " _netdev,nodev,nosuid,hard,timeo=600,retrans=2,nfsvers=4.2,sec=krb5p 0 0"
        ),
    ),
    "efs": (
        {"type": "efs", "source": "fs-0a1b2c3d.efs.eu-west-1.amazonaws.com:/"},
        (
            "fs-0a1b2c3d.efs.eu-west-1.amazonaws.com:/ {path} nfs4"
            " _netdev,nodev,nosuid,nfsvers=4.1,rsize=1048576,wsize=1048576,"
            "hard,timeo=600,retrans=2,noresvport 0 0"
        ),
    ),
    "efs with tls": (
        {"type": "efs", "source": "fs-0a1b2c3d:/", "tls": True},
        "fs-0a1b2c3d:/ {path} efs _netdev,nodev,nosuid,tls 0 0",
    ),
    "smb": (
        {"type": "smb", "source": "//nas1.bank.example/km", "user": "obkm", "domain": "BANK"},
        (
            "//nas1.bank.example/km {path} cifs"
            " _netdev,nodev,nosuid,seal,forceuid,forcegid,file_mode=0640,dir_mode=0750,mfsymlinks,"
            "credentials={credentials},uid=wso2,gid=wso2 0 0"
        ),
    ),
}


class Played(t.NamedTuple):
    output: str
    fstab: list[str]
    called: list[str]
    credentials: Path
    path: Path


def play(folder: Path, storage: t.Any, *arguments: str) -> Played:
    if os.geteuid() != 0:
        pytest.skip("needs root, because the file with the login belongs to root")
    programs, called, path = folder / "bin", folder / "called", folder / "mnt"
    fstab, credentials = folder / "fstab", folder / "etc" / "login"
    programs.mkdir(exist_ok=True)
    (programs / "mount").write_text(f'#!/bin/sh\necho "$@" >> {called}\n')
    (programs / "mount").chmod(0o755)
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_product": "carbon_4.7.1",
        "cluster_hostname": "km.example.org",
        "cluster_home": str(folder / "home"),
        "cluster_database": {"host": "db.example.org"},
        "cluster_shared_storage": {**storage, "path": str(path)},
        "cluster_admin_password": "Canary-1",
        "cluster_group_password": "Canary-2",
        "cluster_keystore_password": "Canary-3",
        "cluster_truststore_password": "Canary-5",
        "cluster_database_passwords": dict.fromkeys(
            ("user", "apim", "config", "registry", "open_banking"), "Canary-4"
        ),
        "cluster_manage_hosts_file": False,
        "shared_fs_credentials_file": str(credentials),
        # One that every system has: the clients themselves are not needed here.
        "shared_fs_packages": ["coreutils"],
        "test_fstab": str(fstab),
    }
    if storage["type"] == "smb":
        variables["cluster_shared_storage_password"] = PASSWORD
    inventory = folder / "hosts.yml"
    inventory.write_text(
        yaml.safe_dump(
            {"all": {"vars": variables, "children": {"key_manager": {"hosts": {"km1": {}}}}}}
        )
    )
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = ["ansible-playbook", str(HERE / "site.yml"), "-i", str(inventory), *arguments]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=REPOSITORY,
        env=environment,
    )
    lines = [file.read_text().splitlines() if file.exists() else [] for file in (fstab, called)]
    return Played(
        " ".join((done.stdout + done.stderr).split()), lines[0], lines[1], credentials, path
    )


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name not in ("nfs", "smb"))) for name in CASES],
)
def test_mount_is_entered_and_called_to_the_letter(name: str, tmp_path: Path) -> None:
    storage, line = CASES[name]
    made = play(tmp_path, storage, "-vvv", "--diff")
    assert made.fstab == [line.format(path=made.path, credentials=made.credentials)]
    assert len(made.called) == 1
    assert made.called[0].endswith(str(made.path))
    assert "Canary" not in made.output
    # The program said that it had mounted, and had not: nothing is linked.
    assert f"{made.path} is not a mount point on this host" in made.output
    assert not list((tmp_path / "home").rglob("*")) and not list(made.path.iterdir())
    if name != "smb":
        assert not made.credentials.exists()


def test_login_of_smb_is_readable_by_root_alone(tmp_path: Path) -> None:
    play(tmp_path, CASES["smb"][0])
    made = play(tmp_path, CASES["smb"][0])
    assert len(made.fstab) == 1
    assert made.credentials.read_text() == f"username=obkm\npassword={PASSWORD}\ndomain=BANK\n"
    assert stat.S_IMODE(made.credentials.stat().st_mode) == 0o600
    assert (made.credentials.stat().st_uid, made.credentials.stat().st_gid) == (0, 0)


def test_check_mode_writes_nothing_and_says_what_would_be_mounted(tmp_path: Path) -> None:
    made = play(tmp_path, CASES["nfs"][0], "--check")
    assert "changed=1" in made.output
    assert "failed=0" in made.output
    assert (made.fstab, made.called) == ([], [])
