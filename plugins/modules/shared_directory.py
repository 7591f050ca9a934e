#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: shared_directory
short_description: Turn directories of a product home into links into a shared file system
version_added: 0.1.0
description:
  - Carries what is in the directories over to a shared file system, once, and puts links in
    their place.
  - Several nodes may do it at the same time. The first to finish fills the share; the others
    compare what they have with what is there, remove what is there with the same content, and keep
    the rest beside the link, in a directory whose name ends in C(.before-sharing).
  - No lock is taken on the share. Wherever a run is killed, the next one goes on.
  - Everything is refused, before anything is changed, when the share is not mounted, when a link
    points elsewhere, when the share's files belong to another user number than the service user has
    on this host, or when the server has already run with directories of its own.
author: The carbon_ops.key_manager maintainers (@carbon-ops)
options:
  home:
    description: The product's home.
    type: path
    required: true
  share:
    description:
      - The directory of the cluster on the shared file system. It is made, for O(owner) alone,
        where it is missing.
      - A file C(.carbon-ops/share.json) in it names the cluster, and holds an identity by which
        nodes tell that they see the same share.
    type: path
    required: true
  mount_point:
    description: Where the shared file system is mounted.
    type: path
    required: true
  links:
    description: The directories. An empty list only checks the share and returns its identity.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory in the home, relative to O(home).
        type: str
        required: true
      target:
        description: The directory on the share, relative to O(share).
        type: str
        required: true
  cluster:
    description: The name of the cluster. A share that belongs to another one is refused.
    type: str
    required: true
  node:
    description: A name that no other node has. Copies that are not complete carry it, so that nodes
      never touch each other's.
    type: str
    required: true
  owner:
    description: The service user. Everything on the share is done under this user, so it works
      where the file server knows no root.
    type: str
    required: true
  allow_move:
    description: Whether directories of a server that has already run may be moved. It has to be
      stopped even so.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode and return what it would change.
    support: full
  diff_mode:
    description: Returns details on what has changed.
    support: none
"""

EXAMPLES = r"""
- name: Deployment and tenants are shared
  carbon_ops.key_manager.shared_directory:
    home: /opt/wso2/obkm
    share: /srv/share/obkm
    mount_point: /srv/share
    links:
      - {path: repository/deployment, target: Deployment}
      - {path: repository/tenants, target: Tenants}
    cluster: obkm
    node: km1.bank.example
    owner: wso2
"""

RETURN = r"""
identity:
  description: The identity of the share, the same on all nodes that see the same one. Empty in
    check mode before the first run.
  returned: success
  type: str
  sample: 6f6a1b7e-53b1-4d0f-9d8a-0f6f9f2b8f3c
links:
  description:
    - One entry for each link. C(action) is V(carried over) when this node filled the share,
      V(linked), or V(unchanged).
    - C(kept) is where content was put that the share does not have, and C(differences) names up to
      ten of its files.
  returned: success
  type: list
  elements: dict
  sample: [{path: /opt/wso2/obkm/repository/deployment, action: carried over, kept: "",
      differences: []}]
"""

import pwd
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._errors import OperatorError
from ..module_utils._home.acting import acting_as, acting_in, make_share
from ..module_utils._home.shared_directories import (
    Link,
    LinkOutcome,
    check_home,
    check_mounted,
    check_owner,
    one_run_at_a_time,
    share_directory,
    share_identity,
)
from ..module_utils._module import errors_told


def run(module: AnsibleModule) -> dict[str, t.Any]:
    params: dict[str, t.Any] = module.params
    home, share = Path(params["home"]), Path(params["share"])
    mount_point = Path(params["mount_point"])
    links = [Link(home / entry["path"], share / entry["target"]) for entry in params["links"]]
    check_mounted(mount_point)
    if share != mount_point and mount_point not in share.parents:
        raise OperatorError(
            f"{share} (shared_fs_directory) is not below the mount point"
            f" {mount_point} (shared_fs_mount_point)."
        )
    try:
        user = pwd.getpwnam(params["owner"])
    except KeyError as error:
        if module.check_mode:
            return {"changed": True, "identity": "", "links": []}
        raise OperatorError(
            f"User {params['owner']} (cluster_service_user) is not there yet: install the product"
            " first."
        ) from error
    if links and not home.is_dir():
        if module.check_mode:
            return {"changed": True, "identity": "", "links": []}
        raise OperatorError(f"{home} is not there: install the product first.")
    if module.check_mode and not share.is_dir():
        return {"changed": True, "identity": "", "links": []}
    changed = make_share(share, user)
    check_owner(share, user.pw_name, user.pw_uid)
    with acting_as(user):
        missing_mark = not (share / ".carbon-ops").is_dir()
        identity = share_identity(share, params["cluster"], params["node"], module.check_mode)
        outcomes = []
        if links:
            check_home(home, links, params["allow_move"])
        for link in links:
            if link.target.is_dir():
                check_owner(link.target, user.pw_name, user.pw_uid)
        if module.check_mode:
            outcomes = [
                LinkOutcome(link, "unchanged" if link.path.is_symlink() else "linked")
                for link in links
            ]
        elif links:
            with one_run_at_a_time(home):
                outcomes = [share_directory(link, params["node"], acting_in) for link in links]
    report = told(module, outcomes)
    changed = changed or missing_mark or any(o.action != "unchanged" for o in outcomes)
    return {"changed": changed, "identity": identity, "links": report}


def told(module: AnsibleModule, outcomes: t.Sequence[LinkOutcome]) -> list[dict[str, t.Any]]:
    """The outcomes as the module returns them; warns of what was kept aside."""
    for outcome in outcomes:
        if outcome.kept:
            module.warn(
                f"{outcome.kept} keeps what was here and is not on the share in the same form"
                f" ({len(outcome.differences)} files, beginning with {outcome.differences[0]})."
                " Nothing reads it: take over what is still needed, then remove it."
            )
    return [
        {
            "path": str(outcome.link.path),
            "action": outcome.action,
            "kept": str(outcome.kept or ""),
            "differences": list(outcome.differences[:10]),
        }
        for outcome in outcomes
    ]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "home": {"type": "path", "required": True},
            "share": {"type": "path", "required": True},
            "mount_point": {"type": "path", "required": True},
            "links": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "str", "required": True},
                    "target": {"type": "str", "required": True},
                },
            },
            "cluster": {"type": "str", "required": True},
            "node": {"type": "str", "required": True},
            "owner": {"type": "str", "required": True},
            "allow_move": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )

    def refused(error: OSError) -> str:
        return (
            f"{error.filename or module.params['share']}: {error.strerror}. What was in the"
            " home is still there; remove the cause and run again."
        )

    with errors_told(module, {OSError: refused}):
        result = run(module)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
