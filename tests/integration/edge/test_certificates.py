# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Role certificates on four hosts that are folders of this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.jks import (
    password_fits,
    read_store,
    recover_key,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.pem import (
    certificates_of_pem,
    private_key_of_pem,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.store import (
    KeyRequest,
    StoreRequest,
    plan_store,
)

from tests.integration.edge.edge_machine import REPOSITORY

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="the role gives files to root"),
    pytest.mark.slow,
]

KEYSTORE_PASSWORD = "Canary'k$e\\y %store"
TRUSTSTORE_PASSWORD = "Canary-truststore"
ADDRESSES = {"km1": "192.0.2.11", "km2": "192.0.2.12", "lb1": "192.0.2.21", "am1": "192.0.2.41"}
PLAYBOOK = """
- hosts: all
  gather_facts: false
  roles: [carbon_ops.key_manager.certificates]
"""


class Place:
    """The folders that stand for hosts, and the role run on them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.keys = home / "etc" / "pki"
        (home / "play.yml").write_text(PLAYBOOK)
        groups = {"key_manager": ["km1", "km2"], "load_balancer": ["lb1"], "api_manager": ["am1"]}
        hosts = {
            name: {"cluster_node_address": address, "cluster_home": str(home / name)}
            for name, address in ADDRESSES.items()
        }
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "cluster_product": "carbon_4.7.1",
            "cluster_hostname": "km.edge.test",
            "cluster_gateway_hostname": "api.edge.test",
            "cluster_database": {"host": "db.edge.test"},
            "cluster_service_user": "root",
            "cluster_service_group": "root",
            "cluster_admin_password": "Canary-administrator",
            "cluster_group_password": "Canary-group",
            "cluster_keystore_password": KEYSTORE_PASSWORD,
            "cluster_truststore_password": TRUSTSTORE_PASSWORD,
            "cluster_database_passwords": {"shared": "Canary-database"},
            "certificates_packages": [],
            "certificates_rsa_size": 2048,
        }
        children = {
            group: {"hosts": {name: hosts[name] for name in names}}
            for group, names in groups.items()
        }
        (home / "hosts.json").write_text(
            json.dumps({"all": {"vars": variables, "children": children}})
        )
        self.stock = self._pair("stock")
        for name in ("km1", "km2", "am1"):
            security = self.security(name)
            security.mkdir(parents=True)
            key = KeyRequest("wso2carbon", self.stock[0], self.stock[1])
            for file, request in (
                ("wso2carbon.jks", StoreRequest("x", "wso2carbon", keys=[key])),
                (
                    "client-truststore.jks",
                    StoreRequest("x", "wso2carbon", trusted={"wso2carbon": self.stock[1]}),
                ),
            ):
                (security / file).write_bytes(plan_store(request, None, 1, bytes(20)).content)

    def _pair(self, name: str) -> list[str]:
        arguments = [
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=" + name,
            "-keyout",
            name + ".key",
            "-out",
            name + ".crt",
        ]
        subprocess.run(
            ["openssl", "req", "-x509", *arguments],
            cwd=self.home,
            check=True,
            capture_output=True,
            timeout=60,
        )
        return [(self.home / (name + suffix)).read_text() for suffix in (".key", ".crt")]

    def security(self, host: str) -> Path:
        return self.home / host / "repository" / "resources" / "security"

    def run(self, *arguments: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        tool = Path(sys.executable).parent / "ansible-playbook"
        # Only an extra variable is stronger than one of the role's own: without it the keys of this
        # very machine would be made.
        values = {
            **variables,
            "__certificates_directory": str(self.keys),
            # The hosts are folders of one machine, and each has backups of its own.
            "cluster_backup_directory": str(self.home / "backups" / "{{ inventory_hostname }}"),
        }
        done = subprocess.run(
            [
                str(tool),
                "-i",
                str(self.home / "hosts.json"),
                str(self.home / "play.yml"),
                "-e",
                json.dumps(values),
                *arguments,
            ],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "PATH": f"{tool.parent}:{os.environ['PATH']}",
                "ANSIBLE_NOCOLOR": "1",
            },
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert "Canary" not in done.stdout + done.stderr
        assert "PRIVATE KEY" not in done.stdout + done.stderr
        return done

    def manifest(self) -> dict[str, t.Any]:
        files = [
            path
            for path in self.home.rglob("*")
            if path.is_file() and path.suffix in (".crt", ".key", ".jks")
        ]
        return {
            str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
            for path in files
        }

    def text(self, certificate: Path) -> str:
        return subprocess.run(
            ["openssl", "x509", "-in", str(certificate), "-noout", "-text"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def names(self, certificate: Path) -> set[str]:
        return set(re.findall(r"(?:DNS|IP Address):([^,\s]+)", self.text(certificate)))


def changes(output: str) -> int:
    return sum(int(number) for number in re.findall(r"changed=(\d+)", output))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("certificates"))
    before = made.manifest()
    told = made.run("--check", "--diff")
    assert told.returncode == 0, told.stdout
    assert changes(told.stdout) > 0
    assert made.manifest() == before
    done = made.run("-vvv", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_every_name_that_is_called_is_in_the_certificate(place: Place) -> None:
    assert place.names(place.keys / "authority/obkm.crt") == {
        "km.edge.test",
        "mgt.km.edge.test",
        "km1",
        "km2",
        ADDRESSES["km1"],
        ADDRESSES["km2"],
    }
    assert place.names(place.keys / "lb1.crt") == {
        "km.edge.test",
        "mgt.km.edge.test",
        "lb1",
        ADDRESSES["lb1"],
    }
    # The Key Managers' revoke call goes to the gateway's name.
    assert place.names(place.keys / "am1.crt") == {"am1", ADDRESSES["am1"], "api.edge.test"}
    assert "id-ecPublicKey" in place.text(place.keys / "lb1.crt")
    for name in ("authority/obkm", "lb1", "am1"):
        files = ["-CAfile", str(place.keys / "ca.crt"), str(place.keys / (name + ".crt"))]
        subprocess.run(
            ["openssl", "verify", "-x509_strict", *files], check=True, capture_output=True
        )


def test_private_keys_are_readable_by_root_alone(place: Place) -> None:
    assert {path.stat().st_mode & 0o777 for path in place.keys.rglob("*.key")} == {0o600}
    assert (place.keys / "authority").stat().st_mode & 0o777 == 0o700


def test_key_managers_share_their_keys_and_api_manager_has_its_own(place: Place) -> None:
    for store, alias, pair in (
        ("obkm.jks", "obkm", "obkm"),
        ("obkm-internal.jks", "obkm-internal", "obkm-internal"),
    ):
        wanted = private_key_of_pem((place.keys / "authority" / (pair + ".key")).read_text(), "x")
        # What one product encrypts in a database of both the other can read.
        hosts = ("km1", "km2", "am1") if "internal" in store else ("km1", "km2")
        for host in hosts:
            entries = read_store((place.security(host) / store).read_bytes(), "x")
            assert [entry.alias for entry in entries] == [alias]
            assert recover_key(entries[0].protected_key or b"", KEYSTORE_PASSWORD) == wanted
    entries = read_store((place.security("am1") / "obkm-apim.jks").read_bytes(), "x")
    assert recover_key(entries[0].protected_key or b"", KEYSTORE_PASSWORD) == private_key_of_pem(
        (place.keys / "am1.key").read_text(), "x"
    )
    assert not (place.security("am1") / "obkm.jks").exists()


@pytest.mark.parametrize("host", ["km1", "km2", "am1"])
def test_both_sides_trust_each_other_and_no_longer_the_public_stock_key(
    place: Place, host: str
) -> None:
    content = (place.security(host) / "client-truststore.jks").read_bytes()
    assert password_fits(content, TRUSTSTORE_PASSWORD)
    trusted = {entry.alias: entry.certificates[0] for entry in read_store(content, "x")}
    files = {"obkm-authority-1": "ca.crt", "obkm": "authority/obkm.crt", "am1": "am1.crt"}
    assert trusted == {
        alias: certificates_of_pem((place.keys / file).read_text(), "x")[0]
        for alias, file in files.items()
    }


def test_a_second_run_touches_no_file(place: Place) -> None:
    before = place.manifest()
    done = place.run()
    assert done.returncode == 0, done.stdout
    assert changes(done.stdout) == 0
    assert place.manifest() == before


def test_a_certificate_is_renewed_in_time_for_the_same_key(place: Place) -> None:
    before = place.manifest()
    done = place.run("--limit", "lb1,km2", certificates_renew_days=400)
    assert done.returncode == 0, done.stdout
    after = place.manifest()
    changed = {
        str(Path(path).relative_to(place.home)) for path in after if after[path] != before.get(path)
    }
    security = "km2/repository/resources/security/"
    assert changed == {
        "etc/pki/lb1.crt",
        "etc/pki/authority/obkm.crt",
        security + "obkm.jks",
        security + "client-truststore.jks",
    }


def test_a_certificate_renewed_under_its_name_on_the_controller_is_rolled_out(place: Place) -> None:
    """The variables are the same, the file is another: a plain run finds it, and the run after that
    nothing."""
    given = {
        "api_manager": {
            "certificate": str(place.home / "given.crt"),
            "private_key": str(place.home / "given.key"),
        }
    }
    for number in range(2):
        key, certificate = place._pair("given")
        done = place.run("--limit", "am1", certificates_given=given)
        assert done.returncode == 0, done.stdout
        assert changes(done.stdout) > 0, number
        assert (place.keys / "am1.key").read_text() == key
        assert (place.keys / "am1.crt").read_text() == certificate
        assert (place.keys / "authority/public/am1.crt").read_text() == certificate
        store = (place.security("am1") / "obkm-apim.jks").read_bytes()
        assert read_store(store, "x")[0].certificates == certificates_of_pem(certificate, "x")
        second = place.run("--limit", "am1", certificates_given=given)
        assert second.returncode == 0, second.stdout
        assert changes(second.stdout) == 0


def test_files_that_were_changed_by_hand_are_mended(place: Place) -> None:
    authority = (place.keys / "ca.crt").read_bytes()
    (place.keys / "ca.crt").write_text("")
    (place.keys / "lb1.key").chmod(0o644)
    (place.keys / "authority").chmod(0o755)
    certificate = (place.keys / "lb1.crt").read_bytes()
    done = place.run("--limit", "lb1")
    assert done.returncode == 0, done.stdout
    assert (place.keys / "ca.crt").read_bytes() == authority
    assert (place.keys / "lb1.key").stat().st_mode & 0o777 == 0o600
    assert (place.keys / "authority").stat().st_mode & 0o777 == 0o700
    assert (place.keys / "lb1.crt").read_bytes() == certificate
    assert changes(place.run("--limit", "lb1").stdout) == 0


def test_another_internal_keystore_is_not_replaced(place: Place) -> None:
    store = place.security("km1") / "obkm-internal.jks"
    mine = store.read_bytes()
    key = KeyRequest("obkm-internal", place.stock[0], place.stock[1])
    other = plan_store(StoreRequest("x", KEYSTORE_PASSWORD, keys=[key]), None, 1, bytes(20)).content
    store.write_bytes(other)
    refused = place.run("--limit", "km1")
    assert refused.returncode != 0
    assert "would become unreadable" in re.sub(r"\s+", " ", refused.stdout)
    assert store.read_bytes() == other
    store.unlink()
    log = place.home / "km1/repository/logs/wso2carbon.log"
    log.parent.mkdir()
    log.touch()
    refused = place.run("--limit", "km1")
    assert refused.returncode != 0
    assert "was started before with another internal keystore" in re.sub(
        r"\s+", " ", refused.stdout
    )
    assert not store.exists()
    store.write_bytes(mine)


def test_a_second_authority_is_never_made_by_accident(place: Place) -> None:
    moved = place.keys / "elsewhere"
    (place.keys / "authority").rename(moved)
    refused = place.run("--limit", "lb1")
    moved.rename(place.keys / "authority")
    assert refused.returncode != 0
    assert "another host is the authority" in re.sub(r"\s+", " ", refused.stdout)
