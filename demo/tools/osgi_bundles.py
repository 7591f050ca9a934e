# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Make OSGi bundles of the jars that the demo's Key Manager is put together from.

A plain jar becomes a bundle that exports all it holds. Of a bundle only those imports change that
nobody offers in the version that is wanted: where the package is there in another version, the
version is dropped; where it is not there at all, the import becomes optional.
"""

from __future__ import annotations

import dataclasses
import re
import struct
import typing as t
import zipfile

from demo.tools import osgi_manifest

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MANIFEST = "META-INF/MANIFEST.MF"
SIGNATURE = re.compile(r"META-INF/[^/]+\.(SF|RSA|DSA|EC)", re.IGNORECASE)
FIXED_TIME = (2020, 1, 1, 0, 0, 0)
# Bundles that would find the packages of other bundles by version only, or export them in a version
# that nobody asks for.
TREATED_AS_PLAIN = frozenset(
    {
        "asm",
        "asm-analysis",
        "asm-commons",
        "asm-tree",
        "asm-util",
        "json",
        "libthrift",
        "nashorn-core",
        "pdfbox",
        "velocity",
    }
)
# Its packages are needed, but its component would start a search engine that is not there.
WITHOUT_COMPONENT = frozenset({"org.wso2.carbon.registry.indexing"})
# Java 15 lost its script engine; the same engine, published by itself, has another package.
RENAMED = {
    "org.wso2.carbon.identity.application.authentication.framework": (
        b"jdk/nashorn/",
        b"org/openjdk/nashorn/",
    )
}
# What a bundle demands of the virtual machine in old terms, which the framework of today does not
# know.
DROPPED = ("Require-Capability", "Bundle-RequiredExecutionEnvironment")
SYSTEM_PACKAGES = re.compile(
    r"^org\.osgi\.framework\.system\.packages(?:\.extra)?=((?:.*\\\n)*.*)", re.MULTILINE
)


@dataclasses.dataclass(frozen=True)
class Jar:
    """A jar from the registry."""

    path: Path
    name: str
    version: str

    def manifest(self) -> dict[str, str]:
        """Return the headers of its manifest."""
        return read_manifest(self.path)

    @property
    def plain(self) -> bool:
        """Whether it becomes a bundle only here."""
        return self.name in TREATED_AS_PLAIN or "Bundle-SymbolicName" not in self.manifest()

    @property
    def bundle_version(self) -> str:
        """Return the version in three numbers at most, as OSGi has it."""
        match = re.match(r"\d+(?:\.\d+){0,2}", self.version)
        return match[0] if match else "0"


def read_manifest(path: Path) -> dict[str, str]:
    """Return the headers of a jar's manifest, none when it has none."""
    with zipfile.ZipFile(path) as archive:
        try:
            return osgi_manifest.parse(archive.read(MANIFEST).decode("utf-8", "replace"))
        except KeyError:
            return {}


def packages(path: Path) -> list[str]:
    """Return the Java packages of a jar."""
    with zipfile.ZipFile(path) as archive:
        folders = {
            name.rpartition("/")[0] for name in archive.namelist() if name.endswith(".class")
        }
    return sorted(
        folder.replace("/", ".")
        for folder in folders
        if folder and not folder.startswith("META-INF")
    )


def offered_by_kernel(plugins: Iterable[Path], launch_settings: str) -> dict[str, list[str]]:
    """Return each package that the kernel offers, with the versions in which it does."""
    offered: dict[str, list[str]] = {}
    for path in plugins:
        for clause in osgi_manifest.clauses(read_manifest(path).get("Export-Package", "")):
            offered.setdefault(clause.package, []).append(clause.attributes.get("version", "0"))
    for match in SYSTEM_PACKAGES.finditer(launch_settings):
        for clause in osgi_manifest.clauses(match[1].replace("\\\n", "")):
            offered.setdefault(clause.package, []).append("0")
    return offered


def offered_by_jars(jars: Iterable[Jar]) -> dict[str, list[str]]:
    """Return each package that these jars will offer as bundles, with the versions in which they
    will."""
    offered: dict[str, list[str]] = {}
    for jar in jars:
        if jar.plain:
            for package in packages(jar.path):
                offered.setdefault(package, []).append(jar.bundle_version)
        else:
            for clause in osgi_manifest.clauses(jar.manifest().get("Export-Package", "")):
                offered.setdefault(clause.package, []).append(clause.attributes.get("version", "0"))
    return offered


def relaxed(clause: osgi_manifest.Clause, offered: Mapping[str, list[str]]) -> osgi_manifest.Clause:
    """Return an import that can be met: with its version, in any version, or optional."""
    versions = offered.get(clause.package, [])
    wanted = clause.attributes.get("version", "0")
    if clause.optional or any(osgi_manifest.accepts(wanted, found) for found in versions):
        return clause
    if versions:
        return clause.without("version")
    return osgi_manifest.Clause(clause.package, {**clause.attributes, "resolution:": "optional"})


def wrapped_headers(jar: Jar) -> dict[str, str]:
    """Return the manifest that makes a bundle of a plain jar."""
    exported = [
        osgi_manifest.Clause(package, {"version": jar.bundle_version})
        for package in packages(jar.path)
    ]
    return {
        "Bundle-ManifestVersion": "2",
        "Bundle-Name": jar.name,
        "Bundle-SymbolicName": f"{jar.name.replace('-', '_')}_wrapped",
        "Bundle-Version": jar.bundle_version,
        "Export-Package": osgi_manifest.header(exported),
        "DynamicImport-Package": "*",
    }


def relaxed_headers(jar: Jar, offered: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the manifest of a bundle with imports that can be met."""
    headers = {name: value for name, value in jar.manifest().items() if name not in DROPPED}
    if "Import-Package" in headers:
        imported = [
            relaxed(clause, offered) for clause in osgi_manifest.clauses(headers["Import-Package"])
        ]
        headers["Import-Package"] = osgi_manifest.header(imported)
    if "Export-Package" in headers:
        # "uses" ties a package to one version of others, which are here in any version.
        exported = [
            clause.without("uses:") for clause in osgi_manifest.clauses(headers["Export-Package"])
        ]
        headers["Export-Package"] = osgi_manifest.header(exported)
    headers.setdefault("DynamicImport-Package", "*")
    if jar.name in WITHOUT_COMPONENT:
        headers = {
            name: value
            for name, value in headers.items()
            if name not in ("Service-Component", "Bundle-Activator")
        }
    return headers


def rename(content: bytes, before: bytes, after: bytes) -> bytes:
    """Return a class file with another text in the names of its constant pool, as the relocation of
    Maven's shade plugin does."""
    sizes = {
        3: 5,
        4: 5,
        5: 9,
        6: 9,
        7: 3,
        8: 3,
        9: 5,
        10: 5,
        11: 5,
        12: 5,
        15: 4,
        16: 3,
        17: 5,
        18: 5,
        19: 3,
        20: 3,
    }
    (count,) = struct.unpack(">H", content[8:10])
    parts = [content[:10]]
    offset = 10
    index = 1
    while index < count:
        tag = content[offset]
        if tag == 1:
            (length,) = struct.unpack(">H", content[offset + 1 : offset + 3])
            text = content[offset + 3 : offset + 3 + length].replace(before, after)
            parts.append(b"\x01" + struct.pack(">H", len(text)) + text)
            offset += 3 + length
        else:
            parts.append(content[offset : offset + sizes[tag]])
            offset += sizes[tag]
        # A long or a double takes two places in the pool.
        index += 2 if tag in (5, 6) else 1
    return b"".join([*parts, content[offset:]])


def members(jar: Jar) -> dict[str, bytes]:
    """Return what a bundle holds beside its manifest."""
    content = {}
    with zipfile.ZipFile(jar.path) as archive:
        for name in archive.namelist():
            left_out = (
                name.upper() == MANIFEST or SIGNATURE.fullmatch(name) or name == "module-info.class"
            )
            if not left_out and not name.endswith("/"):
                content[name] = archive.read(name)
    if jar.name in RENAMED:
        before, after = RENAMED[jar.name]
        for name, data in content.items():
            if name.endswith(".class") and before in data:
                content[name] = rename(data, before, after)
    return content


def write_jar(target: Path, headers: Mapping[str, str], content: Mapping[str, bytes]) -> None:
    """Write a jar with nothing in it that depends on this machine."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in {
            MANIFEST: osgi_manifest.render(headers),
            **dict(sorted(content.items())),
        }.items():
            archive.writestr(
                zipfile.ZipInfo(name, FIXED_TIME), data, compress_type=zipfile.ZIP_STORED
            )


def write_bundles(jars: list[Jar], kernel: Mapping[str, list[str]], folder: Path) -> None:
    """Make a bundle of each jar."""
    offered = {package: list(versions) for package, versions in kernel.items()}
    for package, versions in offered_by_jars(jars).items():
        offered.setdefault(package, []).extend(versions)
    for jar in jars:
        headers = wrapped_headers(jar) if jar.plain else relaxed_headers(jar, offered)
        write_jar(folder / jar.path.name, headers, members(jar))
