# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Writes down what the three modules of product files were asked for, one line of JSON for each
invocation. The file holds passwords."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: edits_made
type: aggregate
short_description: Writes down the arguments of the modules that edit product files
description: [Into the file that the environment variable CARBON_OPS_EDITS_MADE names.]
"""
MODULES = ("xml_patch", "carbon_offset", "wka_members")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "edits_made"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: t.Any) -> None:
        module = result.task.action.rpartition(".")[2]
        if module in MODULES:
            with Path(os.environ["CARBON_OPS_EDITS_MADE"]).open("a", encoding="utf-8") as file:
                json.dump(
                    {
                        "host": result.host.name,
                        "module": module,
                        "arguments": result.task_fields["args"],
                    },
                    file,
                )
                file.write("\n")
