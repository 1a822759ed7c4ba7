"""Idempotency keys belong to a caller, who never receives the reply to another caller's request.

A store has one set of keys for each instance. The first caller to use a key there has it stored
unchanged, in an entry with the caller's name; any other caller's is stored with a digest of that
caller's name before it. So keys that earlier releases stored still work.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from statehold.records import Caller

#: no header can hold it
_MARK = "\x1e"
_OF_CALLER = re.compile(f"{_MARK}[0-9a-f]{{32}}")


def key_of_caller(caller: Caller, key: str) -> str:
    """The form in which this caller's key is stored if another caller used the key first."""
    name = caller.name.encode("utf-8", "surrogatepass")
    return f"{_MARK}{blake2b(name, digest_size=16).hexdigest()}{key}"


def shown_key(stored: str | None) -> str | None:
    """The key as its caller gave it."""
    return None if stored is None else _OF_CALLER.sub("", stored, count=1)
