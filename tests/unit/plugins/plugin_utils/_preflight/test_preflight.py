# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Every contradiction that an inventory can hold is found, named by its variable, and none of the
sentences shows a secret."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._preflight.check import (
    check_inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import (
    collection_sources,
    role_options,
)

GOOD = {
    "cluster_product": "ob_km_1.5",
    "cluster_hostname": "km.bank.example",
    "nginx_management_sources": ["192.0.2.0/24"],
    "cluster_admin_password": "Canary-admin-1",
    "cluster_group_password": "Canary-group-1",
    "cluster_keystore_password": "Canary-keys-1",
    "cluster_truststore_password": "Canary-trust-1",
    "cluster_database_passwords": {
        name: "Canary-" + name for name in ("user", "apim", "config", "registry", "open_banking")
    },
}
GROUPS = {
    "key_manager": ["km1", "km2"],
    "load_balancer": ["lb1"],
    "database": ["db1"],
    "api_manager": ["am1"],
}
ADDRESSES = {
    "km1": "192.0.2.11",
    "km2": "192.0.2.12",
    "lb1": "192.0.2.21",
    "db1": "192.0.2.31",
    "am1": "192.0.2.41",
}


class Case:
    """One inventory, changed from the good one."""

    def __init__(self) -> None:
        self.groups = copy.deepcopy(GROUPS)
        self.hosts: dict[str, dict[str, t.Any]] = {
            host: {**copy.deepcopy(GOOD), "cluster_node_address": address}
            for host, address in ADDRESSES.items()
        }

    def everywhere(self, **variables: t.Any) -> None:
        for values in self.hosts.values():
            values.update(copy.deepcopy(variables))

    def nowhere(self, name: str) -> None:
        for values in self.hosts.values():
            values.pop(name, None)

    def errors(self, unresolved: t.Any = None) -> list[str]:
        inventory = Inventory({**self.groups, "all": list(self.hosts)}, self.hosts)
        others = {role: spec for role, spec in role_options().items() if role != "cluster"}
        return check_inventory(
            inventory,
            unresolved or {},
            collection_sources(),
            others,
            exists=lambda path: "missing" not in path,
        )


def two_on_one_host(case: Case, **second: t.Any) -> None:
    for host in ("km1", "km2"):
        case.hosts[host]["cluster_node_address"] = "192.0.2.11"
    case.hosts["km2"].update(
        {
            "cluster_instance": "obkm2",
            "cluster_port_offset": 4,
            "cluster_member_port": 4010,
            **second,
        }
    )


def documented_pair(case: Case, second: str = "127.0.0.2", **other: t.Any) -> None:
    """As Open Banking's document has it: one machine, and addresses of it that lead nowhere else."""
    for host in ("km1", "km2", "lb1"):
        case.hosts[host].update(
            ansible_host="machine.bank.example", cluster_node_address="127.0.0.1"
        )
    case.hosts["km2"].update({"cluster_node_address": second, **other})


def identity_server(case: Case, **gateway: t.Any) -> None:
    passwords = {name: "Canary-" + name for name in ("user", "apim", "registry")}
    case.everywhere(
        cluster_product="is_km_5.7.0", cluster_database_passwords=passwords, cluster_gateway=gateway
    )


def directory(case: Case, secret: str = "Canary-directory", **changed: t.Any) -> None:
    store = {
        "type": "ldap_read_write",
        "connection_url": "ldaps://ldap.bank.example:636",
        "connection_name": "cn=km,dc=bank",
        "user_search_base": "ou=users,dc=bank",
        "group_search_base": "ou=groups,dc=bank",
        **changed,
    }
    case.everywhere(
        cluster_user_store={key: value for key, value in store.items() if value is not None},
        cluster_user_store_password=secret,
    )


def aws(case: Case, **variables: t.Any) -> None:
    case.everywhere(
        cluster_membership_scheme="aws",
        cluster_aws_access_key="Canary-a",
        cluster_aws_secret_key="Canary-s",
        **variables,
    )


def driver(case: Case, **options: str) -> None:
    case.everywhere(cluster_database_driver={"checksum": "sha256:" + "0" * 64, **options})


def share(case: Case, password: str | None = None, **storage: t.Any) -> None:
    case.everywhere(cluster_shared_storage=storage)
    if password is not None:
        case.everywhere(cluster_shared_storage_password=password)


# What is wrong, the change that makes it so, and what its sentence must name.
BAD: list[tuple[str, t.Callable[[Case], t.Any], list[str]]] = [
    (
        "an IPv6 node",
        lambda c: c.hosts["km2"].update(cluster_node_address="fd00:1::12"),
        ["cluster_node_address of km2", "fd00:1::12", "IPv6"],
    ),
    (
        "a node whose name no certificate can hold",
        lambda c: c.hosts["km2"].update(cluster_node_address="km_2.bank.example"),
        ["cluster_node_address of km2", "neither an address nor a host name"],
    ),
    (
        "a typo",
        lambda c: c.everywhere(cluster_hostnam="x"),
        ["cluster_hostnam ", "Did you mean cluster_hostname?"],
    ),
    ("no such variable", lambda c: c.everywhere(km_node_frobnicate=1), ["km_node_frobnicate"]),
    ("an unknown product", lambda c: c.everywhere(cluster_product="ob_km_9"), ["cluster_product"]),
    ("no product", lambda c: c.nowhere("cluster_product"), ["cluster_product is not set"]),
    ("no host name", lambda c: c.nowhere("cluster_hostname"), ["cluster_hostname is not set"]),
    (
        "a URL as host name",
        lambda c: c.everywhere(cluster_hostname="https://km"),
        ["cluster_hostname is not a host name"],
    ),
    (
        "an address as host name",
        lambda c: c.everywhere(cluster_hostname="192.0.2.1"),
        ["cluster_hostname is an address"],
    ),
    (
        "a console for nobody",
        lambda c: c.hosts["lb1"].update(nginx_management_sources=[]),
        ["nginx_management_sources of lb1 is empty"],
    ),
    (
        "a node whose name is no cookie",
        lambda c: (
            c.groups.update(key_manager=["km1", "km 2"]),
            c.hosts.update({"km 2": c.hosts.pop("km2")}),
        ),
        ["'km 2'", "letters, digits"],
    ),
    (
        "a missing secret",
        lambda c: c.nowhere("cluster_admin_password"),
        ["cluster_admin_password is not set"],
    ),
    (
        "an empty secret",
        lambda c: c.everywhere(cluster_group_password=""),
        ["cluster_group_password is empty"],
    ),
    (
        "a number as secret",
        lambda c: c.everywhere(cluster_group_password=12345678),
        ["cluster_group_password must be a string"],
    ),
    (
        "a line break in a secret",
        lambda c: c.everywhere(cluster_group_password="Canary\nx"),
        ["cluster_group_password", "line break"],
    ),
    (
        "a product's password",
        lambda c: c.everywhere(cluster_keystore_password="wso2carbon"),
        ["cluster_keystore_password", "ship with"],
    ),
    (
        "the truststore password that products ship with",
        lambda c: c.everywhere(cluster_truststore_password="wso2carbon"),
        ["cluster_truststore_password", "ship with"],
    ),
    (
        "no truststore password, for which the products' own would stay",
        lambda c: c.nowhere("cluster_truststore_password"),
        ["cluster_truststore_password is not set", "Keep it in a vault"],
    ),
    (
        "a refused password",
        lambda c: c.everywhere(cluster_admin_password="Canary with blanks"),
        ["cluster_admin_password", "5 to 30"],
    ),
    (
        "a short key password",
        lambda c: c.everywhere(cluster_keystore_password="Can4"),
        ["cluster_keystore_password is too short"],
    ),
    (
        "a missing database password",
        lambda c: c.everywhere(cluster_database_passwords={"user": "Canary-user"}),
        ["cluster_database_passwords.registry is not set"],
    ),
    (
        "a password of no database",
        lambda c: c.everywhere(
            cluster_database_passwords={
                **GOOD["cluster_database_passwords"],
                "regsitry": "Canary-x",
            }
        ),  # type: ignore[dict-item]
        ["cluster_database_passwords.regsitry belongs to no account"],
    ),
    (
        "passwords that are no dictionary",
        lambda c: c.everywhere(cluster_database_passwords="Canary"),
        ["cluster_database_passwords must be"],
    ),
    (
        "an offset out of range",
        lambda c: c.everywhere(cluster_port_offset=60000),
        ["cluster_port_offset"],
    ),
    ("a negative offset", lambda c: c.everywhere(cluster_port_offset=-1), ["cluster_port_offset"]),
    (
        "an offset that is not a number",
        lambda c: c.everywhere(cluster_port_offset="three"),
        ["cluster_port_offset"],
    ),
    (
        "an offset at start too",
        lambda c: c.everywhere(cluster_java_options=["-DportOffset=4"]),
        ["cluster_java_options", "cluster_port_offset"],
    ),
    (
        "one member port twice",
        lambda c: two_on_one_host(c, cluster_member_port=4000),
        ["Port 4000", "cluster_member_port"],
    ),
    (
        "one offset twice",
        lambda c: two_on_one_host(c, cluster_port_offset=3),
        ["9446", "cluster_port_offset"],
    ),
    (
        "one instance twice",
        lambda c: two_on_one_host(c, cluster_instance="obkm"),
        ["cluster_instance obkm"],
    ),
    (
        "the documents' two nodes on one machine, with one port offset",
        lambda c: documented_pair(c, cluster_instance="obkm2", cluster_member_port=4010),
        ["Port 9446 is wanted twice on machine.bank.example", "cluster_port_offset"],
    ),
    (
        "the documents' two nodes on one machine, with one member port",
        lambda c: documented_pair(c, cluster_instance="obkm2", cluster_port_offset=4),
        ["Port 4000 is wanted twice on machine.bank.example", "cluster_member_port"],
    ),
    (
        "the documents' two nodes on one machine, in one home",
        lambda c: documented_pair(c, cluster_port_offset=4, cluster_member_port=4010),
        ["km1 and km2 are on one machine (machine.bank.example)", "cluster_instance obkm"],
    ),
    (
        "two addresses of one machine",
        lambda c: [c.hosts[host].update(ansible_host="10.0.0.9") for host in ("km1", "km2")],
        ["Port 9446 is wanted twice on 10.0.0.9"],
    ),
    (
        "one machine by two names of itself",
        lambda c: documented_pair(c, second="localhost", ansible_host=None),
        ["Port 9446 is wanted twice on"],
    ),
    (
        "loopback on several machines",
        lambda c: documented_pair(c, ansible_host="other.bank.example"),
        ["loopback, but they are on several machines (machine.bank.example, other.bank.example)"],
    ),
    (
        "a member port out of range",
        lambda c: c.hosts["km1"].update(cluster_member_port=70000),
        ["cluster_member_port of km1"],
    ),
    (
        "loopback and routable",
        lambda c: c.hosts["km1"].update(cluster_node_address="127.0.0.1"),
        ["cluster_node_address mixes loopback"],
    ),
    (
        "loopback behind another machine",
        lambda c: (
            two_on_one_host(c, cluster_node_address="127.0.0.1")
            or c.hosts["km1"].update(cluster_node_address="127.0.0.1")
        ),
        ["cluster_node_address of the Key Managers is loopback", "lb1"],
    ),
    (
        "the unspecified address",
        lambda c: c.hosts["km1"].update(cluster_node_address="0.0.0.0"),
        ["cluster_node_address of km1"],
    ),
    (
        "no address",
        lambda c: c.hosts["km1"].update(cluster_node_address="not an address"),
        ["cluster_node_address of km1"],
    ),
    (
        "two roles for one host",
        lambda c: c.groups["api_manager"].append("km1"),
        ["cluster_api_manager_group", "cluster_instance"],
    ),
    (
        "a node that balances",
        lambda c: c.groups["load_balancer"].append("km1"),
        ["km1 is in the groups of", "cluster_load_balancer_group"],
    ),
    (
        "databases on a node",
        lambda c: c.groups["database"].append("km1"),
        ["km1 is in the groups of", "cluster_database_group"],
    ),
    (
        "weak keys",
        lambda c: c.everywhere(certificates_rsa_size=1024),
        ["certificates_rsa_size of km1 is 1024"],
    ),
    (
        "old TLS",
        lambda c: c.everywhere(nginx_tls_protocols=["TLSv1.1"]),
        ["nginx_tls_protocols must be TLSv1.2 or TLSv1.3"],
    ),
    (
        "a checksum that proves nothing",
        lambda c: driver(c, src="x.jar", checksum="sha1:" + "0" * 40),
        ["cluster_database_driver.checksum"],
    ),
    (
        "administrators by name",
        lambda c: c.everywhere(firewall_administration_sources=["admin.bank.example"]),
        ["firewall_administration_sources", "admin.bank.example"],
    ),
    (
        "a network with bits behind it",
        lambda c: c.hosts["lb1"].update(nginx_management_sources=["192.0.2.7/24"]),
        ["nginx_management_sources", "192.0.2.7/24"],
    ),
    (
        "a port range upside down",
        lambda c: c.hosts["km1"].update(firewall_extra_rules=[{"port": "9110-9100"}]),
        ["firewall_extra_rules[1].port"],
    ),
    (
        "a source of a further port",
        lambda c: c.hosts["km1"].update(
            firewall_extra_rules=[{"port": "9100"}, {"port": "9101", "sources": ["monitor"]}]
        ),
        ["firewall_extra_rules[2].sources", "monitor"],
    ),
    ("no Key Manager", lambda c: c.groups["key_manager"].clear(), ["cluster_key_manager_group"]),
    ("no database anywhere", lambda c: c.groups["database"].clear(), ["cluster_database.host"]),
    (
        "an update release",
        lambda c: c.everywhere(cluster_api_manager_release="APIM-2.6.0-update-1"),
        ["cluster_api_manager_release"],
    ),
    (
        "an update release with a point",
        lambda c: c.everywhere(cluster_api_manager_release="2.6.0.update-3"),
        ["cluster_api_manager_release 2.6.0.update-3 is an update release"],
    ),
    (
        "an archive of an update release",
        lambda c: c.everywhere(
            cluster_api_manager_archive={
                "src": "https://a.example/wso2am-2.6.0-update-1.zip",
                "checksum": "sha256:" + "0" * 64,
            }
        ),
        ["cluster_api_manager_archive.src", "update release"],
    ),
    (
        "another release",
        lambda c: c.everywhere(cluster_api_manager_release="APIM-3.2.0"),
        ["cluster_api_manager_release APIM-3.2.0 is not the release 1.5.0"],
    ),
    (
        "encrypted tokens that API Manager is not told of",
        lambda c: c.everywhere(cluster_token_encryption=True, cluster_api_manager_scope="wiring"),
        ["cluster_token_encryption", "cluster_api_manager_scope wiring"],
    ),
    (
        "encrypted tokens that neither side reads",
        lambda c: c.everywhere(
            cluster_token_encryption=True, cluster_api_manager_internal_keystore="kept"
        ),
        ["cluster_token_encryption", "cluster_api_manager_internal_keystore"],
    ),
    (
        "one configuration of two products",
        lambda c: c.everywhere(cluster_api_manager_registry_config_target="/_system/config"),
        ["cluster_api_manager_registry_config_target are both /_system/config"],
    ),
    (
        "a pool with a URL",
        lambda c: c.everywhere(
            cluster_database={"vendor": "mysql", "pool": {"url": "jdbc:h2:a", "maxActive": 60}}
        ),
        ["cluster_database.pool.url is not a setting of a pool"],
    ),
    (
        "a password of an administrator with a pound sign",
        lambda c: c.everywhere(cluster_admin_password="Zeil\u00a3ngrad7"),
        ["The products refuse cluster_admin_password"],
    ),
    (
        "a password of an administrator with an umlaut",
        lambda c: c.everywhere(cluster_admin_password="Z\u00fcrich-2024"),
        ["The products refuse cluster_admin_password"],
    ),
    (
        "a password that ends a text of a template",
        lambda c: c.everywhere(cluster_keystore_password="Zeil$]]#Zeil"),
        ["cluster_keystore_password holds ]]#"],
    ),
    (
        "a database that API Manager cannot reach",
        lambda c: (
            c.groups["database"].clear(),
            c.groups["key_manager"].pop(),
            c.everywhere(cluster_database={"vendor": "h2"}),
        ),
        ["cluster_database.vendor H2", "API Manager"],
    ),
    (
        "a wrong vendor",
        lambda c: c.everywhere(cluster_database={"vendor": "db2"}),
        ["cluster_database", "vendor"],
    ),
    (
        "a typo in an option",
        lambda c: c.everywhere(cluster_database={"vendr": "mysql"}),
        ["cluster_database", "vendr"],
    ),
    (
        "a database port out of range",
        lambda c: c.everywhere(cluster_database={"port": 0}),
        ["port of cluster_database"],
    ),
    (
        "a name of no database",
        lambda c: c.everywhere(cluster_database={"names": {"usr": "x"}}),
        ["cluster_database.names.usr"],
    ),
    (
        "SQL in a database name",
        lambda c: c.everywhere(cluster_database={"names": {"user": "a; drop"}}),
        ["cluster_database.names.user"],
    ),
    (
        "a capital in a PostgreSQL name",
        lambda c: c.everywhere(
            cluster_database={"vendor": "postgresql", "names": {"user": "UserDB"}}
        ),
        ["cluster_database.names.user", "PostgreSQL", "small letters"],
    ),
    (
        "a long MySQL account",
        lambda c: c.everywhere(cluster_database={"vendor": "mysql", "users": {"user": "u" * 33}}),
        ["cluster_database.users.user", "at most 32"],
    ),
    (
        "an account that follows from a long name",
        lambda c: c.everywhere(cluster_name="a" * 28),
        ["users would be", "cluster_database.users.open_banking", "at most 32"],
    ),
    (
        "an Oracle server to set up",
        lambda c: c.everywhere(cluster_database={"vendor": "oracle"}),
        ["cluster_database_group", "no Oracle server", "cluster_database.host", "schema scripts"],
    ),
    (
        "a specification without a script for the vendor",
        lambda c: c.everywhere(cluster_database={"vendor": "postgresql"}),
        [
            "no schema script of openbanking.org.uk for PostgreSQL",
            "cluster_database.scripts.open_banking",
        ],
    ),
    (
        "Berlin's script on MariaDB",
        lambda c: c.everywhere(cluster_open_banking_specification="berlin-group.org"),
        ["no schema script of berlin-group.org for MariaDB"],
    ),
    (
        "no API Manager to have the script from",
        lambda c: c.groups["api_manager"].clear(),
        ["schema script of API Manager", "cluster_api_manager_archive"],
    ),
    (
        "a driver that does not look at the name, from its jar",
        lambda c: (
            c.everywhere(cluster_database={"vendor": "mysql"}),
            driver(c, src="/x/mysql-connector-java-5.1.44.jar"),
        ),
        ["mysql-connector-java-5.1.44.jar", "com.mysql.cj.jdbc.Driver", "verifyServerCertificate"],
    ),
    (
        "a driver that may not look at the name, by its class",
        lambda c: c.everywhere(
            cluster_database={"vendor": "mysql"},
            cluster_database_driver={"class_name": "com.mysql.jdbc.Driver"},
        ),
        ["of the class com.mysql.jdbc.Driver", "verifyServerCertificate"],
    ),
    (
        "a driver without a checksum",
        lambda c: c.everywhere(cluster_database_driver={"src": "/x.jar"}),
        ["cluster_database_driver.checksum is not set"],
    ),
    (
        "an Oracle account with a hyphen",
        lambda c: c.everywhere(cluster_database={"vendor": "oracle", "users": {"user": "a-b"}}),
        ["cluster_database.users.user", "Oracle"],
    ),
    (
        "a SQL Server name with a digit first",
        lambda c: c.everywhere(cluster_database={"vendor": "mssql", "names": {"user": "1db"}}),
        ["cluster_database.names.user", "SQL Server"],
    ),
    (
        "H2 for two nodes",
        lambda c: c.everywhere(cluster_database={"vendor": "h2"}),
        ["cluster_database.vendor is h2", "2 Key Managers"],
    ),
    (
        "H2 with a database host",
        lambda c: c.everywhere(cluster_database={"vendor": "h2"}),
        ["cluster_database_group", "H2"],
    ),
    (
        "H2 with a port",
        lambda c: c.everywhere(cluster_database={"vendor": "h2", "port": 3306}),
        ["cluster_database.port", "Remove it"],
    ),
    (
        "a script outside the product",
        lambda c: c.everywhere(cluster_database={"scripts": {"user": ["../x.sql"]}}),
        ["cluster_database.scripts.user", "below the product home"],
    ),
    (
        "scripts of no database",
        lambda c: c.everywhere(cluster_database={"scripts": {"usr": ["x.sql"]}}),
        ["cluster_database.scripts.usr"],
    ),
    (
        "a further datasource with a bad name",
        lambda c: c.everywhere(
            cluster_additional_datasources=[
                {"id": "extra", "name": "EXTRA", "jndi": "jdbc/EXTRA", "database": "a-b"}
            ]
        ),
        ["cluster_additional_datasources.extra", "MariaDB"],
    ),
    (
        "one database for both registries",
        lambda c: c.everywhere(cluster_database={"names": {"config": "openbank_govdb"}}),
        [
            "cluster_registry_config_target is /_system/config",
            "/_system/obkm/config",
            "cluster_database.names",
        ],
    ),
    (
        "one configuration of two products",
        lambda c: (
            identity_server(c),
            c.everywhere(cluster_registry_config_target="/_system/apim/config"),
        ),
        [
            "cluster_registry_config_target and cluster_api_manager_registry_config_target are both"
            " /_system/apim/config"
        ],
    ),
    (
        "both registries at one path",
        lambda c: c.everywhere(
            cluster_database={"names": {"config": "openbank_govdb"}},
            cluster_registry_config_target="/_system/governance",
        ),
        [
            "cluster_registry_config_target and cluster_registry_governance_target are both"
            " /_system/governance"
        ],
    ),
    (
        "a duplicate JNDI name",
        lambda c: c.everywhere(
            cluster_additional_datasources=[
                {"id": "extra", "name": "EXTRA", "jndi": "jdbc/WSO2UM_DB", "database": "extra"}
            ],
            cluster_database_passwords={
                **GOOD["cluster_database_passwords"],
                "extra": "Canary-extra",
            },  # type: ignore[dict-item]
        ),
        ["cluster_additional_datasources", "jdbc/WSO2UM_DB"],
    ),
    (
        "two front ports alike",
        lambda c: c.everywhere(cluster_internal_port=443),
        ["cluster_internal_port", "cluster_public_port"],
    ),
    (
        "a front port out of range",
        lambda c: c.everywhere(cluster_public_port=0),
        ["cluster_public_port"],
    ),
    (
        "no log file",
        lambda c: c.everywhere(cluster_log_files=0),
        ["cluster_log_files", "at least 1"],
    ),
    (
        "a log of no size",
        lambda c: c.everywhere(cluster_log_file_size=0),
        ["cluster_log_file_size", "at least 1"],
    ),
    (
        "a slow heartbeat",
        lambda c: c.everywhere(cluster_heartbeat_interval=20),
        ["cluster_heartbeat_interval", "cluster_heartbeat_limit"],
    ),
    (
        "no checksum",
        lambda c: c.everywhere(cluster_product_archive={"src": "/x.zip"}),
        ["cluster_product_archive", "checksum"],
    ),
    (
        "a checksum that is none",
        lambda c: c.everywhere(cluster_product_archive={"src": "/x.zip", "checksum": "abc"}),
        ["cluster_product_archive.checksum"],
    ),
    (
        "a missing archive",
        lambda c: c.everywhere(
            cluster_product_archive={"src": "/missing.zip", "checksum": "sha256:" + "0" * 64}
        ),
        ["cluster_product_archive.src", "/missing.zip"],
    ),
    (
        "a heap without unit",
        lambda c: c.everywhere(cluster_heap_maximum="2048"),
        ["cluster_heap_maximum"],
    ),
    (
        "a heap upside down",
        lambda c: c.everywhere(cluster_heap_initial="2g", cluster_heap_maximum="512m"),
        ["cluster_heap_initial"],
    ),
    (
        "a mounted share without path",
        lambda c: c.everywhere(cluster_shared_storage={"type": "mounted"}),
        ["cluster_shared_storage.path"],
    ),
    ("a driver from nowhere", lambda c: driver(c), ["cluster_database_driver needs either src"]),
    (
        "a driver from two places",
        lambda c: driver(c, src="/x.jar", maven="a:b:1"),
        ["cluster_database_driver needs either src"],
    ),
    (
        "half a coordinate",
        lambda c: driver(c, maven="org.postgresql:postgresql"),
        ["cluster_database_driver.maven", "group:artifact:version"],
    ),
    (
        "no certain version",
        lambda c: driver(c, maven="a:b:latest"),
        ["cluster_database_driver.maven"],
    ),
    (
        "a repository for a file",
        lambda c: driver(c, src="/x.jar", repository="https://r"),
        ["cluster_database_driver.repository"],
    ),
    (
        "a share without source",
        lambda c: c.everywhere(cluster_shared_storage={"type": "nfs"}),
        ["cluster_shared_storage.source", "nas1"],
    ),
    (
        "an SMB source for NFS",
        lambda c: share(c, type="nfs", source="//nas1/km"),
        ["cluster_shared_storage.source", "type nfs"],
    ),
    (
        "an NFS source for SMB",
        lambda c: share(c, type="smb", source="nas1:/km"),
        ["cluster_shared_storage.source", "type smb"],
    ),
    (
        "an EFS name with TLS",
        lambda c: share(c, type="efs", tls=True, source="nas1:/km"),
        ["cluster_shared_storage.source", "with TLS"],
    ),
    (
        "TLS for NFS",
        lambda c: share(c, type="nfs", tls=True),
        ["cluster_shared_storage.tls", "efs"],
    ),
    (
        "SMB without a user",
        lambda c: share(c, type="smb", source="//nas1/km"),
        ["cluster_shared_storage.user is not set"],
    ),
    (
        "SMB without a password",
        lambda c: share(c, type="smb", source="//n/km", user="km"),
        ["cluster_shared_storage_password is not set"],
    ),
    (
        "a line break in an SMB user",
        lambda c: share(c, type="smb", user="km\nx"),
        ["cluster_shared_storage.user", "line break"],
    ),
    (
        "a user of NFS",
        lambda c: share(c, type="nfs", user="km"),
        ["cluster_shared_storage.user belongs to the type smb"],
    ),
    (
        "a password of NFS",
        lambda c: share(c, type="nfs", password="Canary-1"),
        ["cluster_shared_storage_password is set"],
    ),
    (
        "a password of nothing",
        lambda c: share(c, type="none", password="Canary-1"),
        ["cluster_shared_storage_password is set"],
    ),
    (
        "a source of nothing",
        lambda c: share(c, type="mounted", path="/x", source="nas1:/"),
        ["cluster_shared_storage.source", "mounted"],
    ),
    (
        "a password in an option",
        lambda c: share(c, type="smb", options=["password=Canary"]),
        ["cluster_shared_storage.options holds password"],
    ),
    (
        "two options in one",
        lambda c: share(c, type="nfs", options=["ro,soft"]),
        ["cluster_shared_storage.options", "commas"],
    ),
    (
        "a share over everything",
        lambda c: share(c, type="nfs", path="/"),
        ["cluster_shared_storage.path"],
    ),
    (
        "a URL of nothing",
        lambda c: c.everywhere(cluster_identity_urls={"OAuth2TokenEPUrI": "https://x"}),
        ["cluster_identity_urls.OAuth2TokenEPUrI"],
    ),
    (
        "a URL that is none",
        lambda c: c.everywhere(cluster_identity_urls={"OAuth2TokenEPUrl": "x y"}),
        ["cluster_identity_urls.OAuth2TokenEPUrl"],
    ),
    (
        "an issuer that is none",
        lambda c: c.everywhere(cluster_token_issuer="token"),
        ["cluster_token_issuer"],
    ),
    (
        "a change that is none",
        lambda c: c.everywhere(cluster_allowed_changes=["everything"]),
        ["cluster_allowed_changes"],
    ),
    (
        "a directory for jdbc",
        lambda c: directory(c, type="jdbc"),
        ["cluster_user_store.connection_url", "jdbc"],
    ),
    (
        "a password for jdbc",
        lambda c: c.everywhere(cluster_user_store_password="Canary-d"),
        ["cluster_user_store_password is set"],
    ),
    (
        "a directory without password",
        lambda c: (directory(c), c.nowhere("cluster_user_store_password")),
        ["cluster_user_store_password is not"],
    ),
    (
        "a directory's shipped password",
        lambda c: directory(c, secret="admin"),
        ["cluster_user_store_password", "ship with"],
    ),
    (
        "a directory without URL",
        lambda c: directory(c, connection_url=None),
        ["cluster_user_store.connection_url is not set"],
    ),
    (
        "a directory without users",
        lambda c: directory(c, user_search_base=None),
        ["cluster_user_store.user_search_base is not set"],
    ),
    (
        "a directory in the clear",
        lambda c: directory(c, connection_url="ldap://l:389"),
        ["cluster_user_store.allow_plaintext"],
    ),
    (
        "a URL of no directory",
        lambda c: directory(c, connection_url="https://l"),
        ["cluster_user_store.connection_url must be"],
    ),
    (
        "a password among properties",
        lambda c: directory(c, properties={"ConnectionPassword": "Canary-p"}),
        ["cluster_user_store_password"],
    ),
    (
        "a user store that is none",
        lambda c: c.everywhere(cluster_user_store={"type": "ldap"}),
        ["cluster_user_store", "type"],
    ),
    (
        "the embedded LDAP of two nodes",
        lambda c: c.everywhere(
            cluster_user_store={"type": "embedded_ldap"}, cluster_user_store_password="Canary-e"
        ),
        ["cluster_user_store.type is embedded_ldap", "there are 2"],
    ),
    (
        "the embedded LDAP elsewhere",
        lambda c: directory(c, type="embedded_ldap"),
        ["cluster_user_store.connection_url", "within the Key Manager"],
    ),
    (
        "an administrator with an e-mail name",
        lambda c: c.everywhere(cluster_email_user_names=False, cluster_admin_user="a@b.example"),
        ["cluster_admin_user", "cluster_email_user_names"],
    ),
    (
        "the driver of MariaDB",
        lambda c: c.everywhere(
            cluster_database_driver={
                "src": "/srv/mariadb-java-client.jar",
                "checksum": "sha256:" + "0" * 64,
                "class_name": "org.mariadb.jdbc.Driver",
            }
        ),
        ["cluster_database_driver.class_name", "no token can be issued", "driver of MySQL"],
    ),
    (
        "no time for caches",
        lambda c: c.everywhere(cluster_cache_timeout=0),
        ["cluster_cache_timeout"],
    ),
    ("no such scenario", lambda c: c.everywhere(cluster_caching="some"), ["cluster_caching"]),
    (
        "caches that stay on",
        lambda c: c.everywhere(cluster_security_caches=["OAuthCache"]),
        ["cluster_security_caches is set"],
    ),
    (
        "no such cache",
        lambda c: c.everywhere(
            cluster_caching="local_without_security_caches", cluster_security_caches=["OauthCache"]
        ),
        ["cluster_security_caches: OauthCache", "Did you mean OAuthCache?"],
    ),
    (
        "an option of another scheme",
        lambda c: c.everywhere(cluster_membership_options={"ttl": 1}),
        ["cluster_membership_options.ttl", "multicast"],
    ),
    (
        "an address that is no multicast one",
        lambda c: c.everywhere(
            cluster_membership_scheme="multicast",
            cluster_membership_options={"address": "10.0.0.1"},
        ),
        ["cluster_membership_options", "multicast address"],
    ),
    (
        "AWS without access",
        lambda c: c.everywhere(cluster_membership_scheme="aws"),
        ["cluster_membership_options.iam_role"],
    ),
    (
        "half of the AWS keys",
        lambda c: c.everywhere(cluster_membership_scheme="aws", cluster_aws_access_key="Canary-a"),
        ["cluster_aws_access_key is set without"],
    ),
    *(
        (
            f"{name} among other machines",
            lambda c, name=name: c.hosts["km1"].update(cluster_node_address=name),
            ["cluster_node_address mixes loopback (km1)"],
        )
        for name in ("localhost4.localdomain4", "localhost6", "ip6-loopback", "km1.localhost")
    ),
    *(
        (
            f"{address} is no machine's",
            lambda c, address=address: c.hosts["km2"].update(cluster_node_address=address),
            [f"cluster_node_address of km2 is {address}", "no machine"],
        )
        for address in ("224.0.0.9", "255.255.255.255", "240.0.0.1")
    ),
    (
        "a cluster that everybody finds at home",
        lambda c: c.everywhere(cluster_hostname="localhost"),
        ["cluster_hostname is localhost"],
    ),
    *(
        (
            f"{option} at start",
            lambda c, option=option: c.hosts["km2"].update(cluster_java_options=["-Da=b", option]),
            ["cluster_java_options of km2", option.split()[-1].split("=")[0], word],
        )
        for option, word in (
            ("-Dhttpclient.hostnameVerifier=AllowAll", "certificates_extra_names"),
            ("-Dorg.wso2.ignoreHostnameVerification=true", "certificates_extra_names"),
            ("-Dhazelcast.config=/etc/hazelcast.xml", "hazelcast.properties"),
            ("-Xss1m -DportOffset=5", "cluster_port_offset"),
        )
    ),
    (
        "a port at which AWS finds nobody",
        lambda c: (
            aws(c, cluster_member_port=5701),
            c.hosts["km2"].update(cluster_member_port=5801),
        ),
        ["cluster_member_port of km2 is 5801", "5701 to 5800"],
    ),
    (
        "the usual port, at which AWS finds nobody",
        lambda c: aws(c, cluster_member_port=4000),
        ["cluster_member_port of km1 is 4000", "5701 to 5800"],
    ),
    (
        "Kubernetes without class",
        lambda c: c.everywhere(cluster_membership_scheme="kubernetes"),
        ["cluster_membership_options.class_name"],
    ),
    (
        "Kubernetes without jar",
        lambda c: c.everywhere(cluster_membership_scheme="kubernetes"),
        ["cluster_membership_jar is not set"],
    ),
    (
        "a jar for nothing",
        lambda c: c.everywhere(
            cluster_membership_jar={"src": "/x.jar", "checksum": "sha256:" + "0" * 64}
        ),
        ["cluster_membership_jar is set"],
    ),
    (
        "a parameter that nobody reads",
        lambda c: c.everywhere(
            cluster_membership_options={"parameters": {"localMemberBindPort": 4000}}
        ),
        ["cluster_membership_options", "localMemberBindPort"],
    ),
    (
        "a range upside down",
        lambda c: c.everywhere(cluster_additional_members=[{"host": "10.0.0.9-1"}]),
        ["cluster_additional_members", "10.0.0.9-1"],
    ),
    (
        "a range over a node",
        lambda c: c.everywhere(cluster_additional_members=[{"host": "192.0.2.10-20"}]),
        ["cluster_additional_members", "twice"],
    ),
    (
        "members without their scheme",
        lambda c: c.everywhere(
            cluster_membership_scheme="multicast",
            cluster_additional_members=[{"host": "192.0.2.99"}],
        ),
        ["cluster_additional_members", "wka only"],
    ),
    (
        "fewer threads than none",
        lambda c: c.everywhere(cluster_session_persistence={"pool_size": -1}),
        ["cluster_session_persistence.pool_size"],
    ),
    (
        "logins that nobody else knows",
        lambda c: (
            c.everywhere(cluster_session_persistence={"temporary": False}),
            c.hosts["lb1"].update(nginx_stickiness="none"),
        ),
        ["cluster_session_persistence.temporary", "nginx_stickiness of lb1"],
    ),
    (
        "sessions that nobody else knows",
        lambda c: (
            c.everywhere(cluster_session_persistence={"enabled": False}),
            c.hosts["lb1"].update(nginx_stickiness="none"),
        ),
        ["cluster_session_persistence.enabled is false", "nginx_stickiness of lb1"],
    ),
    (
        "a proxy that is everybody",
        lambda c: c.everywhere(cluster_remote_ip_valve={"enabled": True, "internal_proxies": ".*"}),
        ["cluster_remote_ip_valve.internal_proxies matches every address"],
    ),
    (
        "proxies that are no expression",
        lambda c: c.everywhere(cluster_remote_ip_valve={"enabled": True, "internal_proxies": "("}),
        ["cluster_remote_ip_valve.internal_proxies is no"],
    ),
    (
        "no proxy to believe",
        lambda c: (
            c.groups["load_balancer"].clear(),
            c.everywhere(cluster_remote_ip_valve={"enabled": True}),
        ),
        ["cluster_remote_ip_valve.internal_proxies is not set"],
    ),
    (
        "a cluster name with blanks",
        lambda c: c.everywhere(cluster_name="My Cluster"),
        ["cluster_name"],
    ),
    ("a domain with blanks", lambda c: c.everywhere(cluster_domain="a b"), ["cluster_domain"]),
    (
        "a cluster variable of one host",
        lambda c: c.hosts["km2"].update(cluster_domain="other.domain"),
        ["cluster_domain describes the whole cluster"],
    ),
    (
        "a layout of another product",
        lambda c: c.everywhere(
            cluster_product="is_km_5.7.0", cluster_database={"layout": "standard"}
        ),
        ["cluster_database.layout standard", "documented"],
    ),
    (
        "an API Manager of another product",
        lambda c: c.everywhere(
            cluster_product="is_km_5.7.0", cluster_api_manager_product="ob_apim_1.5"
        ),
        ["cluster_api_manager_product ob_apim_1.5", "apim_2.6.0"],
    ),
    (
        "several without balancer",
        lambda c: c.everywhere(cluster_load_balanced=False),
        ["cluster_load_balanced is false"],
    ),
    (
        "no address of the only one's balancer",
        lambda c: (
            c.groups["load_balancer"].clear(),
            c.groups["key_manager"].pop(),
            c.everywhere(cluster_load_balanced=True),
        ),
        ["cluster_hostname_address is not set"],
    ),
    (
        "a gateway of a product without one",
        lambda c: c.everywhere(cluster_gateway={"clustered": True}),
        ["cluster_gateway has no meaning"],
    ),
    (
        "no gateway",
        lambda c: (identity_server(c), c.groups["api_manager"].clear()),
        ["cluster_gateway", "hybrid", "cluster_api_manager_group"],
    ),
    (
        "hosts of a hybrid gateway",
        lambda c: identity_server(c, hosts=["gw1"]),
        ["cluster_gateway.hosts and manager belong to the distributed topologies"],
    ),
    (
        "no host of the gateway",
        lambda c: identity_server(c, topology="distributed"),
        ["cluster_gateway.hosts is empty"],
    ),
    (
        "several hosts of one gateway",
        lambda c: identity_server(c, topology="distributed", hosts=["gw1", "gw2"]),
        ["cluster_gateway.hosts has 2 hosts"],
    ),
    (
        "no gateway manager",
        lambda c: identity_server(c, topology="distributed_ha_rsync", hosts=["gw1", "gw2"]),
        ["cluster_gateway.manager is not set"],
    ),
    (
        "a manager where there is none",
        lambda c: identity_server(
            c, topology="distributed_ha_shared_storage", hosts=["gw1", "gw2"], manager="gwm"
        ),
        ["cluster_gateway.manager belongs to"],
    ),
    (
        "a URL as gateway",
        lambda c: identity_server(c, balancer="https://gw"),
        ["cluster_gateway: https://gw"],
    ),
    (
        "a port out of range",
        lambda c: identity_server(c, management_port=0),
        ["management_port of cluster_gateway"],
    ),
    (
        "an algorithm that is none",
        lambda c: c.everywhere(cluster_jwt={"signature_algorithm": "HS256"}),
        ["cluster_jwt", "HS256"],
    ),
    ("a typo of nginx", lambda c: c.everywhere(nginx_stickines="cookie"), ["nginx_stickines"]),
]


@pytest.mark.parametrize(
    ("change", "names"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_contradiction_is_found_and_named(
    change: t.Callable[[Case], t.Any], names: list[str]
) -> None:
    case = Case()
    change(case)
    errors = case.errors()
    assert any(all(name in error for name in names) for error in errors), errors
    assert not any("Canary" in error for error in errors), "a sentence shows a secret"


LONG = "/" + "x" * 300


@pytest.mark.parametrize(
    ("variables", "sentences"),
    [
        (
            {
                "nginx_extra_server_config": f'add_header Content-Security-Policy "default-src {LONG}";'
            },
            [],
        ),
        ({"cluster_database_admin_password": LONG}, []),
        ({"nginx_certificate_key": "/proc/1/root/lb.key"}, []),
        (
            {"cluster_product_archive": {"src": LONG, "checksum": "sha256:" + "0" * 64}},
            [
                "cluster_product_archive.src is not on the controller:"
                f" {LONG} does not exist. Put the file there, or give a URL."
            ],
        ),
    ],
    ids=["a header", "a secret", "a path of a host", "an archive"],
)
def test_a_text_that_can_be_no_file_of_the_controller_is_no_fault(
    variables: dict[str, t.Any], sentences: list[str]
) -> None:
    """With the controller's own file system: a part of more than 255 characters cannot even be
    looked for."""
    case = Case()
    case.everywhere(**variables)
    inventory = Inventory({**case.groups, "all": list(case.hosts)}, case.hosts)
    others = {role: spec for role, spec in role_options().items() if role != "cluster"}
    assert check_inventory(inventory, {}, collection_sources(), others) == sentences


def test_a_good_inventory_has_none() -> None:
    assert Case().errors() == []


@pytest.mark.parametrize(
    "change",
    [
        two_on_one_host,
        lambda c: documented_pair(
            c, cluster_instance="obkm2", cluster_port_offset=4, cluster_member_port=4010
        ),
        # Behind one address, each at a port of its own, as virtual machines of a desktop are.
        lambda c: [
            c.hosts[host].update(ansible_host="127.0.0.1", ansible_port=port)
            for host, port in (("km1", 2222), ("km2", 2200))
        ],
        lambda c: c.everywhere(
            cluster_allow_default_passwords=True, cluster_keystore_password="wso2carbon"
        ),
        lambda c: c.everywhere(
            cluster_identity_urls={"OAuth2TokenEPUrl": "https://LB/oauth2/token"}
        ),
        lambda c: c.everywhere(
            cluster_database={"vendor": "mysql", "accounts": "shared"},
            cluster_database_passwords={"shared": "Canary-1"},
        ),
        lambda c: driver(
            c,
            maven="org.postgresql:postgresql:42.7.4",
            repository="https://maven.bank.example/public",
        ),
        lambda c: share(c, type="nfs", source="[2001:db8::1]:/export/km", options=["nfsvers=4.2"]),
        lambda c: share(
            c,
            type="smb",
            source="//nas1/km",
            user="km",
            domain="BANK",
            password="Canary, of course",
        ),
        lambda c: share(c, type="efs", source="fs-0a1b.efs.eu-west-1.amazonaws.com:/"),
        lambda c: share(c, type="efs", source="fs-0a1b:/", tls=True),
        lambda c: c.everywhere(
            cluster_database={"vendor": "postgresql"},
            cluster_open_banking_specification="berlin-group.org",
        ),
        lambda c: c.everywhere(
            cluster_database={
                "vendor": "postgresql",
                "scripts": {"open_banking": ["api_manager:own/{vendor}.sql"]},
            }
        ),
        lambda c: (
            c.groups["api_manager"].clear(),
            c.everywhere(
                cluster_api_manager_archive={"src": "/srv/am.zip", "checksum": "sha256:" + "0" * 64}
            ),
        ),
        lambda c: (
            c.groups["api_manager"].clear(),
            c.groups["database"].clear(),
            c.everywhere(cluster_database={"host": "db.example"}),
        ),
        lambda c: c.everywhere(
            cluster_database={"vendor": "mysql"},
            cluster_database_driver={"class_name": "com.mysql.cj.jdbc.Driver"},
        ),
        lambda c: (
            c.everywhere(
                cluster_database={
                    "vendor": "mysql",
                    "parameters": {"verifyServerCertificate": "true"},
                }
            ),
            driver(c, src="/x/mysql-connector-java-5.1.44.jar"),
        ),
        lambda c: (
            c.groups["database"].clear(),
            c.everywhere(cluster_database={"vendor": "oracle", "host": "ora.example"}),
        ),
        lambda c: (
            c.groups["database"].clear(),
            c.everywhere(
                cluster_database={
                    "vendor": "oracle",
                    "host": "ora.example",
                    "parameters": {"a": "1"},
                }
            ),
        ),
        lambda c: (
            c.groups["database"].clear(),
            c.groups["key_manager"].pop(),
            c.groups["api_manager"].clear(),
            c.everywhere(cluster_database={"vendor": "h2"}),
        ),
        lambda c: c.everywhere(
            cluster_database={"names": {"config": "openbank_govdb"}},
            cluster_registry_config_target="/_system/obkm/config",
        ),
        lambda c: c.everywhere(nginx_worker_processes_of_another_role=1),
        lambda c: (
            c.groups["database"].clear(),
            c.everywhere(cluster_database={"host": "managed.example"}),
        ),
        lambda c: c.everywhere(cluster_heap_initial="512m", cluster_heap_maximum="2g"),
        identity_server,
        lambda c: identity_server(
            c, topology="distributed_ha_rsync", balancer="gw.bank.example", clustered=True
        ),
        lambda c: identity_server(
            c, topology="distributed_ha_rsync", hosts=["gw1", "gw2"], manager="gwm"
        ),
        lambda c: (c.groups["load_balancer"].clear(), c.groups["key_manager"].pop()),
        lambda c: (
            c.groups["load_balancer"].clear(),
            c.groups["key_manager"].pop(),
            c.nowhere("nginx_management_sources"),
        ),
        lambda c: c.everywhere(cluster_management_hostname="km.bank.example"),
        lambda c: c.everywhere(nginx_management_sources=["0.0.0.0/0", "::/0"]),
        # The console stays closed, which nothing else depends on.
        lambda c: c.nowhere("nginx_management_sources"),
        lambda c: (
            c.groups["key_manager"].pop(),
            c.everywhere(cluster_session_persistence={"enabled": False}),
            c.hosts["lb1"].update(nginx_stickiness="none"),
        ),
    ],
    ids=[
        "two on one host",
        "the documents' two nodes on one machine",
        "two machines behind one address",
        "allowed defaults",
        "an overridden URL",
        "a shared account",
        "a driver from Maven",
        "NFS",
        "SMB",
        "EFS",
        "EFS with TLS",
        "PostgreSQL",
        "PostgreSQL with a script of one's own",
        "API Manager's archive for its scripts alone",
        "databases and API Manager elsewhere",
        "a class alone",
        "a driver that does not look at the name, knowingly",
        "Oracle elsewhere",
        "Oracle with connection properties",
        "H2 on one node",
        "one registry database",
        "another nginx role",
        "a managed database",
        "a heap",
        "Identity Server",
        "a balancer of gateways",
        "a gateway manager",
        "one Key Manager alone",
        "no load balancer",
        "one name for both",
        "a console for everybody",
        "a console for nobody yet",
        "no other node to go on at",
    ],
)
def test_what_is_right_passes(change: t.Callable[[Case], t.Any]) -> None:
    case = Case()
    change(case)
    assert case.errors() == []


def test_a_mistake_of_the_model_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would switch off the checks of ports, members, instances and datasources."""

    def mistaken(*_arguments: t.Any) -> t.NoReturn:
        raise KeyError("offset")

    monkeypatch.setattr(
        "ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._preflight.check"
        ".build_model",
        mistaken,
    )
    with pytest.raises(KeyError, match="offset"):
        Case().errors()


def test_all_contradictions_come_at_once() -> None:
    case = Case()
    case.everywhere(
        cluster_product="none",
        cluster_port_offset=-5,
        cluster_typo=1,
        cluster_heartbeat_interval=99,
    )
    case.nowhere("cluster_group_password")
    text = "\n".join(case.errors())
    for name in (
        "cluster_product",
        "cluster_port_offset",
        "cluster_typo",
        "cluster_heartbeat_interval",
        "cluster_group_password",
    ):
        assert name in text


def test_a_value_that_cannot_be_resolved_is_named_once() -> None:
    case = Case()
    case.nowhere("cluster_admin_password")
    errors = case.errors({"cluster_admin_password": ["km1", "km2"]})
    assert len([error for error in errors if "cluster_admin_password" in error]) == 1


@pytest.mark.parametrize("second", ["carbon_4.7.1", "ob_km_1.5"])
def test_two_products_do_not_mount_one_configuration(second: str) -> None:
    case = Case()
    case.groups.update(key_manager=["km1"], other=["km2"])
    case.hosts["km2"].update(
        cluster_key_manager_group="other", cluster_product=second, cluster_name="other"
    )
    case.everywhere(
        cluster_load_balancer_group="none",
        cluster_api_manager_group="none",
        cluster_api_manager_archive={"src": "/srv/am.zip", "checksum": "sha256:" + "0" * 64},
        cluster_hostname_address="192.0.2.21",
    )
    errors = [error for error in case.errors() if "in one database" in error]
    assert len(errors) == (second != "ob_km_1.5")
    assert all(
        "cluster_registry_config_target is /_system/config for obkm" in error and "own" in error
        for error in errors
    )


def test_a_dictionary_given_as_text_is_named() -> None:
    """As with -e cluster_database=…: the argument spec alone would take such a text for a
    dictionary."""
    case = Case()
    case.everywhere(cluster_database='{"vendor": "mysql"}', cluster_java_options="-Da=b")
    errors = case.errors()
    assert any(
        error.startswith("cluster_database is text, not a dictionary") for error in errors
    ), errors
    assert any(error.startswith("cluster_java_options is text, not a list") for error in errors), (
        errors
    )


def test_sentences_carry_no_markup_of_argument_specs() -> None:
    case = Case()
    case.nowhere("cluster_database_passwords")
    case.nowhere("cluster_product")
    errors = "\n".join(case.errors())
    assert "cluster_database_passwords is not set" in errors
    assert "C(" not in errors and "O(" not in errors


def test_one_offset_of_all_hosts_is_told_once() -> None:
    case = Case()
    case.everywhere(cluster_port_offset=-1)
    assert (
        len([error for error in case.errors() if error.startswith("cluster_port_offset must")]) == 1
    )


DATABASES = ("user", "apim", "config", "registry", "open_banking")
GROUP_NAMES = ("key_manager", "load_balancer", "database", "api_manager")


def two_clusters() -> Case:
    """The good inventory, and another one like it beside it, with groups of its own."""
    case = Case()
    for group in GROUP_NAMES:
        case.groups["other_" + group] = ["other-" + host for host in case.groups[group]]
    for number, host in enumerate(list(case.hosts)):
        case.hosts["other-" + host] = {
            **copy.deepcopy(case.hosts[host]),
            "cluster_node_address": f"198.51.100.{number + 1}",
            "cluster_name": "other",
            **{f"cluster_{group}_group": "other_" + group for group in GROUP_NAMES},
        }
    return case


def others(case: Case, **variables: t.Any) -> None:
    for host, values in case.hosts.items():
        if host.startswith("other-"):
            values.update(variables)


# What two clusters must not have in common, the change that gives it to them, and what its sentence
# must name.
SHARED: list[tuple[str, t.Callable[[Case], t.Any], list[str]]] = [
    (
        "a host",
        lambda c: c.groups["other_database"].append("db1"),
        ["db1 is in groups of the cluster of km1", "cluster_database_group"],
    ),
    (
        "a machine",
        lambda c: c.hosts["other-lb1"].update(cluster_node_address="192.0.2.21"),
        ["other-lb1 is on the machine of another cluster", "cluster_node_address"],
    ),
    (
        "a machine with an address for each",
        lambda c: [
            c.hosts[host].update(ansible_host="one.example") for host in ("km2", "other-lb1")
        ],
        ["other-lb1 is on the machine of another cluster (one.example"],
    ),
    (
        "databases",
        lambda c: (
            c.groups["database"].clear(),
            c.groups["other_database"].clear(),
            c.everywhere(cluster_database={"host": "db.bank.example"}),
        ),
        ["cluster_database.names.user", "openbank_userdb", "already that of the cluster of km1"],
    ),
    (
        "a state file",
        lambda c: c.everywhere(verify_status_file="/tmp/state.json"),
        ["verify_status_file is the same"],
    ),
]


@pytest.mark.parametrize(
    ("change", "names"), [case[1:] for case in SHARED], ids=[case[0] for case in SHARED]
)
def test_what_two_clusters_must_not_share_is_found(
    change: t.Callable[[Case], t.Any], names: list[str]
) -> None:
    case = two_clusters()
    change(case)
    errors = case.errors()
    assert any(all(name in error for name in names) for error in errors), errors


@pytest.mark.parametrize(
    "change",
    [
        lambda c: None,
        lambda c: others(
            c,
            cluster_product="carbon_4.7.1",
            cluster_hostname="km.other.example",
            cluster_member_port=4100,
        ),
        lambda c: (
            c.groups["database"].clear(),
            c.groups["other_database"].clear(),
            c.everywhere(cluster_database={"host": "db.bank.example"}),
            others(
                c,
                cluster_database={
                    "host": "db.bank.example",
                    "names": {name: "other_" + name for name in DATABASES},
                },
            ),
        ),
        lambda c: c.hosts.update({"monitor1": {}}),
    ],
    ids=["alike", "another product", "one server, other databases", "a host of neither"],
)
def test_two_clusters_in_one_inventory_pass(change: t.Callable[[Case], t.Any]) -> None:
    case = two_clusters()
    change(case)
    assert case.errors() == []


def test_a_host_beside_the_clusters_needs_no_value() -> None:
    case = two_clusters()
    case.hosts["monitor1"] = {}
    assert case.errors({"verify_status_file": ["monitor1"]}) == []
    (error,) = case.errors({"verify_status_file": ["monitor1", "km1"]})
    assert "verify_status_file (set for km1)" in error


def test_a_broken_cluster_does_not_hide_the_other() -> None:
    case = two_clusters()
    others(case, cluster_database={"vendor": "none"}, cluster_port_offset="x")
    case.hosts["km1"]["cluster_member_port"] = 70000
    errors = "\n".join(case.errors())
    assert "cluster_member_port of km1" in errors and "vendor" in errors


@pytest.mark.parametrize(
    "change",
    [
        directory,
        lambda c: directory(
            c,
            type="active_directory",
            connection_url="ldap://ad.bank.example",
            allow_plaintext=True,
        ),
        lambda c: (
            c.groups["key_manager"].remove("km2"),
            c.hosts.pop("km2"),
            c.everywhere(
                cluster_user_store={"type": "embedded_ldap"}, cluster_user_store_password="Canary-e"
            ),
        ),
        lambda c: c.everywhere(cluster_session_persistence={"temporary": False}),
        lambda c: c.everywhere(cluster_caching="none"),
        lambda c: c.everywhere(
            cluster_caching="local_without_security_caches", cluster_security_caches=["OAuthCache"]
        ),
        lambda c: aws(c, cluster_member_port=5800),
        lambda c: c.everywhere(
            cluster_java_options=["-Dhttpclient.hostnameVerifier=DefaultAndLocalhost"]
        ),
        lambda c: c.everywhere(
            cluster_membership_scheme="multicast",
            cluster_membership_options={"address": "228.0.0.5", "ttl": 1},
        ),
        lambda c: c.everywhere(
            cluster_membership_scheme="kubernetes",
            cluster_membership_options={"class_name": "org.example.Scheme", "namespace": "bank"},
            cluster_membership_jar={"src": "/x.jar", "checksum": "sha256:" + "0" * 64},
        ),
        lambda c: c.everywhere(
            cluster_product="carbon_4.7.1", cluster_membership_scheme="kubernetes"
        ),
        lambda c: c.everywhere(cluster_additional_members=[{"host": "198.51.100.2-10"}]),
        lambda c: c.everywhere(cluster_remote_ip_valve={"enabled": True}),
    ],
)
def test_what_can_be_meant_is_accepted(change: t.Callable[[Case], t.Any]) -> None:
    case = Case()
    change(case)
    assert case.errors() == []


def test_every_bad_member_is_told_at_once() -> None:
    case = Case()
    bad = ["192.168.1.10-2", "192.168.1.2-300", "192.168.1.0/24"]
    case.everywhere(cluster_additional_members=[{"host": host} for host in bad])
    errors = case.errors()
    assert all(any(host in error for error in errors) for host in bad), errors
