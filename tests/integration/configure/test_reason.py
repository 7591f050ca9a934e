# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The reason of a restart, as it reaches the journal of a host."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.paths import REPOSITORY

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars_files: [{role}/vars/main.yml]
  vars:
    cluster_restart_reason: "a test\\n of the restart\\r\\nat noon"
    __carbon_server_now: {{service: {{reasons: ["carbon.xml changed."]}}}}
  tasks:
    - ansible.builtin.copy: {{content: "{{{{ __carbon_server_why | to_json }}}}", dest: "{out}", mode: "0600"}}
"""


def test_a_reason_is_one_line_and_keeps_its_letters(tmp_path: Path) -> None:
    out, play = tmp_path / "why.json", tmp_path / "play.yml"
    play.write_text(PLAY.format(role=REPOSITORY / "roles/carbon_server", out=out), encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        "localhost,",
        str(play),
    ]
    done = subprocess.run(
        [*command, "-e", f"ansible_python_interpreter={sys.executable}"],
        check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(out.read_text(encoding="utf-8")) == [
        "a test of the restart at noon",
        "carbon.xml changed.",
    ]
