# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits files in a process of its own, without Ansible, and prints what that took as JSON.

worker.py files JOB.json           the edits of a job, once
worker.py large FILE SIZE EDITS    a generated file of about SIZE bytes, first and unchanged
"""

from __future__ import annotations

import json
import resource
import sys
import time
import typing as t
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "collections"))
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Server'
    ' xmlns="http://wso2.org/projects/carbon/carbon.xml">\n'
)
# As many bytes for each element and comment as the products' files have, about 110: they explain
# each setting at length.
_BLOCK = """\
    <!--
        Whether the server does what setting {0} says, and where the others find it. Change this only on all nodes of the cluster at once,
        because each of them tells the others what it was started with. The default is right unless a load balancer stands before the nodes.
    -->
    <Setting name="s{0}" enable="true">
        <Value>value {0}</Value>
        <Url>https://localhost:9443/services/s{0}?a=1&amp;b=2</Url>
    </Setting>

"""


def make(path: Path, size: int) -> int:
    """A file of at least that many bytes, written piece by piece: what was in memory once would
    hide what the editor takes."""
    number = written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        written += file.write(_HEAD)
        while written < size:
            written += file.write(_BLOCK.format(number))
            number += 1
        file.write("</Server>\n")
    return number


def measured(work: t.Callable[[], t.Any]) -> tuple[float, float, t.Any]:
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - clock, time.process_time() - processor, result


def large(path: Path, size: int, number: int) -> dict[str, t.Any]:
    blocks = make(path, size)
    # One edit for each block at most, and spread over the file.
    number = min(number, blocks)
    edits = [
        {
            "xpath": f"/Server/Setting[@name='s{place * blocks // number}']/Value",
            "text": f"new {place}",
        }
        for place in range(number)
    ]
    files = [{"path": str(path), "edits": edits}]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock, processor, result = measured(lambda: patch_files(files))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert result.changed
    del result
    clock_again, processor_again, again = measured(lambda: patch_files(files))
    assert not again.changed
    return {
        "bytes": path.stat().st_size,
        "edits": len(edits),
        "seconds": clock,
        "processor_seconds": processor,
        "unchanged_seconds": clock_again,
        "unchanged_processor_seconds": processor_again,
        "memory": (peak - before) * 1024,
    }


if __name__ == "__main__":
    if sys.argv[1] == "files":
        patch_files(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))["files"])
    else:
        print(json.dumps(large(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
