# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The one family of exceptions of the collection's pure code."""

from __future__ import annotations


class OperatorError(Exception):
    """A sentence for the operator: it names the variable or file, and what to do.

    Pure code raises it; a module's ``main()`` turns it into ``fail_json``, an action plugin into a
    failed result. The sentence never quotes a document or a secret.
    """
