# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the texts of an inventory may hold, by where they end up.

A text that goes into XML, JSON or a property file is written so that the product reads it back,
whatever is in it. Shells, systemd, nginx, SQL and mount options have no such way for every place,
so there a text is one that needs none, or the preflight refuses it.
"""

from __future__ import annotations

import re
import typing as t

# What no XML document can hold, and what would begin a new line of a file of lines.
CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff\ufffe\uffff]")


class Rule(t.NamedTuple):
    pattern: t.Pattern[str]
    says: str
    expression: str = ""
    """Where a text begins with this, the rest must be a regular expression."""

    def takes(self, text: str) -> bool:
        if not self.pattern.match(text):
            return False
        if self.expression and text.startswith(self.expression):
            try:
                re.compile(text.partition(" ")[2])
            except re.error:
                return False
        return True


def _rule(pattern: str, says: str) -> Rule:
    return Rule(re.compile(f"(?:{pattern})\\Z"), says)


PATH = _rule(
    r"/(?!.*/\.\.(/|\Z))[A-Za-z0-9._+@/-]*",
    "must be an absolute path of letters, digits and the characters . _ + @ -",
)
# Paths that a role gives a default that means "none".
PATH_OR_NONE = _rule(r"|" + PATH.pattern.pattern[:-2], PATH.says)
RELATIVE = _rule(
    r"(?!.*(\A|/)\.\.(/|\Z))[A-Za-z0-9._+@{}][A-Za-z0-9._+@{}/-]*",
    "must be a path below the product home",
)
SCHEMA_SCRIPT = _rule(
    "(?:api_manager:)?(?:" + RELATIVE.pattern.pattern[:-2] + ")",
    RELATIVE.says + ", with api_manager: in front below API Manager's",
)
FOLDER = _rule(
    r"(?!.*(\A|/)\.{1,2}(/|\Z))[A-Za-z0-9._+@][A-Za-z0-9._+@/-]*",
    "must be folders below the product home, of letters, digits and the characters . _ + @ -",
)
WORD = _rule(
    r"[A-Za-z0-9_][A-Za-z0-9_.:@-]*", "may hold only letters, digits and the characters . _ : @ -"
)
PACKAGE = _rule(r"|[A-Za-z0-9][A-Za-z0-9_.:+~=@-]*", "is no name of a package")
CLASS = _rule(
    r"[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z_$][A-Za-z0-9_$]*)*", "is no name of a Java class"
)
HOST = _rule(
    r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+",
    "is neither a host name nor an address",
)
DATABASE_HOST = _rule(HOST.pattern.pattern[:-2] + r"|\[[0-9A-Fa-f:.]+\]", HOST.says)
SOURCE = _rule(r"[A-Za-z0-9_:%][A-Za-z0-9_.:%/-]*", "is no host, address or network")
HEADER = _rule(r"[A-Za-z0-9][A-Za-z0-9-]*", "is no name of an HTTP header")
# A longer one does not fit into the table that nginx makes of them.
NGINX_HEADER = _rule(
    r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", "is no name of an HTTP header, of 40 characters at most"
)
JNDI = _rule(
    r"[A-Za-z0-9_][A-Za-z0-9_./:-]*(?<!\.\.)",
    "may hold only letters, digits and the characters . _ / : -",
)
REGISTRY = _rule(
    r"/[A-Za-z0-9_./-]*",
    "must be a path in the registry, of letters, digits and the characters . _ -",
)
URL_VALUE = _rule(
    r"[^\s&;?#\"'<>\\]*",
    "holds a character that ends a parameter of a URL; write it in its %XX form",
)
ELEMENT = _rule(r"[A-Za-z][A-Za-z0-9]*", "may hold only letters and digits")
FILE_NAMES = _rule(
    r"(?!-)[A-Za-z0-9_.*?-]+", "is no pattern of a file name: letters, digits and . _ - * ?"
)
NGINX_LOCATION = _rule(
    r"((=|\^~) )?/[A-Za-z0-9_.~%@:+/-]*|~\*? [A-Za-z0-9!$%&()*+,./:<=>?@\[\]\\^_|~-]+",
    "is no location that nginx takes as it is: a path, or ~ and a regular expression without"
    " blanks, quotes, braces and ; #",
)._replace(expression="~")
# nginx looks for a cookie by a variable of its name.
NGINX_COOKIE = _rule(r"[A-Za-z0-9_]+", "may hold only letters, digits and underscores")
NGINX_URI = _rule(r"/[A-Za-z0-9_.~/?=&%-]*", "must be a path on the server")
NGINX_TIME = _rule(r"[0-9]{1,9}(ms|[smhd])?", "is no time of nginx, such as 30s")
NGINX_SIZE = _rule(r"[0-9]{1,9}[kKmMgG]?", "is no size of nginx, such as 20m")
TLS = _rule(r"TLSv1\.[23]", "must be TLSv1.2 or TLSv1.3")
CIPHER = _rule(r"[A-Za-z0-9!][A-Za-z0-9_+-]*", "is no name of a cipher")
SQL_WORDS = _rule(r"[A-Z]+( [A-Z]+)*", "must be a privilege, in capitals")
DATABASE_SETTING = _rule(r"[^#;'\"\\]*", "holds a quote, a backslash or the beginning of a comment")
MOUNT_SOURCE = _rule(
    r"[A-Za-z0-9_.:/@+=~%\[\]-]+", "holds a character that a table of mounts does not take"
)
NOTE = _rule(r"[^\"\\<>&{}]*", "holds a quote, a backslash, a brace or markup")
KEY = _rule(
    r"[A-Za-z0-9_][A-Za-z0-9_.:-]*",
    "has a name with other characters than letters, digits and . _ : -",
)
ANY = _rule(r"[\s\S]*", "")

# By variable and option. What is not here goes into files that hold any text, or is compared with a
# list of its own.
RULES: dict[str, Rule] = {
    **dict.fromkeys(
        (
            "cluster_home_directory",
            "cluster_home",
            "cluster_java_home",
            "cluster_shared_storage.path",
        ),
        PATH_OR_NONE,
    ),
    **dict.fromkeys(
        (
            "carbon_server_ca_file",
            "carbon_server_python",
            "carbon_server_managed_files",
            "verify_ca_file",
        ),
        PATH,
    ),
    **dict.fromkeys(
        ("databases_certificate_file", "databases_key_file", "databases_ca_file"), PATH
    ),
    "databases_settings_directory": PATH_OR_NONE,
    **dict.fromkeys(
        ("nginx_certificate", "nginx_certificate_key", "nginx_upstream_authorities"), PATH
    ),
    **dict.fromkeys(
        ("shared_fs_credentials_file", "shared_fs_mount_point", "shared_fs_directory"), PATH_OR_NONE
    ),
    **dict.fromkeys(
        (
            "cluster_java_package",
            "carbon_server_packages",
            "certificates_packages",
            "databases_packages",
        ),
        PACKAGE,
    ),
    **dict.fromkeys(("databases_client_packages", "nginx_packages", "shared_fs_packages"), PACKAGE),
    **dict.fromkeys(
        (
            "cluster_hostname_address",
            "certificates_extra_names",
            "cluster_membership_options.address",
        ),
        HOST,
    ),
    "cluster_database.host": DATABASE_HOST,
    **dict.fromkeys(
        ("databases_bind_address", "databases_account_hosts"),
        _rule("|" + SOURCE.pattern.pattern[:-2], SOURCE.says),
    ),
    **dict.fromkeys(
        (
            "cluster_database_admin_user",
            "databases_postgresql_encoding",
            "databases_postgresql_locale",
        ),
        WORD,
    ),
    **dict.fromkeys(("databases_character_set", "databases_collation"), WORD),
    "nginx_route_cookie": NGINX_COOKIE,
    **dict.fromkeys(
        (
            "cluster_additional_datasources.id",
            "cluster_additional_datasources.name",
            "cluster_security_caches",
        ),
        WORD,
    ),
    "cluster_additional_datasources.jndi": JNDI,
    "cluster_home_writable": FOLDER,
    "cluster_home_owner": WORD,
    **dict.fromkeys(
        ("cluster_additional_datasources.scripts", "cluster_database.scripts"), SCHEMA_SCRIPT
    ),
    **dict.fromkeys(
        (
            "cluster_database_driver.class_name",
            "cluster_jwt.claims_retriever",
            "cluster_membership_options.class_name",
        ),
        CLASS,
    ),
    **dict.fromkeys(
        ("cluster_registry_config_target", "cluster_registry_governance_target"), REGISTRY
    ),
    "cluster_api_manager_registry_config_target": REGISTRY,
    "cluster_database.parameters": URL_VALUE,
    "cluster_database.pool": ELEMENT,
    "cluster_api_manager_hostname": HOST,
    **dict.fromkeys(("cluster_signing_kid", "cluster_sandbox_signing_kid"), WORD),
    "apim_wiring_insequences": FILE_NAMES,
    **{
        "cluster_remote_ip_valve." + name: HEADER
        for name in ("remote_ip_header", "proxies_header", "protocol_header")
    },
    "nginx_blanked_headers": NGINX_HEADER,
    **dict.fromkeys(("nginx_extra_public_locations", "nginx_internal_locations"), NGINX_LOCATION),
    **dict.fromkeys(("nginx_health_check_uri", "carbon_server_warm_paths"), NGINX_URI),
    **dict.fromkeys(
        ("nginx_connect_timeout", "nginx_read_timeout", "nginx_upstream_keepalive_timeout"),
        NGINX_TIME,
    ),
    **dict.fromkeys(("nginx_health_check_interval", "nginx_client_timeout"), NGINX_TIME),
    "nginx_client_max_body_size": NGINX_SIZE,
    "nginx_tls_protocols": TLS,
    **dict.fromkeys(("nginx_tls_ciphers", "cluster_tls_ciphers"), CIPHER),
    "databases_privileges": SQL_WORDS,
    "databases_settings": DATABASE_SETTING,
    "cluster_shared_storage.source": MOUNT_SOURCE,
    "cluster_shared_storage.options": MOUNT_SOURCE,
    "firewall_extra_rules.purpose": NOTE,
}
# Pieces of nginx's own language, which the operator writes on purpose.
RAW = ("nginx_extra_server_config", "nginx_extra_management_config", "nginx_extra_internal_config")


class Text(t.NamedTuple):
    place: str
    """The variable and its option, as RULES names them."""
    shown: str
    text: str
    is_key: bool = False


def texts(
    name: str, value: t.Any, option: t.Mapping[str, t.Any], shown: str = ""
) -> t.Iterator[Text]:
    """Every text within the value of a variable, with its place in the argument spec."""
    shown = shown or name
    if isinstance(value, str):
        yield Text(name, shown, str(value))
    elif isinstance(value, t.Mapping):
        options = option.get("options")
        for key, item in value.items():
            if options is None:
                yield Text(name, shown, str(key), is_key=True)
                yield from texts(name, item, {}, f"{shown}.{key}")
            elif key in options:
                yield from texts(f"{name}.{key}", item, options[key], f"{shown}.{key}")
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(
                name, item, {"options": option["options"]} if "options" in option else {}, shown
            )


def problems(name: str, value: t.Any, option: t.Mapping[str, t.Any]) -> list[str]:
    """One sentence for each text that would not arrive as it is. None quotes the text: it may
    be a secret in the wrong place."""
    found = []
    for place, shown, text, is_key in texts(name, value, option):
        if place in RAW:
            continue
        rule = KEY if is_key else RULES.get(place, ANY)
        if is_key and (CONTROL.search(text) or not rule.takes(text)):
            found.append(f"{shown} {rule.says}.")
        elif is_key:
            continue
        elif CONTROL.search(text):
            found.append(f"{shown} holds a line break or another control character. Remove it.")
        elif "%{" in text:
            found.append(
                f"{shown} holds %{{, by which the collection names secrets in product files. Take"
                " it out."
            )
        elif not rule.takes(text):
            found.append(f"{shown} {rule.says}.")
    return list(dict.fromkeys(found))
