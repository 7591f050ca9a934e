# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What must not stand in the sources: a check of a certificate switched off, a password that all
know, a weak key, a file for all."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.vendors import VENDORS
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._preflight.secrets import (
    DEFAULT_PASSWORDS,
    LEAST_RSA_BITS,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import role_options

from tests.support.paths import REPOSITORY

# What runs on the hosts of an operator, or is copied by one.
SOURCES = (
    "roles",
    "plugins",
    "playbooks",
    "inventories",
    "meta",
    "site.yml",
    "execution-environment.yml",
    "ansible.cfg",
)
# The demonstration and the scenarios may have passwords that everybody knows; what they call they
# check all the same. The files of a stock product among them are there to be edited.
DEMO = ("demo", "molecule", "scripts", ":(exclude)demo/product_files")
CHECKED_EVERYWHERE = ("a certificate that is not checked", "a host key that is not checked")

FORBIDDEN = {
    "a certificate that is not checked": (
        r"validate_certs['\"]?\s*[:=]\s*['\"]?(false|no|off|0)\b"
        r"|AllowAll|TrustAll|NullHostnameVerifier|CERT_NONE|check_hostname\s*=\s*False|_create_unverified_context|\bverify\s*=\s*False"
        r"|\b(curl|wget)\b[^\n]*(\s-[a-zA-Z]*k\b|--insecure|--no-check-certificate)"
        r"|(proxy_)?ssl_verify\w*['\"]?\s*[:="
        r" ]\s*['\"]?(off|false|no)\b|trustServerCertificate['\"]?\s*[:=]\s*['\"]?true"
        r"|sslMode['\"]?\s*[:=]\s*['\"]?(DISABLED|PREFERRED|REQUIRED|trust)|sslmode['\"]?\s*[:=]\s*['\"]?(disable|allow|prefer|require)\b"
        r"|useSSL['\"]?\s*[:=]\s*['\"]?false|verifyServerCertificate['\"]?\s*[:=]\s*['\"]?false"
    ),
    "a host key that is not checked": (
        r"StrictHostKeyChecking\s*[="
        r" ]\s*no|host_key_checking\s*=\s*(false|no|0)|UserKnownHostsFile\s*[= ]\s*/dev/null"
    ),
    "an old protocol": r"\bSSLv[23]\b|\bTLSv1(\.[01])?\b(?!\.)",
    "a file that everybody may write, or run as its owner": (
        r"\bmode['\"]?\s*[:=]\s*['\"]?(0?[2467][0-7]{3}|0?[0-7]{2}[2367])['\"]?\s*$|chmod\s+(-R\s+)?(0?777|a\+w|o\+w)"
    ),
    "a shell that is handed a text as a whole": (
        r"shell\s*=\s*True|os\.system\(|\beval\(|\bexec\(|pickle\.loads?|yaml\.(unsafe_load|full_load)|ansible\.builtin\.shell:"
    ),
    "a secret on a command line": r"--password[= ]|\s-p\{\{|PGPASSWORD|MYSQL_PWD|sshpass",
}
# What looks like it and is none, by file and a word of the line.
ALLOWED = {
    # With `cluster_database.tls: false`, which an operator must write.
    ("plugins/plugin_utils/_model/vendors.py", "False: {"): "the URL without TLS",
    ("plugins/module_utils/_database/connections.py", 'else {"sslmode": "prefer"}'): "the same",
    (
        "plugins/plugin_utils/_preflight/text_rules.py",
        "TLS = _rule",
    ): "the pattern that refuses the old ones",
    (
        "plugins/plugin_utils/_preflight/check.py",
        "AllowAll",
    ): "the option that the preflight refuses",
}


def files(sources: t.Sequence[str] = SOURCES) -> t.Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *sources], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout
    for name in listed.splitlines():
        path = REPOSITORY / name
        if path.is_file() and not path.is_symlink() and path.suffix not in (".png", ".svg", ".md"):
            yield path


def lines(sources: t.Sequence[str] = SOURCES) -> t.Iterator[tuple[str, int, str]]:
    for path in files(sources):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield str(path.relative_to(REPOSITORY)), number, line


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_sources_hold_none_of_it(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.IGNORECASE if "protocol" not in what else 0)
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, number, line in lines(
            (*SOURCES, *DEMO) if what in CHECKED_EVERYWHERE else SOURCES
        )
        if pattern.search(line)
        and not any(name == place and word in line for place, word in ALLOWED)
    ]
    assert found == []


EXAMPLES = {
    "a certificate that is not checked": [
        "  validate_certs: false",
        "curl -sk https://x",
        "c.check_hostname = False",
        "sslMode=PREFERRED",
        "get(x, verify=False)",
    ],
    "a host key that is not checked": ["host_key_checking = False"],
    "an old protocol": ["ssl_protocols TLSv1 TLSv1.2;", "TLSv1.1"],
    "a file that everybody may write, or run as its owner": [
        '  mode: "0666"',
        "mode: '4755'",
        "chmod 777 x",
    ],
    "a shell that is handed a text as a whole": [
        "subprocess.run(x, shell=True)",
        "  ansible.builtin.shell: x",
    ],
    "a secret on a command line": ["mysql --password=x"],
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_is_looked_for_would_be_found(what: str) -> None:
    for line in EXAMPLES[what]:
        assert re.search(FORBIDDEN[what], line, re.IGNORECASE if "protocol" not in what else 0), (
            line
        )


def test_what_bandit_is_told_to_pass_over_has_a_reason() -> None:
    passed = [
        (name, number, line.strip())
        for name, number, line in lines()
        if re.search(r"#\s*nosec", line)
    ]
    assert len(passed) > 5
    reason = re.compile(r"# nosec B\d{3} - \w+")
    assert [place for place in passed if not reason.search(place[2])] == []


WORDS = "|".join(sorted(re.escape(word) for word in DEFAULT_PASSWORDS))
GIVEN = r"(password|passwd|secret|pwd)\w*['\"]?\s*(:|=|\||default\()\s*.*?['\"]?\b({0})\b['\"]?\s*(,.*)?[)}}]*\s*$"
STOCK = re.compile(GIVEN.format(WORDS), re.IGNORECASE)
# The only ones, and why.
KNOWN = {
    "plugins/modules/carbon_keystore.py": (
        "the password that a store is taken over from, never given to one"
    ),
}


def test_no_password_that_everybody_knows_is_given_to_anything() -> None:
    found = {
        name: line.strip()
        for name, _number, line in lines()
        if STOCK.search(line) and not line.lstrip().startswith(("#", "- "))
    }
    assert set(found) <= set(KNOWN), found
    assert STOCK.search("cluster_admin_password: admin") and STOCK.search(
        "KeyStorePassword = 'wso2carbon'"
    )


def secrets(value: t.Any, name: str = "") -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from secrets(item, str(key) if not name else f"{name}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from secrets(item, name)
    else:
        yield name, value


def test_the_secrets_of_the_inventories_stand_in_a_vault() -> None:
    names = {
        name
        for options in role_options().values()
        for name, option in options.items()
        if option.get("no_log")
    }
    seen = 0
    for path in sorted((REPOSITORY / "inventories").rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        if text.startswith("$ANSIBLE_VAULT;"):
            continue
        for name, value in secrets(yaml.safe_load(re.sub(r"!(vault|unsafe)\b", "", text)) or {}):
            if name.split(".")[0] in names:
                seen += 1
                assert str(value).startswith(("{{ ", "$ANSIBLE_VAULT;")), (
                    f"{path}: {name} stands in the clear"
                )
    assert seen >= 8


def test_the_sample_inventory_has_a_vault() -> None:
    vaults = [
        path for path in (REPOSITORY / "inventories" / "prod").rglob("*vault*") if path.is_file()
    ]
    assert vaults
    for path in vaults:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("$ANSIBLE_VAULT;") or "!vault" in text, f"{path} is not encrypted"


def test_keys_that_are_made_are_of_todays_strength() -> None:
    options = role_options()["certificates"]
    assert options["certificates_rsa_size"]["default"] >= 3072 and LEAST_RSA_BITS >= 2048
    tasks = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (REPOSITORY / "roles" / "certificates").rglob("*.yml")
    )
    sizes = re.findall(r"^\s+size: (.*)$", tasks, re.MULTILINE)
    assert sizes and all(size == '"{{ certificates_rsa_size }}"' for size in sizes)
    curves = re.findall(r"\bcurve: (.*)", tasks)
    assert curves and all(
        set(re.findall(r"sec[a-z]+[0-9]+[a-z0-9]*", curve)) <= {"secp256r1"} for curve in curves
    )
    assert not re.search(r"digest: *['\"]?(md5|sha1)\b", tasks)


def test_protocols_and_ciphers_are_todays() -> None:
    options = role_options()["nginx"]
    assert set(options["nginx_tls_protocols"]["default"]) == {"TLSv1.2", "TLSv1.3"}
    ciphers: list[str] = options["nginx_tls_ciphers"]["default"]
    assert all(
        cipher.startswith("ECDHE-") and ("GCM" in cipher or "CHACHA20" in cipher)
        for cipher in ciphers
    )


# How each driver is told to check the server's certificate and its name.
VERIFIED: dict[str, str] = {
    "mysql": "VERIFY_IDENTITY",
    "mariadb": "verify-full",
    "postgresql": "verify-full",
    "mssql": "trustServerCertificate=false",
    "oracle": "SSL_SERVER_DN_MATCH=TRUE",
}


@pytest.mark.parametrize("name", sorted(set(VENDORS) - {"h2"}))
def test_databases_are_reached_over_tls_that_is_checked(name: str) -> None:
    described = repr(VENDORS[name])
    assert VERIFIED[name] in described or VERIFIED[name].replace("=", "': '") in described, (
        described
    )
