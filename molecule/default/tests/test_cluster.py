# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The cluster as its clients, its nodes and its operators see it."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import subprocess
import typing as t

import pytest
import yaml

from tests.support.molecule_cluster import Cluster


def fetch(cluster: Cluster, address: str, port: int, name: str, path: str) -> tuple[int, str]:
    """GET over TLS from an address whose certificate must be good for the name, by the cluster's
    own authority."""
    with socket.create_connection((address, port), 10) as raw, cluster.context().wrap_socket(
        raw, server_hostname=name
    ) as secure:
        connection = http.client.HTTPSConnection(name, port)
        connection.sock = secure
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")


def test_every_node_is_healthy_and_sees_every_other(cluster: Cluster, journal: None) -> None:
    names = {host["name"] for host in cluster.hosts("key_manager")}
    assert len(names) == 2
    for name, answer in cluster.status["answers"].items():
        assert answer["healthy"], f"{name}: {answer['sentence']}"
        assert set(answer["members"]) == names


def test_members_are_connected_by_their_own_addresses(cluster: Cluster) -> None:
    nodes = cluster.hosts("key_manager")
    # Either of two members may have opened the connection between them.
    ports = " or ".join(
        f"sport = :{port} or dport = :{port}"
        for port in sorted({node["member_port"] for node in nodes})
    )
    for node in nodes:
        rows = cluster.on(node["name"]).check_output(f"ss -tnH state established '( {ports} )'")
        peers = {
            re.sub(r"^\[?(?:::ffff:)?|\]?:\d+$", "", row.split()[3]) for row in rows.splitlines()
        }
        assert peers == {other["address"] for other in nodes if other is not node}, rows


@pytest.mark.parametrize("role", ["key_manager", "load_balancer", "database", "api_manager"])
def test_service_runs_at_every_boot(cluster: Cluster, role: str) -> None:
    for host in cluster.hosts(role):
        service = cluster.on(host["name"]).service(cluster.service(host))
        assert service.is_running, host["name"]
        assert service.is_enabled, host["name"]


def test_servers_do_not_run_as_root(cluster: Cluster) -> None:
    for node in cluster.hosts("key_manager"):
        users = cluster.on(node["name"]).check_output("ps -C java -o user:20=").split()
        assert users
        assert "root" not in users


def limits(cluster: Cluster, node: dict[str, t.Any], process: str, what: str) -> tuple[str, ...]:
    """The soft limit and the hard one of a process."""
    found = re.search(
        rf"^Max {what} +(\S+) +(\S+) ",
        cluster.on(node["name"]).check_output("cat /proc/%s/limits", process),
        re.M,
    )
    assert found, what
    return found.groups()


def asked(cluster: Cluster, node: dict[str, t.Any], number: int, what: str) -> tuple[str, str]:
    """The number, or less where Docker itself may not give its containers as many."""
    most = limits(cluster, node, "1", what)[1]
    given = str(number if most == "unlimited" else min(number, int(most)))
    return given, given


def test_servers_may_open_as_many_files_and_processes_as_the_product_asks_for(
    cluster: Cluster,
) -> None:
    for node in cluster.hosts("key_manager", "api_manager"):
        host = cluster.on(node["name"])
        process = host.check_output(
            "systemctl show --property=MainPID --value %s", cluster.service(node)
        )
        assert limits(cluster, node, process, "open files") == asked(
            cluster, node, 65535, "open files"
        )
        assert limits(cluster, node, process, "processes") == asked(
            cluster, node, 20000, "processes"
        )


def test_the_names_of_the_service_stand_in_the_file_of_hosts(cluster: Cluster) -> None:
    names = {cluster.status["hostname"], cluster.status["management_hostname"]}
    for host in cluster.hosts("key_manager", "api_manager"):
        lines = cluster.on(host["name"]).check_output("cat /etc/hosts").splitlines()
        entries = [line.split("#")[0].split() for line in lines]
        found = {name: words[0] for words in entries for name in words[1:] if name in names}
        assert found == dict.fromkeys(names, cluster.status["load_balancer"]), host["name"]


def test_servers_own_what_they_write_and_cannot_write_their_code_or_configuration(
    cluster: Cluster,
) -> None:
    for node in [*cluster.hosts("key_manager"), *cluster.hosts("api_manager")]:
        machine, home = cluster.on(node["name"]), node["home"]
        # Of everything that is no link: what the service user could write to, as itself.
        found = machine.check_output(
            "runuser -u wso2 -- find %s -not -type l -writable -not -path"
            " '*/repository/deployment*' -printf '%%P\\n'",
            home,
        ).splitlines()
        allowed = ("lib/tomcat/work", "lib/tomcat/conf/Catalina", "repository/components/default", "repository/components/dropins",
                   "repository/components/patches/.metadata", "repository/data", "repository/database", "repository/logs",
                   "repository/tenants", "solr", "tmp", "wso2carbon.pid")  # fmt: skip
        assert [path for path in found if not path.startswith(allowed)] == [], node["name"]
        assert {"tmp", "repository/logs", "wso2carbon.pid"} <= set(found), node["name"]
        assert (
            machine.run("runuser -u wso2 -- sh -c 'echo >>%s/repository/conf/carbon.xml'" % home).rc
            != 0
        )
        # What nobody else may read: the home is closed.
        assert machine.check_output("stat --format %%a %s", home).strip().endswith("0")
        # Nothing that the running server wanted to write was refused to it.
        log = machine.check_output(
            "cat %s/repository/logs/wso2carbon.log; journalctl --boot --no-pager --unit %s",
            home,
            node["instance"],
        )
        assert not re.findall(
            r".*(?:ermission denied|Read-only file system|Cannot write wso2carbon.pid).*", log
        ), node["name"]


READ_ALL = (
    "grep --recursive --files-with-matches --fixed-strings --file=- --devices=skip /etc /home /opt"
    " /root /run /srv /tmp /usr/local /var"
)


def test_a_stranger_with_an_account_on_a_host_reads_no_password(cluster: Cluster) -> None:
    """No file that anything wrote, and no log: looked through as an account that is in no group,
    with every secret of the inventory."""
    secrets = "\n".join(yaml.safe_load((cluster.generated / "secrets.yml").read_text()).values())
    assert len(secrets) > 100

    def files_with_secrets(machine: str, account: str) -> list[str]:
        # The secrets come through a pipe: as arguments they would stand in the process list.
        command = ["docker", "exec", "--interactive", "--user", account, machine, *READ_ALL.split()]
        done = subprocess.run(
            command, input=secrets, capture_output=True, text=True, timeout=120, check=False
        )
        # 2 where a folder could not be opened.
        assert done.returncode in (0, 1, 2), done.stderr
        return done.stdout.split()

    for machine in sorted(set(cluster.status["machines"].values())):
        assert files_with_secrets(machine, "nobody") == [], machine
    node = cluster.hosts("key_manager")[0]
    found = files_with_secrets(cluster.status["machines"][node["name"]], "root")
    assert f"{node['home']}/repository/conf/user-mgt.xml" in found, (
        "root finds none where one is, so a stranger's search proves nothing"
    )


def test_console_answers_through_nginx(cluster: Cluster) -> None:
    status = cluster.status
    code, body = fetch(
        cluster,
        status["load_balancer"],
        int(status["public_port"]),
        status["management_hostname"],
        "/carbon/admin/login.jsp",
    )
    assert code == 200
    assert 'name="username"' in body


def test_each_node_shows_a_certificate_of_the_made_authority(cluster: Cluster) -> None:
    for node in cluster.hosts("key_manager"):
        code, _body = fetch(
            cluster,
            node["address"],
            int(node["ports"]["https"]),
            node["name"],
            "/carbon/admin/login.jsp",
        )
        assert code == 200, node["name"]


def test_a_name_that_is_not_the_clusters_is_not_certified(cluster: Cluster) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        fetch(
            cluster,
            cluster.status["load_balancer"],
            int(cluster.status["public_port"]),
            "elsewhere.example",
            "/",
        )


def test_registry_mounts_are_live(cluster: Cluster) -> None:
    for node in cluster.hosts("key_manager"):
        log = cluster.on(node["name"]).check_output(
            "cat %s/repository/logs/wso2carbon.log", node["home"]
        )
        start = log.rindex("Starting WSO2 Carbon")
        assert set(re.findall(r"Connected to mount at (\w+)", log[start:])) == {
            "configRegistry",
            "governanceRegistry",
        }, node["name"]


def test_login_through_nginx_by_name_is_true_with_the_right_password_only(cluster: Cluster) -> None:
    # From where API Manager calls; where there is none, from the nodes, which the internal listener
    # lets in as well.
    for host in cluster.hosts("api_manager") or cluster.hosts("key_manager"):
        assert cluster.login(
            host["name"], cluster.balanced_url, cluster.status["admin_user"], cluster.admin_password
        ), host["name"]
        assert not cluster.login(
            host["name"], cluster.balanced_url, cluster.status["admin_user"], "not-the-password"
        ), host["name"]
