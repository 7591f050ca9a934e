# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""site.yml refuses a bad inventory at once, with all its contradictions and before any host is
asked.

The contradictions are those of the unit tests, here through the whole of Ansible: real inventory
files, hosts that do not exist.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.unit.plugins.plugin_utils._preflight import test_preflight as cases

REPOSITORY = Path(__file__).resolve().parents[3]


CASES = {name: (change, names) for name, change, names in cases.BAD}
REFUSED = (
    "a typo",
    "an unknown product",
    "no host name",
    "an address as host name",
    "a missing secret",
    "a product's password",
    "a number as secret",
    "a missing database password",
    "a password of no database",
    "an offset out of range",
    "one member port twice",
    "one offset twice",
    "loopback and routable",
    "two roles for one host",
    "no database anywhere",
    "an update release",
    "a wrong vendor",
    "a duplicate JNDI name",
    "a missing archive",
    "a cluster variable of one host",
)
# Enough for scripts/test --fast, beside the inventory that holds many at once.
QUICK = ("a typo", "a missing secret")
# These do not get in each other's way, so one inventory can hold them all.
TOGETHER = (
    "a typo",
    "a missing secret",
    "a product's password",
    "an offset out of range",
    "loopback and routable",
    "an update release",
    "a slow heartbeat",
)
LIMIT_SECONDS = 10


def inventory_file(case: t.Any, folder: Path) -> Path:
    """The case as an operator writes it. The hosts are reached over SSH, at addresses where nobody
    is."""
    groups = {name: {"hosts": {host: {} for host in hosts}} for name, hosts in case.groups.items()}
    hosts = {
        host: {"ansible_host": cases.ADDRESSES[host], "ansible_timeout": 60, **values}
        for host, values in case.hosts.items()
    }
    path = folder / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts, "children": groups}}), encoding="utf-8")
    return path


def refused(playbook: t.Callable[..., t.Any], inventory: Path, *arguments: str) -> str:
    """Run site.yml until it was quick enough, three times at most; on a machine that is busy with
    other things it gets more time."""
    for _attempt in range(3):
        limit = LIMIT_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        run = playbook("site.yml", inventory, *arguments)
        assert run.status != 0, run.output
        assert "UNREACHABLE" not in run.output
        assert "no host was contacted" in run.output, run.output
        assert "Canary" not in run.output, "the output shows a secret"
        if run.seconds < limit:
            return str(run.output)
    raise AssertionError(f"the preflight took {run.seconds:.1f} seconds")


def sentences(output: str) -> list[str]:
    """The errors of the failed task, whose result is shown as YAML."""
    shown = output.split("FAILED! =>", 1)[1].split("\n\n", 1)[0]
    return list(yaml.safe_load(textwrap.dedent(shown.lstrip(" ").lstrip("\n")))["errors"])


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in REFUSED]
)
def test_a_bad_inventory_is_refused(
    name: str, playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    change, names = CASES[name]
    case = cases.Case()
    change(case)
    found = sentences(refused(playbook, inventory_file(case, tmp_path)))
    assert any(all(word in sentence for word in names) for sentence in found), found


def test_all_contradictions_are_told_at_once(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    case = cases.Case()
    for name in TOGETHER:
        CASES[name][0](case)
    found = sentences(refused(playbook, inventory_file(case, tmp_path)))
    for name in TOGETHER:
        assert any(all(word in sentence for word in CASES[name][1]) for sentence in found), (
            name,
            found,
        )


def test_a_limited_run_checks_the_whole_inventory(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    case = cases.Case()
    CASES["loopback and routable"][0](case)
    found = sentences(refused(playbook, inventory_file(case, tmp_path), "--limit", "km2"))
    assert any("cluster_node_address mixes loopback (km1)" in sentence for sentence in found), found


def test_each_sentence_is_printed_once_and_plainly(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    case = cases.Case()
    for name in ("a typo", "no product", "a missing secret", "an offset out of range"):
        CASES[name][0](case)
    output = " ".join(refused(playbook, inventory_file(case, tmp_path)).split())
    told = (
        "cluster_hostnam (set for",
        "cluster_product is not set",
        "cluster_admin_password is not set",
        "cluster_port_offset must be",
    )
    for words in told:
        assert output.count(words) == 1, output
    assert "a folder of roles/cluster/files/products" in output
    assert not re.search(r"\b[COV]\(", output), "the markup of argument specs shows"


def test_a_secret_that_the_vault_lacks_is_named(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    case = cases.Case()
    case.everywhere(cluster_admin_password="{{ vault_cluster_admin_password }}")
    found = sentences(refused(playbook, inventory_file(case, tmp_path)))
    assert any("cluster_admin_password" in sentence for sentence in found), found


def test_a_good_inventory_gets_past_the_preflight(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    """The counterpart: the same file without a contradiction, so that a refusal is the
    contradiction's."""
    run = playbook("playbooks/preflight.yml", inventory_file(cases.Case(), tmp_path))
    assert run.status == 0, run.output


def test_what_a_run_has_learnt_is_no_contradiction(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    """site.yml ends with verify.yml, which begins with the same check again: by then the hosts have
    facts of ours."""
    model = {
        "ansible.builtin.import_playbook": str(REPOSITORY / "playbooks" / "parts" / "model.yml")
    }
    path = tmp_path / "twice.yml"
    path.write_text(yaml.safe_dump([model, model]), encoding="utf-8")
    run = playbook(str(path), inventory_file(cases.Case(), tmp_path))
    assert run.status == 0, run.output


def test_variables_of_an_importing_playbook_are_checked(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    """Roles use them, so they count for every host, though no host has them in the inventory."""
    imported = {
        "ansible.builtin.import_playbook": str(REPOSITORY / "playbooks" / "preflight.yml"),
        "vars": {"nginx_http": "sideways"},
    }
    path = tmp_path / "importing.yml"
    path.write_text(yaml.safe_dump([imported]), encoding="utf-8")
    run = playbook(str(path), inventory_file(cases.Case(), tmp_path))
    assert run.status != 0
    assert any("nginx_http" in sentence for sentence in sentences(run.output)), run.output


def test_the_sample_inventory_is_good_in_a_plain_clone(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    subprocess.run(
        ["git", "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(tmp_path / "clone")],
        check=True,
    )
    run = playbook(
        "site.yml", Path("inventories/prod"), "--syntax-check", directory=tmp_path / "clone"
    )
    assert run.status == 0, run.output
    # The groups are made by the first play of a real run. Older releases of Ansible break a warning
    # into lines.
    warnings = " ".join(run.output.split("\nplaybook:")[0].split()).split("[WARNING]: ")
    assert all(
        warning.startswith("Could not match supplied host pattern, ignoring: carbon_ops_")
        for warning in warnings[1:]
    ), run.output


def test_the_sample_inventory_is_read_without_the_password_of_its_vault() -> None:
    """As AWX reads it, which allows no vault credential on an inventory source."""
    command = [
        str(Path(sys.executable).parent / "ansible-inventory"),
        "-i",
        "inventories/prod",
        "--list",
    ]
    done = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)["_meta"]["hostvars"]["km1.bank.example"]
    assert listed["cluster_product"] == "ob_km_1.5"
    assert "__ansible_vault" in listed["vault_cluster_admin_password"]
    assert "Sample-" not in done.stdout


def test_the_sample_inventory_passes_with_the_password_of_its_vault(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    """The password that README names; a secret that it does not decrypt would be missing."""
    password = tmp_path / "password"
    password.write_text("sample\n", encoding="utf-8")
    run = playbook(
        "playbooks/preflight.yml", Path("inventories/prod"), "--vault-password-file", str(password)
    )
    assert run.status == 0, run.output
