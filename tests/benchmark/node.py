# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""One node: all edits of its files in one invocation, against the usual way and against a task that
does nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import yaml

from tests.benchmark.connections import CONNECTIONS, Connection
from tests.benchmark.measuring import (
    REPOSITORY,
    SHARED,
    NotHere,
    Sample,
    environment,
    in_turn,
    processor_ratio,
    ratio,
    summary,
    table,
    timed,
)
from tests.benchmark.real_edits import benchmark_edits

WORKER = REPOSITORY / "tests" / "benchmark" / "worker.py"
# Where the real files are not: as many edits as make sense in the tests' own.
FIXTURE_EDITS = {
    "carbon.xml": [
        {
            "xpath": "/Server/HostName",
            "text": "km.bank.example",
            "if_missing": ["uncomment", "create"],
        },
        {
            "xpath": "/Server/MgtHostName",
            "text": "mgt.bank.example",
            "if_missing": ["uncomment", "create"],
        },
        {"xpath": "/Server/Ports/Offset", "text": 3},
    ],
    "axis2.xml": [
        {"xpath": "/axisconfig/clustering", "attributes": {"enable": True}},
        {"xpath": "/axisconfig/clustering/parameter[@name='domain']", "text": "obkm.bank.domain"},
    ],
}


class NodeFiles:
    """The files of a node as the product ships them, their edits, and a copy to edit."""

    def __init__(self, folder: Path) -> None:
        self._stock = folder / "stock"
        self.conf = folder / "conf"
        self.real = (SHARED / "benchmark" / "edits.yml").is_file()
        self.edits: dict[str, list[dict[str, t.Any]]] = {}
        if self.real:
            subprocess.run([str(SHARED / "benchmark" / "prepare"), str(self._stock)], check=True)
            for entry in yaml.safe_load(
                (SHARED / "benchmark" / "edits.yml").read_text(encoding="utf-8")
            )["km_files"]:
                self.edits[entry["file"]] = list(benchmark_edits(entry))
        else:
            self._stock.mkdir()
            for name, edits in FIXTURE_EDITS.items():
                shutil.copyfile(
                    REPOSITORY / "tests" / "fixtures" / "editor" / name, self._stock / name
                )
                self.edits[name] = edits
        self.bytes = {
            path.relative_to(self._stock): path.read_bytes() for path in self._stock.rglob("*.xml")
        }

    @property
    def what(self) -> str:
        number = sum(len(edits) for edits in self.edits.values())
        source = (
            "the real product files"
            if self.real
            else "the tests' own files, for want of the real ones (CARBON_OPS_SHARED)"
        )
        return f"{number} edits in {len(self.edits)} files, {source}"

    def reset(self) -> None:
        for name, content in self.bytes.items():
            path = self.conf / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def entries(self, folder: str) -> list[dict[str, t.Any]]:
        return [{"path": f"{folder}/{name}", "edits": edits} for name, edits in self.edits.items()]


def measure(arguments: t.Any, say: t.Callable[[str], None]) -> dict[str, t.Any]:
    result: dict[str, t.Any] = {"connections": {}, "skipped": []}
    # Sockets of ssh stand in this folder, and their paths must be short.
    with tempfile.TemporaryDirectory(prefix="cob") as name:
        folder = Path(name)
        files = NodeFiles(folder)
        result["what"] = files.what
        for connection in arguments.connections:
            place = folder / connection
            place.mkdir()
            try:
                with CONNECTIONS[connection](place) as way:
                    result["connections"][way.name] = _measure(files, place, way, arguments, say)
            except NotHere as reason:
                result["skipped"].append(str(reason))
        if not arguments.quick:
            try:
                result["without_ansible"] = _without_ansible(files, folder, arguments.rounds, say)
            except NotHere as reason:
                result["skipped"].append(str(reason))
    return result


def _measure(
    files: NodeFiles, folder: Path, way: Connection, arguments: t.Any, say: t.Callable[[str], None]
) -> dict[str, t.Any]:
    inventory = folder / "hosts.yml"
    inventory.write_text(
        yaml.safe_dump({"km": {"hosts": {"km1": way.variables}}}), encoding="utf-8"
    )
    task = {"carbon_ops.key_manager.xml_patch": {"files": files.entries("{{ conf_dir }}")}}
    ours = _playbook(folder / "ours.yml", {"name": "Configure the product files", **task})
    floor = _playbook(
        folder / "floor.yml",
        {
            "name": "A task that does nothing",
            "ansible.builtin.command": "/bin/true",
            "changed_when": False,
        },
    )
    surroundings = environment(**way.environment)

    def run(playbook: Path) -> Sample:
        command = [
            "ansible-playbook",
            str(playbook),
            "-i",
            str(inventory),
            "-e",
            json.dumps({"conf_dir": str(files.conf)}),
        ]
        return timed(command, surroundings, way.prefix)

    def first(playbook: Path) -> Sample:
        files.reset()
        return run(playbook)

    cases = {
        "floor": lambda: run(floor),
        "ours, first": lambda: _demand(first(ours), changed=1),
        "ours, unchanged": lambda: _demand(run(ours), changed=0),
    }
    baseline = SHARED / "benchmark" / "baseline.yml"
    usual = (
        {}
        if arguments.quick or not baseline.is_file()
        else {
            "baseline, first": lambda: first(baseline),
            "baseline, unchanged": lambda: run(baseline),
        }
    )
    samples = in_turn(cases, arguments.rounds, lambda text: say(f"{way.name}: {text}"))
    result: dict[str, t.Any] = {"remark": way.remark}
    if usual:
        # In a sitting of its own rounds, because it takes twenty times as long; the others run once
        # more beside it.
        long = in_turn(
            {**cases, **usual}, arguments.baseline_rounds, lambda text: say(f"{way.name}: {text}")
        )
        result["baseline_over_floor"] = ratio(long["baseline, first"], long["floor"])
        result["baseline_over_ours"] = ratio(long["baseline, first"], long["ours, first"])
        result["baseline_unchanged_over_floor"] = ratio(long["baseline, unchanged"], long["floor"])
        result["baseline_unchanged_over_ours"] = ratio(
            long["baseline, unchanged"], long["ours, unchanged"]
        )
        for name, found in long.items():
            samples[name] = samples.get(name, []) + found
    result["times"] = {name: summary(found) for name, found in samples.items()}
    for name in ("first", "unchanged"):
        key = f"ours, {name}"
        result[f"{name}_over_floor"] = ratio(samples[key], samples["floor"])
        result[f"{name}_over_floor_processor"] = processor_ratio(samples[key], samples["floor"])
    return result


def _demand(sample: Sample, changed: int) -> Sample:
    if sample.changed != changed:
        raise RuntimeError(
            f"{sample.changed} tasks changed something, not {changed}:\n{sample.output[-3000:]}"
        )
    return sample


def _playbook(path: Path, *tasks: dict[str, t.Any]) -> Path:
    play = {"name": "One node", "hosts": "km", "gather_facts": False, "tasks": list(tasks)}
    path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    return path


def _without_ansible(
    files: NodeFiles, folder: Path, rounds: int, say: t.Callable[[str], None]
) -> dict[str, t.Any]:
    """A program that only edits: ours on all edits, Augeas on those that set a value."""
    if not shutil.which("augtool"):
        raise NotHere("augeas: there is no augtool (apt-get install augeas-tools)")
    values = {
        name: [edit for edit in edits if _only_sets_values(edit)]
        for name, edits in files.edits.items()
    }
    job = folder / "job.json"
    some = folder / "values.json"
    job.write_text(json.dumps({"files": files.entries(str(files.conf))}), encoding="utf-8")
    some.write_text(
        json.dumps(
            {
                "files": [
                    {"path": str(files.conf / name), "edits": edits}
                    for name, edits in values.items()
                    if edits
                ]
            }
        )
    )
    script = folder / "augeas"
    script.write_text("\n".join(_augeas(values)) + "\n", encoding="utf-8")

    def fresh(*command: str) -> Sample:
        files.reset()
        return timed(command, environment())

    cases = {
        "a Python that does nothing": lambda: fresh(sys.executable, "-c", "pass"),
        "ours, all edits": lambda: fresh(sys.executable, str(WORKER), "files", str(job)),
        "ours, values only": lambda: fresh(sys.executable, str(WORKER), "files", str(some)),
        "augeas, values only": lambda: fresh(
            "augtool", "--noautoload", "--root", str(files.conf), "--file", str(script)
        ),
    }
    samples = in_turn(cases, max(rounds, 5), say)
    failed = [
        line for line in samples["augeas, values only"][-1].output.splitlines() if "error" in line
    ]
    return {
        "values": sum(len(edits) for edits in values.values()),
        "augeas_errors": failed[:5],
        "times": {name: summary(found) for name, found in samples.items()},
    }


def _only_sets_values(edit: dict[str, t.Any]) -> bool:
    return ("text" in edit and edit.get("if_missing", ["fail"]) == ["fail"]) or "attributes" in edit


def _augeas(values: dict[str, list[dict[str, t.Any]]]) -> t.Iterator[str]:
    yield "set /augeas/load/Xml/lens Xml.lns"
    for name in values:
        yield f"set /augeas/load/Xml/incl[last()+1] /{name}"
    yield "load"
    for name, edits in values.items():
        for edit in edits:
            path = re.sub(r"\[@([\w]+)=('[^']*')\]", r"[#attribute/\1=\2]", edit["xpath"])
            path = re.sub(r"\[(\w+)=('[^']*')\]", r"[\1/#text=\2]", path)
            for attribute, value in edit.get("attributes", {}).items():
                yield f'set "/files/{name}{path}/#attribute/{attribute}" "{value}"'
            if "text" in edit:
                yield 'set "/files/{0}{1}/#text" "{2}"'.format(name, path, edit["text"])
    yield "save"
    yield "print /augeas//error"


def show(result: dict[str, t.Any]) -> t.Iterator[str]:
    yield "One node: {0}".format(result["what"])
    rows = []
    for name, one in result["connections"].items():
        base = one["times"]["floor"]["seconds"]
        for case, times in one["times"].items():
            rows.append(
                [
                    name,
                    case,
                    "{0:.2f}".format(times["seconds"]),
                    "{0:.2f}".format(times["seconds"] / base),
                ]
            )
    yield table(["connection", "what", "seconds", "x floor"], rows)
    for name, one in result["connections"].items():
        if one["remark"]:
            yield "{0}: {1}".format(name, one["remark"])
        if "baseline_over_floor" in one:
            yield (
                "{0}: baseline / ours is {1} of the {2} that one round trip allows; unchanged {3}"
                " of {4}".format(
                    name,
                    one["baseline_over_ours"],
                    one["baseline_over_floor"],
                    one["baseline_unchanged_over_ours"],
                    one["baseline_unchanged_over_floor"],
                )
            )
    if "without_ansible" in result:
        alone = result["without_ansible"]
        rows = [
            [
                name,
                "{0:.0f}".format(times["seconds"] * 1000),
                "{0:.0f}".format(times["processor_seconds"] * 1000),
            ]
            for name, times in alone["times"].items()
        ]
        yield "Without Ansible, the whole process ({0} of the edits set values):".format(
            alone["values"]
        )
        yield table(["what", "ms", "processor ms"], rows)
        for line in alone["augeas_errors"]:
            yield f"augeas says: {line}"


def holds(result: dict[str, t.Any]) -> t.Iterator[tuple[str, float, str, float]]:
    for name, one in result["connections"].items():
        for run in ("first", "unchanged"):
            yield f"{name}: one node, {run} run / floor", one[f"{run}_over_floor"], "<=", 1.2
        for run in ("", "_unchanged"):
            if f"baseline{run}_over_floor" in one:
                share = one[f"baseline{run}_over_ours"] / one[f"baseline{run}_over_floor"]
                yield (
                    "{0}: baseline{1} / ours as share of baseline / floor".format(
                        name, run.replace("_", ", ")
                    ),
                    share,
                    ">=",
                    0.85,
                )
        # The same of all rounds: the baseline, which runs in few of them, is in both and cancels
        # out.
        for run in ("first", "unchanged"):
            share = 1 / one[f"{run}_over_floor"]
            yield f"{name}: {run} run, floor / ours in all rounds", share, ">=", 0.85
