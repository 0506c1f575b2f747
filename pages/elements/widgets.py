"""What Streamlit notes of widgets that are gone is dropped, as a page may stay open for days.

A chart whose marks lead on is a widget, and with every new figure another one. Streamlit drops what was chosen in those that are gone,
but never its notes on them: 600 bytes a chart, version and visitor. tests/test_widgets.py holds that what is used of its inside works.
"""

from __future__ import annotations

from streamlit.runtime.scriptrunner import get_script_run_ctx


def forget_gone() -> None:
    """Drops the notes on this visitor's widgets that have no value any more. Called before a page, or its part that follows, is drawn."""
    context = get_script_run_ctx()
    if context is None:
        return
    state = context.session_state._state
    present, keys = state._new_widget_state, state._key_id_mapper
    present.widget_metadata = {
        name: note
        for name, note in present.widget_metadata.items()
        if name in present.states or name in state._old_state
    }
    keys.set_key_id_mapping(keys._key_id_mapping)
