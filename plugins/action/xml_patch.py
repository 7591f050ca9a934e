# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Runs any module of the collection, as Ansible itself would but for the garbage collector. The other names here are links to this file."""

from __future__ import annotations

import gc
from typing import Any

from ansible.plugins.action.normal import ActionModule as Normal


class ActionModule(Normal):
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # Ansible looks for the imports of a module in the syntax trees of its files: a hundred thousand objects in a process that
        # ends with the task. To look through all of Ansible for garbage again and again meanwhile would take longer than that.
        collected = gc.isenabled()
        gc.disable()
        try:
            return super().run(tmp, task_vars)
        finally:
            if collected:
                # Without this the first look for garbage would go through all of Ansible after all.
                gc.freeze()
                gc.enable()
