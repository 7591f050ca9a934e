# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What all tests of whole playbooks share: a way to run one."""

from __future__ import annotations

import typing as t

import pytest

from tests.support.playbooks import run_playbook


@pytest.fixture(scope="session")
def playbook() -> t.Callable[..., t.Any]:
    return run_playbook
