# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The ports that a product home's server will listen on."""

from __future__ import annotations

import re
import typing as t

from .._ports import PORTS
from .home import XML_FILES
from .java_values import java_boolean, java_int
from .reading import DottedTexts, _children, text_of

if t.TYPE_CHECKING:
    from .home import Home

STOCK_CONNECTORS = {"https": 9443, "http": 9763}
# Where a port is in carbon.xml, by its key in PORTS.
PORT_KEYS = {
    "embedded_ldap": "Ports.EmbeddedLDAP.LDAPServerPort",
    "kdc": "Ports.EmbeddedLDAP.KDCServerPort",
    "jmx_registry": "Ports.JMX.RMIRegistryPort",
    "jmx_server": "Ports.JMX.RMIServerPort",
    "thrift_entitlement": "Ports.ThriftEntitlementReceivePort",
    "jndi": "Ports.JNDIProviderPort",
}

_PORT_OFFSET = re.compile(r"-DportOffset=(\S*)")


def port_offset_argument(script: str | None) -> str | None:
    """The offset that a start script or unit passes as -DportOffset, which wins over carbon.xml;
    None when it passes none."""
    for line in (script or "").splitlines():
        if not line.lstrip().startswith(("#", ";")):
            match = _PORT_OFFSET.search(line)
            if match:
                return match.group(1).strip("\"'\\")
    return None


def connectors(root: t.Any) -> list[dict[str, t.Any]]:
    """The Connectors of catalina-server.xml in their order, without their passwords."""
    found = []
    for service in _children(root, "Service") if root is not None else []:
        for element in _children(service, "Connector"):
            port, proxy = java_int(element.get("port")), java_int(element.get("proxyPort"))
            found.append(
                {
                    "scheme": element.get("scheme", "http"),
                    # Tomcat takes what is not a number for -1, and does not open the port then.
                    "port": -1 if port is None else port,
                    "proxy_port": proxy if proxy else None,
                    "proxy_name": element.get("proxyName"),
                    "ssl_enabled": java_boolean(element.get("SSLEnabled")),
                    "ssl_enabled_protocols": element.get("sslEnabledProtocols"),
                    "ciphers": element.get("ciphers"),
                    "client_auth": element.get("clientAuth"),
                    "keystore": element.get("keystoreFile"),
                    "key_alias": element.get("keyAlias"),
                    "truststore": element.get("truststoreFile"),
                }
            )
    return found


def _pass_through_ports(axis2: t.Any) -> dict[str, int]:
    """The gateway's ports, which only a product with the pass-through transport has."""
    ports = {}
    for receiver in _children(axis2, "transportReceiver") if axis2 is not None else []:
        if "PassThrough" in receiver.get("class", "") and receiver.get("name") in ("https", "http"):
            for parameter in _children(receiver, "parameter"):
                port = (
                    java_int(text_of(parameter).strip())
                    if parameter.get("name") == "port"
                    else None
                )
                if port is not None:
                    ports["gateway_" + receiver.get("name")] = port
    return ports


def effective_ports(home: Home, offset: int) -> dict[str, int]:
    """Every port that follows the offset, as this home's server opens it; the stock port where the
    files name none."""
    bases = {key: port.base for key, port in PORTS.items()}
    carbon = DottedTexts(home.root(XML_FILES["carbon"]))
    for key, path in PORT_KEYS.items():
        number = java_int(carbon.first(path))
        bases[key] = bases[key] if number is None else number
    thrift = java_int(
        DottedTexts(home.root(XML_FILES["api_manager"])).first("APIKeyValidator.ThriftServerPort")
    )
    bases["thrift_key_validator"] = bases["thrift_key_validator"] if thrift is None else thrift
    bases.update(_pass_through_ports(home.root(XML_FILES["axis2"])))
    for connector in connectors(home.root(XML_FILES["catalina_server"])):
        if connector["scheme"] in STOCK_CONNECTORS:
            bases[connector["scheme"]] = connector["port"]
    return {key: base + offset for key, base in bases.items()}


def moved_connectors(home: Home) -> list[str]:
    """One sentence for each Connector whose port is not the stock one: the server itself adds the
    offset."""
    return [
        f"catalina-server.xml: the Connector for {connector['scheme']} has port"
        f" {connector['port']}. It must stay {stock}: the server adds the offset to it."
        for connector in connectors(home.root(XML_FILES["catalina_server"]))
        for stock in [STOCK_CONNECTORS.get(connector["scheme"])]
        if stock is not None and connector["port"] != stock
    ]
