# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Secrets in the values of edits: ``%{name}`` stands for the secret of that name."""

from __future__ import annotations

import re
import typing as t

from .._errors import OperatorError
from .arguments import VAULTED, choice, scalar


def literal(text: str) -> str:
    """The text as an edit states it, so that nothing in it is taken for the name of a secret."""
    return text.replace("%{", "%%{")


_PLACEHOLDER = re.compile(r"%?%\{([^{}]*)\}?")


class Secrets:
    """The secrets of one call, and which of them were used."""

    def __init__(self, values: t.Mapping[str, t.Any] | None, vaulted: str = "refuse") -> None:
        self.leave_vault = choice(vaulted, "vaulted", VAULTED, "refuse") == "replace"
        self._values = {
            str(name): scalar(value, f"the secret {name}") for name, value in (values or {}).items()
        }

    @property
    def values(self) -> list[str]:
        return [value for value in self._values.values() if value]

    def resolve(self, text: str, quote: t.Callable[[str], str] | None = None) -> str:
        """Put the secrets in for ``%{name}``; ``%%{`` stands for ``%{``."""
        if "%{" not in text:
            return text

        def replaced(found: re.Match[str]) -> str:
            if found.group().startswith("%%"):
                return found.group()[1:]
            value = self.value(found.group(1))
            return quote(value) if quote else value

        return _PLACEHOLDER.sub(replaced, text)

    def value(self, name: str) -> str:
        if name not in self._values:
            known = ", ".join(sorted(self._values)) or "none"
            raise OperatorError(
                f"%{{{name}}} names a secret that is not among secrets ({known}). Write %%{{ where"
                " %{ itself is meant."
            )
        return self._values[name]

    @staticmethod
    def uses(text: str) -> bool:
        """Whether the text names a secret, so that what it replaces may be one too."""
        return any(not found.group().startswith("%%") for found in _PLACEHOLDER.finditer(text))
