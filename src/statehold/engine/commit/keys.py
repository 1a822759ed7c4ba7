"""Idempotency keys belong to a caller, who never receives the reply to another caller's request.

A store has one set of keys for each instance. The first caller to use a key there has it stored
unchanged, in an entry with the caller's name; any other caller's is stored with a digest of that
caller's name before it. So keys that earlier releases stored still work.

A name that is only claimed is not the same as one that an authenticator has proved: what a proved
caller has sent is another's to those who claim its name.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from statehold.records import Caller

#: no header can hold it
_MARK = "\x1e"
_OF_CALLER = re.compile(f"{_MARK}[0-9a-f]{{32}}")


def forms_of_key(caller: Caller, key: str) -> tuple[str, str, str]:
    """The forms in which this caller's key may be stored: the next one where the one before is
    another caller's. The last can be no other caller's."""
    name = caller.name.encode("utf-8", "surrogatepass")
    how = b"\0proved" if caller.proved else b"\0claimed"
    return key, _with_digest(name, key), _with_digest(name + how, key)


def key_of_effect(effect: str, key: str) -> str:
    """The form in which a key that an effect sends with is stored, the same at each attempt: no
    other effect's of the instance, and no caller's."""
    return _with_digest(f"effect\0{effect}".encode(), key)


def is_of_caller(caller: Caller, name: str, *, proved: bool) -> bool:
    """Whether what is stored under a key, of this name, is the caller's own."""
    return name == caller.name and (caller.proved or not proved)


def _with_digest(name: bytes, key: str) -> str:
    return f"{_MARK}{blake2b(name, digest_size=16).hexdigest()}{key}"


def shown_key(stored: str | None) -> str | None:
    """The key as its caller gave it."""
    return None if stored is None else _OF_CALLER.sub("", stored, count=1)
