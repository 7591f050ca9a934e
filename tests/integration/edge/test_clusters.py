# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Several clusters behind one nginx, under names that sort before and behind everything: a real nginx serves all of them."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.edge.edge_machine import Edge

TOKEN = "/oauth2/token"
# "a" and "bank" sort before "carbon-ops", "zz" behind everything.
NAMES = ("a", "bank", "zz")
# As release 0.1.0 left it.
FORMER = "log_format carbon_ops '$remote_addr';\nmap $http_upgrade $carbon_ops_connection { default upgrade; '' close; }\n"


def named(name: str, number: int) -> dict[str, dict[str, str]]:
    """Two Key Managers of a cluster, at addresses of their own."""
    return {
        f"{name}-km{node}": {"cluster_node_address": f"127.0.{number}.{10 + node}"}
        for node in (1, 2)
    }


@pytest.fixture(scope="module")
def clusters(make_edge: t.Callable[..., Edge]) -> dict[str, Edge]:
    made: dict[str, Edge] = {}
    # The last by the alphabet first, on a balancer that is upgraded, and the others on the same ports.
    for number, name in enumerate(reversed(NAMES), start=1):
        first = made.get("zz")
        shared = {
            "cluster_name": name,
            "cluster_hostname": f"{name}.km.edge.test",
            "cluster_management_hostname": f"mgt.{name}.km.edge.test",
        }
        if first:
            shared.update(
                {
                    "cluster_" + port: first.model[port]
                    for port in ("public_port", "public_http_port", "internal_port")
                }
            )
        made[name] = make_edge(
            cluster=shared,
            own=named(name, number),
            beside=first,
            former=None if first else FORMER,
            nginx_management_sources=["127.0.0.1"],
        )
    return made


@pytest.mark.parametrize("name", NAMES)
def test_each_cluster_answers_for_its_own_names(clusters: dict[str, Edge], name: str) -> None:
    edge = clusters[name]
    host, management = edge.model["hostname"], edge.model["management_hostname"]
    nodes = {f"{name}-km1", f"{name}-km2"}
    assert {edge.ask(TOKEN, host=host).node for _number in range(20)} == nodes
    assert edge.ask(TOKEN, host=host, port="public_http_port").node in nodes
    assert edge.ask("/services/x", host=host, port="internal_port").node in nodes
    assert edge.ask("/carbon/", host=management).node == f"{name}-km1"


@pytest.mark.parametrize("name", NAMES)
def test_each_cluster_has_nodes_flags_and_logs_of_its_own(
    clusters: dict[str, Edge], name: str
) -> None:
    edge = clusters[name]
    edge.drain(f"{name}-km1")
    found = {
        other: {
            clusters[other].ask(TOKEN, host=clusters[other].model["hostname"]).node
            for _number in range(20)
        }
        for other in NAMES
    }
    edge.drain()
    assert found == {
        other: {f"{other}-km2"} if other == name else {f"{other}-km1", f"{other}-km2"}
        for other in NAMES
    }
    logged = edge.log(f"{name}.access.log", f" {name}.km.edge.test ")
    assert [other for other in NAMES if other != name and f" {other}.km.edge.test " in logged] == []


@pytest.mark.parametrize("port", ["public_port", "public_http_port", "internal_port"])
@pytest.mark.parametrize("host", ["elsewhere.example", "_a", "km.edge.test"])
def test_no_cluster_answers_for_other_names(
    clusters: dict[str, Edge], host: str, port: str
) -> None:
    answer = clusters["bank"].ask(
        TOKEN, host="bank.km.edge.test", port=port, headers={"Host": host}
    )
    assert (answer.status, answer.header("X-Content-Type-Options")) == (404, "nosniff")


@pytest.mark.parametrize("name", NAMES)
def test_no_cluster_changes_what_another_one_wrote(clusters: dict[str, Edge], name: str) -> None:
    result = clusters[name].render()
    assert result.returncode == 0, result.stdout
    assert "changed=0" in result.stdout


def test_the_shared_file_s_former_name_is_gone(clusters: dict[str, Edge]) -> None:
    folder = clusters["a"].home / "conf.d"
    assert not (folder / "carbon-ops.conf").exists()
    assert sorted(path.name for path in folder.iterdir())[:2] == [
        "00-carbon-ops.conf",
        "01-carbon-ops.a.conf",
    ]


def test_a_cluster_that_is_still_configured_by_the_former_release_goes_on(
    make_edge: t.Callable[..., Edge],
) -> None:
    """Its virtual hosts name what the shared file defined: two clusters of one balancer are upgraded one after the other."""
    edge = make_edge(cluster={"cluster_name": "bank"})
    (edge.home / "conf.d" / "old.http.conf").write_text(
        "server {\n    listen %d;\n    server_name old.edge.test;\n    access_log %s carbon_ops;\n"
        "    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection $carbon_ops_connection;\n    return 204;\n}\n"
        % (edge.model["public_http_port"], edge.home / "old.log")
    )
    result = edge.render(nginx_client_max_body_size="21m")
    assert result.returncode == 0, result.stdout
    edge.reload()
    assert edge.ask("/", host="old.edge.test", port="public_http_port").status == 204
    assert edge.log("old.log", "old.edge.test").count("old.edge.test") == 1
