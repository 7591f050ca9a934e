# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Schema scripts for the tests, of the shape of the products': their traps are in, most of their
tables are not."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

KERNEL = """
-- A part of the kernel's script, with what its statements contain.
CREATE TABLE IF NOT EXISTS REG_PATH(
  REG_PATH_ID INTEGER NOT NULL AUTO_INCREMENT,
  REG_PATH_VALUE VARCHAR(750) CHARACTER SET latin1 COLLATE latin1_general_cs NOT NULL,
  REG_TENANT_ID INTEGER DEFAULT 0,
  CONSTRAINT PK_REG_PATH PRIMARY KEY(REG_PATH_ID, REG_TENANT_ID)
)ENGINE INNODB;
CREATE INDEX REG_PATH_IND USING HASH ON REG_PATH(REG_PATH_VALUE, REG_TENANT_ID);
CREATE TABLE UM_USER (UM_ID INTEGER AUTO_INCREMENT, UM_NAME VARCHAR(255) DEFAULT '100%s; --',
PRIMARY KEY (UM_ID))ENGINE INNODB; INSERT INTO UM_USER (UM_NAME) VALUES ('first');
"""
IDENTITY = """
CREATE TABLE IF NOT EXISTS IDN_BASE_TABLE (PRODUCT_NAME VARCHAR(20), PRIMARY KEY
(PRODUCT_NAME))ENGINE INNODB; INSERT INTO IDN_BASE_TABLE VALUES ('WSO2 Identity Server'); CREATE
TABLE IF NOT EXISTS IDN_OAUTH_CONSUMER_APPS (ID INTEGER AUTO_INCREMENT, CONSUMER_KEY VARCHAR(255),
PRIMARY KEY (ID))ENGINE INNODB; CREATE INDEX IDX_OAUTH_KEY ON IDN_OAUTH_CONSUMER_APPS
(CONSUMER_KEY);
"""
# The whole of identity's script stands in it again.
APIMGT = (
    f"{IDENTITY}CREATE TABLE IF NOT EXISTS AM_API (API_ID INTEGER, PRIMARY KEY (API_ID))ENGINE"
    " INNODB;\n"
)
CERTIFICATE = """CREATE TABLE IF NOT EXISTS `AM_API_CLIENT_CERTIFICATE` (
  `ALIAS` VARCHAR(45) NOT NULL, `API_ID` INTEGER NOT NULL,
  FOREIGN KEY (API_ID) REFERENCES AM_API (API_ID) ON DELETE CASCADE, PRIMARY KEY (`ALIAS`)
)ENGINE INNODB;
"""


def table(name: str) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {name} (ID INTEGER, REQUEST JSON NOT NULL, PRIMARY KEY"
        " (ID))ENGINE INNODB;\n"
    )


FINANCE = "dbscripts/finance"
KEY_MANAGER = {
    "dbscripts/mysql.sql": KERNEL,
    "dbscripts/identity/mysql.sql": IDENTITY,
    "dbscripts/apimgt/mysql.sql": APIMGT,
    f"{FINANCE}/openbanking.org.uk/mysql.sql": table("UK_ACCOUNT_INITIATION"),
    f"{FINANCE}/berlin-group.org/mysql.sql": table("BG_PAYMENT_CONSENT"),
    f"{FINANCE}/event-notification/mysql.sql": table("UK_NOTIFICATION"),
    f"{FINANCE}/event-notification/mysql-5-7.sql": table("UK_NOTIFICATION"),
}
API_MANAGER = {
    "dbscripts/mysql.sql": KERNEL,
    "dbscripts/apimgt/mysql.sql": APIMGT + CERTIFICATE,
    f"{FINANCE}/dynamic-client-registration/mysql.sql": table("OB_DCR_DETAILS"),
}


def product_archive(target: Path, folder: str, files: dict[str, bytes]) -> str:
    """Write a product zip; return its checksum as an inventory has it."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}", content)
    return f"sha256:{hashlib.sha256(target.read_bytes()).hexdigest()}"


def products(folder: Path, files: dict[str, bytes]) -> Path:
    """Write API Manager's archive, and a file of variables for a cluster of Open Banking that uses
    it."""
    archive = folder / "wso2-obam-1.5.0.zip"
    checksum = product_archive(archive, "wso2-obam-1.5.0", files)
    variables = folder / "products.json"
    variables.write_text(
        json.dumps(
            {
                "cluster_product": "ob_km_1.5",
                "cluster_api_manager_archive": {"src": str(archive), "checksum": checksum},
            }
        )
    )
    return variables
