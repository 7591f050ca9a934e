# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whether nginx owes a start, a reload, for virtual hosts and certificates, or a restart, for the
rest: told from files and from systemd, not from what a run changed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/nginx/files/nginx-loaded"
# nginx -T prints the whole configuration.
NGINX = """#!/bin/sh
cat /etc/nginx/nginx.conf /etc/nginx/conf.d/*.conf
"""
SYSTEMCTL = """#!/bin/sh
[ ! -e %(home)s/not-$1 ]
"""
# Nothing of this machine is touched: mounts, /run and /etc are the test's own.
MACHINE = """
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc
mkdir -p /etc/nginx/conf.d /etc/systemd/system/nginx.service.d
echo 'worker_processes auto;' >/etc/nginx/nginx.conf
echo '    ssl_certificate /etc/nginx/lb.crt;' >/etc/nginx/conf.d/km.conf
echo one >/etc/nginx/lb.crt
echo '[Service]' >/etc/systemd/system/nginx.service.d/carbon-ops.conf
export PATH=%(home)s:$PATH
%(script)s check
%(script)s record; %(script)s check
echo 'server {}' >>/etc/nginx/conf.d/km.conf; %(script)s check
%(script)s record; %(script)s check
echo two >/etc/nginx/lb.crt; %(script)s check
%(script)s record
echo 'worker_rlimit_nofile 1;' >>/etc/nginx/nginx.conf; %(script)s check
%(script)s record
echo 'LimitNOFILE=1' >>/etc/systemd/system/nginx.service.d/carbon-ops.conf; %(script)s check
%(script)s record; touch %(home)s/not-is-enabled; %(script)s check
echo three >/etc/nginx/lb.crt; %(script)s check
touch %(home)s/not-is-active; %(script)s check
"""


def test_what_is_owed_follows_from_what_changed(tmp_path: Path) -> None:
    if (
        subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode
        != 0
    ):
        pytest.skip("this user may not make mounts of its own")
    for name, text in {"nginx": NGINX, "systemctl": SYSTEMCTL % {"home": tmp_path}}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", MACHINE % {"home": tmp_path, "script": f"/bin/sh {SCRIPT}"}],
        env=dict(os.environ), capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [
        "restart",
        "nothing",
        "reload",
        "nothing",
        "reload",
        "restart",
        "restart",
        "enable",
        "reload",
        "start",
    ]
