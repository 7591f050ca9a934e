# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a Carbon server, for the tests of this folder."""

from __future__ import annotations

from tests.support.carbon import carbon, clock, config, pki

__all__ = ["carbon", "clock", "config", "pki"]
