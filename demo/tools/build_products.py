# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Make the product archives of the demo and the tests from the Carbon kernel's zip.

Two are of Open Banking shape: the kernel without what regenerates its XML files, plus the files of
``demo/product_files``. The third is a Key Manager that issues tokens: plus what
``key_manager_parts`` puts together. The same inputs give the same bytes on every machine: members
are sorted, carry one fixed time and are stored uncompressed (what zlib makes differs by version).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import typing as t
import zipfile
from pathlib import Path

from demo.tools import key_manager_parts

if t.TYPE_CHECKING:
    from collections.abc import Callable

KERNEL_FOLDER = "wso2carbon-core-4.7.1/"
# With deployment.toml there, the kernel writes its XML files again from these templates at every
# start.
REGENERATED_FROM = ("repository/conf/deployment.toml", "repository/resources/conf/")
PRODUCTS = {"key_manager": "wso2-obkm-demo.zip", "api_manager": "wso2-obam-demo.zip"}
ISSUING_KEY_MANAGER = "issuing_key_manager"
ISSUING_KEY_MANAGER_FILE = "km-5.7.0.zip"
ISSUING_KEY_MANAGER_FOLDER = "km-5.7.0/"
FIXED_TIME = (2020, 1, 1, 0, 0, 0)


def sha256_of(path: Path) -> str:
    """Return the checksum of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def product_members(files: Path, product: str) -> dict[str, bytes]:
    """Return the project's own files of a product by their path in the product home."""
    members: dict[str, bytes] = {}
    for folder in (files / "common", files / product):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                members[path.relative_to(folder).as_posix()] = path.read_bytes()
    return members


def add_member(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    """Add one file or folder with nothing in it that depends on this machine."""
    information = zipfile.ZipInfo(name, FIXED_TIME)
    information.create_system = 3
    information.external_attr = mode << 16 | (0x10 if name.endswith("/") else 0)
    archive.writestr(information, content, compress_type=zipfile.ZIP_STORED)


def build(kernel: zipfile.ZipFile, folder: str, own: dict[str, bytes], target: Path) -> None:
    """Write one product archive whose home is called ``folder``."""
    taken: dict[str, zipfile.ZipInfo] = {}
    for information in kernel.infolist():
        path = information.filename[len(KERNEL_FOLDER) :]
        if path and path not in own and not path.startswith(REGENERATED_FROM):
            taken[path] = information
    folders = {
        f"{parent.as_posix()}/" for path in own for parent in Path(path).parents if parent.name
    }
    with zipfile.ZipFile(target, "w") as archive:
        add_member(archive, folder, b"", 0o40755)
        for path in sorted({*taken, *own, *folders}):
            name = folder + path
            if path in own:
                add_member(archive, name, own[path], 0o100644)
            elif path in taken:
                add_member(archive, name, kernel.read(taken[path]), taken[path].external_attr >> 16)
            else:
                add_member(archive, name, b"", 0o40755)


def fingerprint(kernel_checksum: str, *parts: bytes) -> str:
    """Return what an archive is made of, so that it is built again only when that changed."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for part in (kernel_checksum.encode(), *parts):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def archive_lines(name: str, target: Path, made_of: str, make: Callable[[Path], None]) -> list[str]:
    """Make an archive unless it is there, made of the same; return the lines about it in the file
    of variables."""
    mark = target.with_suffix(".made-of")
    if not target.exists() or not mark.exists() or mark.read_text().split()[0] != made_of:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        os.close(descriptor)
        make(Path(temporary))
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
        mark.write_text(f"{made_of} {sha256_of(target)}\n")
    return [f"{name}:", *source_lines(target, mark.read_text().split()[1])]


def source_lines(path: Path, checksum: str) -> list[str]:
    """Return the lines that tell the roles where a file is and what its checksum is."""
    return [f"  src: {path}", f'  checksum: "sha256:{checksum}"']


def main() -> None:
    """Build what is missing, and write where the archives are and what their checksums are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", type=Path, required=True, help="zip of the Carbon kernel")
    parser.add_argument("--kernel-checksum", required=True, help="SHA-256 that the zip must have")
    parser.add_argument(
        "--driver",
        nargs=3,
        action="append",
        metavar=("NAME", "JAR", "SHA256"),
        help="JDBC driver with its checksum",
    )
    parser.add_argument(
        "--files", type=Path, required=True, help="the folder demo of this repository"
    )
    parser.add_argument(
        "--jars",
        type=Path,
        required=True,
        help="folder of the jars that demo/key_manager/jars.yml names",
    )
    parser.add_argument(
        "--java", required=True, help="command that runs Java and reaches the folder of --work"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for intermediate files")
    parser.add_argument("--output", type=Path, required=True, help="folder for the archives")
    parser.add_argument(
        "--vars", type=Path, required=True, help="YAML file to write paths and checksums to"
    )
    arguments = parser.parse_args()

    drivers = [(name, Path(path), checksum) for name, path, checksum in arguments.driver]
    for path, checksum in [
        (arguments.kernel, arguments.kernel_checksum),
        *((path, checksum) for _name, path, checksum in drivers),
    ]:
        if sha256_of(path) != checksum:
            parser.error(
                f"{path} does not have the pinned checksum {checksum}."
                " Remove it, so that it is downloaded again."
            )

    arguments.output.mkdir(parents=True, exist_ok=True)
    lines = [
        "---",
        "# Written by scripts/demo: where product archives and JDBC drivers are on this machine.",
    ]
    with zipfile.ZipFile(arguments.kernel) as kernel:
        for product, file_name in PRODUCTS.items():
            own = product_members(arguments.files / "product_files", product)
            made_of = fingerprint(
                arguments.kernel_checksum,
                *(part for path in sorted(own) for part in (path.encode(), own[path])),
            )

            def shaped(target: Path, own: dict[str, bytes] = own) -> None:
                build(kernel, KERNEL_FOLDER, own, target)

            lines += archive_lines(product, arguments.output / file_name, made_of, shaped)
        sources = key_manager_parts.Sources(
            kernel,
            KERNEL_FOLDER,
            arguments.files / "key_manager",
            arguments.jars,
            arguments.work,
            arguments.java,
        )

        def issuing(target: Path) -> None:
            build(kernel, ISSUING_KEY_MANAGER_FOLDER, key_manager_parts.parts(sources), target)

        made_of = fingerprint(arguments.kernel_checksum, key_manager_parts.made_of(sources.files))
        try:
            lines += archive_lines(
                ISSUING_KEY_MANAGER, arguments.output / ISSUING_KEY_MANAGER_FILE, made_of, issuing
            )
        except ValueError as error:
            parser.error(str(error))
    for name, path, checksum in drivers:
        lines += [f"{name}:", *source_lines(path, checksum)]
    arguments.vars.parent.mkdir(parents=True, exist_ok=True)
    content = "\n".join(lines) + "\n"
    if not arguments.vars.exists() or arguments.vars.read_text() != content:
        arguments.vars.write_text(content)


if __name__ == "__main__":
    main()
