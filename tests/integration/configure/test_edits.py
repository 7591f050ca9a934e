# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""After a run the files say what the inventory says, and nothing else in them has changed by a
byte."""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from tests.integration.configure import expected, expected_api_manager, expected_products
from tests.integration.configure.meaning import comments, json_meaning, meaning
from tests.integration.configure.sites import ADDRESSES

RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0", re.MULTILINE)
# How the handlers of a template name the password and the alias of a keystore.
STORE_PROPERTIES = {"password": rb"(?:password|keyStorePassword)", "alias": rb"(?:alias|keyAlias)"}
RAN_A_MODULE = re.compile(r"^Using module file ", re.MULTILINE)


def wanted(configured: t.Any, host: str) -> t.Mapping[str, t.Mapping[str, t.Any]]:
    site = configured.site
    if site.product != "ob_km_1.5":
        members = [ADDRESSES[name] for name in site.key_managers]
        return expected_products.wanted(site, host in site.api_managers, ADDRESSES[host], members)
    if host in site.api_managers:
        return expected_api_manager.of_open_banking(site.layout, site.secrets, site.source)
    members = [ADDRESSES[name] for name in site.key_managers]
    return expected.key_manager(site.layout, ADDRESSES[host], members, site.secrets, site.source)


def uncommented(configured: t.Any, host: str, path: str) -> list[str]:
    return expected_products.uncommented(
        configured.site, host in configured.site.api_managers, path
    )


def edited_xml(configured: t.Any) -> t.Iterator[tuple[str, str, bytes, bytes]]:
    """Host, path, and the content before and after of every XML file that may be edited and is
    there."""
    for host, home in configured.site.homes.items():
        paths = [path for path in wanted(configured, host) if (home / path).is_file()]
        # Fewer, and the tests that go through them would hold nothing.
        assert len(paths) >= 6, (host, paths)
        for path in paths:
            before = configured.site.stock(f"{host}/{path}")
            yield host, path, before, (home / path).read_bytes()


def test_the_diff_has_the_lines_of_the_edits_and_no_others(
    configured: t.Any, request: t.Any
) -> None:
    name = request.node.callspec.params["configured"]
    table: dict[str, t.Any] = {}
    for host in configured.site.homes:
        lines = expected_products.numstat(name, host in configured.site.api_managers, host != "km2")
        table.update({f"{host}/{path}": counted for path, counted in lines.items()})
    assert configured.numstat == table


def test_every_setting_has_the_value_of_the_inventory(configured: t.Any) -> None:
    for host, path, _before, after in edited_xml(configured):
        found = meaning(after)
        wrong = {
            place: found.get(place)
            for place, value in wanted(configured, host)[path].items()
            if found.get(place) != value
        }
        assert not wrong, (host, path)


def test_nothing_changed_that_no_edit_asked_for(configured: t.Any) -> None:
    for host, path, before, after in edited_xml(configured):
        was, now = meaning(before), meaning(after)
        changed = {place for place in set(was) | set(now) if was.get(place) != now.get(place)}
        assert changed <= set(wanted(configured, host)[path]), (host, path)
        gone = Counter(comments(before)) - Counter(comments(after))
        assert sorted(gone.elements()) == uncommented(configured, host, path), (host, path)
        assert not Counter(comments(after)) - Counter(comments(before)), (host, path)


def test_web_applications_name_the_load_balancer_and_nothing_else_changed(
    configured: t.Any,
) -> None:
    seen = 0
    for host, home in configured.site.homes.items():
        for path, values in expected.JSON[
            "api_manager" if host in configured.site.api_managers else "key_manager"
        ].items():
            if (home / path).is_file():
                seen += 1
                before = json_meaning(configured.site.stock(f"{host}/{path}"))
                assert json_meaning((home / path).read_bytes()) == {**before, **values}, (
                    host,
                    path,
                )
    assert seen


def test_gadgets_of_the_dashboard_use_the_port_of_the_load_balancer(configured: t.Any) -> None:
    if configured.site.source == "real" and configured.site.product == "ob_km_1.5":
        pytest.skip("the file was not published of this product")
    seen = 0
    for host in configured.site.key_managers:
        path = configured.site.homes[host] / expected.SHINDIG
        if path.is_file():
            seen += 1
            before = configured.site.stock(f"{host}/{expected.SHINDIG}")
            assert path.read_bytes() == before.replace(b"shindig.port=", b"shindig.port=443")
    assert seen == len(configured.site.key_managers)


def test_files_that_no_edit_names_are_untouched(configured: t.Any) -> None:
    before = configured.site.git("ls-tree", "-r", "--name-only", "HEAD", "homes").splitlines()
    after = {"homes/" + path for path in configured.after_first}
    assert after - set(before) == {
        f"homes/{host}/{expected.CONF}hazelcast.properties" for host in configured.site.key_managers
    }
    assert not set(before) - after


def test_line_ends_encoding_declaration_and_the_last_bytes_stay(configured: t.Any) -> None:
    for host, path, before, after in edited_xml(configured):
        assert after.count(b"\r\n") == after.count(b"\n") * (before.count(b"\r\n") > 0), (
            host,
            path,
            "line ends",
        )
        assert before.count(b"\r\n") in (0, before.count(b"\n")), (
            host,
            path,
            "the test needs files of one kind of line end",
        )
        assert after.split(b"\n")[0] == before.split(b"\n")[0], (
            host,
            path,
            "declaration, byte order mark or first line",
        )
        assert after[-12:] == before[-12:], (host, path, "final bytes")
        declared = re.match(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9-]+)", after)
        after.decode(declared.group(1).decode() if declared else "utf-8")


def test_members_share_a_heartbeat(configured: t.Any) -> None:
    for host in configured.site.key_managers:
        text = (configured.site.homes[host] / expected.CONF / "hazelcast.properties").read_text(
            encoding="utf-8"
        )
        assert text.splitlines() == [
            "hazelcast.socket.bind.any=false",
            "hazelcast.heartbeat.interval.seconds=2",
            "hazelcast.max.no.heartbeat.seconds=10",
        ]


def test_every_cache_is_on_and_local(configured: t.Any) -> None:
    for host in configured.site.key_managers:
        root = etree.parse(
            str(configured.site.homes[host] / expected.CONF / "identity/identity.xml")
        )
        caches = root.xpath("//*[local-name() = 'Cache'][@name]")
        assert caches, "the file of the test has no cache"
        assert {(cache.get("enable"), cache.get("isDistributed")) for cache in caches} == {
            ("true", "false")
        }, host


def test_templates_that_are_no_xml_name_the_load_balancer(configured: t.Any) -> None:
    for host in configured.site.api_managers:
        resources = configured.site.homes[host] / "repository" / "resources"
        # In a Velocity template, between #[[ and ]]#, nothing is a reference or a directive.
        secret = "#[[{}]]#".format(
            escape(configured.site.secrets("keystore"), {'"': "&quot;"})
        ).encode()
        places: dict[str, int] = {}
        for path in [path for path in resources.rglob("*") if path.parent.name != "security"]:
            if not path.is_file():
                continue
            before = configured.site.stock(str(path.relative_to(configured.site.folder / "homes")))
            if configured.site.product == "is_km_5.7.0":
                # Left there of Open Banking's, which API Manager 2.6.0 does not have.
                assert path.read_bytes() == before
                continue
            after = re.sub(
                rb"https://(<WSO2_OB_KM_HOST>|obkm):9446(?=/)",
                b"https://km.bank.example:9443",
                before,
            )
            after = re.sub(
                rb'(name="keyStore" value=")(?:\./)?repository/resources/security/wso2carbon.jks"',
                rb'\g<1>./repository/resources/security/obkm-apim.jks"',
                after,
            )
            for name, value in (("password", secret), ("alias", b"obkm-apim")):
                place = rb'name="%b" value="wso2carbon"' % STORE_PROPERTIES[name]
                after = re.sub(
                    place,
                    lambda found, value=value: found.group().replace(b"wso2carbon", value),
                    after,
                )
            assert path.read_bytes() == after, path
            if b"<WSO2_OB_KM_HOST>" in before:
                assert after != before, f"the fixture has nothing to replace in {path}"
            places[path.name] = after.count(b"https://km.bank.example:9443/")
        if configured.site.product != "is_km_5.7.0":
            # As many as the document has, in the template of the product and in that of the tests.
            assert places["velocity_template.xml"] == 11
        if configured.site.source == "fixtures":
            assert places["dynamic-endpoint-insequence-3.1.2.xml"] == 2
            assert places["dynamic-endpoint-insequence-1.3.3.xml"] == 1


def test_clients_of_the_message_broker_log_in_as_the_administrator(configured: t.Any) -> None:
    account = expected.broker_account(configured.site.secrets)
    for host in configured.site.api_managers:
        path = configured.site.homes[host] / expected.CONF / "jndi.properties"
        before = configured.site.stock(str(path.relative_to(configured.site.folder / "homes")))
        assert before.count(b"admin:admin@") == 2
        assert path.read_bytes() == before.replace(b"admin:admin@", account.encode() + b"@")


def test_the_second_run_changes_nothing(configured: t.Any) -> None:
    recap = dict(RECAP.findall(configured.second.output))
    assert set(configured.site.homes) <= set(recap), configured.second.output
    assert set(recap.values()) == {"0"}, configured.second.output
    assert configured.after_second == configured.after_first, (
        "a file was written: its inode, time or bytes differ"
    )


def test_no_password_shows(configured: t.Any) -> None:
    token = configured.site.secrets.token
    assert token not in configured.first.output, context(configured.first.output, token)
    assert token not in configured.second.output, context(configured.second.output, token)
    assert "+" in configured.first.output and "HostName" in configured.first.output, (
        "the run with --diff shows no diff"
    )
    assert configured.processes.looks > 10, "the process list was hardly looked at"
    assert not configured.processes.found, "a password stood in the process list"


def context(output: str, word: str) -> str:
    """The lines around a word in a very long output."""
    lines = output.splitlines()
    return "\n".join(line[max(0, line.find(word) - 200) :][:400] for line in lines if word in line)[
        :4000
    ]


def test_a_node_is_looked_at_once_and_configured_in_one_invocation(configured: t.Any) -> None:
    # The home is looked at first, then the in-sequences of API Manager; Identity Server has three
    # folders made.
    folders = 3 if configured.site.product == "is_km_5.7.0" else 0
    plays = {
        "Configure the Key Managers": (configured.site.key_managers, 2 + folders),
        "Configure the API Managers": (configured.site.api_managers, 3),
    }
    for play, (hosts, invocations) in plays.items():
        _before, _title, after = configured.first.output.partition(f"PLAY [{play}]")
        ran = len(RAN_A_MODULE.findall(after.partition("\nPLAY ")[0]))
        assert ran == invocations * len(hosts), f"{play}: {ran} modules ran on {len(hosts)} hosts"
