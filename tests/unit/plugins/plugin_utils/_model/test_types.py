# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The model has the keys that its types, and by them docs/model.md, say."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model import types
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import load_sources

from tests.support.paths import REPOSITORY

GROUPS = {
    "key_manager": ["km1", "km2"],
    "load_balancer": ["lb1"],
    "database": ["db1"],
    "api_manager": ["am1"],
}


@pytest.fixture(scope="module", params=["ob_km_1.5", "is_km_5.7.0"])
def model(request: pytest.FixtureRequest) -> dict[str, t.Any]:
    names = [name for group in GROUPS.values() for name in group]
    hosts = {
        name: {
            "cluster_product": request.param,
            "cluster_hostname": "km.bank.example",
            "cluster_database": {"vendor": "mysql"},
            "cluster_node_address": f"192.0.2.{number}",
        }
        for number, name in enumerate(names, start=11)
    }
    return build_model("km1", Inventory(GROUPS, hosts), load_sources(REPOSITORY / "roles"))


def keys(kind: t.Any) -> set[str]:
    return set(kind.__annotations__)


def test_the_model_has_every_key_and_no_other(model: dict[str, t.Any]) -> None:
    assert set(model) == keys(types.Model)


def test_its_parts_have_no_other_keys(model: dict[str, t.Any]) -> None:
    parts: list[tuple[dict[str, t.Any], t.Any]] = [
        *((host, types.Host) for host in model["hosts"].values()),
        *((node["gateway"], types.Gateway) for node in model["nodes"]),
        *((member, types.Member) for member in model["members"]),
        *((source, types.DatasourceOfNodes) for source in model["datasources"]),
        *((database, types.DatabaseOfCluster) for database in model["databases"]),
        (model["membership"], types.Membership),
        (model["caching"], types.Caching),
        (model["registry"], types.Registry),
        (model["api_manager_registry"], types.Registry),
    ]
    assert len(parts) > 15
    for part, kind in parts:
        assert set(part) <= keys(kind), (kind.__name__, set(part) - keys(kind))


def test_a_key_manager_has_every_key_of_a_host(model: dict[str, t.Any]) -> None:
    assert set(model["nodes"][0]) == keys(types.Host)
