# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What configure.yml says with --check --diff is what the run then does: the same tasks, hosts and
lines, and nothing besides."""

from __future__ import annotations

import re
import shutil
import typing as t
from pathlib import Path

import pytest

from tests.integration.configure.sites import SHARED, WITHOUT_ROOT, Site
from tests.integration.configure.test_products import Sites

# One host after the other, so that the output of two runs has one order.
IN_ORDER = {"ANSIBLE_FORKS": "1"}
CONFIGURE = "playbooks/configure.yml"


def open_banking(folder: Path) -> Site:
    return Site(folder, source="real" if (SHARED / "real").is_dir() else "fixtures")


def identity_server(folder: Path) -> Sites:
    """Identity Server as Key Manager beside API Manager 2.6.0, alone and in pairs, and two Open
    Banking Key Managers on one machine."""
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    folder.mkdir()
    return Sites(folder)


def kernel(folder: Path) -> Site:
    """The server of the demonstration, which has files of the shape of Open Banking's."""
    return Site(
        folder,
        source="fixtures",
        product="carbon_4.7.1",
        nodes=1,
        cluster_admin_user="admin",
        cluster_database={"vendor": "mariadb"},
    )


def state(made: t.Any) -> dict[Path, t.Any]:
    files = sorted(path for home in made.homes.values() for path in home.rglob("*"))
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in files
    }


def told(output: str) -> list[str]:
    """The output by task, without the stars that fill its headings."""
    return [
        re.sub(r" \*+\n", "\n", part)
        for part in re.split(r"^(?=PLAY|TASK)", output, flags=re.MULTILINE)
    ]


@pytest.mark.parametrize(
    "make",
    [
        open_banking,
        pytest.param(identity_server, marks=pytest.mark.slow),
        pytest.param(kernel, marks=pytest.mark.slow),
    ],
)
def test_check_mode_says_exactly_what_the_run_then_does(
    make: t.Callable[[Path], t.Any], tmp_path: Path, playbook: t.Callable[..., t.Any]
) -> None:
    made = make(tmp_path / "site")
    before = state(made)
    checked = playbook(CONFIGURE, made.inventory, "--check", "--diff", settings=IN_ORDER)
    assert checked.status == 0, checked.output[-4000:]
    assert state(made) == before, "check mode wrote something"
    done = playbook(CONFIGURE, made.inventory, "--diff", settings=IN_ORDER)
    assert done.status == 0, done.output[-4000:]
    assert told(checked.output) == told(done.output)
    changed = re.findall(r"^(\S+) .*changed=[1-9]", done.output, re.MULTILINE)
    assert sorted(changed) == sorted(made.homes), "a host on which nothing was to do shows nothing"

    again = playbook(CONFIGURE, made.inventory, "--check", "--diff", settings=IN_ORDER)
    assert again.status == 0 and not re.search(r"changed=[1-9]", again.output), again.output[-4000:]


def test_where_no_product_is_there_yet_check_mode_says_so_and_goes_on(
    tmp_path: Path, playbook: t.Callable[..., t.Any]
) -> None:
    made = Site(tmp_path / "site", source="fixtures")
    made.variables.update(WITHOUT_ROOT)
    made.write_inventory()
    for home in made.homes.values():
        shutil.rmtree(home)
    done = playbook("site.yml", made.inventory, "--check", "--tags", "configure")
    assert done.status == 0, done.output[-4000:]
    changed = re.findall(r"^(\S+) .*changed=1 ", done.output, re.MULTILINE)
    assert sorted(changed) == sorted(made.homes), done.output[-4000:]
    for home in made.homes.values():
        assert f"The product files in {home} will be configured" in re.sub(r"\s+", " ", done.output)
    refused = playbook("site.yml", made.inventory, "--tags", "configure")
    assert refused.status != 0 and "is not a product home" in refused.output
