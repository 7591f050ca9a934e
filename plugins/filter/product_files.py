# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters between the data of edits and module xml_patch."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.datasources import datasource_element
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.user_stores import user_store_edits


def product_files(files: Iterable[Mapping[str, Any]], home: str, urls: Mapping[str, str] | None = None) -> List[Dict[str, Any]]:
    """Put the product home before each file's path, and the URLs in where edits name them; leave out files without an edit."""
    return [
        {**file, "path": "{0}/{1}".format(home.rstrip("/"), file["path"]), "edits": [_with_url(edit, urls or {}) for edit in file["edits"]]}
        for file in files
        if file["edits"]
    ]


def _with_url(edit: Mapping[str, Any], urls: Mapping[str, str]) -> Mapping[str, Any]:
    """The edit whose text is the URL that it names: forty texts that Ansible would template for each node, one by one."""
    if "url" not in edit:
        return edit
    if edit["url"] not in urls:
        message = "{0}: there is no URL of the name {1} among those of the product's profile."
        raise AnsibleFilterError(message.format(edit.get("xpath"), edit["url"]))
    return {**{key: value for key, value in edit.items() if key != "url"}, "text": urls[edit["url"]]}


def as_file(path: str, file: Mapping[str, Any]) -> Dict[str, Any]:
    """The file of this path, with edits that several files have in common."""
    return {**file, "path": path}


def datasource_edits(datasources: Iterable[Mapping[str, Any]], database: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """The edits that give a *-datasources.xml file these datasources, each selected by its JNDI name."""
    return [
        {"xpath": _by_jndi(source["jndi"]), "xml": {"datasource": datasource_element(source, database)}, "if_missing": ["create"]}
        for source in datasources
    ]


def datasource_removals(jndi_names: Iterable[str]) -> List[Dict[str, Any]]:
    """The edits that take the datasources of these JNDI names out."""
    return [{"xpath": _by_jndi(name), "state": "absent", "if_missing": ["ignore"]} for name in jndi_names]


def moved_commitments(found: Mapping[str, Any], wanted: Mapping[str, Any], allowed: Iterable[str]) -> List[str]:
    """What the data of a live server hang on and the model has otherwise (requirement IN2), less the changes that are allowed by name."""
    return [
        "{0} ({1} on the node, {2} in the inventory)".format(key, found.get(key), wanted[key])
        for key in wanted
        if wanted[key] != found.get(key) and key not in allowed
    ]


def _by_jndi(name: str) -> str:
    return "/datasources-configuration/datasources/datasource[jndiConfig/name='{0}']".format(name)


class FilterModule:
    def filters(self) -> Dict[str, Any]:
        return {
            "as_file": as_file,
            "datasource_edits": datasource_edits,
            "datasource_removals": datasource_removals,
            "moved_commitments": moved_commitments,
            "product_files": product_files,
            "user_store_edits": user_store_edits,
        }
