# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Stands for NGINX Plus, of which there is none to test with.

What only Plus knows is held against the syntax that the vendor documents (nginx.org, modules ngx_http_upstream_module and
ngx_http_upstream_hc_module, releases R23 and later) and taken out of the configuration; the rest is for the real nginx. A directive that
stands where it may not, a parameter that is not documented and a reference to nothing are refused as nginx refuses them.
"""

from __future__ import annotations

import os
import re
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

TOKEN = re.compile(
    r"""#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[;{}]|(?:[^\s;{}"'#\\]|\\.|(?<=\$)\{)(?:[^\s;{}\\]|\\.|(?<=\$)\{[^}]*\})*""",
    re.S,
)
TIME = r"[0-9]+(ms|[smhdwMy])?"
COOKIE = {
    "expires": f"expires=({TIME}|max)",
    "domain": r"domain=\S+",
    "httponly": "httponly",
    "samesite": r"samesite=(strict|lax|none|\$\w+)",
    "secure": "secure",
    "path": r"path=\S+",
}
HEALTH = {
    "interval": f"interval={TIME}",
    "jitter": f"jitter={TIME}",
    "fails": "fails=[0-9]+",
    "passes": "passes=[0-9]+",
    "uri": r"uri=/\S*",
    "mandatory": "mandatory",
    "persistent": "persistent",
    "match": r"match=\w+",
    "port": "port=[0-9]+",
}


@dataclass
class Directive:
    words: list[str]
    start: int
    end: int
    inner: list[Directive] = field(default_factory=list)
    is_block: bool = False

    @property
    def name(self) -> str:
        return self.words[0]


def read(text: str) -> list[Directive]:
    """The directives of a file, those of blocks within them."""
    tokens = [match for match in TOKEN.finditer(text) if not match.group().startswith("#")]
    position = 0

    def block() -> list[Directive]:
        nonlocal position
        found: list[Directive] = []
        words: list[str] = []
        start = -1
        while position < len(tokens):
            token = tokens[position]
            position += 1
            if token.group() == "}":
                return found
            if token.group() == ";":
                found.append(Directive(words, start, token.end()))
            elif token.group() == "{":
                made = Directive(words, start, -1, is_block=True)
                made.inner = block()
                made.end = tokens[position - 1].end()
                found.append(made)
            else:
                start = token.start() if not words else start
                words.append(token.group().strip("\"'"))
                continue
            words, start = [], -1
        return found

    return block()


def parameters(given: t.Sequence[str], known: t.Mapping[str, str]) -> t.Iterator[str]:
    for word in given:
        name = word.split("=")[0]
        if name not in known or not re.fullmatch(known[name], word):
            yield f'invalid parameter "{word}"'
    names = [word.split("=")[0] for word in given]
    yield from (
        f'duplicate parameter "{name}"'
        for name in sorted({name for name in names if names.count(name) > 1})
    )


def sticky(words: t.Sequence[str]) -> t.Iterator[str]:
    method, rest = (words[1] if len(words) > 1 else ""), words[2:]
    if method == "cookie" and rest and re.fullmatch(r"\w+", rest[0]):
        yield from parameters(rest[1:], COOKIE)
    elif method == "route" and rest:
        yield from (
            f'invalid variable "{word}"' for word in rest if not re.fullmatch(r"\$\w+", word)
        )
    else:
        yield 'invalid parameters of "sticky"'


def match(block: Directive) -> t.Iterator[str]:
    if len(block.words) != 2 or not block.is_block:
        yield 'invalid number of arguments in "match"'
    for item in block.inner:
        codes = item.words[2:] if item.words[1:2] == ["!"] else item.words[1:]
        if (
            item.name != "status"
            or not codes
            or not all(re.fullmatch("[1-5][0-9][0-9](-[1-5][0-9][0-9])?", code) for code in codes)
        ):
            yield 'invalid test "{0}" in "match"'.format(" ".join(item.words))


def check(texts: t.Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """What is wrong in these files, all in the context http, and the files without what only Plus knows."""
    trees = {name: read(text) for name, text in texts.items()}
    top = [directive for tree in trees.values() for directive in tree]
    zones = {
        d.words[1]: any(inner.name == "zone" for inner in d.inner)
        for d in top
        if d.name == "upstream"
    }
    tests = {d.words[1] for d in top if d.name == "match"}
    problems: list[str] = []
    cuts: dict[str, list[tuple[int, int]]] = {name: [] for name in texts}

    def walk(
        file: str, directives: t.Sequence[Directive], context: str, around: t.Sequence[Directive]
    ) -> None:
        for directive in directives:
            found: list[str] = []
            if directive.name in ("sticky", "health_check", "match"):
                cuts[file].append((directive.start, directive.end))
                wanted = {"sticky": "upstream", "health_check": "location", "match": "http"}[
                    directive.name
                ]
                if context != wanted:
                    found.append(f'"{directive.name}" directive is not allowed here')
            if directive.name == "sticky":
                found += sticky(directive.words)
            elif directive.name == "match":
                found += match(directive)
            elif directive.name == "health_check":
                found += parameters(directive.words[1:], HEALTH)
                used = [word.split("=")[1] for word in directive.words if word.startswith("match=")]
                found += [
                    f'"match" block "{name}" is not found' for name in used if name not in tests
                ]
                passed = [d.words[1].partition("://")[2] for d in around if d.name == "proxy_pass"]
                if len(passed) != 1 or not zones.get(passed[0]):
                    found.append("health checks need a proxy_pass to an upstream with a zone")
            elif directive.name == "server" and context == "upstream":
                routes = [word for word in directive.words if word.startswith("route=")]
                found += [
                    f'invalid parameter "{word}"'
                    for word in routes
                    if not re.fullmatch(r"route=\S+", word)
                ]
                for word in routes:
                    start = texts[file].index(" " + word, directive.start)
                    cuts[file].append((start, start + 1 + len(word)))
            problems.extend(f"{problem} in {file}" for problem in found)
            if directive.is_block and directive.name != "match":
                walk(file, directive.inner, directive.name, directive.inner)

    for file, tree in trees.items():
        walk(file, tree, "http", tree)
    plain = {}
    for file, text in texts.items():
        for start, end in sorted(cuts[file], reverse=True):
            text = text[:start] + text[end:]
        plain[file] = text
    return problems, plain


def main() -> None:
    """Called as nginx, the configuration last: checks a copy, and leaves the rest to the real one."""
    nginx, *arguments = sys.argv[1:]
    folder = Path(arguments[-1]).parent / "conf.d"
    problems, plain = check({str(path): path.read_text() for path in sorted(folder.glob("*.conf"))})
    if problems:
        sys.exit("".join(f"nginx: [emerg] {problem}\n" for problem in problems))
    for name, text in plain.items():
        Path(name).write_text(text)
    os.execv(nginx, [nginx, *arguments])  # noqa: S606 - the nginx that the test has found


if __name__ == "__main__":
    main()
