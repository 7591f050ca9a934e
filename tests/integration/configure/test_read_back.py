# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""WSO2's own parsers read in the edited files exactly what the inventory says, and complain of
nothing they did not complain of before."""

from __future__ import annotations

import json
import shutil
import typing as t
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.configure import expected
from tests.integration.configure.sites import ADDRESSES, PARAMETERS, SITES

# The other products' files are read in test_products.py and test_options.py.
SITES_OF_OPEN_BANKING = [
    parameter for parameter in PARAMETERS if "product" not in SITES[parameter.values[0]]
]
pytestmark = pytest.mark.parametrize(
    "configured", SITES_OF_OPEN_BANKING, indirect=True, scope="session"
)


class Reading(t.NamedTuple):
    site: t.Any
    home: Path
    before: dict[str, t.Any]
    after: dict[str, t.Any]


@pytest.fixture(scope="module")
def readings(configured: t.Any, oracle: t.Any) -> dict[str, Reading]:
    """One Key Manager and one API Manager, before and after. (The second Key Manager differs by its
    address alone.)"""
    # At the same place, because what the parsers read holds the home's path.
    site = configured.site
    hosts = site.key_managers[:1] + site.api_managers
    after = {host: oracle(site.homes[host]) for host in hosts}
    (site.folder / "homes").rename(site.folder / "configured")
    try:
        site.git("checkout", "HEAD", "--", "homes")
        before = {host: oracle(site.homes[host]) for host in hosts}
        shutil.rmtree(site.folder / "homes")
    finally:
        (site.folder / "configured").rename(site.folder / "homes")
    return {host: Reading(site, site.homes[host], before[host], after[host]) for host in hosts}


@pytest.fixture(scope="module")
def key_manager(readings: dict[str, Reading]) -> Reading:
    return readings["km1"]


def errors(reading: dict[str, t.Any]) -> Counter[str]:
    """What a parser gave up on or logged, by file. Absent add-on classes are the oracle's own."""
    lines: list[str] = []
    for file, content in reading.items():
        for key in ("error", "persistenceError", "oauthError"):
            if content.get(key):
                lines.append(f"{file}: {key}: {content[key]}")
        for line in content.get("log", ()):
            if (
                line.startswith("ERROR")
                and "Cannot find class" not in line
                and "ClassNotFoundException" not in line
            ):
                lines.append(f"{file}: {line}")
        lines += [
            f"{file}: look-up of {name} failed"
            for name, there in content.get("jndiLookups", {}).items()
            if not there
        ]
    return Counter(lines)


def test_no_parser_complains_of_anything_new(readings: dict[str, Reading]) -> None:
    for host, reading in readings.items():
        assert not errors(reading.after) - errors(reading.before), host
        assert set(reading.after) == set(reading.before), (
            "a file is not read any more, or a new one is"
        )


def test_every_look_up_succeeds(readings: dict[str, Reading]) -> None:
    files = [content for reading in readings.values() for content in reading.after.values()]
    lookups = [lookup for content in files for lookup in content.get("jndiLookups", {}).items()]
    assert lookups and all(there for _name, there in lookups), lookups


def datasources(reading: dict[str, t.Any]) -> t.Iterator[dict[str, t.Any]]:
    for file, content in reading.items():
        if file.startswith("datasources/"):
            for source in content["datasources"]:
                yield {**source, "file": expected.CONF + file}


def test_every_datasource_is_the_inventorys(key_manager: Reading) -> None:
    layout, secrets = key_manager.site.layout, key_manager.site.secrets
    found = {source["jndiName"]: source for source in datasources(key_manager.after)}
    assert set(found) == {source[1] for source in expected.DATASOURCES[layout].values()} | {
        "jdbc/WSO2CarbonDB"
    }
    for key, (name, jndi, database, file) in expected.DATASOURCES[layout].items():
        source, pool = found[jndi], found[jndi]["pool"]
        assert (source["name"], source["file"], source["type"]) == (name, file, "RDBMS")
        assert pool["url"] == expected.url(database)
        assert pool["username"] == "obkm_" + key
        assert pool["password"] == secrets.database(key)
        assert pool["driverClassName"] == "com.mysql.cj.jdbc.Driver"
        options = (
            "maxActive",
            "maxWait",
            "testOnBorrow",
            "validationQuery",
            "validationInterval",
            "defaultAutoCommit",
        )
        assert [pool[option] for option in options] == [150, 60000, True, "SELECT 1", 3000, False]


def test_every_jndi_name_is_defined_once_over_all_files(readings: dict[str, Reading]) -> None:
    for host, reading in readings.items():
        names = Counter(source["jndiName"] for source in datasources(reading.after))
        twice = {name for name, count in names.items() if count > 1}
        assert not twice, (host, twice)


def test_the_embedded_database_stays_as_shipped(key_manager: Reading) -> None:
    embedded = {}
    for when in ("before", "after"):
        sources = [
            source
            for source in datasources(getattr(key_manager, when))
            if source["jndiName"] == "jdbc/WSO2CarbonDB"
        ]
        embedded[when] = json.dumps(sources).replace(str(key_manager.home), "")
    assert embedded["after"] == embedded["before"]


def test_the_server_gives_out_the_names_of_the_balancer(key_manager: Reading) -> None:
    properties = key_manager.after["carbon.xml"]["properties"]
    security = str(key_manager.home) + "/repository/resources/security/"
    keystore = key_manager.site.secrets("keystore")
    assert {key: properties[key] for key in properties if key in EXPECTED_CARBON} == {
        **{key: [value] for key, value in EXPECTED_CARBON.items()},
        "Security.KeyStore.Location": [security + "obkm.jks"],
        "Security.KeyStore.Password": [keystore],
        "Security.KeyStore.KeyPassword": [keystore],
        "Security.InternalKeyStore.Location": [security + "obkm-internal.jks"],
        "Security.InternalKeyStore.Password": [keystore],
        "Security.InternalKeyStore.KeyPassword": [keystore],
        "Security.TrustStore.Password": [key_manager.site.secrets("truststore")],
    }


EXPECTED_CARBON = {
    "HostName": "km.bank.example",
    "MgtHostName": "console.bank.example",
    "Ports.Offset": "7",
    "Cache.ForceLocalCache": "true",
    "Security.KeyStore.Location": "",
    "Security.KeyStore.Type": "JKS",
    "Security.KeyStore.KeyAlias": "obkm",
    "Security.KeyStore.Password": "",
    "Security.KeyStore.KeyPassword": "",
    "Security.InternalKeyStore.Location": "",
    "Security.InternalKeyStore.Type": "JKS",
    "Security.InternalKeyStore.KeyAlias": "obkm-internal",
    "Security.InternalKeyStore.Password": "",
    "Security.InternalKeyStore.KeyPassword": "",
    "Security.TrustStore.Password": "",
}


def test_connectors_keep_their_ports_and_name_the_balancers(key_manager: Reading) -> None:
    tomcat = key_manager.after["tomcat/catalina-server.xml"]
    connectors = {connector["scheme"]: connector for connector in tomcat["connectors"]}
    http, https = connectors["http"], connectors["https"]
    assert (http["port"], http["proxyPort"], https["port"], https["proxyPort"]) == (
        9763,
        80,
        9443,
        443,
    )
    assert (
        https["keystoreFile"] == str(key_manager.home) + "/repository/resources/security/obkm.jks"
    )
    assert https["keystorePass"] == key_manager.site.secrets("keystore")
    assert (https["SSLEnabled"], https["secure"], https["sslEnabledProtocols"]) == (
        True,
        True,
        "TLSv1.2",
    )
    ports = {
        name: value
        for name, value in tomcat["systemProperties"].items()
        if name.startswith("mgt.transport")
    }
    assert {name: str(value) for name, value in ports.items()} == {
        "mgt.transport.http.port": "9770",
        "mgt.transport.http.proxyPort": "80",
        "mgt.transport.https.port": "9450",
        "mgt.transport.https.proxyPort": "443",
    }


def test_the_node_joins_its_cluster(key_manager: Reading) -> None:
    clustering = key_manager.after["axis2/axis2.xml"]["clustering"]
    members = [f"{ADDRESSES[host]}:4100" for host in key_manager.site.key_managers]
    if len(members) == 1:
        assert clustering["enabled"] is False, (
            "a node that is alone has nobody to form a cluster with"
        )
        return
    assert clustering["enabled"] is True
    assert clustering["members"] == members
    parameters = clustering["parameters"]
    wanted = {
        "domain": "bank.obkm.domain",
        "groupPassword": key_manager.site.secrets("group"),
        "localMemberHost": ADDRESSES["km1"],
        "localMemberPort": "4100",
        "membershipScheme": "wka",
    }
    assert {name: str(parameters[name]) for name in wanted} == wanted
    hazelcast = clustering["hazelcast"]
    assert (hazelcast["group"], hazelcast["publicAddress"], hazelcast["port"]) == (
        "bank.obkm.domain",
        ADDRESSES["km1"],
        4100,
    )
    assert (hazelcast["tcpIp"], hazelcast["multicast"], hazelcast["aws"], hazelcast["members"]) == (
        True,
        False,
        False,
        members,
    )


def test_users_stand_in_the_shared_database(key_manager: Reading) -> None:
    layout = key_manager.site.layout
    users = key_manager.after["user-mgt.xml"]
    assert (
        users["realmProperties"]["dataSource"]
        == expected.DATASOURCES[layout][expected.USES[layout][0]][1]
    )
    assert (users["adminUser"], users["adminPassword"]) == (
        "operator@bank.example",
        key_manager.site.secrets("a"),
    )


def test_the_registry_is_mounted_from_the_shared_databases(key_manager: Reading) -> None:
    layout = key_manager.site.layout
    registry = key_manager.after["registry.xml"]
    _user, config, governance = expected.USES[layout]
    for name, key in (("configRegistry", config), ("governanceRegistry", governance)):
        source = expected.DATASOURCES[layout][key]
        found = registry["dbConfigs"][name]
        assert (found["dataSource"], found["url"], found["userName"]) == (
            source[1],
            expected.url(source[2]),
            "obkm_" + key,
        )
    assert registry["dbConfigs"]["wso2registry"]["dataSource"] == "jdbc/WSO2CarbonDB"
    options = ("dbConfig", "dbConfigDefined", "readOnly", "enableCache", "cacheId")
    instances = {
        instance["id"]: tuple(instance[option] for option in options)
        for instance in registry["remoteInstances"]
    }
    assert instances == {
        "configInstance": (
            "configRegistry",
            True,
            "false",
            "true",
            expected.cache_id(config, layout),
        ),
        "governanceInstance": (
            "governanceRegistry",
            True,
            "false",
            "true",
            expected.cache_id(governance, layout),
        ),
    }
    mounts = {
        mount["path"]: (mount["instanceId"], mount["targetPath"], mount["overwrite"])
        for mount in registry["mounts"]
    }
    assert mounts == {
        "/_system/config": ("configInstance", expected.CONFIG_TARGET[layout], True),
        "/_system/governance": ("governanceInstance", "/_system/governance", True),
    }


def test_clients_find_the_endpoints(key_manager: Reading) -> None:
    identity = key_manager.after["identity/identity.xml"]
    properties = identity["properties"]
    found = {path: properties.get(path.replace("/", ".")) for path in expected.IDENTITY_URLS}
    assert found == expected.IDENTITY_URLS
    assert properties["JDBCPersistenceManager.DataSource.Name"] == "jdbc/WSO2AM_DB"
    oauth = identity["oauth"]
    assert oauth["openIDConnectIDTokenIssuerIdentifier"] == "https://api.bank.example:8244/token"
    assert oauth["oAuth2TokenEPUrl"] == "https://api.bank.example:8244/token"
    assert oauth["oidcWebFingerEPUrl"] == "https://km.bank.example/.well-known/webfinger"
    localhost = {
        name: value
        for name, value in oauth.items()
        if isinstance(value, str) and "localhost" in value
    }
    assert not localhost, "these URLs name the node itself"


def test_browsers_find_the_pages(key_manager: Reading) -> None:
    authentication = key_manager.after["identity/application-authentication.xml"]
    pages = (
        "authenticationEndpointURL",
        "authenticationEndpointRetryURL",
        "authenticationEndpointMissingClaimsURL",
    )
    urls = expected.AUTHENTICATION_URLS
    assert [authentication[page] for page in pages] == [
        urls[page[0].upper() + page[1:]] for page in pages
    ]
    authenticators = authentication["authenticatorConfigMap"]
    for path, value in urls.items():
        if "AuthenticatorConfig[" in path:
            authenticator, parameter = (part.partition("]")[0] for part in path.split("[")[1:])
            assert authenticators[authenticator]["parameters"][parameter] == value, path


def test_api_manager_calls_the_balancer(readings: dict[str, Reading]) -> None:
    for host in readings["km1"].site.api_managers:
        properties = readings[host].after["api-manager.xml"]["properties"]
        services = ["https://km.bank.example:9443/services/"]
        assert properties["AuthManager.ServerURL"] == services
        assert properties["APIKeyValidator.ServerURL"] == services
        assert properties["APIKeyManager.Configuration.ServerURL"] == services
        assert properties["APIKeyValidator.KeyValidatorClientType"] == ["WSClient"]
        assert properties["APIKeyValidator.EnableThriftServer"] == ["false"]
        assert properties["APIKeyManager.Configuration.TokenURL"] == [
            "https://api.bank.example:${https.nio.port}/token"
        ]
        assert properties["AuthManager.Username"] == ["operator@bank.example"]
        assert properties["AuthManager.Password"] == [readings[host].site.secrets("a")]
        for client in ("TrafficManager", "PolicyDeployer"):
            assert properties[f"ThrottlingConfigurations.{client}.Username"] == [
                "operator@bank.example@carbon.super"
            ]
        before = readings[host].before["api-manager.xml"]["properties"]
        # Everything else that differs is the administrator's name or password, which this file
        # takes from user-mgt.xml.
        account = [
            (before["AuthManager." + field][0], properties["AuthManager." + field][0])
            for field in ("Username", "Password")
        ]
        changed = set()
        for key, values in properties.items():
            moved = list(before[key])
            for old, new in account:
                moved = [value.replace(old, new) for value in moved]
            if values not in (before[key], moved):
                changed.add(key)
        # The fixture has no publisher.
        publisher = {"APIPublisher.URL"} if readings["km1"].site.source == "real" else set()
        assert changed == publisher | {
            "APIGateway.Environments.Environment.GatewayEndpoint",
            "APIGateway.Environments.Environment.ServerURL",
            "APIKeyManager.Configuration.RevokeURL",
            "APIKeyManager.Configuration.ServerURL",
            "APIKeyManager.Configuration.TokenURL",
            "APIKeyValidator.ServerURL",
            "APIStore.URL",
            "AuthManager.ServerURL",
            "OAuthConfigurations.RevokeAPIURL",
            "ThrottlingConfigurations.JMSConnectionDetails.JMSConnectionParameters.connectionfactory.TopicConnectionFactory",
        }


def test_api_manager_has_the_databases_of_its_key_managers(readings: dict[str, Reading]) -> None:
    site = readings["km1"].site
    layout, secrets = site.layout, site.secrets
    if not site.api_managers:
        pytest.skip("this site has no API Manager")
    for host in site.api_managers:
        after = readings[host].after
        found = {source["jndiName"]: source for source in datasources(after)}
        own = {"jdbc/WSO2CarbonDB"}
        if site.source == "real":
            own |= {"jdbc/WSO2AM_STATS_DB", "WSO2MBStoreDB"}
        shared = {source[1] for source in expected.DATASOURCES[layout].values()}
        assert set(found) == own | shared
        for key, (_name, jndi, database, file) in expected.DATASOURCES[layout].items():
            pool = found[jndi]["pool"]
            assert found[jndi]["file"] == file
            assert (pool["url"], pool["username"]) == (expected.url(database), "obkm_" + key)
            assert pool["password"] == secrets.database(key)
        user, config, governance = expected.USES[layout]
        of = {key: source[1] for key, source in expected.DATASOURCES[layout].items()}
        assert after["user-mgt.xml"]["realmProperties"]["dataSource"] == of[user]
        configs = after["registry.xml"]["dbConfigs"]
        assert configs["configRegistry"]["dataSource"] == of[config]
        assert configs["governanceRegistry"]["dataSource"] == of[governance]
        mounts = {m["path"]: m["targetPath"] for m in after["registry.xml"]["mounts"]}
        assert mounts == {
            "/_system/config": "/_system/obam/config",
            "/_system/governance": "/_system/governance",
        }


def test_api_manager_reads_what_the_key_managers_encrypt(readings: dict[str, Reading]) -> None:
    if not readings["km1"].site.api_managers:
        pytest.skip("this site has no API Manager")
    both = {}
    for host in ("km1", *readings["km1"].site.api_managers):
        properties = readings[host].after["carbon.xml"]["properties"]
        both[host] = {
            key: [value.replace(str(readings[host].home), "") for value in properties[key]]
            for key in properties
            if key.startswith("Security.InternalKeyStore.")
        }
    assert len(both) > 1 and len(both["km1"]) == 5
    assert all(store == both["km1"] for store in both.values())
