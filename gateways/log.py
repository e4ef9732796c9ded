"""Logs as fields: one JSON object a line on standard error, time in UTC.

Rule: nobody's personal data. A line names incidents, units, alerts and principals by their id; what a caller said,
who they are and where they live stays in the journal. Fields that would carry it (`PERSONAL`) are blanked here, so
that a slip in some other room does not reach a log store. Nor is anything logged for each position or each turn: a
line costs 10 to 15 µs of the loop and counts do it for nothing.
"""

import logging
import sys
from contextlib import suppress
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

PERSONAL: Final = frozenset({"address", "caller", "lat", "lon", "name", "note", "phone", "text", "token"})
"""Fields whose value is never written."""
BLANK: Final = "(left out: personal)"


def configure(level: str = "info", *, pretty: bool = False) -> None:
    """Write lines from this level up (debug, info, warning, error) to standard error.

    JSON for machines; `pretty` for a person at a terminal. May be called again, and counts for loggers handed out
    before. Raises ValueError for a level that there is not.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"{level!r} is not a log level. Use debug, info, warning or error.")
    _PIPELINE[:] = [_from(number), *_FIELDS, *(_for_people() if pretty else _FOR_MACHINES)]
    structlog.configure(
        processors=_PIPELINE,
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=_Stderr,
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> FilteringBoundLogger:
    """Return a logger whose lines name this room. Cheap: a module makes one when it is imported."""
    if not _PIPELINE:
        configure()
    made: FilteringBoundLogger = structlog.get_logger(room=name)
    return made


class _Stderr:
    """Writes lines to what standard error is at that moment. A line that cannot be written stops nobody's dispatch."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, line: bytes) -> None:
        with suppress(OSError, ValueError):  # the reader is gone, or the stream is closed
            sys.stderr.buffer.write(line + b"\n")
            sys.stderr.buffer.flush()

    debug = info = warning = error = critical = msg


def _from(number: int) -> Processor:
    """Drop lines below the level."""
    below = {name.lower() for name, rank in logging.getLevelNamesMapping().items() if rank < number}

    def drop(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if method in below:
            raise structlog.DropEvent
        return event

    return drop


def _blank_personal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for field in PERSONAL & event.keys():
        event[field] = BLANK
    return event


def _serialise(event: EventDict, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=repr)


def _for_people() -> list[Processor]:
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )

    def encoded(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        return str(console(logger, method, event)).encode()

    return [encoded]


_FIELDS: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    _blank_personal,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
]
_FOR_MACHINES: Final[list[Processor]] = [
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(serializer=_serialise),
]
_PIPELINE: Final[list[Processor]] = []
"""What lines go through: one list for ever, so that a logger may keep it and still obey the latest `configure`."""
