# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation fragments: the attributes of the modules that edit product files, and the options
they share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return the changed status prediction without modifying
      the target.
  diff_mode:
    support: full
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)) when in diff mode.
  idempotent:
    support: full
    description: When run twice in a row outside check mode, with the same arguments, the second
      invocation indicates no change.
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return the changed status prediction without modifying
      the target.
    details: This module does not modify state.
  diff_mode:
    support: N/A
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)) when in diff mode.
    details: This module does not modify state.
  idempotent:
    support: full
    description: When run twice in a row outside check mode, with the same arguments, the second
      invocation indicates no change.
    details: This module does not modify state.
"""

    PRODUCT_FILES = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/carbon_ops.key_manager.product_files) in C(module_defaults) to set
      defaults for this module.
    support: full
    membership:
      - carbon_ops.key_manager.product_files
"""

    PATCH = r"""
options:
  secrets:
    description:
      - Secrets by name. An edit uses one as C(%{name}) in its text, attributes, xml, properties,
        replace or value.
      - They are put in only on the host and after the arguments were read, so that no message, no
        diff and no echo of the arguments can show one. Write C(%%{) where C(%{) itself is meant.
    type: dict
requirements:
  - lxml 4.2 or newer on the host (package C(python3-lxml))
"""

    BACKUP = r"""
options:
  backup:
    description:
      - Whether to keep a copy of each file that changes. The copies have the owner and the mode of
        the file, because they hold the same passwords.
    type: bool
    default: false
  backup_dir:
    description:
      - The directory on the host for the copies of O(backup). It is created with mode C(0700) when
        it is missing.
      - Without it a copy is made beside its file.
    type: path
"""

    BACKUP_RUN = r"""
options:
  backup_run:
    description:
      - The run that the copies belong to. They are then in a folder of O(backup_dir) that is named
        after it, with a manifest that says how each file was, one that the run made included.
        Module M(carbon_ops.key_manager.carbon_rollback) puts the files back from there.
    type: dict
    suboptions:
      name:
        description:
          - When the run began, in UTC, as in C(20260131T120000Z).
        type: str
        required: true
      reason:
        description:
          - Why the run changes the files. The manifest says it for each of them.
        type: str
        default: ""
      keep:
        description:
          - How many runs stay in O(backup_dir). Older ones are removed when this one keeps a file.
            V(0) keeps all.
        type: int
        default: 0
      days:
        description:
          - Runs of the last so many days stay, whatever their number.
        type: int
        default: 0
"""
