# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The editor alone: processor time and memory by the size of the file and the number of edits; and
what a module costs before it works."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path
from statistics import median

from tests.benchmark.measuring import REPOSITORY, environment, table

WORKER = REPOSITORY / "tests" / "benchmark" / "worker.py"
KB, MB = 1000, 1000 * 1000
GRID = (
    *((size, 62) for size in (10 * KB, 100 * KB, MB, 5 * MB, 50 * MB)),
    *((5 * MB, edits) for edits in (1, 10, 500, 1000, 2000)),
    (50 * MB, 2000),
)
QUICK_GRID = ((10 * KB, 10), (MB, 62))
_IMPORT = """
import sys, time
sys.path.insert(0, {path!r})
import ansible.module_utils.basic
before, started = set(sys.modules), time.perf_counter()
import {name}
seconds = time.perf_counter() - started
own = [name for name in sys.modules if name not in before]
print(seconds, len([name for name in own if name.startswith("ansible_collections.carbon_ops.key_manager.plugins.m")]), len(own))
"""
_ZIP = """
import sys
sys.path.insert(0, {path!r})
from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, module_loader
from ansible.template import Templar
init_plugin_loader([{path!r}])
variables = {{"ansible_python_interpreter": sys.executable}}
for name in {names!r}:
    found = module_loader.find_plugin_with_context(name)
    built = modify_module(
        module_name=found.resolved_fqcn, module_path=found.plugin_resolved_path, module_args={{}}, templar=Templar(DataLoader()),
        task_vars=variables, module_compression="ZIP_DEFLATED",
    )
    print(name.rpartition(".")[2], len(built.b_module_data))
"""


def measure(arguments: t.Any, say: t.Callable[[str], None]) -> dict[str, t.Any]:
    grid = QUICK_GRID if arguments.quick else GRID
    cells: dict[tuple[int, int], list[dict[str, t.Any]]] = {cell: [] for cell in grid}
    with tempfile.TemporaryDirectory(prefix="cob") as folder:
        for number in range(1 if arguments.quick else arguments.rounds):
            for size, edits in grid:
                command = [
                    sys.executable,
                    str(WORKER),
                    "large",
                    str(Path(folder) / "large.xml"),
                    str(size),
                    str(edits),
                ]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                cells[(size, edits)].append(json.loads(done.stdout))
                say(f"round {number + 1}: {size // KB} kB, {edits} edits")
    return {
        "cells": [
            {key: median(sample[key] for sample in samples) for key in samples[0]}
            for samples in cells.values()
        ],
        "modules": _modules(1 if arguments.quick else 5),
    }


def _modules(rounds: int) -> list[dict[str, t.Any]]:
    collections = str(REPOSITORY / "collections")
    names = sorted(path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py"))
    full_names = ["ansible.builtin.command", *("carbon_ops.key_manager." + name for name in names)]
    program = _ZIP.format(path=collections, names=full_names)
    # Ansible's inner interface, which another version may have changed: then the column stays
    # empty.
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
    )
    sizes = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
    found = []
    for name in names:
        full = "ansible_collections.carbon_ops.key_manager.plugins.modules." + name
        lines = []
        for _round in range(rounds):
            program = _IMPORT.format(path=collections, name=full)
            lines.append(
                subprocess.run(
                    [sys.executable, "-c", program], check=True, capture_output=True, text=True
                ).stdout.split()
            )
        seconds = median(float(line[0]) for line in lines)
        own, everything = int(lines[0][1]), int(lines[0][2])
        found.append(
            {
                "module": name,
                "import_seconds": seconds,
                "own": own,
                "imported": everything,
                "sent_bytes": int(sizes.get(name, 0)),
            }
        )
    return found


def show(result: dict[str, t.Any]) -> t.Iterator[str]:
    yield "The editor alone, no Ansible:"
    rows = []
    for cell in result["cells"]:
        times = [
            f"{cell[key]:.3f}"
            for key in (
                "seconds",
                "processor_seconds",
                "unchanged_seconds",
                "unchanged_processor_seconds",
            )
        ]
        memory = "{0:.1f}".format(cell["memory"] / MB)
        rows.append(
            [
                "{0:.0f} kB".format(cell["bytes"] / KB),
                int(cell["edits"]),
                *times,
                memory,
                "{0:.1f}".format(cell["memory"] / cell["bytes"]),
            ]
        )
    head = [
        "file",
        "edits",
        "seconds",
        "processor",
        "unchanged",
        "processor",
        "memory MB",
        "x file",
    ]
    yield table(head, rows)
    yield (
        "What a module costs before it works: bytes sent to the node for each task, and imports"
        " beyond Ansible's own."
    )
    rows = [
        [
            one["module"],
            "{0:.1f}".format(one["sent_bytes"] / KB),
            "{0:.1f}".format(one["import_seconds"] * 1000),
            one["own"],
            one["imported"],
        ]
        for one in result["modules"]
    ]
    yield table(["module", "kB sent", "import ms", "own modules", "all imports"], rows)


def holds(result: dict[str, t.Any]) -> t.Iterator[tuple[str, float, str, float]]:
    cells = {(round(cell["bytes"], -5), int(cell["edits"])): cell for cell in result["cells"]}
    large = cells.get((5 * MB, 2000))
    if large:
        yield "2,000 edits on 5 MB, seconds", large["seconds"], "<=", 2.0
        yield "2,000 edits on 5 MB, memory / file", large["memory"] / large["bytes"], "<=", 10.0
        one = cells[(5 * MB, 1)]
        yield (
            "2,000 edits on 5 MB / 1 edit, processor",
            large["processor_seconds"] / one["processor_seconds"],
            "<=",
            2000.0,
        )
    for cell in result["cells"]:
        if cell["bytes"] >= 40 * MB:
            yield (
                "{0:.0f} edits on 50 MB, memory / file".format(cell["edits"]),
                cell["memory"] / cell["bytes"],
                "<=",
                10.0,
            )
