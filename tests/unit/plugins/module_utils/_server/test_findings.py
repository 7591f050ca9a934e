# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The sentences that verify finds for each wrong configuration."""

from __future__ import annotations

import os
import ssl
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    errors,
    log,
    record,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    sockets as health_sockets,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.errors import (
    HealthError,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.sockets import Socket
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore import jks
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import (
    findings as server_findings,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import (
    observation as server_observation,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import (
    requests,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server.findings import (
    Expected,
    Observation,
)

from tests.support.commands import run
from tests.support.logs import log4j2

EXPECTED = Expected(
    domain="bank.domain",
    local_member="10.0.0.11:4000",
    members=["km2"],
    ports={"HTTPS": 9446, "HTTP": 9766, "member": 4000},
    driver="/home/lib/driver.jar",
    service_user="wso2",
)
HEALTHY = Observation(
    properties={
        "LoadState": "loaded",
        "ActiveState": "active",
        "SubState": "running",
        "NRestarts": "0",
    },
    start={
        "ready_at": 1767225600,
        "gave_up": None,
        "mounts": {
            "Connected to mount at configRegistry": 1,
            "Connected to mount at governanceRegistry": 1,
        },
        "domain": "bank.domain",
        "local_member": "10.0.0.11:4000",
    },
    changed=[],
    listening=[4000, 9446, 9766],
    causes=[],
    recent_causes=[],
    driver_readable=True,
    services="",
    peers=["km2"],
)

VALIDATION = log.explain(
    [log4j2("Failed to validate a newly established connection.", level="WARN")]
)[0][0]
PASSWORD = "The database refuses the account obkm_user: …"


def seen(**changes: t.Any) -> Observation:
    start = {**HEALTHY.start, **changes.pop("start", {})}
    return HEALTHY._replace(start=start, **changes)


def test_nothing_is_wrong_with_a_healthy_server() -> None:
    assert server_findings.findings(HEALTHY, EXPECTED) == []


@pytest.mark.parametrize(
    ("observation", "words"),
    [
        pytest.param(
            seen(
                properties={
                    "LoadState": "loaded",
                    "ActiveState": "activating",
                    "SubState": "start-post",
                },
                listening=[],
                causes=[PASSWORD],
                start={"ready_at": None},
            ),
            [
                "The service is activating (start-post).",
                "refuses the account",
                "HTTPS port 9446",
                "has not become ready",
            ],
            id="bad database password, still starting",
        ),
        pytest.param(
            seen(
                properties={"LoadState": "loaded", "ActiveState": "failed", "SubState": "failed"},
                listening=[],
                start={
                    "ready_at": None,
                    "gave_up": "obkm is not healthy (waiting longer does not help): …\n  ERROR",
                },
            ),
            [
                "The service is failed (failed); its last start was given up: obkm is not healthy"
                " (waiting longer does not help): …"
            ],
            id="start given up",
        ),
        pytest.param(
            seen(driver_readable=None),
            ["The JDBC driver /home/lib/driver.jar is missing."],
            id="missing driver",
        ),
        pytest.param(
            seen(driver_readable=False),
            ["driver.jar cannot be read by wso2."],
            id="unreadable driver",
        ),
        pytest.param(
            seen(listening=[4000], causes=["Tomcat does not find the class x.NoValve …"]),
            ["Tomcat does not find the class x.NoValve", "HTTPS port 9446", "HTTP port 9766"],
            id="unknown valve",
        ),
        pytest.param(
            seen(recent_causes=[VALIDATION]),
            ["The validation query of a datasource fails"],
            id="validation query, between failures",
        ),
        pytest.param(
            seen(recent_causes=["The server may not read or write /home/solr: …"]),
            ["may not read or write /home/solr"],
            id="no right to write",
        ),
        pytest.param(
            seen(services="The server refuses the login of admin: …", causes=[VALIDATION]),
            ["The validation query of a datasource fails", "refuses the login of admin"],
            id="validation query, while it fails",
        ),
        pytest.param(
            seen(start={"mounts": {"Connected to mount at configRegistry": 0}}),
            ["'Connected to mount at configRegistry': this registry mount is not live"],
            id="mounts removed",
        ),
        pytest.param(
            seen(start={"domain": "other.domain"}, peers=[]),
            [
                "runs in the cluster domain 'other.domain', and the inventory says 'bank.domain'",
                "km2 is no member",
            ],
            id="cluster domain differs",
        ),
        pytest.param(
            seen(start={"domain": None}),
            ["shows no cluster domain: clustering is off"],
            id="clustering off",
        ),
        pytest.param(
            seen(start={"local_member": "127.0.0.1:4000"}),
            ["joined its cluster as 127.0.0.1:4000"],
            id="loopback as member address",
        ),
        pytest.param(
            seen(peers=[]),
            ["1 of 2 members here: km2 is no member of this node's cluster"],
            id="member missing",
        ),
        pytest.param(
            seen(changed=["/home/carbon.xml"]),
            ["/home/carbon.xml changed since the server was started, so a restart is needed."],
            id="owed restart",
        ),
        pytest.param(
            seen(properties={"LoadState": "not-found"}),
            ["The service is not set up on this host."],
            id="no service",
        ),
        pytest.param(
            HEALTHY._replace(start={}), ["its service did not start it"], id="started by hand"
        ),
        pytest.param(
            seen(listening=[9446, 9766]),
            ["Nothing listens on the member port 4000."],
            id="clustering port closed",
        ),
    ],
)
def test_each_wrong_configuration_has_its_sentence(
    observation: Observation, words: list[str]
) -> None:
    findings = server_findings.findings(observation, EXPECTED)
    text = "\n".join(findings)
    positions = [text.find(word) for word in words]
    assert -1 not in positions, text
    # The cause comes before what follows from it.
    assert positions == sorted(positions)
    assert len(findings) == len(set(findings))


def test_errors_that_are_over_are_no_findings() -> None:
    assert (
        server_findings.findings(
            seen(causes=[PASSWORD, VALIDATION], recent_causes=[PASSWORD]), EXPECTED
        )
        == []
    )


def test_server_without_cluster_and_driver_is_not_asked_for_them() -> None:
    expected = Expected("", "", [], {"HTTPS": 9446}, "", "wso2")
    observation = seen(
        start={"domain": None, "local_member": None, "mounts": {}},
        peers=[],
        driver_readable=None,
        listening=[9446],
    )
    assert server_findings.findings(observation, expected) == []


def test_several_missing_members() -> None:
    [sentence] = server_findings.member_findings(
        seen(peers=[]), EXPECTED._replace(members=["km2", "km3"])
    )
    assert "1 of 3 members here: km2 and km3 are no member" in sentence


def test_only_recent_events_count() -> None:
    now = time.mktime((2026, 1, 1, 12, 0, 0, 0, 0, -1))
    lines = [
        log4j2("Unknown database 'old'", level="ERROR", at="2026-01-01 11:00:00"),
        "Caused by: java.sql.SQLException: Unknown database 'older'",
        log4j2("Unknown database 'new'", level="ERROR", at="2026-01-01 11:59:00"),
        "Caused by: java.sql.SQLException: Unknown database 'newer'",
    ]
    since = server_observation.recently(now, 600)
    assert [sentence for sentence, _fatal in log.explain(lines, since=since)] == [
        "The database new of a datasource does not exist.",
        "The database newer of a datasource does not exist.",
    ]


@pytest.mark.parametrize(
    ("mode", "user", "expected"),
    [
        (0o400, "root", True),
        (0o040, "root", False),
        (0o004, "nobody", True),
        (0o640, "nobody", False),
    ],
)
def test_readable_by_its_mode(tmp_path: Path, mode: int, user: str, expected: bool) -> None:
    if os.getuid() != 0:
        pytest.skip("files of root are needed")
    path = tmp_path / "jar"
    path.write_text("")
    path.chmod(mode)
    assert server_observation.readable_by(str(path), user) is expected


def test_readable_through_the_group_and_by_unknown_users(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("files of other owners are needed")
    path = tmp_path / "jar"
    path.write_text("")
    path.chmod(0o040)
    os.chown(path, 1, 0)
    assert server_observation.readable_by(str(path), "root") is True
    assert server_observation.readable_by(str(path), "no-such-user") is False
    assert server_observation.readable_by(str(tmp_path / "none"), "root") is None


def test_listening_ports() -> None:
    sockets = [
        Socket("0.0.0.0", 9446, "0.0.0.0", 0, "0A"),
        Socket("::", 9446, "::", 0, "0A"),
        Socket("1.1.1.1", 80, "1.1.1.2", 5, "01"),
    ]
    assert server_observation.listening_ports(sockets) == [9446]


def test_young_server_is_asked_again_when_its_connections_were_checked_anew(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    sleeps: list[float] = []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        # After the interval every second login fails, as it does on the real server.
        carbon.login = "true" if len(sleeps) % 2 else "false"

    sentence = server_observation.try_services(config, {"ready_at": 990}, 35, clock.now, sleep)
    assert "refuses the login" in sentence
    assert sleeps[0] == 25
    carbon.login = "true"
    asked = len(carbon.requests)
    assert server_observation.try_services(config, {"ready_at": 10}, 35, clock.now, sleep) == ""
    assert len(carbon.requests) == asked + 3


def test_a_clock_that_went_back_is_not_waited_for(
    config: dict[str, t.Any], carbon: t.Any, clock: t.Any
) -> None:
    sleeps: list[float] = []
    assert (
        server_observation.try_services(config, {"ready_at": 90000}, 35, clock.now, sleeps.append)
        == ""
    )
    assert sleeps[0] == 35


def test_observation_of_a_running_server(
    config: dict[str, t.Any], carbon: t.Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listening = [Socket("0.0.0.0", config["https_port"], "0.0.0.0", 0, health_sockets.LISTEN)]
    monkeypatch.setattr(health_sockets, "read_sockets", lambda: listening)
    record.record_start(config)
    Path(config["log_file"]).write_text(
        log4j2("Access denied for user 'x'", level="WARN", at="2020-01-01 00:00:00") + "\n"
    )
    record.record_ready(
        config,
        {"domain": "d", "local_member": "10.0.0.11:4000", "mounts": {"Connected to mount at a": 2}},
        lambda: 60,
    )
    (tmp_path / "carbon.xml").write_text("changed")
    monkeypatch.setattr(
        "ansible_collections.carbon_ops.key_manager.plugins.module_utils._server.service.service_properties",
        lambda _unit, _run: dict(HEALTHY.properties),
    )
    observation = server_observation.observe(config, "obkm.service", "", "root", 0, run)
    assert observation.services == ""
    assert observation.changed == [str(tmp_path / "carbon.xml")]
    assert observation.listening == [config["https_port"]]
    assert "refuses the account x" in observation.causes[0]
    assert observation.recent_causes == []
    assert server_observation.facts(
        observation, config, EXPECTED._replace(ports={"HTTPS": config["https_port"], "HTTP": 1})
    ) == {
        "name": config["name"],
        "address": "127.0.0.1",
        "ports": {"HTTPS": config["https_port"]},
        "members": [],
        "ready_since": "1970-01-01T00:01:00Z",
        "mounts": ["a"],
        "departed": [],
        "missing": {
            "names": ["km2"],
            "sentence": (
                "The cluster has 1 of 2 members here: km2 is no member of this node's cluster. The"
                " nodes differ in cluster domain, group password or member list, one of them is"
                " down, or a firewall closes the member port."
            ),
        },
        "domain": "d",
        "restarts": 0,
    }
    # A server that does not listen is not asked.
    listening.clear()
    asked = len(carbon.requests)
    assert (
        server_observation.observe(
            config, "obkm.service", "/none.jar", "root", 0, run
        ).driver_readable
        is None
    )
    assert len(carbon.requests) == asked


def test_members_are_shown_by_the_addresses_they_use() -> None:
    config = {
        "name": "km1",
        "address": "km1.bank",
        "member_port": 4000,
        "others": [{"name": "km2", "address": "10.0.0.12"}],
    }
    assert server_observation.facts(HEALTHY, config, EXPECTED)["members"] == [
        "10.0.0.11",
        "10.0.0.12",
    ]


def request(config: dict[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    return {
        "what": "Console",
        "address": "127.0.0.1",
        "port": config["https_port"],
        "host": config["name"],
        "path": "/carbon/admin/login.jsp",
        "status": 200,
        "contains": "login",
        **changes,
    }


def test_requests_through_a_balancer(config: dict[str, t.Any], carbon: t.Any, pki: Path) -> None:
    assert requests.check_request(request(config), config["ca_file"]) == ""
    assert "is not accepted for" in requests.check_request(
        request(config), str(pki / "other-ca.crt")
    )
    assert "cannot be read" in requests.check_request(request(config), "/nowhere")
    assert "HTTP status 200 instead of 404" in requests.check_request(
        request(config, status=404, contains=None), config["ca_file"]
    )
    carbon.page = (200, "")
    assert "not with the page that was expected" in requests.check_request(
        request(config), config["ca_file"]
    )


def api_manager_file(folder: Path, url: str) -> str:
    path = folder / "api-manager.xml"
    path.write_text(
        f"<APIManager><APIKeyValidator><ServerURL>{url}</ServerURL></APIKeyValidator></APIManager>"
    )
    return str(path)


def truststore(folder: Path, pki: Path, ca: str) -> str:
    """A store with the authority, and with a certificate that OpenSSL does not read."""
    authority = jks.Entry("ca", 0, None, [ssl.PEM_cert_to_DER_cert((pki / ca).read_text())])
    path = folder / "client-truststore.jks"
    path.write_bytes(
        jks.write_store([jks.Entry("odd", 0, None, [b"\x30\x00"]), authority], "password")
    )
    return str(path)


@pytest.mark.parametrize(
    ("url", "ca", "words"),
    [
        ("https://localhost:PORT${carbon.context}services/", "ca.crt", ""),
        (
            "https://localhost:PORT${carbon.context}services/",
            "other-ca.crt",
            "fails with the truststore",
        ),
        ("https://localhost:PORT/", "ca.crt", "does not end in services/"),
        ("http://localhost:PORT/services/", "ca.crt", "is no HTTPS URL"),
        ("https://no-such-host.invalid/services/", "ca.crt", "does not resolve on this host"),
        ("", "ca.crt", "has no APIKeyValidator/ServerURL"),
    ],
)
def test_login_as_api_manager_does_it(
    config: dict[str, t.Any],
    pki: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    ca: str,
    words: str,
) -> None:
    # The certificate of the stand-in is for its own name; what leads there is localhost.
    monkeypatch.setattr(requests, "_TrustingServer", _named(config["name"]))
    file = api_manager_file(tmp_path, url.replace("PORT", str(config["https_port"])))
    sentence = requests.check_service_login(
        file,
        "APIKeyValidator/ServerURL",
        truststore(tmp_path, pki, ca),
        "admin",
        config["password"],
    )
    if words:
        assert words in sentence
        assert config["password"] not in sentence
    else:
        assert sentence == ""


def _named(name: str) -> t.Any:
    original = requests._TrustingServer

    def build(host: str, port: int, pem: str) -> t.Any:
        server = original(host, port, pem)
        server.name = name
        return server

    return build


def test_files_that_are_not_there_are_named(config: dict[str, t.Any], tmp_path: Path) -> None:
    assert "api-manager.xml cannot be read" in requests.check_service_login(
        str(tmp_path / "api-manager.xml"), "x", "/none", "admin", "x"
    )
    file = api_manager_file(tmp_path, "https://localhost/services/")
    sentence = requests.check_service_login(
        file, "APIKeyValidator/ServerURL", "/none.jks", "admin", "x"
    )
    assert "/none.jks cannot be read" in sentence


def test_health_errors_know_their_exit_code() -> None:
    assert len(set(errors.EXIT_CODES.values())) == len(errors.EXIT_CODES)
    assert HealthError("TLS", "x").exit_code == errors.EXIT_CODES["TLS"]


def test_cluster_of_two_versions_is_named() -> None:
    expected = EXPECTED._replace(archive="sha256:AAAA")
    assert server_findings.findings(seen(archive="sha256:aaaa"), expected) == []
    # Nothing was noted of a home that was put there by hand.
    assert server_findings.findings(seen(archive=""), expected) == []
    [sentence] = server_findings.findings(seen(archive="sha256:bbbb"), expected)
    assert "came from the archive sha256:bbbb, and the inventory names sha256:AAAA" in sentence
    assert "different versions" in sentence


def test_member_that_left_the_inventory_is_named() -> None:
    [sentence] = server_findings.findings(seen(strangers=["10.0.0.13"]), EXPECTED)
    assert sentence.startswith("10.0.0.13 is a member of this node's cluster")
    assert "decommission" in sentence


@pytest.mark.parametrize(
    ("rows", "further", "expected"),
    [
        pytest.param([("10.0.0.12", 4000, 51000)], [], [], id="node of the inventory"),
        pytest.param([("10.0.0.13", 4000, 51000)], [], ["10.0.0.13"], id="it dialled"),
        pytest.param([("10.0.0.13", 51000, 4000)], [], ["10.0.0.13"], id="this one dialled"),
        pytest.param([("10.0.0.13", 9446, 51000)], [], [], id="another port"),
        pytest.param([("10.0.0.13", 4000, 51000)], ["10.0.0.10-19"], [], id="expected range"),
        pytest.param([("10.0.0.13", 4000, 51000)], ["10.0.0.13"], [], id="expected address"),
        pytest.param([("10.0.0.11", 4000, 51000)], [], [], id="this node itself"),
    ],
)
def test_strangers_among_the_members(
    rows: list[tuple[str, int, int]], further: list[str], expected: list[str]
) -> None:
    config = {
        "address": "10.0.0.11",
        "member_port": 4000,
        "others": [{"name": "km2", "address": "10.0.0.12"}],
    }
    sockets = [
        Socket("10.0.0.11", local, remote, port, health_sockets.ESTABLISHED)
        for remote, local, port in rows
    ]

    def addresses(name: str) -> set[str]:
        return {name}

    found = server_observation.strangers(config, further, sockets, addresses)
    assert found == expected
    alone = {**config, "member_port": 0}
    assert server_observation.strangers(alone, further, sockets, addresses) == []


def test_share_that_is_gone_is_named_and_not_taken_for_changed_files(tmp_path: Path) -> None:
    share, home = tmp_path / "share" / "obkm", tmp_path / "home"
    (share / ".carbon-ops").mkdir(parents=True)
    (share / ".carbon-ops" / "share.json").write_text("{}")
    home.mkdir()
    (home / "deployment").symlink_to(share / "Deployment")
    changed = [str(home / "deployment" / "conf.json"), str(home / "carbon.xml")]
    there = server_observation.with_home(seen(changed=changed), str(home), str(share))
    assert (there.share_there, there.changed) == (True, changed)
    (share / ".carbon-ops" / "share.json").unlink()
    away = server_observation.with_home(seen(changed=changed), str(home), str(share))
    assert (away.share_there, away.changed) == (False, [changed[1]])
    sentences = server_findings.findings(away, EXPECTED._replace(share=str(share)))
    assert sentences[0].startswith(f"The shared file system is not mounted at {share}")
    assert not [sentence for sentence in sentences if "conf.json" in sentence]
    # A host without a share.
    assert server_observation.with_home(seen(), str(home), "").share_there


def test_home_tells_its_archive(tmp_path: Path) -> None:
    (tmp_path / "carbon-ops-archive.json").write_text('{"checksum": "sha256:aaaa"}')
    assert server_observation.with_home(seen(), str(tmp_path), "").archive == "sha256:aaaa"
