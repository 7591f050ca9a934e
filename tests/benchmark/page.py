# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Puts the figures of a run of tests/benchmark/run into docs/performance.md, between the marks that
name them.

page.py RESULT PAGE     RESULT: a file whose last line is the JSON of the run
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
import typing as t
from pathlib import Path

Result = t.Mapping[str, t.Any]


def remade(page: str, result: Result) -> str:
    """The page with the figures of the parts that the run has; those of others stay. A page without
    a mark for one of them is an error."""
    for name, made in FIGURES.items():
        if name in result or name == "machine":
            pattern = re.compile(rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
            if not pattern.search(page):
                raise ValueError(f"The page has no mark for the figures of {name}.")
            text = "\n".join(made(result)) + "\n"
            page = pattern.sub(lambda found, text=text: found[1] + text + found[2], page)
    return page


def _table(head: t.Sequence[str], rows: t.Iterable[t.Sequence[t.Any]]) -> t.Iterator[str]:
    for row in [head, ["---"] * len(head), *rows]:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"


def _sentence(text: str) -> list[str]:
    """In lines as long as the page may have."""
    return textwrap.wrap(text, 120)


def _number(value: float) -> str:
    return f"{value:.2f}"


def _machine(result: Result) -> t.Iterator[str]:
    machine = result["machine"]
    yield from _sentence(
        f"Measured {machine['time'][:10]} at {machine['commit']}: {machine['cores']} cores, load"
        f" {machine['load'][0]} before it began, ansible-core {machine['ansible_core']}, Python"
        f" {machine['python']}."
    )


def _node(result: Result) -> t.Iterator[str]:
    rows = []
    for name, one in result["node"]["connections"].items():
        times = one["times"]
        usual = [
            _number(times[case]["seconds"]) if case in times else "not run"
            for case in ("baseline, first", "baseline, unchanged")
        ]
        rows.append(
            [
                name,
                *usual,
                *(
                    _number(times[case]["seconds"])
                    for case in ("ours, first", "ours, unchanged", "floor")
                ),
                *(_number(one[f"{case}_over_floor"]) for case in ("first", "unchanged")),
            ]
        )
    head = ["", "usual way, s", "unchanged", "ours, s", "unchanged", "floor, s", "x floor"]
    yield from _table([*head, "unchanged"], rows)


def _nodes(result: Result) -> t.Iterator[str]:
    nodes = result["nodes"]
    kinds = ("floor", "first", "unchanged")
    rows = [
        [
            point["nodes"],
            *(_number(point[kind][what]) for what in _MEASURES for kind in kinds),
        ]
        for point in nodes["points"]
    ]
    head = ["nodes", *(f"{kind}, {unit}" for unit in ("s", "processor s") for kind in kinds)]
    yield from _table(head, rows)
    slopes = nodes["slopes"]
    told = [
        f"{_number(slopes[kind][what] / slopes['floor'][what])} ({kind}, {title})"
        for what, title in _MEASURES.items()
        for kind in ("first", "unchanged")
    ]
    yield ""
    yield from _sentence(
        f"Each further node, as a multiple of one task that does nothing: {', '.join(told)}."
    )


_MEASURES = {"seconds": "by the clock", "processor_seconds": "by processor time"}


def _clusters(result: Result) -> t.Iterator[str]:
    clusters = result["clusters"]
    titles = {
        "nothing": "a play that does nothing",
        "all": f"{clusters['clusters']} clusters",
        "one": "one host of them, by `--limit`",
    }
    rows = [
        [
            title,
            *(_number(clusters[kind][what]) for what in _MEASURES),
            *(
                _number(clusters.get(f"{kind}_over_nothing{what}", 1.0))
                for what in ("", "_processor")
            ),
        ]
        for kind, title in titles.items()
    ]
    yield from _table(["", "s", "processor s", "x nothing", "x by processor time"], rows)


def _editor(result: Result) -> t.Iterator[str]:
    rows = [
        [
            f"{cell['bytes'] / 1e6:.2f} MB",
            cell["edits"],
            f"{cell['seconds']:.3f}",
            f"{cell['unchanged_seconds']:.3f}",
            f"{cell['memory'] / cell['bytes']:.1f}",
        ]
        for cell in result["editor"]["cells"]
    ]
    yield from _table(["file", "edits", "s", "unchanged, s", "memory / size of the file"], rows)


FIGURES: dict[str, t.Callable[[Result], t.Iterator[str]]] = {
    "machine": _machine,
    "node": _node,
    "nodes": _nodes,
    "clusters": _clusters,
    "editor": _editor,
}


def main(result: Path, page: Path) -> None:
    data = json.loads(result.read_text(encoding="utf-8").splitlines()[-1])
    page.write_text(remade(page.read_text(encoding="utf-8"), data), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
