# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What WSO2's own automation sets on the two servers: its Puppet modules of Open Banking 1.5, its
Ansible roles of Identity Server as Key Manager and of API Manager 2.6; and the keystores that these
leave out.

A list of our own, with what each place says after a run with the inventory of class Site, written by
hand. `%` begins the name of a secret. What stays as it was has a reason in docs/coverage.yml.
"""

from __future__ import annotations

import typing as t

from tests.integration.configure.expected import (
    CONF,
    CONSOLE,
    GATEWAY,
    JAGGERY,
    MASTER,
    MOCK_BANK,
    OPEN_API,
    OPEN_BANKING,
    SECURITY,
    SMS,
    cache_id,
    url,
)


class Place(t.NamedTuple):
    file: str
    element: str
    """As meaning() names it."""
    after: str
    variables: tuple[str, ...]


BALANCER = "${carbon.protocol}://km.bank.example"
SERVICES = "https://km.bank.example:9443${carbon.context}services/"
NIO = "https://api.bank.example:${https.nio.port}"
MANAGEMENT = "https://api.bank.example:${mgt.transport.https.port}"
CONFIGURATION = "definition/configuration/"
TEMPLATE = "repository/resources/api_templates/velocity_template.xml"
WEB_SOCKET = (
    "repository/deployment/server/synapse-configs/default/inbound-endpoints/"
    "SecureWebSocketInboundEndpoint.xml"
)
LOGIN_PAGES = CONF + "identity/EndpointConfig.properties"
TRUSTSTORE = "repository/resources/security/client-truststore.jks"


def rows(
    file: str, root: str, variables: tuple[str, ...], values: t.Mapping[str, str]
) -> list[Place]:
    return [Place(file, root + element, after, variables) for element, after in values.items()]


def datasource(key: str, jndi: str, database: str, file: str) -> list[Place]:
    root = f"datasources-configuration/datasources/datasource[{jndi}]/{CONFIGURATION}"
    values = {
        "url": url(database),
        "username": "obkm_" + key,
        "password": "%database:" + key,
        "driverClassName": "com.mysql.cj.jdbc.Driver",
        "validationQuery": "SELECT 1",
    }
    return rows(file, root, ("cluster_database", "cluster_database_passwords"), values)


def keystore(alias: str, internal: str) -> list[Place]:
    """carbon.xml and catalina-server.xml."""
    variables = ("cluster_keystore_password", "cluster_truststore_password")
    connector = "Server/Service[Catalina]/Connector[9443]/@"
    return [
        *rows(
            CONF + "carbon.xml",
            "Server/Security/",
            variables,
            {
                "KeyStore/Location": f"{SECURITY}{alias}.jks",
                "KeyStore/Password": "%keystore",
                "KeyStore/KeyAlias": alias,
                "KeyStore/KeyPassword": "%keystore",
                "InternalKeyStore/Location": f"{SECURITY}{internal}.jks",
                "InternalKeyStore/Password": "%keystore",
                "InternalKeyStore/KeyAlias": internal,
                "InternalKeyStore/KeyPassword": "%keystore",
                "TrustStore/Location": "${carbon.home}/" + TRUSTSTORE,
                "TrustStore/Password": "%truststore",
            },
        ),
        *rows(
            CONF + "tomcat/catalina-server.xml",
            connector,
            variables,
            {
                "keystoreFile": f"{SECURITY}{alias}.jks",
                "keystorePass": "%keystore",
            },
        ),
    ]


BOTH = [
    *datasource("user", "jdbc/WSO2UM_DB", "openbank_userdb", MASTER),
    *datasource("apim", "jdbc/WSO2AM_DB", "openbank_apimgtdb", MASTER),
    *datasource("config", "jdbc/WSO2Config_DB", "openbank_iskm_configdb", MASTER),
    *datasource("registry", "jdbc/WSO2REG_DB", "openbank_govdb", MASTER),
    *datasource("open_banking", "jdbc/WSO2OpenBankingDB", "openbank_openbankingdb", OPEN_BANKING),
    *rows(
        CONF + "registry.xml",
        "wso2registry/",
        ("cluster_database",),
        {
            "dbConfig[configRegistry]/dataSource": "jdbc/WSO2Config_DB",
            "dbConfig[governanceRegistry]/dataSource": "jdbc/WSO2REG_DB",
            "remoteInstance[configInstance]/cacheId": cache_id("config", "documented"),
            "remoteInstance[governanceInstance]/cacheId": cache_id("registry", "documented"),
            "mount[/_system/governance]/targetPath": "/_system/governance",
        },
    ),
    *rows(
        CONF + "user-mgt.xml",
        "UserManager/Realm/Configuration/",
        ("cluster_admin_user", "cluster_admin_password", "cluster_database"),
        {
            "AdminUser/UserName": "operator@bank.example",
            "AdminUser/Password": "%a",
            "Property[dataSource]": "jdbc/WSO2UM_DB",
        },
    ),
    *rows(
        CONF + "finance/open-banking.xml",
        "Server/",
        ("cluster_gateway_hostname", "cluster_gateway_port"),
        {
            "EventNotifications/NotificationAPIUrl": (
                OPEN_API + "/open-banking/v3.1/event-notification"
            ),
            "Berlin/SCA/OAuthMetadataEndpoint": OPEN_API + "/.well-known/openid-configuration",
            "Berlin/AccountConsentSelfLink": OPEN_API + "/xs2a/1.3.3/consents/%s",
            "Berlin/PaymentResourceSelfLink": OPEN_API + "/xs2a/1.3.3/%s/%s/%s",
            "Berlin/Host": "api.bank.example",
            "UK/PaymentAPIURL": OPEN_API + "/open-banking/{version}/pisp/",
            "UK/AccountAPIURL": OPEN_API + "/open-banking/{version}/aisp/",
            "UK/FundsConfirmationAPIURL": OPEN_API + "/open-banking/{version}/cbpii/",
            "STET/Host": "api.bank.example",
            "STET/SCA/AuthorizationEndpoint": OPEN_API + "/authorize",
        },
    ),
    *rows(
        CONF + "finance/open-banking.xml",
        "Server/",
        ("cluster_hostname", "cluster_public_port"),
        {
            "Berlin/SCA/UpdatePSUIdentification": "https://km.bank.example",
            "Berlin/SCA/UpdatePSUAuthentication": "https://km.bank.example",
            "Berlin/SCA/SelectAuthenticationMethod": "https://km.bank.example",
            "Berlin/SCA/AuthorizeTransaction": "https://km.bank.example",
        },
    ),
    *rows(
        CONF + "finance/open-banking.xml",
        "Server/",
        ("cluster_api_manager_hostname", "cluster_api_manager_port_offset"),
        {
            "PayableAccountsRetrieveEndpoint": MOCK_BANK + "payable-accounts",
            "SharableAccountsRetrieveEndpoint": MOCK_BANK + "sharable-accounts",
            "STET/AccountsRetrieveEndpoint": MOCK_BANK + "payable-accounts",
            "DynamicClientRegistration/DCRInternalURL": (
                "https://api.bank.example:9443/dynamic-client-registration/common/register/"
            ),
        },
    ),
]

KEY_MANAGER = [
    *keystore("obkm", "obkm-internal"),
    *rows(
        CONF + "carbon.xml",
        "Server/",
        ("cluster_hostname", "cluster_management_hostname"),
        {"HostName": "km.bank.example", "MgtHostName": "console.bank.example"},
    ),
    *rows(
        CONF + "axis2/axis2.xml",
        "axisconfig[AxisJava2.0]/clustering/parameter",
        ("cluster_domain", "cluster_node_address", "cluster_member_port"),
        {
            "[domain]": "bank.obkm.domain",
            "[localMemberHost]": "10.20.30.11",
            "[localMemberPort]": "4100",
        },
    ),
    *rows(
        CONF + "registry.xml",
        "wso2registry/mount[/_system/config]/",
        ("cluster_registry_config_target",),
        {"targetPath": "/_system/config"},
    ),
    *rows(
        CONF + "registry.xml",
        "wso2registry/",
        (),
        {"versionResourcesOnChange": "false"},
    ),
    *rows(
        CONF + "identity/application-authentication.xml",
        "ApplicationAuthentication/",
        ("cluster_hostname", "cluster_identity_urls"),
        {
            "AuthenticationEndpointURL": (
                "https://km.bank.example/ob/authenticationendpoint/login.do"
            ),
            "AuthenticationEndpointRetryURL": (
                "https://km.bank.example/ob/authenticationendpoint/retry.do"
            ),
            SMS + "[SMSOTPAuthenticationEndpointURL]": (
                "https://km.bank.example/smsotpauthenticationendpoint/smsotp.jsp"
            ),
            SMS + "[SMSOTPAuthenticationEndpointErrorPage]": (
                "https://km.bank.example/smsotpauthenticationendpoint/smsotpError.jsp"
            ),
            SMS + "[MobileNumberRegPage]": (
                "https://km.bank.example/smsotpauthenticationendpoint/mobile.jsp"
            ),
        },
    ),
    *rows(
        CONF + "identity/identity.xml",
        "Server/OAuth/",
        ("cluster_hostname", "cluster_gateway_hostname", "cluster_identity_urls"),
        {
            "OpenIDConnect/IDTokenIssuerID": OPEN_API + "/token",
            "OAuth2AuthzEPUrl": GATEWAY + "/authorize",
            "OAuth2TokenEPUrl": GATEWAY + "/token",
            "OAuth2UserInfoEPUrl": GATEWAY + "/userinfo",
            "OAuth2DCREPUrl": GATEWAY + "/register",
            "OAuth2ConsentPage": CONSOLE + "oauth2_authz.do",
            "OAuth2ErrorPage": CONSOLE + "oauth2_error.do",
            "OIDCConsentPage": CONSOLE + "oauth2_consent.do",
            "OIDCLogoutConsentPage": CONSOLE + "oauth2_logout_consent.do",
            "OIDCLogoutPage": CONSOLE + "oauth2_logout.do",
            "OIDCDiscoveryEPUrl": BALANCER + "/oauth2/oidcdiscovery",
            "OIDCWebFingerEPUrl": BALANCER + "/.well-known/webfinger",
        },
    ),
]

API_MANAGER = [
    *keystore("obkm-apim", "obkm-internal"),
    *rows(
        CONF + "carbon.xml",
        "Server/",
        ("cluster_api_manager_hostname",),
        {"HostName": "api.bank.example", "MgtHostName": "api.bank.example"},
    ),
    *rows(
        CONF + "registry.xml",
        "wso2registry/mount[/_system/config]/",
        ("cluster_api_manager_registry_config_target",),
        {"targetPath": "/_system/obam/config"},
    ),
    *rows(
        CONF + "api-manager.xml",
        "APIManager/",
        ("cluster_hostname", "cluster_internal_port"),
        {
            "AuthManager/ServerURL": SERVICES,
            "APIKeyValidator/ServerURL": SERVICES,
            "APIKeyManager/Configuration/ServerURL": SERVICES,
        },
    ),
    *rows(
        CONF + "api-manager.xml",
        "APIManager/",
        ("cluster_api_manager_hostname", "cluster_gateway_hostname"),
        {
            "APIKeyManager/Configuration/TokenURL": NIO + "/token",
            "APIKeyManager/Configuration/RevokeURL": NIO + "/revoke",
            "OAuthConfigurations/RevokeAPIURL": NIO + "/revoke",
            "APIGateway/Environments/Environment/ServerURL": (
                MANAGEMENT + "${carbon.context}services/"
            ),
            "APIGateway/Environments/Environment/GatewayEndpoint": (
                "http://api.bank.example:${http.nio.port},https://api.bank.example:${https.nio.port}"
            ),
            "APIStore/URL": MANAGEMENT + "/store",
            "APIPublisher/URL": MANAGEMENT + "/publisher",
        },
    ),
    *[
        place
        for transport in ("transportReceiver", "transportSender")
        for place in rows(
            CONF + "axis2/axis2.xml",
            f"axisconfig/{transport}[https]/parameter",
            ("cluster_keystore_password", "cluster_truststore_password"),
            {
                "[keystore]/KeyStore/Location": "repository/resources/security/obkm-apim.jks",
                "[keystore]/KeyStore/Password": "%keystore",
                "[keystore]/KeyStore/KeyPassword": "%keystore",
                "[truststore]/TrustStore/Location": TRUSTSTORE,
                "[truststore]/TrustStore/Password": "%truststore",
            },
        )
    ],
    *rows(
        CONF + "broker.xml",
        "broker/transports/amqp/sslConnection/",
        ("cluster_keystore_password", "cluster_truststore_password"),
        {
            "keyStore/location": "repository/resources/security/obkm-apim.jks",
            "keyStore/password": "%keystore",
            "trustStore/location": TRUSTSTORE,
            "trustStore/password": "%truststore",
        },
    ),
    *rows(
        WEB_SOCKET,
        "inboundEndpoint[SecureWebSocketEP]/parameters/parameter",
        ("cluster_keystore_password", "cluster_truststore_password"),
        {
            "[wss.ssl.key.store.file]": "repository/resources/security/obkm-apim.jks",
            "[wss.ssl.key.store.pass]": "%keystore",
            "[wss.ssl.cert.pass]": "%keystore",
            "[wss.ssl.trust.store.file]": TRUSTSTORE,
            "[wss.ssl.trust.store.pass]": "%truststore",
        },
    ),
]

# Of files that are no XML: what the fixture says, and what stands there instead before the run.
TEXTS = {
    "km1": {
        CONF + "axis2/axis2.xml": {"<hostName>127.0.0.1<": "<hostName>elsewhere.example<"},
        JAGGERY + "consentmgt/configs/conf.json": {
            "//server.example": "//elsewhere.example",
            "//gateway.example": "//elsewhere.example",
        },
        LOGIN_PAGES: {"another": "elsewhere"},
    },
    "am1": {
        CONF + "jndi.properties": {"admin:admin@": "elsewhere:elsewhere@"},
        # Twice in this file, so it has no path of its own.
        CONF + "registry.xml": {
            "<versionResourcesOnChange>false<": "<versionResourcesOnChange>elsewhere<"
        },
        LOGIN_PAGES: {"another": "elsewhere"},
        TEMPLATE: {
            "<WSO2_OB_KM_HOST>:": "elsewhere.example:",
            "wso2carbon.jks": "elsewhere.jks",
            '"wso2carbon"': '"elsewhere"',
        },
    },
}
# What those files say afterwards, and how often.
TEXTS_AFTER = {
    "km1": {
        CONF + "axis2/axis2.xml": {"<hostName>10.20.30.11<": 1, "<hostName>10.20.30.12<": 1},
        JAGGERY + "consentmgt/configs/conf.json": {
            '"https://km.bank.example"': 1,
            '"https://km.bank.example/consentmgt"': 2,
            '"https://api.bank.example"': 1,
        },
        LOGIN_PAGES: {
            "client.keyStore=./repository/resources/security/obkm.jks\n": 1,
            f"client.trustStore=./{TRUSTSTORE}\n": 1,
        },
    },
    "am1": {
        CONF + "jndi.properties": {"amqp://operator!bank.example!carbon.super:": 2},
        CONF + "registry.xml": {"<versionResourcesOnChange>false<": 2},
        LOGIN_PAGES: {
            "client.keyStore=./repository/resources/security/obkm-apim.jks\n": 1,
            f"client.trustStore=./{TRUSTSTORE}\n": 1,
        },
        TEMPLATE: {
            "https://km.bank.example:9443/": 11,
            "/security/obkm-apim.jks": 3,
            '"obkm-apim"': 3,
        },
    },
}

# What stays: each place, and the words that docs/coverage.yml explains it under.
OPTIONS = ("url", "username", "password", "driverClassName", "validationQuery")


def datasource_of_others(file: str, jndi: str, word: str) -> dict[tuple[str, str], str]:
    root = f"datasources-configuration/datasources/datasource[{jndi}]/{CONFIGURATION}"
    return {(file, root + option): word for option in OPTIONS}


STAYS = {
    "km1": {
        (CONF + "finance/open-banking.xml", "Server/BIServer/DataPublishing/ServerURL"): "BIServer",
        **datasource_of_others(
            CONF + "datasources/bps-datasources.xml", "jdbc/BPSDS", "bps-datasources.xml"
        ),
    },
    "am1": {
        (CONF + "finance/open-banking.xml", "Server/BIServer/DataPublishing/ServerURL"): "BIServer",
        (CONF + "api-manager.xml", "APIManager/Analytics/StreamProcessorServerURL"): "Analytics",
        (CONF + "api-manager.xml", "APIManager/APIKeyValidator/ThriftServerHost"): (
            "ThriftServerHost"
        ),
        **datasource_of_others(MASTER, "jdbc/WSO2AM_STATS_DB", "WSO2AM_STATS_DB"),
        **datasource_of_others(MASTER, "WSO2MBStoreDB", "WSO2MBStoreDB"),
        **datasource_of_others(MASTER, "jdbc/WSO2RegistryDB", "jdbc/WSO2RegistryDB"),
    },
}

# Files of the products that the fixtures lack.
TRANSPORTS = """<axisconfig>
{0}
    <!-- <transportSender name="wss"><parameter name="keystore"><KeyStore>
        <Location>elsewhere.jks</Location></KeyStore></parameter></transportSender> -->
</axisconfig>
""".format(
    "\n".join(
        f"""    <{transport} name="https">
        <parameter name="keystore" locked="false">
            <KeyStore>
                <Location>x</Location>
                <Type>JKS</Type>
                <Password>x</Password>
                <KeyPassword>x</KeyPassword>
            </KeyStore>
        </parameter>
        <parameter name="truststore" locked="false">
            <TrustStore>
                <Location>x</Location>
                <Type>JKS</Type>
                <Password>x</Password>
            </TrustStore>
        </parameter>
    </{transport}>"""
        for transport in ("transportReceiver", "transportSender")
    )
)
PAGES = """client.keyStore=./repository/resources/security/another.jks
Carbon.Security.KeyStore.Password=another
client.trustStore=./repository/resources/security/another-truststore.jks
Carbon.Security.TrustStore.Password=another
"""
BROKER = """<broker xmlns="http://wso2.org/projects/carbon/broker.xml">
    <transports>
        <amqp enabled="true">
            <sslConnection enabled="true" port="8672">
                <keyStore><location>x</location><password>x</password></keyStore>
                <trustStore><location>x</location><password>x</password></trustStore>
            </sslConnection>
        </amqp>
    </transports>
</broker>
"""
ENDPOINT = """<inboundEndpoint xmlns="http://ws.apache.org/ns/synapse" name="SecureWebSocketEP">
    <parameters>
        <parameter name="wss.ssl.key.store.file">x</parameter>
        <parameter name="wss.ssl.key.store.pass">x</parameter>
        <parameter name="wss.ssl.trust.store.file">x</parameter>
        <parameter name="wss.ssl.trust.store.pass">x</parameter>
        <parameter name="wss.ssl.cert.pass">x</parameter>
    </parameters>
</inboundEndpoint>
"""
FURTHER_FILES = {
    "km1": {LOGIN_PAGES: PAGES},
    "am1": {
        LOGIN_PAGES: PAGES,
        CONF + "axis2/axis2.xml": TRANSPORTS,
        CONF + "broker.xml": BROKER,
        WEB_SOCKET: ENDPOINT,
    },
}
DATASOURCES_OF_OTHERS = {
    "km1": {MASTER: [], CONF + "datasources/bps-datasources.xml": ["jdbc/BPSDS"]},
    "am1": {MASTER: ["jdbc/WSO2AM_STATS_DB", "WSO2MBStoreDB", "jdbc/WSO2RegistryDB"]},
}
