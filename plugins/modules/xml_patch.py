#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xml_patch
short_description: Edit product files byte by byte, many in one call, all or nothing
version_added: 0.1.0
description:
  - Edits XML files, JSON files, property files and other text files of a product. An edit changes
    the bytes it names and no others. Comments, blank lines, the order and the quotes of attributes,
    line ends, the encoding, a byte order mark, CDATA sections and a missing line end at the end of
    the file all stay as they are.
  - All files of a call are edited, or none. Everything is prepared and checked before the first
    file is replaced.
  - A journal beside the files makes that hold when the module is killed in the middle too. The next
    run on any of them finishes the change of all, and counts that as a change. Two runs on files of
    the same directories wait for each other, for a minute at most.
  - The result of each XML file is read again and compared with the same edits made on a tree, and
    the edits are made once more on the result, where they must change nothing. If either fails,
    nothing is written.
  - Symbolic links are followed. Owner, group, mode, SELinux context and access lists are kept.
  - A file that has an internal DTD subset is refused, because its entities and default attributes
    cannot be edited safely.
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
extends_documentation_fragment:
  - carbon_ops.key_manager.attributes
  - carbon_ops.key_manager.attributes.patch
  - carbon_ops.key_manager.attributes.backup
  - carbon_ops.key_manager.attributes.backup_run
  - carbon_ops.key_manager.attributes.product_files
options:
  files:
    description:
      - The files to edit, each with its edits. The same file named twice, or through a symbolic
        link, is one file.
      - Exactly one of O(files) and O(path) is required.
    type: list
    elements: dict
    suboptions:
      path:
        description: The absolute path of the file on the host.
        type: path
        required: true
      edits:
        description: The edits of this file, as in O(edits).
        type: list
        elements: dict
        required: true
      format:
        description: The format of the file, as in O(format).
        type: str
        choices: [xml, text, properties, json]
        default: xml
      root:
        description: What is before every relative XPath of this file, as in O(root).
        type: str
      create:
        description: Whether a missing property file is created, as in O(create).
        type: bool
        default: false
      optional:
        description: Whether the file may be missing, as in O(optional).
        type: bool
        default: false
  path:
    description: The absolute path of the one file to edit.
    type: path
  edits:
    description:
      - The edits, made in the given order. A later edit may select what an earlier one has made.
      - Edits of XML files have O(edits[].xpath), edits of text files O(edits[].find) or
        O(edits[].regexp), and edits of property and JSON files O(edits[].key).
    type: list
    elements: dict
    suboptions:
      xpath:
        description:
          - An XPath 1.0 expression that selects elements. A name without a prefix means the default
            namespace of the document. Prefixes that the document declares may be used.
          - An XPath that ends in C(/@name) selects an attribute, whose value is O(edits[].text).
        type: str
      text:
        description:
          - The text of the element, exactly. Booleans become V(true) and V(false). Floating point
            numbers and empty values are refused, because YAML does not keep how they were written.
            Quote them.
          - A text that is one CDATA section stays one, and comments inside the element stay.
        type: raw
      authority:
        description:
          - Host, and port where it has one, of the URL that is the text of the element. Scheme,
            path and what follows stay.
          - An element whose text is not a URL is an error.
        type: str
      attributes:
        description: Values of attributes by name. An attribute whose value is V(null) is removed.
        type: dict
      xml:
        description:
          - The whole element, as a string or as data. Data is a mapping with one key, the name of
            the element. Its value is a scalar, or a mapping or list of child elements. A key that
            begins with C(@) is an attribute, C(#text) is the text of an element that has
            attributes.
          - What is there is compared by meaning, that is by names, attributes, the exact text of
            elements without children, and the order of children. Only what differs is written.
        type: raw
      properties:
        description: Lines C(key=value) inside the text of the element. A property whose value is
          V(null) is removed.
        type: dict
      state:
        description:
          - V(present) demands that the element is there. Together with O(edits[].xml) it creates
            the element when it is missing and leaves it as it is when it is there.
          - V(absent) removes the element, together with its lines when it is alone on them. In
            a property file it removes the property.
          - V(commented) puts the element into a comment.
        type: str
        choices: [present, absent, commented]
      match:
        description: How many places the edit may select.
        type: str
        choices: [one, first, all]
        default: one
      if_missing:
        description:
          - What to do when nothing is selected. Several words are tried in the order V(uncomment),
            V(create), V(ignore).
          - V(uncomment) switches on exactly the selected element where it is commented out, in
            every form the products use. What else the comment holds stays commented.
          - V(create) makes each missing step of the form C(name[@a='v']). Anything else needs
            O(edits[].xml).
          - In a JSON file V(create) adds the missing keys behind the last key of their object.
          - The default is V(fail), and V(create) for property files.
        type: list
        elements: str
        choices: [fail, uncomment, create, ignore]
      before:
        description: An XPath relative to the parent. The new element is created before the first
          child it selects.
        type: str
      after:
        description: An XPath relative to the parent. The new element is created after the last
          child it selects.
        type: str
      parent:
        description: The XPath of the parent of a new element, where O(edits[].xpath) does not show
          it, as in C(//name).
        type: str
      find:
        description: The exact string to look for in a text file. Where it is gone,
          O(edits[].replace) must be there.
        type: str
      regexp:
        description: The regular expression to look for in a text file. It must also match what it
          is replaced with.
        type: str
      replace:
        description: What is put in its place. With O(edits[].regexp) it may hold references to
          groups.
        type: raw
      key:
        description:
          - The key of a property, without escapes.
          - In a JSON file the keys that lead to the value, with dots between them, as in
            V(proxy.proxyHost). A number counts the entries of an array from 0. Where a key holds a
            dot itself, write the keys as a list.
        type: raw
      value:
        description:
          - The value of the property, without escapes.
          - In a JSON file a text, a whole number, a boolean, or a list or mapping of these. A text
            is written as a string and a number as a number, so quote V("443") where the product has
            a string.
        type: raw
  format:
    description:
      - The format of the file.
      - V(properties) is read as C(java.util.Properties) reads it.
      - V(json) is read as the web applications of the products read it, with comments, trailing
        commas and quotes of either kind.
      - V(text) is for what has no grammar. It is edited by exact strings or regular expressions.
    type: str
    choices: [xml, text, properties, json]
    default: xml
  root:
    description: What is before every XPath that does not begin with C(/), for example
      V(/Server/OAuth).
    type: str
  create:
    description:
      - Whether a missing file is created. Only with O(format=properties). The file gets the owner
        of its directory and mode C(0640).
    type: bool
    default: false
  optional:
    description: Whether the file may be missing. Its edits then have the action V(ignored).
    type: bool
    default: false
  vaulted:
    description:
      - What to do with a value that C(ciphertool) has put into the secure vault. Its element has
        the attribute C(svns:secretAlias), and the server reads the vault, whatever is there.
      - V(refuse) is an error before any file is changed. V(replace) takes the alias out, so that
        the new value counts.
    type: str
    choices: [refuse, replace]
    default: refuse
  report:
    description:
      - Which edits RV(edits) tells of. With V(changed) those that found what they ask for are left
        out, so that Ansible has less to carry from many hosts.
    type: str
    choices: [all, changed]
    default: all
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: The diff is made of the changed lines. Secrets, and what looks like a password beside
      them, are masked on both sides.
  idempotent:
    support: full
    details: Edits that would not be idempotent are refused.
seealso:
  - module: carbon_ops.key_manager.carbon_offset
  - module: carbon_ops.key_manager.wka_members
"""

EXAMPLES = r"""
- name: The port offset is 3 and the host name is set
  carbon_ops.key_manager.xml_patch:
    path: /opt/wso2/obkm/repository/conf/carbon.xml
    edits:
      - {xpath: /Server/Ports/Offset, text: 3}
      - xpath: /Server/HostName
        text: km.example.com
        if_missing: [uncomment, create]
        before: Version

- name: A node is configured in one call, or not at all
  carbon_ops.key_manager.xml_patch:
    secrets:
      am_password: "{{ vault_am_password }}"
    files:
      - path: /opt/wso2/obkm/repository/conf/identity/identity.xml
        root: /Server/OAuth
        edits:
          - {xpath: OAuth2RevokeEPUrl, text: "${carbon.protocol}://km.example.com/oauth2/revoke"}
      - path: /opt/wso2/obkm/repository/conf/axis2/axis2.xml
        edits:
          - {xpath: /axisconfig/clustering, attributes: {enable: true}}
          - xpath: "/axisconfig/clustering/parameter[@name='mcastAddress']"
            text: 228.0.0.4
            if_missing: [uncomment]
      - path: /opt/wso2/obkm/repository/conf/datasources/master-datasources.xml
        edits:
          - xpath: "/datasources-configuration/datasources\
              /datasource[jndiConfig/name='jdbc/WSO2AM_DB']"
            if_missing: [create]
            xml:
              datasource:
                - name: WSO2AM_DB
                - jndiConfig:
                    - name: jdbc/WSO2AM_DB
                - definition:
                    "@type": RDBMS
                    configuration:
                      - url: jdbc:mysql://db.example.com:3306/openbank_apimgtdb?autoReconnect=true&useSSL=true
                      - username: obkm
                      - password: "%{am_password}"
                      - driverClassName: com.mysql.jdbc.Driver
      - path: /opt/wso2/obkm/repository/conf/hazelcast.properties
        format: properties
        create: true
        edits:
          - {key: hazelcast.heartbeat.interval.seconds, value: 2}
    backup: true
    backup_dir: /var/backups/obkm

- name: Clients reach the Key Manager through the load balancer
  carbon_ops.key_manager.xml_patch:
    path: /opt/wso2/obam/repository/resources/finance/apis/dynamic-endpoint-insequence.xml
    format: text
    edits:
      - {find: "<WSO2_OB_KM_HOST>:9446", replace: "km.example.com:443", match: all}

- name: The dashboard names the load balancer
  carbon_ops.key_manager.xml_patch:
    path: /opt/wso2/obkm/repository/deployment/server/jaggeryapps/dashboard/conf/site.json
    format: json
    edits:
      - {key: proxy.proxyHost, value: km.example.com}
      - {key: proxy.proxyHTTPSPort, value: "443"}

- name: The admin services over plain HTTP stay commented out
  carbon_ops.key_manager.xml_patch:
    path: /opt/wso2/obkm/repository/conf/carbon.xml
    edits:
      - {xpath: /Server/EnableHTTPAdminConsole, state: commented}
"""

RETURN = r"""
changed_files:
  description: The paths of the files that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/opt/wso2/obkm/repository/conf/carbon.xml]
checksums:
  description: The SHA-256 checksum of each changed file as it is afterwards, or would be in check
    mode, by its path.
  returned: success
  type: dict
  sample: {/opt/wso2/obkm/repository/conf/carbon.xml: 9c2b6e0ad7a1…}
edits:
  description: What became of each edit, in the given order, grouped by file. With O(report=changed)
    only of those that changed something.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path of the file.
      type: str
    xpath:
      description: The selector of the edit. Edits of text files have RV(edits[].find) or
        RV(edits[].regexp) instead, edits of property and JSON files RV(edits[].key).
      type: str
    find:
      description: The string that was looked for.
      type: str
    regexp:
      description: The regular expression that was looked for.
      type: str
    key:
      description: The key of the property, or the keys that lead to a value of a JSON file, with
        dots between them.
      type: str
    line:
      description: The line of the first selected place in the result. For an element that was
        removed, the line where it was.
      type: int
    count:
      description: How many places were selected.
      type: int
    action:
      description: One of V(unchanged), V(changed), V(created), V(uncommented), V(commented),
        V(removed) and V(ignored).
      type: str
  sample:
    - action: changed
      count: 1
      line: 127
      path: /opt/wso2/obkm/repository/conf/carbon.xml
      xpath: /Server/Ports/Offset
backup_files:
  description: The copy of each file that was changed, by the path of the file. Empty without
    O(backup).
  returned: success
  type: dict
  sample:
    /opt/wso2/obkm/repository/conf/carbon.xml:
      /var/backups/obkm/carbon.xml.4711.2026-01-31@12:00:00~
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._editor.module import (
    REPORT_OPTIONS,
    XML_PATCH,
    run_parts,
    xml_patch_part,
)
from ..module_utils._files.module import BACKUP_OPTIONS
from ..module_utils._module import quiet_module


def main() -> None:
    module = quiet_module(AnsibleModule)(
        argument_spec={**XML_PATCH.options, **REPORT_OPTIONS, **BACKUP_OPTIONS},
        supports_check_mode=True,
        **XML_PATCH.rules,
    )
    run_parts(module, [lambda: xml_patch_part(module.params)])


if __name__ == "__main__":
    main()
