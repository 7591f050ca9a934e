# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a firewall lets in, from the model."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import OperatorError
from ..plugin_utils import _firewall as firewall


def port_rules(
    model: t.Mapping[str, t.Any],
    host: str,
    settings: t.Mapping[str, t.Any] | None = None,
    resolved: t.Mapping[str, t.Sequence[str]] | None = None,
) -> list[dict[str, t.Any]]:
    """Which ports of this host's machine are open to whom."""
    try:
        return firewall.port_rules(model, host, settings or {}, resolved)
    except OperatorError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, t.Any]:
        return {
            "admits": firewall.admits,
            "port_rules": port_rules,
            "names_to_resolve": firewall.names_to_resolve,
        }
