#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: carbon_rollback
short_description: Put the files of a host back as they were before a run
version_added: 0.1.0
description:
  - Lists the runs whose files are kept on the host, and with O(run) puts every file that this run
    or a later one changed back as it was before. Files that these runs made are removed. Where
    none of them changed a file, nothing is done.
  - The files are those that modules of this collection kept with O(backup_run).
  - All files are put back or none. What they replace is kept first, so that the module can be
    undone in the same way.
  - No server is restarted.
  - With O(run), O(backup_run) is required. It is the run that the module belongs to itself.
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
  - carbon_ops.key_manager.attributes.backup_run
options:
  run:
    description:
      - The first run to undo, by its name. Without it the module only lists.
    type: str
  backup_dir:
    description:
      - The folder on the host that holds a folder for each run.
    type: path
    required: true
  needed:
    description:
      - Files without which a server is none, as its unit. A run that made one of them is not
        undone.
    type: list
    elements: path
    default: []
seealso:
  - module: carbon_ops.key_manager.carbon_configure
  - module: carbon_ops.key_manager.host_files
"""

EXAMPLES = r"""
- name: List the runs that can be undone
  carbon_ops.key_manager.carbon_rollback:
    backup_dir: /var/backups/carbon-ops/obkm
  register: example_kept

- name: Put the files back as they were before the last run
  carbon_ops.key_manager.carbon_rollback:
    backup_dir: /var/backups/carbon-ops/obkm
    run: "{{ example_kept.runs[-1].name }}"
    backup_run:
      name: 20260131T120000Z
      reason: The last change is undone
"""

RETURN = r"""
runs:
  description: The runs whose files are kept, oldest first, as they were before this one.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: When the run began, in UTC.
      type: str
      sample: 20260131T120000Z
    reasons:
      description: Why the run changed files, each reason once.
      type: list
      elements: str
    files:
      description: The files that the run changed, made or removed.
      type: list
      elements: str
changed_paths:
  description: The files that were put back or removed.
  returned: success
  type: list
  elements: str
checksums:
  description: The SHA-256 checksum of each file that was put back, by path. In check mode of each
    that would be.
  returned: success
  type: dict
"""

import hashlib
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._errors import OperatorError
from ..module_utils._files.module import BACKUP_RUN, set_files
from ..module_utils._files.runs import Run, content_of, read_runs, state_before
from ..module_utils._files.whole import Found, Owned, Wanted
from ..module_utils._module import errors_told


def wanted(runs: t.Sequence[Run], name: str, needed: t.Collection[str]) -> Wanted:
    """The files as they were before a run; raises OperatorError."""
    files: dict[str, tuple[bytes, Owned]] = {}
    absent = []
    for path, (run, kept) in state_before(runs, name).items():
        if kept.copy is None or kept.mode is None:
            if path in needed:
                raise OperatorError(
                    f"Run {run.name} made {path}, and a server cannot be without it: what set the"
                    " server up is not undone. Name a later run."
                )
            absent.append(path)
        else:
            files[path] = (content_of(run, kept), Owned(kept.owner, kept.group, kept.mode))
    return Wanted(files=files, absent=absent)


def described(run: Run) -> dict[str, t.Any]:
    """A run as the module returns it."""
    return {
        "name": run.name,
        "reasons": list(dict.fromkeys(kept.reason for kept in run.files if kept.reason)),
        "files": list(dict.fromkeys(kept.path for kept in run.files)),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "run": {"type": "str"},
            "backup_dir": {"type": "path", "required": True},
            "backup_run": BACKUP_RUN,
            "needed": {"type": "list", "elements": "path", "default": []},
        },
        required_by={"run": "backup_run"},
        supports_check_mode=True,
    )
    found = Found()
    with errors_told(module):
        runs = read_runs(module.params["backup_dir"])
        if module.params["run"]:
            before = wanted(runs, module.params["run"], module.params["needed"])
            found = set_files(module, before, backup=True)
    results: dict[str, t.Any] = {
        "changed": bool(found.changed_paths),
        "runs": [described(run) for run in runs],
        "changed_paths": found.changed_paths,
        "checksums": {
            source.path: hashlib.sha256(content).hexdigest() for source, content in found.contents
        },
    }
    if module._diff:
        # No content: a file of before may hold a password that nobody names any more.
        results["diff"] = [
            {"prepared": f"{path}: as before run {module.params['run']}\n"}
            for path in found.changed_paths
        ]
    module.exit_json(**results)


if __name__ == "__main__":
    main()
