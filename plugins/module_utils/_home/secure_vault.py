# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The secure vault of a Carbon server: the files that ciphertool writes, as edits of them.

The server decrypts every entry of cipher-text.properties when it starts, and does not start with
one that it cannot. An encrypted secret is another text each time, so one that is still right stays.
"""

from __future__ import annotations

import base64
import binascii
import re
import typing as t
from pathlib import Path

from .._editor.patch import Part, Wish
from .._editor.properties import CODEC, read_properties
from .._editor.secrets import Secrets, literal
from .._errors import OperatorError
from .._keystore.jks import password_fits, read_store, recover_key
from .._keystore.rsa import RsaKey, decrypt, encrypt, key_of_pkcs8, longest
from .._module import Arguments
from .home import CIPHER_TEXT, CIPHER_TOOL, SECRET_CONF, VAULT_KEPT, XML_FILES, parse

if t.TYPE_CHECKING:
    from .._editor.patch import Read

SECURE_VAULT = Arguments(
    {
        "home": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "keystore": {"type": "str", "no_log": False},
        "keystore_password": {"type": "str", "no_log": True},
        "key_alias": {"type": "str", "no_log": False},
        "may_lack_keystore": {"type": "bool", "default": False},
        "entries": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "alias": {"type": "str", "required": True},
                "value": {"type": "str", "required": True},
                "place": {"type": "str", "required": True},
            },
        },
        "secrets": {"type": "dict", "no_log": True},
    },
    {"required_if": [("state", "present", ("keystore", "keystore_password", "key_alias"))]},
)
_CONNECTORS = "Server.Service.Connector.keystorePass"
_HANDLER = "org.wso2.carbon.securevault.DefaultSecretCallbackHandler"
# What the handler is asked for; it reads both from the file password-persist.
_ASKED = {"store": "identity.store.password", "key": "identity.key.password"}
# As ciphertool 1.0.0 of the products writes it; secVault.enabled is what later ones ask for.
_CONF = {
    "secVault.enabled": "true",
    "carbon.secretProvider": (
        "org.wso2.securevault.secret.handler.SecretManagerSecretCallbackHandler"
    ),
    "secretRepositories": "file",
    "secretRepositories.file.provider": (
        "org.wso2.securevault.secret.repository.FileBaseSecretRepositoryProvider"
    ),
    "secretRepositories.file.location": CIPHER_TEXT,
    "keystore.identity.type": "JKS",
    "keystore.identity.store.password": _ASKED["store"],
    "keystore.identity.store.secretProvider": _HANDLER,
    "keystore.identity.key.password": _ASKED["key"],
    "keystore.identity.key.secretProvider": _HANDLER,
    VAULT_KEPT: "true",
}
_OF_THE_KEY = ("keystore.identity.location", "keystore.identity.alias")
# With it the server would take the secrets for encrypted in another way.
_OTHER_ALGORITHM = "secretRepositories.file.algorithm"
# A secret that ciphertool has still to encrypt is in brackets.
_PLAIN = re.compile(r"\[(.+)\]\s*\Z", re.DOTALL)


def secure_vault_part(arguments: t.Mapping[str, t.Any]) -> Part:
    """What module carbon_configure does with its option secure_vault."""
    home = Path(arguments["home"])
    if arguments["state"] == "absent":
        return Part(_absent(home, arguments["entries"]))

    def then(read: Read) -> Wish:
        _check_connectors(arguments, read)
        key = _key(arguments, read)
        if key is None:
            return Wish()
        path = home / CIPHER_TEXT
        edits, warnings = _encrypted(arguments, key, _current(path, read), str(path))
        return Wish(
            [
                _properties(path, edits),
                _properties(home / SECRET_CONF, _conf(arguments)),
                _properties(
                    home / CIPHER_TOOL,
                    [
                        {"key": entry["alias"], "value": literal(entry["place"])}
                        for entry in arguments["entries"]
                    ],
                ),
            ],
            warnings=warnings,
        )

    return Part(paths=[str(home / CIPHER_TEXT), str(home / SECRET_CONF)], then=then)


def _properties(path: Path, edits: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    return {"path": str(path), "format": "properties", "create": True, "edits": edits}


def _absent(home: Path, entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[t.Mapping[str, t.Any]]:
    """Nothing that the server would look for a key for. What else somebody has encrypted stays."""
    keys = {SECRET_CONF: [*_CONF, *_OF_THE_KEY], CIPHER_TEXT: [entry["alias"] for entry in entries]}
    return [
        {
            "path": str(home / file),
            "format": "properties",
            "optional": True,
            "edits": [{"key": key, "state": "absent", "match": "all"} for key in names],
        }
        for file, names in keys.items()
    ]


def _conf(arguments: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    location = str(Path(arguments["home"]) / arguments["keystore"])
    values = {**_CONF, **dict(zip(_OF_THE_KEY, (location, arguments["key_alias"])))}
    return [
        *({"key": key, "value": literal(value), "match": "all"} for key, value in values.items()),
        {"key": _OTHER_ALGORITHM, "state": "absent", "match": "all"},
    ]


def _check_connectors(arguments: t.Mapping[str, t.Any], read: Read) -> None:
    """The server asks with one alias for the passwords of all connectors, and does not start with
    one that has none."""
    if all(entry["alias"] != _CONNECTORS for entry in arguments["entries"]):
        return
    path = Path(arguments["home"]) / XML_FILES["catalina_server"]
    for connector in parse(path, read).iter("Connector"):
        names = {name.rpartition("}")[2] for name in connector.attrib}
        if "keystorePass" in names and "secretAlias" not in names:
            raise OperatorError(
                f"{path}: the Connector of port {connector.get('port')} has a keystorePass of its"
                " own. With the secure vault the server takes that of port 9443 for all of them."
                " Take this Connector out, or set cluster_secret_storage to plain."
            )


def _key(arguments: t.Mapping[str, t.Any], read: Read) -> RsaKey | None:
    path = Path(arguments["home"]) / arguments["keystore"]
    try:
        data = read(path)
    except FileNotFoundError:
        if arguments["may_lack_keystore"]:
            return None
        raise OperatorError(
            f"{path} does not exist, and the secrets are encrypted with its key. Make the keystores"
            " first (role certificates), or set cluster_secret_storage to plain."
        ) from None
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    entries = read_store(data, str(path))
    password, alias = arguments["keystore_password"], arguments["key_alias"]
    protected = next(
        (entry.protected_key for entry in entries if entry.alias == alias.lower()), None
    )
    if protected is None:
        raise OperatorError(f"{path} holds no private key of the alias {alias}.")
    plain = recover_key(protected, password)
    if plain is None or not password_fits(data, password):
        raise OperatorError(
            f"The password given for {path} does not open it and its key {alias}. Bring the"
            " keystores up to date first (role certificates)."
        )
    try:
        return key_of_pkcs8(plain)
    except ValueError:
        raise OperatorError(
            f"The key {alias} of {path} is no RSA key, and the secure vault knows no other."
        ) from None


def _current(path: Path, read: Read) -> dict[str, str]:
    try:
        return read_properties(read(path).decode(CODEC))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error


def _encrypted(
    arguments: t.Mapping[str, t.Any], key: RsaKey, current: t.Mapping[str, str], path: str
) -> tuple[list[dict[str, t.Any]], list[str]]:
    """The edits of cipher-text.properties, and what is to be said of entries of others."""
    secrets = Secrets(arguments["secrets"])
    wanted = {entry["alias"]: secrets.resolve(entry["value"]) for entry in arguments["entries"]}
    edits, warnings = [], []
    for alias, secret in wanted.items():
        there = current.get(alias, "")
        value = there if _opened(key, there) == secret.encode() else _closed(key, alias, secret)
        edits.append({"key": alias, "value": literal(value), "match": "all"})
    for alias, there in current.items():
        if alias in wanted or not there.strip() or _opened(key, there) is not None:
            continue
        plain = _PLAIN.match(there.strip())
        if plain:
            value = _closed(key, alias, plain.group(1))
            edits.append({"key": alias, "value": literal(value), "match": "all"})
            continue
        edits.append({"key": alias, "state": "absent", "match": "all"})
        warnings.append(
            f"{path}: {alias} was not encrypted with the key {arguments['key_alias']}, so the"
            " server would not start with it, and it was taken out. If a file still names it,"
            " encrypt it again with ciphertool."
        )
    return edits, warnings


def _opened(key: RsaKey, text: str) -> bytes | None:
    try:
        return decrypt(key, base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        return None


def _closed(key: RsaKey, alias: str, secret: str) -> str:
    try:
        return base64.b64encode(encrypt(key, secret.encode())).decode("ascii")
    except ValueError:
        raise OperatorError(
            f"The secret of {alias} is too long for the secure vault: the key of the server"
            f" encrypts {longest(key)} bytes. Choose a shorter one."
        ) from None
