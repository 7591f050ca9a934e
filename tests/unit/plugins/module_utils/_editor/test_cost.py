# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a large file and many edits may cost; docs/performance.md has the figures of a quiet
machine."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

from tests.support.paths import TESTS

WORKER = TESTS / "benchmark" / "worker.py"
SIZE = 5_000_000


def cost(path: Path, edits: int) -> dict[str, t.Any]:
    command = [sys.executable, str(WORKER), "large", str(path), str(SIZE), str(edits)]
    return dict(
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    )


def test_two_thousand_edits_of_a_large_file(tmp_path: Path) -> None:
    one, many = cost(tmp_path / "file.xml", 1), cost(tmp_path / "file.xml", 2000)
    assert many["edits"] == 2000
    assert many["processor_seconds"] < 2
    assert many["memory"] < 10 * many["bytes"]
    assert many["processor_seconds"] < 4 * one["processor_seconds"]


def test_modules_that_only_some_edits_need_are_not_imported() -> None:
    program = """
import sys
sys.path.insert(0, {0!r})
import ansible_collections.carbon_ops.key_manager.plugins.modules.xml_patch
print([name.rpartition("._editor.")[2] or name for name in sys.modules])
""".format(str(WORKER.parents[2] / "collections"))
    imported = subprocess.run(
        [sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert "'xml.editor'" in imported
    for name in ("difflib", "json.edit", "masked_diff", "properties", "text"):
        assert f"'{name}'" not in imported
