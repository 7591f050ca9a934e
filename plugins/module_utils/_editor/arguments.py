# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Checks of the arguments of an edit."""

from __future__ import annotations

import typing as t

from .._errors import OperatorError

VAULTED = ("refuse", "replace")
VAULTED_OPTIONS: dict[str, dict[str, t.Any]] = {
    "vaulted": {"type": "str", "choices": list(VAULTED), "default": "refuse"},
}
MATCHES = ("one", "first", "all")


def scalar(value: t.Any, what: str) -> str:
    """A value as the product will read it: booleans become true and false, whatever YAML may have
    changed is refused."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return str(int(value))
    if value is None:
        raise OperatorError(f'{what} is empty. Quote it: "" is an empty value.')
    if isinstance(value, float):
        raise OperatorError(
            f"{what} is a floating point number, whose digits YAML does not keep. Quote it."
        )
    raise OperatorError(f"{what} must be a text, a whole number or a boolean.")


def check_keys(entry: t.Mapping[str, t.Any], known: t.Iterable[str], what: str) -> None:
    """Refuse a key that is not known, with the one that it resembles; raises OperatorError."""
    for key in entry:
        if key not in known:
            import difflib

            near = difflib.get_close_matches(str(key), list(known), 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise OperatorError(
                f"{what} has the unknown key {key}.{hint} Known are {', '.join(known)}."
            )


def choice(value: t.Any, key: str, choices: tuple[str, ...], default: str | None) -> str | None:
    """One of the choices as text, or the default where nothing is given; raises OperatorError."""
    if value is None:
        return default
    if value not in choices:
        raise OperatorError(f"{key} must be one of {', '.join(choices)}.")
    return str(value)


def fallbacks(
    value: t.Any, choices: tuple[str, ...], default: tuple[str, ...] = ("fail",)
) -> tuple[str, ...]:
    """What to do when nothing matches: one word or a list."""
    if value is None:
        return default
    words = [value] if isinstance(value, str) else value
    if (
        not isinstance(words, (list, tuple))
        or not words
        or any(word not in choices for word in words)
    ):
        raise OperatorError(f"if_missing must be one or more of {', '.join(choices)}.")
    return tuple(words)
