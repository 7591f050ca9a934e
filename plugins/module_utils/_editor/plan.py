# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits as they are asked for, checked before any file is read."""

from __future__ import annotations

import contextlib
import typing as t

from .._errors import OperatorError
from .._files.transaction import Source
from .arguments import check_keys, choice
from .xml.edit import XmlEdit

# What the other formats need is imported where it is needed: most calls edit XML alone.
if t.TYPE_CHECKING:
    from .json.edit import JsonEdit
    from .properties import PropertyEdit
    from .secrets import Secrets
    from .text import TextEdit

    Edit = t.Union[XmlEdit, TextEdit, PropertyEdit, JsonEdit]
    EditType = t.TypeVar("EditType", XmlEdit, TextEdit, PropertyEdit, JsonEdit)

FORMATS = ("xml", "text", "properties", "json")
FILE_KEYS = ("path", "edits", "format", "root", "create", "optional")

_SELECTOR_KEYS = {
    "xml": ("xpath",),
    "text": ("find", "regexp"),
    "properties": ("key",),
    "json": ("key",),
}


class _Plan:
    """All edits of one file, from every entry that names it."""

    def __init__(self, entry: t.Mapping[str, t.Any]) -> None:
        check_keys(entry, FILE_KEYS, "the file entry")
        path = entry.get("path")
        if not isinstance(path, str) or not path:
            raise OperatorError("a file entry has no path.")
        if not path.startswith("/"):
            raise OperatorError(f"{path}: the path of a file must be absolute.")
        self.path = path
        self.format = choice(entry.get("format"), "format", FORMATS, "xml")
        self.create = _flag(entry, "create")
        self.optional = _flag(entry, "optional")
        if self.create and self.format != "properties":
            raise OperatorError(
                f"{path}: create makes property files only; a product file of another format must"
                " be there."
            )
        self.edits: list[Edit] = []
        self.reported: list[dict[str, t.Any]] = []
        self.source = Source(path, None, b"", None)

    def add(self, entry: t.Mapping[str, t.Any], secrets: Secrets) -> None:
        edits = entry.get("edits")
        if not isinstance(edits, (list, tuple)) or not edits:
            raise OperatorError(f"{self.path}: the file entry has no edits.")
        for number, edit in enumerate(edits, 1):
            if not isinstance(edit, dict):
                raise OperatorError(f"{self.path}: edit {number}: must be a mapping.")
            with _labelled(self.path, number, _selector(edit, str(self.format))):
                checked = self._checked(edit, len(self.edits) + 1, entry.get("root"), secrets)
            self.edits.append(checked)
            reported = {"path": entry["path"], "number": number}
            reported.update(
                {
                    key: _shown(edit[key])
                    for key in _SELECTOR_KEYS[str(self.format)]
                    if edit.get(key) is not None
                }
            )
            self.reported.append(reported)

    def _checked(
        self, edit: t.Mapping[str, t.Any], number: int, root: t.Any, secrets: Secrets
    ) -> Edit:
        if self.format == "text":
            from .text import TextEdit

            return TextEdit(edit, number, secrets)
        if self.format == "properties":
            from .properties import PropertyEdit

            return PropertyEdit(edit, number, secrets)
        if self.format == "json":
            from .json.edit import JsonEdit

            return JsonEdit(edit, number, secrets)
        return XmlEdit(edit, number, None if root is None else str(root), secrets)

    def of_type(self, kind: type[EditType]) -> list[EditType]:
        """The edits, which are all of the kind that the format has."""
        return [edit for edit in self.edits if isinstance(edit, kind)]

    def label(self, edit: Edit) -> contextlib.AbstractContextManager[None]:
        reported = self.reported[edit.number - 1]
        return _labelled(reported["path"], reported["number"], edit.selector)


def _flag(entry: t.Mapping[str, t.Any], key: str) -> bool:
    value = entry.get(key)
    if value not in (None, True, False):
        raise OperatorError(f"{key} must be true or false.")
    return bool(value)


def _shown(key: t.Any) -> str:
    """A selector as it is reported. The key of a JSON file may be a list."""
    if isinstance(key, str):
        return str(key)
    from .json.edit import key_text

    return key_text(key)


def _selector(edit: t.Mapping[str, t.Any], file_format: str) -> str:
    return next(
        (_shown(edit[key]) for key in _SELECTOR_KEYS[file_format] if edit.get(key) is not None), ""
    )


@contextlib.contextmanager
def _labelled(path: str, number: int | None = None, selector: str = "") -> t.Iterator[None]:
    """Say in every error which file and which edit it is about."""
    try:
        yield
    except OperatorError as error:
        edit = f" edit {number}" if number else ""
        about = f" ({selector})" if selector else ""
        colon = ":" if edit else ""
        raise OperatorError(f"{path}:{edit}{about}{colon} {error}") from None
