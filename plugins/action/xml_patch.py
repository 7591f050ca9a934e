# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Runs any module of the collection, as Ansible itself would, but faster. The other names here are links to this file."""

from __future__ import annotations

import dataclasses
import gc
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812  # its name in all of Ansible
from ansible.plugins.action.normal import ActionModule as Normal
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils.bytecode import with_bytecode


class ActionModule(Normal):
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # Ansible looks for the imports of a module in the syntax trees of its files: a hundred thousand objects in a process that
        # ends with the task. To look through all of Ansible for garbage again and again meanwhile would take longer than that.
        collected = gc.isenabled()
        gc.disable()
        try:
            result = super().run(tmp, task_vars)
        finally:
            if collected:
                # Without this the first look for garbage would go through all of Ansible after all.
                gc.freeze()
                gc.enable()
        # Ansible copies and examines a result several times for each host, and shows the arguments from -vvv on.
        if self._display.verbosity < 3:
            result.pop("invocation", None)
        return result

    def _configure_module(self, *arguments: Any, **options: Any) -> Any:
        made = super()._configure_module(*arguments, **options)
        # Before ansible-core 2.19 this was a tuple of four; the modules of such a controller are compiled on the nodes.
        if len(made) != 2 or not dataclasses.is_dataclass(made[0]):
            return made
        module = with_bytecode(made[0].b_module_data, Path(C.DEFAULT_LOCAL_TMP) / "carbon_ops_modules")
        return dataclasses.replace(made[0], b_module_data=module), made[1]
