# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - rows of tables: one line shows document, edit and result side by side
"""Files with the traits of the real ones: encodings, line ends, declarations, start tags over twenty lines."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.compare import (
    difference,
    differing,
    fingerprint,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.document import (
    decode,
    parse,
    spans_of,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError


def test_iso_8859_1_stays(edit: t.Any) -> None:
    edited = edit.fixture(
        "carbon.xml",
        {"xpath": "/Server/Ports/Offset", "text": 3},
        {"xpath": "/Server/Name", "text": "Bank’s édition"},
        {
            "xpath": "/Server/HostName",
            "text": "km.example.org",
            "if_missing": ["uncomment", "create"],
            "before": "Version",
        },
        {"xpath": "/Server/MgtHostName", "text": "mgt.example.org", "if_missing": "uncomment"},
        {"xpath": "/Server/IndexPageURL", "state": "present", "if_missing": "uncomment"},
        {"xpath": "/Server/Ports/WorkerHttpsProxyPort", "text": 8443, "if_missing": "uncomment"},
        {"xpath": "/Server/Security/Credential", "state": "present", "if_missing": "uncomment"},
        {"xpath": "/Server/Security/Credential/Password", "text": "x"},
        {"xpath": "/Server/EnableHTTPAdminConsole", "state": "commented"},
        {
            "xpath": "/Server/H2DatabaseConfiguration/property[@name='webPort']",
            "text": 1,
            "if_missing": "ignore",
        },
    )
    assert edited.removed_lines == [
        "    <Name>Example \xe9dition</Name>".encode("latin-1"),
        b"    <!--HostName>www.example.org</HostName-->",
        b"    <!-- <MgtHostName>mgt.example.org</MgtHostName> -->",
        b"    <!-- IndexPageURL>/carbon/admin/index.jsp</IndexPageURL-->",
        b"        <Offset>0</Offset>",
        b"    <WorkerHttpProxyPort>80</WorkerHttpProxyPort>",
        b"    <WorkerHttpsProxyPort>443</WorkerHttpsProxyPort>",
        b"    -->",
        b"        <!-- <Credential> -->",
        b"            <!-- <Pattern>regularExpression</Pattern> -->",
        b"            <!-- <Password>password</Password> -->",
        b"        <!-- </Credential> -->",
    ]
    assert edited.added_lines == [
        "    <Name>Bank&#8217;s \xe9dition</Name>".encode("latin-1"),
        b"    <HostName>km.example.org</HostName>",
        b"    <MgtHostName>mgt.example.org</MgtHostName>",
        b"    <IndexPageURL>/carbon/admin/index.jsp</IndexPageURL>",
        b"        <Offset>3</Offset>",
        b"    <WorkerHttpProxyPort>80</WorkerHttpProxyPort> -->",
        b"    <WorkerHttpsProxyPort>8443</WorkerHttpsProxyPort>",
        b"        <Credential>",
        b"            <Pattern>regularExpression</Pattern>",
        b"            <Password>x</Password>",
        b"        </Credential>",
    ]


def test_an_element_between_two_texts_is_taken_out(edit: t.Any) -> None:
    """Found by random documents: the blanks between the texts are not those that a parser keeps when it takes the element out."""
    edited = edit(
        "<a>\n  <b>\n    stray\n    <c/>\n    text\n    <d/>\n  </b>\n</a>\n",
        {"xpath": "/a/b/c", "state": "absent"},
    )
    assert edited.after == b"<a>\n  <b>\n    stray\n    text\n    <d/>\n  </b>\n</a>\n"


def test_a_root_that_declares_no_name_space_by_an_empty_one(edit: t.Any) -> None:
    """Found by random documents: the XPath was refused with an error of lxml's own."""
    assert (
        edit('<a xmlns=""><b>x</b></a>', {"xpath": "/a/b", "text": "y"}).after
        == b'<a xmlns=""><b>y</b></a>'
    )


def test_windows_line_ends_without_declaration(edit: t.Any) -> None:
    edited = edit.fixture(
        "axis2.xml",
        {"xpath": "/axisconfig/clustering", "attributes": {"enable": True}},
        {
            "xpath": "/axisconfig/clustering/parameter[@name='mcastAddress']",
            "text": "228.0.0.9",
            "if_missing": "uncomment",
        },
        {
            "xpath": "/axisconfig/clustering/parameter[@name='mcastBindAddress']",
            "text": "10.0.0.1",
            "if_missing": "uncomment",
        },
        {
            "xpath": "/axisconfig/clustering/parameter[@name='groupPassword']",
            "text": "%%{x}",
            "if_missing": "create",
            "after": "parameter[@name='domain']",
        },
        {
            "xpath": "/axisconfig/clustering/members",
            "xml": {
                "members": [
                    {"member": [{"hostName": "10.0.0.1"}, {"port": 4000}]},
                    {"member": [{"hostName": "10.0.0.2"}, {"port": 4000}]},
                ]
            },
        },
        {
            "xpath": "/axisconfig/clustering/groupManagement/applicationDomain",
            "attributes": {"port": 2223, "new": 1},
        },
    )
    assert edited.after.count(b"\r\n") == edited.after.count(b"\n")
    assert edited.removed_lines == [
        b'                enable="false">\r',
        b'        <!--<parameter name="mcastAddress">228.0.0.4</parameter>-->\r',
        b"        <!--\r",
        b'            <parameter name="mcastBindAddress">127.0.0.1</parameter>\r',
        b"        -->\r",
        b"                <hostName>127.0.0.1</hostName>\r",
        b'                               port="2222"/>\r',
    ]
    assert edited.added_lines == [
        b'                enable="true">\r',
        b'        <parameter name="groupPassword">%{x}</parameter>\r',
        b'        <parameter name="mcastAddress">228.0.0.9</parameter>\r',
        b'            <parameter name="mcastBindAddress">10.0.0.1</parameter>\r',
        b"                <hostName>10.0.0.1</hostName>\r",
        b"                <port>4000</port>\r",
        b"            </member>\r",
        b"            <member>\r",
        b"                <hostName>10.0.0.2</hostName>\r",
        b'                               port="2223"\r',
        b'                               new="1"/>\r',
    ]


def test_start_tags_over_many_lines(edit: t.Any) -> None:
    edited = edit.fixture(
        "catalina-server.xml",
        {"xpath": "/Server/Service/Connector[@port='9763']/@proxyPort", "text": 80},
        {
            "xpath": "/Server/Service/Connector[@port='9443']",
            "attributes": {"proxyPort": 443, "clientAuth": "false", "compression": None},
        },
    )
    assert [entry["line"] for entry in edited.edits] == [8, 20]
    assert edited.removed_lines == [
        b"                    URIEncoding='UTF-8'/>",
        b'                    clientAuth="want"',
        b'                    compression="on"',
        b'                    URIEncoding="UTF-8"/>',
    ]
    assert edited.added_lines == [
        b"                    URIEncoding='UTF-8'",
        b"                    proxyPort='80'/>",
        b'                    clientAuth="false"',
        b'                    URIEncoding="UTF-8"',
        b'                    proxyPort="443"/>',
    ]


def test_no_line_end_at_the_end(edit: t.Any) -> None:
    edited = edit.fixture(
        "open-banking.xml",
        {"xpath": "/Server/Password", "text": "%{p}"},
        {"xpath": "/Server/a", "text": "’"},
        secrets={"p": "1"},
        vaulted="replace",
    )
    assert edited.added_lines == [
        b"    <Password>1</Password>",
        "    <a>’</a><b/>".encode(),
    ]
    assert edited.after.endswith(b"</Server>")


def test_a_secure_vault_alias_can_go(edit: t.Any) -> None:
    edited = edit.fixture(
        "open-banking.xml",
        {"xpath": "/Server/Password", "text": "x", "attributes": {"svns:secretAlias": None}},
    )
    assert edited.added_lines == [b"    <Password>x</Password>"]


def test_a_byte_order_mark_stays(edit: t.Any) -> None:
    assert (
        edit.fixture("bom.xml", {"xpath": "/root/value", "text": "ä"}).after
        == b"\xef\xbb\xbf<root>\n  <value>\xc3\xa4</value>\n</root>\n"
    )


def test_of_byte_order_marks_there_is_one_at_most(edit: t.Any) -> None:
    # libxml2 passes over a second one, and the products' parsers do not. (tests/fuzz/run --format xml --seed 274546448724 --cases 1)
    assert "more than one byte order mark" in edit.error(
        b"\xef\xbb\xbf\xef\xbb\xbf<a>b</a>", {"xpath": "/a", "text": 1}
    )
    assert "more than one byte order mark" in edit.error(
        b"\xff\xfe" + "\ufeff<a>b</a>".encode("utf-16-le"), {"xpath": "/a", "text": 1}
    )


def test_properties_in_cdata_behind_an_external_doctype(edit: t.Any) -> None:
    edited = edit.fixture(
        "web.xml",
        {
            "xpath": "//context-param[param-name='system.properties']/param-value",
            "properties": {"shindig.port": 443, "shindig.host": ""},
        },
    )
    assert (edited.removed_lines, edited.added_lines) == (
        [b"      shindig.port="],
        [b"      shindig.port=443"],
    )


def test_duplicates(edit: t.Any) -> None:
    assert "selects 2 elements (lines 2, 4)" in edit.error(
        "<a>\n<b/>\n\n<b/></a>", {"xpath": "/a/b", "text": 1}
    )
    edited = edit.fixture(
        "registry.xml",
        {"xpath": "/wso2registry/versionResourcesOnChange", "text": True, "match": "all"},
    )
    assert (
        edited.added_lines == [b"\t<versionResourcesOnChange>true</versionResourcesOnChange>"] * 2
    )


def test_a_swallowed_block_with_children(edit: t.Any) -> None:
    edited = edit.fixture(
        "registry.xml",
        {
            "xpath": "/wso2registry/handler[@class='c']",
            "state": "present",
            "if_missing": "uncomment",
        },
    )
    assert edited.added_lines == [b'    <handler class="c" methods="GET,PUT">', b"    </handler>"]


@pytest.mark.parametrize(
    ("codec", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")]
)
def test_utf_16(edit: t.Any, codec: str, mark: bytes) -> None:
    document = '<?xml version="1.0" encoding="UTF-16"?>\n<a>é</a>\n'
    edited = edit(mark + document.encode(codec), {"xpath": "/a", "text": "’"})
    assert edited.after == mark + document.replace("é", "’").encode(codec)


@pytest.mark.parametrize(
    "name",
    [
        "axis2.xml",
        "bom.xml",
        "carbon.xml",
        "catalina-server.xml",
        "open-banking.xml",
        "registry.xml",
        "web.xml",
    ],
)
def test_nothing_to_do_writes_nothing(
    edit: t.Any, fixture_bytes: t.Callable[[str], bytes], name: str
) -> None:
    assert not edit.fixture(name, {"xpath": "/*", "state": "present"}).result.changed


def test_cdata_in_an_encoding_that_lacks_the_character(edit: t.Any) -> None:
    document = '<?xml version="1.0" encoding="ISO-8859-1"?><a><![CDATA[x]]></a>'
    assert edit(document, {"xpath": "/a", "text": "é’"}).after == document.replace(
        "[x]", "[é]]>&#8217;<![CDATA[]"
    ).encode("latin-1")


def test_cdata_keeps_a_carriage_return(edit: t.Any) -> None:
    assert (
        edit("<a><![CDATA[x]]></a>", {"xpath": "/a", "text": "\r"}).text
        == "<a><![CDATA[]]>&#13;<![CDATA[]]></a>"
    )


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b'<?xml version="1.0" encoding="UTF-8"?><a>\xe9</a>', "not valid utf-8"),
        (
            b'<?xml version="1.0" encoding="no-such"?><a/>',
            "the encoding no-such, which Python does not know",
        ),
        (b'<?xml version="1.0" encoding="hex"?><a/>', "not valid hex"),
        (b"\xff\xfe<\x00a\x00/\x00>", "not valid utf-16-le"),
    ],
)
def test_bytes_that_are_not_what_they_say(raw: bytes, sentence: str) -> None:
    with pytest.raises(OperatorError, match=sentence):
        decode(raw)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<a><b></a>", "not well-formed XML at line 1, column 11 .tag name mismatch."),
        ("", "not well-formed XML"),
        (
            '<?xml version="1.0"?>\n<!-- c -->\n<!DOCTYPE a [<!ENTITY x "canary">]>\n<a>&x;</a>',
            "internal DTD subset",
        ),
        (
            '<!DOCTYPE a SYSTEM "x.dtd">\n<a>&x;</a>',
            "uses an entity that it does not declare itself",
        ),
    ],
)
def test_documents_that_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(OperatorError, match=sentence) as caught:
        parse(text)
    assert "canary" not in str(caught.value)


def test_spans_cover_what_they_name() -> None:
    text = "<!-- out --><a b='>'><!-- <c> --><?p ?><![CDATA[<d>]]><e/></a ><!-- out -->"
    spans = spans_of(text)
    assert [text[span.start : span.end] for span in spans] == [
        text[12:-12],
        "<!-- <c> -->",
        "<?p ?>",
        "<e/>",
    ]
    assert text[spans[0].start : spans[0].open_end] == "<a b='>'>"
    assert text[spans[0].close_start : spans[0].end] == "</a >"


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ("<a> <b/> </a>", "<a><b/></a>", None),
        ("<a>x</a>", "<a>y</a>", "a"),
        ("<a> </a>", "<a/>", "a"),
        ("<a><b/></a>", "<a><c/></a>", "b"),
        ("<a><b/></a>", "<a/>", "b"),
        ("<a/>", "<a><b/></a>", "b"),
        ("<a><b c='1'/></a>", "<a><b/></a>", "b"),
        ("<a><!--1--></a>", "<a><!--2--></a>", "a comment"),
        ("<a><b/>x</a>", "<a><b/>y</a>", "b"),
        ("<a>x<!--c--></a>", "<a><!--c-->x</a>", None),
        ("<a>x<!--c-->y</a>", "<a>x<!--c-->z</a>", "a comment"),
    ],
)
def test_the_comparison_of_trees(one: str, other: str, name: str | None) -> None:
    live, parsed = parse(one), parse(other)
    assert difference(live, parsed, set()) == name
    assert (differing(parsed, *fingerprint(live, set())) is None) == (name is None)


def test_blank_text_of_a_leaf_does_not_count_where_children_were_taken_out() -> None:
    live = parse("<a> </a>")
    assert difference(live, parse("<a/>"), {live}) is None
    live = parse("<a><!--c--> </a>")
    assert difference(live, parse("<a><!--c--></a>"), {live}) is None
