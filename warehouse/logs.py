"""What both processes log, on stderr: JSON lines, or at a terminal lines for a person. What is logged can neither steer a terminal nor begin a line."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from warehouse.texts import printable

Format = Literal["json", "text"]
# What is being done: run_id, source, pull. Each thread, and each task, has its own.
_about: ContextVar[dict[str, object]] = ContextVar("about", default={})  # noqa: B039 - nobody changes it in place


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """What is logged meanwhile, by this thread, is about these facts: they are fields of its JSON lines."""
    token = _about.set(_about.get() | facts)
    try:
        yield
    finally:
        _about.reset(token)


class OneLine(logging.Formatter):
    """Lines for a person; an error's lines follow its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return _lines(super().formatException(ei))


class JsonLine(logging.Formatter):
    """An object a line: time (UTC), level, logger, message, what it is about, and an error with its lines as `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": printable(record.getMessage()),
        }
        said |= {name: printable(fact) if isinstance(fact, str) else fact for name, fact in _about.get().items()}
        if record.exc_info and record.exc_info[0]:
            said["exception"] = _lines(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False, default=str)


class Stderr(logging.Handler):
    """Writes to what stderr is now."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except (OSError, ValueError, TypeError):
            self.handleError(record)


def format_here(given: Format | None) -> Format:
    """The format that support.toml gives, else text at a terminal and JSON elsewhere."""
    return given or ("text" if sys.stderr.isatty() else "json")


def handler(form: Format) -> logging.Handler:
    """A handler for stderr."""
    to_stderr = Stderr()
    to_stderr.setFormatter(JsonLine() if form == "json" else OneLine("%(asctime)s %(message)s"))
    return to_stderr


def set_up(given: Format | None) -> Format:
    """Logs of this process, warnings and uncaught errors too, in a format (see format_here); returns it."""
    form = format_here(given)
    for before in [known for known in logging.root.handlers if isinstance(known, Stderr)]:
        logging.root.removeHandler(before)
    logging.root.addHandler(handler(form))
    logging.root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    if form == "json":
        sys.excepthook = _uncaught
        threading.excepthook = _uncaught_in_thread
    return form


def is_json() -> bool:
    """Whether this process logs JSON lines."""
    return any(isinstance(known.formatter, JsonLine) for known in logging.root.handlers)


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger("uncaught").critical(f"{kind.__name__} ends the process", exc_info=(kind, error, traceback))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "a thread"
    if args.exc_value and not issubclass(args.exc_type, SystemExit):
        error = (args.exc_type, args.exc_value, args.exc_traceback)
        logging.getLogger("uncaught").critical(f"{args.exc_type.__name__} ends {name}", exc_info=error)
