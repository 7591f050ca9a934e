# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the editor share: a file to edit, and what an edit changed line by line."""

from __future__ import annotations

import difflib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    PatchResult,
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError

from tests.support.paths import FIXTURES

EDITOR_FIXTURES = FIXTURES / "editor"


class Edited:
    """A file after its edits."""

    def __init__(self, before: bytes, after: bytes, result: PatchResult) -> None:
        self.before = before
        self.after = after
        self.result = result
        self.edits = result.edits

    @property
    def text(self) -> str:
        return self.after.decode("utf-8")

    @property
    def actions(self) -> list[str]:
        return [edit["action"] for edit in self.edits]

    @property
    def removed_lines(self) -> list[bytes]:
        return self._lines(b"-")

    @property
    def added_lines(self) -> list[bytes]:
        return self._lines(b"+")

    def _lines(self, mark: bytes) -> list[bytes]:
        diff = list(
            difflib.diff_bytes(
                difflib.unified_diff, self.before.split(b"\n"), self.after.split(b"\n"), n=0
            )
        )[2:]
        return [line[1:] for line in diff if line.startswith(mark)]


class Editor:
    """Edits one file in a folder of its own, twice: the second time nothing may change."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "file"

    def __call__(
        self,
        document: bytes | str,
        *edits: dict[str, t.Any],
        secrets: dict[str, str] | None = None,
        vaulted: str = "refuse",
        **entry: t.Any,
    ) -> Edited:
        before = document if isinstance(document, bytes) else document.encode("utf-8")
        self.path.write_bytes(before)
        files = [{"path": str(self.path), "edits": list(edits), **entry}]
        result = patch_files(files, secrets, vaulted=vaulted)
        after = self.path.read_bytes()
        status = self.path.stat()
        again = patch_files(files, secrets, vaulted=vaulted)
        assert not again.changed
        assert {edit["action"] for edit in again.edits} <= {"unchanged", "ignored"}
        assert (self.path.stat().st_ino, self.path.stat().st_mtime_ns, self.path.read_bytes()) == (
            status.st_ino,
            status.st_mtime_ns,
            after,
        )
        return Edited(before, after, result)

    def fixture(self, name: str, *edits: dict[str, t.Any], **entry: t.Any) -> Edited:
        return self((EDITOR_FIXTURES / name).read_bytes(), *edits, **entry)

    def error(
        self,
        document: bytes | str,
        *edits: dict[str, t.Any],
        secrets: dict[str, str] | None = None,
        **entry: t.Any,
    ) -> str:
        """The sentence an edit fails with; the file must be as before."""
        before = document if isinstance(document, bytes) else document.encode("utf-8")
        self.path.write_bytes(before)
        status = self.path.stat()
        with pytest.raises(OperatorError) as caught:
            patch_files([{"path": str(self.path), "edits": list(edits), **entry}], secrets)
        assert (self.path.stat().st_ino, self.path.stat().st_mtime_ns, self.path.read_bytes()) == (
            status.st_ino,
            status.st_mtime_ns,
            before,
        )
        assert [entry.name for entry in self.path.parent.iterdir()] == ["file"]
        return str(caught.value).replace(str(self.path), "FILE")


@pytest.fixture
def edit(tmp_path: Path) -> Editor:
    return Editor(tmp_path)


@pytest.fixture
def fixture_bytes() -> t.Callable[[str], bytes]:
    return lambda name: (EDITOR_FIXTURES / name).read_bytes()
