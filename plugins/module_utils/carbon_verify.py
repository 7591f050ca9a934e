# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whether a host does what the inventory describes: one observation, and the sentences that say what is wrong with it."""

from __future__ import annotations

import datetime
import os
import re
import socket
import ssl
import time
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence
from xml.etree import ElementTree

from ansible_collections.carbon_ops.key_manager.plugins.module_utils import carbon_health, carbon_server, keystore
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.carbon_health import HealthError, Server, Socket
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError

# Errors in the log older than this belong to something that is over, like the restart of a database.
RECENT_SECONDS = 600
# What the server could not write it does without, and nobody notices.
WRITING_SIGN = "The server may not read or write"
# The validation query of a datasource is a lie that comes out only when a connection is checked again.
VALIDATION_SIGN = "The validation query of a datasource fails"
_TIME = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.]\d+\]")


class Expected(NamedTuple):
    """What the inventory says about the server of one host."""

    domain: str
    local_member: str
    members: Sequence[str]
    ports: Mapping[str, int]
    driver: str
    service_user: str


class Observation(NamedTuple):
    """What one host shows."""

    properties: Mapping[str, str]
    start: Mapping[str, Any]
    changed: Sequence[str]
    listening: Sequence[int]
    causes: Sequence[str]
    recent_causes: Sequence[str]
    driver_readable: bool | None
    services: str
    peers: Sequence[str]


def recent_lines(lines: Sequence[str], now: float, seconds: float = RECENT_SECONDS) -> list[str]:
    """The lines of the last so many seconds; a line without a time belongs to the one before it."""
    limit = datetime.datetime.fromtimestamp(now - seconds).strftime("%Y-%m-%d %H:%M:%S")
    recent = []
    keep = False
    for line in lines:
        match = _TIME.search(line[:120])
        if match:
            keep = match.group(1) >= limit
        if keep:
            recent.append(line)
    return recent


def readable_by(path: str, user: str) -> bool | None:
    """Whether the user may read the file by its mode; None when it is not there."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    uid = carbon_server.account_number(user)
    if uid is None:
        return bool(status.st_mode & 0o004)
    if status.st_uid == uid:
        return bool(status.st_mode & 0o400)
    if status.st_gid in os.getgrouplist(user, carbon_server.primary_group(user)):
        return bool(status.st_mode & 0o040)
    return bool(status.st_mode & 0o004)


def listening_ports(sockets: Sequence[Socket]) -> list[int]:
    return sorted({row.local_port for row in sockets if row.state == carbon_health.LISTEN})


def service_findings(seen: Observation) -> list[str]:
    state = seen.properties.get("ActiveState", "")
    if seen.properties.get("LoadState") != "loaded":
        return ["The service is not set up on this host."]
    if state == "active":
        return []
    text = "The service is {0} ({1})".format(state or "unknown", seen.properties.get("SubState", ""))
    gave_up = str(seen.start.get("gave_up") or "").splitlines()
    return [text + ("; its last start was given up: " + gave_up[0] if gave_up else ".")]


def port_findings(seen: Observation, expected: Expected) -> list[str]:
    return [
        "Nothing listens on the {0} port {1}.".format(name, port) for name, port in expected.ports.items() if port not in seen.listening
    ]


def start_findings(seen: Observation, expected: Expected) -> list[str]:
    """What the log showed while the server started."""
    findings = []
    for path in seen.changed:
        findings.append("{0} changed since the server was started, so a restart is owed.".format(path))
    if not seen.start:
        return [*findings, "It is not known how the server was started: it was not started by its service."]
    if seen.start.get("ready_at") is None:
        return [*findings, "The server has not become ready since its last start."]
    for mount, count in (seen.start.get("mounts") or {}).items():
        if not count:
            findings.append(
                "The log of the start does not show '{0}': this registry mount is not live, so the nodes do not share that part of the "
                "registry. Look at the mounts in registry.xml.".format(mount)
            )
    domain = seen.start.get("domain")
    if expected.domain and domain != expected.domain:
        findings.append(
            "The server runs in the cluster domain '{0}', and the inventory says '{1}'.".format(domain, expected.domain)
            if domain
            else "The log of the start shows no cluster domain: clustering is off in axis2.xml."
        )
    member = seen.start.get("local_member")
    if expected.local_member and member and member != expected.local_member:
        findings.append(
            "The server joined its cluster as {0}, and the inventory says {1}; look at localMemberHost and localMemberPort in "
            "axis2.xml.".format(member, expected.local_member)
        )
    return findings


def member_findings(seen: Observation, expected: Expected) -> list[str]:
    missing = [name for name in expected.members if name not in seen.peers]
    if not missing:
        return []
    return [
        "The cluster has {0} of {1} members here: {2} {3} no member of this node's cluster. The nodes differ in cluster domain, group "
        "password or member list, one of them is down, or a firewall closes the member port.".format(
            len(expected.members) - len(missing) + 1,
            len(expected.members) + 1,
            " and ".join(missing),
            "is" if len(missing) == 1 else "are",
        )
    ]


def findings(seen: Observation, expected: Expected) -> list[str]:
    """Every sentence about what is wrong, the cause before what follows from it."""
    sentences = service_findings(seen)
    if expected.driver and not seen.driver_readable:
        sentences.append(
            "The JDBC driver {0} {1}.".format(
                expected.driver,
                "is missing" if seen.driver_readable is None else "cannot be read by {0}".format(expected.service_user),
            )
        )
    ports = port_findings(seen, expected)
    causes = list(seen.recent_causes) if not ports and not seen.services else list(seen.causes)
    if ports or seen.services or sentences:
        sentences += causes
    else:
        sentences += [cause for cause in causes if cause.startswith((VALIDATION_SIGN, WRITING_SIGN))]
    sentences += ports
    if seen.services:
        sentences.append(seen.services)
    sentences += start_findings(seen, expected)
    if not ports:
        sentences += member_findings(seen, expected)
    return list(dict.fromkeys(sentences))


def try_services(
    config: Mapping[str, Any],
    start: Mapping[str, Any],
    validation_seconds: float,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Logs in and reads the registry; again, three times, when the connections of a young server have had to be checked once more."""
    try:
        carbon_health.check_patiently(dict(config), 5)
        ready = float(start.get("ready_at") or 0)
        remaining = ready + validation_seconds - now()
        if ready and remaining > 0:
            # A clock that was put back since would make it days.
            sleep(min(remaining, validation_seconds))
            for _attempt in range(3):
                carbon_health.check_services(dict(config))
                sleep(1)
    except HealthError as error:
        return str(error)
    return ""


def observe(config: Mapping[str, Any], unit: str, driver: str, service_user: str, validation_seconds: float) -> Observation:
    """Looks at the server of this host once; takes seconds, or as long as the connections of a young server need to be checked again."""
    sockets = carbon_health.read_sockets()
    start = carbon_health.read_start(dict(config))
    listening = listening_ports(sockets)
    services = ""
    if int(config["https_port"]) in listening:
        services = try_services(config, start, validation_seconds)
    position = carbon_health.LogPosition(*start.get("log", (0, 0)))
    lines = carbon_health.log_since(config["log_file"], position)
    started = Path(config["state_directory"]) / "started.sha256"
    changed: list[str] = []
    if started.is_file() and Path(config["managed_files"]).is_file():
        current = carbon_health.checksums(carbon_health.managed_paths(config["managed_files"]))
        changed = carbon_health.changed_paths(started.read_text(encoding="utf-8"), current)
    return Observation(
        properties=carbon_server.service_properties(unit),
        start=start,
        changed=changed,
        listening=listening,
        causes=[sentence for sentence, _fatal in carbon_health.explain(lines)],
        recent_causes=[sentence for sentence, _fatal in carbon_health.explain(recent_lines(lines, time.time()))],
        driver_readable=readable_by(driver, service_user) if driver else None,
        services=services,
        peers=carbon_health.members_of(dict(config), carbon_health.read_sockets()),
    )


def facts(seen: Observation, config: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
    """What a status page or a summary shows of the host."""
    addresses = {str(other["name"]): str(other["address"]) for other in config.get("others") or []}
    ready = seen.start.get("ready_at")
    own = str(seen.start.get("local_member") or "").rsplit(":", 1)[0] or str(config["address"])
    return {
        "name": config["name"],
        "address": config["address"],
        "ports": {name: port for name, port in expected.ports.items() if port in seen.listening},
        "members": [own] + [addresses[name] for name in seen.peers] if config.get("member_port") else [],
        "ready_since": datetime.datetime.fromtimestamp(ready, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if ready else None,
        "mounts": sorted(mount.split()[-1] for mount, count in (seen.start.get("mounts") or {}).items() if count),
        "domain": seen.start.get("domain"),
        "restarts": int(seen.properties.get("NRestarts") or 0),
    }


def check_request(wanted: Mapping[str, Any], ca_file: str) -> str:
    """One HTTPS request and what must come of it; returns the sentence about what did not."""
    url = "https://{0}:{1}{2}".format(wanted["host"], wanted["port"], wanted["path"])
    try:
        answer = Server(wanted["address"], wanted["port"], wanted["host"], ca_file).request("GET", wanted["path"])
    except HealthError as error:
        return "{0}: {1} fails. {2}".format(wanted["what"], url, error)
    if answer.status != wanted["status"]:
        return "{0}: {1} answers with HTTP status {2} instead of {3}.".format(wanted["what"], url, answer.status, wanted["status"])
    if wanted.get("contains") and wanted["contains"] not in answer.body:
        return "{0}: {1} answers, but not with the page that was expected.".format(wanted["what"], url)
    return ""


def read_url(path: str, xpath: str) -> str:
    """The URL that a product file names, with the placeholder of the web context resolved as the product does."""
    try:
        element = ElementTree.parse(path).getroot().find(xpath)  # noqa: S314 - the host's own product file
    except (OSError, ElementTree.ParseError) as error:
        raise OperatorError("{0} cannot be read: {1}.".format(path, type(error).__name__)) from error
    if element is None or not (element.text or "").strip():
        raise OperatorError("{0} has no {1}.".format(path, xpath))
    return str(element.text).replace("${carbon.context}", "/")


def trusted_pem(data: bytes, path: str) -> str:
    """The certificates of a Java truststore as PEM."""
    entries = keystore.read_store(data, path)
    return "".join(
        ssl.DER_cert_to_PEM_cert(entry.certificates[0]) for entry in entries if entry.protected_key is None and entry.certificates
    )


class _TrustingServer(Server):
    """A server reached as the product reaches it: by name, trusting its truststore and nothing else."""

    def __init__(self, host: str, port: int, pem: str) -> None:
        self.address = host
        self.port = port
        self.name = host
        self.timeout = carbon_health.REQUEST_SECONDS
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # One by one: a truststore of the products holds certificates that OpenSSL refuses, and one of them would spoil all.
        for certificate in re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", pem, re.S):
            try:
                self._context.load_verify_locations(cadata=certificate)
            except ssl.SSLError:
                continue


def check_service_login(file: str, xpath: str, truststore: str, user: str, password: str) -> str:
    """Logs in at the URL that the product file names, with the product's own truststore; returns the sentence about what failed."""
    try:
        url = read_url(file, xpath)
        match = re.match(r"https://([^/:]+)(?::(\d+))?(/[^?]*)?$", url)
        if not match:
            return "{0} names {1}, which is no HTTPS URL.".format(file, url)
        pem = trusted_pem(Path(truststore).read_bytes(), truststore)
        socket.getaddrinfo(match.group(1), None)
        server = _TrustingServer(match.group(1), int(match.group(2) or 443), pem)
        if not (match.group(3) or "").rstrip("/").endswith("/services"):
            return "{0} names {1}, which does not end in services/.".format(file, url)
        cookie = carbon_health.login(server, user, password)
        carbon_health.logout(server, cookie)
    except OperatorError as error:
        return str(error)
    except socket.gaierror:
        return "The host name in {0}, {1}, does not resolve on this host.".format(url, match.group(1) if match else "")
    except OSError as error:
        return "{0} cannot be read: {1}.".format(truststore, error.strerror)
    except HealthError as error:
        return "The login at {0}, the URL in {1}, fails with the truststore {2}. {3}".format(url, file, truststore, error)
    return ""
