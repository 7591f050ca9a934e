# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the tests of role nginx are made of: small TLS servers on loopback addresses, a client, and
a real nginx between them."""

from __future__ import annotations

import http.client
import http.cookies
import http.server
import itertools
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import typing as t
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import load_sources

REPOSITORY = Path(__file__).resolve().parents[3]
HOSTNAME = "km.edge.test"
MANAGEMENT = "mgt.km.edge.test"
PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.setup: {gather_subset: ["!all", "!min", distribution]}
    - ansible.builtin.include_role: {name: carbon_ops.key_manager.nginx, tasks_from: sites}
"""
MAIN = """
%(user)s
worker_processes 2;
pid %(home)s/nginx.pid;
error_log %(home)s/error.log info;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path %(home)s/temporary/body;
    proxy_temp_path %(home)s/temporary/proxy;
    fastcgi_temp_path %(home)s/temporary/fastcgi;
    uwsgi_temp_path %(home)s/temporary/uwsgi;
    scgi_temp_path %(home)s/temporary/scgi;
    include %(home)s/conf.d/*.conf;
}
"""


def play(home: Path, *programs: Path) -> subprocess.CompletedProcess[str]:
    """Runs play.yml of the folder with values.json beside it; programs are looked for in its bin
    first, then in these folders."""
    tool = Path(sys.executable).parent / "ansible-playbook"
    path = os.pathsep.join(map(str, (home / "bin", *programs, tool.parent)))
    return subprocess.run(
        [str(tool), "-i", "localhost,", "-e", f"@{home / 'values.json'}", str(home / "play.yml")],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def find_nginx() -> str:
    """The machine's nginx, or the distribution's package unpacked into the cache: nothing is
    installed for the sake of a test."""
    found = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if found:
        return found
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "carbon-ops" / "nginx"
    )
    binary = cache / "usr" / "sbin" / "nginx"
    if not binary.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["apt-get", "download", "nginx"],
            cwd=cache,
            capture_output=True,
            timeout=120,
            check=False,
        )
        for package in cache.glob("nginx_*.deb"):
            subprocess.run(
                ["dpkg", "--extract", str(package), str(cache)],
                capture_output=True,
                timeout=60,
                check=True,
            )
    if (
        not binary.exists()
        or subprocess.run(
            [str(binary), "-v"], capture_output=True, timeout=10, check=False
        ).returncode
        != 0
    ):
        pytest.skip(
            "nginx is not installed, and its package cannot be fetched with apt-get download"
        )
    return str(binary)


# Nodes of several edges stand on the same addresses, so each edge has ports of its own.
OFFSETS = itertools.count(12000 + os.getpid() % 500 * 4)


@dataclass
class Certificates:
    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    def openssl(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=self.folder, capture_output=True, timeout=60, check=True
        )

    def make_authority(self, name: str) -> None:
        self.openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            name + ".key",
            "-out",
            name + ".crt",
            "-days",
            "2",
            "-subj",
            "/CN=" + name,
        )

    def make_pair(self, name: str, authority: str, names: list[str]) -> None:
        self.openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            name + ".key",
            "-out",
            name + ".csr",
            "-subj",
            "/CN=" + name,
        )
        (self.folder / (name + ".ext")).write_text(
            "subjectAltName=" + ",".join("DNS:" + item for item in names)
        )
        self.openssl(
            "x509", "-req", "-in", name + ".csr", "-CA", authority + ".crt", "-CAkey", authority + ".key", "-CAcreateserial",
            "-out", name + ".crt", "-days", "2", "-extfile", name + ".ext",
        )  # fmt: skip

    def server_context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / (name + ".crt"), self.folder / (name + ".key"))
        return context


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked; location=… in the query makes it redirect there,
    header=Name:Value send that header, fail=break hang up and fail=hang say nothing, both once the
    request is read.

    It keeps sessions as the products do, each node its own: login=yes opens one, and every answer
    tells whether the request had one.
    """

    protocol_version = "HTTP/1.1"
    node = ""
    sessions: set[str] = set()
    requests: list[str] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        received = self.rfile.read(length).decode()
        query = parse_qs(urlsplit(self.path).query)
        self.requests.append(f"{self.command} {self.path}")
        if "fail" in query:
            time.sleep(5 if query["fail"] == ["hang"] else 0)
            self.close_connection = True
            return
        location = query.get("location")
        cookies = http.cookies.SimpleCookie(self.headers.get("Cookie") or "")
        session = cookies["JSESSIONID"].value in self.sessions if "JSESSIONID" in cookies else False
        seen = {
            "node": self.node,
            "path": self.path,
            "headers": dict(self.headers.items()),
            "body": received,
            "session": session,
        }
        body = json.dumps(seen).encode()
        self.send_response(302 if location else 200)
        if location:
            self.send_header("Location", location[0])
        for header in query.get("header", []):
            self.send_header(*header.split(":", 1))
        if "login" in query:
            opened = uuid.uuid4().hex
            self.sessions.add(opened)
            self.send_header("Set-Cookie", "JSESSIONID=" + opened + "; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 - the base class names it so
        pass


class Backend:
    """One node: its HTTPS and its HTTP port."""

    def __init__(
        self, name: str, address: str, ports: dict[str, int], certificates: Certificates
    ) -> None:
        self.name = name
        self.address = address
        self.ports = ports
        self.certificates = certificates
        self.servers: list[http.server.ThreadingHTTPServer] = []
        self.frozen: list[socket.socket] = []
        self.requests: list[str] = []
        """What it was asked, since somebody emptied it."""

    def start(self, pair: str = "node") -> None:
        handler = type(
            "Handler",
            (_Handler,),
            {"node": self.name, "sessions": set(), "requests": self.requests},
        )
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        server_type = type("Server", (http.server.ThreadingHTTPServer,), {"address_family": family})
        for scheme in ("https", "http"):
            server = server_type(
                (self.address, self.ports[scheme]), handler, bind_and_activate=False
            )
            server.daemon_threads = True
            server.allow_reuse_address = True
            if scheme == "https":
                server.socket = self.certificates.server_context(pair).wrap_socket(
                    server.socket, server_side=True, do_handshake_on_connect=False
                )
            server.server_bind()
            server.server_activate()
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            ).start()
            self.servers.append(server)

    def stop(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for listener in self.frozen:
            listener.close()
        self.servers, self.frozen = [], []

    def freeze(self) -> None:
        """Like a paused process: connections are accepted by the kernel, and nobody ever
        answers."""
        self.stop()
        for port in self.ports.values():
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.address, port))
            listener.listen(50)
            self.frozen.append(listener)


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    text: str
    seconds: float

    @property
    def seen(self) -> dict[str, t.Any]:
        """What the node saw."""
        return dict(json.loads(self.text))

    @property
    def node(self) -> str:
        return str(self.seen["node"])

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def cookies(self) -> dict[str, str]:
        """What the answer sets."""
        return dict(
            value.split(";")[0].split("=", 1)
            for key, value in self.headers
            if key.lower() == "set-cookie"
        )  # type: ignore[misc]

    @property
    def route(self) -> str | None:
        cookie = self.header("Set-Cookie")
        return cookie.split(";")[0].split("=")[1] if cookie else None


@dataclass
class Edge:
    home: Path
    model: dict[str, t.Any]
    certificates: Certificates
    backends: list[Backend]
    render: t.Callable[..., subprocess.CompletedProcess[str]]
    nginx: str
    variables: dict[str, t.Any] = field(default_factory=dict)
    """Those of the cluster that the model was made of."""
    process: subprocess.Popen[bytes] | None = None
    drained: Path = field(init=False)

    def __post_init__(self) -> None:
        self.drained = self.home / "drain" / self.model["name"]

    def ask(
        self,
        path: str,
        host: str = HOSTNAME,
        port: str = "public_port",
        method: str = "GET",
        headers: dict[str, str] | None = None,
        route: str | None = None,
        source: str = "127.0.0.1",
        body: str | None = None,
    ) -> Answer:
        number = self.model[port]
        to = "::1" if ":" in source else "127.0.0.1"
        if port == "public_http_port":
            connection = http.client.HTTPConnection(
                to, number, timeout=15, source_address=(source, 0)
            )
        else:
            context = ssl.create_default_context(cafile=str(self.certificates.authority))
            connection = _Named(to, number, timeout=15, source_address=(source, 0), context=context)
            connection.name = host
        sent = {"Host": host, **(headers or {})}
        if route:
            sent["Cookie"] = "route=" + route
        started = time.monotonic()
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return Answer(response.status, response.getheaders(), text, time.monotonic() - started)

    def drain(self, *names: str) -> None:
        for flag in self.drained.iterdir():
            flag.unlink()
        for name in names:
            (self.drained / name).touch()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self.nginx, "-c", str(self.home / "nginx.conf"), "-g", "daemon off;"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _attempt in range(100):
            try:
                socket.create_connection(
                    ("127.0.0.1", self.model["public_port"]), timeout=1
                ).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("nginx did not start: " + (self.home / "error.log").read_text())

    def reload(self) -> None:
        """Load what was rendered; the workers of before are gone when this returns."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        before = set(children.read_text().split())
        self.process.send_signal(signal.SIGHUP)
        for _attempt in range(200):
            now = set(children.read_text().split())
            if now and not now & before:
                return
            time.sleep(0.05)
        raise AssertionError("nginx did not reload: " + (self.home / "error.log").read_text())

    def log(self, name: str, expected: str) -> str:
        """An access log with this text in it. nginx writes a line only after it has answered."""
        for _attempt in range(200):
            content = (self.home / name).read_text()
            if expected in content:
                return content
            time.sleep(0.05)
        raise AssertionError(f"{name} has no {expected!r}: {content}")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=15)
        for backend in self.backends:
            backend.stop()


class _Named(http.client.HTTPSConnection):
    """Connects to an address and verifies the certificate for a host name."""

    name = ""

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(self.sock, server_hostname=self.name)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _number in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [int(item.getsockname()[1]) for item in sockets]
    for item in sockets:
        item.close()
    return ports


def sample_variables() -> dict[str, t.Any]:
    """Variables of role cluster. Nothing but its argument spec asks for the secrets here."""
    public, public_http, internal = _free_ports(3)
    return {
        "cluster_product": "carbon_4.7.1",
        "cluster_name": "ob-km",
        "cluster_hostname": HOSTNAME,
        "cluster_management_hostname": MANAGEMENT,
        "cluster_public_port": public,
        "cluster_public_http_port": public_http,
        "cluster_internal_port": internal,
        "cluster_port_offset": next(OFFSETS),
        "cluster_database": {"host": "db.edge.test"},
        "cluster_admin_password": "not-used-here",
        "cluster_group_password": "not-used-here",
        "cluster_keystore_password": "not-used-here",
        "cluster_truststore_password": "not-used-here",
        "cluster_database_passwords": {"shared": "not-used-here"},
    }


def sample_model(
    nodes: int, shared: dict[str, t.Any], own: dict[str, dict[str, t.Any]] | None = None
) -> dict[str, t.Any]:
    """The model as lb1 sees it; `own` are the Key Managers by name with variables of their own, where km1, km2, … will not do."""
    hosts = own or {
        f"km{number}": {"cluster_node_address": f"127.0.0.{10 + number}"}
        for number in range(1, nodes + 1)
    }
    names = list(hosts)
    hosts = {name: {**shared, **variables} for name, variables in hosts.items()}
    hosts["lb1"] = {**shared, "cluster_node_address": "127.0.0.1"}
    hosts["am1"] = {**shared, "cluster_node_address": "127.0.0.41"}
    groups = {"key_manager": names, "load_balancer": ["lb1"], "api_manager": ["am1"]}
    return build_model("lb1", Inventory(groups, hosts), load_sources(REPOSITORY / "roles"))
