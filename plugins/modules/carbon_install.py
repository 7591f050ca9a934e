#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: carbon_install
short_description: Install a Carbon product in its home, once
version_added: 0.1.0
description:
  - Unpacks a product zip, without its top folder, into the product home. It is unpacked beside the
    home and renamed at the end, so that a run that is cut off leaves no half installation.
  - Notes in the home which archive it came from, and refuses another one for it.
  - A home that is there is kept as it is. What is no Carbon home is refused, and so is a product
    that writes its XML files again from C(deployment.toml) at every start.
  - Puts one library (the JDBC driver) into C(repository/components/lib) and removes its other
    versions there, together with the bundles that the server made of them in
    C(repository/components/dropins), which it would go on using. A library that is a bundle
    already goes into C(repository/components/dropins) itself.
  - An archive or a jar is opened once, and what has the checksum is what is used. A link, and a
    file that another user could change, is refused.
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
options:
  home:
    description: Product home.
    type: path
    required: true
  archive:
    description: Product zip on the host. Needed only while there is no product in O(home). In check
      mode it does not have to be there.
    type: path
  archive_checksum:
    description: Checksum of the zip, with its algorithm, for example V(sha256:1234…).
    type: str
  library:
    description: Jar on the host that is put into the product. Without it only other versions of
      O(library_name) are removed.
    type: path
  library_name:
    description: File name of the library in the product.
    type: str
  library_checksum:
    description: Checksum of the jar, with its algorithm.
    type: str
  library_folder:
    description: Folder of C(repository/components) that the library goes into. V(lib) is for plain
      jars, V(dropins) for bundles.
    type: str
    choices: [lib, dropins]
    default: lib
  owner:
    description: User who owns what is put into the home.
    type: str
    required: true
  group:
    description: Group that may read it.
    type: str
    required: true
requirements:
  - root, because the product is given to O(owner)
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: Product is installed
  carbon_ops.key_manager.carbon_install:
    home: /opt/wso2/obkm
    archive: /var/lib/carbon-ops/staging/wso2-obkm-1.5.0.zip
    archive_checksum: "sha256:fa0993ae2d4658a47fee1d60b989d902fc93d86af6ae0ab3ef19ce063876a643"
    owner: wso2
    group: wso2
"""

RETURN = r"""
installed:
  description: Whether the product was unpacked by this call.
  returned: success
  type: bool
removed:
  description: Other versions of the library that were removed.
  returned: success
  type: list
  elements: str
  sample: [/opt/wso2/obkm/repository/components/lib/mysql-connector-java-5.1.44.jar]
"""

import grp
import os
import pwd
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._errors import OperatorError
from ..module_utils._home import brought, installation
from ..module_utils._module import errors_told

PLACES = {"lib": installation.LIBRARIES, "dropins": installation.DROPINS}


def install(module: AnsibleModule) -> dict[str, object]:
    wanted = module.params
    home = Path(wanted["home"])
    state = installation.home_state(str(home))
    installation.refuse_home(str(home), state, bool(wanted["archive"]))
    installed = state in ("absent", "empty")
    try:
        uid, gid = pwd.getpwnam(wanted["owner"]).pw_uid, grp.getgrnam(wanted["group"]).gr_gid
    except KeyError as error:
        if not module.check_mode:
            raise OperatorError(
                "The user {0} or the group {1} is not there.".format(
                    wanted["owner"], wanted["group"]
                )
            ) from error
        uid = gid = -1
    if installed and wanted["archive"] and not module.check_mode:
        what = "The product archive"
        with brought.checked(wanted["archive"], wanted["archive_checksum"] or "", what) as archive:
            installation.unpack(
                archive, str(home), uid, gid, what, wanted["archive_checksum"] or ""
            )

    changed = installed
    if state == "carbon" and wanted["archive_checksum"]:
        origin = installation.read_origin(str(home))
        installation.refuse_other_archive(str(home), origin, wanted["archive_checksum"])
        if not origin:
            changed = True
            if not module.check_mode:
                installation.write_origin(str(home), wanted["archive_checksum"], True, uid, gid)
    removed: list[str] = []
    name = wanted["library_name"]
    if name and home.is_dir():
        place = PLACES[wanted["library_folder"]]
        removed = installation.other_versions(str(home), name, place)
        if wanted["library"]:
            changed = True
            if not module.check_mode:
                put_library(home, place, wanted, uid, gid)
        if not module.check_mode:
            for path in removed:
                folder = str(Path(path).parent.relative_to(home))
                with brought.folder_below(home, folder) as descriptor:
                    os.unlink(Path(path).name, dir_fd=descriptor)
    return {"changed": changed or bool(removed), "installed": installed, "removed": removed}


def put_library(home: Path, place: str, wanted: dict[str, str], uid: int, gid: int) -> None:
    name = wanted["library_name"]
    what = f"The library {name}"
    with brought.checked(
        wanted["library"], wanted["library_checksum"] or "", what
    ) as jar, brought.folder_below(home, place) as folder:
        brought.put(jar, folder, name, uid, gid)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "home": {"type": "path", "required": True},
            "archive": {"type": "path"},
            "archive_checksum": {"type": "str"},
            "library": {"type": "path"},
            "library_name": {"type": "str"},
            "library_checksum": {"type": "str"},
            "library_folder": {"type": "str", "choices": ["lib", "dropins"], "default": "lib"},
            "owner": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
        },
        required_by={
            "archive": ["archive_checksum"],
            "library": ["library_name", "library_checksum"],
        },
        supports_check_mode=True,
    )
    home = module.params["home"]
    with errors_told(
        module, {OSError: lambda error: f"The product could not be installed in {home}: {error}."}
    ):
        result = install(module)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
