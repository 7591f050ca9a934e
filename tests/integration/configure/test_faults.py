# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A hand edit is taken back and nothing else is written; a failing edit writes nothing, says where
it failed, and shows no password."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.integration.configure import expected

CONFIGURE = "playbooks/configure.yml"


def one_node(site: t.Callable[..., t.Any], **arguments: t.Any) -> t.Any:
    return site(nodes=1, api_managers=0, **arguments)


def changed_files(before: t.Any, after: t.Any) -> list[str]:
    assert set(before) == set(after)
    return [path for path in after if before[path] != after[path]]


@pytest.mark.slow
def test_one_byte_edited_by_hand_is_the_only_thing_put_right(
    site: t.Callable[..., t.Any], playbook: t.Callable[..., t.Any]
) -> None:
    there = site()
    assert playbook(CONFIGURE, there.inventory).status == 0
    edited = f"km2/{expected.CONF}carbon.xml"
    path = there.folder / "homes" / edited
    good = path.read_bytes()
    path.write_bytes(good.replace(b"<HostName>km.bank", b"<HostName>kn.bank"))
    assert path.read_bytes() != good
    before = there.state()
    checked = playbook(CONFIGURE, there.inventory, "--check", "--diff")
    assert checked.status == 0, checked.output
    assert "+    <HostName>km.bank.example</HostName>" in checked.output, (
        "check mode does not show what it would change"
    )
    assert there.state() == before, "check mode wrote something"
    run = playbook(CONFIGURE, there.inventory)
    assert run.status == 0, run.output
    after = there.state()
    assert changed_files(before, after) == [edited]
    assert after[edited][2] == good
    counted = dict(re.findall(r"^(\w+) +: .*changed=(\d+) ", run.output, re.MULTILINE))
    assert counted == {"km1": "0", "km2": "1", "am1": "0", "lb1": "0", "db1": "0"}, run.output


def break_markup(content: bytes) -> bytes:
    return content.replace(b"</datasources>", b"", 1)


def repeat_a_datasource(content: bytes) -> bytes:
    """The same JNDI name twice: which of them is meant cannot be told."""
    end = content.index(b"</datasource>", content.index(b"jdbc/WSO2AM_DB")) + len(b"</datasource>")
    start = content.rindex(b"<datasource>", 0, content.index(b"jdbc/WSO2AM_DB"))
    return content[:end] + b"\n        " + content[start:end] + content[end:]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (break_markup, ["master-datasources.xml"]),
        (repeat_a_datasource, ["master-datasources.xml", "jdbc/WSO2AM_DB"]),
    ],
    ids=["malformed", "ambiguous"],
)
def test_a_failing_edit_says_where_writes_nothing_and_shows_no_password(
    damage: t.Callable[[bytes], bytes],
    named: list[str],
    site: t.Callable[..., t.Any],
    playbook: t.Callable[..., t.Any],
) -> None:
    there = one_node(site)
    path = there.homes["km1"] / expected.MASTER
    stored = there.secrets("stored").replace("&", "").replace("<", "").encode()
    good = path.read_bytes().replace(b"<password>root<", b"<password>" + stored + b"<")
    path.write_bytes(damage(good))
    assert path.read_bytes() not in (good, b""), "the file is not damaged"
    before = there.state()
    run = playbook(CONFIGURE, there.inventory, "-vvv", "--diff")
    assert run.status != 0, run.output
    assert "FAILED! =>" in run.output
    # Releases of Ansible before 2.19 say it in the line "fatal:" alone.
    message = re.split(r"^(?:\[ERROR\]|fatal: )", run.output, maxsplit=1, flags=re.M)[1]
    assert all(name in message for name in named), message
    assert there.secrets.token not in run.output, "the output shows a password"
    assert there.state() == before, "a file was written although the call failed"
