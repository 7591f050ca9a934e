# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Drop each edit of the product files in turn, and see which test of the configuration misses it.

Clusters of every product and topology are configured by playbooks/configure.yml as the tests do. Then each file is made again without one of its edits, by the
modules' own code, put in its place, and the functions of tests/integration/configure are asked. An edit that changes nothing in the files as they ship is
tried on a file where somebody has put another value. The name of the first test that fails is printed beside the edit.

Options and topologies need the real product files and WSO2's parsers (CARBON_OPS_SHARED); without them the repository's own small homes are what there is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from tests.mutation.suites import SUITES, Suite
from tests.mutation.verdicts import Verdicts, try_suite
from tests.support.paths import REPOSITORY


def suites(names: list[str], folder: Path) -> t.Iterator[Suite]:
    for name in names:
        made_here = SUITES[name](folder / name)
        if made_here is not None:
            yield made_here
            shutil.rmtree(folder / name)
        else:
            print(
                f"{name}: skipped, the real product files or WSO2's parsers are not here (CARBON_OPS_SHARED)",
                flush=True,
            )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/test --mutate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "suites",
        nargs="*",
        metavar="SUITE",
        help="of {0}; without one, all".format(", ".join(SUITES)),
    )
    parser.add_argument(
        "--killed",
        action="store_true",
        help="print the edits that a test misses, too, with the test",
    )
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.suites) - set(SUITES))
    if unknown:
        parser.error("there is no suite {0}. There are: {1}".format(unknown[0], ", ".join(SUITES)))
    verdicts = Verdicts()
    started = time.monotonic()
    os.chdir(REPOSITORY)
    # For the playbooks, which find the collection as an operator's do.
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory(prefix="carbon-ops-mutation-") as folder:
        for suite in suites(arguments.suites or list(SUITES), Path(folder)):
            try_suite(
                suite,
                verdicts,
                lambda text: print(f"{time.monotonic() - started:5.0f} s  {text}", flush=True),
            )
    if arguments.killed:
        for name, by in sorted(verdicts.killed.items()):
            print(f"missed by {by}: {name}")
    for name, why in sorted(verdicts.survived.items()):
        print(f"SURVIVED {name}: {why}")
    total = len(verdicts.killed) + len(verdicts.survived)
    print(
        f"\n{total} edits dropped one by one: a test fails for {len(verdicts.killed)}, {len(verdicts.survived)} survived: {100 * len(verdicts.killed) / total:.1f} %"
    )
    return 1 if verdicts.survived else 0


if __name__ == "__main__":
    sys.exit(main())
