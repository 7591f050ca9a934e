# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The playbooks run as AWX runs them, with ansible-runner and ansible-navigator, and a survey's
answers do what they say."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.filter.survey import survey
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.report import read_home

from tests.integration.automation.controller import TOKEN, Controller
from tests.integration.automation.jobs import REPOSITORY, Job, command, tool

PLAYBOOKS = sorted(path.name for path in (REPOSITORY / "playbooks").glob("*.yml"))


def succeeded(done: t.Any) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Canary" not in done.stdout + done.stderr, "the output shows a secret"
    return str(done.stdout)


def launched(form: str, **given: t.Any) -> dict[str, t.Any]:
    """The extra variables of a launch: AWX sends the default of every question that was not
    answered, an empty text too."""
    spec = survey("Site", form=form, also=list(given))["spec"]
    answers = {
        question["variable"]: question["default"]
        for question in spec
        if question["type"] in ("text", "textarea", "password")
    }
    answers.update(
        {
            question["variable"]: question["default"]
            for question in spec
            if question["default"] != ""
        }
    )
    answers.update(
        {question["variable"]: [] for question in spec if question["type"] == "multiselect"}
    )
    return {**answers, **{"survey_" + name: value for name, value in given.items()}}


def urls(job: Job, host: str) -> set[str]:
    return {
        source["url"].split("//")[0]
        for source in read_home(job.homes / host)["datasources"]
        if "h2" not in source["url"]
    }


def test_preflight_and_configure_run_as_jobs(job: Job) -> None:
    succeeded(job.run("playbooks/preflight.yml"))
    first = succeeded(job.run("playbooks/configure.yml"))
    assert sorted(re.findall(r"^(\S+) .*changed=[1-9]", first, re.MULTILINE)) == [
        "am1",
        "km1",
        "km2",
    ]
    assert urls(job, "km1") == {"jdbc:mysql:"}
    again = succeeded(job.run("playbooks/configure.yml"))
    assert not re.search(r"changed=[1-9]", again), again


def test_answers_of_a_survey_are_what_is_configured(job: Job) -> None:
    """A dictionary as YAML text, a list, a truth value and a number; what was left out stays as the
    inventory has it."""
    answers = launched(
        "changes",
        cluster_database="vendor: mysql\naccounts: shared\n",
        cluster_gateway_hostname="api.bank.example",
        cluster_member_port=4321,
        cluster_identity_urls='{OAuth2RevokeEPUrl: "https://LB/answered/revoke"}',
        cluster_java_options="-Da=b\n-Dc=d",
        km_node_backup="false",
        cluster_hostname="",
    )
    succeeded(job.run("playbooks/preflight.yml", answers=answers))
    succeeded(job.run("playbooks/configure.yml", answers=answers))
    for host in ("km1", "km2"):
        seen = read_home(job.homes / host)
        assert urls(job, host) == {"jdbc:mysql:"}
        assert [member["port"] for member in seen["cluster"]["members"]] == [4321, 4321]
        assert seen["host_names"]["host_name"] == "km.bank.example"
        identity = (job.homes / host / "repository/conf/identity/identity.xml").read_text(
            encoding="utf-8"
        )
        assert (
            "https://km.bank.example/answered/revoke" in identity
            and "api.bank.example:8243" in identity
        )


def test_a_survey_in_place_of_an_inventory_holds_its_secrets(job: Job) -> None:
    answers = launched(
        "complete",
        cluster_product="ob_km_1.5",
        cluster_hostname="answered.bank.example",
        cluster_admin_password="Canary-answer-1",
        cluster_group_password="Canary-answer-2",
        cluster_keystore_password="Canary-answer-3",
        cluster_truststore_password="Canary-answer-5",
        cluster_database="{vendor: mariadb, accounts: shared}",
        cluster_database_passwords="{shared: Canary-answer-4}",
        cluster_shared_storage="",
    )
    answers.pop("survey_certificates_source", None)
    succeeded(job.run("playbooks/configure.yml", answers=answers))
    for place, secret in (
        ("user-mgt.xml", "Canary-answer-1"),
        ("datasources/master-datasources.xml", "Canary-answer-4"),
    ):
        assert secret in (job.homes / "km2" / "repository" / "conf" / place).read_text(
            encoding="utf-8"
        )
    assert read_home(job.homes / "km2")["host_names"]["host_name"] == "answered.bank.example"


def test_answers_count_for_the_whole_cluster_in_a_limited_job(job: Job) -> None:
    answers = launched("changes", cluster_gateway_port=9000)
    done = succeeded(job.run("playbooks/configure.yml", "--limit", "km1", answers=answers))
    assert "km2" not in re.findall(r"^(\S+) .*changed=[1-9]", done, re.MULTILINE)
    assert ":9000/" in (job.homes / "km1" / "repository/conf/identity/identity.xml").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"cluster_database": "vendor: ["}, "cluster_database is text, not a dictionary"),
        ({"cluster_database": "vendr: mysql"}, "vendr"),
        ({"cluster_gateway_port": 70000}, "cluster_gateway_port"),
    ],
)
def test_a_wrong_answer_is_refused_by_the_variables_name(
    job: Job, answers: dict[str, t.Any], words: str
) -> None:
    done = job.run("playbooks/configure.yml", answers=launched("changes", **answers))
    assert done.returncode != 0 and words in " ".join(done.stdout.split()), done.stdout
    assert "Canary" not in done.stdout


def test_a_question_about_an_unknown_variable_is_told(job: Job) -> None:
    done = job.run("playbooks/preflight.yml", answers={"survey_cluster_hostnam": "x"})
    assert done.returncode != 0 and "survey_cluster_hostnam " in done.stdout


@pytest.mark.parametrize("playbook", ["site.yml", *("playbooks/" + name for name in PLAYBOOKS)])
@pytest.mark.parametrize("argument", ["--syntax-check", "--list-tasks"])
def test_every_playbook_is_found_with_its_roles(job: Job, playbook: str, argument: str) -> None:
    done = job.run(playbook, argument)
    assert done.returncode == 0, done.stdout
    assert "ERROR" not in done.stdout


@pytest.mark.parametrize("playbook", ["playbooks/preflight.yml", "playbooks/configure.yml"])
def test_navigator_runs_playbooks_without_an_execution_environment(job: Job, playbook: str) -> None:
    succeeded(job.navigate(playbook))


# With its own inventory each playbook is run to its end by both tools; the two above by other tests
# too.
BY = [
    pytest.param("run", id="runner"),
    pytest.param("navigate", id="navigator", marks=pytest.mark.slow),
]
# What an operator sets where nobody may become root (docs/security.md).
WITHOUT_ROOT = {
    "ansible_become": False,
    "cluster_manage_hosts_file": False,
    "km_node_backup": False,
    "apim_wiring_backup": False,
}


@pytest.mark.parametrize("by", BY)
def test_site_runs_as_a_job(job: Job, by: str) -> None:
    done = succeeded(getattr(job, by)("site.yml", "--tags", "configure", answers=WITHOUT_ROOT))
    assert sorted(re.findall(r"^(\S+) .*changed=[1-9]", done, re.MULTILINE)) == [
        "am1",
        "km1",
        "km2",
    ]
    assert urls(job, "km2") == {"jdbc:mysql:"}


@pytest.mark.parametrize("by", BY)
def test_verify_runs_as_a_job_and_says_what_it_found(job: Job, by: str) -> None:
    """No server runs here: the job ends by the verdict of all hosts, and not by an error before."""
    job.here()
    before = {path: path.read_bytes() for path in job.homes.rglob("*") if path.is_file()}
    done = getattr(job, by)("playbooks/verify.yml", answers=WITHOUT_ROOT)
    said = " ".join(done.stdout.split())
    assert (
        done.returncode != 0
        and "Check that the running cluster is what the inventory describes" in said
    ), done.stdout + done.stderr
    verdict = said.split("Check that the running cluster is what the inventory describes")[1]
    assert [host for host in ("km1", "km2", "am1", "lb1") if host + ": " not in verdict] == [], (
        verdict
    )
    assert "Canary" not in done.stdout + done.stderr
    assert {path: path.read_bytes() for path in job.homes.rglob("*") if path.is_file()} == before, (
        "verify wrote a product file"
    )


@pytest.mark.parametrize("by", BY)
def test_awx_runs_as_a_job_of_the_controller_it_sets_up(job: Job, by: str) -> None:
    with Controller() as controller:
        credential = {
            "CONTROLLER_HOST": controller.url,
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
            "no_proxy": "127.0.0.1",
        }
        variables = {"automation_project_url": "https://git.bank.example/key-manager.git"}
        for changes in (True, False):
            done = succeeded(
                getattr(job, by)("playbooks/awx.yml", answers=variables, settings=credential)
            )
            assert bool(re.search(r"changed=[1-9]", done)) is changes, done
        assert len(controller.objects["job_templates"]) == 4


def test_the_sample_inventory_is_exported_without_the_password_that_awx_cannot_have(
    project: Path,
) -> None:
    """AWX allows no vault credential on an inventory source: it runs this very command and passes
    the encrypted values on to the job."""
    done = command(
        ["ansible-inventory", "-i", "inventories/prod", "--list", "--export"], cwd=project
    )
    assert done.returncode == 0, done.stderr
    everywhere = json.loads(done.stdout)["all"]["vars"]
    assert everywhere["vault_cluster_admin_password"]["__ansible_vault"].startswith(
        "$ANSIBLE_VAULT;"
    )


def test_a_file_that_is_encrypted_as_a_whole_is_not_exported(project: Path, tmp_path: Path) -> None:
    """Why docs/awx.md asks for single encrypted values."""
    (tmp_path / "hosts").write_text("km1\n", encoding="utf-8")
    (tmp_path / "group_vars").mkdir()
    secrets = tmp_path / "group_vars" / "all.yml"
    secrets.write_text("vault_cluster_admin_password: Canary\n", encoding="utf-8")
    password = tmp_path / "password"
    password.write_text("sample\n", encoding="utf-8")
    assert (
        command(["ansible-vault", "encrypt", "--vault-password-file", password, secrets]).returncode
        == 0
    )
    done = command(["ansible-inventory", "-i", tmp_path, "--list", "--export"], cwd=project)
    assert done.returncode != 0 and "vault" in done.stderr


def test_builder_finds_what_the_collection_needs(project: Path) -> None:
    done = command([tool("ansible-builder"), "introspect", "collections"], cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    found = yaml.safe_load(done.stdout)
    names = " ".join([*found["python"], *found["system"]])
    assert all(
        name in names for name in ("lxml", "cryptography", "git", "openssh-client", "openssl")
    ), names
    # Docker is for the demo, which no execution environment runs.
    assert "docker" not in names and "ansible==" not in names


def test_builder_makes_the_context_of_the_execution_environment(
    project: Path, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    done = command(
        [
            tool("ansible-builder"),
            "create",
            "--file",
            "execution-environment.yml",
            "--context",
            context,
        ],
        cwd=project,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    galaxy = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert galaxy == yaml.safe_load(
        (REPOSITORY / "collections" / "requirements.yml").read_text(encoding="utf-8")
    )
    assert "lxml" in (context / "_build" / "requirements.txt").read_text(encoding="utf-8")
    assert "openssh" in (context / "_build" / "bindep.txt").read_text(encoding="utf-8")
    (recipe,) = [*context.glob("Dockerfile"), *context.glob("Containerfile")]
    assert "ansible-core==" in recipe.read_text(encoding="utf-8")


def test_no_registry_is_named_in_the_execution_environment() -> None:
    definition = yaml.safe_load(
        (REPOSITORY / "execution-environment.yml").read_text(encoding="utf-8")
    )
    assert "images" not in definition, json.dumps(definition)
