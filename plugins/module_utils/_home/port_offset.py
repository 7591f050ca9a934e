# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The port offset of a Carbon server: the edit that sets it, the ports it gives, and what would
make it void."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .._editor.patch import Part, Wish
from .._errors import OperatorError
from .._module import Arguments
from .._ports import check_offset, port_table
from .home import START_SCRIPT, XML_FILES, Home
from .ports import effective_ports, moved_connectors, port_offset_argument

if t.TYPE_CHECKING:
    from .._editor.patch import Read

CARBON_OFFSET = Arguments(
    {
        "home": {"type": "path"},
        "path": {"type": "path"},
        "offset": {"type": "int", "required": True},
        "unit": {"type": "path"},
    },
    {"required_one_of": [("home", "path")], "mutually_exclusive": [("home", "path")]},
)


def carbon_offset_part(arguments: t.Mapping[str, t.Any]) -> Part:
    """What module carbon_offset does with these arguments."""
    home = arguments["home"] or home_of(arguments["path"], XML_FILES["carbon"])
    path = arguments["path"] or f"{home}/{XML_FILES['carbon']}"
    edits = offset_edits(arguments["offset"])

    def then(read: Read) -> Wish:
        check_start_files(home, arguments["unit"], read)
        ports, warnings = offset_result(home, arguments["offset"], read)
        return Wish(results={"ports": ports}, warnings=warnings)

    return Part([{"path": path, "edits": edits}], then=then)


def home_of(path: str, relative: str) -> str | None:
    """The product home that a file of this place in it belongs to; None for a file that is
    elsewhere."""
    absolute = str(Path(path).absolute())
    return absolute[: -len(relative) - 1] if absolute.endswith("/" + relative) else None


def _text(path: Path, read: Read) -> str | None:
    try:
        return read(path).decode("utf-8", errors="replace")
    except OSError:
        return None


def start_files(home: str | None, unit: str | None) -> list[Path]:
    """The files that may pass arguments to the server: its start script, its unit, and what
    overrides the unit."""
    files = [Path(home) / START_SCRIPT] if home else []
    if unit:
        files += [Path(unit), *sorted(Path(unit + ".d").glob("*.conf"))]
    return files


def check_start_files(home: str | None, unit: str | None, read: Read = Path.read_bytes) -> None:
    """Refuses an offset in carbon.xml that an argument of the start would make void. Files that may
    not be read are passed over."""
    for path in start_files(home, unit):
        argument = port_offset_argument(_text(path, read))
        if argument is not None:
            raise OperatorError(
                f"{path} passes -DportOffset={argument} to the server. It wins over Ports/Offset of"
                " carbon.xml, which so has no effect. Remove the argument, and set the offset here"
                " only."
            )


def offset_edits(offset: t.Any) -> list[dict[str, t.Any]]:
    """The edit of carbon.xml, in the form of xml_patch. The first Offset is the one that the server
    reads."""
    return [
        {
            "xpath": "/Server/Ports/Offset",
            "text": check_offset(offset),
            "match": "first",
            "if_missing": ["uncomment", "create"],
        }
    ]


def offset_result(
    home: str | None, offset: int, read: Read = Path.read_bytes
) -> tuple[dict[str, int], list[str]]:
    """The ports of a server with this offset, and sentences on Connectors that were moved by
    hand."""
    if home is None:
        return port_table(offset), []
    files = Home(home, read)
    return effective_ports(files, offset), moved_connectors(files)
