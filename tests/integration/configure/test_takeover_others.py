# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""API Manager, and Identity Server as its Key Manager, edited by hand after the documents: taken
over as test_takeover.py has it.

Somebody who edits by hand keeps the old value in a comment beside the new one. Those comments stay
what they are.
"""

from __future__ import annotations

import difflib
import re
import typing as t
from pathlib import Path

import pytest

from tests.integration.configure.meaning import comments, meaning
from tests.integration.configure.sites import SHARED, Site
from tests.integration.configure.test_products import Sites
from tests.integration.configure.test_takeover import CONF, DATASOURCE, DATASOURCES, LOCAL, rewrite

pytestmark = pytest.mark.slow

DOCUMENTED = "https://km.bank.example:{0}/services/"


def server_url(element: str, new: str) -> tuple[str, str]:
    """The first ServerURL below this element, with the old one kept in a comment."""
    return (
        rf"(<{element}>(?:(?!</{element}>).)*?)<ServerURL>([^<]*)</ServerURL>",
        r"\1<!-- <ServerURL>\2</ServerURL> -->\n<ServerURL>" + new + "</ServerURL>",
    )


def datasources(*names: str) -> str:
    return "".join(
        DATASOURCE.format(
            name=name, jndi=jndi, description=description, url=LOCAL.format(database)
        ).replace("\\", r"\\")
        for name, (jndi, database, description) in DATASOURCES.items()
        if name in names
    )


def open_banking_api_manager(home: Path, port: int = 9443) -> None:
    """What the documents say of the side that calls the Key Managers."""
    url = DOCUMENTED.format(port)
    rewrite(
        home / CONF / "api-manager.xml",
        server_url("AuthManager", url),
        server_url("APIKeyValidator", url),
        (r"(<RevokeAPIURL>https://)localhost", r"\g<1>api.bank.example"),
    )


def identity_server(home: Path) -> None:
    conf = home / CONF
    rewrite(conf / "carbon.xml", (r"<Offset>0<", "<Offset>1<"))
    rewrite(
        conf / "api-manager.xml",
        (r"(<RevokeAPIURL>https://)localhost:[^/]*", r"\g<1>10.1.0.1:8243"),
        *(
            (rf"<!--({name}>[^<]*</{name})-->", r"<\1>")
            for name in ("ClaimsRetrieverImplClass", "ConsumerDialectURI")
        ),
        # Typed below the comment, not uncommented.
        (
            r"(<!--SignatureAlgorithm>[^<]*</SignatureAlgorithm-->)",
            r"\1\n<SignatureAlgorithm>SHA256withRSA</SignatureAlgorithm>",
        ),
    )
    rewrite(
        conf / "datasources/master-datasources.xml",
        (
            r"<datasource>\s*<name>WSO2_UM_DB</name>.*?</datasource>\s*",
            datasources("WSO2UM_DB", "WSO2REG_DB"),
        ),
    )
    rewrite(
        conf / "registry.xml",
        (r"(<dbConfig name=\"govregistry\">\s*<dataSource>)[^<]*", r"\g<1>jdbc/WSO2REG_DB"),
    )
    rewrite(
        conf / "identity/identity.xml",
        (r"(<JDBCPersistenceManager>.*?<Name>)[^<]*", r"\g<1>jdbc/WSO2AM_DB"),
    )


def api_manager(home: Path) -> None:
    open_banking_api_manager(home, 9444)
    conf = home / CONF
    rewrite(
        conf / "datasources/master-datasources.xml",
        (
            r"(<datasource>\s*<name>WSO2_COMMON_DB</name>)",
            datasources("WSO2UM_DB", "WSO2REG_DB") + r"\1",
        ),
    )
    # API Manager's own document has one instance for both mounts.
    rewrite(
        conf / "registry.xml",
        (
            r'<dbConfig name="configRegistry">(\s*<dataSource>)[^<]*',
            r'<dbConfig name="govregistry">\1jdbc/WSO2REG_DB',
        ),
        (
            r"<id>configInstance</id>(.*?)<dbConfig>configRegistry</dbConfig>",
            r"<id>gov</id>\1<dbConfig>govregistry</dbConfig>",
        ),
        (r"<instanceId>configInstance</instanceId>", "<instanceId>gov</instanceId>"),
        (r'<dbConfig name="governanceRegistry">.*?</remoteInstance>\s*', ""),
        (r"<instanceId>governanceInstance</instanceId>", "<instanceId>gov</instanceId>"),
    )
    rewrite(conf / "user-mgt.xml", (r'(name="dataSource">)[^<]*', r"\g<1>jdbc/WSO2UM_DB"))


class Case(t.NamedTuple):
    make: t.Callable[[Path], t.Any]
    by_hand: dict[str, t.Callable[[Path], None]]
    # Of each of these texts one is there afterwards, outside of comments; by host and file.
    once: dict[tuple[str, str], list[str]]


def open_banking(folder: Path) -> Site:
    return Site(folder, source="real", nodes=1)


def hybrid(folder: Path) -> Sites:
    folder.mkdir()
    return Sites(folder)


MOUNTS = [
    'path="/_system/config" overwrite="true">',
    'path="/_system/governance" overwrite="true">',
]
CASES = {
    "open_banking": Case(
        open_banking,
        {"am1": open_banking_api_manager},
        {
            ("am1", "api-manager.xml"): [
                "<RevokeAPIURL>",
                "<KeyValidatorClientType>",
                "<EnableThriftServer>",
            ],
        },
    ),
    "hybrid": Case(
        hybrid,
        {"single-km1": identity_server, "single-am1": api_manager},
        {
            ("single-km1", "api-manager.xml"): [
                *(
                    "<ClaimsRetrieverImplClass>",
                    "<ConsumerDialectURI>",
                    "<SignatureAlgorithm>",
                    "<EnableJWTGeneration>",
                    "<RevokeAPIURL>",
                ),
            ],
            ("single-km1", "carbon.xml"): ["<Offset>", "<HostName>", "<MgtHostName>"],
            ("single-km1", "datasources/master-datasources.xml"): [
                "jdbc/WSO2UM_DB",
                "jdbc/WSO2REG_DB",
                "jdbc/WSO2AM_DB<",
            ],
            ("single-km1", "registry.xml"): MOUNTS,
            ("single-am1", "api-manager.xml"): [
                "<RevokeAPIURL>",
                "<KeyValidatorClientType>",
                "<EnableThriftServer>",
            ],
            ("single-am1", "registry.xml"): MOUNTS,
            ("single-am1", "user-mgt.xml"): ['name="dataSource"'],
            ("single-am1", "datasources/master-datasources.xml"): [
                "jdbc/WSO2UM_DB",
                "jdbc/WSO2REG_DB",
                "jdbc/WSO2AM_DB<",
            ],
        },
    ),
}


def lines_changed(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    diff = list(
        difflib.unified_diff(
            before.decode("latin-1").splitlines(),
            after.decode("latin-1").splitlines(),
            n=0,
            lineterm="",
        )
    )[2:]
    return [line for line in diff if line.startswith("+")], [
        line for line in diff if line.startswith("-")
    ]


@pytest.mark.parametrize("name", CASES)
def test_a_home_edited_by_hand_is_taken_over(
    name: str, tmp_path: Path, playbook: t.Callable[..., t.Any]
) -> None:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    case = CASES[name]
    fresh, edited = (case.make(tmp_path / place) for place in ("fresh", "edited"))
    for site in (fresh, edited):
        text = site.inventory.read_text(encoding="utf-8").replace(
            site.secrets.token, fresh.secrets.token
        )
        site.inventory.write_text(text, encoding="utf-8")
    limit = ("--limit", ",".join(case.by_hand))
    before: dict[tuple[str, str], bytes] = {}
    stock: dict[tuple[str, str], bytes] = {}
    for host, by_hand in case.by_hand.items():
        conf = edited.homes[host] / CONF
        files = {(host, str(path.relative_to(conf))): path for path in sorted(conf.rglob("*.xml"))}
        stock.update({key: path.read_bytes() for key, path in files.items()})
        by_hand(edited.homes[host])
        before.update({key: path.read_bytes() for key, path in files.items()})
    for site, times in ((fresh, 1), (edited, 2)):
        for _time in range(times):
            run = playbook("playbooks/configure.yml", site.inventory, *limit)
            assert run.status == 0, run.output[-6000:]
    assert not re.search(r"changed=[1-9]", run.output), run.output[-6000:]

    for (host, file), texts in case.once.items():
        content = re.sub(
            r"<!--.*?-->",
            "",
            (edited.homes[host] / CONF / file).read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        assert {text: content.count(text) for text in texts} == dict.fromkeys(texts, 1), (
            host,
            file,
        )

    changed = 0
    for (host, file), was_there in before.items():
        after = (edited.homes[host] / CONF / file).read_bytes()
        wanted = (fresh.homes[host] / CONF / file).read_bytes()
        # It says what a run over the stock file makes of that, and what the operator keeps in
        # comments is kept.
        assert meaning(after) == meaning(wanted), (host, file)
        assert set(comments(was_there)) - set(comments(stock[host, file])) <= set(
            comments(after)
        ), (host, file)
        was, now = meaning(was_there), meaning(after)
        differing = {place for place in set(was) | set(now) if was.get(place) != now.get(place)}
        added, removed = lines_changed(was_there, after)
        changed += bool(added)
        # A new attribute on a line of its own also rewrites the line that the tag ended on, and a
        # new block has lines that hold it.
        assert len(added) <= 2 * len(differing) + 1 and len(removed) <= 2 * len(differing) + 1, (
            host,
            file,
            added,
            removed,
        )
    assert changed, "nothing was left to do"
