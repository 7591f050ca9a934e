# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Only a run that left nothing out shows that a cluster is whole, so role verify knows every tag
that can be skipped."""

from __future__ import annotations

import typing as t

import yaml
from support.paths import REPOSITORY


def tags_in(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from tags_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "tags":
                yield from [item] if isinstance(item, str) else item
            else:
                yield from tags_in(item)


def test_role_verify_knows_every_tag() -> None:
    sources = [*REPOSITORY.glob("playbooks/*.yml"), *REPOSITORY.glob("roles/*/tasks/*.yml")]
    used = {tag for source in sources for tag in tags_in(yaml.safe_load(source.read_text()))}
    assert {"always", "cluster", "verify"} <= used
    known = yaml.safe_load((REPOSITORY / "roles/verify/vars/main.yml").read_text())["__verify_tags"]
    assert set(known) == used
