# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Settings that are commented out: finding them in every form the products use, and switching
them on."""

from __future__ import annotations

import re
import typing as t

from ..._errors import OperatorError
from .document import TOKEN, etree
from .markup import Fragment

if t.TYPE_CHECKING:
    from .document import Element

    Context = t.Mapping[t.Optional[str], str]

# `Tag attribute="value">` or `Tag/>`: the comment took the bracket in front of the name. Prose has
# no ">" before its first "<".
_SWALLOWED_START = re.compile(
    r"""\s*[^\W\d][\w.:\-]*(?:\s+[\w.:\-]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>?"""
)
_SWALLOWED_END = re.compile(r"(?:</[\w.:\-]+|/)\s*\Z")


class Commented:
    """One element that is commented out, alone or with others, in one comment."""

    __slots__ = ("element", "line", "number")

    def __init__(self, element: Element, number: int, line: int) -> None:
        self.element = element
        self.number = number
        # Counted from the line on which the comment begins.
        self.line = line


def with_brackets(content: str) -> str:
    """The content of a comment with the brackets given back that the comment marks have
    swallowed."""
    body = content.strip()
    if not body:
        return content
    start = content.index(body)
    trailing = content[start + len(body) :]
    head = content[:start]
    opened = not body.startswith("<") and _SWALLOWED_START.match(body)
    if opened and not _looks_like_markup(body, opened.end()):
        opened = None
    closed = (
        (opened or body.startswith("<"))
        and body.rfind("<") >= body.rfind(">")
        and _SWALLOWED_END.search(body)
    )
    return f"{head}{'<' if opened else ''}{body}{'>' if closed else ''}{trailing}"


def _looks_like_markup(body: str, end: int) -> bool:
    """After a swallowed name comes ``>`` (so that text or children follow), or the end of an
    element that swallowed both brackets."""
    return body[end - 1] == ">" or (end == len(body) and body.endswith("/"))


def element_places(markup: str) -> list[tuple[int, int]]:
    """The places of the elements on the top level of a comment's content; in prose only those that
    have their lines to themselves."""
    tokens = list(TOKEN.finditer(markup))
    places: list[tuple[int, int]] = []
    number = 0
    while number < len(tokens):
        token = tokens[number]
        if token.lastindex != 4:
            number += 1
            continue
        last = _end_of_element(markup, tokens, number)
        if last is None:
            if _starts_line(markup, token.start()):
                break
            number += 1
            continue
        places.append((token.start(), tokens[last].end()))
        number = last + 1
    rest = "".join(
        markup[end:start]
        for end, start in zip(
            [0, *(place[1] for place in places)], [*(place[0] for place in places), len(markup)]
        )
    )
    if rest.strip():
        places = [
            place
            for place in places
            if _starts_line(markup, place[0]) and _ends_line(markup, place[1])
        ]
    return places


def _end_of_element(markup: str, tokens: t.Sequence[re.Match[str]], first: int) -> int | None:
    stack: list[str] = []
    for number in range(first, len(tokens)):
        token = tokens[number]
        if token.lastindex == 4:
            if not token.group().endswith("/>"):
                stack.append(token.group(4))
        elif token.lastindex == 3 and token.group()[2:-1].rstrip() != stack.pop():
            return None
        if not stack:
            return number
    return None


def _starts_line(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip()


def _ends_line(text: str, position: int) -> bool:
    end = text.find("\n", position)
    return not text[position : end if end >= 0 else len(text)].strip()


def commented_elements(content: str, context: Context, name: str | None) -> list[Commented]:
    """The elements a comment holds that may be switched on, in order; with a name only those of
    that name."""
    if name is not None and name not in content:
        return []
    markup = with_brackets(content)
    found = []
    for number, (start, end) in enumerate(element_places(markup)):
        try:
            element = Fragment(markup[start:end], context).detached()
        except OperatorError:
            continue
        if name is None or etree.QName(element).localname == name:
            found.append(Commented(element, number, markup.count("\n", 0, start)))
    return found


class Uncommented:
    """What takes the place of a comment when one of its elements is switched on:
    ``text[start:end]`` becomes ``markup``."""

    __slots__ = ("after", "before", "element", "end", "markup", "start")

    def __init__(
        self, start: int, end: int, before: str, element: str, after: str, markup: str
    ) -> None:
        self.start = start
        self.end = end
        self.before = before
        self.element = element
        self.after = after
        self.markup = markup


def open_comment(text: str, start: int, end: int, number: int) -> Uncommented:
    """Switch on the element with that number in the comment ``text[start:end]``; everything else in
    it stays commented."""
    markup = with_brackets(text[start + 4 : end - 3])
    first, last = element_places(markup)[number]
    element, head, tail = markup[first:last], markup[:first], markup[last:]
    before = after = ""
    if head.strip():
        body = head.rstrip()
        before = body + (" " if body[-1] == "-" or head[0].isspace() else "")
        lead = f"<!--{before}-->{head[len(body) :]}"
    elif "\n" in head and _starts_line(text, start):
        # The comment mark has its line to itself: the line goes, the element keeps its own line and
        # indentation.
        start = text.rfind("\n", 0, start) + 1
        lead = head[head.rfind("\n") + 1 :]
    else:
        lead = head if "\n" in head else ""
    if tail.strip():
        body = tail.lstrip()
        after = " " + body
        trail = f"{tail[: len(tail) - len(body)]}<!--{after}-->"
    elif "\n" in tail and _ends_line(text, end):
        trail = ""
    else:
        trail = tail if "\n" in tail else ""
    return Uncommented(start, end, before, element, after, lead + element + trail)


def joined_pieces(
    pieces: t.Sequence[tuple[str, str]], context: Context, name: str | None
) -> tuple[t.Any, int, str] | None:
    """An element of which every line has its own comment, as editors make them.

    ``pieces`` are the content of consecutive comments, each with the blank text after it, the first
    beginning the element. Returns the element, how many comments it takes, and its markup, in which
    comments that are prose stay comments.
    """
    opening = re.match(r"\s*<([^\W\d][\w.:\-]*)[^<>]*>", pieces[0][0] + ">") if pieces else None
    if not opening or (name is not None and opening.group(1).rpartition(":")[2] != name):
        return None
    markup = ""
    for number, (content, blank) in enumerate(pieces):
        is_markup = number == 0 or "<" in content or ">" in content
        markup += content.strip() if is_markup else f"<!--{content}-->"
        if number and is_markup:
            places = element_places(markup)
            if places and places[0] == (0, len(markup)):
                try:
                    return Fragment(markup, context).detached(), number + 1, markup
                except OperatorError:
                    return None
        markup += blank
    return None
