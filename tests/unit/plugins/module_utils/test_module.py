# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""How an error ends a module. Secrets in arguments are tested with the modules that have them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._module import errors_told


class Module:
    """Ends as AnsibleModule does, and keeps what it ended with."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def fail_json(self, msg: str) -> None:
        self.told.append(msg)
        raise SystemExit(1)


class Special(OperatorError):
    pass


OTHERS: t.Any = {
    OSError: lambda error: f"The file is {error.strerror}.",
    (KeyError, ValueError): lambda error: f"A {type(error).__name__}.",
}


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OperatorError("Set the variable."), "Set the variable."),
        (Special("Set the other."), "Set the other."),
        (FileNotFoundError(2, "gone"), "The file is gone."),
        (KeyError("a"), "A KeyError."),
        (ValueError("a"), "A ValueError."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_that_is_known_ends_the_module_with_one_sentence(
    error: Exception, sentence: str
) -> None:
    module = Module()
    with pytest.raises(SystemExit), errors_told(module, OTHERS):
        raise error
    assert module.told == [sentence]


@pytest.mark.parametrize("others", [None, OTHERS], ids=["no others", "others"])
def test_an_error_that_nobody_expects_goes_on(others: t.Any) -> None:
    module = Module()
    with pytest.raises(ZeroDivisionError), errors_told(module, others):
        raise ZeroDivisionError
    assert module.told == []


def test_an_error_of_the_system_goes_on_where_the_module_has_no_sentence_for_it() -> None:
    module = Module()
    with pytest.raises(PermissionError), errors_told(module):
        raise PermissionError(13, "denied")
    assert module.told == []


def test_without_an_error_nothing_is_told() -> None:
    module = Module()
    with errors_told(module, OTHERS):
        pass
    assert module.told == []
