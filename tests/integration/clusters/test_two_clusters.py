# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Two clusters in one inventory stay apart: each host knows its own alone, and what is done once is
done once for each."""

from __future__ import annotations

import json
import os
import re
import typing as t

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.report import read_home

from tests.integration.clusters.regions import (
    ADDRESSES,
    CLUSTERS,
    MEMBER_PORTS,
    REPOSITORY,
    Regions,
)

OTHER = {
    "obkm-eu": ("us-", "198.51.100.", ".us.", "obkm-us"),
    "obkm-us": ("eu-", "192.0.2.", ".eu.", "obkm-eu"),
}


def hosts_of(cluster: str) -> list[str]:
    return [host for hosts in CLUSTERS[cluster].values() for host in hosts]


def test_each_host_knows_its_own_cluster_alone(regions: Regions) -> None:
    written = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.copy": {
                    "content": "{{ {'model': cluster_model, 'groups': group_names} | to_json }}",
                    "dest": "{{ homes }}/{{ inventory_hostname }}.json",
                }
            }
        ],
    }
    run = regions.play([written])
    assert run.status == 0, run.output
    for cluster, groups in CLUSTERS.items():
        for role, hosts in groups.items():
            for host in hosts:
                seen = json.loads((regions.homes / (host + ".json")).read_text(encoding="utf-8"))
                model = seen["model"]
                assert model["name"] == cluster
                assert model["groups"] == groups
                assert [member["host"] for member in model["members"]] == ADDRESSES[cluster]
                # Profiles hold no host; everything else of the model is looked at as text.
                text = json.dumps(
                    {key: value for key, value in model.items() if "product" not in key}
                )
                assert not [word for word in OTHER[cluster] if word in text], text
                assert "carbon_ops_" + role in seen["groups"]
    outsider = json.loads((regions.homes / "monitor1.json").read_text(encoding="utf-8"))
    assert outsider["model"] == {"groups": {}, "hosts": {}}
    assert not [group for group in outsider["groups"] if group.startswith("carbon_ops")]


def test_a_limited_run_leaves_the_other_cluster_alone(regions: Regions) -> None:
    told = {"ansible.builtin.debug": {"msg": "{{ cluster_model.members }}"}}
    run = regions.play(
        [{"hosts": "carbon_ops_hosts", "gather_facts": False, "tasks": [told]}],
        "--limit",
        "america",
    )
    assert run.status == 0, run.output
    assert "us-km3" in run.output and "eu-" not in run.output


def test_a_run_for_a_host_of_no_cluster_finds_nothing_to_do(regions: Regions) -> None:
    told = {"ansible.builtin.debug": {"msg": "{{ cluster_model | to_json }}"}}
    run = regions.play(
        [{"hosts": "all", "gather_facts": False, "tasks": [told]}], "--limit", "monitor1"
    )
    assert run.status == 0, run.output
    assert json.dumps({"groups": {}, "hosts": {}}) in run.output.replace("\\", "")


def test_what_is_done_once_is_done_once_for_each_cluster(regions: Regions) -> None:
    once = {
        "hosts": "carbon_ops_hosts",
        "gather_facts": False,
        "roles": ["carbon_ops.key_manager.cluster"],
        "tasks": [
            {
                "ansible.builtin.debug": {"msg": "done by {{ inventory_hostname }}"},
                "when": "cluster_once | bool",
            }
        ],
    }
    run = regions.play([once])
    assert run.status == 0, run.output
    assert sorted(re.findall(r"done by (\S+)", run.output)) == ["eu-km1", "us-km1"]
    run = regions.play([once], "--limit", "us-km2,us-lb1,eu-am1")
    assert sorted(re.findall(r"done by (\S+)", run.output)) == ["eu-am1", "us-km2"]


def tasks_of(item: t.Any) -> t.Iterator[dict[str, t.Any]]:
    if isinstance(item, dict):
        yield item
        for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
            yield from tasks_of(item.get(key))
    elif isinstance(item, list):
        for part in item:
            yield from tasks_of(part)


# What is meant for all clusters together: the check of the whole inventory and the groups of its
# hosts.
OF_ALL_CLUSTERS = (
    "roles/cluster/tasks/preflight.yml",
    "roles/cluster/tasks/model.yml",
    # The order of all nodes of the run, whatever cluster they are of.
    "roles/carbon_server/tasks/order.yml",
    # The one node that leaves, by the model of its own cluster.
    "playbooks/decommission.yml",
)
LINES_OF_ALL_CLUSTERS = (
    # The models of all hosts, derived in one go.
    (
        "__cluster_models: \"{{ query('carbon_ops.key_manager.cluster_model',"
        ' *ansible_play_hosts_all) }}"'
    ),
    # The order of all nodes of the run.
    (
        "{{ (ansible_play_hosts | reject('in', __carbon_server_up))"
        " + (ansible_play_hosts | select('in', __carbon_server_up)) }}"
    ),
    (
        "{{ ansible_play_hosts | zip(ansible_play_hosts"
        " | map('extract', hostvars, '__carbon_server_active'))"
    ),
    "__cluster_others: \"{{ ansible_play_hosts_all | reject('in', cluster_model.hosts) }}\"",
    (
        "loop: \"{{ query('carbon_ops.key_manager.cluster_model', *ansible_play_hosts_all,"
        ' entries=true) | select }}"'
    ),
)


def test_no_role_does_for_one_cluster_what_all_need() -> None:
    """With run_once, or for the first host of a play, a task is done for one cluster of several:
    cluster_once takes their place."""
    found = []
    for folder in ("roles", "playbooks"):
        for path in sorted((REPOSITORY / folder).rglob("*.yml")):
            if "files" in path.relative_to(REPOSITORY).parts or path.name == "argument_specs.yml":
                continue
            name = str(path.relative_to(REPOSITORY))
            text = path.read_text(encoding="utf-8")
            if path.parent.name != "vars":
                for task in tasks_of(yaml.safe_load(text)):
                    if task.get("run_once") and name not in OF_ALL_CLUSTERS:
                        found.append("{0}: run_once in {1}".format(name, task.get("name")))
            for line in text.splitlines():
                if line.strip() in LINES_OF_ALL_CLUSTERS:
                    continue
                if (
                    re.search(r"ansible_play_(batch|hosts)", line)
                    and "select('in', cluster_model" not in line
                ):
                    found.append(f"{name}: {line.strip()}")
                if re.search(r"(?<!cluster_model\.)\bgroups\[", line) or re.search(
                    r"(?<![\w.])groups\.\w", line
                ):
                    found.append(f"{name}: {line.strip()}")
    assert not found, "\n".join(found)


@pytest.fixture(scope="module")
def configured(tmp_path_factory: t.Any, playbook: t.Any) -> Regions:
    regions = Regions(tmp_path_factory.mktemp("regions"), playbook)
    run = regions.run("playbooks/configure.yml")
    assert run.status == 0, run.output
    assert re.findall(r"^(\S+) .*changed=[1-9]", run.output, re.MULTILINE) == sorted(
        host
        for groups in CLUSTERS.values()
        for role in ("key_manager", "api_manager")
        for host in groups[role]
    )
    return regions


def test_product_files_hold_the_members_of_their_cluster_alone(configured: Regions) -> None:
    for cluster, groups in CLUSTERS.items():
        for host in groups["key_manager"]:
            seen = read_home(configured.homes / host)
            members = [
                (member["host"], int(member["port"])) for member in seen["cluster"]["members"]
            ]
            assert members == [(address, MEMBER_PORTS[cluster]) for address in ADDRESSES[cluster]]
            assert seen["cluster"]["domain"] == f"wso2.{cluster}.domain"
            assert seen["host_names"]["host_name"] == f"km.{cluster[-2:]}.bank.example"
            urls = [source["url"] for source in seen["datasources"] if "h2" not in source["url"]]
            assert urls and all(f"//db.{cluster[-2:]}.bank.example:" in url for url in urls), urls


def test_no_file_names_the_other_cluster(configured: Regions) -> None:
    for cluster in CLUSTERS:
        for host in hosts_of(cluster):
            for path in (configured.homes / host).rglob("*"):
                if path.is_file():
                    text = path.read_bytes()
                    assert not [word for word in OTHER[cluster] if word.encode() in text], (
                        path,
                        cluster,
                    )


def test_a_second_run_changes_nothing(configured: Regions) -> None:
    run = configured.run("playbooks/configure.yml")
    assert run.status == 0, run.output
    assert not re.search(r"changed=[1-9]", run.output), run.output


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="the role gives files to root")
def test_each_cluster_gets_an_authority_of_its_own(regions: Regions) -> None:
    issue = {
        "ansible.builtin.import_role": {
            "name": "carbon_ops.key_manager.certificates",
            "tasks_from": "issue",
        }
    }
    run = regions.play(
        [{"hosts": "carbon_ops_hosts", "gather_facts": False, "tasks": [issue]}],
        # One machine stands for the hosts of both clusters here, so each has a folder.
        __certificates_directory=str(regions.folder / "{{ cluster_model.name }}" / "pki"),
        certificates_packages=[],
        certificates_rsa_size=2048,
    )
    assert run.status == 0, run.output
    authorities = [
        (regions.folder / cluster / "pki" / "authority" / "ca.crt").read_bytes()
        for cluster in CLUSTERS
    ]
    assert len(set(authorities)) == len(CLUSTERS)
    for cluster in CLUSTERS:
        assert (regions.folder / cluster / "pki" / "authority" / (cluster + ".crt")).is_file()


def test_verify_tells_of_both_clusters_and_writes_one_state_for_each(regions: Regions) -> None:
    """The servers do not run: what counts is that no host of either cluster is forgotten."""
    run = regions.run(
        "playbooks/verify.yml",
        ansible_become=False,
        verify_product_files=False,
        verify_status_file=str(regions.folder / "{{ cluster_name }}.json"),
    )
    assert run.status != 0 and "no host was contacted" not in run.output, run.output
    for cluster in CLUSTERS:
        status = json.loads((regions.folder / (cluster + ".json")).read_text(encoding="utf-8"))
        assert status["name"] == cluster
        assert sorted(status["hosts"]) == sorted(hosts_of(cluster))
        assert status["failures"] and all(
            sentence.split(":")[0] in hosts_of(cluster) for sentence in status["failures"]
        )
        # What is told once for each cluster is told by its first host.
        assert f"fatal: [{hosts_of(cluster)[0]}]" in run.output
