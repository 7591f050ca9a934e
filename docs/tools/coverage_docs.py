# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Write docs/coverage.md from docs/coverage.yml, or with --check say whether it is stale. Either
way the sources are checked first: a requirement that is missing, a test, file or variable that does
not exist."""

from __future__ import annotations

import argparse
import ast
import functools
import re
import sys
import typing as t
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

from docs.tools.markdown_text import wrapped

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "docs" / "coverage.yml"
PAGE = REPOSITORY / "docs" / "coverage.md"
SEEN = ("server", "parsers", "exact", "unit", "never", "later")
HEAD = "# Coverage\n\n<!-- Written by scripts/docs from docs/coverage.yml: edit that file. -->\n\n"
# The cases of some tests are in the table of another one.
TABLE = "tests/unit/plugins/plugin_utils/_preflight/test_preflight.py"


class Row(t.TypedDict, total=False):
    """One requirement, as docs/coverage.yml has it."""

    id: str
    requirement: str
    done_by: str
    variables: list[str]
    places: list[str]
    tests: list[str]
    seen: str


def requirements(data: dict[str, t.Any]) -> list[Row]:
    return [row for group in data["requirements"] for row in group["rows"]]


def required(table: str) -> list[str]:
    """The IDs of the table of requirements, which are its first column."""
    return re.findall(r"^\| ([A-Z]{2}\d+) \|", table, re.MULTILINE)


def render(data: dict[str, t.Any]) -> str:
    parts = [HEAD, data["introduction"]]
    for group in data["requirements"]:
        parts.append(f"\n## {group['title']}\n")
        parts += [section(row) for row in group["rows"]]
    parts.append(f"\n## The documents, step by step\n\n{data['about_steps']}")
    parts += [document_section(document) for document in data["steps"]]
    parts.append(f"\n## Settings that API Manager or both products get\n\n{data['about_places']}")
    parts += [place_section(place) for place in data["places"]]
    parts.append("\n## What WSO2's automation sets and this collection does not\n\n")
    parts += [
        wrapped(f"{row['place']}: {row['reason']}.", "- ") + "\n" for row in data["left_alone"]
    ]
    return "".join(parts)


def section(row: Row) -> str:
    places = [" ".join([f"`{place}`", note]).strip() for place, note in map(noted, row["places"])]
    lines = [
        f"\n### {row['id']}\n",
        wrapped(row["requirement"]) + "\n",
        wrapped(f"**Done by**: {row['done_by']}", "- ", "  "),
    ]
    if row.get("variables"):
        lines.append(wrapped(f"**Variables**: {ticked(row['variables'])}", "- ", "  "))
    lines.append(wrapped(f"**Place**: {', '.join(places)}", "- ", "  "))
    lines.append(wrapped(f"**Seen**: {row['seen']}", "- ", "  "))
    if row.get("tests"):
        lines.append("- **Tests**:")
        lines += [wrapped(f"`{test}`", "  - ") for test in row["tests"]]
    return "\n".join(lines) + "\n"


def document_section(document: dict[str, t.Any]) -> str:
    lines = [f"\n### {document['document']}\n"]
    for row in document["rows"]:
        names = ", ".join(row["requirements"])
        otherwise = (
            f". {row['otherwise'][0].upper()}{row['otherwise'][1:]}" if "otherwise" in row else ""
        )
        lines.append(wrapped(f"{row['step']}: {names}{otherwise}.", "- ", "  "))
    return "\n".join(lines) + "\n"


def place_section(place: dict[str, t.Any]) -> str:
    elements = [*(f"`{name}`" for name in place.get("elements", [])), place.get("which")]
    lines = [
        wrapped(f"**{place['server']}, `{place['file']}`**: {place['value']}.", "- ", "  "),
        wrapped(f"Elements: {', '.join(filter(None, elements))}.", "  - "),
        wrapped(f"Variables: {ticked(place['variables'])}.", "  - "),
        wrapped(f"Set in `{place['source']}`.", "  - "),
        wrapped(f"Test: `{place['test']}`.", "  - "),
    ]
    return "\n" + "\n".join(lines) + "\n"


def ticked(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def noted(place: str) -> tuple[str, str]:
    """A place and the note in parentheses behind it."""
    path, _blank, note = place.partition(" ")
    return path, note


@functools.lru_cache(maxsize=None)
def variables(repository: Path) -> set[str]:
    """Every variable of every argument spec, options of dictionaries as variable.option."""
    found: set[str] = set()

    def collect(options: dict[str, t.Any], prefix: str) -> None:
        for name, spec in options.items():
            found.add(prefix + name)
            collect(spec.get("options") or {}, prefix + name + ".")

    for path in sorted(repository.glob("roles/*/meta/argument_specs.yml")):
        for spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            collect(spec.get("options") or {}, "")
    return found


@functools.lru_cache(maxsize=None)
def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def wrong_test(reference: str, repository: Path) -> str | None:
    file, _colons, function = reference.partition("::")
    function, _bracket, case = function.partition("[")
    path = next(
        (
            folder / file
            for folder in (repository / "tests", repository)
            if (folder / file).is_file()
        ),
        None,
    )
    if path is None:
        return f"there is no test file {file}"
    if function not in functions(path):
        return f"{file} has no test {function}"
    texts = (
        other.read_text(encoding="utf-8") for other in (path, repository / TABLE) if other.is_file()
    )
    if case and not any(case[:-1] in text for text in texts):
        return f"{reference} has no case with the words {case[:-1]}"
    return None


def wrong_place(place: str, repository: Path) -> bool:
    role, _slash, file = place.partition("/")
    return not (
        (repository / place).exists()
        or (repository / "roles" / role / "vars" / "main" / (file + ".yml")).is_file()
    )


def problems_of(row: Row, repository: Path, known: set[str]) -> t.Iterator[str]:
    for name in row.get("variables", []):
        if name not in known:
            yield f"{name} is in no argument spec"
    for place, _note in map(noted, row["places"]):
        if wrong_place(place, repository):
            yield f"there is no {place}"
    named = [name for name in re.findall(r"`([^`]+)`", row["seen"]) if "::" in name]
    for reference in [*row.get("tests", []), *named]:
        error = wrong_test(reference, repository)
        if error:
            yield error
    word = (re.match(r"\w*", row["seen"]) or [""])[0]
    if word not in SEEN:
        yield f"seen begins with none of {', '.join(SEEN)}"
    if not row.get("tests") and word not in ("never", "later"):
        yield "it names no test, so it was never seen"


def wrong_ids(found: list[str], table: str | None) -> t.Iterator[str]:
    """Each ID comes once, the numbers of its letters have no gap, and they are those of the table
    of requirements, where that is at hand."""
    for name in sorted(set(found)):
        if found.count(name) > 1:
            yield f"{name} comes several times"
        letters, number = name[:2], name[2:]
        if number != "1" and f"{letters}{int(number) - 1}" not in found:
            yield f"{letters}{int(number) - 1} is missing"
    if table is not None:
        names = required(table)
        yield from (f"{name} is missing" for name in names if name not in found)
        yield from (f"{name} is no requirement" for name in found if name not in names)


def wrong_steps(data: dict[str, t.Any], names: t.Collection[str]) -> t.Iterator[str]:
    """Each step of a document is one, and the requirements that do it are there."""
    seen: set[tuple[str, str]] = set()
    for document in data.get("steps", []):
        for row in document["rows"]:
            step = (document["document"], row["step"])
            if step in seen:
                yield f"the step {row['step']} comes twice in {document['document']}"
            seen.add(step)
            if not row["requirements"]:
                yield f"the step {row['step']} names no requirement"
            for name in row["requirements"]:
                if name not in names:
                    yield f"the step {row['step']} names {name}, which is no requirement"


def problems(text: str, repository: Path = REPOSITORY, table: str | None = None) -> list[str]:
    """A sentence for each thing that is wrong with the text of docs/coverage.yml."""
    data, known = yaml.safe_load(text), variables(repository)
    rows = requirements(data)
    errors = list(wrong_ids([row["id"] for row in rows], table))
    errors += wrong_steps(data, [row["id"] for row in rows])
    errors += [
        f"{row['id']}: {error}" for row in rows for error in problems_of(row, repository, known)
    ]
    return [f"docs/coverage.yml: {error}" for error in errors]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when it is stale")
    arguments = parser.parse_args()
    text = SOURCE.read_text(encoding="utf-8")
    errors = problems(text)
    page = render(yaml.safe_load(text))
    if not arguments.check:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
        errors.append(f"{PAGE.relative_to(REPOSITORY)} is stale: run scripts/docs.")
    print("\n".join(errors), file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
