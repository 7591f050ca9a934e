# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Tokens that are followed through a cluster: issued by one node, known by every other, refreshed,
revoked, and gone everywhere."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import time
import typing as t
import urllib.parse
from xml.sax.saxutils import escape  # nosec B406 - writes, and parses nothing

from .._health import client
from .._health.client import Server
from .._health.errors import HealthError
from . import id_tokens

GRANTS = "client_credentials password refresh_token"
CALLBACK = "https://localhost/callback"
# The members tell each other of a revocation at once; without a cluster a node never hears of it.
GONE_WITHIN_SECONDS = 2.0
POLL_SECONDS = 0.1
# Beyond this a token of one node is not yet valid on another, or no longer.
CLOCK_SECONDS = 5.0
# How a server that issues no tokens for passwords refuses them.
NOT_THIS_GRANT = ("unsupported_grant_type", "unauthorized_client")
# What API Manager is answered for an unknown token, and for one without a subscription.
NO_SUCH_TOKEN = "900901"  # noqa: S105  # nosec B105 - a status
KNOWN_TOKEN = ("900908", "0")
_OAUTH = "http://org.apache.axis2/xsd"
_MODEL = "http://model.api.apimgt.carbon.wso2.org/xsd"
_DTO = "http://dto.oauth2.identity.carbon.wso2.org/xsd"


class TokenError(Exception):
    """A step that did not end as it must, in one sentence."""


class RefusedGrant(TokenError):
    """A grant type that the server does not have, or not for this client."""


@dataclasses.dataclass(frozen=True)
class Clocks:
    """What tells the time, and passes it."""

    now: t.Callable[[], float] = time.monotonic
    sleep: t.Callable[[float], None] = time.sleep
    today: t.Callable[[], float] = time.time


@dataclasses.dataclass(frozen=True)
class Site:
    """A cluster, and the account that asks it."""

    nodes: t.Sequence[Server]
    user: str
    passphrase: str
    client_name: str
    issuer: str = ""
    internal: Server | None = None
    """The listener of API Manager's calls."""


@dataclasses.dataclass(frozen=True)
class Client:
    """A client of the cluster."""

    key: str
    secret: str

    @property
    def header(self) -> str:
        """What it authenticates with."""
        return "Basic " + base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()


def _value(body: str, name: str) -> str:
    match = re.search(rf"<(?:\w+:)?{name}>(.*?)</", body, re.S)
    return match.group(1).strip() if match else ""


def find_client(node: Server, cookie: str, name: str) -> Client | None:
    """The administrator's client of this name. The product puts its owner's name before it."""
    body = f'<o:getAllOAuthApplicationData xmlns:o="{_OAUTH}"/>'
    answer = node.soap("OAuthAdminService", "getAllOAuthApplicationData", body, cookie)
    if "getAllOAuthApplicationDataResponse" not in answer.body:
        raise TokenError(
            f"The clients cannot be listed on {node.where}: {client.fault_of(answer)}."
        )
    # One <return> for each client.
    for entry in re.findall(r"<(?:\w+:)?return\b.*?</(?:\w+:)?return>", answer.body, re.S):
        if _value(entry, "applicationName").endswith(f"_{escape(name)}"):
            return Client(_value(entry, "oauthConsumerKey"), _value(entry, "oauthConsumerSecret"))
    return None


def register_client(node: Server, cookie: str, user: str, name: str) -> Client:
    """Registers a client by the call that API Manager makes for its applications."""
    action = "createOAuthApplicationByApplicationInfo"
    answer = node.soap(
        "APIKeyMgtSubscriberService",
        action,
        f'<o:{action} xmlns:o="{_OAUTH}"><o:oauthApplicationInfo xmlns:m="{_MODEL}">'
        f"<m:appOwner>{escape(user)}</m:appOwner><m:callBackURL>{CALLBACK}</m:callBackURL>"
        f"<m:clientName>{escape(name)}</m:clientName>"
        f'<m:jsonString>{{"grant_types":"{GRANTS}"}}</m:jsonString><m:tokenType>DEFAULT</m:tokenType>'
        f"</o:oauthApplicationInfo></o:{action}>",
        cookie,
    )
    key, secret = _value(answer.body, "clientId"), _value(answer.body, "clientSecret")
    if not key or not secret:
        raise TokenError(
            f"The client {name} cannot be registered on {node.where}: {client.fault_of(answer)}."
        )
    return Client(key, secret)


def _form(node: Server, path: str, header: str, **fields: str) -> tuple[int, dict[str, t.Any]]:
    headers = {
        "Authorization": header,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = node.request("POST", path, urllib.parse.urlencode(fields), headers)
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    return answer.status, found if isinstance(found, dict) else {}


def issue(node: Server, who: Client, **fields: str) -> dict[str, t.Any]:
    """A token of a node."""
    status, answer = _form(node, "/oauth2/token", who.header, **fields)
    if status != 200 or not answer.get("access_token"):
        error = answer.get("error_description") or answer.get("error") or "no reason"
        refused = answer.get("error") in NOT_THIS_GRANT
        raise (RefusedGrant if refused else TokenError)(
            f"{node.name} issues no token by {fields['grant_type']}"
            f" (HTTP status {status}: {error})."
        )
    return answer


def known(node: Server, cookie: str, token: str) -> bool:
    """Whether a node holds a token for active, by the service that API Manager and gateways ask."""
    answer = node.soap(
        "OAuth2TokenValidationService",
        "validate",
        f'<o:validate xmlns:o="{_OAUTH}" xmlns:d="{_DTO}"><o:validationReqDTO><d:accessToken>'
        f"<d:identifier>{escape(token)}</d:identifier><d:tokenType>bearer</d:tokenType>"
        "</d:accessToken></o:validationReqDTO></o:validate>",
        cookie,
    )
    valid = _value(answer.body, "valid")
    if valid not in ("true", "false"):
        raise TokenError(
            f"{node.name} does not say whether a token is valid: {client.fault_of(answer)}."
        )
    return valid == "true"


def known_everywhere(site: Site, cookies: t.Sequence[str], issuer: Server, token: str) -> None:
    """Raises unless every node knows a token that one of them has just issued."""
    for node, cookie in zip(site.nodes, cookies):
        if not known(node, cookie, token):
            raise TokenError(
                f"{node.name} does not know a token that {issuer.name} has just issued: the two"
                " do not share one identity database."
            )


def gone_after(
    site: Site,
    cookies: t.Sequence[str],
    token: str,
    clocks: Clocks,
) -> float:
    """Seconds until the last node refuses a revoked token."""
    now = clocks.now
    begun = now()
    limit = begun + GONE_WITHIN_SECONDS
    left = list(zip(site.nodes, cookies))
    while True:
        left = [(node, cookie) for node, cookie in left if known(node, cookie, token)]
        if not left:
            return now() - begun
        if now() >= limit:
            names = " and ".join(node.name for node, _cookie in left)
            raise TokenError(
                f"{names} still accepts a token that was revoked {now() - begun:.1f} s ago: the"
                " nodes do not tell each other of changes (cluster domain, members, caches), or"
                " have databases of their own."
            )
        clocks.sleep(POLL_SECONDS)


def _revoke(node: Server, who: Client, token: str) -> None:
    status, answer = _form(node, "/oauth2/revoke", who.header, token=token)
    if status != 200:
        raise TokenError(
            f"{node.name} does not revoke a token (HTTP status {status}:"
            f" {answer.get('error_description') or answer.get('error') or 'no reason'})."
        )


def check_id_token(site: Site, issuer: Server, id_token: str, before: float, after: float) -> None:
    """Raises unless an ID token names the issuer of the inventory, was made now, and is signed with
    a key that every node publishes."""
    said = id_tokens.claims(id_token)
    if site.issuer and said.get("iss") != site.issuer:
        raise TokenError(
            f"{issuer.name} issues tokens as {said.get('iss')}, where the inventory says"
            f" {site.issuer}."
        )
    # Whole seconds, cut.
    made = float(said.get("iat") or before)
    ahead = max(made - after, 0.0) or min(made + 1 - before, 0.0)
    if abs(ahead) > CLOCK_SECONDS:
        where = "ahead of" if ahead > 0 else "behind"
        raise TokenError(
            f"The clock of {issuer.name} is about {abs(ahead):.0f} s {where} that of"
            f" {site.nodes[0].name}: tokens of one node are not valid on the other. Let NTP set the"
            " clocks of all nodes."
        )
    for node in site.nodes:
        answer = node.request("GET", "/oauth2/jwks")
        keys = id_tokens.keys_of(answer.body) if answer.status == 200 else []
        if keys and id_tokens.is_signed_by(id_token, keys) is False:
            raise TokenError(
                f"An ID token of {issuer.name} does not verify with the key that {node.name}"
                " publishes at /oauth2/jwks: the two sign with different keystores."
            )


def first_token(site: Site, node: Server, who: Client, clocks: Clocks) -> dict[str, t.Any]:
    """A token for the administrator's password, its ID token checked; of a server that issues none
    for passwords, one of the client's own."""
    before = clocks.today()
    try:
        issued = issue(
            node,
            who,
            grant_type="password",
            scope="openid",
            username=site.user,
            password=site.passphrase,
        )
    except RefusedGrant:
        return issue(node, who, grant_type="client_credentials")
    if issued.get("id_token"):
        check_id_token(site, node, issued["id_token"], before, clocks.today())
    return issued


def follow(
    site: Site,
    cookies: t.Sequence[str],
    at: int,
    who: Client,
    clocks: Clocks,
) -> tuple[float, int]:
    """Follows the token of one node through all; returns after how many seconds it was gone, and
    for how many it had been issued."""
    node, following = site.nodes[at], site.nodes[(at + 1) % len(site.nodes)]
    issued = first_token(site, node, who, clocks)
    lifetime = int(issued.get("expires_in") or 0)
    known_everywhere(site, cookies, node, issued["access_token"])
    if issued.get("refresh_token"):
        issued = issue(
            following, who, grant_type="refresh_token", refresh_token=issued["refresh_token"]
        )
        known_everywhere(site, cookies, following, issued["access_token"])
    token = str(issued["access_token"])
    check_key_validations(site, token, KNOWN_TOKEN)
    _revoke(node, who, token)
    passed = gone_after(site, cookies, token, clocks)
    check_key_validations(site, token, (NO_SUCH_TOKEN,))
    return passed, lifetime


def check_subscriber_service(site: Site, server: Server, who: Client) -> None:
    """Asks for the client as API Manager does for an application of its own."""
    cookie = client.login(server, site.user, site.passphrase)
    action = "retrieveOAuthApplication"
    try:
        answer = server.soap(
            "APIKeyMgtSubscriberService",
            action,
            f'<o:{action} xmlns:o="{_OAUTH}"><o:consumerKey>{escape(who.key)}</o:consumerKey>'
            f"</o:{action}>",
            cookie,
        )
    finally:
        client.logout(server, cookie)
    if _value(answer.body, "clientId") != who.key:
        raise TokenError(
            f"APIKeyMgtSubscriberService through {server.where} does not know the client"
            f" {site.client_name}, which API Manager's calls find there:"
            f" {client.fault_of(answer)}."
        )


def check_key_validations(site: Site, token: str, wanted: t.Sequence[str]) -> None:
    """Asks the listener of API Manager's calls, and each node, as the listener chooses one of
    them."""
    if site.internal:
        for server in (site.internal, *site.nodes):
            check_key_validation(site, server, token, wanted)


def check_key_validation(site: Site, server: Server, token: str, wanted: t.Sequence[str]) -> None:
    """Validates a token as API Manager does for its gateway, for an API that there is not."""
    cookie = client.login(server, site.user, site.passphrase)
    try:
        answer = server.soap(
            "APIKeyValidationService",
            "validateKey",
            f'<o:validateKey xmlns:o="{_OAUTH}"><o:context>/carbon-ops</o:context>'
            f"<o:version>1.0</o:version><o:accessToken>{escape(token)}</o:accessToken>"
            "<o:requiredAuthenticationLevel>Any</o:requiredAuthenticationLevel>"
            "<o:clientDomain></o:clientDomain><o:matchingResource>/*</o:matchingResource>"
            "<o:httpVerb>GET</o:httpVerb></o:validateKey>",
            cookie,
        )
    finally:
        client.logout(server, cookie)
    status = _value(answer.body, "validationStatus")
    if status not in wanted:
        raise TokenError(
            f"validateKey at {server.name} ({server.where}) answers"
            f" {status or client.fault_of(answer)} where {wanted[0]} was expected: the datasource"
            " that api-manager.xml names does not work, or holds another database than that of"
            " identity.xml."
        )


def walk(
    site: Site, may_register: bool, clocks: Clocks | None = None
) -> tuple[list[str], dict[str, t.Any]]:
    """Follows a token of each node. Returns what is wrong, and what was seen."""
    seen: dict[str, t.Any] = {"registered": False, "gone_after": None, "expires_in": None}
    try:
        cookies = [client.login(node, site.user, site.passphrase) for node in site.nodes]
        who = find_client(site.nodes[0], cookies[0], site.client_name)
        if who is None and not may_register:
            return [], seen
        if who is None:
            who = register_client(site.nodes[0], cookies[0], site.user, site.client_name)
            seen["registered"] = True
        if site.internal:
            check_subscriber_service(site, site.internal, who)
        followed = [
            follow(site, cookies, at, who, clocks or Clocks()) for at in range(len(site.nodes))
        ]
        seen["gone_after"] = round(max(seconds for seconds, _lifetime in followed), 2)
        seen["expires_in"] = followed[0][1]
        for node, cookie in zip(site.nodes, cookies):
            client.logout(node, cookie)
    except (TokenError, HealthError) as error:
        return [str(error)], seen
    return [], seen
