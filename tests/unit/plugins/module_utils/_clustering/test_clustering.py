# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The clustering section: what is read, which lists are refused, and which edits the options become."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._clustering.edits import (
    clustering_edits,
    clustering_result,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._clustering.members import (
    Member,
    host_problem,
    is_loopback,
    member_problems,
    parse_member,
    same_host,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._clustering.schemes import (
    kernel_number,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._clustering.section import (
    read_clustering,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from lxml import etree

AXIS2 = "repository/conf/axis2/axis2.xml"


def members(*entries: str) -> list[Member]:
    return [
        Member(entry.partition(":")[0], int(entry.partition(":")[2] or 4000)) for entry in entries
    ]


HOSTS = [
    ("10.0.0.1", None),
    ("192.168.1.2-10", None),
    ("10.0.0.5-5", None),
    ("km1.bank.example", None),
    ("km1", None),
    ("KM1.bank.example.", "is not a host name"),
    ("node_1", "is not a host name"),
    ("localhost", None),
    ("10.0.0.10-2", "ends before it begins"),
    ("10.0.0.1-256", "is not an IPv4 address or a range in its last octet"),
    ("10.0.0-3.1", "is not an IPv4 address or a range"),
    ("10.0.0.*", "is not an IPv4 address or a range"),
    ("10.0.0", "is not an IPv4 address"),
    ("10.0.0.256", "is not an IPv4 address"),
    ("010.0.0.1", "is not an IPv4 address"),
    ("0.0.0.0", "cannot|another member can connect"),
    ("228.0.0.4", "another member can connect"),
    ("255.255.255.255", "another member can connect"),
    ("fe80::1", "IPv6"),
    ("10.0.0.1:4000", "The port has a key of its own"),
    ("-km1", "is not a host name"),
    ("km 1", "is not a host name"),
    ("km1..example", "is not a host name"),
    ("10.0.0.1\n", "is not"),
    ("a" * 64, "is not a host name"),
    (".".join(["a" * 60] * 5), "is not a host name"),
]


@pytest.mark.parametrize("host, problem", HOSTS, ids=[host[:30] for host, _problem in HOSTS])
def test_addresses_of_members(host: str, problem: str | None) -> None:
    found = host_problem(host, ranges=True)
    if problem is None:
        assert found is None
    else:
        assert found is not None
        assert any(part in found for part in problem.split("|"))


def test_a_range_is_no_address_of_one_member() -> None:
    assert (
        host_problem("192.168.1.2-10") == "192.168.1.2-10 is a range; one address is wanted here."
    )
    assert "range" not in (host_problem("192.168.1") or "")


@pytest.mark.parametrize(
    "host, expected",
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("LOCALHOST", True),
        ("localhost.", True),
        ("127.example", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


SAME = [
    ("10.0.0.1", "10.0.0.1", True),
    ("10.0.0.1-5", "10.0.0.5", True),
    ("10.0.0.1-5", "10.0.0.5-9", True),
    ("10.0.0.1-5", "10.0.0.6", False),
    ("10.0.0.6", "10.0.0.1-5", False),
    ("10.0.0.1", "10.0.1.1", False),
    ("KM1.example", "km1.example.", True),
    ("10.0.0.1", "km1.example", False),
]


@pytest.mark.parametrize("one, other, expected", SAME)
def test_same_host(one: str, other: str, expected: bool) -> None:
    assert same_host(one, other) is expected


LISTS = [
    ("two nodes", members("10.0.0.1", "10.0.0.2"), Member("10.0.0.1", 4000), []),
    ("a range that holds the local member", members("10.0.0.1-9"), Member("10.0.0.4", 4000), []),
    (
        "two nodes on one machine",
        members("127.0.0.1:4000", "127.0.0.1:4010"),
        Member("127.0.0.1", 4010),
        [],
    ),
    ("no local member to look for", members("10.0.0.1"), None, []),
    (
        "twice",
        members("10.0.0.1", "10.0.0.2", "10.0.0.1"),
        None,
        ["members: 10.0.0.1:4000 is in the list twice."],
    ),
    (
        "twice through a range",
        members("10.0.0.1-4", "10.0.0.2"),
        None,
        ["members: 10.0.0.2:4000 is in the list twice (also as 10.0.0.1-4:4000)."],
    ),
    (
        "without the local member",
        members("10.0.0.1"),
        Member("10.0.0.2", 4000),
        ["the local member 10.0.0.2:4000 is not in the list"],
    ),
    (
        "with the local host on another port",
        members("10.0.0.1"),
        Member("10.0.0.1", 4001),
        ["the local member 10.0.0.1:4001 is not in the list"],
    ),
    ("empty", [], Member("10.0.0.1", 4000), ["is not in the list"]),
    (
        "loopback among routable ones",
        members("127.0.0.1", "10.0.0.2"),
        Member("127.0.0.1", 4000),
        ["127.0.0.1:4000 can be reached from this machine only"],
    ),
    (
        "all at once",
        members("localhost", "10.0.0.2", "10.0.0.2"),
        Member("10.0.0.3", 4000),
        ["twice", "this machine only", "not in the list"],
    ),
]


@pytest.mark.parametrize(
    "listed, local, expected", [case[1:] for case in LISTS], ids=[case[0] for case in LISTS]
)
def test_lists_that_split_a_cluster(
    listed: list[Member], local: Member | None, expected: list[str]
) -> None:
    found = member_problems(listed, local)
    assert len(found) == len(expected)
    for sentence, part in zip(found, expected):
        assert part in sentence


def test_a_member_has_a_host_and_a_port_or_the_stock_one() -> None:
    assert parse_member({"host": "10.0.0.1"}) == Member("10.0.0.1", 4000)
    assert parse_member({"host": "10.0.0.1", "port": "4010"}) == Member("10.0.0.1", 4010)
    for entry in ({}, {"host": ""}, {"host": None}, {"host": 10}):
        with pytest.raises(OperatorError, match="^Each entry of members needs a host"):
            parse_member(entry)
    with pytest.raises(
        OperatorError, match="^cluster_members: the port of 10.0.0.1 must be a whole number"
    ):
        parse_member({"host": "10.0.0.1", "port": 0}, "cluster_members")
    with pytest.raises(OperatorError, match="^members: 10.0.0.10-2 is a range"):
        parse_member({"host": "10.0.0.10-2"})


def test_kernel_versions_compare_as_numbers() -> None:
    assert kernel_number("4.7.1") > kernel_number("4.4.35") > kernel_number(None)
    assert kernel_number("4.10.0-beta") > kernel_number("4.9")


def test_what_the_product_reads_of_an_odd_section(home: t.Callable[[str], Path]) -> None:
    section = read_clustering(etree.parse(str(home("odd") / AXIS2)).getroot())
    assert section is not None
    assert section["sections"] == 2
    assert section["enabled"] is True
    assert section["parameters"]["domain"] == " last.domain "
    assert section["parameter_counts"]["domain"] == 2
    assert section["properties"] == {"subDomain": "worker"}
    assert section["member_lists"] == 2
    assert section["members"] == [
        {"host": "10.0.0.1", "port": "4001"},
        {"host": "10.0.0.2", "port": "4000"},
    ]


def test_a_file_may_lack_everything() -> None:
    assert read_clustering(etree.fromstring("<axisconfig><!--clustering/--></axisconfig>")) is None
    bare = read_clustering(
        etree.fromstring(
            "<axisconfig><clustering><members><member/></members></clustering></axisconfig>"
        )
    )
    assert bare is not None
    assert bare["enabled"] is True
    assert bare["members"] == [{"host": "", "port": ""}]
    for function in (clustering_edits, clustering_result):
        with pytest.raises(OperatorError, match="no active clustering section"):
            function({}, None)


WKA = {
    "enabled": True,
    "domain": "bank.domain",
    "scheme": "wka",
    "local_member_host": "10.0.0.1",
    "members": [{"host": "10.0.0.1"}, {"host": "10.0.0.2", "port": 4010}],
}


def edit_file(path: Path, desired: dict[str, t.Any], kernel: str | None = None) -> t.Any:
    """Makes the desired edits, twice, and returns the section as it is then."""
    current = read_clustering(etree.parse(str(path)).getroot())
    edits, secrets = clustering_edits(dict(desired, kernel=kernel), current)
    expected = clustering_result(dict(desired, kernel=kernel), current)
    if edits:
        patch_files([{"path": str(path), "edits": edits}], secrets)
    after = read_clustering(etree.parse(str(path)).getroot())
    edits, secrets = clustering_edits(dict(desired, kernel=kernel), after)
    if edits:
        assert not patch_files([{"path": str(path), "edits": edits}], secrets).changed
    assert clustering_result({}, after) == expected
    return after


def test_a_stock_file_becomes_a_member_of_a_cluster(home: t.Callable[[str], Path]) -> None:
    path = home("ob_km") / AXIS2
    before = path.read_bytes()
    after = edit_file(
        path,
        dict(
            WKA,
            group_password="p%{a}ss",
            local_member_port=4000,
            parameters={"AvoidInitiation": True},
        ),
    )
    assert after["enabled"] is True
    assert after["parameters"]["membershipScheme"] == "wka"
    assert after["parameters"]["domain"] == "bank.domain"
    assert after["parameters"]["groupPassword"] == "p%{a}ss"
    assert after["members"] == [
        {"host": "10.0.0.1", "port": "4000"},
        {"host": "10.0.0.2", "port": "4010"},
    ]
    lines, written = before.split(b"\r\n"), path.read_bytes().split(b"\r\n")
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert [line for line in lines if line not in written] == [
        b'                enable="false">',
        b'        <parameter name="membershipScheme">multicast</parameter>',
        b'        <parameter name="domain">wso2.carbon.domain</parameter>',
        b'        <parameter name="localMemberHost">127.0.0.1</parameter>',
    ]
    # The password stands behind the domain, and the example in the comment still is one.
    assert (
        written[written.index(b'        <parameter name="domain">bank.domain</parameter>') + 1]
        == b'        <parameter name="groupPassword">p%{a}ss</parameter>'
    )
    assert b"            <!--member>" in written
    assert not path.read_bytes().endswith(b"\n")


def test_multicast_is_switched_on_in_place(home: t.Callable[[str], Path]) -> None:
    path = home("ob_km") / AXIS2
    block = {"address": "228.0.0.9", "port": 45565, "ttl": 1, "timeout": 30}
    after = edit_file(
        path,
        {
            "scheme": "multicast",
            "multicast": block,
            "local_member_host": "10.0.0.1",
            "enabled": True,
        },
    )
    assert {
        name: after["parameters"][name]
        for name in ("mcastAddress", "mcastPort", "mcastTTL", "mcastTimeout")
    } == {
        "mcastAddress": "228.0.0.9",
        "mcastPort": "45565",
        "mcastTTL": "1",
        "mcastTimeout": "30",
    }
    assert (
        b"        <!-- The multicast address -->\r\n        <parameter"
        b' name="mcastAddress">228.0.0.9</parameter>\r\n' in path.read_bytes()
    )


def test_aws_has_its_parameters_made(home: t.Callable[[str], Path]) -> None:
    path = home("ob_km") / AXIS2
    block = {
        "access_key": "canary-access",
        "secret_key": "canary-secret",
        "region": "eu-west-1",
        "tag_key": "a",
        "tag_value": None,
        "connection_timeout": 5,
    }
    current = read_clustering(etree.parse(str(path)).getroot())
    edits, secrets = clustering_edits({"scheme": "aws", "aws": block}, current)
    assert secrets == {"aws_access_key": "canary-access", "aws_secret_key": "canary-secret"}
    assert "canary" not in repr(edits)
    after = edit_file(path, {"scheme": "aws", "aws": block})
    wanted = {
        "accessKey": "canary-access",
        "secretKey": "canary-secret",
        "region": "eu-west-1",
        "tagKey": "a",
        "connTimeout": "5",
    }
    assert {name: after["parameters"].get(name) for name in [*wanted, "tagValue"]} == dict(
        wanted, tagValue=None
    )


def test_aws_has_other_names_on_kernel_4_7_1(home: t.Callable[[str], Path]) -> None:
    """org.wso2.carbon.core 4.7.1, AWSConstants: what the older kernels read is passed over there
    without a word."""
    path = home("kernel") / AXIS2
    block = {
        "access_key": "canary-access",
        "secret_key": "canary-secret",
        "tag_key": "a",
        "security_group": "km",
        "connection_timeout": 5,
    }
    after = edit_file(path, {"scheme": "aws", "aws": block, "domain": "d"}, kernel="4.7.1")
    wanted = {
        "access-key": "canary-access",
        "secret-key": "canary-secret",
        "tag-key": "a",
        "security-group-name": "km",
        "connection-timeout-seconds": "5",
    }
    assert {name: after["parameters"].get(name) for name in wanted} == wanted
    assert not {"accessKey", "secretKey", "tagKey", "securityGroup", "connTimeout"} & set(
        after["parameters"]
    )
    with pytest.raises(
        OperatorError, match="parameters.access-key has an option of its own: aws.access_key"
    ):
        edit_file(path, {"parameters": {"access-key": "x"}}, kernel="4.7.1")


def test_kubernetes_needs_a_class_on_old_kernels(home: t.Callable[[str], Path]) -> None:
    path = home("kernel") / AXIS2
    desired = {"scheme": "kubernetes", "kubernetes": {"namespace": "bank", "services": "km"}}
    current = read_clustering(etree.parse(str(path)).getroot())
    for kernel in (None, "4.4.35", "4.7.0"):
        with pytest.raises(OperatorError, match="scheme kubernetes needs kubernetes.class_name"):
            clustering_edits(dict(desired, kernel=kernel), current)
    after = edit_file(path, dict(desired, domain="d"), kernel="4.7.1")
    assert after["parameters"]["KUBERNETES_NAMESPACE"] == "bank"
    assert after["parameters"]["domain"] == "d"
    after = edit_file(
        path, {"scheme": "kubernetes", "kubernetes": {"class_name": "org.example.Scheme"}}
    )
    assert after["parameters"]["membershipSchemeClassName"] == "org.example.Scheme"
    # What stands in the file counts as well.
    edit_file(path, desired)


def test_a_file_without_members_gets_a_list(home: t.Callable[[str], Path]) -> None:
    path = home("kernel") / AXIS2
    after = edit_file(path, WKA)
    assert after["members"] == [
        {"host": "10.0.0.1", "port": "4000"},
        {"host": "10.0.0.2", "port": "4010"},
    ]
    assert path.read_text().index("</members>") < path.read_text().index("<groupManagement")
    path.write_text(
        path.read_text()
        .replace('<groupManagement enable="false"/>', "")
        .replace("members>", "nobody>")
    )
    assert len(edit_file(path, WKA)["members"]) == 2


def test_of_several_the_one_that_counts_is_edited(home: t.Callable[[str], Path]) -> None:
    path = home("odd") / AXIS2
    after = edit_file(path, dict(WKA, local_member_port=4000))
    assert after["parameters"]["domain"] == "bank.domain"
    text = path.read_text()
    assert '<parameter name="domain">first.domain</parameter>' in text
    assert "<hostName>10.9.9.9</hostName>" in text
    assert 'enable="false"/>' in text


def three(home: t.Callable[[str], Path]) -> Path:
    path = home("ob_km") / AXIS2
    edit_file(
        path, dict(WKA, members=[{"host": "10.0.0.3"}, {"host": "10.0.0.1"}, {"host": "10.0.0.2"}])
    )
    return path


STATES = [
    ("added", "present", ["10.0.0.9"], ["10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.9"]),
    ("added what is there", "present", ["10.0.0.2"], ["10.0.0.3", "10.0.0.1", "10.0.0.2"]),
    ("removed", "absent", ["10.0.0.3"], ["10.0.0.1", "10.0.0.2"]),
    ("removed what is not there", "absent", ["10.0.0.4"], ["10.0.0.3", "10.0.0.1", "10.0.0.2"]),
    (
        "exact, in another order",
        "exact",
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ["10.0.0.3", "10.0.0.1", "10.0.0.2"],
    ),
    (
        "exact, one replaced",
        "exact",
        ["10.0.0.1", "10.0.0.4", "10.0.0.3"],
        ["10.0.0.3", "10.0.0.1", "10.0.0.4"],
    ),
    ("nothing removed", "absent", [], ["10.0.0.3", "10.0.0.1", "10.0.0.2"]),
]


@pytest.mark.parametrize(
    "state, listed, expected", [case[1:] for case in STATES], ids=[case[0] for case in STATES]
)
def test_members_are_added_removed_and_replaced(
    home: t.Callable[[str], Path], state: str, listed: list[str], expected: list[str]
) -> None:
    path = three(home)
    before = path.read_bytes()
    after = edit_file(path, {"members": [{"host": host} for host in listed], "state": state})
    assert [member["host"] for member in after["members"]] == expected
    if expected == ["10.0.0.3", "10.0.0.1", "10.0.0.2"]:
        assert path.read_bytes() == before


def test_what_a_hand_wrote_stays_in_the_list(home: t.Callable[[str], Path]) -> None:
    path = three(home)
    path.write_bytes(path.read_bytes().replace(b"<hostName>10.0.0.3<", b"<hostName>${first}<"))
    after = edit_file(path, {"members": [{"host": "10.0.0.9"}], "state": "present"})
    assert [member["host"] for member in after["members"]] == [
        "${first}",
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.9",
    ]


def test_equal_members_of_a_hand_made_list_become_one(home: t.Callable[[str], Path]) -> None:
    path = three(home)
    path.write_bytes(path.read_bytes().replace(b"<hostName>10.0.0.3<", b"<hostName>10.0.0.1<"))
    after = edit_file(path, {"members": [], "state": "present"})
    assert [member["host"] for member in after["members"]] == ["10.0.0.1", "10.0.0.2"]


REFUSED: list[tuple[str, dict[str, t.Any], str]] = [
    (
        "no local member",
        dict(WKA, local_member_host="10.0.0.3"),
        "the local member 10.0.0.3:4000 is not in the list",
    ),
    (
        "local member on another port",
        dict(WKA, local_member_port=4010),
        "the local member 10.0.0.1:4010 is not in the list",
    ),
    (
        "the stock local member",
        {"scheme": "wka", "members": [{"host": "10.0.0.1"}]},
        "the local member 127.0.0.1:4000 is not in the list",
    ),
    (
        "the stock members",
        {"scheme": "wka", "local_member_host": "10.0.0.1"},
        "the local member 10.0.0.1:4000 is not in the list",
    ),
    (
        "loopback",
        dict(WKA, members=[{"host": "10.0.0.1"}, {"host": "localhost"}]),
        "localhost:4000 can be reached from this machine only",
    ),
    (
        "duplicate",
        dict(WKA, members=[{"host": "10.0.0.1"}, {"host": "10.0.0.1"}]),
        "10.0.0.1:4000 is in the list twice",
    ),
    (
        "range",
        dict(WKA, members=[{"host": "10.0.0.9-1"}]),
        "10.0.0.9-1 is a range that ends before it begins",
    ),
    (
        "range as local member",
        dict(WKA, local_member_host="10.0.0.1-2"),
        "local_member_host: 10.0.0.1-2 is a range",
    ),
    (
        "wildcard as local member",
        dict(WKA, local_member_host="0.0.0.0"),
        "local_member_host: 0.0.0.0 is not an address",
    ),
    (
        "the last local member removed",
        {"scheme": "wka", "members": [{"host": "127.0.0.1"}], "state": "absent"},
        "127.0.0.1:4000 is not in the list",
    ),
    (
        "members with multicast",
        {"members": [{"host": "127.0.0.1"}]},
        "members are given, but the membership scheme is multicast",
    ),
    (
        "members with aws",
        {"scheme": "aws", "aws": {"iam_role": "r"}, "members": []},
        "members are given, but the membership scheme is aws",
    ),
    (
        "parameters of another scheme",
        dict(WKA, multicast={"port": 1}),
        "multicast is given, but the membership scheme is wka",
    ),
    (
        "aws without keys",
        {"scheme": "aws", "aws": {"access_key": "a"}},
        "scheme aws needs aws.iam_role, or aws.access_key together with aws.secret_key",
    ),
    (
        "multicast address",
        {"scheme": "multicast", "multicast": {"address": "10.0.0.1"}},
        "multicast.address must be an IPv4 multicast address",
    ),
    (
        "multicast name",
        {"scheme": "multicast", "multicast": {"address": "all"}},
        "multicast.address must be an IPv4 multicast address",
    ),
    (
        "multicast port",
        {"scheme": "multicast", "multicast": {"port": 0}},
        "multicast.port must be a whole number",
    ),
    ("blank domain", {"domain": " bank "}, "domain must not be empty or have blanks"),
    ("empty domain", {"domain": ""}, "domain must not be empty"),
    (
        "line break in the password",
        {"group_password": "a\nb"},
        "group_password must not be empty or have blanks or line breaks",
    ),
    (
        "a parameter that is not read",
        {"parameters": {"localMemberBindAddress": "10.0.0.1"}},
        "no class of the product reads it",
    ),
    (
        "a parameter with an option",
        {"parameters": {"domain": "d"}},
        "parameters.domain has an option of its own: domain",
    ),
    (
        "a password as parameter",
        {"parameters": {"groupPassword": "d"}},
        "has an option of its own: group_password",
    ),
    (
        "a scheme's parameter",
        {"parameters": {"mcastTTL": 1}},
        "parameters.mcastTTL has an option of its own: multicast.ttl",
    ),
    ("a quote in a name", {"parameters": {'a"b': 1}}, "a name must not hold a double quote"),
    ("member port", dict(WKA, local_member_port=70000), "local_member_port must be a whole number"),
]


@pytest.mark.parametrize(
    "desired, sentence", [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refusals(home: t.Callable[[str], Path], desired: dict[str, t.Any], sentence: str) -> None:
    current = read_clustering(etree.parse(str(home("ob_km") / AXIS2)).getroot())
    with pytest.raises(OperatorError) as refusal:
        clustering_edits(desired, current)
    assert sentence in str(refusal.value)


def test_a_file_without_a_local_member_needs_one(home: t.Callable[[str], Path]) -> None:
    path = home("kernel") / AXIS2
    path.write_text(
        path.read_text().replace('<parameter name="localMemberHost">127.0.0.1</parameter>', "")
    )
    with pytest.raises(OperatorError, match="^local_member_host is not set, here or in axis2.xml"):
        edit_file(path, {"scheme": "wka", "members": [{"host": "10.0.0.1"}]})
    path.write_text(path.read_text().replace(">4000<", ">4ooo<"))
    with pytest.raises(OperatorError, match="^local_member_port, as it is in axis2.xml, must be"):
        edit_file(path, dict(WKA))


def test_a_quote_in_a_parameter_name_is_quoted(home: t.Callable[[str], Path]) -> None:
    assert (
        edit_file(home("kernel") / AXIS2, {"parameters": {"it's": "fine"}})["parameters"]["it's"]
        == "fine"
    )


def test_a_wish_for_nothing_is_no_edit(home: t.Callable[[str], Path]) -> None:
    current = read_clustering(etree.parse(str(home("ob_km") / AXIS2)).getroot())
    assert clustering_edits({}, current) == ([], {})
    assert clustering_edits({"enabled": False}, current)[0] == [
        {"xpath": "/axisconfig/clustering", "attributes": {"enable": "false"}}
    ]
