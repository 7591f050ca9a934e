# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What somebody changed by hand in a file of the web applications is found and taken back by the
next run, and nothing else is touched."""

from __future__ import annotations

import re
import typing as t

import pytest

WEB = "repository/deployment/server/"
# File, the pattern of a setting that the inventory decides, and what a hand puts in its place.
BY_HAND = (
    (WEB + "jaggeryapps/portal/conf/site.json", r"('proxyHost' : ')[^']*", r"\1by.hand"),
    (WEB + "jaggeryapps/ccportal/configs/conf.json", r'("host" : ")[^"]*', r"\1by.hand"),
    (WEB + "webapps/shindig/WEB-INF/web.xml", r"(shindig\.port=)443", r"\g<1>9443"),
)


@pytest.mark.parametrize("configured", ["fixtures-documented"], indirect=True)
def test_files_of_web_applications_edited_by_hand_are_mended(
    configured: t.Any, playbook: t.Callable[..., t.Any]
) -> None:
    site = configured.site
    home = site.homes["km1"]
    before = {path: (home / path).read_bytes() for path, _pattern, _new in BY_HAND}
    for path, pattern, new in BY_HAND:
        text, count = re.subn(pattern, new, before[path].decode("utf-8"), count=1)
        assert count == 1, path
        (home / path).write_bytes(text.encode("utf-8"))
    told = playbook("playbooks/configure.yml", site.inventory, "--check", "--diff")
    assert told.status == 0, told.output
    assert all(path in told.output for path in before), told.output
    done = playbook("playbooks/configure.yml", site.inventory)
    assert done.status == 0, done.output
    assert re.findall(r"^(\w+) .*changed=1 ", done.output, re.MULTILINE) == ["km1"]
    assert {path: (home / path).read_bytes() for path in before} == before
