# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the modules that replace files share: the options of backups, check mode and labels."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .._errors import OperatorError
from .runs import check_run_name, prune
from .whole import Found, Wanted, bring_about, look

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

BACKUP_RUN: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "reason": {"type": "str", "default": ""},
        "keep": {"type": "int", "default": 0},
        "days": {"type": "int", "default": 0},
    },
}
BACKUP_OPTIONS: dict[str, dict[str, t.Any]] = {
    "backup": {"type": "bool", "default": False},
    "backup_dir": {"type": "path"},
    "backup_run": BACKUP_RUN,
}


def backup_arguments(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options of backups as ``replace_files`` takes them; raises OperatorError."""
    folder, run = params.get("backup_dir"), params.get("backup_run")
    backup = bool(params.get("backup"))
    if not run:
        return {"backup": backup, "backup_dir": folder}
    if not folder:
        raise OperatorError("backup_run needs backup_dir, the folder of all runs.")
    return {
        "backup": backup,
        "backup_dir": str(Path(folder, check_run_name(run["name"]))),
        "reason": run["reason"],
    }


def prune_backups(params: t.Mapping[str, t.Any], kept: t.Collection[str]) -> None:
    """Remove the backups of old runs after one that kept files."""
    run = params.get("backup_run")
    if run and kept:
        prune(params["backup_dir"], run["keep"], run["days"])


def set_files(module: AnsibleModule, wanted: Wanted, **backup: t.Any) -> Found:
    """Make the host as wanted, or in check mode only look at it; ``backup`` replaces options of
    backups. Raises OperatorError."""
    if module.check_mode:
        return look(wanted)
    params = {**module.params, **backup}
    found = bring_about(wanted, **backup_arguments(params))
    prune_backups(params, found.backup_files)
    if module.selinux_enabled():
        for path in found.changed_paths:
            if path not in found.unwanted:
                module.set_default_selinux_context(path, False)
    return found
