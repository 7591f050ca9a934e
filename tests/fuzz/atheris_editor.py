# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Bytes that a coverage-guided fuzzer makes, in every format; it keeps what it learns in the first
folder and begins with the second.

    pip install atheris && mkdir corpus && tests/fuzz/guided -max_total_time=600 corpus
    tests/fixtures/editor

Whatever the bytes are, an edit gives one sentence, or a file that the same edit leaves as it is.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    # As pytest says it, so that scripts/test counts it.
    print(
        "SKIPPED [1] tests/fuzz/guided: atheris is not installed (pip install"
        " atheris)\n1 skipped in 0.00s"
    )
    sys.exit(0)


with atheris.instrument_imports(include=["ansible_collections"]):
    from tests.fuzz.engine import checked, refused

EDITS = {
    "xml": [
        {
            "xpath": "/a/b",
            "text": "]]>&\u20ac",
            "attributes": {"c": "\"'"},
            "if_missing": ["uncomment", "create"],
            "match": "all",
        }
    ],
    "json": [{"key": "a.b", "value": "\"'\u2028", "if_missing": "create"}],
    "properties": [{"key": "a", "value": "=\\ \n", "match": "all"}],
    "text": [{"find": "a", "replace": "bb", "match": "all", "if_missing": "ignore"}],
}


def one_input(data: bytes) -> None:
    for form, edits in EDITS.items():
        if refused(data, edits, form) is None:
            checked(data, edits, form)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
