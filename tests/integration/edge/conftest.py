# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A real nginx with the configuration that role nginx makes."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests.integration.edge import plus_syntax
from tests.integration.edge.edge_machine import (
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

# Stands for NGINX Plus: see there.
PLUS = """#!/bin/sh
exec %(python)s %(checker)s %(nginx)s "$@"
"""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    made.make_authority("ca")
    made.make_authority("stranger")
    made.make_pair(
        "lb",
        "ca",
        [
            HOSTNAME,
            MANAGEMENT,
            *(
                prefix + name + ".km.edge.test"
                for prefix in ("", "mgt.")
                for name in ("a", "bank", "zz")
            ),
        ],
    )
    made.make_pair(
        "node", "ca", [HOSTNAME, *(name + ".km.edge.test" for name in ("a", "bank", "zz"))]
    )
    made.make_pair("forged", "stranger", [HOSTNAME])
    made.make_pair("misnamed", "ca", ["other.edge.test"])
    return made


@pytest.fixture(scope="session")
def make_edge(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> t.Iterator[t.Callable[..., Edge]]:
    """Build a running nginx with this many nodes, these variables of the cluster and these of the role.

    `own` are Key Managers by name with variables of their own. `beside` is another cluster's nginx, which is to serve this one as well.
    `former` is what an earlier release left as the shared file.
    """
    nginx = find_nginx()
    running: list[Edge] = []

    def make(
        nodes: int = 2,
        plus: bool = False,
        cluster: dict[str, t.Any] | None = None,
        own: dict[str, dict[str, t.Any]] | None = None,
        beside: Edge | None = None,
        former: str | None = None,
        **variables: t.Any,
    ) -> Edge:
        shared = {**sample_variables(), **(cluster or {})}
        name = shared["cluster_name"]
        home = beside.home if beside else tmp_path_factory.mktemp("edge")
        for folder in ("conf.d", "drain", "drain/" + name, "temporary"):
            (home / folder).mkdir(exist_ok=beside is not None)
        # Workers of a master that runs as root belong to another user, who could not look into pytest's folders.
        (home / "nginx.conf").write_text(
            MAIN % {"home": home, "user": "user root;" if os.geteuid() == 0 else ""}
        )
        (home / "play.yml").write_text(PLAYBOOK)
        (home / "bin").mkdir(exist_ok=True)
        if plus:
            (home / "bin" / "nginx").write_text(
                PLUS % {"python": sys.executable, "checker": plus_syntax.__file__, "nginx": nginx}
            )
            (home / "bin" / "nginx").chmod(0o755)
        model = sample_model(nodes, shared, own)

        def render(**more: t.Any) -> subprocess.CompletedProcess[str]:
            values = {
                **shared,
                "cluster_model": model,
                "nginx_certificate": str(certificates.folder / "lb.crt"),
                "nginx_certificate_key": str(certificates.folder / "lb.key"),
                "nginx_upstream_authorities": str(certificates.authority),
                "__nginx_directory": str(home),
                "__nginx_logs": str(home),
                "__nginx_drain": str(home / "drain" / name),
                "__nginx_owner": pwd.getpwuid(os.geteuid()).pw_name,
                # What belongs to the nginx of a machine: this one runs by itself.
                "cluster_backup_directory": str(home / "backups"),
                "__nginx_folders": [],
                "__nginx_service_files": [],
                # The sites of this machine are none of a test's business.
                "__nginx_platforms": {family: {"unwanted": []} for family in ("Debian", "RedHat")},
                "ansible_python_interpreter": sys.executable,
                **variables,
                **more,
            }
            (home / "values.json").write_text(json.dumps(values))
            return play(home, Path(nginx).parent)

        if former is not None:
            (home / "conf.d" / "carbon-ops.conf").write_text(former)
        result = render()
        assert result.returncode == 0, result.stdout + result.stderr
        if plus:
            return Edge(home, model, certificates, [], render, nginx, shared)
        backends = [
            Backend(node["name"], node["address"], node["ports"], certificates)
            for node in model["nodes"]
        ]
        for backend in backends:
            backend.ports = {scheme: backend.ports[scheme] for scheme in ("https", "http")}
            backend.start()
        edge = Edge(home, model, certificates, backends, render, nginx, shared)
        running.append(edge)
        if beside:
            beside.reload()
        else:
            edge.start()
        return edge

    yield make
    for edge in running:
        edge.stop()


@pytest.fixture(scope="session")
def two_nodes(make_edge: t.Callable[..., Edge]) -> Edge:
    return make_edge(2, nginx_management_sources=["127.0.0.0/8"])


@pytest.fixture
def edge(two_nodes: Edge) -> t.Iterator[Edge]:
    """Two nodes, the role's defaults; every test finds them well and none drained."""
    yield two_nodes
    two_nodes.drain()
    for backend in two_nodes.backends:
        backend.stop()
        backend.requests.clear()
        backend.start()
    # A node that failed is asked again after its five seconds.
    logs = [two_nodes.home / name for name in ("ob-km.error.log", "mgt.ob-km.error.log")]
    if any("upstream" in log.read_text() for log in logs):
        time.sleep(6)
        for log in logs:
            log.write_text("")
