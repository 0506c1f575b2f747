"""The log: an object a line for machines, a line for a person at a terminal, and what each line is about."""

from __future__ import annotations

import json
import logging
import os
import pty
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests import hostile
from tests.browsing import PROJECT
from warehouse import logs

log = logging.getLogger("pipelines.test")
BROKEN = """
import logging, threading, warnings
from warehouse import logs
logs.set_up(None)
warnings.warn("old ways")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError("two\\nlines \\x1b[31m")
"""


@pytest.fixture
def as_before() -> Iterator[None]:
    """What set_up sets belongs to the process; pytest goes on as it was."""
    before = (logging.root.handlers[:], logging.root.level, sys.excepthook, threading.excepthook)
    yield
    logging.root.handlers[:], level, sys.excepthook, threading.excepthook = before
    logging.root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def said(as_before: None, capsys: pytest.CaptureFixture[str]) -> Any:
    """Everything that was logged as JSON since it was last asked."""
    logs.set_up("json")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_an_object_with_time_level_logger_and_message(said: Any) -> None:
    log.warning("%s of %d", "one", 2)
    (line,) = said()
    assert (line["level"], line["logger"], line["message"]) == ("warning", "pipelines.test", "one of 2")
    assert line["time"].endswith("Z")
    assert set(line) == {"time", "level", "logger", "message"}


def test_lines_say_the_run_and_source_that_they_are_about(said: Any) -> None:
    with logs.about(run_id=7):
        log.info("a run's")
        with logs.about(source="crm"):
            log.info("a source's")
    log.info("nobody's")
    assert [(line.get("run_id"), line.get("source")) for line in said()] == [(7, None), (7, "crm"), (None, None)]


def test_threads_do_not_speak_for_each_other(said: Any) -> None:
    def pull(name: str) -> None:
        with logs.about(source=name):
            barrier.wait()
            log.info(name)

    barrier = threading.Barrier(3)
    threads = [threading.Thread(target=pull, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((line["source"], line["message"]) for line in said()) == [(name, name) for name in "abc"]


@pytest.mark.parametrize("text", hostile.ALL, ids=list(hostile.TEXTS))
def test_what_is_told_of_breaks_no_line_and_steers_nothing(text: str, said: Any) -> None:
    with logs.about(source=text):
        log.info("it said %s", text)
    (line,) = said()
    assert line["message"].isprintable()
    assert line["source"].isprintable()


def test_an_error_is_a_field(said: Any) -> None:
    try:
        raise ValueError(hostile.TEXTS["escape"])
    except ValueError:
        log.exception("it broke")
    (line,) = said()
    assert line["message"] == "it broke"
    assert line["exception"].startswith("Traceback")
    assert all(map(str.isprintable, line["exception"].split("\n")))


def test_warnings_are_lines_of_the_log(said: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logs.set_up("json")
        warnings.warn("old ways", stacklevel=1)
    (line,) = said()
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
    assert "old ways" in line["message"]


def test_whatever_ends_a_process_or_a_thread_is_a_line_too() -> None:
    done = subprocess.run([sys.executable, "-c", BROKEN], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    warning, thread, process = [json.loads(line) for line in done.stderr.splitlines()]
    assert "old ways" in warning["message"]
    assert (thread["level"], "ZeroDivisionError" in thread["exception"]) == ("critical", True)
    assert (process["level"], "ValueError" in process["exception"]) == ("critical", True)


def test_a_terminal_gets_lines_for_a_person() -> None:
    ours, theirs = pty.openpty()
    script = "from warehouse import logs; import logging; logs.set_up(None); logging.getLogger('a').info('hello')"
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, stderr=theirs, check=True)
    os.close(theirs)
    line = os.read(ours, 1000).decode()
    os.close(ours)
    assert line.rstrip().endswith(" hello")
    assert "{" not in line


def test_support_toml_has_the_last_word_on_the_format(as_before: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert logs.set_up("text") == "text"
    log.info("hello")
    assert capsys.readouterr().err.endswith(" hello\n")
    assert logs.set_up(None) == "json"
    log.info("hello")
    assert json.loads(capsys.readouterr().err)["message"] == "hello"
