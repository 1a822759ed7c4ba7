"""Documents made from other documents: bytes, tokens, JSON values and XML elements moved about.

All randomness comes from the ``Random`` argument, so a seed repeats a run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from tests.fuzz.mutate_json import mutate_json
from tests.fuzz.mutate_xml import mutate_xml
from tests.fuzz.rubbish import NUMBERS, TEXTS
from tests.fuzz.target import Target

#: bytes of one document; a little over what readers take, so that their own limit is met too
SIZE_LIMIT = 1_200_000

_TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")
_NUMBER = re.compile(rb"\d+(?:\.\d+)?")
_BRACKETS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"), (b'{"a":', b"}"), (b"<a>", b"</a>"))


def mutate(target: Target, corpus: Sequence[bytes], random: random.Random) -> bytes:
    """One new document from some of the corpus."""
    document = random.choice(corpus)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        other = random.choice(corpus)
        try:
            document = _one(target, document, other, random)[:SIZE_LIMIT]
        except RecursionError:
            # so deep that no tree of it can be copied: what reads it has seen it as it is
            continue
    return document


def _one(target: Target, document: bytes, other: bytes, random: random.Random) -> bytes:
    if random.random() < 0.7:
        if target.notation == "json":
            return mutate_json(document, other, target.words, random)
        if target.notation == "xml":
            return mutate_xml(document, other, target.words, random)
    if target.notation == "text" or random.random() < 0.6:
        return random.choice(_TOKEN_MUTATIONS)(document, other, target.words, random)
    return random.choice(_BYTE_MUTATIONS)(document, other, target.words, random)


Mutation = Callable[[bytes, bytes, Sequence[str], random.Random], bytes]


# --- bytes -----------------------------------------------------------------------------------


def _flip(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    changed = bytearray(document or b"\0")
    for _ in range(random.choice((1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    start, end = _span(len(document), random)
    return document[:start] + document[end:]


def _splice(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    at = random.randint(0, len(document))
    start, end = _span(len(other), random)
    return document[:at] + other[start:end] + document[at:]


def _repeat(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    start, end = _span(len(document), random)
    times = random.choice((2, 10, 100, 1000))
    # what is too long is cut off anyway; without this it would be built first
    times = min(times, SIZE_LIMIT // max(end - start, 1))
    return document[:start] + document[start:end] * times + document[end:]


def _truncate(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    return document[: random.randint(0, len(document))]


def _insert(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    at = random.randint(0, len(document))
    return document[:at] + random.choice(_BYTES) + document[at:]


_BYTES = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\x80",
    b"\r",
    b"\x1b",
    b"\xc0\xaf",
)
_BYTE_MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _splice, _repeat, _truncate, _insert)


# --- tokens ----------------------------------------------------------------------------------


def _tokens(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    """Takes a token out, doubles it, exchanges it for another or for a word."""
    tokens = _TOKEN.findall(document)
    if not tokens:
        return document
    for _ in range(random.choice((1, 1, 3))):
        at = random.randrange(len(tokens))
        chosen = random.randrange(4)
        if chosen == 0:
            tokens[at] = b""
        elif chosen == 1:
            tokens[at] *= 2
        elif chosen == 2:
            tokens[at] = random.choice(tokens)
        else:
            tokens[at] = random.choice([word.encode() for word in words] or tokens)
    return b"".join(tokens)


def _number(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    found = list(_NUMBER.finditer(document))
    if not found:
        return document
    at = random.choice(found)
    return document[: at.start()] + random.choice(NUMBERS).encode() + document[at.end() :]


def _text(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    at = random.randint(0, len(document))
    text = random.choice((*words, *TEXTS)).encode("utf-8", "surrogatepass")
    return document[:at] + text + document[at:]


def _nest(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    start, end = _span(len(document), random)
    opening, closing = random.choice(_BRACKETS)
    deep = random.choice((1, 10, 70, 1000, 20_000, 100_000))
    return document[:start] + opening * deep + document[start:end] + closing * deep + document[end:]


def _lines(document: bytes, other: bytes, words: Sequence[str], random: random.Random) -> bytes:
    """Doubles, moves, indents or takes out a line."""
    lines = document.split(b"\n")
    at = random.randrange(len(lines))
    chosen = random.randrange(4)
    if chosen == 0:
        lines.insert(random.randrange(len(lines)), lines[at])
    elif chosen == 1:
        lines.insert(random.randrange(len(lines)), lines.pop(at))
    elif chosen == 2:
        lines[at] = random.choice((b" ", b"  ", b"\t", b"- ")) + lines[at]
    else:
        del lines[at]
    return b"\n".join(lines)


_TOKEN_MUTATIONS: tuple[Mutation, ...] = (_tokens, _tokens, _number, _text, _nest, _lines)


def _span(length: int, random: random.Random) -> tuple[int, int]:
    start = random.randint(0, length)
    return start, min(length, start + random.choice((1, 4, 16, 100, 1000)))
