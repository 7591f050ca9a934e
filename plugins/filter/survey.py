# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The surveys of AWX job templates as a filter. See survey.yml for its documentation."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import OperatorError
from ..plugin_utils import _surveys as surveys
from ..plugin_utils._sources import role_options

# What sets up the job templates is no part of the jobs.
LEFT_OUT = ("automation",)


def survey(
    name: str,
    description: str = "",
    form: str = "changes",
    also: t.Sequence[str] = (),
    never: t.Sequence[str] = (),
) -> dict[str, t.Any]:
    options = {
        variable: option
        for role, of_role in role_options().items()
        if role not in LEFT_OUT
        for variable, option in of_role.items()
    }
    try:
        return surveys.survey(name, description, options, form, also, never)
    except OperatorError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"survey": survey}
