# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""scripts/test --mutate finds every edit of the roles' data files, and takes out one at a time and nothing else."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def mutants(repository: Path) -> Any:
    spec = importlib.util.spec_from_file_location("mutants", repository / "tests" / "mutation" / "mutants.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


TEXT = """---
# A comment.
__file:
  path: x.xml
  edits: "{{ __always + __sometimes }}"
__always:
  - {xpath: /a, text: "1"}
  # Why the next one.
  - xpath: /b
    xml:
      b: {"@id": x}
    if_missing: [create]

  - xpath: /c
    text: >-
      long
      text
__sometimes:
  - {xpath: /d, state: absent}
__list: [one, two]
"""


def test_edits_are_found_with_their_lines(mutants: Any) -> None:
    found = [(edit.target, edit.first, edit.last, edit.alone) for edit in mutants.edits_of("f.yml", TEXT)]
    assert found == [("/a", 7, 7, False), ("/b", 9, 12, False), ("/c", 14, 17, False), ("/d", 19, 19, True)]


def test_one_edit_is_taken_out_and_all_else_stays(mutants: Any) -> None:
    for edit in mutants.edits_of("f.yml", TEXT):
        data = yaml.safe_load(TEXT)
        for name in ("__always", "__sometimes"):
            data[name] = [each for each in data[name] if each["xpath"] != edit.target]
        assert yaml.safe_load(mutants.without(TEXT, edit)) == data


def test_every_edit_of_the_roles_can_be_taken_out(mutants: Any, repository: Path) -> None:
    texts = {path: path.read_text(encoding="utf-8") for pattern in mutants.FILES for path in repository.glob(pattern)}
    edits = mutants.all_edits(repository)
    assert len(edits) == sum(mutants.leaves(text) for text in texts.values()) > 100
    for edit in edits:
        mutants.without(texts[repository / edit.file], edit)


JUDGE = """
from pathlib import Path

def test_one_of_the_two_is_missed():
    assert "StartRMIServer, text" in Path("roles/km_node/vars/main/jmx.yml").read_text()
"""


def mutate(repository: Path, *arguments: str) -> Any:
    command = [sys.executable, str(repository / "tests" / "mutation" / "run"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def test_killed_and_survived_are_told_of_a_copy(repository: Path, tmp_path: Path) -> None:
    judge = tmp_path / "test_judge.py"
    judge.write_text(JUDGE)
    before = (repository / "roles/km_node/vars/main/jmx.yml").read_bytes()
    done = mutate(repository, "--only", "km_node/vars/main/jmx.yml", "--tests", str(judge))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^killed   \S+jmx.yml:\d+ StartRMIServer by test_one_of_the_two_is_missed ", done.stdout, re.M), done.stdout
    assert re.search(r"^SURVIVED \S+jmx.yml:\d+ HostName ", done.stdout, re.M)
    assert done.stdout.endswith("\n2 edits dropped one by one: 1 killed, 1 survived: 50.0 %\n")
    assert (repository / "roles/km_node/vars/main/jmx.yml").read_bytes() == before


def test_tests_that_fail_by_themselves_kill_nothing(repository: Path, tmp_path: Path) -> None:
    judge = tmp_path / "test_judge.py"
    judge.write_text("def test_never():\n    assert False\n")
    done = mutate(repository, "--limit", "1", "--tests", str(judge))
    assert done.returncode == 2
    assert "without any change test_never fails" in done.stderr


def test_a_file_without_edits_is_told(repository: Path) -> None:
    done = mutate(repository, "--only", "carbon.yaml", "--list")
    assert done.returncode == 2
    assert "--only carbon.yaml: no edit stands in a file of this name" in done.stderr
