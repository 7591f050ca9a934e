# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible knows of the inventory, as the plain data that the pure code takes. Controller
only."""

from __future__ import annotations

import typing as t

import yaml
from ansible.errors import AnsibleError

from . import _surveys as surveys
from ._model.inventory import REACHED_BY, Inventory
from ._sources import collection_sources, role_options


class Reading(t.NamedTuple):
    """The inventory, and what prevented reading it."""

    inventory: Inventory
    unresolved: dict[str, list[str]]
    """Variables whose value cannot be told, by name, with the hosts they are set for."""


# Facts that a run sets on the hosts itself.
LEARNT = ("cluster_model", "cluster_run")


def plain(value: t.Any) -> t.Any:
    """The value without what Ansible's lazy containers carry along, which every later copy of it
    would copy too."""
    if isinstance(value, t.Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def play_variables(
    variables: t.Mapping[str, t.Any],
    options: t.Mapping[str, t.Mapping[str, t.Any]],
    template: t.Callable[[t.Any], t.Any],
) -> dict[str, t.Any]:
    """The variables that the play sets, or whoever imports the playbook: they count for every host,
    and what Ansible tells of a host does not show them.

    options: those that are wanted, with their defaults, which a role sets as variables too.
    template: resolves a value of the play. One that cannot be resolved is left to the task that
    uses it.
    """
    own = variables["hostvars"][variables["inventory_hostname"]]
    found = {}
    for name, option in options.items():
        if name not in variables:
            continue
        if name not in own and variables[name] == option.get("default"):
            continue
        try:
            value = plain(template(variables[name]))
            if name not in own or value != plain(own[name]):
                found[name] = value
        except AnsibleError:
            continue
    return found


def read_variables(
    variables: t.Mapping[str, t.Any],
    wanted: t.Container[str],
    prefixes: tuple[str, ...] = (),
    of_play: t.Mapping[str, t.Any] | None = None,
) -> Reading:
    """Read the wanted variables of every host, resolved; of those that only carry one of the
    prefixes just the name, with None as value. What the play sets counts for all of them.

    Values come out of Ansible one by one, so that a value that cannot be resolved costs no more
    than itself.
    """
    of_play = of_play or {}
    hosts: dict[str, dict[str, t.Any]] = {}
    unresolved: dict[str, list[str]] = {}
    groups = {name: list(members) for name, members in variables["groups"].items()}
    hostvars = variables["hostvars"]
    for host in groups["all"]:
        values: dict[str, t.Any] = {}
        answered: dict[str, t.Any] = {}
        of_host = hostvars[host]
        for name in of_host:
            if name in of_play:
                continue
            if name in wanted:
                try:
                    values[name] = plain(of_host[name])
                except AnsibleError:
                    # The message of the error may quote what the value is made of, a secret among
                    # it; the name is enough.
                    unresolved.setdefault(name, []).append(host)
            elif name.startswith(surveys.PREFIX) and name[len(surveys.PREFIX) :] in wanted:
                answered[name] = plain(of_host[name])
            # The model itself is a fact of an earlier play, not a variable of the inventory.
            elif prefixes and name.startswith(prefixes) and name not in LEARNT:
                values[name] = None
        # The answers of a survey count for all hosts, also for those that this run leaves alone.
        hosts[host] = {**values, **of_play, **read_answers(answered)}
    return Reading(Inventory(groups, hosts), unresolved)


def without_leaving(inventory: Inventory) -> Inventory:
    """The inventory of the cluster to be: a host that cluster_leaving names is in no group."""
    leaving = {variables.get("cluster_leaving") for variables in inventory.hosts.values()} - {None}
    groups = {
        name: [host for host in members if name == "all" or host not in leaving]
        for name, members in inventory.groups.items()
    }
    return Inventory(groups, inventory.hosts)


def read_answers(variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The variables that the answers of an AWX survey set, by their own names."""
    return surveys.answers(
        variables,
        {name: option for role in role_options().values() for name, option in role.items()},
        _load,
    )


def _load(text: str) -> t.Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError("no YAML") from error


def read_inventory(
    variables: t.Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any]
) -> Inventory:
    """The inventory as the model needs it: no secret is resolved. ``template`` resolves a value of
    the play."""
    options = {
        name: option
        for name, option in collection_sources().options.items()
        if not option.get("no_log")
    }
    reading = read_variables(
        variables,
        set(options) | REACHED_BY,
        of_play=play_variables(variables, options, template),
    )
    if reading.unresolved:
        name, hosts = next(iter(reading.unresolved.items()))
        raise AnsibleError(
            f"{name} (set for {', '.join(hosts)}) cannot be resolved: it refers to a variable that"
            " is not defined."
        )
    return reading.inventory
