# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of product files, from the data of a role to the arguments of module xml_patch."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping

from ansible.errors import AnsibleFilterError


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
