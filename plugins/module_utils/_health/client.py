# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A client of a Carbon server: log in to the admin services, read from the registry, log out."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
import typing as t
from xml.sax.saxutils import escape  # nosec B406 - writes, and parses nothing

from .errors import HealthError

# A login compiles and loads classes the first time, and a loaded server may take seconds; a hung
# one never answers.
REQUEST_SECONDS = 10.0
CONNECT_SECONDS = 3.0


class _Connection(http.client.HTTPSConnection):
    """HTTPS to an address whose certificate must be good for a name, without that name having to be
    in the DNS."""

    def __init__(
        self, address: str, port: int, name: str, context: ssl.SSLContext, timeout: float
    ) -> None:
        super().__init__(name, port, timeout=timeout, context=context)
        self._carbon_address = address
        self._carbon_context = context

    def connect(self) -> None:
        raw = socket.create_connection((self._carbon_address, self.port), CONNECT_SECONDS)
        raw.settimeout(self.timeout)
        self.sock = self._carbon_context.wrap_socket(raw, server_hostname=self.host)


class Answer(t.NamedTuple):
    """What a server answered: HTTP status, body, and the cookie of its session."""

    status: int
    body: str
    cookie: str


class Server:
    """One Carbon server's HTTPS port."""

    def __init__(
        self, address: str, port: int, name: str, ca_file: str, timeout: float = REQUEST_SECONDS
    ) -> None:
        self.address = address
        self.port = port
        self.name = name
        self.timeout = timeout
        try:
            self._context = ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise HealthError(
                "configuration", f"The CA certificate {ca_file} cannot be read: {error}."
            ) from error

    @property
    def where(self) -> str:
        return f"{self.address}:{self.port}"

    def request(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = _Connection(self.address, self.port, self.name, self._context, self.timeout)
        try:
            connection.request(
                method,
                path,
                body=body.encode() if body is not None else None,
                headers=headers or {},
            )
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            cookies = [value for key, value in response.getheaders() if key.lower() == "set-cookie"]
        except ssl.SSLCertVerificationError as error:
            raise HealthError(
                "TLS",
                "The certificate that {0} shows is not accepted for {1}: {2}.".format(
                    self.where, self.name, error.verify_message.rstrip(".")
                ),
            ) from error
        except ssl.SSLError as error:
            raise HealthError(
                "TLS", f"No TLS connection to {self.where}: {error.reason or error}."
            ) from error
        except ConnectionRefusedError as error:
            raise HealthError("nothing listens", f"Nothing listens on {self.where}.") from error
        except socket.timeout as error:
            raise HealthError(
                "no answer", f"{self.where} did not answer within {self.timeout:g} s."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise HealthError(
                "no answer", f"{self.where} broke off: {error or type(error).__name__}."
            ) from error
        finally:
            connection.close()
        session = next(
            (
                re.split(r"[;,]", cookie)[0]
                for cookie in cookies
                if cookie.startswith("JSESSIONID=")
            ),
            "",
        )
        return Answer(response.status, text, session)

    def handshake(self) -> None:
        """Raises HealthError unless a certificate that counts is shown. A frozen server accepts
        connections, but shows none."""
        connection = _Connection(self.address, self.port, self.name, self._context, CONNECT_SECONDS)
        try:
            connection.connect()
        except (OSError, ssl.SSLError) as error:
            raise HealthError("no answer", f"{self.where} does not answer: {error}.") from error
        finally:
            connection.close()

    def soap(self, service: str, action: str, body: str, cookie: str = "") -> Answer:
        headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "urn:" + action}
        if cookie:
            headers["Cookie"] = cookie
        envelope = (
            "<s:Envelope"
            f' xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
        )
        return self.request("POST", "/services/" + service, envelope, headers)


def fault_of(answer: Answer) -> str:
    """The fault's own words, or what came instead of a SOAP answer."""
    match = re.search(r"<faultstring[^>]*>(.*?)</faultstring>", answer.body, re.S)
    if match and match.group(1).strip():
        return match.group(1).strip()[:200].rstrip(".")
    if not answer.body.strip():
        return (
            f"an empty answer with HTTP status {answer.status}, as a server gives that is starting"
            " or stopping"
        )
    return f"HTTP status {answer.status}"


# Of 240 reads on two healthy nodes at once, Carbon 4.4 answered 4 with "Resource does not exist"
# for a resource that is there.
REGISTRY_ATTEMPTS = 3
REGISTRY_PAUSE_SECONDS = 0.3

_ADMIN = "http://authentication.services.core.carbon.wso2.org"


def login(server: Server, user: str, password: str) -> str:
    """Logs in as API Manager does; returns the session cookie."""
    body = (
        "<a:login"
        f' xmlns:a="{_ADMIN}"><a:username>{escape(user)}</a:username>'
        f"<a:password>{escape(password)}</a:password>"
        "<a:remoteAddress>127.0.0.1</a:remoteAddress></a:login>"
    )
    answer = server.soap("AuthenticationAdmin", "login", body)
    if ":return>true<" in answer.body or "<return>true<" in answer.body:
        return answer.cookie
    if "return>false<" in answer.body:
        raise HealthError(
            "user store",
            f"The server refuses the login of {user}: the user store holds another password, or its"
            " database does not answer.",
        )
    raise HealthError("user store", f"The login of {user} fails: {fault_of(answer)}.")


def read_roles(server: Server, cookie: str, sleep: t.Callable[[float], None] = time.sleep) -> None:
    """Reads what is in the registry's database, and nowhere else."""
    for attempt in range(1, REGISTRY_ATTEMPTS + 1):
        answer = server.soap(
            "ServerRolesManager",
            "readServerRoles",
            "<a:readServerRoles"
            ' xmlns:a="http://mgt.roles.carbon.wso2.org"><a:serverRoleType>Default</a:serverRoleType></a:readServerRoles>',
            cookie,
        )
        if "readServerRolesResponse" in answer.body:
            return
        if attempt < REGISTRY_ATTEMPTS:
            sleep(REGISTRY_PAUSE_SECONDS)
    raise HealthError("registry database", f"The registry cannot be read: {fault_of(answer)}.")


# Nobody has issued this token. Whether it is active is asked to see that the server can look.
UNISSUED = "carbon-ops-health"
_OAUTH = "http://org.apache.axis2/xsd"
_OAUTH_DTO = "http://dto.oauth2.identity.carbon.wso2.org/xsd"
_NOT_VALID = re.compile(r"<(?:\w+:)?valid>false</")
_ERROR_MESSAGE = re.compile(r"<(?:\w+:)?errorMsg>(.*?)</", re.S)
_NOT_ACTIVE = re.compile(r"invalid access token|not active", re.IGNORECASE)


def look_for_token(server: Server, cookie: str) -> None:
    """Has the server look for a token in the identity database, where nothing else of the check is.

    Without that database the console starts, logs in and shows its pages, and no token is issued:
    only the answer that this token is not active tells that tokens can be.
    """
    answer = server.soap(
        "OAuth2TokenValidationService",
        "validate",
        f'<o:validate xmlns:o="{_OAUTH}" xmlns:d="{_OAUTH_DTO}"><o:validationReqDTO><d:accessToken>'
        f"<d:identifier>{UNISSUED}</d:identifier><d:tokenType>bearer</d:tokenType>"
        "</d:accessToken></o:validationReqDTO></o:validate>",
        cookie,
    )
    message = _ERROR_MESSAGE.search(answer.body)
    said = message.group(1).strip() if message else ""
    if _NOT_VALID.search(answer.body) and _NOT_ACTIVE.search(said):
        return
    raise HealthError(
        "token service",
        f"The server cannot look for tokens: {said[:200].rstrip('.') or fault_of(answer)}."
        " The datasource that identity.xml names, or its database, does not work.",
    )


def logout(server: Server, cookie: str) -> None:
    """End the session of the cookie; raises HealthError."""
    server.soap("AuthenticationAdmin", "logout", f'<a:logout xmlns:a="{_ADMIN}"/>', cookie)
