"""Peers are optional: one that can't run here is left out, with a line that says why."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeVar

Peer = TypeVar("Peer")


class LeftOut(Exception):
    """Why a peer can't run on this machine."""


async def entered(
    stack: AsyncExitStack, name: str, peer: AbstractAsyncContextManager[Peer]
) -> Peer | None:
    """The peer, there until the stack is closed; or None, with the reason printed."""
    try:
        return await stack.enter_async_context(peer)
    except LeftOut as why:
        print(f"{name} left out: {why}", flush=True)
        return None
