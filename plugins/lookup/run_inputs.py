# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: run_inputs
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
version_added: 0.1.0
short_description: A digest of everything a run is made of
description:
  - Covers the variables of this collection on every host of the inventory, secrets included, its
    groups, the files on the controller that these variables name, and every file of the collection
    itself.
  - From the digest nothing can be read back. It is derived slowly and as a whole, so that no single
    secret in it can be guessed.
options:
  _terms:
    description: Takes none.
    required: false
"""

EXAMPLES = r"""
- name: Digest is shown
  ansible.builtin.debug:
    msg: "{{ lookup('carbon_ops.key_manager.run_inputs') }}"
"""

RETURN = r"""
_raw:
  description: The digest, hexadecimal.
  type: list
  elements: str
"""

import hashlib
import json
import os
import typing as t
from pathlib import Path

from ansible.plugins.lookup import LookupBase

from ..plugin_utils._inventory import read_variables
from ..plugin_utils._sources import ROLES, collection_sources, role_options

COLLECTION = ROLES.parent
PARTS = ("plugins", "roles", "playbooks")
ROUNDS = 100_000


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        known = {name for role in role_options().values() for name in role} | set(
            collection_sources().options
        )
        # Says how to run, not what to make.
        known.discard("cluster_full_run")
        reading = read_variables(variables, known | {"ansible_host"})
        digest = hashlib.sha256()
        # Those that the playbooks make themselves follow from the others; their order is that in
        # which hosts answered.
        groups = {
            name: hosts
            for name, hosts in reading.inventory.groups.items()
            if not name.startswith("carbon_ops_")
        }
        digest.update(
            json.dumps(
                [groups, reading.inventory.hosts, reading.unresolved], sort_keys=True, default=str
            ).encode()
        )
        named = sorted(
            {text for values in reading.inventory.hosts.values() for text in _texts(values)}
        )
        # Archives are told apart by their checksums, which are among the variables.
        for path in (
            Path(self._loader.path_dwim(text))
            for text in named
            if "/" in text and "\n" not in text and len(text) < 1024
        ):
            if path.is_file() and path.stat().st_size < 1 << 20:
                digest.update(path.read_bytes())
        for part in PARTS:
            for folder, folders, files in os.walk(COLLECTION / part):
                folders[:] = sorted(name for name in folders if name != "__pycache__")
                for name in sorted(files):
                    digest.update(name.encode() + Path(folder, name).read_bytes())
        return [
            hashlib.pbkdf2_hmac("sha256", digest.digest(), b"carbon_ops.key_manager", ROUNDS).hex()
        ]


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, t.Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
