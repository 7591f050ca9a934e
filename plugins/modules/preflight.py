# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
version_added: 0.1.0
short_description: Refuse an inventory that contradicts itself
description:
  - Checks the whole inventory, of one Key Manager cluster or several, on the controller, before any
    host is contacted, and fails with all contradictions at once, each a sentence that names its
    variable.
  - Found are, among others, variables of this collection's prefixes that no role knows, missing
    secrets, passwords that products ship with, port clashes, member addresses that mix loopback and
    routable ones, and JNDI names that are used twice.
notes:
  - Run it once for all hosts, with C(run_once=true). It reads the variables of all hosts, also
    under C(--limit).
attributes:
  check_mode:
    support: full
    description: Changes nothing, so check mode makes no difference.
  diff_mode:
    support: none
    description: There is nothing to compare.
  platform:
    platforms: posix
    support: full
    description: Runs on the controller.
"""

EXAMPLES = r"""
- name: Inventory holds no contradiction
  carbon_ops.key_manager.preflight:
  run_once: true
"""

RETURN = r"""
errors:
  description: The contradictions, a sentence each. Empty when a run may begin.
  returned: always
  type: list
  elements: str
  sample:
    - "cluster_hostnam (set for km1) is not a variable of this collection. Did you mean
      cluster_hostname?"
"""
