# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the inventory of class Site means for the product files, written out by hand.

Nothing here is derived by the collection's code. A setting that is added to the collection is added
here too, or the tests say that a line changed which nothing asked for.
"""

from __future__ import annotations

import typing as t
import urllib.parse

CONF = "repository/conf/"
MASTER = CONF + "datasources/master-datasources.xml"
OPEN_BANKING = CONF + "datasources/open-banking-datasources.xml"
SECURITY = "${carbon.home}/repository/resources/security/"
JAGGERY = "repository/deployment/server/jaggeryapps/"
SHINDIG = "repository/deployment/server/webapps/shindig/WEB-INF/web.xml"
CONSOLE = "${carbon.protocol}://km.bank.example/ob/authenticationendpoint/"
BALANCER = "${carbon.protocol}://km.bank.example"
GATEWAY = "${carbon.protocol}://api.bank.example:8244"
OPEN_API = "https://api.bank.example:8244"
MOCK_BANK = "http://api.bank.example:9763/open-banking/services/bankaccounts/bankaccountservice/"

# Lines added and removed in each file of a Key Manager, of the real files and of the fixtures alike
# but for what DIFFERENT says.
NUMSTAT = {
    CONF + "axis2/axis2.xml": (12, 7),
    CONF + "carbon.xml": (13, 13),
    MASTER: (58, 16),
    OPEN_BANKING: (6, 6),
    CONF + "finance/open-banking.xml": (25, 25),
    CONF + "hazelcast.properties": (3, 0),
    CONF + "identity/application-authentication.xml": (7, 7),
    CONF + "identity/identity.xml": (33, 33),
    CONF + "registry.xml": (5, 3),
    CONF + "tomcat/catalina-server.xml": (8, 5),
    CONF + "user-mgt.xml": (3, 3),
    JAGGERY + "ccportal/configs/conf.json": (4, 4),
    JAGGERY + "consentmgt/configs/conf.json": (6, 6),
}
# One of the nodes cleans up for all.
NUMSTAT_FURTHER_NODE = {CONF + "identity/identity.xml": (34, 34)}
NUMSTAT_API_MANAGER = {
    CONF + "api-manager.xml": (13, 13),
    CONF + "axis2/axis2.xml": (9, 9),
    CONF + "carbon.xml": (11, 11),
    CONF + "finance/open-banking.xml": (25, 25),
    CONF + "jndi.properties": (2, 2),
    CONF + "registry.xml": (4, 2),
    CONF + "tomcat/catalina-server.xml": (5, 4),
    CONF + "user-mgt.xml": (3, 3),
    MASTER: (58, 16),
    OPEN_BANKING: (6, 6),
    JAGGERY + "admin/site/conf/site.json": (4, 4),
    JAGGERY + "store/site/conf/site.json": (3, 3),
    "repository/resources/api_templates/velocity_template.xml": (20, 20),
    "repository/resources/security/sslprofiles.xml": (4, 4),
}
STANDARD = {
    # The datasources, mounts and user store stay where the product has them.
    MASTER: (10, 10),
    CONF + "registry.xml": (2, 0),
    CONF + "user-mgt.xml": (2, 2),
}
# Files that were not published of Open Banking.
UNPUBLISHED = {
    JAGGERY + "dashboard/conf/site.json": (2, 2),
    JAGGERY + "portal/conf/site.json": (3, 2),
    SHINDIG: (1, 1),
    CONF + "etc/jmx.xml": (1, 1),
    CONF + "identity/embedded-ldap.xml": (1, 1),
}
DIFFERENT: dict[str, dict[str, t.Any]] = {
    # The fixture's own datasource has another description, and the files that were published of
    # Open Banking API Manager are few.
    "fixtures-documented": {
        MASTER: (59, 17),
        CONF + "finance/open-banking.xml": (8, 8),
        **UNPUBLISHED,
    },
    "fixtures-standard": {
        MASTER: (11, 11),
        CONF + "finance/open-banking.xml": (8, 8),
        **UNPUBLISHED,
    },
    "fixtures-documented api_manager": {
        CONF + "api-manager.xml": (12, 12),
        CONF + "axis2/axis2.xml": None,
        CONF + "finance/open-banking.xml": (8, 8),
        CONF + "identity/identity.xml": (2, 2),
        MASTER: (59, 17),
        CONF + "etc/jmx.xml": (1, 1),
        CONF + "jndi.properties": (2, 2),
        CONF + "tomcat/catalina-server.xml": (5, 4),
        "repository/resources/finance/apis/berlin-group.org/PSD2API_1.3.3/dynamic-endpoint-insequence-1.3.3.xml": (
            1,
            1,
        ),
        "repository/resources/finance/apis/openbanking.org.uk/Accounts_3.1.2/dynamic-endpoint-insequence-3.1.2.xml": (
            2,
            2,
        ),
    },
}


def numstat(name: str, side: str, first: bool = True) -> dict[str, tuple[int, int]]:
    if side == "api_manager":
        standard = STANDARD if name.endswith("standard") else {}
        whole = {**NUMSTAT_API_MANAGER, **standard, **DIFFERENT.get(name + " api_manager", {})}
        return {path: lines for path, lines in whole.items() if lines is not None}
    further = {} if first else NUMSTAT_FURTHER_NODE
    table = {
        **NUMSTAT,
        **further,
        **(STANDARD if name.endswith("standard") else {}),
        **DIFFERENT.get(name, {}),
    }
    if name.endswith("standard"):
        # A node alone forms no cluster, and that is how the product comes.
        del table[CONF + "axis2/axis2.xml"]
    return table


# The databases by layout: name and JNDI name of the datasource, its database, its account, its
# file.
DATASOURCES = {
    "documented": {
        "user": ("WSO2UM_DB", "jdbc/WSO2UM_DB", "openbank_userdb", MASTER),
        "apim": ("WSO2AM_DB", "jdbc/WSO2AM_DB", "openbank_apimgtdb", MASTER),
        "config": ("WSO2CONFIG_DB", "jdbc/WSO2Config_DB", "openbank_iskm_configdb", MASTER),
        "registry": ("WSO2REG_DB", "jdbc/WSO2REG_DB", "openbank_govdb", MASTER),
        "open_banking": (
            "WSO2_OPEN_BANKING_DB",
            "jdbc/WSO2OpenBankingDB",
            "openbank_openbankingdb",
            OPEN_BANKING,
        ),
    },
    "standard": {
        "common": ("WSO2_COMMON_DB", "jdbc/WSO2CommonDB", "openbank_commondb", MASTER),
        "apim": ("WSO2AM_DB", "jdbc/WSO2AM_DB", "openbank_apimgtdb", MASTER),
        "open_banking": (
            "WSO2_OPEN_BANKING_DB",
            "jdbc/WSO2OpenBankingDB",
            "openbank_openbankingdb",
            OPEN_BANKING,
        ),
    },
}
DESCRIPTIONS = {
    "user": "The datasource used by user manager",
    "common": "The datasource used by user manager",
    "apim": "The datasource used for API Manager database",
    "config": "The datasource used by the registry",
    "registry": "The datasource used by the registry",
    "open_banking": "The datasource used for Open Banking",
}
UNUSED = {
    "documented": ["jdbc/WSO2CommonDB"],
    "standard": ["jdbc/WSO2UM_DB", "jdbc/WSO2Config_DB", "jdbc/WSO2REG_DB"],
}
# Which datasource serves users, and the two registries.
USES = {"documented": ("user", "config", "registry"), "standard": ("common", "common", "common")}
CONFIG_TARGET = {"documented": "/_system/config", "standard": "/_system/obkm/config"}

IDENTITY_URLS = {
    "OAuth/OAuth1RequestTokenUrl": BALANCER + "/oauth/request-token",
    "OAuth/OAuth1AuthorizeUrl": BALANCER + "/oauth/authorize-url",
    "OAuth/OAuth1AccessTokenUrl": BALANCER + "/oauth/access-token",
    "OAuth/OAuth2AuthzEPUrl": GATEWAY + "/authorize",
    "OAuth/OAuth2TokenEPUrl": GATEWAY + "/token",
    "OAuth/OAuth2RevokeEPUrl": BALANCER + "/oauth2/revoke",
    "OAuth/OAuth2IntrospectEPUrl": BALANCER + "/oauth2/introspect",
    "OAuth/OAuth2UserInfoEPUrl": GATEWAY + "/userinfo",
    "OAuth/OIDCCheckSessionEPUrl": (
        "${carbon.protocol}://${carbon.host}:${carbon.management.port}/oidc/checksession"
    ),
    "OAuth/OIDCLogoutEPUrl": BALANCER + "/oidc/logout",
    "OAuth/OAuth2ConsentPage": CONSOLE + "oauth2_authz.do",
    "OAuth/OAuth2ErrorPage": CONSOLE + "oauth2_error.do",
    "OAuth/OIDCConsentPage": CONSOLE + "oauth2_consent.do",
    "OAuth/OIDCLogoutConsentPage": CONSOLE + "oauth2_logout_consent.do",
    "OAuth/OIDCLogoutPage": CONSOLE + "oauth2_logout.do",
    "OAuth/OIDCWebFingerEPUrl": BALANCER + "/.well-known/webfinger",
    "OAuth/OAuth2DCREPUrl": GATEWAY + "/register",
    "OAuth/OAuth2JWKSPage": BALANCER + "/oauth2/jwks",
    "OAuth/OIDCDiscoveryEPUrl": BALANCER + "/oauth2/oidcdiscovery",
    "OAuth/OpenIDConnect/IDTokenIssuerID": "https://api.bank.example:8244/token",
    "OpenID/OpenIDLoginUrl": CONSOLE + "openid_login.do",
    "SSOService/IdentityProviderURL": BALANCER + "/samlsso",
    "SSOService/DefaultLogoutEndpoint": CONSOLE + "samlsso_logout.do",
    "SSOService/NotificationEndpoint": CONSOLE + "samlsso_notification.do",
    "PassiveSTS/IdentityProviderURL": BALANCER + "/passivests",
    "PassiveSTS/RetryURL": CONSOLE + "retry.do",
    "SecurityTokenService/IdentityProviderURL": BALANCER + "/services/wso2carbon-sts",
    "SCIM/UserEPUrl": BALANCER + "/wso2/scim/Users",
    "SCIM/GroupEPUrl": BALANCER + "/wso2/scim/Groups",
    "SCIM2/UserEPUrl": BALANCER + "/scim2/Users",
    "SCIM2/GroupEPUrl": BALANCER + "/scim2/Groups",
}
PLAIN = "org.wso2.carbon.identity.oauth.tokenprocessor.PlainTextPersistenceProcessor"
SMS = "AuthenticatorConfigs/AuthenticatorConfig[SMSOTP]/Parameter"
AUTHENTICATION_URLS = {
    "AuthenticationEndpointURL": "https://km.bank.example/ob/authenticationendpoint/login.do",
    "AuthenticationEndpointRetryURL": "https://km.bank.example/ob/authenticationendpoint/retry.do",
    "AuthenticationEndpointMissingClaimsURL": "/ob/authenticationendpoint/claims.do",
    SMS + "[SMSOTPAuthenticationEndpointURL]": (
        "https://km.bank.example/smsotpauthenticationendpoint/smsotp.jsp"
    ),
    SMS + "[SMSOTPAuthenticationEndpointErrorPage]": (
        "https://km.bank.example/smsotpauthenticationendpoint/smsotpError.jsp"
    ),
    SMS
    + "[MobileNumberRegPage]": "https://km.bank.example/smsotpauthenticationendpoint/mobile.jsp",
    "AuthenticatorConfigs/AuthenticatorConfig[FIDOAuthenticator]/Parameter[AppID]": (
        "https://km.bank.example"
    ),
    "AuthenticatorConfigs/AuthenticatorConfig[x509CertificateAuthenticator]/Parameter[AuthenticationEndpoint]": (
        "https://km.bank.example/x509-certificate-servlet"
    ),
}
# Settings that stood in comments, by file: what each comment held.
UNCOMMENTED = {
    CONF + "finance/open-banking.xml": [" <SkipDBSchemaCreation>false</SkipDBSchemaCreation> "],
    CONF + "identity/application-authentication.xml": [
        '<Parameter name="AppID">https://localhost</Parameter>'
    ],
    CONF + "identity/identity.xml": [
        " <SkipDBSchemaCreation>false</SkipDBSchemaCreation> ",
        "GroupEPUrl>${carbon.protocol}://${carbon.host}:${carbon.management.port}/scim2/Groups</GroupEPUrl",
        "UserEPUrl>${carbon.protocol}://${carbon.host}:${carbon.management.port}/scim2/Users</UserEPUrl",
    ],
}


def url(database: str) -> str:
    return f"jdbc:mysql://10.20.30.31:3306/{database}?autoReconnect=true&sslMode=VERIFY_IDENTITY"


def datasource(key: str, layout: str, secrets: t.Any) -> dict[str, str]:
    name, jndi, database, _file = DATASOURCES[layout][key]
    definition = {
        "url": url(database),
        "username": "obkm_" + key,
        "password": secrets.database(key),
        "driverClassName": "com.mysql.cj.jdbc.Driver",
        "maxActive": "150",
        "maxWait": "60000",
        "testOnBorrow": "true",
        "validationQuery": "SELECT 1",
        "validationInterval": "3000",
        "defaultAutoCommit": "false",
    }
    return {
        "name": name,
        "description": DESCRIPTIONS[key],
        "jndiConfig/name": jndi,
        "definition/@type": "RDBMS",
        **{"definition/configuration/" + option: value for option, value in definition.items()},
    }


def cache_id(key: str, layout: str) -> str:
    return f"obkm_{key}@jdbc:mysql://10.20.30.31:3306/{DATASOURCES[layout][key][2]}"


# The addresses of finance/open-banking.xml, as they stand in what was published, and in the fixture.
ADDRESSES_OF_OPEN_BANKING = {
    "fixtures": {
        "EventNotifications/NotificationAPIUrl": OPEN_API + "/open-banking/v3.1/event-notification",
        "Berlin/SCA/OAuthMetadataEndpoint": OPEN_API + "/.well-known/openid-configuration",
        "Berlin/SCA/UpdatePSUIdentification": "https://km.bank.example",
    },
    "real": {
        "EventNotifications/NotificationAPIUrl": OPEN_API + "/open-banking/v3.1/event-notification",
        "PayableAccountsRetrieveEndpoint": MOCK_BANK + "payable-accounts",
        "SharableAccountsRetrieveEndpoint": MOCK_BANK + "sharable-accounts",
        "Berlin/SCA/OAuthMetadataEndpoint": OPEN_API + "/.well-known/openid-configuration",
        "Berlin/SCA/UpdatePSUIdentification": "https://km.bank.example",
        "Berlin/SCA/UpdatePSUAuthentication": "https://km.bank.example",
        "Berlin/SCA/SelectAuthenticationMethod": "https://km.bank.example",
        "Berlin/SCA/AuthorizeTransaction": "https://km.bank.example",
        "Berlin/AccountsRetrieveEndpoint": (
            "https://api.bank.example:9443/open-banking-berlin/services/accounts/accounts"
        ),
        "Berlin/AccountConsentSelfLink": OPEN_API + "/xs2a/1.3.3/consents/%s",
        "Berlin/PaymentResourceSelfLink": OPEN_API + "/xs2a/1.3.3/%s/%s/%s",
        "Berlin/Host": "api.bank.example",
        "Berlin/Port": "8244",
        "UK/PaymentAPIURL": OPEN_API + "/open-banking/{version}/pisp/",
        "UK/AccountAPIURL": OPEN_API + "/open-banking/{version}/aisp/",
        "UK/FundsConfirmationAPIURL": OPEN_API + "/open-banking/{version}/cbpii/",
        "STET/Host": "api.bank.example",
        "STET/Port": "8244",
        "STET/SCA/AuthorizationEndpoint": OPEN_API + "/authorize",
        "STET/AccountsRetrieveEndpoint": MOCK_BANK + "payable-accounts",
    },
}


def open_banking(source: str, alias: str, secrets: t.Any) -> dict[str, str | None]:
    """finance/open-banking.xml, which says the same on both products but for the key's alias."""
    places = ADDRESSES_OF_OPEN_BANKING[source]
    keys = "Server/OBIdentityRetriever/Server/"
    return {
        **{"Server/" + place: value for place, value in places.items()},
        "Server/JDBCPersistenceManager/DataSource/Name": "jdbc/WSO2OpenBankingDB",
        "Server/JDBCPersistenceManager/SkipDBSchemaCreation": "true",
        "Server/APISecurity/Global/Username": "operator@bank.example",
        "Server/APISecurity/Global/Password": secrets("a"),
        keys + "SigningCertificateAlias": alias,
        keys + "SandboxSigningCertificateAlias": alias,
    }


def key_manager(
    layout: str, address: str, members: list[str], secrets: t.Any, source: str
) -> dict[str, t.Mapping[str, str | None]]:
    """What each file of a Key Manager must say after a run, by path; None is what must not stand
    there any more."""
    user, config, registry = USES[layout]
    jndi = {key: source[1] for key, source in DATASOURCES[layout].items()}
    keystore = secrets("keystore")
    clustering = "axisconfig[AxisJava2.0]/clustering/"
    server = "Server/"
    tomcat = "Server/Service[Catalina]/"
    axis2: dict[str, str | None] = {
        clustering + "@enable": "true",
        clustering + "parameter[membershipScheme]": "wka",
        clustering + "parameter[domain]": "bank.obkm.domain",
        clustering + "parameter[groupPassword]": secrets("group"),
        clustering + "parameter[groupPassword]/@name": "groupPassword",
        clustering + "parameter[localMemberHost]": address,
        clustering + "parameter[localMemberPort]": "4100",
    }
    for number, member in enumerate(members, start=1):
        place = clustering + f"members/member#{number}/"
        axis2.update({place + "hostName": member, place + "port": "4100"})
    axis2.update(
        {clustering + "members/member/hostName": None, clustering + "members/member/port": None}
    )
    if len(members) == 1:
        axis2 = {clustering + "@enable": "false"}
    sources: dict[str, dict[str, str | None]] = {MASTER: {}, OPEN_BANKING: {}}
    for key, (_name, jndi_name, _database, file) in DATASOURCES[layout].items():
        for path, value in datasource(key, layout, secrets).items():
            sources[file][
                f"datasources-configuration/datasources/datasource[{jndi_name}]/{path}"
            ] = value
    for unused in UNUSED[layout]:
        for path in datasource("apim", layout, secrets):
            sources[MASTER][
                f"datasources-configuration/datasources/datasource[{unused}]/{path}"
            ] = None
    mounts = "wso2registry/"
    return {
        CONF + "axis2/axis2.xml": axis2,
        CONF + "carbon.xml": {
            server + "HostName": "km.bank.example",
            server + "MgtHostName": "console.bank.example",
            server + "Ports/Offset": "7",
            server + "Cache/ForceLocalCache": "true",
            server + "Cache/DefaultCacheTimeout": "15",
            server + "EnableEmailUserName": "true",
            server + "Security/KeyStore/Location": SECURITY + "obkm.jks",
            server + "Security/KeyStore/Type": "JKS",
            server + "Security/KeyStore/Password": keystore,
            server + "Security/KeyStore/KeyAlias": "obkm",
            server + "Security/KeyStore/KeyPassword": keystore,
            server + "Security/InternalKeyStore/Location": SECURITY + "obkm-internal.jks",
            server + "Security/InternalKeyStore/Type": "JKS",
            server + "Security/InternalKeyStore/Password": keystore,
            server + "Security/InternalKeyStore/KeyAlias": "obkm-internal",
            server + "Security/InternalKeyStore/KeyPassword": keystore,
            server + "Security/TrustStore/Location": SECURITY + "client-truststore.jks",
            server + "Security/TrustStore/Type": "JKS",
            server + "Security/TrustStore/Password": secrets("truststore"),
        },
        **sources,
        CONF + "etc/jmx.xml": {"JMX/StartRMIServer": "false"},
        CONF + "identity/embedded-ldap.xml": {
            "EmbeddedLDAPConfig/EmbeddedLDAP/Property[enable]": "false"
        },
        CONF + "finance/open-banking.xml": open_banking(source, "obkm", secrets),
        CONF + "identity/application-authentication.xml": {
            **{
                "ApplicationAuthentication/" + path: value
                for path, value in AUTHENTICATION_URLS.items()
            },
            "ApplicationAuthentication/AuthenticatorConfigs/AuthenticatorConfig[FIDOAuthenticator]/Parameter[AppID]/@name": (
                "AppID"
            ),
        },
        CONF + "identity/identity.xml": {
            server + "JDBCPersistenceManager/DataSource/Name": jndi["apim"],
            server + "JDBCPersistenceManager/SkipDBSchemaCreation": "true",
            server + "JDBCPersistenceManager/SessionDataPersist/Enable": "true",
            server + "JDBCPersistenceManager/SessionDataPersist/Temporary": "true",
            server + "JDBCPersistenceManager/SessionDataPersist/PoolSize": "0",
            server + "JDBCPersistenceManager/SessionDataPersist/SessionDataCleanUp/Enable": (
                "true" if address == members[0] else "false"
            ),
            server + "OAuth/TokenPersistenceProcessor": PLAIN,
            server + "EntitlementSettings/ThirftBasedEntitlementConfig/KeyStore/Location": (
                SECURITY + "obkm.jks"
            ),
            server + "EntitlementSettings/ThirftBasedEntitlementConfig/KeyStore/Password": keystore,
            **{server + path: value for path, value in IDENTITY_URLS.items()},
            # It was a leaf, nothing but comments in it.
            server + "SCIM2": None,
        },
        CONF + "registry.xml": {
            mounts + "enableCache": "true",
            mounts + "versionResourcesOnChange": "false",
            mounts + "dbConfig[configRegistry]/dataSource": jndi[config],
            mounts + "dbConfig[governanceRegistry]/dataSource": jndi[registry],
            mounts + "remoteInstance[configInstance]/cacheId": cache_id(config, layout),
            mounts + "remoteInstance[governanceInstance]/cacheId": cache_id(registry, layout),
            mounts + "mount[/_system/config]/targetPath": CONFIG_TARGET[layout],
            mounts + "mount[/_system/governance]/targetPath": "/_system/governance",
            mounts + "mount[/_system/governance]/instanceId": "governanceInstance",
        },
        CONF + "tomcat/catalina-server.xml": {
            tomcat + "Connector[9763]/@proxyPort": "80",
            tomcat + "Connector[9443]/@proxyPort": "443",
            tomcat + "Connector[9443]/@sslEnabledProtocols": "TLSv1.2",
            tomcat + "Connector[9443]/@keystoreFile": SECURITY + "obkm.jks",
            tomcat + "Connector[9443]/@keystorePass": keystore,
            tomcat + "Connector[9443]/@keyAlias": "obkm",
        },
        CONF + "user-mgt.xml": {
            "UserManager/Realm/Configuration/Property[dataSource]": jndi[user],
            "UserManager/Realm/Configuration/AddAdmin": "true",
            "UserManager/Realm/UserStoreManager/Property[UserRolesCacheEnabled]": "true",
            "UserManager/Realm/AuthorizationManager/Property[AuthorizationCacheEnabled]": "true",
            "UserManager/Realm/Configuration/AdminUser/UserName": "operator@bank.example",
            "UserManager/Realm/Configuration/AdminUser/Password": secrets("a"),
        },
    }


def broker_account(secrets: t.Any) -> str:
    """Name and password in a URL of the message broker, where an @ would end the account."""
    return "operator!bank.example!carbon.super:" + urllib.parse.quote(secrets("a"), safe="")


# What each JSON file must say after a run, by its keys.
PROXY = {
    "proxy.proxyHost": "km.bank.example",
    "proxy.proxyHTTPSPort": "443",
    "proxy.proxyContextPath": "",
}
JSON = {
    "key_manager": {
        JAGGERY + "dashboard/conf/site.json": {**PROXY, "proxy.servicePath": "/services"},
        JAGGERY + "portal/conf/site.json": {**PROXY, "fido.appId": "https://km.bank.example"},
        JAGGERY + "consentmgt/configs/conf.json": {
            "kmHost": "https://km.bank.example",
            "kmPort": "443",
            "redirectUrl": "https://km.bank.example/consentmgt",
            "logoutUrl": "https://km.bank.example/consentmgt",
            "apimHost": "https://api.bank.example",
            "apimNioPort": "8244",
        },
        JAGGERY + "ccportal/configs/conf.json": {
            "ssoConfiguration.identityProviderURL": "https://km.bank.example/samlsso",
            "ssoConfiguration.idpInitSSOURL": "https://km.bank.example/samlsso?spEntityID=ccportal",
            "reverseProxy.enabled": "auto",
            "reverseProxy.host": "km.bank.example",
        },
    },
    "api_manager": {
        JAGGERY + "store/site/conf/site.json": {
            "ssoConfiguration.identityProviderURL": "https://km.bank.example/samlsso",
            "ssoConfiguration.idpInitSSOURL": (
                "https://km.bank.example/samlsso?spEntityID=API_STORE"
            ),
            "reverseProxy.enabled": "auto",
        },
        JAGGERY + "admin/site/conf/site.json": {
            "ssoConfiguration.identityProviderURL": "https://km.bank.example/samlsso",
            "ssoConfiguration.idpInitSSOURL": (
                "https://km.bank.example/samlsso?spEntityID=API_WORKFLOW_ADMIN"
            ),
            "ssoConfiguration.externalLogoutPage": "https://km.bank.example/samlsso?slo=true",
            "reverseProxy.enabled": "auto",
        },
    },
}
