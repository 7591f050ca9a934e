# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The model says what the inventory means, and every default stands in one place."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._edits.datasources import (
    datasource_edits,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import (
    build_model,
    outside_model,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.hosts import machines
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    HOST_VARIABLES,
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.vendors import VENDORS
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import (
    collection_sources,
)

from tests.support.paths import REPOSITORY

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


def model(
    host: str = "km1", groups: t.Any = None, hosts: t.Any = None, **variables: t.Any
) -> dict[str, t.Any]:
    base = {"cluster_product": "ob_km_1.5", "cluster_hostname": "km.bank.example", **variables}
    of_hosts = {
        name: {**base, "cluster_node_address": address, **(hosts or {}).get(name, {})}
        for name, address in ADDRESSES.items()
    }
    return build_model(
        host,
        Inventory({**GROUPS, **(groups or {}), "all": list(ADDRESSES)}, of_hosts),
        collection_sources(),
    )


IS_KM = {"cluster_product": "is_km_5.7.0"}

EMBEDDED_PORT = "${Ports.EmbeddedLDAP.LDAPServerPort}"
# The variables that are set, the place in the model, and what stands there.
MYSQL = "jdbc:mysql://192.0.2.31:3306/openbank_userdb?autoReconnect=true&"
MARIADB = "jdbc:mariadb://192.0.2.31:3306/openbank_userdb?autoReconnect=true&"
FROM_51 = {"src": "/x/mysql-connector-java-5.1.44.jar", "checksum": "sha256:" + "0" * 64}
FROM_27 = {"maven": "org.mariadb.jdbc:mariadb-java-client:2.7.12", "checksum": "sha256:" + "0" * 64}
FROM_3 = {"maven": "org.mariadb.jdbc:mariadb-java-client:3.4.1", "checksum": "sha256:" + "0" * 64}
OF_51 = "useSSL=true&requireSSL=true&verifyServerCertificate=true"
# Every driver is asked for TLS in its own words; of a class that two generations have nobody knows
# which one it is.
DRIVERS = [
    ("mysql", True, FROM_51, MYSQL + OF_51),
    ("mysql", False, FROM_51, MYSQL + "useSSL=false"),
    (
        "mysql",
        True,
        {"class_name": "com.mysql.jdbc.Driver"},
        MYSQL + "sslMode=VERIFY_IDENTITY&" + OF_51,
    ),
    (
        "mysql",
        True,
        {**FROM_51, "src": "/x/mysql-connector-j-8.4.0.jar"},
        MYSQL + "sslMode=VERIFY_IDENTITY",
    ),
    ("mariadb", True, FROM_27, MARIADB + "useSsl=true"),
    ("mariadb", False, FROM_27, MARIADB + "useSsl=false"),
    ("mariadb", True, FROM_3, MARIADB + "sslMode=verify-full"),
]
TABLE = [
    ({}, "hostname", "km.bank.example"),
    ({}, "management_hostname", "mgt.km.bank.example"),
    ({"cluster_management_hostname": "console.example"}, "management_hostname", "console.example"),
    ({}, "hostname_address", "192.0.2.21"),
    ({"cluster_hostname_address": "192.0.2.99"}, "hostname_address", "192.0.2.99"),
    ({}, "domain", "wso2.obkm.domain"),
    ({"cluster_name": "consent"}, "domain", "wso2.consent.domain"),
    ({"cluster_domain": "bank.obkm.domain"}, "domain", "bank.obkm.domain"),
    ({}, "gateway_hostname", "am1"),
    (
        {"cluster_gateway_hostname": "api.example"},
        "urls.OAuth2TokenEPUrl",
        "${carbon.protocol}://api.example:8243/token",
    ),
    ({"cluster_gateway_port": 443}, "urls.IDTokenIssuerID", "https://am1:443/token"),
    (
        {"cluster_token_issuer": "https://LB/oauth2/token"},
        "urls.IDTokenIssuerID",
        "https://km.bank.example/oauth2/token",
    ),
    ({}, "urls.OAuth2RevokeEPUrl", "${carbon.protocol}://km.bank.example/oauth2/revoke"),
    (
        {"cluster_public_port": 8443},
        "urls.OAuth2RevokeEPUrl",
        "${carbon.protocol}://km.bank.example:8443/oauth2/revoke",
    ),
    (
        {},
        "urls.OIDCCheckSessionEPUrl",
        "${carbon.protocol}://${carbon.host}:${carbon.management.port}/oidc/checksession",
    ),
    ({}, "urls.AuthenticationEndpointMissingClaimsURL", "/ob/authenticationendpoint/claims.do"),
    (
        {"cluster_identity_urls": {"OAuth2RevokeEPUrl": "https://x/y"}},
        "urls.OAuth2RevokeEPUrl",
        "https://x/y",
    ),
    ({}, "service_url", "https://km.bank.example:9443${carbon.context}services/"),
    (
        {"cluster_internal_port": 9999},
        "service_url",
        "https://km.bank.example:9999${carbon.context}services/",
    ),
    ({}, "nodes.0.home", "/opt/wso2/obkm"),
    ({"cluster_home_directory": "/srv/"}, "nodes.0.home", "/srv/obkm"),
    ({"cluster_home": "/srv/km"}, "nodes.1.home", "/srv/km"),
    ({"cluster_instance": "km-a"}, "nodes.0.instance", "km-a"),
    ({}, "api_managers.0.instance", "obkm-apim"),
    ({}, "api_managers.0.offset", 0),
    ({"cluster_api_manager_port_offset": 2}, "api_managers.0.ports.https", 9445),
    ({}, "nodes.0.offset", 3),
    ({}, "nodes.0.ports.https", 9446),
    ({"cluster_port_offset": 0}, "nodes.1.ports.http", 9763),
    ({}, "members", [{"host": "192.0.2.11", "port": 4000}, {"host": "192.0.2.12", "port": 4000}]),
    ({"cluster_member_port": 4100}, "members.1.port", 4100),
    ({}, "membership", {"scheme": "wka", "options": {}, "parameters": {}, "bind_any": False}),
    ({"cluster_bind_member_port": False}, "membership.bind_any", True),
    ({"cluster_membership_scheme": "multicast"}, "membership.bind_any", True),
    (
        {
            "cluster_membership_scheme": "aws",
            "cluster_membership_options": {"iam_role": "km", "region": "eu-west-1"},
        },
        "membership.options",
        {"iam_role": "km", "region": "eu-west-1"},
    ),
    (
        {
            "cluster_membership_scheme": "kubernetes",
            "cluster_membership_options": {"class_name": "a.B", "parameters": {"USE_DNS": True}},
        },
        "membership.parameters",
        {"USE_DNS": True},
    ),
    (
        {"cluster_additional_members": [{"host": "192.0.2.50-60"}]},
        "members.2",
        {"host": "192.0.2.50-60", "port": 4000},
    ),
    ({}, "caching.clustered", True),
    ({}, "caching.minutes", 15),
    ({"cluster_caching": "local_without_invalidation"}, "caching.minutes", 5),
    (
        {"cluster_caching": "local_without_invalidation", "cluster_cache_timeout": 2},
        "caching.minutes",
        2,
    ),
    ({"cluster_caching": "local_without_invalidation"}, "members", []),
    ({"cluster_caching": "none"}, "members", []),
    ({"cluster_caching": "none"}, "caching.caches", False),
    ({"cluster_caching": "none"}, "user_store.properties.UserRolesCacheEnabled", "false"),
    (
        {"cluster_caching": "local_without_security_caches"},
        "user_store.properties.UserRolesCacheEnabled",
        "false",
    ),
    ({"cluster_caching": "local_without_security_caches"}, "caching.disabled.2", "OAuthCache"),
    (
        {
            "cluster_caching": "local_without_security_caches",
            "cluster_security_caches": ["OAuthCache"],
        },
        "caching.disabled",
        ["OAuthCache"],
    ),
    ({"cluster_caching": "distributed"}, "caching.force_local", False),
    ({"cluster_caching": "distributed"}, "members.1.port", 4000),
    ({}, "user_store.class", "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"),
    ({}, "user_store.secret", None),
    (
        {"cluster_product": "carbon_4.7.1"},
        "user_store.class",
        "org.wso2.carbon.user.core.jdbc.UniqueIDJDBCUserStoreManager",
    ),
    (
        {"cluster_user_store": {"type": "active_directory", "user_search_base": "OU=x"}},
        "user_store.api_manager_properties.UserSearchBase",
        "OU=x",
    ),
    ({"cluster_user_store": {"type": "ldap_read_only"}}, "user_store.add_admin", False),
    (
        {"cluster_user_store": {"type": "embedded_ldap"}},
        "user_store.properties.ConnectionURL",
        "ldap://localhost:" + EMBEDDED_PORT,
    ),
    (
        {"cluster_user_store": {"type": "embedded_ldap"}},
        "user_store.api_manager_properties.ConnectionURL",
        "ldap://192.0.2.11:10392",
    ),
    (
        {"cluster_user_store": {"properties": {"SCIMEnabled": True}}},
        "user_store.api_manager_properties",
        {"SCIMEnabled": "true"},
    ),
    ({}, "email_user_names", True),
    ({"cluster_product": "carbon_4.7.1"}, "email_user_names", False),
    ({"cluster_email_user_names": False}, "email_user_names", False),
    ({}, "nodes.0.session_cleanup", True),
    ({}, "nodes.1.session_cleanup", False),
    ({"cluster_session_persistence": {"cleanup": "all_nodes"}}, "nodes.1.session_cleanup", True),
    ({"cluster_session_persistence": {"cleanup": "none"}}, "nodes.0.session_cleanup", False),
    ({"cluster_session_persistence": {"temporary": False}}, "session_persistence.temporary", False),
    ({}, "remote_ip_valve", None),
    (
        {"cluster_remote_ip_valve": {"enabled": True}},
        "remote_ip_valve.internalProxies",
        r"192\.0\.2\.21",
    ),
    (
        {"cluster_remote_ip_valve": {"enabled": True, "internal_proxies": "10[.].*"}},
        "remote_ip_valve.internalProxies",
        "10[.].*",
    ),
    ({}, "nodes.0.heap_maximum", "2048m"),
    ({"cluster_heap_maximum": "4g"}, "nodes.0.heap_maximum", "4g"),
    ({}, "database.host", "192.0.2.31"),
    ({"cluster_database": {"host": "managed.example"}}, "database.host", "managed.example"),
    (
        {"cluster_database": {"tls": False}, "cluster_product": "carbon_4.7.1"},
        "database.parameters.sslMode",
        "disable",
    ),
    (
        {"cluster_database": {"vendor": "mysql"}},
        "database.driver_class",
        "com.mysql.cj.jdbc.Driver",
    ),
    ({}, "jndi.config", "jdbc/WSO2Config_DB"),
    ({"cluster_database": {"layout": "standard"}}, "jndi.config", "jdbc/WSO2CommonDB"),
    (
        {"cluster_database": {"layout": "standard"}},
        "registry.config_target",
        "/_system/obkm/config",
    ),
    ({"cluster_registry_config_target": "/_system/x"}, "registry.config_target", "/_system/x"),
    (
        {},
        "registry.governance_cache_id",
        "obkm_registry@jdbc:mysql://192.0.2.31:3306/openbank_govdb",
    ),
    (
        {"cluster_database": {"vendor": "mysql", "port": 3307, "names": {"user": "users"}}},
        "datasources.0.url",
        "jdbc:mysql://192.0.2.31:3307/users?autoReconnect=true&sslMode=VERIFY_IDENTITY",
    ),
    # The driver of MySQL serves MariaDB as well, and the products that issue tokens know no other name.
    ({}, "database.driver_class", "com.mysql.cj.jdbc.Driver"),
    ({"cluster_product": "carbon_4.7.1"}, "database.driver_class", "org.mariadb.jdbc.Driver"),
    (
        {"cluster_product": "carbon_4.7.1"},
        "registry.governance_cache_id",
        "obkm_registry@jdbc:mariadb://192.0.2.31:3306/openbank_govdb",
    ),
    (
        {"cluster_database": {"vendor": "postgresql"}},
        "database.driver_class",
        "org.postgresql.Driver",
    ),
    (
        {
            "cluster_database_driver": {
                "class_name": "com.mysql.cj.jdbc.Driver",
                "checksum": "sha256:0",
            }
        },
        "datasources.0.url",
        "jdbc:mysql://192.0.2.31:3306/openbank_userdb?autoReconnect=true&sslMode=VERIFY_IDENTITY",
    ),
    (
        {
            "cluster_database_driver": {
                "class_name": "com.mysql.cj.jdbc.Driver",
                "checksum": "sha256:0",
            }
        },
        "registry.governance_cache_id",
        "obkm_registry@jdbc:mysql://192.0.2.31:3306/openbank_govdb",
    ),
    (
        {
            "cluster_database_driver": {
                "class_name": "com.mysql.cj.jdbc.Driver",
                "checksum": "sha256:0",
            },
            "cluster_database": {"tls": False},
        },
        "database.parameters.sslMode",
        "DISABLED",
    ),
    (
        {
            "cluster_database_driver": {
                "class_name": "org.mariadb.jdbc.Driver",
                "checksum": "sha256:0",
            }
        },
        "database.parameters.sslMode",
        "verify-full",
    ),
    (
        {"cluster_database": {"vendor": "postgresql"}},
        "datasources.0.url",
        "jdbc:postgresql://192.0.2.31:5432/openbank_userdb?sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory",
    ),
    (
        {
            "cluster_database": {
                "vendor": "postgresql",
                "tls": False,
                "host": "2001:db8::1",
                "parameters": {"loginTimeout": 5},
            }
        },
        "datasources.0.url",
        "jdbc:postgresql://[2001:db8::1]:5432/openbank_userdb?sslmode=disable&loginTimeout=5",
    ),
    (
        {"cluster_database": {"vendor": "postgresql"}},
        "database.driver_class",
        "org.postgresql.Driver",
    ),
    ({"cluster_database": {"vendor": "postgresql"}}, "database.admin_user", "postgres"),
    ({}, "database.admin_user", "root"),
    ({"cluster_database_admin_user": "dba"}, "database.admin_user", "dba"),
    ({}, "database.server_name", "db1"),
    ({"cluster_database": {"host": "managed.example"}}, "database.server_name", "managed.example"),
    (
        {"cluster_database": {"vendor": "postgresql"}},
        "databases.1.scripts.0.name",
        "api_manager:dbscripts/apimgt/postgresql.sql",
    ),
    (
        {"cluster_database": {"scripts": {"user": ["a/{vendor}5.7.sql"]}}},
        "databases.0.scripts",
        [{"name": "a/mysql5.7.sql", "newer": []}],
    ),
    (
        {"cluster_database": {"vendor": "oracle"}},
        "datasources.0.url",
        (
            "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)"
            "(HOST=192.0.2.31)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=openbank_userdb))(SECURITY=(SSL_SERVER_DN_MATCH=TRUE)))"
        ),
    ),
    (
        {"cluster_database": {"vendor": "oracle", "tls": False, "names": {"user": "bank.example"}}},
        "datasources.0.url",
        "jdbc:oracle:thin:@//192.0.2.31:1521/bank.example",
    ),
    ({"cluster_database": {"vendor": "oracle"}}, "database.validation_query", "SELECT 1 FROM DUAL"),
    (
        {"cluster_database": {"vendor": "oracle"}},
        "datasources.0.connection_properties",
        "oracle.net.ssl_server_dn_match=true",
    ),
    (
        {"cluster_database": {"vendor": "oracle", "tls": False}},
        "datasources.0.connection_properties",
        "",
    ),
    (
        {
            "cluster_database": {
                "vendor": "oracle",
                "parameters": {"oracle.net.CONNECT_TIMEOUT": 5000},
            }
        },
        "datasources.0.connection_properties",
        "oracle.net.ssl_server_dn_match=true;oracle.net.CONNECT_TIMEOUT=5000",
    ),
    ({"cluster_database": {"vendor": "mssql"}}, "datasources.0.connection_properties", ""),
    *(
        (
            {  # Products that issue tokens take no driver of MariaDB.
                "cluster_product": "carbon_4.7.1" if vendor == "mariadb" else "ob_km_1.5",
                "cluster_database": {"vendor": vendor, "tls": tls},
                "cluster_database_driver": driver,
            },
            "datasources.0.url",
            url,
        )
        for vendor, tls, driver, url in DRIVERS
    ),
    (
        {"cluster_database": {"vendor": "mysql"}, "cluster_database_driver": FROM_51},
        "database.driver_class",
        "com.mysql.jdbc.Driver",
    ),
    (
        {
            "cluster_database": {"vendor": "mysql"},
            "cluster_database_driver": {"class_name": "com.mysql.jdbc.Driver"},
        },
        "database.driver_class",
        "com.mysql.jdbc.Driver",
    ),
    (
        {
            "cluster_database": {"vendor": "mysql"},
            "cluster_database_driver": {**FROM_51, "src": "/x/mysql-connector-j-8.4.0.jar"},
        },
        "database.driver_class",
        "com.mysql.cj.jdbc.Driver",
    ),
    (
        {"cluster_database": {"vendor": "oracle"}},
        "databases.0.scripts",
        [{"name": "dbscripts/oracle.sql", "newer": []}],
    ),
    (
        {"cluster_database": {"vendor": "mssql"}},
        "datasources.0.url",
        "jdbc:sqlserver://192.0.2.31:1433;databaseName=openbank_userdb;SendStringParametersAsUnicode=false;encrypt=true;trustServerCertificate=false",
    ),
    (
        {"cluster_database": {"vendor": "mssql"}},
        "registry.config_cache_id",
        "obkm_config@jdbc:sqlserver://192.0.2.31:1433;databaseName=openbank_iskm_configdb",
    ),
    (
        {"cluster_database": {"vendor": "mssql", "tls": False, "port": 1450}},
        "datasources.0.url",
        "jdbc:sqlserver://192.0.2.31:1450;databaseName=openbank_userdb;SendStringParametersAsUnicode=false;encrypt=false",
    ),
    (
        {"cluster_database": {"vendor": "h2"}},
        "datasources.0.url",
        "jdbc:h2:./repository/database/openbank_userdb;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000",
    ),
    ({"cluster_database": {"vendor": "h2"}}, "database.host", None),
    ({"cluster_database": {"vendor": "h2"}}, "database.tls", False),
    ({"cluster_name": "consent-eu"}, "databases.0.user", "consent_eu_user"),
    (
        {"cluster_database": {"accounts": "shared"}},
        "datasources.4.secret",
        "database_shared_password",
    ),
    ({"cluster_database": {"users": {"user": "um"}}}, "databases.0.user", "um"),
    ({}, "databases.1.scripts", [{"name": "api_manager:dbscripts/apimgt/mysql.sql", "newer": []}]),
    (
        {"cluster_product": "is_km_5.7.0"},
        "databases.1.scripts",
        [{"name": "api_manager:dbscripts/apimgt/mysql.sql", "newer": []}],
    ),
    # One product stands on both sides.
    (
        {"cluster_product": "carbon_4.7.1"},
        "databases.1.scripts",
        [{"name": "dbscripts/apimgt/mysql.sql", "newer": []}],
    ),
    (
        {"cluster_database": {"vendor": "mysql"}},
        "databases.0.scripts",
        [
            {
                "name": "dbscripts/mysql.sql",
                "newer": ["dbscripts/mysql-5-7.sql", "dbscripts/mysql5.7.sql"],
            }
        ],
    ),
    (
        {},
        "databases.4.scripts",
        [
            {"name": "dbscripts/finance/openbanking.org.uk/mysql.sql", "newer": []},
            {"name": "dbscripts/finance/event-notification/mysql.sql", "newer": []},
            {
                "name": "api_manager:dbscripts/finance/dynamic-client-registration/mysql.sql",
                "newer": [],
            },
        ],
    ),
    (
        {
            "cluster_open_banking_specification": "berlin-group.org",
            "cluster_database": {"vendor": "mssql"},
        },
        "databases.4.scripts",
        [{"name": "dbscripts/finance/berlin-group.org/mssql.sql", "newer": []}],
    ),
    (
        {
            "cluster_open_banking_specification": "STET",
            "cluster_database": {"scripts": {"open_banking": ["own/{specification}.sql"]}},
        },
        "databases.4.scripts",
        [{"name": "own/STET.sql", "newer": []}],
    ),
    ({}, "database.validation_interval", 3000),
    (
        {"cluster_database": {"pool": {"validationInterval": 30000}}},
        "database.validation_interval",
        30000,
    ),
    ({}, "admin_user", "admin@wso2.com"),
    ({"cluster_admin_user": "operator"}, "admin_user", "operator"),
    ({}, "commitments.shared_directories", "none"),
    (
        {"cluster_shared_storage": {"type": "mounted", "path": "/mnt"}},
        "commitments.shared_directories",
        "documented",
    ),
    ({}, "database.driver_file", None),
    (
        {
            "cluster_database_driver": {
                "src": "https://x.example/a/driver-1.jar?raw",
                "checksum": "x",
            }
        },
        "database.driver_file",
        "driver-1.jar",
    ),
    (
        {"cluster_database_driver": {"maven": "org.postgresql:postgresql:42.7.4", "checksum": "x"}},
        "database.driver_file",
        "postgresql-42.7.4.jar",
    ),
    ({}, "storage", {"type": "none", "path": None, "mount": None}),
    (
        {"cluster_shared_storage": {"type": "mounted", "path": "/srv/share"}},
        "storage",
        {"type": "mounted", "path": "/srv/share", "mount": None},
    ),
    (
        {"cluster_shared_storage": {"type": "nfs", "source": "nas1:/km"}},
        "storage.path",
        "/mnt/obkm",
    ),
    (
        {"cluster_shared_storage": {"type": "nfs", "source": "nas1:/km"}},
        "storage.mount.file_system",
        "nfs",
    ),
    (
        {
            "cluster_shared_storage": {
                "type": "nfs",
                "source": "nas1:/km",
                "options": ["nfsvers=4.2"],
            }
        },
        "storage.mount.options",
        "_netdev,nodev,nosuid,hard,timeo=600,retrans=2,nfsvers=4.2",
    ),
    (
        {"cluster_shared_storage": {"type": "efs", "source": "fs-1.efs.eu-west-1.amazonaws.com:/"}},
        "storage.mount.options",
        "_netdev,nodev,nosuid,nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport",
    ),
    (
        {"cluster_shared_storage": {"type": "efs", "source": "fs-1.efs.x:/"}},
        "storage.mount.file_system",
        "nfs4",
    ),
    (
        {"cluster_shared_storage": {"type": "efs", "source": "fs-1:/", "tls": True}},
        "storage.mount.file_system",
        "efs",
    ),
    (
        {"cluster_shared_storage": {"type": "efs", "source": "fs-1:/", "tls": True}},
        "storage.mount.client",
        "efs",
    ),
    (
        {"cluster_shared_storage": {"type": "efs", "source": "fs-1:/", "tls": True}},
        "storage.mount.options",
        "_netdev,nodev,nosuid,tls",
    ),
    (
        {
            "cluster_shared_storage": {
                "type": "smb",
                "source": "//nas1/km",
                "user": "km",
                "path": "/srv/km",
            }
        },
        "storage.mount.options",
        (
            "_netdev,nodev,nosuid,seal,forceuid,forcegid,file_mode=0640,dir_mode=0750,mfsymlinks,"
            "credentials=/etc/carbon-ops/obkm-storage.credentials,uid=wso2,gid=wso2"
        ),
    ),
    (
        {"cluster_shared_storage": {"type": "smb", "source": "//nas1/km", "user": "km"}},
        "commitments.shared_directories",
        "documented",
    ),
    ({"cluster_product": "carbon_4.7.1"}, "product.java.versions", [11, 17]),
    ({}, "admin_user_with_tenant", "admin@wso2.com@carbon.super"),
    ({"cluster_admin_user": "operator"}, "admin_user_with_tenant", "operator"),
    ({}, "token_encryption.enabled", False),
    (
        {},
        "commitments.token_encryption",
        "org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor",
    ),
    (
        {"cluster_token_encryption": True},
        "commitments.token_encryption",
        "org.wso2.carbon.identity.oauth.tokenprocessor.EncryptionDecryptionPersistenceProcessor",
    ),
    ({}, "api_manager_datasources.2.jndi", "jdbc/WSO2Config_DB"),
    ({}, "api_manager_registry.config_target", "/_system/obam/config"),
    (
        {"cluster_database": {"vendor": "mysql", "layout": "standard"}},
        "api_manager_datasources.0.jndi",
        "jdbc/WSO2CommonDB",
    ),
    ({"cluster_product": "carbon_4.7.1"}, "api_manager_datasources", []),
    (
        {"cluster_product": "carbon_4.7.1"},
        "api_manager_commitments",
        {"internal_keystore": "obkm-internal.jks"},
    ),
    ({"cluster_database": {"vendor": "mysql"}}, "datasources.0.max_active", 150),
    (
        {"cluster_database": {"vendor": "mysql", "pool": {"maxActive": 60}}},
        "datasources.0.max_active",
        60,
    ),
    (IS_KM, "product.java.versions", [8]),
    (IS_KM, "product.kernel", "4.4.35"),
    (IS_KM, "api_manager_product.id", "apim_2.6.0"),
    (IS_KM, "admin_user", "admin"),
    (IS_KM, "nodes.0.offset", 0),
    (IS_KM, "urls.OAuth2TokenEPUrl", "${carbon.protocol}://km.bank.example/oauth2/token"),
    (IS_KM, "urls.AuthenticationEndpointMissingClaimsURL", "/authenticationendpoint/claims.do"),
    (IS_KM, "urls.OIDCLogoutEPUrl", "${carbon.protocol}://km.bank.example/oidc/logout"),
    (IS_KM, "jndi.config", "jdbc/WSO2REG_DB"),
    (IS_KM, "registry.config_target", "/_system/iskm/config"),
    (IS_KM, "api_manager_registry.config_target", "/_system/apim/config"),
    (
        {**IS_KM, "cluster_api_manager_registry_config_target": "/_system/a"},
        "api_manager_registry.config_target",
        "/_system/a",
    ),
    (IS_KM, "api_manager_datasources.1.jndi", "jdbc/WSO2AM_DB"),
    (
        {},
        "api_manager_commitments",
        {
            "internal_keystore": "obkm-internal.jks",
            "registry_config_target": "/_system/obam/config",
            "registry_governance_target": "/_system/governance",
            "registry_instances": ["jdbc/WSO2Config_DB", "jdbc/WSO2REG_DB"],
            "token_encryption": "org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor",
            "user_datasource": "jdbc/WSO2UM_DB",
        },
    ),
    ({"cluster_api_manager_scope": "wiring"}, "api_manager_commitments", {}),
    (
        {"cluster_product": "carbon_4.7.1", "cluster_api_manager_internal_keystore": "kept"},
        "api_manager_commitments",
        {},
    ),
    (IS_KM, "api_manager_commitments.registry_config_target", "/_system/apim/config"),
    (IS_KM, "api_manager_commitments.user_datasource", "jdbc/WSO2UM_DB"),
    (IS_KM, "jwt.signature_algorithm", "SHA256withRSA"),
    (
        {**IS_KM, "cluster_gateway": {"clustered": True}},
        "nodes.0.gateway.services_url",
        "https://192.0.2.41:9443/services/",
    ),
    (
        IS_KM,
        "nodes.1.gateway",
        {"services_url": None, "revoke_url": "https://192.0.2.41:8243/revoke"},
    ),
    (
        {"cluster_product": "carbon_4.7.1"},
        "urls.OAuth2TokenEPUrl",
        "${carbon.protocol}://am1:8243/token",
    ),
]


@pytest.mark.parametrize(
    ("variables", "place", "expected"), TABLE, ids=[f"{row[1]} {sorted(row[0])}" for row in TABLE]
)
def test_model(variables: dict[str, t.Any], place: str, expected: t.Any) -> None:
    value: t.Any = model(**variables)
    for key in place.split("."):
        value = value[int(key) if isinstance(value, list) else key]
    assert value == expected


def test_one_database_for_several_datasources_is_made_once() -> None:
    names = {"config": "registry", "registry": "registry"}
    made = model(cluster_database={"names": names})
    assert [database["name"] for database in made["databases"]].count("registry") == 1
    assert {source["user"] for source in made["datasources"] if "/registry?" in source["url"]} == {
        "obkm_config"
    }


def test_accounts_of_one_oracle_service_have_tables_of_their_own() -> None:
    made = model(
        cluster_database={
            "vendor": "oracle",
            "names": dict.fromkeys(("user", "apim", "config", "registry", "open_banking"), "bank"),
        }
    )
    assert [(database["name"], database["user"]) for database in made["databases"]] == [
        ("bank", "obkm_" + account)
        for account in ("user", "apim", "config", "registry", "open_banking")
    ]
    assert len({source["cache_id"] for source in made["datasources"]}) == 5


def test_a_file_of_the_node_needs_no_database_host() -> None:
    made = model(groups={"database": [], "key_manager": ["km1"]}, cluster_database={"vendor": "h2"})
    assert (made["database"]["host"], made["database"]["port"], made["database"]["managed"]) == (
        None,
        None,
        False,
    )


def test_every_vendor_can_be_chosen_and_has_an_own_driver() -> None:
    vendors = collection_sources().options["cluster_database"]["options"]["vendor"]["choices"]
    assert vendors == sorted(VENDORS)
    assert len({vendor.driver_class for vendor in VENDORS.values()}) == len(VENDORS)


def test_no_url_of_identity_server_is_open_bankings() -> None:
    assert not [
        url for url in model(**IS_KM)["urls"].values() if "/ob/" in url or "api.bank" in url
    ]


def test_a_datasource_may_stand_in_the_database_of_another() -> None:
    made = model(**IS_KM, cluster_database={"names": {"apim": "keys"}, "users": {"apim": "keeper"}})
    sources = {source["id"]: source for source in made["datasources"]}
    assert [database["name"] for database in made["databases"]] == [
        "apimgt_userdb",
        "keys",
        "apimgt_regdb",
    ]
    assert sources["identity"]["url"] == sources["apim"]["url"]
    assert (sources["identity"]["user"], sources["identity"]["secret"]) == (
        "keeper",
        "database_apim_password",
    )


def test_a_key_manager_beside_api_manager_makes_room_for_it() -> None:
    made = model(**IS_KM, hosts={"am1": {"cluster_node_address": "192.0.2.12"}})
    assert [node["offset"] for node in made["nodes"]] == [0, 1]
    assert made["api_managers"][0]["offset"] == 0
    # The same machine by two addresses of its own.
    reached = {host: {"ansible_host": "machine.bank.example"} for host in ("km2", "am1")}
    made = model(**IS_KM, hosts=reached)
    assert [node["offset"] for node in made["nodes"]] == [0, 1]
    assert [host["machine"] for host in (*made["nodes"], *made["api_managers"])] == [
        "km1",
        "machine.bank.example",
        "machine.bank.example",
    ]


def test_hosts_are_on_one_machine_where_one_place_leads_to_both() -> None:
    hosts: dict[str, dict[str, t.Any]] = {
        "a": {"ansible_host": "one.example"},
        "b": {},
        # By its address the machine of b, by Ansible that of a: all three are one.
        "c": {"ansible_host": "one.example"},
        "d": {"ansible_host": "127.0.0.1", "ansible_port": 2222},
        "e": {"ansible_host": "127.0.0.1", "ansible_port": 2200},
        "f": {},
        "g": {},
        "h": {"ansible_host": "b"},
    }
    addresses = {
        "a": "192.0.2.1",
        "b": "192.0.2.2",
        "c": "192.0.2.2",
        "d": "192.0.2.4",
        "e": "192.0.2.5",
        "f": "127.0.0.1",
        "g": "localhost",
        "h": "192.0.2.8",
    }
    assert machines(hosts, addresses) == {
        **dict.fromkeys("abch", "one.example"),
        "d": "127.0.0.1:2222",
        "e": "127.0.0.1:2200",
        **dict.fromkeys("fg", "f"),
    }


def test_each_half_of_an_active_active_pair_has_its_own_gateway() -> None:
    made = model(
        **IS_KM,
        groups={"api_manager": ["am1", "db1"]},
        hosts={
            "am1": {"cluster_node_address": "192.0.2.11"},
            "db1": {"cluster_node_address": "192.0.2.12"},
        },
        cluster_database={"host": "managed.example"},
    )
    assert [node["gateway"]["revoke_url"] for node in made["nodes"]] == [
        "https://192.0.2.11:8243/revoke",
        "https://192.0.2.12:8243/revoke",
    ]


# Without a load balancer: what is set, whether one stands in front all the same, and the port that
# clients find the service at.
SINGLE = [
    ({}, False, 9446, "km.bank.example", "192.0.2.11"),
    ({"cluster_hostname_address": "192.0.2.99"}, True, 443, "mgt.km.bank.example", "192.0.2.99"),
    ({"cluster_load_balanced": True}, True, 443, "mgt.km.bank.example", None),
    (
        {"cluster_load_balanced": False, "cluster_hostname_address": "192.0.2.98"},
        False,
        9446,
        "km.bank.example",
        "192.0.2.98",
    ),
]


@pytest.mark.parametrize(("variables", "balanced", "port", "console", "address"), SINGLE)
def test_the_only_key_manager_needs_no_load_balancer(
    variables: dict[str, t.Any], balanced: bool, port: int, console: str, address: str | None
) -> None:
    made = model(groups={"key_manager": ["km1"], "load_balancer": []}, **variables)
    assert (made["balanced"], made["public_port"]) == (balanced, port)
    assert (made["management_hostname"], made["hostname_address"]) == (console, address)
    if not balanced:
        assert made["service_url"] == "https://km.bank.example:9446${carbon.context}services/"
        assert (
            made["urls"]["OAuth2RevokeEPUrl"]
            == "${carbon.protocol}://km.bank.example:9446/oauth2/revoke"
        )
        assert made["public_http_port"] == 9766


@pytest.mark.parametrize(
    ("variables", "clustered"),
    [
        ({}, False),
        ({"cluster_additional_members": [{"host": "192.0.2.77"}]}, True),
        ({"cluster_membership_scheme": "multicast"}, True),
    ],
)
def test_a_key_manager_alone_forms_no_cluster_unless_others_are_named(
    variables: dict[str, t.Any], clustered: bool
) -> None:
    made = model(groups={"key_manager": ["km1"]}, **variables)
    assert made["caching"]["clustered"] is clustered
    assert ("member_port" in made["nodes"][0], bool(made["members"])) == (clustered, clustered)


def test_without_api_manager_the_gateway_is_the_one_of_the_clients() -> None:
    made = model(**IS_KM, groups={"api_manager": []}, cluster_gateway_hostname="api.bank.example")
    assert made["nodes"][0]["gateway"]["revoke_url"] == "https://api.bank.example:8243/revoke"


def test_every_host_of_the_cluster_sees_the_same_model() -> None:
    assert model("km1") == model("km2") == model("lb1")


def test_host_variables_stay_with_their_host() -> None:
    made = model(hosts={"km2": {"cluster_port_offset": 4, "cluster_member_port": 4010}})
    assert [node["ports"]["https"] for node in made["nodes"]] == [9446, 9447]
    assert [member["port"] for member in made["members"]] == [4000, 4010]


def test_a_cluster_without_key_manager_is_refused() -> None:
    with pytest.raises(OperatorError, match="cluster_key_manager_group"):
        model(groups={"key_manager": []})


def test_a_cluster_without_database_is_refused() -> None:
    with pytest.raises(OperatorError, match="cluster_database"):
        model(groups={"database": []})


def test_a_wrong_variable_names_its_host() -> None:
    with pytest.raises(OperatorError, match="km2.*cluster_port_offset"):
        model(hosts={"km2": {"cluster_port_offset": "three"}})


def test_two_clusters_in_one_inventory_do_not_see_each_other() -> None:
    other = {"cluster_key_manager_group": "blue_km", "cluster_api_manager_group": "blue_am"}
    made = model(
        "km2",
        groups={"key_manager": ["km1"], "blue_km": ["km2"], "blue_am": []},
        hosts={"km2": other},
    )
    assert made["groups"]["key_manager"] == ["km2"]
    assert [node["address"] for node in made["nodes"]] == ["192.0.2.12"]


def test_a_datasource_names_its_secret_and_holds_none() -> None:
    made = model()
    edits = str(datasource_edits(made["datasources"][:1], made["database"]))
    assert "%{database_user_password}" in edits
    assert "'driverClassName': 'com.mysql.cj.jdbc.Driver'" in edits


@pytest.mark.parametrize(
    "role", sorted(path.parents[1].name for path in REPOSITORY.glob("roles/*/defaults/main.yml"))
)
def test_defaults_equal_the_argument_spec(role: str, repository: Path) -> None:
    options = yaml.safe_load((repository / "roles" / role / "meta/argument_specs.yml").read_text())[
        "argument_specs"
    ]["main"]["options"]
    defaults = yaml.safe_load((repository / "roles" / role / "defaults/main.yml").read_text())
    assert defaults == {
        name: option["default"] for name, option in options.items() if "default" in option
    }
    assert all(name.startswith(role + "_") for name in options)


def test_product_choices_are_the_profiles() -> None:
    sources = collection_sources()
    sides = {
        "cluster_product": ("both", "key_manager"),
        "cluster_api_manager_product": ("both", "api_manager"),
    }
    for name, allowed in sides.items():
        assert sources.options[name]["choices"] == sorted(
            key for key, profile in sources.profiles.items() if profile["side"] in allowed
        )


def test_host_variables_are_variables() -> None:
    assert set(collection_sources().options) >= HOST_VARIABLES


def test_a_host_of_no_cluster_has_an_empty_model_beside_clusters_with_groups_of_their_own() -> None:
    own = {"cluster_key_manager_group": "eu_key_manager"}
    inventory = Inventory(
        {"all": ["km1", "monitor1"], "eu_key_manager": ["km1"]}, {"km1": own, "monitor1": {}}
    )
    assert outside_model("monitor1", inventory, collection_sources()) == {"groups": {}, "hosts": {}}
    assert outside_model("km1", inventory, collection_sources()) is None
    # Without any cluster build_model says what is missing.
    assert (
        outside_model(
            "monitor1", Inventory({"all": ["monitor1"]}, {"monitor1": {}}), collection_sources()
        )
        is None
    )


@pytest.mark.parametrize("scenario", ["none", "local_without_invalidation"])
def test_without_a_cluster_no_node_has_a_member_port(scenario: str) -> None:
    """Health checks, firewalls and role verify look for members where there is a member port."""
    nodes = model(cluster_caching=scenario)["nodes"]
    assert all("member_port" not in node for node in nodes)


PUBLISHED_URLS = (
    "OAuth1RequestTokenUrl",
    "OAuth1AuthorizeUrl",
    "OAuth1AccessTokenUrl",
    "OAuth2AuthzEPUrl",
    "OAuth2TokenEPUrl",
    "OAuth2RevokeEPUrl",
    "OAuth2IntrospectEPUrl",
    "OAuth2UserInfoEPUrl",
    "OIDCCheckSessionEPUrl",
    "OIDCLogoutEPUrl",
    "OAuth2ConsentPage",
    "OAuth2ErrorPage",
    "OIDCConsentPage",
    "OIDCLogoutConsentPage",
    "OIDCLogoutPage",
    "OIDCWebFingerEPUrl",
)


@pytest.mark.parametrize("name", PUBLISHED_URLS)
def test_every_documented_url_can_be_another(name: str) -> None:
    """Also WebFinger in the documented form, which keeps localhost (requirement ID2)."""
    url = "${carbon.protocol}://localhost:${carbon.management.port}/.well-known/webfinger"
    assert model(cluster_identity_urls={name: url})["urls"][name] == url


def test_hosts_of_one_machine_install_one_after_the_other() -> None:
    assert model()["installed_at_once"] == 0
    beside = {"am1": {"cluster_node_address": ADDRESSES["km1"]}}
    assert model(hosts=beside)["installed_at_once"] == 1
