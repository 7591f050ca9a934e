# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the inventory of class Site means for the files of the other products, written out by
hand."""

from __future__ import annotations

import typing as t

from tests.integration.configure import expected, expected_api_manager
from tests.integration.configure.expected import (
    BALANCER,
    CONF,
    JAGGERY,
    MASTER,
    OPEN_BANKING,
    SECURITY,
    SHINDIG,
)

Files = t.Dict[str, t.Mapping[str, "str | None"]]
DATASOURCE = "datasources-configuration/datasources/datasource"
PAGES = BALANCER + "/authenticationendpoint/"
IDENTITY_SERVER_URLS = {
    "OAuth/OAuth2AuthzEPUrl": BALANCER + "/oauth2/authorize",
    "OAuth/OAuth2TokenEPUrl": BALANCER + "/oauth2/token",
    "OAuth/OAuth2UserInfoEPUrl": BALANCER + "/oauth2/userinfo",
    "OAuth/OAuth2ConsentPage": PAGES + "oauth2_authz.do",
    "OAuth/OAuth2ErrorPage": PAGES + "oauth2_error.do",
    "OAuth/OIDCConsentPage": PAGES + "oauth2_consent.do",
    "OAuth/OIDCLogoutConsentPage": PAGES + "oauth2_logout_consent.do",
    "OAuth/OIDCLogoutPage": PAGES + "oauth2_logout.do",
    "OAuth/OAuth2DCREPUrl": BALANCER + "/api/identity/oauth2/dcr/v1.1/register",
    "OAuth/OpenIDConnect/IDTokenIssuerID": BALANCER + "/oauth2/token",
    "OpenID/OpenIDLoginUrl": PAGES + "openid_login.do",
    "SSOService/DefaultLogoutEndpoint": PAGES + "samlsso_logout.do",
    "SSOService/NotificationEndpoint": PAGES + "samlsso_notification.do",
    "PassiveSTS/RetryURL": PAGES + "retry.do",
}
IDENTITY_SERVER_PAGES = {
    "AuthenticationEndpointURL": "https://km.bank.example/authenticationendpoint/login.do",
    "AuthenticationEndpointRetryURL": "https://km.bank.example/authenticationendpoint/retry.do",
    "AuthenticationEndpointMissingClaimsURL": "/authenticationendpoint/claims.do",
}
# Name, JNDI name, description, database, account.
SHARED_DATASOURCES = (
    ("WSO2UM_DB", "jdbc/WSO2UM_DB", "The datasource used by user manager", "apimgt_userdb", "user"),
    (
        "WSO2AM_DB",
        "jdbc/WSO2AM_DB",
        "The datasource used for API Manager database",
        "apimgt_amdb",
        "apim",
    ),
    (
        "WSO2REG_DB",
        "jdbc/WSO2REG_DB",
        "The datasource used by the registry",
        "apimgt_regdb",
        "registry",
    ),
)
IDENTITY_DATASOURCE = (
    "WSO2_IDENTITY_DB",
    "jdbc/WSO2IdentityDB",
    "The datasource used for registry, user management and identity",
    "apimgt_amdb",
    "apim",
)
# Settings of Identity Server that stood in comments, by file: what each comment held.
UNCOMMENTED = {
    CONF + "carbon.xml": ["EnableEmailUserName>true</EnableEmailUserName"],
    CONF + "api-manager.xml": [
        "ClaimsRetrieverImplClass>org.wso2.carbon.apimgt.impl.token.DefaultClaimsRetriever</ClaimsRetrieverImplClass",
        "ConsumerDialectURI>http://wso2.org/claims</ConsumerDialectURI",
        "SignatureAlgorithm>SHA256withRSA</SignatureAlgorithm",
    ],
    CONF + "identity/application-authentication.xml": expected.UNCOMMENTED[
        CONF + "identity/application-authentication.xml"
    ],
    CONF + "identity/identity.xml": expected.UNCOMMENTED[CONF + "identity/identity.xml"],
}
# What only an API Manager with the databases of its Key Managers has, or a gateway of its own.
NOT_ON_THE_KERNEL = (
    MASTER,
    OPEN_BANKING,
    CONF + "finance/open-banking.xml",
    CONF + "registry.xml",
    "repository/resources/security/sslprofiles.xml",
)
# Lines added and removed, by site and side.
NUMSTAT = {
    "fixtures-kernel": {
        **expected.numstat("fixtures-documented", "key_manager"),
        CONF + "registry.xml": (20, 9),
        CONF + "tomcat/catalina-server.xml": (9, 7),
    },
    "fixtures-kernel api_manager": {
        **{
            path: lines
            for path, lines in expected.numstat("fixtures-documented", "api_manager").items()
            if path not in NOT_ON_THE_KERNEL
        },
        CONF + "user-mgt.xml": (2, 2),
        CONF + "tomcat/catalina-server.xml": (6, 6),
    },
    "real-identity-server": {
        CONF + "api-manager.xml": (6, 6),
        CONF + "axis2/axis2.xml": (12, 7),
        CONF + "carbon.xml": (14, 14),
        CONF + "etc/jmx.xml": (1, 1),
        CONF + "hazelcast.properties": (3, 0),
        CONF + "identity/application-authentication.xml": (8, 8),
        CONF + "identity/identity.xml": (34, 34),
        CONF + "registry.xml": (21, 10),
        CONF + "tomcat/catalina-server.xml": (8, 5),
        CONF + "user-mgt.xml": (2, 2),
        JAGGERY + "dashboard/conf/site.json": (2, 2),
        JAGGERY + "portal/conf/site.json": (3, 2),
        MASTER: (42, 19),
        SHINDIG: (1, 1),
    },
    "real-identity-server api_manager": {
        CONF + "api-manager.xml": (13, 13),
        CONF + "axis2/axis2.xml": (9, 9),
        CONF + "carbon.xml": (11, 11),
        CONF + "etc/jmx.xml": (1, 1),
        CONF + "identity/identity.xml": (3, 3),
        CONF + "jndi.properties": (2, 2),
        JAGGERY + "admin/site/conf/site.json": (4, 4),
        JAGGERY + "store/site/conf/site.json": (3, 3),
        "repository/resources/security/sslprofiles.xml": (4, 4),
        CONF + "registry.xml": (5, 3),
        CONF + "tomcat/catalina-server.xml": (5, 4),
        CONF + "user-mgt.xml": (3, 3),
        MASTER: (47, 5),
    },
}


def numstat(name: str, api_manager: bool, first: bool) -> dict[str, tuple[int, int]]:
    if name not in NUMSTAT:
        return expected.numstat(name, "api_manager" if api_manager else "key_manager", first)
    table = dict(NUMSTAT[name + " api_manager" * api_manager])
    if not first:
        added, removed = table[CONF + "identity/identity.xml"]
        # One of the nodes cleans up for all.
        table[CONF + "identity/identity.xml"] = (added + 1, removed + 1)
    return table


def uncommented(site: t.Any, api_manager: bool, path: str) -> list[str]:
    if api_manager:
        of_file = {
            CONF + "finance/open-banking.xml": expected.UNCOMMENTED[
                CONF + "finance/open-banking.xml"
            ]
        }
        return of_file.get(path, []) if site.product == "ob_km_1.5" else []
    return (UNCOMMENTED if site.product == "is_km_5.7.0" else expected.UNCOMMENTED).get(path, [])


def wanted(site: t.Any, api_manager: bool, address: str, members: list[str]) -> Files:
    """What each file of a host must say after a run, by path; None is what must not stand there any
    more."""
    if site.product == "carbon_4.7.1":
        return (
            kernel(expected_api_manager.common(site.secrets, site.source), site)
            if api_manager
            else kernel_key_manager(address, members, site)
        )
    return plain_api_manager(site) if api_manager else identity_server(address, members, site)


def kernel(
    files: t.Mapping[str, t.Mapping[str, str | None]], site: t.Any, keystore: str = "obkm-apim"
) -> Files:
    """TLS stands in elements of their own, and the user stores are of later classes (their
    properties are the same)."""
    tls = "Server/Service[Catalina]/Connector[9443]/SSLHostConfig/"
    tomcat = CONF + "tomcat/catalina-server.xml"
    others = {place: value for place, value in files[tomcat].items() if "proxyPort" in place}
    elements = {
        tls + "@protocols": "TLSv1.2",
        tls + "@truststorePassword": site.secrets("truststore"),
        tls + "Certificate/@certificateKeystoreFile": f"{SECURITY}{keystore}.jks",
        tls + "Certificate/@certificateKeystorePassword": site.secrets("keystore"),
        tls + "Certificate/@certificateKeyAlias": keystore,
        tls + "Certificate/@certificateKeyPassword": site.secrets("keystore"),
    }
    return {**files, tomcat: {**others, **elements}}


def kernel_key_manager(address: str, members: list[str], site: t.Any) -> Files:
    files = kernel(
        expected.key_manager(site.layout, address, members, site.secrets, site.source), site, "obkm"
    )
    registry = CONF + "registry.xml"
    instances = {
        **instance("configInstance", "configRegistry", expected.cache_id("config", site.layout)),
        **instance(
            "governanceInstance", "governanceRegistry", expected.cache_id("registry", site.layout)
        ),
    }
    return {
        **files,
        registry: {
            **files[registry],
            **instances,
            **mounted("configInstance", "/_system/config"),
            **GOVERNANCE_GONE,
        },
    }


def instance(name: str, database: str, cache: str) -> dict[str, str]:
    place = f"wso2registry/remoteInstance[{name}]/"
    return {
        place + "@url": "https://localhost:9443/registry",
        place + "id": name,
        place + "dbConfig": database,
        place + "readOnly": "false",
        place + "enableCache": "true",
        place + "registryRoot": "/",
        place + "cacheId": cache,
        f"wso2registry/dbConfig[{database}]/@name": database,
    }


def mounted(name: str, target: str) -> dict[str, str]:
    place = "wso2registry/mount[/_system/config]/"
    return {place + "instanceId": name, place + "targetPath": target}


# The one instance behind both mounts.
GOVERNANCE_GONE: dict[str, None] = dict.fromkeys(
    [
        *("wso2registry/dbConfig[govregistry]/" + key for key in ("@name", "dataSource")),
        *(
            "wso2registry/remoteInstance[gov]/" + key
            for key in ("@url", "id", "dbConfig", "readOnly", "enableCache")
        ),
        *("wso2registry/remoteInstance[gov]/" + key for key in ("registryRoot", "cacheId")),
    ]
)


def datasources(sources: t.Any, secrets: t.Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, jndi, description, database, account in sources:
        pool = expected.datasource("apim", "documented", secrets)
        pool.update(name=name, description=description)
        pool["jndiConfig/name"] = jndi
        pool["definition/configuration/url"] = expected.url(database)
        pool["definition/configuration/username"] = "obkm_" + account
        pool["definition/configuration/password"] = secrets.database(account)
        found.update({f"{DATASOURCE}[{jndi}]/{path}": value for path, value in pool.items()})
    return found


def registry(target: str) -> dict[str, str | None]:
    cache = "obkm_registry@jdbc:mysql://10.20.30.31:3306/apimgt_regdb"
    return {
        **instance("configInstance", "configRegistry", cache),
        **instance("governanceInstance", "governanceRegistry", cache),
        "wso2registry/dbConfig[configRegistry]/dataSource": "jdbc/WSO2REG_DB",
        "wso2registry/dbConfig[governanceRegistry]/dataSource": "jdbc/WSO2REG_DB",
        **mounted("configInstance", target),
        "wso2registry/mount[/_system/governance]/instanceId": "governanceInstance",
        "wso2registry/mount[/_system/governance]/targetPath": "/_system/governance",
        **GOVERNANCE_GONE,
    }


def identity_server(address: str, members: list[str], site: t.Any) -> Files:
    files = expected.key_manager("documented", address, members, site.secrets, site.source)
    for path in (OPEN_BANKING, CONF + "finance/open-banking.xml"):
        del files[path]
    identity = {
        **files[CONF + "identity/identity.xml"],
        **{"Server/" + path: value for path, value in IDENTITY_SERVER_URLS.items()},
    }
    pages = {
        "ApplicationAuthentication/" + path: value for path, value in IDENTITY_SERVER_PAGES.items()
    }
    tokens = "APIManager/JWTConfiguration/"
    return {
        **files,
        MASTER: {
            **datasources((*SHARED_DATASOURCES, IDENTITY_DATASOURCE), site.secrets),
            # It is shipped with one more setting than a datasource of ours has, which stays.
            DATASOURCE + "[jdbc/WSO2IdentityDB]/definition/configuration/minIdle": "5",
        },
        CONF + "identity/identity.xml": identity,
        CONF + "identity/application-authentication.xml": {
            **files[CONF + "identity/application-authentication.xml"],
            **pages,
        },
        CONF + "registry.xml": {
            "wso2registry/enableCache": "true",
            "wso2registry/versionResourcesOnChange": "false",
            **registry("/_system/iskm/config"),
        },
        CONF + "api-manager.xml": {
            "APIManager/DataSourceName": "jdbc/WSO2AM_DB",
            "APIManager/OAuthConfigurations/RevokeAPIURL": "https://gw1.bank.example:8244/revoke",
            "APIManager/OAuthConfigurations/EncryptPersistedTokens": "false",
            "APIManager/APIGateway/Environments/Environment/ServerURL": (
                "https://gw1.bank.example:9443/services/"
            ),
            tokens + "EnableJWTGeneration": "true",
            tokens + "ClaimsRetrieverImplClass": (
                "org.wso2.carbon.apimgt.impl.token.DefaultClaimsRetriever"
            ),
            tokens + "ConsumerDialectURI": "http://wso2.org/claims",
            tokens + "SignatureAlgorithm": "SHA256withRSA",
        },
    }


def plain_api_manager(site: t.Any) -> Files:
    files = expected_api_manager.common(site.secrets, site.source)
    users = CONF + "user-mgt.xml"
    return {
        **files,
        **expected_api_manager.keys(site.secrets),
        users: {
            **files[users],
            "UserManager/Realm/Configuration/Property[dataSource]": "jdbc/WSO2UM_DB",
        },
        MASTER: datasources(SHARED_DATASOURCES, site.secrets),
        CONF + "registry.xml": {
            # It stands there twice.
            **{f"wso2registry/versionResourcesOnChange#{number}": "false" for number in (1, 2)},
            **registry("/_system/apim/config"),
        },
    }
