# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""One edit of a product file, as the operator wrote it: checked before any file is read."""

from __future__ import annotations

import typing as t

from ..._errors import OperatorError
from ..arguments import MATCHES, check_keys, choice, fallbacks, scalar
from ..secrets import Secrets
from .markup import line_breaks, markup_of_data, markup_of_string
from .namespaces import ALIAS
from .path import absolute, split_attribute

IF_MISSING = ("fail", "uncomment", "create", "ignore")
STATES = ("present", "absent", "commented")

XML_KEYS = (
    "xpath",
    "text",
    "authority",
    "attributes",
    "xml",
    "properties",
    "state",
    "match",
    "if_missing",
    "before",
    "after",
    "parent",
)


class XmlEdit:
    """One checked edit of an XML file."""

    def __init__(
        self, entry: t.Mapping[str, t.Any], number: int, root: str | None, secrets: Secrets
    ) -> None:
        self.number = number
        self.selector = str(entry.get("xpath") or "")
        self.uses_secret = False
        self._secrets = secrets
        check_keys(entry, XML_KEYS, "the edit")
        if not self.selector.strip():
            raise OperatorError("the edit has no xpath.")
        self.xpath, attribute = split_attribute(absolute(self.selector, root))
        self.match = choice(entry.get("match"), "match", MATCHES, "one")
        self.if_missing = fallbacks(entry.get("if_missing"), IF_MISSING)
        self.state = choice(entry.get("state"), "state", STATES, None)
        self.before, self.after, self.parent = (
            self._place(entry, key) for key in ("before", "after", "parent")
        )
        if self.before and self.after:
            raise OperatorError("before and after exclude each other.")
        self.text = self._value(entry["text"], "text") if "text" in entry else None
        self.authority = (
            self._value(entry["authority"], "authority") if "authority" in entry else None
        )
        self.attributes = self._mapping(entry, "attributes")
        self.properties = self._mapping(entry, "properties")
        self.markup = self._markup(entry["xml"]) if "xml" in entry else None
        if attribute:
            self._select_attribute(attribute)
        # What an alias takes the place of may be a secret.
        self.uses_secret = self.uses_secret or self.enters_vault
        self._check_combination()

    def _place(self, entry: t.Mapping[str, t.Any], key: str) -> str | None:
        value = entry.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise OperatorError(f"{key} must be an XPath.")
        if key == "parent":
            return absolute(value, None)
        if value.lstrip().startswith("/"):
            raise OperatorError(f"{key} is relative to the parent: leave the leading / out.")
        return value.strip()

    def _value(self, value: t.Any, what: str) -> str:
        text = scalar(value, what)
        self.uses_secret = self.uses_secret or Secrets.uses(text)
        return line_breaks(self._secrets.resolve(text))

    def _mapping(self, entry: t.Mapping[str, t.Any], key: str) -> dict[str, str | None]:
        values = entry.get(key, {})
        if not isinstance(values, dict):
            raise OperatorError(f"{key} must be a mapping.")
        if key in entry and not values:
            raise OperatorError(f"{key} names nothing.")
        return {
            str(name): None if value is None else self._value(value, f"{name} in {key}")
            for name, value in values.items()
        }

    def _markup(self, xml: t.Any) -> str:
        if isinstance(xml, str):
            self.uses_secret = self.uses_secret or Secrets.uses(xml)
            return markup_of_string(xml, self._secrets)
        self.uses_secret = self.uses_secret or Secrets.uses(repr(xml))
        return markup_of_data(xml, self._secrets)

    def _select_attribute(self, attribute: str) -> None:
        """``…/@name`` with a text, or with state absent, is another way to write ``attributes``."""
        if (
            self.attributes
            or self.properties
            or self.markup is not None
            or self.state in ("present", "commented")
        ):
            raise OperatorError(
                "an xpath that ends in an attribute goes with text, or with state absent."
            )
        if self.state is None and self.text is None:
            raise OperatorError("the edit says nothing to do: give text, or state absent.")
        self.attributes = {attribute: self.text}
        self.text, self.state = None, None

    def _check_combination(self) -> None:
        doing = [
            name
            for name, given in (
                ("text", self.text is not None),
                ("authority", self.authority is not None),
                ("attributes", bool(self.attributes)),
                ("xml", self.markup is not None),
                ("properties", bool(self.properties)),
            )
            if given
        ]
        if not doing and self.state is None:
            raise OperatorError(
                "the edit says nothing to do: give text, authority, attributes, xml, properties or"
                " state."
            )
        if doing and self.state in ("absent", "commented"):
            raise OperatorError(f"state {self.state} does not go with {doing[0]}.")
        if "xml" in doing and len(doing) > 1:
            raise OperatorError(
                "xml is the whole element and does not go with"
                f" {next(name for name in doing if name != 'xml')}."
            )
        if "properties" in doing and "text" in doing:
            raise OperatorError("properties are lines of the text and do not go with text.")
        if self.authority is not None and (doing != ["authority"] or self.state is not None):
            raise OperatorError("authority is a part of the text and goes with nothing else.")
        if self.authority is not None and "create" in self.if_missing:
            raise OperatorError(
                "authority is a part of the text of an element that is there, so if_missing cannot"
                " be create."
            )

    @property
    def enters_vault(self) -> bool:
        """Whether the edit gives an element an alias in the server's secure vault."""
        return self.attributes.get(ALIAS) is not None

    @property
    def leaves_vault(self) -> bool:
        return self._secrets.leave_vault

    @property
    def may_create(self) -> bool:
        return "create" in self.if_missing or (self.markup is not None and self.state == "present")
