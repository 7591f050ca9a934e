# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Files that someone else may have put there: nothing is fetched, expanded or followed, and nothing
takes for ever."""

from __future__ import annotations

import os
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._files import transaction

EDIT = {"xpath": "/a/b", "text": "new"}
LAUGHS = '<!ENTITY l0 "CANARY">' + "".join(
    '<!ENTITY l{0} "{1}">'.format(n + 1, f"&l{n};" * 10) for n in range(9)
)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file://SECRET">]><a><b>&x;</b></a>',
            "internal DTD subset",
        ),
        (
            '<!DOCTYPE a [<!ENTITY % x SYSTEM "file://SECRET"> %x;]><a><b/></a>',
            "internal DTD subset",
        ),
        ("<!DOCTYPE a [" + LAUGHS + "]><a><b>&l9;</b></a>", "internal DTD subset"),
        (
            '<!-- --><?x ?>\n<!DOCTYPE a\nSYSTEM "x" \n[<!ATTLIST b c CDATA "d">]><a><b/></a>',
            "internal DTD subset",
        ),
        (
            '<!DOCTYPE a SYSTEM "file://SECRET"><a><b>&x;</b></a>',
            "uses an entity that it does not declare itself",
        ),
        ("<a>" * 100_000, "the file is not well-formed XML"),
        ("<a>" + "<b>" * 5_000 + "</b>" * 5_000 + "</a>", "the file is not well-formed XML"),
        ('<a x="' + "<" * 200_000, "the file is not well-formed XML"),
        ("<a " + "x='" * 100_000, "the file is not well-formed XML"),
        ("<!--" * 100_000, "the file is not well-formed XML"),
        ("<![CDATA[" * 100_000, "the file is not well-formed XML"),
    ],
    ids=[
        "entity",
        "parameter",
        "laughs",
        "attributes",
        "undeclared",
        "deep",
        "closed",
        "quote",
        "quotes",
        "comments",
        "cdata",
    ],
)
def test_hostile_xml_is_refused_in_no_time(
    edit: t.Any, tmp_path: Path, document: str, sentence: str
) -> None:
    secret = tmp_path.with_name(tmp_path.name + "-secret")
    secret.write_text("CANARY")
    started = time.monotonic()
    message = edit.error(document.replace("SECRET", str(secret)), EDIT)
    assert sentence in message and "CANARY" not in message
    assert time.monotonic() - started < 5


def test_nothing_is_included(edit: t.Any, tmp_path: Path) -> None:
    """An XInclude is markup like any other."""
    include = (
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{tmp_path}/file"'
        ' parse="text"/>'
    )
    edited = edit("<a>" + include + "<b>old</b></a>", EDIT)
    assert edited.text == "<a>" + include + "<b>new</b></a>"


@pytest.mark.parametrize(
    "value",
    [
        "]]>",
        "--",
        "-->",
        "<!--",
        "\"'",
        "&amp;",
        "a\nb",
        "a\r\nb",
        "\u00e9\u20ac\U0001f600",
        "<b>&x;</b>",
        "]]&gt;",
    ],
)
@pytest.mark.parametrize(
    "document",
    [
        "<a><b>old</b></a>",
        "<a><b><![CDATA[old]]></b></a>",
        "<a><b/></a>",
        "<?xml version='1.0' encoding='ascii'?><a><b/></a>",
    ],
)
def test_a_value_is_only_ever_a_value(edit: t.Any, document: str, value: str) -> None:
    from lxml import etree

    edited = edit(document, EDIT | {"text": value, "attributes": {"c": value}})
    (found,) = etree.fromstring(edited.after)
    wanted = value.replace("\r\n", "\n")
    assert (found.text, found.get("c"), len(found)) == (wanted, wanted, 0)


def test_a_link_put_in_the_place_of_a_file_that_was_read_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = tmp_path / "file.xml", tmp_path / "other.xml"
    file.write_text("<a><b>old</b></a>")
    other.write_text("<a><b>another's</b></a>")
    real = transaction.check_writable

    def swap(source: t.Any) -> None:
        real(source)
        file.unlink()
        file.symlink_to(other)

    monkeypatch.setattr(
        "ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch.check_writable",
        swap,
    )
    with pytest.raises(
        OperatorError, match="was changed by someone else meanwhile; nothing was written"
    ):
        patch_files([{"path": str(file), "edits": [EDIT]}])
    assert other.read_text() == "<a><b>another's</b></a>" and file.is_symlink()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file.xml", "other.xml"]


@pytest.mark.parametrize("make", ["fifo", "directory", "device"])
def test_what_is_no_plain_file_is_refused_without_waiting(tmp_path: Path, make: str) -> None:
    path = tmp_path / "file.xml"
    if make == "fifo":
        os.mkfifo(path)
    elif make == "directory":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(
        OperatorError, match=r"file.xml: (is not a regular file|cannot be read \(is a directory\))"
    ):
        patch_files([{"path": str(path), "edits": [EDIT]}])


@pytest.mark.parametrize("left", ["link", "directory", "file"])
def test_what_stands_at_the_name_of_a_temporary_file_is_never_written_through(
    tmp_path: Path, left: str
) -> None:
    file, victim = tmp_path / "file.xml", tmp_path / "victim"
    file.write_text("<a><b>old</b></a>")
    victim.write_text("kept")
    for what in ("new", "old", "journal"):
        name = tmp_path / f".file.xml.carbon-ops-{what}"
        if left == "link":
            name.symlink_to(victim if what != "journal" else tmp_path / "nothing")
        elif left == "directory" and what == "new":
            name.mkdir()
        else:
            name.write_text("x")
    try:
        patch_files([{"path": str(file), "edits": [EDIT]}])
        assert file.read_text() == "<a><b>new</b></a>"
    except OperatorError as error:
        assert left in ("link", "directory") and str(error).endswith(".")
        assert file.read_text() == "<a><b>old</b></a>"
    assert victim.read_text() == "kept"


def test_a_folder_without_any_right_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "file.xml").write_text("<a><b>old</b></a>")
    folder.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(OperatorError, match=r"cannot be read \(permission denied\)"):
            patch_files([{"path": str(folder / "file.xml"), "edits": [EDIT]}])
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
