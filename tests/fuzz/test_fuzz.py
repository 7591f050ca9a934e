# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Random edits of random documents: a few thousand in every test run; tests/fuzz/run makes as many
as it is told."""

from __future__ import annotations

import functools
import random
import typing as t

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.other_cases import json_case, properties_case, text_case
from tests.fuzz.xml_cases import case as xml_case

CASES = {"xml": xml_case, "json": json_case, "properties": properties_case, "text": text_case}
SEEDED = {"xml": 1500, "json": 1000, "properties": 700, "text": 700}


@pytest.mark.parametrize("form", sorted(CASES))
def test_random_edits_of_random_documents(form: str) -> None:
    first = random.SystemRandom().randrange(2**40)
    for seed in range(first, first + SEEDED[form]):
        run_seed(CASES[form], form, seed)


def test_random_edits_of_documents_of_megabytes() -> None:
    first = random.SystemRandom().randrange(2**40)
    for seed in range(first, first + 6):
        run_seed(functools.partial(xml_case, size=2_000_000), "xml", seed)


def run_seed(case: t.Callable[[random.Random], None], form: str, seed: int) -> None:
    try:
        case(random.Random(seed))
    except BaseException:
        print(f"repeat it with: tests/fuzz/run --format {form} --seed {seed} --cases 1")
        raise


@pytest.mark.parametrize("form", sorted(CASES))
def test_documents_that_hypothesis_makes(form: str) -> None:
    """Fewer of them, but a case that fails is made as small as it can be."""

    @settings(
        max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.randoms(use_true_random=False))
    def judged(random_: random.Random) -> None:
        CASES[form](random_)

    judged()
