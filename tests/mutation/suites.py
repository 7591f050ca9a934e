# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The clusters whose edits are dropped, and the test functions that are asked: those of
tests/integration/configure, as they stand."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import typing as t
from pathlib import Path
from types import SimpleNamespace

import yaml

from tests.integration.configure import test_edits, test_leftovers, test_options, test_products
from tests.integration.configure.sites import DATABASES, REPOSITORY, SHARED, SITES, Site
from tests.support.playbooks import run_playbook

# These hold a file against what it was before the run, so they say nothing where somebody had put
# another value.
OF_THE_DIFFERENCE = (
    test_edits.test_the_diff_has_the_lines_of_the_edits_and_no_others,
    test_edits.test_nothing_changed_that_no_edit_asked_for,
    test_edits.test_templates_that_are_no_xml_name_the_load_balancer,
    test_edits.test_gadgets_of_the_dashboard_use_the_port_of_the_load_balancer,
)
OF_THE_VALUES = (
    test_edits.test_every_setting_has_the_value_of_the_inventory,
    test_edits.test_web_applications_name_the_load_balancer_and_nothing_else_changed,
    test_edits.test_members_share_a_heartbeat,
    test_edits.test_every_cache_is_on_and_local,
    test_edits.test_clients_of_the_message_broker_log_in_as_the_administrator,
)


def side(product: str, api_manager: bool) -> str:
    """The profile that the edits of a host belong to, and the role that makes them."""
    if not api_manager:
        return product + " km_node"
    profile = yaml.safe_load(
        (REPOSITORY / "roles/cluster/files/products" / product / "profile.yml").read_text(
            encoding="utf-8"
        )
    )
    return "{0} apim_wiring".format(profile["api_manager_product"])


class Suite:
    """Configured homes, what they were before, what the modules were asked for, and the tests of
    them."""

    def __init__(
        self,
        name: str,
        folder: Path,
        homes: t.Mapping[str, Path],
        inventory: Path,
        sides: t.Mapping[str, str],
    ) -> None:
        self.name = name
        # The edits that were tried where somebody had put another value.
        self.moved: set[str] = set()
        self.homes = dict(homes)
        self.sides = sides
        self.stock = {host: folder / "before" / host for host in homes}
        for host, home in homes.items():
            shutil.copytree(home, self.stock[host], symlinks=True)
        record = folder / "edits_made"
        settings = {
            "ANSIBLE_CALLBACK_PLUGINS": str(REPOSITORY / "tests" / "mutation" / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "edits_made",
            "CARBON_OPS_EDITS_MADE": str(record),
        }
        configure(name, inventory, settings=settings)
        self.calls = record.read_text(encoding="utf-8").splitlines()

    def looks_at(self, host: str) -> bool:
        """Whether a test reads the files of this host."""
        return True

    def judge(self, host: str, values_only: bool = False) -> str:
        """The first test that fails with the files of this host as they are now, or nothing."""
        raise NotImplementedError

    def judge_untouched(self) -> str:
        """The same where no file has been touched."""
        raise NotImplementedError


def configure(name: str, inventory: Path, **options: t.Any) -> None:
    done = run_playbook("playbooks/configure.yml", inventory, timeout=900, **options)
    if done.status:
        raise SystemExit(f"{name}: configure.yml fails:\n{done.output[-4000:]}")


def first_failure(calls: t.Iterator[tuple[t.Callable[..., None], t.Mapping[str, t.Any]]]) -> str:
    for test, arguments in calls:
        try:
            test(**arguments)
        # What a test stumbles over in a wrong file. With the files as they should be none of it
        # happens (judge_untouched).
        except (
            AssertionError,
            LookupError,
            ValueError,
            AttributeError,
            TypeError,
            OSError,
            SyntaxError,
        ):
            return test.__name__
    return ""


class EditsSuite(Suite):
    """What tests/integration/configure/test_edits.py says of one site."""

    def __init__(
        self,
        name: str,
        folder: Path,
        before: t.Mapping[str, t.Any] | None = None,
        **arguments: t.Any,
    ) -> None:
        self.site = Site(folder / "site", **arguments)
        site = self.site
        if before:
            variables = dict(site.variables)
            site.variables.update(before)
            site.write_inventory()
            configure(name, site.inventory)
            site.variables = variables
            site.write_inventory()
            site.commit()
        self.tests = OF_THE_VALUES + (() if before else OF_THE_DIFFERENCE[1:])
        self.lines = not before
        product = site.variables["cluster_product"]
        super().__init__(
            name,
            folder,
            site.homes,
            site.inventory,
            {host: side(product, host in site.api_managers) for host in site.homes},
        )

    def judge_untouched(self) -> str:
        return self.judge("")

    def judge(self, host: str, values_only: bool = False) -> str:
        request = SimpleNamespace(
            node=SimpleNamespace(callspec=SimpleNamespace(params={"configured": self.name}))
        )
        configured = SimpleNamespace(
            site=self.site, numstat={} if values_only else self.site.numstat()
        )

        def calls() -> t.Iterator[tuple[t.Callable[..., None], t.Mapping[str, t.Any]]]:
            for test in OF_THE_VALUES if values_only else self.tests:
                yield test, {"configured": configured}
            if self.lines and not values_only:
                yield OF_THE_DIFFERENCE[0], {"configured": configured, "request": request}

        return first_failure(calls())


class LeftoversSuite(Suite):
    """What tests/integration/configure/test_leftovers.py says of homes that hold what another
    choice left."""

    tests = (
        test_leftovers.test_nothing_of_another_choice_is_left,
        test_leftovers.test_no_password_of_another_user_store_is_left,
    )

    def __init__(self, name: str, folder: Path, site: str) -> None:
        self.taken = test_leftovers.make(folder / "site", site)
        configure(name, self.taken.fresh.inventory)
        left = self.taken.left
        sides = {host: side(left.product, host in left.api_managers) for host in left.homes}
        super().__init__(name, folder, left.homes, left.inventory, sides)

    def judge_untouched(self) -> str:
        return self.judge("")

    def judge(self, host: str, values_only: bool = False) -> str:
        return first_failure((test, {"taken": self.taken}) for test in self.tests)


def tests_of(module: t.Any) -> list[tuple[t.Callable[..., None], dict[str, t.Any]]]:
    """Each test function of a module with each of its parameters."""
    found = []
    for name, test in vars(module).items():
        if not name.startswith("test_"):
            continue
        tables = []
        for mark in getattr(test, "pytestmark", []):
            if mark.name == "parametrize":
                names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
                tables.append(
                    [
                        dict(zip(names, values if len(names) > 1 else [values]))
                        for values in mark.args[1]
                    ]
                )
        for rows in itertools.product(*tables):
            found.append((test, {key: value for row in rows for key, value in row.items()}))
    return found


def oracle(home: Path) -> dict[str, t.Any]:
    command = [str(SHARED / "oracle" / "oracle"), str(home)]
    # Hundreds of short runs: with the quick compiler alone one takes half as long.
    environment = {**os.environ, "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        # What no parser can read is no reading.
        raise ValueError(done.stderr[-2000:])
    return dict(json.loads(done.stdout))


class ParsersSuite(Suite):
    """Homes that WSO2's parsers read."""

    # What they read in each home, or in those that are looked at.
    read: dict[str, t.Any]

    def looks_at(self, host: str) -> bool:
        return host in self.read

    def judge(self, host: str, values_only: bool = False) -> str:
        # Some tests look into the files themselves, and need no parser.
        by = self.asked(self.read)
        if by:
            return by
        try:
            return self.asked({**self.read, host: oracle(self.homes[host])})
        except ValueError:
            return "the product's own parsers, which give up"

    def judge_untouched(self) -> str:
        return self.asked(self.read)

    def asked(self, read: dict[str, t.Any]) -> str:
        """The first test that fails with these readings, or nothing."""
        raise NotImplementedError


class OptionsSuite(ParsersSuite):
    """User stores, caching, membership, sessions, valve and JMX, as WSO2's parsers read them."""

    def __init__(self, name: str, folder: Path) -> None:
        self.sites = test_options.Sites(folder / "site")
        self.sites.write(test_options.OPTIONS)
        homes = {
            host: home
            for host, home in self.sites.homes.items()
            if not host.startswith("km2") or "defaults" in host
        }
        # A host is called am1.is_km_5.7.0.read_only.
        sides = {
            host: side(host.partition(".")[2].rpartition(".")[0], host.startswith("am"))
            for host in self.sites.homes
        }
        super().__init__(name, folder, self.sites.homes, self.sites.inventory, sides)
        self.read = {host: oracle(home) for host, home in homes.items()}
        # What it is once the options are taken back is no matter of one run.
        way_back = test_options.test_every_option_has_a_way_back
        self.tests = [
            (test, arguments) for test, arguments in tests_of(test_options) if test is not way_back
        ]

    def files(self, host: str) -> dict[str, str]:
        conf = self.homes[host] / "repository/conf"
        names = (
            "hazelcast.properties",
            "etc/jmx.xml",
            "identity/embedded-ldap.xml",
            "user-mgt.xml",
        )
        return {
            name: (conf / name).read_text(encoding="utf-8")
            for name in names
            if (conf / name).exists()
        }

    def asked(self, read: dict[str, t.Any]) -> str:
        files = {name: self.files(name) for name in self.homes}
        readings = test_options.Readings(self.sites.secrets, read, read, files)
        return first_failure(
            (test, {**arguments, "readings": readings}) for test, arguments in self.tests
        )


class TopologiesSuite(ParsersSuite):
    """Every topology of the documents, Identity Server and API Manager, as WSO2's parsers read
    them."""

    def __init__(self, name: str, folder: Path) -> None:
        self.sites = test_products.Sites(folder / "site")
        products = {name: cluster.product for name, cluster in test_products.CLUSTERS.items()}
        sides = {
            host: side(products[host.rpartition("-")[0]], "-am" in host)
            for host in self.sites.homes
        }
        super().__init__(name, folder, self.sites.homes, self.sites.inventory, sides)
        self.read = {host: oracle(home) for host, home in self.homes.items()}

    def asked(self, read: dict[str, t.Any]) -> str:
        fixtures = {"sites": self.sites, "reading": read.__getitem__}

        def calls() -> t.Iterator[tuple[t.Callable[..., None], t.Mapping[str, t.Any]]]:
            for test, arguments in tests_of(test_products):
                names = test.__code__.co_varnames[: test.__code__.co_argcount]
                yield (
                    test,
                    {
                        **arguments,
                        **{key: value for key, value in fixtures.items() if key in names},
                    },
                )

        return first_failure(calls())


def real(
    make: t.Callable[[Path], Suite], parsers: bool = False
) -> t.Callable[[Path], Suite | None]:
    def made(folder: Path) -> Suite | None:
        here = (SHARED / "real").is_dir() and (
            not parsers or (shutil.which("java") and shutil.which("mvn"))
        )
        return make(folder) if here else None

    return made


PASSWORDS = {name: "former-" + name for name in DATABASES["documented"]}
# In the order in which the cheaper ones come first: what one of them misses is not tried again.
SUITES: dict[str, t.Callable[[Path], Suite | None]] = {
    "fixtures-documented": lambda folder: EditsSuite(
        "fixtures-documented", folder, **SITES["fixtures-documented"]
    ),
    "fixtures-standard": lambda folder: EditsSuite(
        "fixtures-standard", folder, **SITES["fixtures-standard"]
    ),
    # From one layout of the databases to the other.
    "fixtures-moved": lambda folder: EditsSuite(
        "fixtures-moved",
        folder,
        before={
            "cluster_database": {"vendor": "mysql", "layout": "documented"},
            "cluster_database_passwords": PASSWORDS,
        },
        **SITES["fixtures-standard"],
    ),
    "real-documented": real(
        lambda folder: EditsSuite("real-documented", folder, **SITES["real-documented"])
    ),
    "fixtures-kernel": lambda folder: EditsSuite(
        "fixtures-kernel", folder, **SITES["fixtures-kernel"]
    ),
    "real-identity-server": real(
        lambda folder: EditsSuite("real-identity-server", folder, **SITES["real-identity-server"])
    ),
    "leftovers": lambda folder: LeftoversSuite("leftovers", folder, "fixtures-documented"),
    "leftovers-kernel": lambda folder: LeftoversSuite(
        "leftovers-kernel", folder, "fixtures-kernel"
    ),
    "leftovers-identity-server": real(
        lambda folder: LeftoversSuite("leftovers-identity-server", folder, "real-identity-server")
    ),
    "options": real(lambda folder: OptionsSuite("options", folder), parsers=True),
    "topologies": real(lambda folder: TopologiesSuite("topologies", folder), parsers=True),
}
