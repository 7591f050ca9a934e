#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: carbon_ownership
short_description: Let a Carbon server own what it writes, and nothing else of its home
version_added: 0.1.0
description:
  - Gives the code and the configuration of a product home to O(owner), readable by O(group) and by
    nobody else, and the folders and files that the server writes to O(user).
  - Folders and files of the server that are missing are made. A folder that is a link, into a
    shared file system, is left alone.
  - What is in a folder that O(user) owns already is not looked at, because the server made it.
  - Nothing is given away by a link, nor a file with a second name. A server may run meanwhile.
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
options:
  home:
    description: Product home.
    type: path
    required: true
  owner:
    description: User who owns code and configuration. If it is O(user), the server owns all of its
      home.
    type: str
    required: true
  user:
    description: User that the server runs as.
    type: str
    required: true
  group:
    description: Group of that user.
    type: str
    required: true
  folders:
    description: Folders that the server writes into, below O(home).
    type: list
    elements: str
    required: true
  files:
    description: Files that the server writes, below O(home), where their folder is not its own.
    type: list
    elements: str
    default: []
  patched:
    description: Folders that the server writes into as well, as long as patches lie in
      C(repository/components/patches) or C(repository/components/servicepacks), because it puts
      them into its code itself.
    type: list
    elements: str
    default: []
requirements:
  - root, where anything is to be given away
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: Server owns what it writes
  carbon_ops.key_manager.carbon_ownership:
    home: /opt/wso2/obkm
    owner: root
    user: wso2
    group: wso2
    folders: [repository/logs, tmp]
    files: [wso2carbon.pid]
"""

RETURN = r"""
given:
  description: How many files and folders were given to somebody else, or got another mode, by the
    folder they are in.
  returned: success
  type: list
  elements: str
  sample: ["bin (12)", "repository/conf/axis2 (3)"]
written:
  description: Absolute paths of what the server writes.
  returned: success
  type: list
  elements: str
  sample: [/opt/wso2/obkm/repository/logs, /opt/wso2/obkm/tmp, /opt/wso2/obkm/wso2carbon.pid]
"""

import grp
import os
import pwd
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._errors import OperatorError
from ..module_utils._home import ownership
from ..module_utils._module import errors_told


def give(module: AnsibleModule) -> dict[str, t.Any]:
    wanted = module.params
    home = Path(os.path.realpath(wanted["home"]))
    folders = list(wanted["folders"]) + (wanted["patched"] if ownership.has_patches(home) else [])
    result: dict[str, t.Any] = {
        "changed": True,
        "given": [],
        "written": [
            str(Path(wanted["home"]) / name) for name in sorted({*folders, *wanted["files"]})
        ],
    }
    try:
        owner, user = pwd.getpwnam(wanted["owner"]).pw_uid, pwd.getpwnam(wanted["user"]).pw_uid
        group = grp.getgrnam(wanted["group"]).gr_gid
    except KeyError as error:
        if module.check_mode:
            return result
        raise OperatorError(
            f"{error.args[0]}. Make that account first, or correct cluster_home_owner."
        ) from error
    planned = ownership.changes(
        home, ownership.Accounts(owner, user, group), ownership.Written(folders, wanted["files"])
    )
    if owner == user:
        result["written"] = [wanted["home"]]
    if planned and not module.check_mode:
        ownership.apply(planned, home)
    given = ownership.shown(planned, home)
    diff = {"before": "", "after": "".join(f"given: {line}\n" for line in given)}
    return {**result, "changed": bool(planned), "given": given, "diff": diff}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "home": {"type": "path", "required": True},
            "owner": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
            "folders": {"type": "list", "elements": "str", "required": True},
            "files": {"type": "list", "elements": "str", "default": []},
            "patched": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )

    def not_given(error: OSError) -> str:
        path = error.filename or module.params["home"]
        return f"{path} cannot be given to its owner: {error.strerror}."

    with errors_told(module, {OSError: not_given}):
        result = give(module)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
