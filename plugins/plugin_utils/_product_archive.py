# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single files of a product zip on the controller, without unpacking it."""

from __future__ import annotations

import base64
import hashlib
import typing as t
import zipfile
from pathlib import Path

from ..module_utils._errors import OperatorError

if t.TYPE_CHECKING:
    from collections.abc import Iterable

BLOCK = 1 << 20
# The largest schema script of the products has 80 kB.
LARGEST = 16 << 20


def read_members(archive: Path, checksum: str, names: Iterable[str]) -> dict[str, str]:
    """Those of the named files that the zip has below its top folder, in Base64.

    The zip is read from the very file whose checksum (``algorithm:digits``) was compared.
    """
    algorithm, _colon, expected = checksum.partition(":")
    if algorithm not in hashlib.algorithms_available or not expected:
        raise OperatorError(
            f"{archive}: {checksum or 'an empty text'} is not a checksum. Write the algorithm, a"
            " colon and the digits (sha256:1234…)."
        )
    try:
        with archive.open("rb") as stream:
            digest = hashlib.new(algorithm)
            for block in iter(lambda: stream.read(BLOCK), b""):
                digest.update(block)
            if digest.hexdigest() != expected.strip().lower():
                raise OperatorError(
                    f"{archive} is not the archive that the inventory names: it has the checksum"
                    f" {algorithm}:{digest.hexdigest()}."
                )
            with zipfile.ZipFile(stream) as opened:
                members = {
                    _below_top(entry.filename): entry
                    for entry in opened.infolist()
                    if not entry.is_dir()
                }
                found = {name: members[name] for name in names if name in members}
                for name, entry in found.items():
                    if entry.file_size > LARGEST:
                        raise OperatorError(
                            f"{archive}: {name} has {entry.file_size} bytes, which is too much for"
                            " a schema script."
                        )
                return {
                    name: base64.b64encode(opened.read(entry)).decode()
                    for name, entry in found.items()
                }
    except OSError as error:
        raise OperatorError(f"{archive} cannot be read ({error.strerror}).") from error
    except zipfile.BadZipFile as error:
        raise OperatorError(f"{archive} is not a zip file ({error}).") from error


def _below_top(name: str) -> str:
    return name.partition("/")[2]
