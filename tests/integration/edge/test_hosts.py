# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Which host name serves what: portals under either one, the console under a name of its own or under that of the clients."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.edge.edge_machine import HOSTNAME, MANAGEMENT, Edge

TOKEN = "/oauth2/token"
PORTALS = (
    "/dashboard/",
    "/portal/gadgets/x",
    "/shindig/gadgets/proxy?container=default",
    "/consentmgt/",
    "/ccportal/login",
)
ADMINISTRATOR = "127.0.0.7"


@pytest.fixture(scope="module")
def portals(make_edge: t.Callable[..., Edge]) -> Edge:
    return make_edge(
        cluster={"cluster_product": "ob_km_1.5"}, nginx_management_sources=[ADMINISTRATOR]
    )


@pytest.fixture(scope="module")
def closed_portals(make_edge: t.Callable[..., Edge]) -> Edge:
    return make_edge(
        cluster={"cluster_product": "ob_km_1.5", "cluster_portals": "management"},
        cluster_portals="management",
        nginx_management_sources=[ADMINISTRATOR],
    )


@pytest.mark.parametrize("path", PORTALS)
@pytest.mark.parametrize("port", ["public_port", "public_http_port"])
def test_portals_are_where_the_documents_expect_them(portals: Edge, path: str, port: str) -> None:
    assert portals.ask(path, port=port).seen["path"] == path
    folder = path.split("?")[0].rstrip("/")
    assert portals.ask(folder + ";a=b/..;/..;/carbon/", port=port).status == 404


@pytest.mark.parametrize("path", PORTALS)
def test_portals_can_be_kept_to_the_management_host(closed_portals: Edge, path: str) -> None:
    assert closed_portals.ask(path).status == 404
    assert closed_portals.ask(path, port="public_http_port").status == 404
    assert closed_portals.ask(path, host=MANAGEMENT).status == 403
    assert closed_portals.ask(path, host=MANAGEMENT, source=ADMINISTRATOR).seen["path"] == path


def test_a_product_without_a_portal_does_not_get_its_location(
    make_edge: t.Callable[..., Edge],
) -> None:
    identity_server = make_edge(cluster={"cluster_product": "is_km_5.7.0"})
    assert [identity_server.ask(path).status for path in PORTALS] == [200, 200, 200, 404, 404]


@pytest.fixture(scope="module")
def one_name(make_edge: t.Callable[..., Edge]) -> Edge:
    """HostName and MgtHostName are the same, as the documents have it. Before, they were not."""
    edge = make_edge(nginx_management_sources=[ADMINISTRATOR])
    edge.model = {**edge.model, "management_hostname": HOSTNAME}
    result = edge.render(cluster_model=edge.model)
    assert result.returncode == 0, result.stdout
    edge.reload()
    assert not (edge.home / "conf.d" / "mgt.ob-km.https.conf").exists()
    return edge


def test_one_virtual_host_serves_clients_and_administrators(one_name: Edge) -> None:
    assert {one_name.ask(TOKEN).node for _number in range(30)} == {"km1", "km2"}
    for path in ("/carbon/", "/carbon/admin/login.jsp", "/t/bank.example/carbon/", "/scim2/Users"):
        assert one_name.ask(path).status == 403, path
        assert {one_name.ask(path, source=ADMINISTRATOR).node for _number in range(8)} == {"km1"}, (
            path
        )
    assert one_name.ask("/carbon/", source=ADMINISTRATOR, route="km2").node == "km2"
    one_name.drain("km1")
    assert one_name.ask("/carbon/", source=ADMINISTRATOR).node == "km2"
    one_name.drain()


@pytest.mark.parametrize("source", ["127.0.0.1", ADMINISTRATOR])
@pytest.mark.parametrize(
    "path",
    [
        "/services/AuthenticationAdmin",
        "/;/services;a/b",
        "/t/bank.example/services/b",
        "/oidc/..;/carbon/",
    ],
)
def test_the_name_of_clients_never_serves_administration_services(
    one_name: Edge, path: str, source: str
) -> None:
    assert one_name.ask(path, source=source).status == 404


def test_what_administrators_ask_for_is_logged_apart(one_name: Edge) -> None:
    one_name.ask("/carbon/logged-apart", source=ADMINISTRATOR)
    one_name.log("mgt.ob-km.access.log", "/carbon/logged-apart")
    assert "/carbon/logged-apart" not in (one_name.home / "ob-km.access.log").read_text()


def test_the_console_is_not_served_without_tls_under_one_name(one_name: Edge) -> None:
    answer = one_name.ask("/carbon/?a=b", port="public_http_port", source=ADMINISTRATOR)
    assert answer.status == 308
    assert (
        answer.header("Location")
        == f"https://{HOSTNAME}:{one_name.model['public_port']}/carbon/?a=b"
    )
    assert one_name.ask("/scim2/Users", port="public_http_port", source=ADMINISTRATOR).status == 404
    assert one_name.ask(TOKEN, port="public_http_port").status == 200


def test_one_name_and_full_access_keep_the_console_closed(one_name: Edge) -> None:
    result = one_name.render(cluster_model=one_name.model, nginx_public_access="full")
    assert result.returncode == 0, result.stdout
    one_name.reload()
    for port in ("public_port", "public_http_port"):
        assert one_name.ask("/any/path", port=port).status == 200
        assert one_name.ask("/services/x", port=port, source=ADMINISTRATOR).status == 404
    for path in ("/carbon/", "/;a/carbon;b/", "/t/bank.example/carbon/"):
        assert one_name.ask(path).status == 403
        assert one_name.ask(path, source=ADMINISTRATOR).node == "km1"
        assert one_name.ask(path, port="public_http_port").status == 308
