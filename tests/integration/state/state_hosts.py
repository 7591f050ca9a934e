# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Containers of the demo's host image: a database host, and two hosts that stand for Key Managers
and have a volume in common."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import typing as t
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
NETWORK = "carbon-ops-state-test"
HOSTS = {"st-db1": "10.203.67.21", "st-km1": "10.203.67.11", "st-km2": "10.203.67.12"}
SHARE = "st-share"
SYSTEMD = [
    "--cap-add",
    "SYS_ADMIN",
    "--cgroupns=host",
    "-v",
    "/sys/fs/cgroup:/sys/fs/cgroup:rw",
    "--tmpfs",
    "/run",
    "--tmpfs",
    "/run/lock",
    "--tmpfs",
    "/tmp:exec",
    "--stop-signal",
    "SIGRTMIN+3",
]


def docker(*arguments: str, check: bool = True, stdin: str | None = None) -> str:
    done = subprocess.run(
        ["docker", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        input=stdin,
    )
    if check and done.returncode:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def image() -> str:
    if "CARBON_OPS_TEST_IMAGE" in os.environ:
        return os.environ["CARBON_OPS_TEST_IMAGE"]
    if shutil.which("docker") is None:
        pytest.skip("needs Docker")
    found = docker(
        "images", "--format", "{{.Repository}}:{{.Tag}}", "carbon-ops-host", check=False
    ).split()
    if not found:
        pytest.skip(
            "needs the demo's host image: run scripts/demo --prepare-only, or set"
            " CARBON_OPS_TEST_IMAGE"
        )
    return found[0]


def wait_for(host: str) -> None:
    limit = time.monotonic() + 60
    while docker("exec", host, "systemctl", "is-system-running", check=False).strip() not in (
        "running",
        "degraded",
    ):
        assert time.monotonic() < limit, f"{host} does not finish booting"
        time.sleep(0.5)


class Hosts:
    """The containers, and the playbook that is run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, host: str, command: str, stdin: str | None = None, check: bool = True) -> str:
        return docker("exec", "-i", host, "bash", "-c", command, stdin=stdin, check=check)

    def sql(self, statement: str, database: str = "") -> str:
        return self.run("st-db1", f"mariadb -N {database}", stdin=statement)

    def remount(self, host: str) -> None:
        """Only a restart brings a volume back that was unmounted inside."""
        docker("restart", host)
        wait_for(host)

    def play(
        self,
        *arguments: str,
        playbook: str = "site.yml",
        inventory: Path = HERE / "hosts.yml",
        check: bool = True,
    ) -> str:
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
        }
        command = ["ansible-playbook", str(HERE / playbook), "-i", str(inventory), *arguments]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=600,
            cwd=REPOSITORY,
            env=environment,
        )
        output = done.stdout + done.stderr
        assert (done.returncode == 0) is check, output[-6000:]
        return output


def changed(output: str) -> dict[str, int]:
    """Changes by host, from the recap of a run."""
    return {
        host: int(count)
        for host, count in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", output, re.MULTILINE)
    }


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Hosts]:
    tag = image()
    remove = ["rm", "-f", "-v", *HOSTS]
    docker(*remove, check=False)
    docker("volume", "rm", SHARE, check=False)
    docker("network", "rm", NETWORK, check=False)
    try:
        docker("network", "create", "--subnet", "10.203.67.0/24", NETWORK)
        for name, address in HOSTS.items():
            options = [
                "--name",
                name,
                "--hostname",
                name,
                "--network",
                NETWORK,
                "--ip",
                address,
                *(("-v", f"{SHARE}:/srv/share") if "km" in name else ()),
            ]
            docker("run", "-d", *options, *SYSTEMD, tag)
        for name in HOSTS:
            wait_for(name)
        yield Hosts(tmp_path_factory.mktemp("state"))
    finally:
        if not os.environ.get("CARBON_OPS_TEST_KEEP"):
            docker(*remove, check=False)
            docker("volume", "rm", SHARE, check=False)
            docker("network", "rm", NETWORK, check=False)
