# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The running cluster the tests look at.

Molecule starts them on the hosts of the scenario. On the hosts of scripts/demo those of the default
one run as ``CARBON_OPS_INVENTORY=inventories/demo pytest molecule/default/tests``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import ssl
import subprocess
import typing as t
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import testinfra
import yaml
from testinfra.host import Host

REPOSITORY = Path(__file__).resolve().parents[2]
HEALTH = (
    "python3 /usr/local/lib/carbon-ops/carbon_health.py --config /etc/carbon-ops/{0}/health.json"
    " --members {1} --json"
)
LOGIN = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    "<a:login"
    ' xmlns:a="http://authentication.services.core.carbon.wso2.org"><a:username>{user}</a:username>'
    "<a:password>{password}</a:password><a:remoteAddress>127.0.0.1</a:remoteAddress></a:login></s:Body></s:Envelope>"
)
# What the roles write, and what the servers run with. Not in it: what servers write themselves
# (logs, databases, work folders).
MANAGED = (
    "/etc/carbon-ops",
    "/etc/hosts",
    "/etc/mysql",
    "/etc/nginx",
    "/etc/systemd/system",
    "/opt/wso2/*/bin",
    "/opt/wso2/*/repository/components/lib",
    "/opt/wso2/*/repository/conf",
    "/opt/wso2/*/repository/deployment",
    "/opt/wso2/*/repository/resources",
    "/opt/wso2/*/repository/tenants",
    "/usr/local/lib/carbon-ops",
)


class Run(t.NamedTuple):
    """One run of a playbook: its output, and the last lines of it as numbers by host."""

    output: str
    recap: dict[str, dict[str, int]]

    @property
    def changed(self) -> dict[str, int]:
        return {host: counts["changed"] for host, counts in self.recap.items() if counts["changed"]}


class Cluster:
    """The hosts of an inventory, and playbooks run on them."""

    def __init__(self, inventory: Path, generated: Path) -> None:
        self.inventory = inventory
        self.generated = generated
        self.status: dict[str, t.Any] = {}

    def ask(self) -> None:
        """Let the running nodes say what they see."""
        run = self.playbook("demo/summary.yml")
        assert all(
            not counts["failed"] and not counts["unreachable"] for counts in run.recap.values()
        ), run.output
        self.status = json.loads((self.generated / "summary.json").read_text())

    def playbook(self, path: str, *arguments: str) -> Run:
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORCE_COLOR": "0",
        }
        environment.pop("ANSIBLE_COLLECTIONS_PATH", None)
        done = subprocess.run(
            ["ansible-playbook", path, "-i", str(self.inventory), *arguments],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        output = done.stdout + done.stderr
        recap = {
            host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counts)}
            for host, counts in re.findall(r"^(\S+) +: (ok=.*)$", done.stdout, re.M)
        }
        assert done.returncode == 0 and recap, f"{path} failed:\n{output[-6000:]}"
        return Run(output, recap)

    def hosts(self, *roles: str) -> list[dict[str, t.Any]]:
        return [host for host in self.status["hosts"] if not roles or host["role"] in roles]

    def on(self, name: str) -> Host:
        return self.on_machine(self.status["machines"][name])

    def on_machine(self, name: str) -> Host:
        """A container by Docker's name for it, also one of none of the cluster's hosts."""
        return testinfra.get_host(f"docker://{name}")

    def service(self, host: dict[str, t.Any]) -> str:
        """The unit of the server that a host is there for."""
        return str(
            host.get("instance")
            or {"load_balancer": "nginx", "database": self.status["database"]["vendor"]}[
                host["role"]
            ]
        )

    def health(self, node: dict[str, t.Any], members: str = "all") -> dict[str, t.Any]:
        """What a node's own health check says."""
        return dict(
            json.loads(self.on(node["name"]).run(HEALTH.format(node["instance"], members)).stdout)
        )

    @property
    def admin_password(self) -> str:
        return str(yaml.safe_load((self.generated / "secrets.yml").read_text())["admin"])

    @property
    def balanced_url(self) -> str:
        """The admin service of logins as API Manager calls it: at nginx, by the name of the
        cluster."""
        return f"https://{self.status['hostname']}:{self.status['internal_port']}/services/AuthenticationAdmin"

    def own_url(self, node: dict[str, t.Any]) -> str:
        """The same of one node, without nginx."""
        return f"https://{node['name']}:{node['ports']['https']}/services/AuthenticationAdmin"

    def login(self, caller: str, url: str, user: str, password: str) -> bool:
        """Log in with curl on a host of the cluster. Password and envelope go over standard input,
        not over the command line."""
        envelope = LOGIN.format(user=escape(user), password=escape(password))
        answer = self.on(caller).run(
            "curl --silent --show-error --max-time 20 --cacert /etc/carbon-ops/pki/ca.crt -H"
            " 'Content-Type: text/xml' -H 'SOAPAction: urn:login' --data-binary @-"
            f" {shlex.quote(url)} <<'END'\n{envelope}\nEND"
        )
        found = re.search(r"return>(true|false)<", answer.stdout)
        assert found, answer.stdout + answer.stderr
        return found.group(1) == "true"

    def context(self) -> ssl.SSLContext:
        """Trust in the authority of the cluster and in nothing else."""
        return ssl.create_default_context(cafile=str(self.generated / "ca.crt"))

    def manifest(self) -> dict[str, dict[str, str]]:
        """Every managed file of every host: inode, time of change, mode, owner and checksum; a link
        its target."""
        return {host["name"]: self.files(host["name"]) for host in self.hosts()}

    def files(self, name: str) -> dict[str, str]:
        plain = r"-type f -printf '%p\t%i %T@ %m %u ' -exec sha256sum {} \;"
        link = r"-type l -printf '%p\t%i %T@ -> %l\n'"
        found = self.on(name).run(
            f"find {' '.join(MANAGED)} -xdev \\( {plain} \\) -o \\( {link} \\) 2>/dev/null"
        )
        return {
            path: re.sub(r"  /.*", "", facts)
            for path, _tab, facts in (line.partition("\t") for line in found.stdout.splitlines())
        }

    def processes(self) -> dict[str, str]:
        """The main process of every service that the cluster is made of, with when it started."""
        answers = {}
        for host in self.hosts():
            service = self.service(host)
            answers[f"{host['name']} {service}"] = (
                self.on(host["name"])
                .check_output(
                    "systemctl show %s --property MainPID,ExecMainStartTimestamp --value", service
                )
                .strip()
            )
        return answers


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    scenario = os.environ.get("MOLECULE_SCENARIO_DIRECTORY")
    inventory = Path(os.environ.get("CARBON_OPS_INVENTORY") or f"{scenario}/inventory").resolve()
    ephemeral = os.environ.get("MOLECULE_EPHEMERAL_DIRECTORY")
    here = Cluster(
        inventory, Path(ephemeral) / "generated" if ephemeral else inventory / ".generated"
    )
    here.ask()
    return here


@pytest.fixture
def journal(cluster: Cluster, request: pytest.FixtureRequest) -> t.Any:
    """Show what the services said when a test fails: the reason is there more often than in the
    assertion."""
    before = request.session.testsfailed
    yield
    if request.session.testsfailed > before:
        for host in cluster.hosts("key_manager"):
            print(
                cluster.on(host["name"])
                .run("journalctl --unit %s --no-pager --lines 30", host["instance"])
                .stdout
            )
