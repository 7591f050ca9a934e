# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_model
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
version_added: 0.1.0
short_description: The model of the cluster that a host belongs to
description:
  - Derives the model of a Key Manager cluster from the whole inventory, without contacting a host.
    It is the value of the variable C(cluster_model), which the playbooks set for all hosts at once,
    and role C(cluster) for a host that has none.
  - Reads C(groups) and the inventory variables of all hosts of the cluster, never the hosts of the
    current play, so C(--limit) and C(serial) change nothing. The variables and their defaults are
    those of role C(cluster).
  - What the play sets, or who imports the playbook (C(vars), C(vars_files)), counts for every host.
  - An inventory may hold several clusters, each with groups of its own, which
    C(cluster_key_manager_group) and its like name. A host that belongs to none of them gets a model
    without hosts.
options:
  _terms:
    description: The hosts whose models are asked for. Without any it is the host itself.
    required: false
  entries:
    description: Whether to return of each model only the entry of the host itself, which is empty
      for a host that belongs to no cluster.
    type: bool
    default: false
  with_leaving:
    description: Whether the host that C(cluster_leaving) names is still in the model. Otherwise it
      is that of the cluster without the host.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Members of the cluster are shown
  ansible.builtin.debug:
    msg: "{{ lookup('carbon_ops.key_manager.cluster_model').members }}"
"""

RETURN = r"""
_raw:
  description: A model, or its entry, for each host in their order. A model is one dictionary, which
    docs/model.md of the collection explains key by key. It holds no secret.
  type: list
  elements: dict
"""

import json
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ..module_utils._errors import OperatorError
from ..plugin_utils._inventory import read_inventory, without_leaving
from ..plugin_utils._model.build import build_model, outside_model
from ..plugin_utils._model.inventory import Inventory, Sources, host_groups
from ..plugin_utils._sources import collection_sources


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        try:
            inventory = read_inventory(variables, self._templar.template)
            if not self.get_option("with_leaving"):
                inventory = without_leaving(inventory)
            sources = collection_sources()
            # The hosts of one cluster have the same groups, and by them the same model.
            models: dict[str, t.Any] = {}
            names = terms or [variables["inventory_hostname"]]
            for name in names:
                cluster = _cluster_of(name, inventory, sources)
                if cluster not in models:
                    models[cluster] = outside_model(name, inventory, sources) or build_model(
                        name, inventory, sources
                    )
            found = [models[_cluster_of(name, inventory, sources)] for name in names]
            if self.get_option("entries"):
                return [model["hosts"].get(name, {}) for name, model in zip(names, found)]
            return found
        except OperatorError as error:
            raise AnsibleError(str(error)) from error


def _cluster_of(name: str, inventory: Inventory, sources: Sources) -> str:
    return json.dumps(host_groups(inventory.hosts[name], sources.options, inventory))
