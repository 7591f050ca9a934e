# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""site.yml --check goes to its end on hosts where nothing was ever set up, and writes nothing
there.

This machine stands for all the hosts, with overlays over the folders that the roles write to: what
a run writes is in them afterwards.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]
FOLDERS = ("etc", "usr/local", "opt", "srv", "var/lib", "var/log")
# Written by the package manager and the system whoever asks them.
NOT_OURS = re.compile(r"^var/(lib/(apt|dpkg|systemd)|log)(/|$)")
MACHINE = """
set -e
mkdir "$0"/overlay; mount -t tmpfs tmpfs "$0"/overlay
for folder in %s; do
  mkdir -p /$folder "$0"/overlay/upper/$folder "$0"/overlay/work/$folder
  mount -t overlay overlay -o lowerdir=/$folder,upperdir="$0"/overlay/upper/$folder,workdir="$0"/overlay/work/$folder /$folder
done
status=0; "$@" >"$0"/output 2>&1 || status=$?
(cd "$0"/overlay/upper && find . ! -type d -printf '%%P\\n') >"$0"/written
exit $status
""" % " ".join(FOLDERS)


@pytest.fixture
def folder() -> t.Iterator[Path]:
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["unshare", "--mount", "true"], capture_output=True, check=False
        ).returncode
        != 0
    ):
        pytest.skip("only root can make mounts of its own")
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


# Beside the demonstration, what takes other ways through the roles.
CASES: dict[str, dict[str, t.Any]] = {
    "demonstration": {},
    "others": {
        "cluster_product": "is_km_5.7.0",
        "cluster_api_manager_product": "apim_2.6.0",
        # Debian 12 has no Java 8.
        "cluster_java_home": "/opt/java-8",
        "cluster_database": {"vendor": "postgresql"},
        "cluster_database_passwords": dict.fromkeys(
            ("user", "apim", "registry"), "Not-used-here-1"
        ),
        "cluster_shared_storage": {"type": "nfs", "source": "nas1.fresh.test:/export/km"},
        "cluster_user_store": {
            "type": "ldap_read_only",
            "connection_url": "ldaps://ldap.fresh.test",
            "connection_name": "cn=reader,dc=fresh,dc=test",
            "user_search_base": "ou=people,dc=fresh,dc=test",
            "group_search_base": "ou=groups,dc=fresh,dc=test",
        },
        "cluster_user_store_password": "Not-used-here-1",
        "firewall_state": "present",
        "firewall_administration_sources": ["192.0.2.0/24", "127.0.0.0/8"],
        "nginx_stickiness": "ip_hash",
        "nginx_public_access": "full",
    },
}


WITHOUT_JAVA = {
    key: value
    for key, value in CASES["others"].items()
    if key in ("cluster_api_manager_product", "cluster_database", "cluster_database_passwords")
}


def inventory(archive: Path, further: dict[str, t.Any]) -> dict[str, t.Any]:
    hosts = {
        "km1": "192.0.2.11",
        "km2": "192.0.2.12",
        "lb1": "192.0.2.21",
        "db1": "192.0.2.31",
        "am1": "192.0.2.41",
    }
    groups = {
        "key_manager": ["km1", "km2"],
        "load_balancer": ["lb1"],
        "database": ["db1"],
        "api_manager": ["am1"],
    }
    # It is not unpacked in check mode.
    product = {"src": str(archive), "checksum": "sha256:" + "0" * 64}
    variables = {
        "nginx_management_sources": ["192.0.2.0/24"],
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_product": "carbon_4.7.1",
        "cluster_name": "fresh",
        "cluster_hostname": "km.fresh.test",
        "cluster_product_archive": product,
        "cluster_api_manager_archive": product,
        "cluster_database": {"vendor": "mariadb", "accounts": "shared"},
        "cluster_shared_storage": {"type": "none"},
        "cluster_database_passwords": {"shared": "Not-used-here-1"},
        **{
            f"cluster_{name}_password": "Not-used-here-1"
            for name in ("admin", "group", "keystore", "truststore")
        },
        **further,
    }
    return {
        "all": {
            "vars": variables,
            "hosts": {host: {"cluster_node_address": address} for host, address in hosts.items()},
            "children": {
                group: {"hosts": {host: {} for host in members}}
                for group, members in groups.items()
            },
        }
    }


def check(folder: Path, further: dict[str, t.Any]) -> tuple[int, str]:
    """The exit status and the output of a run in check mode."""
    (folder / "product.zip").write_bytes(b"")
    (folder / "hosts.json").write_text(
        json.dumps(inventory(folder / "product.zip", further)), encoding="utf-8"
    )
    tools = Path(sys.executable).parent
    command = [
        str(tools / "ansible-playbook"),
        "-i",
        str(folder / "hosts.json"),
        "--check",
        "--diff",
        "site.yml",
    ]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", MACHINE, str(folder), *command],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "ANSIBLE_NOCOLOR": "1",
            "PATH": "{0}{1}{2}".format(tools, os.pathsep, os.environ["PATH"]),
        },
        timeout=600,
        check=False,
    )
    return done.returncode, (folder / "output").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_check_mode_goes_to_its_end_on_fresh_hosts_and_writes_nothing(
    case: str, folder: Path
) -> None:
    status, output = check(folder, CASES[case])
    assert status == 0, output[-6000:]
    recap = dict(
        re.findall(
            r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0", output, re.MULTILINE
        )
    )
    assert set(recap) == {"km1", "km2", "lb1", "db1", "am1"} and all(
        int(count) > 0 for count in recap.values()
    ), recap
    assert "Not-used-here" not in output, "the output shows a password"
    # The modules of other collections have some of their own.
    assert case != "demonstration" or "DEPRECATION" not in output
    written = [
        path
        for path in (folder / "written").read_text(encoding="utf-8").splitlines()
        if not NOT_OURS.match(path)
    ]
    assert written == []


def test_a_java_that_no_package_brings_is_told_with_what_to_do(folder: Path) -> None:
    status, output = check(
        folder,
        {
            "cluster_java_package": "no-java-of-this-name",
            "cluster_product": "is_km_5.7.0",
            **WITHOUT_JAVA,
        },
    )
    assert status != 0
    said = re.sub(r"\s+", " ", output)
    assert (
        "The package no-java-of-this-name could not be installed on km1: No package matching"
        " 'no-java-of-this-name' is available" in said
    )
    assert (
        "Set cluster_java_package to a package that brings Java 8, or cluster_java_home to where"
        " it is." in said
    )
