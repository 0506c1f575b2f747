"""Where a mark or a row leads, as a text: `page?name=value&...`. What it does not say, links.go takes from the view. Knows no Streamlit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pages.elements.format import is_missing


def lead(page: str, **values: Any) -> str:
    """The lead to a page: `lead("agents", agent="Ada")`. A value None is left out."""
    return f"{page}?{urlencode({name: text(value) for name, value in values.items() if value is not None}, doseq=True)}"


def tickets(which: str, start: datetime | None = None, end: datetime | None = None, **values: Any) -> str:
    """The lead to the tickets of a set (named in questions/tickets_behind.sql), between two UTC instants where they differ from the view's period."""
    return lead("tickets", which=which, **{"from": start, "to": end}, **values)


def ticket(source: str, ticket_id: str) -> str:
    """The lead to one ticket's page."""
    return lead("ticket", source=source, id=ticket_id)


def part(split: str, value: Any) -> dict[str, Any]:
    """A part of a split as a lead says it: `{"team": "Billing"}`, or that none is given: `{"none": "team"}`."""
    return {"none": split} if is_missing(value) else {split: str(value)}


def text(value: Any) -> Any:
    """As the address writes it: instants as ISO 8601, UTC."""
    return value.isoformat() if isinstance(value, datetime) else value
