"""What a visitor has on the SQL page: the text, what is written into its parameters, the query that runs, its outcome, and what was asked before.

The address holds text and parameters (`q`, `p_name`), so that a query can be sent. What comes with an address is never run by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlencode

import streamlit as st

from warehouse.adhoc import Query, Result
from warehouse.errors import QueryRefused

Written = dict[str, list[str]]
TEXT, PARAMETER = "q", "p_"
# Browsers and proxies cut or refuse longer addresses.
LONGEST_ADDRESS = 6000
MOST_REMEMBERED = 50


@dataclass(frozen=True)
class Asked:
    """What was run, and when (UTC)."""

    text: str
    written: Mapping[str, list[str]]
    began_at: datetime


@dataclass(frozen=True)
class Outcome:
    """How a query ended: with a result, or refused."""

    asked: Asked
    seconds: float
    result: Result | None = None
    refusal: QueryRefused | None = None


@dataclass
class Sheet:
    """The page of one visitor. What the page itself changes in the editor has a number, so that the editor does it once."""

    text: str = ""
    written: Written = field(default_factory=dict)
    text_no: int = 0
    insert: str = ""
    insert_no: int = 0
    fault_no: int = 0
    is_foreign: bool = False
    is_too_long: bool = False
    is_asked: bool = False
    by_hand: bool = False
    address: Written | None = None
    query: Query | None = None
    asked: Asked | None = None
    outcome: Outcome | None = None
    past: tuple[Outcome, ...] = ()

    def put(self, text: str, written: Mapping[str, list[str]]) -> None:
        """Another text on the page, with what is written into its parameters."""
        self.text, self.written = text, {name: list(values) for name, values in written.items()}
        self.text_no += 1
        self.outcome, self.is_foreign = None, False
        for name in [name for name in st.session_state if str(name).startswith(f"sql_{PARAMETER}")]:
            del st.session_state[name]

    def put_in(self, words: str) -> None:
        """Words at the cursor."""
        self.insert, self.insert_no, self.by_hand = words, self.insert_no + 1, True

    def choose(self, text: str, written: Mapping[str, list[str]] | None = None) -> None:
        """A text that the visitor chose from a list."""
        self.put(text, written or {})
        self.by_hand = True

    def end(self, outcome: Outcome) -> None:
        """Notes how the query ended; of results, the past keeps only what they were."""
        self.query, self.outcome = None, outcome
        self.fault_no += 1
        self.past = (_without_rows(outcome), *self.past)[:MOST_REMEMBERED]


def _without_rows(outcome: Outcome) -> Outcome:
    result = outcome.result
    return outcome if result is None else replace(outcome, result=replace(result, frame=result.frame.head(0)))


def of_visitor() -> Sheet:
    """This visitor's sheet."""
    if "sql_sheet" not in st.session_state:
        st.session_state["sql_sheet"] = Sheet()
    sheet: Sheet = st.session_state["sql_sheet"]
    return sheet


def follow_address(sheet: Sheet) -> None:
    """Takes over the query of an address that is new: a link, or the browser's way back.

    After something was done on the page the address may be the one before it, as both travel at the same time.
    """
    by_hand, sheet.by_hand = sheet.by_hand, False
    asked = {name: st.query_params.get_all(name) for name in st.query_params if _is_ours(name)}
    if by_hand or asked == sheet.address or not asked.get(TEXT):
        return
    sheet.address = asked
    text = asked.pop(TEXT)[-1]
    if text != sheet.text or sheet.text_no == 0:
        sheet.put(text, {name.removeprefix(PARAMETER): values for name, values in asked.items()})
        sheet.is_foreign = bool(text.strip())


def write_address(sheet: Sheet) -> None:
    """Puts text and parameters into the address."""
    wanted = address_of(sheet.text, sheet.written)
    sheet.is_too_long = len(urlencode(wanted, doseq=True)) > LONGEST_ADDRESS
    if sheet.is_too_long:
        wanted = {}
    now = {name: st.query_params.get_all(name) for name in st.query_params}
    then = {name: values for name, values in now.items() if not _is_ours(name)} | wanted
    if now != then:
        st.query_params.from_dict(then)
    sheet.address = wanted


def address_of(text: str, written: Mapping[str, list[str]]) -> Written:
    """The part of an address that names a query."""
    if not text.strip():
        return {}
    return {TEXT: [text]} | {f"{PARAMETER}{name}": list(values) for name, values in written.items() if any(values)}


def _is_ours(name: str) -> bool:
    return name == TEXT or name.startswith(PARAMETER)
