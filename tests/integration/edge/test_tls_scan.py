# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Every TLS port of nginx, as testssl.sh of Debian sees it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.edge.edge_machine import HOSTNAME, MANAGEMENT, Edge

pytestmark = pytest.mark.slow

CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "carbon-ops" / "testssl"
)
HARMLESS = {"OK", "INFO", "LOW", "DEBUG"}
# What is above "low", and why; docs/security.md says the same.
EXPLAINED = {
    "cipher_order": "every cipher is a strong one; a client without AES in hardware picks ChaCha20",
    "cert_revocation": "the cluster's own authority has neither CRL nor OCSP: certificates are replaced",
    # Of this test, not of the role.
    "cert_expirationStatus": "the certificates of these tests are good for two days",
    "cert_notAfter": "likewise",
    "engine_problem": "of the scanner's own OpenSSL, which has no GOST",
    "sessionresumption_ticket": "tickets are off, so the scanner's OpenSSL has nothing to resume with",
}


# testssl.sh wants one to be there, even for an address that it is given.
RESOLVERS = ("dig", "host", "drill", "nslookup")


@pytest.fixture(scope="session")
def testssl() -> tuple[str, dict[str, str]]:
    """The program and its environment: the installed one, or that of the distribution's package
    unpacked into the cache."""
    installed = shutil.which("testssl")
    if installed:
        return installed, {}
    if not CACHE.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        CACHE.mkdir(parents=True)
        download = ["apt-get", "download", "testssl.sh"]
        subprocess.run(download, cwd=CACHE, capture_output=True, timeout=120, check=False)
        for package in CACHE.glob("*.deb"):
            subprocess.run(
                ["dpkg", "--extract", str(package), str(CACHE)],
                capture_output=True,
                timeout=60,
                check=True,
            )
    program = CACHE / "usr/bin/testssl"
    if not program.exists() or not shutil.which("hexdump"):
        pytest.skip("testssl.sh (or its hexdump) is not installed and cannot be fetched")
    return str(program), {"TESTSSL_INSTALL_DIR": str(CACHE / "etc/testssl")}


@pytest.mark.parametrize(
    ("host", "port"),
    [(HOSTNAME, "public_port"), (MANAGEMENT, "public_port"), (HOSTNAME, "internal_port")],
    ids=["public", "management", "internal"],
)
def test_nothing_above_low_is_found(
    two_nodes: Edge,
    testssl: tuple[str, dict[str, str]],
    tmp_path: Path,
    host: str,
    port: str,
) -> None:
    program, environment = testssl
    found = tmp_path / "found.json"
    command = [program, "--quiet", "--color", "0", "--warnings", "batch", "--ip", "127.0.0.1"]
    command += ["--add-ca", str(two_nodes.certificates.authority), "--jsonfile", str(found)]
    command += ["--protocols", "--std", "--pfs", "--server-preference", "--server-defaults"]
    command += ["--vulnerable", f"{host}:{two_nodes.model[port]}"]
    path = os.environ["PATH"]
    if not any(map(shutil.which, RESOLVERS)):
        (tmp_path / "dig").write_text("#!/bin/sh\n")
        (tmp_path / "dig").chmod(0o755)
        path = f"{tmp_path}:{path}"
    done = subprocess.run(
        command,
        env={**os.environ, **environment, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    findings = json.loads(found.read_text())
    seen = {finding["id"]: finding for finding in findings}
    # The scan came to its end, and saw the protocols and the certificate.
    assert {"TLS1_2", "TLS1_3", "cert_chain_of_trust", "heartbleed", "RC4"} <= set(seen), (
        done.stdout
    )
    assert [seen[name]["finding"] for name in ("SSLv2", "SSLv3", "TLS1", "TLS1_1")] == [
        "not offered"
    ] * 4
    above = {
        finding["id"]: f"{finding['severity']}: {finding['finding']}"
        for finding in findings
        if finding["severity"] not in HARMLESS
    }
    print(json.dumps(above, indent=2))
    assert {name: text for name, text in above.items() if name.split()[0] not in EXPLAINED} == {}
