# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Ways from the controller to a node: this machine itself, ssh to a server of its own on the
loopback, and the same over a slow network."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path
from queue import SimpleQueue

from tests.benchmark.measuring import NotHere

# Added to each round trip, half of it on the way there.
DELAY = 0.050


class Connection(t.NamedTuple):
    name: str
    variables: dict[str, t.Any]
    environment: dict[str, str]
    prefix: list[str]
    remark: str = ""


@contextlib.contextmanager
def local(_folder: Path) -> t.Iterator[Connection]:
    yield Connection(
        "local",
        {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
        {},
        [],
    )


@contextlib.contextmanager
def ssh(folder: Path) -> t.Iterator[Connection]:
    with _server(folder, []) as port:
        yield _connection("ssh", folder, port, [])


@contextlib.contextmanager
def slow_ssh(folder: Path) -> t.Iterator[Connection]:
    with _slow_loopback() as (prefix, reason):
        if prefix:
            with _server(folder, prefix) as port:
                yield _connection(
                    "ssh, 50 ms", folder, port, prefix, "netem in a network namespace"
                )
            return
    with _server(folder, []) as port, _Relay(port) as relay:
        yield _connection(
            "ssh, 50 ms",
            folder,
            relay.port,
            [],
            "a relay in this program delays, because netem does not work here: " + reason,
        )


CONNECTIONS = {"local": local, "ssh": ssh, "slow-ssh": slow_ssh}


def _connection(
    name: str, folder: Path, port: int, prefix: list[str], remark: str = ""
) -> Connection:
    options = (
        "-o IdentitiesOnly=yes -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null -o"
        " LogLevel=ERROR"
    )
    variables = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": port,
        "ansible_user": getpass.getuser(),
        "ansible_ssh_private_key_file": str(folder / "user"),
        "ansible_ssh_common_args": options + " -o StrictHostKeyChecking=no",
        "ansible_python_interpreter": sys.executable,
    }
    control = folder / "cp"
    control.mkdir(exist_ok=True)
    surroundings = {
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(control),
        "ANSIBLE_HOST_KEY_CHECKING": "false",
    }
    return Connection(name, variables, surroundings, prefix, remark)


@contextlib.contextmanager
def _server(folder: Path, prefix: list[str]) -> t.Iterator[int]:
    """An ssh server with keys of its own, which lets in this very user."""
    program = shutil.which("sshd") or (
        "/usr/sbin/sshd" if Path("/usr/sbin/sshd").exists() else None
    )
    if not program or not shutil.which("ssh-keygen"):
        raise NotHere("ssh: there is no sshd (apt-get install openssh-server)")
    for name in ("host", "user"):
        (folder / name).unlink(missing_ok=True)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port = _free_port()
    configuration = folder / "sshd_config"
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "user.pub",
        "PidFile": folder / "sshd.pid",
        "PermitRootLogin": "prohibit-password",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "StrictModes": "no",
        "UsePAM": "no",
        "UseDNS": "no",
        "PrintMotd": "no",
        "MaxStartups": "100",
        "LogLevel": "ERROR",
    }
    configuration.write_text(
        "".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8"
    )
    server = subprocess.Popen(
        [*prefix, program, "-D", "-e", "-f", str(configuration)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _try in range(100):
            if server.poll() is not None:
                raise NotHere(f"ssh: sshd does not start with {configuration}")
            if (
                subprocess.run(
                    [*prefix, sys.executable, "-c", _CONNECT, str(port)],
                    check=False,
                    capture_output=True,
                ).returncode
                == 0
            ):
                break
            time.sleep(0.1)
        yield port
    finally:
        for path in (folder / "cp").glob("*"):
            subprocess.run(
                ["ssh", "-o", f"ControlPath={path}", "-O", "exit", "x"],
                check=False,
                capture_output=True,
            )
        server.terminate()
        server.wait()


_CONNECT = (
    "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 1).close()"
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _slow_loopback() -> t.Iterator[tuple[list[str], str]]:
    """A network namespace whose loopback delays every packet; with nothing but the reason where
    that is not possible."""
    if os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("tc")):
        yield [], "it needs root and iproute2."
        return
    name = f"carbon-ops-{os.getpid()}"
    inside = ["ip", "netns", "exec", name]
    delay = f"{DELAY * 500:.0f}ms"
    commands = (
        ["ip", "netns", "add", name],
        [*inside, "ip", "link", "set", "lo", "up"],
        [*inside, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", delay],
    )
    reason = ""
    try:
        for command in commands:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                reason = "{0}: {1}".format(" ".join(command[-9:]), done.stderr.strip())
                break
        yield ([] if reason else inside), reason
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


class _Relay:
    """Passes on what comes in after half of the delay, in both directions, and not one piece after
    the other but all as they came."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> _Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: t.Any) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            for one, other in ((client, server), (server, client)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                queue: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
                threading.Thread(target=self._read, args=(one, queue), daemon=True).start()
                threading.Thread(target=self._write, args=(other, queue), daemon=True).start()

    @staticmethod
    def _read(source: socket.socket, queue: SimpleQueue[tuple[float, bytes]]) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            queue.put((time.monotonic() + DELAY / 2, data))

    @staticmethod
    def _write(target: socket.socket, queue: SimpleQueue[tuple[float, bytes]]) -> None:
        while True:
            due, data = queue.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)
            except OSError:
                return
