# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What would move a live cluster's data is told, unless the operator said yes to exactly that."""

from __future__ import annotations

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.commitments import (
    moved_commitments,
)

FOUND = {
    "token_issuer": "https://old/token",
    "shared_directories": "none",
    "internal_keystore": None,
}
WANTED = {"token_issuer": "https://new/token", "shared_directories": "documented"}
ISSUER = "token_issuer (https://old/token on the node, https://new/token in the inventory)"
SHARED = "shared_directories (none on the node, documented in the inventory)"


@pytest.mark.parametrize(
    ("allowed", "moved"),
    [
        ([], [ISSUER, SHARED]),
        (["shared_directories"], [ISSUER]),
        (["internal_keystore"], [ISSUER, SHARED]),
        (["token_issuer", "shared_directories"], []),
    ],
)
def test_what_moves_is_told_unless_it_is_allowed_by_name(
    allowed: list[str], moved: list[str]
) -> None:
    assert moved_commitments(FOUND, WANTED, allowed) == moved


def test_what_stays_is_not_told() -> None:
    assert moved_commitments(FOUND, {"token_issuer": "https://old/token"}, []) == []
