# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: seconds
type: aggregate
short_description: How long each task took
description: Writes the seconds of each task, and on how many hosts it ran, as JSON to the file that
  CARBON_OPS_SECONDS names.
"""

import json
import os
import time
from pathlib import Path

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        # The process started before this plugin was loaded.
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        self._begun = ticks / os.sysconf("SC_CLK_TCK")
        self._tasks = []
        self._play = ""

    @staticmethod
    def _now():
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def v2_playbook_on_play_start(self, play):
        self._play = play.get_name()

    def v2_playbook_on_task_start(self, task, is_conditional):
        role = f"{task._role.get_name()}: " if task._role else ""
        name = task.name or task.action
        self._tasks.append(
            {
                "play": self._play,
                "task": role + name,
                "action": task.action,
                "at": self._now(),
                "hosts": 0,
            }
        )

    def _ended(self, result):
        if self._tasks:
            self._tasks[-1]["hosts"] += 1

    v2_runner_on_ok = v2_runner_on_skipped = _ended

    def v2_playbook_on_stats(self, stats):
        end = self._now()
        starts = [task["at"] for task in self._tasks] + [end]
        for task, start, following in zip(self._tasks, starts, starts[1:]):
            task["seconds"] = round(following - start, 3)
            del task["at"]
        result = {
            "before": round(starts[0] - self._begun, 3),
            "seconds": round(end - self._begun, 3),
            "tasks": self._tasks,
        }
        Path(os.environ["CARBON_OPS_SECONDS"]).write_text(json.dumps(result), encoding="utf-8")
