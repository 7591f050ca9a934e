# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""playbooks/awx.yml makes what AWX needs, once: the real modules of awx.awx against a server that
speaks the controller's API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import ansible_collections
import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.filter.survey import survey

from tests.integration.automation.controller import TOKEN, Controller, Refused, check_survey

REPOSITORY = Path(__file__).resolve().parents[3]
URL = "https://git.bank.example/key-manager.git"
NAMES = ["Key Manager configure", "Key Manager preflight", "Key Manager site", "Key Manager verify"]


class Made(t.NamedTuple):
    controller: Controller
    first: t.Any
    second: t.Any


def run(
    controller: Controller, *arguments: str, **variables: t.Any
) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "CONTROLLER_", "TOWER_"))
    }
    environment.update(
        CONTROLLER_HOST=controller.url,
        CONTROLLER_OAUTH_TOKEN=TOKEN,
        ANSIBLE_NOCOLOR="1",
        no_proxy="127.0.0.1",
    )
    tool = Path(sys.executable).parent / "ansible-playbook"
    extra = json.dumps({"automation_project_url": URL, **variables})
    return subprocess.run(
        [str(tool), "playbooks/awx.yml", "-e", extra, *arguments],
        cwd=REPOSITORY,
        env={
            **environment,
            "PATH": "{0}{1}{2}".format(tool.parent, os.pathsep, environment["PATH"]),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def changes(done: t.Any) -> int:
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.findall(r"changed=(\d+)", done.stdout)[-1])


@pytest.fixture
def controller() -> t.Iterator[Controller]:
    with Controller() as running:
        yield running


@pytest.fixture(scope="module")
def made() -> t.Iterator[Made]:
    with Controller() as running:
        variables = {
            "automation_execution_environment_image": "registry.bank.example/key-manager-ee:1"
        }
        yield Made(running, run(running, **variables), run(running, **variables))


def test_a_second_run_changes_nothing(made: Made) -> None:
    assert changes(made.first) > 5
    assert changes(made.second) == 0, made.second.stdout


def test_project_inventory_and_environment_are_there(made: Made) -> None:
    there = made.controller
    organization = there.named("organizations", "Default")["id"]
    environment = there.named("execution_environments", "Key Manager")
    project = there.named("projects", "Key Manager")
    inventory = there.named("inventories", "Key Manager")
    source = there.named("inventory_sources", "Key Manager")
    assert environment["image"] == "registry.bank.example/key-manager-ee:1"
    assert (project["scm_type"], project["scm_url"], project["default_environment"]) == (
        "git",
        URL,
        environment["id"],
    )
    assert {item["organization"] for item in (environment, project, inventory)} == {organization}
    assert (source["inventory"], source["source_project"], source["source_path"]) == (
        inventory["id"],
        project["id"],
        "inventories/prod",
    )
    assert source["overwrite"] and source["overwrite_vars"] and source["update_on_launch"]


def test_each_playbook_has_a_job_template_with_the_survey(made: Made) -> None:
    there = made.controller
    expected = survey(
        "Key Manager",
        "Answers count for this run and for every host of it. Lasting changes belong into the"
        " inventory.",
        never=["cluster_allow_default_passwords"],
    )
    assert sorted(template["name"] for template in there.objects["job_templates"]) == NAMES
    for template in there.objects["job_templates"]:
        assert (REPOSITORY / template["playbook"]).is_file()
        assert template["project"] == there.named("projects", "Key Manager")["id"]
        assert template["inventory"] == there.named("inventories", "Key Manager")["id"]
        assert (
            template["survey_enabled"]
            and template["ask_limit_on_launch"]
            and template["ask_job_type_on_launch"]
        )
        assert there.surveys[template["id"]] == expected
        names = {
            there.get("credentials", number)["name"]
            for number in there.related[template["id"], "credentials"]
        }
        assert names == {"Key Manager hosts", "Key Manager vault"}


def test_the_workflow_is_preflight_then_site_then_verify(made: Made) -> None:
    there = made.controller
    workflow = there.named("workflow_job_templates", "Key Manager")
    nodes = {node["identifier"]: node for node in there.objects["workflow_job_template_nodes"]}
    assert there.surveys[workflow["id"]] and workflow["survey_enabled"]
    order = {}
    for name, node in nodes.items():
        assert node["workflow_job_template"] == workflow["id"]
        assert (
            there.get("unified_job_templates", node["unified_job_template"])["name"]
            == "Key Manager " + name
        )
        following = there.related[node["id"], "success_nodes"]
        order[name] = [
            there.get("workflow_job_template_nodes", number)["identifier"] for number in following
        ]
    assert order == {"preflight": ["site"], "site": ["verify"], "verify": []}


def test_no_secret_is_sent_and_the_operators_stay(controller: Controller) -> None:
    changes(run(controller))
    vault, machine = (
        controller.named("credentials", name) for name in ("Key Manager vault", "Key Manager hosts")
    )
    assert vault["inputs"] == {"vault_password": "ASK"} and machine["inputs"] == {
        "become_method": "sudo"
    }
    vault["inputs"] = {"vault_password": "Canary"}
    machine["inputs"] = {"username": "operator", "ssh_key_data": "Canary"}
    again = run(controller)
    assert changes(again) == 0
    assert vault["inputs"] == {"vault_password": "Canary"} and machine["inputs"] == {
        "username": "operator",
        "ssh_key_data": "Canary",
    }
    assert not controller.objects["execution_environments"]
    # A hand edit is taken back, and a question that is new is asked.
    controller.named("job_templates", "Key Manager site")["playbook"] = "elsewhere.yml"
    assert changes(run(controller, automation_survey_also=["cluster_database"])) == 2
    site = controller.named("job_templates", "Key Manager site")
    assert site["playbook"] == "site.yml"
    assert "survey_cluster_database" in [
        question["variable"] for question in controller.surveys[site["id"]]["spec"]
    ]


def test_a_check_changes_nothing_on_the_controller(made: Made) -> None:
    before = len(made.controller.requests)
    changes(run(made.controller, "--check", automation_project_branch="main"))
    assert all(request.startswith("GET ") for request in made.controller.requests[before:])


def test_a_wrong_list_is_named(controller: Controller) -> None:
    done = run(controller, automation_survey_also=["cluster_databse"])
    assert (
        done.returncode != 0
        and "cluster_databse is not a variable of the roles" in done.stdout + done.stderr
    )


def test_every_version_is_pinned_where_it_is_named() -> None:
    """galaxy.yml names what a controller needs, AWX reads collections/requirements.yml, and the
    tests run what is pinned there."""
    wanted = yaml.safe_load(
        (REPOSITORY / "collections" / "requirements.yml").read_text(encoding="utf-8")
    )["collections"]
    pinned = {entry["name"]: entry["version"] for entry in wanted}
    needed = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]
    assert set(needed) <= set(pinned) and "awx.awx" in pinned
    for name, version in pinned.items():
        folders = [
            Path(folder).joinpath(*name.split(".")) for folder in ansible_collections.__path__
        ]
        (manifest,) = (
            folder / "MANIFEST.json" for folder in folders if (folder / "MANIFEST.json").is_file()
        )
        assert (
            json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
            == version
        ), name


@pytest.mark.parametrize("form", ["changes", "complete"])
def test_the_controller_takes_the_surveys(form: str) -> None:
    check_survey(survey("Site", form=form))


def test_the_servers_own_checks_refuse_what_the_controller_refuses() -> None:
    good = survey("Site", form="complete")
    for change in (
        {"type": "yesno"},
        {"default": 3},
        {"choices": []},
        {"required": 1},
        {"max": "x"},
        {"variable": "a b"},
    ):
        bad = json.loads(json.dumps(good))
        index = next(
            number
            for number, question in enumerate(bad["spec"])
            if question["type"] == "multiplechoice"
        )
        bad["spec"][index].update(change)
        with pytest.raises(Refused):
            check_survey(bad)
