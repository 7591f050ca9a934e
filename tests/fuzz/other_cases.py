# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Random JSON, property and text files, random edits of them, and judges that share no code with
the editor."""

from __future__ import annotations

import ast
import codecs
import json
import random
import re
import typing as t

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.json.document import (
    parse_json,
)

from tests.fuzz.engine import PIECES, checked, damaged, edit, on_disk, only_inside, refused, value

UTF_16 = (("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE))
CODECS = (("utf-8", b""), ("utf-8", b""), ("utf-8", codecs.BOM_UTF8), *UTF_16)
KEYS = ("a", "b", "proxy", "proxyHost", "x.y", "", "a b", "\u00e9", "$k", "0")


class JsonDocument:
    """A random value written as the products write it, with the place of every part."""

    def __init__(self, random_: random.Random) -> None:
        self.random = random_
        self.codec, self.bom = random_.choice(CODECS)
        self.newline = random_.choice(("\n", "\r\n"))
        self.parts: list[str] = []
        self.length = 0
        self.places: dict[tuple[t.Any, ...], tuple[int, int]] = {}
        self._blank()
        self.plain = self._value((), 0)
        self._blank()
        self.text = "".join(self.parts)
        self.content = self.bom + self.text.encode(self.codec)

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def _blank(self) -> None:
        blanks = ("", "", "", " ", "  ", "\n", "\n\t", "/* , } */", '// "x": {\n', "/*\n*/")
        self._put(self.random.choice(blanks).replace("\n", self.newline))

    def _string(self, text: str) -> None:
        quote = self.random.choice('""\'')
        body = json.dumps(text, ensure_ascii=self.random.random() < 0.5)[1:-1]
        if quote == "'":
            body = body.replace('\\"', '"').replace("'", "\\'")
        self._put(quote + body.replace("\u2028", "\\u2028") + quote)

    def _value(self, path: tuple[t.Any, ...], depth: int) -> t.Any:
        chosen = self.random
        start = self.length
        kind = 0.0 if depth == 0 else chosen.random()
        plain: t.Any
        if kind < 0.35 and depth < 5:
            plain = {}
            self._put("{")
            keys = chosen.sample(KEYS, chosen.randint(0, 4))
            for number, key in enumerate(keys):
                self._blank()
                if re.fullmatch(r"[a-z$]\w*", key, re.ASCII) and chosen.random() < 0.3:
                    self._put(key)
                else:
                    self._string(key)
                self._blank()
                self._put(":")
                self._blank()
                plain[key] = self._value((*path, key), depth + 1)
                self._blank()
                if number + 1 < len(keys) or chosen.random() < 0.3:
                    self._put(",")
            self._blank()
            self._put("}")
        elif kind < 0.45 and depth < 5:
            plain = []
            self._put("[")
            count = chosen.randint(0, 3)
            for number in range(count):
                self._blank()
                plain.append(self._value((*path, number), depth + 1))
                self._blank()
                if number + 1 < count or chosen.random() < 0.2:
                    self._put(",")
            self._blank()
            self._put("]")
        elif kind < 0.8:
            plain = value(chosen, 3)
            self._string(plain)
        else:
            literal, plain = chosen.choice(
                (
                    ("true", True),
                    ("false", False),
                    ("null", None),
                    ("0", 0),
                    ("-12", -12),
                    ("1.5e3", 1500.0),
                )
            )
            self._put(literal)
        self.places[path] = (start, self.length)
        return plain


def at(plain: t.Any, path: tuple[t.Any, ...]) -> t.Any:
    for step in path:
        plain = plain[step]
    return plain


def literal(text: str) -> t.Any:
    """What a literal of the result means, told by Python's own readers."""
    if text[0] == "'":
        joined = ast.literal_eval(text)
        return joined.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return json.loads(text)


def json_case(random_: random.Random) -> None:
    document = JsonDocument(random_)
    assert parse_json(document.text).meaning() == document.plain
    if random_.random() < 0.15:
        content = damaged(random_, document.content)
        entry = {"key": "a", "value": "1", "if_missing": "create"}
        message = refused(content, [entry], "json")
        if message is None:
            checked(content, [entry], "json")
        elif random_.random() < 0.1:
            on_disk(content, [entry], "json", fails=True)
        return
    new: t.Any = (
        value(random_)
        if random_.random() < 0.7
        else random_.choice((True, False, 0, 1, -7, 10**30))
    )
    places = [path for path in document.places if path and "" not in path]
    scalars = [path for path in places if not isinstance(at(document.plain, path), (dict, list))]
    holders = [
        path
        for path, _place in document.places.items()
        if isinstance(at(document.plain, path), dict) and "" not in path
    ]
    kind = random_.random()
    if kind < 0.6 and scalars:
        path = random_.choice(scalars)
        result = checked(document.content, [{"key": list(path), "value": new}], "json")
        after = result.content[len(document.bom) :].decode(document.codec)
        now = only_inside(document.text, after, document.places[path])
        found = literal(now)
        assert found == new and isinstance(found, bool) == isinstance(new, bool)
        old = at(document.plain, path)
        start, end = document.places[path]
        plainly = (
            isinstance(old, str)
            and isinstance(new, str)
            and re.fullmatch(r"""["'][\w ]*["']""", document.text[start:end], re.ASCII)
        )
        if plainly or (isinstance(old, bool) and not isinstance(new, str)):
            assert (
                checked(result.content, [{"key": list(path), "value": old}], "json").content
                == document.content
            )
    elif kind < 0.9:
        holder = random_.choice(holders)
        key = "fresh" if random_.random() < 0.7 else 'it\'s "new"\n\u00e9'
        deeper = [key] if random_.random() < 0.7 else [key, "inner"]
        result = checked(
            document.content,
            [{"key": [*holder, *deeper], "value": new, "if_missing": "create"}],
            "json",
        )
        assert result.actions == ["created"]
        after = result.content[len(document.bom) :].decode(document.codec)
        only_inside(document.text, after, document.places[holder])
        at(document.plain, holder)[key] = new if len(deeper) == 1 else {"inner": new}
        assert parse_json(after).meaning() == document.plain
    else:
        found = ((path, at(document.plain, path)) for path in scalars)
        edits = [
            {"key": list(path), "value": plain}
            for path, plain in found
            if type(plain) in (str, int, bool)
        ]
        edits.append({"key": ["nobody", "x"], "value": new, "if_missing": "ignore"})
        assert checked(document.content, edits, "json").content == document.content


def load(text: str) -> dict[str, str]:
    """java.util.Properties.load, character by character, as its documentation tells it."""
    found: dict[str, str] = {}
    lines = re.split("\r\n|\r|\n", text)
    number = 0
    while number < len(lines):
        line = lines[number].lstrip(" \t\f")
        number += 1
        if not line or line[0] in "#!":
            continue
        while (len(line) - len(line.rstrip("\\"))) % 2 == 1:
            line = line[:-1]
            if number >= len(lines):
                break
            line += lines[number].lstrip(" \t\f")
            number += 1
        key, position = "", 0
        while position < len(line) and line[position] not in "=: \t\f":
            step = 2 if line[position] == "\\" else 1
            key += line[position : position + step]
            position += step
        rest = line[position:].lstrip(" \t\f")
        if rest[:1] in ("=", ":"):
            rest = rest[1:].lstrip(" \t\f")
        found[characters(key)] = characters(rest)
    return found


def characters(raw: str) -> str:
    out, position = "", 0
    while position < len(raw):
        char = raw[position]
        if char != "\\":
            out += char
            position += 1
        elif raw[position + 1 : position + 2] == "u":
            out += chr(int(raw[position + 2 : position + 6], 16))
            position += 6
        else:
            out += {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(
                raw[position + 1 : position + 2], raw[position + 1 : position + 2]
            )
            position += 2
    return out.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


PROPERTY_LINES = (
    *(
        "# comment",
        "! a=1",
        "#a=1",
        "",
        "   ",
        "a=1",
        "b : 2",
        "c 3",
        "long.key=one,\\\n   two",
        "d=\\u00e9\\t",
        "e\\=f=x",
        "g",
        "h=",
    ),
    *("i=x\\\\", "\tj = \\ y", "k=http://x/?a=b#c", "l:\\\n", "m=\\\\\\\n  n"),
)


def properties_case(random_: random.Random) -> None:
    newline = random_.choice(("\n", "\r\n", "\r"))
    lines = random_.sample(PROPERTY_LINES, random_.randint(0, 8))
    text = newline.join(line.replace("\n", newline) for line in lines) + random_.choice(
        ("", newline)
    )
    content = text.encode("latin-1")
    before = load(text)
    new = value(random_)
    key = random_.choice([*before, "fresh", "with space", "fr\u00e9sh"]) or "fresh"
    if random_.random() < 0.2:
        result = checked(content, [{"key": key, "state": "absent"}], "properties")
        before.pop(key, None)
    else:
        result = checked(content, [{"key": key, "value": new}], "properties")
        before[key] = new
    assert load(result.content.decode("latin-1")) == before
    if not re.search(r"\\[\r\n]", text):
        # Where a line continues another it is no comment, whatever it begins with.
        after = result.content.decode("latin-1")
        assert [line for line in re.split("[\r\n]+", after) if line.lstrip()[:1] in ("#", "!")] == [
            line for line in re.split("[\r\n]+", text) if line.lstrip()[:1] in ("#", "!")
        ]


def text_case(random_: random.Random) -> None:
    newline = random_.choice(("\n", "\r\n"))
    text = "".join(
        random_.choice((*PIECES, "host:1", "<KM>", newline)) for _n in range(random_.randint(0, 30))
    )
    text = text.replace("\r", "").replace("\n", newline)
    content = text.encode("utf-8")
    new = value(random_).replace("\r\n", "\n").replace("\r", "")
    plain = new.replace("\n", newline_of(text))
    if random_.random() < 0.6:
        find = random_.choice(("<KM>", "host:1", "&", "nobody"))
        if find in plain or "\\" in new:
            return
        entry: dict[str, t.Any] = {
            "find": find,
            "replace": new,
            "match": "all",
            "if_missing": "ignore",
        }
        wanted = text.replace(find, plain)
        if plain and find in wanted:
            # The replacement and what stands beside it make what is looked for: not repeatable, and
            # said so.
            assert "not repeatable" in (refused(content, [entry], "text") or "not repeatable")
            return
        if not plain and find in wanted:
            return
    else:
        entry = {"regexp": r"host:\d", "replace": "host:2", "match": "all", "if_missing": "ignore"}
        wanted = re.sub(r"host:\d", "host:2", text)
    result = checked(content, [entry], "text")
    assert result.content.decode("utf-8") == wanted
    raw = damaged(random_, content)
    if refused(raw, [entry], "text") is None:
        edit(raw, [entry], "text")


def newline_of(text: str) -> str:
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
