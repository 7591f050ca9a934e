# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""site.yml on a cluster that is as it should be, and on one where somebody changed one byte of a
password.

Every password of the cluster is a canary in the run that writes that byte again: nothing may show
it.
"""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.support.molecule_cluster import Cluster, Run

SITE = "site.yml"


class State(t.NamedTuple):
    manifest: dict[str, dict[str, str]]
    processes: dict[str, str]

    @classmethod
    def of(cls, cluster: Cluster) -> State:
        return cls(cluster.manifest(), cluster.processes())


def differences(before: State, after: State) -> set[tuple[str, str]]:
    """The files that came, went or were written, as host and path."""
    return {
        (host, path)
        for host in before.manifest
        for path in before.manifest[host].keys() | after.manifest[host].keys()
        if before.manifest[host].get(path) != after.manifest[host].get(path)
    }


def content(state: State, host: str, path: str) -> str:
    return state.manifest[host][path].split()[-1]


@pytest.fixture(scope="module")
def before(cluster: Cluster) -> State:
    state = State.of(cluster)
    for host, files in state.manifest.items():
        assert files, f"The manifest of {host} is empty: it would prove nothing."
    for host in cluster.hosts("key_manager"):
        assert f"{host['home']}/repository/conf/carbon.xml" in state.manifest[host["name"]]
    return state


def changed_tasks(run: Run) -> str:
    """The tasks that changed something, for the message of a failed assertion."""
    task = ""
    lines = []
    for line in run.output.splitlines():
        if line.startswith("TASK ["):
            task = line
        elif line.startswith("changed:"):
            lines.append(f"{task} {line}")
    return "\n".join(lines)


def test_second_run_changes_nothing(cluster: Cluster, before: State) -> None:
    run = cluster.playbook(SITE)
    after = State.of(cluster)
    assert run.changed == {}, changed_tasks(run)
    assert differences(before, after) == set()
    assert after.processes == before.processes


@pytest.mark.slow
def test_check_mode_finds_nothing_to_do(cluster: Cluster, before: State) -> None:
    run = cluster.playbook(SITE, "--check", "--diff")
    assert run.changed == {}, changed_tasks(run)
    assert differences(before, State.of(cluster)) == set()


# Process lists of everything: of the hosts, which are containers, and of the controller. It ends
# with its standard input, because a signal to `docker exec` does not reach what that has started.
WATCH = """
import os, select, sys
while not select.select([sys.stdin], [], [], 0.2)[0]:
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as file:
                sys.stdout.buffer.write(file.read().replace(b"\\0", b" ") + b"\\n")
        except OSError:
            pass  # It has ended meanwhile.
    sys.stdout.flush()
"""


class Watcher:
    """Reads the process lists of all hosts and of this machine until it is stopped."""

    def __init__(self, hosts: list[str], folder: Path) -> None:
        self.files = [folder / name for name in [*hosts, "controller"]]
        commands = [
            ["docker", "exec", "--interactive", name, "python3", "-c", WATCH] for name in hosts
        ] + [["python3", "-c", WATCH]]
        self.processes = [
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=file.open("wb"), stderr=subprocess.DEVNULL
            )
            for command, file in zip(commands, self.files)
        ]

    def stop(self) -> str:
        for process in self.processes:
            process.communicate(timeout=20)
            assert process.returncode == 0, process.args
        return "\n".join(file.read_text("utf-8", "replace") for file in self.files)


class HandEdit(t.NamedTuple):
    """One byte of a password on one node, changed by hand: what check mode says of it, and what the
    run then does."""

    node: str
    path: str
    edited: State
    checked: Run
    after_check: State
    run: Run
    after: State
    process_lists: str
    journals: str


@pytest.fixture(scope="module")
def hand_edit(
    cluster: Cluster, before: State, tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[HandEdit]:
    node = cluster.hosts("key_manager")[-1]
    path = f"{node['home']}/repository/conf/datasources/master-datasources.xml"
    host = cluster.on(node["name"])
    begun = {
        each["name"]: cluster.on(each["name"]).check_output("date +%s") for each in cluster.hosts()
    }
    # The passwords of the cluster are made for it and long; the stock ones beside them belong to
    # the embedded database.
    first = r"<password>[A-Za-z0-9]\([A-Za-z0-9]\{15,\}<\)"
    host.check_output(rf"sed --in-place '0,/{first}/ s//<password>~\1/' %s", path)
    edited = State.of(cluster)
    # The tags leave out the hosts and roles which the slow test above lets check mode look at.
    checked = cluster.playbook(SITE, "--check", "--diff", "--tags", "configure,service")
    after_check = State.of(cluster)
    watcher = Watcher(
        [each["name"] for each in cluster.hosts()], tmp_path_factory.mktemp("processes")
    )
    try:
        run = cluster.playbook(SITE, "-vvv", "--diff")
    finally:
        process_lists = watcher.stop()
    journals = "\n".join(
        cluster.on(name).check_output("journalctl --no-pager --since @%s", since)
        for name, since in begun.items()
    )
    yield HandEdit(
        node["name"],
        path,
        edited,
        checked,
        after_check,
        run,
        State.of(cluster),
        process_lists,
        journals,
    )


def test_check_mode_announces_that_file_of_that_host_and_nothing_else(
    before: State, hand_edit: HandEdit
) -> None:
    changed = (hand_edit.node, hand_edit.path)
    assert differences(before, hand_edit.edited) == {changed}
    assert content(hand_edit.edited, *changed) != content(before, *changed)
    assert hand_edit.checked.changed == {hand_edit.node: 1}, changed_tasks(hand_edit.checked)
    assert differences(hand_edit.edited, hand_edit.after_check) == set()


def test_byte_is_taken_back_and_nothing_else_is_touched(before: State, hand_edit: HandEdit) -> None:
    changed = (hand_edit.node, hand_edit.path)
    assert hand_edit.run.changed == {hand_edit.node: 1}, changed_tasks(hand_edit.run)
    assert differences(before, hand_edit.after) == {changed}
    assert content(hand_edit.after, *changed) == content(before, *changed)
    assert hand_edit.after.processes == before.processes


@pytest.mark.parametrize(
    "where", ["output of check mode", "output at -vvv", "process lists", "journals"]
)
def test_no_password_is_shown_by_the_run_that_writes_one(
    cluster: Cluster, hand_edit: HandEdit, where: str
) -> None:
    text = {
        "output of check mode": hand_edit.checked.output,
        "output at -vvv": hand_edit.run.output,
        "process lists": hand_edit.process_lists,
        "journals": hand_edit.journals,
    }[where]
    assert len(text) > 10_000, "there is too little to prove anything"
    assert hand_edit.path in hand_edit.run.output, "the run wrote no password, so it proves nothing"
    secrets = yaml.safe_load((cluster.generated / "secrets.yml").read_text())
    assert len(secrets) >= 8
    # The edited byte is the first of its password, and what was replaced is no more to be seen than
    # what replaces it.
    leaked = {
        name: text[max(0, text.index(rest) - 120) : text.index(rest)]
        for name, rest in tails(secrets).items()
        if rest in text
    }
    assert leaked == {}


def tails(secrets: dict[str, str]) -> dict[str, str]:
    assert all(len(secret) >= 16 for secret in secrets.values())
    return {name: secret[1:] for name, secret in secrets.items()}
