# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A real Carbon kernel that owns what its profile says it writes, and nothing else of its home.

It runs as another user, where the rest of its home is mounted read-only, as the systemd unit does
it (ReadWritePaths): so what is missing from the list shows in two ways. Started twice, because a second start finds what the first one
left.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import typing as t
import urllib.request
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    log as health_log,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home import (
    installation,
    ownership,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import java_runtime

from tests.support.commands import run

REPOSITORY = Path(__file__).resolve().parents[3]
PROFILE = REPOSITORY / "roles/cluster/files/products/carbon_4.4/base.yml"
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
    / "carbon-ops/downloads/wso2carbon-core-4.7.1.zip"
)
USER = GROUP = 64123
READY = "Mgt Console URL"
SECONDS = 240
SANDBOX = """
set -e
mount --make-rprivate /
mount --bind {home} {home}
{writable}
mount -o remount,bind,ro {home}
cd {home}
exec setpriv --reuid={user} --regid={group} --clear-groups --no-new-privs sh bin/wso2server.sh
"""
LOGIN = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://authentication.services.core.carbon.wso2.org"><s:Body>
<a:login><a:username>admin</a:username><a:password>admin</a:password><a:remoteAddress>localhost</a:remoteAddress></a:login></s:Body></s:Envelope>"""

pytestmark = pytest.mark.slow


def free_offset() -> int:
    for offset in range(5000, 20000, 37):
        with socket.socket() as https, socket.socket() as jmx:
            try:
                https.bind(("", 9443 + offset))
                jmx.bind(("", 9999 + offset))
            except OSError:
                continue
            return offset
    raise AssertionError("no free ports")


class Server:
    def __init__(self, home: Path, java: str, output: Path) -> None:
        self.home, self.java, self.output = home, java, output
        self.offset = free_offset()
        data = yaml.safe_load(PROFILE.read_text())["written"]
        self.written = ownership.Written(data["folders"], data["files"])
        carbon = home / "repository/conf/carbon.xml"
        text, count = re.subn(
            "<Offset>0</Offset>",
            f"<Offset>{self.offset}</Offset>",
            carbon.read_text(encoding="latin-1"),
        )
        assert count == 1
        carbon.write_text(text, encoding="latin-1")

    @property
    def log(self) -> str:
        path = self.home / "repository/logs/wso2carbon.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def run(self) -> None:
        """Start, wait, log in, stop."""
        writable = "\n".join(
            f"mount --bind {self.home / name} {self.home / name}"
            for name in sorted([*self.written.folders, *self.written.files])
        )
        script = SANDBOX.format(home=self.home, writable=writable, user=USER, group=GROUP)
        before = self.log.count(READY)
        with self.output.open("ab") as output:
            process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", script],
                env={
                    "PATH": os.environ["PATH"],
                    "JAVA_HOME": self.java,
                    "CARBON_HOME": str(self.home),
                    "JVM_MEM_OPTS": "-Xms128m -Xmx512m",
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            limit = time.monotonic() + SECONDS
            while self.log.count(READY) == before:
                assert process.poll() is None and time.monotonic() < limit, (
                    self.output.read_text()[-3000:] + self.log[-3000:]
                )
                time.sleep(1)
            context = ssl.create_default_context(cafile=None)
            # The stock certificate, on this machine's own address: nothing is proved of TLS here.
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            request = urllib.request.Request(
                f"https://127.0.0.1:{9443 + self.offset}/services/AuthenticationAdmin",
                data=LOGIN.encode(),
                headers={"Content-Type": "text/xml", "SOAPAction": "urn:login"},
            )
            answer = urllib.request.urlopen(request, timeout=60, context=context).read().decode()
            assert "return>true<" in answer
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=120)
            # The script ends before its virtual machine, which would make the folders anew that the
            # test takes away.
            limit = time.monotonic() + 60
            with contextlib.suppress(ProcessLookupError):
                while time.monotonic() < limit:
                    os.killpg(process.pid, 0)
                    time.sleep(0.2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Server]:
    java = java_runtime.find_java("", [11, 17], java_runtime.java_candidates(), run)
    if not CACHE.exists() or java is None or not java_runtime.java_accepted(java.feature, [11, 17]):
        pytest.skip("the kernel that scripts/demo fetches, or a Java 11 to 17 for it, is not here")
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can run a server as another user")
    if (
        subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode
        != 0
    ):
        pytest.skip("this user may not make mounts of its own")
    # pytest's own folders are closed to other users.
    folder = Path("/var/tmp") / f"carbon-ops-least-privilege-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        home = folder / "home"
        with pytest.MonkeyPatch.context() as patch:
            # The kernel is configured by its XML files once the file that makes them anew is gone.
            patch.setattr(installation, "REGENERATING_FILE", "nothing")
            installation.unpack(str(CACHE), str(home), USER, GROUP, "The kernel")
        (home / "repository/conf/deployment.toml").unlink()
        yield Server(home, java.home, tmp_path_factory.mktemp("output") / "console")
    finally:
        shutil.rmtree(folder)


def as_the_server(*command: str) -> subprocess.CompletedProcess[str]:
    account = [f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups"]
    return subprocess.run(
        ["setpriv", *account, *command], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_real_server_runs_and_runs_again_on_what_it_owns(server: Server) -> None:
    # Taken over from a home that was all the server's.
    planned = ownership.changes(server.home, ownership.Accounts(0, USER, GROUP), server.written)
    ownership.apply(planned, server.home)
    server.run()
    server.run()
    lines = [*server.output.read_text().splitlines(), *server.log.splitlines()]
    refused = [
        line
        for line in lines
        if re.search("ermission denied|Read-only file|AccessDenied|Cannot write", line)
    ]
    assert refused == []
    assert not [
        cause for cause, _fatal in health_log.explain(lines) if "may not read or write" in cause
    ]
    assert ownership.changes(server.home, ownership.Accounts(0, USER, GROUP), server.written) == []


@pytest.mark.parametrize(
    "path",
    [
        "bin/wso2server.sh",
        "repository/conf/carbon.xml",
        "repository/conf/user-mgt.xml",
        "repository/components/plugins/x.jar",
        "x",
    ],
)
def test_its_user_cannot_write_its_code_or_configuration(server: Server, path: str) -> None:
    refused = as_the_server("sh", "-c", f"echo x >>'{server.home / path}'")
    assert refused.returncode != 0
    assert "ermission denied" in refused.stderr
    assert (
        as_the_server(
            "sh", "-c", f"mv '{server.home}/repository/conf' '{server.home}/repository/other'"
        ).returncode
        != 0
    )


def test_its_user_can_write_what_it_must(server: Server) -> None:
    for name in server.written.folders:
        assert as_the_server("touch", str(server.home / name / "x")).returncode == 0, name
