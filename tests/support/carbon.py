# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A small HTTPS server that answers as a Carbon server does, with a certificate of an authority
made for the tests."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest

NAME = "km1.test.example"


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.crt, other-ca.crt (an authority that signed nothing) and server.pem (key and certificate
    for NAME)."""
    folder = tmp_path_factory.mktemp("pki")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other-ca"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", name + ".key", "-out", name + ".crt")  # fmt: skip
    # What Python 3.13 asks of an authority and of what it signs.
    (folder / "names").write_text(f"subjectAltName=DNS:{NAME}\nauthorityKeyIdentifier=keyid\n")
    openssl(
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=km",
        "-keyout",
        "km.key",
        "-out",
        "km.csr",
    )
    openssl("x509", "-req", "-in", "km.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names",
            "-out", "km.crt")  # fmt: skip
    (folder / "server.pem").write_text(
        (folder / "km.key").read_text() + (folder / "km.crt").read_text()
    )
    return folder


class Carbon:
    """What the stand-in server answers; a test changes it."""

    def __init__(self) -> None:
        self.port = 0
        self.password = "p&ss<word>"
        self.login = "true"
        self.registry = "<ns:readServerRolesResponse/>"
        self.registry_faults = 0
        self.token = (
            "<ax:errorMsg>Invalid Access Token. Access token is not ACTIVE.</ax:errorMsg>"
            "<ax:expiryTime>0</ax:expiryTime><ax:valid>false</ax:valid>"
        )
        self.page = (200, "<html>login</html>")
        self.empty = False
        self.requests: list[str] = []
        self.on_page: t.Callable[[], None] = lambda: None

    def answer(self, path: str, body: str, cookie: str) -> tuple[int, str, str]:
        self.requests.append(path)
        if self.empty:
            return 200, "", ""
        if path == "/services/AuthenticationAdmin":
            if "a:logout" in body:
                return 202, "<done/>", ""
            right = "<a:password>p&amp;ss&lt;word&gt;</a:password>" in body
            if self.login == "fault":
                return (
                    500,
                    (
                        "<soapenv:Fault><faultstring>Cannot borrow a"
                        " connection.</faultstring></soapenv:Fault>"
                    ),
                    "",
                )
            return (
                200,
                "<ns:return>{0}</ns:return>".format(self.login if right else "false"),
                "JSESSIONID=ABC; Path=/; Secure; HttpOnly",
            )
        if path == "/services/ServerRolesManager":
            if self.registry_faults:
                self.registry_faults -= 1
                return (
                    200,
                    "<faultstring>Resource does not exist at path /_system/config</faultstring>",
                    "",
                )
            return (
                200,
                (
                    self.registry
                    if cookie == "JSESSIONID=ABC"
                    else "<faultstring>not logged in</faultstring>"
                ),
                "",
            )
        if path == "/services/OAuth2TokenValidationService":
            asked = "<d:identifier>carbon-ops-health</d:identifier>" in body
            return 200, self.token if asked and cookie == "JSESSIONID=ABC" else "", ""
        self.on_page()
        return self.page[0], self.page[1], ""


@pytest.fixture
def carbon(pki: Path) -> t.Iterator[Carbon]:
    state = Carbon()

    class Handler(http.server.BaseHTTPRequestHandler):
        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, text, cookie = state.answer(self.path, body, self.headers.get("Cookie", ""))
            self.send_response(status)
            if cookie:
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = respond

        def log_message(self, *_arguments: t.Any) -> None:
            return

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_arguments: t.Any) -> None:
            return

    server = Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.pem")
    # The handshake belongs into the handler's thread: a client that breaks it off must not end the
    # server.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    state.port = server.server_address[1]
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    ).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(carbon: Carbon, pki: Path, tmp_path: Path) -> dict[str, t.Any]:
    """Settings of the health check for the stand-in server."""
    (tmp_path / "state").mkdir()
    (tmp_path / "managed-files").write_text(
        "{0}\n{1}\n".format(tmp_path / "carbon.xml", tmp_path / "absent.xml")
    )
    (tmp_path / "carbon.xml").write_text("<Server/>\n")
    return {
        "instance": "obkm",
        "name": NAME,
        "address": "127.0.0.1",
        "https_port": carbon.port,
        "member_port": 0,
        "others": [],
        "ca_file": str(pki / "ca.crt"),
        "user": "admin",
        "password": "p&ss<word>",
        "log_file": str(tmp_path / "wso2carbon.log"),
        "ready_line": "Mgt Console URL",
        "mount_lines": [
            "Connected to mount at configRegistry",
            "Connected to mount at governanceRegistry",
        ],
        "warm_paths": ["/carbon/admin/login.jsp"],
        "managed_files": str(tmp_path / "managed-files"),
        "state_directory": str(tmp_path / "state"),
    }


class Clock:
    """A time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()
