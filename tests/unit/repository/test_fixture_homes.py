# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The small homes hold every setting of the documents in the state in which the products ship it,
so that tests on them mean something."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from lxml import etree

from tests.support.homes import make_home

PRODUCTS = {"O": "ob_km", "A": "ob_apim"}
STATE = re.compile(r"(active|commented plain|commented swallowed|absent)(?: \(attribute\))? (.*)")
STEP = re.compile(r"/(?![^\[]*\])")


def settings(table: Path) -> list[tuple[str, str, str, str, str | None]]:
    """Product letter, file, XPath, state, and value where it is known in full, of each row."""
    found = []
    for line in table.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if len(cells) < 5 or not cells[3].startswith("`/"):
            continue
        file, xpath = cells[2].strip("`").replace("…/", "repository/conf/"), cells[3].strip("`")
        for part in cells[4].split("; "):
            match = STATE.match(part)
            if not match:
                continue
            letters, _equals, value = match.group(2).partition(" = ")
            for letter in re.findall(r"\b([OA])(?=\d|\b)", letters):
                found.append((letter, file, xpath, match.group(1), value.strip("`") or None))
    return found


def select(node: t.Any, xpath: str, namespace: str | None) -> list[t.Any]:
    """The selected values, where a name without a prefix means the document's own namespace."""
    if namespace is None:
        return list(node.xpath(xpath))
    parts = re.split(r"('[^']*')", xpath)
    prefixed = [
        (
            part
            if part.startswith("'")
            else re.sub(r"(?<![@\w:.-])([A-Za-z_][\w.-]*)(?![\w(:-])", r"d:\1", part)
        )
        for part in parts
    ]
    return list(node.xpath("".join(prefixed), namespaces={"d": namespace}))


def state_of(root: t.Any, xpath: str) -> tuple[str, str | None]:
    """Whether the setting stands active or commented out, in which form, and its value."""
    namespace = root.nsmap.get(None)
    found = select(root, xpath, namespace)
    if found:
        return "active", text(found[0])
    steps = [step for step in STEP.split(xpath) if step]
    for comment in root.iter(etree.Comment):
        around = [etree.QName(element).localname for element in comment.iterancestors()][::-1]
        for kind, inside in (
            ("commented swallowed", f"<{comment.text.strip()}>"),
            ("commented plain", comment.text),
        ):
            try:
                fragment = etree.fromstring(f"<x xmlns='{namespace or ''}'>{inside}</x>")
            except etree.XMLSyntaxError:
                continue
            for depth in range(1, len(steps) + xpath.startswith("//")):
                found = select(fragment, "/".join(steps[-depth:]), namespace)
                # What a comment holds is the setting only where the comment stands at the setting's
                # place.
                if found and (
                    xpath.startswith("//")
                    or around == [step.partition("[")[0] for step in steps[:-depth]]
                ):
                    return kind, text(found[0])
    return "absent", None


def text(selected: t.Any) -> str:
    return selected if isinstance(selected, str) else (selected.text or "").strip()


@pytest.mark.shared
@pytest.mark.parametrize("letter", PRODUCTS)
def test_every_setting_stands_as_the_product_ships_it(
    shared: Path, tmp_path: Path, letter: str
) -> None:
    home = make_home(PRODUCTS[letter], tmp_path)
    rows = [row[1:] for row in settings(shared / "SETTINGS.md") if row[0] == letter]
    assert len(rows) > 90
    wrong = []
    for file, xpath, state, value in rows:
        found = state_of(etree.parse(str(home / file)).getroot(), xpath)
        if found[0] != state:
            wrong.append((file, xpath, state, found[0]))
        # The host names of the vendor's compose files are not those of the demonstration.
        if (
            value
            and "…" not in value
            and not re.search(r"obkm:|obam:|\(empty\)", value)
            and found[1] != value
        ):
            wrong.append((file, xpath, value, found[1]))
    assert wrong == []


def test_the_bytes_are_as_odd_as_the_products(tmp_path: Path) -> None:
    home = make_home("ob_km", tmp_path) / "repository/conf"
    axis2 = (home / "axis2/axis2.xml").read_bytes()
    assert axis2.count(b"\n") == axis2.count(b"\r\n") > 100
    assert not axis2.endswith(b"\n")
    assert not axis2.startswith(b"<?xml")
    assert "café".encode("iso-8859-1") in (home / "carbon.xml").read_bytes()
    assert (home / "tomcat/catalina-server.xml").read_bytes().startswith(b"<?xml version='1.0'")
    assert not (home / "user-mgt.xml").read_bytes().startswith(b"<?xml")
