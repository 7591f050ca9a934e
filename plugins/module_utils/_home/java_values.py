# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Numbers, booleans and properties as the product's Java code reads them."""

from __future__ import annotations

import re

from .._editor.properties import unescape

_JAVA_INT = re.compile(r"[+-]?[0-9]+\Z")

_URL_USER = re.compile(
    r"(?<=://)[^/?;\s]*@|(?i:(?<=^jdbc:oracle:thin:)|(?<=^jdbc:oracle:oci:)).*(?=@)"
)
_URL_SECRET = re.compile(
    r"(?i)([?&;](?:user|username|password|[a-z]*password|[a-z]*secret)=)[^&;]*"
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
_PROPERTY = re.compile(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)", re.DOTALL)
_SECRET_NAME = re.compile(r"(?i)password|secret|licen[cs]ekey|license\.key|token")


def java_int(text: str | None) -> int | None:
    """The number that Integer.parseInt reads; None where it would throw."""
    return int(text) if text is not None and _JAVA_INT.match(text) else None


def java_boolean(text: str | None) -> bool:
    """Boolean.parseBoolean: true in any case of letters, everything else false."""
    return text is not None and text.lower() == "true"


def without_credentials(url: str | None) -> str | None:
    """The URL without user and password, wherever they are in it."""
    return None if url is None else _URL_SECRET.sub(r"\1...", _URL_USER.sub("", url))


def _jaxb_boolean(text: str | None) -> bool | None:
    # JAXB knows these words only: for any other, such as True, the pool keeps its default.
    return {"true": True, "1": True, "false": False, "0": False}.get((text or "").strip())


def _pool_size(text: str | None) -> int:
    # The pool's default, without a word also for what is not a number.
    number = java_int((text or "").strip())
    return 100 if number is None else number


def properties_file(text: str | None) -> dict[str, str]:
    """The keys and values of a .properties file as java.util.Properties reads them. Secrets are
    left out."""
    values = {}
    logical = ""
    for natural in [*_LINE_END.split(text or ""), ""]:
        line = natural.lstrip(" \t\f")
        if not logical and line[:1] in ("", "#", "!"):
            continue
        logical += line
        if _CONTINUED.search(logical):
            logical = logical[:-1]
            continue
        match = _PROPERTY.match(logical)
        if match:
            values[unescape(match.group(1))] = unescape(match.group(2))
        logical = ""
    return {key: "..." if _SECRET_NAME.search(key) else value for key, value in values.items()}
