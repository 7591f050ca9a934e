# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A folder of product files that are rewritten as a set, and runs on it that are killed, refused or
made twice at once."""

from __future__ import annotations

import os
import random
import signal
import stat
import time
import typing as t
from pathlib import Path

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    PatchResult,
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError

# Everything by which a transaction touches the disk.
CALLS = (
    "open",
    "write",
    "fsync",
    "close",
    "link",
    "rename",
    "unlink",
    "fchmod",
    "fchown",
    "setxattr",
    "utime",
    "mkdir",
)
XML = "<a>\n  <!-- c -->\n  <b v='{0}'>{0}</b>\n  <fixed>1</fixed>\n{1}</a>\n"
JSON = '{{\n  "b": "{0}", // c\n  "fixed": 1,\n}}\n'
PROPERTIES = "# c\nb={0}\nfixed=1\n"
TEXT = "<<b {0}>> fixed 1\n"


class File(t.NamedTuple):
    name: str
    form: str
    template: str
    mode: int
    owner: int

    def content(self, value: str) -> bytes:
        return self.template.format(value, "  <f>x</f>\n" * 200).encode()

    def entry(self, folder: Path, value: str) -> dict[str, t.Any]:
        edits: dict[str, list[dict[str, t.Any]]] = {
            "xml": [{"xpath": "/a/b", "text": value, "attributes": {"v": value}}],
            "json": [{"key": "b", "value": value}],
            "properties": [{"key": "b", "value": value}],
            "text": [{"regexp": r"(?<=<<b )\w+", "replace": value}],
        }
        return {"path": str(folder / self.name), "format": self.form, "edits": edits[self.form]}

    def touch(self, folder: Path) -> dict[str, t.Any]:
        """An edit of this file that finds what it asks for, in whatever state the file is."""
        edits: dict[str, list[dict[str, t.Any]]] = {
            "xml": [{"xpath": "/a/fixed", "text": "1"}],
            "json": [{"key": "fixed", "value": 1}],
            "properties": [{"key": "fixed", "value": 1}],
            "text": [{"find": "fixed 1", "replace": "fixed 1"}],
        }
        return {"path": str(folder / self.name), "format": self.form, "edits": edits[self.form]}


FILES = (
    File("conf/carbon.xml", "xml", XML, 0o640, 0),
    File("conf/axis2/axis2.xml", "xml", XML, 0o600, 1),
    File("conf/link.xml", "xml", XML, 0o644, 0),
    File("apps/site.json", "json", JSON, 0o664, 2),
    File("conf/cluster.properties", "properties", PROPERTIES, 0o440 | 0o200, 0),
    File("resources/template.txt", "text", TEXT, 0o600, 0),
)
VALUES = ("one", "two")


class Home:
    """The files, all of one value, and the judgement of what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backups = folder / "backups"
        for file in FILES:
            path = folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.name == "link.xml":
                path.symlink_to(folder / "real-link.xml")
            path.write_bytes(file.content(VALUES[0]))
            path.chmod(file.mode)
            if os.geteuid() == 0:
                os.chown(path, file.owner, file.owner)
        self.names = self.listing()

    def listing(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if "backups" not in path.parts
        )

    def run(self, value: str, **options: t.Any) -> PatchResult:
        return patch_files(
            [file.entry(self.folder, value) for file in FILES],
            backup=True,
            backup_dir=str(self.backups),
            **options,
        )

    def values(self) -> dict[str, str]:
        """The value each file holds; it must be wholly of that value, with its owner and its
        mode."""
        found = {}
        for file in FILES:
            path = self.folder / file.name
            content, status = path.read_bytes(), path.stat()
            value = next((value for value in VALUES if content == file.content(value)), None)
            assert value is not None, f"{file.name} is neither old nor new"
            assert stat.S_IMODE(status.st_mode) == file.mode, file.name
            assert os.geteuid() != 0 or (status.st_uid, status.st_gid) == (
                file.owner,
                file.owner,
            ), file.name
            found[file.name] = value
        assert (self.folder / "conf" / "link.xml").is_symlink()
        return found

    def judge(self, random_: random.Random, target: str) -> None:
        """After an accident: files are whole; a run on any one of them makes the set whole; the
        next run converges and leaves nothing."""
        self.values()
        patch_files([random_.choice(FILES).touch(self.folder)])
        assert len(set(self.values().values())) == 1, (
            f"some files are old and some new: {self.values()}"
        )
        self.run(target)
        assert set(self.values().values()) == {target}
        assert not self.run(target).changed
        assert self.listing() == self.names, "something was left behind"
        for backup in self.backups.iterdir():
            assert backup.name.endswith("~"), "an unfinished backup was left behind"
            assert backup.read_bytes() in {
                file.content(value) for file in FILES for value in VALUES
            }
            backup.unlink()


class Counted:
    """Counts the calls into the operating system and does something at one of them, or from one of
    them on."""

    def __init__(self, at: int, action: t.Callable[[str], None], *, lasting: bool = False) -> None:
        self.at = at
        self.action = action
        self.lasting = lasting
        self.names: list[str] = []
        self._real = {name: getattr(os, name) for name in CALLS}

    def __enter__(self) -> Counted:
        for name, real in self._real.items():
            setattr(os, name, self._wrapped(name, real))
        return self

    def __exit__(self, *_error: t.Any) -> None:
        for name, real in self._real.items():
            setattr(os, name, real)

    def _wrapped(self, name: str, real: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def call(*arguments: t.Any, **options: t.Any) -> t.Any:
            self.names.append(name)
            if len(self.names) == self.at or (self.lasting and len(self.names) > self.at):
                self.action(name)
            return real(*arguments, **options)

        return call


def calls_of_a_run(home: Home) -> list[str]:
    """The names of the calls that one run makes; afterwards the files hold the second value."""
    with Counted(0, lambda _name: None) as counted:
        home.run(VALUES[1])
    return counted.names


def in_child(work: t.Callable[[], t.Any]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def kill_once(home: Home, random_: random.Random, calls: list[str], seconds: float) -> str:
    """One run, killed at a random call or after a random time; the files hold one and the same
    value before."""
    target = VALUES[1] if next(iter(home.values().values())) == VALUES[0] else VALUES[0]
    kind = random_.random()
    if kind < 0.7:
        # Half of these where it hurts most: where the files are renamed.
        last = len(calls) - calls[::-1].index("rename")
        at = (
            random_.randint(1, len(calls))
            if kind < 0.35
            else random_.randint(last - len(FILES) - 4, last + 4)
        )

        def work() -> None:
            with Counted(at, lambda _name: os.kill(os.getpid(), signal.SIGKILL)):
                home.run(target)

        child = in_child(work)
    else:
        child = in_child(lambda: home.run(target))
        time.sleep(random_.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    mixed = len(set(home.values().values())) > 1
    left = home.listing() != home.names
    home.judge(random_, random_.choice(VALUES))
    return "mixed" if mixed else "left" if left else "clean"


def kill_many(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """How many kills came between two renames, how many left something to clean up, and how many
    left nothing."""
    random_ = random.Random(seed)
    home = Home(folder)
    calls = calls_of_a_run(home)
    started = time.monotonic()
    home.run(VALUES[0])
    seconds = time.monotonic() - started
    counts = {"mixed": 0, "left": 0, "clean": 0}
    for number in range(kills):
        try:
            counts[kill_once(home, random_, calls, seconds)] += 1
        except BaseException:
            print(f"kill {number} of seed {seed}")
            raise
    return counts


def fault_once(home: Home, random_: random.Random, at: int, error: int, *, lasting: bool) -> bool:
    """One run in which the operating system refuses a call; tell whether the run failed."""
    before = home.values()
    value = next(iter(before.values()))
    target = VALUES[1] if value == VALUES[0] else VALUES[0]

    def refuse(name: str) -> None:
        # What reads or closes is not refused: the run could not even say so.
        if name != "close":
            raise OSError(error, os.strerror(error))

    failed = False
    with Counted(at, refuse, lasting=lasting):
        try:
            home.run(target)
        except OperatorError as error:
            failed = True
            assert "\n" not in str(error) and str(error).endswith("."), error
    if failed and not lasting:
        assert home.values() == before, "a run that failed changed a file"
    home.judge(random_, random_.choice(VALUES))
    return failed
