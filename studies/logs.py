"""Logs, the product's own lines and the libraries' alike: always on standard error, standard output is for answers.

A server's are structured, one JSON object a line; those of a command are for people.
"""

from __future__ import annotations

import logging
import sys

import structlog

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


_OF_A_LINE = {"event", "level", "logger", "timestamp"}
QUIET = ("alembic", "uvicorn")
"""Libraries that say at `info` what our own lines say already, or what nobody asks."""


def configure(level: str) -> None:
    """Send the logs of structlog and of the standard library through one JSON formatter.

    Args:
        level: debug, info, warning or error.
    """
    _send(level, structlog.processors.JSONRenderer())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def plain() -> None:
    """Say warnings, and what is worse, in the words of a command: `grokscale: ...`."""
    _send("warning", _in_words)


def _send(level: str, renderer: structlog.typing.Processor) -> None:
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())


def _in_words(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    said = {name: value for name, value in event.items() if name not in _OF_A_LINE}
    more = "".join(f" {name}={value}" for name, value in said.items())
    return f"grokscale: {event['event']}{more}"
