# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A node is configured in one call, or not at all."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

Run = t.Callable[..., "dict[str, t.Any]"]
MakeHome = t.Callable[[str], Path]
AXIS2 = "repository/conf/axis2/axis2.xml"
CARBON = "repository/conf/carbon.xml"
CATALINA = "repository/conf/tomcat/catalina-server.xml"
REGISTRY = "repository/conf/registry.xml"
HAZELCAST = "repository/conf/hazelcast.properties"
START = "bin/wso2server.sh"
STATED = {"xpath": "/wso2registry/readOnly", "text": "true"}


def arguments(home: Path) -> dict[str, t.Any]:
    """All three parts, each of which changes something."""
    return {
        "xml_patch": {
            "files": [
                {"path": f"{home}/{REGISTRY}", "edits": [dict(STATED)]},
                {
                    "path": f"{home}/{HAZELCAST}",
                    "format": "properties",
                    "create": True,
                    "edits": [{"key": "hazelcast.local.publicAddress", "value": "10.0.0.1"}],
                },
            ],
        },
        "carbon_offset": {"home": str(home), "offset": 7},
        "wka_members": {
            "home": str(home),
            "scheme": "wka",
            "domain": "bank.domain",
            "group_password": "canary-password",
            "local_member_host": "10.0.0.1",
            "members": [{"host": "10.0.0.1"}, {"host": "10.0.0.2"}],
        },
    }


def state(home: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file of a home: that it is the very one, and what is in it."""
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    return {
        str(path.relative_to(home)): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in files
    }


def test_one_call_does_what_three_do(home: MakeHome, run_module: Run, tmp_path: Path) -> None:
    path = home("ob_km")
    before = state(path)
    told = run_module("carbon_configure", arguments(path), check_mode=True, diff=True)
    assert state(path) == before
    done = run_module(
        "carbon_configure",
        {**arguments(path), "backup": True, "backup_dir": str(tmp_path / "backup")},
        diff=True,
    )
    assert sorted(done["changed_files"]) == sorted(
        f"{path}/{file}" for file in (AXIS2, CARBON, HAZELCAST, REGISTRY)
    )
    assert told["changed_files"] == done["changed_files"]
    assert told["diff"] == done["diff"]
    assert "canary" not in json.dumps(done)
    assert (done["ports"]["https"], done["cluster"]["domain"]) == (9450, "bank.domain")
    assert sorted(done["backup_files"]) == sorted(
        f"{path}/{file}" for file in (AXIS2, CARBON, REGISTRY)
    )
    again = run_module("carbon_configure", {**arguments(path), "report": "changed"})
    assert (again["changed"], again["edits"], again["changed_files"]) == (False, [], [])
    one = {file: content for file, (_, _, content) in state(path).items()}
    other = home("ob_km")
    for name, part in arguments(other).items():
        assert run_module(name, part)["changed"] is True, name
    assert {file: content for file, (_, _, content) in state(other).items()} == one


def ipv6(home: Path, wish: dict[str, t.Any]) -> None:
    wish["wka_members"]["members"].append({"host": "2001:db8::1"})


def no_section(home: Path, wish: dict[str, t.Any]) -> None:
    (home / AXIS2).write_text("<axisconfig/>\n")


def hazelcast_xml(home: Path, wish: dict[str, t.Any]) -> None:
    (home / "repository/conf/etc").mkdir(exist_ok=True)
    (home / "repository/conf/etc/hazelcast.xml").write_text("<hazelcast/>\n")


def malformed_axis2(home: Path, wish: dict[str, t.Any]) -> None:
    (home / AXIS2).write_text("<axisconfig><clustering></axisconfig>\n")


def start_argument(home: Path, wish: dict[str, t.Any]) -> None:
    (home / "bin").mkdir(exist_ok=True)
    (home / START).write_text("java -DportOffset=1\n")
    del wish["wka_members"]


def malformed_carbon(home: Path, wish: dict[str, t.Any]) -> None:
    (home / CARBON).write_text("<Server><Ports></Server>\n")
    del wish["wka_members"]


def malformed_last_file(home: Path, wish: dict[str, t.Any]) -> None:
    (home / CATALINA).write_text("<Server></Serve>\n")
    wish["xml_patch"]["files"].append(
        {"path": f"{home}/{CATALINA}", "edits": [{"xpath": "/Server", "attributes": {"port": 1}}]}
    )


def last_edit_finds_nothing(home: Path, wish: dict[str, t.Any]) -> None:
    wish["xml_patch"]["files"].append(
        {"path": f"{home}/{AXIS2}", "edits": [{"xpath": "/axisconfig/nothing", "text": "x"}]}
    )


REFUSALS: tuple[tuple[t.Callable[[Path, dict[str, t.Any]], None], str], ...] = (
    (ipv6, "2001:db8::1"),
    (no_section, "axis2.xml has no active clustering section"),
    (hazelcast_xml, "hazelcast.xml exists"),
    (malformed_axis2, "axis2.xml is not well-formed XML"),
    (start_argument, "passes -DportOffset=1"),
    (malformed_carbon, "carbon.xml"),
    (malformed_last_file, "catalina-server.xml"),
    (last_edit_finds_nothing, "/axisconfig/nothing"),
)


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("spoil, said", REFUSALS, ids=[spoil.__name__ for spoil, _ in REFUSALS])
def test_a_refusal_of_any_part_leaves_every_file(
    home: MakeHome,
    run_module: Run,
    spoil: t.Callable[[Path, dict[str, t.Any]], None],
    said: str,
    check_mode: bool,
) -> None:
    path = home("ob_km")
    wish = arguments(path)
    spoil(path, wish)
    before = state(path)
    refused = run_module("carbon_configure", wish, check_mode=check_mode)
    assert refused["failed"] is True
    assert said in refused["msg"]
    assert state(path) == before


def test_later_parts_see_what_earlier_ones_leave(home: MakeHome, run_module: Run) -> None:
    path = home("ob_km")
    (path / "bin").mkdir()
    (path / START).write_text("java -DportOffset=1 -jar x\n")
    parameter = "/axisconfig/clustering/parameter[@name='localMemberHost']"
    wish = {
        "xml_patch": {
            "files": [
                {
                    "path": f"{path}/{START}",
                    "format": "text",
                    "edits": [{"find": " -DportOffset=1", "replace": " -Dother"}],
                },
                {
                    "path": f"{path}/{AXIS2}",
                    "edits": [
                        {
                            "xpath": parameter,
                            "text": "10.0.0.9",
                            "if_missing": ["uncomment", "create"],
                        }
                    ],
                },
                {
                    "path": f"{path}/{CATALINA}",
                    "edits": [{"xpath": "//Connector[not(@scheme)]/@port", "text": 9999}],
                },
            ],
        },
        "carbon_offset": {"home": str(path), "offset": 3},
        "wka_members": {"home": str(path), "scheme": "wka", "members": [{"host": "10.0.0.9"}]},
    }
    done = run_module("carbon_configure", wish)
    assert done.get("msg") is None
    assert done["cluster"]["local_member_host"] == "10.0.0.9"
    assert done["ports"]["http"] == 10002
    assert "the Connector for http has port 9999" in json.dumps(done["warnings"])
    assert run_module("carbon_configure", wish)["changed"] is False


def test_parts_that_undo_each_other_are_refused(home: MakeHome, run_module: Run) -> None:
    path = home("ob_km")
    before = state(path)
    wish = {
        "xml_patch": {
            "path": f"{path}/{CARBON}",
            "edits": [{"xpath": "/Server/Ports/Offset", "text": 3}],
        },
        "carbon_offset": {"home": str(path), "offset": 4},
    }
    assert "is not repeatable" in run_module("carbon_configure", wish)["msg"]
    assert state(path) == before


@pytest.mark.parametrize(
    "wish, said",
    [
        ({}, "one of the following is required: xml_patch, carbon_offset, wka_members"),
        ({"carbon_offset": {"home": "/x"}}, "carbon_offset: missing required arguments: offset"),
        ({"wka_members": {"home": "/x", "hosts": []}}, "wka_members: hosts. Supported parameters"),
        (
            {"xml_patch": {"path": "/x", "edits": [], "backup": True}},
            "xml_patch: backup. Supported parameters",
        ),
        (
            {"carbon_offset": {"offset": 1}},
            "carbon_offset: one of the following is required: home, path",
        ),
    ],
)
def test_wrong_arguments_name_their_part(
    run_module: Run, wish: dict[str, t.Any], said: str
) -> None:
    assert said in run_module("carbon_configure", wish)["msg"]
