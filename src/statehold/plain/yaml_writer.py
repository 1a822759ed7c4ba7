"""Plain values as YAML that every reader reads as the same values. Needs PyYAML."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from statehold.plain.yaml_reader import FLOAT, INTEGER

_LINE_BREAKS = ("\\u0085", "\\u2028", "\\u2029", "\\ufeff")
#: columns of a line
_WIDTH = 100


def dumped(value: Any) -> str:
    """Block style, keys as they come."""
    # PyYAML writes these unescaped, and a reader takes them for line breaks
    has_breaks = any(mark in json.dumps(value) for mark in _LINE_BREAKS)
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=not has_breaks, width=_WIDTH
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, which the reader refuses; quotes what YAML 1.1 reads as booleans."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


# text that looks like a number to YAML 1.2 alone is to be quoted too
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(f"^(?:{FLOAT.pattern}|{INTEGER.pattern})$"),
    list("-+.0123456789"),
)  # fmt: skip
