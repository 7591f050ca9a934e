# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The edits that stand in the roles' data files, and each file without one of them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple

import yaml

FILES = ("roles/km_node/vars/main/*.yml", "roles/apim_wiring/vars/main/*.yml")
# What an edit begins with, by the format of the file it is made in.
TARGETS = ("xpath", "key", "regexp")


class Edit(NamedTuple):
    """Lines count from 1, and the last one belongs to it."""

    file: str
    target: str
    first: int
    last: int
    column: int
    alone: bool

    def __str__(self) -> str:
        return "{0}:{1} {2}".format(self.file, self.first, self.target)


def target_of(node: yaml.Node) -> str:
    """The place that an edit names, or nothing if this is no edit."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in TARGETS and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return ""


def last_line(node: yaml.Node) -> int:
    """The line of the node's last character; the end that the parser tells of a block is where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
        return max(last_line(part) for part in parts)
    return int(node.end_mark.line + (node.end_mark.column > 0))


def edits_below(node: yaml.Node, file: str) -> Iterator[Edit]:
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        for item in node.value:
            target = target_of(item)
            if target:
                yield Edit(file, target, item.start_mark.line + 1, last_line(item), node.start_mark.column, len(node.value) == 1)
            else:
                yield from edits_below(item, file)
    elif isinstance(node, yaml.MappingNode):
        for _key, value in node.value:
            yield from edits_below(value, file)


def edits_of(file: str, text: str) -> List[Edit]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return sorted(edits_below(root, file), key=lambda edit: edit.first) if root else []


def all_edits(repository: Path) -> List[Edit]:
    paths = sorted(path for pattern in FILES for path in repository.glob(pattern))
    return [edit for path in paths for edit in edits_of(str(path.relative_to(repository)), path.read_text(encoding="utf-8"))]


def without(text: str, edit: Edit) -> str:
    lines = text.splitlines(keepends=True)
    # A list of nothing is no list any more.
    lines[edit.first - 1 : edit.last] = [" " * edit.column + "[]\n"] if edit.alone else []
    mutant = "".join(lines)
    if leaves(mutant) != leaves(text) - 1:
        raise ValueError("{0} could not be taken out of its file alone".format(edit))
    return mutant


@functools.lru_cache(maxsize=None)
def leaves(text: str) -> int:
    """How many edits the text holds as YAML's own loader sees them."""

    def count(value: Any) -> int:
        if isinstance(value, dict):
            return any(isinstance(value.get(key), str) for key in TARGETS) + sum(count(item) for item in value.values())
        return sum(count(item) for item in value) if isinstance(value, list) else 0

    return count(yaml.safe_load(text))
