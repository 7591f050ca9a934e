# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What all modules share: an error that ends with a sentence, and secrets within lists and
dictionaries of arguments, which Ansible alone does not keep from the log of the host.

A module writes its arguments into the journal as Python prints them. There a line break and a quote
are escaped, so that the search for the secret finds nothing, and a private key or such a password
would be in the journal for whoever may read it.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ._errors import OperatorError

# Shorter lines would blot out words of the result that have nothing to do with the secret.
_LINE = 16


@dataclass(frozen=True)
class Arguments:
    """The arguments of a module: its options, and what of them goes together."""

    options: t.Mapping[str, t.Any]
    rules: t.Mapping[str, t.Any] = field(default_factory=dict)

    def checked(self, name: str, given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The arguments as the module of this name would be given them; raises OperatorError."""
        result = ArgumentSpecValidator(dict(self.options), **self.rules).validate(dict(given))
        if result.error_messages:
            raise OperatorError(f"{name}: {'; '.join(result.error_messages)}")
        return dict(result.validated_parameters)


@contextlib.contextmanager
def errors_told(
    module: t.Any, others: t.Mapping[t.Any, t.Callable[[t.Any], str]] | None = None
) -> t.Iterator[None]:
    """End the module with the sentence of an OperatorError that is raised inside.

    ``others`` has the sentence of an error of another kind (a class, or several), where a module
    knows what such an error means. An error of none of these kinds goes on.
    """
    try:
        yield
    except Exception as error:
        known: dict[t.Any, t.Callable[[t.Any], str]] = {OperatorError: str, **(others or {})}
        say = next((say for kind, say in known.items() if isinstance(error, kind)), None)
        if say is not None:
            module.fail_json(msg=say(error))
        raise


def secret_texts(arguments: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """Every text of the options that are no_log, however deep they are, and the lines of those
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


def quiet_module(
    module: t.Any,
    within: t.Mapping[str, Arguments] | None = None,
    forms: t.Callable[[str], t.Iterable[str]] = lambda text: [text],
) -> t.Any:
    """The class AnsibleModule, made to log nothing of its arguments and to mask secrets wherever
    they are in them. ``within`` are the arguments in those of its dictionaries that its own spec
    does not describe, and ``forms`` tells how a secret may be written in other arguments."""

    class QuietModule(module):
        def __init__(self, *arguments: t.Any, **keywords: t.Any) -> None:
            self._secret_spec = {
                **keywords["argument_spec"],
                **{name: {"options": inner.options} for name, inner in (within or {}).items()},
            }
            super().__init__(*arguments, **keywords)
            self._mask()

        def _load_params(self) -> None:
            # Before the arguments are checked: an error about them repeats all of them.
            super()._load_params()
            self._mask()

        def _mask(self) -> None:
            for text in secret_texts(self.params, self._secret_spec):
                self.no_log_values.update(form for form in forms(text) if form)

        def _log_invocation(self) -> None:
            self.log("Invoked with arguments that are not logged, as there are secrets among them")

    return QuietModule
