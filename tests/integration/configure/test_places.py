# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Each place that WSO2's own automation sets held something of another site: afterwards it holds
what the inventory says, or docs/coverage.yml has the reason why it stays."""

from __future__ import annotations

import copy
import re
import typing as t
from collections import Counter
from pathlib import Path

import pytest
import yaml
from lxml import etree

from docs.tools.coverage_docs import variables
from tests.integration.configure import places
from tests.integration.configure.meaning import meaning
from tests.integration.configure.sites import Site
from tests.support.paths import REPOSITORY

WORD = "elsewhere"
LEFT_ALONE = yaml.safe_load((REPOSITORY / "docs" / "coverage.yml").read_text(encoding="utf-8"))[
    "left_alone"
]
SET = {
    "km1": [*places.BOTH, *places.KEY_MANAGER],
    "am1": [*places.BOTH, *places.API_MANAGER],
}


def label(element: t.Any) -> str:
    """As meaning() tells an element from its siblings."""
    name = etree.QName(element).localname
    found = element.xpath(
        "string(@name | self::Connector/@port | self::mount/@path"
        " | self::remoteInstance/*[local-name() = 'id']"
        " | self::datasource/jndiConfig/name)"
    )
    return f"{name}[{found}]" if found else name


def put(root: t.Any, path: str, text: str) -> None:
    """Write the text into the element or attribute of that path, made where it is missing."""
    element = root
    assert label(root) == path.partition("/")[0], path
    # A path in brackets holds slashes of its own.
    for step in re.findall(r"/((?:[^/\[]|\[[^\]]*\])+)", path):
        if step.startswith("@"):
            element.set(step[1:], text)
            return
        children = [child for child in element if isinstance(child.tag, str)]
        found = next((child for child in children if label(child) == step), None)
        if found is None:
            assert "[" not in step, f"the fixture has no {path}"
            space = etree.QName(element).namespace
            found = etree.SubElement(element, f"{{{space}}}{step}" if space else step)
        element = found
    element.text = text


def of_another_site(after: str) -> str:
    """What the place held before: the same for another host, or the plain word."""
    changed = re.sub(r"[a-z]+\.bank\.example(:\d+)?", WORD + ".example", after)
    return changed if changed != after else WORD


def add_datasources(home: Path, file: str, names: list[str]) -> None:
    """A copy of API Manager's datasource for each JNDI name, in that file."""
    root = etree.parse(str(home / places.MASTER)).getroot()
    (block,) = root.xpath("//datasource[jndiConfig/name = 'jdbc/WSO2AM_DB']")
    for name in names:
        further = copy.deepcopy(block)
        further.find("name").text = name.rpartition("/")[2]
        further.find("jndiConfig/name").text = name
        block.getparent().append(further)
    if file != places.MASTER:
        for other in root.xpath("//datasource")[: -len(names)]:
            other.getparent().remove(other)
    (home / file).write_bytes(etree.tostring(root))


def prepare(site: Site, host: str) -> None:
    """Put the word of another site into every place of the list."""
    home = site.homes[host]
    for file, content in places.FURTHER_FILES[host].items():
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).write_text(content, encoding="utf-8")
    shared = ["jdbc/WSO2UM_DB", "jdbc/WSO2Config_DB", "jdbc/WSO2REG_DB"]
    for file, names in places.DATASOURCES_OF_OTHERS[host].items():
        add_datasources(home, file, [*names, *(shared if file == places.MASTER else [])])
    values = [(place.file, place.element, of_another_site(place.after)) for place in SET[host]]
    values += [(file, element, WORD) for file, element in places.STAYS[host]]
    for file in {file for file, _element, _text in values}:
        root = etree.parse(str(home / file)).getroot()
        for _file, element, text in (value for value in values if value[0] == file):
            put(root, element, text)
        (home / file).write_bytes(etree.tostring(root.getroottree(), encoding="utf-8"))
    for file, changes in places.TEXTS[host].items():
        content = (home / file).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in content, (file, old)
            content = content.replace(old, new)
        (home / file).write_text(content, encoding="utf-8")


def resolved(site: Site, after: str) -> str:
    if not after.startswith("%"):
        return after
    name, _colon, database = after[1:].partition(":")
    return site.secrets.database(database) if database else site.secrets(name)


def test_each_place_holds_the_inventory_s_value_or_has_a_reason(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any]
) -> None:
    made = site(source="fixtures")
    for host in SET:
        prepare(made, host)
        assert all(
            WORD in meaning((made.homes[host] / place.file).read_bytes())[place.element]
            for place in SET[host]
        )
    made.commit()
    run = playbook("playbooks/configure.yml", made.inventory, "--limit", "km1,am1")
    assert run.status == 0, run.output
    for host, found in SET.items():
        home = made.homes[host]
        said = {
            file: meaning((home / file).read_bytes()) for file in {place.file for place in found}
        }
        wrong = {
            (place.file, place.element): said[place.file].get(place.element)
            for place in found
            if said[place.file].get(place.element) != resolved(made, place.after)
        }
        assert not wrong, host
        for file, counts in places.TEXTS_AFTER[host].items():
            text = (home / file).read_text(encoding="utf-8")
            assert {word: text.count(word) for word in counts} == counts, file
        for file, element in places.STAYS[host]:
            assert meaning((home / file).read_bytes())[element] == WORD, (file, element)
        # Nothing else of the other site is left, comments aside.
        left = Counter(
            str(path.relative_to(home))
            for path in home.rglob("*")
            if path.is_file()
            for _word in re.findall(
                WORD.encode(), re.sub(rb"<!--.*?-->", b"", path.read_bytes(), flags=re.DOTALL)
            )
        )
        assert left == Counter(file for file, _element in places.STAYS[host])


@pytest.mark.parametrize("host", list(SET))
def test_each_place_has_its_variable_or_its_reason_in_the_documentation(host: str) -> None:
    assert len(SET[host]) > 50 and len(places.STAYS[host]) > 1
    known = variables(REPOSITORY)
    assert {name for place in SET[host] for name in place.variables} <= known
    for place, word in places.STAYS[host].items():
        assert [row for row in LEFT_ALONE if word in row["place"] and row["reason"]], place
