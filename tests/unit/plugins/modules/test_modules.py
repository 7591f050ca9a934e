# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The modules as Ansible runs them: results, check mode, diff, backup, errors, and no secret
anywhere."""

from __future__ import annotations

import difflib
import json
import shutil
import typing as t
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor import (
    module as editor_module,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home import (
    home as home_home,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home import (
    report as home_report,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._ports import port_table
from lxml import etree

Run = t.Callable[..., "dict[str, t.Any]"]
MakeHome = t.Callable[[str], Path]
AXIS2 = "repository/conf/axis2/axis2.xml"
CARBON = "repository/conf/carbon.xml"
MEMBERS = [{"host": "10.0.0.1"}, {"host": "10.0.0.2"}]
WKA = {
    "scheme": "wka",
    "domain": "bank.domain",
    "group_password": "canary-password",
    "local_member_host": "10.0.0.1",
    "members": MEMBERS,
}


def numstat(before: bytes, after: bytes) -> tuple[int, int]:
    """How many lines were added and removed, as git counts them; line ends count."""
    lines = [content.decode("latin-1").splitlines(keepends=True) for content in (before, after)]
    marks = [
        line[0] for line in difflib.unified_diff(*lines) if not line.startswith(("---", "+++"))
    ]
    return marks.count("+"), marks.count("-")


def test_offset(home: MakeHome, run_module: Run) -> None:
    path = home("ob_km")
    file = path / CARBON
    before = file.read_bytes()
    told = run_module("carbon_offset", {"home": str(path), "offset": 4}, check_mode=True, diff=True)
    assert told["changed"] is True
    assert told["ports"] == port_table(4)
    assert "+        <Offset>4</Offset>" in told["diff"][0]["prepared"]
    assert file.read_bytes() == before
    done = run_module("carbon_offset", {"path": str(file), "offset": 4, "backup": True})
    assert done["changed"] is True
    assert numstat(before, file.read_bytes()) == (1, 1)
    assert Path(done["backup_files"][str(file)]).read_bytes() == before
    again = run_module("carbon_offset", {"home": str(path), "offset": 4})
    assert (again["changed"], again["edits"][0]["action"]) == (False, "unchanged")


def test_offset_of_a_file_elsewhere_or_commented_out(
    home: MakeHome, run_module: Run, tmp_path: Path
) -> None:
    file = tmp_path / "carbon.xml"
    file.write_bytes((home("kernel") / CARBON).read_bytes())
    done = run_module("carbon_offset", {"path": str(file), "offset": 1})
    assert done["ports"] == port_table(1)
    assert done["edits"][0]["action"] == "uncommented"
    assert "<Offset>1</Offset>" in file.read_text()


def test_of_two_offsets_the_one_that_counts(home: MakeHome, run_module: Run) -> None:
    path = home("odd")
    done = run_module("carbon_offset", {"home": str(path), "offset": 5})
    assert done["ports"]["jmx_registry"] == 10003
    assert "<Offset>5</Offset><Offset>7</Offset>" in (path / CARBON).read_text()
    # Ansible 2.19 wraps a warning, older releases do not.
    assert "the Connector for http has port -1" in json.dumps(done["warnings"])


def test_offset_refused(home: MakeHome, run_module: Run) -> None:
    path = home("ob_km")
    assert (
        "offset must be a whole number from 0 to 54424"
        in run_module("carbon_offset", {"home": str(path), "offset": 60000})["msg"]
    )
    (path / "bin").mkdir()
    (path / "bin/wso2server.sh").write_text("java -DportOffset=1\n")
    assert (
        "passes -DportOffset=1"
        in run_module("carbon_offset", {"home": str(path), "offset": 1})["msg"]
    )
    assert (
        "is not a product home"
        in run_module("carbon_offset", {"home": str(path / "bin"), "offset": 1})["msg"]
    )


def test_members(home: MakeHome, run_module: Run) -> None:
    path = home("ob_km")
    file = path / AXIS2
    before = file.read_bytes()
    told = run_module("wka_members", dict(WKA, home=str(path)), check_mode=True, diff=True)
    assert told["changed"] is True
    assert told["cluster"] == {
        "enabled": True,
        "domain": "bank.domain",
        "scheme": "wka",
        "local_member_host": "10.0.0.1",
        "local_member_port": 4000,
        "members": [{"host": "10.0.0.1", "port": 4000}, {"host": "10.0.0.2", "port": 4000}],
    }
    assert "********" in told["diff"][0]["prepared"]
    assert "canary" not in json.dumps(dict(told, invocation=None))
    assert (
        told["invocation"]["module_args"]["group_password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    )
    assert file.read_bytes() == before
    done = run_module("wka_members", dict(WKA, path=str(file), backup=True))
    assert done["changed"] is True
    assert "canary" not in json.dumps(done)
    assert done["cluster"] == told["cluster"]
    info = run_module("carbon_info", {"home": str(path)})
    assert {key: info["cluster"][key] for key in told["cluster"]} == told["cluster"]
    assert info["cluster"]["group_password_set"] is True
    assert run_module("wka_members", dict(WKA, home=str(path)))["changed"] is False


def test_members_of_a_file_elsewhere(home: MakeHome, run_module: Run, tmp_path: Path) -> None:
    file = tmp_path / "axis2.xml"
    file.write_bytes((home("kernel") / AXIS2).read_bytes())
    assert (
        run_module("wka_members", {"path": str(file), "enabled": False, "domain": "d"})["cluster"][
            "enabled"
        ]
        is False
    )
    assert '<parameter name="domain">d</parameter>' in file.read_text()


def test_aws_keys_are_secrets(home: MakeHome, run_module: Run) -> None:
    keys = {"access_key": "canary-access", "secret_key": "canary-secret"}
    done = run_module(
        "wka_members", {"home": str(home("kernel")), "scheme": "aws", "aws": keys}, diff=True
    )
    assert done["changed"] is True
    assert "canary" not in json.dumps(done)
    assert "canary" not in json.dumps(
        run_module("carbon_info", {"home": done["changed_files"][0].replace("/" + AXIS2, "")})
    )


def test_members_refused(home: MakeHome, run_module: Run) -> None:
    path = home("ob_km")
    before = (path / AXIS2).read_bytes()
    refused = run_module("wka_members", dict(WKA, home=str(path), local_member_host="10.0.0.3"))
    assert refused["failed"] is True
    assert "the local member 10.0.0.3:4000 is not in the list" in refused["msg"]
    assert "canary" not in json.dumps(refused)
    (path / "repository/conf/etc").mkdir(exist_ok=True)
    (path / "repository/conf/etc/hazelcast.xml").touch()
    assert "hazelcast.xml exists" in run_module("wka_members", dict(WKA, home=str(path)))["msg"]
    assert (path / AXIS2).read_bytes() == before


def test_nothing_to_do_is_no_change(home: MakeHome, run_module: Run) -> None:
    arguments = {"home": str(home("odd")), "enabled": True, "state": "present", "members": []}
    assert run_module("wka_members", arguments)["changed"] is True
    assert run_module("wka_members", arguments)["changed"] is False


def test_info(home: MakeHome, run_module: Run) -> None:
    info = run_module("carbon_info", {"home": str(home("ob_km"))})
    assert info["changed"] is False
    assert info["commitments"]["registry_config_target"] == "/_system/obkm/config"
    assert info["started_before"] is False
    assert "is not a product home" in run_module("carbon_info", {"home": "/nowhere"})["msg"]


def test_info_shows_no_text_of_an_unexpected_error(
    home: MakeHome, run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: t.Any) -> None:
        # In two pieces: the frames of a traceback quote this line.
        raise ValueError("can" + "ary")

    monkeypatch.setattr(home_report, "read_home", fail)
    failed = run_module("carbon_info", {"home": str(home("ob_km"))})
    assert failed["msg"] == "Reading the product home failed unexpectedly (ValueError)."
    assert "canary" not in json.dumps(failed)


@pytest.mark.parametrize(
    "name, arguments", [("carbon_info", {}), ("carbon_offset", {"offset": 1}), ("wka_members", {})]
)
def test_without_lxml_the_package_is_named(
    home: MakeHome,
    run_module: Run,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    arguments: dict[str, t.Any],
) -> None:
    module = import_module(f"ansible_collections.carbon_ops.key_manager.plugins.modules.{name}")
    monkeypatch.setattr(home_home, "HAS_LXML", False)
    monkeypatch.setattr(module, "HAS_LXML", False, raising=False)
    monkeypatch.setattr(editor_module, "LXML_IMPORT_ERROR", "no lxml")
    assert "python3-lxml" in run_module(name, dict(arguments, home=str(home("ob_km"))))["msg"]


@pytest.mark.parametrize("name", ["carbon_info", "carbon_offset", "wka_members"])
def test_documentation_and_result_agree(home: MakeHome, run_module: Run, name: str) -> None:
    module = import_module(f"ansible_collections.carbon_ops.key_manager.plugins.modules.{name}")
    arguments: dict[str, t.Any] = {"carbon_offset": {"offset": 1}, "wka_members": WKA}.get(name, {})
    result = run_module(name, dict(arguments, home=str(home("ob_km"))))
    assert set(yaml.safe_load(module.RETURN)) == set(result) - {"changed", "invocation", "warnings"}
    examples = yaml.safe_load(module.EXAMPLES)
    options = set(yaml.safe_load(module.DOCUMENTATION)["options"])
    used = [
        task[f"carbon_ops.key_manager.{name}"]
        for task in examples
        if f"carbon_ops.key_manager.{name}" in task
    ]
    assert used
    assert all(set(example) <= options for example in used)


def test_the_small_homes_are_well_formed(home: MakeHome) -> None:
    for name in ("ob_km", "ob_apim", "is_km", "kernel", "odd"):
        for file in home(name).rglob("repository/conf/**/*.xml"):
            etree.parse(str(file))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["ob-km-1.5-uk", "is-km-5.7.0", "carbon-kernel-4.4.35"])
def test_a_real_home_is_read_back_as_wished(
    shared: Path, tmp_path: Path, run_module: Run, oracle: t.Callable[[Path], t.Any], name: str
) -> None:
    path = tmp_path / name
    shutil.copytree(shared / "real" / name, path)
    before = {file: (path / file).read_bytes() for file in (AXIS2, CARBON)}
    password = "canary '\"<&>]]> %{x} ${y}"
    wish = dict(
        WKA,
        group_password=password,
        members=[{"host": "10.0.0.1-4"}, {"host": "km.example", "port": 4010}],
    )
    assert run_module("wka_members", dict(wish, home=str(path)))["changed"] is True
    ports = run_module("carbon_offset", {"home": str(path), "offset": 7})["ports"]
    report = oracle(path)
    hazelcast = report["axis2/axis2.xml"]["clustering"]["hazelcast"]
    assert hazelcast["group"] == "bank.domain"
    assert (hazelcast["publicAddress"], hazelcast["port"]) == ("10.0.0.1", 4000)
    assert hazelcast["members"] == ["10.0.0.1-4:4000", "km.example:4010"]
    assert report["axis2/axis2.xml"]["clustering"]["parameters"]["groupPassword"] == password
    assert (
        report["tomcat/catalina-server.xml"]["systemProperties"]["mgt.transport.https.port"]
        == str(ports["https"])
        == "9450"
    )
    # The password's line and the four of the second member are new; the offset and five lines of
    # the section are changed.
    assert [numstat(before[file], (path / file).read_bytes()) for file in (AXIS2, CARBON)] == [
        (10, 5),
        (1, 1),
    ]
