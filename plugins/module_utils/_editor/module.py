# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the modules that edit product files share: arguments, check mode, diff and errors."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import missing_required_lib

from .._files.module import backup_arguments, prune_backups
from .._module import Arguments, errors_told
from .arguments import VAULTED_OPTIONS
from .outcome import IGNORED, UNCHANGED
from .patch import Part, patch_parts
from .plan import FILE_KEYS, FORMATS
from .xml.document import LXML_IMPORT_ERROR

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

QUIET = (UNCHANGED, IGNORED)
REPORT_OPTIONS: dict[str, dict[str, t.Any]] = {
    "report": {"type": "str", "choices": ["all", "changed"], "default": "all"},
}
XML_PATCH = Arguments(
    {
        # The edits stay as they were written: an argument spec would hide the difference between an
        # empty and a missing value.
        "files": {"type": "list", "elements": "dict"},
        "path": {"type": "path"},
        "edits": {"type": "list", "elements": "dict"},
        "format": {"type": "str", "choices": list(FORMATS), "default": "xml"},
        "root": {"type": "str"},
        "create": {"type": "bool", "default": False},
        "optional": {"type": "bool", "default": False},
        "secrets": {"type": "dict", "no_log": True},
        **VAULTED_OPTIONS,
    },
    {
        "required_one_of": [("files", "path")],
        "mutually_exclusive": [("files", "path"), ("files", "edits"), ("files", "root")],
        "required_together": [("path", "edits")],
    },
)


def xml_patch_part(arguments: t.Mapping[str, t.Any]) -> Part:
    """What module xml_patch does with these arguments."""
    single = {name: arguments[name] for name in FILE_KEYS}
    return Part(arguments["files"] or [single], arguments["secrets"], arguments["vaulted"])


def run_parts(
    module: AnsibleModule, parts: t.Sequence[t.Callable[[], Part]], **results: t.Any
) -> None:
    """Make the edits of all parts, all or none, and end the module; ``results`` are further return
    values of the module."""
    if LXML_IMPORT_ERROR:
        module.fail_json(
            msg=missing_required_lib("lxml", reason="on the host (package python3-lxml)"),
            exception=LXML_IMPORT_ERROR,
        )
    with errors_told(module):
        patched = patch_parts(
            [part() for part in parts],
            check_mode=module.check_mode,
            **backup_arguments(module.params),
        )
        prune_backups(module.params, patched.backup_files)
    for warning in patched.warnings:
        module.warn(warning)
    results.update(
        patched.results,
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
