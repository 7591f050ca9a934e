# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Every text of role nginx, as far as the preflight lets it go: a real nginx takes it, for one word
and nothing else."""

from __future__ import annotations

import shutil
import string
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._addresses import is_network
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._preflight import text_rules
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._preflight.hosts import (
    SOURCE_LISTS,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import role_options

from tests.integration.edge.edge_machine import Certificates, Edge
from tests.unit.plugins.plugin_utils._preflight import test_text_rules as hostile

OPTIONS = role_options()["nginx"]
# Written by the operator on purpose in nginx's own language, or read on the controller or by a
# package manager.
ELSEWHERE = {*text_rules.RAW, "nginx_templates", "nginx_packages"}
# Only NGINX Plus knows the directive, which a test cannot have.
PLUS_ONLY = {"nginx_health_check_uri", "nginx_health_check_interval"}
PLACES = sorted(
    place for place in hostile.LEAVES if place in OPTIONS and place not in ELSEWHERE | PLUS_ONLY
)
CHARACTERS = [*string.printable, "\u00e9", "\u20ac", "\u2028", "\U0001f600"]
# What to begin with where the default is empty, or says nothing of what else is taken.
TAME: dict[str, list[str]] = {
    "nginx_extra_public_locations": [
        "/x",
        "= /x",
        "^~ /never-twice",
        "~ ^/[a-c]+$",
        "~* [.](js|css)$",
        "/oauth2/token",
        "/",
    ],
    "nginx_internal_locations": ["/x", "= /x", "~ ^/[a-c]+$", "/t/"],
    **dict.fromkeys(SOURCE_LISTS, ["192.0.2.0/24", "2001:db8::/32", "::1"]),
    "nginx_route_cookie": ["route"],
    "nginx_certificate": ["/x/a"],
    "nginx_certificate_key": ["/x/b"],
    "nginx_upstream_authorities": ["/x/c"],
}


def passes(place: str, text: str) -> bool:
    """As the preflight judges it: test_hostile_strings.py asks the whole of it."""
    if place in SOURCE_LISTS and not is_network(text):
        return False
    return not text_rules.problems(place, hostile.filled(place, text), OPTIONS[place])


def longest(place: str, text: str) -> str:
    """The text with every character in it that it may hold somewhere."""
    for character in CHARACTERS:
        for position in (len(text), 1, 0):
            longer = text[:position] + character + text[position:]
            if passes(place, longer):
                text = longer
                break
    return text


def taken(place: str) -> t.Iterator[str]:
    """What the preflight takes of: tame texts, the same with all characters that go, the first with
    one more, and the hostile texts."""
    tame = TAME.get(place) or (
        OPTIONS[place]["default"]
        if isinstance(OPTIONS[place]["default"], list)
        else [OPTIONS[place]["default"]]
    )
    # nginx takes some 4,000 characters of ciphers, and some hundred headers.
    for number, text in enumerate(
        tame[:1] if place in ("nginx_tls_ciphers", "nginx_blanked_headers") else tame
    ):
        yield text
        yield text if place in SOURCE_LISTS else longest(place, text)
        if number == 0 and place != "nginx_tls_ciphers":
            for character in CHARACTERS:
                yield from (
                    other for other in (text + character, character + text) if passes(place, other)
                )
    yield from (text for text in hostile.NASTY.values() if passes(place, text))


def values(certificates: Certificates, folder: Path) -> dict[str, t.Any]:
    made: dict[str, t.Any] = {}
    for place in PLACES:
        found = list(dict.fromkeys(taken(place)))
        if OPTIONS[place]["type"] == "list":
            made[place] = found
        else:
            made[place] = max(found, key=len)
    for place, file in {
        "nginx_certificate": "lb.crt",
        "nginx_certificate_key": "lb.key",
        "nginx_upstream_authorities": "ca.crt",
    }.items():
        path = folder / made[place].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(certificates.folder / file, path)
        made[place] = str(path)
    return made


def test_every_text_is_tried() -> None:
    assert len(PLACES) >= 14
    assert set(PLUS_ONLY | ELSEWHERE) <= {place for place in hostile.LEAVES if place in OPTIONS}


@pytest.mark.slow
def test_nginx_takes_what_the_preflight_takes(
    make_edge: t.Callable[..., Edge], certificates: Certificates, tmp_path: Path
) -> None:
    edge = make_edge(2)
    wanted = values(certificates, tmp_path)
    # Without idle connections their time stands nowhere.
    result = edge.render(nginx_upstream_keepalive=4, **wanted)
    assert result.returncode == 0, result.stdout
    # The real nginx has read them in the role's own test of the copy; what it understood is one
    # word each.
    live = "".join(path.read_text() for path in sorted((edge.home / "conf.d").iterdir()))
    for place, value in wanted.items():
        for text in value if isinstance(value, list) else [value]:
            assert text in live, place
