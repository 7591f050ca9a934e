# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Run the checks that scripts/test promises, and end with a table of them and one line that
counts."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

from tests.tools import cores

REPOSITORY = Path(__file__).resolve().parents[2]
OUTPUT = REPOSITORY / "tests" / "output"
# Where the guided fuzzer keeps what it learned.
CORPUS = OUTPUT / "corpus"
PLUGINS = "collections/ansible_collections/carbon_ops/key_manager/plugins"
COVERAGE = (
    "--cov=plugins/module_utils",
    "--cov-branch",
    "--cov-fail-under=95",
    "--cov-report=term:skip-covered",
)
HEARTBEAT = 60
# What else runs as root on the hosts.
BANDIT_ALSO = "roles/carbon_server/files"
# Further ones than the default; each is a topology or a kind of server of its own. The longest
# first, so that neither of two ends alone.
SCENARIOS = ("is_km", "ldap", "postgresql", "single_host")
# The default scenario's containers stay between its steps, and so do their passwords and what else
# Molecule keeps of them.
SCENARIO = {
    "MOLECULE_EPHEMERAL_DIRECTORY": str(OUTPUT / "molecule"),
    "CARBON_OPS_INVENTORY": str(REPOSITORY / "molecule" / "default" / "inventory"),
}
DEFAULT_SCENARIO = "--scenario-name default"
MOLECULE_DESTROY = f"molecule destroy {DEFAULT_SCENARIO}"
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
OUTCOMES = (PASSED, FAILED, SKIPPED)
# Pytest's closing line, with ("== 3 failed, 12 passed, 1 skipped in 4.20s ==") or without its
# frame.
CLOSING = re.compile(r"^=*\s*((?:\d+ [a-z]+(?:, )?)+) in [0-9.]+s", re.MULTILINE)
WORDS = {
    "passed": PASSED,
    "xfailed": PASSED,
    "failed": FAILED,
    "error": FAILED,
    "errors": FAILED,
    "xpassed": FAILED,
    "skipped": SKIPPED,
}


class Step(t.NamedTuple):
    """One check. Those that ask little of the machine run beside the tests.

    Those that run alone hold servers to times, nginx or a whole cluster in containers, and come
    last.
    """

    name: str
    command: list[str]
    beside: bool = False
    alone: bool = False
    thorough: bool = False
    """Left out by --fast, which is there for the minutes between two changes."""
    long: bool = False
    """Made with --long only: it takes an hour, and a quicker step of the kind is made every
    time."""
    cores: bool = False
    """Made with --cores only, and then nothing else: a check with another release of Ansible."""
    paired: bool = False
    """Two such steps at a time, after everything else: each waits for its servers longer than it
    computes."""


class StepOutcome(t.NamedTuple):
    """How a step ended. On a busy machine the seconds by the clock say little about it, those of
    the processor do."""

    step: Step
    counts: dict[str, int]
    seconds: float
    processor_seconds: float
    output: str


def pytest(*arguments: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--durations=15",
        "--durations-min=3",
        *arguments,
    ]


def scenario(name: str) -> Step:
    """A whole Molecule scenario, with containers and passwords of its own, which it takes away
    again."""
    settings = [
        "--unset=CARBON_OPS_INVENTORY",
        "MOLECULE_EPHEMERAL_DIRECTORY={0}".format(OUTPUT / f"molecule-{name}"),
    ]
    command = ["env", *settings, "molecule", "test", "--scenario-name", name]
    return Step(f"scenario-{name}", command, alone=True, long=True, paired=True)


def shell_scripts() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    files = (line for line in listed.stdout.splitlines() if (REPOSITORY / line).is_file())
    return sorted(
        {
            name
            for name in files
            if (REPOSITORY / name).read_bytes().startswith((b"#!/usr/bin/env bash", b"#!/bin/sh"))
        }
    )


def steps(fast: bool) -> list[Step]:
    # Of the tests that run playbooks --fast keeps those on one home. Coverage doubles the time of
    # the unit tests.
    coverage = () if fast else COVERAGE
    one_home = ("-k", "documented") if fast else ()
    return [
        Step("ruff", ["ruff", "check", "--no-cache", "."], beside=True),
        Step("bandit", ["bandit", "--quiet", "--recursive", "plugins", BANDIT_ALSO], beside=True),
        Step(
            "mypy",
            ["mypy", PLUGINS + "/module_utils", PLUGINS + "/filter", PLUGINS + "/plugin_utils"],
            beside=True,
        ),
        Step("yamllint", ["yamllint", "--strict", "."], beside=True),
        Step("shellcheck", ["shellcheck", "--external-sources", *shell_scripts()], beside=True),
        Step("changelog", ["antsibull-changelog", "lint"], beside=True),
        Step("model-page", [sys.executable, "-m", "docs.tools.model_docs", "--check"], beside=True),
        Step(
            "coverage-page",
            [sys.executable, "-m", "docs.tools.coverage_docs", "--check"],
            beside=True,
        ),
        Step(
            "role-readmes",
            [sys.executable, "-m", "docs.tools.role_docs", "roles", "--check"],
            beside=True,
        ),
        Step("licences", ["reuse", "lint"], beside=True),
        Step(
            "ansible-lint",
            ["ansible-lint", "--offline", "--profile", "production", "--strict", "--nocolor"],
            beside=True,
            thorough=True,
        ),
        Step("sanity", ["tests/tools/sanity.sh"], beside=True, thorough=True),
        Step("archive", pytest("tests/integration/archive"), beside=True, thorough=True),
        Step("unit", pytest("-n", "2", *coverage, "tests/unit")),
        Step("fuzz", pytest("-n", "2", "tests/fuzz")),
        Step("crash", pytest("-n", "2", "tests/crash"), thorough=True),
        Step("preflight", pytest("-n", "2", "tests/integration/preflight")),
        Step(
            "configure",
            pytest("-n", "2", "--dist", "loadgroup", *one_home, "tests/integration/configure"),
        ),
        Step(
            "clusters",
            pytest("-n", "2", "--dist", "loadfile", "tests/integration/clusters"),
            thorough=True,
        ),
        Step(
            "automation",
            pytest("-n", "2", "--dist", "loadscope", "tests/integration/automation"),
            thorough=True,
        ),
        Step("mounts", pytest("tests/integration/mounts"), beside=True, thorough=True),
        Step("benchmark", ["tests/benchmark/run", "--quick"], beside=True, thorough=True),
        Step("fuzz-long", ["tests/fuzz/run", "--cases", "200000"], long=True),
        Step("crash-long", ["tests/crash/run", "--kills", "500", "--faults", "500"], long=True),
        Step(
            "fuzz-guided",
            [
                "tests/fuzz/guided",
                "-max_total_time=600",
                str(CORPUS),
                "tests/fixtures/editor",
            ],
            long=True,
        ),
        Step(
            "edge",
            pytest(
                "tests/integration/edge",
                "tests/integration/firewall",
                "tests/integration/platforms",
            ),
            alone=True,
        ),
        Step("server", pytest("tests/integration/server"), alone=True, long=True),
        Step("state", pytest("tests/integration/state"), alone=True),
        # A run that was killed leaves its hosts, with passwords that this one does not know, and
        # with --destroy never Molecule does not remove them at its start either.
        Step(
            "molecule",
            ["sh", "-c", f"{MOLECULE_DESTROY} && molecule test {DEFAULT_SCENARIO} --destroy never"],
            alone=True,
        ),
        Step("cluster", pytest("tests/integration/cluster"), alone=True),
        Step("browser", pytest("tests/integration/browser"), alone=True),
        Step("clean-up", MOLECULE_DESTROY.split(), alone=True),
        *(scenario(name) for name in SCENARIOS),
        *(
            Step(
                f"core-{release}-{check}",
                [sys.executable, "-m", "tests.tools.cores", release, check],
                beside=check == "sanity",
                cores=True,
            )
            for release, check in cores.names()
        ),
    ]


def run(step: Step) -> StepOutcome:
    """Run one step with its output in a file; say from time to time how far it is, and show the end
    of the output if it fails."""
    log = OUTPUT / f"{step.name}.log"
    started = spoken = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(
            step.command,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                process.returncode = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.2)
            if time.monotonic() - spoken >= HEARTBEAT:
                spoken = time.monotonic()
                say(f"{step.name}: {spoken - started:.0f} s so far. {last_line(log)}")
    output = log.read_text(encoding="utf-8", errors="replace")
    outcome = StepOutcome(
        step,
        count(output, process.returncode),
        time.monotonic() - started,
        usage.ru_utime + usage.ru_stime,
        output,
    )
    if outcome.counts[FAILED]:
        end = "\n".join("    " + line for line in output.splitlines()[-80:])
        say(
            f"{step.name}: FAILED in {outcome.seconds:.0f} s. The end of"
            f" {log.relative_to(REPOSITORY)}:\n{end}"
        )
    else:
        say(f"{step.name}: {summary(outcome.counts)} in {outcome.seconds:.0f} s")
    return outcome


def count(output: str, status: int) -> dict[str, int]:
    """What a step counts for: each of its tests where pytest says how many, else one."""
    counts = dict.fromkeys(OUTCOMES, 0)
    closing = CLOSING.findall(re.sub(r"\x1b\[[0-9;]*m", "", output))
    for number, word in re.findall(r"(\d+) ([a-z]+)", closing[-1] if closing else ""):
        if word in WORDS:
            counts[WORDS[word]] += int(number)
    if status == 0 and not any(counts.values()):
        counts[PASSED] = 1
    if status != 0 and not counts[FAILED]:
        counts[FAILED] = 1
    return counts


def summary(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts[word]} {word}" for word in OUTCOMES if counts[word])


def last_line(log: Path) -> str:
    lines = [
        line.strip()
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
    ]
    return next((line[:120] for line in reversed(lines) if line.strip("*=- ")), "")


def say(text: str) -> None:
    print("{0}  {1}".format(time.strftime("%H:%M:%S"), text), flush=True)


def run_all(chosen: t.Sequence[Step]) -> list[StepOutcome]:
    """The small steps in one thread and the tests, which take both cores, in another; then those
    that run alone, one by one; then pairs."""
    outcomes: dict[str, StepOutcome] = {}

    def work(lane: t.Iterable[Step]) -> None:
        for step in lane:
            outcomes[step.name] = run(step)

    small = threading.Thread(target=work, args=([step for step in chosen if step.beside],))
    small.start()
    work([step for step in chosen if not step.beside and not step.alone])
    small.join()
    work([step for step in chosen if step.alone and not step.paired])
    pairs = iter([step for step in chosen if step.paired])
    lanes = [threading.Thread(target=work, args=(pairs,)) for _lane in range(2)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    return [outcomes[step.name] for step in chosen]


def skip_reasons(outcomes: t.Sequence[StepOutcome]) -> list[str]:
    found = {
        f"{outcome.step.name}: {match.group(1)}": None
        for outcome in outcomes
        for match in re.finditer(r"^SKIPPED \[\d+\] .*?: (.*)$", outcome.output, re.MULTILINE)
    }
    return list(found)


def main() -> int:
    parser = argparse.ArgumentParser(
        usage="scripts/test [--fast | --long | --cores] [--without-containers] [--only NAME]...",
        add_help=False,
    )
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--fast", action="store_true")
    extent.add_argument("--long", action="store_true")
    extent.add_argument("--cores", action="store_true")
    parser.add_argument("--without-containers", action="store_true")
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    everything = steps(arguments.fast)
    names = [step.name for step in everything]
    if arguments.list:
        print("\n".join(names))
        return 0
    unknown = sorted(set(arguments.only or ()) - set(names))
    if unknown:
        parser.error(
            "no such step: {0}. There are: {1}".format(", ".join(unknown), ", ".join(names))
        )
    left_out = {
        step.name
        for step in everything
        if (step.alone and (arguments.fast or arguments.without_containers))
        or (step.thorough and arguments.fast)
        or (step.long and not arguments.long)
        or step.cores != arguments.cores
    }
    chosen = [step for step in everything if step.name in (arguments.only or set(names) - left_out)]
    CORPUS.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] = "{0}{1}{2}".format(
        Path(sys.executable).parent, os.pathsep, os.environ["PATH"]
    )
    os.environ.update(SCENARIO)
    # Unbuffered, Python reads a module from a pipe byte by byte; without compiled code on disk it
    # compiles again (docs/performance.md).
    for name in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    if not arguments.long:
        # Read by every pytest, also the one that Molecule starts.
        os.environ["PYTEST_ADDOPTS"] = '-m "not slow"'
    started = time.monotonic()
    say("Steps: {0}".format(", ".join(step.name for step in chosen)))
    outcomes = run_all(chosen)

    row = "{0:<20} {1:>8} {2:>10}  {3}"
    print("\n" + row.format("step", "seconds", "processor", "outcome"))
    for outcome in outcomes:
        times = (format(seconds, ".1f") for seconds in (outcome.seconds, outcome.processor_seconds))
        print(row.format(outcome.step.name, *times, summary(outcome.counts)))
    processor = sum(outcome.processor_seconds for outcome in outcomes)
    print(
        row.format(
            "together", format(time.monotonic() - started, ".1f"), format(processor, ".1f"), ""
        ).rstrip()
    )
    for reason in skip_reasons(outcomes):
        print(f"skipped: {reason}")
    totals = {word: sum(outcome.counts[word] for outcome in outcomes) for word in OUTCOMES}
    print("\n{0}".format(", ".join(f"{totals[word]} {word}" for word in OUTCOMES)), flush=True)
    return 1 if totals[FAILED] else 0


if __name__ == "__main__":
    sys.exit(main())
