# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What role nginx promises, seen at a real nginx."""

from __future__ import annotations

import socket
import time
import typing as t
import uuid
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.edge.edge_machine import HOSTNAME, MANAGEMENT, Edge

TOKEN = "/oauth2/token"


def test_clients_without_a_route_are_spread_and_get_one(edge: Edge) -> None:
    answers = [edge.ask(TOKEN) for _number in range(40)]
    assert set(Counter(answer.node for answer in answers)) == {"km1", "km2"}
    assert all(answer.route == answer.node for answer in answers)
    cookie = answers[0].header("Set-Cookie") or ""
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=None"} <= set(cookie.split("; "))


@pytest.mark.parametrize("node", ["km1", "km2"])
def test_a_route_is_kept(edge: Edge, node: str) -> None:
    answers = [edge.ask(TOKEN, route=node) for _number in range(10)]
    assert {answer.node for answer in answers} == {node}
    assert all(answer.route is None for answer in answers)


def test_a_route_that_does_not_exist_counts_as_none(edge: Edge) -> None:
    answers = [edge.ask(TOKEN, route="km9") for _number in range(20)]
    assert {answer.node for answer in answers} == {"km1", "km2"}
    assert all(answer.route == answer.node for answer in answers)


def test_a_drained_node_gets_nothing_on_any_listener(edge: Edge) -> None:
    edge.drain("km1")
    for question in (
        {"path": TOKEN, "route": "km1"},
        {"path": TOKEN},
        {"path": TOKEN, "port": "public_http_port"},
        {"path": "/carbon/", "host": MANAGEMENT},
        {"path": "/services/x", "port": "internal_port"},
        {
            "path": "/services/x",
            "port": "internal_port",
            "headers": {"Cookie": "JSESSIONID=1234.km1"},
        },
    ):
        assert {edge.ask(**question).node for _number in range(8)} == {"km2"}, question
    assert edge.ask(TOKEN, route="km1").route == "km2"
    edge.drain()
    assert edge.ask(TOKEN, route="km1").node == "km1"


def test_when_all_nodes_are_drained_they_serve_all_the_same(edge: Edge) -> None:
    edge.drain("km1", "km2")
    assert edge.ask(TOKEN, route="km1").node == "km1"
    assert edge.ask(TOKEN, route="km2").node == "km2"


def test_a_dead_node_is_replaced_and_the_client_moves(edge: Edge) -> None:
    edge.backends[0].stop()
    answers = [
        edge.ask(TOKEN, route="km1", method="POST", body="grant_type=x") for _number in range(20)
    ]
    assert {answer.status for answer in answers} == {200}
    assert {answer.node for answer in answers} == {"km2"}
    assert answers[0].route == "km2"


def test_a_frozen_node_is_replaced_within_five_seconds(edge: Edge) -> None:
    assert edge.ask(TOKEN, route="km1").node == "km1"
    edge.backends[0].freeze()
    for method in ("GET", "POST"):
        answers = [edge.ask(TOKEN, route="km1", method=method) for _number in range(5)]
        assert {answer.node for answer in answers} == {"km2"}
        assert max(answer.seconds for answer in answers) < 5


def test_a_frozen_node_costs_its_clients_a_few_slow_answers_only(edge: Edge) -> None:
    edge.backends[0].freeze()
    seconds = [edge.ask(TOKEN, route="km1").seconds for _number in range(12)]
    assert sum(1 for taken in seconds if taken > 1) <= 4


def test_the_last_node_left_is_not_given_up_after_one_refusal(edge: Edge) -> None:
    edge.drain("km1")
    edge.backends[1].stop()
    assert edge.ask(TOKEN).status == 502
    edge.backends[1].start()
    assert [edge.ask(TOKEN).status for _number in range(5)] == [200] * 5


# The virtual hosts over TLS, with a path that each of them passes on.
LISTENERS = {
    "public": (HOSTNAME, "public_port", TOKEN),
    "management": (MANAGEMENT, "public_port", "/carbon/"),
    "internal": (HOSTNAME, "internal_port", "/services/x"),
}


@pytest.mark.parametrize("pair", ["forged", "misnamed"])
def test_a_node_with_a_wrong_certificate_gets_nothing(edge: Edge, pair: str) -> None:
    edge.backends[0].stop()
    edge.backends[0].start(pair)
    assert {edge.ask(TOKEN, route="km1").node for _number in range(3)} == {"km2"}


@pytest.mark.parametrize("pair", ["forged", "misnamed"])
@pytest.mark.parametrize(("host", "port", "path"), LISTENERS.values(), ids=LISTENERS)
def test_nodes_with_wrong_certificates_see_no_request_of_any_listener(
    edge: Edge, host: str, port: str, path: str, pair: str
) -> None:
    assert edge.ask(path, host=host, port=port).status == 200
    for backend in edge.backends:
        backend.stop()
        backend.start(pair)
        backend.requests.clear()
    assert edge.ask(path, host=host, port=port).status == 502
    assert [backend.requests for backend in edge.backends] == [[], []]


@pytest.mark.parametrize("port", ["public_port", "public_http_port"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/oauth2/token", 200),
        ("/oauth2/authorize?client_id=x", 200),
        ("/oauth2/revoke", 200),
        ("/oauth2/introspect", 200),
        ("/oauth2/userinfo", 200),
        ("/oauth2/jwks", 200),
        ("/oauth2/oidcdiscovery/.well-known/openid-configuration", 200),
        ("/.well-known/webfinger", 200),
        ("/commonauth", 200),
        ("/authenticationendpoint/login.do", 200),
        ("/ob/authenticationendpoint/css/x.css", 200),
        ("/oidc/logout", 200),
        ("/samlsso", 200),
        ("/smsotpauthenticationendpoint/smsotp.jsp", 200),
        ("/", 404),
        ("/carbon/admin/login.jsp", 404),
        ("/services/AuthenticationAdmin", 404),
        ("/scim2/Users", 404),
        ("/throttle/data/v1", 404),
        ("/client-registration/v0.14/register", 404),
        ("/oidc/../carbon/", 404),
        ("/oidc/%2e%2e/carbon/", 404),
        ("/oidc/..;/carbon/", 404),
        ("/oidc/a/;/../../carbon/", 404),
        ("/oidc/.;/..;x=y/carbon/", 404),
        ("/oidc/%2e%2e%3b/carbon/", 404),
        ("/oidc/%2E./carbon/", 404),
        ("/oidc/..\\carbon/", 404),
        ("/oidc/..%2fcarbon/", 404),
        ("/oidc/logout?next=/a/../b", 200),
        ("//carbon/", 404),
    ],
)
def test_the_restricted_form(edge: Edge, path: str, status: int, port: str) -> None:
    assert edge.ask(path, port=port).status == status


def test_plain_http_reaches_the_http_port(edge: Edge) -> None:
    answers = [edge.ask(TOKEN, port="public_http_port") for _number in range(10)]
    assert len({answer.node for answer in answers}) == 1
    assert answers[0].seen["headers"]["X-Forwarded-Proto"] == "http"


@pytest.mark.parametrize("host", ["evil.example", "localhost"])
@pytest.mark.parametrize("port", ["public_port", "internal_port", "public_http_port"])
def test_other_host_names_are_refused(edge: Edge, host: str, port: str) -> None:
    # The certificate is checked for the right name; only the Host header is another one.
    answer = edge.ask(TOKEN, port=port, headers={"Host": host})
    assert answer.status == 404


@pytest.mark.parametrize(
    ("location", "rewritten"),
    [
        ("https://127.0.0.11:{https}/carbon/x?a=b", "https://km.edge.test:{public}/carbon/x?a=b"),
        ("https://127.0.0.12:{https}/", "https://km.edge.test:{public}/"),
        ("http://127.0.0.11:{http}/oidc", "https://km.edge.test:{public}/oidc"),
        ("https://km1:{https}/a", "https://km.edge.test:{public}/a"),
        ("https://localhost:{https}/a", "https://km.edge.test:{public}/a"),
        ("https://km.edge.test:{https}/a", "https://km.edge.test:{public}/a"),
        ("https://mgt.km.edge.test:{https}/carbon/", "https://mgt.km.edge.test:{public}/carbon/"),
        ("https://km.edge.test:{public}/a", "https://km.edge.test:{public}/a"),
        (
            "https://client.example/cb?u=https://127.0.0.11:{https}/",
            "https://client.example/cb?u=https://127.0.0.11:{https}/",
        ),
        ("https://127.0.0.11.evil.example/", "https://127.0.0.11.evil.example/"),
    ],
)
def test_redirects_name_the_balancer(edge: Edge, location: str, rewritten: str) -> None:
    numbers: dict[str, int] = {**edge.backends[0].ports, "public": edge.model["public_port"]}
    answer = edge.ask(
        "/oidc/logout?location="
        + location.format(**numbers).replace("?", "%3F").replace("=", "%3D")
    )
    assert answer.status == 302
    assert answer.header("Location") == rewritten.format(**numbers)


def test_a_redirect_from_http_to_https_stays_one(edge: Edge) -> None:
    answer = edge.ask(
        f"/oidc/logout?location=https://km.edge.test:{edge.backends[0].ports['https']}/a",
        port="public_http_port",
    )
    assert answer.header("Location") == f"https://km.edge.test:{edge.model['public_port']}/a"
    answer = edge.ask(
        f"/oidc/logout?location=http://127.0.0.11:{edge.backends[0].ports['http']}/a",
        port="public_http_port",
    )
    assert answer.header("Location") == f"http://km.edge.test:{edge.model['public_http_port']}/a"


def test_a_client_cannot_forge_what_a_node_believes(edge: Edge) -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Server": "evil.example",
        "Forwarded": "for=203.0.113.7",
        "X-Real-IP": "203.0.113.7",
        "x-wso2-mutual-auth-cert": "forged",
        "SSL-CLIENT-CERT": "forged",
    }
    seen = edge.ask(TOKEN, headers=forged).seen["headers"]
    assert seen["X-Forwarded-For"] == "127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "https"
    assert seen["X-Forwarded-Host"] == seen["X-Forwarded-Server"] == seen["Host"] == HOSTNAME
    lowered = {name.lower() for name in seen}
    assert not lowered & {"forwarded", "x-real-ip", "x-wso2-mutual-auth-cert", "ssl-client-cert"}


def test_the_gateway_passes_client_certificates_on_internally(edge: Edge) -> None:
    answer = edge.ask(
        "/oauth2/token", port="internal_port", headers={"x-wso2-mutual-auth-cert": "certificate"}
    )
    assert answer.seen["headers"]["x-wso2-mutual-auth-cert"] == "certificate"


def test_websockets_are_upgraded_and_other_connections_are_not(edge: Edge) -> None:
    seen = edge.ask(TOKEN, headers={"Connection": "Upgrade", "Upgrade": "websocket"}).seen[
        "headers"
    ]
    assert (seen["Connection"], seen["Upgrade"]) == ("upgrade", "websocket")
    seen = edge.ask(TOKEN).seen["headers"]
    assert seen["Connection"] == "close"
    assert "Upgrade" not in seen


@pytest.mark.parametrize(
    "protocol", ["h2c", "HTTP/2.0", "TLS/1.2", "websocket, h2c", "h2c, websocket"]
)
@pytest.mark.parametrize(
    ("host", "port", "path"),
    [*LISTENERS.values(), (HOSTNAME, "public_http_port", TOKEN)],
    ids=[*LISTENERS, "http"],
)
def test_no_other_protocol_is_upgraded_to(
    edge: Edge, host: str, port: str, path: str, protocol: str
) -> None:
    asked = {
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": protocol,
        "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA",
    }
    seen = edge.ask(path, host=host, port=port, headers=asked).seen["headers"]
    assert seen["Connection"] == "close"
    assert not {"upgrade", "http2-settings"} & {name.lower() for name in seen}


def test_connections_that_stay_open_upgrade_to_websockets_only_as_well(by_address: Edge) -> None:
    seen = by_address.ask(TOKEN, headers={"Connection": "Upgrade", "Upgrade": "WebSocket"}).seen[
        "headers"
    ]
    assert (seen["Connection"], seen["Upgrade"]) == ("upgrade", "websocket")
    seen = by_address.ask(TOKEN, headers={"Connection": "Upgrade", "Upgrade": "h2c"}).seen[
        "headers"
    ]
    assert not {"connection", "upgrade"} & {name.lower() for name in seen}


EVERYWHERE = {
    **LISTENERS,
    "public, refused": (HOSTNAME, "public_port", "/nothing"),
    "another name": ("other.example", "public_port", "/"),
    "another name, internal": ("other.example", "internal_port", "/"),
    "http": (HOSTNAME, "public_http_port", TOKEN),
    "http, refused": (HOSTNAME, "public_http_port", "/nothing"),
    "http, management": (MANAGEMENT, "public_http_port", "/carbon/"),
    "http, another name": ("other.example", "public_http_port", "/"),
}


@pytest.mark.parametrize(("host", "port", "path"), EVERYWHERE.values(), ids=EVERYWHERE)
def test_every_virtual_host_sends_the_security_headers(
    edge: Edge, host: str, port: str, path: str
) -> None:
    certified = host if host in (HOSTNAME, MANAGEMENT) else HOSTNAME
    answer = edge.ask(path, host=certified, port=port, headers={"Host": host})
    found = {
        name: [value for key, value in answer.headers if key.lower() == name] for name in SECURITY
    }
    # Browsers must not heed it over plain HTTP, so it is not sent there.
    transport = [] if port == "public_http_port" else ["max-age=31536000"]
    assert found == {
        "strict-transport-security": transport,
        "x-content-type-options": ["nosniff"],
        "x-frame-options": ["SAMEORIGIN"],
    }


SECURITY = ("strict-transport-security", "x-content-type-options", "x-frame-options")


def test_answers_carry_the_security_headers_once(edge: Edge) -> None:
    headers = [name.lower() for name, _value in edge.ask(TOKEN).headers]
    assert headers.count("strict-transport-security") == 1
    assert headers.count("x-content-type-options") == 1
    assert edge.ask("/nothing").header("Strict-Transport-Security") == "max-age=31536000"
    assert "/" not in (edge.ask(TOKEN).header("Server") or "")


@pytest.mark.parametrize(
    ("source", "status"),
    [("127.0.0.1", 200), ("127.0.0.41", 200), ("127.0.0.11", 200), ("127.0.0.99", 403)],
)
def test_the_internal_listener_is_for_the_cluster_only(
    edge: Edge, source: str, status: int
) -> None:
    assert (
        edge.ask("/services/AuthenticationAdmin", port="internal_port", source=source).status
        == status
    )


def test_the_internal_listener_serves_what_api_manager_calls_only(edge: Edge) -> None:
    assert edge.ask("/throttle/data/v1/blocks", port="internal_port").status == 200
    assert edge.ask("/carbon/admin/login.jsp", port="internal_port").status == 404
    assert edge.ask("/services/..;/carbon/", port="internal_port").status == 404


def test_internal_calls_are_spread_but_a_session_stays(edge: Edge) -> None:
    assert {edge.ask("/services/x", port="internal_port").node for _number in range(30)} == {
        "km1",
        "km2",
    }
    for node in ("km1", "km2"):
        cookie = {"Cookie": f"JSESSIONID=0A1B2C.{node}"}
        assert {
            edge.ask("/services/x", port="internal_port", headers=cookie).node
            for _number in range(8)
        } == {node}


def test_the_console_is_on_the_first_node_with_the_other_as_its_backup(edge: Edge) -> None:
    assert {edge.ask("/carbon/", host=MANAGEMENT).node for _number in range(10)} == {"km1"}
    assert (
        edge.ask("/", host=MANAGEMENT).header(
            "Location",
        )
        == f"https://{MANAGEMENT}:{edge.model['public_port']}/carbon/"
    )
    edge.backends[0].stop()
    moved = edge.ask("/carbon/", host=MANAGEMENT, route="km1")
    assert (moved.node, moved.route) == ("km2", "km2")
    edge.backends[0].start()
    assert edge.ask("/carbon/", host=MANAGEMENT, route="km2").node == "km2"


def test_the_console_is_never_served_without_tls(edge: Edge) -> None:
    answer = edge.ask("/carbon/?x=y", host=MANAGEMENT, port="public_http_port")
    assert answer.status == 308
    assert (
        answer.header("Location") == f"https://{MANAGEMENT}:{edge.model['public_port']}/carbon/?x=y"
    )


@pytest.mark.parametrize(
    ("listener", "method", "times"),
    [
        ("public", "POST", 1),
        ("public", "PATCH", 1),
        ("public", "GET", 2),
        ("public", "PUT", 2),
        ("public", "DELETE", 2),
        ("management", "POST", 1),
        ("management", "GET", 2),
        ("internal", "POST", 1),
        ("internal", "GET", 2),
    ],
)
def test_a_request_that_a_node_had_is_repeated_where_that_makes_no_difference_only(
    edge: Edge, listener: str, method: str, times: int
) -> None:
    """HTTP says of all but POST and PATCH that twice is as good as once."""
    host, port, path = LISTENERS[listener]
    answer = edge.ask(path + "?fail=break", host=host, port=port, method=method)
    assert answer.status == 502
    assert [request for backend in edge.backends for request in backend.requests] == [
        f"{method} {path}?fail=break"
    ] * times


def test_a_write_that_takes_too_long_is_not_sent_again(loose: Edge) -> None:
    loose.ask(TOKEN + "?fail=hang", method="POST", body="grant_type=x")
    assert (
        len(
            [
                request
                for backend in loose.backends
                for request in backend.requests
                if "hang" in request
            ]
        )
        == 1
    )


def test_a_configuration_that_nginx_refuses_changes_nothing(edge: Edge) -> None:
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((edge.home / "conf.d").iterdir())
    }
    result = edge.render(
        nginx_extra_server_config="no_such_directive on;", nginx_client_max_body_size="33m"
    )
    assert result.returncode != 0
    assert "nothing of it went live" in result.stdout
    assert 'unknown directive "no_such_directive"' in result.stdout
    assert {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((edge.home / "conf.d").iterdir())
    } == before


def test_an_unchanged_run_changes_nothing(edge: Edge) -> None:
    result = edge.render()
    assert result.returncode == 0, result.stdout
    assert "changed=0" in result.stdout


@pytest.fixture(scope="module")
def three_nodes(make_edge: t.Callable[..., Edge]) -> Edge:
    return make_edge(
        3,
        nginx_trusted_proxies=["127.0.0.0/24"],
        nginx_http="redirect",
        nginx_management_sources=["127.0.0.7"],
        nginx_hsts_max_age=0,
    )


@pytest.mark.parametrize(
    ("drained", "expected"),
    [
        ((), {"km1": {"km1"}, "km2": {"km2"}, "km3": {"km3"}}),
        (("km1",), {"km1": {"km2"}, "km2": {"km2"}, "km3": {"km3"}}),
        (("km3",), {"km1": {"km1"}, "km2": {"km2"}, "km3": {"km1"}}),
        (("km1", "km2"), {"km1": {"km3"}, "km2": {"km3"}, "km3": {"km3"}}),
        (("km2", "km3"), {"km1": {"km1"}, "km2": {"km1"}, "km3": {"km1"}}),
        (("km1", "km2", "km3"), {"km1": {"km1"}, "km2": {"km2"}, "km3": {"km3"}}),
    ],
)
def test_three_nodes_in_every_state_of_drain(
    three_nodes: Edge, drained: tuple[str, ...], expected: dict[str, set[str]]
) -> None:
    three_nodes.drain(*drained)
    found = {
        route: {three_nodes.ask(TOKEN, route=route).node for _number in range(3)}
        for route in expected
    }
    three_nodes.drain()
    assert found == expected


def test_new_clients_reach_all_three_nodes(three_nodes: Edge) -> None:
    assert {three_nodes.ask(TOKEN).node for _number in range(60)} == {"km1", "km2", "km3"}


def test_trusted_proxies_are_believed(three_nodes: Edge) -> None:
    seen = three_nodes.ask(TOKEN, headers={"X-Forwarded-For": "203.0.113.7"}).seen["headers"]
    assert seen["X-Forwarded-For"] == "203.0.113.7"


def test_plain_http_can_be_redirected(three_nodes: Edge) -> None:
    answer = three_nodes.ask("/oauth2/authorize?a=b", port="public_http_port")
    assert (
        answer.header("Location")
        == f"https://{HOSTNAME}:{three_nodes.model['public_port']}/oauth2/authorize?a=b"
    )


def test_the_console_can_be_limited_to_its_administrators(three_nodes: Edge) -> None:
    assert three_nodes.ask("/carbon/", host=MANAGEMENT).status == 403
    assert three_nodes.ask("/carbon/", host=MANAGEMENT, source="127.0.0.7").status == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/carbon/", "/carbon/admin/login.jsp", "/services/AuthenticationAdmin", "/oauth2/token"],
)
def test_the_console_is_closed_until_somebody_is_let_in(loose: Edge, path: str) -> None:
    answer = loose.ask(path, host=MANAGEMENT)
    # A redirect within the host says nothing of what is behind it.
    assert answer.status == (302 if path == "/" else 403)


def test_the_console_has_logs_of_its_own(edge: Edge) -> None:
    """As documented; a query, which may carry a secret, is in none."""
    mark = uuid.uuid4().hex
    edge.ask(f"/carbon/{mark}?secret={mark}s", host=MANAGEMENT)
    edge.ask(f"/oidc/{mark}?secret={mark}s")
    console = edge.log("mgt.ob-km.access.log", f' {MANAGEMENT} "GET /carbon/{mark} HTTP/1.1" 200 ')
    assert mark not in console.replace(f"/carbon/{mark} ", "")
    clients = edge.log("ob-km.access.log", f' {HOSTNAME} "GET /oidc/{mark} HTTP/1.1" 200 ')
    assert mark not in clients.replace(f"/oidc/{mark} ", "")


def kept_sessions(edge: Edge, source: str) -> int:
    """How many of 100 requests of one browser find the session that it opened."""
    path = "/oauth2/authorize"
    cookies = edge.ask(path + "?login=yes", source=source).cookies
    kept = 0
    for _number in range(100):
        answer = edge.ask(
            path,
            source=source,
            headers={"Cookie": "; ".join("=".join(item) for item in cookies.items())},
        )
        cookies.update(answer.cookies)
        kept += answer.seen["session"]
    return kept


def test_with_the_route_cookie_a_session_is_kept(edge: Edge) -> None:
    assert kept_sessions(edge, "127.0.0.1") == 100


def test_by_address_a_session_is_kept(by_address: Edge) -> None:
    assert kept_sessions(by_address, "127.0.0.1") == 100


@pytest.fixture(scope="module")
def loose(make_edge: t.Callable[..., Edge]) -> Edge:
    return make_edge(
        2,
        nginx_stickiness="none",
        nginx_client_timeout="1s",
        nginx_client_max_body_size="1k",
        nginx_frame_options="",
        nginx_read_timeout="1s",
    )


def test_without_stickiness_a_session_is_lost(loose: Edge) -> None:
    assert kept_sessions(loose, "127.0.0.1") < 100
    assert "route" not in loose.ask(TOKEN).cookies


def test_a_large_body_is_refused(loose: Edge, edge: Edge) -> None:
    assert loose.ask(TOKEN, method="POST", body="x" * 1025).status == 413
    assert loose.ask(TOKEN, method="POST", body="x" * 1024).status == 200
    assert edge.ask(TOKEN, method="POST", body="x" * 1025).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /oauth2/tok",
        b"POST /oauth2/token HTTP/1.1\r\nHost: km.edge.test\r\nContent-Length: 9\r\n\r\nx",
    ],
)
def test_a_client_that_says_nothing_is_sent_away(loose: Edge, sent: bytes) -> None:
    with socket.create_connection(
        ("127.0.0.1", loose.model["public_http_port"]), timeout=8
    ) as client:
        client.sendall(sent)
        started = time.monotonic()
        while client.recv(4096):
            pass
    assert time.monotonic() - started < 5


def test_frames(edge: Edge, loose: Edge) -> None:
    assert edge.ask(TOKEN).header("X-Frame-Options") == "SAMEORIGIN"
    assert edge.ask("/carbon/", host=MANAGEMENT).header("X-Frame-Options") == "SAMEORIGIN"
    # Relying parties frame it from their own sites.
    assert edge.ask("/oidc/checksession").header("X-Frame-Options") is None
    stricter = edge.ask("/carbon/?header=X-Frame-Options:DENY", host=MANAGEMENT)
    assert [value for name, value in stricter.headers if name == "X-Frame-Options"] == ["DENY"]
    assert loose.ask(TOKEN).header("X-Frame-Options") is None


@pytest.mark.slow
def test_the_distribution_s_welcome_page_is_off(edge: Edge) -> None:
    main = edge.home / "nginx.conf"
    before = main.read_text()
    # As Red Hat Enterprise Linux 8 ships it; two default servers of one port are an error.
    welcome = (
        f"    server {{\n        listen       {edge.model['public_http_port']} default_server;\n   "
        "     server_name  _;\n\n        location / {\n        }\n\n        error_page 404"
        " /404.html;\n            location = /40x.html {\n        }\n    }\n"
    )
    main.write_text(
        before.rstrip()[:-1]
        + welcome
        + "\n# Settings for a TLS enabled server.\n#\n#    server {\n#    }\n}\n"
    )
    result = edge.render()
    assert result.returncode == 0, result.stdout
    assert "welcome" not in main.read_text()
    assert "listen" not in main.read_text()
    assert "#    server {" in main.read_text()


@pytest.fixture(scope="module")
def by_address(make_edge: t.Callable[..., Edge]) -> Edge:
    return make_edge(
        2, nginx_stickiness="ip_hash", nginx_public_access="full", nginx_upstream_keepalive=8
    )


def test_by_address_a_client_stays_and_gets_no_cookie(by_address: Edge) -> None:
    answers = [by_address.ask("/any/path") for _number in range(10)]
    assert len({answer.node for answer in answers}) == 1
    assert answers[0].header("Set-Cookie") is None
    by_address.drain(answers[0].node)
    moved = {by_address.ask("/any/path").node for _number in range(10)}
    by_address.drain()
    assert moved == {"km1", "km2"} - {answers[0].node}


@pytest.mark.parametrize("port", ["public_port", "public_http_port"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/scim2/Users", 200),
        ("/serviceshop/", 200),
        ("/carbonated", 200),
        ("/shop/services/a", 200),
        ("/t/carbon.super/webapps/x", 200),
        ("/services", 404),
        ("/services/AuthenticationAdmin", 404),
        ("/Services/AuthenticationAdmin", 404),
        ("/services;a=b/AuthenticationAdmin", 404),
        ("/%73ervices/AuthenticationAdmin", 404),
        ("//services/AuthenticationAdmin", 404),
        ("/;/services/AuthenticationAdmin", 404),
        ("/;a=b/;c/services/AuthenticationAdmin", 404),
        ("/any/..;/services/AuthenticationAdmin", 404),
        ("/any/%2e%2e/services/AuthenticationAdmin", 404),
        ("/t/bank.example/services/AuthenticationAdmin", 404),
        ("/t;a/bank.example;b/;/services;c/AuthenticationAdmin", 404),
        ("/t/;/bank.example/services/AuthenticationAdmin", 404),
        ("/carbon", 404),
        ("/carbon/admin/login.jsp", 404),
        ("/;/carbon;a/admin/login.jsp", 404),
        ("/t/bank.example/carbon/admin/login.jsp", 404),
    ],
)
def test_no_form_of_the_public_name_serves_administration(
    by_address: Edge, path: str, status: int, port: str
) -> None:
    assert by_address.ask(path, port=port).status == status


@pytest.mark.slow
def test_one_node_needs_no_special_case(make_edge: t.Callable[..., Edge]) -> None:
    single = make_edge(1, nginx_management_sources=["127.0.0.1"])
    assert single.ask(TOKEN, route="km2").node == "km1"
    single.drain("km1")
    assert single.ask(TOKEN).node == "km1"
    assert single.ask("/carbon/", host=MANAGEMENT).node == "km1"


def without_comments(path: Path) -> str:
    return "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))


@pytest.mark.slow
def test_plus_keeps_sessions_by_its_own_directive(make_edge: t.Callable[..., Edge]) -> None:
    plus = make_edge(2, plus=True, nginx_edition="plus")
    upstreams = without_comments(plus.home / "conf.d/ob-km.upstreams.conf")
    https, http = (plus.model["nodes"][0]["ports"][key] for key in ("https", "http"))
    assert (
        f"""
upstream ob_km_https_all {{
    zone ob_km_https_all 64k;
    server 127.0.0.11:{https} max_fails=3 fail_timeout=5s;
    server 127.0.0.12:{https} max_fails=3 fail_timeout=5s;
    sticky cookie route path=/ httponly secure samesite=none;
}}
"""
        in upstreams
    )
    assert (
        f"""
upstream ob_km_http_all_without_km1 {{
    zone ob_km_http_all_without_km1 64k;
    server 127.0.0.12:{http} max_fails=0;
    sticky cookie route path=/ httponly;
}}
"""
        in upstreams
    )
    assert (
        """
match ob_km_answers {
    status 200-399;
}
"""
        in upstreams
    )
    vhost = without_comments(plus.home / "conf.d/ob-km.https.conf")
    assert (
        """
    location @ob_km_health {
        proxy_set_header Host km.edge.test;
        proxy_pass https://ob_km_https_all;
        health_check uri=/carbon/admin/login.jsp interval=5s fails=2 passes=2 match=ob_km_answers;
    }
"""
        in vhost
    )
    assert vhost.count("health_check ") == 3
    # No cookie of ours beside the directive's.
    assert "Set-Cookie" not in vhost + without_comments(plus.home / "conf.d/mgt.ob-km.https.conf")
    result = plus.render(nginx_stickiness="session", nginx_health_check_uri="")
    assert result.returncode == 0, result.stdout
    upstreams = without_comments(plus.home / "conf.d/ob-km.upstreams.conf")
    assert (
        f"""
upstream ob_km_https_all {{
    zone ob_km_https_all 64k;
    server 127.0.0.11:{https} max_fails=3 fail_timeout=5s route=km1;
    server 127.0.0.12:{https} max_fails=3 fail_timeout=5s route=km2;
    sticky route $ob_km_session;
}}
"""
        in upstreams
    )
    assert (
        'map $cookie_JSESSIONID $ob_km_session {\n    "~^[^.]*\\.km1$" km1;\n    "~^[^.]*\\.km2$" km2;\n'
        in upstreams
    )
    assert "match" not in upstreams
    assert "health_check" not in (plus.home / "conf.d/ob-km.https.conf").read_text()
    refused = plus.render(
        nginx_extra_server_config="location @x { proxy_pass https://ob_km_https_all; health_check url=/; }"
    )
    assert refused.returncode != 0
    assert 'invalid parameter "url=/"' in refused.stdout.replace("\\", "")


def test_open_source_nginx_gets_nothing_that_only_plus_knows(edge: Edge) -> None:
    texts = "".join(without_comments(path) for path in (edge.home / "conf.d").iterdir())
    assert "sticky" not in texts
    assert "health_check" not in texts
