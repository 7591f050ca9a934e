#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: wka_members
short_description: Set the clustering section of a WSO2 Carbon server
version_added: 0.1.0
description:
  - Sets the C(clustering) section of C(axis2.xml), and changes no other byte of the file.
  - What is neither given nor has a default stays as it is.
  - Refuses what the product would accept without a word though it splits the cluster. This is a
    list of members without the local member, a loopback address among addresses of other machines,
    a member that is in the list twice, and a range of addresses that is none.
  - Refuses to work where C(repository/conf/etc/hazelcast.xml) exists, because the product then does
    not read the section.
  - Addresses to bind to and the heartbeat are no part of the section. They go into
    C(repository/conf/hazelcast.properties), see M(carbon_ops.key_manager.xml_patch).
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
  - carbon_ops.key_manager.attributes.backup
  - carbon_ops.key_manager.attributes.backup_run
  - carbon_ops.key_manager.attributes.product_files
options:
  home:
    description:
      - The product home, the folder that holds C(bin) and C(repository).
      - Exactly one of O(home) and O(path) is required.
    type: path
  path:
    description:
      - The C(axis2.xml) to edit. When it is at its place in a product home, the home is looked
        at as with O(home).
    type: path
  enabled:
    description:
      - Whether the server joins a cluster.
    type: bool
    default: true
  domain:
    description:
      - The name of the cluster. Servers with different names form different clusters.
    type: str
  group_password:
    description:
      - The password by which servers are admitted to the cluster. Without one, the well-known
        password of the product counts.
    type: str
  scheme:
    description:
      - How the servers find each other.
      - V(kubernetes) needs O(kubernetes.class_name) on kernels before 4.7.1, with the jar of that
        class in C(repository/components/lib) or C(repository/components/dropins).
    type: str
    choices:
      - wka
      - multicast
      - aws
      - kubernetes
  local_member_host:
    description:
      - The address by which the other members reach this server.
    type: str
  local_member_port:
    description:
      - The member port of this server. It does not follow the port offset, and a server that finds
        it taken silently takes the next one.
    type: int
  members:
    description:
      - The well-known members. The product reads them only with O(scheme=wka).
      - The order has no meaning. Members that stay keep their places.
    type: list
    elements: dict
    suboptions:
      host:
        description:
          - An IPv4 address, a range of addresses in the last octet such as V(192.168.1.2-10), or a
            host name.
        type: str
        required: true
      port:
        description:
          - The member port.
        type: int
        default: 4000
  state:
    description:
      - What becomes of the members that are in the file.
      - With V(exact), O(members) is the whole list afterwards. With V(present), its members are
        added. With V(absent), they are removed.
    type: str
    choices:
      - exact
      - present
      - absent
    default: exact
  wka:
    description:
      - Parameters of O(scheme=wka).
    type: dict
    suboptions:
      connection_timeout:
        description:
          - How long a connection to a member may take, in seconds.
        type: int
  multicast:
    description:
      - Parameters of O(scheme=multicast).
    type: dict
    suboptions:
      address:
        description:
          - The multicast address.
        type: str
      port:
        description:
          - The multicast port.
        type: int
      ttl:
        description:
          - How many networks a packet may cross.
        type: int
      timeout:
        description:
          - How long a server waits for an answer, in seconds.
        type: int
  aws:
    description:
      - Parameters of O(scheme=aws). It needs O(aws.iam_role), or O(aws.access_key) together with
        O(aws.secret_key).
    type: dict
    suboptions:
      access_key:
        description:
          - The access key.
        type: str
      secret_key:
        description:
          - The secret key.
        type: str
      iam_role:
        description:
          - The name of the role of the machine, which is better than keys in a file.
        type: str
      security_group:
        description:
          - Only machines of this security group are members.
        type: str
      region:
        description:
          - The region to look for members in.
        type: str
      host_header:
        description:
          - The address of the service that lists the machines.
        type: str
      tag_key:
        description:
          - Only machines with this tag are members.
        type: str
      tag_value:
        description:
          - The value of the tag.
        type: str
      connection_timeout:
        description:
          - How long a connection to a member may take, in seconds.
        type: int
  kubernetes:
    description:
      - Parameters of O(scheme=kubernetes). Further ones that a class reads go into O(parameters).
    type: dict
    suboptions:
      class_name:
        description:
          - The class of the scheme, for kernels that do not bring one.
        type: str
      namespace:
        description:
          - The namespace to look for members in.
        type: str
      services:
        description:
          - The name of the service that leads to the members.
        type: str
  parameters:
    description:
      - Further parameters of the section, by name, such as C(AvoidInitiation).
      - Parameters that have an option of their own are refused here, and so are those that the
        product does not read although they are in its file (C(localMemberBindAddress),
        C(localMemberBindPort), C(mcastBindAddress)).
    type: dict
  vaulted:
    description:
      - What to do with a value that C(ciphertool) has put into the secure vault. Its element has
        the attribute C(svns:secretAlias), and the server reads the vault, whatever is there.
      - V(refuse) is an error before any file is changed. V(replace) takes the alias out, so that
        the new value counts.
    type: str
    choices: [refuse, replace]
    default: refuse
requirements:
  - lxml 4.2 or newer on the host (package C(python3-lxml))
seealso:
  - module: carbon_ops.key_manager.xml_patch
  - module: carbon_ops.key_manager.carbon_info
"""

EXAMPLES = r"""
- name: The node is a member of the cluster
  carbon_ops.key_manager.wka_members:
    home: /opt/wso2/obkm
    enabled: true
    domain: bank.obkm.domain
    scheme: wka
    group_password: "{{ vault_group_password }}"
    local_member_host: 10.0.0.11
    local_member_port: 4000
    members:
      - {host: 10.0.0.11, port: 4000}
      - {host: 10.0.0.12, port: 4000}

- name: A third node is known to this one
  carbon_ops.key_manager.wka_members:
    home: /opt/wso2/obkm
    members: [{host: 10.0.0.13}]
    state: present

- name: The members are found by multicast
  carbon_ops.key_manager.wka_members:
    path: /opt/wso2/obkm/repository/conf/axis2/axis2.xml
    scheme: multicast
    multicast: {address: 228.0.0.4, port: 45564, ttl: 1}
    local_member_host: 10.0.0.11

- name: The server is alone
  carbon_ops.key_manager.wka_members:
    home: /opt/wso2/obkm
    enabled: false
"""

RETURN = r"""
cluster:
  description: The clustering section after the edit, without its secrets.
  returned: success
  type: dict
  sample:
    enabled: true
    domain: bank.obkm.domain
    scheme: wka
    local_member_host: 10.0.0.11
    local_member_port: 4000
    members: [{"host": "10.0.0.11", "port": 4000}, {"host": "10.0.0.12", "port": 4000}]
changed_files:
  description: The path of the file when it was changed, or would be in check mode.
  returned: success
  type: list
  elements: str
checksums:
  description: The SHA-256 checksum of each changed file as it is afterwards, or would be in check
    mode, by its path.
  returned: success
  type: dict
  sample: {/opt/wso2/obkm/repository/conf/carbon.xml: 9c2b6e0ad7a1…}
edits:
  description: What was done, as M(carbon_ops.key_manager.xml_patch) returns it.
  returned: success
  type: list
  elements: dict
backup_files:
  description: The copies that were kept, by the path of the file.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._editor.module import run_parts
from ..module_utils._files.module import BACKUP_OPTIONS
from ..module_utils._home.membership import WKA_MEMBERS, wka_members_part
from ..module_utils._module import quiet_module


def main() -> None:
    module = quiet_module(AnsibleModule)(
        argument_spec={**WKA_MEMBERS.options, **BACKUP_OPTIONS},
        supports_check_mode=True,
        **WKA_MEMBERS.rules,
    )
    run_parts(module, [lambda: wka_members_part(module.params)])


if __name__ == "__main__":
    main()
