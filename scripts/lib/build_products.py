# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Make product archives of Open Banking shape from the Carbon kernel's zip.

Each archive is the kernel without what regenerates its XML files, plus the files of
``demo/product_files``. The same inputs give the same bytes on every machine: members are sorted,
carry one fixed time and are stored uncompressed (what zlib makes differs by version).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import zipfile
from pathlib import Path

KERNEL_FOLDER = "wso2carbon-core-4.7.1/"
# With deployment.toml there, the kernel writes its XML files anew from these templates at every
# start.
REGENERATED_FROM = ("repository/conf/deployment.toml", "repository/resources/conf/")
PRODUCTS = {"key_manager": "wso2-obkm-demo.zip", "api_manager": "wso2-obam-demo.zip"}
FIXED_TIME = (2020, 1, 1, 0, 0, 0)


def sha256_of(path: Path) -> str:
    """Return the checksum of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def product_members(files: Path, product: str) -> dict[str, Path]:
    """Return the project's own files of a product by their path in the product home."""
    members: dict[str, Path] = {}
    for folder in (files / "common", files / product):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                members[path.relative_to(folder).as_posix()] = path
    return members


def add_member(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    """Add one file or folder with nothing in it that depends on this machine."""
    information = zipfile.ZipInfo(name, FIXED_TIME)
    information.create_system = 3
    information.external_attr = mode << 16 | (0x10 if name.endswith("/") else 0)
    archive.writestr(information, content, compress_type=zipfile.ZIP_STORED)


def build(kernel: zipfile.ZipFile, own: dict[str, Path], target: Path) -> None:
    """Write one product archive."""
    taken: dict[str, zipfile.ZipInfo] = {}
    for information in kernel.infolist():
        path = information.filename[len(KERNEL_FOLDER) :]
        if path and path not in own and not path.startswith(REGENERATED_FROM):
            taken[path] = information
    folders = {
        f"{parent.as_posix()}/" for path in own for parent in Path(path).parents if parent.name
    }
    with zipfile.ZipFile(target, "w") as archive:
        add_member(archive, KERNEL_FOLDER, b"", 0o40755)
        for path in sorted({*taken, *own, *folders}):
            name = KERNEL_FOLDER + path
            if path in own:
                add_member(archive, name, own[path].read_bytes(), 0o100644)
            elif path in taken:
                add_member(archive, name, kernel.read(taken[path]), taken[path].external_attr >> 16)
            else:
                add_member(archive, name, b"", 0o40755)


def fingerprint(kernel_checksum: str, own: dict[str, Path]) -> str:
    """Return what an archive is made of, so that it is built again only when that changed."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    digest.update(kernel_checksum.encode())
    for path in sorted(own):
        digest.update(f"\0{path}\0".encode())
        digest.update(own[path].read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Build what is missing, and write where the archives are and what their checksums are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", type=Path, required=True, help="zip of the Carbon kernel")
    parser.add_argument("--kernel-checksum", required=True, help="SHA-256 that the zip must have")
    parser.add_argument("--driver", type=Path, required=True, help="JDBC driver jar")
    parser.add_argument("--driver-checksum", required=True, help="SHA-256 that the jar must have")
    parser.add_argument("--files", type=Path, required=True, help="the project's own product files")
    parser.add_argument("--output", type=Path, required=True, help="folder for the archives")
    parser.add_argument(
        "--vars", type=Path, required=True, help="YAML file to write paths and checksums to"
    )
    arguments = parser.parse_args()

    for path, checksum in (
        (arguments.kernel, arguments.kernel_checksum),
        (arguments.driver, arguments.driver_checksum),
    ):
        if sha256_of(path) != checksum:
            parser.error(
                f"{path} does not have the pinned checksum {checksum}. Remove it, so that it is"
                " downloaded again."
            )

    arguments.output.mkdir(parents=True, exist_ok=True)
    lines = [
        "---",
        (
            "# Written by scripts/demo: where the product archives and the JDBC driver are on this"
            " machine."
        ),
    ]
    for product, file_name in PRODUCTS.items():
        own = product_members(arguments.files, product)
        made_of = fingerprint(arguments.kernel_checksum, own)
        target = arguments.output / file_name
        mark = target.with_suffix(".made-of")
        if not target.exists() or not mark.exists() or mark.read_text().split()[0] != made_of:
            descriptor, temporary = tempfile.mkstemp(dir=arguments.output, prefix=file_name)
            os.close(descriptor)
            with zipfile.ZipFile(arguments.kernel) as kernel:
                build(kernel, own, Path(temporary))
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
            mark.write_text(f"{made_of} {sha256_of(target)}\n")
        lines += [
            f"{product}:",
            f"  src: {target}",
            f'  checksum: "sha256:{mark.read_text().split()[1]}"',
        ]
    lines += [
        "database_driver:",
        f"  src: {arguments.driver}",
        f'  checksum: "sha256:{arguments.driver_checksum}"',
    ]
    arguments.vars.parent.mkdir(parents=True, exist_ok=True)
    content = "\n".join(lines) + "\n"
    if not arguments.vars.exists() or arguments.vars.read_text() != content:
        arguments.vars.write_text(content)


if __name__ == "__main__":
    main()
