"""The popover beside a page's title: saved views by name, whose clock the page shows, and the way to the wall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlencode

import streamlit as st

from pages.elements import access, data, format, links
from pages.elements.markdown import plain
from pages.elements.sitemap import PAGES
from pages.elements.tiles import quiet
from warehouse.ask import Filters
from warehouse.errors import SupportError
from warehouse.writing import write

TIMES = ("account", "mine")
LONGEST_NAME = 80
NOT_OF_A_VIEW = ("at", "wall", "every")


def zone_of(account_zone: str, times: str) -> str:
    """Whose wall clock the page shows: the account's, or the visitor's where the address or support.toml asks for it."""
    return (st.context.timezone or account_zone) if asked_times(times) == "mine" else account_zone


def asked_times(times: str) -> str:
    """`account` or `mine`: what the address asks for, else what support.toml says."""
    asked = st.query_params.get("times")
    return asked if asked in TIMES else "mine" if times == "viewer" else "account"


def menu(page: str, version: int) -> None:
    """Draws the popover. Its content is drawn once it is open."""
    opened = st.popover("View", icon=":material/tune:", type="tertiary", key="view_menu", on_change="rerun")
    if opened.open:
        with opened:
            _saved(page, version)
            _clock()
            wall = _address() | {"wall": [""]}
            links.button("Wall: this and other pages in turn, without menus", page, wall, ":material/tv:")
            _login()


def _login() -> None:
    """Who is logged in, and the way out."""
    visitor = access.who()
    if visitor is None or not visitor.address:
        return
    quiet(f"Logged in as {plain(visitor.name)}, {visitor.role}.")
    if access.is_login_on():
        st.button("Log out", icon=":material/logout:", type="tertiary", on_click=st.logout)


def _saved(page: str, version: int) -> None:
    saved = data.answer(data.path(), version, "saved_views", Filters())
    visitor = access.who()
    st.markdown("**Saved views**")
    for row in saved.itertuples():
        if row.page in PAGES and visitor and access.may_see(visitor, row.page):
            label = f"{plain(row.name)} · {PAGES[row.page].title}"
            query = parse_qs(row.query.removeprefix("?"), keep_blank_values=True)
            links.button(label, row.page, query, key=f"{row.source}_{row.view_id}")
    if saved.empty:
        quiet("None yet. A view is this page with its period, filters and choices.")
    with st.form("save_view", border=False, clear_on_submit=True):
        name = st.text_input("Save this view as", max_chars=LONGEST_NAME, placeholder="Phone team, 28 days")
        author = access.signature() or st.text_input(
            "Your name", key="author", max_chars=LONGEST_NAME, persist_state="session"
        )
        if st.form_submit_button("Save", icon=":material/bookmark_add:") and name.strip():
            save(page, name, author, _address())


def save(page: str, name: str, author: str, query: Mapping[str, Sequence[str]]) -> None:
    """Keeps a page with the query of its address under a name for everybody, and says so."""
    name = name.strip()
    row = {"name": name, "page": page, "query": f"?{urlencode(query, doseq=True)}", "author": author.strip() or None}
    try:
        write(data.settings().data.folder, "view", row)
    except SupportError as error:
        st.error(plain(str(error)))
    else:
        st.success(f"Saved. {plain(name)} is in this list for everyone with the next data, {_soon()}.")


def _soon() -> str:
    return f"within {format.duration(data.settings().schedule.refresh_seconds + 5)}"


def _clock() -> None:
    own = st.context.timezone
    account = data.settings().clock.time_zone
    if own and own != account:
        st.segmented_control(
            f"Times of the account ({account}) or mine ({own})",
            TIMES,
            default=asked_times(data.settings().clock.times),
            required=True,
            key="times_choice",
            on_change=_choose_times,
        )


def _choose_times() -> None:
    """Not bound to the address: what is bound leaves it when the popover closes."""
    st.query_params["times"] = st.session_state["times_choice"]


def _address() -> dict[str, list[str]]:
    """The query of this visitor's address, as others can use it."""
    return {name: st.query_params.get_all(name) for name in st.query_params if name not in NOT_OF_A_VIEW}
