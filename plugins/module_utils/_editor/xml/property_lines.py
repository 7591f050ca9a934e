# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Lines ``key=value`` inside the text of an XML element."""

from __future__ import annotations

import re
import typing as t

from ..._errors import OperatorError

_LINE = re.compile(r"^([ \t]*)[\w.\-]+[ \t]*=[^\r\n]*", re.MULTILINE)


def changed_properties(text: str, wanted: t.Mapping[str, str | None]) -> dict[str, str | None]:
    """Those of the wanted properties that the text does not hold yet; blanks around a value do not
    count, as no reader keeps them."""
    changed = {}
    for key, value in wanted.items():
        _check(key, value)
        lines = list(_lines(key, text))
        if len(lines) > 1:
            raise OperatorError(
                f"the property {key} occurs {len(lines)} times in the text. Remove all but one"
                " first."
            )
        present = lines[0].group(2).strip() if lines else None
        if present != (None if value is None else value.strip()):
            changed[key] = value
    return changed


def edit_property_lines(
    text: str,
    changed: t.Mapping[str, str | None],
    newline: str,
    encode: t.Callable[[str], str] = str,
) -> str:
    """Write values, remove properties whose value is None, and add what is missing behind the last
    property."""
    for key, value in changed.items():
        line = next(_lines(key, text), None)
        if line and value is None:
            end = text.find("\n", line.end())
            text = text[: line.start()] + text[end + 1 if end >= 0 else len(text) :]
        elif line and value is not None:
            blank = line.group(2)[: len(line.group(2)) - len(line.group(2).lstrip(" \t"))]
            text = text[: line.start(2)] + blank + encode(value) + text[line.end(2) :]
        elif value is not None:
            text = _added(text, key, encode(value), newline)
    return text


def _check(key: str, value: str | None) -> None:
    if not re.match(r"\A[\w.\-]+\Z", key):
        raise OperatorError(
            "the key of a property may hold letters, digits, dots, dashes and underscores."
        )
    if value is not None and ("\n" in value or "\r" in value):
        raise OperatorError(f"the value of the property {key} holds a line break.")


def _lines(key: str, text: str) -> t.Iterator[re.Match[str]]:
    return re.finditer(rf"^([ \t]*{re.escape(key)}[ \t]*=)([^\r\n]*)", text, re.MULTILINE)


def _added(text: str, key: str, value: str, newline: str) -> str:
    last = next(reversed(list(_LINE.finditer(text))), None)
    if last is not None:
        return f"{text[: last.end()]}{newline}{last.group(1)}{key}={value}{text[last.end() :]}"
    if not text.strip():
        return f"{key}={value}{text}" if "\n" in text or not text else f"{key}={value}"
    return f"{text}{newline}{key}={value}"
