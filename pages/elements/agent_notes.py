"""Notes of coaching or recognition about an agent: read, written and taken back."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.elements import access, data, format, leads, links, periods, wall
from pages.elements.data import View
from pages.elements.markdown import plain, plain_lines
from pages.elements.tiles import quiet, small
from warehouse.errors import SupportError
from warehouse.rows import NOTE_KINDS
from warehouse.writing import LONGEST, LONGEST_OTHER, remove, write

LIST_HEIGHT = 330


def draw(view: View, agent: str) -> None:
    """The notes about an agent, the newest first, and the form for a new one."""
    notes = view.ask("agent_notes")
    if notes.empty:
        quiet("No notes yet.")
    else:
        with st.container(height=min(LIST_HEIGHT, 110 * len(notes)), border=False):
            for note in notes.itertuples():
                _note(view, note)
    if not wall.is_on():
        _form(agent)


def _note(view: View, note: Any) -> None:
    """Who wrote what, when, and the ticket it is about; a way to take it back for who wrote it."""
    written = format.moment(periods.local_time(note.written_at.to_pydatetime(), view.zone))
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{note.kind.capitalize()}** {small(f'{plain(note.author)} · {written}')}")
        st.markdown(plain_lines(note.body))
        with st.container(horizontal=True, gap="small"):
            if not format.is_missing(note.ticket_source) and st.button(
                f"Ticket {plain(note.ticket_id)}", type="tertiary", key=f"note_ticket_{note.note_id}"
            ):
                links.go(view, leads.ticket(note.ticket_source, note.ticket_id))
            if (
                note.author == _author()
                and not wall.is_on()
                and st.button("Take back", type="tertiary", key=f"note_gone_{note.note_id}")
            ):
                _take_back(note)


def _author() -> str:
    """Who this visitor is, or where nobody logs in, says they are."""
    said = st.session_state.get("note_author") or st.session_state.get("author") or ""
    return access.signature() or str(said).strip()


def _take_back(note: Any) -> None:
    said = {name: getattr(note, name) for name in ("agent", "kind", "body", "author", "written_at", "ticket_id")}
    try:
        remove(data.settings().data.folder, "note", note.note_id, said)
    except SupportError as error:
        st.error(plain(str(error)))
    else:
        st.success(f"Taken back. It is gone with the next data, {_soon()}.")


def _form(agent: str) -> None:
    with st.form("new_note", border=False, clear_on_submit=True):
        kind = st.segmented_control(
            "Kind", NOTE_KINDS, default=NOTE_KINDS[0], required=True, format_func=str.capitalize
        )
        body = st.text_area(
            "Note", max_chars=LONGEST["body"], placeholder="What was good, or what was agreed", height=90
        )
        name, ticket = st.columns(2)
        author = access.signature() or name.text_input(
            "Your name",
            key="note_author",
            value=st.session_state.get("author") or "",
            max_chars=LONGEST_OTHER,
            persist_state="session",
        )
        about = ticket.text_input("Ticket, if it is about one", max_chars=LONGEST_OTHER)
        if st.form_submit_button("Keep note", icon=":material/add_comment:"):
            _keep({"agent": agent, "kind": kind, "body": body, "author": author, "ticket_id": about})


def _keep(row: dict[str, Any]) -> None:
    if not row["body"].strip() or not row["author"].strip():
        st.warning("A note says something, and who says it: fill in both.")
        return
    try:
        write(data.settings().data.folder, "note", row)
    except SupportError as error:
        st.error(plain(str(error)))
    else:
        st.success(f"Kept. It shows here with the next data, {_soon()}.")


def _soon() -> str:
    return f"within {format.duration(data.settings().schedule.refresh_seconds + 5)}"
