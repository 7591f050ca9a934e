# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A module whose documentation says that it takes defaults of a group is in that group."""

from __future__ import annotations

import yaml

from tests.support.paths import REPOSITORY


def test_modules_of_the_group_are_those_that_say_so() -> None:
    runtime = yaml.safe_load((REPOSITORY / "meta/runtime.yml").read_text(encoding="utf-8"))
    said = {
        path.stem
        for path in (REPOSITORY / "plugins/modules").glob("*.py")
        if "carbon_ops.key_manager.attributes.product_files" in path.read_text(encoding="utf-8")
    }
    assert len(said) >= 4
    assert said <= set(runtime["action_groups"]["product_files"])
