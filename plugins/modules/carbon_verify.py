#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: carbon_verify
short_description: Tell whether a host does what the inventory describes, on the running server
version_added: 0.1.0
description:
  - Looks at the running Carbon server of a host (service, ports, log since the start, login,
    registry, members, driver), asks HTTPS addresses, and logs in at the URL that a product file
    names. Each part is done when its option is given.
  - What is wrong comes back in RV(failures), one sentence each, so that a play can collect those of
    all hosts. The module itself fails only when it could not look.
  - Only reads. The checks log the administrator in and out again.
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes.info
options:
  server:
    description: The server of this host.
    type: dict
    suboptions:
      settings:
        description: The settings of the health check without the password, as in
          C(/etc/carbon-ops/<instance>/health.json).
        type: dict
        required: true
      ports:
        description: Ports on which the server must listen, by a name for the sentence.
        type: dict
        required: true
      domain:
        description: Cluster domain that the log of the start must show.
        type: str
      local_member:
        description: Address and port under which the server must have joined its cluster.
        type: str
      driver:
        description: The JDBC driver jar, which must be there and readable.
        type: path
      service_user:
        description: User that runs the server.
        type: str
        required: true
      home:
        description: Product home, in which is noted which archive it came from.
        type: path
      archive:
        description: Checksum of the product archive that the inventory names, with its algorithm.
        type: str
      share:
        description: Folder of the cluster in the shared file system.
        type: path
      further_members:
        description:
          - Members that the cluster may have beside the nodes in O(server.settings), each an
            address, a name, or a range in the last octet.
          - Without it, members that nobody knows are not looked for.
        type: list
        elements: str
      validation_seconds:
        description:
          - Seconds after the start in which connections to the databases are not checked again
            (C(validationInterval), and a few more).
          - On a server that is younger, the module waits and logs in again, because a wrong
            validation query comes out only then.
        type: int
        default: 35
  requests:
    description: HTTPS requests from this host.
    type: list
    elements: dict
    default: []
    suboptions:
      what:
        description: What the request is about, the beginning of the sentence.
        type: str
        required: true
      address:
        description: Address to connect to.
        type: str
        required: true
      port:
        description: Port to connect to.
        type: int
        required: true
      host:
        description: Host name that is asked for, which the certificate must bear.
        type: str
        required: true
      path:
        description: Path and query.
        type: str
        required: true
      status:
        description: HTTP status that must come.
        type: int
        default: 200
      contains:
        description: Text that must be in the answer.
        type: str
  ca_file:
    description: Certificate of the authority that O(requests) trust, and no other.
    type: path
    default: /etc/carbon-ops/pki/ca.crt
  drain_directory:
    description: Folder on this load balancer whose files take nodes out of nginx. None is there
      while nothing is being rolled.
    type: path
  service_login:
    description: A login at the URL that a product file on this host names, as the product itself
      does it.
    type: dict
    suboptions:
      file:
        description: The product file.
        type: path
        required: true
      xpath:
        description: Element that holds the URL, below the root.
        type: str
        required: true
      truststore:
        description: The product's truststore (JKS). Nothing else is trusted.
        type: path
        required: true
  user:
    description: Administrator.
    type: str
    required: true
  password:
    description: Password of O(user).
    type: str
    required: true
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: Console is asked for through this load balancer
  carbon_ops.key_manager.carbon_verify:
    requests:
      - what: Management console
        address: 192.0.2.31
        port: 443
        host: mgt.km.bank.example
        path: /carbon/admin/login.jsp
        contains: login
    user: admin
    password: "{{ cluster_admin_password }}"
  register: verified

- name: Everything is as it should be
  ansible.builtin.assert:
    that: verified.failures | length == 0
    fail_msg: "{{ verified.failures }}"
"""

RETURN = r"""
failures:
  description: What is wrong, one sentence each, the cause before what follows from it.
  returned: success
  type: list
  elements: str
  sample: ["Nothing listens on the HTTPS port 9446."]
facts:
  description: What a summary shows of the server.
  returned: when O(server) is given
  type: dict
  contains:
    name: {description: Name of the host., type: str, returned: always, sample: km1.bank.example}
    address: {description: Its address., type: str, returned: always, sample: 192.0.2.11}
    ports: {description: The ports on which it listens., type: dict, returned: always,
        sample: {HTTPS: 9446}}
    members: {description: Addresses of the members this node is connected with and its own.,
        type: list, elements: str, returned: always}
    ready_since: {description: When it became ready (UTC)., type: str, returned: always,
        sample: "2026-01-31T12:00:00Z"}
    mounts: {description: Registry databases whose mounts are live., type: list, elements: str,
        returned: always}
    domain: {description: Cluster domain it runs in., type: str, returned: always,
        sample: bank.obkm.domain}
    restarts: {description: How often systemd restarted it by itself., type: int,
        returned: always, sample: 0}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._command import bounded
from ..module_utils._health.errors import HealthError
from ..module_utils._health.sockets import read_sockets
from ..module_utils._module import errors_told, quiet_module
from ..module_utils._server import drain, findings, observation, requests


def look(module: AnsibleModule) -> dict[str, object]:
    wanted = module.params
    failures: list[str] = []
    result: dict[str, object] = {"changed": False}
    server = wanted["server"]
    if server:
        config = dict(server["settings"], user=wanted["user"], password=wanted["password"])
        expected = findings.Expected(
            domain=server["domain"] or "",
            local_member=server["local_member"] or "",
            # Nodes without a member port form no cluster.
            members=[
                str(other["name"])
                for other in config.get("others") or []
                if int(config.get("member_port") or 0)
            ],
            ports={str(name): int(port) for name, port in server["ports"].items()},
            driver=server["driver"] or "",
            service_user=server["service_user"],
            archive=server["archive"] or "",
            share=server["share"] or "",
        )
        seen = observation.observe(
            config,
            config["instance"] + ".service",
            expected.driver,
            expected.service_user,
            server["validation_seconds"],
            bounded(module),
        )
        seen = observation.with_home(seen, server["home"] or "", expected.share)
        if server["further_members"] is not None:
            sockets = read_sockets()
            unknown = observation.strangers(config, server["further_members"], sockets)
            seen = seen._replace(strangers=unknown)
        failures += findings.findings(seen, expected)
        result["facts"] = observation.facts(seen, config, expected)
    for request in wanted["requests"]:
        failures.append(requests.check_request(request, wanted["ca_file"]))
    failures += drain.drained_findings(wanted["drain_directory"] or "")
    login = wanted["service_login"]
    if login:
        failures.append(
            requests.check_service_login(
                login["file"],
                login["xpath"],
                login["truststore"],
                wanted["user"],
                wanted["password"],
            )
        )
    result["failures"] = [sentence for sentence in failures if sentence]
    return result


def main() -> None:
    module = quiet_module(AnsibleModule)(
        argument_spec={
            "server": {
                "type": "dict",
                "options": {
                    "settings": {"type": "dict", "required": True},
                    "ports": {"type": "dict", "required": True},
                    "domain": {"type": "str"},
                    "local_member": {"type": "str"},
                    "driver": {"type": "path"},
                    "service_user": {"type": "str", "required": True},
                    "home": {"type": "path"},
                    "archive": {"type": "str"},
                    "share": {"type": "path"},
                    "further_members": {"type": "list", "elements": "str"},
                    "validation_seconds": {"type": "int", "default": 35},
                },
            },
            "requests": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "what": {"type": "str", "required": True},
                    "address": {"type": "str", "required": True},
                    "port": {"type": "int", "required": True},
                    "host": {"type": "str", "required": True},
                    "path": {"type": "str", "required": True},
                    "status": {"type": "int", "default": 200},
                    "contains": {"type": "str"},
                },
            },
            "drain_directory": {"type": "path"},
            "ca_file": {"type": "path", "default": "/etc/carbon-ops/pki/ca.crt"},
            "service_login": {
                "type": "dict",
                "options": {
                    "file": {"type": "path", "required": True},
                    "xpath": {"type": "str", "required": True},
                    "truststore": {"type": "path", "required": True},
                },
            },
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )

    def not_seen(error: Exception) -> str:
        return f"The server could not be checked: {type(error).__name__}: {error}."

    with errors_told(module, {HealthError: str, (OSError, KeyError, ValueError): not_seen}):
        result = look(module)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
