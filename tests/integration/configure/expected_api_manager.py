# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the inventory of class Site means for the files of an API Manager, written out by hand."""

from __future__ import annotations

import typing as t

from tests.integration.configure.expected import (
    CONF,
    DATASOURCES,
    MASTER,
    OPEN_BANKING,
    PLAIN,
    SECURITY,
    UNUSED,
    broker_account,
    cache_id,
    datasource,
    open_banking,
)

Files = dict[str, t.Mapping[str, "str | None"]]
KEYSTORE = "repository/resources/security/obkm-apim.jks"
THRIFT = "Server/EntitlementSettings/ThirftBasedEntitlementConfig/KeyStore/"
# The fixture has no such block.
PUBLISHER = {
    "APIManager/APIPublisher/URL": (
        "https://api.bank.example:${mgt.transport.https.port}/publisher"
    ),
}
TRUSTSTORE = "repository/resources/security/client-truststore.jks"


def common(secrets: t.Any, source: str) -> Files:
    """What every API Manager has."""
    services = "https://km.bank.example:9443${carbon.context}services/"
    gateway = "https://api.bank.example:${https.nio.port}"
    keystore = secrets("keystore")
    return {
        CONF + "api-manager.xml": {
            "APIManager/AuthManager/ServerURL": services,
            "APIManager/APIKeyValidator/ServerURL": services,
            "APIManager/APIKeyValidator/KeyValidatorClientType": "WSClient",
            "APIManager/APIKeyValidator/EnableThriftServer": "false",
            "APIManager/APIKeyManager/Configuration/ServerURL": services,
            "APIManager/APIKeyManager/Configuration/TokenURL": gateway + "/token",
            "APIManager/APIKeyManager/Configuration/RevokeURL": gateway + "/revoke",
            "APIManager/OAuthConfigurations/RevokeAPIURL": gateway + "/revoke",
            "APIManager/OAuthConfigurations/EncryptPersistedTokens": "false",
            "APIManager/ThrottlingConfigurations/TrafficManager/Username": (
                "operator@bank.example@carbon.super"
            ),
            "APIManager/ThrottlingConfigurations/PolicyDeployer/Username": (
                "operator@bank.example@carbon.super"
            ),
            "APIManager/ThrottlingConfigurations/JMSConnectionDetails/JMSConnectionParameters/connectionfactory.TopicConnectionFactory": (
                f"amqp://{broker_account(secrets)}@clientid/carbon?brokerlist='tcp://${{carbon.local.ip}}:${{jms.port}}'"
            ),
            "APIManager/APIGateway/Environments/Environment/ServerURL": (
                "https://api.bank.example:${mgt.transport.https.port}${carbon.context}services/"
            ),
            "APIManager/APIGateway/Environments/Environment/GatewayEndpoint": (
                "http://api.bank.example:${http.nio.port},https://api.bank.example:${https.nio.port}"
            ),
            "APIManager/APIStore/URL": "https://api.bank.example:${mgt.transport.https.port}/store",
            **(PUBLISHER if source == "real" else {}),
        },
        CONF + "etc/jmx.xml": {"JMX/StartRMIServer": "false"},
        CONF + "identity/identity.xml": {
            "Server/JDBCPersistenceManager/DataSource/Name": "jdbc/WSO2AM_DB",
            "Server/OAuth/TokenPersistenceProcessor": PLAIN,
            THRIFT + "Location": "${carbon.home}/" + KEYSTORE,
            THRIFT + "Password": keystore,
        },
        CONF + "carbon.xml": {
            "Server/Ports/Offset": "0",
            "Server/HostName": "api.bank.example",
            "Server/MgtHostName": "api.bank.example",
            "Server/EnableEmailUserName": "true",
            "Server/Security/InternalKeyStore/Location": SECURITY + "obkm-internal.jks",
            "Server/Security/InternalKeyStore/Type": "JKS",
            "Server/Security/InternalKeyStore/Password": keystore,
            "Server/Security/InternalKeyStore/KeyAlias": "obkm-internal",
            "Server/Security/InternalKeyStore/KeyPassword": keystore,
            "Server/Security/KeyStore/Location": SECURITY + "obkm-apim.jks",
            "Server/Security/KeyStore/Type": "JKS",
            "Server/Security/KeyStore/Password": keystore,
            "Server/Security/KeyStore/KeyAlias": "obkm-apim",
            "Server/Security/KeyStore/KeyPassword": keystore,
            "Server/Security/TrustStore/Password": secrets("truststore"),
        },
        CONF + "tomcat/catalina-server.xml": {
            "Server/Service[Catalina]/Connector[9443]/@sslEnabledProtocols": "TLSv1.2",
            "Server/Service[Catalina]/Connector[9443]/@keystoreFile": SECURITY + "obkm-apim.jks",
            "Server/Service[Catalina]/Connector[9443]/@keystorePass": keystore,
            "Server/Service[Catalina]/Connector[9443]/@keyAlias": "obkm-apim",
        },
        CONF + "user-mgt.xml": {
            "UserManager/Realm/Configuration/AddAdmin": "true",
            "UserManager/Realm/Configuration/AdminUser/UserName": "operator@bank.example",
            "UserManager/Realm/Configuration/AdminUser/Password": secrets("a"),
        },
    }


def transports(secrets: t.Any) -> dict[str, str | None]:
    """axis2.xml: the keystores of the gateway's listener and of its calls, outside of comments."""
    root = "axisconfig[AxisJava2.0]/"
    found: dict[str, str | None] = {
        root + "transportSender[wss]/parameter[ws.trust.store]/ws.trust.store.Password": secrets(
            "truststore"
        ),
    }
    for transport in ("transportReceiver[https]", "transportSender[https]"):
        place = root + transport + "/parameter"
        found.update(
            {
                place + "[keystore]/KeyStore/Location": KEYSTORE,
                place + "[keystore]/KeyStore/Password": secrets("keystore"),
                place + "[keystore]/KeyStore/KeyPassword": secrets("keystore"),
                place + "[truststore]/TrustStore/Location": TRUSTSTORE,
                place + "[truststore]/TrustStore/Password": secrets("truststore"),
            }
        )
    return found


def profiles(secrets: t.Any) -> dict[str, str | None]:
    """sslprofiles.xml: what the gateway shows to back ends."""
    place = "parameter[customSSLProfiles]/profile/"
    return {
        place + "KeyStore/Location": KEYSTORE,
        place + "KeyStore/Password": secrets("keystore"),
        place + "KeyStore/KeyPassword": secrets("keystore"),
        place + "TrustStore/Password": secrets("truststore"),
    }


def keys(secrets: t.Any) -> Files:
    return {
        CONF + "axis2/axis2.xml": transports(secrets),
        "repository/resources/security/sslprofiles.xml": profiles(secrets),
    }


def of_open_banking(layout: str, secrets: t.Any, source: str) -> Files:
    """Open Banking's API Manager, which has all databases of its Key Managers."""
    files = common(secrets, source)
    sources: dict[str, dict[str, str | None]] = {MASTER: {}, OPEN_BANKING: {}}
    block = "datasources-configuration/datasources/datasource"
    for key, (_name, jndi, _database, file) in DATASOURCES[layout].items():
        for path, value in datasource(key, layout, secrets).items():
            sources[file][f"{block}[{jndi}]/{path}"] = value
    for unused in UNUSED[layout]:
        for path in datasource("apim", layout, secrets):
            sources[MASTER][f"{block}[{unused}]/{path}"] = None
    user, config, registry = (
        ("user", "config", "registry") if layout == "documented" else ("common",) * 3
    )
    jndi_of = {key: found[1] for key, found in DATASOURCES[layout].items()}
    users = CONF + "user-mgt.xml"
    mounts = "wso2registry/"
    return {
        **files,
        **keys(secrets),
        **sources,
        users: {
            **files[users],
            "UserManager/Realm/Configuration/Property[dataSource]": jndi_of[user],
        },
        CONF + "finance/open-banking.xml": open_banking(source, "obkm-apim", secrets),
        CONF + "registry.xml": {
            **{mounts + f"versionResourcesOnChange#{number}": "false" for number in (1, 2)},
            mounts + "dbConfig[configRegistry]/dataSource": jndi_of[config],
            mounts + "dbConfig[governanceRegistry]/dataSource": jndi_of[registry],
            mounts + "remoteInstance[configInstance]/cacheId": cache_id(config, layout),
            mounts + "remoteInstance[governanceInstance]/cacheId": cache_id(registry, layout),
            # Of its own, beside the Key Managers' in one database.
            mounts + "mount[/_system/config]/targetPath": "/_system/obam/config",
            mounts + "mount[/_system/governance]/targetPath": "/_system/governance",
        },
    }
