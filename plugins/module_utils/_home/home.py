# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A product home: where its files are, and whether its server has run before."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from .._errors import OperatorError

try:
    from lxml import etree

    HAS_LXML = True
except ImportError:
    # The modules say so in their own words; nothing else here works without it.
    HAS_LXML = False

CONF = "repository/conf"
# A product with this file writes its XML files again at every start, so that edits of them are lost
# without a word.
REGENERATING_FILE = f"{CONF}/deployment.toml"
# The server's own log, in every product of this generation.
SERVER_LOG = "repository/logs/wso2carbon.log"

XML_FILES = {
    "carbon": f"{CONF}/carbon.xml",
    "axis2": f"{CONF}/axis2/axis2.xml",
    "catalina_server": f"{CONF}/tomcat/catalina-server.xml",
    "registry": f"{CONF}/registry.xml",
    "user_mgt": f"{CONF}/user-mgt.xml",
    "identity": f"{CONF}/identity/identity.xml",
    "application_authentication": f"{CONF}/identity/application-authentication.xml",
    "api_manager": f"{CONF}/api-manager.xml",
}
HAZELCAST_PROPERTIES = f"{CONF}/hazelcast.properties"
HAZELCAST_XML = f"{CONF}/etc/hazelcast.xml"
START_SCRIPT = "bin/wso2server.sh"
# The secure vault: what ciphertool writes, and the line by which its files are known as ours.
SECRET_CONF = f"{CONF}/security/secret-conf.properties"
CIPHER_TEXT = f"{CONF}/security/cipher-text.properties"
CIPHER_TOOL = f"{CONF}/security/cipher-tool.properties"
VAULT_KEPT = "carbon_ops.kept"


def parse(path: Path, read: t.Callable[[Path], bytes] = Path.read_bytes) -> t.Any:
    """The root element of an XML file, as ``read`` gives it."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    try:
        return etree.fromstring(read(path), parser)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    except etree.XMLSyntaxError as error:
        # The parser's own message quotes the document.
        raise OperatorError(
            f"{path} is not well-formed XML (line {error.position[0]}). The product would not start"
            " with it."
        ) from None


class Home:
    """A product home on this machine, and its files, each read at most once.

    ``read`` gives the content of a file, where that is not what is on the disk.
    """

    def __init__(self, path: str, read: t.Callable[[Path], bytes] = Path.read_bytes) -> None:
        self.path = Path(path)
        self._read = read
        if not (self.path / CONF).is_dir():
            raise OperatorError(f"{path} is not a product home: it has no folder {CONF}.")
        self._roots: dict[str, t.Any] = {}

    def has(self, relative: str) -> bool:
        """Whether the home has this file."""
        return (self.path / relative).is_file()

    def root(self, relative: str) -> t.Any:
        """The root element of a file of the home; None where there is no such file."""
        if relative not in self._roots:
            self._roots[relative] = (
                parse(self.path / relative, self._read) if self.has(relative) else None
            )
        return self._roots[relative]

    def text(self, relative: str) -> str | None:
        """The text of a file that is not XML; None where there is none, or where it may not be
        read."""
        try:
            return self._read(self.path / relative).decode("latin-1")
        except OSError:
            return None


def kernel_version(home: Home) -> str | None:
    """The version of the Carbon kernel, from the file that names it or from the kernel's own
    bundle; None when neither is there."""
    match = re.search(r"v([0-9]+(?:\.[0-9]+)+)", home.text("bin/wso2carbon-version.txt") or "")
    if match:
        return match.group(1)
    for bundle in sorted(
        (home.path / "repository/components/plugins").glob("org.wso2.carbon.core_*.jar")
    ):
        match = re.match(r"org\.wso2\.carbon\.core_([0-9]+(?:\.[0-9]+)+)\.jar\Z", bundle.name)
        if match:
            return match.group(1)
    return None


def started_before(home: Path, marker: str | None = None) -> bool:
    """Whether the server of this home has run: it has written its log, or the marker that its unit
    writes is there."""
    log = home / SERVER_LOG
    return (log.is_file() and log.stat().st_size > 0) or (
        marker is not None and Path(marker).exists()
    )
