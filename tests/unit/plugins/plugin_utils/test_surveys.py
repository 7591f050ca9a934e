# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Surveys ask what the argument specs say, and answers become the values that they mean."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.filter.survey import FilterModule, survey
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils import (
    _inventory as inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils import (
    _surveys as surveys,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._inventory import (
    read_answers,
    read_variables,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    GROUP_VARIABLES,
    HOST_VARIABLES,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import role_options

OPTIONS: dict[str, dict[str, t.Any]] = {
    "flag": {"type": "bool", "default": True, "description": "A flag, see C(docs)."},
    "kind": {"type": "str", "choices": ["a", "b"], "default": "a", "description": "A kind."},
    "several": {
        "type": "list",
        "elements": "str",
        "choices": ["x", "y"],
        "default": ["x", "y"],
        "description": "Several.",
    },
    "number": {"type": "int", "default": 3, "description": "A number."},
    "ratio": {"type": "float", "description": "A ratio."},
    "words": {"type": "list", "elements": "str", "default": [], "description": "Words."},
    "things": {"type": "list", "elements": "dict", "description": "Things."},
    "place": {"type": "path", "default": "/opt", "description": "A place."},
    "table": {"type": "dict", "default": {}, "description": "A table."},
    "server": {
        "type": "dict",
        "description": "A server.",
        "options": {"vendor": {"choices": ["m"]}, "port": {"type": "int"}},
    },
    "name": {"type": "str", "required": True, "description": "The name."},
    "password": {"type": "str", "required": True, "no_log": True, "description": "Secret."},
    "passwords": {
        "type": "dict",
        "required": True,
        "no_log": True,
        "default": {"a": "s3cret"},
        "description": "Secrets.",
    },
    "optional_password": {"type": "str", "no_log": True, "description": "Another."},
}


def questions(form: str, **lists: t.Any) -> dict[str, dict[str, t.Any]]:
    return {
        question["question_name"]: question
        for question in surveys.survey("Site", "d", OPTIONS, form, **lists)["spec"]
    }


def test_what_can_be_chosen_is_asked() -> None:
    assert list(questions("changes")) == ["flag", "kind", "several"]


def test_a_survey_in_place_of_an_inventory_asks_for_all_that_is_required_first() -> None:
    asked = questions("complete")
    assert list(asked) == ["name", "password", "passwords", "flag", "kind", "several", "server"]
    assert [name for name, question in asked.items() if question["required"]] == [
        "name",
        "password",
        "passwords",
    ]
    assert asked["name"]["default"] == "" and asked["flag"]["default"] == "true"


def test_beside_an_inventory_nothing_is_filled_in_or_required() -> None:
    """AWX sends a default as an answer, which would overrule the inventory."""
    for question in questions("changes", also=["name", "number", "table"]).values():
        assert question["default"] == "" and question["required"] is False
        assert "the inventory's value applies" in question["question_description"]


KINDS = [
    ("flag", "multiplechoice", ["true", "false"], "true"),
    ("kind", "multiplechoice", ["a", "b"], "a"),
    ("several", "multiselect", ["x", "y"], "x\ny"),
    ("number", "integer", [], 3),
    ("ratio", "float", [], ""),
    ("words", "textarea", [], ""),
    ("things", "textarea", [], ""),
    ("place", "text", [], "/opt"),
    ("table", "textarea", [], ""),
    ("server", "textarea", [], ""),
    ("password", "password", [], ""),
    ("passwords", "password", [], ""),
]


@pytest.mark.parametrize(("name", "kind", "choices", "default"), KINDS)
def test_type_choices_and_default_are_those_of_the_spec(
    name: str, kind: str, choices: t.Any, default: t.Any
) -> None:
    question = questions("complete", also=list(OPTIONS))[name]
    assert (question["type"], question["choices"], question["default"]) == (kind, choices, default)
    assert question["variable"] == "survey_" + name


def test_a_question_says_how_it_is_answered() -> None:
    asked = questions("complete", also=list(OPTIONS))
    assert asked["flag"]["question_description"] == "A flag, see docs."
    assert "vendor, port" in asked["server"]["question_description"]
    assert "One in a line" in asked["words"]["question_description"]
    assert "YAML, a list" in asked["things"]["question_description"]
    assert "one line" in asked["passwords"]["question_description"]
    assert questions("changes", also=["number"])["number"]["question_description"].endswith(
        "applies, else 3."
    )


@pytest.mark.parametrize("lists", [{"also": ["nmae"]}, {"never": ["nmae"]}])
def test_a_variable_that_is_none_is_named(lists: t.Any) -> None:
    with pytest.raises(OperatorError, match="nmae"):
        surveys.survey("Site", "", OPTIONS, **lists)
    with pytest.raises(Exception, match="nmae"):
        survey("Site", **lists)


def test_a_form_that_is_none_is_named() -> None:
    with pytest.raises(OperatorError, match="half"):
        surveys.survey("Site", "", OPTIONS, "half")


ANSWERS = [
    ("flag", "false", False),
    ("flag", "Yes", True),
    ("flag", "maybe", "maybe"),
    ("kind", "b", "b"),
    ("several", ["y"], ["y"]),
    ("number", 7, 7),
    ("number", " 7", 7),
    ("number", "seven", "seven"),
    ("words", "one\n two \n\n", ["one", "two"]),
    ("words", "[one, two]", ["one", "two"]),
    ("things", "- {a: 1}", [{"a": 1}]),
    ("things", "a", "a"),
    ("table", "a: 1\nb: x", {"a": 1, "b": "x"}),
    ("table", "{a: [1", "{a: [1"),
    ("passwords", "{a: s3cret, b: 'x: y'}", {"a": "s3cret", "b": "x: y"}),
    ("name", "km", "km"),
]


@pytest.mark.parametrize(("name", "given", "meant"), ANSWERS)
def test_an_answer_means_a_value_of_the_variable(name: str, given: t.Any, meant: t.Any) -> None:
    assert surveys.answers({"survey_" + name: given}, OPTIONS, inventory._load) == {name: meant}


@pytest.mark.parametrize("empty", ["", " \n", None, []])
def test_what_was_left_out_is_no_answer(empty: t.Any) -> None:
    assert (
        surveys.answers(
            {"survey_name": empty, "survey_elsewhere": "x", "name": "y"}, OPTIONS, yaml.safe_load
        )
        == {}
    )


@pytest.mark.parametrize("form", surveys.FORMS)
def test_the_surveys_of_this_collection_are_what_a_controller_takes(form: str) -> None:
    spec = survey("Site", form=form)["spec"]
    options = {name: option for role in role_options().values() for name, option in role.items()}
    names = [question["question_name"] for question in spec]
    assert len(names) == len(set(names)) and 5 < len(names) < 60
    for question in spec:
        name, option = question["question_name"], options[question["question_name"]]
        assert (
            name not in HOST_VARIABLES
            and name not in GROUP_VARIABLES.values()
            and not name.startswith("automation_")
        )
        assert question["choices"] or question["type"] not in ("multiplechoice", "multiselect")
        assert question["default"] == "" or isinstance(
            question["default"], int if question["type"] == "integer" else str
        )
        if option.get("no_log"):
            assert (
                question["type"] == "password" and question["default"] == "" and form == "complete"
            )
    if form == "complete":
        required = {
            name
            for name, option in options.items()
            if option.get("required") and name not in HOST_VARIABLES
        }
        assert {name for name in required if name.startswith("cluster_")} <= set(names)


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"survey": survey}


def test_answers_count_for_every_host_and_win() -> None:
    hosts = {
        "km1": {"cluster_gateway_port": 8243, "survey_cluster_gateway_port": 9000},
        "km2": {"survey_cluster_gateway_port": "9000"},
    }
    reading = read_variables(
        {"groups": {"all": ["km1", "km2"]}, "hostvars": hosts}, {"cluster_gateway_port"}
    )
    assert reading.inventory.hosts == {
        "km1": {"cluster_gateway_port": 9000},
        "km2": {"cluster_gateway_port": 9000},
    }


def test_a_question_about_nothing_is_told() -> None:
    hosts = {"km1": {"survey_cluster_gatway_port": 9000}}
    reading = read_variables(
        {"groups": {"all": ["km1"]}, "hostvars": hosts},
        {"cluster_gateway_port"},
        ("cluster_", "survey_cluster_"),
    )
    assert reading.inventory.hosts == {"km1": {"survey_cluster_gatway_port": None}}
    assert read_answers({"survey_cluster_gatway_port": 9000}) == {}
