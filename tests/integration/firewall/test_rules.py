# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What role firewall hands to nftables and firewalld: exact texts, and a real nftables in a network
of its own that is knocked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import (
    collection_sources,
)

REPOSITORY = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).parent / "ansible-playbook"
GROUPS = {
    "key_manager": ["km1", "km2"],
    "load_balancer": ["lb1"],
    "database": ["db1"],
    "api_manager": ["am1"],
}
ADDRESSES = {
    "km1": "10.77.0.11",
    "km2": "10.77.0.12",
    "lb1": "10.77.0.21",
    "db1": "10.77.0.31",
    "am1": "10.77.0.41",
}
STRANGER = "10.77.0.99"
PLAY = """
- hosts: %(hosts)s
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_vars: {file: "%(role)s/vars/main.yml"}
    - ansible.builtin.template:
        src: "%(role)s/templates/{{ item }}"
        dest: "{{ folder }}/{{ inventory_hostname }}.{{ item }}"
        mode: "0600"
      loop: [firewall.nft.j2, firewall.service.j2, zone.xml.j2]
"""


def sample_model(**variables: t.Any) -> dict[str, t.Any]:
    base = {"cluster_product": "ob_km_1.5", "cluster_hostname": "km.bank.example", **variables}
    hosts = {name: {**base, "cluster_node_address": address} for name, address in ADDRESSES.items()}
    return build_model(
        "km1", Inventory({**GROUPS, "all": list(hosts)}, hosts), collection_sources()
    )


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of every host, as the role's templates make them."""
    home = tmp_path_factory.mktemp("firewall")
    role = REPOSITORY / "roles/firewall"
    values = {
        **yaml.safe_load((role / "defaults/main.yml").read_text()),
        "firewall_ssh_port": 22,
        "firewall_internal_sources": [],
        "firewall_administration_sources": [STRANGER],
        "firewall_extra_rules": [
            {
                "port": "9100-9101",
                "protocol": "tcp",
                "sources": ["2001:db8::/64"],
                "purpose": "metrics",
            }
        ],
        "cluster_model": sample_model(),
        "folder": str(home),
        "ansible_facts": {"os_family": "Debian"},
        "ansible_python_interpreter": sys.executable,
    }
    (home / "values.json").write_text(json.dumps(values))
    (home / "play.yml").write_text(PLAY % {"hosts": "all", "role": role})
    result = subprocess.run(
        [str(ANSIBLE), "-i", ",".join(ADDRESSES) + ",", "-e", f"@{home / 'values.json'}", str(home / "play.yml")],
        cwd=REPOSITORY, env={**os.environ, "ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return {path.name: path.read_text() for path in home.iterdir() if path.suffix == ".j2"}


def body(text: str) -> str:
    """The rules of a file, without the mark that tells versions apart."""
    return text[
        (
            text.index("        tcp dport")
            if "        tcp dport 22" in text
            else text.index("        ip saddr")
        ) :
    ]


def test_exact_rules_of_a_key_manager(rendered: dict[str, str]) -> None:
    assert (
        body(rendered["km1.firewall.nft.j2"])
        == '        ip saddr { 10.77.0.99 } tcp dport 22 accept comment "ssh"\n'
        '        ip saddr { 10.77.0.12 } tcp dport 4000 accept comment "obkm members"\n'
        '        ip6 saddr { 2001:db8::/64 } tcp dport 9100-9101 accept comment "metrics"\n'
        '        ip saddr { 10.77.0.12, 10.77.0.21 } tcp dport 9446 accept comment "obkm https"\n'
        '        ip saddr { 10.77.0.21 } tcp dport 9766 accept comment "obkm http"\n'
        "    }\n"
        "}\n"
    )


def test_exact_rules_of_a_balancer(rendered: dict[str, str]) -> None:
    text = rendered["lb1.firewall.nft.j2"]
    assert '        tcp dport 443 accept comment "https"\n' in text
    assert '        tcp dport 80 accept comment "http"\n' in text
    assert (
        "        ip saddr { 10.77.0.11, 10.77.0.12, 10.77.0.41 } tcp dport 9443 accept comment"
        ' "internal https"\n' in text
    )
    assert "type filter hook input priority filter; policy drop;" in text


def test_exact_zone_of_firewalld(rendered: dict[str, str]) -> None:
    zone = ElementTree.fromstring(rendered["lb1.zone.xml.j2"].encode())
    assert [(port.get("port"), port.get("protocol")) for port in zone.findall("port")] == [
        ("80", "tcp"),
        ("443", "tcp"),
    ]
    rules = [
        (rule.get("family"), rule[0].get("address"), rule[1].get("port"), rule[2].tag)
        for rule in zone.findall("rule")
    ]
    assert rules == [
        ("ipv4", "10.77.0.99", "22", "accept"),
        ("ipv6", "2001:db8::/64", "9100-9101", "accept"),
        ("ipv4", "10.77.0.11", "9443", "accept"),
        ("ipv4", "10.77.0.12", "9443", "accept"),
        ("ipv4", "10.77.0.41", "9443", "accept"),
    ]
    # Without a target firewalld rejects what no rule names.
    assert zone.get("target") is None


FIREWALLD = """
import json, sys
sys.path.append(sys.argv[1])
from firewall.core.io.zone import zone_reader
zone = zone_reader("carbon-ops.xml", sys.argv[2])
known = {"policies": {}, "zones": {}, "services": {"dhcpv6-client": None}, "ipsets": {}, "icmptypes": {}}
zone.check_config_dict(zone.export_config_dict(), known)
print(json.dumps([zone.ports, zone.services, [str(rule) for rule in zone.rules]]))
"""


def test_firewalld_reads_the_zone(rendered: dict[str, str], tmp_path: Path) -> None:
    """By firewalld's own reader: the installed one, or that of the distribution's package unpacked
    into the cache."""
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
        / "carbon-ops"
        / "firewalld"
    )
    if not cache.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        cache.mkdir(parents=True)
        subprocess.run(
            ["apt-get", "download", "python3-firewall"],
            cwd=cache,
            capture_output=True,
            timeout=120,
            check=False,
        )
        for package in cache.glob("*.deb"):
            subprocess.run(
                ["dpkg", "--extract", str(package), str(cache)],
                capture_output=True,
                timeout=60,
                check=True,
            )
    (tmp_path / "carbon-ops.xml").write_text(rendered["lb1.zone.xml.j2"])
    (tmp_path / "read.py").write_text(FIREWALLD)
    result = subprocess.run(
        ["/usr/bin/python3", str(tmp_path / "read.py"), str(cache / "usr/lib/python3/dist-packages"), str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "No module named 'firewall'" in result.stderr:
        pytest.skip(
            "firewalld is not installed, and its package cannot be fetched with apt-get download"
        )
    assert result.returncode == 0, result.stderr
    ports, services, found = json.loads(result.stdout)
    assert (ports, services) == ([["80", "tcp"], ["443", "tcp"]], ["dhcpv6-client"])
    assert (
        found[0]
        == 'rule family="ipv4" source address="10.77.0.99" port port="22" protocol="tcp" accept'
    )
    assert len(found) == 5


def test_the_mark_tells_rules_apart(rendered: dict[str, str]) -> None:
    marks = {
        text.split("chain loaded_")[1][:12]
        for name, text in rendered.items()
        if name.endswith("nft.j2")
    }
    assert len(marks) == len(ADDRESSES)


# The machine that is asked stands in a namespace of its own; the others are addresses of one bridge
# end, so that each can knock.
SETTING = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/netns
ip link set lo up
ip netns add machine
ip link add outside type veth peer name inside
ip link set inside netns machine
for address in %(others)s; do ip address add $address/24 dev outside; done
ip link set outside up
ip -n machine address add %(own)s/24 dev inside
ip -n machine link set inside up
ip -n machine link set lo up
ip netns exec machine nft --check --file %(rules)s
ip netns exec machine nft --file %(rules)s
ip netns exec machine nft --file %(rules)s
exec %(python)s %(knock)s
"""
KNOCK = """
import ctypes, json, os, socket, subprocess, sys
own, knocks, ports = json.loads(sys.argv[1])
ready, written = os.pipe()
child = os.fork()
if not child:
    descriptor = os.open("/run/netns/machine", os.O_RDONLY)
    assert ctypes.CDLL(None).setns(descriptor, 0x40000000) == 0
    listeners = [socket.create_server(("0.0.0.0", port)) for port in ports]
    os.write(written, b"x")
    import time
    time.sleep(60)
os.read(ready, 1)
found = []
for source, port in knocks:
    try:
        socket.create_connection((own, port), timeout=0.4, source_address=(source, 0)).close()
        found.append(True)
    except OSError:
        found.append(False)
inside = ["ip", "netns", "exec", "machine"]
itself = f"import socket; socket.create_connection(({own!r}, {ports[0]}), timeout=1)"
mine = subprocess.run([*inside, sys.executable, "-c", itself]).returncode == 0
tables = subprocess.run([*inside, "nft", "list", "table", "inet", "carbon_ops"], capture_output=True, text=True).stdout
os.kill(child, 9)
print(json.dumps({"found": found, "itself": mine, "table": tables}))
"""


@pytest.fixture
def knock(rendered: dict[str, str], tmp_path: Path) -> t.Callable[..., dict[str, t.Any]]:
    """Try to reach ports of this host from these addresses, in networks that exist for the test
    alone."""
    for program in ("nft", "ip", "unshare"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            pytest.skip(f"{program} is not installed (packages nftables, iproute2, util-linux)")
    if (
        subprocess.run(
            ["unshare", "--net", "--mount", "true"], capture_output=True, check=False
        ).returncode
        != 0
    ):
        pytest.skip("this user may not make network namespaces")

    def ask(host: str, *knocks: tuple[str, int]) -> dict[str, t.Any]:
        (tmp_path / "rules.nft").write_text(rendered[host + ".firewall.nft.j2"])
        (tmp_path / "knock.py").write_text(KNOCK)
        ports = sorted({port for _source, port in knocks})
        asked = json.dumps([ADDRESSES[host], knocks, ports])
        script = SETTING % {
            "others": " ".join(
                [address for name, address in ADDRESSES.items() if name != host] + [STRANGER]
            ),
            "own": ADDRESSES[host],
            "rules": tmp_path / "rules.nft",
            "python": sys.executable,
            "knock": f"{tmp_path / 'knock.py'} '{asked}'",
        }
        result = subprocess.run(
            ["unshare", "--net", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
        )  # fmt: skip
        assert result.returncode == 0, result.stdout + result.stderr
        return dict(json.loads(result.stdout))

    return ask


def test_a_key_manager_is_reached_by_those_who_need_it_only(
    knock: t.Callable[..., dict[str, t.Any]],
) -> None:
    questions = [
        (ADDRESSES["lb1"], 9446, True),
        (ADDRESSES["km2"], 9446, True),
        (ADDRESSES["am1"], 9446, False),
        (STRANGER, 9446, False),
        (ADDRESSES["lb1"], 9766, True),
        (ADDRESSES["km2"], 9766, False),
        (ADDRESSES["km2"], 4000, True),
        (ADDRESSES["lb1"], 4000, False),
        (STRANGER, 4000, False),
        (STRANGER, 22, True),
        (ADDRESSES["lb1"], 22, False),
        # JMX listens on every address with the console's password: nobody may reach it.
        (ADDRESSES["km2"], 10002, False),
        (ADDRESSES["km2"], 11114, False),
    ]
    answer = knock("km1", *[(source, port) for source, port, _expected in questions])
    assert answer["found"] == [expected for _source, _port, expected in questions]
    assert answer["itself"]


def test_a_balancer_is_open_but_for_its_internal_listener(
    knock: t.Callable[..., dict[str, t.Any]],
) -> None:
    answer = knock(
        "lb1",
        (STRANGER, 443),
        (STRANGER, 80),
        (STRANGER, 9443),
        (ADDRESSES["am1"], 9443),
        (ADDRESSES["db1"], 9443),
    )
    assert answer["found"] == [True, True, False, True, False]


def test_a_database_is_for_the_servers(knock: t.Callable[..., dict[str, t.Any]]) -> None:
    answer = knock(
        "db1",
        (ADDRESSES["km1"], 3306),
        (ADDRESSES["am1"], 3306),
        (ADDRESSES["lb1"], 3306),
        (STRANGER, 3306),
    )
    assert answer["found"] == [True, True, False, False]


def test_loading_twice_leaves_one_set_of_rules(
    knock: t.Callable[..., dict[str, t.Any]], rendered: dict[str, str]
) -> None:
    table = knock("db1", (STRANGER, 3306))["table"]
    mark = rendered["db1.firewall.nft.j2"].split("chain loaded_")[1][:12]
    assert table.count("dport 3306") == 1
    assert f"chain loaded_{mark}" in table


# Does what a service of systemd would: the tests run where there is none.
SYSTEMCTL = """#!/bin/sh
unit=/etc/systemd/system/carbon-ops-firewall.service
act() { sed -n "s/^Exec$1=//p" "$unit" | sh; }
for verb; do case $verb in start | restart | reload | stop) echo $verb >>/run/verbs ;; esac; case $verb in
    show) echo LoadState=loaded; echo "ActiveState=$(cat /run/state 2>/dev/null || echo inactive)"; exit ;;
    is-enabled) cat /run/enabled 2>/dev/null || { echo disabled; exit 1; }; exit ;;
    enable) echo enabled >/run/enabled; exit ;;
    disable) rm -f /run/enabled; exit ;;
    start | restart) [ $verb = start ] || [ ! -e /run/state ] || act Stop 2>/dev/null; act Start && echo active >/run/state; exit ;;
    reload) act Reload; exit ;;
    stop) act Stop; rm -f /run/state; exit ;;
esac; done
"""
ROLE = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: carbon_ops.key_manager.firewall}
"""
# Nothing of this machine is touched: network, mounts, /run and /etc are the test's own.
MACHINE = """
set -e
mount -t tmpfs tmpfs /run
cp -a /etc %(home)s/etc
mount --bind %(home)s/etc /etc
rm -rf /etc/carbon-ops /etc/systemd/system/*
mkdir -p /run/systemd/system
export PATH=%(home)s/bin:$PATH:/usr/sbin:/sbin
play() { ansible-playbook -i localhost, -e @%(home)s/values.json -e "$1" %(home)s/play.yml >%(home)s/log 2>&1 ||
             { cat %(home)s/log; exit 1; }
         sed -n 's/.* \\(changed=[0-9]*\\) .*/\\1/p' %(home)s/log; }
tables() { nft list tables | tr '\\n' ' '; nft list ruleset | grep -c 'dport' || true; }
play firewall_state=unmanaged; tables
play firewall_state=present; tables
play firewall_state=present; tables
nft add table inet others
nft delete table inet carbon_ops
play firewall_state=present; tables
play '{"firewall_state": "present", "firewall_extra_rules": [{"port": "9100"}]}'; tables
export SSH_CONNECTION='203.0.113.1 40000 10.77.0.11 22'
cp /etc/carbon-ops/firewall.nft /run/good
echo 'table inet carbon_ops { chain input { tcp dport nothing accept } }' >>/etc/carbon-ops/firewall.nft
systemctl reload carbon-ops-firewall 2>/dev/null || echo refused; tables
mv /run/good /etc/carbon-ops/firewall.nft
(play '{"firewall_state": "present", "firewall_administration_sources": ["10.77.0.0/24"]}') | grep -o -m 1 'would lock Ansible out'; tables
play firewall_state=absent; tables
play firewall_state=absent; tables
ls /etc/carbon-ops /etc/systemd/system
xargs </run/verbs
"""


def test_the_role_loads_repairs_changes_and_takes_away(
    tmp_path: Path, knock: t.Callable[..., dict[str, t.Any]]
) -> None:
    model = sample_model()
    # The rules of the first Key Manager, on this host.
    model["hosts"] = {
        "localhost": {**model["hosts"].pop("km1"), "name": "localhost"},
        **model["hosts"],
    }
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "systemctl").write_text(SYSTEMCTL)
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    secrets = ("admin_password", "group_password", "keystore_password", "truststore_password")
    values = {
        "cluster_product": "ob_km_1.5",
        "cluster_hostname": "km.bank.example",
        **{"cluster_" + name: "not-used-here" for name in secrets},
        "cluster_database_passwords": {"shared": "not-used-here"},
        "cluster_model": model,
        "firewall_backend": "nftables",
        "ansible_python_interpreter": sys.executable,
    }
    (tmp_path / "values.json").write_text(json.dumps(values))
    (tmp_path / "play.yml").write_text(ROLE)
    result = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", MACHINE % {"home": tmp_path}], cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "PATH": f"{ANSIBLE.parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines() == [
        "changed=0", "0",
        "changed=3", "table inet carbon_ops 5",
        "changed=0", "table inet carbon_ops 5",
        # Somebody flushed the rules: they come back, and those of others stay.
        "changed=1", "table inet others table inet carbon_ops 5",
        "changed=2", "table inet others table inet carbon_ops 6",
        # Rules that nft does not take change none of those that are loaded.
        "refused", "table inet others table inet carbon_ops 6",
        "would lock Ansible out", "table inet others table inet carbon_ops 6",
        "changed=2", "table inet others 0",
        "changed=0", "table inet others 0",
        "/etc/carbon-ops:", "", "/etc/systemd/system:",
        # Changed rules are reloaded: a restart would leave the host open between stop and start. The
        # reload that was refused is the test's own.
        "start reload reload reload stop",
    ]  # fmt: skip
