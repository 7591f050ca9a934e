# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The action plugin that runs the modules."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from ansible.plugins.action.normal import ActionModule as Normal
from ansible_collections.carbon_ops.key_manager.plugins.action.xml_patch import ActionModule

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("fails", [False, True])
def test_garbage_is_not_collected_while_a_module_is_built_and_is_afterwards(monkeypatch, fails):
    seen = []

    def run(_self, _tmp, task_vars):
        seen.append((gc.isenabled(), task_vars))
        if fails:
            raise RuntimeError("the host is gone")
        return {"changed": True}

    monkeypatch.setattr(Normal, "run", run)
    plugin = ActionModule.__new__(ActionModule)
    assert gc.isenabled()
    try:
        if fails:
            with pytest.raises(RuntimeError, match="the host is gone"):
                plugin.run(None, {"a": 1})
        else:
            assert plugin.run(None, {"a": 1}) == {"changed": True}
        assert seen == [(False, {"a": 1})]
        assert gc.isenabled()
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()


def test_every_module_is_run_by_an_action_plugin_of_its_name():
    plugins = {path.stem for path in (REPOSITORY / "plugins" / "action").glob("*.py")}
    modules = {path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py")}
    assert plugins == modules
