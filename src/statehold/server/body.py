"""A request's body, read within its bounds."""

from __future__ import annotations

from typing import Any

import msgspec
import pydantic
from pydantic import TypeAdapter
from starlette.requests import Request

from statehold.chart.complaint import fields_of
from statehold.errors import MISTAKES_SHOWN, InvalidPayload, TooLarge
from statehold.plain.structure import is_deeper, is_small, structure_of, values_in
from statehold.server.bounds import Bounds
from statehold.server.guard import check_again
from statehold.server.headers import header
from statehold.server.problems import NotJson, UnsupportedMedia
from statehold.server.shares import hold_of

#: values that are not worth counting
FEW_VALUES = 1000

_IS_JSON = msgspec.json.Decoder(msgspec.Raw)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


async def read_json(request: Request, bounds: Bounds, *, limit: int | None = None) -> bytes:
    """The body, which is JSON within ``bounds``; may be empty. ``limit`` counts bytes, by default
    ``bounds.body_bytes``.

    Nothing is built of it here: a parsed value takes a hundred times its bytes, so depth and number
    of values are bounded before. Raises ``TooLarge``, ``UnsupportedMedia``, ``NotJson``.
    """
    body = await _read(request, bounds.body_bytes if limit is None else limit)
    if not body:
        return body
    # Only `application/json` makes a browser ask before it sends a page's request to another
    # site: a form or a plain text would be sent at once.
    media = (header(request, b"content-type") or "").partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMedia(media[:100])
    try:
        # first, since what follows takes long where the quotes do not pair
        _IS_JSON.decode(body)
    except msgspec.DecodeError as error:
        raise NotJson(str(error)) from None
    except RecursionError:
        raise _nested(bounds) from None
    if not is_small(body, min(FEW_VALUES, bounds.json_values), bounds.json_depth):
        structure = structure_of(body)
        values = values_in(structure)
        if values > bounds.json_values:
            raise TooLarge("the body", values, bounds.json_values, "values")
        if is_deeper(structure, bounds.json_depth):
            raise _nested(bounds)
        hold_of(request).take_body(0, values)
    return body


def _nested(bounds: Bounds) -> NotJson:
    return NotJson(f"objects and lists are nested more than {bounds.json_depth} deep")


#: none of these is sent by a form, so a browser asks before it sends a page's request to another
#: site
_DOCUMENTS = frozenset({
    "application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml",
    "application/xml", "text/xml",
})  # fmt: skip


async def read_document(request: Request, limit: int) -> bytes:
    """A machine as text, of at most ``limit`` bytes; its reader limits the depth and the values.

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
    hold = hold_of(request)
    async for chunk in request.stream():
        size += len(chunk)
        hold.take_body(len(chunk))
        if size > limit:
            # of a chunked body, only the size so far is known
            raise TooLarge("the body, as far as it was read,", size, limit)
        chunks.append(chunk)
    await check_again(request)
    return b"".join(chunks)


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


class ListModel(Model):
    """A list, whose items are counted before any of them is parsed."""

    def __init__(self, item: Any, *, example: Any, **more: Any) -> None:
        super().__init__(list[item], example=example, **more)
        self._item: TypeAdapter[Any] = TypeAdapter(item)

    def parse_list(self, body: bytes, most: int, unit: str) -> list[Any]:
        """The items, at most ``most`` of this unit. Raises ``TooLarge``, and ``InvalidPayload``
        once so many mistakes were found as a refusal lists."""
        if body.lstrip()[:1] != b"[":
            return list(self.parse(body))
        items = _ITEMS.decode(body)
        if len(items) > most:
            raise TooLarge("the request", len(items), most, unit)
        parsed: list[Any] = []
        wrong: dict[str, str] = {}
        for number, item in enumerate(items):
            try:
                parsed.append(self._item.validate_json(bytes(item)))
            except pydantic.ValidationError as error:
                for place, why in fields_of(error).items():
                    wrong[f"{number}.{place}" if place else str(number)] = why
                if len(wrong) > MISTAKES_SHOWN:
                    break
        if wrong:
            raise InvalidPayload("the request", wrong)
        return parsed


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without ``$defs``, whose references mean nothing within an OpenAPI document."""
    definitions = schema.pop("$defs", {})
    items = schema.get("items", {})
    if "$ref" in items:
        schema["items"] = definitions[items["$ref"].rpartition("/")[2]]
    return schema
