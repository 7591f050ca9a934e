#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: carbon_home
short_description: Keep several homes of a Carbon server, and choose the one in use
version_added: 0.1.0
description:
  - A server has a home for each archive, in C(<home>.homes), and O(home) is a link to the one in
    use. Until the first V(current) call O(home) is the home itself; it then moves into
    C(<home>.homes) too.
  - V(prepared) unpacks an archive beside the home in use, and carries over what the archive does
    not bring - links to shared folders, O(files), and jars in lib and dropins of which the archive
    has no version. The running server notices nothing of it.
  - V(current) exchanges the home in use in one step. The server must be stopped. Into a home that
    was never started the O(data) of the one before is copied first.
  - V(pruned) removes the oldest homes.
  - What a killed call left is finished by the next one, and each call may be repeated.
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
options:
  home:
    description: The path of the home in use.
    type: path
    required: true
  state:
    description: What is done. V(looked) only looks.
    type: str
    choices: [looked, prepared, current, pruned]
    default: looked
  archive_checksum:
    description: Checksum of the archive whose home is meant, with its algorithm. Required for
      V(prepared) and V(current).
    type: str
  back:
    description: Whether the home is meant that was in use before the one of O(archive_checksum).
      Where that is not in use, the home in use is meant.
    type: bool
    default: false
  archive:
    description: Product zip on the host, for V(prepared). Not needed where its home is there.
    type: path
  files:
    description: Files below the home that V(prepared) copies from the home in use, as keystores.
    type: list
    elements: str
    default: []
  data:
    description: Folders below the home that the server writes and V(current) copies.
    type: list
    elements: str
    default: []
  keep:
    description: How many homes V(pruned) leaves beside the one in use. The one of the way back
      always stays.
    type: int
    default: 2
  owner:
    description: Owner of what is unpacked. Required for V(prepared).
    type: str
  group:
    description: Group that may read it. Required for V(prepared).
    type: str
requirements:
  - root, because the home is given to O(owner)
seealso:
  - module: carbon_ops.key_manager.carbon_install
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: Unpack another archive beside the home in use
  carbon_ops.key_manager.carbon_home:
    home: /opt/wso2/obkm
    state: prepared
    archive: /var/lib/carbon-ops/.staging/obkm.zip
    archive_checksum: "sha256:fa0993ae2d4658a47fee1d60b989d902fc93d86af6ae0ab3ef19ce063876a643"
    files: [repository/resources/security/obkm.jks]
    owner: root
    group: wso2

- name: Let the stopped server start from it
  carbon_ops.key_manager.carbon_home:
    home: /opt/wso2/obkm
    state: current
    archive_checksum: "sha256:fa0993ae2d4658a47fee1d60b989d902fc93d86af6ae0ab3ef19ce063876a643"
    data: [repository/database]
"""

RETURN = r"""
current:
  description: Name of the home in use before the call.
  returned: success
  type: str
  sample: fa0993ae2d4658a4
wanted:
  description: Name of the home that is meant, or an empty text.
  returned: success
  type: str
  sample: fa0993ae2d4658a4
path:
  description: Where the home that is meant is, or will be.
  returned: success
  type: str
  sample: /opt/wso2/obkm.homes/fa0993ae2d4658a4
there:
  description: Whether that home is there after the call.
  returned: success
  type: bool
names:
  description: The homes in C(<home>.homes) before the call.
  returned: success
  type: list
  elements: str
done:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["unpacked", "copied repository/resources/security/obkm.jks"]
"""

import grp
import pwd
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._errors import OperatorError
from ..module_utils._home import brought, installation, versions
from ..module_utils._module import errors_told


def wanted_home(homes: versions.Homes, checksum: str, back: bool) -> str:
    """The name of the home that is meant; raises OperatorError."""
    named = versions.name_of(checksum)
    if not back:
        return named
    if homes.current != named:
        return homes.current
    if not homes.former:
        raise OperatorError(
            f"There is no home from before {homes.current} to go back to on this host. Set the"
            " archive of the inventory back and run the upgrade to it."
        )
    return homes.former


def prepare(module: AnsibleModule, homes: versions.Homes, name: str) -> list[str]:
    """Make the home whole beside the one in use; returns what was done."""
    params = module.params
    old, new = homes.place(homes.current), homes.place(name)
    if name == homes.current:
        return []
    done = []
    if name not in homes.names:
        done.append("unpacked")
        if not module.check_mode:
            unpack(params, homes, new)
    if new.is_dir():
        files = versions.differing_files(old, new, params["files"])
        files += versions.missing_jars(old, new)
        if not module.check_mode:
            done += [f"linked {link}" for link in versions.carry_links(old, new)]
            versions.carry_files(old, new, files)
        done += [f"copied {file}" for file in files]
    return done


def unpack(params: t.Mapping[str, t.Any], homes: versions.Homes, new: Path) -> None:
    """Unpack the archive into the folder of all homes; raises OperatorError."""
    if not params["archive"]:
        raise OperatorError(
            f"There is no home {new}, and no archive to unpack there. Set cluster_product_archive"
            " (Key Managers) or cluster_api_manager_archive (API Managers)."
        )
    try:
        uid, gid = pwd.getpwnam(params["owner"]).pw_uid, grp.getgrnam(params["group"]).gr_gid
    except KeyError as error:
        raise OperatorError(
            f"The user {params['owner']} or the group {params['group']} does not exist."
        ) from error
    what = "The product archive"
    versions.make_folder(homes)
    with brought.checked(params["archive"], params["archive_checksum"], what) as archive:
        installation.unpack(archive, str(new), uid, gid, what, params["archive_checksum"])


def make_current(module: AnsibleModule, homes: versions.Homes, name: str) -> list[str]:
    """Let the path lead to the home; returns what was done."""
    if name == homes.current:
        return []
    if module.check_mode:
        return [f"changed the home in use to {name}"]
    if name not in homes.names:
        raise OperatorError(f"There is no home {homes.place(name)}, so it cannot be used.")
    data = versions.carry_data(homes.place(homes.current), homes.place(name), module.params["data"])
    versions.switch(str(homes.path), name)
    return [f"copied {folder}" for folder in data] + [f"changed the home in use to {name}"]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "home": {"type": "path", "required": True},
            "state": {
                "type": "str",
                "choices": ["looked", "prepared", "current", "pruned"],
                "default": "looked",
            },
            "archive_checksum": {"type": "str"},
            "back": {"type": "bool", "default": False},
            "archive": {"type": "path"},
            "files": {"type": "list", "elements": "str", "default": []},
            "data": {"type": "list", "elements": "str", "default": []},
            "keep": {"type": "int", "default": 2},
            "owner": {"type": "str"},
            "group": {"type": "str"},
        },
        required_if=[
            ("state", "prepared", ["archive_checksum", "owner", "group"]),
            ("state", "current", ["archive_checksum"]),
        ],
        supports_check_mode=True,
    )
    params = module.params
    home = params["home"].rstrip("/")
    told = {OSError: lambda error: f"The homes of {home} could not be changed: {error}."}
    with errors_told(module, told):
        if not module.check_mode:
            versions.finish(home)
        homes = versions.look(home)
        name = (
            wanted_home(homes, params["archive_checksum"], params["back"])
            if params["archive_checksum"]
            else ""
        )
        done = []
        if params["state"] == "prepared":
            done = prepare(module, homes, name)
        elif params["state"] == "current":
            done = make_current(module, homes, name)
        elif params["state"] == "pruned":
            going = versions.surplus(homes, params["keep"])
            done = [f"removed {other}" for other in going]
            if not module.check_mode:
                versions.prune(homes, going)
        place = homes.place(name) if name else homes.path
    module.exit_json(
        changed=bool(done),
        current=homes.current,
        wanted=name,
        path=str(place),
        there=place.is_dir() if name else False,
        names=list(homes.names),
        done=done,
    )


if __name__ == "__main__":
    main()
