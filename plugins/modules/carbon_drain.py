#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: carbon_drain
short_description: Take a node out of nginx, or put it back, without a reload
version_added: 0.1.0
description:
  - Runs on a load balancer that role nginx has set up. While the file O(flag) is there, nginx sends
    the node no request.
  - After making the flag it waits until no connection from the load balancer to the node is left,
    so that a stop of the node breaks none.
  - On a load balancer without the folder of the flag nothing is done, because nginx does not know
    the node yet.
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
options:
  flag:
    description: The flag file of the node, C(/run/carbon-ops/drain/<cluster name>/n<index>).
    type: path
    required: true
  state:
    description: V(drained) takes the node out, V(serving) puts it back.
    type: str
    choices: [drained, serving]
    required: true
  address:
    description: The node's address. Required with V(drained).
    type: str
  ports:
    description: The node's ports to which nginx connects. Required with V(drained).
    type: list
    elements: int
  timeout:
    description: Seconds to wait at most until no connection is left. Then the module returns all
      the same, and says how many there are.
    type: int
    default: 60
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: Node gets no more requests
  carbon_ops.key_manager.carbon_drain:
    flag: /run/carbon-ops/drain/obkm/n1
    state: drained
    address: 192.0.2.11
    ports: [9446, 9766]
  delegate_to: lb1.bank.example

- name: Node serves again
  carbon_ops.key_manager.carbon_drain:
    flag: /run/carbon-ops/drain/obkm/n1
    state: serving
  delegate_to: lb1.bank.example
"""

RETURN = r"""
balanced:
  description: Whether this load balancer knows the cluster.
  returned: success
  type: bool
connections:
  description: Connections to the node that were left.
  returned: success
  type: int
  sample: 0
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._server.drain import wait_for_drain


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "flag": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["drained", "serving"], "required": True},
            "address": {"type": "str"},
            "ports": {"type": "list", "elements": "int"},
            "timeout": {"type": "int", "default": 60},
        },
        required_if=[("state", "drained", ("address", "ports"))],
        supports_check_mode=True,
    )
    flag = Path(module.params["flag"])
    if not flag.parent.is_dir():
        module.exit_json(changed=False, balanced=False, connections=0)
    drained = module.params["state"] == "drained"
    changed = flag.exists() != drained
    connections = 0
    try:
        if changed and not module.check_mode:
            if drained:
                flag.touch(mode=0o644)
            else:
                flag.unlink()
    except OSError as error:
        module.fail_json(msg=f"The flag {flag} could not be changed: {error.strerror}.")
    if drained and not module.check_mode:
        connections = wait_for_drain(
            module.params["address"], module.params["ports"], module.params["timeout"]
        )
        if connections:
            module.warn(
                "After {0} s this load balancer still holds {1} connections to {2}, which end with"
                " the restart. Give requests that take longer more time.".format(
                    module.params["timeout"], connections, module.params["address"]
                )
            )
    module.exit_json(changed=changed, balanced=True, connections=connections)


if __name__ == "__main__":
    main()
