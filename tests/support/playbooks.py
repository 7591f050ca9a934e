# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Runs the playbooks of this repository as an operator would, and keeps what they print."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from tests.support.paths import REPOSITORY


class Run(t.NamedTuple):
    status: int
    output: str
    seconds: float


def run_playbook(
    playbook: str,
    inventory: Path,
    *arguments: str,
    directory: Path = REPOSITORY,
    timeout: int = 300,
    prefix: t.Sequence[str] = (),
    settings: t.Mapping[str, str] | None = None,
) -> Run:
    # Ansible of the very environment that runs the tests, and nothing of the caller's own settings
    # but what the test asks for.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")
    }
    environment.update(
        ANSIBLE_NOCOLOR="1",
        PATH="{0}{1}{2}".format(Path(sys.executable).parent, os.pathsep, environment["PATH"]),
    )
    environment.update(settings or {})
    started = time.monotonic()
    done = subprocess.run(
        [*prefix, "ansible-playbook", playbook, "-i", str(inventory), *arguments],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Run(done.returncode, done.stdout, time.monotonic() - started)
