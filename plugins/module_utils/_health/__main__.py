# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The health check as a program, which systemd runs around the server."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import typing as t

from .checks import check_members, check_services, wait_for_databases, warm
from .errors import HealthError
from .log import (
    DATABASE_AWAY,
    LogPosition,
    error_lines,
    explain,
    log_since,
    shown_by_log,
    written_by_itself,
)
from .record import load_config, read_start, record_giving_up, record_ready, record_start

# How long the log may stay silent after an error from which the product never recovers by itself.
FATAL_GRACE_SECONDS = 30.0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait(
    config: dict[str, t.Any],
    seconds: float,
    with_warm_up: bool = False,
    members: str = "",
    main_pid: int = 0,
    now: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> dict[str, t.Any]:
    """Blocks until the server is healthy; raises HealthError with a sentence and the log's last
    errors when it gives up."""
    limit = now() + seconds
    start = read_start(config)
    position = LogPosition(*start.get("log", (0, 0)))
    silent_since, written = now(), 0
    while True:
        lines = log_since(config["log_file"], position)
        shown = shown_by_log(lines, config)
        if shown["ready"] is False and not start.get("ready_at"):
            # Not over HTTP yet: a request before the server is ready gives an error and a stack
            # trace in its log.
            problem = HealthError(
                "start", "its log does not show '{0}' yet.".format(config["ready_line"])
            )
        else:
            try:
                check_services(config)
                if members:
                    check_members(config, members)
                if with_warm_up:
                    warm(config)
                return shown
            except HealthError as error:
                problem = error
        causes = explain(lines)
        reason = ""
        if main_pid and not _alive(main_pid):
            reason = "its process has ended"
        elif now() >= limit:
            reason = f"it was given {seconds:g} s"
        elif any(
            fatal or (problem.part == "start" and sentence.startswith(DATABASE_AWAY))
            for sentence, fatal in causes
        ):
            # Once it is ready it is asked every second, and writes of that.
            length = written_by_itself(lines) if shown["ready"] else len(lines)
            if length != written:
                silent_since, written = now(), length
            if now() - silent_since >= FATAL_GRACE_SECONDS:
                reason = "waiting longer does not help"
        if reason:
            text = "{0} is not healthy ({1}): {2}".format(config["instance"], reason, problem)
            known = [sentence for sentence, _fatal in causes]
            log = error_lines(lines)
            raise HealthError(
                problem.part, "\n".join([" ".join([text] + known)] + ["  " + line for line in log])
            )
        sleep(1.0)


def _arguments(argv: t.Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="carbon_health.py", description="Tells whether a Carbon server is healthy."
    )
    parser.add_argument("--config", required=True, help="the instance's health.json")
    parser.add_argument(
        "--show-start",
        action="store_true",
        help="write what is on record of the last start as JSON, and do nothing else",
    )
    parser.add_argument(
        "--record-start",
        action="store_true",
        help="note what the server is about to start with, and do nothing else",
    )
    parser.add_argument(
        "--await-databases",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait so long at most until the database server can be reached, and do nothing else",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait so long at most until the server is healthy",
    )
    parser.add_argument(
        "--warm", action="store_true", help="fetch the first pages until they come fast"
    )
    parser.add_argument(
        "--members",
        default="",
        metavar="reachable|all|N",
        help="other members that must be connected",
    )
    parser.add_argument(
        "--without", default="", metavar="NAME,...", help="other nodes that cannot be members yet"
    )
    parser.add_argument("--json", action="store_true", help="write the result as JSON")
    return parser.parse_args(argv)


def _before_the_start(arguments: argparse.Namespace, config: dict[str, t.Any]) -> bool:
    """Does what the unit does before the server; returns whether it was asked for."""
    if arguments.await_databases:
        try:
            wait_for_databases(config, arguments.await_databases)
        except HealthError as error:
            record_giving_up(config, str(error))
            raise
    elif arguments.record_start:
        record_start(config)
    elif arguments.show_start:
        sys.stdout.write(json.dumps(read_start(config)) + "\n")
    return bool(arguments.await_databases or arguments.record_start or arguments.show_start)


def main(argv: t.Sequence[str] | None = None) -> int:
    """Run the command of the health check; returns its exit code."""
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    result: dict[str, t.Any] = {"healthy": False}
    try:
        config = load_config(arguments.config)
        config["others"] = [
            other
            for other in config.get("others") or []
            if other["name"] not in arguments.without.split(",")
        ]
        if _before_the_start(arguments, config):
            return 0
        if arguments.wait:
            starting = "MAINPID" in os.environ
            try:
                shown = wait(
                    config,
                    arguments.wait,
                    arguments.warm,
                    arguments.members,
                    int(os.environ.get("MAINPID") or 0),
                )
            except HealthError as error:
                if starting:
                    record_giving_up(config, str(error))
                raise
            if starting:
                record_ready(config, shown)
        else:
            check_services(config)
        # A node that has just started is healthy before it has joined; who needs it to have joined
        # says so.
        wanted = arguments.members or ("" if arguments.wait else "reachable")
        result["members"] = [config["name"]] + (check_members(config, wanted) if wanted else [])
        if arguments.warm and not arguments.wait:
            warm(config)
        result["healthy"] = True
        sentence = "{0} is healthy.".format(config["instance"])
        if wanted:
            sentence = "{0} is healthy; members: {1}.".format(
                config["instance"], ", ".join(result["members"])
            )
        code = 0
    except HealthError as error:
        sentence, code = str(error), error.exit_code
        result["part"] = error.part
    result["sentence"] = sentence
    # On the nodes this file is a program, not only a part of modules.
    stream = sys.stdout if code == 0 or arguments.json else sys.stderr
    print(json.dumps(result) if arguments.json else sentence, file=stream)  # pylint: disable=ansible-bad-function
    return code


if __name__ == "__main__":
    sys.exit(main())  # pylint: disable=ansible-bad-function
