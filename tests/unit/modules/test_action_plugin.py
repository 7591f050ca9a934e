# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The action plugin that runs the modules, and the compiled code that it sends along."""

from __future__ import annotations

import base64
import dataclasses
import gc
import io
import threading
import types
import zipfile
import zipimport
from pathlib import Path

import pytest
from ansible.executor.module_common import _BuiltModule
from ansible.plugins.action.normal import ActionModule as Normal
from ansible_collections.carbon_ops.key_manager.plugins.action import xml_patch
from ansible_collections.carbon_ops.key_manager.plugins.action.xml_patch import ActionModule
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils import bytecode

REPOSITORY = Path(__file__).resolve().parents[3]


def plugin_at(verbosity: int) -> ActionModule:
    plugin = ActionModule.__new__(ActionModule)
    plugin._display = types.SimpleNamespace(verbosity=verbosity)
    return plugin


@pytest.mark.parametrize("fails", [False, True])
def test_garbage_is_not_collected_while_a_module_is_built_and_is_afterwards(monkeypatch, fails):
    seen = []

    def run(_self, _tmp, task_vars):
        seen.append((gc.isenabled(), task_vars))
        if fails:
            raise RuntimeError("the host is gone")
        return {"changed": True}

    monkeypatch.setattr(Normal, "run", run)
    plugin = plugin_at(0)
    assert gc.isenabled()
    try:
        if fails:
            with pytest.raises(RuntimeError, match="the host is gone"):
                plugin.run(None, {"a": 1})
        else:
            assert plugin.run(None, {"a": 1}) == {"changed": True}
        assert seen == [(False, {"a": 1})]
        assert gc.isenabled()
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(("verbosity", "told"), [(0, False), (2, False), (3, True)])
def test_arguments_are_in_the_result_where_ansible_shows_them(monkeypatch, verbosity, told):
    monkeypatch.setattr(Normal, "run", lambda *_arguments: {"changed": True, "invocation": {"module_args": {}}})
    try:
        result = plugin_at(verbosity).run()
        assert result == ({"changed": True, "invocation": {"module_args": {}}} if told else {"changed": True})
    finally:
        gc.unfreeze()


def test_every_module_is_run_by_an_action_plugin_of_its_name():
    plugins = {path.stem for path in (REPOSITORY / "plugins" / "action").glob("*.py")}
    modules = {path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py")}
    assert plugins == modules


UTILS = "ansible_collections/carbon_ops/key_manager/plugins/module_utils/"
SOURCES = {
    "ansible/__init__.py": b"",
    "ansible/module_utils/common/text/converters.py": (
        Path(bytecode.ansible.__file__).parent / "module_utils/common/text/converters.py"
    ).read_bytes(),
    UTILS + "errors.py": (REPOSITORY / "plugins/module_utils/errors.py").read_bytes(),
    # Of another content than the file of this name: a zip holds what Ansible put there.
    UTILS + "ports.py": b"ANSWER = 42\n",
    "elsewhere.py": b"def fails():\n    raise KeyError\n",
}


def zip_of(sources: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in sources.items():
            archive.writestr(name, source)
        # Ansible's modules are larger than the least size that is looked for.
        archive.writestr("padding.txt", bytes(range(256)) * 20)
    return file.getvalue()


def payload(content: bytes, quote: str = "'") -> bytes:
    encoded = base64.b64encode(content).decode() if content.startswith(b"PK") else content.decode()
    return '#!/usr/bin/python\n_main(\n    zip_data={0}{1}{0},\n    params=\'{{"password": "geheim"}}\',\n)\n'.format(
        quote, encoded
    ).encode()


def zip_in(module: bytes) -> bytes:
    return base64.b64decode(bytecode.ZIP.search(module).group())


@pytest.mark.parametrize("quote", ["'", '"', '"""'])
def test_compiled_code_stands_beside_each_source(tmp_path, quote):
    module = payload(zip_of(SOURCES), quote)
    sent = bytecode.with_bytecode(module, tmp_path / "cache")
    stock, made = zipfile.ZipFile(io.BytesIO(zip_in(module))), zipfile.ZipFile(io.BytesIO(zip_in(sent)))
    assert {name: made.read(name) for name in stock.namelist()} == {name: stock.read(name) for name in stock.namelist()}
    assert set(made.namelist()) - set(stock.namelist()) == {name + "c" for name, source in SOURCES.items() if source}
    # Nothing but the zip is another one.
    encoded = bytecode.ZIP.search(sent).group()
    assert sent.replace(encoded, bytecode.ZIP.search(module).group()) == module


def node_imports(tmp_path, content: bytes, name: str):
    """What a node's Python makes of a module of the zip: its code, and the file that the code is of."""
    path = tmp_path / "payload.zip"
    path.write_bytes(content)
    code = zipimport.zipimporter(str(path)).get_code(name)
    scope: dict[str, object] = {}
    exec(code, scope)  # noqa: S102 - the code of this test
    return scope, code.co_filename


def test_a_node_with_the_same_python_takes_the_compiled_code(tmp_path):
    scope, file = node_imports(tmp_path, bytecode.compiled(zip_of(SOURCES)), "elsewhere")
    assert file == "elsewhere.py"
    assert "fails" in scope


def test_a_node_with_another_python_takes_the_source(tmp_path):
    archive, other = zipfile.ZipFile(io.BytesIO(bytecode.compiled(zip_of(SOURCES)))), io.BytesIO()
    with zipfile.ZipFile(other, "w") as made:
        for name in archive.namelist():
            code = archive.read(name)
            # The first four bytes are the version of Python that compiled it.
            made.writestr(name, b"\x01\x02\r\n" + code[4:] if name.endswith(".pyc") else code)
    scope, file = node_imports(tmp_path, other.getvalue(), "elsewhere")
    assert file.endswith("payload.zip/elsewhere.py")
    assert "fails" in scope


def test_the_code_is_that_of_the_zip_and_not_of_a_file_of_the_same_name(tmp_path):
    scope, _file = node_imports(tmp_path, bytecode.compiled(zip_of(SOURCES)), UTILS + "ports")
    assert scope["ANSWER"] == 42


def test_code_of_unchanged_files_comes_from_pythons_own_cache(monkeypatch):
    compiled = []
    monkeypatch.setattr("builtins.compile", lambda source, *_rest, **_options: compiled.append(source))
    monkeypatch.setattr(bytecode.SourceFileLoader, "get_code", lambda loader, _name: loader.path)
    assert bytecode.code_of(UTILS + "errors.py", SOURCES[UTILS + "errors.py"]) == str(REPOSITORY / "plugins/module_utils/errors.py")
    bytecode.code_of(UTILS + "ports.py", SOURCES[UTILS + "ports.py"])
    assert compiled == [SOURCES[UTILS + "ports.py"]]


@pytest.mark.parametrize(
    "module",
    [
        pytest.param(b"#!/usr/bin/python\nprint('{}')\n", id="no zip"),
        pytest.param(payload(b"A" * 8192), id="a long text that is no zip"),
        pytest.param(b"#!powershell\n$x = 1\n", id="another language"),
    ],
)
def test_a_module_of_another_form_is_sent_as_it_is(tmp_path, module):
    assert bytecode.with_bytecode(module, tmp_path / "cache") == module


def test_the_zip_is_made_once_for_all_hosts(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(bytecode, "compiled", lambda content: made.append(content) or content)
    modules = [payload(zip_of(SOURCES)).replace(b"geheim", b"geheim-%d" % number) for number in range(8)]
    sent: dict[int, bytes] = {}
    threads = [
        threading.Thread(target=lambda number=number: sent.update({number: bytecode.with_bytecode(modules[number], tmp_path / "cache")}))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sent[number] for number in range(8)] == modules
    assert len(made) == 1
    # No argument of a module, which may be a secret, is kept with it.
    assert not any(b"geheim" in path.read_bytes() for path in (tmp_path / "cache").iterdir())


def test_the_plugin_sends_it(tmp_path, monkeypatch):
    module = _BuiltModule(
        b_module_data=payload(zip_of(SOURCES)), module_style="new", shebang="#!/usr/bin/python", serialization_profile="legacy"
    )
    monkeypatch.setattr(Normal, "_configure_module", lambda *_rest, **_options: (module, "/path"))
    monkeypatch.setattr(xml_patch.C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    sent, path = ActionModule.__new__(ActionModule)._configure_module(module_name="xml_patch", module_args={}, task_vars={})
    assert path == "/path"
    assert dataclasses.replace(sent, b_module_data=module.b_module_data) == module
    assert UTILS + "errors.pyc" in zipfile.ZipFile(io.BytesIO(zip_in(sent.b_module_data))).namelist()


def test_with_an_older_ansible_nothing_is_changed(monkeypatch):
    made = ("new", "#!/usr/bin/python", payload(zip_of(SOURCES)), "/path")
    monkeypatch.setattr(Normal, "_configure_module", lambda *_rest, **_options: made)
    assert ActionModule.__new__(ActionModule)._configure_module() is made
