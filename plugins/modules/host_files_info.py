#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_files_info
short_description: Look at files of a host in one call
version_added: 0.1.0
description:
  - Tells which of the named files and folders are there, and who owns them. Returns the text of
    some of them, and of private keys the fingerprint of their public half.
  - So one call on each host is enough to tell what has to be made, renewed or copied.
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes.info
options:
  paths:
    description:
      - Files and folders of which only owner, group and mode are asked.
    type: list
    elements: path
    default: []
  read:
    description:
      - Files whose text is returned. Where private keys are among them, set C(no_log) on the task.
    type: list
    elements: path
    default: []
  compare:
    description:
      - Files of which the checksum is returned, and not the content.
    type: list
    elements: path
    default: []
  keys:
    description:
      - Private keys in PEM form. They are compared with certificates by the fingerprint of their
        public half; the key itself is not returned.
    type: list
    elements: path
    default: []
requirements:
  - cryptography 3.1 or newer for the fingerprints. Without it they are empty.
seealso:
  - module: carbon_ops.key_manager.host_files
  - module: community.crypto.openssl_privatekey_info
  - plugin: carbon_ops.key_manager.pair_owed
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at the pair of this host
  carbon_ops.key_manager.host_files_info:
    read: [/etc/example/pki/ca.crt, /etc/example/pki/server.crt]
    keys: [/etc/example/pki/server.key]
  register: example_pki

- name: The certificate is that of the key
  ansible.builtin.assert:
    that: >-
      certificate.public_key_fingerprints.sha256
      == example_pki.found["/etc/example/pki/server.key"].public_key
  vars:
    certificate: >-
      {{ example_pki.found["/etc/example/pki/server.crt"].text
         | community.crypto.x509_certificate_info }}
"""

RETURN = r"""
found:
  description: What is there, by its path. What is not there has no entry.
  returned: success
  type: dict
  contains:
    owner:
      description: Number of the owner.
      type: int
      returned: success
    group:
      description: Number of the group.
      type: int
      returned: success
    group_name:
      description: Name of the group. Empty where it has none.
      type: str
      returned: success
    mode:
      description: The mode as an octal number.
      type: str
      returned: success
      sample: "0600"
    modified:
      description: Seconds since 1970 at which it was changed last.
      type: float
      returned: success
    checksum:
      description: SHA-256 checksum of the content.
      type: str
      returned: for O(read), O(compare) and O(keys)
    text:
      description: The content.
      type: str
      returned: for O(read)
    public_key:
      description: SHA-256 fingerprint of the public half of a private key. Empty where the file is
        no private key without a password, or where cryptography is missing.
      type: str
      returned: for O(keys)
library:
  description: Whether cryptography can be used on the host.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._keystore.look import library_is_there, look
from ..module_utils._module import errors_told


def main() -> None:
    several = {"type": "list", "elements": "path", "default": []}
    module = AnsibleModule(
        argument_spec={
            "paths": several,
            "read": several,
            "compare": several,
            "keys": {**several, "no_log": False},
        },
        supports_check_mode=True,
    )
    with errors_told(module):
        asked = (module.params[name] for name in ("paths", "read", "keys", "compare"))
        found = look(*asked)
    module.exit_json(changed=False, found=found, library=library_is_there())


if __name__ == "__main__":
    main()
