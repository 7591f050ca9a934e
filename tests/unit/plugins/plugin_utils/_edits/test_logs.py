# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The edits of log4j2.properties; what log4j makes of them is in
tests/integration/configure/test_logs.py."""

from __future__ import annotations

from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._edits.logs import log4j2_edits


def test_each_log_has_numbered_files_of_a_size_and_a_number() -> None:
    edits = {edit["key"]: edit["value"] for edit in log4j2_edits(3, 1)}
    assert len(edits) == 4 * 9
    tm = "appender.ATOMIKOS_LOGFILE."
    assert {key[len(tm) :]: value for key, value in edits.items() if key.startswith(tm)} == {
        "filePattern": "${sys:carbon.home}/repository/logs/tm-%d{MM-dd-yyyy}.%i.out",
        "policies.size.size": "1MB",
        "strategy.fileIndex": "nomax",
        "strategy.action.type": "Delete",
        "strategy.action.basePath": "${sys:carbon.home}/repository/logs",
        "strategy.action.name.type": "IfFileName",
        "strategy.action.name.glob": "tm-[0-9]*.out",
        "strategy.action.name.count.type": "IfAccumulatedFileCount",
        "strategy.action.name.count.exceeds": "3",
    }
