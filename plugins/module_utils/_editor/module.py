# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the modules that edit product files share: arguments, check mode, diff and errors."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import missing_required_lib

from .._errors import OperatorError
from .outcome import IGNORED, UNCHANGED
from .patch import patch_files
from .xml.document import LXML_IMPORT_ERROR

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

QUIET = (UNCHANGED, IGNORED)
PATCH_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "backup": {"type": "bool", "default": False},
    "backup_dir": {"type": "path"},
    "secrets": {"type": "dict", "no_log": True},
    "vaulted": {"type": "str", "choices": ["refuse", "replace"], "default": "refuse"},
}


def run_patch(
    module: AnsibleModule,
    files: t.Sequence[t.Mapping[str, t.Any]],
    secrets: t.Mapping[str, str] | None = None,
    **results: t.Any,
) -> None:
    """Make the edits and end the module; ``results`` are further return values of the module."""
    if LXML_IMPORT_ERROR:
        module.fail_json(
            msg=missing_required_lib("lxml", reason="on the host (package python3-lxml)"),
            exception=LXML_IMPORT_ERROR,
        )
    try:
        patched = patch_files(
            files,
            secrets,
            check_mode=module.check_mode,
            backup=bool(module.params.get("backup")),
            backup_dir=module.params.get("backup_dir"),
            vaulted=module.params.get("vaulted") or "refuse",
        )
    except OperatorError as error:
        module.fail_json(msg=str(error))
        return
    results.update(
        changed=patched.changed,
        changed_files=patched.changed_files,
        checksums=patched.checksums,
        edits=[
            edit
            for edit in patched.edits
            if module.params.get("report") != "changed" or edit["action"] not in QUIET
        ],
        backup_files=patched.backup_files,
    )
    if module._diff:
        results["diff"] = patched.diff
    module.exit_json(**results)
