# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a home must and must not hold for its clustering section to count."""

from __future__ import annotations

import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.clustering import (
    check_home,
)


def test_the_kernel_is_told(home: t.Callable[[str], Path]) -> None:
    assert check_home(str(home("kernel")), {}) == "4.7.1"
    assert check_home(str(home("ob_km")), {"enabled": True, "kubernetes": None}) is None


def test_a_file_that_takes_the_place_of_the_section_is_refused(
    home: t.Callable[[str], Path],
) -> None:
    path = home("kernel")
    file = path / "repository/conf/etc/hazelcast.xml"
    file.parent.mkdir()
    file.write_text("<hazelcast/>")
    for wish in ({}, {"enabled": True}):
        with pytest.raises(
            OperatorError,
            match=(
                "etc/hazelcast.xml exists. The product reads it in place of the clustering section"
            ),
        ):
            check_home(str(path), wish)
    assert check_home(str(path), {"enabled": False}) == "4.7.1"


def test_the_class_of_a_scheme_has_to_be_there(home: t.Callable[[str], Path]) -> None:
    path = home("kernel")
    wish = {"kubernetes": {"class_name": "org.example.Scheme"}}
    folder = path / "repository/components/dropins"
    folder.mkdir(parents=True)
    (folder / "broken.jar").write_text("no archive")
    with zipfile.ZipFile(str(folder / "other.jar"), "w") as archive:
        archive.writestr("org/example/Other.class", b"")
    with pytest.raises(
        OperatorError,
        match=(
            "no jar in repository/components/lib or repository/components/dropins .* holds the"
            " class org.example.Scheme"
        ),
    ):
        check_home(str(path), wish)
    with zipfile.ZipFile(str(folder / "scheme.jar"), "w") as archive:
        archive.writestr("org/example/Scheme.class", b"")
    assert check_home(str(path), wish) == "4.7.1"
