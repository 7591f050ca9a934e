#!/usr/bin/env python3
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Bytes that a coverage-guided fuzzer makes, in every format: pip install atheris; tests/fuzz/atheris_editor.py -runs=100000

Whatever the bytes are, an edit gives one sentence, or a file that the same edit leaves as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "collections")]

with atheris.instrument_imports(include=["ansible_collections"]):
    from engine import checked, refused

EDITS = {
    "xml": [{"xpath": "/a/b", "text": "]]>&\u20ac", "attributes": {"c": "\"'"}, "if_missing": ["uncomment", "create"], "match": "all"}],
    "json": [{"key": "a.b", "value": "\"'\u2028", "if_missing": "create"}],
    "properties": [{"key": "a", "value": "=\\ \n", "match": "all"}],
    "text": [{"find": "a", "replace": "bb", "match": "all", "if_missing": "ignore"}],
}


def one_input(data: bytes) -> None:
    form = sorted(EDITS)[data[0] % len(EDITS)] if data else "xml"
    if refused(data[1:], EDITS[form], form) is None:
        checked(data[1:], EDITS[form], form)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
