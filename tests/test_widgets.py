"""What is noted of widgets that are gone: a page that is drawn again and again with new charts, as one that stays open is."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

RUNS = 20
# A script whose chart leads on, and shows something else each time; what is chosen elsewhere on it stays.
SCRIPT = """
import streamlit as st
from pages.elements import widgets

{forgetting}
st.session_state.turn = st.session_state.get("turn", 0) + 1
st.plotly_chart({{"data": [{{"y": [st.session_state.turn]}}]}}, key="chart", on_select="rerun")
st.selectbox("Channel", ["chat", "email"], key="channel")
"""


def noted_after(forgetting: str) -> tuple[int, int]:
    """How many widgets are noted in the end, and how many of them by key."""
    page = AppTest.from_string(SCRIPT.format(forgetting=forgetting)).run()
    page.selectbox(key="channel").select("email")
    for _ in range(RUNS):
        page.run()
    assert page.selectbox(key="channel").value == "email"
    assert not page.exception
    state = page.session_state._state._state  # a locked one around a locked one
    return len(state._new_widget_state.widget_metadata), len(state._key_id_mapper.id_key_mapping)


def test_charts_that_are_gone_are_not_noted() -> None:
    notes, keys = noted_after("widgets.forget_gone()")
    assert notes <= 3
    assert keys <= 3


def test_streamlit_itself_still_keeps_them() -> None:
    """Once it does not, pages/elements/widgets.py is of no use any more."""
    assert noted_after("")[0] > RUNS


# A component whose run is to be told, below something that may end the script before it is drawn, as the next click does.
COMPONENT = """
import streamlit as st
from pages.elements import widgets

widgets.forget_gone()
if st.toggle("Ends early", key="early"):
    st.stop()
st.components.v2.component("asks", html="<b></b>", js="export default function () {}")(key="asks", on_run_change=lambda: None)
"""


def test_what_a_component_triggers_is_told_also_after_a_run_that_ended_before_it() -> None:
    page = AppTest.from_string(COMPONENT).run().run()
    page.toggle(key="early").set_value(True).run()
    assert not page.exception
    noted = page.session_state._state._state._new_widget_state.widget_metadata
    assert [list(note.callbacks) for name, note in noted.items() if name.endswith("asks__events")] == [["run"]]
