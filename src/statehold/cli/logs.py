"""Logs of a process that serves or works: ours and libraries', to stderr, in one form."""

from __future__ import annotations

import logging
from enum import Enum
from typing import TextIO

import structlog


class LogFormat(Enum):
    text = "text"
    json = "json"


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be known among others."""


def configure_logging(form: LogFormat, *, access_log: bool, worker: str | None = None) -> None:
    """``worker`` is put on every line, so that those of several processes can be told apart.

    To be called before the machines' modules are loaded: handlers that they add stay, and their
    ``logging.basicConfig`` finds that there is one. Called again, it replaces its own handler.
    """

    def add_worker(
        _: object, __: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        if worker is not None:
            # the engine's own lines know a newer name, where the worker has joined again
            event.setdefault("worker", worker)
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_worker,
    ]
    # tracebacks without the values of variables: a driver's hold passwords, ours people's data
    last: list[structlog.typing.Processor] = (
        [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ]
        if form is LogFormat.json
        else [
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler, *(one for one in root.handlers if not isinstance(one, _Handler))]
    root.setLevel(logging.INFO)
    # its notes on starting and stopping say what our own line says
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").setLevel(logging.INFO if access_log else logging.WARNING)
