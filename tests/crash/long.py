# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The long form of the tests of accidents: tests/crash/run --kills 500 --faults 500"""

from __future__ import annotations

import argparse
import errno
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.harness import Home, calls_of_a_run, fault_once, kill_many

ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Runs that are killed, and runs that the operating system refuses a call."
    )
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--faults", type=int, default=500)
    parser.add_argument(
        "--seed", type=int, default=None, help="of the random moments; without it a random one"
    )
    parser.add_argument(
        "--folder",
        default=None,
        help="a folder of the file system to try; the usual temporary one without it",
    )
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if arguments.seed is None else arguments.seed
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        counts = kill_many(Path(folder) / "killed", arguments.kills, seed)
        print(
            "{0} kills from seed {1}: {mixed} between two renames, {left} with something left to clean up, {clean} with nothing; "
            "all survived, {2:.0f} s".format(
                arguments.kills, seed, time.monotonic() - started, **counts
            ),
            flush=True,
        )
        random_ = random.Random(seed)
        home = Home(Path(folder) / "refused")
        calls = len(calls_of_a_run(home))
        failed = dict.fromkeys(ERRORS, 0)
        for number in range(arguments.faults):
            error = ERRORS[number % len(ERRORS)]
            failed[error] += fault_once(
                home, random_, random_.randint(1, calls), error, lasting=random_.random() < 0.5
            )
        parts = ", ".join(f"{errno.errorcode[error]} {count}" for error, count in failed.items())
        print(
            f"{arguments.faults} faults: runs that failed, each with one sentence: {parts}; all survived"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
