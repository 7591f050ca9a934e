# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of products: archives, drivers, API Manager, gateway."""

from __future__ import annotations

import difflib
import re
import typing as t

from ...module_utils import _ports as ports
from ...module_utils._addresses import is_host_name
from ...module_utils._errors import OperatorError
from .._model.vendors import VENDORS
from .settings import REMOTE

if t.TYPE_CHECKING:
    from .._model.inventory import Sources
    from .settings import Sentences, _Settings

CHECKSUM = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z", re.IGNORECASE)

URL = re.compile(r"(https?://|\$\{carbon\.protocol\}://|/)\S*\Z")

MAVEN = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+:[0-9][A-Za-z0-9_.-]*\Z")


def _files(shared: _Settings, exists: t.Callable[[str], bool]) -> Sentences:
    for name in (
        "cluster_product_archive",
        "cluster_api_manager_archive",
        "cluster_database_driver",
        "cluster_membership_jar",
    ):
        value = shared[name]
        if not isinstance(value, t.Mapping):
            continue
        source, checksum = value.get("src"), value.get("checksum")
        if checksum is not None and not CHECKSUM.match(str(checksum)):
            yield (
                f"{name}.checksum is not a checksum: write the algorithm, a colon and the digits,"
                " for example sha256:1234… (sha256 or sha512)."
            )
        if isinstance(source, str) and not REMOTE.match(source) and not exists(source):
            yield (
                f"{name}.src is not on the controller: {source} does not exist. Put the file there,"
                " or give a URL."
            )


def _driver(shared: _Settings) -> Sentences:
    driver = shared["cluster_database_driver"]
    if not isinstance(driver, t.Mapping):
        return
    coordinate, repository = driver.get("maven"), driver.get("repository")
    brought = driver.get("src") is not None or coordinate is not None
    if (
        driver.get("src") is not None
        and coordinate is not None
        or not brought
        and driver.get("class_name") is None
    ):
        yield (
            "cluster_database_driver needs either src (a path or a URL) or maven (a coordinate),"
            " and not both, or class_name alone."
        )
    if brought and driver.get("checksum") is None:
        yield (
            "cluster_database_driver.checksum is not set. Write the algorithm, a colon and the"
            " digits, for example sha256:1234…"
        )
    if coordinate is not None and not MAVEN.match(str(coordinate)):
        yield (
            "cluster_database_driver.maven is not the coordinate of one version: write"
            " group:artifact:version, for example org.postgresql:postgresql:42.7.4."
        )
    if repository is not None and (coordinate is None or not REMOTE.match(str(repository))):
        yield (
            "cluster_database_driver.repository must be the URL of a Maven repository, and belongs"
            " to the option maven."
        )


def _api_manager(
    shared: _Settings, sources: Sources, groups: t.Mapping[str, t.Sequence[str]]
) -> Sentences:
    release = shared["cluster_api_manager_release"]
    archive = shared["cluster_api_manager_archive"]
    names = {
        "cluster_api_manager_release": release,
        "cluster_api_manager_archive.src": (
            str(archive.get("src")).rsplit("/", 1)[-1] if isinstance(archive, t.Mapping) else None
        ),
    }
    for name, text in names.items():
        if text is not None and re.search("update", str(text), re.IGNORECASE):
            yield (
                f"{name} {text} is an update release, which does not work with a separate Key"
                " Manager. Use the GA release, or one that is updated by WUM."
            )
    product, wanted = (
        sources.profiles.get(str(shared["cluster_product"])),
        shared["cluster_api_manager_product"],
    )
    if product is not None:
        yield from _api_manager_release(
            release, sources.profiles.get(wanted or product["api_manager_product"], {})
        )
        yield from _api_manager_scope(shared, product, sources, groups)
    if (
        product is not None
        and wanted in sources.profiles
        and wanted != product["api_manager_product"]
    ):
        yield (
            "cluster_api_manager_product {0} does not work with {1}, which goes with {2}. Leave it"
            " out.".format(wanted, product["title"], product["api_manager_product"])
        )


def _api_manager_release(release: t.Any, profile: t.Mapping[str, t.Any]) -> Sentences:
    """What is said of the release, beside what the home itself will tell."""
    found = re.search(r"\d+(?:\.\d+)+", str(release)) if release is not None else None
    expected = profile.get("release")
    if found and expected and found.group() != expected:
        yield (
            f"cluster_api_manager_release {release} is not the release {expected} of"
            f" {profile['title']}, with which this Key Manager works. Install that one, or correct"
            " the variable."
        )


def _api_manager_scope(
    shared: _Settings,
    product: t.Mapping[str, t.Any],
    sources: Sources,
    groups: t.Mapping[str, t.Sequence[str]],
) -> Sentences:
    """Choices after which API Manager and the Key Managers would not be one system."""
    if not groups["api_manager"]:
        return
    scope, encrypted = shared["cluster_api_manager_scope"], shared["cluster_token_encryption"]
    if scope == "wiring":
        if encrypted:
            yield (
                "cluster_token_encryption is true, but with cluster_api_manager_scope wiring API"
                " Manager would neither encrypt tokens nor read those of the Key Managers. Set the"
                " scope to shared or all, or leave tokens unencrypted."
            )
        return
    if encrypted and shared["cluster_api_manager_internal_keystore"] == "kept":
        yield (
            "cluster_token_encryption is true, but API Manager keeps an internal keystore of its"
            " own, so that neither side could read the other's tokens. Set"
            " cluster_api_manager_internal_keystore to shared."
        )
    wanted = shared["cluster_api_manager_product"] or product["api_manager_product"]
    files = sources.profiles.get(str(wanted), {}).get("api_manager_files", ())
    vendor = VENDORS.get(shared.option("cluster_database", "vendor"))
    if vendor is not None and vendor.embedded and "api_manager_master_datasources" in files:
        yield (
            f"cluster_database.vendor {vendor.title} is a file of each server, so API Manager and"
            " the Key Manager would share no user, no token and no registry. Choose the vendor of a"
            " database server, or set cluster_api_manager_scope to wiring."
        )


def _gateway(
    shared: _Settings, sources: Sources, groups: t.Mapping[str, t.Sequence[str]]
) -> Sentences:
    """Where Key Managers that have an api-manager.xml find the gateway."""
    product = sources.profiles.get(str(shared["cluster_product"]))
    gateway = shared["cluster_gateway"]
    if product is None or not isinstance(gateway, t.Mapping):
        return
    topology = shared.option("cluster_gateway", "topology")
    hosts, manager, balancer = (
        gateway.get("hosts") or [],
        gateway.get("manager"),
        gateway.get("balancer"),
    )
    if "api_manager" not in product["files"]:
        if shared.is_set("cluster_gateway"):
            yield (
                "cluster_gateway has no meaning for {0}: its Key Managers have no api-manager.xml."
                " Remove it.".format(product["title"])
            )
        return
    for name in (*(hosts if isinstance(hosts, list) else []), manager, balancer):
        if name is not None and not is_host_name(str(name)):
            yield (
                f"cluster_gateway: {name} is neither a host name nor an address. Leave out scheme"
                " and port."
            )
    if gateway.get("management_port") is not None:
        try:
            ports.check_port(gateway["management_port"], "management_port of cluster_gateway")
        except OperatorError as error:
            yield str(error)
    yield from _topology(str(topology), hosts, manager, balancer, groups)


def _topology(
    topology: str,
    hosts: t.Sequence[t.Any],
    manager: t.Any,
    balancer: t.Any,
    groups: t.Mapping[str, t.Sequence[str]],
) -> Sentences:
    """Hosts that the topology of the gateways needs, or has no place for."""
    if topology == "hybrid":
        if hosts or manager:
            yield (
                "cluster_gateway.hosts and manager belong to the distributed topologies. Set"
                " topology to one of them, or take them out."
            )
        if not groups["api_manager"] and not balancer:
            yield (
                "cluster_gateway has the topology hybrid, but the group that"
                " cluster_api_manager_group names has no host. Put the API Manager there, or name"
                " the gateway: another topology with hosts, or balancer."
            )
    elif not balancer and not hosts:
        yield (
            f"cluster_gateway.hosts is empty: the topology {topology} needs the gateways' hosts, or"
            " balancer."
        )
    if topology == "distributed" and len(hosts) > 1:
        yield (
            f"cluster_gateway.hosts has {len(hosts)} hosts, but the topology distributed has one"
            " gateway. Set topology to distributed_ha_shared_storage or distributed_ha_rsync."
        )
    if topology == "distributed_ha_rsync" and not manager and not balancer:
        yield (
            "cluster_gateway.manager is not set: with rsync only the gateway manager takes"
            " messages. Name it, or balancer."
        )
    elif topology != "distributed_ha_rsync" and topology != "hybrid" and manager:
        yield (
            "cluster_gateway.manager belongs to the topology distributed_ha_rsync: elsewhere every"
            " gateway takes messages. Remove it."
        )


def _identity(shared: _Settings, sources: Sources) -> Sentences:
    product = sources.profiles.get(str(shared["cluster_product"]))
    overrides = shared["cluster_identity_urls"]
    if product is None or not isinstance(overrides, t.Mapping):
        return
    for name, url in overrides.items():
        if name not in product["urls"]:
            close = difflib.get_close_matches(str(name), product["urls"], n=1)
            yield "cluster_identity_urls.{0} is not a URL of {1}.{2}".format(
                name, product["title"], f" Did you mean {close[0]}?" if close else ""
            )
        elif not URL.match(str(url)):
            yield (
                f"cluster_identity_urls.{name} is not a URL: it begins with https://,"
                " ${carbon.protocol}:// or / and holds no blank."
            )
    issuer = shared["cluster_token_issuer"]
    if issuer is not None and not URL.match(str(issuer)):
        yield (
            "cluster_token_issuer is not a URL: it begins with https:// or ${carbon.protocol}://"
            " and holds no blank."
        )
