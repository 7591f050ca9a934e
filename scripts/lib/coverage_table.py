# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Say what is wrong with docs/coverage.md: a requirement without a row, a test, file or variable
that does not exist."""

from __future__ import annotations

import argparse
import ast
import functools
import re
import sys
import typing as t
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
SEEN = ("server", "parsers", "exact", "unit", "never", "later")
RANGE = re.compile(r"([A-Z]{2})(\d+)(?:-(\d+))?")
TICKED = re.compile(r"`([^`]+)`")
# Its cases are named by tests of other files too.
TABLE = "tests/unit/plugins/plugin_utils/_preflight/test_preflight.py"


class Row(t.NamedTuple):
    id: str
    what: str
    place: str
    test: str
    seen: str


def expand(text: str) -> list[str]:
    """IN1-2 is IN1 and IN2."""
    return [
        f"{letters}{number}"
        for letters, first, last in RANGE.findall(text)
        for number in range(int(first), int(last or first) + 1)
    ]


def rows(text: str) -> list[Row]:
    found = (
        re.split(r"(?<!\\)\|", line)[1:-1]
        for line in text.splitlines()
        if re.match(r"\| [A-Z]{2}\d+ \|", line)
    )
    return [
        Row(*(cell.strip() for cell in cells)) for cells in found if len(cells) == len(Row._fields)
    ]


def required(table: str) -> list[str]:
    """The IDs of the requirements themselves, which stand in the first column."""
    return re.findall(r"^\| ([A-Z]{2}\d+) \|", table, re.MULTILINE)


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
    # The cases of some tests stand in the table of another one.
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
    prefixes = tuple(path.name + "_" for path in (repository / "roles").iterdir())
    for name in TICKED.findall(row.what):
        if name.startswith(prefixes) and name not in known:
            yield f"{name} is in no argument spec"
    for place in TICKED.findall(row.place):
        if wrong_place(place, repository):
            yield f"there is no {place}"
    tests = TICKED.findall(row.test)
    for reference in tests + [name for name in TICKED.findall(row.seen) if "::" in name]:
        error = wrong_test(reference, repository)
        if error:
            yield error
    word = (re.match(r"\w*", row.seen) or [""])[0]
    if word not in SEEN:
        yield "the last column begins with none of {0}".format(", ".join(SEEN))
    if not tests and word not in ("never", "later"):
        yield "it names no test, so it was never seen"


def problems(
    text: str, repository: Path = REPOSITORY, requirements: str | None = None
) -> list[str]:
    """A sentence for each thing that is wrong with the table, and with its list of IDs if the
    requirements themselves are at hand."""
    line = next((line for line in text.splitlines() if line.startswith("Requirements: ")), "")
    ids, table, known = expand(line), rows(text), variables(repository)
    found = [row.id for row in table]
    errors = [f"{name} has no row" for name in ids if name not in found]
    errors += [f"{name} has several rows" for name in sorted(set(found)) if found.count(name) > 1]
    errors += [f"{name} is not in the line of requirements" for name in found if name not in ids]
    if requirements is not None:
        errors += [
            f"the line of requirements lacks {name}"
            for name in required(requirements)
            if name not in ids
        ]
        errors += [
            f"{name} is no requirement" for name in ids if name not in required(requirements)
        ]
    errors += [
        f"{row.id}: {error}" for row in table for error in problems_of(row, repository, known)
    ]
    return [f"docs/coverage.md: {error}" for error in errors]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--requirements", type=Path, help="the file of the requirements, to compare their IDs"
    )
    arguments = parser.parse_args()
    requirements = (
        arguments.requirements.read_text(encoding="utf-8") if arguments.requirements else None
    )
    errors = problems(
        (REPOSITORY / "docs" / "coverage.md").read_text(encoding="utf-8"), requirements=requirements
    )
    print("\n".join(errors) or "docs/coverage.md: every requirement has its row")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
