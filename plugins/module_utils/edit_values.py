# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Values of edits: exact scalars, and secrets that are put in only after the arguments were parsed."""

from __future__ import annotations

import re

from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError

MYPY = False
if MYPY:
    from typing import Any, Callable, Iterable, Mapping

MATCHES = ("one", "first", "all")

_PLACEHOLDER = re.compile(r"%?%\{([^{}]*)\}?")


def scalar(value: Any, what: str) -> str:
    """A value as the product will read it: booleans become true and false, whatever YAML may have changed is refused."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return str(int(value))
    if value is None:
        raise OperatorError(f'{what} is empty. Quote it: "" is an empty value.')
    if isinstance(value, float):
        raise OperatorError(f"{what} is a floating point number, whose digits YAML does not keep. Quote it.")
    raise OperatorError(f"{what} must be a text, a whole number or a boolean.")


class Secrets:
    """The secrets of one call, and which of them were used."""

    def __init__(self, values: Mapping[str, Any] | None) -> None:
        self._values = {str(name): scalar(value, f"the secret {name}") for name, value in (values or {}).items()}

    @property
    def values(self) -> list[str]:
        return [value for value in self._values.values() if value]

    def resolve(self, text: str, quote: Callable[[str], str] | None = None) -> str:
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
            raise OperatorError(f"%{{{name}}} names a secret that is not among secrets ({known}). Write %%{{ where %{{ itself is meant.")
        return self._values[name]

    @staticmethod
    def uses(text: str) -> bool:
        """Whether the text names a secret, so that what it replaces may be one too."""
        return any(not found.group().startswith("%%") for found in _PLACEHOLDER.finditer(text))


def check_keys(entry: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    for key in entry:
        if key not in known:
            import difflib

            near = difflib.get_close_matches(str(key), list(known), 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise OperatorError(f"{what} has the unknown key {key}.{hint} Known are {', '.join(known)}.")


def choice(value: Any, key: str, choices: tuple[str, ...], default: str | None) -> str | None:
    if value is None:
        return default
    if value not in choices:
        raise OperatorError(f"{key} must be one of {', '.join(choices)}.")
    return str(value)


def fallbacks(value: Any, choices: tuple[str, ...], default: tuple[str, ...] = ("fail",)) -> tuple[str, ...]:
    """What to do when nothing matches: one word or a list."""
    if value is None:
        return default
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not words or any(word not in choices for word in words):
        raise OperatorError(f"if_missing must be one or more of {', '.join(choices)}.")
    return tuple(words)
