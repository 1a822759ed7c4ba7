"""Targets that do what must not be done, to see that it is found; they are none of ``targets/``."""

from __future__ import annotations

import os
import sys

from statehold.errors import DefinitionError, Problem
from tests.fuzz.target import Target


def misbehave(document: bytes) -> None:
    """Minds a document that has the word only."""
    print("this is no answer")
    if b"raise" in document:
        raise KeyError(document)
    if b"refuse" in document:
        raise DefinitionError("x", [Problem("here", f"{document!r} is wrong")])
    if b"die" in document:
        os.abort()
    if b"leave" in document:
        sys.exit(3)
    if b"hang" in document:
        while True:
            document[:1].hex()
    if b"grow" in document:
        kept = []
        while True:
            kept.append(bytearray(1_000_000))


def _only(word: bytes) -> Target:
    return Target(word.decode(), misbehave, lambda: [b"calm", b"a long way to " + word + b" in it"])


RAISE, REFUSE, DIE, LEAVE = _only(b"raise"), _only(b"refuse"), _only(b"die"), _only(b"leave")
HANG, GROW = _only(b"hang"), _only(b"grow")
