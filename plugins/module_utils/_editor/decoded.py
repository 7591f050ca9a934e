# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The text of a file that is written back byte for byte, whatever its format."""

from __future__ import annotations

import codecs

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Decoded:
    """The text of a file, and what is needed to write it back byte for byte."""

    __slots__ = ("bom", "codec", "text")

    def __init__(self, text: str, codec: str, bom: bytes) -> None:
        self.text = text
        self.codec = codec
        self.bom = bom

    def encode(self, text: str) -> bytes:
        return self.bom + text.encode(self.codec)
