# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""CONTRIBUTING.md is true: its places are there, its steps are those of scripts/test, and its
examples do what it says."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import (
    collection_sources,
    load_sources,
)

from tests.support.homes import make_home
from tests.support.paths import REPOSITORY

TEXT = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n# file: ([^\s,]+)(?:, below (\w+))?\n(.*?)^```$", re.M | re.S)
EXAMPLES = {path: body for _language, path, _below, body in BLOCK.findall(TEXT)}


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(title: str) -> list[str]:
    """The first column of the section's table."""
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    return [line.split("|")[1] for line in lines]


def ticked(texts: t.Iterable[str]) -> list[str]:
    return [name for text in texts for name in re.findall(r"`([^`]+)`", text)]


def loaded(path: str) -> t.Any:
    return yaml.safe_load(EXAMPLES[path])


def test_every_block_of_code_is_an_example_that_is_tested_here() -> None:
    assert TEXT.count("\n```") == 2 * len(EXAMPLES)
    assert set(EXAMPLES) == {
        "roles/cluster/files/products/is_km_5.7.1/profile.yml",
        "roles/km_node/meta/argument_specs.yml",
        "roles/km_node/defaults/main.yml",
        "roles/km_node/vars/main/carbon.yml",
        "changelogs/fragments/title_of_the_console.yml",
        "molecule/alone/molecule.yml",
        "molecule/alone/inventory/hosts.yml",
        "molecule/alone/inventory/group_vars/all/molecule.yml",
        "molecule/alone/tests/test_alone.py",
    }


def test_each_place_of_the_map_is_there() -> None:
    places = ticked(rows("The map of the house"))
    assert len(places) > 25
    for place in places:
        assert list(REPOSITORY.glob(place.replace("<role>", "*"))), place


def test_each_part_of_the_plugins_is_on_the_map() -> None:
    map_of_the_house = section("The map of the house")
    folders = [
        *(REPOSITORY / "plugins").iterdir(),
        *(REPOSITORY / "plugins/module_utils").iterdir(),
    ]
    folders = [path for path in folders if list(path.glob("*.py")) and path.name[0] in "_m"]
    assert len(folders) > 8
    for folder in folders:
        if folder.name != "__pycache__":
            assert f"`{folder.relative_to(REPOSITORY)}`" in map_of_the_house, folder


def test_the_table_of_checks_names_the_steps_of_scripts_test() -> None:
    command = [sys.executable, "-m", "tests.tools.run_checks", "--list"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert sorted(ticked(rows("The checks, one command each"))) == sorted(done.stdout.split())


def test_the_tests_that_are_run_as_examples_are_there() -> None:
    named = re.findall(r"-m pytest (\S+?\.py)(?:::(\w+))?(?: -k (\w+))?$", TEXT, re.M)
    assert len(named) == 3
    for path, function, word in named:
        text = (REPOSITORY / path).read_text(encoding="utf-8")
        tree = ast.walk(ast.parse(text))
        functions = {node.name for node in tree if isinstance(node, ast.FunctionDef)}
        assert not function or function in functions, function
        assert word in text, word


# Beside the repository, made by a run, and names of no file in particular.
ELSEWHERE = {
    "../shared",
    "tests/output/NAME.log",
    "plugins/a/b/c.py",
    "tests/unit/plugins/a/b/test_c.py",
}
NAMED = set(re.findall(r"`((?:[\w.]+/)+[\w.]+)`", TEXT))


def test_there_are_files_that_the_page_names() -> None:
    assert len(NAMED - ELSEWHERE) > 20 and ELSEWHERE <= NAMED


@pytest.mark.parametrize("path", sorted(NAMED - ELSEWHERE))
def test_each_file_that_the_page_names_is_there(path: str) -> None:
    assert (REPOSITORY / path).exists(), path


def model(roles: Path, variables: dict[str, t.Any], groups: dict[str, t.Any]) -> dict[str, t.Any]:
    hosts = {
        name: {**variables, **(own or {})}
        for group in groups.values()
        for name, own in group["hosts"].items()
    }
    names = {name: list(group["hosts"]) for name, group in groups.items()}
    return build_model(next(iter(hosts)), Inventory(names, hosts), load_sources(roles))


def test_the_example_of_a_product_makes_a_model(tmp_path: Path) -> None:
    roles = tmp_path / "roles"
    shutil.copytree(REPOSITORY / "roles" / "cluster", roles / "cluster")
    name = "roles/cluster/files/products/is_km_5.7.1/profile.yml"
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    spec = roles / "cluster/meta/argument_specs.yml"
    text = spec.read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    data["argument_specs"]["main"]["options"]["cluster_product"]["choices"].append("is_km_5.7.1")
    spec.write_text(yaml.safe_dump(data), encoding="utf-8")
    made = model(
        roles,
        {
            "cluster_product": "is_km_5.7.1",
            "cluster_hostname": "km.bank.example",
            "cluster_database": {"vendor": "mysql", "host": "db"},
        },
        {
            "key_manager": {"hosts": {"km1": {"cluster_node_address": "192.0.2.11"}}},
            "load_balancer": {"hosts": {"lb1": {"cluster_node_address": "192.0.2.21"}}},
        },
    )
    assert made["product"]["title"] == "WSO2 Identity Server 5.7.1 as Key Manager"
    assert made["product"]["java"]["versions"] == [8, 11]
    # Of the product that it inherits.
    assert "carbon" in made["product"]["files"]


def test_the_example_of_a_setting_edits_one_line(tmp_path: Path) -> None:
    option = loaded("roles/km_node/meta/argument_specs.yml")["km_node_title"]
    assert loaded("roles/km_node/defaults/main.yml") == {"km_node_title": option["default"]}
    before = (make_home("is_km", tmp_path / "before") / "repository/conf/carbon.xml").read_bytes()
    file = make_home("is_km", tmp_path / "home") / "repository/conf/carbon.xml"
    (edit,) = loaded("roles/km_node/vars/main/carbon.yml")
    edit["text"] = jinja2.Template(edit["text"]).render(km_node_title=option["default"])
    data = yaml.safe_load(
        (REPOSITORY / "roles/km_node/vars/main/carbon.yml").read_text(encoding="utf-8")
    )
    assert data["__km_node_carbon"]["path"] == "repository/conf/carbon.xml"
    patch_files([{"path": str(file), "edits": [edit]}])
    assert file.read_bytes() == before.replace(
        b"<Name>WSO2 Identity Server</Name>", b"<Name>Key Manager</Name>"
    )
    assert file.read_bytes() != before


def test_the_fragment_is_one_that_antsibull_reads() -> None:
    fragment = loaded("changelogs/fragments/title_of_the_console.yml")
    config = yaml.safe_load((REPOSITORY / "changelogs/config.yaml").read_text(encoding="utf-8"))
    assert set(fragment) <= {name for name, _title in config["sections"]}
    assert all(isinstance(entry, str) for entries in fragment.values() for entry in entries)


def test_the_example_of_a_scenario_is_one_like_the_others() -> None:
    scenario = REPOSITORY / "molecule" / "single_host"
    for path in EXAMPLES:
        if path.startswith("molecule/alone/"):
            own = path.replace("molecule/alone/", "").replace("alone", "single_host")
            assert (scenario / own).is_file(), own
    assert loaded("molecule/alone/molecule.yml")["verifier"] == {"name": "testinfra"}
    variables = loaded("molecule/alone/inventory/group_vars/all/molecule.yml")
    network = variables["demo_network_subnet"].removesuffix("0/24")
    others = [*(REPOSITORY / "molecule").rglob("*.yml"), *(REPOSITORY / "inventories").rglob("*")]
    texts = [path.read_text(encoding="utf-8") for path in others if path.is_file()]
    assert len(texts) > 20 and not any(network in text for text in texts), "the network is taken"
    groups = loaded("molecule/alone/inventory/hosts.yml")["all"]["children"]
    for group in groups.values():
        for host in group["hosts"].values():
            assert host["cluster_node_address"].startswith(network)
    demo = (REPOSITORY / "inventories/demo/group_vars/all/cluster.yml").read_text(encoding="utf-8")
    known = collection_sources().options
    own = {name: value for name, value in variables.items() if name.startswith("cluster_")}
    assert set(own) <= set(known)
    product = yaml.safe_load(demo)["cluster_product"]
    made = model(REPOSITORY / "roles", {"cluster_product": product, **own}, groups)
    assert [node["name"] for node in made["nodes"]] == ["km1.alone.example"]
    assert made["members"] == [] and made["balanced"] is False
    # What its test looks at.
    assert "member_port" not in made["nodes"][0]


def test_the_test_of_the_scenario_uses_what_molecule_gives_it() -> None:
    tree = ast.parse(EXAMPLES["molecule/alone/tests/test_alone.py"])
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert [argument.arg for argument in function.args.args] == ["cluster"]
    conftest = (REPOSITORY / "molecule/conftest.py").read_text(encoding="utf-8")
    assert '"cluster"' in conftest
    support = (REPOSITORY / "tests/support/molecule_cluster.py").read_text(encoding="utf-8")
    methods = {
        node.name for node in ast.walk(ast.parse(support)) if isinstance(node, ast.FunctionDef)
    }
    called = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    assert called and called <= methods
