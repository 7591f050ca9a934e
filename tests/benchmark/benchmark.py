# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The parts of the benchmark, chosen on the command line; tables for the reader, and everything as
JSON on the last line."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from tests.benchmark import cluster, editor, many, node
from tests.benchmark.connections import CONNECTIONS
from tests.benchmark.measuring import REPOSITORY, NotHere, table

PARTS = {
    "node": (node.measure, node.show, node.holds),
    "nodes": (cluster.measure_nodes, cluster.show_nodes, cluster.holds_nodes),
    "clusters": (many.measure, many.show, many.holds),
    "editor": (editor.measure, editor.show, editor.holds),
    "site": (cluster.measure_site, cluster.show_site, cluster.holds_site),
}
DESCRIPTION = """\
Measures what the collection costs, and compares it with what nobody can go below.

parts:
  node    one node's product files in one invocation of xml_patch, first and unchanged, against the usual way (community.general.xml) and
          against a task that does nothing (floor); locally, over ssh, and over ssh with 50 ms more for each round trip; and Augeas
  nodes   playbooks/configure.yml over 2, 10, 20 and 40 nodes, against as many tasks that do nothing
  clusters  playbooks/parts/model.yml on 100 clusters in one inventory, and with --limit to one host, against a play that does nothing
  editor  the editor alone: files of 10 kB to 50 MB, 1 to 2,000 edits; time, memory, and what each module costs before it works
  site    site.yml on a running cluster that is as it should be, and which task took how long; needs --inventory

What is compared runs in turn, round after round; the figures are medians, and ratios are of the same round. Run it on a quiet machine.
"""


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests/benchmark/run",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help="node, nodes, clusters, editor, site; without any, all but the last",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small and once: shows that the benchmark works, no figure to quote",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=5,
        help="how often everything runs, after a first time that does not count (5)",
    )
    parser.add_argument(
        "--baseline-rounds",
        type=int,
        default=2,
        help="the same for the usual way, which takes long (2)",
    )
    parser.add_argument(
        "--connections",
        default=",".join(CONNECTIONS),
        help="of part node: {0}".format(",".join(CONNECTIONS)),
    )
    parser.add_argument(
        "--nodes", default="2,10,20,40", help="numbers of nodes of part nodes (2,10,20,40)"
    )
    parser.add_argument("--inventory", help="inventory of a running cluster, for part site")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end with an error when something that must hold does not",
    )
    arguments = parser.parse_args(given)
    unknown = sorted(set(arguments.parts) - set(PARTS))
    if unknown:
        parser.error("there is no part {0}. There are: {1}".format(unknown[0], ", ".join(PARTS)))
    arguments.parts = arguments.parts or ["node", "nodes", "clusters", "editor"]
    arguments.connections = ["local"] if arguments.quick else arguments.connections.split(",")
    if set(arguments.connections) - set(CONNECTIONS):
        parser.error("--connections takes of {0}".format(", ".join(CONNECTIONS)))
    arguments.nodes = [int(number) for number in arguments.nodes.split(",")]
    arguments.rounds = 1 if arguments.quick else max(arguments.rounds, 1)
    return arguments


def _machine() -> dict[str, t.Any]:
    import ansible
    from lxml import etree

    cpu = "unknown"
    if Path("/proc/cpuinfo").exists():
        names = [
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ]
        cpu = names[0] if names else platform.machine()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=REPOSITORY,
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return {
        "cores": os.cpu_count(),
        "cpu": cpu,
        "system": f"{platform.system()} {platform.release()}",
        "load": [round(value, 1) for value in os.getloadavg()],
        "python": platform.python_version(),
        "ansible_core": ansible.__version__,
        "lxml": ".".join(str(part) for part in etree.LXML_VERSION[:3]),
        "commit": commit,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _say(text: str) -> None:
    print("{0}  {1}".format(time.strftime("%H:%M:%S"), text), file=sys.stderr, flush=True)


def main(given: list[str] | None = None) -> int:
    arguments = _arguments(given)
    results: dict[str, t.Any] = {"machine": _machine(), "quick": arguments.quick, "skipped": []}
    claims = []
    for part in arguments.parts:
        measure, show, holds = PARTS[part]
        try:
            results[part] = measure(arguments, _say)
        except NotHere as reason:
            results["skipped"].append(str(reason))
            continue
        results["skipped"] += results[part].get("skipped", [])
        print("\n" + "\n\n".join(show(results[part])), flush=True)
        claims += list(holds(results[part]))
    kept = {"<=": lambda value, limit: value <= limit, ">=": lambda value, limit: value >= limit}
    results["holds"] = [
        {
            "what": what,
            "value": round(value, 3),
            "sign": sign,
            "limit": limit,
            "ok": kept[sign](value, limit),
        }
        for what, value, sign, limit in claims
    ]
    if claims and not arguments.quick:
        rows = [
            [one["what"], one["value"], one["sign"], one["limit"], "yes" if one["ok"] else "NO"]
            for one in results["holds"]
        ]
        print("\n" + table(["must hold", "is", "", "limit", "holds"], rows))
    for reason in results["skipped"]:
        print(f"skipped: {reason}")
    print(json.dumps(results), flush=True)
    return 1 if arguments.strict and not all(one["ok"] for one in results["holds"]) else 0


if __name__ == "__main__":
    sys.exit(main())
