# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The stand-in for NGINX Plus takes the vendor's own examples, and refuses what the vendor does not document."""

from __future__ import annotations

import pytest

from tests.integration.edge.plus_syntax import check

# By the vendor's pages.
EXAMPLES = """
upstream backend {
    zone backend 64k;
    server backend1.example.com route=a;
    server backend2.example.com:8080 fail_timeout=5s route=b; # the second
    sticky cookie srv_id expires=1h domain=.example.com path=/;
}
upstream other {
    server 192.0.2.1;
    sticky route $route_cookie $route_uri;
}
match server_ok {
    status ! 500;
    status 200-399;
}
server {
    location / {
        proxy_pass http://backend;
        health_check interval=10 fails=3 passes=2 uri=/x match=server_ok;
    }
}
"""


def test_the_vendor_s_examples_pass_and_are_taken_out() -> None:
    problems, plain = check({"a.conf": EXAMPLES})
    assert problems == []
    assert [
        word for word in ("sticky", "health_check", "match", "route=") if word in plain["a.conf"]
    ] == []
    assert "server backend2.example.com:8080 fail_timeout=5s; # the second" in plain["a.conf"]


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("path=/;", "path=/ samesite=None;", 'invalid parameter "samesite=None"'),
        ("path=/;", "path=/ same_site=none;", 'invalid parameter "same_site=none"'),
        ("path=/;", "path=/ HttpOnly;", 'invalid parameter "HttpOnly"'),
        ("path=/;", "path=/ path=/;", 'duplicate parameter "path"'),
        ("path=/;", "path:/;", 'invalid parameter "path:/"'),
        ("sticky cookie srv_id", "sticky cookies srv_id", 'invalid parameters of "sticky"'),
        ("sticky cookie srv_id", "sticky name=srv_id", 'invalid parameters of "sticky"'),
        (
            "sticky route $route_cookie",
            "sticky route route_cookie",
            'invalid variable "route_cookie"',
        ),
        (
            "    location / {",
            "    sticky route $a;\n    location / {",
            '"sticky" directive is not allowed here',
        ),
        ("match=server_ok", "match=server_fine", '"match" block "server_fine" is not found'),
        ("uri=/x", "url=/x", 'invalid parameter "url=/x"'),
        ("uri=/x", "uri=x", 'invalid parameter "uri=x"'),
        ("interval=10", "interval=often", 'invalid parameter "interval=often"'),
        (
            "    zone backend 64k;\n",
            "",
            "health checks need a proxy_pass to an upstream with a zone",
        ),
        (
            "http://backend;",
            "http://elsewhere;",
            "health checks need a proxy_pass to an upstream with a zone",
        ),
        ("status 200-399;", "status 2xx;", 'invalid test "status 2xx" in "match"'),
        ("status 200-399;", "code 200;", 'invalid test "code 200" in "match"'),
    ],
)
def test_what_is_not_documented_is_refused(right: str, wrong: str, says: str) -> None:
    assert right in EXAMPLES
    assert check({"a.conf": EXAMPLES.replace(right, wrong)})[0] == [f"{says} in a.conf"]
