#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: carbon_server_info
short_description: Report what a host has for a Carbon server, and whether a restart is owed
version_added: 0.1.0
description:
  - Looks for a Java that the product accepts, at the product home and at the libraries in it.
  - With O(instance) it also tells whether the server must be started or restarted, and why. A
    restart is owed when the files the server depends on differ from those it was started with, or
    when the server runs but is not healthy.
  - Only reads. The health check logs the administrator in and out again.
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes.info
options:
  home:
    description: Product home.
    type: path
    required: true
  java_home:
    description: Java home to look at. By default the one of the C(java) command, then those in
      C(/usr/lib/jvm).
    type: path
  java_versions:
    description: First and last Java feature version that the product accepts, for example V([8]) or
      V([11, 17]).
    type: list
    elements: int
    required: true
  java_refused:
    description: Releases among them that the product does not run well on, for example
      V([1.8.0_151]).
    type: list
    elements: str
    default: []
  user:
    description: Service user whose account is looked up.
    type: str
  group:
    description: Service group that is looked up.
    type: str
  instance:
    description: Name of the instance, whose service is looked at. Its settings are read from
      C(/etc/carbon-ops/<instance>/health.json).
    type: str
  patience:
    description: Seconds in which a running server must pass the health check once.
    type: int
    default: 15
  start_patience:
    description: Seconds in which a server that systemd is starting at the moment must pass the
      health check.
    type: int
    default: 300
  administrator:
    description:
      - The administrator and the password that the inventory names. When they are not those with
        which the server was set up, they are tried on the running server.
    type: dict
    suboptions:
      instance:
        description: Name of the instance, whose settings tell what it was set up with.
        type: str
        required: true
      user:
        description: Name of the administrator.
        type: str
        required: true
      password:
        description: Password of the administrator.
        type: str
        required: true
  expected_checksums:
    description:
      - SHA-256 checksums by path of the files that the tasks before would have changed. Counted in
        check mode only, so that a restart is announced exactly when the run would make one.
    type: dict
    default: {}
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: Java and product home are known
  carbon_ops.key_manager.carbon_server_info:
    home: /opt/wso2/obkm
    java_versions: [8]
  register: found

- name: It is known whether the server must be restarted
  carbon_ops.key_manager.carbon_server_info:
    home: /opt/wso2/obkm
    java_versions: [8]
    instance: obkm
  register: found
"""

RETURN = r"""
java:
  description: The Java to use, or null when there is none that works.
  returned: success
  type: dict
  contains:
    home: {description: Java home., type: str, returned: always,
        sample: /usr/lib/jvm/java-17-openjdk-amd64}
    version: {description: Full version., type: str, returned: always, sample: 17.0.12}
    accepted: {description: Whether the product accepts this version., type: bool, returned: always}
home_state:
  description: V(absent), V(empty), V(carbon) for an installed product, or V(foreign) for something
    else.
  returned: success
  type: str
  sample: carbon
user_number:
  description: Number of O(user), or null when there is no such user.
  returned: success
  type: int
  sample: 998
group_number:
  description: Number of O(group), or null when there is no such group.
  returned: success
  type: int
  sample: 998
archive:
  description: Checksum of the archive that the home came from, as far as it was noted.
  returned: success
  type: str
  sample: sha256:fa0993ae2d4658a47fee1d60b989d902fc93d86af6ae0ab3ef19ce063876a643
memory_bytes:
  description: Memory of the machine, or the limit of its control group when that is smaller.
  returned: success
  type: int
  sample: 16777216000
administrator_refused:
  description: Whether the running server accepts the administrator of its settings, and refuses
    the one of O(administrator).
  returned: when O(administrator) is given
  type: bool
libraries:
  description: Checksum of each jar in C(repository/components/lib), by file name.
  returned: success
  type: dict
  sample: {mariadb-java-client-3.4.1.jar: "sha256:f60e4b28…"}
bundles:
  description: The same for C(repository/components/dropins).
  returned: success
  type: dict
  sample: {kubernetes-membership-scheme-1.0.0.jar: "sha256:f60e4b28…"}
service:
  description: State of the service.
  returned: when O(instance) is given
  type: dict
  contains:
    state: {description: State that systemd gives., type: str, returned: always, sample: active}
    loaded: {description: Whether systemd knows the service., type: bool, returned: always}
    owed: {description: "V(start), V(restart), or empty when nothing is to be done.", type: str,
        returned: always, sample: restart}
    reasons: {description: Why it is owed., type: list, elements: str, returned: always}
    healthy: {description: Whether the health check was passed., type: bool, returned: always}
    serving:
      description: Whether the server does its work at the moment, also when a restart is owed.
      type: bool
      returned: always
    others_serving:
      description: Names of the other nodes that are healthy; looked up when something is owed.
      type: list
      elements: str
      returned: always
    gave_up: {description: Why the last start was given up., type: str, returned: always}
    causes:
      description: Known causes of a start that failed, from the journal of the unit.
      type: list
      elements: str
      returned: always
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._command import bounded
from ..module_utils._home import installation
from ..module_utils._module import quiet_module
from ..module_utils._server import accounts, java_runtime, machine, service


def main() -> None:
    module = quiet_module(AnsibleModule)(
        argument_spec={
            "home": {"type": "path", "required": True},
            "java_home": {"type": "path"},
            "java_versions": {"type": "list", "elements": "int", "required": True},
            "java_refused": {"type": "list", "elements": "str", "default": []},
            "user": {"type": "str"},
            "group": {"type": "str"},
            "instance": {"type": "str"},
            "patience": {"type": "int", "default": 15},
            "start_patience": {"type": "int", "default": 300},
            "administrator": {
                "type": "dict",
                "options": {
                    "instance": {"type": "str", "required": True},
                    "user": {"type": "str", "required": True},
                    "password": {"type": "str", "required": True, "no_log": True},
                },
            },
            "expected_checksums": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    module.exit_json(**look(module))


def look(module: AnsibleModule) -> dict[str, t.Any]:
    """What the host has, and the state of the service where one is asked for."""
    wanted, run = module.params, bounded(module)
    java = java_runtime.find_java(
        wanted["java_home"] or "",
        wanted["java_versions"],
        java_runtime.java_candidates(),
        run,
        wanted["java_refused"],
    )
    result: dict[str, t.Any] = {
        "changed": False,
        "java": (
            java
            and {
                "home": java.home,
                "version": java.version,
                "accepted": java_runtime.java_accepted(
                    java.feature, wanted["java_versions"], java.version, wanted["java_refused"]
                ),
            }
        ),
        "home_state": installation.home_state(wanted["home"]),
        "user_number": accounts.account_number(wanted["user"]),
        "group_number": accounts.group_number(wanted["group"]),
        "libraries": installation.library_checksums(wanted["home"]),
        "bundles": installation.library_checksums(wanted["home"], installation.DROPINS),
        "archive": installation.read_origin(wanted["home"]).get("checksum"),
        "memory_bytes": machine.memory_bytes(),
    }
    administrator = wanted["administrator"]
    if administrator:
        result["administrator_refused"] = service.administrator_refused(
            f"/etc/carbon-ops/{administrator['instance']}/health.json",
            administrator["user"],
            administrator["password"],
        )
    if wanted["instance"]:
        result["service"] = service.service_state(
            wanted["instance"],
            "/etc/carbon-ops/{0}/health.json".format(wanted["instance"]),
            wanted["patience"],
            wanted["start_patience"],
            run,
            wanted["expected_checksums"] if module.check_mode else {},
        )
    return result


if __name__ == "__main__":
    main()
