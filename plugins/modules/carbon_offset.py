#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: carbon_offset
short_description: Set the port offset of a WSO2 Carbon server
version_added: 0.1.0
description:
  - Sets C(Ports/Offset) in C(carbon.xml) and changes no other byte of the file.
  - Returns every port that follows the offset, as the server will open it.
  - The member port of the cluster does not follow the offset. It is in C(axis2.xml), see
    M(carbon_ops.key_manager.wka_members).
  - The port attributes of the Connectors in C(catalina-server.xml) stay C(9443) and C(9763)
    whatever the offset, because the server itself adds the offset to them. The module warns when
    they are something else.
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
  - carbon_ops.key_manager.attributes.backup
  - carbon_ops.key_manager.attributes.backup_run
  - carbon_ops.key_manager.attributes.product_files
options:
  home:
    description:
      - The product home, the folder that holds C(bin) and C(repository).
      - Exactly one of O(home) and O(path) is required.
    type: path
  path:
    description:
      - The C(carbon.xml) to edit. When it is at its place in a product home, the home is looked
        at as with O(home).
    type: path
  offset:
    description:
      - The number to add to every port, from 0 to 54424, so that the highest port stays below
        65536.
    type: int
    required: true
  unit:
    description:
      - The systemd unit that starts the server. It and its drop-in files are searched for
        C(-DportOffset).
      - An offset that the start script or the unit passes wins over C(carbon.xml), so the module
        then refuses to work. Files that it is not allowed to read are passed over.
    type: path
requirements:
  - lxml 4.2 or newer on the host (package C(python3-lxml))
seealso:
  - module: carbon_ops.key_manager.xml_patch
  - module: carbon_ops.key_manager.carbon_info
"""

EXAMPLES = r"""
- name: The second node on the host keeps clear of the first one's ports
  carbon_ops.key_manager.carbon_offset:
    home: /opt/wso2/obkm2
    offset: 4
    unit: /etc/systemd/system/obkm2.service
  register: node

- name: The ports are known
  ansible.builtin.debug:
    msg: "The management console is on port {{ node.ports.https }}."
"""

RETURN = r"""
ports:
  description: Every port that follows the offset, as the server opens it.
  returned: success
  type: dict
  sample:
    https: 9446
    http: 9766
    embedded_ldap: 10392
    kdc: 8003
    jmx_registry: 10002
    jmx_server: 11114
    thrift_entitlement: 10503
    jndi: 2202
    thrift_key_validator: 10400
    gateway_https: 8246
    gateway_http: 8283
changed_files:
  description: The path of the file when it was changed, or would be in check mode.
  returned: success
  type: list
  elements: str
checksums:
  description: The SHA-256 checksum of each changed file as it is afterwards, or would be in check
    mode, by its path.
  returned: success
  type: dict
  sample: {/opt/wso2/obkm/repository/conf/carbon.xml: 9c2b6e0ad7a1…}
edits:
  description: What was done, as M(carbon_ops.key_manager.xml_patch) returns it.
  returned: success
  type: list
  elements: dict
backup_files:
  description: The copies that were kept, by the path of the file.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._editor.module import run_parts
from ..module_utils._files.module import BACKUP_OPTIONS
from ..module_utils._home.port_offset import CARBON_OFFSET, carbon_offset_part


def main() -> None:
    module = AnsibleModule(
        argument_spec={**CARBON_OFFSET.options, **BACKUP_OPTIONS},
        supports_check_mode=True,
        **CARBON_OFFSET.rules,
    )
    run_parts(module, [lambda: carbon_offset_part(module.params)])


if __name__ == "__main__":
    main()
