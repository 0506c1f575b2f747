"""python -m tests.bench.clocked FILE dashboard.py ...: `streamlit run dashboard.py ...` that writes what each script run costs to FILE.

A line of JSON a run: `script`, milliseconds of the run's own thread without its questions, and `questions`, what DuckDB took
on all threads for them, opening a new version included.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.web.cli import main as streamlit

from warehouse.ask import Warehouse

# What questions took in the run of this thread: of the thread itself, and of the whole process.
asked = threading.local()


def clock_questions(method: str) -> None:
    ask: Callable[..., Any] = getattr(Warehouse, method)

    def clocked(*given: Any, **named: Any) -> Any:
        thread, process = time.thread_time(), time.process_time()
        try:
            return ask(*given, **named)
        finally:
            asked.thread = getattr(asked, "thread", 0.0) + time.thread_time() - thread
            asked.process = getattr(asked, "process", 0.0) + time.process_time() - process

    setattr(Warehouse, method, clocked)


def clock_runs(told: Path) -> None:
    run = ScriptRunner._run_script

    def clocked(runner: ScriptRunner, asked_for: Any) -> None:
        asked.thread = asked.process = 0.0
        began = time.thread_time()
        run(runner, asked_for)
        spent = time.thread_time() - began - asked.thread
        with told.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"script": spent * 1000, "questions": asked.process * 1000}) + "\n")

    ScriptRunner._run_script = clocked  # type: ignore[method-assign]


if __name__ == "__main__":
    for method in ("ask", "series"):
        clock_questions(method)
    clock_runs(Path(sys.argv[1]))
    sys.argv = ["streamlit", "run", *sys.argv[2:]]
    streamlit()
