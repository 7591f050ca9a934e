# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The containers of these tests, made once."""

from __future__ import annotations

from tests.integration.state.state_hosts import hosts

__all__ = ["hosts"]
