# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Every secret of the model and every text that product files take, with all in it that some layer
could take for its own.

The products' own parsers read back exactly that; no output shows a secret, not at -vvvv --diff and
not when a run fails; and all of it is done without any privilege. Which texts those are,
tests/unit/plugins/plugin_utils/_preflight/test_text_rules.py says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import typing as t
import zipfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import role_options
from lxml import etree

from tests.integration.configure import expected, sites
from tests.integration.configure.sites import SHARED, Site
from tests.unit.plugins.plugin_utils._preflight import test_text_rules as table

# Each process would make homes of its own.
pytestmark = pytest.mark.xdist_group("hostile")

CONFIGURE = "playbooks/configure.yml"
NASTY = (
    "\u00e9\u20ac\U0001f600'q\"`b`$(touch x)$HOME${b};a|b&c<d>*]]><![CDATA[--<!--c-->{{ 1 + 1 }}{%"
    " raw %}\\n\\\\%b%%s#"
)
# In a URL without blanks, and as part of a parameter of one.
NASTY_URL = "\u00e9\u20ac'q\"`b`$(x)$HOME${b};a|b&c=<d>*]]>--{{1+1}}{%x%}\\n\\\\%b%%s#"
NASTY_PARAMETER = "\u00e9`b`$(x)$HOME${b}|*]]--{{1+1}}{%x%}%25!"
# 17 characters: the product takes 30 in all.
NASTY_SECRET = "'$&<>\"%\\]]>--\u00e9{{1"
# The products take nothing but ASCII for the administrator.
NASTY_ADMIN_PASSWORD = "'$&<>\"%\\]]>--~{{1"


class Unsafe(str):
    """A text that Ansible is told not to take for a template, as an operator with braces in a value
    must."""


yaml.SafeDumper.add_representer(
    Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text))
)


class Values:
    """A text of its own for each place, so that it can be found again wherever a parser puts it."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.texts: dict[str, str] = {}
        self.secrets: dict[str, str] = {}

    def __call__(self, place: str, nasty: str = NASTY, before: str = "", after: str = "") -> Unsafe:
        self.texts[place] = "{0}{1}{2}{3}".format(
            before, place.replace(".", "").replace("_", ""), nasty, after
        )
        return Unsafe(self.texts[place])

    def secret(self, place: str) -> Unsafe:
        administrator = place == "cluster_admin_password"
        nasty = NASTY_ADMIN_PASSWORD if administrator else NASTY_SECRET + place
        self.secrets[place] = self.token + nasty
        return Unsafe(self.secrets[place])


def open_banking(values: Values) -> dict[str, t.Any]:
    store = (
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
    )
    return {
        "cluster_user_store": {
            "type": "ldap_read_write",
            "connection_url": "ldaps://ldap.bank.example:636",
            **{option: values("cluster_user_store." + option) for option in store},
            "properties": {"FurtherNote": values("cluster_user_store.properties")},
        },
        "cluster_user_store_password": values.secret("cluster_user_store_password"),
        "cluster_membership_scheme": "aws",
        "cluster_member_port": 5701,
        "cluster_membership_options": {
            option: values("cluster_membership_options." + option)
            for option in (
                "iam_role",
                "security_group",
                "region",
                "host_header",
                "tag_key",
                "tag_value",
            )
        },
        "cluster_aws_access_key": values.secret("cluster_aws_access_key"),
        "cluster_aws_secret_key": values.secret("cluster_aws_secret_key"),
        "cluster_database": {
            "vendor": "mysql",
            "parameters": {"note": values("cluster_database.parameters", NASTY_PARAMETER)},
        },
        "cluster_database_passwords": {
            name: values.secret("cluster_database_passwords." + name)
            for name in (*sites.DATABASES["documented"], "more")
        },
        "cluster_additional_datasources": [
            {
                "id": "more",
                "name": "WSO2More",
                "jndi": "jdbc/more",
                "database": "more",
                "description": values("cluster_additional_datasources.description"),
            }
        ],
        "cluster_identity_urls": {
            "OAuth2ErrorPage": values("cluster_identity_urls", NASTY_URL, "https://")
        },
        "cluster_token_issuer": values("cluster_token_issuer", NASTY_URL, "https://"),
        "cluster_remote_ip_valve": {
            "enabled": True,
            "internal_proxies": values(
                "cluster_remote_ip_valve.internal_proxies", "\u00e9'\"&<b>\\]\\]>--\\$\\{b\\}%;`"
            ),
        },
        "apim_wiring_jms_options": values("apim_wiring_jms_options"),
        # What no product file takes, but the run knows.
        "cluster_database_admin_password": values.secret("cluster_database_admin_password"),
        "cluster_shared_storage": {
            "type": "smb",
            "source": "//nas.bank.example/km",
            "user": values("cluster_shared_storage.user"),
        },
        "cluster_shared_storage_password": values.secret("cluster_shared_storage_password"),
    }


def identity_server(values: Values) -> dict[str, t.Any]:
    names = ("user", "apim", "registry")
    return {
        "cluster_product": "is_km_5.7.0",
        "cluster_database_passwords": {
            name: values.secret("cluster_database_passwords." + name) for name in names
        },
        "cluster_jwt": {"dialect": values("cluster_jwt.dialect")},
        "cluster_membership_scheme": "kubernetes",
        "cluster_membership_options": {
            "class_name": "org.example.Scheme",
            "namespace": values("cluster_membership_options.namespace"),
            "services": values("cluster_membership_options.services"),
            "parameters": {"FURTHER": values("cluster_membership_options.parameters")},
        },
        "cluster_admin_user": "operator",
    }


def is_km_home(site: Site) -> None:
    """Identity Server in place of the Open Banking Key Managers, with the files that were published
    of another product only."""
    for host in site.key_managers:
        shutil.rmtree(site.homes[host])
        shutil.copytree(
            SHARED / "real" / "is-km-5.7.0", site.homes[host], copy_function=shutil.copyfile
        )
        for path, source in (
            ("repository/conf/etc/jmx.xml", "carbon-kernel-4.4.35"),
            ("repository/conf/identity/application-authentication.xml", "ob-km-1.5-uk"),
        ):
            if not (site.homes[host] / path).exists():
                (site.homes[host] / path).parent.mkdir(exist_ok=True)
                shutil.copyfile(SHARED / "real" / source / path, site.homes[host] / path)
        for path in [site.homes[host], *site.homes[host].rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


class Hostile(t.NamedTuple):
    site: Site
    values: Values
    outputs: list[str]
    read: dict[str, set[str]]
    run: t.Callable[..., t.Any]
    """configure.yml without privileges."""


def strings(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


# A template in Velocity, whose first lines are no XML. What is written into it, test_edits.py says.
TEMPLATE = "repository/resources/api_templates/velocity_template.xml"


def parsed(home: Path) -> t.Iterator[str]:
    """Every text and attribute of the XML files, by a parser that is not the editor's judge
    alone."""
    for path in set(home.rglob("*.xml")) - {home / TEMPLATE}:
        for element in etree.fromstring(
            path.read_bytes(), etree.XMLParser(resolve_entities=False)
        ).iter(etree.Element):
            yield from (element.text or "", *element.attrib.values())


@pytest.fixture(
    scope="module", params=["open_banking", pytest.param("identity_server", marks=pytest.mark.slow)]
)
def hostile(
    request: t.Any,
    tmp_path_factory: t.Any,
    playbook: t.Callable[..., t.Any],
    oracle: t.Callable[[Path], dict[str, t.Any]],
    unprivileged: list[str],
    shared: Path,
) -> Hostile:
    folder = tmp_path_factory.mktemp(request.param)
    site = Site(folder, "real")
    values = Values(site.secrets.token)
    passwords = ("admin", "group", "keystore", "truststore")
    site.variables.update(
        {
            f"cluster_{name}_password": values.secret(f"cluster_{name}_password")
            for name in passwords
        }
    )
    if request.param == "open_banking":
        site.variables.update(open_banking(values))
    else:
        is_km_home(site)
        site.variables.update(identity_server(values))
        for jar in [
            folder / "scheme.jar",
            *(
                site.homes[host] / "repository/components/lib/scheme.jar"
                for host in site.key_managers
            ),
        ]:
            jar.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(jar, "w") as archive:
                archive.writestr("org/example/Scheme.class", b"")
        site.variables["cluster_membership_jar"] = {
            "src": str(folder / "scheme.jar"),
            "checksum": "sha256:" + "0" * 64,
        }
    site.write_inventory()

    def without_privileges(*arguments: str) -> t.Any:
        return playbook(CONFIGURE, site.inventory, *arguments, prefix=unprivileged)

    outputs = []
    for arguments in (["-vvvv", "--diff"], ["-vvvv", "--diff"]):
        run = without_privileges(*arguments)
        assert run.status == 0, run.output[-6000:]
        outputs.append(run.output)
    assert outputs[1].count("changed=0") == outputs[1].count("unreachable=0"), (
        "the second run changed something"
    )
    read = {}
    for host in ("km1", "am1"):
        read[host] = set(strings(oracle(site.homes[host]))) | set(parsed(site.homes[host]))
    return Hostile(site, values, outputs, read, without_privileges)


# What no product file holds.
ELSEWHERE = (
    "cluster_shared_storage.user",
    "cluster_database_admin_password",
    "cluster_shared_storage_password",
)
# What stands within a longer text.
WITHIN = ("cluster_database.parameters", "apim_wiring_jms_options")


def test_the_products_read_exactly_what_the_inventory_says(hostile: Hostile) -> None:
    found = set.union(*hostile.read.values())
    for place, text in {**hostile.values.texts, **hostile.values.secrets}.items():
        if place in ELSEWHERE:
            continue
        there = any(text in read for read in found) if place in WITHIN else text in found
        assert there, (place, [read for read in found if read.startswith(text[:20])])


def test_no_output_shows_a_secret(hostile: Hostile) -> None:
    for output in hostile.outputs:
        assert hostile.values.token not in output, output[
            max(0, output.index(hostile.values.token) - 600) :
        ][:700]


def test_nothing_was_done_that_needs_a_privilege(hostile: Hostile) -> None:
    assert "BECOME-SUCCESS" not in hostile.outputs[0]
    for home in hostile.site.homes.values():
        assert {path.stat().st_uid for path in home.rglob("*")} == {os.geteuid()}


def says(output: str, *words: str) -> bool:
    """Whether the output, which Ansible wraps as it likes, holds these words."""
    text = " ".join(output.split()).lower()
    return all(word.lower() in text for word in words)


def test_a_wrong_argument_beside_a_secret_shows_none(hostile: Hostile) -> None:
    before = hostile.site.state()
    edits = [{"xpath": "/Server/HostName", "txet": "%{admin_password}"}]
    wrong = json.dumps({"__km_node_carbon": {"path": "repository/conf/carbon.xml", "edits": edits}})
    run = hostile.run("-vvvv", "--diff", "-e", wrong)
    assert run.status != 0 and "txet" in run.output, run.output[-3000:]
    assert hostile.values.token not in run.output
    assert hostile.site.state() == before


def test_a_file_that_cannot_be_written_is_named_and_shows_no_secret(hostile: Hostile) -> None:
    path = hostile.site.homes["km1"] / expected.CONF / "user-mgt.xml"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'name="dataSource">', b'name="dataSource">other', 1))
    assert path.read_bytes() != good
    before = hostile.site.state()
    path.parent.chmod(0o555)
    try:
        run = hostile.run("-vvvv", "--diff")
    finally:
        path.parent.chmod(0o755)
    assert run.status != 0, "the file was written all the same"
    assert says(run.output, str(path), "cannot be written by this user"), run.output[
        run.output.index("[ERROR]") :
    ][:700]
    assert hostile.values.token not in run.output
    assert hostile.site.state() == before
    path.write_bytes(good)


def test_a_file_of_somebody_else_that_is_closed_is_named(hostile: Hostile) -> None:
    path = hostile.site.homes["km1"] / expected.CONF / "carbon.xml"
    path.chmod(0o000)
    try:
        run = hostile.run()
    finally:
        path.chmod(0o644)
    assert run.status != 0 and says(run.output, str(path), "permission denied"), run.output[-3000:]


def test_every_text_and_every_secret_of_the_model_had_its_turn() -> None:
    """A new variable is in neither inventory, and fails here."""
    values = Values("x")
    open_banking(values), identity_server(values)
    files = {place for place, reason in table.TAKEN.items() if reason == table.FILE}
    assert files <= set(values.texts), files - set(values.texts)
    secrets = {
        name
        for options in role_options().values()
        for name, option in options.items()
        if option.get("no_log")
    }
    told = {place.split(".")[0] for place in values.secrets} | {
        "cluster_admin_password",
        "cluster_group_password",
    }
    assert secrets == told | {"cluster_keystore_password", "cluster_truststore_password"}


def test_git_sees_no_secret_outside_product_files(hostile: Hostile) -> None:
    """Temporary files, journals and backups are gone with the run that made them."""
    command = ["grep", "-rlF", hostile.values.token, str(hostile.site.folder / "homes")]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert listed.stdout
    for name in listed.stdout.splitlines():
        assert Path(name).suffix in (".xml", ".properties", ".json"), name
