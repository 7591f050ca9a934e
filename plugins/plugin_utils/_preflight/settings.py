# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of one cluster, as the checks of the preflight read them."""

from __future__ import annotations

import re
import typing as t

REMOTE = re.compile(r"(https?|ftp)://", re.IGNORECASE)

Specs = t.Mapping[str, t.Mapping[str, t.Any]]
Sentences = t.Iterator[str]


class _Settings:
    """The variables of the whole cluster, with their defaults."""

    def __init__(self, variables: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> None:
        self._variables, self._options = variables, options

    def __getitem__(self, name: str) -> t.Any:
        value = self._variables.get(name)
        return self._options[name].get("default") if value is None else value

    def is_set(self, name: str) -> bool:
        """Whether the inventory says anything about it."""
        return bool(self._variables.get(name))

    def option(self, name: str, key: str) -> t.Any:
        """One option of a variable that is a dictionary."""
        value = self[name]
        default = self._options[name]["options"][key].get("default")
        return value.get(key, default) if isinstance(value, t.Mapping) else default


def _listed(names: t.Iterable[t.Any]) -> str:
    return ", ".join(str(name) for name in names)
