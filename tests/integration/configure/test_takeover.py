# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A home that somebody configured by hand, after the documents, is taken over: nothing stands there
twice, and what is right stays."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from tests.integration.configure.meaning import meaning
from tests.integration.configure.sites import SHARED, Site

CONF = "repository/conf/"
LOCAL = "jdbc:mysql://localhost:3306/{0}?autoReconnect=true&amp;useSSL=false"
DATASOURCES = {
    "WSO2UM_DB": ("jdbc/WSO2UM_DB", "openbank_userdb", "The datasource used by user manager"),
    "WSO2CONFIG_DB": (
        "jdbc/WSO2Config_DB",
        "openbank_iskm_configdb",
        "The datasource used by the registry",
    ),
    "WSO2REG_DB": ("jdbc/WSO2REG_DB", "openbank_govdb", "The datasource used by the registry"),
}
# With tabs, as the document has it.
DATASOURCE = """<datasource>
	<name>{name}</name>
	<description>{description}</description>
	<jndiConfig>
		<name>{jndi}</name>
	</jndiConfig>
	<definition type="RDBMS">
		<configuration>
			<url>{url}</url>
			<username>root</username>
			<password>root</password>
			<driverClassName>com.mysql.jdbc.Driver</driverClassName>
			<maxActive>150</maxActive>
			<maxWait>60000</maxWait>
			<testOnBorrow>true</testOnBorrow>
			<validationQuery>SELECT 1</validationQuery>
			<validationInterval>30000</validationInterval>
			<defaultAutoCommit>false</defaultAutoCommit>
		</configuration>
	</definition>
</datasource>
"""
VALVE = """<Valve
  className="org.apache.catalina.valves.RemoteIpValve"
  internalProxies="172[.]17[.].*"
  remoteIpHeader="x-forwarded-for"
  proxiesHeader="x-forwarded-by"
  protocolHeader="x-forwarded-proto"
/>
"""


def rewrite(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_bytes().decode("utf-8")
    newline = "\r\n" if "\r\n" in text else "\n"
    for pattern, new in changes:
        text, count = re.subn(
            pattern,
            lambda found, new=new: found.expand(new).replace("\n", newline),
            text,
            count=1,
            flags=re.DOTALL,
        )
        assert count == 1, (path, pattern)
    path.write_bytes(text.encode("utf-8"))


def by_hand(home: Path) -> None:
    """What the document says, as somebody with an editor does it."""
    conf = home / CONF
    rewrite(
        conf / "carbon.xml",
        (r"<HostName>[^<]*<", "<HostName>km.bank.example<"),
        (r"<MgtHostName>[^<]*<", "<MgtHostName>console.bank.example<"),
    )
    rewrite(
        conf / "tomcat/catalina-server.xml",
        (r'port="9763"', 'port="9763" proxyPort="80"'),
        (r'port="9443"', 'port="9443" proxyPort="443"'),
        (r"(<Host [^>]*>\s*)", r"\1" + VALVE),
    )
    blocks = "".join(
        DATASOURCE.format(name=name, jndi=jndi, description=description, url=LOCAL.format(database))
        for name, (jndi, database, description) in DATASOURCES.items()
    )
    rewrite(
        conf / "datasources/master-datasources.xml",
        (
            r"<datasource>\s*<name>WSO2_COMMON_DB</name>.*?</datasource>\s*",
            blocks.replace("\\", r"\\"),
        ),
    )
    config, governance = (
        f'<dbConfig name="{name}Registry">\\s*<dataSource>' for name in ("config", "governance")
    )
    rewrite(
        conf / "registry.xml",
        (f"({config})[^<]*", r"\g<1>jdbc/WSO2Config_DB"),
        (f"({governance})[^<]*", r"\g<1>jdbc/WSO2REG_DB"),
        (r"(<targetPath>)/_system/obkm/config", r"\g<1>/_system/config"),
        (r"(<versionResourcesOnChange>)[a-z]*", r"\g<1>false"),
    )
    rewrite(conf / "user-mgt.xml", (r'(name="dataSource">)[^<]*', r"\g<1>jdbc/WSO2UM_DB"))
    pages = ("ConsentPage", "ErrorPage")
    rewrite(
        conf / "identity/identity.xml",
        (r"(<OAuth2RevokeEPUrl>)[^<]*", r"\g<1>${carbon.protocol}://km.bank.example/oauth2/revoke"),
        (r"(<OIDCLogoutEPUrl>)[^<]*", r"\g<1>${carbon.protocol}://km.bank.example/oidc/logout"),
        *(
            (rf"(<OAuth2{page}>\$\{{carbon.protocol\}}://)[^/]*", r"\g<1>km.bank.example")
            for page in pages
        ),
    )
    member = "<member>\n<hostName>{0}</hostName>\n<port>{1}</port>\n</member>\n"
    rewrite(
        conf / "axis2/axis2.xml",
        (r'(HazelcastClusteringAgent"\s+enable=")false', r"\g<1>true"),
        (r'(<parameter name="domain">)[^<]*', r"\g<1>bank.obkm.domain"),
        (r'(<parameter name="membershipScheme">)[^<]*', r"\g<1>wka"),
        (r'(<parameter name="localMemberHost">)[^<]*', r"\g<1>10.20.30.11"),
        (r'(<parameter name="localMemberPort">)[^<]*', r"\g<1>4100"),
        (
            r"<member>.*?</member>\s*",
            member.format("10.20.30.11", 4100) + member.format("10.20.30.12", 4100),
        ),
    )


# Of each of these one is there afterwards.
ONCE = {
    "carbon.xml": ["<HostName>", "<MgtHostName>", "<EnableEmailUserName>"],
    "tomcat/catalina-server.xml": ["valves.RemoteIpValve", 'proxyPort="80"', 'proxyPort="443"'],
    "datasources/master-datasources.xml": (
        [jndi for jndi, _database, _description in DATASOURCES.values()] + ["jdbc/WSO2AM_DB"]
    ),
    "registry.xml": [
        "<id>configInstance<",
        "<id>governanceInstance<",
        'path="/_system/config" overwrite="true">',
        'dbConfig name="configRegistry"',
    ],
    "axis2/axis2.xml": [
        "<hostName>10.20.30.11<",
        "<hostName>10.20.30.12<",
        '<parameter name="domain"',
        '<parameter name="localMemberPort"',
    ],
    "user-mgt.xml": [
        'name="dataSource"',
        '<UserStoreManager class="org.wso2.carbon.user.core.jdbc',
    ],
}


def changed_lines(site: Site, path: str) -> dict[str, list[str]]:
    lines = site.git("diff", "--unified=0", "HEAD", "--", "homes/km1/" + path).splitlines()
    return {
        sign: [
            line[1:].strip()
            for line in lines
            if line.startswith(sign) and not line.startswith(sign * 3)
        ]
        for sign in "+-"
    }


@pytest.mark.slow
def test_a_home_edited_by_hand_is_taken_over(
    tmp_path: Path, playbook: t.Callable[..., t.Any]
) -> None:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    fresh, edited = (
        Site(tmp_path / name, source="real", api_managers=0) for name in ("fresh", "edited")
    )
    edited.secrets = fresh.secrets
    for site in (fresh, edited):
        valve = {"enabled": True, "internal_proxies": "172[.]17[.].*"}
        site.variables = {**fresh.variables, "cluster_remote_ip_valve": valve}
        site.write_inventory()
    by_hand(edited.homes["km1"])
    edited.commit()
    for site in (fresh, edited):
        for status in ("first", "second"):
            run = playbook("playbooks/configure.yml", site.inventory)
            assert run.status == 0, (status, run.output)
        assert run.output.count("changed=0") == 4, run.output

    for file, texts in ONCE.items():
        content = re.sub(
            r"<!--.*?-->",
            "",
            (edited.homes["km1"] / CONF / file).read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        assert {text: content.count(text) for text in texts} == dict.fromkeys(texts, 1), file

    for path in sorted((edited.homes["km1"] / CONF).rglob("*.xml")):
        file = str(path.relative_to(edited.homes["km1"]))
        after = path.read_bytes()
        before = edited.stock("km1/" + file)
        # It says what a run over the stock file makes of that.
        assert meaning(after) == meaning((fresh.homes["km1"] / file).read_bytes()), file
        was, now = meaning(before), meaning(after)
        differing = {place for place in set(was) | set(now) if was.get(place) != now.get(place)}
        lines = changed_lines(edited, file)
        # A new attribute on a line of its own also rewrites the line that the tag ended on.
        assert len(lines["+"]) <= len(differing) + 1, (file, lines)
        assert len(lines["-"]) <= len(differing) + 1, (file, lines)
        assert len(lines["+"]) <= fresh.numstat().get("km1/" + file, (0, 0))[0], file
