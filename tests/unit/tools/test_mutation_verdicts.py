# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""scripts/test --mutate counts an edit as missed where a test fails without it, and for no other
reason."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.integration.configure import sites

CARBON = "repository/conf/carbon.xml"
EDITS = [
    {"xpath": "/Server/HostName", "text": "km.bank.example", "if_missing": ["uncomment", "create"]},
    # Stands there already.
    {"xpath": "/Server/Ports/Offset", "text": "3"},
    # No test reads it.
    {"xpath": "/Server/Security/KeyStore/Password", "text": "another"},
    # No home has it, and none can.
    {"xpath": "/Server/Nothing[@of='the kind']", "state": "absent", "if_missing": ["ignore"]},
    # Without it the next one finds nothing.
    {"xpath": "/Server/Needed", "text": "x", "if_missing": ["create"]},
    {"xpath": "/Server/Needed", "attributes": {"by": "the next"}},
]


@pytest.fixture
def verdicts(repository: Path, monkeypatch: t.Any) -> t.Any:
    return importlib.import_module("tests.mutation.verdicts")


class Suite:
    """One home, and tests of its host name and its offset."""

    def __init__(self, folder: Path, repository: Path, patch_files: t.Any) -> None:
        self.name = "a suite"
        self.moved: set[str] = set()
        self.stock, self.homes, self.sides = (
            {"km1": folder / "stock"},
            {"km1": folder / "home"},
            {"km1": "profile role"},
        )
        for home in (self.stock["km1"], self.homes["km1"]):
            (home / CARBON).parent.mkdir(parents=True)
            shutil.copyfile(
                repository / "tests" / "fixtures" / "editor" / "carbon.xml", home / CARBON
            )
        text = (self.stock["km1"] / CARBON).read_text(encoding="iso-8859-1")
        self.offset = re.findall(r"<Offset>(\d+)", text)[0]
        edits = [
            {**edit, "text": self.offset} if "Offset" in edit["xpath"] else edit for edit in EDITS
        ]
        files = [{"path": str(self.homes["km1"] / CARBON), "edits": edits}]
        patch_files(files, {})
        self.whole = (self.homes["km1"] / CARBON).read_bytes()
        self.calls = [
            json.dumps({"host": "km1", "module": "xml_patch", "arguments": {"files": files}})
        ]
        self.fails = ""

    def looks_at(self, host: str) -> bool:
        return True

    def judge_untouched(self) -> str:
        return self.fails or self.judge("km1")

    def judge(self, host: str, values_only: bool = False) -> str:
        text = (self.homes[host] / CARBON).read_text(encoding="iso-8859-1")
        if "<HostName>km.bank.example<" not in text:
            return "test_host_name"
        return "" if f"<Offset>{self.offset}<" in text else "test_offset"


@pytest.fixture
def suite(tmp_path: Path, repository: Path, verdicts: t.Any) -> Suite:
    return Suite(tmp_path, repository, importlib.import_module("tests.mutation.edits").patch_files)


def by_place(found: dict[str, str]) -> dict[str, str]:
    return {name.split(" /Server/")[1].split()[0]: why for name, why in found.items()}


def test_an_edit_is_missed_where_a_test_fails_without_it(suite: Suite, verdicts: t.Any) -> None:
    found = verdicts.Verdicts()
    said: list[str] = []
    verdicts.try_suite(suite, found, said.append)
    assert by_place(found.killed) == {
        "HostName": "test_host_name",
        "Ports/Offset": "test_offset, where another value stood",
        "Needed": "the playbook, which fails",
    }
    survived = [(name.split(" /Server/")[1], why) for name, why in found.survived.items()]
    assert survived == [
        ("Security/KeyStore/Password (text)", "no test of a suite misses it"),
        ("Nothing[@of='the kind'] (state)", survived[1][1]),
        ("Needed ( @by)", "no test of a suite misses it"),
    ]
    assert said == ["a suite, km1: 6 edits, 3 more are missed by a test"]
    assert (suite.homes["km1"] / CARBON).read_bytes() == suite.whole, "the home is as it was"


def test_a_suite_that_fails_anyway_counts_for_nothing(suite: Suite, verdicts: t.Any) -> None:
    suite.fails = "test_of_something"
    found = verdicts.Verdicts()
    with pytest.raises(SystemExit, match="without any change test_of_something fails"):
        verdicts.try_suite(suite, found, print)
    assert not found.killed


def test_edits_that_do_not_make_the_file_are_refused(suite: Suite, verdicts: t.Any) -> None:
    (suite.homes["km1"] / CARBON).write_bytes(suite.whole + b"\n")
    with pytest.raises(SystemExit, match="do not make the file"):
        verdicts.try_suite(suite, verdicts.Verdicts(), print)


def test_the_edits_of_every_profile_are_dropped(repository: Path) -> None:
    files = (repository / "roles" / "cluster" / "files" / "products").glob("*/profile.yml")
    profiles = {
        path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in files
    }
    suites = (repository / "tests" / "mutation" / "suites.py").read_text(encoding="utf-8")
    dropped = {
        options.get("product", "ob_km_1.5")
        for name, options in sites.SITES.items()
        if f'SITES["{name}"]' in suites
    }
    # A profile without a list of its own has the edits of the one that it inherits.
    of_its_own = {
        name for name, profile in profiles.items() if {"files", "api_manager_files"} & set(profile)
    }
    assert len(of_its_own) == 5
    assert dropped | {profiles[name]["api_manager_product"] for name in dropped} == of_its_own
