# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the demo's Key Manager is put together from: manifests, bundles, database scripts and the list of jars."""

from __future__ import annotations

import re
import typing as t
import zipfile
from pathlib import Path

import pytest
import yaml

from demo.tools import database_scripts, key_manager_parts, osgi_bundles, osgi_manifest

MANIFEST = (
    b'Manifest-Version: 1\r\nBundle-SymbolicName: a.b\r\nImport-Package: p.there;version="[1.0,2.0)",p.oth\r\n'
    b' er;version="[1.0,2.0)",p.away;version="[3,4)",p.maybe;resolution:=optional;version="9"\r\n'
    b'Export-Package: q.one;q.two;uses:="x,y";version="1.2"\r\nRequire-Capability: osgi.ee\r\n\r\nName: z\r\n'
)


def jar(path: Path, members: t.Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("wanted", "offered", "taken"),
    [
        ("1.0", "1.0.0", True),
        ("1.0", "0.9", False),
        ("[1.0,2.0)", "1.9.9", True),
        ("[1.0,2.0)", "2.0.0", False),
        ("[1.0,2.0]", "2.0.0", True),
        ("(1.0,2.0]", "1.0.0", False),
        ("[4.4.0, 4.6.0)", "4.7.1", False),
        ("[0.8.0.wso2v1,0.9.0)", "0.8.0", False),
    ],
)
def test_a_version_is_taken_by_a_range(wanted: str, offered: str, taken: bool) -> None:
    assert osgi_manifest.accepts(wanted, offered) is taken


def test_clauses_keep_their_attributes_and_share_them_among_packages() -> None:
    clauses = list(
        osgi_manifest.clauses('a.b;c.d;version="[1,2)";uses:="x,y",e;resolution:=optional')
    )
    assert [(clause.package, dict(clause.attributes)) for clause in clauses] == [
        ("a.b", {"version": "[1,2)", "uses:": "x,y"}),
        ("c.d", {"version": "[1,2)", "uses:": "x,y"}),
        ("e", {"resolution:": "optional"}),
    ]
    assert [clause.optional for clause in clauses] == [False, False, True]


def test_a_manifest_has_no_line_of_more_than_72_bytes_and_is_read_back() -> None:
    headers = {
        "Bundle-SymbolicName": "a",
        "Import-Package": ",".join(f"package{number}" for number in range(60)),
    }
    text = osgi_manifest.render(headers)
    assert max(map(len, text.split(b"\r\n"))) <= 72
    assert osgi_manifest.parse(text.decode()) == {"Manifest-Version": "1.0", **headers}


def test_imports_of_a_bundle_are_relaxed_where_nobody_meets_them(tmp_path: Path) -> None:
    path = jar(
        tmp_path / "b-1.0.jar",
        {"META-INF/MANIFEST.MF": MANIFEST, "META-INF/X.SF": b"s", "q/one/A.class": b"A", "q/": b""},
    )
    target = tmp_path / "out"
    target.mkdir()
    kernel = {"p.there": ["1.5"], "p.other": ["2.1", "0.9"]}
    osgi_bundles.write_bundles([osgi_bundles.Jar(path, "b", "1.0")], kernel, target)
    headers = osgi_bundles.read_manifest(target / "b-1.0.jar")
    assert headers["Import-Package"] == (
        'p.there;version="[1.0,2.0)",p.other,p.away;version="[3,4)";resolution:="optional",p.maybe;resolution:="optional";version="9"'
    )
    assert headers["Export-Package"] == 'q.one;version="1.2",q.two;version="1.2"'
    assert "Require-Capability" not in headers
    with zipfile.ZipFile(target / "b-1.0.jar") as archive:
        assert archive.namelist() == ["META-INF/MANIFEST.MF", "q/one/A.class"]


def test_a_plain_jar_becomes_a_bundle_that_meets_the_imports_of_others(tmp_path: Path) -> None:
    plain = jar(
        tmp_path / "plain-jar-1.2.3.Final.jar", {"p/away/C.class": b"C", "module-info.class": b"M"}
    )
    other = jar(tmp_path / "b-1.0.jar", {"META-INF/MANIFEST.MF": MANIFEST})
    target = tmp_path / "out"
    target.mkdir()
    osgi_bundles.write_bundles(
        [osgi_bundles.Jar(plain, "plain-jar", "1.2.3.Final"), osgi_bundles.Jar(other, "b", "1.0")],
        {},
        target,
    )
    headers = osgi_bundles.read_manifest(target / "plain-jar-1.2.3.Final.jar")
    assert headers["Bundle-SymbolicName"] == "plain_jar_wrapped"
    assert headers["Export-Package"] == 'p.away;version="1.2.3"'
    assert "p.away," in osgi_bundles.read_manifest(target / "b-1.0.jar")["Import-Package"]


def test_names_of_a_class_file_are_replaced_and_the_rest_stays() -> None:
    # Constant pool: a long (which counts twice), a text that changes its length, a reference.
    head = b"\xca\xfe\xba\xbe\x00\x00\x00\x34"
    before = (
        head
        + b"\x00\x05"
        + b"\x05"
        + b"L" * 8
        + b"\x01\x00\x0djdk/nashorn/X"
        + b"\x07\x00\x03"
        + b"rest jdk/nashorn/"
    )
    after = (
        head
        + b"\x00\x05"
        + b"\x05"
        + b"L" * 8
        + b"\x01\x00\x15org/openjdk/nashorn/X"
        + b"\x07\x00\x03"
        + b"rest jdk/nashorn/"
    )
    assert osgi_bundles.rename(before, b"jdk/nashorn/", b"org/openjdk/nashorn/") == after


def test_every_jar_is_pinned_by_version_and_checksum(repository: Path) -> None:
    entries = yaml.safe_load(
        (repository / "demo" / "key_manager" / "jars.yml").read_text(encoding="utf-8")
    )["demo_jars"]
    assert len(entries) == 64
    assert len({(entry["group_id"], entry["artifact_id"]) for entry in entries}) == 64
    for entry in entries:
        assert set(entry) == {"group_id", "artifact_id", "version", "sha256"}
        assert isinstance(entry["version"], str)
        assert re.fullmatch("[0-9a-f]{64}", entry["sha256"])


def test_a_jar_that_differs_from_its_checksum_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jars.yml").write_text(
        "demo_jars: [{group_id: g, artifact_id: a, version: '1', sha256: " + "0" * 64 + "}]"
    )
    (tmp_path / "a-1.jar").write_bytes(b"not it")
    with pytest.raises(ValueError, match=r"a-1\.jar does not have the pinned checksum"):
        key_manager_parts.jars(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("text", "mysql", "postgresql"),
    [
        ("serial", "C INTEGER NOT NULL AUTO_INCREMENT", "C SERIAL"),
        (
            "varchar(25) not null default 'ACTIVE'",
            "C VARCHAR(25) NOT NULL DEFAULT 'ACTIVE'",
            "C VARCHAR(25) NOT NULL DEFAULT 'ACTIVE'",
        ),
        ("timestamp", "C TIMESTAMP NULL", "C TIMESTAMP"),
        ("timestamp not null", "C TIMESTAMP NOT NULL", "C TIMESTAMP NOT NULL"),
        (
            "timestamp default now",
            "C TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP",
            "C TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
        ),
        (
            "boolean not null default 0",
            "C BOOLEAN NOT NULL DEFAULT 0",
            "C BOOLEAN NOT NULL DEFAULT '0'",
        ),
        ("blob", "C BLOB", "C BYTEA"),
        ("integer default -1234", "C INTEGER DEFAULT -1234", "C INTEGER DEFAULT -1234"),
    ],
)
def test_a_column_is_written_as_the_vendor_wants_it(text: str, mysql: str, postgresql: str) -> None:
    assert database_scripts.column_sql("C", text, "mysql") == mysql
    assert database_scripts.column_sql("C", text, "postgresql") == postgresql


def test_a_column_that_says_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="Column C"):
        database_scripts.column_sql("C", "varchar(25) on update now", "mysql")


def test_the_script_of_api_manager_holds_the_tables_of_identity_as_well(repository: Path) -> None:
    texts = dict(database_scripts.scripts(repository / "demo" / "key_manager" / "schema"))
    tables = {
        path: re.findall(r"^CREATE TABLE (\w+) \(", text, re.MULTILINE)
        for path, text in texts.items()
    }
    vendors = ("mysql", "postgresql")
    assert set(tables) == {
        f"dbscripts/{part}/{vendor}.sql"
        for part in ("apimgt", "consent", "identity")
        for vendor in vendors
    }
    for vendor in vendors:
        identity, apimgt = (
            tables[f"dbscripts/{part}/{vendor}.sql"] for part in ("identity", "apimgt")
        )
        assert "IDN_OAUTH2_ACCESS_TOKEN" in identity and "AM_API" not in identity
        assert {*identity, "AM_API", "AM_SUBSCRIPTION", "CM_RECEIPT"} <= set(apimgt)
        assert len(apimgt) == len(set(apimgt))


def test_a_table_stands_before_those_that_refer_to_it(repository: Path) -> None:
    for path, text in database_scripts.scripts(repository / "demo" / "key_manager" / "schema"):
        if path.startswith("dbscripts/apimgt/"):
            made: set[str] = set()
            statements = re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", text, re.DOTALL)
            assert len(statements) > 80
            for name, columns in statements:
                assert set(re.findall(r"REFERENCES (\w+)", columns)) <= {*made, name}, name
                made.add(name)
