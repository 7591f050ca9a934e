#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: carbon_tokens
short_description: Follow tokens through a Key Manager cluster
version_added: 0.1.0
description:
  - Has each Key Manager issue a token, refreshes it on the next one, validates it on every one,
    revokes it, and sees that it is refused everywhere within two seconds.
  - The ID token that comes with it must name O(issuer), be made at this time (by the clock of the
    host that the module runs on, five seconds more or less), and verify with the key that every Key
    Manager publishes.
  - A product that issues no tokens for passwords is asked for one of the client's own, which comes
    without ID token and is not refreshed.
  - Does so with a client of its own. It is registered once, by the call that API Manager makes for
    its applications. Its secret stays in the product, which tells it to the administrator.
  - What is wrong comes back in RV(failures), one sentence each. The module itself fails only when
    it could not look.
attributes:
  check_mode:
    support: partial
    description: Can run in C(check_mode) and return the changed status prediction without modifying
      the target.
    details: Registers no client, and follows tokens only where the client is there.
  diff_mode:
    support: none
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)) when in diff mode.
  idempotent:
    support: full
    description: When run twice in a row outside check mode, with the same arguments, the second
      invocation indicates no change.
options:
  nodes:
    description: The Key Managers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Host name that the certificate must bear.
        type: str
        required: true
      address:
        description: Address to connect to.
        type: str
        required: true
      port:
        description: HTTPS port.
        type: int
        required: true
  internal:
    description: The listener of API Manager's calls, through which keys are validated and the
      client is looked for as well.
    type: dict
    suboptions:
      name:
        description: Host name that the certificate must bear.
        type: str
        required: true
      address:
        description: Address to connect to.
        type: str
        required: true
      port:
        description: HTTPS port.
        type: int
        required: true
  issuer:
    description: What the tokens must name as their issuer. Without it this is not looked at.
    type: str
    default: ""
  client_name:
    description: Name of the client.
    type: str
    default: carbon-ops-verify
  ca_file:
    description: Certificate of the authority that is trusted, and no other.
    type: path
    required: true
  user:
    description: Administrator.
    type: str
    required: true
  password:
    description: Password of O(user).
    type: str
    required: true
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: Check tokens through the cluster
  carbon_ops.key_manager.carbon_tokens:
    nodes:
      - {name: km1.bank.example, address: 192.0.2.11, port: 9446}
      - {name: km2.bank.example, address: 192.0.2.12, port: 9446}
    ca_file: /etc/carbon-ops/pki/ca.crt
    user: admin
    password: "{{ cluster_admin_password }}"
  register: tokens

- name: Tell what is wrong
  ansible.builtin.assert:
    that: tokens.failures | length == 0
    fail_msg: "{{ tokens.failures }}"
"""

RETURN = r"""
failures:
  description: What is wrong, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["km2.bank.example does not know a token that km1.bank.example has just issued."]
registered:
  description: Whether the client was registered by this run.
  returned: success
  type: bool
gone_after:
  description: Seconds until the last node refused a revoked token. None when no token was followed.
  returned: success
  type: float
  sample: 0.2
expires_in:
  description: Seconds for which the first Key Manager issues a token. None when no token was
    followed.
  returned: success
  type: int
  sample: 3600
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._health.client import Server
from ..module_utils._health.errors import HealthError
from ..module_utils._module import errors_told, quiet_module
from ..module_utils._server import tokens


def look(module: AnsibleModule) -> dict[str, object]:
    wanted = module.params

    def server(place: dict[str, object]) -> Server:
        return Server(
            str(place["address"]), int(str(place["port"])), str(place["name"]), wanted["ca_file"]
        )

    site = tokens.Site(
        nodes=[server(node) for node in wanted["nodes"]],
        user=wanted["user"],
        passphrase=wanted["password"],
        client_name=wanted["client_name"],
        issuer=wanted["issuer"],
        internal=server(wanted["internal"]) if wanted["internal"] else None,
    )
    failures, seen = tokens.walk(site, may_register=not module.check_mode)
    return {"changed": seen["registered"], "failures": failures, **seen}


def main() -> None:
    place = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
    }
    module = quiet_module(AnsibleModule)(
        argument_spec={
            "nodes": {"type": "list", "elements": "dict", "required": True, "options": place},
            "internal": {"type": "dict", "options": place},
            "issuer": {"type": "str", "default": ""},
            "client_name": {"type": "str", "default": "carbon-ops-verify"},
            "ca_file": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    with errors_told(module, {HealthError: str}):
        result = look(module)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
