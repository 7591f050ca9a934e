# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a home holds of another choice is taken away: a run makes of it what it makes of the
product's own files."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from tests.integration.configure.meaning import meaning
from tests.integration.configure.sites import QUICK, SITES, Site

# Each process would configure both homes for itself.
pytestmark = pytest.mark.xdist_group("leftovers")

FORMER_PASSWORD = "former-directory-password"  # noqa: S105 - one that must be gone afterwards
FORMER_STORE = f"""
        <UserStoreManager class="org.wso2.carbon.user.core.ldap.FormerUserStoreManager">
            <Property name="ConnectionURL">ldap://former.bank.example:389</Property>
            <Property name="ConnectionPassword">{FORMER_PASSWORD}</Property>
        </UserStoreManager>
"""
FORMER_PROPERTY = '\n            <Property name="UserRolesCacheEnabled">false</Property>'
FORMER_INSTANCE = """
    <dbConfig name="govregistry">
        <dataSource>jdbc/Former</dataSource>
    </dbConfig>
    <remoteInstance url="https://localhost:9443/registry">
        <id>gov</id>
        <dbConfig>govregistry</dbConfig>
    </remoteInstance>
"""
FORMER_VALVE = r"""\g<0>
                <Valve className="org.apache.catalina.valves.RemoteIpValve" internalProxies="former"/>"""


def rewrite(path: Path, pattern: str, new: str) -> None:
    text, count = re.subn(pattern, new, path.read_bytes().decode("utf-8"), count=1, flags=re.DOTALL)
    assert count == 1, (path, pattern)
    path.write_bytes(text.encode("utf-8"))


def leave(home: Path, registry: bool, valve: bool) -> None:
    """What another choice would have left: users in a directory, one registry instance behind both
    mounts, a valve."""
    users = home / "repository/conf/user-mgt.xml"
    block = re.compile(
        r"<(UserStoreManager class=\"[\w.]*JDBCUserStoreManager\">)(.*?</UserStoreManager)>",
        re.DOTALL,
    )
    text = users.read_bytes().decode("utf-8")
    active = next(
        found
        for found in block.finditer(text)
        if text.rfind("<!--", 0, found.start()) <= text.rfind("-->", 0, found.start())
    )
    # Commented out, with a property that stands twice, as the product would take the last.
    properties = FORMER_PROPERTY + re.sub("<!--.*?-->", "", active[2], flags=re.DOTALL)
    text = f"{text[: active.start()]}<!--{active[1]}{properties}-->{text[active.end() :]}"
    users.write_bytes(text.encode("utf-8"))
    rewrite(users, r"\s*<AuthorizationManager", FORMER_STORE.replace("\\", r"\\") + r"\g<0>")
    if registry:
        path = home / "repository/conf/registry.xml"
        if b"<id>gov</id>" not in path.read_bytes():
            rewrite(path, r"\s*<mount path=\"/_system/config\"", FORMER_INSTANCE + r"\g<0>")
        mount = (
            r"(<mount"
            r" path=\"/_system/{0}\"[^>]*>\s*<instanceId>)[^<]*(</instanceId>\s*<targetPath>)[^<]*"
        )
        for name in ("config", "governance"):
            rewrite(path, mount.format(name), r"\g<1>gov\g<2>/former/" + name)
    if valve:
        rewrite(home / "repository/conf/tomcat/catalina-server.xml", r"<Host [^>]*>", FORMER_VALVE)


class Taken(t.NamedTuple):
    """One site with the product's own files, and the same one with what another choice left in
    them."""

    fresh: Site
    left: Site


def make(folder: Path, name: str) -> Taken:
    taken = Taken(
        *(Site(folder / which, **{**SITES[name], "nodes": 1}) for which in ("fresh", "left"))
    )
    taken.left.secrets, taken.left.variables = taken.fresh.secrets, taken.fresh.variables
    for host, home in taken.left.homes.items():
        key_manager = host in taken.left.key_managers
        # The kernel that stands for an API Manager keeps its registry to itself.
        registry = key_manager or taken.left.product != "carbon_4.7.1"
        leave(home, registry=registry, valve=key_manager)
    taken.left.write_inventory()
    return taken


NAMES = [name for name in SITES if not name.endswith("standard")]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.slow] * (name != QUICK)) for name in NAMES],
)
def taken(request: t.Any, tmp_path_factory: t.Any, playbook: t.Callable[..., t.Any]) -> Taken:
    made = make(tmp_path_factory.mktemp("leftovers"), request.param)
    for site in made:
        run = playbook("playbooks/configure.yml", site.inventory)
        assert run.status == 0, run.output
    return made


def meanings(site: Site, host: str) -> dict[str, dict[str, str]]:
    home = site.homes[host]
    return {
        str(path.relative_to(home)): meaning(path.read_bytes())
        for path in sorted((home / "repository/conf").rglob("*.xml"))
    }


def test_nothing_of_another_choice_is_left(taken: Taken) -> None:
    for host in taken.left.homes:
        found, wanted = meanings(taken.left, host), meanings(taken.fresh, host)
        assert found.keys() == wanted.keys()
        for path in wanted:
            assert found[path] == wanted[path], (host, path)


def test_no_password_of_another_user_store_is_left(taken: Taken) -> None:
    for home in taken.left.homes.values():
        text = (home / "repository/conf/user-mgt.xml").read_text(encoding="utf-8")
        assert "FormerUserStoreManager" in text, (
            "what was there before stays in a comment, for a way back"
        )
        assert FORMER_PASSWORD not in text
