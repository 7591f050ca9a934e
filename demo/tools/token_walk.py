# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Follow a token through the demo: taken through nginx, active on every node, revoked through
nginx, refused on every node."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import json
import re
import socket
import ssl
import time
import typing as t
import urllib.parse
from xml.sax.saxutils import escape

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLIENT = "carbon-ops-demo"
GRANTS = "client_credentials password refresh_token"
TIMEOUT = 30.0
# A node learns of a revocation from a message of the other; a cluster that is none never does.
REFUSED_WITHIN = 10.0
ADMIN = "http://authentication.services.core.carbon.wso2.org"
OAUTH = "http://org.apache.axis2/xsd"
APPLICATION = "http://model.api.apimgt.carbon.wso2.org/xsd"


class WalkError(Exception):
    """A step that did not end as it must, in one sentence."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A port that is asked, by address; its certificate must be good for the name."""

    name: str
    address: str
    port: int


class _Connection(http.client.HTTPSConnection):
    def __init__(self, place: Place, context: ssl.SSLContext) -> None:
        super().__init__(place.name, place.port, timeout=TIMEOUT, context=context)
        self._place = place
        self._tls = context

    def connect(self) -> None:
        raw = socket.create_connection((self._place.address, self._place.port), TIMEOUT)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self._place.name)


@dataclasses.dataclass(frozen=True)
class Site:
    """The demo: its authority, its balancer and its nodes."""

    context: ssl.SSLContext
    balancer: Place
    nodes: Sequence[Place]
    user: str
    password: str

    def post(
        self, place: Place, path: str, body: str, headers: Mapping[str, str]
    ) -> tuple[int, str, str]:
        """Return status, text and session cookie of an answer."""
        connection = _Connection(place, self.context)
        try:
            connection.request("POST", path, body=body.encode(), headers=dict(headers))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return answer.status, text, (answer.getheader("Set-Cookie") or "").partition(";")[0]
        except (OSError, http.client.HTTPException) as error:
            raise WalkError(
                f"https://{place.name}:{place.port}{path} does not answer: {error}."
            ) from error
        finally:
            connection.close()

    def form(
        self, place: Place, path: str, credentials: tuple[str, str], **fields: str
    ) -> tuple[int, dict[str, t.Any]]:
        """Return status and JSON of an OAuth endpoint."""
        basic = base64.b64encode(":".join(credentials).encode()).decode()
        headers = {
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        status, text, _cookie = self.post(place, path, urllib.parse.urlencode(fields), headers)
        try:
            return status, json.loads(text)
        except ValueError as error:
            raise WalkError(
                f"{path} of {place.name} answers with HTTP status {status} and no JSON."
            ) from error

    def soap(
        self, place: Place, service: str, action: str, body: str, cookie: str = ""
    ) -> tuple[str, str]:
        """Return text and session cookie of an admin service."""
        envelope = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
        headers = {
            "Content-Type": "text/xml; charset=UTF-8",
            "SOAPAction": f"urn:{action}",
            "Cookie": cookie,
        }
        _status, text, session = self.post(place, f"/services/{service}", envelope, headers)
        return text, session


def log_in(site: Site, place: Place) -> str:
    """Return the session of the administrator on a node."""
    text, session = site.soap(
        place,
        "AuthenticationAdmin",
        "login",
        f'<a:login xmlns:a="{ADMIN}"><a:username>{escape(site.user)}</a:username>'
        f"<a:password>{escape(site.password)}</a:password><a:remoteAddress>127.0.0.1</a:remoteAddress></a:login>",
    )
    if "return>true<" not in text:
        raise WalkError(f"{place.name} refuses the log-in of {site.user}.")
    return session


def client(site: Site) -> tuple[str, str]:
    """Return key and secret of the demo's own client.

    The first run registers it by the call that API Manager makes for its applications, which puts
    the owner's name before that of the client.
    """
    place = site.nodes[0]
    session = log_in(site, place)
    name = escape(f"{site.user}_{CLIENT}")
    question = (
        f'<o:getOAuthApplicationDataByAppName xmlns:o="{OAUTH}"><o:appName>{name}</o:appName>'
        "</o:getOAuthApplicationDataByAppName>"
    )
    text, _session = site.soap(
        place, "OAuthAdminService", "getOAuthApplicationDataByAppName", question, session
    )
    if "oauthConsumerKey>" not in text:
        action = "createOAuthApplicationByApplicationInfo"
        fields = (
            f"<m:appOwner>{escape(site.user)}</m:appOwner>"
            "<m:callBackURL>https://localhost/callback</m:callBackURL>"
            f"<m:clientName>{CLIENT}</m:clientName>"
            f'<m:jsonString>{{"grant_types":"{GRANTS}"}}</m:jsonString>'
            "<m:tokenType>DEFAULT</m:tokenType>"
        )
        order = (
            f'<o:{action} xmlns:o="{OAUTH}"><o:oauthApplicationInfo xmlns:m="{APPLICATION}">'
            f"{fields}</o:oauthApplicationInfo></o:{action}>"
        )
        site.soap(place, "APIKeyMgtSubscriberService", action, order, session)
        text, _session = site.soap(
            place, "OAuthAdminService", "getOAuthApplicationDataByAppName", question, session
        )
    key, secret = (re.search(rf"oauthConsumer{part}>([^<]+)<", text) for part in ("Key", "Secret"))
    if not key or not secret:
        raise WalkError(f"{place.name} did not register the client {CLIENT}: {text[-300:]}")
    return key[1], secret[1]


def active(site: Site, place: Place, token: str) -> bool:
    """Say whether a node holds a token for active."""
    status, answer = site.form(place, "/oauth2/introspect", (site.user, site.password), token=token)
    if status != 200 or not isinstance(answer.get("active"), bool):
        raise WalkError(
            f"{place.name} does not say whether the token is active"
            f" (HTTP status {status}): {answer}."
        )
    return bool(answer["active"])


def follow(site: Site) -> dict[str, t.Any]:
    """Take a token, look for it on every node, revoke it, and look again. Return what was seen."""
    credentials = client(site)
    status, issued = site.form(
        site.balancer, "/oauth2/token", credentials, grant_type="client_credentials"
    )
    token = issued.get("access_token")
    if status != 200 or not token:
        raise WalkError(f"No token was issued (HTTP status {status}): {issued}.")
    for place in site.nodes:
        if not active(site, place, token):
            raise WalkError(f"{place.name} does not know a token that the cluster has just issued.")
    status, _answer = site.form(site.balancer, "/oauth2/revoke", credentials, token=token)
    if status != 200:
        raise WalkError(f"The token could not be revoked (HTTP status {status}).")
    begun = time.monotonic()
    refused: dict[str, float] = {}
    while len(refused) < len(site.nodes):
        for place in site.nodes:
            if place.name not in refused and not active(site, place, token):
                refused[place.name] = round(time.monotonic() - begun, 2)
        if time.monotonic() - begun > REFUSED_WITHIN and len(refused) < len(site.nodes):
            still = ", ".join(place.name for place in site.nodes if place.name not in refused)
            raise WalkError(
                f"{still} still takes a token that was revoked {REFUSED_WITHIN:g} s ago."
            )
    return {"client": credentials, "expires_in": issued.get("expires_in"), "refused": refused}
