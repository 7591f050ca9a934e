# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The files of nginx as they were before a run, where a real nginx takes them."""

from __future__ import annotations

import subprocess
import typing as t

from tests.integration.edge.edge_machine import Edge

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        {name: carbon_ops.key_manager.nginx, tasks_from: put_files_back, rolespec_validate: false}
"""
# Later than the run that made this nginx, which bears the time of the test.
SECOND, THIRD, FOURTH = (f"209901{day}T120000Z" for day in (10, 11, 12))


def files(edge: Edge) -> dict[str, bytes]:
    paths = [edge.home / "nginx.conf", *(edge.home / "conf.d").iterdir()]
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def put_back(edge: Edge, to: str, run: str) -> subprocess.CompletedProcess[str]:
    play = edge.home / "play.yml"
    former = play.read_text()
    play.write_text(PLAYBOOK)
    try:
        return edge.render(cluster_rollback=to, cluster_run=run)
    finally:
        play.write_text(former)


def test_files_of_nginx_are_put_back_or_nothing_changes(make_edge: t.Callable[..., Edge]) -> None:
    edge = make_edge(2)
    before = files(edge)
    assert len(before) > 4
    assert edge.render(cluster_run=SECOND, nginx_client_max_body_size="7m").returncode == 0
    after = files(edge)
    assert after != before
    done = put_back(edge, SECOND, THIRD)
    assert done.returncode == 0, done.stdout
    assert files(edge) == before
    # Former files that nginx does not take: it says so, and none of them stays.
    kept = next((edge.home / "backups" / THIRD).glob("*https.conf*~"))
    broken = edge.home / "conf.d" / "hand.conf"
    broken.write_text("no directive of nginx;\n")
    refused = put_back(edge, THIRD, FOURTH)
    assert refused.returncode != 0
    assert "Nginx refuses the files that it had before run" in " ".join(refused.stdout.split())
    broken.unlink()
    assert files(edge) == before
    assert kept.exists()
