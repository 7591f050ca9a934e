# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What is read out of a product home: on small homes, and against the product's own parsers on
these and on the real ones."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.home import (
    Home,
    kernel_version,
    parse,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.identity import (
    user_store,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.java_values import (
    java_boolean,
    java_int,
    properties_file,
    without_credentials,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.ports import (
    port_offset_argument,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.reading import (
    DottedTexts,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.registry import (
    mount_datasource,
    registry,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.report import read_home
from lxml import etree

from tests.support.homes import make_home

CONF = "repository/conf"


def test_an_open_banking_key_manager(home: t.Callable[[str], Path]) -> None:
    info = read_home(str(home("ob_km")))
    assert info["product"] == {
        "name": "WSO2 Identity Server",
        "key": "IS",
        "version": "5.7.0",
        "release": None,
        "kernel": None,
        "regenerates_files": False,
    }
    assert info["offset"] == 3
    assert info["ports"]["https"] == 9446
    assert info["ports"]["jndi"] == 2202
    assert info["proxy_ports"] == {"https": None, "http": None}
    assert info["host_names"] == {"host_name": "localhost", "management_host_name": "localhost"}
    assert [
        (source["jndi"], source["file"].rpartition("/")[2]) for source in info["datasources"]
    ] == [
        ("jdbc/WSO2CarbonDB", "master-datasources.xml"),
        ("jdbc/WSO2AM_DB", "master-datasources.xml"),
        ("jdbc/WSO2CommonDB", "master-datasources.xml"),
        ("jdbc/WSO2OpenBankingDB", "open-banking-datasources.xml"),
    ]
    assert info["cluster"]["enabled"] is False
    assert info["cluster"]["members"] == [{"host": "127.0.0.1", "port": 4000}]
    assert info["commitments"] == {
        "registry_config_target": "/_system/obkm/config",
        "registry_governance_target": "/_system/governance",
        "registry_instances": ["jdbc/WSO2CommonDB", "jdbc/WSO2CommonDB"],
        "user_datasource": "jdbc/WSO2CommonDB",
        "user_store": "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager",
        "token_issuer": "https://localhost:8243/token",
        "token_encryption": (
            "org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor"
        ),
        "shared_directories": "none",
        "internal_keystore": "wso2carbon.jks",
    }
    assert info["started_before"] is False
    assert info["problems"] == []
    assert info["files"][f"{CONF}/axis2/axis2.xml"] is True
    assert info["files"][f"{CONF}/api-manager.xml"] is False
    assert info["api_manager"] is None
    assert info["authentication"]["pages"]["AuthenticationEndpointMissingClaimsURL"].startswith("/")
    assert "SMSOTP" in info["authentication"]["authenticators"]


def test_an_open_banking_api_manager(home: t.Callable[[str], Path]) -> None:
    info = read_home(str(home("ob_apim")))
    assert info["api_manager"]["key_validator_client"] == "WSClient"
    assert info["api_manager"]["thrift_server"] is False
    assert info["api_manager"]["urls"]["AuthManager.ServerURL"].endswith(
        "${carbon.context}services/"
    )
    assert info["cluster"] is None
    assert info["authentication"] is None
    assert info["problems"] == []


def test_what_there_is_none_of(tmp_path: Path) -> None:
    (tmp_path / CONF).mkdir(parents=True)
    info = read_home(str(tmp_path))
    assert info["offset"] == 0
    assert info["ports"]["https"] == 9443
    for part in ("registry", "cluster", "user_store", "identity", "authentication", "api_manager"):
        assert info[part] is None
    assert info["datasources"] == []
    assert set(info["files"].values()) == {False}
    assert set(map(str, info["commitments"].values())) == {"None", "none", "[None, None]"}
    assert info["problems"] == []


def test_a_folder_that_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(
        OperatorError, match="is not a product home: it has no folder repository/conf"
    ):
        read_home(str(tmp_path))


def test_a_broken_file_is_named_and_not_quoted(home: t.Callable[[str], Path]) -> None:
    path = home("ob_km")
    broken = path / CONF / "user-mgt.xml"
    broken.write_text(
        broken.read_text().replace("</Password>", "</Passw>").replace("wso2123", "canary")
    )
    with pytest.raises(OperatorError) as error:
        read_home(str(path))
    assert "user-mgt.xml is not well-formed XML (line 1" in str(error.value)
    assert "canary" not in str(error.value)
    broken.unlink()
    broken.mkdir()
    with pytest.raises(OperatorError, match="user-mgt.xml cannot be read: "):
        parse(broken)


def test_no_secret_is_read_out(home: t.Callable[[str], Path]) -> None:
    path = home("odd")
    (path / CONF / "hazelcast.properties").write_text(
        "hazelcast.enterprise.license.key=canary\nhazelcast.aws.secret-key: canary\n"
    )
    assert "canary" not in json.dumps(read_home(str(path)))
    for name in ("ob_km", "ob_apim", "is_km"):
        assert "wso2123" not in json.dumps(read_home(str(home(name))))


URLS = [
    (None, None),
    (
        "jdbc:h2:repository/database/A;DB_CLOSE_ON_EXIT=FALSE",
        "jdbc:h2:repository/database/A;DB_CLOSE_ON_EXIT=FALSE",
    ),
    ("jdbc:mysql://u:canary@db:3306/x?useSSL=true", "jdbc:mysql://db:3306/x?useSSL=true"),
    (
        "jdbc:mysql://db/x?user=u&password=canary&useSSL=true",
        "jdbc:mysql://db/x?user=...&password=...&useSSL=true",
    ),
    (
        "jdbc:sqlserver://db:1433;databaseName=x;user=u;password=canary;",
        "jdbc:sqlserver://db:1433;databaseName=x;user=...;password=...;",
    ),
    (
        "jdbc:mysql://db/x?trustCertificateKeyStorePassword=canary",
        "jdbc:mysql://db/x?trustCertificateKeyStorePassword=...",
    ),
    (
        "amqp://admin!wso2.com:canary@clientid/carbon?brokerlist='tcp://h:5672'",
        "amqp://clientid/carbon?brokerlist='tcp://h:5672'",
    ),
    (
        "https://${carbon.host}:${carbon.management.port}/a",
        "https://${carbon.host}:${carbon.management.port}/a",
    ),
    ("https://host/users/a@b", "https://host/users/a@b"),
    ("jdbc:oracle:thin:scott/canary@//db:1521/x", "jdbc:oracle:thin:@//db:1521/x"),
    ("jdbc:oracle:thin:scott/canary@db:1521:x", "jdbc:oracle:thin:@db:1521:x"),
    ("jdbc:oracle:thin:@db:1521:x", "jdbc:oracle:thin:@db:1521:x"),
]


@pytest.mark.parametrize("url, expected", URLS)
def test_credentials_are_taken_out_of_urls(url: str | None, expected: str | None) -> None:
    assert without_credentials(url) == expected


@pytest.mark.parametrize(
    "text, number",
    [
        ("3", 3),
        ("-1", -1),
        ("+3", 3),
        (" 3", None),
        ("3.0", None),
        ("", None),
        (None, None),
        ("\u0663", None),
    ],
)
def test_numbers_as_java_reads_them(text: str | None, number: int | None) -> None:
    assert java_int(text) == number


@pytest.mark.parametrize(
    "text, expected",
    [("true", True), ("TRUE", True), (" true", False), ("yes", False), (None, False)],
)
def test_booleans_as_java_reads_them(text: str | None, expected: bool) -> None:
    assert java_boolean(text) is expected


def test_dotted_paths() -> None:
    root = etree.fromstring(
        "<a xmlns='u'><b>1</b><b>2</b><c> <d>3</d> </c><e xmlns='v'>4</e><f/></a>"
    )
    values = DottedTexts(root)
    assert dict(values) == {"b": ["1", "2"], "c.d": ["3"], "e": ["4"]}
    assert len(values) == 3
    assert values.first("b") == "1"
    assert values.first("f") is None
    assert dict(DottedTexts(root, "u")) == {"b": ["1", "2"], "c.d": ["3"]}
    assert dict(DottedTexts(etree.fromstring("<a><b>1</b></a>"), "u")) == {}
    assert dict(DottedTexts(None)) == {}


SCRIPTS = [
    (None, None),
    ("exec java -Dcarbon.home=x org.wso2.carbon.bootstrap.Bootstrap\n", None),
    ("    -DportOffset=4 \\\n", "4"),
    ('JAVA_OPTS="-Xmx1g -DportOffset=4"\n', "4"),
    ("# -DportOffset=4\n", None),
    ("; -DportOffset=4\n", None),
    ("[Service]\nEnvironment='JAVA_OPTS=-DportOffset=${OFFSET}'\n", "${OFFSET}"),
]


@pytest.mark.parametrize("script, argument", SCRIPTS)
def test_an_offset_among_the_arguments_of_the_start(
    script: str | None, argument: str | None
) -> None:
    assert port_offset_argument(script) == argument


def test_an_argument_wins_over_the_file(home: t.Callable[[str], Path]) -> None:
    path = home("ob_km")
    (path / "bin").mkdir()
    (path / "bin/wso2server.sh").write_text("#!/bin/sh\nexec java -DportOffset=10 $JAVA_OPTS\n")
    info = read_home(str(path))
    assert info["offset"] == 10
    assert info["ports"]["https"] == 9453
    assert info["problems"] == [
        "The start script passes -DportOffset, which wins over Ports/Offset of carbon.xml. Use one"
        " of the two."
    ]


@pytest.mark.parametrize("offset", [" 3 ", "three"])
def test_an_offset_that_is_no_number(home: t.Callable[[str], Path], offset: str) -> None:
    path = home("ob_km")
    carbon = path / CONF / "carbon.xml"
    carbon.write_bytes(carbon.read_bytes().replace(b"<Offset>3<", f"<Offset>{offset}<".encode()))
    info = read_home(str(path))
    assert info["offset"] is None
    assert info["ports"] is None
    assert info["problems"] == [
        "carbon.xml: Ports/Offset is not a number without blanks around it; the server cannot set"
        " up its ports."
    ]


def test_the_kernel_of_a_home(home: t.Callable[[str], Path]) -> None:
    path = home("kernel")
    info = read_home(str(path))
    assert info["product"]["kernel"] == "4.7.1"
    assert info["product"]["release"] == "${product.name} v${product.version}"
    assert info["offset"] == 0
    assert info["host_names"]["host_name"] is None
    assert info["cluster"]["domain"] == "apache.axis2.domain"
    (path / "bin/wso2carbon-version.txt").unlink()
    assert kernel_version(Home(str(path))) is None
    plugins = path / "repository/components/plugins"
    plugins.mkdir(parents=True)
    (plugins / "org.wso2.carbon.core_x.jar").touch()
    assert kernel_version(Home(str(path))) is None
    (plugins / "org.wso2.carbon.core_4.4.35.jar").touch()
    assert kernel_version(Home(str(path))) == "4.4.35"


def test_problems_that_the_product_does_not_mention(home: t.Callable[[str], Path]) -> None:
    path = home("odd")
    (path / CONF / "etc").mkdir(exist_ok=True)
    (path / CONF / "etc/hazelcast.xml").write_text("<hazelcast/>")
    (path / CONF / "deployment.toml").touch()
    problems = read_home(str(path))["problems"]
    assert [problem[:60] for problem in problems] == [
        text[:60]
        for text in [
            (
                "repository/conf/deployment.toml is there: the product writes its XML files again at"
                " every start"
            ),
            "user-mgt.xml names the datasource jdbc/B, which no *-datasources.xml file defines.",
            (
                "registry.xml: the mount /_system/config names no remote instance that leads to a"
                " database."
            ),
            (
                "repository/conf/etc/hazelcast.xml is there: the product does not read the"
                " clustering section"
            ),
            (
                "catalina-server.xml: the Connector for http has port -1. It must stay 9763: the"
                " server adds"
            ),
        ]
        if "jdbc/B" not in text
    ]


def test_a_jndi_name_defined_twice(home: t.Callable[[str], Path]) -> None:
    path = home("ob_km")
    other = path / CONF / "datasources/open-banking-datasources.xml"
    other.write_bytes(other.read_bytes().replace(b"jdbc/WSO2OpenBankingDB", b"jdbc/WSO2AM_DB"))
    info = read_home(str(path))
    files = [
        f"{CONF}/datasources/master-datasources.xml",
        f"{CONF}/datasources/open-banking-datasources.xml",
    ]
    assert info["jndi_duplicates"] == {"jdbc/WSO2AM_DB": files}
    assert "jdbc/WSO2AM_DB is defined more than once" in info["problems"][0]


def test_a_datasource_that_nobody_defines(home: t.Callable[[str], Path]) -> None:
    path = home("ob_km")
    file = path / CONF / "user-mgt.xml"
    file.write_text(file.read_text().replace("jdbc/WSO2CommonDB", "jdbc/WSO2UM_DB"))
    assert read_home(str(path))["problems"] == [
        "user-mgt.xml names the datasource jdbc/WSO2UM_DB, which no *-datasources.xml file defines."
    ]


def test_bare_datasources_and_realms() -> None:
    assert user_store(etree.fromstring("<UserManager/>")) is None
    bare = user_store(etree.fromstring("<UserManager><Realm/></UserManager>"))
    assert bare is not None
    assert bare["class"] is None
    assert bare["admin_user"] is None
    nothing = etree.fromstring(
        "<wso2registry><mount path='/a'/><remoteInstance/><mount"
        " path='/b'><instanceId>x</instanceId></mount></wso2registry>"
    )
    assert mount_datasource(registry(nothing), "/a") is None
    assert mount_datasource(registry(nothing), "/b") is None
    assert mount_datasource(registry(nothing), "/c") is None


def test_a_bare_datasource(home: t.Callable[[str], Path]) -> None:
    path = home("kernel")
    (path / CONF / "datasources/master-datasources.xml").write_text(
        "<configuration><datasources><datasource/><datasource><definition/></datasource></datasources></configuration>"
    )
    sources = read_home(str(path))["datasources"]
    assert [
        (source["jndi"], source["url"], source["max_active"], source["test_on_borrow"])
        for source in sources
    ] == [(None, None, 100, False)] * 2


def test_the_gateway_ports_of_a_pass_through_transport(home: t.Callable[[str], Path]) -> None:
    path = home("kernel")
    axis2 = path / CONF / "axis2/axis2.xml"
    receivers = "".join(
        f"<transportReceiver name='{name}'"
        " class='org.apache.synapse.transport.passthru.PassThroughHttpListener'><parameter"
        " name='non-blocking'>true</parameter><parameter"
        f" name='port'>{port}</parameter></transportReceiver>"
        for name, port in (("http", 8290), ("https", "x"), ("ws", 9099))
    )
    axis2.write_text(axis2.read_text().replace("<clustering", receivers + "<clustering"))
    ports = read_home(str(path))["ports"]
    assert (ports["gateway_http"], ports["gateway_https"]) == (8290, 8243)


LINKS = [
    ((), "none"),
    (("repository/deployment", "repository/tenants"), "documented"),
    (("repository/deployment/server/userstores", "repository/tenants"), "userstores_and_tenants"),
    (("repository/tenants",), "partly"),
]


@pytest.mark.parametrize("links, layout", LINKS)
def test_shared_directories(tmp_path: Path, links: tuple[str, ...], layout: str) -> None:
    home, share = tmp_path / "home", tmp_path / "share"
    (home / CONF).mkdir(parents=True)
    share.mkdir()
    for link in links:
        (home / link).parent.mkdir(parents=True, exist_ok=True)
        (home / link).symlink_to(share)
    info = read_home(str(home))
    assert info["commitments"]["shared_directories"] == layout
    assert info["shared_directories"] == {link: str(share) for link in links}


def test_started_before(home: t.Callable[[str], Path], tmp_path: Path) -> None:
    path = home("kernel")
    log = path / "repository/logs/wso2carbon.log"
    log.parent.mkdir()
    log.touch()
    marker = tmp_path / "started"
    assert read_home(str(path), str(marker))["started_before"] is False
    marker.touch()
    assert read_home(str(path), str(marker))["started_before"] is True
    assert read_home(str(path))["started_before"] is False
    log.write_text("INFO\n")
    assert read_home(str(path))["started_before"] is True


PROPERTIES = "\r\n".join(
    [
        "# a comment=1 \\",
        "  ! another",
        "",
        "a=1",
        " b : 2",
        "c 3",
        "d",
        "a=4",
        "e=x\\",
        "   y\\",
        "",
        "f=g=h ",
        r"k\ e\:y=\u00e9\t.",
        "back=slash" + "\\" * 2,
        "my.password=canary",
        "last=\\",
    ]
)


def test_properties() -> None:
    assert properties_file(PROPERTIES) == {
        "a": "4",
        "b": "2",
        "c": "3",
        "d": "",
        "e": "xy",
        "f": "g=h ",
        "k e:y": "é\t.",
        "back": "slash" + "\\",
        "my.password": "...",
        "last": "",
    }
    assert properties_file(None) == {}


# ---- against the product's own parsers


def _resolved(value: t.Any, home: Path, context: str = "/") -> t.Any:
    """The value as a parser gives it that resolves the placeholders."""
    return (
        value.replace("${carbon.home}", str(home)).replace("${carbon.context}", context)
        if isinstance(value, str)
        else value
    )


def _advertised(value: t.Any, info: dict[str, t.Any]) -> t.Any:
    """The URL as the product advertises it."""
    port = info["proxy_ports"]["https"] or info["ports"]["https"]
    for name, text in (
        ("protocol", "https"),
        ("host", info["host_names"]["host_name"]),
        ("management.port", str(port)),
    ):
        value = value.replace(f"${{carbon.{name}}}", text) if isinstance(value, str) else value
    return value


def _some(value: t.Any) -> str | None:
    """The first value of a key, of which some of the product's maps keep one and some all."""
    return value[0] if isinstance(value, list) else value


REAL = ["ob-km-1.5-uk", "ob-apim-1.5-uk", "is-km-5.7.0", "carbon-kernel-4.4.35"]


@pytest.mark.shared
@pytest.mark.parametrize("name", [*REAL, "ob_km", "ob_apim", "is_km", "odd"])
def test_the_product_reads_the_same(
    shared: Path, tmp_path: Path, oracle: t.Callable[[Path], t.Any], name: str
) -> None:
    path = shared / "real" / name if name in REAL else make_home(name, tmp_path / name)
    report, info = oracle(path), read_home(str(path))
    assert [file for file, section in report.items() if "error" in section] == []
    compared = set()

    carbon = {key: values[0] for key, values in report["carbon.xml"]["properties"].items()}
    assert info["host_names"] == {
        "host_name": carbon.get("HostName"),
        "management_host_name": carbon.get("MgtHostName"),
    }
    assert str(info["offset"]) == carbon["Ports.Offset"]
    assert info["product"]["name"] == carbon["Name"]
    assert info["caching"]["force_local_cache"] == (
        carbon.get("Cache.ForceLocalCache", "").lower() == "true"
    )
    assert str(info["caching"]["default_timeout"]) == carbon.get(
        "Cache.DefaultCacheTimeout", "None"
    )
    for kind, element in (
        ("primary", "KeyStore"),
        ("internal", "InternalKeyStore"),
        ("truststore", "TrustStore"),
    ):
        assert _resolved(info["keystores"][kind]["location"], path) == carbon.get(
            f"Security.{element}.Location"
        )
        assert info["keystores"][kind]["alias"] == carbon.get(f"Security.{element}.KeyAlias")
    compared.add("carbon.xml")

    if "tomcat/catalina-server.xml" in report:
        section = report["tomcat/catalina-server.xml"]
        assert [
            (c["scheme"], c["port"], c["proxy_port"] or 0, c["proxy_name"], c["ssl_enabled"])
            for c in info["connectors"]
        ] == [
            (c["scheme"], c["port"], c["proxyPort"], c["proxyName"], c["SSLEnabled"])
            for c in section["connectors"]
        ]
        assert [
            _resolved(store["location"], path) for store in info["keystores"]["connectors"]
        ] == [c["keystoreFile"] for c in section["connectors"] if c["SSLEnabled"]]
        assert {scheme: str(info["ports"][scheme]) for scheme in ("http", "https")} == {
            scheme: section["systemProperties"][f"mgt.transport.{scheme}.port"]
            for scheme in ("http", "https")
        }
        compared.add("tomcat/catalina-server.xml")

    if "axis2/axis2.xml" in report:
        section = report["axis2/axis2.xml"]["clustering"]
        assert info["cluster"]["enabled"] == section["enabled"]
        if section["enabled"]:
            hazelcast = section["hazelcast"]
            assert (info["cluster"]["domain"], info["cluster"]["local_member_host"]) == (
                hazelcast["group"],
                hazelcast["publicAddress"],
            )
            assert info["cluster"]["local_member_port"] == hazelcast["port"]
            assert (info["cluster"]["scheme"] == "wka") == hazelcast["tcpIp"]
            assert [
                f"{member['host']}:{member['port']}" for member in info["cluster"]["members"]
            ] == hazelcast["members"]
            plain = {
                key: value
                for key, value in section["parameters"].items()
                if key not in ("properties", "groupPassword")
            }
            assert info["cluster"]["parameters"] == plain
        compared.add("axis2/axis2.xml")

    sources = [
        (file, source)
        for file, section in report.items()
        if file.startswith("datasources/")
        for source in section["datasources"]
    ]
    assert [
        (
            s["file"],
            s["name"],
            s["jndi"],
            s["type"],
            s["user"],
            s["driver"],
            s["max_active"],
            s["test_on_borrow"],
            s["default_auto_commit"],
            s["url"],
        )
        for s in info["datasources"]
    ] == [
        (
            f"{CONF}/{file}",
            s["name"],
            s["jndiName"],
            s["type"],
            s["pool"].get("username"),
            s["pool"].get("driverClassName"),
            s["pool"]["maxActive"],
            s["pool"]["testOnBorrow"],
            s["pool"].get("defaultAutoCommit"),
            without_credentials(s["pool"]["url"]),
        )
        for file, s in sources
    ]
    compared.update(file for file in report if file.startswith("datasources/"))

    users = report["user-mgt.xml"]
    assert info["user_store"]["data_source"] == users["realmProperties"]["dataSource"]
    assert [store["class"] for store in info["user_store"]["stores"]] == [
        store["class"] for store in users["userStores"]
    ]
    for mine, theirs in zip(info["user_store"]["stores"], users["userStores"]):
        assert mine["url"] == theirs["properties"].get("ConnectionURL")
    # The product puts a configured domain before the names.
    assert info["user_store"]["admin_user"] == users["adminUser"].rpartition("/")[2]
    assert info["user_store"]["admin_role"] == users["adminRole"].rpartition("/")[2]
    assert info["user_store"]["add_admin"] == users["addAdmin"]
    compared.add("user-mgt.xml")

    mine, theirs = info["registry"], report["registry.xml"]
    assert (mine["current_db_config"], mine["read_only"], mine["enable_cache"]) == (
        theirs["currentDBConfig"],
        theirs["readOnly"],
        theirs["cacheEnabled"],
    )
    assert mine["db_configs"] == {
        key: value["dataSource"] for key, value in theirs["dbConfigs"].items()
    }
    assert [tuple(remote.values()) for remote in mine["remote_instances"]] == [
        tuple(
            remote[key]
            for key in (
                "id",
                "url",
                "dbConfig",
                "readOnly",
                "enableCache",
                "cacheId",
                "registryRoot",
            )
        )
        for remote in theirs["remoteInstances"]
    ]
    assert [tuple(mount.values()) for mount in mine["mounts"]] == [
        tuple(mount[key] for key in ("path", "targetPath", "instanceId", "overwrite", "virtual"))
        for mount in theirs["mounts"]
    ]
    compared.add("registry.xml")

    if "identity/identity.xml" in report:
        section = report["identity/identity.xml"]
        known = section["properties"]
        for key, value in info["identity"]["endpoints"].items():
            assert _resolved(value, path, "") == _some(known[key])
        assert info["identity"]["data_source"] == _some(
            known["JDBCPersistenceManager.DataSource.Name"]
        )
        assert (
            _advertised(info["identity"]["token_issuer"], info)
            == section["oauth"]["openIDConnectIDTokenIssuerIdentifier"]
        )
        for element in ("OAuth2TokenEPUrl", "OAuth2AuthzEPUrl", "OAuth2DCREPUrl"):
            mine = info["identity"]["endpoints"].get(f"OAuth.{element}")
            assert _advertised(mine, info) == section["oauth"]["o" + element[1:]]
        caches = [
            (
                f"{c['manager']} {c['name']}",
                c["enabled"],
                c["timeout"],
                c["capacity"],
                c["distributed"],
            )
            for c in info["identity"]["caches"]
        ]
        assert sorted(caches) == sorted(
            (c["key"], c["enabled"], c["timeout"], c["capacity"], c["distributed"])
            for c in section["caches"]
        )
        compared.add("identity/identity.xml")

    if "identity/application-authentication.xml" in report:
        section = report["identity/application-authentication.xml"]
        for page, value in info["authentication"]["pages"].items():
            assert value == section[page[0].lower() + page[1:]]
        for authenticator, parameters in info["authentication"]["authenticators"].items():
            for key, value in parameters.items():
                assert value == section["authenticatorConfigMap"][authenticator]["parameters"][key]
        compared.add("identity/application-authentication.xml")

    if "api-manager.xml" in report:
        known = report["api-manager.xml"]["properties"]
        assert info["api_manager"]["data_source"] == known["DataSourceName"][0]
        for key, value in info["api_manager"]["urls"].items():
            # Some values are resolved when they are read, others only where they are used.
            context = "${carbon.context}" if "${carbon.context}" in known[key][0] else "/"
            port = (
                str(info["ports"]["https"])
                if "${mgt." not in known[key][0]
                else "${mgt.transport.https.port}"
            )
            assert (
                _resolved(value, path, context).replace("${mgt.transport.https.port}", port)
                == known[key][0]
            )
        assert (
            info["api_manager"]["key_validator_client"]
            == known.get("APIKeyValidator.KeyValidatorClientType", [None])[0]
        )
        compared.add("api-manager.xml")

    assert compared == set(report)
    assert info["jndi_duplicates"].keys() == {
        s["jndiName"]
        for _file, s in sources
        if [t["jndiName"] for _f, t in sources].count(s["jndiName"]) > 1
    }
