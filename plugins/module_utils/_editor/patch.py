# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edit files, all or none."""

from __future__ import annotations

import hashlib
import os
import typing as t

from .._errors import OperatorError
from .._files.transaction import check_writable, exclusive, read_source, replace_files
from .lines import newline_of
from .outcome import IGNORED, Outcome, repeated
from .plan import _labelled, _Plan
from .secrets import Secrets
from .xml.document import decode
from .xml.edit import XmlEdit
from .xml.editor import XmlEditor

if t.TYPE_CHECKING:
    from .._files.transaction import Source
    from .decoded import Decoded


class PatchResult:
    """What the edits did, or would do in check mode."""

    def __init__(
        self,
        edits: list[dict[str, t.Any]],
        changes: list[_Edited],
        backup_files: dict[str, str],
        secrets: Secrets,
        recovered: t.Sequence[str],
    ) -> None:
        self.recovered = list(recovered)
        self.edits = edits
        self.backup_files = backup_files
        self._changes = changes
        self._secrets = secrets

    @property
    def changed(self) -> bool:
        return bool(self._changes or self.recovered)

    @property
    def changed_files(self) -> list[str]:
        edited = [edited.source.path for edited in self._changes]
        return edited + [path for path in self.recovered if path not in edited]

    @property
    def checksums(self) -> dict[str, str]:
        """The SHA-256 checksum of each edited file as it is afterwards, by path."""
        return {
            edited.source.path: hashlib.sha256(edited.content).hexdigest()
            for edited in self._changes
        }

    @property
    def diff(self) -> list[dict[str, str]]:
        """One entry for each changed file, made of hunks without secrets. Computed only when asked
        for."""
        from .masked_diff import masked_diff

        entries = []
        for edited in self._changes:
            hunks = masked_diff(
                edited.before, edited.after, self._secrets.values, edited.replaced_secrets
            )
            old = edited.source.path if edited.source.exists else "/dev/null"
            entries.append({"prepared": f"--- {old}\n+++ {edited.source.path}\n{hunks}"})
        return entries


class _Edited:
    """A file whose content changes."""

    def __init__(
        self, source: Source, before: str, after: str, content: bytes, replaced_secrets: list[str]
    ) -> None:
        self.source = source
        self.before = before
        self.after = after
        self.content = content
        self.replaced_secrets = replaced_secrets


def patch_files(
    files: t.Sequence[t.Mapping[str, t.Any]],
    secrets: t.Mapping[str, str] | None = None,
    *,
    check_mode: bool = False,
    backup: bool = False,
    backup_dir: str | None = None,
    vaulted: str = "refuse",
) -> PatchResult:
    """Make all edits of all files, or raise OperatorError and write nothing."""
    known = Secrets(secrets, vaulted)
    plans = _plans(files, known)
    if check_mode:
        return _patch(plans, known, None)
    with exclusive([plan.path for plan in plans], backup_dir) as recovered:
        return _patch(
            plans,
            known,
            lambda contents: replace_files(contents, backup=backup, backup_dir=backup_dir),
            recovered,
        )


def _patch(
    plans: t.Sequence[_Plan],
    secrets: Secrets,
    write: t.Callable[[list[tuple[Source, bytes]]], dict[str, str]] | None,
    recovered: t.Sequence[str] = (),
) -> PatchResult:
    _read_sources(plans)
    edits: list[dict[str, t.Any]] = []
    changes: list[_Edited] = []
    errors: list[str] = []
    for plan in plans:
        try:
            edited, outcomes = _edit(plan)
        except OperatorError as error:
            errors.append(str(error))
            continue
        if edited is not None:
            changes.append(edited)
        for reported, outcome in zip(plan.reported, outcomes):
            result = {key: value for key, value in reported.items() if key != "number"}
            edits.append(
                {**result, "line": outcome.line, "action": outcome.action, "count": outcome.count}
            )
    if errors:
        raise OperatorError(
            "\n".join(errors) if len(errors) == 1 else "\n".join([*errors, "No file was changed."])
        )
    for edited in changes:
        check_writable(edited.source)
    backup_files = {}
    if changes and write:
        backup_files = write([(edited.source, edited.content) for edited in changes])
    return PatchResult(edits, changes, backup_files, secrets, recovered)


def _plans(files: t.Sequence[t.Mapping[str, t.Any]], secrets: Secrets) -> list[_Plan]:
    """One plan for each file: the same file named twice, or through a symbolic link, is one
    file."""
    plans: dict[str, _Plan] = {}
    for entry in files:
        if not isinstance(entry, dict):
            raise OperatorError("files must be a list of mappings.")
        new = _Plan(entry)
        plan = plans.setdefault(os.path.realpath(new.path), new)
        if plan.format != new.format:
            raise OperatorError(
                f"{new.path}: is named as {plan.format} and as {new.format}. Give it one format."
            )
        plan.create = plan.create or new.create
        plan.optional = plan.optional and new.optional
        plan.add(entry, secrets)
    return list(plans.values())


def _read_sources(plans: t.Sequence[_Plan]) -> None:
    inodes: dict[tuple[int, int], str] = {}
    for plan in plans:
        plan.source = read_source(plan.path)
        if plan.source.status is not None:
            key = (plan.source.status.st_dev, plan.source.status.st_ino)
            other = inodes.setdefault(key, plan.path)
            if other != plan.path:
                raise OperatorError(
                    f"{plan.path}: is the same file as {other} (a hard link). Name it once."
                )


def _edit(plan: _Plan) -> tuple[_Edited | None, list[Outcome]]:
    source = plan.source
    if not source.exists and not plan.create:
        if not plan.optional:
            raise OperatorError(
                f"{plan.path}: does not exist. Correct the path, or mark the file as optional."
            )
        outcomes = [Outcome() for _edit in plan.edits]
        for outcome in outcomes:
            outcome.did(IGNORED)
        return None, outcomes
    if plan.format == "xml":
        return _edit_xml(plan, source)
    if plan.format == "json":
        return _edit_json(plan, source)
    if plan.format == "properties":
        return _edit_properties(plan, source)
    return _edit_text(plan, source)


def _edit_text(plan: _Plan, source: Source) -> tuple[_Edited | None, list[Outcome]]:
    from .text import TextEdit, edit_text

    text, codec = _decode_text(source.raw)
    new, outcomes, replaced = edit_text(text, plan.of_type(TextEdit), newline_of(text), plan.label)
    try:
        content = new.encode(codec)
    except UnicodeEncodeError:
        raise OperatorError(
            f"{plan.path}: a replacement holds a character that the encoding of the file cannot"
            " hold."
        ) from None
    return _edited(source, text, new, content, replaced), outcomes


def _edit_properties(plan: _Plan, source: Source) -> tuple[_Edited | None, list[Outcome]]:
    from .properties import CODEC, PropertyEdit, edit_properties

    text = source.raw.decode(CODEC)
    new, outcomes, replaced = edit_properties(
        text, plan.of_type(PropertyEdit), newline_of(text), plan.label
    )
    return _edited(source, text, new, new.encode(CODEC), replaced), outcomes


def _edit_json(plan: _Plan, source: Source) -> tuple[_Edited | None, list[Outcome]]:
    from .json.document import decode_json, parse_json
    from .json.edit import JsonEdit, edit_json

    with _labelled(plan.path):
        decoded = decode_json(source.raw)
        # What is no JSON is an error of the file, not of its first edit.
        parse_json(decoded.text)
    new, outcomes, replaced = edit_json(
        decoded.text, plan.of_type(JsonEdit), newline_of(decoded.text), decoded.codec, plan.label
    )
    return _edited(source, decoded.text, new, decoded.encode(new), replaced), outcomes


def _edit_xml(plan: _Plan, source: Source) -> tuple[_Edited | None, list[Outcome]]:
    try:
        decoded = decode(source.raw)
    except OperatorError as error:
        raise OperatorError(f"{plan.path}: {error}") from None
    # The text gives back the very bytes: a large file is not kept in memory twice while its tree is
    # there.
    source.raw = b""
    try:
        text, replaced, outcomes = _edit_document(plan, decoded)
    finally:
        source.raw = decoded.encode(decoded.text)
    return _edited(source, decoded.text, text, decoded.encode(text), replaced), outcomes


def _edit_document(plan: _Plan, decoded: Decoded) -> tuple[str, list[str], list[Outcome]]:
    try:
        editor = XmlEditor(decoded.text, decoded.codec)
    except OperatorError as error:
        raise OperatorError(f"{plan.path}: {error}") from None
    edits = plan.of_type(XmlEdit)
    outcomes = []
    for edit in edits:
        with plan.label(edit):
            outcomes.append(editor.apply(edit))
    with _labelled(plan.path):
        changed = editor.finish()
    if changed:
        for edit, outcome in zip(edits, outcomes):
            with plan.label(edit), repeated():
                again = editor.apply(edit)
            outcome.line = again.line or outcome.line
    return editor.text, editor.replaced_secrets, outcomes


def _edited(
    source: Source, before: str, after: str, content: bytes, replaced: list[str]
) -> _Edited | None:
    if source.exists and content == source.raw:
        return None
    return _Edited(source, before, after, content, replaced)


def _decode_text(raw: bytes) -> tuple[str, str]:
    """UTF-8 where the bytes are that, else one character for each byte: both ways back are
    exact."""
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"
