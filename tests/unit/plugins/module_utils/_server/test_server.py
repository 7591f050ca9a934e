# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Java, product home, libraries; when a restart is owed; when a balancer is drained."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._command import Done
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import (
    record,
    sockets,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.errors import (
    HealthError,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health.sockets import Socket
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home import (
    brought,
    installation,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import (
    accounts,
    drain,
    java_runtime,
    machine,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import (
    service as server_service,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server.java_runtime import (
    Java,
)

from tests.support.commands import run


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('openjdk version "1.8.0_292"\nOpenJDK Runtime Environment', ("1.8.0_292", 8)),
        ('openjdk version "17.0.12" 2024-07-16', ("17.0.12", 17)),
        ('Picked up JAVA_TOOL_OPTIONS: -Dx\njava version "11" 2018-09-25', ("11", 11)),
        ('openjdk version "21-ea" 2023-09-19', ("21-ea", 21)),
        ("bash: java: command not found", ("", 0)),
    ],
)
def test_version_of_java(output: str, expected: tuple[str, int]) -> None:
    assert java_runtime.java_feature(output) == expected


@pytest.mark.parametrize(
    ("feature", "versions", "accepted"),
    [
        (8, [8], True),
        (11, [8], False),
        (11, [11, 17], True),
        (14, [11, 17], True),
        (21, [11, 17], False),
        (8, [], False),
    ],
)
def test_versions_are_a_range(feature: int, versions: list[int], accepted: bool) -> None:
    assert java_runtime.java_accepted(feature, versions) is accepted


VERSIONS = {
    "/jvm/8": 'version "1.8.0_292"',
    "/jvm/11": 'version "11.0.2"',
    "/jvm/17": 'version "17.0.12"',
    "/jvm/broken": "Segmentation fault",
}


@pytest.mark.parametrize(
    ("given", "versions", "expected"),
    [
        ("", [8], Java("/jvm/8", "1.8.0_292", 8)),
        ("", [11, 17], Java("/jvm/17", "17.0.12", 17)),
        # Nothing fits: the first that works, so that the refusal can name it.
        ("", [21], Java("/jvm/17", "17.0.12", 17)),
        # A given home is used or refused, never replaced by another.
        ("/jvm/11", [8], Java("/jvm/11", "11.0.2", 11)),
        ("/jvm/broken", [8], None),
    ],
)
def test_java_that_is_used(given: str, versions: list[int], expected: Java | None) -> None:
    candidates = ["/jvm/broken", "/jvm/17", "/jvm/11", "/jvm/8"]

    def answer(command: t.Sequence[str]) -> Done:
        assert list(command[1:]) == ["-version"]
        return Done(0, "", VERSIONS[command[0].rpartition("/bin/")[0]])

    assert java_runtime.find_java(given, versions, candidates, answer) == expected


def fake_java(folder: Path, version: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)
    return java


def test_command_comes_before_the_packages(tmp_path: Path) -> None:
    for version in ("8", "17"):
        fake_java(tmp_path / "jvm" / version, version)
    (tmp_path / "java").symlink_to(tmp_path / "jvm" / "8" / "bin" / "java")
    candidates = java_runtime.java_candidates(
        str(tmp_path / "jvm"), lambda _name: str(tmp_path / "java")
    )
    assert candidates == [str(tmp_path / "jvm" / "8"), str(tmp_path / "jvm" / "17")]
    assert java_runtime.find_java("", [17], candidates, run) == Java(
        str(tmp_path / "jvm" / "17"), "17", 17
    )
    assert java_runtime.java_candidates(str(tmp_path / "none"), lambda _name: None) == []
    assert java_runtime.find_java("", [17], ["/nowhere"], run) is None


def product(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "wso2server.sh").write_text("#!/bin/sh\n")
    return folder


def test_states_of_a_home(tmp_path: Path) -> None:
    assert installation.home_state(str(tmp_path / "none")) == "absent"
    assert installation.home_state(str(tmp_path)) == "empty"
    (tmp_path / "file").write_text("")
    assert installation.home_state(str(tmp_path)) == "foreign"
    assert installation.home_state(str(tmp_path / "file")) == "foreign"
    assert installation.home_state(str(product(tmp_path / "home"))) == "carbon"


@pytest.mark.parametrize(
    ("state", "has_archive", "words"),
    [
        ("foreign", True, "exists but is not a Carbon home"),
        ("absent", False, "Set cluster_product_archive"),
        ("empty", False, "Set cluster_product_archive"),
        ("absent", True, ""),
        ("empty", True, ""),
        ("carbon", False, ""),
    ],
)
def test_home_that_is_refused(tmp_path: Path, state: str, has_archive: bool, words: str) -> None:
    if not words:
        installation.refuse_home(str(tmp_path), state, has_archive)
        return
    with pytest.raises(OperatorError, match=words):
        installation.refuse_home(str(tmp_path), state, has_archive)


def test_product_that_regenerates_its_files_is_refused(tmp_path: Path) -> None:
    home = product(tmp_path / "home")
    (home / "repository" / "conf").mkdir(parents=True)
    (home / "repository" / "conf" / "deployment.toml").write_text("")
    with pytest.raises(OperatorError, match=r"deployment\.toml.*at every start"):
        installation.refuse_home(str(home), "carbon", True)


@pytest.mark.parametrize(
    ("checksum", "words"),
    [
        ("sha256:" + hashlib.sha256(b"zip").hexdigest().upper(), ""),
        ("sha512:" + hashlib.sha512(b"zip").hexdigest(), ""),
        ("sha256:" + "0" * 64, "does not have the checksum"),
        (hashlib.sha256(b"zip").hexdigest(), "must be an algorithm and its digits"),
        ("md5:" + hashlib.md5(b"zip").hexdigest(), "must be an algorithm and its digits"),
        ("sha256:", "must be an algorithm and its digits"),
        ("crc:12", "must be an algorithm and its digits"),
    ],
)
def test_checksums(tmp_path: Path, checksum: str, words: str) -> None:
    path = tmp_path / "zip"
    path.write_bytes(b"zip")
    if not words:
        with brought.checked(str(path), checksum, "The product archive") as stream:
            assert stream.read() == b"zip"
        return
    with pytest.raises(OperatorError, match=words):
        brought.checked(str(path), checksum, "The product archive").__enter__()


FILES = {
    "wso2-obkm-1.5.0/": None,
    "wso2-obkm-1.5.0/bin/": None,
    "wso2-obkm-1.5.0/bin/wso2server.sh": "#!/bin/sh\n",
    "wso2-obkm-1.5.0/bin/native": "elf",
    "wso2-obkm-1.5.0/repository/conf/carbon.xml": "<Server/>\r\n",
    "wso2-obkm-1.5.0/repository/tenants/": None,
}


def archive(path: Path, files: dict[str, str | None]) -> str:
    with zipfile.ZipFile(path, "w") as target:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o755 if name.endswith("native") else 0o600) << 16
            target.writestr(info, text or "")
    return str(path)


def test_product_is_unpacked_without_its_top_folder(tmp_path: Path) -> None:
    leftover = tmp_path / ".obkm.unpacking-old"
    leftover.mkdir()
    (leftover / "half").write_text("")
    home = tmp_path / "obkm"
    installation.unpack(
        archive(tmp_path / "zip", FILES), str(home), os.getuid(), os.getgid(), "The product archive"
    )
    assert (home / "repository" / "conf" / "carbon.xml").read_bytes() == b"<Server/>\r\n"
    assert (home / "repository" / "tenants").is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["obkm", "zip"]
    modes = {
        path: stat.S_IMODE((home / path).stat().st_mode)
        for path in (".", "bin", "bin/wso2server.sh", "bin/native", "repository/conf/carbon.xml")
    }
    assert modes == {
        ".": 0o750,
        "bin": 0o750,
        "bin/wso2server.sh": 0o750,
        "bin/native": 0o750,
        "repository/conf/carbon.xml": 0o640,
    }
    assert installation.home_state(str(home)) == "carbon"


def test_unpacking_into_an_empty_folder(tmp_path: Path) -> None:
    home = tmp_path / "obkm"
    home.mkdir()
    installation.unpack(
        archive(tmp_path / "zip", FILES), str(home), os.getuid(), os.getgid(), "The product archive"
    )
    assert installation.home_state(str(home)) == "carbon"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({**FILES, "other/file": ""}, "must hold one folder with everything in it"),
        ({**FILES, "wso2-obkm-1.5.0/../../etc/passwd": ""}, "lead out of its folder"),
        ({"wso2-obkm-1.5.0/readme": ""}, r"has no wso2-obkm-1\.5\.0/bin/wso2server\.sh"),
        (
            {**FILES, "wso2-obkm-1.5.0/repository/conf/deployment.toml": ""},
            r"holds repository/conf/deployment\.toml",
        ),
        (None, "is not a zip file"),
    ],
)
def test_archive_that_is_no_product_leaves_nothing_behind(
    tmp_path: Path, files: dict[str, str | None] | None, words: str
) -> None:
    path = tmp_path / "zip"
    if files is None:
        path.write_text("<html>not found</html>")
    else:
        archive(path, files)
    with pytest.raises(OperatorError, match=words):
        installation.unpack(
            str(path), str(tmp_path / "obkm"), os.getuid(), os.getgid(), "The product archive"
        )
    assert [entry.name for entry in tmp_path.iterdir()] == ["zip"]


def test_unpacking_that_breaks_off_is_no_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: t.Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(installation.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space left"):
        installation.unpack(
            archive(tmp_path / "zip", FILES),
            str(tmp_path / "obkm"),
            os.getuid(),
            os.getgid(),
            "The product archive",
        )
    assert [entry.name for entry in tmp_path.iterdir()] == ["zip"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mariadb-java-client-3.4.1.jar", "mariadb-java-client"),
        ("mariadb_java_client_3.4.1_1.0.0.jar", "mariadb-java-client"),
        ("mysql-connector-java-5.1.44-bin.jar", "mysql-connector"),
        ("mysql-connector-j-8.4.0.jar", "mysql-connector"),
        ("mysql_connector_j_8.4.0_1.0.0.jar", "mysql-connector"),
        ("ojdbc8.jar", "ojdbc"),
        ("postgresql-42.7.3.jar", "postgresql"),
        ("mssql-jdbc-12.6.1.jre11.jar", "mssql-jdbc"),
        ("README.txt.config_1.0.0.jar", "readme.txt.config"),
    ],
)
def test_name_of_a_library_without_its_version(name: str, expected: str) -> None:
    assert installation.artifact(name) == expected


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("1.8.0_151", False), ("1.8.0_151-b12", False), ("1.8.0_152", True), ("1.8.0_504", True)],
)
def test_a_release_with_a_known_fault_is_not_used(version: str, accepted: bool) -> None:
    assert java_runtime.java_accepted(8, [8], version, ["1.8.0_151"]) is accepted

    def answer(command: t.Sequence[str]) -> Done:
        found = version if command[0].startswith("/jvm/a/") else "1.8.0_292"
        return Done(0, "", f'openjdk version "{found}"')

    java = java_runtime.find_java("", [8], ["/jvm/a", "/jvm/b"], answer, ["1.8.0_151"])
    assert java is not None
    assert java.home == ("/jvm/a" if accepted else "/jvm/b")


def test_a_bundle_stands_in_dropins_and_nowhere_else(tmp_path: Path) -> None:
    lib, dropins = tmp_path / installation.LIBRARIES, tmp_path / installation.DROPINS
    for folder, names in (
        (lib, ["kubernetes-membership-scheme-1.0.0.jar", "ojdbc8.jar"]),
        (
            dropins,
            [
                "kubernetes-membership-scheme-1.0.0.jar",
                "kubernetes-membership-scheme-0.9.0.jar",
                "kubernetes_membership_scheme_1.0.0_1.0.0.jar",
            ],
        ),
    ):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text(name)
    others = installation.other_versions(
        str(tmp_path), "kubernetes-membership-scheme-1.0.0.jar", installation.DROPINS
    )
    assert sorted(others) == sorted(
        [
            str(lib / "kubernetes-membership-scheme-1.0.0.jar"),
            str(dropins / "kubernetes-membership-scheme-0.9.0.jar"),
            str(dropins / "kubernetes_membership_scheme_1.0.0_1.0.0.jar"),
        ]
    )
    assert sorted(installation.library_checksums(str(tmp_path), installation.DROPINS)) == [
        "kubernetes-membership-scheme-0.9.0.jar",
        "kubernetes-membership-scheme-1.0.0.jar",
        "kubernetes_membership_scheme_1.0.0_1.0.0.jar",
    ]


def test_other_versions_of_a_library_are_found_with_the_bundles_made_of_them(
    tmp_path: Path,
) -> None:
    lib, dropins = tmp_path / installation.LIBRARIES, tmp_path / installation.DROPINS
    for folder, names in (
        (lib, ["mariadb-java-client-3.4.1.jar", "mariadb-java-client-2.7.12.jar", "other-1.0.jar"]),
        (
            dropins,
            [
                "mariadb_java_client_3.4.1_1.0.0.jar",
                "mariadb_java_client_2.7.12_1.0.0.jar",
                "other_1.0_1.0.0.jar",
            ],
        ),
    ):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text(name)
    assert installation.other_versions(str(tmp_path), "mariadb-java-client-3.4.1.jar") == [
        str(lib / "mariadb-java-client-2.7.12.jar"),
        str(dropins / "mariadb_java_client_2.7.12_1.0.0.jar"),
    ]
    assert (
        installation.library_checksums(str(tmp_path))["other-1.0.jar"]
        == "sha256:" + hashlib.sha256(b"other-1.0.jar").hexdigest()
    )


def test_accounts() -> None:
    assert (
        accounts.account_number("root")
        == accounts.group_number("root")
        == accounts.primary_group("root")
        == 0
    )
    assert accounts.account_number("no-such-user") is accounts.group_number("no-such-group") is None
    assert accounts.account_number(None) is accounts.group_number(None) is None


def healthy() -> None:
    return


def sick() -> None:
    raise HealthError("user store", "The login fails.")


ACTIVE = {"ActiveState": "active"}


@pytest.mark.parametrize(
    ("properties", "recorded", "current", "health", "owed", "reason"),
    [
        pytest.param(ACTIVE, "1  /a\n", "1  /a\n", healthy, "", "", id="nothing to do"),
        pytest.param(
            {}, None, "1  /a\n", sick, "start", "The service is inactive.", id="unknown unit"
        ),
        pytest.param(
            {"ActiveState": "failed"},
            "1  /a\n",
            "1  /a\n",
            sick,
            "start",
            "The service is failed.",
            id="failed",
        ),
        pytest.param(
            {"ActiveState": "inactive"},
            "1  /a\n",
            "2  /a\n",
            sick,
            "start",
            "The service is inactive.",
            id="stopped",
        ),
        pytest.param(
            ACTIVE,
            "1  /a\n",
            "2  /a\n",
            healthy,
            "restart",
            "/a changed since the server was started.",
            id="changed file",
        ),
        pytest.param(
            ACTIVE,
            "1  /a\n",
            "1  /a\n2  /b\n",
            healthy,
            "restart",
            "/b changed since",
            id="further file",
        ),
        pytest.param(
            ACTIVE,
            None,
            "1  /a\n",
            healthy,
            "restart",
            "unknown which files the server was started with",
            id="no record",
        ),
        pytest.param(
            ACTIVE,
            "1  /a\n",
            "1  /a\n",
            sick,
            "restart",
            "not healthy. The login fails.",
            id="hung",
        ),
        pytest.param(
            {"ActiveState": "activating"}, "1  /a\n", "1  /a\n", healthy, "", "", id="just starting"
        ),
        pytest.param(
            {"ActiveState": "activating"},
            "1  /a\n",
            "1  /a\n",
            sick,
            "restart",
            "not healthy",
            id="starting in vain",
        ),
    ],
)
def test_when_a_restart_is_owed(
    properties: dict[str, str],
    recorded: str | None,
    current: str,
    health: t.Any,
    owed: str,
    reason: str,
) -> None:
    service = server_service.restart_owed(properties, recorded, current, health)
    assert service.owed == owed
    assert reason in " ".join(service.reasons)
    assert bool(service.reasons) is bool(owed)
    assert service.healthy is (not owed)


def test_state_of_the_service_on_this_host(
    config: dict[str, t.Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "health.json"
    settings.write_text(json.dumps(config))
    monkeypatch.setattr(
        server_service, "service_properties", lambda _unit, _run: {"ActiveState": "active"}
    )
    assert server_service.service_state("obkm", str(settings), 1, 1, run)["owed"] == "restart"
    record.record_start(config)
    started_with = (tmp_path / "carbon.xml").read_bytes()
    state = server_service.service_state("obkm", str(settings), 1, 1, run)
    assert (state["owed"], state["healthy"], state["others_serving"]) == ("", True, [])
    (tmp_path / "carbon.xml").write_text("<Server> </Server>\n")
    state = server_service.service_state("obkm", str(settings), 1, 1, run)
    assert state["reasons"] == [
        "{0} changed since the server was started.".format(tmp_path / "carbon.xml")
    ]
    # In check mode: the run would bring the file back, so no restart would follow; and one that it
    # would change owes one.
    brought_back = {str(tmp_path / "carbon.xml"): hashlib.sha256(started_with).hexdigest()}
    assert (
        server_service.service_state("obkm", str(settings), 1, 1, run, brought_back)["owed"] == ""
    )
    changed = {str(tmp_path / "carbon.xml"): hashlib.sha256(b"<Other/>").hexdigest()}
    assert (
        server_service.service_state("obkm", str(settings), 1, 1, run, changed)["owed"] == "restart"
    )
    # A server that was never set up.
    monkeypatch.setattr(server_service, "service_properties", lambda _unit, _run: {})
    assert (
        server_service.service_state("obkm", str(tmp_path / "none"), 1, 1, run)["owed"] == "start"
    )


def test_server_with_a_restart_owed_serves_meanwhile(
    config: dict[str, t.Any], carbon: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "health.json"
    settings.write_text(json.dumps(config))
    monkeypatch.setattr(
        server_service, "service_properties", lambda _unit, _run: {"ActiveState": "active"}
    )
    record.record_start(config)
    (tmp_path / "carbon.xml").write_text("<Server> </Server>\n")
    state = server_service.service_state("obkm", str(settings), 1, 1, run)
    assert (state["owed"], state["healthy"], state["serving"]) == ("restart", False, True)
    carbon.login = "false"
    state = server_service.service_state("obkm", str(settings), 1, 1, run)
    assert (state["owed"], state["serving"]) == ("restart", False)


def test_cause_of_a_failed_start_comes_from_the_journal(
    config: dict[str, t.Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "health.json"
    settings.write_text(json.dumps(config))
    record.record_start(config, now=lambda: 1700000000.0)
    asked: list[tuple[str, int]] = []

    def causes(unit: str, since: int, _run: t.Any) -> list[str]:
        asked.append((unit, since))
        return ["No memory."]

    monkeypatch.setattr(machine, "journal_causes", causes)
    monkeypatch.setattr(
        server_service, "service_properties", lambda _unit, _run: {"ActiveState": "failed"}
    )
    state = server_service.service_state("obkm", str(settings), 1, 1, run)
    assert state["causes"] == ["No memory."]
    assert asked == [("obkm.service", 1700000000)]


def test_changed_password_of_the_administrator_is_tried_before_anything_hangs_on_it(
    config: dict[str, t.Any], carbon: t.Any, tmp_path: Path
) -> None:
    settings = tmp_path / "health.json"
    settings.write_text(json.dumps(config))
    refused = server_service.administrator_refused
    assert not refused(str(settings), "admin", config["password"])
    assert carbon.requests == []
    assert refused(str(settings), "admin", "new")
    # The user store has the new one already, and the settings are behind.
    settings.write_text(json.dumps({**config, "password": "old"}))
    assert not refused(str(settings), "admin", config["password"])
    # Nobody can log in: the database is away.
    carbon.login = "false"
    settings.write_text(json.dumps(config))
    assert not refused(str(settings), "admin", "new")
    assert not refused(str(tmp_path / "none"), "admin", "new")


def test_properties_of_a_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(
        "#!/bin/sh\nprintf 'ActiveState=active\\nActiveEnterTimestamp=Thu 2026-01-01 00:00:00"
        " UTC\\n\\n'\n"
    )
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert server_service.service_properties("obkm.service", run) == {
        "ActiveState": "active",
        "ActiveEnterTimestamp": "Thu 2026-01-01 00:00:00 UTC",
    }
    monkeypatch.setenv("PATH", "/nowhere")
    assert server_service.service_properties("obkm.service", run) == {}


def connection(remote: str, port: int, state: str = sockets.ESTABLISHED) -> Socket:
    return Socket("10.0.0.21", 40000, remote, port, state)


def test_balancer_is_drained_when_no_connection_to_the_nodes_ports_is_left(clock: t.Any) -> None:
    views = [
        [connection("10.0.0.11", 9446), connection("10.0.0.11", 9766)],
        [connection("10.0.0.11", 9446)],
        [
            connection("10.0.0.11", 9446, "06"),
            connection("10.0.0.11", 22),
            connection("10.0.0.12", 9446),
        ],
    ]
    left = drain.wait_for_drain(
        "10.0.0.11", [9446, 9766], 60, lambda: views.pop(0), clock.now, clock.sleep
    )
    assert left == 0
    assert views == []


def test_waiting_for_a_drain_is_bounded(clock: t.Any) -> None:
    left = drain.wait_for_drain(
        "10.0.0.11", [9446], 5, lambda: [connection("10.0.0.11", 9446)] * 2, clock.now, clock.sleep
    )
    assert left == 2
    assert 1005 <= clock.time < 1006


def test_node_left_out_of_nginx_is_named(tmp_path: Path) -> None:
    assert drain.drained_findings("") == drain.drained_findings(str(tmp_path / "none")) == []
    assert drain.drained_findings(str(tmp_path)) == []
    (tmp_path / "km2.bank.example").touch()
    [sentence] = drain.drained_findings(str(tmp_path))
    assert sentence.startswith(f"km2.bank.example is taken out of nginx by the flag {tmp_path}/km2")


def test_home_notes_the_archive_it_came_from(tmp_path: Path) -> None:
    home = tmp_path / "obkm"
    installation.unpack(
        archive(tmp_path / "zip", FILES),
        str(home),
        os.getuid(),
        os.getgid(),
        "The product archive",
        "sha256:aaaa",
    )
    assert installation.read_origin(str(home)) == {"checksum": "sha256:aaaa", "assumed": False}
    assert stat.S_IMODE((home / "carbon-ops-archive.json").stat().st_mode) == 0o640
    origin = installation.read_origin(str(home))
    installation.refuse_other_archive(str(home), origin, "SHA256:AAAA ")
    installation.refuse_other_archive(str(home), {}, "sha256:bbbb")
    with pytest.raises(OperatorError, match=r"came from .*sha256:aaaa.* another one \(sha256:bbbb"):
        installation.refuse_other_archive(str(home), origin, "sha256:bbbb")


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_note_that_cannot_be_read_is_no_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "carbon-ops-archive.json").write_text(text)
    assert installation.read_origin(str(tmp_path)) == {}
