# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The service user of a home against runs of root that edit files in its folders: what it tries is
in tests/support/hostile_account.py."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.integration.configure.sites import Site
from tests.integration.configure.test_drift import BY_HAND
from tests.support.paths import REPOSITORY

PROGRAM = (REPOSITORY / "tests/support/hostile_account.py").read_text(encoding="utf-8")
PROFILE = REPOSITORY / "roles/cluster/files/products/carbon_4.4/base.yml"
USER = GROUP = 64124
ROUNDS = int(os.environ.get("CARBON_OPS_HOSTILE_ROUNDS", "2"))
# So long that everything is tried, however fast the runs are.
SECONDS = 30

pytestmark = [
    # One run of a dozen was red, on a busy machine, and nobody saw why.
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("setpriv"), reason="acts as another account"
    ),
]


def give_away(home: Path) -> None:
    """As the installation leaves a home: the service user owns what its server writes."""
    for path in (home, *home.rglob("*")):
        os.chown(path, 0, GROUP, follow_symlinks=False)
    for name in yaml.safe_load(PROFILE.read_text(encoding="utf-8"))["written"]["folders"]:
        (home / name).mkdir(parents=True, exist_ok=True)
        for path in (home / name, *(home / name).rglob("*")):
            os.chown(path, USER, GROUP, follow_symlinks=False)
    (home / "repository/logs/wso2carbon.log").write_text("")
    os.chown(home / "repository/logs/wso2carbon.log", USER, GROUP)


def of_root(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Group, mode and content of all that is root's."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if status.st_uid == 0:
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            found[str(path)] = (status.st_gid, status.st_mode, content)
    return found


def edit_by_hand(home: Path) -> None:
    """What the next run has to mend, unless the file is another one just now."""
    for path, pattern, new in BY_HAND:
        with contextlib.suppress(OSError):
            descriptor = os.open(home / path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "r+", encoding="utf-8") as stream:
                text = re.sub(pattern, new, stream.read(), count=1)
                stream.seek(0)
                stream.write(text)
                stream.truncate()


def refusals(output: str) -> list[str]:
    """The messages of tasks that failed."""
    return [
        json.loads(text)["msg"]
        for text in re.findall(r"^(?:fatal|failed): .*? => (\{.*\})$", output, re.MULTILINE)
    ]


@pytest.fixture
def open_folder() -> t.Iterator[Path]:
    """pytest closes its own folders to other accounts, again at each start of another one."""
    folder = Path(tempfile.mkdtemp(prefix="carbon-ops-hostile-", dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_the_service_user_stops_no_run_and_changes_nothing_of_roots(
    open_folder: Path, playbook: t.Callable[..., t.Any]
) -> None:
    there = Site(open_folder / "site", source="fixtures", nodes=1, api_managers=0)
    home = there.homes["km1"]
    assert playbook("playbooks/configure.yml", there.inventory).status == 0
    give_away(home)
    wanted = {path: (home / path).read_bytes() for path, _pattern, _new in BY_HAND}
    canary = open_folder / "canary"
    canary.mkdir()
    (canary / "secret").write_text("secret")
    # What a run would edit where it follows a link.
    edit_by_hand(home)
    for path, _pattern, _new in BY_HAND:
        shutil.copy(home / path, canary)
    canary.chmod(0o700)
    stop = open_folder / "stop"
    before = of_root(home), of_root(canary)
    account = subprocess.Popen(
        ["setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups", sys.executable, "-"]
        + [str(stop), str(canary), "1200", str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert account.stdin is not None
    account.stdin.write(PROGRAM)
    account.stdin.close()
    account.stdin = None
    runs = []
    try:
        begun = time.monotonic()
        while len(runs) < ROUNDS or time.monotonic() - begun < SECONDS:
            edit_by_hand(home)
            # A run that hangs ends with an error of the test.
            runs.append(
                playbook(
                    "playbooks/configure.yml",
                    there.inventory,
                    settings={
                        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
                        "ANSIBLE_CALLBACK_FORMAT_PRETTY": "false",
                    },
                )
            )
        assert account.poll() is None
    finally:
        stop.touch()
        try:
            output, _errors = account.communicate(timeout=120)
        finally:
            account.kill()
    result = json.loads(output)
    print(json.dumps(result, indent=2))
    assert (result["got"], result["left"]) == ([], [])
    told = result["tried"]
    assert all(told[what] for what in ("exchange", "forged line", "lock", "link", "pipe"))
    for run in runs:
        print(run.status, refusals(run.output))
        assert "Traceback" not in run.output and "MODULE FAILURE" not in run.output
        assert run.status == 0 or refusals(run.output), run.output[-3000:]
        assert not [text for text in refusals(run.output) if "\n" in text.strip()]
    assert (of_root(home), of_root(canary)) == before
    # Left alone, the next run mends what is there.
    last = playbook("playbooks/configure.yml", there.inventory)
    assert last.status == 0, last.output[-3000:]
    assert {path: (home / path).read_bytes() for path in wanted} == wanted
    assert (of_root(home), of_root(canary)) == before
    assert all((home / path).stat().st_uid == USER for path in wanted)
