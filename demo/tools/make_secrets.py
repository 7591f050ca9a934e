# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Write a YAML file of random passwords, readable by its owner only. Passwords that are there
already stay as they are."""

from __future__ import annotations

import os
import secrets
import string
import sys
from pathlib import Path

LETTERS = string.ascii_letters + string.digits
NAMES = (
    "admin",
    "group",
    "keystore",
    "truststore",
    "database_user",
    "database_apim",
    "database_config",
    "database_registry",
    "database_open_banking",
)


def main() -> None:
    """Add what is missing to the file named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: make_secrets.py FILE")
    path = Path(sys.argv[1])
    heading = ["---", "# Made by scripts/demo at its first run; scripts/demo --down removes it."]
    lines = path.read_text().splitlines() if path.exists() else heading
    there = {line.partition(":")[0] for line in lines}
    missing = [name for name in NAMES if name not in there]
    if not missing:
        return
    lines += [
        f'{name}: "{"".join(secrets.choice(LETTERS) for _letter in range(24))}"' for name in missing
    ]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
