"""Logs of a process that serves or works: ours and libraries', to stderr, in one form."""

from __future__ import annotations

import logging
from enum import Enum
from typing import Any, TextIO
from urllib.parse import unquote_plus

import structlog

from statehold.cli.printable import printable


class LogFormat(Enum):
    text = "text"
    json = "json"


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be known among others."""


def configure_logging(form: LogFormat, *, access_log: bool, worker: str | None = None) -> None:
    """``worker`` is put on every line, to distinguish the lines of several processes.

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
            _one_line,
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
            _nothing_forged,
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
    logging.getLogger("uvicorn.access").filters[:] = [_mask_query]
    # its notes on starting and stopping say what our own line says
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").setLevel(logging.INFO if access_log else logging.WARNING)


def _one_line(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An id or a message with a newline in it would write a line of its own."""
    return {
        key: printable(value) if isinstance(value, str) and key not in _TRACEBACKS else value
        for key, value in event.items()
    }


#: what is printed below the line
_TRACEBACKS = frozenset({"exception", "stack"})


def _nothing_forged(_: object, __: str, rendered: Any) -> str:
    """Lines below the first are those of a traceback, whose error may say anything: they are
    indented, and no line of the log is."""
    return printable(str(rendered), lines=True).replace("\n", "\n  ")


#: query parameters whose values say what is looked at, not what is in it
_SHOWN = frozenset({
    "state", "tag", "owner", "status", "version", "incidents", "in_state_since", "order", "limit",
    "after", "data", "window", "format", "instance", "machine", "notation", "dry_run",
})  # fmt: skip
#: parameters whose values are data, or text of a person
_MASKED = frozenset({"where", "q", "cursor", "reason"})


def mask_query(path: str) -> str:
    """``/x?state=open&where=***``: only what is known to be no data is shown."""
    path, mark, query = path.partition("?")
    return path + mark + "&".join(map(_masked, query.split("&")))


def _masked(parameter: str) -> str:
    name = unquote_plus(parameter.partition("=")[0])
    if name in _SHOWN or not parameter:
        return parameter
    return f"{name}=***" if name in _MASKED else "***"


def _mask_query(record: logging.LogRecord) -> bool:
    """Of uvicorn's lines: client, method, path with query, HTTP's version, status."""
    if isinstance(record.args, tuple) and len(record.args) == 5:
        client, method, path, *others = record.args
        record.args = (client, method, mask_query(str(path)), *others)
    return True
