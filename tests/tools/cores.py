#!/usr/bin/env python3
# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Run one check with another release of ansible-core: cores.py RELEASE CHECK.

A release runs on a Python that it supports and that this machine has: `python3.N` of PATH or of
pyenv. It gets a virtualenv in the cache. Where no such Python is found, the check is counted as
skipped, with the reason. scripts/test --cores runs all of RELEASES.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "carbon-ops"
CONTROLLER = "requirements/controller.txt"
TOOLS = ("pytest", "pytest-xdist", "hypothesis")
LIBRARIES = ("cryptography", "lxml")


class Release(t.NamedTuple):
    """A release of Ansible, what it runs on, and what is run with it."""

    name: str
    pythons: tuple[str, ...]
    """The first one that is found is taken."""
    packages: tuple[str, ...]
    """Arguments of pip."""
    checks: tuple[str, ...]


ALL = ("sanity", "unit", "preflight", "configure")
RELEASES = (
    # These two are what README's command installs on such a Python.
    Release("2.15", ("3.9",), ("-r", CONTROLLER), ("unit", "preflight", "configure")),
    Release("2.16", ("3.10",), ("-r", CONTROLLER), ALL),
    Release("2.18", ("3.11", "3.12", "3.13"), ("ansible-core==2.18.*",), ("sanity",)),
    Release("2.20", ("3.12", "3.13", "3.14"), ("ansible-core==2.20.*",), ("sanity",)),
    # Not pinned: whatever the newest Python of this machine can have.
    Release("newest", ("3.14", "3.13", "3.12"), ("--upgrade", "ansible"), ALL),
)


def names() -> list[tuple[str, str]]:
    """Release and check of every step."""
    return [(release.name, check) for release in RELEASES for check in release.checks]


def find_python(versions: t.Sequence[str]) -> str | None:
    """A Python of one of these versions that can make a virtualenv."""
    for version in versions:
        pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
        candidates = [f"/usr/bin/python{version}", shutil.which(f"python{version}")]
        candidates += sorted(map(str, pyenv.glob(f"{version}.*/bin/python{version}")))
        for candidate in candidates:
            if candidate and os.access(candidate, os.X_OK):
                code = "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2])"
                done = subprocess.run([candidate, "-c", code], capture_output=True, check=False)
                if done.stdout.decode().strip() == version:
                    return candidate
    return None


def pinned(file: str, wanted: t.Iterable[str]) -> list[str]:
    """The lines of a requirements file that pin these packages."""
    lines = (REPOSITORY / file).read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line.partition("==")[0] in wanted]
    missing = set(wanted) - {line.partition("==")[0] for line in found}
    if missing:
        raise SystemExit(f"{file} pins no {', '.join(sorted(missing))}")
    return found


def virtualenv(release: Release, python: str) -> Path:
    """Make the virtualenv, or bring the newest release up to date in it."""
    arguments = [*release.packages, *pinned(CONTROLLER, LIBRARIES)]
    arguments += pinned("requirements/test.txt", TOOLS)
    content = "\n".join([python, *arguments]) + (REPOSITORY / CONTROLLER).read_text("utf-8")
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    folder = CACHE / f"core-{release.name}-{digest}"
    complete = folder / ".complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    if not complete.exists() or "--upgrade" in release.packages:
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *arguments], cwd=REPOSITORY, check=True)
        complete.touch()
    return folder


def command(check: str) -> list[str]:
    if check == "sanity":
        return ["tests/tools/sanity.sh"]
    tests = "tests/unit" if check == "unit" else f"tests/integration/{check}"
    together = ["--dist", "loadgroup"] if check == "configure" else []
    options = ["-p", "no:cacheprovider", "-n", "2", *together, "-m", "not slow"]
    return ["python", "-m", "pytest", *options, tests]


def skip(release: Release) -> int:
    """Said as pytest says it, so that scripts/test counts it."""
    needs = " or ".join(f"python{version}" for version in release.pythons)
    reason = f"ansible-core {release.name} needs {needs}; none is in PATH, in /usr/bin or of pyenv"
    print(f"SKIPPED [1] cores: {reason}")
    print("== 1 skipped in 0.00s ==")
    return 0


def main() -> int:
    wanted = tuple(sys.argv[1:])
    if wanted not in names():
        print("usage: cores.py RELEASE CHECK, one of:")
        print("\n".join(" ".join(name) for name in names()))
        return 2
    release = next(release for release in RELEASES if release.name == wanted[0])
    python = find_python(release.pythons)
    if python is None:
        return skip(release)
    folder = virtualenv(release, python)
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    environment.pop("PYTEST_ADDOPTS", None)
    version = subprocess.run(
        [folder / "bin" / "ansible", "--version"], capture_output=True, text=True, check=True
    )
    python_version = subprocess.run(
        [python, "--version"], capture_output=True, text=True, check=True
    )
    print(version.stdout.splitlines()[0], "on", python_version.stdout.strip(), flush=True)
    return subprocess.run(
        command(wanted[1]), cwd=REPOSITORY, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
