# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""By which files a load balancer takes a node out."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server.drain import flags_of

FLAG = Path("/run/carbon-ops/drain/obkm/km2")
# As release 0.1.0 wrote it.
FORMER = """# Ansible managed
upstream obkm_https_n1 {
    zone obkm_https_n1 64k;
    server 192.0.2.11:9446 max_fails=3 fail_timeout=5s;
    server 192.0.2.12:9446 backup max_fails=0;
}

upstream obkm_https_n1_without_n2 {
    zone obkm_https_n1_without_n2 64k;
    server 192.0.2.11:9446 max_fails=0;
}

upstream obkm_https_n2 {
    zone obkm_https_n2 64k;
    server 192.0.2.12:9446 max_fails=3 fail_timeout=5s;
    server 192.0.2.11:9446 backup max_fails=0;
}

upstream obkm_https_n10 {
    zone obkm_https_n10 64k;
    server [2001:db8::20]:9446 max_fails=3 fail_timeout=5s;
}
"""


@pytest.mark.parametrize(
    ("configuration", "address", "names"),
    [
        (FORMER, "192.0.2.12", ["km2", "n2"]),
        (FORMER, "192.0.2.11", ["km2", "n1"]),
        (FORMER, "2001:db8::20", ["km2", "n10"]),
        (FORMER, "192.0.2.1", ["km2"]),
        ("", "192.0.2.12", ["km2"]),
        (FORMER.replace("_n", "_km"), "192.0.2.12", ["km2"]),
    ],
    ids=["second", "first", "IPv6", "unknown", "no configuration", "of this release"],
)
def test_a_node_has_its_own_flag_and_that_of_an_nginx_of_the_former_release(
    configuration: str, address: str, names: list[str]
) -> None:
    assert [path.name for path in flags_of(FLAG, configuration, address, [9446, 9766])] == names
    assert {path.parent for path in flags_of(FLAG, configuration, address, [9446])} == {FLAG.parent}


def test_a_node_that_is_called_like_a_former_flag_has_one_flag() -> None:
    own = FLAG.with_name("n2")
    assert flags_of(own, FORMER, "192.0.2.12", [9446]) == [own]
