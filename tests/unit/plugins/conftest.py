# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Homes to work on, and a way to run a module as Ansible does."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
import typing as t
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.homes import make_home


@pytest.fixture
def home(tmp_path: Path) -> t.Callable[[str], Path]:
    """Makes a fresh copy of one of the small homes."""
    return lambda name: make_home(name, tmp_path / name)


@pytest.fixture
def run_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> t.Callable[..., dict[str, t.Any]]:
    """Runs a module of the collection in this process, as the wrapper on a host does, and returns
    its result."""

    def run(name: str, arguments: dict[str, t.Any], **internal: t.Any) -> dict[str, t.Any]:
        from ansible.module_utils import basic
        from ansible.module_utils.common.parameters import PASS_VARS

        module = import_module(f"ansible_collections.carbon_ops.key_manager.plugins.modules.{name}")
        # Asked for by the controller since 2.21; before, the arguments are always in the result.
        if "inject_invocation" in PASS_VARS:
            internal.setdefault("inject_invocation", True)
        sent = dict(arguments, **{f"_ansible_{key}": value for key, value in internal.items()})
        monkeypatch.setattr(
            basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": sent}).encode()
        )
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # Another test may have imported Ansible's controller side, and warnings would go to its
        # display instead of the result. (Releases before 2.19 have no such switch.)
        with contextlib.suppress(ImportError):
            internal_utils = import_module("ansible.module_utils._internal")
            monkeypatch.setattr(internal_utils, "is_controller", False, raising=False)
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit):
            module.main()
        result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
        return result

    return run


@pytest.fixture
def oracle(shared: Path) -> t.Callable[[Path], dict[str, t.Any]]:
    """Reads a home with the product's own parsers; tests that need them say so when they are not
    there."""
    script = shared / "oracle" / "oracle"
    if not script.is_file() or shutil.which("java") is None:
        pytest.skip("the oracle (the product's own parsers) or a Java to run it is not here")

    def read(home: Path) -> dict[str, t.Any]:
        done = subprocess.run(
            [str(script), str(home)], capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode == 2:
            pytest.skip("the oracle could not be set up: " + done.stderr.strip()[-200:])
        report: dict[str, t.Any] = json.loads(done.stdout)
        return report

    return read
