# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Random XML documents with everything the products write, random edits of them, and a judge that
shares no code with the editor."""

from __future__ import annotations

import codecs
import random
import re
import typing as t

from lxml import etree

from tests.fuzz.engine import checked, damaged, edit, on_disk, only_inside, refused, value

URIS = ("urn:one", "urn:two", "http://example.org/three?a=1&b=2")
NAMES = ("a", "b", "Name", "long-name.x", "_u", "\u00e9l")
ENCODINGS = (
    ("utf-8", "utf-8", b""),
    ("UTF-8", "utf-8", codecs.BOM_UTF8),
    ("utf-16", "utf-16-le", codecs.BOM_UTF16_LE),
    ("UTF-16", "utf-16-be", codecs.BOM_UTF16_BE),
    ("ISO-8859-1", "latin-1", b""),
    ("US-ASCII", "ascii", b""),
)
TEXTS = (
    *(
        "x",
        "y z",
        "&amp;",
        "&lt;b&gt;",
        "&#233;",
        "&#x20AC;",
        "\u00e9",
        "\u20ac",
        "\U0001f600",
        ">",
        "]] ",
        "'",
        '"',
        "k=v",
    ),
    *("true", "/p/q"),
)
COMMENTS = (
    "c",
    " <a>old</a> ",
    "a>x</a",
    "\n  <b id='z'/>\n",
    " - ",
    "<",
    "]]>",
    " & &amp; ",
    "\u00e9",
)


class Node:
    """An element as it was written: what it means, and where it stands."""

    def __init__(self, number: int, prefix: str, name: str) -> None:
        self.number = number
        self.prefix = prefix
        self.name = name
        self.parent: Node | None = None
        self.children: list[Node] = []
        self.attributes: dict[str, tuple[str, int, int]] = {}
        self.start = self.open_end = self.close_start = self.end = 0
        self.raw = ""

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


class Document:
    def __init__(self, random_: random.Random, size: int = 0) -> None:
        self.random = random_
        self.size = size
        self.declared, self.codec, self.bom = random_.choice(ENCODINGS)
        self.newline = random_.choice(("\n", "\n", "\r\n"))
        self.step = random_.choice(("  ", "    ", "\t", ""))
        self.nodes: list[Node] = []
        self.options: list[tuple[str, Node]] = []
        self.parts: list[str] = []
        self.length = 0
        self._write()
        self.text = "".join(self.parts)
        self.content = self.bom + self.text.encode(self.codec)

    def _put(self, text: str) -> None:
        text = text.encode(self.codec, "ignore").decode(self.codec)
        self.parts.append(text)
        self.length += len(text)

    def _name(self) -> str:
        name = self.random.choice(NAMES)
        return name if name.isascii() or self.codec != "ascii" else "e"

    def _write(self) -> None:
        chosen = self.random
        if self.codec not in ("utf-8",) or chosen.random() < 0.7:
            quote = chosen.choice("'\"")
            self._put(f"<?xml version={quote}1.0{quote} encoding={quote}{self.declared}{quote}?>")
            self._put(chosen.choice(("", self.newline)))
        if chosen.random() < 0.3:
            self._put(f"<!--{chosen.choice(COMMENTS)}-->{self.newline}")
        # What makes it large stands in front of all that is edited, so that every place is far from
        # the beginning.
        if self.size:
            piece = "".join(f"<!--{comment}-->{self.newline}<?style <x> ?>" for comment in COMMENTS)
            self._put(piece * (self.size // len(piece) + 1))
        if chosen.random() < 0.15:
            self._put(f"<!DOCTYPE a PUBLIC \"-//x//\" 'http://example.org/a>b.dtd'>{self.newline}")
        if chosen.random() < 0.2:
            self._put(f"<?style <x> ?>{self.newline}")
        self._element(0, {}, chosen.choice((1, 2, 3, 3, 4, 40)))
        self._put(chosen.choice(("", self.newline, f"{self.newline}<!-- end -->")))

    def _element(
        self, depth: int, bound: dict[str, str], deepest: int, parent: Node | None = None
    ) -> None:
        chosen = self.random
        bound = dict(bound)
        declarations = []
        if chosen.random() < (0.5 if depth == 0 else 0.08):
            prefix = chosen.choice(("", "p", "q"))
            # A prefix is bound to one name space in the whole document here: two are an error of
            # the editor's own.
            uri = URIS[("", "p", "q").index(prefix)] if prefix else chosen.choice(URIS)
            bound[prefix] = uri
            declarations.append(
                f'xmlns{":" if prefix else ""}{prefix}="{uri.replace("&", "&amp;")}"'
            )
        prefixes = [prefix for prefix in bound if prefix]
        node = Node(len(self.nodes), chosen.choice(["", "", *prefixes]), self._name())
        node.parent = parent
        self.nodes.append(node)
        if parent:
            parent.children.append(node)
        node.start = self.length
        tag = f"{node.prefix}:{node.name}" if node.prefix else node.name
        self._put(f"<{tag}")
        self._attributes(node, declarations)
        kind = chosen.random()
        if kind < 0.12:
            self._put(chosen.choice(("/>", " />", self.newline + "/>")))
            node.open_end = node.close_start = node.end = self.length
            return
        self._put(chosen.choice((">", ">", " >")))
        node.open_end = self.length
        if depth >= deepest or kind < 0.45:
            self._leaf(node)
        else:
            self._container(node, depth, bound, deepest)
        node.close_start = self.length
        self._put(f"</{tag}{chosen.choice(('', '', ' '))}>")
        node.end = self.length
        node.raw = (
            "".join(self.parts)[node.open_end : node.close_start] if not node.children else ""
        )

    def _attributes(self, node: Node, declarations: list[str]) -> None:
        chosen = self.random
        count = chosen.choice((0, 1, 2, 3, 20))
        names = [f"id:n{node.number}", *declarations, *(f"at{number}" for number in range(count))]
        chosen.shuffle(names)
        for name in names:
            self._put(chosen.choice((" ", " ", "  ", self.newline + self.step, "\t")))
            if name.startswith("xmlns"):
                self._put(name)
                continue
            raw = (
                f"n{node.number}"
                if name.startswith("id:")
                else "".join(chosen.choice(TEXTS) for _n in range(chosen.randint(0, 2)))
            )
            name = "id" if name.startswith("id:") else name
            quote = "'" if '"' in raw else '"' if "'" in raw else chosen.choice("'\"")
            raw = (
                "".join(char for char in raw.replace(quote, ""))
                .encode(self.codec, "ignore")
                .decode(self.codec)
            )
            self._put(name + chosen.choice(("=", "=", " = ")) + quote)
            start = self.length
            self._put(raw)
            node.attributes[name] = (raw, start, self.length)
            self._put(quote)

    def _leaf(self, node: Node) -> None:
        chosen = self.random
        for _number in range(chosen.choice((0, 1, 1, 1, 2, 4))):
            kind = chosen.random()
            if kind < 0.65:
                self._put(chosen.choice(TEXTS))
            elif kind < 0.75:
                self._put(self.newline + self.step)
            elif kind < 0.85:
                self._put(
                    f"<![CDATA[{chosen.choice(('', 'x', '<b>&amp;', ']] >', 'a=1' + self.newline + 'b=2'))}]]>"
                )
            elif kind < 0.95:
                self._put(f"<!--{chosen.choice(COMMENTS)}-->")
            else:
                self._put("<?pi <x>?>")

    def _container(self, node: Node, depth: int, bound: dict[str, str], deepest: int) -> None:
        chosen = self.random
        inline = chosen.random() < 0.2
        gap = "" if inline else self.newline + self.step * (depth + 1)
        for _number in range(1 if deepest > 10 else chosen.randint(1, 4)):
            self._put(gap)
            kind = chosen.random()
            if kind < 0.12:
                self._put(f"<!--{chosen.choice(COMMENTS)}-->")
            elif kind < 0.2 and not node.prefix:
                self._option(node)
            elif kind < 0.24:
                self._put("<?pi > ?>")
            elif kind < 0.27:
                self._put("stray")
            else:
                self._element(depth + 1, bound, deepest, node)
            if chosen.random() < 0.05:
                self._put(" <!-- beside -->")
        self._put("" if inline else self.newline + self.step * depth)

    def _option(self, parent: Node) -> None:
        """A setting that stands commented out, in one of the forms of the products."""
        name = f"option{len(self.options)}"
        form = self.random.choice(
            (
                "<!--<{0}>old</{0}>-->",
                "<!-- <{0}>old</{0}> -->",
                "<!--{0}>old</{0}-->",
                "<!--{0}>old</{0} -->",
            )
        )
        self.options.append((name, parent))
        self._put(form.format(name))


def meaning(content: bytes) -> t.Any:
    """The document as plain data, read by lxml alone: names, attributes, children and comments in
    order, text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return _meaning(etree.fromstring(content, parser))


def _meaning(node: t.Any) -> dict[str, t.Any]:
    if not isinstance(node.tag, str):
        return {"tag": "comment" if node.tag is etree.Comment else "instruction", "text": node.text}
    children = [_meaning(child) for child in node]
    text = [node.text or "", *((child.tail or "") for child in node)]
    elements = any(isinstance(child.tag, str) for child in node)
    return {
        "tag": node.tag,
        "attributes": dict(node.attrib),
        "children": children,
        "text": [part.strip() for part in text if part.strip()] if elements else "".join(text),
    }


def find(tree: dict[str, t.Any], number: int) -> dict[str, t.Any]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if node.get("attributes", {}).get("id") == f"n{number}":
            return node
        stack.extend(node.get("children", ()))
    raise AssertionError("the element is gone")


def leaf_text(text: str) -> str:
    """Line breaks of a value as a parser reports them."""
    return text.replace("\r\n", "\n")


def forbidden(text: str) -> bool:
    return re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text) is not None


def case(random_: random.Random, size: int = 0) -> None:
    document = Document(random_, size)
    if random_.random() < 0.12:
        malformed(random_, document)
        return
    before = meaning(document.content)
    node = random_.choice(document.nodes)
    kinds = ["attribute", "new attribute", "no attribute", "nothing", "create", "several"]
    if not node.children:
        kinds += ["text"] * 5 + ["property"]
    if node.parent:
        kinds += ["absent", "commented", "element"]
    if document.options:
        kinds += ["uncomment"] * 3
    EDITS[random_.choice(kinds)](random_, document, node, before)


def xpath(random_: random.Random, node: Node) -> str:
    return random_.choice(
        ("//*[@id='n{0}']", '/descendant-or-self::*[@id = "n{0}"]', "(//*[@id='n{0}'])[1]")
    ).format(node.number)


def text_of(document: Document, content: bytes) -> str:
    assert content.startswith(document.bom)
    return content[len(document.bom) :].decode(document.codec)


def nothing(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    """(a) An edit that finds what it asks for leaves the very bytes."""
    wanted = find(before, node.number)
    edits: list[dict[str, t.Any]] = [
        {"xpath": xpath(random_, node), "attributes": dict(wanted["attributes"])}
    ]
    if not node.children and not any(child["tag"] == "instruction" for child in wanted["children"]):
        edits.append({"xpath": xpath(random_, node), "text": wanted["text"]})
    edits.append({"xpath": "//*[@id='nobody']", "text": "x", "if_missing": "ignore"})
    edits.append({"xpath": "//*[@id='nobody']", "state": "absent"})
    assert checked(document.content, edits, "xml").content == document.content


def text(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    new = value(random_)
    entry = {"xpath": xpath(random_, node), "text": new}
    result = checked(document.content, [entry], "xml")
    span = (node.open_end, node.close_start) if node.close_start != node.end else node.span
    only_inside(document.text, text_of(document, result.content), span)
    find(before, node.number)["text"] = leaf_text(new)
    assert meaning(result.content) == before
    if random_.random() < 0.1:
        on_disk(document.content, [entry], "xml", fails=False)
    # (e) Text without any markup comes back as it was.
    if node.raw and not re.search(r"[&<>\r\n]", node.raw):
        back = checked(result.content, [{"xpath": xpath(random_, node), "text": node.raw}], "xml")
        assert back.content == document.content, "the inverse edit does not give the first bytes"


def attribute(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    name = random_.choice(sorted(name for name in node.attributes if name != "id") or ["at0"])
    if name not in node.attributes:
        new_attribute(random_, document, node, before)
        return
    new = value(random_)
    result = checked(
        document.content, [{"xpath": xpath(random_, node), "attributes": {name: new}}], "xml"
    )
    raw, start, end = node.attributes[name]
    only_inside(document.text, text_of(document, result.content), (start, end))
    find(before, node.number)["attributes"][name] = leaf_text(new)
    assert meaning(result.content) == before
    if not re.search(r"[&<>\r\n\t]", raw):
        back = checked(
            result.content, [{"xpath": xpath(random_, node) + "/@" + name, "text": raw}], "xml"
        )
        assert back.content == document.content, "the inverse edit does not give the first bytes"


def new_attribute(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    new = value(random_)
    result = checked(
        document.content, [{"xpath": xpath(random_, node), "attributes": {"fresh": new}}], "xml"
    )
    last = max(end for _raw, _start, end in node.attributes.values())
    after = text_of(document, result.content)
    assert after[: node.start] == document.text[: node.start] and after.endswith(
        document.text[max(last, node.open_end) :]
    )
    find(before, node.number)["attributes"]["fresh"] = leaf_text(new)
    assert meaning(result.content) == before
    back = checked(
        result.content, [{"xpath": xpath(random_, node), "attributes": {"fresh": None}}], "xml"
    )
    assert back.content == document.content, "the inverse edit does not give the first bytes"


def no_attribute(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    names = [name for name in node.attributes if name != "id"]
    name = random_.choice(names) if names else "absent"
    result = checked(
        document.content, [{"xpath": xpath(random_, node), "attributes": {name: None}}], "xml"
    )
    only_inside(document.text, text_of(document, result.content), (node.start, node.open_end))
    find(before, node.number)["attributes"].pop(name, None)
    assert meaning(result.content) == before


def with_blanks(document: Document, span: tuple[int, int]) -> tuple[int, int]:
    """The span with the blanks and the line end around it, which go with an element that has its
    lines to itself."""
    start, end = span
    while start > 0 and document.text[start - 1] in " \t":
        start -= 1
    while end < len(document.text) and document.text[end] in " \t\r\n":
        end += 1
        if document.text[end - 1] == "\n":
            break
    return start, end


def drop(tree: dict[str, t.Any], number: int) -> tuple[dict[str, t.Any], int]:
    for node in walk(tree):
        for position, child in enumerate(node.get("children", ())):
            if child.get("attributes", {}).get("id") == f"n{number}":
                return node, position
    raise AssertionError("the element has no parent")


def walk(tree: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    found = [tree]
    for node in found:
        found.extend(node.get("children", ()))
    return found


def same_meaning(one: t.Any, other: t.Any) -> bool:
    """Where an element lost or got a child, blank text beside its comments may have become its own
    text."""
    return loose(one) == loose(other)


def loose(tree: dict[str, t.Any]) -> t.Any:
    text = tree.get("text")
    parts = text if isinstance(text, list) else [text or ""]
    return (
        tree["tag"],
        tuple(sorted(tree.get("attributes", {}).items())),
        "".join("".join(parts).split()),
        tuple(loose(child) for child in tree.get("children", ())),
    )


def absent(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    result = checked(document.content, [{"xpath": xpath(random_, node), "state": "absent"}], "xml")
    only_inside(document.text, text_of(document, result.content), with_blanks(document, node.span))
    parent, position = drop(before, node.number)
    del parent["children"][position]
    assert same_meaning(meaning(result.content), before)


def commented(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    markup = document.text[node.start : node.end]
    entry = {"xpath": f"//*[@id='n{node.number}']", "state": "commented", "if_missing": "ignore"}
    if "--" in markup:
        assert "holds a comment or --" in (refused(document.content, [entry], "xml") or "")
        return
    result = edit(document.content, [entry], "xml")
    assert (
        only_inside(document.text, text_of(document, result.content), node.span)
        == f"<!-- {markup} -->"
    )
    parent, position = drop(before, node.number)
    parent["children"][position] = {"tag": "comment", "text": f" {markup} ".replace("\r\n", "\n")}
    assert same_meaning(meaning(result.content), before)


def element(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    """The whole element as data: what differs is written, and nothing else."""
    if node.prefix or node.children:
        return
    wanted = find(before, node.number)
    new = value(random_)
    attributes = dict(wanted["attributes"].items())
    data = {node.name: {**{"@" + key: item for key, item in attributes.items()}, "#text": new}}
    entry = {"xpath": xpath(random_, node), "xml": data}
    if "xmlns=" in document.text[node.start : node.open_end]:
        # Data means the name space of the parent.
        message = refused(document.content, [entry], "xml")
        assert message is None or "of another namespace" in message
        return
    result = checked(document.content, [entry], "xml")
    only_inside(document.text, text_of(document, result.content), node.span)
    wanted["text"] = leaf_text(new)
    assert meaning(result.content) == before


def create(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    wanted = find(before, node.number)
    stray = wanted["text"] if isinstance(wanted["text"], str) else ""
    new = value(random_)
    entry = {
        "xpath": "//fresh",
        "parent": xpath(random_, node),
        "xml": {"fresh": new},
        "if_missing": ["create"],
    }
    uri = wanted["tag"].rpartition("}")[0][1:] if not node.prefix else None
    default = etree.fromstring(document.content).nsmap.get(None)
    if stray.strip() or node.prefix or (uri or None) != default:
        # Refused, or made in another name space than the xpath means: then it is not what the xpath
        # selects.
        refused(document.content, [entry], "xml")
        return
    result = checked(document.content, [entry], "xml")
    after = text_of(document, result.content)
    assert after[: node.start] == document.text[: node.start]
    assert after.endswith(document.text[node.end :])
    wanted["children"].append(
        {
            "tag": f"{{{uri}}}fresh" if uri else "fresh",
            "attributes": {},
            "children": [],
            "text": leaf_text(new),
        }
    )
    found = meaning(result.content)
    place = find(found, node.number)["children"]
    # Behind the last element, and behind a comment that stands beside it: so comments may be behind
    # it, elements not.
    position = next(number for number, child in enumerate(place) if child["tag"].endswith("fresh"))
    assert all(child["tag"] in ("comment", "instruction") for child in place[position + 1 :])
    wanted["children"].insert(position, wanted["children"].pop())
    assert same_meaning(found, before)


def prop(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    wanted = find(before, node.number)
    if wanted["children"] or "=" in wanted["text"]:
        return
    new = value(random_).replace("\n", "").replace("\r", "").strip()
    if forbidden(new) or new != new.strip():
        return
    entry = {"xpath": xpath(random_, node), "properties": {"some.key": new}}
    if "<![CDATA[" in node.raw and "is partly CDATA, so" in (
        refused(document.content, [entry], "xml") or ""
    ):
        return
    result = checked(document.content, [entry], "xml")
    span = (node.open_end, node.close_start) if node.close_start != node.end else node.span
    only_inside(document.text, text_of(document, result.content), span)
    lines = find(meaning(result.content), node.number)["text"].split("\n")
    assert f"some.key={new}" in [line.strip(" \t") for line in lines]


def uncomment(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    name, parent = random_.choice(document.options)
    default = etree.fromstring(document.content).nsmap.get(None)
    tag = find(before, parent.number)["tag"]
    if (tag.rpartition("}")[0][1:] or None) != default:
        return
    new = value(random_)
    entry = {"xpath": f"//{name}", "text": new, "if_missing": ["uncomment"]}
    result = checked(document.content, [entry], "xml")
    after = text_of(document, result.content)
    assert after[: parent.open_end] == document.text[: parent.open_end] and after.endswith(
        document.text[parent.close_start :]
    )
    children = find(before, parent.number)["children"]
    position = next(
        n
        for n, child in enumerate(children)
        if child["tag"] == "comment" and f"{name}>" in child["text"]
    )
    children[position] = {
        "tag": f"{{{default}}}{name}" if default else name,
        "attributes": {},
        "children": [],
        "text": leaf_text(new),
    }
    assert same_meaning(meaning(result.content), before)


def several(random_: random.Random, document: Document, node: Node, before: t.Any) -> None:
    """Many edits of one document at once mean the same as one after the other."""
    edits: list[dict[str, t.Any]] = []
    for chosen in random_.sample(document.nodes, min(len(document.nodes), random_.randint(2, 6))):
        wanted = find(before, chosen.number)
        new = value(random_)
        if random_.random() < 0.5 and not chosen.children:
            edits.append({"xpath": xpath(random_, chosen), "text": new})
            wanted["text"] = leaf_text(new)
        else:
            edits.append(
                {"xpath": xpath(random_, chosen), "attributes": {"at0": new, "fresh": "1"}}
            )
            wanted["attributes"].update(at0=leaf_text(new), fresh="1")
    result = checked(document.content, edits, "xml")
    assert meaning(result.content) == before
    content = document.content
    for entry in edits:
        content = edit(content, [entry], "xml").content
    assert content == result.content


EDITS = {
    "attribute": attribute,
    "new attribute": new_attribute,
    "no attribute": no_attribute,
    "nothing": nothing,
    "create": create,
    "several": several,
    "text": text,
    "property": prop,
    "absent": absent,
    "commented": commented,
    "element": element,
    "uncomment": uncomment,
}


def malformed(random_: random.Random, document: Document) -> None:
    """(f) What no parser reads is one sentence; what one still reads is edited rightly or refused
    in one sentence."""
    content = damaged(random_, document.content)
    node = random_.choice(document.nodes)
    entry = {"xpath": f"//*[@id='n{node.number}']", "attributes": {"fresh": "1"}, "match": "first"}
    message = refused(content, [entry], "xml")
    try:
        before = meaning(content)
    except (etree.XMLSyntaxError, ValueError) as error:
        # Java knows more names of encodings than libxml2, so the editor takes those that Python
        # knows.
        assert message is not None or "encoding" in str(error), (
            "the editor accepts what lxml does not"
        )
        if message is None:
            return
        before = None
    if message is None:
        result = checked(content, [entry], "xml")
        for place in walk(before):
            if place.get("attributes", {}).get("id") == f"n{node.number}":
                break
        after = meaning(result.content)
        changed = [
            (one, two)
            for one, two in zip(walk(before), walk(after))
            if one.get("attributes") != two.get("attributes")
        ]
        assert len(changed) <= 1
    elif random_.random() < 0.2:
        on_disk(content, [entry], "xml", fails=True)
