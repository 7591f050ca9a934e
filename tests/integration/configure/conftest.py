# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Product homes on this machine, configured by playbooks/configure.yml as an image builder or a
reviewer would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

from tests.integration.configure.sites import PARAMETERS, SHARED, SITES, ProcessList, Site


class Configured(t.NamedTuple):
    """A site after its first and its second run."""

    site: Site
    first: t.Any
    second: t.Any
    numstat: dict[str, tuple[int, int]]
    after_first: dict[str, tuple[int, int, bytes]]
    after_second: dict[str, tuple[int, int, bytes]]
    processes: ProcessList


def pytest_collection_modifyitems(items: list[t.Any]) -> None:
    """Tests of one site run in one process, because each process makes its own."""
    for item in items:
        name = getattr(item, "callspec", None) and item.callspec.params.get("configured")
        if name:
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture(scope="session", params=PARAMETERS)
def configured(
    request: t.Any, tmp_path_factory: t.Any, playbook: t.Callable[..., t.Any]
) -> Configured:
    site = Site(tmp_path_factory.mktemp(request.param), **SITES[request.param])
    with ProcessList(site.secrets.token) as processes:
        first = playbook("playbooks/configure.yml", site.inventory, "-vvv", "--diff")
    assert first.status == 0, first.output
    numstat, after_first = site.numstat(), site.state()
    second = playbook("playbooks/configure.yml", site.inventory)
    assert second.status == 0, second.output
    return Configured(site, first, second, numstat, after_first, site.state(), processes)


@pytest.fixture
def site(tmp_path: Path) -> t.Iterator[t.Callable[..., Site]]:
    def make(**arguments: t.Any) -> Site:
        source = "real" if (SHARED / "real").is_dir() else "fixtures"
        return Site(tmp_path / "site", **{"source": source, **arguments})

    yield make


@pytest.fixture(scope="session")
def oracle() -> t.Callable[[Path], dict[str, t.Any]]:
    """What the product's own parsers read in a home."""
    program = SHARED / "oracle" / "oracle"
    if not program.exists():
        pytest.skip("the product's own parsers are not here: set CARBON_OPS_SHARED to their folder")
    if not (shutil.which("java") and shutil.which("mvn")):
        pytest.skip("the product's own parsers need java and mvn")

    def read(home: Path) -> dict[str, t.Any]:
        done = subprocess.run(
            [str(program), str(home)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode in (0, 1), done.stderr
        return dict(json.loads(done.stdout))

    return read


@pytest.fixture(scope="session")
def unprivileged() -> list[str]:
    """What a command begins with to run without privileges.

    Root without a single capability can do to a file what its owner can, and no more: it opens none
    that is closed and gives none away.
    """
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        # As root the edits would succeed anywhere, and the test would prove nothing.
        pytest.skip("setpriv, by which root gives up its privileges, is not here")
    return [
        "setpriv",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--ambient-caps=-all",
        "--no-new-privs",
    ]
