# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A further product is one folder of data and its name among the choices, as docs/architecture.md
has it."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import load_sources

from tests.support.paths import REPOSITORY

ROLES = REPOSITORY / "roles"
# A later release of a product that is itself described by what it has otherwise.
LATER = {
    "inherits": "is_km_5.7.0",
    "title": "WSO2 Identity Server 5.7.1 as Key Manager",
    "java": {"versions": [8, 11], "packages": {}},
    "urls": {"OAuth2RevokeEPUrl": "https://LB/oauth2/v2/revoke"},
}


@pytest.fixture
def roles(tmp_path: Path) -> Path:
    """The roles with a product more."""
    shutil.copytree(ROLES / "cluster", tmp_path / "cluster")
    (tmp_path / "cluster/files/products/is_km_5.7.1").mkdir()
    (tmp_path / "cluster/files/products/is_km_5.7.1/profile.yml").write_text(
        yaml.safe_dump(LATER), encoding="utf-8"
    )
    spec = tmp_path / "cluster/meta/argument_specs.yml"
    data = yaml.safe_load(spec.read_text(encoding="utf-8"))
    data["argument_specs"]["main"]["options"]["cluster_product"]["choices"].append("is_km_5.7.1")
    spec.write_text(yaml.safe_dump(data), encoding="utf-8")
    return tmp_path


def model(roles: Path, product: str) -> dict[str, t.Any]:
    variables = {
        "cluster_product": product,
        "cluster_hostname": "km.bank.example",
        "cluster_database": {"vendor": "mysql", "host": "db"},
    }
    addresses = {"km1": "192.0.2.11", "km2": "192.0.2.12", "lb1": "192.0.2.21"}
    hosts = {
        name: {**variables, "cluster_node_address": address} for name, address in addresses.items()
    }
    return build_model(
        "km1",
        Inventory({"key_manager": ["km1", "km2"], "load_balancer": ["lb1"]}, hosts),
        load_sources(roles),
    )


def test_what_it_does_not_name_it_has_of_all_before_it(roles: Path) -> None:
    found, before = model(roles, "is_km_5.7.1"), model(roles, "is_km_5.7.0")
    # Of its own.
    assert (found["product"]["title"], found["product"]["java"]["versions"]) == (
        LATER["title"],
        [8, 11],
    )
    assert found["urls"]["OAuth2RevokeEPUrl"] == "https://km.bank.example/oauth2/v2/revoke"
    # Of Identity Server 5.7.0, and of Open Banking behind that.
    same = set(before["product"]) - {"id", "inherits", *LATER}
    assert {"files", "layouts", "log", "written"} <= same
    assert {key: found["product"][key] for key in same} == {
        key: before["product"][key] for key in same
    }
    others = set(before["urls"]) - {"OAuth2RevokeEPUrl"}
    assert {name: found["urls"][name] for name in others} == {
        name: before["urls"][name] for name in others
    }
    assert found["nodes"] == before["nodes"] and found["datasources"] == before["datasources"]


def test_products_that_are_each_other_are_told(roles: Path) -> None:
    path = roles / "cluster/files/products/is_km_5.7.1/profile.yml"
    path.write_text(yaml.safe_dump({**LATER, "inherits": "is_km_5.7.1"}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"is_km_5\.7\.1 inherits itself"):
        load_sources(roles)
    path.write_text(yaml.safe_dump({**LATER, "inherits": "is_km"}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"is_km_5\.7\.1 inherits is_km, which is not a product"):
        load_sources(roles)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"heaps": {"initial": "256m", "maximum": "1g"}}, "heaps. Supported parameters include"),
        ({"log": {"file": "a.log", "redy": "Mgt Console URL"}}, "log.redy. Supported parameters"),
        ({"side": "keymanager"}, "value of side must be one of"),
        ({"default_offset": "three"}, "'default_offset' is of type"),
        ({"java": {"versions": [8]}}, "missing required arguments: packages found in java"),
    ],
    ids=["a typo", "a typo within", "no side", "no number", "something missing"],
)
def test_a_profile_that_says_what_nobody_reads_is_an_error(
    roles: Path, change: dict[str, t.Any], sentence: str
) -> None:
    path = roles / "cluster/files/products/is_km_5.7.1/profile.yml"
    path.write_text(yaml.safe_dump({**LATER, **change}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"Product profile is_km_5\.7\.1: ") as found:
        load_sources(roles)
    assert sentence in str(found.value)


def test_what_products_only_inherit_is_no_product() -> None:
    profiles = load_sources(ROLES).profiles
    assert "carbon_4.4" not in profiles
    assert profiles["ob_km_1.5"]["kernel"] == profiles["ob_apim_1.5"]["kernel"] == "4.4.35"
