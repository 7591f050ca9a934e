# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Where a schema script comes from: the home of the Key Manager, that of API Manager, or what was
brought of it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

from .._errors import OperatorError
from .scripts import Script, read_script

API_MANAGER = "api_manager:"


class NotBrought(OperatorError):
    """A script of API Manager that nothing on this host holds."""


@dataclass(frozen=True)
class Places:
    """Where scripts are looked for. ``brought`` holds contents of API Manager's by their path in
    its home."""

    home: Path
    api_manager_home: Path | None
    brought: Mapping[str, bytes]

    def find(self, name: str) -> bytes | None:
        """The content of a script, or None when it is not there."""
        if name.startswith(API_MANAGER):
            name = name[len(API_MANAGER) :]
            if name in self.brought:
                return self.brought[name]
            return _content(self.api_manager_home / name) if self.api_manager_home else None
        return _content(self.home / name)

    def read(self, script: Mapping[str, Any], engine: str, newer: bool) -> Script:
        """Read a script of the model; with ``newer`` the one for newer servers, where the product
        has one."""
        for name in [*(script["newer"] if newer else ()), script["name"]]:
            content = self.find(name)
            if content is not None:
                return read_script(script["name"], content, engine)
        raise self._missing(script["name"])

    def _missing(self, name: str) -> OperatorError:
        of_api_manager = name.startswith(API_MANAGER)
        if of_api_manager and not self.api_manager_home and not self.brought:
            return NotBrought(
                f"{name}: this schema script of API Manager could not be had, as neither its home"
                " nor its archive is here. Set cluster_api_manager_archive to its zip on the"
                " controller, or name another script in cluster_database.scripts."
            )
        home = self.api_manager_home if of_api_manager else self.home
        path = home / name[len(API_MANAGER) if of_api_manager else 0 :] if home else Path(name)
        beside = sorted(other.name for other in path.parent.glob("*.sql"))
        there = f" In that folder are: {', '.join(beside)}." if beside else ""
        return OperatorError(
            f"{path}: the product has no such schema script. Its profile names it, or the option"
            f" scripts of cluster_database.{there}"
        )


def places_of(params: Mapping[str, Any]) -> Places:
    """Where the module looks."""
    brought = {}
    for name, content in params["api_manager_scripts"].items():
        try:
            brought[name] = base64.b64decode(str(content), validate=True)
        except binascii.Error as error:
            raise OperatorError(
                f"api_manager_scripts: the content of {name} is not in Base64."
            ) from error
    api_manager_home = params["api_manager_home"]
    return Places(
        Path(params["home"]), Path(api_manager_home) if api_manager_home else None, brought
    )


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorError(
            f"{path}: the schema script cannot be read ({error.strerror})."
        ) from error
