# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: survey_answers
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
version_added: 0.1.0
short_description: The variables that the answers of an AWX survey set
description:
  - Reads the variables C(survey_<variable>) of a host, which the questions of
    C(playbooks/awx.yml)'s surveys set, and gives each its type. A dictionary or a list is written
    as YAML.
  - What was left out, which AWX sends as an empty text, is left out here too, so that the
    inventory's value counts.
options:
  _terms:
    description: Takes none.
    required: false
"""

EXAMPLES = r"""
- name: Answers are shown
  ansible.builtin.debug:
    msg: "{{ lookup('carbon_ops.key_manager.survey_answers').keys() }}"
"""

RETURN = r"""
_raw:
  description: The values by variable, one dictionary. It may hold secrets.
  type: list
  elements: dict
"""

from ansible.plugins.lookup import LookupBase

from ..plugin_utils._inventory import plain, read_answers
from ..plugin_utils._surveys import PREFIX


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        names = [name for name in variables if name.startswith(PREFIX)]
        return [
            read_answers({name: plain(self._templar.template(variables[name])) for name in names})
        ]
