# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Runs commands for code that is given a way to run them, without an AnsibleModule."""

from __future__ import annotations

import subprocess
import typing as t

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._command import (
    NOT_RUN,
    TIMED_OUT,
    Done,
)


def run(command: t.Sequence[str], seconds: float = 30) -> Done:
    """As `_command.bounded` does it on a host."""
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, timeout=seconds, check=False
        )
    except OSError:
        return Done(NOT_RUN, "", "")
    except subprocess.TimeoutExpired:
        return Done(TIMED_OUT, "", "")
    return Done(done.returncode, done.stdout, done.stderr)
