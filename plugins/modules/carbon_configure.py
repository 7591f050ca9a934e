#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: carbon_configure
short_description: Configure a WSO2 Carbon server in one call, all or nothing
version_added: 0.1.0
description:
  - Does what M(carbon_ops.key_manager.xml_patch), M(carbon_ops.key_manager.carbon_offset) and
    M(carbon_ops.key_manager.wka_members) do, and sets up the secure vault, in this order and as one
    change. When one of them refuses, no file of any of them is changed.
  - Each of them sees the files as those before it leave them.
  - Edits of two of them that undo each other are refused.
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
  - carbon_ops.key_manager.attributes.backup
  - carbon_ops.key_manager.attributes.backup_run
  - carbon_ops.key_manager.attributes.product_files
options:
  xml_patch:
    description:
      - The arguments of module M(carbon_ops.key_manager.xml_patch), except C(report), C(backup) and
        C(backup_dir).
      - At least one of O(xml_patch), O(carbon_offset), O(wka_members) and O(secure_vault) is
        required.
    type: dict
  carbon_offset:
    description:
      - The arguments of module M(carbon_ops.key_manager.carbon_offset), except C(backup) and
        C(backup_dir).
    type: dict
  wka_members:
    description:
      - The arguments of module M(carbon_ops.key_manager.wka_members), except C(backup) and
        C(backup_dir).
    type: dict
  secure_vault:
    description:
      - The secure vault of the server, as C(ciphertool) sets it up. The secrets are encrypted with
        RSA in C(cipher-text.properties), C(secret-conf.properties) says with which key, and
        C(cipher-tool.properties) where each belongs. All are in C(repository/conf/security).
      - A secret that is encrypted already with this key stays as it is. What others have encrypted
        with it stays too. What cannot be decrypted with it is taken out with a warning, because the
        server does not start with it.
      - The elements themselves get C(svns:secretAlias) by O(xml_patch), and the server gets the
        password of the keystore from the file C(password-persist) in its home. Neither is done
        here.
    type: dict
    suboptions:
      home:
        description: The product home.
        type: path
        required: true
      state:
        description: V(absent) takes out what V(present) has written, so that the server opens no
          vault.
        type: str
        choices: [present, absent]
        default: present
      keystore:
        description: The keystore of the type JKS with the server's own key, absolute or relative to
          O(secure_vault.home). Required with V(present), like O(secure_vault.keystore_password)
          and O(secure_vault.key_alias).
        type: str
      keystore_password:
        description: The password of the keystore and of the key.
        type: str
      key_alias:
        description: The alias of the key. It must be an RSA key.
        type: str
      may_lack_keystore:
        description: Whether nothing is done where the keystore is missing, as in check mode before
          the first run. Else it is an error.
        type: bool
        default: false
      entries:
        description: The secrets of the vault.
        type: list
        elements: dict
        required: true
        suboptions:
          alias:
            description: The alias by which the server asks for the secret.
            type: str
            required: true
          value:
            description: The secret, by its name in O(secure_vault.secrets) as C(%{name}).
            type: str
            required: true
          place:
            description: File and XPath as C(ciphertool) reads them.
            type: str
            required: true
      secrets:
        description: The secrets by name.
        type: dict
  report:
    description:
      - Which edits RV(edits) tells of. With V(changed) those that found what they ask for are left
        out, so that Ansible has less to carry from many hosts.
    type: str
    choices: [all, changed]
    default: all
requirements:
  - lxml 4.2 or newer on the host (package C(python3-lxml))
seealso:
  - module: carbon_ops.key_manager.xml_patch
  - module: carbon_ops.key_manager.carbon_offset
  - module: carbon_ops.key_manager.wka_members
"""

EXAMPLES = r"""
- name: Configure the node
  carbon_ops.key_manager.carbon_configure:
    xml_patch:
      files:
        - path: /opt/wso2/obkm/repository/conf/carbon.xml
          edits:
            - {xpath: /Server/HostName, text: km.example.com, if_missing: [uncomment, create]}
    carbon_offset:
      home: /opt/wso2/obkm
      offset: 3
    wka_members:
      home: /opt/wso2/obkm
      domain: bank.obkm.domain
      scheme: wka
      group_password: "{{ vault_group_password }}"
      local_member_host: 10.0.0.11
      members:
        - {host: 10.0.0.11}
        - {host: 10.0.0.12}
    backup: true
    backup_dir: /var/backups/obkm
"""

RETURN = r"""
ports:
  description: Every port that follows the offset, as the server opens it.
  returned: success, with O(carbon_offset)
  type: dict
  sample: {https: 9446, http: 9766}
cluster:
  description: The clustering section after the edits, without its secrets.
  returned: success, with O(wka_members)
  type: dict
  sample: {enabled: true, domain: bank.obkm.domain, scheme: wka}
changed_files:
  description: The paths of the files that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/opt/wso2/obkm/repository/conf/carbon.xml]
checksums:
  description: The SHA-256 checksum of each changed file as it is afterwards, or would be in check
    mode, by its path.
  returned: success
  type: dict
  sample: {/opt/wso2/obkm/repository/conf/carbon.xml: 9c2b6e0ad7a1…}
edits:
  description: What became of each edit, grouped by file, as M(carbon_ops.key_manager.xml_patch)
    returns it.
  returned: success
  type: list
  elements: dict
backup_files:
  description: The copy of each file that was changed, by the path of the file. Empty without
    O(backup).
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._editor.module import (
    REPORT_OPTIONS,
    XML_PATCH,
    run_parts,
    xml_patch_part,
)
from ..module_utils._files.module import BACKUP_OPTIONS
from ..module_utils._home.membership import WKA_MEMBERS, wka_members_part
from ..module_utils._home.port_offset import CARBON_OFFSET, carbon_offset_part
from ..module_utils._home.secure_vault import SECURE_VAULT, secure_vault_part
from ..module_utils._module import quiet_module

# In the order in which they are made: each sees what those before it leave.
ARGUMENTS = {
    "xml_patch": XML_PATCH,
    "carbon_offset": CARBON_OFFSET,
    "wka_members": WKA_MEMBERS,
    "secure_vault": SECURE_VAULT,
}
PARTS = {
    "xml_patch": xml_patch_part,
    "carbon_offset": carbon_offset_part,
    "wka_members": wka_members_part,
    "secure_vault": secure_vault_part,
}


def main() -> None:
    module = quiet_module(AnsibleModule, within=ARGUMENTS)(
        argument_spec={
            "xml_patch": {"type": "dict"},
            "carbon_offset": {"type": "dict"},
            "wka_members": {"type": "dict"},
            "secure_vault": {"type": "dict", "options": SECURE_VAULT.options, **SECURE_VAULT.rules},
            **REPORT_OPTIONS,
            **BACKUP_OPTIONS,
        },
        required_one_of=[tuple(PARTS)],
        supports_check_mode=True,
    )
    run_parts(
        module,
        [
            lambda name=name: PARTS[name](ARGUMENTS[name].checked(name, module.params[name]))
            for name in PARTS
            if module.params[name] is not None
        ],
    )


if __name__ == "__main__":
    main()
