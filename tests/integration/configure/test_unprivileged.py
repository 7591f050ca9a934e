# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""On hosts that somebody with root has prepared, the product files are configured by whoever owns
them, also as a part of site.yml."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from tests.integration.configure.sites import WITHOUT_ROOT


@pytest.mark.slow
def test_site_yml_configures_the_product_files_without_root(
    site: t.Callable[..., t.Any], playbook: t.Callable[..., t.Any], unprivileged: list[str]
) -> None:
    there = site(nodes=1, api_managers=1)
    there.variables.update(WITHOUT_ROOT)
    there.write_inventory()
    first = playbook("site.yml", there.inventory, "--tags", "configure", "-vv", prefix=unprivileged)
    assert first.status == 0, first.output[-4000:]
    assert "BECOME-SUCCESS" not in first.output
    assert there.numstat(), "nothing was configured"
    second = playbook("playbooks/configure.yml", there.inventory, prefix=unprivileged)
    assert second.status == 0 and second.output.count("changed=0") == second.output.count(
        "unreachable=0"
    ), second.output[-3000:]


def test_what_needs_root_says_so_play_by_play(repository: t.Any) -> None:
    """Whoever runs a part of site.yml without root can see in it which plays ask for it; no task
    asks for more by itself."""
    for path in sorted((repository / "playbooks").rglob("*.yml")):
        for play in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
            assert play.get("become", False) in (True, False) and "become_user" not in play
    plays = yaml.safe_load((repository / "playbooks" / "configure.yml").read_text(encoding="utf-8"))
    assert not any("become" in play for play in plays)
    for path in sorted((repository / "roles").rglob("tasks/*.yml")):
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        assert not {"become: true"} & set(lines) and not any(
            line.startswith("become_user") for line in lines
        ), path
