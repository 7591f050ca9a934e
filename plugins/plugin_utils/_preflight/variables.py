# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of variables: unknown names, types, characters, values that differ between hosts."""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .. import _argument_specs as argument_specs
from .._argument_specs import as_arguments
from .._model.inventory import HOST_VARIABLES, REACHED_BY
from . import text_rules
from .settings import _listed

if t.TYPE_CHECKING:
    from .._model.inventory import Inventory
    from .settings import Sentences, Specs


def _unresolved(unresolved: t.Mapping[str, t.Sequence[str]]) -> Sentences:
    for name, hosts in unresolved.items():
        yield (
            f"{name} (set for {_listed(hosts)}) cannot be resolved: it refers to a variable that is"
            " not defined, or is vaulted with another password."
        )


def _unknown(inventory: Inventory, known: t.Mapping[str, t.Any], role_options: Specs) -> Sentences:
    """Variables with a prefix of ours that no role knows: argument specs accept a typo without a
    word."""
    found: dict[str, list[str]] = {}
    for host, variables in inventory.hosts.items():
        for name in variables:
            if name not in known and name not in REACHED_BY:
                found.setdefault(name, []).append(host)
    for name, hosts in found.items():
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        # nginx_… variables may well belong to another collection's role in the same inventory; a
        # near miss is still taken for a typo.
        if name.startswith("nginx_") and not close:
            continue
        hint = (
            f" Did you mean {close[0]}?"
            if close
            else " Remove it, or look its name up in the roles' README files."
        )
        yield f"{name} (set for {_listed(hosts)}) is not a variable of this collection.{hint}"


def _spec_errors(
    cluster: Inventory,
    known: t.Mapping[str, t.Any],
    own: t.Mapping[str, t.Any],
    unresolved: t.Mapping[str, t.Any],
) -> Sentences:
    """What the argument specs say, once for each variable whatever the number of hosts. Secrets are
    checked elsewhere, unquoted."""
    found: dict[str, list[str]] = {}
    for host, variables in cluster.hosts.items():
        for name, option in known.items():
            if option.get("no_log"):
                continue
            if (
                name in variables
                and isinstance(variables[name], str)
                and option.get("type") in ("dict", "list")
            ):
                # The argument spec would take some texts for a dictionary or a list, but the roles
                # read the variable as it is.
                found.setdefault(
                    "{0} is text, not a {1}. On the command line it is given as JSON (-e"
                    " '{{\"{0}\": …}}') or in a file (-e @file)".format(
                        name, {"dict": "dictionary", "list": "list"}[option["type"]]
                    ),
                    [],
                ).append(host)
            elif name in variables:
                errors = (
                    ArgumentSpecValidator(as_arguments({name: option}))
                    .validate({name: variables[name]})
                    .error_messages
                )
                for error in errors:
                    found.setdefault(f"{name}: {error}", []).append(host)
            elif option.get("required") and name in own and name not in unresolved:
                found.setdefault(
                    f"{name} is not set. It is: {argument_specs.summary(option)}", []
                ).append(host)
    for error, hosts in found.items():
        everywhere = len(hosts) == len(cluster.hosts)
        yield error.rstrip(".") + ("." if everywhere else f" (for {_listed(hosts)}).")


def _texts(cluster: Inventory, known: t.Mapping[str, t.Any]) -> Sentences:
    """Texts that would not arrive as they are. Secrets, which may hold nearly anything, are
    checked elsewhere."""
    for host, variables in cluster.hosts.items():
        if not re.match(r"[A-Za-z0-9][A-Za-z0-9._:-]*\Z", host):
            yield (
                "The inventory has a host whose name holds other characters than letters, digits"
                " and . _ : - ({0}). Rename it.".format(text_rules.CONTROL.sub("?", host))
            )
        for name, value in variables.items():
            if name in known and not known[name].get("no_log"):
                yield from text_rules.problems(name, value, known[name])


def _inconsistent(cluster: Inventory, options: t.Mapping[str, t.Any]) -> Sentences:
    """Variables that describe the whole cluster, but differ between its hosts."""
    for name, option in options.items():
        if name in HOST_VARIABLES:
            continue
        values: dict[str, list[str]] = {}
        for host, variables in cluster.hosts.items():
            values.setdefault(repr(variables.get(name, option.get("default"))), []).append(host)
        if len(values) > 1:
            groups = [_listed(hosts) for hosts in values.values()]
            yield (
                "{0} describes the whole cluster, but {1} differ in it. Set it once, for all hosts"
                " of the cluster.".format(name, " and ".join(groups[:2]))
            )
