# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict needs an observation of each host."""

from __future__ import annotations

import typing as t

from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._verify.verdict import (
    drift,
    verdict,
)

MODEL = {
    "hosts": {"km1": {}, "km2": {}, "lb1": {}, "lb2": {}},
    "nodes": [{}, {}],
    "load_balancers": [{}, {}],
    "api_managers": [],
}
MISSING = "The cluster has 1 of 2 members here: km2 is no member of this node's cluster."


def well(**facts: t.Any) -> dict[str, t.Any]:
    return {"failures": [], "facts": facts}


def test_all_hosts_are_well() -> None:
    found = {host: well(name=host) for host in MODEL["hosts"]}
    assert verdict(found, MODEL) == {
        "failures": [],
        "hosts": {host: {"name": host} for host in ("km1", "km2", "lb1", "lb2")},
        "summary": (
            "2 Key Managers, 2 load balancers and 0 API Managers are what the inventory describes."
        ),
    }


def test_a_host_that_was_not_looked_at_is_a_failure_by_its_name() -> None:
    found = {"km1": well(), "km2": well(), "lb1": well(), "lb2": None}
    assert verdict(found, MODEL)["failures"] == [
        "lb2: was not looked at. It could not be reached, or its part of the run ended before."
    ]


def test_nobody_else_is_accused_for_it() -> None:
    accused = {
        "failures": [MISSING, "The registry cannot be read."],
        "facts": {"missing": {"names": ["km2"], "sentence": MISSING}},
    }
    found = {"km1": accused, "km2": None, "lb1": well(), "lb2": well()}
    assert verdict(found, MODEL)["failures"] == [
        "km2: was not looked at. It could not be reached, or its part of the run ended before.",
        "km1: The registry cannot be read.",
    ]
    # A member that is missing though its host was looked at is a failure.
    found["km2"] = well()
    assert verdict(found, MODEL)["failures"] == [
        f"km1: {MISSING}",
        "km1: The registry cannot be read.",
    ]


def test_nothing_was_looked_at() -> None:
    assert len(verdict(dict.fromkeys(MODEL["hosts"]), MODEL)["failures"]) == 4


def test_a_run_of_some_hosts_speaks_of_these_only() -> None:
    assert verdict({"km1": well()}, MODEL)["summary"] == (
        "km1 is what the inventory describes; km2, lb1 and lb2 were left out of this run."
    )
    assert verdict({"km1": well(), "km2": well(), "lb1": well()}, MODEL)["summary"] == (
        "km1, km2 and lb1 are what the inventory describes; lb2 was left out of this run."
    )


def test_hosts_of_another_cluster_do_not_count() -> None:
    assert verdict({"km1": well(), "other": None}, MODEL)["failures"] == []


def test_one_log_alone_makes_no_split() -> None:
    found = {"km1": well(departed=["km2"]), "km2": well(), "lb1": well(), "lb2": well()}
    assert verdict(found, MODEL)["failures"] == []
    found["km2"] = well(departed=["km1"])
    [sentence] = verdict(found, MODEL)["failures"]
    assert sentence.startswith("km1 and km2: the log of each says that the other has left")


def test_drift_in_sentences() -> None:
    edits = [
        {"path": "/h/carbon.xml", "xpath": "/Server/HostName", "line": 12, "action": "changed"},
        {"path": "/h/carbon.xml", "xpath": "/Server/Port", "line": 13, "action": "unchanged"},
        {"path": "/h/site.json", "key": "proxy", "action": "added"},
        {"path": "/h/none.xml", "xpath": "/x", "action": "ignored"},
        {"path": "/h/x", "action": "changed", "line": 0},
    ]
    assert drift(edits) == [
        "/h/carbon.xml, line 12: /Server/HostName is not as the inventory says.",
        "/h/site.json: proxy is not as the inventory says.",
        "/h/x: the file is not as the inventory says.",
    ]
