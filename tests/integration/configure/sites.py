# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Sites to configure: product homes on this machine with an inventory, and a look at the process
list while they are configured."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
import typing as t
import uuid
from pathlib import Path

import pytest
import yaml

from tests.support import homes
from tests.support.paths import REPOSITORY, SHARED

# The homes of a Key Manager and of its API Manager.
REAL = {
    "ob_km_1.5": (("ob-km-1.5-uk",), ("apim-2.6.0", "ob-apim-1.5-uk")),
    "is_km_5.7.0": (("is-km-5.7.0",), ("ob-apim-1.5-uk", "apim-2.6.0")),
}
FIXTURES = {"ob_km_1.5": ("ob_km", "ob_apim"), "carbon_4.7.1": ("carbon_km", "carbon_apim")}
ADDRESSES = {
    "km1": "10.20.30.11",
    "km2": "10.20.30.12",
    "lb1": "10.20.30.21",
    "db1": "10.20.30.31",
    "am1": "10.20.30.41",
}
DATABASES = {
    "documented": ("user", "apim", "config", "registry", "open_banking"),
    "standard": ("common", "apim", "open_banking"),
}
# Of the Identity Server; it has one layout.
DATABASES_OF_IDENTITY_SERVER = ("user", "apim", "registry")
# Files that Identity Server and its API Manager have and that were published of another product
# only.
KERNEL = SHARED / "real" / "carbon-kernel-4.4.35"
BORROWED = (
    {
        "repository/conf/etc/jmx.xml": KERNEL,
        "repository/conf/identity/application-authentication.xml": SHARED / "real" / "ob-km-1.5-uk",
        "repository/deployment/server/jaggeryapps/dashboard/conf/site.json": (
            REPOSITORY / "tests" / "fixtures" / "homes" / "ob_km"
        ),
        "repository/deployment/server/jaggeryapps/portal/conf/site.json": (
            REPOSITORY / "tests" / "fixtures" / "homes" / "ob_km"
        ),
    },
    {
        "repository/conf/etc/jmx.xml": KERNEL,
        "repository/conf/identity/identity.xml": SHARED / "real" / "is-km-5.7.0",
    },
)
# Every character that some layer between the inventory and the file could take for its own: shell,
# XML, regular expressions, Jinja, the format of secrets. The token tells these passwords from those
# of other runs on the same machine.
AWKWARD = "'$&<>\"%\\#"

# What docs/security.md says: nothing becomes root, /etc/hosts and the folder of backups are left
# alone.
WITHOUT_ROOT = {
    "ansible_become": False,
    "cluster_manage_hosts_file": False,
    "km_node_backup": False,
    "apim_wiring_backup": False,
}

# What is configured and looked at by name, see conftest.py.
SITES: dict[str, dict[str, t.Any]] = {
    "fixtures-documented": {"source": "fixtures", "layout": "documented"},
    "fixtures-standard": {
        "source": "fixtures",
        "layout": "standard",
        "nodes": 1,
        "api_managers": 0,
    },
    "real-documented": {"source": "real", "layout": "documented"},
    "real-standard": {"source": "real", "layout": "standard", "nodes": 1},
    "fixtures-kernel": {
        "source": "fixtures",
        "product": "carbon_4.7.1",
        "cluster_email_user_names": True,
    },
    "real-identity-server": {
        "source": "real",
        "product": "is_km_5.7.0",
        "cluster_email_user_names": True,
        "cluster_gateway": {
            "topology": "distributed",
            "clustered": True,
            "hosts": ["gw1.bank.example"],
        },
    },
}
QUICK = "real-documented" if (SHARED / "real").is_dir() else "fixtures-documented"
PARAMETERS = [pytest.param(name, marks=[pytest.mark.slow] * (name != QUICK)) for name in SITES]


class Secrets:
    def __init__(self) -> None:
        self.token = "Canary" + uuid.uuid4().hex[:6]

    def __call__(self, name: str) -> str:
        return f"{self.token}{AWKWARD}{name}"

    def database(self, name: str) -> str:
        return self("%{admin_password}" + name)


class Site:
    """An inventory and its product homes in a folder, under git so that a run shows as a diff."""

    def __init__(
        self,
        folder: Path,
        source: str,
        layout: str = "documented",
        nodes: int = 2,
        api_managers: int = 1,
        product: str = "ob_km_1.5",
        **variables: t.Any,
    ) -> None:
        self.folder = folder
        self.source = source
        self.layout = layout
        self.product = product
        self.secrets = Secrets()
        self.key_managers = ["km1", "km2"][:nodes]
        self.api_managers = ["am1"][:api_managers]
        self.homes = {
            host: folder / "homes" / host for host in [*self.key_managers, *self.api_managers]
        }
        for host, home in self.homes.items():
            make_home(source, product, host in self.api_managers, home)
        databases = DATABASES_OF_IDENTITY_SERVER if product == "is_km_5.7.0" else DATABASES[layout]
        self.variables: dict[str, t.Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "cluster_product": product,
            "cluster_hostname": "km.bank.example",
            "cluster_management_hostname": "console.bank.example",
            "nginx_management_sources": ["192.0.2.0/24"],
            "cluster_gateway_hostname": "api.bank.example",
            "cluster_gateway_port": 8244,
            "cluster_domain": "bank.obkm.domain",
            "cluster_port_offset": 7,
            "cluster_member_port": 4100,
            "cluster_admin_user": "operator@bank.example",
            "cluster_admin_password": self.secrets("a"),
            "cluster_group_password": self.secrets("group"),
            "cluster_keystore_password": self.secrets("keystore"),
            "cluster_truststore_password": self.secrets("truststore"),
            "cluster_database": {"vendor": "mysql", "layout": layout},
            "cluster_database_passwords": {name: self.secrets.database(name) for name in databases},
            **variables,
        }
        if not api_managers:
            # From here the schema script of its database would come; the configuration reads none.
            archive = folder / "wso2am-2.6.0.zip"
            archive.touch()
            self.variables.setdefault(
                "cluster_api_manager_archive",
                {"src": str(archive), "checksum": "sha256:" + "0" * 64},
            )
        self.inventory = folder / "hosts.yml"
        self.write_inventory()
        self.git("init", "--quiet")
        self.git("config", "core.autocrlf", "false")
        (folder / ".git" / "info" / "attributes").write_text("* -text\n", encoding="utf-8")
        self.commit()

    def write_inventory(self) -> None:
        hosts: dict[str, dict[str, t.Any]] = {
            host: {"cluster_node_address": address} for host, address in ADDRESSES.items()
        }
        for host, home in self.homes.items():
            hosts[host]["cluster_home"] = str(home)
        children = {
            "key_manager": self.key_managers,
            "load_balancer": ["lb1"],
            "database": ["db1"],
            "api_manager": self.api_managers,
        }
        used = [host for members in children.values() for host in members]
        data = {
            "vars": self.variables,
            "hosts": {host: hosts[host] for host in used},
            "children": {
                group: {"hosts": {host: {} for host in members}}
                for group, members in children.items()
            },
        }
        self.inventory.write_text(yaml.safe_dump({"all": data}), encoding="utf-8")

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com", *arguments]
        return subprocess.run(
            command, cwd=self.folder, check=True, capture_output=True, text=True, encoding="latin-1"
        ).stdout

    def commit(self) -> None:
        self.git("add", "--force", "homes")
        self.git("commit", "--quiet", "--message", "homes")

    def numstat(self) -> dict[str, tuple[int, int]]:
        """Lines added and removed since the last commit, new files included, by path below the
        folder of homes."""
        self.git("add", "--force", "--intent-to-add", "homes")
        lines = (line.split("\t") for line in self.git("diff", "--numstat").splitlines())
        return {path[len("homes/") :]: (int(added), int(removed)) for added, removed, path in lines}

    def stock(self, path: str) -> bytes:
        """A file as it was at the last commit."""
        return subprocess.run(
            ["git", "show", "HEAD:homes/" + path], cwd=self.folder, check=True, capture_output=True
        ).stdout

    def state(self) -> dict[str, tuple[int, int, bytes]]:
        """Inode, time of change and bytes of every file of every home."""
        homes = self.folder / "homes"
        files = sorted(path for path in homes.rglob("*") if path.is_file())
        return {
            str(path.relative_to(homes)): (
                path.stat().st_ino,
                path.stat().st_mtime_ns,
                path.read_bytes(),
            )
            for path in files
        }


def make_home(source: str, product: str, api_manager: bool, home: Path) -> None:
    if source == "real":
        if not (SHARED / "real").is_dir():
            pytest.skip(
                "the real product files are not here: set CARBON_OPS_SHARED to their folder"
            )
        for folder in REAL[product][api_manager]:
            # Of API Manager 2.6.0 other files were published than of Open Banking's, which is built
            # on it.
            shutil.copytree(
                SHARED / "real" / folder, home, copy_function=shutil.copyfile, dirs_exist_ok=True
            )
            for path in [home, *home.rglob("*")]:
                path.chmod(0o755 if path.is_dir() else 0o644)
        for path, folder in BORROWED[api_manager].items() if product == "is_km_5.7.0" else ():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / path, home / path)
        for path in [home, *home.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        return
    homes.make_home(FIXTURES[product][api_manager], home)


class ProcessList:
    """Looks at the command lines of all processes, again and again, for a word that must not stand
    there."""

    def __init__(self, word: str) -> None:
        self.word = word.encode()
        self.found: set[bytes] = set()
        self.looks = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ProcessList:
        self._thread.start()
        return self

    def __exit__(self, *_error: t.Any) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.is_set():
            for entry in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = entry.read_bytes()
                except OSError:
                    continue
                if self.word in line:
                    self.found.add(line)
            self.looks += 1
            time.sleep(0.1)
