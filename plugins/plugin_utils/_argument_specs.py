# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs: their texts as plain sentences, and values held against them."""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

# Ansible's semantic markup with one argument: C(code), O(option), V(value), …
MARKUP = re.compile(r"\b(?:[BCEIMOPV]|RV)\(((?:\\.|[^\\()])*)\)")


def plain(text: str) -> str:
    """The text without Ansible's markup."""
    return re.sub(r"\\(.)", r"\1", MARKUP.sub(r"\1", text))


def description(option: t.Any) -> str:
    """What an argument spec says of an option, in full, as plain sentences."""
    return plain(" ".join(_paragraphs(option)))


def summary(option: t.Any) -> str:
    """Its first paragraph."""
    return plain((_paragraphs(option) or [""])[0])


def _paragraphs(option: t.Any) -> list[str]:
    text = option.get("description") or []
    return [" ".join(str(part).split()) for part in ([text] if isinstance(text, str) else text)]


Variables = t.Mapping[str, t.Any]


def validated(
    variables: Variables, options: t.Mapping[str, t.Any]
) -> tuple[dict[str, t.Any], list[str]]:
    """Give the variables their types and defaults; return them with the errors of the argument
    spec.

    Secrets (no_log) are left out: the model needs none, and a message of the spec's might quote
    one.
    """
    options = {name: option for name, option in options.items() if not option.get("no_log")}
    result = ArgumentSpecValidator(as_arguments(options)).validate(
        {name: variables[name] for name in options if name in variables}
    )
    return result.validated_parameters, list(result.error_messages)


def as_arguments(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """An argument spec of a role in the form that modules use."""
    arguments: dict[str, t.Any] = {}
    for name, option in options.items():
        argument = {
            key: value
            for key, value in option.items()
            if key not in ("description", "options", "version_added")
        }
        if "options" in option:
            argument["options"] = as_arguments(option["options"])
            # Options within an option get their defaults only so.
            argument["apply_defaults"] = "default" in option
        arguments[name] = argument
    return arguments
