# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The archive that Galaxy and Automation Hub get: what is in it, and that it works where only it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
TOOLS = Path(sys.executable).parent
# Folders and files at the top of the archive; MANIFEST.json and FILES.json are Galaxy's own.
SHIPPED = {
    *(
        "CHANGELOG.md",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "FILES.json",
        "LICENSE",
        "LICENSES",
        "MAINTAINERS.md",
        "MANIFEST.json",
    ),
    *(
        "README.md",
        "REUSE.toml",
        "SECURITY.md",
        "bindep.txt",
        "changelogs",
        "collections",
        "docs",
        "execution-environment.yml",
    ),
    *("inventories", "meta", "playbooks", "plugins", "roles", "site.yml", "tests"),
}
LINK = re.compile(r"(?:\]\(|^\[[^\]]+\]: )([^)\s#]+)", re.MULTILINE)


def run(*arguments: t.Any, cwd: Path, **more: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")
    }
    path = os.pathsep.join([str(TOOLS), environment["PATH"]])
    done = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env={**environment, "PATH": path, "ANSIBLE_NOCOLOR": "1", **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git knows, and installed by ansible-galaxy into a folder that holds no other collection."""
    folder = tmp_path_factory.mktemp("archive")
    listed = run(
        "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=REPOSITORY
    )
    for name in filter(None, listed.split("\0")):
        source, target = REPOSITORY / name, folder / "checkout" / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    run("ansible-galaxy", "collection", "build", "--output-path", folder, cwd=folder / "checkout")
    (archive,) = folder.glob("*.tar.gz")
    run(
        "ansible-galaxy",
        "collection",
        "install",
        "--no-deps",
        "-p",
        folder / "collections",
        archive,
        cwd=folder,
    )
    return folder / "collections" / "ansible_collections" / "carbon_ops" / "key_manager"


def test_the_archive_holds_what_works_without_a_checkout(installed: Path) -> None:
    assert {path.name for path in installed.iterdir()} == SHIPPED
    assert [path.name for path in (installed / "tests").rglob("*") if path.is_file()] == [
        "config.yml"
    ]
    assert [path.name for path in (installed / "inventories").iterdir()] == ["prod"]
    assert [path.name for path in (installed / "collections").rglob("*")] == ["requirements.yml"]


def test_every_relative_link_of_a_shipped_page_leads_into_the_archive(installed: Path) -> None:
    pages = [path for path in installed.rglob("*.md") if path.name != "CHANGELOG.md"]
    links = [
        (page, link)
        for page in pages
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in link
    ]
    assert len(links) > 10
    dead = [
        (page.relative_to(installed), link)
        for page, link in links
        if not (page.parent / link).exists()
    ]
    assert not dead, dead


def test_no_link_of_the_readme_is_relative(installed: Path) -> None:
    """Galaxy and Automation Hub show it on pages of their own, where a relative link leads nowhere."""
    links = LINK.findall((installed / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 10
    assert not [link for link in links if not link.startswith("https://")]
    repository = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))[
        "repository"
    ]
    own = [link for link in links if link.startswith(repository)]
    assert len(own) > 5
    dead = [
        link
        for link in own
        if not (REPOSITORY / re.sub(r"^.*?/(?:blob|tree|raw)/main/?", "", link)).exists()
        and "/main" in link
    ]
    assert not dead, dead


def test_readme_has_the_sections_that_galaxy_and_hub_ask_for(installed: Path) -> None:
    text = (installed / "README.md").read_text(encoding="utf-8")
    wanted = (
        "Description",
        "Requirements",
        "Installation",
        "Use cases",
        "Testing",
        "Support",
        "Release notes",
        "Licence",
    )
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [name for name in wanted if name not in headings] == []
    assert "ansible-galaxy collection install carbon_ops.key_manager" in text


def test_playbooks_run_by_the_name_of_the_collection(installed: Path, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("sample\n", encoding="utf-8")
    shutil.copytree(installed / "inventories" / "prod", tmp_path / "inventory")
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(installed.parents[2])}
    arguments = ("-i", tmp_path / "inventory", "--vault-password-file", password)
    out = run(
        "ansible-playbook", "carbon_ops.key_manager.preflight", *arguments, cwd=tmp_path, **settings
    )
    assert "failed=0" in out
    names = sorted(path.stem for path in (installed / "playbooks").glob("*.yml"))
    assert "site" in names and "configure" in names
    names.append("parts.model")
    for name in names:
        run(
            "ansible-playbook",
            f"carbon_ops.key_manager.{name}",
            "--syntax-check",
            *arguments,
            cwd=tmp_path,
            **settings,
        )


def test_the_documentation_of_every_plugin_and_role_is_rendered(
    installed: Path, tmp_path: Path
) -> None:
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(installed.parents[2])}
    for kind, least in (("module", 10), ("filter", 5), ("lookup", 1), ("role", 10)):
        listed = json.loads(
            run(
                "ansible-doc",
                "-t",
                kind,
                "-l",
                "-j",
                "carbon_ops.key_manager",
                cwd=tmp_path,
                **settings,
            )
        )
        assert len(listed) >= least, (kind, listed)
        for name in listed:
            assert run("ansible-doc", "-t", kind, name, cwd=tmp_path, **settings).strip(), name


def test_the_documentation_passes_the_lint_of_antsibull(installed: Path) -> None:
    out = run(
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--skip-rstcheck",
        ".",
        cwd=installed,
    )
    assert out.strip() == "", out


def test_builder_makes_the_context_of_the_execution_environment_from_the_archive(
    installed: Path, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    run(
        "ansible-builder",
        "create",
        "--file",
        "execution-environment.yml",
        "--context",
        context,
        cwd=installed,
    )
    (recipe,) = [*context.glob("Dockerfile"), *context.glob("Containerfile")]
    assert "ansible-core==" in recipe.read_text(encoding="utf-8")
    made = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    needed = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]
    assert set(needed) == {entry["name"] for entry in made["collections"]}
