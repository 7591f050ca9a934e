# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A real nginx with the configuration that role nginx makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from edge_machine import (
    HOSTNAME,
    MAIN,
    MANAGEMENT,
    PLAYBOOK,
    Backend,
    Certificates,
    Edge,
    find_nginx,
    play,
    sample_model,
    sample_variables,
)

# Stands for NGINX Plus where its configuration is tested: what only Plus knows is taken out of the
# copy, the rest is for the real nginx.
PLUS = """#!/bin/sh
for last; do :; done
sed -i -E '/^ *(sticky|health_check) /d; s/ route=n[0-9]+;/;/; /^match .*[{]$/,/^[}]$/d' "$(dirname "$last")"/conf.d/*.conf
exec %(nginx)s "$@"
"""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    made.make_authority("ca")
    made.make_authority("stranger")
    made.make_pair("lb", "ca", [HOSTNAME, MANAGEMENT])
    made.make_pair("node", "ca", [HOSTNAME])
    made.make_pair("forged", "stranger", [HOSTNAME])
    made.make_pair("misnamed", "ca", ["other.edge.test"])
    return made


@pytest.fixture(scope="session")
def make_edge(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> t.Iterator[t.Callable[..., Edge]]:
    """Build a running nginx with this many nodes and these variables of the role."""
    nginx = find_nginx()
    running: list[Edge] = []

    def make(nodes: int = 2, plus: bool = False, **variables: t.Any) -> Edge:
        home = tmp_path_factory.mktemp("edge")
        for folder in ("conf.d", "drain", "temporary"):
            (home / folder).mkdir()
        # Workers of a master that runs as root belong to another user, who could not look into
        # pytest's folders.
        (home / "nginx.conf").write_text(
            MAIN % {"home": home, "user": "user root;" if os.geteuid() == 0 else ""}
        )
        (home / "play.yml").write_text(PLAYBOOK)
        (home / "bin").mkdir()
        if plus:
            (home / "bin" / "nginx").write_text(PLUS % {"nginx": nginx})
            (home / "bin" / "nginx").chmod(0o755)
        shared = sample_variables()
        model = sample_model(nodes, shared)

        def render(**more: t.Any) -> subprocess.CompletedProcess[str]:
            values = {
                **shared,
                "cluster_model": model,
                "nginx_certificate": str(certificates.folder / "lb.crt"),
                "nginx_certificate_key": str(certificates.folder / "lb.key"),
                "nginx_upstream_authorities": str(certificates.authority),
                "__nginx_directory": str(home),
                "__nginx_logs": str(home),
                "__nginx_drain": str(home / "drain"),
                "__nginx_owner": os.geteuid(),
                # The sites of this machine are none of a test's business.
                "__nginx_platforms": {family: {"unwanted": []} for family in ("Debian", "RedHat")},
                "ansible_python_interpreter": sys.executable,
                **variables,
                **more,
            }
            (home / "values.json").write_text(json.dumps(values))
            return play(home, Path(nginx).parent)

        result = render()
        assert result.returncode == 0, result.stdout + result.stderr
        if plus:
            return Edge(home, model, certificates, [], render, nginx)
        backends = [
            Backend(f"n{node['index']}", node["address"], node["ports"], certificates)
            for node in model["nodes"]
        ]
        for backend in backends:
            backend.ports = {scheme: backend.ports[scheme] for scheme in ("https", "http")}
            backend.start()
        edge = Edge(home, model, certificates, backends, render, nginx)
        running.append(edge)
        edge.start()
        return edge

    yield make
    for edge in running:
        edge.stop()


@pytest.fixture(scope="session")
def two_nodes(make_edge: t.Callable[..., Edge]) -> Edge:
    return make_edge(2)


@pytest.fixture
def edge(two_nodes: Edge) -> t.Iterator[Edge]:
    """Two nodes, the role's defaults; every test finds them well and none drained."""
    yield two_nodes
    two_nodes.drain()
    for backend in two_nodes.backends:
        backend.stop()
        backend.start()
    # A node that failed is asked again after its five seconds.
    if any(
        "upstream" in line for line in (two_nodes.home / "ob-km.error.log").read_text().splitlines()
    ):
        time.sleep(6)
        (two_nodes.home / "ob-km.error.log").write_text("")
