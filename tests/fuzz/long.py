# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The long form of the tests by random documents: tests/fuzz/run --cases 200000

Seed number N always makes the same document and the same edit, so a failure is repeated with --format F --seed N --cases 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
import traceback

from tests.fuzz.other_cases import json_case, properties_case, text_case
from tests.fuzz.xml_cases import case as xml_case

CASES = {"xml": xml_case, "json": json_case, "properties": properties_case, "text": text_case}
SLICE = 250


def work(job: tuple[str, int, int]) -> tuple[str, int, list[tuple[int, str]]]:
    form, first, count = job
    failures = []
    for seed in range(first, first + count):
        try:
            CASES[form](random.Random(seed))
        except Exception:
            failures.append((seed, traceback.format_exc()))
    return form, count, failures


def main() -> int:
    parser = argparse.ArgumentParser(description="Random edits of random documents.")
    parser.add_argument(
        "--cases", type=int, default=200_000, help="how many, over all formats (half of them XML)"
    )
    parser.add_argument(
        "--seed", type=int, default=None, help="the first seed; without it a random one"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=float("inf"),
        help="end earlier, and say how many cases were made",
    )
    parser.add_argument("--format", choices=sorted(CASES), help="this format only")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    arguments = parser.parse_args()
    first = random.SystemRandom().randrange(2**40) if arguments.seed is None else arguments.seed
    shares = (
        {arguments.format: 1.0}
        if arguments.format
        else {"xml": 0.5, "json": 0.3, "properties": 0.1, "text": 0.1}
    )
    jobs = []
    for form, share in shares.items():
        count = round(arguments.cases * share)
        jobs += [
            (form, first + start, min(SLICE, count - start)) for start in range(0, count, SLICE)
        ]
    # All formats side by side, whenever it ends.
    jobs.sort(key=lambda job: job[1])
    started = time.monotonic()
    done, failed = dict.fromkeys(shares, 0), 0
    with multiprocessing.Pool(arguments.processes) as pool:
        for form, count, failures in pool.imap_unordered(work, jobs):
            done[form] += count
            for seed, trace in failures:
                failed += 1
                if failed <= 10:
                    print(
                        f"FAILED: tests/fuzz/run --format {form} --seed {seed} --cases 1\n{trace}",
                        flush=True,
                    )
            if time.monotonic() - started > arguments.seconds:
                pool.terminate()
                break
    parts = ", ".join(f"{count} {form}" for form, count in done.items())
    print(
        f"{sum(done.values())} cases ({parts}) from seed {first} on, {failed} failed, {time.monotonic() - started:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
