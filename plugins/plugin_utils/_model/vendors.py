# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the database vendors: URL, driver class, validation query, ports, TLS,
names, and who loads the schema."""

from __future__ import annotations

import re
import typing as t


class Names(t.NamedTuple):
    """What a vendor accepts as a name without quotes, and how that is said."""

    pattern: t.Pattern[str]
    rule: str


class Older(t.NamedTuple):
    """Earlier drivers of a vendor, which ask for TLS in other words and ignore those of today
    without a word."""

    jars: t.Pattern[str]
    driver_class: str
    tls: t.Mapping[bool, t.Mapping[str, str]]
    checks_name: bool
    """Whether they compare the name in the server's certificate."""


class Vendor(t.NamedTuple):
    """One vendor of database servers, as its JDBC driver and its server want it."""

    title: str
    driver_class: str
    script: str
    """What the product calls the vendor in the names of its schema scripts."""
    url: str
    """Form of the JDBC URL."""
    opening: str
    """Between the URL and its parameters."""
    separator: str
    """Between two parameters."""
    ports: t.Mapping[bool, int | None]
    """The server's own port, with and without TLS."""
    tls: t.Mapping[bool, t.Mapping[str, str]]
    """Parameters of the URL that demand, or switch off, TLS with the server's certificate and name
    checked against the trust store that the start script hands the virtual machine."""
    databases: Names
    accounts: Names
    parameters: t.Mapping[str, str] = {}
    tls_url: str = ""
    """The URL with TLS, where it has another form."""
    validation_query: str = "SELECT 1"
    engine: str = ""
    """How the collection talks to the server: mysql or postgresql. Without one it neither sets the
    server up nor loads schemas."""
    admin_user: str = ""
    accounts_are_schemas: bool = False
    """Each account has tables of its own in one and the same database."""
    newer_scripts: tuple[str, ...] = ()
    """The same for newer servers, where the product has a script of its own for them; the first
    that is there counts."""
    older: Older | None = None
    embedded: bool = False
    """The database is a file of each node: no server, no account on one, nothing shared."""


def _names(pattern: str, rule: str) -> Names:
    return Names(re.compile(pattern + r"\Z"), rule)


_PLAIN = "only letters, digits and underscores, at most {0}"
_MYSQL_NAMES = (
    _names("[A-Za-z0-9_]{1,64}", _PLAIN.format(64)),
    _names("[A-Za-z0-9_]{1,32}", _PLAIN.format(32)),
)
# A name with capitals needs quotes in PostgreSQL wherever it is used, also in what operators type.
_POSTGRESQL_NAME = _names(
    "[a-z_][a-z0-9_]{0,62}",
    "only small letters, digits and underscores, not a digit first, at most 63",
)
_MSSQL_NAME = _names(
    "[A-Za-z_][A-Za-z0-9_]{0,127}",
    "only letters, digits and underscores, not a digit first, at most 128",
)

VENDORS: dict[str, Vendor] = {
    "mariadb": Vendor(
        title="MariaDB",
        driver_class="org.mariadb.jdbc.Driver",
        script="mysql",
        url="jdbc:mariadb://{host}:{port}/{name}",
        opening="?",
        separator="&",
        ports={True: 3306, False: 3306},
        parameters={"autoReconnect": "true"},
        tls={True: {"sslMode": "verify-full"}, False: {"sslMode": "disable"}},
        older=Older(
            re.compile(r"mariadb-java-client-[12]\."),
            "org.mariadb.jdbc.Driver",
            {True: {"useSsl": "true"}, False: {"useSsl": "false"}},
            True,
        ),
        databases=_MYSQL_NAMES[0],
        accounts=_MYSQL_NAMES[1],
        engine="mysql",
        admin_user="root",
    ),
    "mysql": Vendor(
        title="MySQL",
        driver_class="com.mysql.cj.jdbc.Driver",
        script="mysql",
        url="jdbc:mysql://{host}:{port}/{name}",
        opening="?",
        separator="&",
        ports={True: 3306, False: 3306},
        parameters={"autoReconnect": "true"},
        tls={
            True: {"sslMode": "VERIFY_IDENTITY"},
            False: {"sslMode": "DISABLED", "allowPublicKeyRetrieval": "true"},
        },
        newer_scripts=("mysql-5-7", "mysql5.7"),
        # The documents name this class. Connector/J 8 has it as well, as another name of its own,
        # and goes by sslMode.
        older=Older(
            re.compile(r"mysql-connector-java-5\."),
            "com.mysql.jdbc.Driver",
            {
                True: {"useSSL": "true", "requireSSL": "true", "verifyServerCertificate": "true"},
                False: {"useSSL": "false"},
            },
            False,
        ),
        databases=_MYSQL_NAMES[0],
        accounts=_MYSQL_NAMES[1],
        engine="mysql",
        admin_user="root",
    ),
    "postgresql": Vendor(
        title="PostgreSQL",
        driver_class="org.postgresql.Driver",
        script="postgresql",
        url="jdbc:postgresql://{host}:{port}/{name}",
        opening="?",
        separator="&",
        ports={True: 5432, False: 5432},
        # Left to itself this driver looks for ~/.postgresql/root.crt instead of the trust store of
        # the virtual machine.
        tls={
            True: {
                "sslmode": "verify-full",
                "sslfactory": "org.postgresql.ssl.DefaultJavaSSLFactory",
            },
            False: {"sslmode": "disable"},
        },
        databases=_POSTGRESQL_NAME,
        accounts=_POSTGRESQL_NAME,
        engine="postgresql",
        admin_user="postgres",
    ),
    "oracle": Vendor(
        title="Oracle",
        driver_class="oracle.jdbc.OracleDriver",
        script="oracle",
        url="jdbc:oracle:thin:@//{host}:{port}/{name}",
        # The long form, because the short one with tcps is unknown to the drivers of that time.
        tls_url=(
            "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST={host})(PORT={port}))"
            "(CONNECT_DATA=(SERVICE_NAME={name}))(SECURITY=(SSL_SERVER_DN_MATCH=TRUE)))"
        ),
        # It takes no parameters in the URL: they are connection properties. The driver of that time
        # compares the name by its property alone.
        opening="",
        separator=";",
        ports={True: 2484, False: 1521},
        tls={True: {"oracle.net.ssl_server_dn_match": "true"}, False: {}},
        databases=_names(
            r"[A-Za-z0-9][A-Za-z0-9_.$#-]{0,127}",
            "a service name: letters, digits and the characters _ . $ # -, at most 128",
        ),
        accounts=_names(
            "[A-Za-z][A-Za-z0-9_$#]{0,29}",
            "letters, digits and the characters _ $ #, a letter first, at most 30",
        ),
        validation_query="SELECT 1 FROM DUAL",
        accounts_are_schemas=True,
    ),
    "mssql": Vendor(
        title="SQL Server",
        driver_class="com.microsoft.sqlserver.jdbc.SQLServerDriver",
        script="mssql",
        url="jdbc:sqlserver://{host}:{port};databaseName={name}",
        opening=";",
        separator=";",
        ports={True: 1433, False: 1433},
        # The columns of the products' scripts are no Unicode ones: sent as Unicode, a value is
        # compared without the index.
        parameters={"SendStringParametersAsUnicode": "false"},
        tls={
            True: {"encrypt": "true", "trustServerCertificate": "false"},
            False: {"encrypt": "false"},
        },
        databases=_MSSQL_NAME,
        accounts=_MSSQL_NAME,
    ),
    "h2": Vendor(
        title="H2",
        driver_class="org.h2.Driver",
        script="h2",
        # Relative to the product's home, in which the server is started.
        url="jdbc:h2:./repository/database/{name}",
        opening=";",
        separator=";",
        ports={True: None, False: None},
        parameters={"DB_CLOSE_ON_EXIT": "FALSE", "LOCK_TIMEOUT": "60000"},
        tls={True: {}, False: {}},
        databases=_MYSQL_NAMES[0],
        accounts=_MYSQL_NAMES[1],
        embedded=True,
    ),
}


def driver_class_of(vendor: str, named: str | None, oauth: bool) -> str:
    """The driver class that is named, or that of the vendor's current driver.

    Products that issue tokens choose their SQL by the name of the driver, and take MariaDB's for
    that of Oracle, whose SQL MariaDB refuses: for them it is the driver of MySQL.
    """
    if named:
        return named
    return VENDORS["mysql" if vendor == "mariadb" and oauth else vendor].driver_class


def driver_vendor(vendor: str, driver_class: str | None) -> Vendor:
    """The vendor whose JDBC driver it is: the driver of MySQL serves MariaDB as well, by URLs and
    parameters of its own."""
    if vendor == "mariadb" and (driver_class or "").startswith("com.mysql."):
        return VENDORS["mysql"]
    return VENDORS[vendor]


def is_older(vendor: Vendor, driver_class: str | None, jar: str | None) -> bool:
    """Whether the driver is, or may be, one of the earlier ones: by the name of its jar, else by
    its class."""
    if vendor.older is None:
        return False
    if jar is not None:
        return vendor.older.jars.match(jar) is not None
    return driver_class == vendor.older.driver_class != vendor.driver_class


def tls_parameters(
    vendor: Vendor, tls: bool, driver_class: str | None, jar: str | None
) -> t.Mapping[str, str]:
    """What demands, or switches off, TLS in the words of this driver; in both words where nobody
    knows which one it is."""
    if vendor.older is None or not is_older(vendor, driver_class, jar):
        return vendor.tls[tls]
    return (
        vendor.older.tls[tls] if jar is not None else {**vendor.tls[tls], **vendor.older.tls[tls]}
    )


def jdbc_url(
    vendor: Vendor,
    tls: bool,
    host: str | None,
    port: int | None,
    name: str,
    parameters: t.Mapping[str, str],
) -> tuple[str, str]:
    """The URL of a database, and the same without its parameters."""
    form = vendor.tls_url if tls and vendor.tls_url else vendor.url
    plain = form.format(host=f"[{host}]" if ":" in (host or "") else host, port=port, name=name)
    query = vendor.separator.join(f"{key}={value}" for key, value in parameters.items())
    return plain + (vendor.opening + query if query and vendor.opening else ""), plain
