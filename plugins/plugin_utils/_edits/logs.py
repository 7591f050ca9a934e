# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bound of log files, in log4j2.properties of kernel 4.7. Kernel 4.4 has log4j 1 instead."""

from __future__ import annotations

LOGS = "${sys:carbon.home}/repository/logs"
# The appenders of the kernel's file, with beginning and ending of their files' names.
APPENDERS = {
    "CARBON_LOGFILE": ("wso2carbon", "log"),
    "AUDIT_LOGFILE": ("audit", "log"),
    "ATOMIKOS_LOGFILE": ("tm", "out"),
    "CARBON_TRACE_LOGFILE": ("wso2carbon-trace-messages", "log"),
}


def log4j2_edits(files: int, megabytes: int) -> list[dict[str, str]]:
    """The edits by which each log keeps so many earlier files of this size.

    As shipped, the names of earlier files have no number: of one day, each overwrites the one
    before. Which numbered files are too many, an action counts over all days, because the limit of
    the strategy itself holds for one day only.
    """
    edits = []
    for appender, (stem, ending) in APPENDERS.items():
        values = {
            "filePattern": f"{LOGS}/{stem}-%d{{MM-dd-yyyy}}.%i.{ending}",
            "policies.size.size": f"{megabytes}MB",
            "strategy.fileIndex": "nomax",
            "strategy.action.type": "Delete",
            "strategy.action.basePath": LOGS,
            "strategy.action.name.type": "IfFileName",
            "strategy.action.name.glob": f"{stem}-[0-9]*.{ending}",
            "strategy.action.name.count.type": "IfAccumulatedFileCount",
            "strategy.action.name.count.exceeds": str(files),
        }
        edits += [
            {"key": f"appender.{appender}.{key}", "value": value} for key, value in values.items()
        ]
    return edits
