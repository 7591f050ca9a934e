# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a host name is, and what an address."""

from __future__ import annotations

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils import _addresses

# A text, and whether it is a host name, an address, IPv6, a network, and the machine itself.
TEXTS = [
    ("km1.bank.example", True, False, False, False, False),
    ("KM1", True, False, False, False, False),
    ("localhost", True, False, False, False, True),
    ("km_1.bank.example", False, False, False, False, False),
    ("km1.bank.example.", False, False, False, False, False),
    ("-km1", False, False, False, False, False),
    ("km1..example", False, False, False, False, False),
    ("a" * 64, False, False, False, False, False),
    ("", False, False, False, False, False),
    ("10.0.0.11", False, True, False, True, False),
    ("10.0.0.256", False, False, False, False, False),
    ("127.0.0.2", False, True, False, True, True),
    ("fd00:1::11", False, True, True, True, False),
    ("[fd00:1::11]", False, False, True, False, False),
    ("::1", False, True, True, True, True),
    ("10.0.0.0/24", False, False, False, True, False),
    ("10.0.0.11\n", False, False, False, False, False),
    ("km1\n", False, False, False, False, False),
]


@pytest.mark.parametrize(
    ("text", "name", "address", "ipv6", "network", "loopback"), TEXTS, ids=[row[0] for row in TEXTS]
)
def test_texts(
    text: str, name: bool, address: bool, ipv6: bool, network: bool, loopback: bool
) -> None:
    assert _addresses.is_host_name(text) is name
    assert _addresses.is_address(text) is address
    assert _addresses.is_ipv6(text) is ipv6
    assert _addresses.is_network(text) is network
    assert _addresses.is_loopback(text) is loopback
