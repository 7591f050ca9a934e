# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Users of a directory that the Key Managers only read, on a real slapd."""

from __future__ import annotations

import re

from tests.support.molecule_cluster import Cluster

DIRECTORY = "dir1.ldap.example"


def password_of(cluster: Cluster, user: str) -> str:
    return (cluster.generated / f"directory_{user}").read_text().split()[0]


def places(cluster: Cluster) -> list[tuple[str, str]]:
    """From where to log in, and where: on each node, and from each through nginx."""
    nodes = cluster.hosts("key_manager")
    return [
        (node["name"], url)
        for node in nodes
        for url in (cluster.own_url(node), cluster.balanced_url)
    ]


def test_user_of_the_directory_logs_in_everywhere_with_the_right_password_only(
    cluster: Cluster,
) -> None:
    password = password_of(cluster, "alice")
    for caller, url in places(cluster):
        assert cluster.login(caller, url, "alice", password), url
        assert not cluster.login(caller, url, "alice", password_of(cluster, "bob")), url


def test_user_without_the_group_of_the_administrators_is_not_let_in(cluster: Cluster) -> None:
    """The group is the directory's too: bob's password is right, but he stands in none."""
    for caller, url in places(cluster):
        assert not cluster.login(caller, url, "bob", password_of(cluster, "bob")), url


def test_user_added_to_the_directory_is_known_to_both_nodes(cluster: Cluster) -> None:
    """What the directory's owner writes counts without a restart."""
    directory = cluster.on_machine(DIRECTORY)
    suffix = "dc=directory,dc=example"
    entry = (
        f"dn: uid=carol,ou=users,{suffix}\nobjectClass: inetOrgPerson\nuid: carol\ncn: carol\nsn:"
        f" carol\nuserPassword: carols-own\n\ndn: cn=admin,ou=groups,{suffix}\nchangetype:"
        f" modify\nadd: member\nmember: uid=carol,ou=users,{suffix}\n"
    )
    manager = f"-x -H ldapi:/// -D cn=admin,{suffix} -y /root/.directory_manager"
    directory.check_output(f"ldapmodify -a {manager} <<'END'\n{entry}END")
    try:
        for caller, url in places(cluster):
            assert cluster.login(caller, url, "carol", "carols-own"), url
    finally:
        undo = (
            f"dn: cn=admin,ou=groups,{suffix}\nchangetype: modify\ndelete: member\nmember:"
            f" uid=carol,ou=users,{suffix}\n"
        )
        directory.check_output(f"ldapmodify {manager} <<'END'\n{undo}END")
        directory.check_output(f"ldapdelete {manager} uid=carol,ou=users,{suffix}")


def test_no_user_stands_in_the_database(cluster: Cluster) -> None:
    database = next(each["name"] for each in cluster.status["databases"] if each["id"] == "user")
    host = cluster.on(cluster.hosts("database")[0]["name"])
    assert (
        host.check_output(
            "mysql --batch --skip-column-names %s --execute 'SELECT COUNT(*) FROM UM_USER'",
            database,
        )
        == "0"
    )


def test_one_user_store_is_active_and_reads_only(cluster: Cluster) -> None:
    for node in cluster.hosts("key_manager"):
        text = cluster.on(node["name"]).check_output(
            "cat %s/repository/conf/user-mgt.xml", node["home"]
        )
        active = [
            line for line in text.splitlines() if line.strip().startswith("<UserStoreManager ")
        ]
        assert len(active) == 1 and "UniqueIDReadOnlyLDAPUserStoreManager" in active[0], node[
            "name"
        ]


def test_directory_is_reached_over_tls_only(cluster: Cluster) -> None:
    directory = cluster.on_machine(DIRECTORY)
    assert directory.socket("tcp://0.0.0.0:636").is_listening
    assert not directory.socket("tcp://0.0.0.0:389").is_listening


def test_directory_is_trusted_because_of_the_inventory(cluster: Cluster) -> None:
    certificate = (cluster.generated / "directory.crt").read_text().strip()
    for host in cluster.hosts():
        machine = cluster.on(host["name"])
        assert certificate in machine.file("/etc/carbon-ops/pki/ca.crt").content_string
        # Read as the file's readers do it: each certificate has lines of its own.
        subjects = machine.check_output(
            "openssl crl2pkcs7 -nocrl -certfile /etc/carbon-ops/pki/ca.crt | openssl pkcs7"
            " -print_certs -noout"
        )
        assert re.findall(r"^subject=CN ?= ?(.*)$", subjects, re.M) == [
            "obkm certificate authority",
            DIRECTORY,
        ], host["name"]
