# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Print what the running nodes of the demo said (demo/summary.yml), and how to reach them. Fails
when a node is not well."""

from __future__ import annotations

import json
import re
import ssl
import sys
import typing as t
from pathlib import Path

from demo.tools import token_walk

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


def site_of(status: dict[str, t.Any], generated: Path) -> token_walk.Site:
    """Return the demo as the walk of a token needs it."""
    secrets = (generated / "secrets.yml").read_text()
    passwords = dict(re.findall(r'^(\w+): "(.*)"$', secrets, re.MULTILINE))
    return token_walk.Site(
        ssl.create_default_context(cafile=str(generated / "ca.crt")),
        token_walk.Place(status["hostname"], status["load_balancer"], int(status["public_port"])),
        [
            token_walk.Place(host["name"], host["address"], int(host["ports"]["https"]))
            for host in status["hosts"]
            if host["role"] == "key_manager"
        ],
        status["admin_user"],
        passwords["admin"],
    )


def token_lines(status: dict[str, t.Any], generated: Path) -> str:
    """Follow a token; return what was seen, and how to do the same by hand."""
    site = site_of(status, generated)
    seen = token_walk.follow(site)
    client = ":".join(seen["client"])
    base = f"https://{site.balancer.name}:{site.balancer.port}/oauth2"
    names = " and ".join(node.name for node in site.nodes)
    refused = ", ".join(f"{name} after {seconds:g} s" for name, seconds in seen["refused"].items())
    lines = [
        f"Token          issued through nginx for {seen['expires_in']} s; active on {names};",
        f"               revoked through nginx; refused by {refused}",
        "By hand        with the demo's own client, and PASSWORD and TOKEN filled in:",
        f'  CURL="curl --silent --cacert {generated}/ca.crt"',
    ]
    for place in (site.balancer, *site.nodes):
        lines.append(f'  CURL="$CURL --resolve {place.name}:{place.port}:{place.address}"')
    lines.append(f"  $CURL -u {client} -d grant_type=client_credentials {base}/token")
    for node in site.nodes:
        where = f"https://{node.name}:{node.port}/oauth2/introspect"
        lines.append(f"  $CURL -u {site.user}:PASSWORD -d token=TOKEN {where}")
    lines.append(f"  $CURL -u {client} -d token=TOKEN {base}/revoke")
    return "\n".join(lines)


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
    again = "scripts/demo" if status["issues_tokens"] else "scripts/demo --kernel"
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
Run it again   {again}  (nothing changes when nothing differs)
Remove it      scripts/demo --down"""
    )
    sick = [name for name, answer in status["answers"].items() if not answer["healthy"]]
    if sick:
        sys.exit(f"\nERROR: not well: {', '.join(sick)}.")
    if status["issues_tokens"]:
        try:
            print(token_lines(status, generated))
        except token_walk.WalkError as error:
            sys.exit(f"\nERROR: {error}")


if __name__ == "__main__":
    main()
