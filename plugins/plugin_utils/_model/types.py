# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of a cluster, key by key; docs/model.md is made of this file by scripts/docs."""

from __future__ import annotations

import typing as t

Data = t.Dict[str, t.Any]
Names = t.List[str]


class Gateway(t.TypedDict):
    """Where a Key Manager tells API Manager's gateway of tokens that were revoked."""

    services_url: str | None
    """URL of the gateway's services; null where nothing asks them."""
    revoke_url: str
    """URL of the gateway's revoke API."""


class Host(t.TypedDict, total=False):
    """One host of a cluster. From `instance` on only Key Managers and API Managers, from
    `member_port` on only Key Managers."""

    name: str
    """Inventory name."""
    role: str
    """`key_manager`, `load_balancer`, `database` or `api_manager`."""
    index: int
    """1, 2, … within its group."""
    address: str
    """`cluster_node_address`, else `ansible_host`, else the inventory name."""
    machine: str
    """The machine that it is on: the same for hosts that Ansible reaches at one place, or that have
    one address."""
    instance: str
    """Names the systemd unit and the folders of the host that belong to it."""
    home: str
    """The product home."""
    offset: int
    """Carbon's port offset."""
    ports: dict[str, int]
    """Every port that follows the offset, by name (`plugins/module_utils/_ports.py`)."""
    heap_initial: str
    """Heap at the start, such as 512m."""
    heap_maximum: str
    """Largest heap, such as 2048m."""
    member_port: int
    """Port of the cluster's members; missing where there is no cluster."""
    session_cleanup: bool
    """Whether this node cleans the common session database."""
    gateway: Gateway
    """The gateway that it tells of revoked tokens."""


class Member(t.TypedDict):
    """A well-known member of the cluster."""

    host: str
    """Address or host name."""
    port: int
    """Member port."""


class Membership(t.TypedDict):
    """How the nodes find each other."""

    scheme: str
    """`wka`, `multicast`, `aws` or `kubernetes`."""
    options: Data
    """Options of the scheme that the inventory sets."""
    parameters: Data
    """Further parameters of the clustering section, by their own names."""
    bind_any: bool
    """Whether the member port is open on every address of the node."""


class Caching(t.TypedDict):
    """The caching scenario and what follows from it."""

    scenario: str
    """One of the five scenarios of `cluster_caching`."""
    clustered: bool
    """Whether the nodes form a cluster."""
    force_local: bool
    """ForceLocalCache of carbon.xml."""
    caches: bool
    """Whether the caches of identity.xml are on."""
    security_caches: bool
    """Whether those are on whose staleness would let somebody in."""
    minutes: int
    """Life of a cache entry, in minutes."""
    disabled: Names
    """Caches of identity.xml that are off by name."""


class DatasourceOfNodes(t.TypedDict, total=False):
    """A datasource of the products."""

    id: str
    """How the profile names it."""
    name: str
    """Name in the product's file."""
    jndi: str
    """JNDI name."""
    description: str
    """Description in the product's file."""
    file: str
    """File of the home that holds it."""
    database: str
    """Id of its database."""
    url: str
    """JDBC URL."""
    connection_properties: str
    """Properties of the driver that no URL can carry, as `a=b;c=d`; empty without any."""
    cache_id: str
    """user@URL without parameters, as the registry compares it."""
    user: str
    """Database account."""
    secret: str
    """Name of the account's password among `cluster_secrets`."""
    auto_commit: bool
    """Whether its connections commit by themselves."""
    max_active: int
    """Largest number of connections."""


class DatabaseOfCluster(t.TypedDict, total=False):
    """A physical database; each is here once."""

    id: str
    """How the profile names it."""
    name: str
    """Name on the server."""
    user: str
    """Account."""
    secret: str
    """Name of its password among `cluster_secrets`."""
    scripts: Names
    """Schema scripts in the order they are loaded."""


class Registry(t.TypedDict):
    """The mounts of the registry."""

    config_target: str
    """Path that `/_system/config` is mounted at."""
    governance_target: str
    """Path that `/_system/governance` is mounted at."""
    config_cache_id: str
    """user@URL of the configuration registry's database."""
    governance_cache_id: str
    """user@URL of the governance registry's database."""


class Model(t.TypedDict, total=False):
    """The variable `cluster_model`. It holds no secret: where one is needed, it has its name."""

    name: str
    """`cluster_name`."""
    domain: str
    """Domain of the clustering section."""
    hostname: str
    """Name that clients use."""
    management_hostname: str
    """Name of the management console."""
    hostname_address: str
    """Address that the names of the service lead to on the hosts."""
    balanced: bool
    """Whether a load balancer is in front. Without one the three ports are the node's own."""
    gateway_hostname: str
    """Name of API Manager's gateway."""
    gateway_port: int
    """Its HTTPS port, 8243 unless the inventory says another."""
    public_port: int
    """Port for clients: proxy port of the HTTPS connector."""
    public_http_port: int
    """Proxy port of the HTTP connector."""
    internal_port: int
    """Port of the load balancer for API Manager."""
    portals: str
    """`cluster_portals`: whether the user portals are on the public or the management host."""
    public_url: str
    """Where browsers go; with the port, unless it is 443."""
    service_url: str
    """Where API Manager calls the admin services."""
    product: Data
    """Profile of the Key Managers' product, whole."""
    api_manager_product: Data | None
    """Profile of API Manager's product; null without API Manager hosts."""
    groups: dict[str, Names]
    """Inventory names by role."""
    hosts: dict[str, Host]
    """Every host of the four groups, by inventory name."""
    nodes: list[Host]
    """The Key Managers, in the order of the inventory."""
    api_managers: list[Host]
    """The API Managers."""
    load_balancers: list[Host]
    """The load balancers."""
    installed_at_once: int
    """Hosts that may install at a time: 0 for all, 1 where several are on one machine."""
    members: list[Member]
    """The well-known members; empty where there is no cluster."""
    membership: Membership
    """How the nodes find each other."""
    caching: Caching
    """The caching scenario."""
    database: Data
    """The database server: vendor, engine (empty where no schema is loaded), host, port, TLS,
    driver."""
    databases: list[DatabaseOfCluster]
    """The physical databases."""
    datasources: list[DatasourceOfNodes]
    """What the nodes get; each JNDI name once."""
    unused_jndi: Names
    """JNDI names that nothing may use any more."""
    jndi: dict[str, str]
    """JNDI name by purpose."""
    registry: Registry
    """The Key Managers' registry."""
    storage: Data
    """The shared file system: type, path and mount."""
    api_manager_datasources: list[DatasourceOfNodes]
    """Those of the datasources that API Manager gets too."""
    api_manager_registry: Registry
    """API Manager's registry."""
    api_manager_commitments: Data
    """What API Manager's data depend on (requirement IN2)."""
    urls: dict[str, str]
    """URLs by element of identity.xml and application-authentication.xml."""
    admin_user: str
    """Administrator."""
    admin_user_with_tenant: str
    """The same; a name with an @ is followed by the tenant."""
    jwt: Data
    """`cluster_jwt`."""
    token_encryption: Data
    """Whether tokens are encrypted in the database, and the class that does it."""
    user_store: Data
    """User store: class and properties for Key Managers and API Managers."""
    email_user_names: bool
    """Whether user names are e-mail addresses."""
    session_persistence: Data
    """`cluster_session_persistence`."""
    remote_ip_valve: dict[str, str] | None
    """Attributes of the RemoteIpValve; null where nothing is in front."""
    commitments: Data
    """What the Key Managers' data depend on (requirement IN2)."""
