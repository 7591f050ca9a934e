# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of product files that the server reads from its secure vault.

The key ``vault`` of an edit names the alias under which the server asks for the secret: of the
text, or by attribute of an attribute. The server takes no other alias for most of them.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

PLAIN = "plain"
ALIAS = "svns:secretAlias"
# What ciphertool leaves in the place of a secret.
LEFT = "password"


def stored(edit: t.Mapping[str, t.Any], storage: str) -> t.Mapping[str, t.Any]:
    """The edit as module xml_patch takes it: with the secret itself, or with its alias."""
    if "vault" not in edit:
        return edit
    vault = edit["vault"]
    kept = {key: value for key, value in edit.items() if key != "vault"}
    if storage == PLAIN:
        return kept
    attributes = dict(edit.get("attributes") or {})
    if isinstance(vault, str):
        return {**kept, "text": LEFT, "attributes": {**attributes, ALIAS: vault}}
    if len(vault) != 1:
        raise AnsibleFilterError(
            "{0}: an element can have one alias only.".format(edit.get("xpath"))
        )
    attributes.update({name: LEFT for name in vault if name in attributes})
    return {**kept, "attributes": {**attributes, ALIAS: next(iter(vault.values()))}}


def vault_entries(files: t.Iterable[t.Mapping[str, t.Any]]) -> list[dict[str, str]]:
    """Every secret that these files have in the vault, with its value as the edit names it and its
    place as ciphertool reads it."""
    entries: dict[str, dict[str, str]] = {}
    for file in files:
        for edit in file["edits"]:
            for alias, value, place in _secrets(file, edit):
                entry = {"alias": alias, "value": value, "place": place}
                if entries.setdefault(alias, entry)["value"] != value:
                    raise AnsibleFilterError(
                        "{0}: the alias {1} stands for two secrets.".format(file["path"], alias)
                    )
    return list(entries.values())


def _secrets(
    file: t.Mapping[str, t.Any], edit: t.Mapping[str, t.Any]
) -> t.Iterator[tuple[str, str, str]]:
    vault = edit.get("vault")
    if vault is None:
        return
    xpath = edit["xpath"]
    if not xpath.startswith("/"):
        xpath = "{0}/{1}".format(file.get("root", ""), xpath)
    place = "{0}/{1}".format(file["path"], xpath)
    if isinstance(vault, str):
        yield vault, edit["text"], place + ",false"
        return
    for name, alias in vault.items():
        # An edit of other attributes names it only to leave the alias where it is.
        if name in (edit.get("attributes") or {}):
            yield alias, edit["attributes"][name], f"{place}[@{name}],true"
