# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Draws cost against nodes and against edits, as SVG, from what tests/benchmark/run
printed. Needs requirements/plots.txt.

plot.py RESULT FOLDER     RESULT: a file whose last line is the JSON of a run of parts nodes and
editor
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
# The same data give the same file.
matplotlib.rcParams["svg.hashsalt"] = "carbon_ops.key_manager"
from matplotlib import pyplot

KINDS = (
    ("floor", "one task that does nothing", "o:"),
    ("first", "configure.yml, first run", "s-"),
    ("unchanged", "configure.yml, unchanged", "^-"),
)


def draw_nodes(axes: t.Any, nodes: t.Any) -> None:
    for kind, label, style in KINDS:
        points = [(point["nodes"], point[kind]["processor_seconds"]) for point in nodes["points"]]
        axes.plot(*zip(*points), style, label=label)
    axes.set(
        xlabel="nodes",
        ylabel="processor seconds, controller and local nodes",
        title="Product files of many nodes",
    )


def draw_edits(axes: t.Any, editor: t.Any) -> None:
    cells = [cell for cell in editor["cells"] if 4e6 < cell["bytes"] < 6e6]
    for key, label, style in (
        ("processor_seconds", "first run", "s-"),
        ("unchanged_processor_seconds", "unchanged", "^-"),
    ):
        points = sorted((cell["edits"], cell[key]) for cell in cells)
        axes.plot(*zip(*points), style, label=label)
    axes.set(
        xlabel="edits", ylabel="processor seconds of xml_patch", title="Edits of one file of 5 MB"
    )


def main(result: Path, folder: Path) -> None:
    data = json.loads(result.read_text(encoding="utf-8").splitlines()[-1])
    for name, part, draw in (("nodes", "nodes", draw_nodes), ("edits", "editor", draw_edits)):
        if part not in data:
            continue
        figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
        draw(axes, data[part])
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.grid(alpha=0.3)
        axes.legend()
        figure.savefig(folder / f"performance-{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
