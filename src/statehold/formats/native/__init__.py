"""The native notation: a machine as JSON or YAML, with expressions in CEL.

``docs/guides/data-machines.md`` is its reference, ``model.py`` says what may stand where. Needs
the extra ``native``.
"""

from __future__ import annotations

from statehold.formats.native.read import read_native
from statehold.formats.native.write import to_document, write_native

__all__ = ["read_native", "to_document", "write_native"]
