# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Clients that log in and fetch the login page through nginx at a fixed rate, and count what fails.

Open loop: a request is sent at its time, however the ones before it fare. Half of the requests are
logins (POST, as API Manager sends them), half fetch login.jsp; half of each kind open a connection,
the other half reuse one. Nothing is sent twice, and the body of every answer is checked, because a
Carbon server that is stopping answers with status 200 and an empty body.

The password is read from the environment variable CARBON_OPS_PASSWORD. The program runs until
--seconds are over or it gets SIGTERM, and writes its findings as JSON. It exits with 1 when a
request failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import ssl
import sys
import time
import typing as t
from collections import Counter
from xml.sax.saxutils import escape

REQUEST_SECONDS = 30.0
# A pooled connection that nobody used for long is closed by nginx at any moment; a careful client
# does not use it.
IDLE_SECONDS = 20.0


class Target(t.NamedTuple):
    address: str
    port: int
    host: str
    ca_file: str
    user: str
    password: str


class Result(t.NamedTuple):
    at: float
    kind: str
    seconds: float
    problem: str


def login_request(target: Target) -> bytes:
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        "<a:login"
        f' xmlns:a="http://authentication.services.core.carbon.wso2.org"><a:username>{escape(target.user)}</a:username><a:password>{escape(target.password)}</a:password>'
        "<a:remoteAddress>127.0.0.1</a:remoteAddress></a:login></s:Body></s:Envelope>"
    )
    return (
        f"POST /services/AuthenticationAdmin HTTP/1.1\r\nHost: {target.host}\r\nContent-Type:"
        " text/xml; charset=UTF-8\r\nSOAPAction: urn:login\r\nContent-Length:"
        f" {len(body.encode())}\r\n\r\n{body}"
    ).encode()


def page_request(target: Target) -> bytes:
    return f"GET /carbon/admin/login.jsp HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode()


def problem_of(kind: str, status: int, body: bytes) -> str:
    if status != 200:
        return f"HTTP status {status}"
    wanted = b"return>true<" if kind == "login" else b"</html>"
    if wanted not in body:
        return f"status 200 with {len(body)} bytes that are not the answer"
    return ""


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status, body, and whether the server keeps the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    headers = {
        name.strip().lower(): value.strip()
        for name, _colon, value in (
            line.partition(b":") for line in head.split(b"\r\n")[1:] if line
        )
    }
    body = b""
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            body += await reader.readexactly(size)
            await reader.readexactly(2)
            if not size:
                break
    elif b"content-length" in headers:
        body = await reader.readexactly(int(headers[b"content-length"]))
    else:
        body = await reader.read()
        return status, body, False
    return status, body, headers.get(b"connection", b"").lower() != b"close"


class Clients:
    """The clients of one process, with their pool of connections."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.context = ssl.create_default_context(cafile=target.ca_file)
        self.requests = {"login": login_request(target), "page": page_request(target)}
        self.idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.results: list[Result] = []

    async def connection(self, reuse: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while reuse and self.idle:
            since, reader, writer = self.idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(
            self.target.address,
            self.target.port,
            ssl=self.context,
            server_hostname=self.target.host,
        )

    async def exchange(self, kind: str, reuse: bool) -> str:
        reader, writer = await self.connection(reuse)
        kept = False
        try:
            writer.write(self.requests[kind])
            await writer.drain()
            status, body, kept = await read_answer(reader)
        finally:
            if reuse and kept:
                self.idle.append((time.monotonic(), reader, writer))
            else:
                writer.close()
        return problem_of(kind, status, body)

    async def request(self, kind: str, reuse: bool) -> None:
        at, begun = time.time(), time.monotonic()
        try:
            problem = await asyncio.wait_for(self.exchange(kind, reuse), REQUEST_SECONDS)
        except asyncio.TimeoutError:
            problem = f"no answer within {REQUEST_SECONDS:g} s"
        except (
            OSError,
            EOFError,
            ValueError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
        ) as error:
            problem = f"{type(error).__name__}: {error}"
        if problem and reuse:
            problem += " (reused connection)"
        self.results.append(Result(at, kind, time.monotonic() - begun, problem))

    async def run(self, rate: float, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stopped.set)
        begun = time.monotonic()
        running: set[asyncio.Task[None]] = set()
        number = 0
        while time.monotonic() - begun < seconds and not stopped.is_set():
            task = asyncio.create_task(
                self.request("login" if number % 2 else "page", number % 4 < 2)
            )
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
            pause = begun + number / rate - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            elif number % 10 == 0:
                await asyncio.sleep(0)
        if running:
            await asyncio.wait(running, timeout=REQUEST_SECONDS + 5)


def client_process(target: Target, rate: float, seconds: float, queue: t.Any) -> None:
    clients = Clients(target)
    asyncio.run(clients.run(rate, seconds))
    queue.put([tuple(result) for result in clients.results])


def summary(results: list[Result], seconds: float) -> dict[str, t.Any]:
    failed = [result for result in results if result.problem]
    times = sorted(result.seconds for result in results) or [0.0]
    return {
        "sent": len(results),
        "failed": len(failed),
        "rate": round(len(results) / seconds, 1) if seconds else 0,
        "median_seconds": round(times[len(times) // 2], 3),
        "slowest_seconds": round(times[-1], 3),
        "problems": dict(
            Counter(f"{result.kind}: {result.problem}" for result in failed).most_common(20)
        ),
        "first_failures": [
            {"at": round(result.at, 2), "kind": result.kind, "problem": result.problem}
            for result in failed[:20]
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--address", required=True, help="address of the load balancer")
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument(
        "--host", required=True, help="host name that is asked for, whose certificate is checked"
    )
    parser.add_argument("--ca-file", required=True)
    parser.add_argument("--user", default="admin")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", help="file for the findings; by default they are printed")
    arguments = parser.parse_args()
    target = Target(
        arguments.address,
        arguments.port,
        arguments.host,
        arguments.ca_file,
        arguments.user,
        os.environ.get("CARBON_OPS_PASSWORD", ""),
    )
    queue: t.Any = multiprocessing.Queue()
    begun = time.monotonic()
    processes = [
        multiprocessing.Process(
            target=client_process,
            args=(target, arguments.rate / arguments.processes, arguments.seconds, queue),
        )
        for _number in range(arguments.processes)
    ]
    for process in processes:
        process.start()
    # The clients end by themselves; the signal is handed on so that they end now, with their
    # findings.
    signal.signal(signal.SIGTERM, lambda *_signal: [process.terminate() for process in processes])
    results = [Result(*result) for _process in processes for result in queue.get()]
    seconds = time.monotonic() - begun
    for process in processes:
        process.join()
    found = summary(sorted(results), seconds)
    text = json.dumps(found, indent=2) + "\n"
    if arguments.output:
        with open(arguments.output, "w", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write(text)
    else:
        print(text, end="")
    return 1 if found["failed"] or not found["sent"] else 0


if __name__ == "__main__":
    sys.exit(main())
