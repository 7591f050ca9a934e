# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Write the README of every role from its argument specs, or with --check say which of them are not
what would be written.

What a README says by hand stays: everything above the marker line.
"""

from __future__ import annotations

import argparse
import re
import sys
import typing as t
from pathlib import Path

import yaml

from docs.tools.markdown_text import wrapped

COLLECTION = "carbon_ops.key_manager"
MARKER = "<!-- Written by scripts/docs from meta/argument_specs.yml: edit that file. -->\n"
# Ansible's documentation markup, in Markdown. L(text,url) comes first, because its text may be
# anything.
MARKUP = (
    (re.compile(r"\bL\(([^,)]+),\s*([^)]+)\)"), r"[\1](\2)"),
    (re.compile(r"\b(?:C|O|V|RV|E|M)\(((?:[^()]|\([^()]*\))*)\)"), r"`\1`"),
    (re.compile(r"\bB\(([^)]+)\)"), r"**\1**"),
    (re.compile(r"\bI\(([^)]+)\)"), r"*\1*"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roles", type=Path, help="folder of the roles")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a README is not up to date"
    )
    arguments = parser.parse_args()
    stale = []
    for spec in sorted(arguments.roles.glob("*/meta/argument_specs.yml")):
        readme = spec.parents[1] / "README.md"
        old = readme.read_text(encoding="utf-8") if readme.is_file() else ""
        by_hand = old.partition(MARKER)[0].rstrip()
        text = render(
            spec.parents[1].name,
            yaml.safe_load(spec.read_text(encoding="utf-8"))["argument_specs"],
            by_hand,
        )
        if text == old:
            continue
        stale.append(readme)
        if not arguments.check:
            readme.write_text(text, encoding="utf-8")
    for readme in stale:
        print(
            "{0} {1}".format(
                readme, "is not up to date: run scripts/docs" if arguments.check else "written"
            )
        )
    return 1 if stale and arguments.check else 0


def render(role: str, specs: dict[str, t.Any], by_hand: str) -> str:
    parts = [by_hand] if by_hand else []
    parts.append(MARKER if by_hand else f"{MARKER}\n# Role {COLLECTION}.{role}")
    main_options = specs.get("main", {}).get("options", {})
    for name, spec in specs.items():
        main = name == "main"
        if not main:
            parts.append(f"## Entry point `{name}`")
        elif by_hand:
            parts.append("## Variables")
        parts.append(wrapped(markdown(spec["short_description"]).rstrip(".") + "."))
        parts += map(wrapped, paragraphs(spec.get("description", [])))
        options = spec.get("options", {})
        if not main and options == main_options:
            parts.append(
                "It reads the same variables as the entry point `main`."
                if options
                else "It reads no variable of its own."
            )
            continue
        if not main or not by_hand:
            parts.append("## Variables" if main else "### Variables")
        level = "###" if main else "####"
        parts += variables(options, level) if options else ["The role has none of its own."]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def variables(options: dict[str, t.Any], level: str) -> t.Iterator[str]:
    """A section for each variable, a list for what is in a dictionary."""
    for name, option in options.items():
        yield f"{level} `{name}`"
        yield wrapped(f"Type: {facts(option)}.")
        yield from map(wrapped, paragraphs(option.get("description", [])))
        if option.get("options"):
            yield "\n".join(entries(option["options"], ""))


def entries(options: dict[str, t.Any], indent: str) -> t.Iterator[str]:
    for name, option in options.items():
        text = " ".join(paragraphs(option.get("description", [])))
        yield wrapped(f"`{name}` ({facts(option)}): {text}", f"{indent}- ")
        yield from entries(option.get("options") or {}, indent + "  ")


def facts(option: dict[str, t.Any]) -> str:
    """Type, choices and default."""
    known = [kind(option), default(option)]
    if "choices" in option:
        choices = ", ".join(f"`{choice}`" for choice in option["choices"])
        known.insert(1, f"one of {choices}")
    return "; ".join(filter(None, known))


def kind(option: dict[str, t.Any]) -> str:
    name = str(option.get("type", "str"))
    return "{0} of {1}".format(name, option["elements"]) if "elements" in option else name


def default(option: dict[str, t.Any]) -> str:
    if option.get("required"):
        return "**required**"
    if option.get("default") is None:
        return ""
    value = option["default"]
    if isinstance(value, str):
        return "default `{0}`".format(value or '""')
    flow = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6)
    return "default `{0}`".format(flow.replace("\n...\n", "").strip())


def paragraphs(description: t.Any) -> list[str]:
    return [
        markdown(text) for text in ([description] if isinstance(description, str) else description)
    ]


def markdown(text: str) -> str:
    text = " ".join(text.split())
    # In code spans angle brackets are literal, outside of them Markdown would take them for tags.
    for pattern, replacement in MARKUP:
        text = pattern.sub(replacement, text)
    return "".join(
        part if index % 2 else part.replace("<", "&lt;")
        for index, part in enumerate(re.split(r"(`[^`]*`)", text))
    )


if __name__ == "__main__":
    sys.exit(main())
