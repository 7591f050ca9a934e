# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whether a server does what the inventory describes: sentences from one observation."""

from __future__ import annotations

import typing as t

# What the server could not write it does without, and nobody notices.
WRITING_SIGN = "The server may not read or write"
# A wrong validation query of a datasource fails only when a pooled connection is checked
# again.
VALIDATION_SIGN = "The validation query of a datasource fails"


class Expected(t.NamedTuple):
    """What the inventory says about the server of one host."""

    domain: str
    local_member: str
    members: t.Sequence[str]
    ports: t.Mapping[str, int]
    driver: str
    service_user: str
    archive: str = ""
    """Checksum of the product archive, with its algorithm."""
    share: str = ""
    """Where the shared file system is mounted."""


class Observation(t.NamedTuple):
    """What one host shows."""

    properties: t.Mapping[str, str]
    start: t.Mapping[str, t.Any]
    changed: t.Sequence[str]
    listening: t.Sequence[int]
    causes: t.Sequence[str]
    recent_causes: t.Sequence[str]
    driver_readable: bool | None
    services: str
    peers: t.Sequence[str]
    strangers: t.Sequence[str] = ()
    """Addresses of connected members that are no Key Manager of the inventory."""
    archive: str = ""
    share_there: bool = True
    departed: t.Sequence[str] = ()


def service_findings(seen: Observation) -> list[str]:
    """What is wrong with the service as systemd sees it."""
    state = seen.properties.get("ActiveState", "")
    if seen.properties.get("LoadState") != "loaded":
        return ["The service is not set up on this host."]
    if state == "active":
        return []
    text = "The service is {0} ({1})".format(
        state or "unknown", seen.properties.get("SubState", "")
    )
    gave_up = str(seen.start.get("gave_up") or "").splitlines()
    return [text + ("; its last start was given up: " + gave_up[0] if gave_up else ".")]


def port_findings(seen: Observation, expected: Expected) -> list[str]:
    """Which of the expected ports nobody listens on."""
    return [
        f"Nothing listens on the {name} port {port}."
        for name, port in expected.ports.items()
        if port not in seen.listening
    ]


def start_findings(seen: Observation, expected: Expected) -> list[str]:
    """What the log showed while the server started."""
    findings = []
    for path in seen.changed:
        findings.append(f"{path} changed since the server was started, so a restart is needed.")
    if not seen.start:
        return [
            *findings,
            "It is unknown how the server was started: its service did not start it.",
        ]
    if seen.start.get("ready_at") is None:
        return [*findings, "The server has not become ready since its last start."]
    for mount, count in (seen.start.get("mounts") or {}).items():
        if not count:
            findings.append(
                f"The log of the start does not show '{mount}': this registry mount is not live, so"
                " the nodes do not share that part of the registry. Check the mounts in"
                " registry.xml."
            )
    domain = seen.start.get("domain")
    if expected.domain and domain != expected.domain:
        findings.append(
            f"The server runs in the cluster domain '{domain}', and the inventory says"
            f" '{expected.domain}'."
            if domain
            else "The log of the start shows no cluster domain: clustering is off in axis2.xml."
        )
    member = seen.start.get("local_member")
    if expected.local_member and member and member != expected.local_member:
        findings.append(
            f"The server joined its cluster as {member}, and the inventory says"
            f" {expected.local_member}; check localMemberHost and localMemberPort in axis2.xml."
        )
    return findings


def member_findings(seen: Observation, expected: Expected) -> list[str]:
    """Which of the expected members are not in the cluster that this node sees."""
    missing = [name for name in expected.members if name not in seen.peers]
    if not missing:
        return []
    return [
        "The cluster has {0} of {1} members here: {2} {3} no member of this node's cluster. The"
        " nodes differ in cluster domain, group password or member list, one of them is down, or a"
        " firewall closes the member port.".format(
            len(expected.members) - len(missing) + 1,
            len(expected.members) + 1,
            " and ".join(missing),
            "is" if len(missing) == 1 else "are",
        )
    ]


def stranger_findings(seen: Observation) -> list[str]:
    """Which members of the cluster the inventory does not have."""
    return [
        f"{address} is a member of this node's cluster, but not a Key Manager of the inventory. It"
        " has the group password and may write to the databases: take it out with"
        " playbooks/decommission.yml, or put it into the inventory (or"
        " cluster_additional_members)."
        for address in seen.strangers
    ]


def home_findings(seen: Observation, expected: Expected) -> list[str]:
    """What the home came from, and what should be mounted into it."""
    sentences = []
    if expected.archive and seen.archive and seen.archive.lower() != expected.archive.lower():
        sentences.append(
            f"The product came from the archive {seen.archive}, and the inventory names"
            f" {expected.archive}: the servers of the cluster may run different versions."
        )
    if expected.share and not seen.share_there:
        sentences.append(
            f"The shared file system is not mounted at {expected.share}: what the nodes share is"
            " missing here. Mount it; no restart is needed for it."
        )
    return sentences


def findings(seen: Observation, expected: Expected) -> list[str]:
    """Every sentence about what is wrong, the cause before what follows from it."""
    sentences = service_findings(seen)
    if expected.driver and not seen.driver_readable:
        sentences.append(
            "The JDBC driver {0} {1}.".format(
                expected.driver,
                (
                    "is missing"
                    if seen.driver_readable is None
                    else f"cannot be read by {expected.service_user}"
                ),
            )
        )
    ports = port_findings(seen, expected)
    causes = list(seen.recent_causes) if not ports and not seen.services else list(seen.causes)
    if ports or seen.services or sentences:
        sentences += causes
    else:
        sentences += [
            cause for cause in causes if cause.startswith((VALIDATION_SIGN, WRITING_SIGN))
        ]
    sentences += ports
    if seen.services:
        sentences.append(seen.services)
    sentences += start_findings(seen, expected)
    if not ports:
        sentences += member_findings(seen, expected) + stranger_findings(seen)
    return list(dict.fromkeys(home_findings(seen, expected) + sentences))
