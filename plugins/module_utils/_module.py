# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Secrets within lists and dictionaries of arguments, which Ansible alone does not keep from the
log of the host.

A module writes its arguments into the journal as Python prints them. There a line break and a quote
stand escaped, so that the search for the secret finds nothing, and a private key or such a password
would stand in the journal for whoever may read it.
"""

from __future__ import annotations

import typing as t

# Shorter lines would blot out words of the result that have nothing to do with the secret.
_LINE = 16


def secret_texts(arguments: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """Every text of the options that are no_log, however deep they stand, and the lines of those
    that have several."""
    for name, option in spec.items():
        value = arguments.get(name)
        if option.get("no_log"):
            yield from _texts(value)
        elif option.get("options"):
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, dict):
                    yield from secret_texts(entry, option["options"])


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from (line for line in value.splitlines() if len(line) >= _LINE)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def secretive(module: t.Any) -> t.Any:
    """The class AnsibleModule, made to log nothing of its arguments and to mask secrets wherever
    they stand in them."""

    class Secretive(module):
        def __init__(self, *arguments: t.Any, **keywords: t.Any) -> None:
            super().__init__(*arguments, **keywords)
            self.no_log_values.update(
                text for text in secret_texts(self.params, keywords["argument_spec"]) if text
            )

        def _log_invocation(self) -> None:
            self.log("Invoked with arguments that are not logged, as there are secrets among them")

    return Secretive
