# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Requests to a running server: pages through nginx, and the log-in of API Manager."""

from __future__ import annotations

import re
import socket
import ssl
import typing as t
from pathlib import Path
from xml.etree import ElementTree  # nosec B405 - see its use

from .._errors import OperatorError
from .._health import client
from .._health.client import Server
from .._health.errors import HealthError
from .._keystore import jks


def check_request(wanted: t.Mapping[str, t.Any], ca_file: str) -> str:
    """One HTTPS request and what must come of it; returns the sentence about what did not."""
    url = "https://{0}:{1}{2}".format(wanted["host"], wanted["port"], wanted["path"])
    try:
        answer = Server(wanted["address"], wanted["port"], wanted["host"], ca_file).request(
            "GET", wanted["path"]
        )
    except HealthError as error:
        return "{0}: {1} fails. {2}".format(wanted["what"], url, error)
    if answer.status != wanted["status"]:
        return "{0}: {1} answers with HTTP status {2} instead of {3}.".format(
            wanted["what"], url, answer.status, wanted["status"]
        )
    if wanted.get("contains") and wanted["contains"] not in answer.body:
        return "{0}: {1} answers, but not with the page that was expected.".format(
            wanted["what"], url
        )
    return ""


def read_url(path: str, xpath: str) -> str:
    """The URL that a product file names, with the placeholder of the web context resolved as the
    product does."""
    try:
        element = ElementTree.parse(path).getroot().find(xpath)  # noqa: S314  # nosec B314 - the host's own product file
    except (OSError, ElementTree.ParseError) as error:
        raise OperatorError(f"{path} cannot be read: {type(error).__name__}.") from error
    if element is None or not (element.text or "").strip():
        raise OperatorError(f"{path} has no {xpath}.")
    return str(element.text).replace("${carbon.context}", "/")


def trusted_pem(data: bytes, path: str) -> str:
    """The certificates of a Java truststore as PEM."""
    entries = jks.read_store(data, path)
    return "".join(
        ssl.DER_cert_to_PEM_cert(entry.certificates[0])
        for entry in entries
        if entry.protected_key is None and entry.certificates
    )


class _TrustingServer(Server):
    """A server reached as the product reaches it: by name, trusting its truststore and nothing
    else."""

    def __init__(self, host: str, port: int, pem: str) -> None:
        self.address = host
        self.port = port
        self.name = host
        self.timeout = client.REQUEST_SECONDS
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # One by one: a truststore of the products holds certificates that OpenSSL refuses, and one
        # of them would spoil all.
        for certificate in re.findall(
            r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", pem, re.S
        ):
            try:
                self._context.load_verify_locations(cadata=certificate)
            except ssl.SSLError:
                continue


def check_service_login(file: str, xpath: str, truststore: str, user: str, password: str) -> str:
    """Logs in at the URL that the product file names, with the product's own truststore; returns
    the sentence about what failed."""
    try:
        url = read_url(file, xpath)
        match = re.match(r"https://([^/:]+)(?::(\d+))?(/[^?]*)?$", url)
        if not match:
            return f"{file} names {url}, which is no HTTPS URL."
        pem = trusted_pem(Path(truststore).read_bytes(), truststore)
        socket.getaddrinfo(match.group(1), None)
        server = _TrustingServer(match.group(1), int(match.group(2) or 443), pem)
        if not (match.group(3) or "").rstrip("/").endswith("/services"):
            return f"{file} names {url}, which does not end in services/."
        cookie = client.login(server, user, password)
        client.logout(server, cookie)
    except OperatorError as error:
        return str(error)
    except socket.gaierror:
        return "The host name in {0}, {1}, does not resolve on this host.".format(
            url, match.group(1) if match else ""
        )
    except OSError as error:
        return f"{truststore} cannot be read: {error.strerror}."
    except HealthError as error:
        return (
            f"The login at {url}, the URL in {file}, fails with the truststore {truststore}."
            f" {error}"
        )
    return ""
