# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A node is its name: in flags, routes and sessions, whatever stands before it in the inventory, whatever it is called, wherever it is."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration.edge.edge_machine import MANAGEMENT, PLAYBOOK, REPOSITORY, Edge, sample_model

TOKEN = "/oauth2/token"
ALL = {f"km{number}": {"cluster_node_address": f"127.0.0.{20 + number}"} for number in (1, 2, 3, 4)}


def chosen(*names: str) -> dict[str, dict[str, t.Any]]:
    return {name: ALL[name] for name in names}


@pytest.fixture(scope="module")
def changing(make_edge: t.Callable[..., Edge]) -> Edge:
    """Nodes km1, km2 and km3; all four of them run."""
    return make_edge(own=chosen("km1", "km2", "km3"), nginx_management_sources=["127.0.0.1"])


def change(edge: Edge, *names: str) -> None:
    """The inventory has these Key Managers now, and the run is over."""
    variables = {**edge.variables, "cluster_port_offset": edge.model["nodes"][0]["offset"]}
    edge.model = sample_model(0, variables, chosen(*names))
    result = edge.render(cluster_model=edge.model)
    assert result.returncode == 0, result.stdout
    edge.reload()


@pytest.mark.parametrize(
    "names",
    [("km2", "km3"), ("km4", "km1", "km2", "km3"), ("km3", "km2", "km1")],
    ids=["removed", "inserted", "turned"],
)
def test_what_stands_before_a_node_does_not_make_it_another(
    changing: Edge, names: tuple[str, ...]
) -> None:
    """The first node leaves, another one comes before it, or the order changes: flags, routes and sessions mean whom they meant."""
    change(changing, *names)
    running = {backend.name for backend in changing.backends}
    for name in sorted(set(names) & running):
        cookie = {"Cookie": f"JSESSIONID=0A1B.{name}"}
        assert {changing.ask(TOKEN, route=name).node for _number in range(3)} == {name}
        assert changing.ask("/services/x", port="internal_port", headers=cookie).node == name
        assert changing.ask("/carbon/", host=MANAGEMENT, route=name).node == name
        changing.drain(name)
        others = {changing.ask(TOKEN, route=name).node for _number in range(3)}
        kept = {
            other: changing.ask(TOKEN, route=other).node for other in set(names) & running - {name}
        }
        changing.drain()
        assert name not in others
        assert kept == {other: other for other in kept}


def test_a_flag_of_the_removed_node_takes_nobody_out(changing: Edge) -> None:
    change(changing, "km2", "km3")
    changing.drain("km1")
    found = {name: changing.ask(TOKEN, route=name).node for name in ("km2", "km3")}
    changing.drain()
    assert found == {"km2": "km2", "km3": "km3"}


ODD = {
    "all": "127.0.0.31",
    "KM-1.prod.dc1.retail.a-bank-with-a-very-long-name.example": "127.0.0.32",
    "km_1.prod.dc1.retail.a-bank-with-a-very-long-name.example": "127.0.0.33",
    "prod.km": "127.0.0.34",
    "km": "127.0.0.35",
    "10.1.2.3": "127.0.0.36",
}


@pytest.fixture(scope="module")
def odd(make_edge: t.Callable[..., Edge]) -> Edge:
    return make_edge(own={name: {"cluster_node_address": address} for name, address in ODD.items()})


@pytest.mark.parametrize("name", ODD)
def test_a_node_may_be_called_anything_that_a_host_is(odd: Edge, name: str) -> None:
    """Names that are long, words of nginx' own, equal but for a character that nginx does not take, or the end of another one."""
    assert {odd.ask(TOKEN, route=name).node for _number in range(3)} == {name}
    assert odd.ask(TOKEN, route=name).route is None
    assert (
        odd.ask(
            "/services/x", port="internal_port", headers={"Cookie": f"JSESSIONID=0A1B.{name}"}
        ).node
        == name
    )
    odd.drain(name)
    moved = [odd.ask(TOKEN, route=name) for _number in range(3)]
    odd.drain()
    assert name not in {answer.node for answer in moved}
    assert all(answer.route == answer.node for answer in moved)


def test_a_name_in_other_letters_is_another_name(odd: Edge) -> None:
    assert {odd.ask(TOKEN, route="KM").route for _number in range(40)} <= set(ODD)
    assert None not in {odd.ask(TOKEN, route="KM").route for _number in range(5)}


@pytest.fixture(scope="module")
def ipv6(make_edge: t.Callable[..., Edge]) -> Edge:
    """Two nodes on the one IPv6 address that every machine has, the second's written the long way."""
    return make_edge(
        own={
            "km1": {"cluster_node_address": "::1", "cluster_port_offset": 14001},
            "km2": {"cluster_node_address": "0:0:0:0:0:0:0:1", "cluster_port_offset": 14002},
        },
        nginx_ipv6=True,
        nginx_management_sources=["::1"],
    )


def test_nodes_with_ipv6_addresses_serve(ipv6: Edge) -> None:
    answers = [ipv6.ask(TOKEN) for _number in range(30)]
    assert {answer.node for answer in answers} == {"km1", "km2"}
    # nginx tells by the address which node answered.
    assert all(answer.route == answer.node for answer in answers)
    for name in ("km1", "km2"):
        assert ipv6.ask(TOKEN, route=name).node == name
        assert ipv6.ask(TOKEN, route=name, port="public_http_port").node == name
    ipv6.drain("km1")
    assert {ipv6.ask(TOKEN, route="km1").node for _number in range(3)} == {"km2"}
    ipv6.drain()
    assert (
        ipv6.ask(
            "/oidc/x?location=https://[::1]:%d/carbon/" % ipv6.backends[0].ports["https"]
        ).header("Location")
        == "https://km.edge.test:%d/carbon/" % ipv6.model["public_port"]
    )


def test_clients_with_ipv6_addresses_are_let_in_where_they_may(ipv6: Edge) -> None:
    assert ipv6.ask(TOKEN, source="::1").seen["headers"]["X-Forwarded-For"] == "::1"
    assert ipv6.ask("/services/x", port="internal_port", source="::1").status == 200
    assert ipv6.ask("/carbon/", host=MANAGEMENT, source="::1").status == 200
    assert ipv6.ask("/carbon/", host=MANAGEMENT).status == 403


FORMER = """# Of release 0.1.0: the second of two nodes.
upstream ob_km_https_n1 {{
    zone ob_km_https_n1 64k;
    server 127.0.0.51:{0} max_fails=3 fail_timeout=5s;
    server {1} backup max_fails=0;
}}

upstream ob_km_https_n2 {{
    zone ob_km_https_n2 64k;
    server {1} max_fails=3 fail_timeout=5s;
    server 127.0.0.51:{0} backup max_fails=0;
}}

server {{
    listen 127.0.0.1:{2};
    set $pool ob_km_https_n2;
    if (-f {3}/n2) {{ set $pool ob_km_https_n1; }}
    location / {{ proxy_pass http://$pool; }}
}}
"""
DRAIN = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - carbon_ops.key_manager.carbon_drain:
        flag: "{{ flag }}"
        state: "{{ item }}"
        address: "{{ address }}"
        ports: ["{{ port }}"]
        timeout: 1
        configuration: "{{ configuration }}"
      loop: "{{ states }}"
"""


@pytest.mark.parametrize("address", ["127.0.0.52", "::1"])
def test_an_nginx_of_the_former_release_is_told_by_its_own_flags(
    edge: Edge, tmp_path: Path, address: str
) -> None:
    """The nodes are rolled before nginx learns their names: it looks for n1 and n2 until then, by an order that may be another one now."""
    (tmp_path / "drain").mkdir()
    host = f"[{address}]" if ":" in address else address
    ports = edge.backends[0].ports
    (tmp_path / "ob-km.upstreams.conf").write_text(
        FORMER.format(ports["https"], f"{host}:{ports['https']}", 1, tmp_path / "drain")
    )
    (tmp_path / "play.yml").write_text(DRAIN)

    def run(*states: str) -> subprocess.CompletedProcess[str]:
        values = {
            "flag": str(tmp_path / "drain" / "km7"),
            "address": address,
            "port": ports["https"],
            "configuration": str(tmp_path / "ob-km.upstreams.conf"),
            "states": states,
            "ansible_python_interpreter": sys.executable,
        }
        return subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-e", json.dumps(values), str(tmp_path / "play.yml")],
            cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    assert "changed=1" in run("drained").stdout
    assert sorted(path.name for path in (tmp_path / "drain").iterdir()) == ["km7", "n2"]
    assert "changed=0" in run("drained").stdout
    assert "changed=1" in run("serving").stdout
    assert list((tmp_path / "drain").iterdir()) == []


def test_flags_of_nodes_that_are_gone_are_removed(changing: Edge) -> None:
    """A node that came back under its old name, or one called n1, would not be sent anything."""
    names = [node["name"] for node in changing.model["nodes"]]
    changing.drain(names[0], "n1", "gone.bank.example")
    (changing.home / "play.yml").write_text(
        PLAYBOOK + PLAYBOOK.splitlines()[-1].replace("tasks_from: sites", "tasks_from: flags")
    )
    result = changing.render(cluster_model=changing.model)
    left = [path.name for path in changing.drained.iterdir()]
    changing.drain()
    (changing.home / "play.yml").write_text(PLAYBOOK)
    assert result.returncode == 0, result.stdout
    assert left == [names[0]]
