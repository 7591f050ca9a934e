# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surveys of AWX job templates, made from argument specs, and the values that their answers mean.

A question about a variable sets another one, with PREFIX in front: an answer is an extra variable,
which nothing can overrule, and AWX sends an empty text where an optional question was left out. So
the answers are read, and the variables set, in one place.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE, BOOLEANS_TRUE

from ..module_utils._errors import OperatorError
from . import _argument_specs as argument_specs
from ._model.inventory import GROUP_VARIABLES, HOST_VARIABLES

PREFIX = "survey_"
# "changes" is used beside a complete inventory: every question may be left out. "complete" asks for
# what an inventory must hold, too.
FORMS = ("changes", "complete")
LONGEST_TEXT = 1024
LONGEST_DOCUMENT = 65536
LARGEST_NUMBER = 2147483647

Options = t.Mapping[str, t.Mapping[str, t.Any]]


def survey(
    name: str,
    description: str,
    options: Options,
    form: str = "changes",
    also: t.Collection[str] = (),
    never: t.Collection[str] = (),
) -> dict[str, t.Any]:
    """The survey of a job template, in the form that the controller's API takes.

    `options` are those of the argument specs, by variable. `also` and `never` name variables that
    are asked for, or not, whatever the rule.
    """
    if form not in FORMS:
        raise OperatorError("A survey has the form {0}, not {1}.".format(" or ".join(FORMS), form))
    for variable in [*also, *never]:
        if variable not in options:
            raise OperatorError(
                f"{variable} is not a variable of the roles: take it out of the survey's lists."
            )
    asked = [
        variable
        for variable, option in options.items()
        if variable not in never and (variable in also or is_asked(variable, option, form))
    ]
    # Python's sort keeps the order of the specs among those that are alike.
    asked.sort(key=lambda variable: not options[variable].get("required"))
    return {
        "name": name,
        "description": description,
        "spec": [question(variable, options[variable], form) for variable in asked],
    }


def is_asked(variable: str, option: t.Mapping[str, t.Any], form: str) -> bool:
    """Whether a survey asks for this variable.

    An answer counts for every host, so no host's own variable is asked for, and no name of a group,
    by which clusters are told apart. Of the others it asks for what can be answered by choosing;
    texts, paths and numbers belong into a reviewed inventory. Secrets belong into a vault. Only a
    survey in place of an inventory asks for all that is required, and for dictionaries that hold a
    choice.
    """
    if variable in HOST_VARIABLES or variable in GROUP_VARIABLES.values():
        return False
    if option.get("required"):
        return form == "complete"
    if option.get("no_log"):
        return False
    if option.get("type") == "bool" or option.get("choices"):
        return True
    return form == "complete" and any(
        inner.get("choices") for inner in option.get("options", {}).values()
    )


def question(variable: str, option: t.Mapping[str, t.Any], form: str) -> dict[str, t.Any]:
    """One question. Its type is the nearest that a survey has."""
    kind, choices = _kind(option)
    complete = form == "complete"
    default = option.get("default") if complete else None
    result: dict[str, t.Any] = {
        "variable": PREFIX + variable,
        "question_name": variable,
        "question_description": " ".join(_help(option, kind, complete)),
        "required": bool(complete and option.get("required")),
        "type": kind,
        "min": 0,
        "max": (
            {
                "integer": LARGEST_NUMBER,
                "float": LARGEST_NUMBER,
                "textarea": LONGEST_DOCUMENT,
            }.get(kind, LONGEST_TEXT)
        ),
        "choices": choices,
        "default": "" if default is None or option.get("no_log") else _shown(default, kind),
        "new_question": False,
    }
    return result


def _kind(option: t.Mapping[str, t.Any]) -> tuple[str, list[str]]:
    choices = [_text(choice) for choice in option.get("choices", ())]
    kind = option.get("type", "str")
    if kind == "list" and choices:
        return "multiselect", choices
    if choices:
        return "multiplechoice", choices
    if option.get("no_log"):
        return "password", []
    if kind == "bool":
        return "multiplechoice", ["true", "false"]
    return {"int": "integer", "float": "float", "dict": "textarea", "list": "textarea"}.get(
        kind, "text"
    ), []


def _help(option: t.Mapping[str, t.Any], kind: str, complete: bool) -> t.Iterator[str]:
    yield argument_specs.description(option)
    if option.get("type") == "dict":
        keys = ", ".join(option.get("options", ()))
        yield "YAML, on one line in braces:" if kind == "password" else "YAML, a line for each:"
        yield f"{keys}." if keys else "key: value."
    elif kind == "textarea":
        yield "YAML, a list." if option.get("elements") == "dict" else "One in a line."
    default = option.get("default")
    if not complete:
        otherwise = "" if default in (None, [], {}) else f", else {_text(default)}"
        yield f"If left empty, the inventory's value applies{otherwise}."


def _shown(default: t.Any, kind: str) -> t.Any:
    if kind in ("integer", "float"):
        return default
    if isinstance(default, (list, tuple)):
        return "\n".join(_text(item) for item in default)
    # An empty dictionary is what leaving out means anyway.
    return "" if isinstance(default, t.Mapping) else _text(default)


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def answers(
    variables: t.Mapping[str, t.Any], options: Options, load: t.Callable[[str], t.Any]
) -> dict[str, t.Any]:
    """The variables that were answered, by their own names, as the values that the answers mean.

    `load` reads YAML and raises ValueError for what is none. An answer that does not fit its
    variable is passed on as it is, for the preflight says so better.
    """
    result = {}
    for name in variables:
        variable = name[len(PREFIX) :]
        if name.startswith(PREFIX) and variable in options:
            given = variables[name]
            if given is None or given == [] or (isinstance(given, str) and not given.strip()):
                continue
            result[variable] = _meant(given, options[variable], load)
    return result


def _meant(given: t.Any, option: t.Mapping[str, t.Any], load: t.Callable[[str], t.Any]) -> t.Any:
    kind = option.get("type", "str")
    if not isinstance(given, str):
        return given
    if kind == "bool":
        word = given.strip().lower()
        return word in BOOLEANS_TRUE if word in BOOLEANS_TRUE | BOOLEANS_FALSE else given
    if kind == "int":
        return int(given) if given.strip().lstrip("-").isdigit() else given
    if kind not in ("dict", "list"):
        return given
    try:
        value = load(given)
    except ValueError:
        value = None
    if kind == "dict":
        return value if isinstance(value, t.Mapping) else given
    if isinstance(value, list):
        return value
    return (
        given
        if option.get("elements") == "dict"
        else [line.strip() for line in given.splitlines() if line.strip()]
    )
