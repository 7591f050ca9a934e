# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of shared file systems: what each is mounted with, and what its source looks like."""

from __future__ import annotations

import re
import typing as t

# Nothing on a share is a device or runs with the rights of its owner, and a mount that needs the
# network waits for it.
_ALWAYS = ("_netdev", "nodev", "nosuid")
# Without an answer the file server is asked again for ever: the other behaviour, soft, loses what
# was written.
_NFS = ("hard", "timeo=600", "retrans=2")
# What Amazon documents for clients other than its own helper, which sets them itself.
_EFS = ("nfsvers=4.1", "rsize=1048576", "wsize=1048576", *_NFS, "noresvport")


class Kind(t.NamedTuple):
    """One kind of shared file system."""

    file_system: str
    client: str
    """What the operating system needs for it: nfs, cifs or efs."""
    options: tuple[str, ...]
    source: t.Pattern[str]
    example: str
    login: bool = False


_NFS_SOURCE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):/[^,]*\Z")
KINDS: dict[str, Kind] = {
    "nfs": Kind("nfs", "nfs", (*_ALWAYS, *_NFS), _NFS_SOURCE, "nas1.bank.example:/export/km"),
    "smb": Kind(
        "cifs",
        "cifs",
        # The servers see files of their own user whatever the file server thinks, and links among
        # them stay links.
        (*_ALWAYS, "seal", "forceuid", "forcegid", "file_mode=0640", "dir_mode=0750", "mfsymlinks"),
        re.compile(r"//[^\s/]+/[^,]+\Z"),
        "//nas1.bank.example/km",
        login=True,
    ),
    "efs": Kind(
        "nfs4",
        "nfs",
        (*_ALWAYS, *_EFS),
        _NFS_SOURCE,
        "fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com:/",
    ),
}
EFS_WITH_TLS = Kind(
    "efs",
    "efs",
    (*_ALWAYS, "tls"),
    re.compile(r"fs-[0-9a-f]+(\.[a-z0-9.-]+)?:/[^,]*\Z"),
    "fs-0123456789abcdef0:/",
)


def kind_of(settings: t.Mapping[str, t.Any]) -> Kind | None:
    """The kind that cluster_shared_storage describes; none where nothing is mounted by the
    collection."""
    if settings.get("type") == "efs" and settings.get("tls"):
        return EFS_WITH_TLS
    return KINDS.get(str(settings.get("type")))


def storage(shared: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The shared file system as the model holds it: with its mount, or with none where it is
    mounted already."""
    settings = shared["cluster_shared_storage"]
    kind = kind_of(settings)
    path = settings.get("path") or ("/mnt/" + shared["cluster_name"] if kind else None)
    if kind is None:
        return {"type": settings["type"], "path": path, "mount": None}
    options = list(kind.options)
    credentials = (
        "/etc/carbon-ops/{0}-storage.credentials".format(shared["cluster_name"])
        if kind.login
        else None
    )
    if credentials:
        user, group = shared["cluster_service_user"], shared["cluster_service_group"]
        options += ["credentials=" + credentials, "uid=" + user, "gid=" + group]
    return {
        "type": settings["type"],
        "path": path,
        "mount": {
            "source": settings.get("source"),
            "file_system": kind.file_system,
            "client": kind.client,
            # The last of two contradicting options counts, so the operator's come last.
            "options": ",".join(options + list(settings["options"])),
            "credentials": credentials,
            "user": settings.get("user"),
            "domain": settings.get("domain"),
        },
    }
