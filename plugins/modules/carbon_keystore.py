#!/usr/bin/python
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: carbon_keystore
short_description: Keep key pairs and trusted certificates in the Java keystores of a Carbon server
version_added: 0.1.0
description:
  - Brings one or several keystores of the type JKS to the state asked for, in one call. If one of
    them cannot be, none is written.
  - Keystores are read and written without Java, so that a run that changes nothing starts no JVM,
    check mode tells the truth, and no password is ever on a process list.
  - Entries that are not named stay as they are, to the byte.
  - The module runs on Python 3.8 or newer and needs nothing besides its standard library.
options:
  stores:
    description: The keystores.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The file. It is made when it is missing, its folder is not.
        type: path
        required: true
      password:
        description: The password of the store and of the keys in it.
        type: str
        required: true
      former_passwords:
        description:
          - Passwords the store may still have.
          - A store that opens with one of them gets O(stores[].password).
        type: list
        elements: str
        default: []
      accept_stock_password:
        description: Whether the store may still have the password it ships with, which everybody
          knows. It then gets O(stores[].password).
        type: bool
        default: false
      keys:
        description: Key pairs the store must hold.
        type: list
        elements: dict
        default: []
        suboptions:
          alias:
            description: The alias; Java keeps aliases of this type of store in lower case.
            type: str
            required: true
          private_key:
            description: The unencrypted RSA key as PEM text.
            type: str
          private_key_path:
            description: The file on the host that holds it, instead of
              O(stores[].keys[].private_key).
            type: path
          certificates:
            description: Its certificate as PEM text, followed by the certificates of the
              authorities between it and the root, if any.
            type: str
            required: true
          replace:
            description:
              - Whether another key that is under the alias is replaced. With V(false) it is an
                error, as befits a key that data was encrypted with.
            type: bool
            default: true
      trusted:
        description: The certificates the store must trust, PEM text by alias.
        type: dict
        default: {}
      distrusted_keys_of:
        description:
          - Keystores whose own key pairs must not be trusted. The products ship a key pair that
            everybody has, and trust it.
          - Files that do not exist are left out.
        type: list
        elements: path
        default: []
extends_documentation_fragment:
  - ansible.builtin.files
  - carbon_ops.key_manager.attributes.backup
  - carbon_ops.key_manager.attributes.backup_run
attributes:
  check_mode:
    support: full
    description: Tells what would change and changes nothing.
  diff_mode:
    support: full
    description: Lists the aliases with the fingerprints of their certificates.
author:
  - The carbon_ops.key_manager maintainers (@carbon-ops)
"""

EXAMPLES = r"""
- name: The server has its own key pair and trusts the authority, no longer the product's public key
  carbon_ops.key_manager.carbon_keystore:
    owner: wso2
    group: wso2
    mode: "0640"
    stores:
      - path: /opt/wso2/obkm/repository/resources/security/obkm.jks
        password: "{{ cluster_keystore_password }}"
        keys:
          - alias: obkm
            private_key_path: /etc/carbon-ops/pki/obkm.key
            certificates: "{{ lookup('ansible.builtin.file', 'obkm.crt') }}"
      - path: /opt/wso2/obkm/repository/resources/security/client-truststore.jks
        password: "{{ cluster_truststore_password }}"
        accept_stock_password: true
        trusted:
          obkm-ca: "{{ lookup('ansible.builtin.file', 'ca.crt') }}"
        distrusted_keys_of:
          - /opt/wso2/obkm/repository/resources/security/wso2carbon.jks
"""

RETURN = r"""
stores:
  description: What was done, store by store.
  returned: success
  type: list
  elements: dict
  sample:
    - path: /opt/wso2/obkm/repository/resources/security/obkm.jks
      changed: true
      actions: ["store made", "obkm: key added, 5E:0A:…"]
backup_files:
  description: The copy of each store that was replaced, by path. Empty without O(backup).
  returned: success
  type: dict
"""

import os
import stat
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._errors import OperatorError
from ..module_utils._files.module import BACKUP_OPTIONS, set_files
from ..module_utils._files.whole import Owned, Wanted
from ..module_utils._keystore.jks import key_certificates, read_store
from ..module_utils._keystore.pem import fingerprint
from ..module_utils._keystore.store import KeyRequest, StoreOutcome, StoreRequest, plan_store
from ..module_utils._module import errors_told, quiet_module

STOCK_PASSWORD = "wso2carbon"  # noqa: S105  # nosec B105 - everybody's

_SPEC: dict[str, t.Any] = {
    "stores": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "path", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "former_passwords": {"type": "list", "elements": "str", "default": [], "no_log": True},
            # Named by a switch: as a value to be kept from the logs it would be cut out of every
            # path that holds the word.
            "accept_stock_password": {"type": "bool", "default": False, "no_log": False},
            "keys": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "no_log": False,
                "options": {
                    "alias": {"type": "str", "required": True},
                    "private_key": {"type": "str", "no_log": True},
                    "private_key_path": {"type": "path", "no_log": False},
                    "certificates": {"type": "str", "required": True},
                    "replace": {"type": "bool", "default": True},
                },
                "required_one_of": [("private_key", "private_key_path")],
                "mutually_exclusive": [("private_key", "private_key_path")],
            },
            "trusted": {"type": "dict", "default": {}},
            "distrusted_keys_of": {
                "type": "list",
                "elements": "path",
                "default": [],
                "no_log": False,
            },
        },
    },
    **BACKUP_OPTIONS,
}


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from None


def _private_key(key: dict[str, t.Any]) -> str:
    if key["private_key"] is not None:
        return str(key["private_key"])
    content = _read(key["private_key_path"])
    if content is None:
        raise OperatorError(
            f"The private key {key['private_key_path']} for alias {key['alias']} does not exist."
        )
    return content.decode("ascii", "replace")


def _request(store: dict[str, t.Any]) -> StoreRequest:
    distrusted: list[bytes] = []
    for path in store["distrusted_keys_of"]:
        content = _read(path)
        distrusted += key_certificates(content, path) if content is not None else []
    return StoreRequest(
        path=store["path"],
        password=store["password"],
        former_passwords=store["former_passwords"]
        + [STOCK_PASSWORD] * store["accept_stock_password"],
        keys=[
            KeyRequest(key["alias"], _private_key(key), key["certificates"], key["replace"])
            for key in store["keys"]
        ],
        trusted=store["trusted"],
        distrusted=distrusted,
    )


def _listing(content: bytes | None, path: str) -> list[str]:
    lines = []
    for entry in read_store(content, path) if content is not None else []:
        kind = "trusted" if entry.protected_key is None else "key"
        lines.append(
            f"{entry.alias} ({kind})"
            f" {fingerprint(entry.certificates[0]) if entry.certificates else 'no certificate'}\n"
        )
    return lines


def _diff(path: str, before: list[str], after: list[str]) -> dict[str, str]:
    """Tell only the entries that differ: the stores of the products hold scores of others."""
    return {
        "before_header": path,
        "after_header": path,
        "before": "".join(line for line in before if line not in after),
        "after": "".join(line for line in after if line not in before),
    }


def _wanted(planned: list[tuple[str, StoreOutcome]]) -> Wanted:
    """The new stores as files. The module's own mode and owner come later: until then a store that
    is new is nobody's else, and another one keeps what it has."""
    files = {}
    for path, outcome in planned:
        if not Path(path).parent.is_dir():
            raise OperatorError(
                f"{path} cannot be written: its folder does not exist. No store was changed."
            )
        there = Path(path).exists()
        mode = stat.S_IMODE(Path(path).stat().st_mode) if there else 0o600
        files[path] = (outcome.content, Owned(None, None, mode))
    return Wanted(files=files)


def main() -> None:
    """Run the module."""
    module = quiet_module(AnsibleModule)(
        argument_spec=_SPEC, add_file_common_args=True, supports_check_mode=True
    )
    changed = False
    results: list[dict[str, t.Any]] = []
    diffs: list[dict[str, str]] = []
    planned: list[tuple[str, StoreOutcome]] = []
    with errors_told(module):
        for store in module.params["stores"]:
            path = os.path.realpath(store["path"])
            current = _read(path)
            outcome = plan_store(_request(store), current, int(time.time() * 1000), os.urandom(20))
            results.append(
                {
                    "path": store["path"],
                    "changed": bool(outcome.actions),
                    "actions": outcome.actions,
                }
            )
            if outcome.actions:
                planned.append((path, outcome))
                diffs.append(
                    _diff(store["path"], _listing(current, path), _listing(outcome.content, path))
                )
        changed = bool(planned)
        # All stores or none, and what they replace is kept first, where that is asked for.
        found = set_files(module, _wanted(planned))
        for store in module.params["stores"]:
            path = os.path.realpath(store["path"])
            if Path(path).exists():
                arguments = module.load_file_common_arguments(module.params, path=path)
                changed = module.set_fs_attributes_if_different(arguments, changed)
    module.exit_json(changed=changed, stores=results, diff=diffs, backup_files=found.backup_files)


if __name__ == "__main__":
    main()
