# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Which secrets of a Key Manager stay plain beside its secure vault is written down."""

from __future__ import annotations

import typing as t

import yaml

from tests.support.paths import REPOSITORY

# By data file: what docs/security.md calls it. The variables of catalina_server are the truststore's
# password, and the key's where nothing is in the vault.
PLAIN = {
    "axis2_keys": "`axis2.xml`",
    "catalina_server": "the truststore's",
    "dashboard_auth": "`auth.json`",
    "embedded_ldap": "`embedded-ldap.xml`",
    "endpoint_config": "`EndpointConfig.properties`",
    "open_banking": "`open-banking.xml`",
}


def edits_of(data: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Every edit in the data of a file, however its parts are put together."""
    if isinstance(data, dict):
        if "xpath" in data or "key" in data:
            yield data
        else:
            for value in data.values():
                yield from edits_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from edits_of(value)


def test_every_secret_is_in_the_vault_or_named_among_those_that_are_not() -> None:
    edits = [
        (path.stem, edit)
        for path in sorted((REPOSITORY / "roles/km_node/vars/main").glob("*.yml"))
        for edit in edits_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    ]
    # Both products of Open Banking have it, and so its edits are among those of role cluster.
    shared = yaml.safe_load((REPOSITORY / "roles/cluster/vars/main.yml").read_text())
    edits += [("open_banking", edit) for edit in edits_of(shared)]
    secret = [(name, edit) for name, edit in edits if "%{" in repr(edit)]
    assert len([edit for _name, edit in secret if "vault" in edit]) >= 8
    assert {name for name, edit in secret if "vault" not in edit} | {"catalina_server"} == set(
        PLAIN
    )
    page = (REPOSITORY / "docs/security.md").read_text(encoding="utf-8")
    listed = page.split("- Clear stay those")[1].split("\n- ")[0]
    assert [word for word in PLAIN.values() if word not in " ".join(listed.split())] == []
