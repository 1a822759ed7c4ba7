"""Bodies: their size, their kind, their depth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from statehold.errors import StateholdError, TooLarge
from statehold.server.body import read_json, too_deep
from statehold.server.problems import NotJson, UnsupportedMedia

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
    assert await read_json(request, 7, 64) == b'{"a":1}'


async def test_no_body_needs_no_type() -> None:
    assert await read_json(request_of([]), 10, 64) == b""


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
        await read_json(request_of(chunks, **headers), 10, 2)


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b"[[1]]", False),
        (b"[[[1]]]", True),
        (b'[{"a": []}]', True),
        (b'["[[[[", {"]": "\\"[[["}]', False),
        (b"[" * 100_000, True),
        (b"[]" * 100_000, False),
        (b"]]]]", False),
    ],
)
def test_depth_is_found_without_recursion(body: bytes, deep: bool) -> None:
    assert too_deep(body, 2) is deep


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
def test_depth_is_that_of_the_value(value: Any, depth: int) -> None:
    assert too_deep(json.dumps(value).encode(), depth) is (depth_of(value) > depth)
