# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: product_archive
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
version_added: 0.1.0
short_description: Single files of a product zip on the controller
description:
  - Reads files out of a product zip, without unpacking it, after its checksum was compared.
options:
  _terms:
    description: The zip, a path on the controller.
    required: true
  checksum:
    description: Checksum that the zip must have, with its algorithm, for example V(sha256:1234…).
    type: str
    required: true
  files:
    description: Paths below the product's home, which is the top folder of the zip.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the schema script of API Manager
  ansible.builtin.debug:
    msg: "{{ scripts['dbscripts/apimgt/mysql.sql'] | b64decode }}"
  vars:
    scripts: >-
      {{ lookup('carbon_ops.key_manager.product_archive',
                cluster_api_manager_archive.src, checksum=cluster_api_manager_archive.checksum,
                files=['dbscripts/apimgt/mysql.sql']) }}
"""

RETURN = r"""
_raw:
  description: For each zip those of the files that are in it, by their path, in Base64.
  type: list
  elements: dict
"""

from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ..module_utils._errors import OperatorError
from ..plugin_utils._product_archive import read_members


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        found = []
        for term in terms:
            path = self.find_file_in_search_path(variables, "files", term)
            if path is None:
                raise AnsibleError(f"The product archive {term} is not on the controller.")
            try:
                found.append(
                    read_members(Path(path), self.get_option("checksum"), self.get_option("files"))
                )
            except OperatorError as error:
                raise AnsibleError(str(error)) from error
        return found
