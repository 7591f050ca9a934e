#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: carbon_info
short_description: Tell what is configured in the home of a WSO2 Carbon server
version_added: 0.1.0
description:
  - Reads the configuration files of a product home of the Carbon 4.4 generation (Open Banking Key
    Manager 1.5, Identity Server 5.7.0, API Manager 2.6.0, the Carbon kernel) and returns what they
    say.
  - Each file is read the way the product's own parser reads it. Of settings that occur twice, the
    one that counts is returned.
  - Passwords, keys and other secrets are never returned, and credentials are taken out of URLs.
  - Placeholders such as C(${carbon.home}) are returned as they are in the files.
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes.info
  - carbon_ops.key_manager.attributes.product_files
options:
  home:
    description:
      - The product home, the folder that holds C(bin) and C(repository).
    type: path
    required: true
  started_marker:
    description:
      - A file that the server's unit writes when it starts.
      - Where it exists, the server counts as started before, also when its log was removed.
    type: path
requirements:
  - lxml 4.2 or newer on the host (package C(python3-lxml))
seealso:
  - module: carbon_ops.key_manager.wka_members
  - module: carbon_ops.key_manager.carbon_offset
"""

EXAMPLES = r"""
- name: What the node has configured is known
  carbon_ops.key_manager.carbon_info:
    home: /opt/wso2/obkm
  register: node

- name: The node is a member of the cluster of the inventory
  ansible.builtin.assert:
    that:
      - node.cluster.enabled
      - node.cluster.domain == "bank.obkm.domain"
      - node.problems == []
    fail_msg: "{{ node.problems | join(' ') }}"

- name: The HTTPS port answers
  ansible.builtin.wait_for:
    port: "{{ node.ports.https }}"
    timeout: 5
  when: node.started_before
"""

RETURN = r"""
home:
  description: The product home.
  returned: success
  type: str
  sample: /opt/wso2/obkm
files:
  description: The files that were looked for, and whether each is there. What an absent file would
    hold is null.
  returned: success
  type: dict
  sample: {"repository/conf/carbon.xml": true, "repository/conf/api-manager.xml": false}
product:
  description: What the product says it is.
  returned: success
  type: dict
  contains:
    name:
      description: The name in carbon.xml.
      type: str
      sample: WSO2 Identity Server
    key:
      description: The server key in carbon.xml.
      type: str
      sample: IS
    version:
      description: The version in carbon.xml.
      type: str
      sample: 5.7.0
    release:
      description: The line of bin/version.txt, or null.
      type: str
    kernel:
      description: The version of the Carbon kernel, or null where neither
        bin/wso2carbon-version.txt nor the kernel's bundle is there.
      type: str
      sample: 4.4.35
    regenerates_files:
      description: Whether a deployment.toml is there. Such a product writes its XML files again at
        each start, so that edits are lost.
      type: bool
offset:
  description: The port offset that counts. It is null when what is there is not a number.
  returned: success
  type: int
  sample: 3
port_offset_argument:
  description: The value of C(-DportOffset) in the start script, which wins over carbon.xml, or
    null.
  returned: success
  type: str
ports:
  description: The ports that follow the offset, as this server opens them. It is null when the
    offset is not a number.
  returned: success
  type: dict
  sample: {"https": 9446, "http": 9766, "jmx_registry": 10002}
connectors:
  description: The Connectors of catalina-server.xml. Their ports are those of the file, without the
    offset.
  returned: success
  type: list
  elements: dict
proxy_ports:
  description: The proxy ports of the Connectors, or null.
  returned: success
  type: dict
  sample: {"https": 443, "http": 80}
host_names:
  description: HostName and MgtHostName of carbon.xml, or null.
  returned: success
  type: dict
  sample: {"host_name": "km.bank.example", "management_host_name": "mgt.km.bank.example"}
datasources:
  description: All datasources of all C(*-datasources.xml) files, with URL and user, but without
    passwords.
  returned: success
  type: list
  elements: dict
  sample:
    - file: repository/conf/datasources/master-datasources.xml
      name: WSO2UM_DB
      jndi: jdbc/WSO2UM_DB
      type: RDBMS
      url: jdbc:mysql://db1.bank.example:3306/openbank_userdb
      user: obkm_user
      driver: com.mysql.jdbc.Driver
      max_active: 150
      validation_query: SELECT 1
      test_on_borrow: true
      default_auto_commit: false
jndi_duplicates:
  description: The JNDI names that are defined more than once, with the files that define them.
  returned: success
  type: dict
  sample: {}
datasource_references:
  description: Where a JNDI name is used, and which. RV(problems) names those that no file defines.
  returned: success
  type: dict
  sample: {"user-mgt.xml": "jdbc/WSO2UM_DB", "identity.xml": "jdbc/WSO2AM_DB"}
registry:
  description: Databases by name, remote instances and mounts of registry.xml.
  returned: success
  type: dict
cluster:
  description: The clustering section of axis2.xml, without its secrets.
  returned: success
  type: dict
  contains:
    enabled:
      description: Whether the server joins a cluster.
      type: bool
    domain:
      description: The name of the cluster.
      type: str
      sample: bank.obkm.domain
    scheme:
      description: How the servers find each other.
      type: str
      sample: wka
    local_member_host:
      description: The address by which the other members reach this server, or null.
      type: str
      sample: 10.0.0.11
    local_member_port:
      description: The member port of this server.
      type: int
      sample: 4000
    members:
      description: The well-known members that are in the file. The product reads them only with
        the scheme C(wka).
      type: list
      elements: dict
      sample: [{"host": "10.0.0.11", "port": 4000}, {"host": "10.0.0.12", "port": 4000}]
    parameters:
      description: All parameters of the section with a text, but no secrets.
      type: dict
      sample: {"AvoidInitiation": "true", "domain": "bank.obkm.domain", "membershipScheme": "wka"}
    properties:
      description: The properties of this member.
      type: dict
      sample: {"subDomain": "worker"}
    group_password_set:
      description: Whether there is a group password.
      type: bool
    overridden_by_hazelcast_xml:
      description: Whether there is a hazelcast.xml, which the product reads in place of this
        section.
      type: bool
hazelcast_properties:
  description: Keys and values of hazelcast.properties.
  returned: success
  type: dict
  sample: {"hazelcast.max.no.heartbeat.seconds": "10"}
user_store:
  description: Datasource, administrator and user stores of user-mgt.xml, the primary store first.
  returned: success
  type: dict
identity:
  description: Datasource, endpoints by their dotted path, token issuer and caches of identity.xml.
  returned: success
  type: dict
authentication:
  description: The URLs of application-authentication.xml, those of the pages and those of the
    authenticators.
  returned: success
  type: dict
api_manager:
  description: Datasource, URLs by their dotted path and key validation of api-manager.xml.
  returned: success
  type: dict
keystores:
  description: Locations, types and aliases of the keystores, without their passwords.
  returned: success
  type: dict
caching:
  description: ForceLocalCache and DefaultCacheTimeout (minutes) of carbon.xml. RV(identity) has the
    caches of identity.xml.
  returned: success
  type: dict
  sample: {"force_local_cache": true, "default_timeout": 15}
shared_directories:
  description: The folders of the home that are links, and where they lead.
  returned: success
  type: dict
  sample: {"repository/deployment": "/srv/share/Deployment"}
commitments:
  description: What cannot change under a live cluster without moving or losing data.
  returned: success
  type: dict
  sample:
    registry_config_target: /_system/config
    registry_governance_target: /_system/governance
    registry_instances: [jdbc/WSO2Config_DB, jdbc/WSO2REG_DB]
    user_datasource: jdbc/WSO2UM_DB
    user_store: org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager
    token_issuer: https://gateway.bank.example:8243/token
    token_encryption: org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor
    shared_directories: documented
    internal_keystore: obkm-internal.jks
started_before:
  description: Whether the server has run, so that the commitments bind.
  returned: success
  type: bool
  sample: true
secure_vault:
  description: Who set up the secure vault that the server opens at its start, V(collection) or
    V(other), as C(ciphertool) does. Null where it has none.
  returned: success
  type: str
  sample: collection
problems:
  description: Sentences on what the product accepts without a word, such as a JNDI name that is
    defined twice.
  returned: success
  type: list
  elements: str
  sample: []
"""

import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ..module_utils._home import home, report
from ..module_utils._module import errors_told


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "home": {"type": "path", "required": True},
            "started_marker": {"type": "path"},
        },
        supports_check_mode=True,
    )
    if not home.HAS_LXML:
        module.fail_json(msg=missing_required_lib("lxml (package python3-lxml)"))
    try:
        with errors_told(module):
            info = report.read_home(module.params["home"], module.params["started_marker"])
    except Exception as error:  # pylint: disable=broad-except
        # A traceback may quote a document in the text of the exception, so only its frames are
        # shown.
        module.fail_json(
            msg=f"Reading the product home failed unexpectedly ({type(error).__name__}).",
            exception="".join(traceback.format_tb(error.__traceback__)),
        )
    module.exit_json(changed=False, **info)


if __name__ == "__main__":
    main()
