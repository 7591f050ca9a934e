# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The texts of argument specs as plain sentences, for people who read them outside of generated documentation."""

from __future__ import annotations

import re
from typing import Any

# Ansible's semantic markup with one argument: C(code), O(option), V(value), …
MARKUP = re.compile(r"\b(?:[BCEIMOPV]|RV)\(((?:\\.|[^\\()])*)\)")


def plain(text: str) -> str:
    """The text without Ansible's markup."""
    return re.sub(r"\\(.)", r"\1", MARKUP.sub(r"\1", text))


def description(option: Any) -> str:
    """What an argument spec says of an option, in full, as plain sentences."""
    return plain(" ".join(_paragraphs(option)))


def summary(option: Any) -> str:
    """Its first paragraph."""
    return plain((_paragraphs(option) or [""])[0])


def _paragraphs(option: Any) -> list[str]:
    text = option.get("description") or []
    return [" ".join(str(part).split()) for part in ([text] if isinstance(text, str) else text)]
