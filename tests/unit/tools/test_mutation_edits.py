# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""scripts/test --mutate makes a file again without one of its edits, and puts another value where
an edit would change nothing."""

from __future__ import annotations

import importlib
import json
import shutil
import typing as t
from pathlib import Path

import pytest

CARBON = "repository/conf/carbon.xml"
AXIS2 = "repository/conf/axis2/axis2.xml"


@pytest.fixture(scope="module")
def edits() -> t.Any:
    return importlib.import_module("tests.mutation.edits")


@pytest.fixture
def home(tmp_path: Path, repository: Path) -> Path:
    for name, path in (("carbon.xml", CARBON), ("axis2.xml", AXIS2)):
        (tmp_path / "home" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(
            repository / "tests" / "fixtures" / "editor" / name, tmp_path / "home" / path
        )
    return tmp_path / "home"


def recorded(home: Path, edits: t.Any) -> t.Any:
    files = [
        {
            "path": str(home / CARBON),
            "edits": [
                {
                    "xpath": "/Server/HostName",
                    "text": "km.bank.example",
                    "if_missing": ["uncomment", "create"],
                },
                {"xpath": "/Server/Security/KeyStore/Password", "text": "%{keystore_password}"},
            ],
        }
    ]
    calls = [
        {
            "module": "xml_patch",
            "arguments": {"files": files, "secrets": {"keystore_password": "secret"}},
        },
        {"module": "carbon_offset", "arguments": {"home": str(home), "offset": 7}},
        {
            "module": "wka_members",
            "arguments": {"home": str(home), "enabled": True, "domain": "bank.domain"},
        },
    ]
    lines = [json.dumps({"host": "km1", **call}) for call in calls]
    return edits.edits_of(lines, {"km1": home}, {"km1": home}, {"km1": "km_node"})["km1"]


def test_what_the_three_modules_were_asked_for_is_told_edit_by_edit(
    home: Path, edits: t.Any
) -> None:
    names = [edit.name for edit in recorded(home, edits)]
    assert names[:3] == [
        f"km_node {CARBON} /Server/HostName (text)",
        f"km_node {CARBON} /Server/Security/KeyStore/Password (text)",
        f"km_node {CARBON} /Server/Ports/Offset (text)",
    ]
    assert f"km_node {AXIS2} /axisconfig/clustering ( @enable)" in names[3:]


def test_a_file_lacks_the_dropped_edit_alone(home: Path, edits: t.Any) -> None:
    three = [edit for edit in recorded(home, edits) if edit.path == CARBON]
    whole = edits.made(home / CARBON, three)
    assert (
        b"<HostName>km.bank.example</HostName>" in whole
        and b"<Offset>7</Offset>" in whole
        and b"<Password>secret</Password>" in whole
    )
    without = edits.made(home / CARBON, three[1:])
    assert b"km.bank.example" not in without
    assert b"<Offset>7</Offset>" in without and b"<Password>secret</Password>" in without


def test_an_idle_edit_gets_something_to_do(home: Path, edits: t.Any) -> None:
    offset = recorded(home, edits)[2]
    stock = (home / CARBON).read_bytes()
    other = edits.moved(stock, offset, "carbon.xml")
    assert b"<Offset>mutation</Offset>" in other
    absent = offset._replace(
        edit={"xpath": "/Server/Nothing", "state": "absent", "if_missing": ["ignore"]}
    )
    assert b"<Nothing>mutation</Nothing>" in edits.moved(stock, absent, "carbon.xml")
    assert (
        edits.moved(
            stock,
            offset._replace(edit={"xpath": "/Server/Nothing/At/All", "text": "x"}),
            "carbon.xml",
        )
        is None
    )
