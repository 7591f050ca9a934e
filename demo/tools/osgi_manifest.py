# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Read and write the manifest of an OSGi bundle: its lines, and the clauses of its headers."""

from __future__ import annotations

import dataclasses
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LINE_LENGTH = 70
VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(.*))?")


@dataclasses.dataclass(frozen=True)
class Clause:
    """One package of Import-Package or Export-Package with its attributes (``version``) and
    directives (``resolution:``)."""

    package: str
    attributes: Mapping[str, str]

    def __str__(self) -> str:
        return "".join(
            [self.package, *(f';{key}="{value}"' for key, value in self.attributes.items())]
        )

    @property
    def optional(self) -> bool:
        """Whether a bundle starts without this package."""
        return self.attributes.get("resolution:") == "optional"

    def without(self, *names: str) -> Clause:
        """Return the clause without these attributes."""
        return Clause(
            self.package, {key: value for key, value in self.attributes.items() if key not in names}
        )


def _split(text: str, separator: str) -> list[str]:
    """Split a header, but not within quotes."""
    parts = re.findall(rf'(?:[^"{separator}]|"[^"]*")+', text)
    return [part.strip() for part in parts]


def clauses(header: str) -> Iterator[Clause]:
    """Yield one clause for each package of a header; those of one clause share attributes."""
    for text in _split(header, ","):
        packages = []
        attributes = {}
        for part in _split(text, ";"):
            # "=" ends the name of an attribute, ":=" that of a directive, whose name keeps the
            # colon.
            name, equals, value = part.partition("=")
            if equals and '"' not in name:
                attributes[name.strip()] = value.strip().strip('"')
            else:
                packages.append(part)
        for package in packages:
            yield Clause(package, attributes)


def header(items: Sequence[Clause]) -> str:
    """Return the header that holds these clauses."""
    return ",".join(map(str, items))


def parse(text: str) -> dict[str, str]:
    """Return the main section of a manifest: a line that begins with a space goes on where the one
    before it ended."""
    main = text.replace("\r\n", "\n").split("\n\n")[0].replace("\n ", "")
    return dict(line.split(": ", 1) for line in main.split("\n") if ": " in line)


def render(headers: Mapping[str, str]) -> bytes:
    """Return a manifest; no line of it may have more than 72 bytes."""
    lines = []
    for name, value in {"Manifest-Version": "1.0", **headers}.items():
        # Some bundles say 1, which newer Java refuses.
        rest = f"{name}: {'1.0' if name == 'Manifest-Version' else value}".encode()
        start = b""
        while rest:
            lines.append(start + rest[:LINE_LENGTH])
            rest = rest[LINE_LENGTH:]
            start = b" "
    return b"\r\n".join(lines) + b"\r\n\r\n"


def version(text: str) -> tuple[int, int, int, str]:
    """Return a version in the form in which versions compare."""
    match = VERSION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"'{text}' is not an OSGi version.")
    return int(match[1]), int(match[2] or 0), int(match[3] or 0), match[4] or ""


def accepts(wanted: str, offered: str) -> bool:
    """Say whether a version range, or a least version, takes the version that a bundle offers."""
    found = version(offered)
    wanted = wanted.strip()
    if wanted[0] not in "[(":
        return found >= version(wanted)
    low, high = (version(part) for part in wanted[1:-1].split(","))
    above = found >= low if wanted[0] == "[" else found > low
    return above and (found <= high if wanted[-1] == "]" else found < high)
