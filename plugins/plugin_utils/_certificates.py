# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether keys and certificates have to be made, renewed or copied, from one look at them."""

from __future__ import annotations

import hashlib
import ipaddress
import typing as t
from datetime import datetime, timedelta, timezone

Info = t.Mapping[str, t.Any]
Found = t.Mapping[str, Info]
_USAGE = {"rsa": {"Digital Signature", "Key Encipherment"}, "ecdsa": {"Digital Signature"}}
_EXTENDED = {"TLS Web Server Authentication", "TLS Web Client Authentication"}


def pair_owed(
    certificate: Info, found: Found, authority: Info, pair: Info, days: int, now: datetime
) -> list[str]:
    """Why a pair that the cluster's own authority issues is not as it must be; empty when it is.

    Certificates are as the filter community.crypto.x509_certificate_info reads them, empty where
    there is none; what was found is that of module host_files_info.
    """
    key, file = found.get(pair["path"] + ".key"), found.get(pair["path"] + ".crt")
    if not key or not file:
        return ["its certificate is missing" if key else "its key is missing"]
    names = {_name(name) for name in certificate.get("subject_alt_name") or []}
    expires = datetime.strptime(certificate["not_after"], "%Y%m%d%H%M%SZ")
    differs = {
        "its files are not those of root": _mode(key) != "0600" or _mode(file) != "0644",
        "its certificate is for another key": (
            certificate["public_key_fingerprints"].get("sha256") != key["public_key"]
        ),
        "another authority issued it": not _issued_by(certificate, authority),
        f"it is valid for less than {days} days": (
            expires.replace(tzinfo=timezone.utc) < now + timedelta(days=days)
        ),
        "it has another common name": (
            certificate["subject"] != {"commonName": pair["common_name"][:64]}
        ),
        "it is for other names": names != {_wanted(name) for name in pair["names"]},
        "it is for another use": not _is_for_servers(certificate, pair["key_type"]),
    }
    return [reason for reason, differing in differs.items() if differing]


def file_owed(text: str, found: Found, path: str, mode: str) -> bool:
    """Whether a file of root's is missing, or has another content or mode."""
    entry = found.get(path)
    return (
        not entry
        or _mode(entry) != mode
        or entry["checksum"] != hashlib.sha256(text.encode("utf-8")).hexdigest()
    )


def folder_owed(found: Found, path: str, mode: str) -> bool:
    """Whether a folder of root's is missing or has another mode."""
    return path not in found or _mode(found[path]) != mode


def _mode(entry: Info) -> str:
    """The mode of a file of root's; that of another's is none."""
    return str(entry["mode"]) if (entry["owner"], entry["group"]) == (0, 0) else ""


def _issued_by(certificate: Info, authority: Info) -> bool:
    identifier = certificate.get("authority_key_identifier")
    return bool(authority) and (
        certificate["issuer"] == authority["subject"]
        and (not identifier or identifier == authority.get("subject_key_identifier"))
    )


def _is_for_servers(certificate: Info, key_type: str) -> bool:
    return (
        certificate.get("basic_constraints") == ["CA:FALSE"]
        and bool(certificate.get("basic_constraints_critical"))
        and set(certificate.get("key_usage") or []) == _USAGE[key_type]
        and bool(certificate.get("key_usage_critical"))
        and set(certificate.get("extended_key_usage") or []) == _EXTENDED
    )


def _name(written: str) -> str:
    kind, _colon, name = written.partition(":")
    return f"{kind}:{ipaddress.ip_address(name)}" if kind == "IP" else written


def _wanted(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"
