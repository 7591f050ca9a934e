# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection itself says: the argument specs of its roles and the product profiles.
Controller only."""

from __future__ import annotations

import typing as t
from functools import lru_cache
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ._argument_specs import as_arguments
from ._model.inventory import Sources

ROLES = Path(__file__).resolve().parents[2] / "roles"


def load_sources(roles: Path) -> Sources:
    """Read the argument spec and the product profiles below the collection's roles folder."""
    spec = read_yaml(roles / "cluster" / "meta" / "argument_specs.yml")
    folder = roles / "cluster" / "files" / "products"
    raw = {path.parent.name: read_yaml(path) for path in sorted(folder.glob("*/profile.yml"))}
    bases = {path.parent.name: read_yaml(path) for path in sorted(folder.glob("*/base.yml"))}
    schema = read_yaml(folder / "schema.yml")["options"]
    profiles = {name: {**_inherited(name, {**bases, **raw}), "id": name} for name in raw}
    for name, profile in profiles.items():
        _check_profile(name, profile, schema)
    return Sources(spec["argument_specs"]["main"]["options"], profiles)


def _check_profile(
    name: str, profile: t.Mapping[str, t.Any], schema: t.Mapping[str, t.Any]
) -> None:
    """Refuse a profile with a key that nothing reads, without one that is needed, or with a value
    of another type; raises ValueError."""
    own = {key: value for key, value in profile.items() if key not in ("id", "inherits")}
    errors = ArgumentSpecValidator(as_arguments(schema)).validate(own).error_messages
    if errors:
        raise ValueError(f"Product profile {name}: {errors[0]}")


def _inherited(
    name: str, raw: t.Mapping[str, t.Mapping[str, t.Any]], heirs: tuple[str, ...] = ()
) -> dict[str, t.Any]:
    """A profile with what it has of the one that it inherits, which may inherit itself."""
    if name in heirs:
        raise ValueError(f"Product profile {name} inherits itself.")
    data = raw[name]
    base = data.get("inherits")
    if base is None:
        return dict(data)
    if base not in raw:
        raise ValueError(f"Product profile {name} inherits {base}, which is not a product.")
    whole = _inherited(base, raw, (*heirs, name))
    # A product names only the URLs that it has otherwise.
    urls = {"urls": {**whole["urls"], **data.get("urls", {})}} if "urls" in whole else {}
    return {**whole, **data, **urls}


def read_yaml(path: Path) -> t.Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=loader)  # noqa: S506  # nosec B506 - both loaders are safe ones


@lru_cache(maxsize=None)
def collection_sources() -> Sources:
    return load_sources(ROLES)


@lru_cache(maxsize=None)
def role_options() -> dict[str, dict[str, t.Any]]:
    """The options of every role's argument spec, by role."""
    options = {}
    for path in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        options[path.parents[1].name] = read_yaml(path)["argument_specs"]["main"].get("options", {})
    return options
