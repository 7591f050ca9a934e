# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - rows of tables: one line shows input and result side by side
"""xml_patch as Ansible runs it: arguments, check mode, diff, and a canary that appears nowhere."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor import (
    module as editor_module,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    Part,
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError

from tests.support.paths import REPOSITORY

CANARY = "CANARY&<7>"
DOCUMENT = "<a>\n  <b>old</b>\n  <password>formerly</password>\n</a>\n"


class Ended(Exception):
    """What a module ended with."""


class Module:
    """As much of AnsibleModule as run_parts uses."""

    def __init__(self, *, check_mode: bool = False, diff: bool = False, **params: t.Any) -> None:
        self.check_mode = check_mode
        self._diff = diff
        self.params = params
        self.failed = False

    def exit_json(self, **result: t.Any) -> None:
        raise Ended(result)

    def fail_json(self, **result: t.Any) -> None:
        self.failed = True
        raise Ended(result)


def _run(module: Module, path: Path, **edit: t.Any) -> dict[str, t.Any]:
    with pytest.raises(Ended) as caught:
        part = Part([{"path": str(path), "edits": [edit]}], {"s": CANARY})
        editor_module.run_parts(module, [lambda: part], offset=3)  # type: ignore[arg-type]
    result: dict[str, t.Any] = caught.value.args[0]
    assert "CANARY" not in repr(result)
    return result


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "file.xml"
    path.write_text(DOCUMENT)
    return path


def test_the_result(document: Path) -> None:
    result = _run(Module(backup=True), document, xpath="/a/b", text="new")
    backups = result.pop("backup_files")
    assert result == {
        "changed": True,
        "changed_files": [str(document)],
        "checksums": {str(document): hashlib.sha256(document.read_bytes()).hexdigest()},
        "edits": [
            {"path": str(document), "xpath": "/a/b", "line": 2, "action": "changed", "count": 1}
        ],
        "offset": 3,
    }
    assert Path(backups[str(document)]).read_text() == DOCUMENT


@pytest.mark.parametrize(
    ("report", "edit", "told"),
    [
        ("all", {"xpath": "/a/b", "text": "old"}, ["unchanged"]),
        ("changed", {"xpath": "/a/b", "text": "old"}, []),
        ("changed", {"xpath": "/a/c", "text": "old", "if_missing": ["ignore"]}, []),
        ("changed", {"xpath": "/a/c", "text": "old", "if_missing": ["create"]}, ["created"]),
        ("changed", {"xpath": "/a/b", "text": "new"}, ["changed"]),
    ],
)
def test_what_is_told_of_edits(
    document: Path, report: str, edit: dict[str, t.Any], told: list[str]
) -> None:
    assert [
        outcome["action"] for outcome in _run(Module(report=report), document, **edit)["edits"]
    ] == told


def test_check_mode_and_diff(document: Path) -> None:
    result = _run(Module(check_mode=True, diff=True), document, xpath="/a/b", text="%{s}")
    assert result["changed"] and document.read_text() == DOCUMENT
    assert result["diff"][0]["prepared"].count("********") == 3


def test_failures_are_sentences(document: Path) -> None:
    module = Module()
    assert _run(module, document, xpath="/a/c", text="%{s}")["msg"].startswith(
        f"{document}: edit 1 (/a/c): selects nothing"
    )
    assert module.failed


def test_a_host_without_lxml_is_told_the_package(
    document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editor_module, "LXML_IMPORT_ERROR", "Traceback")
    assert "python3-lxml" in _run(Module(), document, xpath="/a/c", text="x")["msg"]


def test_the_editor_can_be_imported_without_lxml() -> None:
    """Otherwise the module could not say what is missing."""
    code = (
        "import sys; sys.modules['lxml'] = None; sys.path.insert(0, sys.argv[1])\n"
        "from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor import patch\n"
        "from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml import document\n"
        "assert 'lxml' in document.LXML_IMPORT_ERROR"
    )
    subprocess.run([sys.executable, "-c", code, str(REPOSITORY / "collections")], check=True)


def _ansible(arguments: dict[str, t.Any], *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        "ansible",
        "localhost",
        "-i",
        "localhost,",
        "-c",
        "local",
        "-m",
        "carbon_ops.key_manager.xml_patch",
        "-a",
        json.dumps(arguments),
    ]
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "collections"),
    }
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        [*command, "-e", f"ansible_python_interpreter={sys.executable}", *options],
        env=environment, capture_output=True, text=True, check=False, timeout=300, cwd=REPOSITORY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "options", "code", "shown"),
    [
        ({"xpath": "/a/b", "text": "%{s}"}, ["--check", "--diff"], 0, "+  <b>********</b>"),
        ({"xpath": "/a/c", "text": "%{s}"}, [], 2, "edit 1 (/a/c): selects nothing"),
        (
            {"xpath": "/a/b", "text": "%{s}", "mtach": "all"},
            [],
            2,
            "the unknown key mtach. Did you mean match?",
        ),
    ],
)
def test_a_canary_appears_in_no_output(
    tmp_path: Path,
    document: Path,
    edit: dict[str, t.Any],
    options: list[str],
    code: int,
    shown: str,
) -> None:
    """The secret itself comes from a file of variables, as it would from a vault; -vvvv shows all Ansible has to show."""
    secrets = tmp_path / "vault.yml"
    secrets.write_text(yaml.safe_dump({"canary": CANARY}))
    done = _ansible(
        {"path": str(document), "edits": [edit], "secrets": {"s": "{{ canary }}"}},
        "-vvvv",
        "-e",
        f"@{secrets}",
        *options,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert shown in (" ".join(done.stdout.split()) if code else done.stdout)
    assert "CANARY" not in done.stdout + done.stderr and "formerly" not in done.stdout + done.stderr
    assert document.read_text() == DOCUMENT


def _examples(folder: Path) -> list[dict[str, t.Any]]:
    source = (REPOSITORY / "plugins" / "modules" / "xml_patch.py").read_text()
    text = (
        source.split('EXAMPLES = r"""')[1]
        .split('"""')[0]
        .replace("/opt/wso2", str(folder))
        .replace("/var/backups", str(folder / "backups"))
    )
    examples: list[dict[str, t.Any]] = yaml.safe_load(text)
    return examples


HOME = {
    "obkm/repository/deployment/server/jaggeryapps/dashboard/conf/site.json": '{"proxy": {"proxyHost": "", "proxyHTTPSPort": ""}}',
    "obkm/repository/conf/carbon.xml": (
        "<Server xmlns='urn:c'>\n    <Version>1</Version>\n    <Ports>\n        <Offset>0</Offset>\n    </Ports>\n"
        "    <EnableHTTPAdminConsole>true</EnableHTTPAdminConsole>\n</Server>\n"
    ),
    "obkm/repository/conf/identity/identity.xml": "<Server xmlns='urn:i'><OAuth><OAuth2RevokeEPUrl>x</OAuth2RevokeEPUrl></OAuth></Server>",
    "obkm/repository/conf/axis2/axis2.xml": (
        "<axisconfig>\n  <clustering enable='false'>\n    <!--<parameter name='mcastAddress'>1</parameter>-->\n  </clustering>\n</axisconfig>"
    ),
    "obkm/repository/conf/datasources/master-datasources.xml": "<datasources-configuration>\n  <datasources>\n  </datasources>\n</datasources-configuration>",
    "obam/repository/resources/finance/apis/dynamic-endpoint-insequence.xml": "https://<WSO2_OB_KM_HOST>:9446/a https://<WSO2_OB_KM_HOST>:9446/b",
}


def test_the_examples_of_the_documentation_run(tmp_path: Path) -> None:
    for name, content in HOME.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for repetition in (False, True):
        for task in _examples(tmp_path):
            arguments = task["carbon_ops.key_manager.xml_patch"]
            files = arguments.get("files") or [
                {key: arguments[key] for key in ("path", "edits", "format") if key in arguments}
            ]
            secrets = dict.fromkeys(arguments.get("secrets", {}), "x")
            result = patch_files(
                files,
                secrets,
                backup=arguments.get("backup", False),
                backup_dir=arguments.get("backup_dir"),
            )
            assert result.changed is not repetition, task["name"]
    assert (
        "<!-- <EnableHTTPAdminConsole>"
        in (tmp_path / "obkm/repository/conf/carbon.xml").read_text()
    )


def test_secrets_must_be_scalars() -> None:
    with pytest.raises(OperatorError, match="the secret s must be a text"):
        patch_files([], {"s": ["CANARY"]})  # type: ignore[dict-item]
