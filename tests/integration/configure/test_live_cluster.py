# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a run of site.yml says where a cluster lives already: to whoever would move its data, and to
whoever has published APIs."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.integration.configure.sites import WITHOUT_ROOT

ADVICE = "APIs that are published already carry the old one: republish them."


def said(output: str) -> str:
    """Ansible breaks and indents long sentences."""
    return re.sub(r"\s+", " ", output)


@pytest.mark.slow
def test_data_of_a_live_cluster_move_by_name_only_and_published_apis_are_told_of(
    site: t.Callable[..., t.Any], playbook: t.Callable[..., t.Any]
) -> None:
    there = site(source="fixtures", nodes=1, api_managers=1)
    there.variables.update(WITHOUT_ROOT)
    there.write_inventory()
    first = playbook("site.yml", there.inventory, "--tags", "configure")
    assert first.status == 0, first.output[-4000:]
    assert ADVICE in said(first.output)
    log = there.homes["km1"] / "repository" / "logs" / "wso2carbon.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("TID: [-1234] started\n")

    unchanged = playbook("site.yml", there.inventory, "--tags", "configure")
    assert unchanged.status == 0, unchanged.output[-4000:]
    assert ADVICE not in said(unchanged.output), "nothing changed, and APIs were to be republished"

    there.variables["cluster_token_issuer"] = "https://moved.bank.example/token"
    there.write_inventory()
    before = there.state()
    refused = playbook("site.yml", there.inventory, "--tags", "configure")
    assert refused.status != 0
    assert (
        "km1 has been started before, and the inventory would change what its data depend on:"
        " token_issuer (https://api.bank.example:8244/token on the node,"
        " https://moved.bank.example/token in the inventory)." in said(refused.output)
    )
    assert "cluster_allowed_changes" in refused.output
    assert there.state() == before, "a file was written"

    there.variables["cluster_allowed_changes"] = ["token_issuer"]
    there.write_inventory()
    allowed = playbook("site.yml", there.inventory, "--tags", "configure")
    assert allowed.status == 0, allowed.output[-4000:]
    identity = there.homes["km1"] / "repository/conf/identity/identity.xml"
    assert ">https://moved.bank.example/token</IDTokenIssuerID>" in identity.read_text(
        encoding="utf-8"
    )
