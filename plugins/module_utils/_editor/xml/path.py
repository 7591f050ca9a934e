# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""XPath 1.0 for files with a default namespace: a name without a prefix means the document's own
default namespace."""

from __future__ import annotations

import re

from ..._errors import OperatorError

DEFAULT_PREFIX = "dns"

_NAME = r"[^\W\d][\w.\-]*"
_TOKEN = re.compile(
    rf"""\s*(?:("[^"]*"|'[^']*')|({_NAME}(?::(?!:)(?:{_NAME}|\*))?)|(\d+(?:\.\d*)?|\.\d+)|(::|//|\.\.|!=|<=|>=|[-/()\[\].@,|+=<>*$]))""",
)
_OPERATORS = frozenset(
    ("and", "or", "mod", "div", "*", "/", "//", "|", "+", "-", "=", "!=", "<", "<=", ">", ">=")
)
_BEFORE_OPERAND = _OPERATORS | frozenset(("@", "::", "(", "[", ",", "$"))
_TRAILING_ATTRIBUTE = re.compile(rf"\A(.+?)/@({_NAME}(?::{_NAME})?)\s*\Z", re.DOTALL)

LITERAL, NAME, NUMBER, SYMBOL = 1, 2, 3, 4


class Step:
    """One location step: the separator before it, its text as given and as it is evaluated, and the
    new element it describes."""

    __slots__ = ("attributes", "evaluated", "given", "name", "separator")

    def __init__(
        self,
        separator: str,
        given: str,
        evaluated: str,
        name: str | None,
        attributes: list[tuple[str, str]] | None,
    ) -> None:
        self.separator = separator
        self.given = given
        self.evaluated = evaluated
        self.name = name
        self.attributes = attributes


class Path:
    """A parsed XPath: the expression to evaluate, the prefixes it uses, and its steps where it is a
    plain absolute path."""

    __slots__ = ("evaluated", "given", "prefixes", "steps")

    def __init__(
        self, given: str, evaluated: str, prefixes: frozenset[str], steps: list[Step]
    ) -> None:
        self.given = given
        self.evaluated = evaluated
        self.prefixes = prefixes
        self.steps = steps

    @property
    def last_name(self) -> str | None:
        """The local name of what is selected, where the last step says it."""
        name = self.steps[-1].name if self.steps else None
        return name.rpartition(":")[2] if name else None

    def head(self, count: int) -> str:
        """The first steps as an expression to evaluate."""
        return "".join(step.separator + step.evaluated for step in self.steps[:count])

    def head_given(self, count: int) -> str:
        return "".join(step.separator + step.given for step in self.steps[:count])


def split_attribute(xpath: str) -> tuple[str, str | None]:
    """Split ``/a/b/@c`` into the path of the element and the name of the attribute."""
    found = _TRAILING_ATTRIBUTE.match(xpath)
    return (found.group(1), found.group(2)) if found else (xpath, None)


def absolute(xpath: str, root: str | None) -> str:
    """Put the ``root`` of a file entry before a relative path."""
    xpath = xpath.strip()
    if xpath.startswith(("/", "(")):
        return xpath
    if not root:
        raise OperatorError("the xpath is relative. Begin it with / or give the file entry a root.")
    return root.rstrip("/ ") + "/" + xpath


def parse_path(xpath: str, has_default_namespace: bool) -> Path:
    """An XPath of the kind that edits have, in its steps; raises OperatorError."""
    tokens = _tokens(xpath)
    evaluated, prefixes = _evaluated(tokens, has_default_namespace)
    return Path(xpath, "".join(evaluated), frozenset(prefixes), _steps(tokens, evaluated))


def _tokens(xpath: str) -> list[tuple[int, str]]:
    tokens = []
    position, end = 0, len(xpath.rstrip())
    while position < end:
        found = _TOKEN.match(xpath, position)
        if not found or not found.lastindex:
            raise OperatorError("the xpath is not valid XPath 1.0.")
        tokens.append((found.lastindex, found.group(found.lastindex)))
        position = found.end()
    return tokens


def _evaluated(
    tokens: list[tuple[int, str]], has_default_namespace: bool
) -> tuple[list[str], set[str]]:
    """The tokens with the default namespace written out; a name counts as operator by the rule of
    XPath 1.0, section 3.7."""
    out: list[str] = []
    prefixes: set[str] = set()
    previous, axis = "", ""
    for number, (kind, word) in enumerate(tokens):
        following = tokens[number + 1][1] if number + 1 < len(tokens) else ""
        text = word
        if kind == NAME:
            if previous and previous not in _BEFORE_OPERAND:
                text = f" {word} "
            elif following == "::":
                axis = word
            elif previous == "$":
                raise OperatorError("the xpath uses a variable, which has no value here.")
            elif following != "(":
                if ":" in word:
                    prefixes.add(word.partition(":")[0])
                elif (
                    has_default_namespace
                    and previous != "@"
                    and not (previous == "::" and axis in ("attribute", "namespace"))
                ):
                    text = f"{DEFAULT_PREFIX}:{word}"
            # A name after an operand was an operator; whatever follows it is an operand again.
            previous = (
                "and"
                if text.startswith(" ")
                else word
                if following == "(" or following == "::"
                else "name"
            )
        else:
            previous = "name" if kind in (LITERAL, NUMBER) else word
            if word in ("]", ")", ".", "..") or (word == "*" and _is_wildcard(tokens, number)):
                previous = "name"
        out.append(text)
    return out, prefixes


def _is_wildcard(tokens: list[tuple[int, str]], number: int) -> bool:
    if number == 0:
        return True
    kind, before = tokens[number - 1]
    if kind == NAME:
        return (
            number > 1
            and before in ("and", "or", "mod", "div")
            and tokens[number - 2][1] not in _BEFORE_OPERAND
        )
    return kind == SYMBOL and before in _BEFORE_OPERAND


def _steps(tokens: list[tuple[int, str]], evaluated: list[str]) -> list[Step]:
    """The location steps of a plain absolute path, and nothing for any other expression."""
    if not tokens or tokens[0][1] not in ("/", "//"):
        return []
    steps = []
    depth, start = 0, 0
    for number, (kind, token) in enumerate(tokens):
        if kind != SYMBOL:
            continue
        if token in ("(", "["):
            depth += 1
        elif token in (")", "]"):
            depth -= 1
        elif depth == 0 and token in ("|", "+", "-", "=", "!=", "<", "<=", ">", ">="):
            return []
        elif depth == 0 and token in ("/", "//") and number > start:
            steps.append(_step(tokens[start:number], evaluated[start:number]))
            start = number
    steps.append(_step(tokens[start:], evaluated[start:]))
    return [] if any(not step.given for step in steps) else steps


def _step(tokens: list[tuple[int, str]], evaluated: list[str]) -> Step:
    body = tokens[1:]
    given = "".join(
        f" {token} " if kind == NAME and token in ("and", "or", "mod", "div") else token
        for kind, token in body
    )
    name = (
        body[0][1]
        if body and body[0][0] == NAME and (len(body) == 1 or body[1][1] == "[")
        else None
    )
    return Step(
        tokens[0][1],
        given,
        "".join(evaluated[1:]),
        name,
        _described_attributes(body[1:]) if name else None,
    )


def _described_attributes(predicates: list[tuple[int, str]]) -> list[tuple[str, str]] | None:
    """``[@a='v'][@b='w' and @c='x']`` as attributes of an element to create, or None where the
    predicates say anything else."""
    attributes: list[tuple[str, str]] = []
    position, expected = 0, "["
    while position < len(predicates):
        if predicates[position][1] != expected and not (
            expected == "and" and predicates[position][1] == "]"
        ):
            return None
        if predicates[position][1] == "]":
            position, expected = position + 1, "["
            continue
        group = predicates[position + 1 : position + 5]
        if (
            len(group) < 4
            or group[0][1] != "@"
            or group[1][0] != NAME
            or group[2][1] != "="
            or group[3][0] != LITERAL
        ):
            return None
        attributes.append((group[1][1], group[3][1][1:-1]))
        position, expected = position + 5, "and"
    return attributes
