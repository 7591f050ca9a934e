# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Another membership scheme is refused while other nodes run with the old one, before a file is
changed; once they are stopped it goes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration.configure.sites import REPOSITORY, WITHOUT_ROOT, Site

# What systemd would say: the services that run are files in a folder.
SYSTEMCTL = """#!/bin/sh
[ "$1" = is-active ] || exit 1
if [ -e "${0%/*}/running/$2" ]; then echo active; else echo inactive; exit 3; fi
"""


# What the health check wants to know of a server, though the record of its start is all that it is
# asked for here.
UNASKED = dict.fromkeys(
    (
        *("instance", "name", "address", "https_port", "ca_file"),
        *("user", "password", "log_file", "managed_files"),
    ),
    "not asked for",
)

# What the restart of a node waits for follows from the records too
# (roles/carbon_server/tasks/restart.yml).
WAITED_FOR = """
- hosts: km1
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: carbon_ops.key_manager.cluster, tasks_from: model}
    - ansible.builtin.include_role: {name: carbon_ops.key_manager.carbon_server, tasks_from: membership, public: true}
    - ansible.builtin.copy:
        content: "{{ {'not_yet': __carbon_server_not_yet, 'running': __carbon_server_others_running} | to_json }}"
        dest: "{{ told }}"
        mode: "0600"
"""


class Machines:
    """Two Key Managers of one cluster with what they noted at their starts, and a run of site.yml
    over their files."""

    def __init__(self, site: Site, playbook: t.Callable[..., t.Any], folder: Path) -> None:
        self.site, self.playbook, self.folder = site, playbook, folder
        (folder / "running").mkdir(parents=True)
        (folder / "systemctl").write_text(SYSTEMCTL, encoding="utf-8")
        (folder / "systemctl").chmod(0o755)
        site.variables.update(WITHOUT_ROOT, cluster_instance="{{ inventory_hostname }}")
        # The health check, by which a node tells of its record, as the role puts it on a host.
        programs = folder / "programs"
        shutil.copytree(REPOSITORY / "plugins/module_utils/_health", programs / "health")
        shutil.copy(REPOSITORY / "roles/carbon_server/files/carbon_health.py", programs)
        for name in site.key_managers:
            (folder / "states" / name).mkdir(parents=True)
            (folder / "settings" / name).mkdir(parents=True)
            (folder / "settings" / name / "health.json").write_text(
                json.dumps({**UNASKED, "state_directory": str(folder / "states" / name)}),
                encoding="utf-8",
            )

    def run(self, scheme: str, playbook: str = "site.yml") -> t.Any:
        self.site.variables["cluster_membership_scheme"] = scheme
        self.site.write_inventory()
        path = os.pathsep.join(
            [str(self.folder), str(Path(sys.executable).parent), os.environ["PATH"]]
        )
        places = json.dumps(
            {
                "__carbon_server_programs": str(self.folder / "programs"),
                "__carbon_server_settings": str(self.folder / "settings/{{ inventory_hostname }}"),
                "carbon_server_python": sys.executable,
                "told": str(self.folder / "told"),
            }
        )
        tags = ("--tags", "configure") if playbook == "site.yml" else ()
        return self.playbook(
            playbook, self.site.inventory, *tags, "-e", places, settings={"PATH": path}
        )

    def started(self, schemes: dict[str, str | None]) -> None:
        """These nodes run, each started with this scheme; None is the record of an earlier release,
        which has none."""
        for name in self.site.key_managers:
            running = self.folder / "running" / (name + ".service")
            running.touch() if name in schemes else running.unlink(missing_ok=True)
            if name in schemes:
                record: dict[str, t.Any] = {"started_at": 1, "membership": "of before"}
                record.update({"scheme": schemes[name]} if schemes[name] else {})
                (self.folder / "states" / name / "start.json").write_text(
                    json.dumps(record), encoding="utf-8"
                )

    def schemes(self) -> dict[str, str]:
        files = {
            name: home / "repository/conf/axis2/axis2.xml" for name, home in self.site.homes.items()
        }
        pattern = re.compile(r'<parameter name="membershipScheme">([^<]*)<')
        return {
            name: "".join(pattern.findall(path.read_text(encoding="utf-8")))
            for name, path in files.items()
        }


@pytest.fixture
def machines(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any], tmp_path: Path
) -> Machines:
    return Machines(
        site(source="fixtures", nodes=2, api_managers=0), playbook, tmp_path / "systemd"
    )


def test_another_scheme_is_refused_while_others_run_with_the_old_one(machines: Machines) -> None:
    first = machines.run("multicast")
    assert first.status == 0, first.output[-4000:]
    machines.started({"km1": "multicast", "km2": "multicast"})
    before = machines.site.state()

    refused = machines.run("wka")
    assert refused.status != 0
    said = re.sub(r"\s+", " ", refused.output)
    assert (
        "km2 runs with multicast, and cluster_membership_scheme is wka: km1 would be shut down"
        in said
    ), refused.output[-4000:]
    assert "Stop km2 by hand (systemctl stop km2) and run site.yml again" in said
    assert machines.site.state() == before, "a file was changed"

    # Stopped as the sentence says; their records stay. Here the first is not started again by the
    # run, which configures only.
    machines.started({})
    stopped = machines.run("wka")
    assert stopped.status == 0, stopped.output[-4000:]
    assert machines.schemes() == {"km1": "wka", "km2": "wka"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("found", "wanted", "refused"),
    [
        # By multicast a node does not find those of before: rolled out as anything else. An earlier
        # release noted no scheme.
        ({"km1": "wka", "km2": "wka"}, "multicast", False),
        ({"km1": "multicast", "km2": None}, "wka", False),
        # Half of it done: the first is back with the new one, the second has not had its turn, and
        # runs.
        ({"km1": "wka", "km2": "multicast"}, "wka", True),
    ],
)
def test_what_others_were_started_with_counts(
    machines: Machines, found: dict[str, str | None], wanted: str, refused: bool
) -> None:
    other = {"wka": "multicast", "multicast": "wka"}[wanted]
    assert machines.run(other).status == 0
    machines.started(found)
    done = machines.run(wanted)
    # Of the second node nothing is to be said here: the first was not started again by this run,
    # which configures only.
    first = re.sub(r"\s+", " ", done.output)
    assert ("km1 would be shut down" in first) is refused, done.output[-4000:]
    assert machines.schemes()["km1"] == (other if refused else wanted)


@pytest.mark.parametrize(
    ("running", "membership", "not_yet"),
    [
        # It was started with another domain or password: it has its turn still. One of an earlier
        # release is waited for.
        ({"km2": "wka"}, "of before", ["km2"]),
        ({"km2": "wka"}, None, []),
        # It does not run, and its record is old.
        ({}, "of before", []),
    ],
)
def test_nodes_that_had_no_turn_yet_are_not_waited_for(
    machines: Machines, running: dict[str, str | None], membership: str | None, not_yet: list[str]
) -> None:
    machines.started({"km2": "wka"})
    record = machines.folder / "states" / "km2" / "start.json"
    record.write_text(
        json.dumps({"started_at": 1, "scheme": "wka", "membership": membership}), encoding="utf-8"
    )
    if not running:
        (machines.folder / "running" / "km2.service").unlink()
    (machines.folder / "play.yml").write_text(WAITED_FOR, encoding="utf-8")
    done = machines.run("wka", str(machines.folder / "play.yml"))
    assert done.status == 0, done.output[-4000:]
    assert json.loads((machines.folder / "told").read_text(encoding="utf-8")) == {
        "not_yet": not_yet,
        "running": list(running),
    }
