# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What has to be made, renewed or copied, from what a look found."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._certificates import (
    file_owed,
    folder_owed,
    pair_owed,
)

NOW = datetime(2026, 11, 28, tzinfo=timezone.utc)
CERTIFICATE = {
    "subject": {"commonName": "lb1"},
    "subject_alt_name": ["DNS:km.bank.example", "IP:192.0.2.21", "IP:2001:db8::1"],
    "basic_constraints": ["CA:FALSE"],
    "basic_constraints_critical": True,
    "key_usage": ["Digital Signature"],
    "key_usage_critical": True,
    "extended_key_usage": ["TLS Web Server Authentication", "TLS Web Client Authentication"],
    "not_after": "20270128000000Z",
    "issuer": {"commonName": "obkm certificate authority"},
    "authority_key_identifier": "0a:0b",
    "public_key_fingerprints": {"sha256": "11:22"},
}
AUTHORITY = {
    "subject": {"commonName": "obkm certificate authority"},
    "subject_key_identifier": "0a:0b",
}
PAIR = {
    "path": "/pki/lb1",
    "common_name": "lb1",
    "names": ["2001:DB8:0:0::1", "km.bank.example", "192.0.2.21"],
    "key_type": "ecdsa",
}
ROOT = {"owner": 0, "group": 0}
FOUND: dict[str, dict[str, t.Any]] = {
    "/pki/lb1.key": {**ROOT, "mode": "0600", "public_key": "11:22"},
    "/pki/lb1.crt": {**ROOT, "mode": "0644"},
}


def owed(
    certificate: dict[str, t.Any] | None = None,
    found: dict[str, dict[str, t.Any]] | None = None,
    authority: dict[str, t.Any] = AUTHORITY,
    pair: dict[str, t.Any] | None = None,
    days: int = 30,
) -> list[str]:
    return pair_owed(
        {**CERTIFICATE, **(certificate or {})},
        FOUND if found is None else found,
        authority,
        {**PAIR, **(pair or {})},
        days,
        NOW,
    )


def test_a_pair_that_is_as_it_must_be_owes_nothing() -> None:
    assert owed() == []


@pytest.mark.parametrize(
    "certificate, reason",
    [
        ({"public_key_fingerprints": {"sha256": "33"}}, "its certificate is for another key"),
        ({"issuer": {"commonName": "other"}}, "another authority issued it"),
        ({"authority_key_identifier": "0c"}, "another authority issued it"),
        ({"not_after": "20261227235959Z"}, "it is valid for less than 30 days"),
        ({"subject": {"commonName": "lb2"}}, "it has another common name"),
        ({"subject_alt_name": ["DNS:km.bank.example"]}, "it is for other names"),
        ({"subject_alt_name": None}, "it is for other names"),
        ({"key_usage": ["Digital Signature", "Key Encipherment"]}, "it is for another use"),
        ({"extended_key_usage": ["TLS Web Server Authentication"]}, "it is for another use"),
        ({"basic_constraints": ["CA:TRUE"]}, "it is for another use"),
        ({"key_usage_critical": False}, "it is for another use"),
    ],
)
def test_what_differs_is_told(certificate: dict[str, t.Any], reason: str) -> None:
    assert owed(certificate) == [reason]


def test_the_last_day_before_the_renewal_is_in_time() -> None:
    assert owed({"not_after": "20261228000000Z"}) == []


def test_what_the_inventory_changes_is_told() -> None:
    assert owed(pair={"names": [*PAIR["names"], "new.bank.example"]}) == ["it is for other names"]
    assert owed(pair={"key_type": "rsa"}) == ["it is for another use"]


def test_an_authority_that_is_not_there_has_issued_nothing() -> None:
    assert owed(authority={}) == ["another authority issued it"]


@pytest.mark.parametrize(
    "missing, reason",
    [("/pki/lb1.key", "its key is missing"), ("/pki/lb1.crt", "its certificate is missing")],
)
def test_a_missing_half_is_told(missing: str, reason: str) -> None:
    found = {path: entry for path, entry in FOUND.items() if path != missing}
    assert owed(found=found) == [reason]


@pytest.mark.parametrize(
    "path, change",
    [
        ("/pki/lb1.key", {"mode": "0644"}),
        ("/pki/lb1.crt", {"mode": "0666"}),
        ("/pki/lb1.key", {"owner": 1000}),
        ("/pki/lb1.crt", {"group": 1000}),
    ],
)
def test_files_that_are_not_those_of_root_are_told(path: str, change: dict[str, t.Any]) -> None:
    found = {**FOUND, path: {**FOUND[path], **change}}
    assert owed(found=found) == ["its files are not those of root"]


# printf 'one\n' | sha256sum
ONE = "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"


@pytest.mark.parametrize(
    "entry, copied",
    [
        ({**ROOT, "mode": "0644", "checksum": ONE}, False),
        ({**ROOT, "mode": "0644", "checksum": "0" * 64}, True),
        ({**ROOT, "mode": "0600", "checksum": ONE}, True),
        ({"owner": 0, "group": 7, "mode": "0644", "checksum": ONE}, True),
        (None, True),
    ],
)
def test_a_file_is_copied_where_it_differs(entry: dict[str, t.Any] | None, copied: bool) -> None:
    found = {} if entry is None else {"/pki/ca.crt": entry}
    assert file_owed("one\n", found, "/pki/ca.crt", "0644") is copied


@pytest.mark.parametrize(
    "entry, made",
    [
        ({**ROOT, "mode": "0755", "modified": 1.0}, False),
        ({**ROOT, "mode": "0700"}, True),
        ({"owner": 7, "group": 0, "mode": "0755"}, True),
        (None, True),
    ],
)
def test_a_folder_is_made_where_it_differs(entry: dict[str, t.Any] | None, made: bool) -> None:
    assert folder_owed({} if entry is None else {"/pki": entry}, "/pki", "0755") is made
