# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Commands that a module runs on its host, each with a limit of time."""

from __future__ import annotations

import typing as t

SECONDS = 30
"""How long a command may take before it counts as one that failed."""
TIMED_OUT = 124
NOT_RUN = 127


class Done(t.NamedTuple):
    """How a command ended: its exit code (TIMED_OUT, NOT_RUN), and what it wrote."""

    code: int
    output: str
    errors: str


class Run(t.Protocol):
    """Runs a command without a shell."""

    def __call__(self, command: t.Sequence[str]) -> Done:
        """Never raises: a command that is not there or takes too long has an exit code too."""


def bounded(module: t.Any) -> Run:
    """Give the `run_command` of an AnsibleModule a limit of time, which it has none of itself.

    coreutils' timeout ends the command after SECONDS, and kills it five seconds later.
    """

    def run(command: t.Sequence[str]) -> Done:
        limited = ["timeout", "--kill-after=5", str(SECONDS), *command]
        return Done(*module.run_command(limited, errors="replace"))

    return run
