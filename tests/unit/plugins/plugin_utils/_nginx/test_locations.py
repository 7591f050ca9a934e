# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Which paths clients need, and where redirects of nodes lead."""

from __future__ import annotations

import re

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._nginx.locations import (
    endpoint_locations,
    in_order,
    redirects,
)

MODEL = {
    "hostname": "km.bank.example",
    "management_hostname": "mgt.bank.example",
    "public_port": 443,
    "public_http_port": 80,
    "nodes": [
        {"name": "km1.bank", "address": "192.0.2.11", "ports": {"https": 9446, "http": 9766}},
        {"name": "km2.bank", "address": "2001:db8::12", "ports": {"https": 9447, "http": 9767}},
    ],
}


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://km.bank.example/oauth2/token", "/oauth2/token"),
        ("https://km.bank.example:8443/oauth2/jwks", "/oauth2/jwks"),
        (
            "${carbon.protocol}://${carbon.host}:${carbon.management.port}/oidc/logout",
            "/oidc/logout",
        ),
        ("https://km.bank.example/authenticationendpoint/login.do", "/authenticationendpoint/"),
        ("/commonauth", "/commonauth"),
        ("https://km.bank.example/a/b?c=/d.e", None),
        ("https://api.bank.example:8243/token", None),
        ("https://kmXbank.example/oauth2/token", None),
        ("https://km.bank.example/", None),
        ("https://km.bank.example/services/wso2carbon-sts", None),
        ("https://km.bank.example/carbon/", None),
        ("https://km.bank.example/scim2/Users", None),
        ("https://km.bank.example/wso2/scim/Users", None),
        ("https://km.bank.example/t/carbon.super/x", None),
        ("https://km.bank.example/servicesx", "/servicesx"),
    ],
)
def test_endpoints_on_the_balancer_need_their_path(url: str, location: str | None) -> None:
    assert endpoint_locations([url], "km.bank.example") == ([] if location is None else [location])


def test_locations_come_once_and_by_the_alphabet() -> None:
    assert in_order(["/b", "/C", "/a", "/b"]) == ["/a", "/b", "/C"]


def led(url: str, scheme: str) -> str | None:
    """As nginx rewrites a redirect, on a virtual host on port 80 or 8443 of this scheme."""
    found = redirects(MODEL, scheme, ":8443" if scheme == "https" else "", ":8443")
    for redirect in found:
        match = re.match(redirect.pattern, url, re.IGNORECASE)
        if match:
            groups = [group or "" for group in (*match.groups(), "")]
            return (
                redirect.target.replace("$host", "HOST")
                .replace("$1", groups[0])
                .replace("$2", groups[1])
            )
    return None


@pytest.mark.parametrize(
    ("url", "over_https", "over_http"),
    [
        (
            "https://192.0.2.11:9446/carbon/?a=b",
            "https://HOST:8443/carbon/?a=b",
            "https://HOST:8443/carbon/?a=b",
        ),
        ("http://192.0.2.11:9766/x", "https://HOST:8443/x", "http://HOST/x"),
        ("https://km1.bank/x", "https://HOST:8443/x", "https://HOST:8443/x"),
        ("https://KM2.bank:1/x", "https://HOST:8443/x", "https://HOST:8443/x"),
        ("https://localhost:9443", "https://HOST:8443", "https://HOST:8443"),
        ("https://[2001:db8::12]:9447/x", "https://HOST:8443/x", "https://HOST:8443/x"),
        (
            "https://km.bank.example:9446/x",
            "https://km.bank.example:8443/x",
            "https://km.bank.example:8443/x",
        ),
        (
            "http://mgt.bank.example:80/x",
            "https://mgt.bank.example:8443/x",
            "http://mgt.bank.example/x",
        ),
        ("https://km.bank.example:1234/x", None, None),
        ("https://km.bank.example/x", None, None),
        ("https://192.0.2.112/x", None, None),
        ("https://192x0.2.11/x", None, None),
        ("https://192.0.2.11.evil.example/", None, None),
        ("https://client.example/cb?u=https://192.0.2.11:9446/", None, None),
    ],
)
def test_redirects_lead_to_the_balancer(
    url: str, over_https: str | None, over_http: str | None
) -> None:
    assert (led(url, "https"), led(url, "http")) == (over_https, over_http)
