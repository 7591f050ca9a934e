# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edit files, all or none."""

from __future__ import annotations

import errno
import hashlib
import os
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from .._errors import OperatorError
from .._files.transaction import check_writable, exclusive, read_source, replace_files
from .lines import newline_of
from .outcome import IGNORED, EditOutcome, repeated
from .plan import _labelled, _Plan
from .secrets import Secrets
from .xml.document import decode
from .xml.edit import XmlEdit
from .xml.editor import XmlEditor
from .xml.namespaces import with_vault_namespace

if t.TYPE_CHECKING:
    from .._files.transaction import Source
    from .decoded import Decoded

    # The content of a file as the edits so far leave it.
    Read = t.Callable[[Path], bytes]


@dataclass(frozen=True)
class Wish:
    """What a part asks for once it has read files: their edits, and what it has to say of them."""

    files: t.Sequence[t.Mapping[str, t.Any]] = ()
    secrets: t.Mapping[str, str] = field(default_factory=dict)
    vaulted: str = "refuse"
    results: t.Mapping[str, t.Any] = field(default_factory=dict)
    warnings: t.Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """What one module would do: edits that are known before any file is read, and then those that
    depend on what is in the files (of ``paths``) behind the edits of this and all earlier parts."""

    files: t.Sequence[t.Mapping[str, t.Any]] = ()
    secrets: t.Mapping[str, str] | None = None
    vaulted: str = "refuse"
    paths: t.Sequence[str] = ()
    then: t.Callable[[Read], Wish] | None = None


class PatchResult:
    """What the edits did, or would do in check mode."""

    def __init__(self, draft: _Draft, recovered: t.Sequence[str]) -> None:
        self.recovered = list(recovered)
        self.edits = draft.reported
        self.results = draft.results
        self.warnings = draft.warnings
        self.backup_files: dict[str, str] = {}
        self._changes = draft.changes
        self._secrets = draft.secrets

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
            hunks = masked_diff(edited.before, edited.after, self._secrets, edited.replaced_secrets)
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
    vaulted: str = "refuse",
    **how: t.Any,
) -> PatchResult:
    """Make all edits of all files, or raise OperatorError and write nothing."""
    return patch_parts([Part(files, secrets, vaulted)], **how)


def patch_parts(
    parts: t.Sequence[Part],
    *,
    check_mode: bool = False,
    backup: bool = False,
    backup_dir: str | None = None,
    reason: str | None = None,
) -> PatchResult:
    """Make all edits of all parts, or raise OperatorError and write nothing."""
    draft = _Draft()
    for part in parts:
        draft.add(part.files, part.secrets, part.vaulted)
    if check_mode:
        draft.finish(parts)
        return PatchResult(draft, [])
    paths = [plan.path for plan in draft.plans] + [path for part in parts for path in part.paths]
    with exclusive(paths, backup_dir) as recovered:
        draft.finish(parts)
        result = PatchResult(draft, recovered)
        if draft.changes:
            contents = [(edited.source, edited.content) for edited in draft.changes]
            result.backup_files = replace_files(
                contents, backup=backup, backup_dir=backup_dir, reason=reason
            )
        return result


class _Draft:
    """The edits that were asked for so far, and the files as these leave them."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.reported: list[dict[str, t.Any]] = []
        self.changes: list[_Edited] = []
        self.results: dict[str, t.Any] = {}
        self.warnings: list[str] = []
        self._plans: dict[str, _Plan] = {}
        self._inodes: dict[tuple[int, int], str] = {}
        self._made: dict[str, tuple[int, _Edited | None, list[EditOutcome]]] = {}

    @property
    def plans(self) -> list[_Plan]:
        return list(self._plans.values())

    def add(
        self,
        files: t.Sequence[t.Mapping[str, t.Any]],
        secrets: t.Mapping[str, str] | None,
        vaulted: str = "refuse",
    ) -> None:
        """One plan for each file: the same file named twice, or through a symbolic link, is one
        file."""
        known = Secrets(secrets, vaulted)
        self.secrets += known.values
        for entry in files:
            if not isinstance(entry, dict):
                raise OperatorError("files must be a list of mappings.")
            new = _Plan(entry)
            plan = self._plans.setdefault(os.path.realpath(new.path), new)
            if plan.format != new.format:
                raise OperatorError(
                    f"{new.path}: is named as {plan.format} and as {new.format}. Give it one"
                    " format."
                )
            plan.create = plan.create or new.create
            plan.optional = plan.optional and new.optional
            plan.add(entry, known)

    def read(self, path: Path) -> bytes:
        """The content of a file behind the edits so far; raises OSError as reading it would."""
        plan = self._plans.get(os.path.realpath(path))
        if plan is None:
            return path.read_bytes()
        edited, _outcomes = self._edited(plan)
        if edited is None and not plan.source.exists:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return plan.source.raw if edited is None else edited.content

    def finish(self, parts: t.Sequence[Part]) -> None:
        """Make all edits in memory, and check that the files can be replaced."""
        for plan in self.plans:
            self._read_source(plan)
        errors: list[str] = []
        for part in parts:
            try:
                self._go_on(part)
            except OperatorError as error:
                errors.append(str(error))
        for plan in self.plans:
            try:
                edited, outcomes = self._edited(plan)
            except OperatorError as error:
                # The part that read the file has said it already.
                errors += [text for text in [str(error)] if text not in errors]
                continue
            if edited is not None:
                self.changes.append(edited)
            self.reported += [
                {
                    **{key: value for key, value in reported.items() if key != "number"},
                    "line": outcome.line,
                    "action": outcome.action,
                    "count": outcome.count,
                }
                for reported, outcome in zip(plan.reported, outcomes)
            ]
        if errors:
            raise OperatorError(
                "\n".join(errors if len(errors) == 1 else [*errors, "No file was changed."])
            )
        for edited in self.changes:
            check_writable(edited.source)

    def _go_on(self, part: Part) -> None:
        if part.then is None:
            return
        desired = part.then(self.read)
        self.results.update(desired.results)
        self.warnings += desired.warnings
        known = set(self._plans)
        self.add(desired.files, desired.secrets, desired.vaulted)
        for real, plan in self._plans.items():
            if real not in known:
                self._read_source(plan)

    def _read_source(self, plan: _Plan) -> None:
        plan.source = read_source(plan.path)
        if plan.source.status is not None:
            key = (plan.source.status.st_dev, plan.source.status.st_ino)
            other = self._inodes.setdefault(key, plan.path)
            if other != plan.path:
                raise OperatorError(
                    f"{plan.path}: is the same file as {other} (a hard link). Name it once."
                )

    def _edited(self, plan: _Plan) -> tuple[_Edited | None, list[EditOutcome]]:
        """The file behind its edits, which are made again only when some were added since."""
        count, edited, outcomes = self._made.get(plan.path, (0, None, []))
        if count != len(plan.edits):
            edited, outcomes = _edit(plan)
            self._made[plan.path] = (len(plan.edits), edited, outcomes)
        return edited, outcomes


def _edit(plan: _Plan) -> tuple[_Edited | None, list[EditOutcome]]:
    source = plan.source
    if not source.exists and not plan.create:
        if not plan.optional:
            raise OperatorError(
                f"{plan.path}: does not exist. Correct the path, or mark the file as optional."
            )
        outcomes = [EditOutcome() for _edit in plan.edits]
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


def _edit_text(plan: _Plan, source: Source) -> tuple[_Edited | None, list[EditOutcome]]:
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


def _edit_properties(plan: _Plan, source: Source) -> tuple[_Edited | None, list[EditOutcome]]:
    from .properties import CODEC, PropertyEdit, edit_properties

    text = source.raw.decode(CODEC)
    new, outcomes, replaced = edit_properties(
        text, plan.of_type(PropertyEdit), newline_of(text), plan.label
    )
    return _edited(source, text, new, new.encode(CODEC), replaced), outcomes


def _edit_json(plan: _Plan, source: Source) -> tuple[_Edited | None, list[EditOutcome]]:
    from .json.document import decode_json, parse_json
    from .json.edit import JsonEdit, edit_json

    with _labelled(plan.path):
        decoded = decode_json(source.raw)
        # What is not JSON is an error of the file, not of its first edit.
        parse_json(decoded.text)
    new, outcomes, replaced = edit_json(
        decoded.text, plan.of_type(JsonEdit), newline_of(decoded.text), decoded.codec, plan.label
    )
    return _edited(source, decoded.text, new, decoded.encode(new), replaced), outcomes


def _edit_xml(plan: _Plan, source: Source) -> tuple[_Edited | None, list[EditOutcome]]:
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


def _edit_document(plan: _Plan, decoded: Decoded) -> tuple[str, list[str], list[EditOutcome]]:
    edits = plan.of_type(XmlEdit)
    text = decoded.text
    with _labelled(plan.path):
        if any(edit.enters_vault for edit in edits):
            text = with_vault_namespace(text)
        editor = XmlEditor(text, decoded.codec)
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
