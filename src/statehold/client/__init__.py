"""A server of Statehold, from Python: :class:`AsyncClient` and, for plain code, :class:`Client`."""

from statehold.client.asynchronous import AsyncClient
from statehold.client.blocking import Client, ClientClosed
from statehold.client.problems import NotFoundByServer, ProblemError, RefusedByServer

__all__ = [
    "AsyncClient",
    "Client",
    "ClientClosed",
    "NotFoundByServer",
    "ProblemError",
    "RefusedByServer",
]
