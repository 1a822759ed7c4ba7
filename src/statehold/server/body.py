"""A request's body, read within its bounds."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pydantic
from pydantic import TypeAdapter
from starlette.requests import Request

from statehold.chart.complaint import fields_of
from statehold.errors import InvalidPayload, TooLarge
from statehold.server.headers import header
from statehold.server.problems import NotJson, UnsupportedMedia

_IS_JSON = msgspec.json.Decoder(msgspec.Raw)


async def read_json(request: Request, limit: int, depth: int) -> bytes:
    """The body, which is JSON, of at most ``limit`` bytes and ``depth`` levels; may be empty.

    Raises ``TooLarge``, ``UnsupportedMedia``, ``NotJson``.
    """
    body = await _read(request, limit)
    if not body:
        return body
    # Only `application/json` makes a browser ask before it sends a page's request to another
    # site: a form or a plain text would be sent at once.
    media = (header(request, b"content-type") or "").partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMedia(media[:100])
    # counting is fast and enough for nearly every body
    if body.count(b"{") + body.count(b"[") > depth and too_deep(body, depth):
        raise NotJson(f"objects and lists are nested more than {depth} deep")
    try:
        _IS_JSON.decode(body)
    except msgspec.DecodeError as error:
        raise NotJson(str(error)) from None
    return body


#: none of these is sent by a form, so a browser asks before it sends a page's request to another
#: site
_DOCUMENTS = frozenset({
    "application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml",
    "application/xml", "text/xml",
})  # fmt: skip


async def read_document(request: Request, limit: int) -> bytes:
    """A machine as text, of at most ``limit`` bytes; its reader limits the depth.

    Raises ``TooLarge``, ``UnsupportedMedia``.
    """
    media = (header(request, b"content-type") or "").partition(";")[0].strip().lower()
    if media not in _DOCUMENTS and not media.endswith(("+json", "+yaml", "+xml")):
        raise UnsupportedMedia(media[:100], "application/json or application/yaml")
    return await _read(request, limit)


async def _read(request: Request, limit: int) -> bytes:
    declared = header(request, b"content-length") or ""
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge("the body", int(declared), limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            # of a chunked body, only the size so far is known
            raise TooLarge("the body, as far as it was read,", size, limit)
        chunks.append(chunk)
    return b"".join(chunks)


_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def too_deep(body: bytes, depth: int) -> bool:
    """Whether JSON is nested deeper, found without recursion, which deep nesting could exhaust.

    Each round removes the innermost brackets, so ``depth`` rounds must remove all.
    """
    brackets = _STRING.sub(b"", body).translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(depth):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    # an unbalanced rest without an opening bracket is not nested; the parser refuses it
    return brackets.count(b"[") > 0


class Model:
    """How one type of request is read, and described in the OpenAPI document."""

    def __init__(self, type_: Any, *, example: Any, optional: bool = False, **more: Any) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(type_)
        self._optional = optional
        schema = self._adapter.json_schema() | more
        self.openapi: dict[str, Any] = {
            "requestBody": {
                "required": not optional,
                "content": {"application/json": {"schema": _inlined(schema), "example": example}},
            }
        }

    def parse(self, body: bytes) -> Any:
        """The value; raises ``InvalidPayload`` naming every field that does not fit."""
        if not body and self._optional:
            body = b"{}"
        try:
            return self._adapter.validate_json(body)
        except pydantic.ValidationError as error:
            raise InvalidPayload("the request", fields_of(error)) from None


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without ``$defs``, whose references mean nothing within an OpenAPI document."""
    definitions = schema.pop("$defs", {})
    items = schema.get("items", {})
    if "$ref" in items:
        schema["items"] = definitions[items["$ref"].rpartition("/")[2]]
    return schema
