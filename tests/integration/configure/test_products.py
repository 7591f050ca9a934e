# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Identity Server as Key Manager of API Manager 2.6.0, and every topology of the documents, on the
products' real files.

All clusters stand in one inventory, and are configured by one run. What each says is written out by
hand, and read back with the product's own parsers.
"""

from __future__ import annotations

import re
import shutil
import sys
import typing as t
import urllib.parse
from pathlib import Path

import pytest
import yaml

from tests.integration.configure.meaning import json_meaning
from tests.integration.configure.sites import REPOSITORY, SHARED, Secrets

# Each process would make the homes of all topologies for itself.
pytestmark = pytest.mark.xdist_group("products")

RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0", re.MULTILINE)
SOURCES = {"is_km_5.7.0": "is-km-5.7.0", "ob_km_1.5": "ob-km-1.5-uk", "apim": "ob-apim-1.5-uk"}
# Files that the product has and that were not published of it.
BORROWED = {
    "is_km_5.7.0": {
        "repository/conf/identity/application-authentication.xml": (
            SHARED / "real" / SOURCES["ob_km_1.5"]
        )
    },
    "apim": {
        "repository/conf/identity/identity.xml": SHARED / "real" / SOURCES["is_km_5.7.0"],
        "repository/conf/jndi.properties": REPOSITORY / "demo" / "product_files" / "api_manager",
    },
}
DATABASES = {
    "is_km_5.7.0": ("user", "apim", "registry"),
    "ob_km_1.5": ("user", "apim", "config", "registry", "open_banking"),
}
# Host, file, key, and what the product reads there.
Expectation = t.Tuple[str, str, str, t.Any]


class Cluster(t.NamedTuple):
    """One cluster: the addresses of its hosts by group, its variables, those of single hosts, and
    what its files must say."""

    hosts: t.Mapping[str, t.Mapping[str, str]]
    expected: list[Expectation]
    variables: t.Mapping[str, t.Any] = {}
    own: t.Mapping[str, t.Mapping[str, t.Any]] = {}
    product: str = "is_km_5.7.0"


def gateway(host: str, services: str, revoke: str) -> list[Expectation]:
    return [
        (host, "api-manager.xml", "APIGateway.Environments.Environment.ServerURL", services),
        (host, "api-manager.xml", "OAuthConfigurations.RevokeAPIURL", revoke),
    ]


BALANCED = {"key_manager": {"km1": "10.1.0.1"}, "load_balancer": {"lb1": "10.1.0.9"}}
HYBRID = {"key_manager": {"km1": "10.1.0.1"}, "api_manager": {"am1": "10.1.0.1"}}
SERVICE = "https://km.bank.example:9444/services/"
CLUSTERS: dict[str, Cluster] = {
    # One machine, one Key Manager, API Manager beside it, nobody in front.
    "single": Cluster(
        HYBRID,
        [
            ("km1", "axis2/axis2.xml", "enabled", False),
            ("km1", "carbon.xml", "Ports.Offset", "1"),
            ("km1", "carbon.xml", "HostName", "km.bank.example"),
            ("km1", "carbon.xml", "MgtHostName", "km.bank.example"),
            ("km1", "tomcat/catalina-server.xml", "mgt.transport.https.proxyPort", "9444"),
            ("km1", "tomcat/catalina-server.xml", "mgt.transport.http.proxyPort", "9764"),
            (
                "km1",
                "identity/identity.xml",
                "OAuth.OAuth2TokenEPUrl",
                "${carbon.protocol}://km.bank.example:9444/oauth2/token",
            ),
            (
                "km1",
                "identity/identity.xml",
                "OAuth.OAuth2ConsentPage",
                "${carbon.protocol}://km.bank.example:9444/authenticationendpoint/oauth2_authz.do",
            ),
            ("am1", "carbon.xml", "Ports.Offset", "0"),
            ("am1", "api-manager.xml", "AuthManager.ServerURL", SERVICE),
            ("am1", "api-manager.xml", "APIKeyValidator.ServerURL", SERVICE),
            ("am1", "api-manager.xml", "APIKeyManager.Configuration.ServerURL", SERVICE),
            # As the product has it: a gateway that is no cluster needs no message.
            *gateway("km1", "https://localhost:9444/services/", "https://10.1.0.1:8243/revoke"),
        ],
    ),
    # The Key Manager on a machine of its own.
    "alone": Cluster(
        {**BALANCED, "api_manager": {"am1": "10.1.0.2"}},
        [
            ("km1", "carbon.xml", "Ports.Offset", "0"),
            (
                "am1",
                "api-manager.xml",
                "AuthManager.ServerURL",
                "https://km.bank.example:9443/services/",
            ),
            *gateway("km1", "https://localhost:9443/services/", "https://10.1.0.2:8245/revoke"),
        ],
        {"cluster_api_manager_port_offset": 2},
    ),
    "active_active": Cluster(
        {
            "key_manager": {"km1": "10.1.0.1", "km2": "10.1.0.2"},
            "load_balancer": {"lb1": "10.1.0.9"},
            "api_manager": {"am1": "10.1.0.1", "am2": "10.1.0.2"},
        },
        [
            ("km2", "axis2/axis2.xml", "enabled", True),
            ("km1", "carbon.xml", "Ports.Offset", "1"),
            ("km2", "carbon.xml", "Ports.Offset", "1"),
            *gateway("km1", "https://10.1.0.1:9443/services/", "https://10.1.0.1:8243/revoke"),
            *gateway("km2", "https://10.1.0.2:9443/services/", "https://10.1.0.2:8243/revoke"),
            ("km1", "tomcat/catalina-server.xml", "mgt.transport.https.proxyPort", "443"),
            (
                "am2",
                "api-manager.xml",
                "APIKeyValidator.ServerURL",
                "https://km.bank.example:9443/services/",
            ),
        ],
        {
            "cluster_gateway": {"clustered": True},
            "cluster_token_encryption": True,
            "cluster_jwt": {"signature_algorithm": "NONE"},
        },
    ),
    "distributed": Cluster(
        BALANCED,
        gateway(
            "km1", "https://gw1.bank.example:9443/services/", "https://gw1.bank.example:8243/revoke"
        ),
        {
            "cluster_gateway": {
                "topology": "distributed",
                "clustered": True,
                "hosts": ["gw1.bank.example"],
            }
        },
    ),
    "shared_storage": Cluster(
        BALANCED,
        gateway(
            "km1", "https://gw1.bank.example:9443/services/", "https://gw1.bank.example:8244/revoke"
        ),
        {
            "cluster_gateway": {
                "topology": "distributed_ha_shared_storage",
                "clustered": True,
                "hosts": ["gw1.bank.example", "gw2.bank.example"],
            },
            "cluster_gateway_port": 8244,
        },
    ),
    "rsync": Cluster(
        BALANCED,
        gateway(
            "km1", "https://gwm.bank.example:9445/services/", "https://gw1.bank.example:8243/revoke"
        ),
        {
            "cluster_gateway": {
                "topology": "distributed_ha_rsync",
                "clustered": True,
                "hosts": ["gw1.bank.example", "gw2.bank.example"],
                "manager": "gwm.bank.example",
                "management_port": 9445,
            }
        },
    ),
    "balancer": Cluster(
        BALANCED,
        gateway(
            "km1", "https://gw.bank.example:443/services/", "https://gw.bank.example:8243/revoke"
        ),
        {
            "cluster_gateway": {
                "topology": "distributed_ha_rsync",
                "clustered": True,
                "balancer": "gw.bank.example",
                "management_port": 443,
            }
        },
    ),
    # Two Open Banking Key Managers on one machine, as the document has them.
    "one_machine": Cluster(
        {
            "key_manager": {"km1": "127.0.0.1", "km2": "127.0.0.1"},
            "load_balancer": {"lb1": "127.0.0.1"},
        },
        [
            ("km1", "carbon.xml", "Ports.Offset", "3"),
            ("km2", "carbon.xml", "Ports.Offset", "4"),
            ("km1", "axis2/axis2.xml", "localMemberPort", "4000"),
            ("km2", "axis2/axis2.xml", "localMemberPort", "4010"),
            ("km1", "axis2/axis2.xml", "localMemberHost", "127.0.0.1"),
            ("km1", "axis2/axis2.xml", "members", ["127.0.0.1:4000", "127.0.0.1:4010"]),
            ("km2", "axis2/axis2.xml", "members", ["127.0.0.1:4000", "127.0.0.1:4010"]),
        ],
        own={
            "km2": {
                "cluster_instance": "obkm2",
                "cluster_port_offset": 4,
                "cluster_member_port": 4010,
            }
        },
        product="ob_km_1.5",
    ),
}


def placed(name: str, value: t.Any) -> t.Any:
    """The value with the cluster's own network in it: a machine belongs to one cluster."""
    return (
        value.replace("10.1.0.", f"10.{list(CLUSTERS).index(name) + 1}.0.")
        if isinstance(value, str)
        else value
    )


class Sites:
    """The clusters' homes below a folder, and the inventory that describes them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = Secrets()
        self.homes: dict[str, Path] = {}
        hosts: dict[str, t.Any] = {}
        groups: dict[str, t.Any] = {}
        for name, cluster in CLUSTERS.items():
            roles = ("key_manager", "load_balancer", "database", "api_manager")
            names = {
                role: [f"{name}-{host}" for host in cluster.hosts.get(role, {})] for role in roles
            }
            groups.update(
                {
                    f"{name}_{role}": {"hosts": dict.fromkeys(members, {})}
                    for role, members in names.items()
                }
            )
            variables = {
                **{f"cluster_{role}_group": f"{name}_{role}" for role in roles},
                "cluster_product": cluster.product,
                "cluster_database": {"vendor": "mysql", "host": placed(name, "10.1.0.31")},
                "cluster_database_passwords": {
                    key: self.secrets.database(key) for key in DATABASES[cluster.product]
                },
                **cluster.variables,
            }
            for role, members in cluster.hosts.items():
                for host, address in members.items():
                    full = f"{name}-{host}"
                    hosts[full] = {
                        **variables,
                        "cluster_node_address": placed(name, address),
                        **cluster.own.get(host, {}),
                    }
                    if role in ("key_manager", "api_manager"):
                        hosts[full]["cluster_home"] = str(
                            self.home(full, cluster.product if role == "key_manager" else "apim")
                        )
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "cluster_hostname": "km.bank.example",
            "cluster_admin_password": self.secrets("a"),
            "cluster_group_password": self.secrets("group"),
            "cluster_keystore_password": self.secrets("keystore"),
            "cluster_truststore_password": self.secrets("truststore"),
            "nginx_management_sources": ["192.0.2.0/24"],
        }
        self.inventory = folder / "hosts.yml"
        self.inventory.write_text(
            yaml.safe_dump({"all": {"vars": shared, "hosts": hosts, "children": groups}}),
            encoding="utf-8",
        )

    def home(self, host: str, product: str) -> Path:
        home = self.homes[host] = self.folder / host
        shutil.copytree(SHARED / "real" / SOURCES[product], home, copy_function=shutil.copyfile)
        for path in [home, *home.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        for file, source in BORROWED.get(product, {}).items():
            (home / file).parent.mkdir(exist_ok=True)
            shutil.copyfile(source / file, home / file)
        return home


@pytest.fixture(scope="module")
def sites(tmp_path_factory: t.Any, playbook: t.Callable[..., t.Any]) -> Sites:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    made = Sites(tmp_path_factory.mktemp("products"))
    first = playbook("playbooks/configure.yml", made.inventory, "--diff")
    assert first.status == 0, first.output
    assert made.secrets.token not in first.output, "the output shows a password"
    second = playbook("playbooks/configure.yml", made.inventory)
    assert second.status == 0, second.output
    changed = {host: count for host, count in RECAP.findall(second.output) if count != "0"}
    assert not changed, "the second run changed something"
    return made


@pytest.fixture(scope="module")
def reading(
    sites: Sites, oracle: t.Callable[[Path], dict[str, t.Any]]
) -> t.Callable[[str], dict[str, t.Any]]:
    read: dict[str, dict[str, t.Any]] = {}

    def of_host(host: str) -> dict[str, t.Any]:
        if host not in read:
            read[host] = oracle(sites.homes[host])
        return read[host]

    return of_host


def told(report: t.Mapping[str, t.Any], file: str, key: str) -> t.Any:
    content = report[file]
    if file == "axis2/axis2.xml":
        clustering = content["clustering"]
        return clustering[key] if key in clustering else str(clustering["parameters"][key])
    if file == "tomcat/catalina-server.xml":
        return str(content["systemProperties"][key])
    value = content["properties"].get(key)
    return value[0] if isinstance(value, list) else value


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_files_say_what_the_topology_means(
    name: str, reading: t.Callable[[str], dict[str, t.Any]]
) -> None:
    wrong = {}
    for host, file, key, value in CLUSTERS[name].expected:
        found = told(reading(f"{name}-{host}"), file, key)
        if found != placed(name, value):
            wrong[host, file, key] = found
    assert not wrong


@pytest.mark.parametrize(
    "host",
    ["single-km1", "active_active-km1", "active_active-am1", "distributed-km1", "one_machine-km2"],
)
def test_no_parser_complains(host: str, reading: t.Callable[[str], dict[str, t.Any]]) -> None:
    for file, content in reading(host).items():
        for key in ("error", "persistenceError", "oauthError"):
            assert not content.get(key), (file, content.get(key))
        assert all(content.get("jndiLookups", {}).values()), (file, content["jndiLookups"])
        lines = [line for line in content.get("log", ()) if line.startswith("ERROR")]
        assert not [
            line
            for line in lines
            if "Cannot find class" not in line and "ClassNotFoundException" not in line
        ], file


def datasources(report: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    sources: dict[str, t.Any] = {}
    for file, content in report.items():
        for source in content["datasources"] if file.startswith("datasources/") else ():
            assert source["jndiName"] not in sources, "a JNDI name is defined twice"
            sources[source["jndiName"]] = source
    return sources


@pytest.mark.parametrize("side", ["km1", "am1"])
def test_one_model_feeds_the_databases_of_both_sides(
    side: str, sites: Sites, reading: t.Callable[[str], dict[str, t.Any]]
) -> None:
    report = reading("active_active-" + side)
    found = datasources(report)
    wanted = {
        "jdbc/WSO2UM_DB": ("WSO2UM_DB", "user", "apimgt_userdb"),
        "jdbc/WSO2AM_DB": ("WSO2AM_DB", "apim", "apimgt_amdb"),
        "jdbc/WSO2REG_DB": ("WSO2REG_DB", "registry", "apimgt_regdb"),
    }
    if side == "km1":
        wanted["jdbc/WSO2IdentityDB"] = ("WSO2_IDENTITY_DB", "apim", "apimgt_amdb")
    for jndi, (name, account, database) in wanted.items():
        pool = found[jndi]["pool"]
        assert (found[jndi]["name"], pool["username"]) == (name, "obkm_" + account)
        assert pool["url"].startswith(
            placed("active_active", "jdbc:mysql://10.1.0.31:3306/{0}?").format(database)
        )
        assert pool["password"] == sites.secrets.database(account)
        assert (pool["maxActive"], pool["defaultAutoCommit"], pool["validationQuery"]) == (
            150,
            False,
            "SELECT 1",
        )
    assert report["user-mgt.xml"]["realmProperties"]["dataSource"] == "jdbc/WSO2UM_DB"
    assert (
        told(report, "identity/identity.xml", "JDBCPersistenceManager.DataSource.Name")
        == "jdbc/WSO2AM_DB"
    )
    assert told(report, "api-manager.xml", "DataSourceName") == "jdbc/WSO2AM_DB"
    registry = report["registry.xml"]
    target = {"km1": "/_system/iskm/config", "am1": "/_system/apim/config"}[side]
    assert {
        mount["path"]: (mount["instanceId"], mount["targetPath"]) for mount in registry["mounts"]
    } == {
        "/_system/config": ("configInstance", target),
        "/_system/governance": ("governanceInstance", "/_system/governance"),
    }
    assert sorted(instance["id"] for instance in registry["remoteInstances"]) == [
        "configInstance",
        "governanceInstance",
    ]
    used = {name: config["dataSource"] for name, config in registry["dbConfigs"].items()}
    assert used == {
        "wso2registry": "jdbc/WSO2CarbonDB",
        "configRegistry": "jdbc/WSO2REG_DB",
        "governanceRegistry": "jdbc/WSO2REG_DB",
    }


@pytest.mark.parametrize(("name", "encrypted"), [("active_active", True), ("single", False)])
def test_keys_are_encrypted_on_both_products_or_on_none(
    name: str, encrypted: bool, reading: t.Callable[[str], dict[str, t.Any]]
) -> None:
    processor = (
        "EncryptionDecryptionPersistenceProcessor" if encrypted else "PlainTextPersistenceProcessor"
    )
    for side in ("km1", "am1"):
        report = reading(f"{name}-{side}")
        assert (
            told(report, "api-manager.xml", "OAuthConfigurations.EncryptPersistedTokens")
            == str(encrypted).lower()
        )
        found = told(report, "identity/identity.xml", "OAuth.TokenPersistenceProcessor")
        assert found == "org.wso2.carbon.identity.oauth.tokenprocessor." + processor


@pytest.mark.parametrize(
    ("name", "algorithm"), [("active_active", "NONE"), ("single", "SHA256withRSA")]
)
def test_the_key_manager_makes_tokens_for_backends(
    name: str, algorithm: str, reading: t.Callable[[str], dict[str, t.Any]]
) -> None:
    report = reading(name + "-km1")
    keys = (
        "EnableJWTGeneration",
        "ClaimsRetrieverImplClass",
        "ConsumerDialectURI",
        "SignatureAlgorithm",
    )
    assert [told(report, "api-manager.xml", "JWTConfiguration." + key) for key in keys] == [
        "true",
        "org.wso2.carbon.apimgt.impl.token.DefaultClaimsRetriever",
        "http://wso2.org/claims",
        algorithm,
    ]


def test_api_manager_asks_over_web_services(
    sites: Sites, reading: t.Callable[[str], dict[str, t.Any]]
) -> None:
    report = reading("active_active-am1")
    assert told(report, "api-manager.xml", "APIKeyValidator.KeyValidatorClientType") == "WSClient"
    assert told(report, "api-manager.xml", "APIKeyValidator.EnableThriftServer") == "false"


def test_every_account_is_the_administrators(
    sites: Sites, reading: t.Callable[[str], dict[str, t.Any]]
) -> None:
    report = reading("active_active-am1")
    assert told(report, "api-manager.xml", "AuthManager.Username") == "admin"
    assert told(report, "api-manager.xml", "AuthManager.Password") == sites.secrets("a")
    assert (
        told(report, "api-manager.xml", "ThrottlingConfigurations.TrafficManager.Username")
        == "admin"
    )
    parameters = "ThrottlingConfigurations.JMSConnectionDetails.JMSConnectionParameters.connectionfactory.TopicConnectionFactory"
    account = "admin:" + urllib.parse.quote(sites.secrets("a"), safe="")
    assert told(report, "api-manager.xml", parameters).startswith(
        f"amqp://{account}@clientid/carbon?brokerlist="
    )
    url = urllib.parse.urlsplit(told(report, "api-manager.xml", parameters))
    assert urllib.parse.unquote(url.password or "") == sites.secrets("a"), (
        "the password in the URL is another one"
    )
    lines = (
        (sites.homes["active_active-am1"] / "repository/conf/jndi.properties")
        .read_text(encoding="utf-8")
        .splitlines()
    )
    assert len([line for line in lines if f"amqp://{account}@client" in line]) == 2


def test_folders_that_api_manager_looks_for_are_there(sites: Sites) -> None:
    for folder in ("in", "out", "fault"):
        assert (
            sites.homes["single-km1"] / "repository/resources/customsequences" / folder
        ).is_dir()
    assert not (sites.homes["one_machine-km1"] / "repository/resources").exists()


@pytest.mark.parametrize(("host", "port"), [("single-km1", 9444), ("active_active-km1", 443)])
def test_the_dashboard_calls_itself_where_clients_do(host: str, port: int, sites: Sites) -> None:
    web = "repository/deployment/server/webapps/shindig/WEB-INF/web.xml"
    stock = (SHARED / "real" / SOURCES["is_km_5.7.0"] / web).read_bytes()
    found = (sites.homes[host] / web).read_bytes()
    assert found == stock.replace(b"shindig.port=\n", b"shindig.port=%d\n" % port) != stock


def test_portals_log_in_where_clients_do(sites: Sites) -> None:
    apps = "repository/deployment/server/jaggeryapps/"
    for host, url in (
        ("single-am1", "https://km.bank.example:9444"),
        ("active_active-am1", "https://km.bank.example"),
    ):
        for app, issuer in (("store", "API_STORE"), ("admin", "API_WORKFLOW_ADMIN")):
            site = json_meaning(
                (sites.homes[host] / apps / app / "site/conf/site.json").read_bytes()
            )
            assert site["ssoConfiguration.identityProviderURL"] == url + "/samlsso"
            assert site["ssoConfiguration.idpInitSSOURL"] == f"{url}/samlsso?spEntityID={issuer}"
            assert site["reverseProxy.enabled"] == "auto"
