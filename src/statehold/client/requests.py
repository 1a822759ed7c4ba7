"""One request and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from statehold.client.transport import Transport, not_ours
from statehold.wire.instances import Reply

W = TypeVar("W", bound=BaseModel)


class Requests:
    """What the methods of a client are made of."""

    _transport: Transport

    async def _reply(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str] | None = None
    ) -> Reply:
        return await self._ask(
            Reply, method, path, content=content, headers=headers,
            repeatable=headers is not None,
        )  # fmt: skip

    async def _read(
        self, shape: type[W], path: str, params: Mapping[str, Any], max_lag_seconds: float | None
    ) -> W:
        """A list or counts, which the server may read from a standby."""
        headers = self._transport.max_lag(max_lag_seconds)
        return await self._ask(shape, "GET", path, params=params, headers=headers)

    async def _ask(
        self, shape: type[W], method: str, path: str, *, repeatable: bool | None = None, **sent: Any
    ) -> W:
        again = method == "GET" if repeatable is None else repeatable
        body = await self._transport.ask(method, path, repeatable=again, **sent)
        try:
            return shape.model_validate_json(body)
        except ValidationError as error:
            # a proxy's page, say: whether the request was taken is not known
            raise not_ours(method, path, error) from error
