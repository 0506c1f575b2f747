"""The editor of the SQL page: CodeMirror (pages/editor, built into pages/static/sql_editor), as a component of Streamlit's second kind.

Served from the dashboard itself as one file, so it needs no internet and no more than `script-src 'self'`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

KEY = "sql_editor"
PAGES = Path(__file__).resolve().parents[1]
PROJECT, COMPONENT = "support", "sql_editor"
NAME = f"{PROJECT}.{COMPONENT}"
PLACEHOLDER = "A query. Ctrl-Enter runs it, Ctrl-Space proposes names."


def editor(
    text: tuple[int, str],
    insert: tuple[int, str],
    fault: tuple[int, int | None, int | None],
    columns: Mapping[str, Sequence[str]],
    macros: Sequence[Mapping[str, str]],
    on_text: Callable[[], None],
    on_run: Callable[[], None],
) -> None:
    """Draws the editor. `text`, `insert` and `fault` (line and column, from 1) each come with a number: what has a new number is done
    once: the text replaced, the words put in at the cursor, the line marked. `columns` (by table) and `macros` (name, call) are proposed
    while typing. Callbacks read what was typed with `typed`.
    """
    serve()
    _component()(
        key=KEY,
        data={
            "label": "SQL",
            "placeholder": PLACEHOLDER,
            "text_no": text[0],
            "text": text[1],
            "insert_no": insert[0],
            "insert": insert[1],
            "fault_no": fault[0],
            "line": fault[1],
            "column": fault[2],
            "columns": {table: list(names) for table, names in columns.items()},
            "macros": [dict(macro) for macro in macros],
        },
        on_text_change=on_text,
        on_run_change=on_run,
    )


def typed(event: str) -> str | None:
    """What the editor sent: its `text` now, or with `run` the text that Ctrl-Enter asked to run."""
    said = st.session_state.get(KEY) or {}
    return said.get(event)


@cache
def _component() -> Any:
    return st.components.v2.component(NAME, html='<div class="sql-editor"></div>', js="editor.js")


def serve() -> None:
    """Serves the built file. Streamlit finds such folders by itself only in installed packages; tests/test_browser_sql.py holds that this works."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(NAME) is None:
        folder = ComponentConfig(COMPONENT, asset_dir="static/sql_editor")
        manager.register_from_manifest(ComponentManifest(PROJECT, "1", [folder]), PAGES)
