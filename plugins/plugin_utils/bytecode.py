# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Modules that a node need not compile: Ansible sends a module as a zip of sources, here compiled code is put beside them.

Python looks into a zip for ``name.pyc`` before ``name.py``, and takes the source where the compiled code is of another Python. So a node
with the controller's version of Python saves more time than the edits of all files take, and any other node works as ever.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import importlib.util
import io
import marshal
import re
import zipfile
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import ansible

COLLECTION = Path(__file__).resolve().parents[2]
# Where the files stand from which Ansible makes a zip, by what their names in it begin with.
ORIGINS = {
    "ansible/": Path(ansible.__file__).parent,
    "ansible_collections/carbon_ops/key_manager/": COLLECTION,
}
# A zip as text. It stands before the arguments of the module, which are the operator's.
ZIP = re.compile(rb"(?<=['\"\n])UEsDB[A-Za-z0-9+/]{4096,}={0,2}(?=['\"\n])")
# The code belongs to the very source beside it, so no time stamp is compared (PEP 552: hash-based, unchecked).
HEADER = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)


def with_bytecode(module: bytes, cache: Path) -> bytes:
    """The module as Ansible made it, with compiled code beside the sources; as it came where no zip of sources is found in it.

    ``cache`` is a folder of this run: all hosts get the same zip, and it is made once.
    """
    found = ZIP.search(module)
    if not found:
        return module
    made = cache / hashlib.sha256(found.group()).hexdigest()
    if not made.exists():
        cache.mkdir(mode=0o700, exist_ok=True)
        with made.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                part = made.with_suffix(".part")
                part.write_bytes(base64.b64encode(compiled(base64.b64decode(found.group()))))
                part.rename(made)
    return module[: found.start()] + made.read_bytes() + module[found.end() :]


def compiled(content: bytes) -> bytes:
    """A zip of sources, with the compiled code of each."""
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as archive:
        for entry in archive.infolist():
            source = archive.read(entry) if entry.filename.endswith(".py") else b""
            if source:
                code = HEADER + marshal.dumps(code_of(entry.filename, source))
                # The fastest compression: the time to make the zip counts, and compiled code does not get much smaller.
                archive.writestr(zipfile.ZipInfo(entry.filename + "c", entry.date_time), code, zipfile.ZIP_DEFLATED, compresslevel=1)
    return file.getvalue()


def code_of(name: str, source: bytes) -> CodeType:
    """The compiled code, from Python's own cache where the source is the unchanged content of a file."""
    for beginning, folder in ORIGINS.items():
        origin = folder / name[len(beginning) :]
        if name.startswith(beginning) and origin.is_file() and origin.read_bytes() == source:
            code = SourceFileLoader("module", str(origin)).get_code("module")
            if code:
                return code
    return compile(source, name, "exec", dont_inherit=True)
