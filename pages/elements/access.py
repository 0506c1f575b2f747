"""Who may see what. Every page asks here in its first line, and every answer is asked for with what the visitor may see."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from pages.elements import process
from pages.elements.markdown import plain
from pages.elements.people import ANYONE, NOBODY_BY_NAME, Person, claims_of_headers, claims_of_login, person
from pages.elements.sitemap import ENTRIES, PAGES
from warehouse.errors import SupportError
from warehouse.scope import Scope
from warehouse.settings import Access


def require(page: str) -> None:
    """Stops the page unless this visitor may see it. Without [access] everyone who reaches the address may."""
    try:
        access, visitor = process.settings().access, who()
    except SupportError as error:
        st.error(plain(str(error)))
        st.stop()
    if visitor is None:
        assert access is not None
        _turn_away(access)
    if not may_see(visitor, page):
        _not_for(visitor, page)


def who() -> Person | None:
    """This visitor; None: nobody that [access] names. Raises SettingsError."""
    access = process.settings().access
    if access is None:
        return ANYONE
    claims = _claims(access)
    return person(access, claims) if claims else None


def scope() -> Scope:
    """What this visitor may see of agents. Where nobody is known, nobody is named."""
    visitor = who()
    return visitor.scope if visitor else NOBODY_BY_NAME


def may_see(visitor: Person, page: str) -> bool:
    return visitor.role in PAGES[page].roles


def signature() -> str | None:
    """What stands under what this visitor writes: the name of their login; None: they say it themselves."""
    visitor = who()
    return visitor.name if visitor and visitor.address else None


def is_login_on() -> bool:
    """Whether visitors log in here, and so can log out."""
    access = process.settings().access
    return access is not None and access.login == "oidc"


def _claims(access: Access) -> dict[str, object]:
    """What the login says of this visitor."""
    if access.login == "header":
        return claims_of_headers(access, st.context.headers)
    return claims_of_login(access, st.user.to_dict())


def _turn_away(access: Access) -> NoReturn:
    """The login, or why there is none."""
    claims = _claims(access)
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle.container(border=True, gap="small"):
        st.subheader("Support operations", anchor=False)
        if claims:
            st.write(
                "**This login has no role here.** Whoever looks after support.toml can give it one under `[[access.roles]]`."
            )
            st.text(f"Logged in as {claims.get('email') or 'somebody without an address'}")
        elif access.login == "header":
            st.write("**Nothing to see without a login.** Come by the address of the proxy that asks for it.")
        else:
            st.write("Log in to see queues, waits and volumes.")
        if access.login == "oidc" and claims:
            st.button("Log out", on_click=st.logout, type="primary")
        elif access.login == "oidc":
            st.button("Log in", on_click=st.login, args=[access.provider] if access.provider else [], type="primary")
    st.stop()


def _not_for(visitor: Person, page: str) -> NoReturn:
    st.info(f"**{PAGES[page].title} is not among the pages of your role ({visitor.role}).**")
    first = next(entry for entry in ENTRIES if may_see(visitor, entry.path))
    st.page_link(first.script, label=f"Go to {first.title}", icon=":material/arrow_back:")
    st.stop()
