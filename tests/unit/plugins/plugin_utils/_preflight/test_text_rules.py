# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Every text of every variable, holding what some layer could take for its own: refused by name, or
it is known who takes it.

What the preflight lets through must stand in TAKEN, with the reason;
tests/integration/configure/test_hostile.py reads those for product files back with the products'
own parsers. A new variable is in neither, and fails here.
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._preflight import text_rules
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import role_options

from tests.unit.plugins.plugin_utils._preflight import test_preflight as cases

NASTY = {
    "line break": "a\nb",
    "carriage return": "a\rb",
    "null": "a\x00b",
    "separator": "a\u2028b",
    "quotes": "a'b\"c`d",
    "shell": "$(touch /tmp/x);a|b&c>d<e*?",
    "variable": "a$HOME${b}",
    "Jinja": "{{ 1 + 1 }}{% raw %}{# c #}",
    "secret": "a%{admin_password}b",
    "CDATA": "a]]>b<![CDATA[",
    "comment": "a--b<!--c-->",
    "markup": "a<b>&c;</b>",
    "non-ASCII": "\u00e9\u20ac\U0001f600",
    "backslash": "a\\b\\\\c\\n",
    "percent": "a%b%%c%s",
    "nginx": "a; } server { listen 1;",
    "SQL": "a' OR 1=1; -- b",
    "path": "../../etc/passwd",
    "option": "-rf",
}

FILE = "a product file: read back by the parsers"
FINDS = "a name to look up in the inventory"
CONTROLLER = "a path on the controller, or a URL: handed to a module as one argument"
MODULE = "an argument of a module, and of nothing else"
NGINX = "nginx's own language, on purpose"
NOTE = "a remark in a file of firewall rules, between quotes"
SETTING = "a setting of a database server, up to the end of the line or between quotes"
UNIT = "Java options of the systemd unit, quoted: see test_java_options_arrive_in_the_unit"
LOGIN = "a file of name and password a line: see test_credentials"
JOURNAL = "a line of the journal: one argument of logger, after its options"
READ_ONLY = "is looked at and written nowhere"
# Where texts go that the preflight lets through. Whoever is not named here takes none of the above.
TAKEN = {
    "cluster_product_archive.src": CONTROLLER,
    "cluster_api_manager_archive.src": CONTROLLER,
    "cluster_database_driver.src": CONTROLLER,
    "cluster_membership_jar.src": CONTROLLER,
    "cluster_database_driver.repository": CONTROLLER,
    "cluster_api_manager_release": READ_ONLY,
    "cluster_java_options": UNIT,
    "cluster_key_manager_group": FINDS,
    "cluster_load_balancer_group": FINDS,
    "cluster_database_group": FINDS,
    "cluster_api_manager_group": FINDS,
    "cluster_leaving": FINDS,
    "cluster_restart_reason": JOURNAL,
    "cluster_rollback": JOURNAL,
    **{
        "cluster_membership_options." + name: FILE
        for name in (
            "iam_role",
            "security_group",
            "region",
            "host_header",
            "tag_key",
            "tag_value",
            "namespace",
            "services",
            "parameters",
        )
    },
    **{
        "cluster_user_store." + name: FILE
        for name in (
            *(
                "connection_name",
                "user_search_base",
                "user_name_attribute",
                "user_name_search_filter",
                "user_name_list_filter",
            ),
            *(
                "group_search_base",
                "group_name_attribute",
                "group_name_search_filter",
                "group_name_list_filter",
                "membership_attribute",
            ),
            "properties",
        )
    },
    "cluster_additional_datasources.description": FILE,
    "cluster_database.parameters": FILE,
    "cluster_identity_urls": FILE,
    "cluster_token_issuer": FILE,
    "cluster_jwt.dialect": FILE,
    "cluster_remote_ip_valve.internal_proxies": FILE,
    "cluster_shared_storage.user": LOGIN,
    "cluster_shared_storage.domain": LOGIN,
    "apim_wiring_jms_options": FILE,
    "carbon_server_expected_checksums": READ_ONLY,
    "certificates_authorities": CONTROLLER,
    "certificates_ca_host": FINDS,
    **{
        f"certificates_given.{owner}.{file}": CONTROLLER
        for owner in ("load_balancer", "key_manager", "internal", "api_manager", "database")
        for file in ("certificate", "private_key")
    },
    "databases_settings": SETTING,
    "firewall_extra_rules.purpose": NOTE,
    **dict.fromkeys(text_rules.RAW, NGINX),
    "nginx_templates": CONTROLLER,
    "verify_status_file": CONTROLLER,
}
# Where one of the texts is nothing special.
HARMLESS = {
    # Their letters, in files alone.
    "cluster_admin_user": ["option"],
    "cluster_domain": ["option"],
    # A wildcard of the server's own accounts, handed to a module.
    "databases_account_hosts": ["percent"],
    "databases_bind_address": ["percent"],
    # One word of the table of mounts, behind -o.
    "cluster_shared_storage.options": ["percent", "path", "option"],
}


def leaves(
    name: str, option: t.Mapping[str, t.Any]
) -> t.Iterator[tuple[str, t.Mapping[str, t.Any]]]:
    """Each place of the argument spec that holds text of the operator's choice."""
    if option.get("no_log") or option.get("choices"):
        return
    if "options" in option:
        for key, inner in option["options"].items():
            yield from leaves(f"{name}.{key}", inner)
    elif option.get("type", "str") in ("str", "path", "raw", "dict") or option.get("elements") in (
        "str",
        "path",
    ):
        yield name, option


LEAVES = dict(
    leaf
    for role, options in role_options().items()
    if role != "automation"
    for name, spec in options.items()
    for leaf in leaves(name, spec)
)


def filled(place: str, text: str) -> t.Any:
    kind = LEAVES[place].get("type", "str")
    return {
        "dict": {KEYS.get(place, "name"): [text] if place.endswith(".scripts") else text},
        "list": [text],
    }.get(kind, text)


# A name that the dictionary may hold, where not any will do.
KEYS = {
    **dict.fromkeys(
        ("cluster_database.names", "cluster_database.users", "cluster_database.scripts"), "user"
    ),
    "cluster_identity_urls": "OAuth2RevokeEPUrl",
}


def put(variables: dict[str, t.Any], place: str, value: t.Any) -> None:
    """The value at its place; of a list of dictionaries, in one that has what the others must
    have."""
    name, *path = place.split(".")
    spec = next(options[name] for options in role_options().values() if name in options)
    if not path:
        variables[name] = value
        return
    holder: dict[str, t.Any] = dict(SIBLINGS.get(name, {}))
    variables[name] = [holder] if spec.get("type") == "list" else holder
    for key in path[:-1]:
        holder = holder.setdefault(key, {})
    holder[path[-1]] = value


SIBLINGS: dict[str, dict[str, t.Any]] = {
    "cluster_product_archive": {"src": "x.zip", "checksum": "sha256:" + "0" * 64},
    "cluster_api_manager_archive": {"src": "x.zip", "checksum": "sha256:" + "0" * 64},
    "cluster_membership_jar": {"src": "x.jar", "checksum": "sha256:" + "0" * 64},
    "cluster_database_driver": {"checksum": "sha256:" + "0" * 64},
    "cluster_additional_datasources": {
        "id": "more",
        "name": "WSO2More",
        "jndi": "jdbc/more",
        "database": "more",
    },
    "cluster_additional_members": {"host": "192.0.2.77"},
    "firewall_extra_rules": {"port": "9100"},
    "cluster_shared_storage": {"type": "nfs", "source": "nas.example:/km"},
    "cluster_user_store": {
        "type": "ldap_read_write",
        "connection_url": "ldaps://ldap.bank.example:636",
        "connection_name": "cn=km,dc=bank",
        "user_search_base": "ou=users,dc=bank",
        "group_search_base": "ou=groups,dc=bank",
    },
    "cluster_gateway": {
        "topology": "distributed_ha_rsync",
        "hosts": ["gw1.example"],
        "manager": "gw0.example",
    },
    "cluster_membership_options": {"iam_role": "km"},
}
TAME = [
    *(
        "tame",
        "/tame",
        "https://tame.example/",
        "30s",
        "20m",
        "TLSv1.2",
        "ldaps://tame.example:636",
        "sha256:" + "0" * 64,
        "a:b:1.0",
    ),
    *(
        "9100",
        "192.0.2.0/24",
        "192.0.2.7",
        "tame.example",
        "dbscripts/tame.sql",
        "nobody",
        "nas.example:/y",
        "tame=1",
    ),
]


def sentences(place: str, text: str) -> list[str]:
    case = cases.Case()
    case.hosts = {host: case.hosts[host] for host in ("km1", "lb1", "db1", "am1")}
    case.groups["key_manager"] = ["km1"]
    name = place.split(".", 1)[0]
    if name == "cluster_gateway":
        cases.identity_server(case)
    if name == "cluster_user_store":
        case.everywhere(cluster_user_store_password="Canary-directory")
    if name == "cluster_membership_options":
        case.everywhere(cluster_membership_scheme="aws")
    for variables in case.hosts.values():
        put(variables, place, filled(place, text))
    return [sentence for sentence in case.errors() if name in sentence]


@pytest.mark.parametrize("place", sorted(LEAVES))
def test_what_could_break_out_is_refused_or_known_to_be_taken(place: str) -> None:
    name = place.split(".", 1)[0]
    option = next(options[name] for options in role_options().values() if name in options)
    always: list[str] = []
    taken = []
    for kind, text in NASTY.items():
        variables: dict[str, t.Any] = {}
        put(variables, place, filled(place, text))
        told = text_rules.problems(name, variables[name], option)
        if not told:
            # What is said whatever the text, of options that do not go together, is no answer to
            # it.
            always = always or [
                *set.intersection(*(set(sentences(place, tame)) for tame in TAME)),
                "one sentence at least",
            ]
            told = [sentence for sentence in sentences(place, text) if sentence not in always]
        if not told:
            taken.append(kind)
        for sentence in told:
            assert "\n" not in sentence and "\x00" not in sentence, (
                "the sentence itself carries it on"
            )
    if place not in text_rules.RAW:
        assert not {"line break", "carriage return", "null", "separator", "secret"} & set(taken), (
            taken
        )
    if place not in TAKEN:
        taken = [kind for kind in taken if kind not in HARMLESS.get(place, ())]
        assert not taken, (
            f"{place} takes {taken}: refuse it in plugin_utils/_preflight/text_rules.py, or say in"
            " TAKEN where it goes"
        )


def test_the_preflight_asks() -> None:
    told = sentences("cluster_user_store.user_search_base", NASTY["line break"])
    assert (
        "cluster_user_store.user_search_base holds a line break or another control character."
        " Remove it." in told
    )


@pytest.mark.parametrize("name", ["km 1", "km1;x", "$(x)", "km1\ny", "-rf", "k'm"])
def test_names_of_hosts_are_refused_too(name: str) -> None:
    case = cases.Case()
    case.hosts[name] = {**case.hosts.pop("km2")}
    case.groups["key_manager"] = ["km1", name]
    told = [sentence for sentence in case.errors() if "has a host whose name" in sentence]
    assert len(told) == 1 and "\n" not in told[0]


def test_the_names_of_the_table_are_those_of_the_argument_specs() -> None:
    assert set(TAKEN) <= set(LEAVES)
    places = {
        place
        for role, options in role_options().items()
        for name, spec in options.items()
        for place, _spec in leaves(name, spec)
    }
    places |= {name for options in role_options().values() for name in options}
    unknown = [
        place
        for place in text_rules.RULES
        if place not in places and place.split(".")[0] not in text_rules.RULES
    ]
    assert unknown == []
