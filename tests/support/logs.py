# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Lines as the two generations of Carbon kernels write them to wso2carbon.log."""

from __future__ import annotations

import re

CLUSTERING = "org.wso2.carbon.core.clustering.hazelcast."
# As a real kernel 4.7.1 names them in its log.
LOGGERS = {
    "WKABasedMembershipScheme": CLUSTERING + "wka.WKABasedMembershipScheme",
    "Agent": CLUSTERING + "HazelcastClusteringAgent",
    "EmbeddedRegistryService": "org.wso2.carbon.registry.core.jdbc.EmbeddedRegistryService",
    "UI": "org.wso2.carbon.ui.internal.CarbonUIServiceComponent",
    "Login": "org.wso2.carbon.core.services.util.CarbonAuthenticationUtil",
    "Pool": "org.apache.tomcat.jdbc.pool.ConnectionPool",
}


def log4j2(
    text: str, logger: str = "Pool", level: str = "INFO", at: str = "2026-01-01 12:00:00"
) -> str:
    """An event of kernel 4.7.1."""
    return f"TID: [-1234] [] [{at},042] {level:>5} {{{LOGGERS.get(logger, logger)}}} - {text}"


def log4j1(
    text: str, logger: str = "Pool", level: str = "INFO", at: str = "2026-01-01 12:00:00"
) -> str:
    """An event of kernel 4.4, which has the logger once more at the end."""
    name = LOGGERS.get(logger, logger)
    return f"TID: [-1234] [] [{at},042] {level:>5} {{{name}}} -  {text} {{{name}}}"


def logged(line: str) -> str:
    """A short form (``LEVEL {Logger} - text``, or an exception) as kernel 4.7.1 writes it."""
    match = re.match(r"(INFO|WARN|ERROR) (?:\{([\w.]+)\} )?- (.*)", line)
    if match:
        return log4j2(match.group(3), match.group(2) or "Pool", match.group(1))
    if line.startswith("Mgt Console URL"):
        return log4j2(line, "UI")
    if re.match(r"(?:[a-z]\w*\.)+[A-Z]\w+: ", line):
        return log4j2("It failed.", "Pool", "ERROR") + "\n" + line
    return log4j2(line, "Pool", "ERROR")
