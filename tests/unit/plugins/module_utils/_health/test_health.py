# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The health check: what the sockets, the log and the server's answers prove."""

from __future__ import annotations

import json
import os
import socket
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    __main__ as health_program,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    checks,
    client,
    errors,
    record,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    log as health_log,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    sockets as health_sockets,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.errors import (
    HealthError,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.log import LogPosition
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.sockets import Socket

from tests.support.logs import log4j2, logged

PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B0AA8C0:0FA0 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 1 1 0000000000000000 100 0 0 10 0
   1: 0B0AA8C0:0FA0 0C0AA8C0:A1B2 01 00000000:00000000 00:00000000 00000000   998        0 2 1 0000000000000000 20 4 30 10 -1
"""
PROC_NET_TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt
   0: 0000000000000000FFFF00000B0AA8C0:24E3 0000000000000000FFFF00000C0AA8C0:C350 01 00000000:00000000 00:00000000 00000000
   1: 00000000000000000000000001000000:24E3 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000
"""


def test_sockets_are_read_as_the_kernel_writes_them() -> None:
    assert health_sockets.parse_sockets(PROC_NET_TCP) == [
        Socket("192.168.10.11", 4000, "0.0.0.0", 0, health_sockets.LISTEN),
        Socket("192.168.10.11", 4000, "192.168.10.12", 0xA1B2, health_sockets.ESTABLISHED),
    ]
    # A Java server that listens on IPv6 has its IPv4 peers there, as mapped addresses.
    assert health_sockets.parse_sockets(PROC_NET_TCP6) == [
        Socket("192.168.10.11", 0x24E3, "192.168.10.12", 50000, health_sockets.ESTABLISHED),
        Socket("::1", 0x24E3, "::", 0, health_sockets.LISTEN),
    ]


def established(local: str, local_port: int, remote: str, remote_port: int) -> Socket:
    return Socket(local, local_port, remote, remote_port, health_sockets.ESTABLISHED)


def other(name: str, address: str, member_port: int = 4000) -> dict[str, t.Any]:
    return {"name": name, "address": address, "https_port": 9443, "member_port": member_port}


@pytest.mark.parametrize(
    ("sockets", "others", "expected"),
    [
        pytest.param([], [other("n2", "10.0.0.2")], [], id="no connection"),
        pytest.param(
            [established("10.0.0.1", 4000, "10.0.0.2", 50000)],
            [other("n2", "10.0.0.2")],
            ["n2"],
            id="it connected to us",
        ),
        pytest.param(
            [established("10.0.0.1", 50000, "10.0.0.2", 4000)],
            [other("n2", "10.0.0.2")],
            ["n2"],
            id="we connected to it",
        ),
        pytest.param(
            [established("10.0.0.1", 9443, "10.0.0.2", 50000)],
            [other("n2", "10.0.0.2")],
            [],
            id="another port",
        ),
        pytest.param(
            [established("10.0.0.1", 4000, "10.0.0.9", 50000)],
            [other("n2", "10.0.0.2")],
            [],
            id="a stranger",
        ),
        pytest.param(
            [established("10.0.0.1", 50000, "10.0.0.2", 4001)],
            [other("n2", "10.0.0.2")],
            [],
            id="another server there",
        ),
        pytest.param(
            [
                established("10.0.0.1", 4000, "10.0.0.1", 50000),
                established("10.0.0.1", 50000, "10.0.0.1", 4000),
            ],
            [other("n2", "10.0.0.1", 4001)],
            ["n2"],
            id="two on one host, it connected to us",
        ),
        pytest.param(
            [established("10.0.0.1", 50000, "10.0.0.1", 4001)],
            [other("n2", "10.0.0.1", 4001)],
            ["n2"],
            id="two on one host, we connected",
        ),
        pytest.param(
            [
                established("10.0.0.1", 4000, "10.0.0.1", 50000),
                established("10.0.0.1", 51000, "10.0.0.3", 4000),
            ],
            [other("n2", "10.0.0.1", 4001), other("n3", "10.0.0.3"), other("n4", "10.0.0.4")],
            ["n2", "n3"],
            id="some of several",
        ),
    ],
)
def test_peers_are_the_members_that_a_connection_proves(
    sockets: list[Socket], others: list[dict[str, t.Any]], expected: list[str]
) -> None:
    assert health_sockets.peers(sockets, "10.0.0.1", 4000, others, lambda host: {host}) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            (
                "ERROR {org.wso2.carbon.user.core.util.DatabaseUtil} - (conn=10) Access denied for"
                " user 'obkm_user'@'10.0.0.11'"
            ),
            ("refuses the account obkm_user", True),
        ),
        (
            'FATAL: password authentication failed for user "obkm_user"',
            ("refuses the account obkm_user", True),
        ),
        (
            "java.sql.SQLException: ORA-01017: invalid username/password",
            ("refuses the account (see the log)", True),
        ),
        (
            (
                "ERROR {DatabaseUtil} - Database Error - Unable to load class:"
                " org.mariadb.jdbc.Driver from ClassLoader:org.eclipse"
            ),
            ("JDBC driver class org.mariadb.jdbc.Driver is missing", True),
        ),
        (
            (
                "ERROR {org.apache.tomcat.util.digester.Digester} - Begin event threw"
                " java.lang.ClassNotFoundException: org.x.NoValve"
            ),
            ("does not find the class org.x.NoValve", True),
        ),
        (
            "Caused by: javax.naming.NameNotFoundException: Name [Nope] is not bound in this Context.",
            ("No datasource has the JNDI name Nope that a product file asks for.", True),
        ),
        ("Unknown database 'openbank_userdb'", ("The database openbank_userdb", True)),
        (
            "java.sql.SQLException: Failed to validate a newly established connection.",
            ("validation query of a datasource fails", False),
        ),
        (
            "WARN - Error: 1146-42S02: Table 'shared.NOPE' doesn't exist",
            ("The table shared.NOPE does not exist", False),
        ),
        (
            "Socket fail to connect to host:address=(host=10.0.0.31)(port=3306)",
            ("database server host:address=", False),
        ),
        (
            "java.io.IOException: Keystore was tampered with, or password was incorrect",
            ("A keystore cannot be opened", True),
        ),
        (
            "java.rmi.server.ExportException: Port already in use: 9999; nested",
            ("taken by another process: 9999", False),
        ),
        (
            (
                "java.io.FileNotFoundException: /opt/wso2/km/repository/components/default/null.ini"
                " (Permission denied)"
            ),
            ("may not read or write /opt/wso2/km/repository/components/default/null.ini:", False),
        ),
        (
            (
                "ERROR {HostConfig} - Unable to create directory for deployment:"
                " [/opt/km/lib/tomcat/conf/Catalina/localhost]"
            ),
            (
                "may not read or write /opt/km/lib/tomcat/conf/Catalina/localhost: if it is to",
                False,
            ),
        ),
        (
            "java.nio.file.AccessDeniedException: /opt/km/solr/data",
            ("may not read or write /opt/km/solr/data:", False),
        ),
        (
            "java.io.FileNotFoundException: /opt/km/x.txt (Read-only file system)",
            ("add the folder to cluster_home_writable", False),
        ),
        (
            (
                "Error while creating meta data directory in"
                " /opt/km/repository/components/patches/.metadata"
            ),
            ("may not read or write /opt/km/repository/components/patches/.metadata:", False),
        ),
        (
            (
                "Caused by: java.sql.SQLException: INSERT, DELETE command denied to user"
                " 'obkm_registry'@'10.0.0.12' for table `regdb`.`REG_LOG`"
            ),
            (
                "lacks a right (INSERT, DELETE command denied to user"
                " 'obkm_registry'@'10.0.0.12' for table `regdb`",
                False,
            ),
        ),
        (
            "ERROR: permission denied for table reg_log",
            ("lacks a right (permission denied for table reg_log)", False),
        ),
        (
            "java.lang.OutOfMemoryError: Java heap space",
            ("The Java heap is too small: Java heap space", False),
        ),
    ],
)
def test_known_errors_are_explained(line: str, expected: tuple[str, bool]) -> None:
    lines = logged(line).split("\n")
    [(sentence, fatal)] = health_log.explain([*lines, *lines])
    assert expected[0] in sentence
    assert fatal is expected[1]
    assert "{" not in sentence


def test_ordinary_lines_need_no_explanation() -> None:
    assert (
        health_log.explain(
            [
                "INFO {Init} - Mgt Console URL  : https://km:9443/carbon/",
                "\tat java.base/java.lang.Thread.run",
            ]
        )
        == []
    )


def test_last_errors_of_the_log_are_shown_once_each() -> None:
    lines = [
        log4j2(what, "C", "ERROR", f"2026-01-01 00:00:0{n}") for n, what in enumerate("aabacd")
    ]
    shown = health_log.error_lines(
        [*lines, "Caused by: java.lang.Error", "TID: INFO - fine"], limit=3
    )
    assert [line[-1] for line in shown] == ["a", "c", "d"]
    assert "00:00:03" in shown[0]
    assert len(health_log.error_lines([log4j2("x" * 1000, "C", "ERROR")])[0]) == 300


def test_what_the_log_of_a_start_proves() -> None:
    config = {
        "ready_line": "Mgt Console URL",
        "mount_lines": ["Connected to mount at gov", "Connected to mount at govregistry"],
    }
    shown = health_log.shown_by_log(
        [
            logged(line)
            for line in (
                "INFO {EmbeddedRegistryService} - Connected to mount at govregistry in 5ms",
                "INFO {EmbeddedRegistryService} - Connected to mount at govregistry",
                "INFO {Agent} - Cluster domain: bank.domain",
                (
                    "INFO {Agent} - Local member: [c43] - Host:10.0.0.11, Remote Host:null, Port: 4000,"
                    " HTTP:9763"
                ),
                "INFO {UI} - Mgt Console URL  : https://km/carbon/",
            )
        ],
        config,
    )
    assert shown == {
        "ready": True,
        # A name that begins another one is not that one.
        "mounts": {"Connected to mount at gov": 0, "Connected to mount at govregistry": 2},
        "domain": "bank.domain",
        "local_member": "10.0.0.11:4000",
    }
    assert health_log.shown_by_log([], {"ready_line": ""}) == {
        "ready": None,
        "mounts": {},
        "domain": None,
        "local_member": None,
    }


def test_log_is_read_from_the_start_on_and_through_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "wso2carbon.log"
    assert health_log.log_position(str(log)) == LogPosition(0, 0)
    assert health_log.log_since(str(log), LogPosition(0, 0)) == []
    log.write_text("old\n")
    position = health_log.log_position(str(log))
    with log.open("a") as stream:
        stream.write("one\n")
    assert health_log.log_since(str(log), position) == ["one"]
    log.rename(tmp_path / "wso2carbon-01-31-2026.log")
    log.write_text("two\n")
    assert health_log.log_since(str(log), position) == ["one", "two"]
    (tmp_path / "wso2carbon-01-31-2026.log").unlink()
    assert health_log.log_since(str(log), LogPosition(position.inode + 12345, 4)) == ["two"]
    # Emptied in place, as copytruncate does.
    truncated = health_log.log_position(str(log))
    log.write_text("x\n")
    assert health_log.log_since(str(log), LogPosition(truncated.inode, truncated.size)) == ["x"]


def test_very_long_logs_are_read_from_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_log, "LOG_TAIL_BYTES", 6)
    log = tmp_path / "log"
    log.write_text("aaaaaaaa\nbb\ncc\n")
    assert health_log.log_since(str(log), LogPosition(0, 0)) == ["bb", "cc"]


def test_checksums_name_changed_new_and_vanished_files(tmp_path: Path) -> None:
    kept, edited, vanishing, coming = (
        tmp_path / name for name in ("kept", "edited", "vanishing", "coming")
    )
    for path in (kept, edited, vanishing):
        path.write_text("1")
    paths = [str(path) for path in (vanishing, coming, edited, kept, kept)]
    before = record.checksums(paths)
    assert before.splitlines()[0] == "{0}  {1}".format("absent".ljust(64, "-"), coming)
    assert len(before.splitlines()) == 4
    assert record.changed_paths(before, record.checksums(paths)) == []
    edited.write_text("2")
    vanishing.unlink()
    coming.write_text("1")
    assert record.changed_paths(before, record.checksums(paths)) == sorted(
        str(path) for path in (edited, vanishing, coming)
    )
    # A file that is no longer, or newly, one the server depends on is a change as well.
    assert record.changed_paths(before, record.checksums(paths[:-2])) != []


def test_recorded_checksums_are_those_of_sha256sum(tmp_path: Path) -> None:
    path = tmp_path / "carbon.xml"
    path.write_text("<Server/>\n")
    assert (
        record.checksums([str(path)])
        == f"f285abebdcd3093a5bbc6477788af2dbbbd35fc156013ce8180e611b2536bc8b  {path}\n"
    )


def test_healthy_server_passes(config: dict[str, t.Any], carbon: t.Any) -> None:
    checks.check_services(config)
    # In one session, which is ended.
    assert carbon.requests == [
        "/services/AuthenticationAdmin",
        "/services/ServerRolesManager",
        "/services/AuthenticationAdmin",
    ]


def test_server_that_issues_tokens_looks_for_one(config: dict[str, t.Any], carbon: t.Any) -> None:
    checks.check_services({**config, "oauth": True})
    assert carbon.requests == [
        "/services/AuthenticationAdmin",
        "/services/ServerRolesManager",
        "/services/OAuth2TokenValidationService",
        "/services/AuthenticationAdmin",
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        # As the service answers when its database is away, when it has none, and when it is none.
        (
            "<ax:errorMsg>Server error occurred while validating the OAuth2 token</ax:errorMsg>"
            "<ax:valid>false</ax:valid>",
            "cannot look for tokens: Server error occurred while validating the OAuth2 token. The",
        ),
        (
            "<faultstring>Service not found.</faultstring>",
            "tokens: Service not found. The datasource",
        ),
        ("", "tokens: an empty answer with HTTP status 200"),
        # Nothing that only looks like it.
        ("<ax:errorMsg>Access token is not ACTIVE</ax:errorMsg>", "not ACTIVE. The datasource"),
        ("<ax:valid>false</ax:valid>", "tokens: HTTP status 200. The datasource"),
        (
            "<ax:errorMsg>Invalid Access Token</ax:errorMsg><ax:valid>true</ax:valid>",
            "Invalid Access",
        ),
    ],
)
def test_server_that_cannot_look_for_a_token_is_sick(
    config: dict[str, t.Any], carbon: t.Any, answer: str, words: str
) -> None:
    carbon.token = answer
    checks.check_services(config)
    with pytest.raises(HealthError) as caught:
        checks.check_services({**config, "oauth": True})
    assert caught.value.part == "token service"
    assert caught.value.exit_code == 11
    assert words in str(caught.value)
    assert "identity.xml" in str(caught.value)


def test_registry_that_answers_wrongly_now_and_then_is_read_again(
    config: dict[str, t.Any], carbon: t.Any
) -> None:
    carbon.registry_faults = client.REGISTRY_ATTEMPTS - 1
    checks.check_services(config)
    carbon.registry_faults = client.REGISTRY_ATTEMPTS
    with pytest.raises(HealthError, match="Resource does not exist"):
        checks.check_services(config)


@pytest.mark.parametrize(
    ("change", "part", "words"),
    [
        ({"login": "false"}, "user store", "refuses the login of admin"),
        ({"login": "fault"}, "user store", "Cannot borrow a connection."),
        ({"empty": True}, "user store", "an empty answer with HTTP status 200"),
        (
            {"registry": "<faultstring>no transaction.</faultstring>"},
            "registry database",
            "The registry cannot be read: no transaction.",
        ),
    ],
)
def test_part_that_failed_is_named(
    config: dict[str, t.Any], carbon: t.Any, change: dict[str, t.Any], part: str, words: str
) -> None:
    for key, value in change.items():
        setattr(carbon, key, value)
    with pytest.raises(HealthError) as caught:
        checks.check_services(config)
    assert caught.value.part == part
    assert words in str(caught.value)
    assert "p&ss" not in str(caught.value)
    assert caught.value.exit_code == errors.EXIT_CODES[part]


def test_certificates_are_always_verified(config: dict[str, t.Any], pki: Path) -> None:
    for change, words in (
        ({"ca_file": str(pki / "other-ca.crt")}, "is not accepted for km1.test.example"),
        ({"name": "km2.test.example"}, "is not accepted for km2.test.example"),
    ):
        with pytest.raises(HealthError) as caught:
            checks.check_services({**config, **change})
        assert caught.value.part == "TLS"
        assert words in str(caught.value)
    with pytest.raises(HealthError, match="cannot be read") as caught:
        checks.check_services({**config, "ca_file": "/nowhere/ca.crt"})
    assert caught.value.part == "configuration"


def test_silent_and_closed_ports_are_told_apart(
    config: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "REQUEST_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(HealthError) as caught:
            checks.check_services({**config, "https_port": port})
        assert caught.value.part == "nothing listens"
        # A frozen server: the kernel takes the connection, nobody answers.
        silent.listen()
        server = client.Server("127.0.0.1", port, config["name"], config["ca_file"], timeout=0.2)
        with pytest.raises(HealthError) as caught:
            server.request("GET", "/")
        assert caught.value.part == "no answer"


def test_others_that_serve_are_those_with_a_good_certificate(
    config: dict[str, t.Any], carbon: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.3)
    answering = {"name": config["name"], "address": "127.0.0.1", "https_port": config["https_port"]}
    assert checks.serving(
        config,
        [answering, {**answering, "name": "km2.test.example"}, {**answering, "https_port": 1}],
    ) == [config["name"]]


def clustered(config: dict[str, t.Any], **peer: t.Any) -> dict[str, t.Any]:
    """The configuration of a node whose other member is the stand-in server, at another address
    than this node's."""
    node = {
        "name": config["name"],
        "address": "127.0.0.1",
        "https_port": config["https_port"],
        "member_port": 4000,
        **peer,
    }
    return {**config, "address": "127.0.0.9", "member_port": 4000, "others": [node]}


CONNECTED = [
    established("127.0.0.9", 4000, "127.0.0.1", 50000),
    Socket("127.0.0.9", 4000, "0.0.0.0", 0, health_sockets.LISTEN),
]


@pytest.mark.parametrize(
    ("wanted", "sockets", "peer", "words"),
    [
        ("reachable", CONNECTED, {}, ""),
        ("all", CONNECTED, {}, ""),
        ("2", CONNECTED, {}, ""),
        ("1", CONNECTED, {}, "has 2 members where 1 were expected"),
        ("3", CONNECTED, {}, "has 2 members where 3 were expected"),
        # It serves and is no member: two clusters of one.
        (
            "reachable",
            CONNECTED[1:],
            {},
            (
                "1 of 2 members: km1.test.example is no member of this node's cluster. The nodes"
                " differ"
            ),
        ),
        ("reachable", [], {}, "does not listen on its member port 4000"),
        ("2", CONNECTED[1:], {}, "1 of 2 members"),
        # It is down, which is not this node's fault.
        ("reachable", CONNECTED[1:], {"https_port": 1}, ""),
        ("all", CONNECTED[1:], {"https_port": 1}, "1 of 2 members"),
    ],
)
def test_members_that_are_wanted(
    config: dict[str, t.Any], wanted: str, sockets: list[Socket], peer: dict[str, t.Any], words: str
) -> None:
    if not words:
        found = checks.check_members(clustered(config, **peer), wanted, sockets)
        assert found == ([config["name"]] if CONNECTED[0] in sockets else [])
        return
    with pytest.raises(HealthError) as caught:
        checks.check_members(clustered(config, **peer), wanted, sockets)
    assert words in str(caught.value)
    assert caught.value.part == "cluster"


EVENTS = [
    logged(line)
    for line in (
        "INFO {WKABasedMembershipScheme} - Member joined [c4-11]: /127.0.0.1:4000",
        "INFO {WKABasedMembershipScheme} - Member left [c4-11]: km1/127.0.0.1:4000",
        "INFO {WKABasedMembershipScheme} - Member left [c4-12]: /10.0.0.7:4000",
    )
]


def test_connected_node_that_left_is_no_member_until_it_joins_anew(
    config: dict[str, t.Any],
) -> None:
    log = Path(config["log_file"])
    node = clustered(config)
    log.write_text(EVENTS[0] + "\n")
    assert checks.members_of(node, CONNECTED) == [config["name"]]
    log.write_text("\n".join(EVENTS) + "\n")
    assert health_log.departed_members(EVENTS) == (
        {("127.0.0.1", 4000), ("10.0.0.7", 4000)},
        set(),
    )
    assert checks.members_of(node, CONNECTED) == []
    with pytest.raises(HealthError, match="1 of 2 members"):
        checks.check_members(node, "all", CONNECTED)
    log.write_text("\n".join([*EVENTS, EVENTS[0]]) + "\n")
    assert checks.members_of(node, CONNECTED) == [config["name"]]


def test_server_without_a_cluster_has_no_members(config: dict[str, t.Any]) -> None:
    assert checks.check_members(config, "all", CONNECTED) == []


def test_start_is_recorded_before_and_after(config: dict[str, t.Any], clock: t.Any) -> None:
    log = Path(config["log_file"])
    log.write_text("of the start before: Mgt Console URL\n")
    config.update(membership="digest", scheme="wka")
    record.record_start(config, now=lambda: 5)
    state = Path(config["state_directory"])
    recorded = (state / "started.sha256").read_text()
    assert [line.split("  ")[1] for line in recorded.splitlines()] == sorted(
        record.managed_paths(config["managed_files"])
    )
    assert record.read_start(config) == {
        "started_at": 5,
        "log": list(health_log.log_position(str(log))),
        "ready_at": None,
        "gave_up": None,
        "membership": "digest",
        "scheme": "wka",
    }
    with log.open("a") as stream:
        stream.write(
            logged("INFO {EmbeddedRegistryService} - Connected to mount at configRegistry in 5ms")
            + "\n"
            + logged("Mgt Console URL : https://km")
            + "\n"
        )
    shown = health_program.wait(config, 10, with_warm_up=True, now=clock.now, sleep=clock.sleep)
    record.record_ready(config, shown, now=lambda: 6)
    start = record.read_start(config)
    assert (start["started_at"], start["ready_at"], start["gave_up"], start["membership"]) == (
        5,
        6,
        None,
        "digest",
    )
    assert start["mounts"] == {
        "Connected to mount at configRegistry": 1,
        "Connected to mount at governanceRegistry": 0,
    }
    record.record_giving_up(config, "because")
    # systemd starts it again, which must not hide the reason.
    record.record_start(config)
    assert record.read_start(config)["gave_up"] == "because"
    record.record_ready(config, shown)
    assert record.read_start(config)["gave_up"] is None


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_lost_record_of_a_start_is_no_record(config: dict[str, t.Any], text: str) -> None:
    assert record.read_start(config) == {}
    (Path(config["state_directory"]) / "start.json").write_text(text)
    assert record.read_start(config) == {}


def test_no_request_is_sent_before_the_ready_line(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    log = Path(config["log_file"])

    def sleep(seconds: float) -> None:
        assert carbon.requests == []
        clock.sleep(seconds)
        if clock.time > 1004:
            log.write_text(logged("Mgt Console URL") + "\n")

    health_program.wait(config, 60, now=clock.now, sleep=sleep)
    assert clock.time < 1010


def test_server_that_became_ready_once_needs_no_ready_line_in_a_rotated_log(
    config: dict[str, t.Any], clock: t.Any
) -> None:
    record.record_ready(config, {})
    health_program.wait(config, 3, now=clock.now, sleep=clock.sleep)


@pytest.mark.parametrize(
    ("log", "main_pid", "words", "seconds"),
    [
        pytest.param(
            "INFO - Starting\n",
            0,
            "it was given 60 s): its log does not show 'Mgt Console URL' yet.",
            60,
            id="never ready",
        ),
        pytest.param(
            "ERROR - Unknown database 'x'\n",
            0,
            "waiting longer does not help): its log",
            30,
            id="hopeless",
        ),
        pytest.param("INFO - Starting\n", 2**22 - 3, "its process has ended", 0, id="died"),
        pytest.param(
            "Mgt Console URL\n", 0, "The server refuses the login of admin", 60, id="ready but sick"
        ),
    ],
)
def test_start_is_given_up_with_a_sentence(
    config: dict[str, t.Any],
    carbon: t.Any,
    clock: t.Any,
    log: str,
    main_pid: int,
    words: str,
    seconds: float,
) -> None:
    carbon.login = "false"
    Path(config["log_file"]).write_text(logged(log.rstrip()) + "\n")
    with pytest.raises(HealthError) as caught:
        health_program.wait(config, 60, main_pid=main_pid, now=clock.now, sleep=clock.sleep)
    assert words in str(caught.value)
    assert seconds <= clock.time - 1000 <= seconds + 2
    if "ERROR" in log:
        assert "The database x of a datasource does not exist." in str(caught.value)
        assert str(caught.value).endswith(" - Unknown database 'x'")


def test_start_whose_log_goes_on_is_not_given_up_for_an_error_in_it(
    config: dict[str, t.Any], clock: t.Any
) -> None:
    log = Path(config["log_file"])
    log.write_text(logged("ERROR - Unknown database 'x'") + "\n")

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        with log.open("a") as stream:
            line = "INFO - Deploying" if clock.time < 1100 else "Mgt Console URL"
            stream.write(logged(line) + "\n")

    health_program.wait(config, 200, now=clock.now, sleep=sleep)
    assert clock.time > 1090


# What a Key Manager without its identity database writes of one health check.
OF_A_CHECK = [
    "INFO {org.wso2.carbon.core.services.authentication.AuthenticationAdmin} -"
    " 'admin@carbon.super [-1234]' logged in at [2026-11-28 05:00:00,000]",
    "INFO {org.wso2.carbon.identity.oauth2.OAuth2Service} - No token issuer is found",
    "INFO {org.apache.axis2.engine.AxisEngine} - The service cannot be found",
]


def test_ready_server_with_a_fatal_error_is_given_up_though_its_log_tells_of_the_check(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    config["oauth"] = True
    carbon.token = "<faultstring>The service cannot be found</faultstring>"
    log = Path(config["log_file"])
    first = [logged("ERROR - NameNotFoundException: Name [jdbc/Nope]"), logged("Mgt Console URL")]
    log.write_text("\n".join(first) + "\n")

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        with log.open("a") as stream:
            stream.writelines(logged(line) + "\n" for line in OF_A_CHECK)

    with pytest.raises(HealthError) as caught:
        health_program.wait(config, 300, now=clock.now, sleep=sleep)
    assert "waiting longer does not help" in str(caught.value)
    assert "No datasource has the JNDI name jdbc/Nope" in str(caught.value)
    assert 30 <= clock.time - 1000 <= 32


def test_start_without_its_database_is_given_up_early(
    config: dict[str, t.Any], clock: t.Any
) -> None:
    """It would never become ready; systemd starts it again, and then it waits for the database."""
    Path(config["log_file"]).write_text(logged("ERROR - Communications link failure") + "\n")
    with pytest.raises(HealthError, match="waiting longer does not help.*cannot be reached"):
        health_program.wait(config, 300, now=clock.now, sleep=clock.sleep)
    assert 30 <= clock.time - 1000 <= 32


def test_server_that_was_ready_gets_over_a_restart_of_its_database(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    carbon.login = "false"
    lines = [logged("Mgt Console URL"), logged("ERROR - Communications link failure")]
    Path(config["log_file"]).write_text("\n".join(lines) + "\n")

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        carbon.login = "true" if clock.time > 1060 else "false"

    health_program.wait(config, 300, now=clock.now, sleep=sleep)
    assert clock.time > 1060


class Refusing:
    """A database server that refuses connections for some seconds."""

    def __init__(self, clock: t.Any, until: float) -> None:
        self.clock = clock
        self.until = until
        self.asked: list[tuple[str, int]] = []

    def __call__(self, where: tuple[str, int], _timeout: float) -> Refusing:
        self.asked.append(where)
        if self.clock.time < self.until:
            raise ConnectionRefusedError(111, "Connection refused")
        return self

    def close(self) -> None:
        """As a socket's."""


def test_start_waits_for_the_database(config: dict[str, t.Any], clock: t.Any) -> None:
    config["databases"] = [{"host": "10.0.0.31", "port": 3306}]
    connect = Refusing(clock, 1022)
    checks.wait_for_databases(config, 300, connect, clock.now, clock.sleep)
    assert 1022 <= clock.time <= 1024
    assert set(connect.asked) == {("10.0.0.31", 3306)}
    checks.wait_for_databases({**config, "databases": []}, 300, Refusing(clock, 9999))


def test_database_that_stays_away_is_not_waited_for_for_ever(
    config: dict[str, t.Any], clock: t.Any
) -> None:
    config["databases"] = [{"host": "10.0.0.31", "port": 3306}]
    with pytest.raises(HealthError) as caught:
        checks.wait_for_databases(config, 7, Refusing(clock, 9999), clock.now, clock.sleep)
    assert str(caught.value) == (
        "The database server 10.0.0.31:3306 cannot be reached (Connection refused); waited for 7 s."
    )
    assert 1007 <= clock.time <= 1009


def test_unit_notes_that_it_waited_for_the_database_in_vain(
    config: dict[str, t.Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    path = tmp_path / "health.json"
    path.write_text(json.dumps({**config, "databases": [{"host": "127.0.0.1", "port": port}]}))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    command = ["--config", str(path), "--await-databases", "0.01"]
    assert health_program.main(command) == errors.EXIT_CODES["database"]
    assert "cannot be reached" in record.read_start(config)["gave_up"]


def test_living_process_is_waited_for(config: dict[str, t.Any], clock: t.Any) -> None:
    with pytest.raises(HealthError, match="it was given 5 s"):
        health_program.wait(config, 5, main_pid=os.getpid(), now=clock.now, sleep=clock.sleep)


def test_process_of_another_user_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert health_program._alive(1)


def test_warm_up_ends_when_everything_came_fast_many_times(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    seconds = iter([5.0, 0.1, 0.9])
    carbon.on_page = lambda: clock.sleep(next(seconds, 0.1))
    checks.warm(config, now=clock.now)
    # The first and the third were slow, and then as many fast ones follow as it takes.
    assert carbon.requests.count("/carbon/admin/login.jsp") == 3 + checks.WARM_ROUNDS
    assert "/services/OAuth2TokenValidationService" not in carbon.requests
    # Each time with a login, as clients do it.
    assert carbon.requests.count("/services/AuthenticationAdmin") == 2 * (3 + checks.WARM_ROUNDS)


def test_warm_up_of_a_server_that_issues_tokens_looks_for_one_each_time(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    checks.warm({**config, "oauth": True}, now=clock.now)
    asked = carbon.requests.count("/services/OAuth2TokenValidationService")
    assert asked == carbon.requests.count("/carbon/admin/login.jsp") == checks.WARM_ROUNDS


def test_warm_up_of_a_slow_machine_ends_too(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    carbon.on_page = lambda: clock.sleep(25)
    checks.warm(config, now=clock.now)
    assert carbon.requests.count("/carbon/admin/login.jsp") == 3


@pytest.mark.parametrize("page", [(500, "error"), (200, "")])
def test_page_that_fails_is_no_warm_up(
    config: dict[str, t.Any], carbon: t.Any, page: tuple[int, str]
) -> None:
    carbon.page = page
    with pytest.raises(HealthError) as caught:
        checks.warm(config)
    assert caught.value.part == "warm-up"


def test_patience_lasts_until_the_server_answers(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    carbon.login = "false"

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        carbon.login = "true"

    checks.check_patiently(config, 5, now=clock.now, sleep=sleep)
    carbon.login = "false"
    with pytest.raises(HealthError, match=r"refuses the login of admin.* Waited 7 s\.$"):
        checks.check_patiently(config, 7, now=clock.now, sleep=clock.sleep)


@pytest.fixture
def config_file(config: dict[str, t.Any], tmp_path: Path) -> str:
    path = tmp_path / "health.json"
    path.write_text(json.dumps(config))
    return str(path)


def test_command_tells_healthy_and_sick(
    config_file: str, carbon: t.Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert health_program.main(["--config", config_file, "--warm"]) == 0
    assert capsys.readouterr().out == "obkm is healthy; members: km1.test.example.\n"
    assert health_program.main(["--config", config_file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["healthy"] is True
    carbon.login = "false"
    assert health_program.main(["--config", config_file]) == errors.EXIT_CODES["user store"]
    assert "refuses the login" in capsys.readouterr().err
    assert (
        health_program.main(["--config", config_file, "--json"]) == errors.EXIT_CODES["user store"]
    )
    assert json.loads(capsys.readouterr().out)["part"] == "user store"


def test_command_does_not_wait_for_nodes_that_cannot_be_members_yet(
    config: dict[str, t.Any], tmp_path: Path, carbon: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other node serves, and runs with another membership.
    monkeypatch.setattr(
        "ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.checks.read_sockets",
        lambda: CONNECTED[1:],
    )
    path = tmp_path / "health.json"
    path.write_text(json.dumps(clustered(config, name="km2.test.example")))
    monkeypatch.setattr(
        checks, "serving", lambda _config, others: [other["name"] for other in others]
    )
    monkeypatch.setattr(
        "ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.__main__.check_services",
        lambda _config: None,
    )
    command = ["--config", str(path), "--members", "reachable"]
    assert health_program.main(command) == errors.EXIT_CODES["cluster"]
    assert (
        health_program.main([*command, "--without", "km3.test.example"])
        == errors.EXIT_CODES["cluster"]
    )
    assert health_program.main([*command, "--without", "km3.test.example,km2.test.example"]) == 0


def test_command_of_the_unit(
    config: dict[str, t.Any], config_file: str, carbon: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAINPID", str(os.getpid()))
    assert health_program.main(["--config", config_file, "--record-start"]) == 0
    assert carbon.requests == []
    Path(config["log_file"]).write_text(logged("Mgt Console URL") + "\n")
    assert health_program.main(["--config", config_file, "--wait", "5", "--warm"]) == 0
    assert record.read_start(config)["ready_at"]
    carbon.login = "false"
    assert (
        health_program.main(["--config", config_file, "--wait", "0.1"])
        == errors.EXIT_CODES["user store"]
    )
    assert "refuses the login" in record.read_start(config)["gave_up"]
    # Outside the unit the record of the start is not touched.
    monkeypatch.delenv("MAINPID")
    carbon.login = "true"
    before = record.read_start(config)
    assert health_program.main(["--config", config_file, "--wait", "5"]) == 0
    assert record.read_start(config) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("{secret", "it is not valid JSON"),
        ("{}", "does not hold instance, address"),
    ],
)
def test_unusable_settings_are_named_and_not_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, words: str
) -> None:
    path = tmp_path / "health.json"
    if text is not None:
        path.write_text(text)
    assert health_program.main(["--config", str(path)]) == errors.EXIT_CODES["configuration"]
    message = capsys.readouterr().err
    assert words in message
    assert str(path) in message
    assert "secret" not in message


def test_service_without_sockets_of_one_family_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path, encoding: str) -> str:
        if path.name == "tcp6":
            raise FileNotFoundError
        return PROC_NET_TCP

    monkeypatch.setattr(Path, "read_text", read)
    assert len(health_sockets.read_sockets()) == 2


def test_address_that_does_not_resolve_is_kept() -> None:
    assert health_sockets.resolve("127.0.0.1") == {"127.0.0.1"}
    assert health_sockets.resolve("no-such-host.invalid") == {"no-such-host.invalid"}
