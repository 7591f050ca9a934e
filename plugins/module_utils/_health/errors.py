# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A failed health check: which part failed, and the exit code of the program for it."""

from __future__ import annotations

EXIT_CODES = {
    "user store": 2,
    "registry database": 3,
    "cluster": 4,
    "warm-up": 5,
    "TLS": 6,
    "nothing listens": 7,
    "no answer": 8,
    "configuration": 9,
    "start": 10,
    "token service": 11,
    "database": 12,
}


class HealthError(Exception):
    """One sentence about what is not well, and the part it belongs to.

    Not an OperatorError, because this file must also work where the collection is not installed.
    """

    def __init__(self, part: str, sentence: str) -> None:
        super().__init__(sentence)
        self.part = part

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.part]
