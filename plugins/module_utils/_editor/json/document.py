# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""JSON as the products' web applications read it, which is an expression of JavaScript: comments,
trailing commas, any quotes.

The document becomes a tree of values, each with its exact place in the text.
"""

from __future__ import annotations

import re
import typing as t

from ..._errors import OperatorError
from ..decoded import BYTE_ORDER_MARKS, Decoded
from ..lines import line_of

OBJECT, ARRAY, STRING, NUMBER, WORD = "an object", "an array", "a string", "a number", "a word"

_DEEPEST = 200
# A string is unrolled, so that one without an end cannot make it slow.
_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\r\n\u2028\u2029]*|/\*.*?\*/)"""
    r"""|(?P<string>"[^"\\\r\n]*(?:\\(?:\r\n|.)[^"\\\r\n]*)*"|'[^'\\\r\n]*(?:\\(?:\r\n|.)[^'\\\r\n]*)*')"""
    r"""|(?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?![\w$.]))"""
    r"""|(?P<word>[A-Za-z_$][\w$]*)"""
    r"""|(?P<mark>[{}\[\]:,])""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|\r\n|.)", re.DOTALL)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_LINE_ENDS = ("\r\n", "\n", "\r", "\u2028", "\u2029")
_WRITTEN = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
WORDS: dict[str, t.Any] = {"true": True, "false": False, "null": None}


def decode_json(raw: bytes) -> Decoded:
    """By the byte order mark, else UTF-8 where the bytes are that, else one character for each
    byte."""
    for bom, codec in BYTE_ORDER_MARKS:
        if raw.startswith(bom):
            try:
                return Decoded(raw[len(bom) :].decode(codec), codec, bom)
            except UnicodeDecodeError:
                raise OperatorError(
                    f"the bytes of the file are not valid {codec}, which its byte order mark says."
                ) from None
    try:
        return Decoded(raw.decode("utf-8"), "utf-8", b"")
    except UnicodeDecodeError:
        return Decoded(raw.decode("latin-1"), "latin-1", b"")


class Member:
    """One ``key: value`` of an object: the key's place and the value."""

    __slots__ = ("end", "name", "start", "value")

    def __init__(self, name: str, start: int, end: int, value: Value) -> None:
        self.name = name
        self.start = start
        self.end = end
        self.value = value


class Value:
    """One value and its place ``[start, end)``; ``comma`` is where the trailing comma of an object
    or array ends."""

    __slots__ = ("comma", "end", "items", "kind", "members", "plain", "start")

    def __init__(self, kind: str, start: int, end: int, plain: t.Any = None) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.plain = plain
        self.members: list[Member] = []
        self.items: list[Value] = []
        self.comma: int | None = None

    def meaning(self) -> t.Any:
        """The value as data; of a key that occurs twice the last one counts, as for the
        products."""
        if self.kind == OBJECT:
            return {member.name: member.value.meaning() for member in self.members}
        if self.kind == ARRAY:
            return [item.meaning() for item in self.items]
        return self.plain


class _Token:
    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = start + len(text)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan()
        self._position = 0

    def _scan(self) -> list[_Token]:
        tokens = []
        position = 0
        while position < len(self._text):
            found = _TOKEN.match(self._text, position)
            if not found:
                raise self._malformed(position)
            if found.lastgroup != "blank":
                tokens.append(_Token(str(found.lastgroup), found.group(), position))
            position = found.end()
        tokens.append(_Token("end", "", position))
        return tokens

    def _malformed(self, position: int) -> OperatorError:
        line = line_of(self._text, position)
        column = position - self._text.rfind("\n", 0, position)
        return OperatorError(
            f"the file is not JSON at line {line}, column {column}. Correct the file, or restore it"
            " from the product."
        )

    def document(self) -> Value:
        value = self._value(0)
        if self._here.kind != "end":
            raise self._malformed(self._here.start)
        return value

    @property
    def _here(self) -> _Token:
        return self._tokens[self._position]

    def _take(self, text: str) -> _Token | None:
        token = self._here
        if token.kind == "mark" and token.text == text:
            self._position += 1
            return token
        return None

    def _value(self, depth: int) -> Value:
        token = self._here
        if depth > _DEEPEST:
            raise OperatorError(f"the file is nested deeper than {_DEEPEST} levels.")
        if token.kind == "mark" and token.text in "{[":
            self._position += 1
            return self._object(token, depth) if token.text == "{" else self._array(token, depth)
        self._position += 1
        if token.kind == "string":
            return Value(STRING, token.start, token.end, unquoted(token.text))
        if token.kind == "number":
            return Value(NUMBER, token.start, token.end, _number(token.text))
        if token.kind == "word" and token.text in WORDS:
            return Value(WORD, token.start, token.end, WORDS[token.text])
        raise self._malformed(token.start)

    def _object(self, opening: _Token, depth: int) -> Value:
        value = Value(OBJECT, opening.start, opening.end)
        while True:
            closing = self._take("}")
            if closing is None:
                key = self._here
                if key.kind not in ("string", "word", "number") or (
                    value.members and value.comma is None
                ):
                    raise self._malformed(key.start)
                self._position += 1
                if self._take(":") is None:
                    raise self._malformed(self._here.start)
                name = unquoted(key.text) if key.kind == "string" else key.text
                value.members.append(Member(name, key.start, key.end, self._value(depth + 1)))
                comma = self._take(",")
                value.comma = comma.end if comma else None
                continue
            value.end = closing.end
            return value

    def _array(self, opening: _Token, depth: int) -> Value:
        value = Value(ARRAY, opening.start, opening.end)
        while True:
            closing = self._take("]")
            if closing is None:
                if value.items and value.comma is None:
                    raise self._malformed(self._here.start)
                value.items.append(self._value(depth + 1))
                comma = self._take(",")
                value.comma = comma.end if comma else None
                continue
            value.end = closing.end
            return value


def parse_json(text: str) -> Value:
    """Parse a document; messages never quote it."""
    return _Parser(text).document()


def end_of_comments(text: str, position: int) -> int:
    """Where the comments end that begin on the line of the position: they belong to what is
    before it."""
    end = position
    while True:
        found = _TOKEN.match(text, position)
        if (
            not found
            or found.lastgroup != "blank"
            or (found.group().isspace() and "\n" in found.group())
        ):
            return end
        position = found.end()
        if not found.group().isspace():
            end = position


def has_comment(text: str, start: int, end: int) -> bool:
    """Whether a comment is between the tokens from start to end."""
    position = start
    while position < end:
        found = _TOKEN.match(text, position)
        if not found:
            return False
        if found.lastgroup == "blank" and not found.group().isspace():
            return True
        position = found.end()
    return False


def unquoted(raw: str) -> str:
    """The text that a string literal means."""

    def replaced(found: re.Match[str]) -> str:
        what = found.group(1)
        if what[0] in "ux" and len(what) > 1:
            return chr(int(what[1:], 16))
        return "" if what in _LINE_ENDS else _CONTROL.get(what, what)

    text = _ESCAPE.sub(replaced, raw[1:-1])
    # JavaScript joins surrogate pairs of two escapes by itself; a lone one stays what it is.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def quoted(value: str, codec: str, quote: str = '"') -> str:
    """A string literal; what the encoding or an old JavaScript cannot hold is written as an
    escape."""
    return quote + "".join(_written(char, codec, quote) for char in value) + quote


def _written(char: str, codec: str, quote: str) -> str:
    if char == quote:
        return "\\" + char
    if char in _WRITTEN:
        return _WRITTEN[char]
    if " " <= char <= "~":
        return char
    if char >= "\xa0" and not "\ud800" <= char <= "\udfff" and char not in "\u2028\u2029\ufeff":
        try:
            char.encode(codec)
        except UnicodeEncodeError:
            pass
        else:
            return char
    pair = char.encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{pair[position]:02x}{pair[position + 1]:02x}" for position in range(0, len(pair), 2)
    )


def _number(text: str) -> t.Any:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if digits[:2] in ("0x", "0X"):
        return sign * int(digits, 16)
    # Longer ones than any number of JavaScript can tell apart are not worth the time an exact
    # reading takes.
    return sign * int(digits) if digits.isdigit() and len(digits) < 40 else sign * float(digits)
