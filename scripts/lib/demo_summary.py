# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Print what the running nodes of the demo said (demo/summary.yml), and how to reach them. Fails
when a node is not well."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

ROLES = {
    "key_manager": "Key Manager",
    "load_balancer": "nginx",
    "database": "MariaDB",
    "api_manager": "API Manager",
}


def table(rows: t.Sequence[t.Sequence[str]]) -> str:
    """Lay out rows, the first of which is the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def ports_of(host: dict[str, t.Any], status: dict[str, t.Any]) -> str:
    """Name the ports a person would look for on a host."""
    if host["role"] == "load_balancer":
        return f"https {status['public_port']}, API Manager {status['internal_port']}"
    if host["role"] == "database":
        return "3306"
    ports = f"https {host['ports']['https']}, http {host['ports']['http']}"
    return f"{ports}, member {host['member_port']}" if host.get("member_port") else ports


def host_rows(status: dict[str, t.Any]) -> list[list[str]]:
    """Return one row for each host, with what it said about itself."""
    rows = [["HOST", "WHAT", "ADDRESS", "PORTS", "STATE", "MEMBERS SEEN"]]
    for host in status["hosts"]:
        answer = status["answers"].get(host["name"])
        state = members = ""
        if answer is not None:
            state = "healthy" if answer["healthy"] else "NOT WELL"
            members = (
                f"{len(answer['members'])}: {', '.join(answer['members'])}"
                if answer.get("members")
                else answer["sentence"]
            )
        rows.append(
            [
                host["name"],
                ROLES[host["role"]],
                host["address"],
                ports_of(host, status),
                state,
                members,
            ]
        )
    return rows


def main() -> None:
    """Print the summary of the inventory named on the command line."""
    inventory = Path(sys.argv[1])
    generated = inventory / ".generated"
    status = json.loads((generated / "summary.json").read_text())
    port = "" if int(status["public_port"]) == 443 else f":{status['public_port']}"
    names = f"{status['hostname']} {status['management_hostname']}"
    resolve = (
        "--resolve"
        f" {status['management_hostname']}:{status['public_port']}:{status['load_balancer']}"
    )
    print()
    print(table(host_rows(status)))
    print(
        f"""
Console        https://{status["management_hostname"]}{port}/carbon/
Administrator  {status["admin_user"]}, password: grep '^admin:' {generated}/secrets.yml
From here      echo '{status["load_balancer"]} {names}' >> /etc/hosts,
               and trust {generated}/ca.crt in the browser; or
               curl --cacert {generated}/ca.crt {resolve} \\
                    https://{status["management_hostname"]}{port}/carbon/admin/login.jsp
On a host      docker exec -it {status["hosts"][0]["name"]} bash
Run it again   scripts/demo          (nothing changes when nothing differs)
Remove it      scripts/demo --down"""
    )
    sick = [name for name, answer in status["answers"].items() if not answer["healthy"]]
    if sick:
        sys.exit(f"\nERROR: not well: {', '.join(sick)}.")


if __name__ == "__main__":
    main()
