# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Tokens are followed through a cluster: a stand-in for its nodes, well and with one thing wrong."""

from __future__ import annotations

import base64
import json
import re
import time
import typing as t
import urllib.parse

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.client import Answer
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import tokens
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://km.bank.example/oauth2/token"
SECRET = "Basic " + base64.b64encode(b"key1:secret1").decode()


def written(part: bytes) -> str:
    """As tokens write bytes."""
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


class Key:
    """What a node signs with."""

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def published(self) -> str:
        modulus = self.private.public_key().public_numbers().n
        key = {"kty": "RSA", "n": written(modulus.to_bytes(256, "big")), "e": "AQAB"}
        return json.dumps({"keys": [key]})

    def token(self, algorithm: str = "RS256", **claims: t.Any) -> str:
        head = written(json.dumps({"alg": algorithm}).encode())
        signed = f"{head}.{written(json.dumps(claims).encode())}"
        signature = self.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{written(signature)}"


KEY, OTHER_KEY = Key(), Key()


class Database:
    """What nodes share: clients by name, and the tokens that are active."""

    def __init__(self) -> None:
        self.clients: list[str] = ["admin_carbon-ops-verify-other"]
        self.active: set[str] = set()
        self.issued = 0


class Node:
    """Answers as a Key Manager does, and notes what it was asked."""

    def __init__(self, name: str, database: Database) -> None:
        self.name = self.where = name
        self.database = database
        self.issuer = ISSUER
        self.key = KEY
        self.algorithm = "RS256"
        self.jwks_status = 200
        self.ahead = 0.0
        self.knows_the_client = True
        self.refused: set[str] = set()
        self.deaf = False
        self.remembered: set[str] = set()
        self.key_status = ""
        self.asked: list[str] = []

    def knows(self, token: str) -> bool:
        if token in self.database.active:
            self.remembered.add(token)
            return True
        # Of a node that hears of no revocation its cache still holds the token.
        return self.deaf and token in self.remembered

    def soap(self, _service: str, action: str, body: str, cookie: str = "") -> Answer:
        self.asked.append(action)
        if action == "login":
            return Answer(200, "<ns:return>true</ns:return>", "session")
        if action == "logout":
            return Answer(202, "", "")
        assert cookie == "session"
        token = "".join(re.findall(r"<(?:d:identifier|o:accessToken)>([^<]*)<", body))
        if action == "validate":
            return Answer(200, f"<ax:valid>{str(self.knows(token)).lower()}</ax:valid>", "")
        if action == "validateKey":
            status = self.key_status or ("900908" if self.knows(token) else "900901")
            return Answer(200, f"<ax:validationStatus>{status}</ax:validationStatus>", "")
        if action == "retrieveOAuthApplication":
            key = "key1" if self.knows_the_client and "<o:consumerKey>key1<" in body else ""
            return Answer(200, f"<a:clientId>{key}</a:clientId>", "")
        if action == "getAllOAuthApplicationData":
            entries = "".join(
                f"<ns:return><a:applicationName>{name}</a:applicationName>"
                "<a:oauthConsumerKey>key1</a:oauthConsumerKey>"
                "<a:oauthConsumerSecret>secret1</a:oauthConsumerSecret></ns:return>"
                for name in self.database.clients
            )
            return Answer(200, f"<ns:{action}Response>{entries}</ns:{action}Response>", "")
        assert action == "createOAuthApplicationByApplicationInfo"
        name = "".join(re.findall("<m:clientName>([^<]+)<", body))
        self.database.clients.append(f"admin_{name}")
        return Answer(
            200, "<a:clientId>key1</a:clientId><a:clientSecret>secret1</a:clientSecret>", ""
        )

    def request(
        self, method: str, path: str, body: str = "", headers: t.Mapping[str, str] | None = None
    ) -> Answer:
        if (method, path) == ("GET", "/oauth2/jwks"):
            return Answer(self.jwks_status, self.key.published(), "")
        assert headers
        fields = dict(urllib.parse.parse_qsl(body))
        assert headers["Authorization"] == SECRET
        if path == "/oauth2/revoke":
            self.asked.append("revoke")
            self.database.active.discard(fields["token"])
            return Answer(200, "{}", "")
        assert path == "/oauth2/token"
        grant = fields["grant_type"]
        self.asked.append(grant)
        if grant in self.refused:
            return Answer(400, '{"error": "unsupported_grant_type"}', "")
        self.database.issued += 1
        token = f"token{self.database.issued}"
        self.database.active.add(token)
        answer: dict[str, t.Any] = {"access_token": token, "expires_in": 3600}
        if grant != "client_credentials":
            answer["refresh_token"] = f"refresh{self.database.issued}"
        if grant == "password":
            made = int(time.time() + self.ahead)
            answer["id_token"] = self.key.token(self.algorithm, iss=self.issuer, iat=made)
        return Answer(200, json.dumps(answer), "")


@pytest.fixture
def nodes() -> list[Node]:
    database = Database()
    return [Node("km1", database), Node("km2", database)]


def site(nodes: list[Node], **options: t.Any) -> t.Any:
    """The cluster of these nodes."""
    return tokens.Site(
        t.cast("t.Any", nodes), "admin", "p&ss", "carbon-ops-verify", ISSUER, **options
    )


def test_tokens_of_a_cluster_that_is_well(nodes: list[Node]) -> None:
    failures, seen = tokens.walk(site(nodes, internal=nodes[1]), may_register=True)
    assert failures == []
    assert seen["registered"] is True
    assert seen["gone_after"] < 2
    assert nodes[0].database.clients[1:] == ["admin_carbon-ops-verify"]
    # Each issued one, and refreshed that of the other.
    for node in nodes:
        assert [step for step in node.asked if step in ("password", "refresh_token", "revoke")] in (
            ["password", "revoke", "refresh_token"],
            ["refresh_token", "password", "revoke"],
        )
    # Four times as itself, and four times as the listener of API Manager's calls.
    assert [node.asked.count("validateKey") for node in nodes] == [4, 8]
    assert nodes[1].asked.count("retrieveOAuthApplication") == 1
    assert seen["expires_in"] == 3600
    failures, seen = tokens.walk(site(nodes), may_register=True)
    assert (failures, seen["registered"]) == ([], False)


def test_no_client_is_registered_where_none_may_be(nodes: list[Node]) -> None:
    assert tokens.walk(site(nodes), may_register=False) == (
        [],
        {"registered": False, "gone_after": None, "expires_in": None},
    )
    assert len(nodes[0].database.clients) == 1


def unshared(nodes: list[Node]) -> None:
    nodes[1].database = Database()
    nodes[1].database.clients.append("admin_carbon-ops-verify")


def deaf(nodes: list[Node]) -> None:
    nodes[1].deaf = True


def another_issuer(nodes: list[Node]) -> None:
    nodes[1].issuer = "https://km2:9443/oauth2/token"


def no_grant(nodes: list[Node]) -> None:
    nodes[0].refused = {"password", "client_credentials"}


def another_keystore(nodes: list[Node]) -> None:
    nodes[1].key = OTHER_KEY


def fast_clock(nodes: list[Node]) -> None:
    nodes[1].ahead = 61


def slow_clock(nodes: list[Node]) -> None:
    nodes[1].ahead = -61


def unknown_client(nodes: list[Node]) -> None:
    nodes[0].knows_the_client = False


def other_keys(nodes: list[Node]) -> None:
    nodes[0].key_status = "900900"


def other_keys_behind_the_listener(nodes: list[Node]) -> None:
    nodes[1].key_status = "900900"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (unshared, "km2 does not know a token that km1 has just issued"),
        (deaf, "km2 still accepts a token that was revoked 2."),
        (another_issuer, "km2 issues tokens as https://km2:9443/oauth2/token, where the inventory"),
        (
            no_grant,
            "km1 issues no token by client_credentials (HTTP status 400: unsupported_grant_type).",
        ),
        (
            another_keystore,
            "An ID token of km1 does not verify with the key that km2 publishes at /oauth2/jwks",
        ),
        (fast_clock, "The clock of km2 is about 6"),
        (slow_clock, "The clock of km2 is about 6"),
        (
            unknown_client,
            "APIKeyMgtSubscriberService through km1 does not know the client carbon-ops-verify",
        ),
        (other_keys, "validateKey at km1 (km1) answers 900900 where 900908 was expected"),
        (
            other_keys_behind_the_listener,
            "validateKey at km2 (km2) answers 900900 where 900908 was expected",
        ),
    ],
)
def test_what_is_wrong_with_tokens_is_named(
    nodes: list[Node], change: t.Callable[[list[Node]], None], sentence: str
) -> None:
    change(nodes)
    failures, _seen = tokens.walk(site(nodes, internal=nodes[0]), may_register=True)
    assert len(failures) == 1
    assert sentence in failures[0]
    assert "p&ss" not in failures[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (fast_clock, r"The clock of km2 is about 6[01] s ahead of that of km1: "),
        (slow_clock, r"The clock of km2 is about 6[01] s behind that of km1: "),
    ],
)
def test_direction_of_a_wrong_clock_is_told(
    nodes: list[Node], change: t.Callable[[list[Node]], None], sentence: str
) -> None:
    change(nodes)
    ((failure,), _seen) = tokens.walk(site(nodes), may_register=True)
    assert re.match(sentence, failure)


def test_clocks_within_the_tolerance_are_well(nodes: list[Node]) -> None:
    nodes[0].ahead, nodes[1].ahead = 3, -3
    assert tokens.walk(site(nodes), may_register=True)[0] == []


def test_without_the_password_grant_tokens_of_the_client_are_followed(nodes: list[Node]) -> None:
    for node in nodes:
        node.refused = {"password"}
    failures, seen = tokens.walk(site(nodes, internal=nodes[0]), may_register=True)
    assert failures == []
    assert seen["gone_after"] < 2
    for node in nodes:
        assert "client_credentials" in node.asked
        assert "refresh_token" not in node.asked
    deaf(nodes)
    failures, _seen = tokens.walk(site(nodes), may_register=True)
    assert "km2 still accepts a token that was revoked" in failures[0]


@pytest.mark.parametrize(("algorithm", "jwks_status"), [("PS256", 200), ("RS256", 404)])
def test_signature_that_cannot_be_checked_is_no_failure(
    nodes: list[Node], algorithm: str, jwks_status: int
) -> None:
    another_keystore(nodes)
    for node in nodes:
        node.algorithm, node.jwks_status = algorithm, jwks_status
    assert tokens.walk(site(nodes), may_register=True)[0] == []
