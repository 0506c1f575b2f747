"""What Streamlit notes of widgets that are gone is dropped, as a page may stay open for days.

A chart whose marks lead on is a widget, and with every new figure another one. Streamlit drops what was chosen in those that are gone,
but never its notes on them: 600 bytes a chart, version and visitor. tests/test_widgets.py holds that what is used of its inside works.
"""

from __future__ import annotations

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import user_key_from_element_id


def forget_gone() -> None:
    """Drops the notes on this visitor's widgets in whose place, by key, there is another one now. Called before a page, or its part that
    follows, is drawn.

    All others stay, also those without a value, such as what a component triggers: Streamlit finds in the notes whom to tell of a click
    that comes while the page is drawn and has not come to that widget.
    """
    context = get_script_run_ctx()
    if context is None:
        return
    state = context.session_state._state
    present, keys = state._new_widget_state, state._key_id_mapper
    present.widget_metadata = {
        name: note for name, note in present.widget_metadata.items() if _newest(keys._key_id_mapping, name) == name
    }
    keys.set_key_id_mapping(keys._key_id_mapping)


def _newest(by_key: dict[str, str], name: str) -> str:
    """The widget that has the key of this one now; itself if it has none."""
    return by_key.get(user_key_from_element_id(name) or "", name)
