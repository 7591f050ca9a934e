# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A real Carbon kernel reads its passwords from the secure vault that playbooks/configure.yml sets
up: of its keystores, its TLS connector, its databases and its administrator.

Its databases are files of H2, which are made with the passwords of the inventory and open with no
other. The administrator is made at the first start, with the password that the server reads.
"""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import time
import typing as t
import urllib.request
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.store import (
    KeyRequest,
    StoreRequest,
    plan_store,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import java_runtime

from demo.tools.build_products import product_members
from tests.integration.server.test_least_privilege import CACHE, READY, free_offset
from tests.support.commands import run
from tests.support.paths import REPOSITORY
from tests.support.playbooks import run_playbook

pytestmark = pytest.mark.slow

SECONDS = 240
# With what XML and Java could take for their own.
ADMINISTRATOR, KEYSTORE, TRUSTSTORE = "Canary&admin<1", "Canary-keystore'2", "Canary-trust#3"
# The file of each database of the layout.
DATABASES = {
    "user": "openbank_userdb",
    "apim": "openbank_apimgtdb",
    "config": "openbank_iskm_configdb",
    "registry": "openbank_govdb",
    "open_banking": "openbank_openbankingdb",
}
MOUNTS = ("Connected to mount at configRegistry", "Connected to mount at governanceRegistry")
CIPHER_TEXT = "repository/conf/security/cipher-text.properties"
LOGIN = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://authentication.services.core.carbon.wso2.org"><s:Body>
<a:login><a:username>admin</a:username><a:password>{}</a:password><a:remoteAddress>localhost</a:remoteAddress></a:login></s:Body></s:Envelope>"""


class Server:
    """A kernel in a folder, and the inventory that it is configured by."""

    def __init__(self, folder: Path, java: str) -> None:
        self.folder, self.java, self.home = folder, java, folder / "home"
        self.offset = free_offset()
        with zipfile.ZipFile(CACHE) as kernel:
            kernel.extractall(folder)
        (folder / "wso2carbon-core-4.7.1").rename(self.home)
        (self.home / "repository/conf/deployment.toml").unlink()
        own = product_members(REPOSITORY / "demo/product_files", "key_manager")
        for path, content in own.items():
            (self.home / path).parent.mkdir(parents=True, exist_ok=True)
            (self.home / path).write_bytes(content)
        self.variables: dict[str, t.Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "cluster_product": "carbon_4.7.1",
            "cluster_name": "vault",
            "cluster_home": str(self.home),
            "cluster_hostname": "km.bank.example",
            "cluster_port_offset": self.offset,
            "nginx_management_sources": ["192.0.2.0/24"],
            "cluster_caching": "local_without_invalidation",
            "cluster_database": {"vendor": "h2"},
            "cluster_database_passwords": {name: f"Canary-{name}4$" for name in DATABASES},
            "cluster_admin_password": ADMINISTRATOR,
            "cluster_group_password": "Canary-group5",
            "cluster_keystore_password": KEYSTORE,
            "cluster_truststore_password": TRUSTSTORE,
            "cluster_secret_storage": "secure_vault",
        }
        self._make_keystores()

    def _make_keystores(self) -> None:
        kind = ["-newkey", "rsa:3072", "-nodes", "-days", "2", "-subj", "/CN=km.bank.example"]
        subprocess.run(
            ["openssl", "req", "-x509", *kind, "-keyout", "key.pem", "-out", "crt.pem"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        key, certificate = ((self.folder / name).read_text() for name in ("key.pem", "crt.pem"))
        stores = {
            name: StoreRequest("", KEYSTORE, keys=[KeyRequest(name, key, certificate)])
            for name in ("vault", "vault-internal")
        }
        stores["client-truststore"] = StoreRequest("", TRUSTSTORE, trusted={"vault": certificate})
        for name, wanted in stores.items():
            content = plan_store(wanted, None, 1, os.urandom(20)).content
            (self.home / f"repository/resources/security/{name}.jks").write_bytes(content)

    def configure(self) -> str:
        hosts = {
            "km1": {"cluster_node_address": "127.0.0.1"},
            "lb1": {"cluster_node_address": "127.0.0.2"},
        }
        groups = {"key_manager": "km1", "load_balancer": "lb1"}
        children = {group: {"hosts": {host: {}}} for group, host in groups.items()}
        inventory = self.folder / "hosts.yml"
        data = {"vars": self.variables, "hosts": hosts, "children": children}
        inventory.write_text(yaml.safe_dump({"all": data}))
        done = run_playbook("playbooks/configure.yml", inventory, "--limit", "km1", "--diff")
        assert done.status == 0, done.output[-6000:]
        assert "Canary" not in done.output
        return done.output.split("PLAY RECAP")[1]

    def database(self, name: str, tool: str, *what: str) -> None:
        """Run a tool of H2's own on a database."""
        library = next((self.home / "repository/components/plugins").glob("h2-engine*.jar"))
        url = f"jdbc:h2:./repository/database/{DATABASES[name]}"
        account = ["-url", url, "-user", f"vault_{name}", "-password", self.password_of(name)]
        command = [f"{self.java}/bin/java", "-cp", str(library), f"org.h2.tools.{tool}"]
        subprocess.run([*command, *account, *what], cwd=self.home, check=True, capture_output=True)

    def password_of(self, name: str) -> str:
        return str(self.variables["cluster_database_passwords"][name])

    @property
    def log(self) -> str:
        path = self.home / "repository/logs/wso2carbon.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @contextlib.contextmanager
    def running(self) -> t.Iterator[None]:
        before = self.log.count(READY)
        with (self.folder / "output").open("ab") as output:
            process = subprocess.Popen(
                ["sh", "bin/wso2server.sh"],
                cwd=self.home,
                env={
                    "PATH": os.environ["PATH"],
                    "JAVA_HOME": self.java,
                    "CARBON_HOME": str(self.home),
                    "JVM_MEM_OPTS": "-Xms128m -Xmx512m",
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            limit = time.monotonic() + SECONDS
            while self.log.count(READY) == before:
                assert process.poll() is None and time.monotonic() < limit, self.log[-5000:]
                time.sleep(1)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=120)
            limit = time.monotonic() + 60
            with contextlib.suppress(ProcessLookupError):
                while time.monotonic() < limit:
                    os.killpg(process.pid, 0)
                    time.sleep(0.2)

    def serves(self) -> None:
        """Start it, and look for what each password is needed for."""
        before = len(self.log)
        with self.running():
            assert self.logs_in(ADMINISTRATOR) and not self.logs_in(ADMINISTRATOR + "x")
        log = self.log[before:]
        assert all(line in log for line in MOUNTS)
        assert "SecureVaultException" not in log

    def logs_in(self, password: str) -> bool:
        context = ssl.create_default_context(cafile=str(self.folder / "crt.pem"))
        # By an address; that the certificate is the one of the keystore is what is proved.
        context.check_hostname = False
        request = urllib.request.Request(
            f"https://127.0.0.1:{9443 + self.offset}/services/AuthenticationAdmin",
            data=LOGIN.format(escape(password)).encode(),
            headers={"Content-Type": "text/xml", "SOAPAction": "urn:login"},
        )
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return b"return>true<" in answer.read()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    java = java_runtime.find_java("", [11, 17], java_runtime.java_candidates(), run)
    if not CACHE.exists() or java is None or not java_runtime.java_accepted(java.feature, [11, 17]):
        pytest.skip("the kernel that scripts/demo fetches, or a Java 11 to 17 for it, is not here")
    return Server(tmp_path, java.home)


def test_a_real_server_starts_with_its_secrets_in_the_vault(server: Server) -> None:
    for name in DATABASES:
        server.database(name, "RunScript", "-script", "dbscripts/h2.sql")
    server.configure()
    cipher_text = (server.home / CIPHER_TEXT).read_text()
    server.serves()

    # Another password of a database: in the inventory, and by that in the vault.
    server.database("user", "Shell", "-sql", "ALTER USER vault_user SET PASSWORD 'Canary-new5$'")
    server.variables["cluster_database_passwords"]["user"] = "Canary-new5$"
    assert "changed=1 " in server.configure()
    changed = set((server.home / CIPHER_TEXT).read_text().splitlines()) - set(
        cipher_text.splitlines()
    )
    assert [line.split("=")[0] for line in changed] == [
        "Datasources.WSO2UM_DB.Configuration.Password"
    ]
    server.serves()

    server.variables["cluster_secret_storage"] = "plain"
    server.configure()
    assert not (server.home / "password-persist").exists()
    server.serves()
