# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a product home must and must not hold for its clustering section to count."""

from __future__ import annotations

import typing as t
import zipfile

from .._errors import OperatorError
from .home import HAZELCAST_XML, Home, kernel_version

# Where an operator puts jars; those of the product itself hold no further membership scheme.
JAR_FOLDERS = ("repository/components/lib", "repository/components/dropins")


def has_class(home: Home, name: str) -> bool:
    """Whether a jar that was added to the product holds this class."""
    entry = name.replace(".", "/") + ".class"
    for folder in JAR_FOLDERS:
        for jar in sorted((home.path / folder).glob("*.jar")):
            try:
                with zipfile.ZipFile(str(jar)) as archive:
                    if entry in archive.namelist():
                        return True
            except (OSError, zipfile.BadZipFile):
                # The product passes over such a file as well.
                continue
    return False


def check_home(path: str, desired: t.Mapping[str, t.Any]) -> str | None:
    """Refuses what would make the section void in this home, and tells the kernel's version where
    it can be seen."""
    home = Home(path)
    if home.has(HAZELCAST_XML) and desired.get("enabled") is not False:
        raise OperatorError(
            f"{home.path / HAZELCAST_XML} exists. The product reads it in place of the clustering"
            " section of axis2.xml. Remove it, or keep your settings in it and do not set them"
            " here."
        )
    name = (desired.get("kubernetes") or {}).get("class_name")
    if name and not has_class(home, name):
        raise OperatorError(
            f"kubernetes.class_name: no jar in {' or '.join(JAR_FOLDERS)} of {path} holds the class"
            f" {name}. Put it there first: the product does not start without it."
        )
    return kernel_version(home)
