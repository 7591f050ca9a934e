# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Reads the files of a product home the way the product's own parsers do, and tells what is configured there.

Which of several elements counts differs from file to file; each reader below does as the product's class for that file does.
Values are what stands in the file: placeholders such as ${carbon.home} are not resolved, and blanks are trimmed only where
the product trims. Passwords are never read out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Iterator, Mapping

from ansible_collections.carbon_ops.key_manager.plugins.module_utils.clustering import (
    DEFAULT_DOMAIN,
    SECRET_PARAMETERS,
    effective_scheme,
    read_clustering,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.ports import HIGHEST_PORT, PORTS
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.property_files import unescape

try:
    from lxml import etree

    HAS_LXML = True
except ImportError:
    # The modules say so in their own words; nothing else here works without it.
    HAS_LXML = False

CONF = "repository/conf"
IDENTITY_NAMESPACE = "http://wso2.org/projects/carbon/carbon.xml"
XML_FILES = {
    "carbon": f"{CONF}/carbon.xml",
    "axis2": f"{CONF}/axis2/axis2.xml",
    "catalina_server": f"{CONF}/tomcat/catalina-server.xml",
    "registry": f"{CONF}/registry.xml",
    "user_mgt": f"{CONF}/user-mgt.xml",
    "identity": f"{CONF}/identity/identity.xml",
    "application_authentication": f"{CONF}/identity/application-authentication.xml",
    "api_manager": f"{CONF}/api-manager.xml",
}
HAZELCAST_PROPERTIES = f"{CONF}/hazelcast.properties"
HAZELCAST_XML = f"{CONF}/etc/hazelcast.xml"
START_SCRIPT = "bin/wso2server.sh"
STOCK_CONNECTORS = {"https": 9443, "http": 9763}
# Where a port stands in carbon.xml, by its key in PORTS.
PORT_KEYS = {
    "embedded_ldap": "Ports.EmbeddedLDAP.LDAPServerPort",
    "kdc": "Ports.EmbeddedLDAP.KDCServerPort",
    "jmx_registry": "Ports.JMX.RMIRegistryPort",
    "jmx_server": "Ports.JMX.RMIServerPort",
    "thrift_entitlement": "Ports.ThriftEntitlementReceivePort",
    "jndi": "Ports.JNDIProviderPort",
}
_JAVA_INT = re.compile(r"[+-]?[0-9]+\Z")
_PORT_OFFSET = re.compile(r"-DportOffset=(\S*)")
_URL_USER = re.compile(r"(?<=://)[^/?;\s]*@|(?i:(?<=^jdbc:oracle:thin:)|(?<=^jdbc:oracle:oci:)).*(?=@)")
_URL_SECRET = re.compile(r"(?i)([?&;](?:user|username|password|[a-z]*password|[a-z]*secret)=)[^&;]*")
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
_PROPERTY = re.compile(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)", re.DOTALL)
_SECRET_NAME = re.compile(r"(?i)password|secret|licen[cs]ekey|license\.key|token")


class Dotted(Mapping[str, "list[str]"]):
    """The texts of a document by the dotted path of local names, as ServerConfiguration and its likes keep them.

    The root's name is left out, elements without a visible character are left out, and values are not trimmed.
    """

    def __init__(self, root: Any, namespace: str | None = None) -> None:
        self._texts: dict[str, list[str]] = {}
        if root is not None:
            self._read(root, "", namespace)

    def _read(self, parent: Any, prefix: str, namespace: str | None) -> None:
        for child in _children(parent):
            if namespace is not None and _namespace(child) != namespace:
                continue
            key = prefix + local_name(child)
            text = text_of(child)
            if text.strip():
                self._texts.setdefault(key, []).append(text)
            self._read(child, key + ".", namespace)

    def __getitem__(self, key: str) -> list[str]:
        return self._texts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def first(self, key: str) -> str | None:
        """The first value of this path, which is the one that counts in these files."""
        return self._texts[key][0] if key in self._texts else None


def parse(path: Path) -> Any:
    """The root element of an XML file."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        return etree.fromstring(path.read_bytes(), parser)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    except etree.XMLSyntaxError as error:
        # The parser's own message quotes the document.
        raise OperatorError(f"{path} is not well-formed XML (line {error.position[0]}). The product would not start with it.") from None


def local_name(element: Any) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _namespace(element: Any) -> str:
    return str(element.tag)[1:].partition("}")[0] if str(element.tag).startswith("{") else ""


def _children(parent: Any, name: str | None = None) -> list[Any]:
    # Comments and processing instructions have a tag that is no string.
    return [child for child in parent if isinstance(child.tag, str) and (name is None or local_name(child) == name)]


def text_of(element: Any) -> str:
    """All text directly below an element, as OMElement.getText gives it."""
    return "".join([element.text or ""] + [child.tail or "" for child in element])


def _first(parent: Any, name: str) -> str | None:
    found = _children(parent, name)
    return text_of(found[0]) if found else None


def _last(parent: Any, name: str) -> str | None:
    found = _children(parent, name)
    return text_of(found[-1]) if found else None


def _descend(root: Any, *names: str) -> Any:
    """The first element on a path of local names; None when a step is missing."""
    for name in names:
        found = _children(root, name) if root is not None else []
        root = found[0] if found else None
    return root


def _stripped(text: str | None) -> str | None:
    return None if text is None else text.strip()


def java_int(text: str | None) -> int | None:
    """The number that Integer.parseInt reads; None where it would throw."""
    return int(text) if text is not None and _JAVA_INT.match(text) else None


def java_boolean(text: str | None) -> bool:
    """Boolean.parseBoolean: true in any case of letters, everything else false."""
    return text is not None and text.lower() == "true"


def without_credentials(url: str | None) -> str | None:
    """The URL without user and password, wherever they stand in it."""
    return None if url is None else _URL_SECRET.sub(r"\1...", _URL_USER.sub("", url))


class Home:
    """A product home on this machine, and its files, each read at most once."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        if not (self.path / CONF).is_dir():
            raise OperatorError(f"{path} is no product home: it has no folder {CONF}.")
        self._roots: dict[str, Any] = {}

    def has(self, relative: str) -> bool:
        """Whether the home has this file."""
        return (self.path / relative).is_file()

    def root(self, relative: str) -> Any:
        """The root element of a file of the home; None where there is no such file."""
        if relative not in self._roots:
            self._roots[relative] = parse(self.path / relative) if self.has(relative) else None
        return self._roots[relative]

    def text(self, relative: str) -> str | None:
        """The text of a file that is not XML; None where there is none, or where it may not be read."""
        try:
            return (self.path / relative).read_text(encoding="latin-1")
        except OSError:
            return None


def port_offset_argument(script: str | None) -> str | None:
    """The offset that a start script or unit passes as -DportOffset, which wins over carbon.xml; None when it passes none."""
    for line in (script or "").splitlines():
        if not line.lstrip().startswith(("#", ";")):
            match = _PORT_OFFSET.search(line)
            if match:
                return match.group(1).strip("\"'\\")
    return None


def kernel_version(home: Home) -> str | None:
    """The version of the Carbon kernel, from the file that names it or from the kernel's own bundle; None when neither is there."""
    match = re.search(r"v([0-9]+(?:\.[0-9]+)+)", home.text("bin/wso2carbon-version.txt") or "")
    if match:
        return match.group(1)
    for bundle in sorted((home.path / "repository/components/plugins").glob("org.wso2.carbon.core_*.jar")):
        match = re.match(r"org\.wso2\.carbon\.core_([0-9]+(?:\.[0-9]+)+)\.jar\Z", bundle.name)
        if match:
            return match.group(1)
    return None


def _product(home: Home, carbon: Dotted) -> dict[str, Any]:
    return {
        "name": carbon.first("Name"),
        "key": carbon.first("ServerKey"),
        "version": carbon.first("Version"),
        "release": (home.text("bin/version.txt") or "").strip() or None,
        "kernel": kernel_version(home),
        # With this file the product writes every XML file anew at each start.
        "regenerates_files": home.has(f"{CONF}/deployment.toml"),
    }


def connectors(root: Any) -> list[dict[str, Any]]:
    """The Connectors of catalina-server.xml in their order, without their passwords."""
    found = []
    for service in _children(root, "Service") if root is not None else []:
        for element in _children(service, "Connector"):
            port, proxy = java_int(element.get("port")), java_int(element.get("proxyPort"))
            found.append(
                {
                    "scheme": element.get("scheme", "http"),
                    # What is no number counts as -1 to Tomcat, which then does not open the port.
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


def _pass_through_ports(axis2: Any) -> dict[str, int]:
    """The gateway's ports, which only a product with the pass-through transport has."""
    ports = {}
    for receiver in _children(axis2, "transportReceiver") if axis2 is not None else []:
        if "PassThrough" in receiver.get("class", "") and receiver.get("name") in ("https", "http"):
            for parameter in _children(receiver, "parameter"):
                port = java_int(text_of(parameter).strip()) if parameter.get("name") == "port" else None
                if port is not None:
                    ports["gateway_" + receiver.get("name")] = port
    return ports


def effective_ports(home: Home, offset: int) -> dict[str, int]:
    """Every port that follows the offset, as this home's server opens it; the stock port where the files name none."""
    bases = {key: port.base for key, port in PORTS.items()}
    carbon = Dotted(home.root(XML_FILES["carbon"]))
    for key, path in PORT_KEYS.items():
        number = java_int(carbon.first(path))
        bases[key] = bases[key] if number is None else number
    thrift = java_int(Dotted(home.root(XML_FILES["api_manager"])).first("APIKeyValidator.ThriftServerPort"))
    bases["thrift_key_validator"] = bases["thrift_key_validator"] if thrift is None else thrift
    bases.update(_pass_through_ports(home.root(XML_FILES["axis2"])))
    for connector in connectors(home.root(XML_FILES["catalina_server"])):
        if connector["scheme"] in STOCK_CONNECTORS:
            bases[connector["scheme"]] = connector["port"]
    return {key: base + offset for key, base in bases.items()}


def moved_connectors(home: Home) -> list[str]:
    """One sentence for each Connector whose port is not the stock one: the server itself adds the offset."""
    return [
        f"catalina-server.xml: the Connector for {connector['scheme']} has port {connector['port']}. "
        f"It must stay {stock}: the server adds the offset to it."
        for connector in connectors(home.root(XML_FILES["catalina_server"]))
        for stock in [STOCK_CONNECTORS.get(connector["scheme"])]
        if stock is not None and connector["port"] != stock
    ]


def datasource_files(home: Home) -> list[str]:
    """The *-datasources.xml files in the order in which the product reads them: master-datasources.xml first."""
    names = [file.name for file in (home.path / CONF / "datasources").glob("*-datasources.xml")]
    return [f"{CONF}/datasources/{name}" for name in sorted(names, key=lambda name: (not name.startswith("master-"), name))]


def datasources(root: Any, file: str) -> list[dict[str, Any]]:
    """The datasources of one file, without their passwords. The last of several equal elements counts."""
    found = []
    for container in _children(root, "datasources")[-1:]:
        for element in _children(container, "datasource"):
            jndi = _children(element, "jndiConfig")
            definition = _children(element, "definition")
            configuration = _children(definition[-1], "configuration") if definition else []
            values = {local_name(child): text_of(child) for child in (_children(configuration[-1]) if configuration else [])}
            found.append(
                {
                    "file": file,
                    "name": _last(element, "name"),
                    "jndi": _last(jndi[-1], "name") if jndi else None,
                    "type": definition[-1].get("type") if definition else None,
                    "url": without_credentials(values.get("url")),
                    "user": values.get("username"),
                    "driver": values.get("driverClassName"),
                    "max_active": _pool_size(values.get("maxActive")),
                    "validation_query": values.get("validationQuery"),
                    "test_on_borrow": bool(_jaxb_boolean(values.get("testOnBorrow"))),
                    "default_auto_commit": _jaxb_boolean(values.get("defaultAutoCommit")),
                }
            )
    return found


def _jaxb_boolean(text: str | None) -> bool | None:
    # JAXB knows these words only: for any other, such as True, the pool keeps its default.
    return {"true": True, "1": True, "false": False, "0": False}.get((text or "").strip())


def _pool_size(text: str | None) -> int:
    # The pool's default, without a word also for what is no number.
    number = java_int((text or "").strip())
    return 100 if number is None else number


def jndi_duplicates(sources: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The JNDI names that are defined more than once, with the files that define them. The product does not say so."""
    files: dict[str, list[str]] = {}
    for source in sources:
        if source["jndi"] is not None:
            files.setdefault(source["jndi"], []).append(source["file"])
    return {name: places for name, places in files.items() if len(places) > 1}


def registry(root: Any) -> dict[str, Any] | None:
    """registry.xml: databases by name (the last of a name counts), remote instances and mounts in their order."""
    if root is None:
        return None
    remotes = [
        {
            "id": _first(element, "id"),
            "url": without_credentials(element.get("url")),
            "db_config": _first(element, "dbConfig"),
            "read_only": _first(element, "readOnly"),
            "enable_cache": _first(element, "enableCache"),
            "cache_id": without_credentials(_first(element, "cacheId")),
            "registry_root": _first(element, "registryRoot"),
        }
        for element in _children(root, "remoteInstance")
    ]
    mounts = [
        {
            "path": element.get("path"),
            "target_path": _first(element, "targetPath"),
            "instance": _first(element, "instanceId"),
            "overwrite": java_boolean(element.get("overwrite")),
            "virtual": element.get("overwrite", "").lower() == "virtual",
        }
        for element in _children(root, "mount")
    ]
    return {
        "current_db_config": _first(root, "currentDBConfig"),
        "read_only": _first(root, "readOnly") == "true",
        "enable_cache": _first(root, "enableCache") == "true",
        "db_configs": {element.get("name"): _first(element, "dataSource") for element in _children(root, "dbConfig")},
        "remote_instances": remotes,
        "mounts": mounts,
    }


def _mount(reg: dict[str, Any] | None, path: str) -> dict[str, Any] | None:
    found = [mount for mount in reg["mounts"] if mount["path"] == path] if reg else []
    return found[0] if found else None


def mount_datasource(reg: dict[str, Any] | None, path: str) -> str | None:
    """The JNDI name of the datasource behind a mount; None where the chain is broken or there is no such mount."""
    mount = _mount(reg, path)
    for remote in reg["remote_instances"] if reg and mount else []:
        if mount and remote["id"] == mount["instance"]:
            source = reg["db_configs"].get(remote["db_config"]) if reg else None
            return str(source) if source is not None else None
    return None


def user_store(root: Any) -> dict[str, Any] | None:
    """user-mgt.xml: the realm's datasource and administrator, and the user stores, the primary one first. Passwords are left out.

    This file's values are trimmed by the product, and the last of several properties of one name counts.
    """
    realm = _descend(root, "Realm")
    if realm is None:
        return None
    configuration = _descend(realm, "Configuration")
    properties = _properties(configuration)
    stores = []
    for element in _children(realm, "UserStoreManager"):
        values = _properties(element)
        stores.append(
            {
                "class": element.get("class"),
                "domain": values.get("DomainName"),
                "url": without_credentials(values.get("ConnectionURL") or values.get("url")),
                "read_only": values.get("ReadOnly"),
            }
        )
    admin = _descend(configuration, "AdminUser")
    return {
        "data_source": properties.get("dataSource"),
        "class": stores[0]["class"] if stores else None,
        "stores": stores,
        "admin_user": _stripped(_first(admin, "UserName")) if admin is not None else None,
        "admin_role": _stripped(_first(configuration, "AdminRole")) if configuration is not None else None,
        "add_admin": _stripped(_first(configuration, "AddAdmin")) if configuration is not None else None,
    }


def _properties(element: Any) -> dict[str, str]:
    return {child.get("name"): text_of(child).strip() for child in (_children(element, "Property") if element is not None else [])}


def _is_endpoint(key: str) -> bool:
    last = key.rpartition(".")[2].lower()
    return last.endswith(("url", "page", "issuerid", "endpoint")) or last == "serverurl"


def identity(root: Any) -> dict[str, Any] | None:
    """identity.xml: database, endpoints by their dotted path, caches.

    Elements outside the file's own namespace are invisible to the product, and so they are here.
    """
    if root is None:
        return None
    values = Dotted(root, IDENTITY_NAMESPACE)
    caches: dict[tuple[str, str], dict[str, Any]] = {}
    holder = _descend(root, "CacheConfig")
    for manager in _children(holder, "CacheManager") if holder is not None else []:
        for cache in _children(manager, "Cache"):
            caches[manager.get("name", ""), cache.get("name", "")] = {
                "manager": manager.get("name"),
                "name": cache.get("name"),
                "enabled": java_boolean(cache.get("enable")),
                "timeout": java_int(cache.get("timeout")),
                "capacity": java_int(cache.get("capacity")),
                "distributed": java_boolean(cache.get("isDistributed")),
            }
    return {
        "data_source": values.first("JDBCPersistenceManager.DataSource.Name"),
        "session_data_persist": java_boolean(values.first("JDBCPersistenceManager.SessionDataPersist.Enable")),
        "temporary_session_data_persist": java_boolean(values.first("JDBCPersistenceManager.SessionDataPersist.Temporary")),
        "endpoints": {key: without_credentials(values.first(key)) for key in values if _is_endpoint(key)},
        "token_issuer": _stripped(values.first("OAuth.OpenIDConnect.IDTokenIssuerID")),
        "token_persistence_processor": _stripped(values.first("OAuth.TokenPersistenceProcessor")),
        "caches": list(caches.values()),
    }


def authentication_endpoints(root: Any) -> dict[str, Any] | None:
    """application-authentication.xml: the URLs of the log-in pages, and the URLs among the authenticators' parameters."""
    if root is None:
        return None
    pages = {
        local_name(child): without_credentials(text_of(child)) for child in reversed(_children(root)) if _is_endpoint(local_name(child))
    }
    authenticators: dict[str, dict[str, str | None]] = {}
    holder = _descend(root, "AuthenticatorConfigs")
    for config in _children(holder, "AuthenticatorConfig") if holder is not None else []:
        for parameter in _children(config, "Parameter"):
            if "://" in text_of(parameter):
                authenticators.setdefault(config.get("name"), {})[parameter.get("name")] = without_credentials(text_of(parameter))
    return {"pages": dict(sorted(pages.items())), "authenticators": authenticators}


def api_manager(root: Any) -> dict[str, Any] | None:
    """api-manager.xml: the URLs by their dotted path, and how keys are validated."""
    if root is None:
        return None
    values = Dotted(root)
    return {
        "data_source": values.first("DataSourceName"),
        "urls": {key: without_credentials(values.first(key)) for key in values if _is_endpoint(key)},
        "key_validator_client": values.first("APIKeyValidator.KeyValidatorClientType"),
        "thrift_server": java_boolean(values.first("APIKeyValidator.EnableThriftServer")),
        "encrypt_persisted_tokens": java_boolean(values.first("OAuthConfigurations.EncryptPersistedTokens")),
    }


def properties_file(text: str | None) -> dict[str, str]:
    """The keys and values of a .properties file as java.util.Properties reads them. Secrets are left out."""
    values = {}
    logical = ""
    for natural in [*_LINE_END.split(text or ""), ""]:
        line = natural.lstrip(" \t\f")
        if not logical and line[:1] in ("", "#", "!"):
            continue
        logical += line
        if _CONTINUED.search(logical):
            logical = logical[:-1]
            continue
        match = _PROPERTY.match(logical)
        if match:
            values[unescape(match.group(1))] = unescape(match.group(2))
        logical = ""
    return {key: "..." if _SECRET_NAME.search(key) else value for key, value in values.items()}


def cluster(home: Home) -> dict[str, Any] | None:
    """The clustering section, without its secrets; None where the product has no axis2.xml or no such section in it."""
    root = home.root(XML_FILES["axis2"])
    section = read_clustering(root) if root is not None else None
    if section is None:
        return None
    parameters = section["parameters"]
    host = parameters.get("localMemberHost")
    port = java_int((parameters.get("localMemberPort") or "4000").strip())
    return {
        "enabled": section["enabled"],
        "domain": parameters.get("domain", DEFAULT_DOMAIN),
        "scheme": effective_scheme(section),
        "local_member_host": None if host is None else host.strip(),
        "local_member_port": port,
        "members": [{"host": member["host"], "port": java_int(member["port"])} for member in section["members"]],
        "parameters": {
            name: value for name, value in parameters.items() if name not in SECRET_PARAMETERS and not _SECRET_NAME.search(name)
        },
        "properties": section["properties"],
        "group_password_set": "groupPassword" in parameters,
        # With this file the product does not look at the section at all.
        "overridden_by_hazelcast_xml": home.has(HAZELCAST_XML),
    }


def _keystores(carbon: Dotted, listening: list[dict[str, Any]]) -> dict[str, Any]:
    stores: dict[str, Any] = {
        kind: {
            "location": carbon.first(f"Security.{name}.Location"),
            "type": carbon.first(f"Security.{name}.Type"),
            "alias": carbon.first(f"Security.{name}.KeyAlias"),
        }
        for kind, name in (("primary", "KeyStore"), ("internal", "InternalKeyStore"), ("truststore", "TrustStore"))
    }
    stores["connectors"] = [
        {"location": connector["keystore"], "alias": connector["key_alias"], "truststore": connector["truststore"]}
        for connector in listening
        if connector["keystore"] is not None
    ]
    return stores


def shared_directories(home: Home) -> dict[str, Any]:
    """Which folders of the home are links to a shared place: `shared` names the layout, `links` each link and where it leads."""
    links = {}
    for relative in ("repository/deployment", "repository/deployment/server/userstores", "repository/tenants"):
        path = home.path / relative
        if path.is_symlink():
            # Path.readlink came with Python 3.9 only.
            links[relative] = os.readlink(path)
    layouts = {
        (): "none",
        ("repository/deployment", "repository/tenants"): "documented",
        ("repository/deployment/server/userstores", "repository/tenants"): "userstores_and_tenants",
    }
    return {"shared": layouts.get(tuple(sorted(links)), "partly"), "links": links}


def _commitments(
    home: Home, reg: dict[str, Any] | None, ident: dict[str, Any] | None, users: dict[str, Any] | None, stores: Mapping[str, Any]
) -> dict[str, Any]:
    config, governance = _mount(reg, "/_system/config"), _mount(reg, "/_system/governance")
    internal = stores["internal"]["location"]
    return {
        "registry_config_target": config["target_path"] if config else None,
        "registry_governance_target": governance["target_path"] if governance else None,
        "registry_instances": [mount_datasource(reg, "/_system/config"), mount_datasource(reg, "/_system/governance")],
        "user_datasource": users["data_source"] if users else None,
        "user_store": users["stores"][0]["class"] if users and users["stores"] else None,
        "token_issuer": ident["token_issuer"] if ident else None,
        "token_encryption": ident["token_persistence_processor"] if ident else None,
        "shared_directories": shared_directories(home)["shared"],
        "internal_keystore": None if internal is None else internal.rpartition("/")[2],
    }


def started_before(home: Home, marker: str | None = None) -> bool:
    """Whether this server has run: it has written its log, or the marker that its unit writes is there."""
    log = home.path / "repository/logs/wso2carbon.log"
    return (log.is_file() and log.stat().st_size > 0) or (marker is not None and Path(marker).exists())


def _problems(info: dict[str, Any], offset_text: str | None) -> list[str]:
    """What the product accepts without a word, though it cannot be meant."""
    found = []
    if info["product"]["regenerates_files"]:
        found.append(
            "repository/conf/deployment.toml is there: the product writes its XML files anew at every start, and edits of them are lost."
        )
    if offset_text is not None and java_int(offset_text) is None:
        found.append("carbon.xml: Ports/Offset is not a number without blanks around it; the server cannot set up its ports.")
    if info["port_offset_argument"] is not None:
        found.append("The start script passes -DportOffset, which wins over Ports/Offset of carbon.xml. Use one of the two.")
    for name, files in info["jndi_duplicates"].items():
        found.append(f"The JNDI name {name} is defined more than once ({', '.join(files)}); which definition counts is not certain.")
    names = {source["jndi"] for source in info["datasources"]}
    for what, name in info["datasource_references"].items():
        if names and name is not None and name not in names:
            found.append(f"{what} names the datasource {name}, which no *-datasources.xml file defines.")
    reg = info["registry"]
    for mount in reg["mounts"] if reg else []:
        if mount_datasource(reg, mount["path"]) is None:
            found.append(f"registry.xml: the mount {mount['path']} names no remote instance that leads to a database.")
    section = info["cluster"]
    if section and section["enabled"] and section["overridden_by_hazelcast_xml"]:
        found.append("repository/conf/etc/hazelcast.xml is there: the product does not read the clustering section of axis2.xml.")
    return found + info.pop("_moved_connectors")


def read_home(path: str, marker: str | None = None) -> dict[str, Any]:
    """Everything that carbon_info tells about a product home."""
    home = Home(path)

    def root(name: str) -> Any:
        return home.root(XML_FILES[name])

    carbon = Dotted(root("carbon"))
    offset_text = carbon.first("Ports.Offset")
    argument = port_offset_argument(home.text(START_SCRIPT))
    offset = java_int(argument) if argument is not None else java_int(offset_text) if offset_text is not None else 0
    listening = connectors(root("catalina_server"))
    proxies = {connector["scheme"]: connector["proxy_port"] for connector in listening}
    source_files = datasource_files(home)
    sources = [source for file in source_files for source in datasources(home.root(file), file)]
    reg, users, ident, api = (
        registry(root("registry")),
        user_store(root("user_mgt")),
        identity(root("identity")),
        api_manager(root("api_manager")),
    )
    stores = _keystores(carbon, listening)
    valid = offset is not None and 0 <= offset <= HIGHEST_PORT
    info: dict[str, Any] = {
        "home": path,
        "files": {file: home.has(file) for file in list(XML_FILES.values()) + [HAZELCAST_PROPERTIES, HAZELCAST_XML]},
        "product": _product(home, carbon),
        "offset": offset,
        "port_offset_argument": argument,
        "ports": effective_ports(home, offset) if valid and offset is not None else None,
        "connectors": listening,
        "proxy_ports": {"https": proxies.get("https"), "http": proxies.get("http")},
        "host_names": {"host_name": carbon.first("HostName"), "management_host_name": carbon.first("MgtHostName")},
        "datasources": sources,
        "jndi_duplicates": jndi_duplicates(sources),
        "datasource_references": {
            "user-mgt.xml": users["data_source"] if users else None,
            "identity.xml": ident["data_source"] if ident else None,
            "api-manager.xml": api["data_source"] if api else None,
            **{f"registry.xml, dbConfig {name}": source for name, source in (reg["db_configs"] if reg else {}).items()},
        },
        "registry": reg,
        "cluster": cluster(home),
        "hazelcast_properties": properties_file(home.text(HAZELCAST_PROPERTIES)),
        "user_store": users,
        "identity": ident,
        "authentication": authentication_endpoints(root("application_authentication")),
        "api_manager": api,
        "keystores": stores,
        "caching": {
            "force_local_cache": java_boolean(carbon.first("Cache.ForceLocalCache")),
            "default_timeout": java_int(carbon.first("Cache.DefaultCacheTimeout")),
        },
        "shared_directories": shared_directories(home)["links"],
        "commitments": _commitments(home, reg, ident, users, stores),
        "started_before": started_before(home, marker),
        "_moved_connectors": moved_connectors(home),
    }
    info["files"].update(dict.fromkeys(source_files, True))
    info["problems"] = _problems(info, offset_text)
    return info
