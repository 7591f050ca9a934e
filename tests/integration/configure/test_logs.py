# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Logs have a bound, and none overwrites another: log4j of the kernel with the kernel's own file
after a run of configure.yml, and systemd with the file that the role renders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import typing as t
import zipfile
from pathlib import Path

import jinja2
import pytest

from tests.support.paths import REPOSITORY

if t.TYPE_CHECKING:
    from tests.integration.configure.sites import Site

CACHE = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
KERNEL = CACHE / "carbon-ops/downloads/wso2carbon-core-4.7.1.zip"
FILE = "repository/conf/log4j2.properties"
ENTRIES = 5000
WRITER = """
import org.apache.logging.log4j.*;
public class Writer {
  public static void main(String[] names) {
    String filler = "x".repeat(1000);
    for (String name : names)
      for (int i = 0; i < ENTRIES; i++) LogManager.getLogger(name).info("entry {} {}", i, filler);
    LogManager.shutdown();
  }
}
""".replace("ENTRIES", str(ENTRIES))


def write_logs(home: Path, folder: Path) -> Path:
    """Let the kernel's log4j write five megabytes to each of two logs, with the home's file."""
    with zipfile.ZipFile(KERNEL) as archive:
        for name in archive.namelist():
            if re.search("/lib/log4j-(core|api)-", name):
                (folder / Path(name).name).write_bytes(archive.read(name))
    source = folder / "Writer.java"
    source.write_text(WRITER)
    done = subprocess.run(
        ["java", f"-Dcarbon.home={home}", f"-Dlog4j.configurationFile={home / FILE}",
         "-cp", f"{folder}/*", str(source), "org.bank", "AUDIT_LOG"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    # (Of the plugin of WSO2 that knows this one, there is none here.)
    said = [line for line in done.stderr.splitlines() if "ERROR" in line and "appName" not in line]
    assert not said, said
    return home / "repository/logs"


def entries(logs: t.Iterable[Path]) -> list[int]:
    return [
        int(number) for path in logs for number in re.findall(r" entry (\d+)", path.read_text())
    ]


def test_earlier_files_are_numbered_and_the_newest_are_kept(
    site: t.Callable[..., Site], playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    if not KERNEL.exists() or not shutil.which("javac"):
        pytest.skip("the kernel that scripts/demo fetches, or a JDK, is not here")
    made = site(
        source="fixtures",
        product="carbon_4.7.1",
        nodes=1,
        cluster_email_user_names=True,
        cluster_log_files=3,
        cluster_log_file_size=1,
    )
    for home in made.homes.values():
        with zipfile.ZipFile(KERNEL) as archive:
            (home / FILE).write_bytes(archive.read("wso2carbon-core-4.7.1/" + FILE))
    configured = playbook("playbooks/configure.yml", made.inventory)
    assert configured.status == 0, configured.output[-3000:]
    for number, home in enumerate([made.homes["km1"], made.homes["am1"]]):
        other = home / "repository/logs/wso2carbon-trace-messages.log"
        other.parent.mkdir(exist_ok=True)
        other.touch()
        folder = tmp_path / str(number)
        folder.mkdir()
        logs = write_logs(home, folder)
        for stem in ("wso2carbon", "audit"):
            earlier = sorted(logs.glob(stem + "-[0-9]*.log"))
            assert other.exists(), "the log of another appender was taken for an earlier file"
            assert [path.name.split(".")[1] for path in earlier] == ["3", "4", "5"]
            kept = entries([*earlier, logs / f"{stem}.log"])
            assert kept == list(range(kept[0], ENTRIES)), "a file was overwritten"
            assert all(path.stat().st_size < 1.1 * 2**20 for path in earlier)


def cleaning(home: Path, days: int) -> str:
    template = REPOSITORY / "roles/carbon_server/templates/logs.conf.j2"
    return jinja2.Template(template.read_text()).render(
        cluster_node={"home": str(home)}, cluster_log_days=days
    )


@pytest.mark.parametrize("days", [30, 0])
def test_systemd_removes_old_logs_and_none_that_is_written_to(days: int, tmp_path: Path) -> None:
    if not shutil.which("systemd-tmpfiles") or os.geteuid() != 0:
        pytest.skip("systemd-tmpfiles is not here, or this is not root")
    logs = tmp_path / "home/repository/logs"
    logs.mkdir(parents=True)
    old = time.time() - 40 * 86400
    earlier = {
        "wso2carbon.log.2026-01-31",
        "wso2carbon-01-31-2026.1.log",
        "http_access_.2026-01-31.log",
        "tm-01-31-2026.2.out",
    }
    written_to = {"wso2carbon.log", "audit.log", "tm.out", "wso2carbon-trace-messages.log"}
    for name in (*earlier, *written_to):
        (logs / name).touch()
        os.utime(logs / name, (old, old))
    (logs / "wso2carbon.log.2026-02-28").touch()
    (tmp_path / "logs.conf").write_text(cleaning(tmp_path / "home", days))
    # The time of the last change of a file's state cannot be set, so only the one of its content
    # and of its last reading are asked for.
    configuration = (tmp_path / "logs.conf").read_text().replace(" 30d", " am:30d")
    (tmp_path / "logs.conf").write_text(configuration)
    subprocess.run(
        ["systemd-tmpfiles", "--clean", str(tmp_path / "logs.conf")], check=True, timeout=60
    )
    left = {path.name for path in logs.iterdir()}
    kept = written_to | {"wso2carbon.log.2026-02-28"}
    assert left == (kept if days else kept | earlier)
