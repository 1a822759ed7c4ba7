"""Bodies: their size, their kind, their depth."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, field_validator
from starlette.requests import Request

from statehold.errors import MISTAKES_SHOWN, InvalidPayload, StateholdError, TooLarge
from statehold.server.body import ListModel, Model, read_json
from statehold.server.bounds import Bounds
from statehold.server.problems import NotJson, UnsupportedMedia
from statehold.wire.operations import SendRequest

pytestmark = pytest.mark.anyio


def request_of(chunks: list[bytes], **headers: str) -> Request:
    """A request whose body comes in these chunks."""
    left: Iterator[bytes] = iter(chunks)

    async def receive() -> dict[str, Any]:
        chunk = next(left, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": raw}
    return Request(scope, receive)


JSON = "application/json"


async def test_a_body_comes_whole_out_of_its_chunks() -> None:
    request = request_of([b'{"a":', b"1}"], content_type=f"{JSON}; charset=utf-8")
    assert await read_json(request, Bounds(body_bytes=7)) == b'{"a":1}'


async def test_no_body_needs_no_type() -> None:
    assert await read_json(request_of([]), Bounds()) == b""


@pytest.mark.parametrize(
    ("chunks", "headers", "kind"),
    [
        ([b"1" * 11], {"content_type": JSON}, TooLarge),
        ([b"1" * 6, b"1" * 6], {"content_type": JSON}, TooLarge),
        ([], {"content_type": JSON, "content_length": "11"}, TooLarge),
        ([b"{}"], {"content_type": "text/plain"}, UnsupportedMedia),
        ([b"{}"], {}, UnsupportedMedia),
        ([b"{"], {"content_type": JSON}, NotJson),
        ([b"1 2"], {"content_type": JSON}, NotJson),
        ([b"[[[1]]]"], {"content_type": JSON}, NotJson),
    ],
)
async def test_invalid_or_too_large_json_is_refused(
    chunks: list[bytes], headers: dict[str, str], kind: type[StateholdError]
) -> None:
    with pytest.raises(kind):
        await read_json(request_of(chunks, **headers), Bounds(body_bytes=10, json_depth=2))


async def read(body: bytes, **bounds: int) -> bytes:
    return await read_json(request_of([body], content_type=JSON), Bounds(**bounds))


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b"[[1]]", False),
        (b"[[[1]]]", True),
        (b'[{"a": []}]', True),
        (b'["[[[[", {"]": "\\"[[["}]', False),
        (b"[" * 30_000 + b"]" * 30_000, True),
        (b"[" + b"[]," * 30_000 + b"[]]", False),
    ],
)
async def test_depth_is_found_without_recursion(body: bytes, deep: bool) -> None:
    if not deep:
        assert await read(body, json_depth=2) == body
        return
    with pytest.raises(NotJson, match="more than 2 deep"):
        await read(body, json_depth=2)


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b"1", 1),
        (b'"a,b,[]{}"', 1),
        (b"[]", 2),
        (b"[1,2]", 3),
        (b"[1, 2, 3]", 4),
        (b'{"a": 1, "b": [2, ","]}', 5),
        (b"[{},{}]", 5),
    ],
)
async def test_values_are_counted_before_they_are_parsed(body: bytes, values: int) -> None:
    assert await read(body, json_values=values) == body
    with pytest.raises(TooLarge, match=f"limit is {values - 1} values"):
        await read(body, json_values=values - 1)


async def test_quotes_that_do_not_pair_are_refused_in_linear_time() -> None:
    """A search for texts that begins anew at each quote would take minutes of processor time."""
    started = time.process_time()
    with pytest.raises(NotJson):
        await read(b"[" * 65 + b'"' + b'\\"' * 500_000)
    assert time.process_time() - started < 1


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(
    st.recursive(
        st.none() | st.text(st.sampled_from('[]{}"\\a'), max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(st.sampled_from('[]{}"\\a'), max_size=3), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    st.integers(0, 4),
)
async def test_depth_is_that_of_the_value(value: Any, depth: int) -> None:
    body = json.dumps(value).encode()
    if depth_of(value) <= depth:
        assert await read(body, json_depth=depth) == body
        return
    with pytest.raises(NotJson):
        await read(body, json_depth=depth)


SENT = b'{"machine":"order","id":"o-1","event":{"type":"Accept"}}'
MANY = ListModel(SendRequest, example=[])


def test_a_list_is_counted_before_its_items_are_parsed() -> None:
    assert len(MANY.parse_list(b"[" + b",".join([SENT] * 3) + b"]", 3, "events")) == 3
    with pytest.raises(TooLarge, match="the request has 4 events; the limit is 3 events"):
        MANY.parse_list(b"[1,2,3,4]", 3, "events")


def test_a_list_names_the_items_that_do_not_fit() -> None:
    with pytest.raises(InvalidPayload) as refused:
        MANY.parse_list(b'[%b, {"machine": "order", "event": {}}, 1]' % SENT, 3, "events")
    assert refused.value.fields == {"1.id": "is missing", "2": "must be an object, not 1"}


def test_a_body_that_is_no_list_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="must be a valid array"):
        MANY.parse_list(b' {"a": 1}', 3, "events")


def test_the_reading_of_a_list_stops_at_as_many_mistakes_as_are_listed() -> None:
    class Counted(BaseModel):
        n: int

        @field_validator("n", mode="before")
        @classmethod
        def count(cls, value: Any) -> Any:
            seen.append(value)
            return value

    seen: list[Any] = []
    with pytest.raises(InvalidPayload) as refused:
        ListModel(Counted, example=[]).parse_list(b"[" + b'{"n":"x"},' * 499 + b"{}]", 500, "of it")
    assert len(refused.value.fields) == MISTAKES_SHOWN
    assert str(refused.value).endswith("; and more, which are not listed")
    assert len(seen) == MISTAKES_SHOWN + 1


def test_a_refusal_of_one_value_lists_few_of_many_mistakes() -> None:
    with pytest.raises(InvalidPayload) as refused:
        Model(list[int], example=[]).parse(b"[" + b'"x",' * 50_000 + b"1]")
    assert list(refused.value.fields) == [str(n) for n in range(MISTAKES_SHOWN)]
    assert len(str(refused.value)) < 3_000
