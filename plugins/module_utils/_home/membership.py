# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What module wka_members does, as a part of a change of a node's files."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .._clustering.edits import clustering_edits, clustering_result
from .._clustering.schemes import SCHEME_PARAMETERS
from .._clustering.section import read_clustering
from .._editor.arguments import VAULTED_OPTIONS
from .._editor.patch import Part, Wish
from .._module import Arguments
from .clustering import check_home
from .home import XML_FILES, parse
from .port_offset import home_of

if t.TYPE_CHECKING:
    from .._editor.patch import Read

_NUMBERS = ("connection_timeout", "port", "ttl", "timeout")
_SECRETS = ("access_key", "secret_key")


def _scheme_option(options: t.Mapping[str, str]) -> dict[str, t.Any]:
    """The option of a membership scheme, from the table of the parameters that it reads."""
    return {
        "type": "dict",
        "options": {
            option: {"type": "int" if option in _NUMBERS else "str", "no_log": option in _SECRETS}
            for option in options
        },
    }


WKA_MEMBERS = Arguments(
    {
        "home": {"type": "path"},
        "path": {"type": "path"},
        "enabled": {"type": "bool", "default": True},
        "domain": {"type": "str"},
        "group_password": {"type": "str", "no_log": True},
        "scheme": {"type": "str", "choices": list(SCHEME_PARAMETERS)},
        "local_member_host": {"type": "str"},
        "local_member_port": {"type": "int"},
        "members": {
            "type": "list",
            "elements": "dict",
            "options": {
                "host": {"type": "str", "required": True},
                "port": {"type": "int", "default": 4000},
            },
        },
        "state": {"type": "str", "choices": ["exact", "present", "absent"], "default": "exact"},
        "parameters": {"type": "dict"},
        **VAULTED_OPTIONS,
        **{scheme: _scheme_option(options) for scheme, options in SCHEME_PARAMETERS.items()},
    },
    {"required_one_of": [("home", "path")], "mutually_exclusive": [("home", "path")]},
)


def wka_members_part(arguments: t.Mapping[str, t.Any]) -> Part:
    """What module wka_members does with these arguments."""
    home = arguments["home"] or home_of(arguments["path"], XML_FILES["axis2"])
    path = arguments["path"] or f"{home}/{XML_FILES['axis2']}"

    def then(read: Read) -> Wish:
        desired = dict(arguments, kernel=check_home(home, arguments) if home else None)
        current = read_clustering(parse(Path(path), read))
        edits, secrets = clustering_edits(desired, current)
        cluster = clustering_result(desired, current)
        return Wish(
            [{"path": path, "edits": edits}], secrets, arguments["vaulted"], {"cluster": cluster}
        )

    return Part(paths=[path], then=then)
