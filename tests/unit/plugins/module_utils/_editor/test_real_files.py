# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The real product files: every setting of the table is reached, at its line and in its state, and
edits change the intended lines only."""

from __future__ import annotations

import difflib
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    PatchResult,
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from lxml import etree

from tests.support.paths import SHARED

pytestmark = pytest.mark.shared

from tests.benchmark.real_edits import benchmark_edits

PRODUCTS = {
    "O": "ob-km-1.5-uk",
    "I": "is-km-5.7.0",
    "A": "ob-apim-1.5-uk",
    "K": "carbon-kernel-4.4.35",
}
STATE = re.compile(
    r"(active|commented plain|commented swallowed|absent \(attribute\)|absent|no file)\b(.*)"
)


def _settings() -> t.Iterator[tuple[str, str, str, str, str]]:
    """File, XPath, product, state and line of every row that is XML and whose file is there."""
    if not (SHARED / "SETTINGS.md").is_file():
        return
    for row in (SHARED / "SETTINGS.md").read_text().splitlines():
        cells = [cell.strip() for cell in row.split("|")[1:-1]]
        if len(cells) != 7 or not cells[3].startswith("`/"):
            continue
        name, xpath = cells[2].strip("`").replace("…/", "repository/conf/"), cells[3].strip("`")
        for part in cells[4].split(";"):
            state = STATE.match(part.strip())
            if not state or state.group(1) == "no file":
                continue
            for product, line in re.findall(r"([OIAK])((?:\d+)?)", state.group(2).split(" = ")[0]):
                yield name, xpath, product, state.group(1), line


SETTINGS = list(_settings())


class Copy:
    """A copy of one real file, and what edits changed in it."""

    def __init__(self, folder: Path, original: Path) -> None:
        self.raw = original.read_bytes()
        self.path = folder / "file.xml"
        self.path.write_bytes(self.raw)

    def patch(self, *edits: dict[str, t.Any]) -> PatchResult:
        return patch_files([{"path": str(self.path), "edits": list(edits)}])

    @property
    def changed_lines(self) -> tuple[int, int]:
        diff = list(
            difflib.diff_bytes(
                difflib.unified_diff,
                self.raw.split(b"\n"),
                self.path.read_bytes().split(b"\n"),
                n=0,
            )
        )[2:]
        return sum(line.startswith(b"+") for line in diff), sum(
            line.startswith(b"-") for line in diff
        )


def _meaning(node: t.Any) -> t.Any:
    children = [child for child in node if isinstance(child.tag, str)]
    text = (node.text or "") + "".join(child.tail or "" for child in node)
    return (
        node.tag,
        sorted(node.attrib.items()),
        text.strip() if children else text,
        [_meaning(child) for child in children],
    )


def _without_namespaces(raw: bytes) -> t.Any:
    root = etree.fromstring(raw)
    for node in root.iter(etree.Element):
        node.tag = etree.QName(node).localname
    return root


def test_the_table_is_read(shared: Path) -> None:
    assert len(SETTINGS) > 500


@pytest.mark.parametrize(("name", "xpath", "product", "state", "line"), SETTINGS)
def test_setting(
    tmp_path: Path, name: str, xpath: str, product: str, state: str, line: str
) -> None:
    original = SHARED / "real" / PRODUCTS[product] / name
    if not original.is_file():
        pytest.skip("the product has no such file among the real ones")
    copy = Copy(tmp_path, original)
    owner, _slash, attribute = xpath.partition("/@")
    if state == "active":
        _check_active(copy, owner, attribute, int(line))
    elif state.startswith("absent"):
        with pytest.raises(OperatorError, match="selects nothing"):
            copy.patch(
                {"xpath": f"{owner}[@{attribute}]" if attribute else owner, "state": "present"}
            )
    else:
        _check_commented(copy, owner, int(line))


def _check_active(copy: Copy, owner: str, attribute: str, line: int) -> None:
    result = copy.patch({"xpath": owner, "state": "present", "match": "all"})
    assert (result.edits[0]["line"], result.changed) == (line, False)
    tree = _without_namespaces(copy.raw)
    places = tree.xpath(owner)
    texts = ["".join(node.itertext()) for node in places]
    if attribute:
        result = copy.patch(
            {"xpath": owner, "match": "all", "attributes": {attribute: "tried&<tried>"}}
        )
        for node in places:
            node.set(attribute, "tried&<tried>")
    else:
        leaves = [node for node in places if not len(node)]
        if len(leaves) != len(places):
            return
        result = copy.patch({"xpath": owner, "match": "all", "text": "tried&<tried>"})
        for node in leaves:
            node.text = "tried&<tried>"
    assert result.edits[0]["count"] == len(places)
    assert _meaning(_without_namespaces(copy.path.read_bytes())) == _meaning(tree)
    added, removed = copy.changed_lines
    assert 1 <= removed <= added + max(text.count("\n") for text in texts)
    assert added <= 2 * len(places)


def _check_commented(copy: Copy, owner: str, line: int) -> None:
    """Switched on where it is the top of what is commented; else the error says at which line it
    stands, and inside what."""
    try:
        result = copy.patch({"xpath": owner, "state": "present", "if_missing": "uncomment"})
    except OperatorError as error:
        assert f"It is commented out at line {line}, inside " in str(error)
        assert copy.path.read_bytes() == copy.raw
        return
    assert result.edits[0]["action"] == "uncommented"
    assert line - 1 <= result.edits[0]["line"] <= line
    assert max(copy.changed_lines) <= 2
    assert not copy.patch({"xpath": owner, "state": "present"}).changed


# Added and removed lines that the 62 edits ask for, counted by hand in the files.
INTENDED = {
    "api-manager.xml": (7, 7),
    "axis2/axis2.xml": (13, 13),
    "carbon.xml": (4, 4),
    "datasources/master-datasources.xml": (64, 4),
    "identity/application-authentication.xml": (3, 3),
    "identity/identity.xml": (24, 24),
    "registry.xml": (30, 0),
    "tomcat/catalina-server.xml": (4, 2),
    "user-mgt.xml": (1, 1),
}


def test_the_edits_of_the_benchmark_change_the_intended_lines(tmp_path: Path, shared: Path) -> None:
    subprocess.run([str(shared / "benchmark" / "prepare"), str(tmp_path)], check=True)
    entries = yaml.safe_load((shared / "benchmark" / "edits.yml").read_text())["km_files"]
    files = [
        {"path": str(tmp_path / entry["file"]), "edits": list(benchmark_edits(entry))}
        for entry in entries
    ]
    before = {entry["file"]: (tmp_path / entry["file"]).read_bytes() for entry in entries}
    for path in tmp_path.rglob("*.xml"):
        path.chmod(0o644)
    result = patch_files(files)
    assert len(result.edits) == 62
    assert {edit["action"] for edit in result.edits} == {"changed", "created", "uncommented"}
    changed = {}
    for name, raw in before.items():
        diff = list(
            difflib.diff_bytes(
                difflib.unified_diff,
                raw.split(b"\n"),
                (tmp_path / name).read_bytes().split(b"\n"),
                n=0,
            )
        )[2:]
        changed[name] = (
            sum(line.startswith(b"+") for line in diff),
            sum(line.startswith(b"-") for line in diff),
        )
        assert (tmp_path / name).read_bytes()[-2:] == raw[-2:]
        assert (tmp_path / name).read_bytes()[:60] == raw[:60]
    assert changed == INTENDED
    assert b"\n" not in (tmp_path / "axis2/axis2.xml").read_bytes().replace(b"\r\n", b"")
    assert not patch_files(files).changed
