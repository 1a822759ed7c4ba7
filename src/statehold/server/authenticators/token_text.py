"""What a token looks like: ``sth_<id>_<secret>``.

Twelve characters are its id, which is no secret. Of the rest 43 are 256 random bits, and six are
a checksum of all before it, by which a scanner of source code knows a token from other text, and
a server a mistyped one from one that it has to look up.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256
from typing import NamedTuple
from zlib import crc32

PREFIX = "sth_"
#: bytes of every token
LENGTH = 66

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH, _SECRET_LENGTH, _SUM_LENGTH = 12, 43, 6
_TEXT = re.compile(rb"sth_([0-9A-Za-z]{12})_[0-9A-Za-z]{49}")


class NewToken(NamedTuple):
    """``text`` is shown once and not kept."""

    id: str
    text: str
    digest: bytes


def new_token(id: str | None = None) -> NewToken:
    """A token of this id, or of a new one, with a new secret."""
    id = id or "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
    begin = f"{PREFIX}{id}_{_digits(secrets.randbits(256), _SECRET_LENGTH)}"
    text = begin + _checksum(begin.encode())
    return NewToken(id, text, digest_of(text.encode()))


def id_of(token: bytes) -> str | None:
    """The id of a token; None for what is none, or is mistyped."""
    if len(token) != LENGTH:
        return None
    found = _TEXT.fullmatch(token)
    if found is None or _checksum(token[:-_SUM_LENGTH]) != token[-_SUM_LENGTH:].decode():
        return None
    return found[1].decode()


def digest_of(token: bytes) -> bytes:
    """What a store keeps of it. One round of SHA-256: a function that is slow on purpose protects
    secrets that can be guessed, and 256 random bits can't."""
    return sha256(token).digest()


def _checksum(text: bytes) -> str:
    return _digits(crc32(text), _SUM_LENGTH)


def _digits(number: int, length: int) -> str:
    """In base 62."""
    found = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        found = _ALPHABET[digit] + found
    return found
