# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the roles install and write on each operating system, resolved from the facts of such hosts:
none of them is booted here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import load_sources

REPOSITORY = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).parent / "ansible-playbook"


def facts(
    distribution: str, family: str, major: str, minor: int, executable: str = "/usr/bin/python3"
) -> dict[str, t.Any]:
    python = {"executable": executable, "version": {"major": 3, "minor": minor}}
    return {
        "distribution": distribution,
        "os_family": family,
        "distribution_major_version": major,
        "python": python,
    }


HOSTS = {
    "debian12": facts("Debian", "Debian", "12", 11),
    "ubuntu22": facts("Ubuntu", "Debian", "22", 10),
    "ubuntu24": facts("Ubuntu", "Debian", "24", 12),
    "redhat8": facts("RedHat", "RedHat", "8", 9, "/usr/bin/python3.9"),
    "rocky8": facts("Rocky", "RedHat", "8", 12, "/usr/bin/python3.12"),
    "redhat9": facts("RedHat", "RedHat", "9", 9),
    "alma9": facts("AlmaLinux", "RedHat", "9", 11, "/usr/bin/python3.11"),
}
ROLES = ("carbon_server", "certificates", "databases", "firewall", "nginx")
# What is asked of each host: an expression, with the variables of all roles at hand.
ASKED = {
    "edit": "{{ carbon_server_packages }}",
    "health_python": "{{ carbon_server_python }}",
    "java_8": "{{ __products['ob_km_1.5'].java.packages[ansible_facts.os_family] }}",
    "java_17": "{{ __products['carbon_4.7.1'].java.packages[ansible_facts.os_family] }}",
    "keys": "{{ certificates_packages }}",
    "mariadb": "{{ __databases_platforms.mariadb[ansible_facts.os_family] }}",
    "mysql": "{{ __databases_platforms.mysql[ansible_facts.os_family] }}",
    "database_client": "{{ __databases_client_packages }}",
    "postgresql": "{{ __databases_platforms.postgresql[ansible_facts.os_family] }}",
    "postgresql_client": (
        "{{ [__databases_libraries.postgresql] |"
        " carbon_ops.key_manager.python_packages(ansible_facts) }}"
    ),
    "nginx": "{{ __nginx_packages[nginx_edition] }}",
    "nginx_unwanted": "{{ __nginx_unwanted }}",
    "firewall": "{{ __firewall_backend }}",
    "firewall_packages": "{{ __firewall_packages[__firewall_backend] }}",
    "firewall_files": "{{ __firewall_files[__firewall_backend] | map(attribute='path') }}",
}
PLAY = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {cacheable: true, distribution: "{{ facts.distribution }}", os_family: "{{ facts.os_family }}",
        distribution_major_version: "{{ facts.distribution_major_version }}", python: "{{ facts.python }}"}
    - ansible.builtin.copy: {content: "{{ asked | to_json }}", dest: "{{ folder }}/{{ inventory_hostname }}.json", mode: "0600"}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, t.Any]]:
    home = tmp_path_factory.mktemp("platforms")
    variables: dict[str, t.Any] = {}
    for role in ROLES:
        for path in (f"{role}/defaults/main.yml", f"{role}/vars/main.yml"):
            variables.update(yaml.safe_load((REPOSITORY / "roles" / path).read_text()))
    variables["__products"] = load_sources(REPOSITORY / "roles").profiles
    variables["cluster_model"] = {"database": {"engine": "mysql"}}
    variables.update(asked=ASKED, folder=str(home), ansible_python_interpreter=sys.executable)
    inventory = {
        "all": {
            "vars": variables,
            "hosts": {name: {"facts": values} for name, values in HOSTS.items()},
        }
    }
    (home / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (home / "play.yml").write_text(PLAY)
    result = subprocess.run(
        [str(ANSIBLE), "-i", str(home / "hosts.yml"), str(home / "play.yml")],
        cwd=REPOSITORY, env={**os.environ, "ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return {name: json.loads((home / (name + ".json")).read_text()) for name in HOSTS}


DEBIAN = {
    "edit": ["python3-lxml"],
    "health_python": "/usr/bin/python3",
    "java_8": "openjdk-8-jre-headless",
    "java_17": "openjdk-17-jre-headless",
    "keys": ["python3-cryptography"],
    "database_client": ["python3-pymysql"],
    "nginx": ["nginx"],
    "nginx_unwanted": ["/etc/nginx/sites-enabled/default"],
    "firewall": "nftables",
    "firewall_packages": ["nftables"],
    "firewall_files": [
        "/etc/carbon-ops/firewall.nft",
        "/etc/systemd/system/carbon-ops-firewall.service",
    ],
}
RED_HAT = {
    "java_8": "java-1.8.0-openjdk-headless",
    "java_17": "java-17-openjdk-headless",
    "nginx": ["nginx"],
    "nginx_unwanted": [],
    "firewall": "firewalld",
    "firewall_packages": ["firewalld"],
    "firewall_files": ["/etc/firewalld/zones/carbon-ops.xml"],
}
EXPECTED = {
    "debian12": DEBIAN,
    "ubuntu22": DEBIAN,
    "ubuntu24": DEBIAN,
    "redhat8": {
        **RED_HAT, "edit": ["python39-lxml"], "health_python": "/usr/bin/python3.9", "keys": ["python39-cryptography"],
        "database_client": ["python39-PyMySQL"],
    },
    "rocky8": {
        **RED_HAT, "edit": ["python3.12-lxml"], "health_python": "/usr/bin/python3.12", "keys": ["python3.12-cryptography"],
        "database_client": ["python3.12-PyMySQL"],
    },
    "redhat9": {
        **RED_HAT, "edit": ["python3-lxml"], "health_python": "/usr/bin/python3", "keys": ["python3-cryptography"],
        "database_client": ["python3-PyMySQL"],
    },
    "alma9": {
        **RED_HAT, "edit": ["python3.11-lxml"], "health_python": "/usr/bin/python3", "keys": ["python3.11-cryptography"],
        "database_client": ["python3.11-PyMySQL"],
    },
}  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_packages_and_paths(found: dict[str, dict[str, t.Any]], host: str) -> None:
    assert {key: found[host][key] for key in EXPECTED[host]} == EXPECTED[host]


@pytest.mark.parametrize("host", HOSTS)
def test_database_servers(found: dict[str, dict[str, t.Any]], host: str) -> None:
    mariadb, mysql = found[host]["mariadb"], found[host]["mysql"]
    places = (
        "packages",
        "service",
        "socket",
        "settings_file",
        "certificate_directory",
        "reload_certificate",
    )
    if HOSTS[host]["os_family"] == "Debian":
        assert [mariadb[place] for place in places] == [
            ["mariadb-server"], "mariadb", "/run/mysqld/mysqld.sock", "/etc/mysql/mariadb.conf.d/90-carbon-ops.cnf",
            "/etc/mysql/carbon-ops", "FLUSH SSL",
        ]  # fmt: skip
        assert [mysql[place] for place in places] == [
            # Debian itself has none: the role says so, and takes the packages that the operator names.
            [] if host == "debian12" else ["mysql-server"],
            "mysql", "/run/mysqld/mysqld.sock", "/etc/mysql/mysql.conf.d/zz-carbon-ops.cnf", "/etc/mysql/carbon-ops",
            "ALTER INSTANCE RELOAD TLS",
        ]  # fmt: skip
        return
    reload = "" if HOSTS[host]["distribution_major_version"] == "8" else "FLUSH SSL"
    assert [mariadb[place] for place in places] == [
        ["mariadb-server"], "mariadb", "/var/lib/mysql/mysql.sock", "/etc/my.cnf.d/zz-carbon-ops.cnf", "/etc/my.cnf.d/carbon-ops", reload,
    ]  # fmt: skip
    assert [mysql[place] for place in places] == [
        ["mysql-server"], "mysqld", "/var/lib/mysql/mysql.sock", "/etc/my.cnf.d/zz-carbon-ops.cnf", "/etc/my.cnf.d/carbon-ops",
        "ALTER INSTANCE RELOAD TLS",
    ]  # fmt: skip
    assert (mariadb["port_type"], mysql["port_type"]) == ("mysqld_port_t", "mysqld_port_t")


@pytest.mark.parametrize("host", HOSTS)
def test_postgresql_servers(found: dict[str, dict[str, t.Any]], host: str) -> None:
    server, client = found[host]["postgresql"], found[host]["postgresql_client"]
    assert client == [
        found[host]["database_client"][0]
        .replace("PyMySQL", "psycopg2")
        .replace("pymysql", "psycopg2")
    ]
    places = ("packages", "service", "group", "directory", "certificate_directory")
    if HOSTS[host]["os_family"] == "Debian":
        assert [server[place] for place in places] == [
            ["postgresql"], "postgresql", "postgres", "/etc/postgresql", "/etc/postgresql/carbon-ops",
        ]  # fmt: skip
        return
    assert [server[place] for place in places] == [
        ["postgresql-server"], "postgresql", "postgres", "/var/lib/pgsql/data", "/var/lib/pgsql/carbon-ops",
    ]  # fmt: skip
    assert server["initialise"] == ["postgresql-setup", "--initdb"]
    assert server["port_type"] == "postgresql_port_t"
