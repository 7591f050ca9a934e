# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What somebody writes into a server's log by failing to log in, and what it may do: nothing.

A real kernel writes the user name of a failed login as it was sent, with its line breaks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    __main__ as program,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import checks, log
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.sockets import Socket

from tests.support.logs import log4j1, log4j2

FORMATS = pytest.mark.parametrize("write", [log4j2, log4j1], ids=["kernel 4.7", "kernel 4.4"])
Write = t.Callable[..., str]
KM2 = ("10.0.0.12", 4000)


def failed_login(write: Write, name: str) -> list[str]:
    """The lines that a login with this user name leaves in the log."""
    text = f"Login failed. Unauthorized login attempt '{name}' at [2026-01-01 12:00:00,042+0000]"
    return write(text, "Login", "WARN").split("\n")


def whole_event(write: Write, text: str, logger: str, level: str = "INFO") -> str:
    """A user name that closes its own event and is followed by an event of another logger."""
    begun = "x' at [2026-01-01 12:00:00,042+0000]"
    return "\n".join([begun, write(text, logger, level), write("x '", "Login", "WARN")])


def ready(write: Write) -> list[str]:
    return [write("Mgt Console URL  : https://km:9443/carbon/", "UI")]


@FORMATS
def test_true_events_are_read_in_both_formats(write: Write) -> None:
    lines = [
        write("Member joined [c4-12]: /10.0.0.12:4000", "WKABasedMembershipScheme"),
        write("Member left [c4-12]: km2/10.0.0.12:4000", "WKABasedMembershipScheme"),
    ]
    assert log.departed_members(lines[:1]) == (set(), set())
    assert log.departed_members(lines) == ({KM2}, set())
    assert log.departed_members([*lines, lines[0]]) == (set(), set())


@FORMATS
@pytest.mark.parametrize(
    "name",
    [
        " Member left [x]: /10.0.0.12:4000",
        "x\n Member left [x]: /10.0.0.12:4000",
        "x\n Member left [x]: /10.0.0.12:4000\ny",
        "x\r\nMember left [x]: /10.0.0.12:4000",
        "x\u2028Member left [x]: /10.0.0.12:4000",
    ],
)
def test_a_line_in_a_user_name_is_no_event_of_the_cluster(write: Write, name: str) -> None:
    lines = [*ready(write), *failed_login(write, name)]
    assert log.departed_members(lines) == (set(), set())


@FORMATS
def test_an_event_of_another_logger_is_none_of_the_cluster(write: Write) -> None:
    lines = [*ready(write), write("Member left [x]: /10.0.0.12:4000", "Pool")]
    assert log.departed_members(lines) == (set(), set())


@FORMATS
def test_a_whole_forged_event_of_the_cluster_is_a_claim_and_no_proof(write: Write) -> None:
    name = whole_event(write, "Member left [x]: /10.0.0.12:4000", "WKABasedMembershipScheme")
    proved, claimed = log.departed_members([*ready(write), *failed_login(write, name)])
    assert (proved, claimed) == (set(), {KM2})


@FORMATS
def test_a_forged_return_does_not_hide_that_a_member_left(write: Write) -> None:
    name = whole_event(write, "Member joined [x]: /10.0.0.12:4000", "WKABasedMembershipScheme")
    left = write("Member left [c4-12]: /10.0.0.12:4000", "WKABasedMembershipScheme")
    gone = log.departed_members([*ready(write), left, *failed_login(write, name)])
    assert KM2 in gone.proved | gone.claimed


@FORMATS
@pytest.mark.parametrize("forged", ["a line", "a whole event"])
def test_a_connected_member_stays_one_whatever_a_stranger_writes(
    config: dict[str, t.Any], write: Write, forged: str
) -> None:
    node = {
        **config,
        "address": "10.0.0.11",
        "member_port": 4000,
        "others": [
            {"name": "km2", "address": "10.0.0.12", "https_port": 9446, "member_port": 4000}
        ],
    }
    name = "Member left [x]: /10.0.0.12:4000"
    if forged == "a whole event":
        name = whole_event(write, name, "WKABasedMembershipScheme")
    else:
        name = "x\n " + name
    Path(config["log_file"]).write_text(
        "\n".join([*ready(write), *failed_login(write, name)]) + "\n"
    )
    connected = [Socket("10.0.0.11", 40000, "10.0.0.12", 4000, "01")]
    assert checks.members_of(node, connected) == ["km2"]
    assert checks.check_members(node, "all", connected) == ["km2"]


CAUSES = (
    "/opt/wso2/obkm/repository/components/plugins (Permission denied)",
    "Failed to validate a newly established connection",
    "Access denied for user 'root'",
    "java.lang.OutOfMemoryError: Java heap space",
)


@FORMATS
@pytest.mark.parametrize("cause", CAUSES)
def test_a_cause_in_a_user_name_is_none(write: Write, cause: str) -> None:
    for name in (cause, "x\n" + cause, f"x\nCaused by: java.io.IOException: {cause}\n\tat a.b"):
        lines = [*ready(write), *failed_login(write, name)]
        assert log.explain(lines) == []
        assert log.error_lines(lines) == []


@FORMATS
@pytest.mark.parametrize("cause", CAUSES)
def test_a_whole_forged_cause_is_not_proved(write: Write, cause: str) -> None:
    """Of a server that works only proved causes are told."""
    name = whole_event(write, cause, "Pool", "ERROR")
    assert log.explain([*ready(write), *failed_login(write, name)], proved=True) == []


@FORMATS
def test_nobody_is_advised_to_give_code_to_the_server(write: Write) -> None:
    for place in (
        "bin/wso2server.sh",
        "lib/endorsed",
        "repository/conf/user-mgt.xml",
        "repository/components/plugins",
        "repository/components/lib/x.jar",
        "repository/resources/security/km.jks",
    ):
        text = f"java.io.FileNotFoundException: /opt/wso2/obkm/{place} (Permission denied)"
        [(sentence, _fatal)] = log.explain([write(text, "Pool", "ERROR")])
        assert f"/opt/wso2/obkm/{place}, a place of code or configuration" in sentence
        assert "cluster_home_writable" not in sentence


@FORMATS
def test_a_start_is_not_shown_by_what_strangers_write(write: Write) -> None:
    config = {
        "ready_line": "Mgt Console URL",
        "mount_lines": ["Connected to mount at configRegistry"],
    }
    name = "x\n".join(
        [
            "Mgt Console URL  : https://km/carbon/",
            "Connected to mount at configRegistry in 5ms",
            "Cluster domain: forged",
            "Local member: [x] - Host:10.0.0.66, Remote Host:null, Port: 4000, HTTP:1",
            "",
        ]
    )
    assert log.shown_by_log(failed_login(write, name), config) == {
        "ready": False,
        "mounts": {"Connected to mount at configRegistry": 0},
        "domain": None,
        "local_member": None,
    }


def in_time(code: str, *arguments: str, seconds: float = 10) -> str:
    """What a program of these lines prints; a hang is a failure of the test, not of the run."""
    program = (
        "import json, os, sys\nfrom ansible_collections.carbon_ops.key_manager.plugins.module_utils"
        "._health import log, record\n" + textwrap.dedent(code)
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    return done.stdout


READ_LOG = "print(json.dumps(log.log_since(sys.argv[1], log.LogPosition(0, 0))))"
READ_START = "print(json.dumps(record.read_start({'state_directory': sys.argv[1]})))"
READ_FILES = "print(json.dumps(record.checksums([sys.argv[1]])))"


@pytest.mark.parametrize("place", ["pipe", "device", "folder"])
def test_what_stands_in_the_place_of_a_log_makes_nobody_wait(tmp_path: Path, place: str) -> None:
    path = tmp_path / "wso2carbon.log"
    if place == "pipe":
        os.mkfifo(path)
    elif place == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    assert json.loads(in_time(READ_LOG, str(path))) == []


def test_a_log_that_is_a_link_shows_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(log4j2("backup job: password=Hunter2", level="ERROR") + "\n")
    path = tmp_path / "wso2carbon.log"
    path.symlink_to(secret)
    assert json.loads(in_time(READ_LOG, str(path))) == []


def test_a_rotated_log_that_is_a_pipe_makes_nobody_wait(tmp_path: Path) -> None:
    (tmp_path / "wso2carbon.log").write_text("new\n")
    os.mkfifo(tmp_path / "wso2carbon-old.log")
    inode = (tmp_path / "wso2carbon-old.log").stat().st_ino
    read = "print(json.dumps(log.log_since(sys.argv[1], log.LogPosition(int(sys.argv[2]), 1))))"
    assert json.loads(in_time(read, str(tmp_path / "wso2carbon.log"), str(inode))) == ["new"]


@pytest.mark.parametrize("place", ["pipe", "device", "link"])
def test_what_stands_in_the_place_of_a_record_is_no_record(tmp_path: Path, place: str) -> None:
    path = tmp_path / "start.json"
    if place == "pipe":
        os.mkfifo(path)
    elif place == "device":
        path.symlink_to("/dev/zero")
    else:
        (tmp_path / "secret").write_text('{"gave_up": "Hunter2"}')
        path.symlink_to(tmp_path / "secret")
    assert json.loads(in_time(READ_START, str(tmp_path))) == {}


@pytest.mark.parametrize(
    "start",
    [
        {"log": "ab"},
        {"log": [1, "x"]},
        {"ready_at": "soon"},
        {"mounts": ["x"]},
        {"mounts": {"x": "y"}},
        {"gave_up": {"a": 1}},
        {"started_at": -1},
        {"domain": [1]},
    ],
)
def test_a_record_of_another_form_counts_for_nothing(
    tmp_path: Path, start: dict[str, t.Any]
) -> None:
    (tmp_path / "start.json").write_text(json.dumps({**start, "scheme": "wka"}))
    assert json.loads(in_time(READ_START, str(tmp_path))) == {"scheme": "wka"}


@pytest.mark.parametrize("place", ["pipe", "device"])
def test_a_managed_file_that_is_none_counts_as_changed(tmp_path: Path, place: str) -> None:
    path = tmp_path / "site.json"
    if place == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    [line] = json.loads(in_time(READ_FILES, str(path))).splitlines()
    assert line.startswith("no-file") and line.endswith(str(path))


def test_the_record_of_a_start_is_shown_without_what_cannot_be_one(
    config: dict[str, t.Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other nodes ask for it, as root, before they let this one among them."""
    settings = tmp_path / "shown.json"
    settings.write_text(json.dumps(config))
    start = Path(config["state_directory"]) / "start.json"
    start.write_text(json.dumps({"scheme": "wka", "membership": "digest", "mounts": "x"}))
    assert program.main(["--config", str(settings), "--show-start"]) == 0
    assert json.loads(capsys.readouterr().out) == {"scheme": "wka", "membership": "digest"}
    start.unlink()
    start.symlink_to("/etc/passwd")
    assert program.main(["--config", str(settings), "--show-start"]) == 0
    assert json.loads(capsys.readouterr().out) == {}
