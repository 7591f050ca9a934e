#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_files
short_description: Set whole files, folders and links of a host in one call
version_added: 0.1.0
description:
  - Looks at all folders, files and links that are named, and then makes those as they must be that
    are not.
  - Everything is checked before anything is changed. The contents of all files are replaced or
    none, with the same journal as those of M(carbon_ops.key_manager.xml_patch), so that this holds
    when the module is killed in the middle too.
  - Owners, groups and modes are set with the content, or on their own where only they differ.
  - Symbolic links are followed. A file on a mount of its own, as C(/etc/hosts) in a container,
    cannot be replaced.
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
  - carbon_ops.key_manager.attributes.backup
  - carbon_ops.key_manager.attributes.backup_run
options:
  folders:
    description:
      - Folders that must be there. Name a folder before those in it.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The absolute path.
        type: path
        required: true
      owner:
        description:
          - The name of the owner. Without it a folder that is there keeps its own.
        type: str
      group:
        description:
          - The name of the group. Without it a folder that is there keeps its own.
        type: str
      mode:
        description:
          - The mode as an octal number in quotes.
        type: str
        default: "0755"
  files:
    description:
      - Files that must be there, with their whole content.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The absolute path. Its folder must exist, or be among O(folders).
        type: path
        required: true
      content:
        description:
          - The content as text. A mapping or a list is written as JSON with its keys in order.
        type: raw
        required: true
      owner:
        description:
          - The name of the owner. Without it a file that is there keeps its own.
        type: str
      group:
        description:
          - The name of the group. Without it a file that is there keeps its own.
        type: str
      mode:
        description:
          - The mode as an octal number in quotes.
        type: str
        default: "0644"
  links:
    description:
      - Symbolic links that must be there.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The absolute path of the link.
        type: path
        required: true
      target:
        description:
          - Where it leads.
        type: str
        required: true
  absent:
    description:
      - Files and links that must not be there. Folders are not removed.
    type: list
    elements: path
    default: []
  secrets:
    description:
      - The secrets that are in the contents. They are masked in the diff, in the echo of the
        arguments and in messages.
    type: list
    elements: str
    default: []
seealso:
  - module: ansible.builtin.copy
  - module: ansible.builtin.file
"""

EXAMPLES = r"""
- name: Install the unit and its settings
  carbon_ops.key_manager.host_files:
    folders:
      - {path: /etc/example, owner: root, group: example, mode: "0750"}
    files:
      - path: /etc/systemd/system/example.service
        content: "{{ lookup('ansible.builtin.template', 'example.service.j2') }}"
        owner: root
        group: root
      - path: /etc/example/settings.json
        content: "{{ example_settings }}"
        owner: root
        group: example
        mode: "0640"
    secrets: ["{{ example_settings.password }}"]
"""

RETURN = r"""
changed_paths:
  description: The paths that were not as they must be, in the order in which they were corrected.
  returned: success
  type: list
  elements: str
  sample: [/etc/systemd/system/example.service]
backup_files:
  description: The copy of each file whose content was changed, by the path of the file. Empty
    without O(backup).
  returned: success
  type: dict
"""

import grp
import json
import pwd
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._editor.masked_diff import masked_diff, secret_forms
from ..module_utils._errors import OperatorError
from ..module_utils._files.module import BACKUP_OPTIONS, set_files
from ..module_utils._files.whole import Found, Owned, Wanted
from ..module_utils._module import errors_told, quiet_module

OWNER_OPTIONS: dict[str, dict[str, t.Any]] = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str"},
    "group": {"type": "str"},
}
ENTRIES: dict[str, t.Any] = {"type": "list", "elements": "dict", "default": []}


def owned(entry: t.Mapping[str, t.Any]) -> Owned:
    """The numbers behind the names of an entry; raises OperatorError."""
    path, owner, group = entry["path"], entry["owner"], entry["group"]
    if not path.startswith("/"):
        raise OperatorError(f"{path}: the path must be absolute.")
    try:
        mode = int(entry["mode"], 8)
    except ValueError:
        raise OperatorError(f'{path}: mode must be an octal number in quotes, as "0644".') from None
    try:
        user = None if owner is None else pwd.getpwnam(owner).pw_uid
    except KeyError:
        raise OperatorError(f"{path}: there is no user {owner} on this host.") from None
    try:
        return Owned(user, None if group is None else grp.getgrnam(group).gr_gid, mode)
    except KeyError:
        raise OperatorError(f"{path}: there is no group {group} on this host.") from None


def content(given: t.Any) -> bytes:
    """The content of a file as it is written."""
    if isinstance(given, (dict, list)):
        given = json.dumps(given, indent=4, sort_keys=True) + "\n"
    return str(given).encode("utf-8")


def wanted(params: t.Mapping[str, t.Any]) -> Wanted:
    """The arguments as what must be on the host."""
    for entry in params["links"]:
        if not entry["path"].startswith("/"):
            raise OperatorError(f"{entry['path']}: the path must be absolute.")
    return Wanted(
        {entry["path"]: owned(entry) for entry in params["folders"]},
        {entry["path"]: (content(entry["content"]), owned(entry)) for entry in params["files"]},
        {entry["path"]: entry["target"] for entry in params["links"]},
        params["absent"],
    )


def diffs(found: Found, secrets: t.Sequence[str]) -> list[dict[str, str]]:
    """One entry for each path, without secrets."""
    shown = []
    for source, new in found.contents:
        old = source.path if source.exists else "/dev/null"
        texts = [raw.decode("utf-8", "replace") for raw in (source.raw, new)]
        hunks = masked_diff(texts[0], texts[1], secrets, [])
        shown.append({"prepared": f"--- {old}\n+++ {source.path}\n{hunks}"})
    for path, (owner, group, mode) in found.owned.items():
        shown.append({"prepared": f"{path}: owner {owner}, group {group}, mode {mode:04o}\n"})
    for path, target in found.links.items():
        shown.append({"prepared": f"{path}: leads to {target}\n"})
    for path in found.unwanted:
        shown.append({"prepared": f"{path}: is removed\n"})
    return shown


def main() -> None:
    module = quiet_module(AnsibleModule, forms=secret_forms)(
        argument_spec={
            "folders": {
                **ENTRIES,
                "options": {**OWNER_OPTIONS, "mode": {"type": "str", "default": "0755"}},
            },
            "files": {
                **ENTRIES,
                "options": {
                    **OWNER_OPTIONS,
                    "mode": {"type": "str", "default": "0644"},
                    "content": {"type": "raw", "required": True},
                },
            },
            "links": {
                **ENTRIES,
                "options": {
                    "path": {"type": "path", "required": True},
                    "target": {"type": "str", "required": True},
                },
            },
            "absent": {"type": "list", "elements": "path", "default": []},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
            **BACKUP_OPTIONS,
        },
        supports_check_mode=True,
    )
    with errors_told(module):
        found = set_files(module, wanted(module.params))
    results: dict[str, t.Any] = {
        "changed": bool(found.changed_paths),
        "changed_paths": found.changed_paths,
        "backup_files": found.backup_files,
    }
    if module._diff:
        results["diff"] = diffs(found, module.params["secrets"])
    module.exit_json(**results)


if __name__ == "__main__":
    main()
