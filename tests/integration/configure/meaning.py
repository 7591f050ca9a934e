# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What an XML file says, as a flat dictionary, so that two versions of it can be told apart by
meaning.

Written without any of the collection's code: it is what that code is judged by.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter

from lxml import etree


def meaning(content: bytes) -> dict[str, str]:
    """Every attribute and every text of a leaf by its path, such as
    Server/Service/Connector[9443]/@proxyPort."""
    root = etree.fromstring(content)
    return dict(_walk(root, _label(root)))


def comments(content: bytes) -> list[str]:
    """The texts of all comments, sorted."""
    return sorted(comment.text for comment in etree.fromstring(content).iter(etree.Comment))


def _walk(element: t.Any, path: str) -> t.Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        yield f"{path}/@{name}", value
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        yield path, element.xpath("string(.)")
    count = Counter(_label(child) for child in children)
    seen: dict[str, int] = {}
    for child in children:
        label = _label(child)
        seen[label] = seen.get(label, 0) + 1
        number = "" if count[label] == 1 else f"#{seen[label]}"
        yield from _walk(child, f"{path}/{label}{number}")


def _label(element: t.Any) -> str:
    """The element's name, with what tells it from its siblings in brackets."""
    name = etree.QName(element).localname
    for xpath in (
        "@name",
        "self::Connector/@port",
        "self::mount/@path",
        "self::remoteInstance/id",
        "self::datasource/jndiConfig/name",
    ):
        found = element.xpath(f"string({xpath})")
        if found:
            return f"{name}[{found}]"
    return name


_STRINGS = r'"(?:[^"\\]|\\.)*"|\'[^\'\\]*\''


def json_meaning(content: bytes) -> dict[str, t.Any]:
    """Every value that is no object by its keys, such as proxy.proxyHost, as JavaScript would read
    it."""

    def without(pattern: str, text: str, change: t.Callable[[str], str]) -> str:
        """Change what the pattern finds outside of strings."""
        finder = re.compile("(" + _STRINGS + ")|" + pattern, re.DOTALL)
        return finder.sub(lambda found: found.group(1) or change(found.group()), text)

    text = without(r"//[^\r\n]*|/\*.*?\*/", content.decode("utf-8-sig"), lambda _comment: "")
    text = without(r"\b[A-Za-z]\w*(?=\s*:)", text, json.dumps)
    text = without(r",(?=\s*[}\]])", text, lambda _comma: "")
    text = re.sub(
        _STRINGS,
        lambda found: found.group() if found.group()[0] == '"' else json.dumps(found.group()[1:-1]),
        text,
    )
    return dict(_flat(json.loads(text), ""))


def _flat(value: t.Any, path: str) -> t.Iterator[tuple[str, t.Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    for key, item in value.items():
        yield from _flat(item, f"{path}.{key}" if path else key)
