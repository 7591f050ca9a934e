# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils._inventory import play_variables, read_variables, without_leaving
from ..plugin_utils._model.inventory import REACHED_BY
from ..plugin_utils._preflight.check import check_inventory
from ..plugin_utils._sources import collection_sources, role_options
from ..plugin_utils._surveys import PREFIX


class ActionModule(ActionBase):
    """Checks the inventory on the controller. See the module of the same name for its
    documentation."""

    _requires_connection = False
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset()

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        sources, options = collection_sources(), role_options()
        known = {**sources.options}
        for role in options.values():
            known.update(role)
        prefixes = tuple(f"{before}{role}_" for role in options for before in ("", PREFIX))
        reading = read_variables(
            task_vars,
            known.keys() | REACHED_BY,
            prefixes,
            play_variables(task_vars, known, self._templar.template),
        )
        others = {role: spec for role, spec in options.items() if role != "cluster"}
        errors = check_inventory(
            without_leaving(reading.inventory), reading.unresolved, sources, others
        )
        if not errors:
            return {"changed": False, "errors": []}
        count = (
            "The inventory has a contradiction"
            if len(errors) == 1
            else f"The inventory has {len(errors)} contradictions"
        )
        # Ansible prints the message more than once, and the result's other keys once: so the
        # sentences are printed alone.
        return {
            "failed": True,
            "changed": False,
            "errors": errors,
            "msg": f"{count}; no host was contacted.",
        }
