# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Differences of product files that show every changed line and no secret."""

from __future__ import annotations

import contextlib
import re
import typing as t

from .._errors import OperatorError
from .json.document import quoted
from .properties import escape_value
from .xml.markup import cdata, line_breaks

MASK = "********"
CONTEXT = 2

_WORD = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|credential|private[_.\-]?key|access[_.\-]?key"
    r"|token[_.\-]?value|api[_.\-]?key)"
)
_TELLING = rf"[\w.\-:]*{_WORD}[\w.\-:]*"
_TELLING_ATTRIBUTE = rf"""\b(?:name|key|id)\s*=\s*(?:"{_TELLING}"|'{_TELLING}')"""
_TEXT = r"((?:<!--.*?-->|<!\[CDATA\[.*?\]\]>|[^<])+)</"
_QUOTED = r"""\s*=\s*(?:"([^"]*)"|'([^']*)')"""


def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_HINT = _pattern(_WORD)
_NAME_BEFORE = re.compile(r"[\w.\-:]*\Z")
# What neighbouring secrets look like. First what begins with the bracket of the tag: an element,
# active or commented out, and an element whose name attribute tells.
_TAGS = (
    _pattern(rf"<(?:!--\s*)?{_TELLING}(?:\s[^<>]*)?(?<!/)>{_TEXT}"),
    _pattern(rf"<(?:!--\s*)?[^\s<>/!?]+\s[^<>]*{_TELLING_ATTRIBUTE}[^<>]*(?<!/)>{_TEXT}"),
    _pattern(rf"<(?:!--\s*)?[^\s<>/!?]+\s[^<>]*{_TELLING_ATTRIBUTE}[^<>]*?\bvalue{_QUOTED}"),
)
# Then what begins with the name: an attribute, a parameter of a URL, a key of JSON; with the line:
# a property; and a password in a URL.
_NAMES = (_pattern(rf"{_TELLING}{_QUOTED}"), _pattern(rf"(?<=[?&;]){_TELLING}=([^\s&;<>\"']+)"))
_JSON = _pattern(
    rf"""{_TELLING}["']\s*:\s*(?:"((?:[^"\\\r\n]|\\.)*)"|'((?:[^'\\\r\n]|\\.)*)'|([^\s,{{}}\[\]"']+))"""
)
_LINE = _pattern(rf"[ \t]*[#!]?[ \t]*{_TELLING}[ \t]*[=:][ \t]*([^\r\n<>]+)")
_URL = re.compile(r"(?<=://)[^\s/:@<>\"']*:([^\s/@<>\"']+)@")
# What a client proves who it is with, wherever it is behind the name of its header.
_HEADER = _pattern(
    r"""(?<![\w.\-])(?:proxy-)?authorization\b[^\r\n]{0,60}?\b(?:basic|bearer|digest)\s+([^\s"'<>,;&]+)"""
)


def secret_forms(secret: str) -> set[str]:
    """A secret as it may be in a file."""
    text = secret.replace("&", "&amp;").replace("<", "&lt;")
    closed = text.replace(">", "&gt;")
    forms = {
        secret,
        secret.replace("]]>", "]]]]><![CDATA[>"),
        text,
        text.replace("]]>", "]]&gt;"),
        text.replace('"', "&quot;"),
    }
    forms |= {text.replace("'", "&apos;"), closed.replace('"', "&quot;").replace("'", "&apos;")}
    forms |= {form.replace("\r\n", "\n").replace("\r", "&#13;") for form in forms}
    forms |= {form.replace("\n", "&#10;").replace("\t", "&#9;") for form in forms} | {
        form.replace("\n", "\r\n") for form in forms
    }
    for codec in ("latin-1", "ascii"):
        forms |= {form.encode(codec, "xmlcharrefreplace").decode(codec) for form in forms}
    for codec in ("utf-8", "latin-1", "ascii"):
        with contextlib.suppress(OperatorError):
            section = cdata(line_breaks(secret), codec)[9:-3]
            forms |= {section, section.replace("\n", "\r\n")}
    forms.add(escape_value(secret))
    forms |= {
        quoted(secret, codec, quote)[1:-1]
        for codec in ("utf-8", "latin-1", "ascii")
        for quote in "\"'"
    }
    return {form for form in forms if form}


def _places(text: str, values: t.Iterable[str]) -> list[tuple[int, int]]:
    places = []
    for value in values:
        position = text.find(value)
        while position >= 0:
            places.append((position, position + len(value)))
            position = text.find(value, position + len(value))
    return places


def _secret_places(text: str, secrets: t.Sequence[str]) -> list[tuple[int, int]]:
    places = _places(text, {form for secret in secrets for form in secret_forms(secret)})
    found = [*_URL.finditer(text), *_HEADER.finditer(text)]
    for hint in _HINT.finditer(text):
        # Each pattern is only tried where it would have to begin: a search over the whole text
        # takes long.
        position = hint.start()
        line = text.rfind("\n", 0, position) + 1
        name = position - len(_name_before(text, position))
        bracket = text.rfind("<", 0, position)
        tried = [pattern.match(text, bracket) for pattern in _TAGS] if bracket >= 0 else []
        tried += [pattern.match(text, name) for pattern in (*_NAMES, _JSON)]
        tried.append(_LINE.match(text, line))
        found.extend(match for match in tried if match)
    for match in found:
        group = match.lastindex or 1
        if match.group(group).strip():
            places.append(match.span(group))
    return places


def _name_before(text: str, position: int) -> str:
    found = _NAME_BEFORE.search(text, max(position - 100, 0), position)
    return found.group() if found else ""


class _Masked:
    """The lines of a text, and the same lines with their secrets masked."""

    def __init__(self, text: str, secrets: t.Sequence[str], replaced: t.Sequence[str]) -> None:
        # Not splitlines(), which also splits at characters that end no line in these files.
        self.lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line))
        self._secret = sorted(_secret_places(text, secrets))
        self._replaced = sorted(_places(text, {value for value in replaced if value.strip()}))

    def line(self, number: int, *, changed: bool) -> str:
        start, end = self._starts[number], self._starts[number + 1]
        text = self.lines[number]
        body_end = start + len(text.rstrip("\r\n"))
        places = self._secret + (self._replaced if changed else [])
        parts, position = [], start
        for first, last in sorted(
            (max(first, start), min(last, body_end))
            for first, last in places
            if first < body_end and last > start
        ):
            if last <= position:
                continue
            if first >= position:
                parts.append(self._slice(position, first, start, text))
                parts.append(MASK)
            position = last
        parts.append(self._slice(position, end, start, text))
        return "".join(parts)

    @staticmethod
    def _slice(first: int, last: int, start: int, text: str) -> str:
        return text[first - start : last - start]


def masked_diff(
    before: str, after: str, secrets: t.Sequence[str], replaced: t.Sequence[str]
) -> str:
    """The hunks of a unified diff. Line ends are shown by a mark only where a line lacks one."""
    import difflib

    old, new = _Masked(before, secrets, replaced), _Masked(after, secrets, replaced)
    out = []
    for group in difflib.SequenceMatcher(None, old.lines, new.lines).get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        out.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n")
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                out.extend(
                    _shown(" ", old.line(number, changed=False))
                    for number in range(old_start, old_end)
                )
                continue
            out.extend(
                _shown("-", old.line(number, changed=True)) for number in range(old_start, old_end)
            )
            out.extend(
                _shown("+", new.line(number, changed=True)) for number in range(new_start, new_end)
            )
    return "".join(out)


def _shown(mark: str, line: str) -> str:
    if line.endswith("\n"):
        return f"{mark}{line[:-1].rstrip(chr(13))}\n"
    return f"{mark}{line}\n\\ No newline at end of file\n"


def _range(start: int, end: int) -> str:
    length = end - start
    return f"{start + 1 if length else start},{length}"
