# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of random documents, judged by the same edits on a plain lxml tree: an implementation that
shares no code with the editor."""

from __future__ import annotations

import os
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from lxml import etree

NAMES = ("Server", "Ports", "Offset", "Property", "member", "a")
ENCODINGS = ("utf-8", "ISO-8859-1", "utf-16", "none", "bom")
VALUES = st.text(alphabet="ab 1<>&\"'é’\n\t]%", max_size=6).filter(lambda text: "%{" not in text)
SAFE_VALUES = st.text(alphabet="ab 1<>&\"'é\n]", max_size=6)


def _attribute_markup(value: str, quote: str) -> str:
    value = (
        value.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("\n", "&#10;")
        .replace("\t", "&#9;")
    )
    return quote + value.replace(quote, "&#34;" if quote == '"' else "&#39;") + quote


@st.composite
def elements(draw: t.Any, depth: int = 0, indent: str = "") -> str:
    """Markup in the styles of the products: one-line pairs, start tags over several lines,
    comments, CDATA, blanks of all kinds."""
    name = draw(st.sampled_from(NAMES))
    markup = name
    for key in draw(st.lists(st.sampled_from(("name", "enable", "port")), unique=True, max_size=3)):
        blank = draw(st.sampled_from((" ", "  ", "\n" + indent + "      ", "\t")))
        markup += (
            blank
            + key
            + draw(st.sampled_from(("=", " = ")))
            + _attribute_markup(draw(SAFE_VALUES), draw(st.sampled_from("\"'")))
        )
    kind = draw(
        st.sampled_from(
            (
                "empty",
                "pair",
                "text",
                "cdata",
                "commented text",
                "children",
                "children",
                "children",
                "inline",
            )
        )
    )
    if depth > 2 and kind in ("children", "inline"):
        kind = "text"
    if kind == "empty":
        return f"<{markup}{draw(st.sampled_from(('', ' ')))}/>"
    text = draw(SAFE_VALUES).replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "")
    if kind == "pair":
        return f"<{markup}></{name}>"
    if kind == "text":
        return f"<{markup}>{text}</{name}>"
    if kind == "cdata":
        return f"<{markup}><![CDATA[{draw(SAFE_VALUES).replace(']]>', '')}]]></{name}>"
    if kind == "commented text":
        return f"<{markup}>{text}<!-- why -->{draw(st.sampled_from(('', 'b', ' ')))}</{name}>"
    step = draw(st.sampled_from(("  ", "\t", "    ")))
    newline = "" if kind == "inline" else "\n" + indent + step
    children = draw(
        st.lists(st.one_of(elements(depth=depth + 1, indent=indent + step), comments()), max_size=4)
    )
    closing = "" if kind == "inline" else draw(st.sampled_from(("\n" + indent, "")))
    return f"<{markup}>{''.join(newline + child for child in children)}{closing}</{name}>"


@st.composite
def comments(draw: t.Any) -> str:
    return str(
        draw(
            st.sampled_from(
                (
                    "<!-- prose -->",
                    "<!--Offset>1</Offset-->",
                    "<!-- <Offset>2</Offset> -->",
                    "<!--\n <a/>\n <member/>\n-->",
                    "<?pi x?>",
                )
            )
        )
    )


@st.composite
def documents(draw: t.Any) -> bytes:
    namespace = draw(st.sampled_from(("", ' xmlns="http://example.org/carbon.xml"')))
    body = draw(elements())
    end = next(position for position, char in enumerate(body) if char in " />\n\t")
    body = body[:end] + namespace + body[end:]
    encoding = draw(st.sampled_from(ENCODINGS))
    quote = draw(st.sampled_from("\"'"))
    codec = "utf-8" if encoding in ("none", "bom") else encoding
    declaration = (
        ""
        if encoding in ("none", "bom")
        else f"<?xml version={quote}1.0{quote} encoding={quote}{encoding}{quote}?>\n"
    )
    text = (
        declaration
        + draw(st.sampled_from(("", "<!-- licence -->\n")))
        + body
        + draw(st.sampled_from(("", "\n", "\n\n")))
    )
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (b"\xef\xbb\xbf" if encoding == "bom" else b"") + text.encode(codec)


def _tree(raw: bytes) -> t.Any:
    return etree.fromstring(raw, etree.XMLParser(resolve_entities=False, strip_cdata=False))


def _text(node: t.Any) -> str:
    return (node.text or "") + "".join(child.tail or "" for child in node)


def _children(node: t.Any) -> list[t.Any]:
    return [child for child in node if isinstance(child.tag, str)]


def _meaning(node: t.Any) -> t.Any:
    """Names, attributes, exact leaf text, order of children; blank text beside children does not
    count."""
    children = _children(node)
    text = _text(node)
    return (
        node.tag,
        sorted(node.attrib.items()),
        text.strip() if children else text,
        [_meaning(child) for child in children],
    )


def _path(node: t.Any) -> str:
    """A path by position that the editor must understand with the document's own default
    namespace."""
    steps = []
    while node is not None:
        parent = node.getparent()
        name = etree.QName(node).localname
        position = (
            1
            if parent is None
            else [child for child in _children(parent) if child.tag == node.tag].index(node) + 1
        )
        steps.append(f"{name}[{position}]")
        node = parent
    return "/" + "/".join(reversed(steps))


def _apply(raw: bytes, edits: list[dict[str, t.Any]]) -> tuple[bytes, t.Any, bool]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.xml"
        path.write_bytes(raw)
        before = path.stat()
        result = patch_files([{"path": str(path), "edits": edits}])
        after = path.read_bytes()
        if not result.changed:
            assert (after, path.stat().st_mtime_ns, path.stat().st_ino) == (
                raw,
                before.st_mtime_ns,
                before.st_ino,
            )
        again = patch_files([{"path": str(path), "edits": edits}])
        assert not again.changed
        assert [
            edit["action"] for edit in again.edits if edit["action"] not in ("unchanged", "ignored")
        ] == []
        for first, second in zip(result.edits, again.edits):
            assert second["line"] is None or first["line"] == second["line"]
        assert sorted(entry.name for entry in Path(folder).iterdir()) == ["file.xml"]
        return after, result, result.changed


def _kept(raw: bytes, after: bytes) -> None:
    """Byte order mark, declaration and the bytes at the end are as before."""
    assert after[:2] == raw[:2]
    assert after.partition(b"?>")[0][:60] == raw.partition(b"?>")[0][:60] or not raw.startswith(
        b"<?xml"
    )
    assert after[-1:] == raw[-1:]
    if b"\r\n" in raw:
        assert after.count(b"\r\n") == after.count(b"\n") or b"\x00" in raw
    else:
        assert b"\r\n" not in after


COMMON = settings(
    max_examples=int(os.environ.get("CARBON_OPS_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@COMMON
@given(documents(), st.data())
def test_text(raw: bytes, data: t.Any) -> None:
    root = _tree(raw)
    leaves = [node for node in root.iter(etree.Element) if not _children(node)]
    assume(leaves)
    chosen = data.draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=3, unique=True))
    edits = []
    for node in chosen:
        value = data.draw(VALUES)
        edits.append({"xpath": _path(node), "text": value})
        for child in node:
            child.tail = None
        node.text = value
    after, _result, _changed = _apply(raw, edits)
    assert _meaning(_tree(after)) == _meaning(root)
    assert [node.text for node in _tree(after).iter(etree.Comment)] == [
        node.text for node in root.iter(etree.Comment)
    ]
    _kept(raw, after)


@COMMON
@given(documents(), st.data())
def test_attributes(raw: bytes, data: t.Any) -> None:
    root = _tree(raw)
    edits = []
    for node in data.draw(
        st.lists(
            st.sampled_from(list(root.iter(etree.Element))), min_size=1, max_size=3, unique=True
        )
    ):
        values = data.draw(
            st.dictionaries(
                st.sampled_from(("name", "enable", "port", "new")),
                st.one_of(st.none(), VALUES),
                min_size=1,
            )
        )
        edits.append({"xpath": _path(node), "attributes": values})
        for name, value in values.items():
            if value is None:
                node.attrib.pop(name, None)
            else:
                node.set(name, value)
    after, _result, _changed = _apply(raw, edits)
    assert _meaning(_tree(after)) == _meaning(root)
    _kept(raw, after)


@COMMON
@given(documents(), st.data())
def test_removal(raw: bytes, data: t.Any) -> None:
    root = _tree(raw)
    name = data.draw(st.sampled_from(NAMES))
    assume(etree.QName(root).localname != name)
    edits = [{"xpath": f"//{name}", "match": "all", "state": "absent"}]
    for node in [node for node in root.iter(etree.Element) if etree.QName(node).localname == name]:
        parent = node.getparent()
        if parent is not None:
            previous, tail = node.getprevious(), node.tail or ""
            if previous is None:
                parent.text = (parent.text or "") + tail
            else:
                previous.tail = (previous.tail or "") + tail
            parent.remove(node)
    after, _result, _changed = _apply(raw, edits)
    assert _without_blank_leaves(_meaning(_tree(after))) == _without_blank_leaves(_meaning(root))


def _without_blank_leaves(meaning: t.Any) -> t.Any:
    tag, attributes, text, children = meaning
    return (tag, attributes, text.strip(), [_without_blank_leaves(child) for child in children])


@st.composite
def data_elements(draw: t.Any, depth: int = 0) -> dict[str, t.Any]:
    name = draw(st.sampled_from(NAMES))
    attributes = {
        f"@{key}": draw(VALUES)
        for key in draw(st.lists(st.sampled_from(("name", "port")), unique=True, max_size=2))
    }
    if depth < 2 and draw(st.booleans()):
        return {
            name: [
                attributes,
                *draw(st.lists(data_elements(depth=depth + 1), min_size=1, max_size=4)),
            ]
        }
    return {name: {**attributes, "#text": draw(VALUES)}}


def _built(parent: t.Any, data: dict[str, t.Any], namespace: str) -> t.Any:
    ((name, content),) = data.items()
    node = etree.SubElement(parent, namespace + name)
    for part in content if isinstance(content, list) else [content]:
        for key, value in part.items():
            if key.startswith("@"):
                node.set(key[1:], value)
            elif key == "#text":
                node.text = value
            else:
                _built(node, {key: value}, namespace)
    return node


@COMMON
@given(documents(), data_elements(), data_elements(), st.data())
def test_whole_elements(
    raw: bytes, first: dict[str, t.Any], second: dict[str, t.Any], data: t.Any
) -> None:
    """An element is created, then the same place is made to mean something else."""
    root = _tree(raw)
    parents = [
        node for node in root.iter(etree.Element) if _children(node) or not _text(node).strip()
    ]
    assume(parents)
    parent = data.draw(st.sampled_from(parents))
    name = next(iter(first))
    second = {name: next(iter(second.values()))}
    marked = {name: [{"@id": "made"}, *(part for part in _parts(first[name]))]}
    changed = {name: [{"@id": "made"}, *(part for part in _parts(second[name]))]}
    path = f"{_path(parent)}/{name}[@id='made']"
    namespace = "{%s}" % root.nsmap[None] if None in root.nsmap else ""
    node = _built(parent, marked, namespace)
    after, result, _changed = _apply(raw, [{"xpath": path, "xml": marked, "if_missing": "create"}])
    assert result.edits[0]["action"] == "created"
    assert _without_stray(_meaning(_tree(after))) == _without_stray(_meaning(root))
    node.getparent().remove(node)
    _built(parent, changed, namespace)
    final, _result, _changed = _apply(after, [{"xpath": path, "xml": changed}])
    assert _without_stray(_meaning(_tree(final))) == _without_stray(_meaning(root))
    _kept(raw, final)


def _parts(content: t.Any) -> list[t.Any]:
    return content if isinstance(content, list) else [content]


def _without_stray(meaning: t.Any) -> t.Any:
    tag, attributes, text, children = meaning
    return (
        tag,
        attributes,
        text.strip() if children else text,
        [_without_stray(child) for child in children],
    )


@COMMON
@given(documents(), st.data())
def test_commenting_out_and_back(raw: bytes, data: t.Any) -> None:
    """What is commented out and switched on again means the same as before."""
    root = _tree(raw)
    nodes = [node for node in root.iter(etree.Element) if node.getparent() is not None]
    assume(nodes)
    node = data.draw(st.sampled_from(nodes))
    node.set("id", "chosen")
    marked, _result, _changed = _apply(
        raw, [{"xpath": _path(node), "attributes": {"id": "chosen"}}]
    )
    selector = "//*[@id='chosen']"
    try:
        commented, result, changed = _apply(marked, [{"xpath": selector, "state": "commented"}])
    except OperatorError as error:
        assert "cannot be commented out" in str(error) and b"-" in marked
        return
    assert changed and result.edits[0]["action"] == "commented"
    assert not _tree(commented).xpath(selector)
    back, result, changed = _apply(
        commented, [{"xpath": selector, "state": "present", "if_missing": "uncomment"}]
    )
    assert changed and result.edits[0]["action"] == "uncommented"
    assert _meaning(_tree(back)) == _meaning(root)


@st.composite
def random_edits(draw: t.Any) -> dict[str, t.Any]:
    name = draw(st.sampled_from(NAMES))
    xpath = draw(
        st.sampled_from(
            (
                f"//{name}",
                f"/*/{name}",
                f"/*/*/{name}",
                f"//{name}[@name]",
                f"/*/{name}[@port='7']",
                f"/*/*[1]/{name}[@name='n']",
            )
        )
    )
    edit: dict[str, t.Any] = {
        "xpath": xpath,
        "match": draw(st.sampled_from(("first", "all", "one"))),
    }
    edit["if_missing"] = draw(
        st.lists(st.sampled_from(("uncomment", "create", "ignore")), min_size=1, unique=True)
    )
    kind = draw(
        st.sampled_from(
            (
                "text",
                "attributes",
                "both",
                "xml",
                "xml",
                "absent",
                "commented",
                "present",
                "properties",
            )
        )
    )
    if kind in ("text", "both"):
        edit["text"] = draw(VALUES)
    if kind in ("attributes", "both"):
        edit["attributes"] = draw(
            st.dictionaries(
                st.sampled_from(("name", "port", "new")), st.one_of(st.none(), VALUES), min_size=1
            )
        )
    if kind == "xml":
        edit["xml"] = {name: _parts(next(iter(draw(data_elements()).values())))}
    if kind == "properties":
        edit["properties"] = draw(
            st.dictionaries(
                st.sampled_from(("x", "y.z")),
                st.one_of(st.none(), st.sampled_from(("1", "a&b"))),
                min_size=1,
            )
        )
    if kind in ("absent", "commented", "present"):
        edit["state"] = kind
    return edit


@COMMON
@given(documents(), st.lists(random_edits(), min_size=1, max_size=4))
def test_many_edits_in_one_call(raw: bytes, edits: list[dict[str, t.Any]]) -> None:
    """Whatever comes together: the call is repeatable, or refused with a sentence about the edits;
    never an internal error."""
    try:
        after, _result, _changed = _apply(raw, edits)
    except OperatorError as error:
        event("refused")
        assert "internal error" not in str(error)
        return
    event("changed" if after != raw else "unchanged")
    _tree(after)
    _kept(raw, after)
