# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a cluster, from what was found on each of its hosts."""

from __future__ import annotations

import typing as t

Found = t.Mapping[str, t.Any]


def verdict(found: t.Mapping[str, Found | None], model: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What is wrong, one sentence each, with a summary and the facts of each host.

    found: by host of this run, what was found there (``failures``, ``facts``), or None where
    nobody has looked. A host without a finding is a failure; nothing is said of a host for the
    silence of another one.
    """
    hosts = [host for host in model["hosts"] if host in found]
    unseen = [host for host in hosts if found[host] is None]
    seen = {host: t.cast(Found, found[host]) for host in hosts if found[host] is not None}
    failures = [
        f"{host}: was not looked at. It could not be reached, or its part of the run ended before."
        for host in unseen
    ]
    for host, finding in seen.items():
        failures += [f"{host}: {sentence}" for sentence in _own_failures(finding, unseen)]
    failures += _splits(seen)
    return {
        "failures": failures,
        "hosts": {host: dict((found[host] or {}).get("facts") or {}) for host in hosts},
        "summary": _summary(model, hosts),
    }


def _own_failures(finding: Found, unseen: t.Collection[str]) -> list[str]:
    """Without that members are missing, where these are hosts that could not be checked."""
    missing = (finding.get("facts") or {}).get("missing") or {}
    names = missing.get("names") or []
    excused = missing.get("sentence") if names and set(names) <= set(unseen) else None
    return [str(sentence) for sentence in finding.get("failures") or [] if sentence != excused]


def _splits(seen: t.Mapping[str, Found]) -> list[str]:
    """Pairs of nodes of which each one's log claims that the other left.

    What one log claims may have been written by a stranger, see _health/log.py.
    """

    def claims(host: str) -> list[str]:
        return list((seen[host].get("facts") or {}).get("departed") or [])

    return [
        f"{host} and {other}: the log of each says that the other has left its cluster, though they"
        " are connected. If nothing was forged there, restart one of them."
        for host in sorted(seen)
        for other in sorted(claims(host))
        if host < other and other in seen and host in claims(other)
    ]


def _summary(model: t.Mapping[str, t.Any], hosts: t.Sequence[str]) -> str:
    left_out = [host for host in model["hosts"] if host not in hosts]
    if left_out:
        return (
            f"{_listed(hosts)} {'is' if len(hosts) == 1 else 'are'} what the inventory describes;"
            f" {_listed(left_out)} {'was' if len(left_out) == 1 else 'were'} left out of this run."
        )
    return (
        f"{len(model['nodes'])} Key Managers, {len(model['load_balancers'])} load balancers and"
        f" {len(model['api_managers'])} API Managers are what the inventory describes."
    )


def _listed(names: t.Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))


def drift(edits: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """What edits, tried in check mode, would change in the product files."""
    sentences = []
    for edit in edits:
        if edit.get("action") in ("unchanged", "ignored"):
            continue
        what = next(
            (edit[key] for key in ("xpath", "key", "find", "regexp") if edit.get(key)), "the file"
        )
        line = f", line {edit['line']}" if edit.get("line") else ""
        sentences.append(f"{edit['path']}{line}: {what} is not as the inventory says.")
    return sentences
