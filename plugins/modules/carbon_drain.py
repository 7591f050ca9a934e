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
  - An nginx that release 0.1.0 has set up looks for a flag with the node's place in the inventory
    in its name. That flag is made and removed as well, as long as nginx' configuration shows that
    it is the node's.
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
options:
  flag:
    description:
      - The flag file of the node, C(/run/carbon-ops/drain/<cluster name>/<node>), by its name in
        the inventory.
    type: path
    required: true
  state:
    description: V(drained) takes the node out, V(serving) puts it back.
    type: str
    choices: [drained, serving]
    required: true
  address:
    description: The node's address.
    type: str
    required: true
  ports:
    description: The node's ports to which nginx connects.
    type: list
    elements: int
    required: true
  configuration:
    description:
      - The file with nginx' pools. By default C(/etc/nginx/conf.d/<cluster name>.upstreams.conf).
    type: path
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
    flag: /run/carbon-ops/drain/obkm/km1.bank.example
    state: drained
    address: 192.0.2.11
    ports: [9446, 9766]
  delegate_to: lb1.bank.example

- name: Node serves again
  carbon_ops.key_manager.carbon_drain:
    flag: /run/carbon-ops/drain/obkm/km1.bank.example
    state: serving
    address: 192.0.2.11
    ports: [9446, 9766]
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

from ..module_utils._server.drain import flags_of, wait_for_drain


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "flag": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["drained", "serving"], "required": True},
            "address": {"type": "str", "required": True},
            "ports": {"type": "list", "elements": "int", "required": True},
            "configuration": {"type": "path"},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    flag = Path(module.params["flag"])
    if not flag.parent.is_dir():
        module.exit_json(changed=False, balanced=False, connections=0)
    drained = module.params["state"] == "drained"
    live = Path(
        module.params["configuration"] or f"/etc/nginx/conf.d/{flag.parent.name}.upstreams.conf"
    )
    try:
        configuration = live.read_text(encoding="utf-8") if live.is_file() else ""
    except OSError as error:
        module.fail_json(msg=f"The configuration {live} could not be read: {error.strerror}.")
    flags = flags_of(flag, configuration, module.params["address"], module.params["ports"])
    wrong = [path for path in flags if path.exists() != drained]
    connections = 0
    for path in wrong if not module.check_mode else ():
        try:
            if drained:
                path.touch(mode=0o644)
            else:
                path.unlink()
        except OSError as error:
            module.fail_json(msg=f"The flag {path} could not be changed: {error.strerror}.")
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
    module.exit_json(changed=bool(wrong), balanced=True, connections=connections)


if __name__ == "__main__":
    main()
