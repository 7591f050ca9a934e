# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Clients of the running cluster, at a fixed rate, for tests of what happens meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

from tests.support.running_cluster import REPOSITORY, Cluster

RATE = float(os.environ.get("CARBON_OPS_LOAD_RATE", "50"))
LONGEST_RUN = 1500


class Load:
    """The load generator in processes of its own."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.output = folder / "load.json"
        self.process = subprocess.Popen(
            [
                sys.executable,
                str(REPOSITORY / "tests" / "support" / "load.py"),
                *(
                    "--address",
                    cluster.balancer["address"],
                    "--port",
                    str(cluster.model["public_port"]),
                ),
                *(
                    "--host",
                    cluster.model["management_hostname"],
                    "--ca-file",
                    cluster.ca_file,
                    "--user",
                    cluster.user,
                ),
                *("--rate", str(RATE), "--seconds", str(LONGEST_RUN), "--output", str(self.output)),
            ],
            env={**os.environ, "CARBON_OPS_PASSWORD": cluster.password},
        )

    def stop(self) -> dict[str, t.Any]:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)
        return dict(json.loads(self.output.read_text()))
