# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a machine that is none of the cluster's gets to see of it from within the cluster's network,
in a network namespace of its own.

No firewall is set up for this (`firewall_state` is off by default): what is closed is closed
because nothing listens, or nobody answers.
"""

from __future__ import annotations

import json
import subprocess
import typing as t
import uuid
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils import _ports as ports
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._firewall import port_rules

from tests.support.running_cluster import Cluster, docker

pytestmark = pytest.mark.cluster

# Every port of every address, or those that are named. A port that is closed refuses at once; one
# that drops is waited for. A port that takes a connection and ends it without a word has turned it
# away: so does the one that a Java machine has for programs on its own host, at a number of its
# choice.
SCAN = """
import json, select, socket, sys
addresses = json.loads(sys.argv[1])
wanted = json.loads(sys.argv[2]) if len(sys.argv) > 2 else range(1, 65536)
found = {}
for address in addresses:
    answered, waiting = [], {}
    poll = select.poll()
    todo = iter(wanted)
    more = True
    while more or waiting:
        while more and len(waiting) < 400:
            port = next(todo, None)
            if port is None:
                more = False
                break
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex((address, port))
            waiting[client.fileno()] = (client, port)
            poll.register(client, select.POLLOUT)
        events = poll.poll(3000)
        for number, _event in events or [(number, None) for number in waiting]:
            client, port = waiting.pop(number)
            poll.unregister(client)
            if events and client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                answered.append(port)
            client.close()
    found[address] = []
    for port in answered:
        with socket.create_connection((address, port), 5) as client:
            client.settimeout(2)
            try:
                silent = client.recv(1) == b""
            except socket.timeout:
                silent = False
            except OSError:
                silent = True
        if not silent:
            found[address].append(port)
print(json.dumps(found))
"""
# Requests with a host name of their own at an address of the caller's choice, trusting the
# cluster's authority alone.
ASK = """
import http.client, json, socket, ssl, sys
trusted, requests = json.load(sys.stdin)
context = ssl.create_default_context(cadata=trusted)
answers = []
for address, port, name, path in requests:
    connection = http.client.HTTPSConnection(name, port, timeout=15, context=context)
    plain = socket.create_connection((address, port), 15)
    connection.sock = context.wrap_socket(plain, server_hostname=name)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", name)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read(65536).decode("latin-1")
    answers.append([answer.status, [[key.lower(), value] for key, value in answer.getheaders()], body])
    connection.close()
print(json.dumps(answers))
"""
# Which of the places speak TLS, and what is wrong with the certificate that each shows there: nothing
# where the cluster's authority vouches for it, as for the stock one it cannot.
CERTIFICATES = """
import json, socket, ssl, sys
trusted, places = json.load(sys.stdin)

def shown(address, port, name, verified):
    context = ssl.create_default_context(cadata=trusted)
    context.check_hostname = False
    if not verified:
        context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((address, port), 5) as plain:
            with context.wrap_socket(plain, server_hostname=name) as secure:
                return "" if secure.getpeercert(True) else "no certificate"
    except OSError as error:
        return str(error) or "no answer"

print(json.dumps([
    [address, port, name, shown(address, port, name, True)]
    for address, port, name in places
    if shown(address, port, name, False) == ""
]))
"""
GREETING = """
import socket, sys
client = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
client.settimeout(10)
print(client.recv(200).hex())
"""
# Servers that Carbon has but the cluster has no use for, or that give out more than they ask for.
CLOSED = (
    "jmx_registry",
    "jmx_server",
    "embedded_ldap",
    "kdc",
    "thrift_entitlement",
    "thrift_key_validator",
    "jndi",
)


class Foreign:
    """A machine with an address in the network of the cluster, or in another one, which the
    inventory does not name."""

    def __init__(self, cluster: Cluster, network: str = "") -> None:
        host = cluster.balancer["name"]
        network = (
            network
            or docker(
                "inspect",
                "--format",
                "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}",
                host,
            ).split()[0]
        )
        image = docker("inspect", "--format", "{{.Image}}", host).strip()
        self.name = "carbon-ops-foreign-" + uuid.uuid4().hex[:8]
        docker(
            "run",
            "--detach",
            "--rm",
            "--name",
            self.name,
            "--network",
            network,
            "--entrypoint",
            "sleep",
            image,
            "1800",
        )

    def run(self, script: str, *arguments: str, data: str = "", timeout: float = 240) -> t.Any:
        command = [
            "docker",
            "exec",
            "--interactive",
            self.name,
            "python3",
            "-c",
            script,
            *arguments,
        ]
        done = subprocess.run(
            command, input=data, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def remove(self) -> None:
        docker("rm", "--force", self.name, check=False)


@pytest.fixture(scope="module")
def foreign(cluster: Cluster) -> t.Iterator[Foreign]:
    machine = Foreign(cluster)
    yield machine
    machine.remove()


@pytest.fixture(scope="module")
def answering(cluster: Cluster, foreign: Foreign) -> dict[str, list[int]]:
    """The ports that answer, by the name of the host."""
    addresses = {host["address"]: name for name, host in cluster.model["hosts"].items()}
    found = json.loads(foreign.run(SCAN, json.dumps(list(addresses))))
    return {addresses[address]: list(answered) for address, answered in found.items()}


@pytest.fixture(scope="module")
def outsider(cluster: Cluster) -> t.Iterator[Foreign]:
    """A machine whose network is not the cluster's."""
    network = "carbon-ops-outside-" + uuid.uuid4().hex[:8]
    docker("network", "create", network)
    try:
        machine = Foreign(cluster, network)
        yield machine
        machine.remove()
    finally:
        docker("network", "rm", network, check=False)


def test_from_another_network_nothing_is_reached(
    cluster: Cluster, foreign: Foreign, outsider: Foreign
) -> None:
    """What the inventory opens to networks is open in the cluster's own alone: no host passes
    anything on, and none listens elsewhere."""
    addresses = [host["address"] for host in cluster.model["hosts"].values()]
    numbers = sorted(
        {
            int(rule["port"])
            for name in cluster.model["hosts"]
            for rule in port_rules(cluster.model, name, {})
        }
    )
    asked = json.dumps(addresses), json.dumps(numbers)
    assert any(json.loads(foreign.run(SCAN, *asked)).values()), (
        "nobody is reached from within either, so this proves nothing"
    )
    assert {
        address: found for address, found in json.loads(outsider.run(SCAN, *asked)).items() if found
    } == {}


def test_only_ports_of_the_port_table_answer(
    cluster: Cluster, answering: dict[str, list[int]]
) -> None:
    """The very table that the firewalls are made of; and the plain port of API Manager, which a
    firewall would close."""
    for name, answered in answering.items():
        named = {int(rule["port"]) for rule in port_rules(cluster.model, name, {})}
        named |= {
            host["ports"]["http"] for host in cluster.model["api_managers"] if host["name"] == name
        }
        assert answered, f"{name} answers nowhere, so this proves nothing"
        assert set(answered) <= named, (
            f"{name} answers where nobody has business: {sorted(set(answered) - named)}"
        )


def test_no_management_port_answers(cluster: Cluster, answering: dict[str, list[int]]) -> None:
    for host in cluster.nodes + cluster.model["api_managers"]:
        closed = {name: host["ports"][name] for name in CLOSED} | {
            name + " without offset": ports.PORTS[name].base for name in CLOSED
        }
        wrong = {name: port for name, port in closed.items() if port in answering[host["name"]]}
        assert not wrong, host["name"]


def test_no_port_shows_a_key_that_others_have(
    cluster: Cluster, foreign: Foreign, answering: dict[str, list[int]]
) -> None:
    """The private key of the stock certificate is in every copy of the product. Every port that
    speaks TLS shows a certificate of the cluster's authority instead, whatever name it is asked
    for."""
    addresses = {name: host["address"] for name, host in cluster.model["hosts"].items()}
    names = [None, cluster.model["hostname"], cluster.model["management_hostname"]]
    places = [
        [addresses[host], port, name]
        for host, ports_of_host in answering.items()
        for port in ports_of_host
        for name in names
    ]
    trusted = Path(cluster.ca_file).read_text()
    found = json.loads(foreign.run(CERTIFICATES, data=json.dumps([trusted, places])))
    spoken = {(address, port) for address, port, _name, _error in found}
    for server in cluster.nodes + cluster.model["api_managers"]:
        assert (server["address"], server["ports"]["https"]) in spoken, server["name"]
    balancer = cluster.balancer["address"]
    for port in (cluster.model["public_port"], cluster.model["internal_port"]):
        assert (balancer, port) in spoken, port
    assert [place for place in found if place[3]] == []


def test_the_member_port_is_bound_to_the_address_of_the_cluster(
    cluster: Cluster, answering: dict[str, list[int]]
) -> None:
    for node in cluster.nodes:
        listening = cluster.on(
            node,
            "ss",
            "--no-header",
            "--listening",
            "--tcp",
            "--numeric",
            "sport = :{0}".format(node["member_port"]),
        )
        places = {
            line.split()[3].replace("[::ffff:", "").replace("]", "")
            for line in listening.splitlines()
        }
        assert places == {"{0}:{1}".format(node["address"], node["member_port"])}
        # Beside the members' port none of the ports that Hazelcast would take when the first is
        # taken.
        assert not {node["member_port"] + step for step in range(1, 100)} & set(
            answering[node["name"]]
        )


@pytest.fixture(scope="module")
def ask(cluster: Cluster, foreign: Foreign) -> t.Callable[..., list[t.Any]]:
    trusted = Path(cluster.ca_file).read_text()

    def asked(name: str, paths: list[str], port: int = 0) -> list[t.Any]:
        requests = [
            [cluster.balancer["address"], port or cluster.model["public_port"], name, path]
            for path in paths
        ]
        return list(json.loads(foreign.run(ASK, data=json.dumps([trusted, requests]))))

    return asked


CONSOLE = [
    *(
        "/carbon/",
        "/carbon/admin/login.jsp",
        "/carbon",
        "/services/",
        "/services/AuthenticationAdmin",
        "/services/UserAdmin?wsdl",
    ),
    *(
        "/carbon/../services/",
        "/oauth2/..;/services/",
        "/oauth2/..;/carbon/",
        "/oauth2/%2e%2e/services/",
        "//carbon/",
        "/registry/",
        "/",
    ),
    *(
        "/oauth2/..%2fservices/",
        "/oauth2/;/../services/",
        "/fileupload/",
        "/t/x/services/",
        "/t/x/carbon/",
    ),
]


def test_the_public_host_name_has_neither_console_nor_services(
    cluster: Cluster, ask: t.Callable[..., list[t.Any]]
) -> None:
    answers = ask(cluster.model["hostname"], CONSOLE)
    assert {
        path: answer[0]
        for path, answer in zip(CONSOLE, answers)
        if answer[0] not in (400, 403, 404)
    } == {}


def test_the_port_of_api_manager_is_closed_to_strangers(
    cluster: Cluster, ask: t.Callable[..., list[t.Any]]
) -> None:
    paths = ["/services/", "/services/AuthenticationAdmin", "/oauth2/introspect", "/"]
    for name in (cluster.model["hostname"], cluster.model["management_hostname"]):
        assert {answer[0] for answer in ask(name, paths, cluster.model["internal_port"])} <= {
            403,
            404,
        }


def test_answers_carry_the_security_headers(
    cluster: Cluster, ask: t.Callable[..., list[t.Any]]
) -> None:
    (console,) = ask(cluster.model["management_hostname"], ["/carbon/admin/login.jsp"])
    (refused,) = ask(cluster.model["hostname"], ["/carbon/"])
    for status, pairs, _body in (console, refused):
        headers = dict(pairs)
        assert headers["strict-transport-security"].startswith("max-age="), status
        assert headers["x-content-type-options"] == "nosniff", status
        assert "x-powered-by" not in headers, status
        assert not [
            name
            for name, value in pairs
            if name == "server" and any(character.isdigit() for character in value)
        ], status
    headers = dict(console[1])
    assert console[0] == 200 and headers["x-frame-options"] in ("SAMEORIGIN", "DENY")
    cookies = [value for name, value in console[1] if name == "set-cookie"]
    assert cookies and all(
        "secure" in cookie.lower() and "httponly" in cookie.lower() for cookie in cookies
    ), cookies


def test_no_answer_tells_of_a_node(cluster: Cluster, ask: t.Callable[..., list[t.Any]]) -> None:
    """But for the inventory name in the cookies that keep a session on its node, which
    docs/security.md says: an address is not even there."""
    addresses = [node["address"] for node in cluster.nodes]
    names = [node["name"] for node in cluster.nodes]
    for name, paths in (
        (cluster.model["hostname"], ["/oauth2/", "/carbon/"]),
        (cluster.model["management_hostname"], ["/", "/carbon/"]),
    ):
        for status, pairs, body in ask(name, paths):
            whole = json.dumps(pairs) + body
            assert [found for found in addresses if found in whole] == [], (name, status)
            others = json.dumps([pair for pair in pairs if pair[0] != "set-cookie"]) + body
            assert [found for found in names if found in others] == [], (name, status)


def test_the_database_turns_strangers_away_before_they_name_an_account(
    cluster: Cluster, foreign: Foreign
) -> None:
    database = cluster.model["database"]
    if database["engine"] != "mysql":
        # Only these turn a host away before it says who it is; PostgreSQL does so by pg_hba.conf,
        # after the name of the account.
        pytest.skip("only MariaDB and MySQL have a greeting that turns strangers away")
    packet = bytes.fromhex(foreign.run(GREETING, database["host"], str(database["port"])).strip())
    # Error 1130, "Host … is not allowed to connect", in place of the greeting that asks for a
    # login.
    assert (packet[4], int.from_bytes(packet[5:7], "little")) == (0xFF, 1130), packet


def test_no_private_key_stands_in_a_journal(cluster: Cluster) -> None:
    """Modules write their arguments there; a key among them stood in it once, with its line breaks
    written as \\n."""
    for name in cluster.model["hosts"]:
        journal = docker("exec", name, "journalctl", "--no-pager")
        assert "ansible" in journal, f"{name} has no journal of a run, so this proves nothing"
        found = [line[:200] for line in journal.splitlines() if "PRIVATE KEY-----" in line]
        assert not found, (name, len(found), found[0])
