#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verified_state
short_description: Tell whether a host is as the last verified run left it
version_added: 0.1.0
description:
  - With O(state=compared) everything that is watched is read anew and held against the record of
    the last verified run.
  - With O(state=recorded) the record is written. C(site.yml) does so at the end of a whole run,
    after the cluster was verified.
  - Contents are compared by checksum, never by time stamp, so a change by hand is noticed.
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
options:
  state:
    description: Whether to compare or to record.
    type: str
    choices: [compared, recorded]
    default: compared
  record:
    description: The file of the record. It holds checksums only, and is readable by its owner
      alone.
    type: path
    required: true
  inputs:
    description: Digest of what the run is made of, from the lookup
      P(carbon_ops.key_manager.run_inputs#lookup).
    type: str
    required: true
  paths:
    description: Files, links and folders that count. Of a folder everything below it counts, of a
      link the link.
    type: list
    elements: path
    default: []
  entries:
    description: Paths of which only the entry itself counts, kind, mode, owner and where a link
      leads, and nothing below.
    type: list
    elements: path
    default: []
  services:
    description: systemd services whose state counts.
    type: list
    elements: str
    default: []
  commands:
    description: Commands, as lists of their arguments, that must succeed and whose output counts.
      Only a checksum of the output is kept.
    type: list
    elements: list
    default: []
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: It is known whether the host has changed since the last verified run
  carbon_ops.key_manager.verified_state:
    record: /var/lib/carbon-ops/obkm.verified.json
    inputs: "{{ lookup('carbon_ops.key_manager.run_inputs') }}"
    paths: [/etc/nginx, /etc/carbon-ops]
    services: [nginx]
"""

RETURN = r"""
intact:
  description: Whether the host is as the last verified run left it, and what that run was made of
    is the same.
  returned: success
  type: bool
reasons:
  description: What differs, as sentences, at most twenty.
  returned: success
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._command import bounded
from ..module_utils._server.verified_state import Watched, compare, write

MOST_REASONS = 20


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["compared", "recorded"], "default": "compared"},
            "record": {"type": "path", "required": True},
            "inputs": {"type": "str", "required": True},
            "paths": {"type": "list", "elements": "path", "default": []},
            "entries": {"type": "list", "elements": "path", "default": []},
            "services": {"type": "list", "elements": "str", "default": []},
            "commands": {"type": "list", "elements": "list", "default": []},
        },
        supports_check_mode=True,
    )
    record, inputs = Path(module.params["record"]), module.params["inputs"]
    watched = Watched(*(module.params[name] for name in Watched._fields))
    run = bounded(module)
    try:
        found = compare(record, inputs, watched, run)
        if module.params["state"] == "compared":
            module.exit_json(
                changed=False, intact=found.intact, reasons=found.reasons[:MOST_REASONS]
            )
        if not found.intact and not module.check_mode:
            write(record, inputs, watched, run)
    except OSError as error:
        module.fail_json(msg=f"{record} cannot be written: {error.strerror}.")
    module.exit_json(changed=not found.intact, intact=True, reasons=[])


if __name__ == "__main__":
    main()
