"""Documents that want to do harm: refused, or read within bounds, and never a traceback."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from statehold.errors import StateholdError
from statehold.formats.scxml import read_scxml, write_scxml
from tests.conformance.sessions import document

#: seconds that reading a document of the largest size may take on a busy machine
PATIENCE = 30.0


def read(raw: bytes) -> None:
    """What a fuzzer calls: any input raises our own errors only."""
    try:
        imported = read_scxml(raw)
    except StateholdError:
        return
    write_scxml(imported.definition)


def _many(count: int, text: str) -> str:
    return "".join(text.format(n=number) for number in range(count))


BOMB = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(20))

HOSTILE: dict[str, str] = {
    "entities": f'<!DOCTYPE s [<!ENTITY l0 "lol">{BOMB}]><scxml><state id="&l20;"/></scxml>',
    "external entity": '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///dev/zero">]><scxml>&x;</scxml>',
    "external type": '<!DOCTYPE s SYSTEM "http://localhost:1/x.dtd"><scxml/>',
    "deep states": document("<state>" * 120 + "</state>" * 120),
    "deep content": document(
        '<state id="a"><onentry>' + '<if cond="x">' * 100 + "</if>" * 100 + "</onentry></state>"
    ),
    "deep documents": document(
        '<state id="a"><invoke><content><scxml>' * 30 + "</scxml></content></invoke></state>" * 30
    ),
    "huge attribute": document(f'<state id="{"a" * 900_000}"/>'),
    "huge expression": document(
        f'<state id="a"><transition cond="{"(" * 400_000}1{")" * 400_000}"/></state>'
    ),
    "huge inline list": document(
        f'<datamodel><data id="x">{"[" * 400_000}</data></datamodel><state id="a"/>'
    ),
    "many states": document(_many(40_000, '<state id="s{n}"/>')),
    "many endless transitions": document(
        _many(4_900, '<state id="s{n}"><transition/><transition/></state>')
    ),
    "many parallel regions": document(
        '<parallel id="p">' + _many(4_900, '<state id="s{n}"><transition/></state>') + "</parallel>"
    ),
    "many targets": document(
        '<parallel id="p">' + _many(2_000, '<state id="s{n}"/>') + "</parallel>"
        f'<state id="x"><transition event="e" target="{_many(2_000, "s{n} ")}"/></state>'
    ),
    "the same target": document(
        f'<state id="a"><transition event="e" target="{"a " * 400_000}"/></state>'
    ),
    "many descriptors": document(
        f'<state id="a"><transition event="{_many(90_000, "e{n} ")}"/></state>'
    ),
    "many invokes": document(
        f'<state id="a">{"<invoke><content><scxml/></content></invoke>" * 9_000}</state>'
    ),
    "the same name": document('<state id="a"/>' * 4_000),
    "the same content": document(
        '<state id="a"><onentry>' + '<raise event="e"/>' * 40_000 + "</onentry></state>"
    ),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_document_is_answered_within_bounds(name: str) -> None:
    began = time.monotonic()
    read(HOSTILE[name].encode())
    assert time.monotonic() - began < PATIENCE


SEEDS = [
    text.encode()
    for text in (
        document(
            '<datamodel><data id="x" expr="1"/></datamodel><state id="a"><onentry>'
            '<if cond="x"><send event="e" delay="1s"/><else/><raise event="f"/></if></onentry>'
            '<history id="h"><transition target="b"/></history>'
            '<transition event="e *" cond="In(\'a\')" target="b" type="internal"/>'
            '<state id="b"><invoke id="i" namelist="x"><content><scxml><final id="f"/></scxml>'
            "</content><finalize/></invoke></state></state><parallel id='p'><state id='r'/>"
            "</parallel><final id='f'><donedata><param name='n' expr='x'/></donedata></final>"
        ),
        *(text for name, text in HOSTILE.items() if len(text) < 4_000),
    )
]


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """A seed with some of its bytes changed, left out, or said twice."""
    raw = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(raw) + 1)
        end = min(len(raw), at + chance.randint(1, 40))
        match chance.randint(0, 3):
            case 0:
                raw[at:at] = raw[at:end] * chance.randint(1, 3)
            case 1:
                del raw[at:end]
            case 2:
                raw[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                raw[at:at] = chance.choice([b"<", b">", b'"', b"&x;", b"<![CDATA[", b"]]>", b"\0"])
    return bytes(raw)


def test_mutated_documents_never_raise_but_our_own_errors() -> None:
    chance = random.Random(7)
    for _ in range(1_500):
        read(mutated(chance.choice(SEEDS), chance))


def test_nothing_is_read_from_the_disk(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for raw in (
        f'<!DOCTYPE s [<!ENTITY x SYSTEM "{secret.as_uri()}">]><scxml><state id="&x;"/></scxml>',
        document(f'<datamodel><data id="x" src="{secret.as_uri()}"/></datamodel><state id="a"/>'),
        document(
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" '
            f'href="{secret.as_uri()}"/><state id="a"/>'
        ),
    ):
        try:
            imported = read_scxml(raw)
        except StateholdError:
            continue
        assert "secret" not in write_scxml(imported.definition).text.replace("secret.txt", "")
