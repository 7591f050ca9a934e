# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Put together what makes a Key Manager of the Carbon kernel: bundles, database scripts,
configuration and a little Java."""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

import yaml

from demo.tools import database_scripts, osgi_bundles

if t.TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

PLUGINS = "repository/components/plugins/"
DROPINS = "repository/components/dropins/"
LAUNCH_SETTINGS = "repository/conf/etc/launch.ini"
COMPILER = "org.eclipse.jdt.core.compiler.batch_*.jar"
COMPILER_CLASS = "org.eclipse.jdt.internal.compiler.batch.Main"
OWN_BUNDLE = "carbonops.keymanager_1.0.0.jar"
OWN_HEADERS = {
    "Bundle-ManifestVersion": "2",
    "Bundle-Name": "OAuth endpoints and stand-ins for what is not published",
    "Bundle-SymbolicName": "carbonops.keymanager",
    "Bundle-Version": "1.0.0",
    "Bundle-Activator": "carbonops.keymanager.Activator",
    "Import-Package": "org.osgi.framework,org.osgi.util.tracker,org.osgi.service.http,"
    "javax.servlet,javax.servlet.http",
    # In the versions that the bundles which import them ask for.
    "Export-Package": 'org.wso2.carbon.identity.thrift.authentication;version="5.12.153",'
    'org.wso2.carbon.metrics.manager;version="1.2.3"',
    "DynamicImport-Package": "*",
}


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where the parts come from."""

    kernel: zipfile.ZipFile
    kernel_folder: str
    files: Path
    """demo/key_manager."""
    downloads: Path
    """The folder with the downloaded jars."""
    work: Path
    """A folder for the compiler, which the command below reaches under the same path."""
    java: str
    """The command that runs Java."""


def jars(sources: Path, downloads: Path) -> list[osgi_bundles.Jar]:
    """Return the jars of the pinned list. One that differs from its checksum is an error."""
    found = []
    for entry in yaml.safe_load((sources / "jars.yml").read_text())["demo_jars"]:
        path = downloads / f"{entry['artifact_id']}-{entry['version']}.jar"
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            raise ValueError(
                f"{path} does not have the pinned checksum."
                " Remove it, so that it is downloaded again."
            )
        found.append(osgi_bundles.Jar(path, entry["artifact_id"], entry["version"]))
    return found


def compiled(sources: Sources, plugins: Path, found: list[osgi_bundles.Jar]) -> dict[str, bytes]:
    """Return the class files of demo/key_manager/java, made by the compiler that the kernel has for
    its pages."""
    (compiler,) = plugins.glob(COMPILER)
    java = plugins.parent / "java"
    classes = plugins.parent / "classes"
    shutil.copytree(sources.files / "java", java)
    libraries = plugins.parent / "libraries"
    libraries.mkdir()
    for jar in found:
        if jar.name.startswith("org.wso2.carbon.identity"):
            shutil.copy(jar.path, libraries)
    path = ":".join(
        str(jar) for folder in (plugins, libraries) for jar in sorted(folder.glob("*.jar"))
    )
    options = ["-source", "11", "-target", "11", "-proc:none", "-nowarn", "-encoding", "UTF-8"]
    command = [
        *shlex.split(sources.java),
        "-cp",
        str(compiler),
        COMPILER_CLASS,
        *options,
        "-cp",
        path,
        "-d",
        str(classes),
        str(java),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(
            f"The Java of demo/key_manager/java does not compile:\n{done.stdout}{done.stderr}"
        )
    return {
        path.relative_to(classes).as_posix(): path.read_bytes()
        for path in sorted(classes.rglob("*.class"))
    }


def bundles(sources: Sources) -> Iterator[tuple[str, bytes]]:
    """Yield the bundles that go beside the kernel's own."""
    found = jars(sources.files, sources.downloads)
    sources.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=sources.work) as temporary:
        # The compiler may run in a container, as a user who has no part in this folder otherwise.
        Path(temporary).chmod(0o755)
        plugins = Path(temporary, "plugins")
        plugins.mkdir()
        prefix = sources.kernel_folder + PLUGINS
        for name in sources.kernel.namelist():
            # A few bundles are folders; nothing here imports from them.
            jar = name[len(prefix) :]
            if name.startswith(prefix) and name.endswith(".jar") and "/" not in jar:
                (plugins / jar).write_bytes(sources.kernel.read(name))
        settings = sources.kernel.read(sources.kernel_folder + LAUNCH_SETTINGS).decode()
        output = Path(temporary, "bundles")
        output.mkdir()
        osgi_bundles.write_bundles(
            found, osgi_bundles.offered_by_kernel(sorted(plugins.glob("*.jar")), settings), output
        )
        osgi_bundles.write_jar(output / OWN_BUNDLE, OWN_HEADERS, compiled(sources, plugins, found))
        for path in sorted(output.glob("*.jar")):
            yield DROPINS + path.name, path.read_bytes()


def parts(sources: Sources) -> dict[str, bytes]:
    """Return all that is added to the kernel, by its path in the product home."""
    added = dict(bundles(sources))
    for path, text in database_scripts.scripts(sources.files / "schema"):
        added[path] = text.encode()
    files = sources.files / "files"
    for path in sorted(files.rglob("*")):
        if path.is_file():
            added[path.relative_to(files).as_posix()] = path.read_bytes()
    appended = sources.files / "appended"
    for path in sorted(appended.rglob("*")):
        if path.is_file():
            name = path.relative_to(appended).as_posix()
            added[name] = sources.kernel.read(sources.kernel_folder + name) + path.read_bytes()
    return added


def made_of(sources: Path) -> bytes:
    """Return a checksum of what the parts are made of, beside the kernel: this code and the files
    of demo/key_manager."""
    digest = hashlib.sha256()
    code = [
        Path(module.__file__ or "")
        for module in (database_scripts, osgi_bundles, osgi_bundles.osgi_manifest)
    ]
    for path in [Path(__file__), *code, *sorted(sources.rglob("*"))]:
        if path.is_file():
            digest.update(f"\0{path.name}\0".encode())
            digest.update(path.read_bytes())
    return digest.digest()
