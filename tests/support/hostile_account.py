# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: PTH102, PTH104, PTH106, PTH108, PTH110, PTH112, PTH113, PTH114, PTH118, PTH119, PTH120, PTH123, PTH208, PTH211 - system calls are the subject
"""What an account of a host tries against the runs of root: runs there as that account, until it is
told to stop, undoes what it did, and prints what it tried and what it got.

    python3 - STOP-FILE CANARY-FOLDER SECONDS [FOLDER...] < hostile_account.py

Without folders it looks wherever something of the collection is, and where everybody may write.

Each thing that it puts in another's place is there for seconds at most: its own server goes on.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import random
import sys
import time
from collections import Counter

STOP, CANARY, SECONDS = sys.argv[1], sys.argv[2], float(sys.argv[3])
PLACES = sys.argv[4:] or (
    ["/opt/wso2", "/var/lib/carbon-ops", "/srv", "/mnt", "/tmp", "/var/tmp", "/dev/shm", "/run"]
    + ["/etc/carbon-ops", "/var/backups", "/var/log/nginx", "/etc/nginx"]
)
# Names under which root has a file for a moment, beside each file.
BESIDE = (".{}.carbon-ops-new", ".{}.carbon-ops-old", ".{}.carbon-ops-journal", "{}.new")
FIXED = (".carbon-ops-lock", "carbon-ops-obkm.zip", "carbon-ops-obkm.jar", "ansible-tmp", "backup")
# What root reads or edits below the account's own folders.
WANTED = ("start.json", "started.sha256", "wso2carbon.log", "site.json", "web.xml", "conf.json")
CLOSED = (
    "/run/carbon-ops.lock",
    "/var/lib/carbon-ops/.staging",
    "/var/backups/carbon-ops/obkm",
    "/var/lib/carbon-ops/databases",
    "/etc/shadow",
    CANARY + "/secret",
)
FORGED = (
    " Member left [x]: /10.0.0.12:4000",
    "TID: [-1234] [] [2026-01-01 12:00:00,042]  INFO {org.wso2.carbon.core.clustering.hazelcast."
    "wka.WKABasedMembershipScheme} - Member left [x]: /10.0.0.12:4000",
    "TID: [-1234] [] [2026-01-01 12:00:00,042] ERROR {org.apache.tomcat.jdbc.pool.ConnectionPool} - "
    "/opt/wso2/obkm/repository/components/plugins (Permission denied)",
    "java.lang.OutOfMemoryError: Java heap space",
)

tried: Counter = Counter()
got: list = []
made: set = set()
held: list = []


def folders() -> list:
    found = []
    for place in PLACES:
        for folder, names, _files in os.walk(place):
            names[:] = [name for name in names if "org.eclipse" not in name and name != "work"]
            if os.access(folder, os.W_OK | os.X_OK):
                found.append(folder)
    return found


def wanted(places: list) -> list:
    found = []
    for folder in places:
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name in WANTED and os.path.isfile(path) and not os.path.islink(path):
                found.append(path)
    return found


def trap(path: str) -> None:
    """One of: a link to root's file or folder, a pipe, a folder, an endless file, in this place."""
    kind = random.choice(("link", "link to a folder", "pipe", "folder", "endless"))
    if kind == "link":
        # Root's own file of the same name, if there is one: only root gets there.
        os.symlink(os.path.join(CANARY, os.path.basename(path)), path)
    elif kind == "link to a folder":
        os.symlink(CANARY, path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        os.mkdir(path)
    else:
        os.symlink("/dev/zero", path)
    made.add(path)
    tried[kind] += 1


def clear(path: str) -> None:
    with contextlib.suppress(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)
    if not os.path.lexists(path):
        made.discard(path)


def beside(places: list) -> None:
    folder = random.choice(places)
    files = os.listdir(folder)[:50] or ["x"]
    name = random.choice(BESIDE).format(random.choice(files))
    if random.random() < 0.3:
        name = random.choice(FIXED)
    path = os.path.join(folder, name)
    if not os.path.lexists(path):
        trap(path)
        time.sleep(random.choice((0, 0.01, 0.5)))
        clear(path)


def exchange(path: str) -> None:
    """A file or folder makes place for a trap for a moment."""
    aside = path + ".aside"
    os.rename(path, aside)
    try:
        trap(path)
        time.sleep(random.choice((0, 0.05, 0.5, 2)))
    finally:
        clear(path)
        if not os.path.lexists(path):
            os.rename(aside, path)
    tried["exchange"] += 1


def exchange_folder(files: list) -> None:
    folder = os.path.dirname(random.choice(files))
    if os.access(os.path.dirname(folder), os.W_OK):
        exchange(folder)
        tried["exchange of a folder"] += 1


def forge(files: list) -> None:
    for path in files:
        if path.endswith("wso2carbon.log"):
            with open(path, "a", encoding="utf-8") as log:
                log.write(random.choice(FORGED) + "\n")
            tried["forged line"] += 1


def steal(places: list) -> None:
    """Journals of root's runs are kept, and put back later."""
    for folder in places:
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name.endswith(".carbon-ops-journal") and not name.startswith("stolen"):
                os.rename(path, os.path.join(folder, "stolen" + name))
                made.add(os.path.join(folder, "stolen" + name))
                tried["stolen journal"] += 1
            elif name.startswith("stolen"):
                os.rename(path, os.path.join(folder, name[len("stolen") :]))
                made.add(os.path.join(folder, name[len("stolen") :]))
                tried["journal put back"] += 1


def lock(places: list) -> None:
    """Every folder that can be read is locked, and stays so."""
    for place in places:
        for folder, _names, _files in os.walk(place):
            if len(held) < 500:
                with contextlib.suppress(OSError):
                    descriptor = os.open(folder, os.O_RDONLY | os.O_NONBLOCK)
                    held.append(descriptor)
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    tried["lock"] += 1


def enter() -> None:
    for path in CLOSED:
        tried["closed place"] += 1
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.ENOENT):
                got.append(f"{path}: {error.strerror}")
        else:
            got.append(path)


def main() -> None:
    places = folders()
    files = wanted(places)
    lock([*PLACES, *places[:50]])
    end = time.monotonic() + SECONDS
    attacks = [lambda: beside(places), lambda: enter(), lambda: steal(places[:40])]
    if files:
        # Most of the time one of them is not what it was.
        attacks += [lambda: exchange(random.choice(files)), lambda: exchange_folder(files)] * 3
        attacks += [lambda: forge(files)]
    while time.monotonic() < end and not os.path.exists(STOP):
        with contextlib.suppress(OSError):
            random.choice(attacks)()
        time.sleep(0.05)
    for path in list(made):
        clear(path)
    print(json.dumps({"tried": tried, "got": sorted(set(got)), "left": sorted(made)}))


main()
