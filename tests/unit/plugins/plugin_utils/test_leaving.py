# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Key Manager that leaves is in no group, so that nothing of the model names it."""

from __future__ import annotations

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._inventory import (
    without_leaving,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)

GROUPS = {"all": ["km1", "km2", "lb1"], "key_manager": ["km1", "km2"], "load_balancer": ["lb1"]}


@pytest.mark.parametrize(
    ("leaving", "expected"),
    [(None, ["km1", "km2"]), ("km1", ["km2"]), ("km2", ["km1"]), ("km9", ["km1", "km2"])],
)
def test_leaving_host_is_in_no_group(leaving: str | None, expected: list[str]) -> None:
    variables = {} if leaving is None else {"cluster_leaving": leaving}
    inventory = Inventory(GROUPS, dict.fromkeys(GROUPS["all"], variables))
    found = without_leaving(inventory)
    assert found.groups["key_manager"] == expected
    assert found.groups["load_balancer"] == ["lb1"]
    # Its variables are still those of a host, and every host of the inventory can be asked for.
    assert found.groups["all"] == GROUPS["all"]
    assert list(found.hosts) == GROUPS["all"]
