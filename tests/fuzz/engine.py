# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of a document in memory, and what every case checks whatever its format.

A case is a function of a random generator alone, so that a seed repeats it, and Hypothesis can make
it small.
"""

from __future__ import annotations

import random
import re
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor import patch
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._files.transaction import (
    Source,
)

STATUS = Path(__file__).stat()
PIECES = (
    *(
        "a",
        "Zz9",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "&",
        "<",
        ">",
        '"',
        "'",
        "]]>",
        "--",
        "-->",
        "<!--",
        "<![CDATA[",
        "?>",
        "&amp;",
    ),
    *(
        "&#10;",
        "\\",
        "\\u0041",
        "%",
        "${x}",
        "{{ y }}",
        "/",
        "//",
        "/*",
        "*/",
        "#",
        "!",
        "=",
        ":",
        ",",
        "\u00e9",
        "\u20ac",
        "\U0001f600",
    ),
    *("\u2028", "\x85", "\u00a0", "\ufeff", "$1", "\\1", "\\g<0>", "null", "0"),
)


class Edited:
    def __init__(self, content: bytes, actions: list[str]) -> None:
        self.content = content
        self.actions = actions


def edit(content: bytes, edits: t.Sequence[dict[str, t.Any]], form: str) -> Edited:
    """The content after the edits, made by the code that also edits files."""
    path = "/fuzz/file"
    draft = patch._Draft()
    draft.add([{"path": path, "format": form, "edits": list(edits)}], {})
    (plan,) = draft.plans
    plan.source = Source(path, None, content, STATUS)
    edited, outcomes = patch._edit(plan)
    return Edited(
        content if edited is None else edited.content, [outcome.action for outcome in outcomes]
    )


def checked(content: bytes, edits: t.Sequence[dict[str, t.Any]], form: str) -> Edited:
    """The edited content; made again, the edits change nothing."""
    result = edit(content, edits, form)
    again = edit(result.content, edits, form)
    assert again.content == result.content, "made again, the edits change the file again"
    assert set(again.actions) <= {"unchanged", "ignored"}, again.actions
    assert (result.content == content) == (set(result.actions) <= {"unchanged", "ignored"}), (
        result.actions
    )
    return result


def refused(content: bytes, edits: t.Sequence[dict[str, t.Any]], form: str) -> str | None:
    """The one sentence of an edit that fails, or nothing if it does not; any other exception
    passes."""
    try:
        edit(content, edits, form)
    except OperatorError as error:
        message = str(error)
        assert "internal error" not in message, message
        assert (
            message.startswith("/fuzz/file:")
            and "\n" not in message
            and message.endswith((".", "?"))
        ), message
        return message
    return None


def on_disk(content: bytes, edits: t.Sequence[dict[str, t.Any]], form: str, fails: bool) -> None:
    """The same on a real file: what fails writes nothing, what does not is written as it was in
    memory."""
    with tempfile.TemporaryDirectory(
        dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    ) as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        before = path.stat()
        try:
            patch.patch_files([{"path": str(path), "format": form, "edits": list(edits)}])
        except OperatorError:
            assert fails
            status = path.stat()
            assert (status.st_ino, status.st_mtime_ns, path.read_bytes()) == (
                before.st_ino,
                before.st_mtime_ns,
                content,
            )
        else:
            assert not fails
            assert path.read_bytes() == edit(content, edits, form).content
        assert [entry.name for entry in Path(folder).iterdir()] == ["file"]


def only_inside(before: str, after: str, span: tuple[int, int]) -> str:
    """Nothing changed outside of the span; what stands there now is returned."""
    start, end = span
    assert after[:start] == before[:start], "something changed before the edited place"
    rest = len(before) - end
    assert rest <= len(after) - start and after[len(after) - rest :] == before[end:], (
        "something changed behind the edited place"
    )
    return after[start : len(after) - rest]


def value(random_: random.Random, most: int = 5) -> str:
    """A value with everything in it that some layer could take for its own, but no secret's
    placeholder."""
    return re.sub(
        r"%\{+", "%", "".join(random_.choice(PIECES) for _number in range(random_.randint(0, most)))
    )


def damaged(random_: random.Random, content: bytes) -> bytes:
    """The content with a few bytes gone, doubled, moved or made up."""
    for _time in range(random_.randint(1, 3)):
        start = random_.randrange(len(content) + 1)
        end = min(len(content), start + random_.randint(0, 12))
        what = random_.choice(("gone", "doubled", "made up", "cut", "moved"))
        if what == "gone":
            content = content[:start] + content[end:]
        elif what == "doubled":
            content = content[:end] + content[start:]
        elif what == "made up":
            content = (
                content[:start]
                + bytes(random_.choice(b"<>&;\"'{}[]/\\!-?=:\x00\xff\n ax") for _n in range(3))
                + content[end:]
            )
        elif what == "cut":
            content = content[:start]
        else:
            place = random_.randrange(len(content) + 1)
            content = content[:place] + content[start:end] + content[place:]
    return content
