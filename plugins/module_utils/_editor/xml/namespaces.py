# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The name space of the products' secure vault, which a file must declare before an element of it
can have an alias."""

from __future__ import annotations

import re

from ..._errors import OperatorError
from .document import TOKEN

ALIAS = "svns:secretAlias"
_DECLARATION = "xmlns:svns"
_NAMESPACE = "http://org.wso2.securevault/configuration"
_DECLARED = re.compile(_DECLARATION + r"""\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def with_vault_namespace(text: str) -> str:
    """The document with the declaration on its root element, behind the attributes that are there,
    where ciphertool puts it too. Raises OperatorError where the prefix stands for something
    else."""
    root = next((token for token in TOKEN.finditer(text) if token.group(4)), None)
    if root is None:
        return text
    declared = _DECLARED.search(root.group())
    if declared is None:
        end = root.end() - (2 if root.group().endswith("/>") else 1)
        end -= len(text[:end]) - len(text[:end].rstrip())
        return f'{text[:end]} {_DECLARATION}="{_NAMESPACE}"{text[end:]}'
    if (declared.group(1) or declared.group(2)) != _NAMESPACE:
        raise OperatorError(
            f"its root element declares {_DECLARATION} for another name space than {_NAMESPACE}, so"
            " the server would not find the aliases of its secure vault. Correct it."
        )
    return text
