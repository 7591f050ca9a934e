# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The page of the figures is remade by a run of the benchmark, and has a mark for each part."""

from __future__ import annotations

import typing as t

import pytest

from tests.benchmark.page import FIGURES, remade
from tests.support.paths import REPOSITORY

TIMES = {"seconds": 1.5, "processor_seconds": 2.25}
SLOPES = {"seconds": 0.2, "processor_seconds": 0.25}
RESULT: dict[str, t.Any] = {
    "machine": {
        "time": "2026-11-28T05:55:15Z",
        "commit": "abc1234",
        "cores": 2,
        "load": [0.1, 0.2, 0.3],
        "ansible_core": "2.19.14",
        "python": "3.11.2",
    },
    "node": {
        "connections": {
            "local": {
                "times": {
                    "floor": {"seconds": 0.8},
                    "ours, first": {"seconds": 0.9},
                    "ours, unchanged": {"seconds": 0.85},
                    "baseline, first": {"seconds": 14.0},
                    "baseline, unchanged": {"seconds": 13.0},
                },
                "first_over_floor": 1.13,
                "unchanged_over_floor": 1.06,
            }
        }
    },
    "nodes": {
        "points": [{"nodes": 40, "floor": TIMES, "first": TIMES, "unchanged": TIMES}],
        "slopes": {
            "floor": SLOPES,
            "first": {"seconds": 0.3, "processor_seconds": 0.5},
            "unchanged": {"seconds": 0.25, "processor_seconds": 0.3},
        },
    },
    "clusters": {
        "clusters": 100,
        "nothing": TIMES,
        "all": TIMES,
        "one": TIMES,
        "all_over_nothing": 4.9,
        "all_over_nothing_processor": 5.1,
        "one_over_nothing": 2.4,
        "one_over_nothing_processor": 2.3,
    },
    "editor": {
        "cells": [
            {
                "bytes": 5_000_000,
                "edits": 62,
                "seconds": 0.4284,
                "unchanged_seconds": 0.089,
                "memory": 42_000_000,
            }
        ]
    },
}
LINES = (
    "Measured 2026-11-28 at abc1234: 2 cores, load 0.1 before it began, ansible-core 2.19.14,"
    " Python 3.11.2.",
    "| local | 14.00 | 13.00 | 0.90 | 0.85 | 0.80 | 1.13 | 1.06 |",
    "| 40 | 1.50 | 1.50 | 1.50 | 2.25 | 2.25 | 2.25 |",
    "Each further node, as a multiple of one task that does nothing: 1.50 (first, by the clock),"
    " 1.25 (unchanged, by the",
    "clock), 2.00 (first, by processor time), 1.20 (unchanged, by processor time).",
    "| 100 clusters | 1.50 | 2.25 | 4.90 | 5.10 |",
    "| 5.00 MB | 62 | 0.428 | 0.089 | 8.4 |",
)


def test_the_figures_of_a_run_are_put_into_the_page() -> None:
    page = (REPOSITORY / "docs" / "performance.md").read_text(encoding="utf-8")
    assert page.count("<!-- figures: ") == page.count("<!-- end -->") == len(FIGURES) == 5
    new = remade(page, RESULT).splitlines()
    assert [line for line in LINES if line not in new] == []
    assert "| ssh, 50 ms | 30.00 | 27.80 | 1.13 | 1.04 | 1.04 | 1.09 | 1.04 |" not in new
    assert remade("\n".join(new) + "\n", RESULT).splitlines() == new


def test_parts_that_did_not_run_keep_their_figures() -> None:
    page = (REPOSITORY / "docs" / "performance.md").read_text(encoding="utf-8")
    new = remade(page, {"machine": RESULT["machine"], "clusters": RESULT["clusters"]})
    assert LINES[0] in new and LINES[5] in new and LINES[6] not in new


def test_a_page_without_a_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="no mark for the figures of clusters"):
        remade("<!-- figures: machine -->\n<!-- end -->\n<!-- figures: node -->\n<!-- end -->\n"
               "<!-- figures: nodes -->\n<!-- end -->\n", RESULT)  # fmt: skip
