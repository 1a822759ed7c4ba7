"""Idempotency keys belong to a caller: another one's reply is never given out.

Stores know a key by its instance. The first caller who uses one there has it as it is, and the
entry says whose it is; for every other caller it stands with a digest of the caller's name before
it. So keys that earlier releases stored are found, and go to those who used them.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from statehold.records import Caller

#: no header can hold it
_MARK = "\x1e"
_OF_CALLER = re.compile(f"{_MARK}[0-9a-f]{{32}}")


def key_of_caller(caller: Caller, key: str) -> str:
    """The key as it is stored where another caller has it as it is."""
    name = caller.name.encode("utf-8", "surrogatepass")
    return f"{_MARK}{blake2b(name, digest_size=16).hexdigest()}{key}"


def shown_key(stored: str | None) -> str | None:
    """The key as its caller gave it."""
    return None if stored is None else _OF_CALLER.sub("", stored, count=1)
