# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a verified run left is told apart from everything that has changed since."""

from __future__ import annotations

import functools
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server.verified_state import (
    Watched,
    compare,
    write,
)
from support.commands import run

INPUTS = "0" * 64


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    # The machine that runs the tests need not have systemd.
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text('#!/bin/sh\ncat "{0}"\n'.format(tmp_path / "service"))
    systemctl.chmod(0o755)
    (tmp_path / "service").write_text("ActiveState=active\n")
    monkeypatch.setenv("PATH", "{0}:{1}".format(systemctl.parent, os.environ["PATH"]))
    conf = tmp_path / "conf"
    (conf / "axis2").mkdir(parents=True)
    (conf / "carbon.xml").write_text("<Server/>\n")
    (conf / "axis2" / "axis2.xml").write_text("<axisconfig/>\n")
    (tmp_path / "share").mkdir()
    (tmp_path / "deployment").symlink_to(tmp_path / "share")
    (tmp_path / "accounts").write_text("obkm_user\n")
    return Watched(
        paths=[str(conf), str(tmp_path / "absent")],
        entries=[str(tmp_path / "deployment")],
        services=["nginx"],
        commands=[["cat", str(tmp_path / "accounts")]],
    )


@pytest.fixture
def record(tmp_path: Path, watched: Watched) -> Path:
    path = tmp_path / "state" / "obkm.verified.json"
    write(path, INPUTS, watched, run)
    return path


def test_unchanged_host_is_intact_whatever_its_time_stamps(
    tmp_path: Path, record: Path, watched: Watched
) -> None:
    os.utime(tmp_path / "conf" / "carbon.xml", (1, 1))
    (tmp_path / "share" / "app.war").write_text("deployed through the console")
    assert compare(record, INPUTS, watched, run) == (True, [])
    assert record.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in record.parent.iterdir()] == [record.name]


def one_byte_same_time(folder: Path) -> None:
    path = folder / "conf" / "carbon.xml"
    status = path.stat()
    path.write_text("<Server>\n")
    path.write_text("<server/>\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def link_elsewhere(folder: Path) -> None:
    (folder / "deployment").unlink()
    (folder / "deployment").symlink_to(folder)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (one_byte_same_time, "conf/carbon.xml differs"),
        (lambda folder: (folder / "conf" / "carbon.xml").chmod(0o666), "conf/carbon.xml differs"),
        (
            lambda folder: (folder / "conf" / "axis2" / "axis2.xml").unlink(),
            "conf/axis2/axis2.xml differs",
        ),
        (lambda folder: (folder / "conf" / "hazelcast.xml").touch(), "conf/hazelcast.xml differs"),
        (lambda folder: (folder / "absent").mkdir(), "absent differs"),
        (
            lambda folder: (folder / "service").write_text("ActiveState=failed\n"),
            "service nginx differs",
        ),
        (link_elsewhere, "deployment differs"),
        (lambda folder: (folder / "accounts").write_text("intruder\n"), "accounts differs"),
        (lambda folder: (folder / "accounts").unlink(), "accounts differs"),
    ],
)
def test_every_change_is_noticed_and_named(
    tmp_path: Path, record: Path, watched: Watched, change: t.Callable[[Path], None], what: str
) -> None:
    change(tmp_path)
    found = compare(record, INPUTS, watched, run)
    assert not found.intact
    assert any(what in reason for reason in found.reasons)


def test_other_inputs_or_no_record_need_a_whole_run(
    tmp_path: Path, record: Path, watched: Watched
) -> None:
    assert compare(record, "1" * 64, watched, run).reasons == [
        "The inventory or the collection has changed since the last verified run."
    ]
    assert compare(tmp_path / "none", INPUTS, watched, run).reasons == [
        "No run has been verified on this host yet."
    ]
    for content in ("", "[]", '{"format": 1}', '{"format": 99, "inputs": "x", "seen": {}}'):
        record.write_text(content)
        assert not compare(record, INPUTS, watched, run).intact


def test_what_cannot_be_seen_is_never_taken_for_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "unreadable"
    folder.mkdir()
    for command in (["false"], ["sleep", "5"], [str(tmp_path / "no-such-command")]):
        watched = Watched(commands=[command])
        quick = functools.partial(run, seconds=0.2)
        write(tmp_path / "record", INPUTS, watched, quick)
        assert not compare(tmp_path / "record", INPUTS, watched, quick).intact

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (folder / "file").touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)
    watched = Watched(paths=[str(folder)])
    write(tmp_path / "record", INPUTS, watched, run)
    assert not compare(tmp_path / "record", INPUTS, watched, run).intact


def test_records_hold_no_output_of_commands(tmp_path: Path, watched: Watched) -> None:
    (tmp_path / "accounts").write_text("canary-7f3a\n")
    write(tmp_path / "record", INPUTS, watched, run)
    assert "canary" not in (tmp_path / "record").read_text()
