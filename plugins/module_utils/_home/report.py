# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Everything that module carbon_info tells about a product home."""

from __future__ import annotations

import os
import typing as t

from .._clustering.section import (
    DEFAULT_DOMAIN,
    SECRET_PARAMETERS,
    effective_scheme,
    read_clustering,
)
from .._ports import HIGHEST_PORT
from .datasources import datasource_files, datasources, jndi_duplicates
from .home import (
    HAZELCAST_PROPERTIES,
    HAZELCAST_XML,
    REGENERATING_FILE,
    SECRET_CONF,
    START_SCRIPT,
    VAULT_KEPT,
    XML_FILES,
    Home,
    kernel_version,
    started_before,
)
from .identity import api_manager, authentication_endpoints, identity, user_store
from .java_values import _SECRET_NAME, java_boolean, java_int, properties_file
from .ports import connectors, effective_ports, moved_connectors, port_offset_argument
from .reading import DottedTexts
from .registry import _mount, mount_datasource, registry


def _product(home: Home, carbon: DottedTexts) -> dict[str, t.Any]:
    return {
        "name": carbon.first("Name"),
        "key": carbon.first("ServerKey"),
        "version": carbon.first("Version"),
        "release": (home.text("bin/version.txt") or "").strip() or None,
        "kernel": kernel_version(home),
        # With this file the product writes every XML file again at each start.
        "regenerates_files": home.has(REGENERATING_FILE),
    }


def cluster(home: Home) -> dict[str, t.Any] | None:
    """The clustering section, without its secrets; None where the product has no axis2.xml or no
    such section in it."""
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
        "members": [
            {"host": member["host"], "port": java_int(member["port"])}
            for member in section["members"]
        ],
        "parameters": {
            name: value
            for name, value in parameters.items()
            if name not in SECRET_PARAMETERS and not _SECRET_NAME.search(name)
        },
        "properties": section["properties"],
        "group_password_set": "groupPassword" in parameters,
        # With this file the product does not look at the section at all.
        "overridden_by_hazelcast_xml": home.has(HAZELCAST_XML),
    }


def _keystores(carbon: DottedTexts, listening: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    stores: dict[str, t.Any] = {
        kind: {
            "location": carbon.first(f"Security.{name}.Location"),
            "type": carbon.first(f"Security.{name}.Type"),
            "alias": carbon.first(f"Security.{name}.KeyAlias"),
        }
        for kind, name in (
            ("primary", "KeyStore"),
            ("internal", "InternalKeyStore"),
            ("truststore", "TrustStore"),
        )
    }
    stores["connectors"] = [
        {
            "location": connector["keystore"],
            "alias": connector["key_alias"],
            "truststore": connector["truststore"],
        }
        for connector in listening
        if connector["keystore"] is not None
    ]
    return stores


def shared_directories(home: Home) -> dict[str, t.Any]:
    """Which folders of the home are links to a shared place: `shared` names the layout, `links`
    each link and where it leads."""
    links = {}
    for relative in (
        "repository/deployment",
        "repository/deployment/server/userstores",
        "repository/tenants",
    ):
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
    home: Home,
    reg: dict[str, t.Any] | None,
    ident: dict[str, t.Any] | None,
    users: dict[str, t.Any] | None,
    stores: t.Mapping[str, t.Any],
) -> dict[str, t.Any]:
    config, governance = _mount(reg, "/_system/config"), _mount(reg, "/_system/governance")
    internal = stores["internal"]["location"]
    return {
        "registry_config_target": config["target_path"] if config else None,
        "registry_governance_target": governance["target_path"] if governance else None,
        "registry_instances": [
            mount_datasource(reg, "/_system/config"),
            mount_datasource(reg, "/_system/governance"),
        ],
        "user_datasource": users["data_source"] if users else None,
        "user_store": users["stores"][0]["class"] if users and users["stores"] else None,
        "token_issuer": ident["token_issuer"] if ident else None,
        "token_encryption": ident["token_persistence_processor"] if ident else None,
        "shared_directories": shared_directories(home)["shared"],
        "internal_keystore": None if internal is None else internal.rpartition("/")[2],
    }


def _problems(info: dict[str, t.Any], offset_text: str | None) -> list[str]:
    """What the product accepts without a word, though it cannot be meant."""
    found = []
    if info["product"]["regenerates_files"]:
        found.append(
            f"{REGENERATING_FILE} is there: the product writes its XML files again at"
            " every start, and edits of them are lost."
        )
    if offset_text is not None and java_int(offset_text) is None:
        found.append(
            "carbon.xml: Ports/Offset is not a number without blanks around it; the server cannot"
            " set up its ports."
        )
    if info["port_offset_argument"] is not None:
        found.append(
            "The start script passes -DportOffset, which wins over Ports/Offset of carbon.xml. Use"
            " one of the two."
        )
    for name, files in info["jndi_duplicates"].items():
        found.append(
            f"The JNDI name {name} is defined more than once ({', '.join(files)}); which definition"
            " counts is not certain."
        )
    names = {source["jndi"] for source in info["datasources"]}
    for what, name in info["datasource_references"].items():
        if names and name is not None and name not in names:
            found.append(
                f"{what} names the datasource {name}, which no *-datasources.xml file defines."
            )
    reg = info["registry"]
    for mount in reg["mounts"] if reg else []:
        if mount_datasource(reg, mount["path"]) is None:
            found.append(
                f"registry.xml: the mount {mount['path']} names no remote instance that leads to a"
                " database."
            )
    section = info["cluster"]
    if section and section["enabled"] and section["overridden_by_hazelcast_xml"]:
        found.append(
            "repository/conf/etc/hazelcast.xml is there: the product does not read the clustering"
            " section of axis2.xml."
        )
    return found + info.pop("_moved_connectors")


def _host_names(carbon: DottedTexts) -> dict[str, str | None]:
    return {
        "host_name": carbon.first("HostName"),
        "management_host_name": carbon.first("MgtHostName"),
    }


def _caching(carbon: DottedTexts) -> dict[str, t.Any]:
    return {
        "force_local_cache": java_boolean(carbon.first("Cache.ForceLocalCache")),
        "default_timeout": java_int(carbon.first("Cache.DefaultCacheTimeout")),
    }


def _secure_vault(home: Home) -> str | None:
    """By whom the vault was set up that the server opens at its start; None where it has none."""
    conf = properties_file(home.text(SECRET_CONF))
    if "secretRepositories" not in conf:
        return None
    return "collection" if VAULT_KEPT in conf else "other"


def _references(
    users: t.Mapping[str, t.Any] | None,
    ident: t.Mapping[str, t.Any] | None,
    api: t.Mapping[str, t.Any] | None,
    reg: t.Mapping[str, t.Any] | None,
) -> dict[str, str | None]:
    """The datasource that each file names."""
    return {
        "user-mgt.xml": users["data_source"] if users else None,
        "identity.xml": ident["data_source"] if ident else None,
        "api-manager.xml": api["data_source"] if api else None,
        **{
            f"registry.xml, dbConfig {name}": source
            for name, source in (reg["db_configs"] if reg else {}).items()
        },
    }


def read_home(path: str, marker: str | None = None) -> dict[str, t.Any]:
    """Everything that carbon_info tells about a product home."""
    home = Home(path)

    def root(name: str) -> t.Any:
        return home.root(XML_FILES[name])

    carbon = DottedTexts(root("carbon"))
    offset_text = carbon.first("Ports.Offset")
    argument = port_offset_argument(home.text(START_SCRIPT))
    # The argument of the start script wins over the file.
    said = offset_text if argument is None else argument
    offset = 0 if said is None else java_int(said)
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
    info: dict[str, t.Any] = {
        "home": path,
        "files": {
            file: home.has(file)
            for file in list(XML_FILES.values()) + [HAZELCAST_PROPERTIES, HAZELCAST_XML]
        },
        "product": _product(home, carbon),
        "offset": offset,
        "port_offset_argument": argument,
        "ports": effective_ports(home, offset) if valid and offset is not None else None,
        "connectors": listening,
        "proxy_ports": {"https": proxies.get("https"), "http": proxies.get("http")},
        "host_names": _host_names(carbon),
        "datasources": sources,
        "jndi_duplicates": jndi_duplicates(sources),
        "datasource_references": _references(users, ident, api, reg),
        "registry": reg,
        "cluster": cluster(home),
        "hazelcast_properties": properties_file(home.text(HAZELCAST_PROPERTIES)),
        "user_store": users,
        "identity": ident,
        "authentication": authentication_endpoints(root("application_authentication")),
        "api_manager": api,
        "keystores": stores,
        "caching": _caching(carbon),
        "shared_directories": shared_directories(home)["links"],
        "commitments": _commitments(home, reg, ident, users, stores),
        "started_before": started_before(home.path, marker),
        "secure_vault": _secure_vault(home),
        "_moved_connectors": moved_connectors(home),
    }
    info["files"].update(dict.fromkeys(source_files, True))
    info["problems"] = _problems(info, offset_text)
    return info
