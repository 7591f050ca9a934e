# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of product files, from the data of a role to the arguments of module xml_patch."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from .vault import PLAIN, stored


def product_files(
    files: t.Iterable[t.Mapping[str, t.Any]],
    home: str,
    urls: t.Mapping[str, str] | None = None,
    storage: str = PLAIN,
) -> list[dict[str, t.Any]]:
    """Put the product home before each file's path, the URLs in where edits name them, and secrets
    where ``storage`` (cluster_secret_storage) has them; leave out files without an edit."""
    return [
        {
            **file,
            "path": "{0}/{1}".format(home.rstrip("/"), file["path"]),
            "edits": [stored(_with_url(edit, urls or {}), storage) for edit in file["edits"]],
        }
        for file in files
        if file["edits"]
    ]


def _with_url(edit: t.Mapping[str, t.Any], urls: t.Mapping[str, str]) -> t.Mapping[str, t.Any]:
    """The edit whose text is the URL that it names: forty texts that Ansible would template for
    each node, one by one."""
    if "url" not in edit:
        return edit
    if edit["url"] not in urls:
        message = "{0}: there is no URL of the name {1} among those of the product's profile."
        raise AnsibleFilterError(message.format(edit.get("xpath"), edit["url"]))
    return {
        **{key: value for key, value in edit.items() if key != "url"},
        "text": urls[edit["url"]],
    }


def as_file(path: str, file: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The file of this path, with edits that several files have in common."""
    return {**file, "path": path}
