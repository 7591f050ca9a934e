# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whatever a user-mgt.xml holds, exactly the wanted user store is active afterwards, and there is a
way back."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    PatchResult,
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._edits.user_store import (
    user_store_edits,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.user_store import (
    user_store_model,
)
from lxml import etree

from tests.support.paths import REPOSITORY, SHARED

FILE = "repository/conf/user-mgt.xml"
FILES = {
    **{
        name: REPOSITORY / "tests/fixtures/homes" / name / FILE
        for name in ("ob_km", "is_km", "ob_apim", "odd")
    },
    **{
        name: SHARED / "real" / name / FILE
        for name in ("ob-km-1.5-uk", "is-km-5.7.0", "ob-apim-1.5-uk", "carbon-kernel-4.4.35")
    },
}
TYPES = ("ldap_read_write", "ldap_read_only", "active_directory", "embedded_ldap")
NODE = {"address": "192.0.2.11", "ports": {"embedded_ldap": 10392}}
DIRECTORY = {
    "connection_url": "ldaps://ldap.bank.example:636",
    "connection_name": "cn=key manager,dc=bank",
    "user_search_base": "ou=users,dc=bank",
    "group_search_base": "ou=groups,dc=bank",
    "user_name_search_filter": "(&(objectClass=bankPerson)(uid=?))",
}
PASSWORD = "Canary%{x}--&<directory"  # noqa: S105 - a test's own
PROPERTIES = {
    "ConnectionURL": "ldaps://ldap.bank.example:636",
    "ConnectionName": "cn=key manager,dc=bank",
    "ConnectionPassword": PASSWORD,
    "UserSearchBase": "ou=users,dc=bank",
    "GroupSearchBase": "ou=groups,dc=bank",
    "UserNameSearchFilter": "(&(objectClass=bankPerson)(uid=?))",
}


@pytest.fixture(params=FILES)
def file(request: t.Any, tmp_path: Path) -> Path:
    source = FILES[request.param]
    if not source.is_file():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    return Path(shutil.copyfile(source, tmp_path / "user-mgt.xml"))


def store(kind: str, **options: t.Any) -> dict[str, t.Any]:
    wish: dict[str, t.Any] = {
        "type": kind,
        "properties": {},
        **({} if kind in ("jdbc", "embedded_ldap") else DIRECTORY),
        **options,
    }
    return user_store_model(wish, {}, {}, NODE, True)


def configure(path: Path, wanted: dict[str, t.Any], side: str = "key_manager") -> PatchResult:
    edits = user_store_edits(wanted, side)
    return patch_files(
        [{"path": str(path), "root": "/UserManager/Realm", "edits": edits}],
        {"user_store_password": PASSWORD},
    )


def active(path: Path) -> list[t.Any]:
    realm = etree.parse(str(path)).find("Realm")
    return [
        child
        for child in realm
        if isinstance(child.tag, str) and child.tag not in ("Configuration", "AuthorizationManager")
    ]


def properties(element: t.Any) -> dict[str, str]:
    names = [child.get("name") for child in element]
    assert len(names) == len(set(names)), "a property stands twice"
    return {child.get("name"): child.text or "" for child in element}


@pytest.mark.parametrize("kind", TYPES)
def test_one_user_store_is_active_with_its_properties(kind: str, file: Path) -> None:
    configure(file, store(kind))
    stores = active(file)
    assert [(element.tag, element.get("class")) for element in stores] == [
        ("UserStoreManager", store(kind)["class"])
    ]
    found = properties(stores[0])
    if kind == "embedded_ldap":
        assert found["ConnectionURL"] == "ldap://localhost:${Ports.EmbeddedLDAP.LDAPServerPort}"
        assert (found["ConnectionName"], found["ConnectionPassword"]) == (
            "uid=admin,ou=system",
            PASSWORD,
        )
    else:
        assert {name: found[name] for name in PROPERTIES} == PROPERTIES
    assert not configure(file, store(kind)).changed


@pytest.mark.parametrize("kind", TYPES)
def test_there_is_a_way_back_which_forgets_the_password(kind: str, file: Path) -> None:
    jdbc = store("jdbc")
    configure(file, jdbc)
    before = properties(active(file)[0])
    configure(file, store(kind))
    back = configure(file, jdbc)
    assert [element.get("class") for element in active(file)] == [jdbc["class"]]
    assert properties(active(file)[0]) == before, "what an operator set there is lost"
    assert "Canary" not in file.read_text()
    assert "Canary" not in str(back.diff)
    # And there again, with the block that is there by now.
    configure(file, store(kind))
    assert [element.get("class") for element in active(file)] == [store(kind)["class"]]
    assert file.read_text().count(store(kind)["class"]) <= 2


def test_the_documented_user_store_is_there_already(file: Path) -> None:
    if len(active(file)) > 1:
        pytest.skip("this file has two user stores")
    result = configure(file, store("jdbc"))
    # A small fixture does not have the one property that the model always sets.
    made = [
        edit["xpath"].rpartition("/")[2]
        for edit in result.edits
        if edit["action"] not in ("unchanged", "ignored")
    ]
    assert made in ([], ["Property[@name='UserRolesCacheEnabled']"])


def test_a_user_store_that_stands_nowhere_is_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "user-mgt.xml"
    for kind in ("jdbc", *TYPES):
        path.write_text(
            '<UserManager>\n    <Realm>\n        <AuthorizationManager class="x"/>\n   '
            " </Realm>\n</UserManager>\n"
        )
        configure(path, store(kind, properties={"SCIMEnabled": True, "Own": "%{not_a_secret}"}))
        found = properties(active(path)[0])
        assert (found["SCIMEnabled"], found["Own"], found["UserRolesCacheEnabled"]) == (
            "true",
            "%{not_a_secret}",
            "true",
        )
        assert ("ConnectionPassword" in found) == (kind != "jdbc")


def test_api_manager_asks_the_embedded_server_of_the_key_manager(file: Path) -> None:
    configure(file, store("embedded_ldap"), "api_manager")
    found = properties(active(file)[0])
    assert (found["ConnectionURL"], found["ConnectionPassword"]) == (
        "ldap://192.0.2.11:10392",
        PASSWORD,
    )
