"""The dashboard's log: what Streamlit and its server say goes where ours goes, and looks as ours does.

Streamlit gives each of its loggers a handler of its own, in a format that cannot be JSON; tests/test_logs.py holds that ours takes its place.
"""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

import streamlit.logger
import uvicorn.config

from warehouse import logs

# Logs who asked for what: addresses hold filters and queries that people wrote.
ADDRESSES = "uvicorn.access"


def set_up(given: logs.Format | None) -> None:
    """Logs of this process in the format that support.toml gives; without one, text at a terminal and JSON lines elsewhere."""
    form = logs.set_up(given)

    def with_our_handler(logger: logging.Logger) -> None:
        before = getattr(logger, "streamlit_console_handler", None)
        if before is not None:
            logger.removeHandler(before)
        if logger.name == ADDRESSES:
            return
        ours = logs.handler(form)
        logger.streamlit_console_handler = ours  # type: ignore[attr-defined]
        logger.addHandler(ours)

    streamlit.logger.setup_formatter = with_our_handler
    streamlit.logger.update_formatter()
    formatter = {"()": f"{logs.__name__}.{type(logs.handler(form).formatter).__name__}"}
    uvicorn.config.LOGGING_CONFIG["formatters"]["default"] = formatter


def refuse(reason: str) -> NoReturn:
    """Ends the process with a line for whoever started it."""
    if not logs.is_json():
        sys.exit(reason)
    logging.getLogger("dashboard").critical(reason)
    sys.exit(1)
