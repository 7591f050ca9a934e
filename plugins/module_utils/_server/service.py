# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The systemd unit of a server, and whether it owes a restart."""

from __future__ import annotations

import typing as t

from .._command import Run
from .._health import checks, client, errors, record
from . import machine

SERVICE_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "MainPID",
    "InvocationID",
    "NRestarts",
    "ActiveEnterTimestamp",
    "Result",
)


def parse_properties(text: str) -> dict[str, str]:
    """What ``systemctl show`` writes."""
    return {
        key: value
        for key, _equals, value in (line.partition("=") for line in text.splitlines())
        if key
    }


def service_properties(unit: str, run: Run) -> dict[str, str]:
    """What systemd says of a unit; nothing where systemd does not answer."""
    properties = "--property=" + ",".join(SERVICE_PROPERTIES)
    return parse_properties(run(["systemctl", "show", properties, "--", unit]).output)


class Service(t.NamedTuple):
    """What is to be done with a server, and why."""

    state: str
    owed: str
    reasons: list[str]
    healthy: bool


def restart_owed(
    properties: dict[str, str], recorded: str | None, current: str, health: t.Callable[[], None]
) -> Service:
    """Whether the server must be started or restarted.

    recorded: the checksums written at its start; current: those of the files now; health: raises
    HealthError.
    """
    state = properties.get("ActiveState") or "inactive"
    if state not in ("active", "activating", "reloading"):
        return Service(state, "start", [f"The service is {state}."], False)
    if recorded is None:
        return Service(
            state, "restart", ["It is unknown which files the server was started with."], False
        )
    changed = record.changed_paths(recorded, current)
    if changed:
        return Service(
            state,
            "restart",
            [f"{path} changed since the server was started." for path in changed],
            False,
        )
    try:
        health()
    except errors.HealthError as error:
        return Service(state, "restart", ["The server is not healthy. " + str(error)], False)
    return Service(state, "", [], True)


def service_state(
    instance: str,
    config_path: str,
    patience: float,
    start_patience: float,
    run: Run,
    expected: t.Mapping[str, str] | None = None,
) -> dict[str, t.Any]:
    """The state of the server on this host, as the module returns it.

    patience: seconds in which a running server must pass the health check once; start_patience: the
    same while systemd starts it; expected: checksums by path of files that are to be judged as if
    they were changed already.
    """
    properties = service_properties(instance + ".service", run)
    try:
        config = record.load_config(config_path)
    except errors.HealthError:
        config = {}
    recorded = None
    current = ""
    if config:
        recorded = record.read_checksums(config)
        current = record.checksums(record.managed_paths(config["managed_files"]), expected)

    def health() -> None:
        checks.check_patiently(
            config, patience if properties.get("ActiveState") == "active" else start_patience
        )

    service = restart_owed(properties, recorded, current, health)
    start = record.read_start(config) if config else {}
    owed = bool(service.owed and config)
    return {
        "instance": instance,
        "state": service.state,
        "loaded": properties.get("LoadState") == "loaded",
        "owed": service.owed,
        "reasons": service.reasons,
        "healthy": service.healthy,
        "serving": service.healthy or (owed and answers(config)),
        "others_serving": (
            checks.serving(config, config.get("others") or [], thoroughly=True) if owed else []
        ),
        "gave_up": start.get("gave_up"),
        "causes": (
            machine.journal_causes(instance + ".service", int(start.get("started_at") or 0), run)
            if owed and service.state != "active"
            else []
        ),
    }


def answers(config: dict[str, t.Any]) -> bool:
    """Whether the server does its work at this moment, however its files look."""
    try:
        checks.check_services(config)
    except errors.HealthError:
        return False
    return True


def administrator_refused(config_path: str, user: str, password: str) -> bool:
    """Whether the running server accepts the administrator it was set up with, but not this one.

    False where that cannot be told: nothing is set up, nothing runs, or its database is away.
    """
    try:
        config = record.load_config(config_path)
        if (config["user"], config["password"]) == (user, password):
            return False
        server = checks.server_of(config)
        client.logout(server, client.login(server, config["user"], config["password"]))
    except errors.HealthError:
        return False
    try:
        client.logout(server, client.login(server, user, password))
    except errors.HealthError as error:
        return error.part == "user store"
    return False
