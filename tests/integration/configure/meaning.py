# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What an XML file says, as a flat dictionary, so that two versions of it can be told apart by meaning.

Written without any of the collection's code: it is what that code is judged by.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Iterator, List, Tuple

from lxml import etree


def meaning(content: bytes) -> Dict[str, str]:
    """Every attribute and every text of a leaf by its path, such as Server/Service/Connector[9443]/@proxyPort."""
    root = etree.fromstring(content)
    return dict(_walk(root, _label(root)))


def comments(content: bytes) -> List[str]:
    """The texts of all comments, sorted."""
    return sorted(comment.text for comment in etree.fromstring(content).iter(etree.Comment))


def _walk(element: Any, path: str) -> Iterator[Tuple[str, str]]:
    for name, value in element.attrib.items():
        yield "{0}/@{1}".format(path, name), value
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        yield path, element.xpath("string(.)")
    count = Counter(_label(child) for child in children)
    seen: Dict[str, int] = {}
    for child in children:
        label = _label(child)
        seen[label] = seen.get(label, 0) + 1
        number = "" if count[label] == 1 else "#{0}".format(seen[label])
        yield from _walk(child, "{0}/{1}{2}".format(path, label, number))


def _label(element: Any) -> str:
    """The element's name, with what tells it from its siblings in brackets."""
    name = etree.QName(element).localname
    for xpath in ("@name", "self::Connector/@port", "self::mount/@path", "self::remoteInstance/id", "self::datasource/jndiConfig/name"):
        found = element.xpath("string({0})".format(xpath))
        if found:
            return "{0}[{1}]".format(name, found)
    return name
