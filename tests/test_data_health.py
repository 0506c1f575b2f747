"""Data health says what is stale, refused or odd, and shows every rejected row as delivered."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import Desk

PAGE = str(Path(__file__).resolve().parents[1] / "pages" / "navigation.py")


@pytest.fixture(autouse=True)
def _nothing_kept_from_the_test_before() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def _visit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("SUPPORT_SETTINGS", str(desk.settings_file()))
    app = AppTest.from_file(PAGE, default_timeout=30)
    app.switch_page("data_health.py")
    app.run()
    assert not app.exception
    return app


def test_rejected_rows_refused_files_and_findings_are_shown(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket_desk.deliver(
        "tickets/a.csv", "ticket_id,created_at,channel\n1,2026-01-01T10:00:00,pigeon\n2,yesterday,email\n"
    )
    ticket_desk.deliver("tickets/b.csv", "")
    ticket_desk.run()
    app = _visit(ticket_desk, monkeypatch)
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles == {"Late sources": "0", "Checks with findings": "1", "Rows rejected": "1", "Files refused": "1"}
    sources, findings, refused, rejected, runs = (frame.value for frame in app.dataframe)
    assert sources[["Read", "Loaded", "Rejected"]].values.tolist() == [[2, 1, 1]]
    assert findings["Such as"].tolist() == ["pigeon"]
    assert "is empty" in refused["Why"][0]
    assert "yesterday" in rejected["As delivered"][0]
    assert runs["State"].tolist() == ["done"]


def test_a_sound_warehouse_says_so(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at,channel\n1,2026-01-01T10:00:00,email\n")
    ticket_desk.run()
    app = _visit(ticket_desk, monkeypatch)
    assert "Nothing found." in " ".join(text.value for text in app.markdown) + " ".join(
        text.value for text in app.caption
    )
