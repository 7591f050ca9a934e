# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Every variable of the cluster has an effect: with another value the model is another, or what a
role is told.

The table has two values for each, and a variable that is not in the table fails. That a difference
of the model arrives in the product files is what `scripts/test --mutate` shows: no edit of them is
idle.
"""

from __future__ import annotations

import functools
import re
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.plugins.filter import core, mathstuff
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._preflight.check import (
    check_inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import (
    collection_sources,
    role_options,
)

ADDRESSES = {
    "km1": "192.0.2.11",
    "km2": "192.0.2.12",
    "lb1": "192.0.2.21",
    "db1": "192.0.2.31",
    "am1": "192.0.2.41",
    "x1": "192.0.2.51",
}
GROUPS = {
    "key_manager": ["km1", "km2"],
    "load_balancer": ["lb1"],
    "database": ["db1"],
    "api_manager": ["am1"],
    "other": ["x1"],
}
SOURCES = collection_sources()
BASE: dict[str, t.Any] = {"cluster_product": "ob_km_1.5", "cluster_hostname": "km.bank.example"}
ARCHIVES = [
    {"src": "/srv/" + name, "checksum": "sha256:" + "0" * 64} for name in ("a.zip", "b.zip")
]
LOCAL = {"cluster_caching": "local_without_security_caches"}
AWS = {"cluster_membership_scheme": "aws"}
IS_KM = {"cluster_product": "is_km_5.7.0"}
LDAP = {"type": "ldap_read_only", "connection_url": "ldaps://a", "user_search_base": "ou=a"}

SECRETS = {
    f"cluster_{name}_password": "secret"
    for name in ("admin", "group", "keystore", "truststore", "user_store")
}
SECRETS["cluster_database_passwords"] = {"user": "secret"}

# The variable, two values of it, and what else has to be set for it to count.
TABLE: list[tuple[str, t.Any, t.Any, dict[str, t.Any]]] = [
    ("cluster_name", "consent", "psd2", {}),
    ("cluster_product", "ob_km_1.5", "is_km_5.7.0", {}),
    ("cluster_product_archive", *ARCHIVES, {}),
    ("cluster_api_manager_product", "ob_apim_1.5", "carbon_4.7.1", {}),
    ("cluster_api_manager_archive", *ARCHIVES, {}),
    ("cluster_open_banking_specification", "STET", "berlin-group.org", {}),
    ("cluster_api_manager_release", "1.5.0", "1.5.0-update4", {}),
    ("cluster_api_manager_scope", "wiring", "all", {}),
    ("cluster_api_manager_internal_keystore", "kept", "shared", {}),
    ("cluster_home_directory", "/srv/a", "/srv/b", {}),
    ("cluster_home", "/srv/a", "/srv/b", {}),
    ("cluster_instance", "a", "b", {}),
    ("cluster_service_user", "a", "b", {}),
    ("cluster_service_group", "a", "b", {}),
    ("cluster_home_owner", "root", "deploy", {}),
    ("cluster_home_writable", ["a"], ["b"], {}),
    ("cluster_service_uid", 5001, 5002, {}),
    ("cluster_java_package", "openjdk-8-jdk-headless", "temurin-8-jdk", {}),
    ("cluster_java_home", "/opt/jdk8", "/opt/jdk8u2", {}),
    ("cluster_java_options", ["-Da=1"], ["-Da=2"], {}),
    ("cluster_heap_initial", "256m", "512m", {}),
    ("cluster_heap_maximum", "1g", "4g", {}),
    ("cluster_open_files", 1024, 4096, {}),
    ("cluster_processes", 1024, 4096, {}),
    ("cluster_key_manager_group", "key_manager", "other", {}),
    ("cluster_load_balancer_group", "load_balancer", "other", {}),
    ("cluster_database_group", "database", "other", {}),
    ("cluster_api_manager_group", "api_manager", "other", {}),
    ("cluster_node_address", "192.0.2.81", "192.0.2.82", {}),
    ("cluster_hostname", "a.example", "b.example", {}),
    ("cluster_management_hostname", "a.example", "b.example", {}),
    ("cluster_api_manager_hostname", "a.example", "b.example", {}),
    ("cluster_gateway_hostname", "a.example", "b.example", {}),
    ("cluster_gateway_port", 443, 8244, {}),
    ("cluster_gateway", {"clustered": True}, {"clustered": False}, IS_KM),
    ("cluster_portals", "public", "management", {}),
    ("cluster_load_balanced", True, False, {}),
    ("cluster_manage_hosts_file", True, False, {}),
    ("cluster_hostname_address", "192.0.2.98", "192.0.2.99", {}),
    ("cluster_port_offset", 1, 2, {}),
    ("cluster_api_manager_port_offset", 1, 2, {}),
    ("cluster_public_port", 443, 8443, {}),
    ("cluster_public_http_port", 80, 8080, {}),
    ("cluster_internal_port", 9443, 9999, {}),
    ("cluster_domain", "a", "b", {}),
    ("cluster_member_port", 4000, 4100, {}),
    ("cluster_group_password", "a", "b", {}),
    ("cluster_heartbeat_interval", 1, 3, {}),
    ("cluster_heartbeat_limit", 10, 20, {}),
    ("cluster_bind_member_port", True, False, {}),
    ("cluster_membership_scheme", "wka", "multicast", {}),
    (
        "cluster_membership_options",
        {"ttl": 1},
        {"ttl": 2},
        {"cluster_membership_scheme": "multicast"},
    ),
    ("cluster_membership_jar", *ARCHIVES, {}),
    ("cluster_aws_access_key", "a", "b", AWS),
    ("cluster_aws_secret_key", "a", "b", {**AWS, "cluster_aws_access_key": "a"}),
    ("cluster_additional_members", [{"host": "192.0.2.60"}], [{"host": "192.0.2.61"}], {}),
    ("cluster_caching", "none", "distributed", {}),
    ("cluster_cache_timeout", 5, 10, {}),
    ("cluster_security_caches", ["OAuthCache"], ["OAuthScopeCache"], LOCAL),
    ("cluster_jmx", True, False, {}),
    ("cluster_admin_user", "a@b.example", "c@d.example", {}),
    ("cluster_admin_password", "a", "b", {}),
    ("cluster_user_store", LDAP, {**LDAP, "user_search_base": "ou=b"}, {}),
    ("cluster_user_store_password", "a", "b", {"cluster_user_store": LDAP}),
    ("cluster_email_user_names", True, False, {}),
    ("cluster_database", {"vendor": "mysql"}, {"vendor": "postgresql"}, {}),
    ("cluster_database_passwords", {"user": "a"}, {"user": "b"}, {}),
    (
        "cluster_additional_datasources",
        [{"id": "a", "name": "A", "jndi": "jdbc/A", "database": "a"}],
        [{"id": "a", "name": "A", "jndi": "jdbc/A", "database": "b"}],
        {},
    ),
    ("cluster_database_driver", *ARCHIVES, {}),
    ("cluster_database_admin_user", "a", "b", {}),
    ("cluster_database_admin_password", "a", "b", {}),
    ("cluster_registry_config_target", "/_system/a", "/_system/b", {}),
    ("cluster_registry_governance_target", "/_system/a", "/_system/b", {}),
    ("cluster_api_manager_registry_config_target", "/_system/a", "/_system/b", IS_KM),
    ("cluster_keystore_password", "a", "b", {}),
    ("cluster_truststore_password", "a", "b", {}),
    (
        "cluster_identity_urls",
        {"OAuth2RevokeEPUrl": "https://a"},
        {"OAuth2RevokeEPUrl": "https://b"},
        {},
    ),
    ("cluster_token_issuer", "https://a", "https://b", {}),
    ("cluster_secret_storage", "plain", "secure_vault", {}),
    ("cluster_vaulted_passwords", "refuse", "replace", {}),
    ("cluster_signing_kid", "a", "b", {}),
    ("cluster_sandbox_signing_kid", "a", "b", {}),
    ("cluster_token_encryption", True, False, {}),
    ("cluster_jwt", {"dialect": "http://a"}, {"dialect": "http://b"}, IS_KM),
    ("cluster_session_persistence", {"pool_size": 1}, {"pool_size": 2}, {}),
    ("cluster_token_cleanup", "all_nodes", "none", {}),
    ("cluster_tls_ciphers", ["TLS_A"], ["TLS_B"], {}),
    ("cluster_skip_schema_creation", True, False, {}),
    ("cluster_remote_ip_valve", {"enabled": True}, {"enabled": False}, {}),
    (
        "cluster_shared_storage",
        {"type": "nfs", "source": "a:/a"},
        {"type": "nfs", "source": "b:/b"},
        {},
    ),
    ("cluster_shared_storage_password", "a", "b", {}),
    (
        "cluster_shared_directories",
        "documented",
        "userstores_and_tenants",
        {"cluster_shared_storage": {"type": "nfs", "source": "a:/a"}},
    ),
    ("cluster_allowed_changes", ["user_store"], ["token_issuer"], {}),
    ("cluster_allow_outage", True, False, {}),
    ("cluster_leaving", "km1", "km2", {}),
    ("cluster_leaving_data", "keep", "remove", {}),
    ("cluster_restart_reason", "Java", "", {}),
    ("cluster_rollback", "last", "20260131T120000Z", {}),
    ("cluster_upgrade", "", "back", {}),
    ("cluster_former_homes", 2, 5, {}),
    ("cluster_backup_runs", 20, 5, {}),
    ("cluster_backup_days", 30, 7, {}),
    ("cluster_log_days", 90, 7, {}),
    ("cluster_log_files", 0, 5, {}),
    ("cluster_log_file_size", 0, 10, {}),
    ("cluster_allow_default_passwords", True, False, {"cluster_admin_password": "admin"}),
]


def inventory(variables: dict[str, t.Any]) -> Inventory:
    hosts = {
        host: {**BASE, "cluster_node_address": address, **variables}
        for host, address in ADDRESSES.items()
    }
    if "cluster_node_address" in variables:
        hosts.update(
            {
                host: {**BASE, "cluster_node_address": address}
                for host, address in ADDRESSES.items()
                if host != "km1"
            }
        )
    if variables.get("cluster_key_manager_group") == "other":
        hosts["x1"]["cluster_api_manager_group"] = "none"
    return Inventory({**GROUPS, "all": list(ADDRESSES)}, hosts)


def model(variables: dict[str, t.Any]) -> dict[str, t.Any]:
    host = "x1" if variables.get("cluster_key_manager_group") == "other" else "km1"
    return build_model(host, inventory(variables), SOURCES)


def differences(one: t.Any, other: t.Any, place: str = "") -> t.Iterator[str]:
    """The places at which two models differ, without the numbers of lists."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from differences(one.get(key), other.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other):
            yield from differences(left, right, place)
    elif one != other:
        yield place


class Anything(jinja2.ChainableUndefined):
    """What a task would know only on a host: it can be looked into, called, added to and looped
    over, and has no value."""

    def __call__(self, *_arguments: t.Any, **_options: t.Any) -> t.Any:
        return self

    __add__ = __radd__ = lambda self, other: other


class Something(Anything):
    """The same, where it is true."""

    def __bool__(self) -> bool:
        return True


class Filters(t.Dict[str, t.Any]):
    """Of further filters and tests, what goes in shows in what comes out."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: t.Any = None) -> t.Any:
        return super().get(name) or (lambda *arguments, **options: [*arguments, options])

    __getitem__ = get


def combined(real: t.Callable[..., t.Any], *arguments: t.Any, **options: t.Any) -> t.Any:
    """Before 2.19 the filter refuses what is not defined; then what goes in shows too."""
    try:
        return real(*arguments, **options)
    except AnsibleError:
        return [*arguments, options]


@functools.lru_cache(maxsize=None)
def environment(unknown: type[Anything]) -> jinja2.Environment:
    # Nothing of it gets into a browser: two renderings are compared.
    made = jinja2.Environment(undefined=unknown, autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701
    made.filters = Filters(
        {**made.filters, **core.FilterModule().filters(), **mathstuff.FilterModule().filters()}
    )
    made.filters["combine"] = functools.partial(combined, made.filters["combine"])
    made.tests = Filters(made.tests)
    made.globals.update(
        lookup=lambda *words, **options: [words, options],
        query=lambda *words, **options: [words, options],
    )
    return made


def scalars(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            words = [str(word) for word in item] if isinstance(item, list) else [str(item)]
            if key in ("when", "that", "until", "changed_when", "failed_when", "loop"):
                yield from (
                    "{{ " + word.strip("{} \n") + " }}"
                    for word in words
                    if not isinstance(item, bool)
                )
            else:
                yield from scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item)
    elif isinstance(value, str):
        yield value


def sources(repository: Path) -> t.Iterator[tuple[str, str]]:
    """Every text that Ansible renders in a role or a playbook, but the tasks that make the
    model."""
    for path in sorted(
        [*repository.glob("roles/*/[tvdh]*/**/*"), *repository.glob("playbooks/**/*.yml")]
    ):
        if not path.is_file() or "roles/cluster/tasks" in str(path):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".j2":
            yield str(path), text
        elif path.suffix == ".yml":
            yield from (
                (str(path), scalar)
                for document in yaml.safe_load_all(text)
                for scalar in scalars(document)
            )


@pytest.fixture(scope="module")
def rendered_texts(repository: Path) -> list[str]:
    return [text for _path, text in sources(repository)]


def told(variable: str, value: t.Any, texts: list[str], also: dict[str, t.Any]) -> list[str]:
    """What the roles make of the texts that name the variable."""
    known = {**SECRETS, **also, variable: value, "cluster_model": model({**also, variable: value})}
    found = []
    for made in (environment(Anything), environment(Something)):
        for text in texts:
            if re.search(rf"\b{variable}\b", text):
                try:
                    found.append(made.from_string(text).render(known))
                except (jinja2.TemplateError, TypeError, ValueError, AttributeError):
                    # It needs more of a host than this can make up.
                    continue
    return found


def read_by_roles(places: set[str], texts: list[str]) -> bool:
    everything = "\n".join(texts)
    return any(
        re.search(r"cluster_model\.{0}\b".format(place.split(".")[0]), everything)
        for place in places
    )


def complaints(variables: dict[str, t.Any]) -> list[str]:
    others = {role: spec for role, spec in role_options().items() if role != "cluster"}
    return check_inventory(inventory(variables), {}, SOURCES, others, exists=lambda _path: True)


@pytest.mark.parametrize(("variable", "one", "other", "also"), TABLE, ids=[row[0] for row in TABLE])
def test_another_value_has_another_effect(
    variable: str, one: t.Any, other: t.Any, also: dict[str, t.Any], rendered_texts: list[str]
) -> None:
    places = set(differences(model({**also, variable: one}), model({**also, variable: other})))
    if places:
        assert read_by_roles(places, rendered_texts), (
            f"nobody reads what differs in the model: {sorted(places)}"
        )
        return
    if told(variable, one, rendered_texts, also) != told(variable, other, rendered_texts, also):
        return
    assert complaints({**also, variable: one}) != complaints({**also, variable: other}), (
        f"{variable} has no effect"
    )


def test_no_variable_is_left_out() -> None:
    assert sorted(row[0] for row in TABLE) == sorted(role_options()["cluster"])


def test_a_variable_without_effect_is_found(rendered_texts: list[str]) -> None:
    assert not set(differences(model({}), model({"cluster_of_nothing": 1})))
    assert told("cluster_of_nothing", 1, rendered_texts, {}) == []
