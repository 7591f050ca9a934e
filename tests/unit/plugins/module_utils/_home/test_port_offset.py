# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The port offset: where it would have no effect, and which ports it gives."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.port_offset import (
    check_start_files,
    home_of,
    offset_edits,
    offset_result,
    start_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._ports import port_table

CARBON = "repository/conf/carbon.xml"


def test_a_file_at_its_place_belongs_to_a_home() -> None:
    assert home_of("/opt/km/repository/conf/carbon.xml", CARBON) == "/opt/km"
    assert home_of("/tmp/carbon.xml", CARBON) is None


def test_an_offset_out_of_range_is_refused() -> None:
    with pytest.raises(OperatorError, match="^offset must be a whole number from 0 to 54424"):
        offset_edits(54425)


def test_an_argument_in_the_start_script_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "bin/wso2server.sh"
    script.parent.mkdir()
    check_start_files(str(tmp_path), None)
    script.write_text("# -DportOffset=1\nexec java $JAVA_OPTS\n")
    check_start_files(str(tmp_path), None)
    script.write_text("exec java -DportOffset=1 $JAVA_OPTS\n")
    with pytest.raises(
        OperatorError,
        match=(
            "wso2server.sh passes -DportOffset=1 to the server. It wins over Ports/Offset of"
            " carbon.xml"
        ),
    ):
        check_start_files(str(tmp_path), None)


def test_an_argument_in_the_unit_or_a_drop_in_is_refused(tmp_path: Path) -> None:
    unit = tmp_path / "obkm.service"
    unit.write_text("[Service]\nEnvironment=JAVA_OPTS=-Xmx1g\n")
    check_start_files(None, str(unit))
    drop_in = tmp_path / "obkm.service.d/ports.conf"
    drop_in.parent.mkdir()
    (drop_in.parent / "notes.txt").write_text("-DportOffset=9")
    drop_in.write_text('[Service]\nEnvironment="JAVA_OPTS=-DportOffset=2"\n')
    assert start_files(None, str(unit)) == [unit, drop_in]
    with pytest.raises(OperatorError, match=r"ports.conf passes -DportOffset=2 "):
        check_start_files(None, str(unit))


def test_the_ports_of_a_home(home: t.Callable[[str], Path]) -> None:
    assert offset_result(None, 4) == (port_table(4), [])
    path = home("ob_km")
    assert offset_result(str(path), 4) == (port_table(4), [])
    carbon = path / CARBON
    carbon.write_bytes(carbon.read_bytes().replace(b">9999<", b">9990<"))
    catalina = path / "repository/conf/tomcat/catalina-server.xml"
    catalina.write_text(catalina.read_text().replace('port="9443"', 'port="9445"'))
    ports, warnings = offset_result(str(path), 4)
    assert (ports["jmx_registry"], ports["https"]) == (9994, 9449)
    assert warnings == [
        "catalina-server.xml: the Connector for https has port 9445. It must stay 9443: the server"
        " adds the offset to it."
    ]
