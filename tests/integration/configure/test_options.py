# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""User stores, caching, membership schemes, sessions, valve and JMX: what WSO2's own parsers read
for each value, on the real files.

All clusters stand in one inventory and are configured by one run; a second run takes every option
back to its default.
"""

from __future__ import annotations

import re
import shutil
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from lxml import etree

from tests.integration.configure.sites import SHARED, Secrets
from tests.integration.configure.test_leftovers import FORMER_PASSWORD, FORMER_STORE

SOURCES = {"ob_km_1.5": "ob-km-1.5-uk", "is_km_5.7.0": "is-km-5.7.0", "apim": "ob-apim-1.5-uk"}
# Files that both products have and that were published of one only, or of the kernel.
BORROWED = {
    "repository/conf/etc/jmx.xml": "carbon-kernel-4.4.35",
    "repository/conf/identity/embedded-ldap.xml": "is-km-5.7.0",
    "repository/conf/identity/application-authentication.xml": "ob-km-1.5-uk",
}
DATABASES = {
    "is_km_5.7.0": ("user", "apim", "registry"),
    "ob_km_1.5": ("user", "apim", "config", "registry", "open_banking"),
}
PACKAGE = "org.wso2.carbon.user.core."
JDBC = PACKAGE + "jdbc.JDBCUserStoreManager"
SECURITY_CACHES = 8
FORMER_URL = '<Property name="ConnectionURL">ldap://former.bank.example:389</Property>'
FORMER_VALVE = (
    b'<Valve className="org.apache.catalina.valves.RemoteIpValve" internalProxies="former"/>'
)
OWN_DIRECTORY = """
        <!--UserStoreManager class="org.wso2.carbon.user.core.ldap.ReadWriteLDAPUserStoreManager">
            <Property name="TenantManager">org.wso2.carbon.user.core.tenant.CommonHybridLDAPTenantManager</Property>
            <Property name="ConnectionURL">ldap://localhost:389</Property>
        </UserStoreManager-->"""
DIRECTORY = {
    "connection_url": "ldaps://ldap.bank.example:636",
    "connection_name": "cn=km,dc=bank",
    "user_search_base": "ou=users,dc=bank",
    "group_search_base": "ou=groups,dc=bank",
}
OPTIONS: dict[str, dict[str, t.Any]] = {
    "defaults": {},
    "active_directory": {
        "cluster_user_store": {
            "type": "active_directory",
            **DIRECTORY,
            "properties": {"isADLDSRole": True},
        },
        "cluster_caching": "none",
        "cluster_session_persistence": {"temporary": False, "cleanup": "none"},
        "cluster_remote_ip_valve": {"enabled": True},
        "cluster_jmx": True,
        "cluster_skip_schema_creation": False,
    },
    "read_only": {
        "cluster_user_store": {
            "type": "ldap_read_only",
            **DIRECTORY,
            "connection_url": "ldap://ldap.bank.example:389",
            "allow_plaintext": True,
            "user_name_search_filter": "(&(objectClass=bankPerson)(uid=?))",
        },
        "cluster_caching": "local_without_security_caches",
        "cluster_membership_scheme": "multicast",
        "cluster_membership_options": {
            "address": "228.0.0.9",
            "port": 45565,
            "ttl": 2,
            "timeout": 7,
        },
        "cluster_session_persistence": {"enabled": False, "pool_size": 3, "cleanup": "all_nodes"},
        "cluster_email_user_names": False,
        "cluster_admin_user": "operator",
    },
    "read_write": {
        "cluster_user_store": {"type": "ldap_read_write", **DIRECTORY},
        "cluster_caching": "distributed",
        "cluster_membership_scheme": "aws",
        "cluster_member_port": 5701,
        "cluster_membership_options": {
            "region": "eu-west-1",
            "security_group": "km",
            "tag_key": "a",
            "tag_value": "b",
        },
        "cluster_email_user_names": True,
        "cluster_remote_ip_valve": {
            "enabled": True,
            "internal_proxies": r"10\.9\..*",
            "remote_ip_header": "x-real-ip",
        },
    },
    "embedded": {
        "cluster_user_store": {"type": "embedded_ldap"},
        "cluster_caching": "local_without_invalidation",
        "cluster_bind_member_port": False,
    },
    "ranges": {
        "cluster_additional_members": [
            {"host": "10.8.0.20-30"},
            {"host": "km9.bank.example", "port": 4010},
        ]
    },
}
CLUSTERS = [f"{product}.{name}" for product in DATABASES for name in OPTIONS]


def secrets_of(name: str, secrets: Secrets) -> dict[str, str]:
    options = OPTIONS[name]
    found = {}
    if options.get("cluster_user_store"):
        found["cluster_user_store_password"] = secrets("--directory")
    if options.get("cluster_membership_scheme") == "aws":
        found.update(
            cluster_aws_access_key=secrets("access"), cluster_aws_secret_key=secrets("secret")
        )
    return found


def left_before(home: Path, key_manager: bool, directory: bool) -> None:
    """Let another user store be active, directories in comments hold their URL twice, caches be
    otherwise, and the valve be last."""
    users = home / "repository/conf/user-mgt.xml"
    text = users.read_bytes().decode("utf-8")
    # Not every product has a block for a directory that can be written to; it may be somebody's
    # own.
    own = OWN_DIRECTORY if directory and OWN_DIRECTORY.strip().splitlines()[0] not in text else ""
    text, places = re.subn(
        r"\s*<AuthorizationManager", own + FORMER_STORE + r"\g<0>", text, count=1
    )
    text, directories = re.subn(
        r"<!--UserStoreManager class=\"[\w.]*\.ldap\.\w+\">", r"\g<0>" + FORMER_URL, text
    )
    assert places and directories, users
    if key_manager:
        # (API Manager keeps its own.)
        text, caches = re.subn(r"(\"UserRolesCacheEnabled\">)true<", r"\g<1>former<", text)
        assert caches, users
    users.write_bytes(text.encode("utf-8"))
    if key_manager:
        tomcat = home / "repository/conf/tomcat/catalina-server.xml"
        content = tomcat.read_bytes()
        assert content.count(b"</Host>") == 1
        tomcat.write_bytes(content.replace(b"</Host>", FORMER_VALVE + b"</Host>"))


class Sites:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = Secrets()
        self.homes: dict[str, Path] = {}
        self.inventory = folder / "hosts.yml"
        for cluster in CLUSTERS:
            product = cluster.rpartition(".")[0]
            for host in self.nodes(cluster):
                self._make(host, product)
            self._make("am1." + cluster, "apim")

    @staticmethod
    def nodes(cluster: str) -> list[str]:
        return ["km1." + cluster] + (["km2." + cluster] if not cluster.endswith("embedded") else [])

    def _make(self, host: str, product: str) -> None:
        home = self.homes[host] = self.folder / "homes" / host
        shutil.copytree(SHARED / "real" / SOURCES[product], home, copy_function=shutil.copyfile)
        for path, source in BORROWED.items():
            if not (home / path).exists() and (product != "apim" or "jmx" in path):
                (home / path).parent.mkdir(exist_ok=True)
                shutil.copyfile(SHARED / "real" / source / path, home / path)
        identity = "repository/conf/identity/identity.xml"
        if product == "apim":
            (home / identity).parent.mkdir(exist_ok=True)
            shutil.copyfile(SHARED / "real" / "is-km-5.7.0" / identity, home / identity)
            shutil.copyfile(
                Path(__file__).parents[3]
                / "demo/product_files/api_manager/repository/conf/jndi.properties",
                home / "repository/conf/jndi.properties",
            )
        left_before(home, product != "apim", host.endswith("read_write"))
        for path in [home, *home.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    def write(self, options: t.Mapping[str, t.Mapping[str, t.Any]]) -> None:
        hosts: dict[str, t.Any] = {}
        groups: dict[str, t.Any] = {}
        for number, cluster in enumerate(CLUSTERS, start=1):
            product, _dot, name = cluster.rpartition(".")
            label = f"c{number}"
            members = {
                "key_manager": self.nodes(cluster),
                "load_balancer": ["lb1." + cluster],
                "api_manager": ["am1." + cluster],
            }
            variables = {
                **{f"cluster_{role}_group": f"{label}_{role}" for role in (*members, "database")},
                "cluster_name": label,
                "cluster_hostname": f"{label}.bank.example",
                "cluster_product": product,
                "cluster_database": {"vendor": "mysql", "host": f"{label}.db.bank.example"},
                "cluster_database_passwords": {
                    key: self.secrets.database(key) for key in DATABASES[product]
                },
                **options[name],
                **(secrets_of(name, self.secrets) if options[name] else {}),
            }
            for role, names in members.items():
                groups[f"{label}_{role}"] = {"hosts": dict.fromkeys(names, {})}
                for index, host in enumerate(names, start=1):
                    place = {"key_manager": 10, "load_balancer": 40, "api_manager": 50}[
                        role
                    ] + index
                    hosts[host] = {**variables, "cluster_node_address": f"10.8.{number}.{place}"}
                    if host in self.homes:
                        hosts[host]["cluster_home"] = str(self.homes[host])
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "cluster_admin_password": self.secrets("a"),
            "cluster_group_password": self.secrets("group"),
            "cluster_keystore_password": self.secrets("keystore"),
            "cluster_truststore_password": self.secrets("truststore"),
            "nginx_management_sources": ["192.0.2.0/24"],
        }
        self.inventory.write_text(
            yaml.safe_dump({"all": {"vars": shared, "hosts": hosts, "children": groups}}),
            encoding="utf-8",
        )


class Readings(t.NamedTuple):
    secrets: Secrets
    options: dict[str, dict[str, t.Any]]
    back: dict[str, dict[str, t.Any]]
    files: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def readings(
    tmp_path_factory: t.Any,
    playbook: t.Callable[..., t.Any],
    oracle: t.Callable[[Path], dict[str, t.Any]],
) -> Readings:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    sites = Sites(tmp_path_factory.mktemp("options"))
    found = []
    files: dict[str, dict[str, str]] = {}
    for options in (OPTIONS, dict.fromkeys(OPTIONS, {})):
        sites.write(options)
        first = playbook(
            "playbooks/configure.yml",
            sites.inventory,
            "--diff",
            "-vvv" if options is OPTIONS else "-v",
        )
        assert first.status == 0, first.output[-6000:]
        assert sites.secrets.token not in first.output, "the output shows a password"
        second = playbook("playbooks/configure.yml", sites.inventory)
        assert second.status == 0 and "changed=0" in second.output, second.output[-3000:]
        assert second.output.count("changed=0") == second.output.count("unreachable=0"), (
            "the second run changed something"
        )
        found.append(
            {
                host: oracle(home)
                for host, home in sites.homes.items()
                if not host.startswith("km2") or "defaults" in host
            }
        )
        if options is OPTIONS:
            for host, home in sites.homes.items():
                paths = (
                    "hazelcast.properties",
                    "etc/jmx.xml",
                    "identity/embedded-ldap.xml",
                    "user-mgt.xml",
                )
                conf = home / "repository/conf"
                files[host] = {
                    path: (conf / path).read_text(encoding="utf-8")
                    for path in paths
                    if (conf / path).exists()
                }
    return Readings(sites.secrets, found[0], found[1], files)


def store(report: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    stores = report["user-mgt.xml"]["userStores"]
    assert len(stores) == 1, "more than one user store is active"
    return dict(stores[0])


def persistence(report: t.Mapping[str, t.Any]) -> list[t.Any]:
    prefix = "JDBCPersistenceManager.SessionDataPersist."
    properties = report["identity/identity.xml"]["properties"]
    return [
        properties[prefix + key]
        for key in ("Enable", "Temporary", "PoolSize", "SessionDataCleanUp.Enable")
    ]


def caches(report: t.Mapping[str, t.Any]) -> list[str]:
    """Of all caches there are, in the order of the layers: those of identity.xml that are on, how,
    and the other switches."""
    found = report["identity/identity.xml"]["caches"]
    carbon = report["carbon.xml"]["properties"]
    users = report["user-mgt.xml"]
    instances = {instance["enableCache"] for instance in report["registry.xml"]["remoteInstances"]}
    return [
        "{0} off".format(len([cache for cache in found if not cache["enabled"]])),
        "{0} distributed".format(len([cache for cache in found if cache["distributed"]])),
        *carbon["Cache.ForceLocalCache"],
        *carbon["Cache.DefaultCacheTimeout"],
        users["authorizationProperties"]["AuthorizationCacheEnabled"],
        users["userStores"][0]["properties"]["UserRolesCacheEnabled"],
        str(report["registry.xml"]["cacheEnabled"]).lower(),
        *sorted(instances),
    ]


def clustering(report: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return dict(report["axis2/axis2.xml"]["clustering"])


pytestmark = pytest.mark.slow
BOTH = pytest.mark.parametrize("product", DATABASES)
STORES = {
    "defaults": JDBC,
    "active_directory": PACKAGE + "ldap.ActiveDirectoryUserStoreManager",
    "read_only": PACKAGE + "ldap.ReadOnlyLDAPUserStoreManager",
    "read_write": PACKAGE + "ldap.ReadWriteLDAPUserStoreManager",
    "embedded": PACKAGE + "ldap.ReadWriteLDAPUserStoreManager",
}


@BOTH
@pytest.mark.parametrize("name", STORES)
def test_both_products_have_the_one_user_store(name: str, product: str, readings: Readings) -> None:
    reports = [readings.options[f"{host}.{product}.{name}"] for host in ("km1", "am1")]
    assert [store(report)["class"] for report in reports] == [STORES[name]] * 2
    assert [report["user-mgt.xml"]["addAdmin"] for report in reports] == [
        "false" if name == "read_only" else "true"
    ] * 2
    if name == "defaults":
        return
    for report in reports:
        properties = store(report)["properties"]
        assert properties["ConnectionPassword"] == readings.secrets("--directory")
        if name != "embedded":
            wanted = OPTIONS[name]["cluster_user_store"]
            names = {
                "ConnectionURL": "connection_url",
                "ConnectionName": "connection_name",
                "UserSearchBase": "user_search_base",
                "GroupSearchBase": "group_search_base",
            }
            assert {key: properties[key] for key in names} == {
                key: wanted[option] for key, option in names.items()
            }
    both = [store(report)["properties"] for report in reports]
    if name == "active_directory":
        assert (both[0]["Referral"], both[0]["userAccountControl"]) == ("follow", "512")
        assert [properties["isADLDSRole"] for properties in both] == ["true"] * 2
    if name == "read_only":
        assert [properties["UserNameSearchFilter"] for properties in both] == [
            "(&(objectClass=bankPerson)(uid=?))"
        ] * 2


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_nothing_of_a_former_user_store_is_left(cluster: str, readings: Readings) -> None:
    for host in ("km1." + cluster, "am1." + cluster):
        text = readings.files[host]["user-mgt.xml"]
        assert "FormerUserStoreManager" in text, (
            "what was there before stays in a comment, for a way back"
        )
        assert FORMER_PASSWORD not in text
        assert FORMER_URL not in re.sub("<!--.*?-->", "", text, flags=re.DOTALL)


@BOTH
def test_the_embedded_server_serves_both_products(product: str, readings: Readings) -> None:
    host = f"km1.{product}.embedded"
    number = CLUSTERS.index(product + ".embedded") + 1
    ldap = 10389 + int(readings.options[host]["carbon.xml"]["properties"]["Ports.Offset"][0])
    assert store(readings.options[host])["properties"]["ConnectionURL"].startswith(
        "ldap://localhost:"
    )
    remote = store(readings.options[f"am1.{product}.embedded"])["properties"]["ConnectionURL"]
    assert remote == f"ldap://10.8.{number}.11:{ldap}"
    for name, wanted in (
        ("embedded", ["true", readings.secrets("--directory")]),
        ("defaults", ["false", "admin"]),
    ):
        root = etree.fromstring(
            readings.files[f"km1.{product}.{name}"]["identity/embedded-ldap.xml"].encode()
        )
        found = [
            root.xpath(f"string(EmbeddedLDAP/Property[@name='{key}'])")
            for key in ("enable", "connectionPassword")
        ]
        assert found == wanted, name


@BOTH
@pytest.mark.parametrize(
    ("name", "wanted", "clustered"),
    [
        (
            "defaults",
            ["0 off", "0 distributed", "true", "15", "true", "true", "true", "true"],
            True,
        ),
        (
            "embedded",
            ["0 off", "0 distributed", "true", "5", "true", "true", "true", "true"],
            False,
        ),
        (
            "active_directory",
            ["all off", "0 distributed", "true", "15", "false", "false", "false", "false"],
            False,
        ),
        (
            "read_only",
            ["8 off", "0 distributed", "true", "15", "false", "false", "true", "true"],
            True,
        ),
        (
            "read_write",
            ["0 off", "all distributed", "false", "15", "true", "true", "true", "true"],
            True,
        ),
    ],
)
def test_the_caching_scenario_is_what_the_parsers_read(
    name: str, wanted: list[str], clustered: bool, product: str, readings: Readings
) -> None:
    report = readings.options[f"km1.{product}.{name}"]
    number = {"ob_km_1.5": "20", "is_km_5.7.0": "19"}[product]
    assert caches(report) == [text.replace("all", number) for text in wanted]
    assert clustering(report)["enabled"] is clustered


@BOTH
def test_each_membership_scheme_is_the_agents(product: str, readings: Readings) -> None:
    number = CLUSTERS.index(product + ".ranges") + 1
    multicast = clustering(readings.options[f"km1.{product}.read_only"])["hazelcast"]
    assert (multicast["multicast"], multicast["tcpIp"], multicast["aws"]) == (True, False, False)
    parameters = clustering(readings.options[f"km1.{product}.read_only"])["parameters"]
    wanted = {
        "mcastAddress": "228.0.0.9",
        "mcastPort": "45565",
        "mcastTTL": "2",
        "mcastTimeout": "7",
    }
    assert {name: str(parameters[name]) for name in wanted} == wanted
    aws = clustering(readings.options[f"km1.{product}.read_write"])
    assert (aws["hazelcast"]["aws"], aws["hazelcast"]["tcpIp"]) == (True, False)
    wanted = {
        "accessKey": readings.secrets("access"),
        "secretKey": readings.secrets("secret"),
        "region": "eu-west-1",
        "securityGroup": "km",
        "tagKey": "a",
        "tagValue": "b",
    }
    assert {name: str(aws["parameters"][name]) for name in wanted} == wanted
    ranges = clustering(readings.options[f"km1.{product}.ranges"])["hazelcast"]["members"]
    nodes = [f"10.8.{number}.1{index}:4000" for index in (1, 2)]
    assert ranges == [*nodes, "10.8.0.20-30:4000", "km9.bank.example:4010"]


@BOTH
def test_sessions_are_kept_as_the_variables_say(product: str, readings: Readings) -> None:
    found = {name: persistence(readings.options[f"km1.{product}.{name}"]) for name in OPTIONS}
    assert found["defaults"] == ["true", "true", "0", "true"]
    assert persistence(readings.options[f"km2.{product}.defaults"]) == [
        "true",
        "true",
        "0",
        "false",
    ]
    assert found["active_directory"] == ["true", "false", "0", "false"]
    assert found["read_only"] == ["false", "true", "3", "true"]
    skip = "JDBCPersistenceManager.SkipDBSchemaCreation"
    for name, wanted in (("defaults", "true"), ("active_directory", "false")):
        assert (
            readings.options[f"km1.{product}.{name}"]["identity/identity.xml"]["properties"][skip]
            == wanted
        )


@BOTH
def test_user_names_may_be_addresses_on_both_products_or_on_none(
    product: str, readings: Readings
) -> None:
    shipped = {"ob_km_1.5": "true", "is_km_5.7.0": "false"}[product]
    for name, wanted in (("defaults", shipped), ("read_only", "false"), ("read_write", "true")):
        for host in ("km1", "am1"):
            properties = readings.options[f"{host}.{product}.{name}"]["carbon.xml"]["properties"]
            # Where it does not stand it is off.
            assert properties.get("EnableEmailUserName", ["false"]) == [wanted], (host, name)


@BOTH
def test_the_valve_is_the_first_of_the_host(product: str, readings: Readings) -> None:
    valve = "org.apache.catalina.valves.RemoteIpValve"
    found = {}
    for name in ("defaults", "active_directory", "read_write"):
        report = readings.options[f"km1.{product}.{name}"]["tomcat/catalina-server.xml"]
        found[name] = report["hostValves"]["localhost"]
        assert [each["className"] for each in found[name]].count(valve) == (name != "defaults")
    number = CLUSTERS.index(product + ".active_directory") + 1
    first = found["active_directory"][0]
    assert (first["className"], first["internalProxies"]) == (valve, rf"10\.8\.{number}\.41")
    names = ("remoteIpHeader", "proxiesHeader", "protocolHeader")
    assert [first[name] for name in names] == [
        "x-forwarded-for",
        "x-forwarded-by",
        "x-forwarded-proto",
    ]
    assert (
        found["read_write"][0]["internalProxies"],
        found["read_write"][0]["remoteIpHeader"],
    ) == (r"10\.9\..*", "x-real-ip")


@BOTH
def test_ports_beside_the_products_own_are_closed_unless_asked_for(
    product: str, readings: Readings
) -> None:
    for name, start in (("defaults", "false"), ("active_directory", "true")):
        number = CLUSTERS.index(f"{product}.{name}") + 1
        for host, place in (("km1", 11), ("am1", 51)):
            root = etree.fromstring(
                readings.files[f"{host}.{product}.{name}"]["etc/jmx.xml"].encode()
            )
            space = {"j": "http://wso2.org/projects/carbon/jmx.xml"}
            assert root.xpath("string(j:StartRMIServer)", namespaces=space) == start
            named = f"10.8.{number}.{place}" if start == "true" else "localhost"
            assert root.xpath("string(j:HostName)", namespaces=space) == named
    for name, bound in (("defaults", "false"), ("embedded", "true"), ("read_only", "true")):
        text = readings.files[f"km1.{product}.{name}"]["hazelcast.properties"]
        assert f"hazelcast.socket.bind.any={bound}\n" in text


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_option_has_a_way_back(cluster: str, readings: Readings) -> None:
    product = cluster.rpartition(".")[0]
    fresh = readings.options[f"km1.{product}.defaults"]
    back = readings.back["km1." + cluster]
    assert store(back)["class"] == JDBC and store(readings.back["am1." + cluster])["class"] == JDBC
    assert store(back) == store(fresh)
    assert caches(back) == caches(fresh) and persistence(back) == persistence(fresh)
    # A node that is alone forms no cluster.
    together = len(Sites.nodes(cluster)) > 1
    assert clustering(back)["enabled"] is together
    assert not together or clustering(back)["hazelcast"]["tcpIp"]
    assert [
        valve["className"]
        for valve in back["tomcat/catalina-server.xml"]["hostValves"]["localhost"]
    ] == [
        valve["className"]
        for valve in fresh["tomcat/catalina-server.xml"]["hostValves"]["localhost"]
    ]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_no_parser_complains(cluster: str, readings: Readings) -> None:
    for report in (readings.options["km1." + cluster], readings.back["km1." + cluster]):
        for file, content in report.items():
            assert not [
                content[key]
                for key in ("error", "persistenceError", "oauthError")
                if content.get(key)
            ], file
            assert all(content.get("jndiLookups", {}).values()), file
