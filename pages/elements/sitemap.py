"""Every page: its address, its script, its name in the menu and what it answers. The one place for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from warehouse.settings import RoleName

EVERY_ROLE: tuple[RoleName, ...] = get_args(RoleName)
NAMES_AGENTS: tuple[RoleName, ...] = ("lead", "analyst", "admin")
SHOWS_THE_FILE: tuple[RoleName, ...] = ("analyst", "admin")


@dataclass(frozen=True)
class Entry:
    """One page; `in_menu` false for those that only links lead to."""

    path: str
    title: str
    icon: str
    answers: str
    in_menu: bool = True
    # Whose page it is, where visitors have roles (see access).
    roles: tuple[RoleName, ...] = EVERY_ROLE

    @property
    def script(self) -> str:
        return f"{self.path}.py"


ENTRIES = (
    Entry("live", "Live", "monitoring", "Who waits right now, and what to do next."),
    Entry("queue_volume", "Queue volume", "stacked_bar_chart", "What came in, what went out, what is left."),
    Entry("wait_times", "Wait times", "hourglass_empty", "How long customers waited, open waits counted."),
    Entry(
        "consistency",
        "Consistency",
        "balance",
        "Whether service is the same on every channel, at every hour, by everyone.",
    ),
    Entry("trends", "Trends", "trending_up", "Any metric over time, with the limits of chance."),
    Entry("agents", "Agents", "groups", "How each agent is doing, with how sure that is.", roles=NAMES_AGENTS),
    Entry("customer_voice", "Customer voice", "forum", "What customers said, and how many did not."),
    Entry("weekly_summary", "Weekly summary", "calendar_view_week", "What changed this week, why, and what is noise."),
    Entry("sql", "SQL", "database", "Your own question to the warehouse, in SQL.", roles=SHOWS_THE_FILE),
    Entry(
        "data_health",
        "Data health",
        "health_and_safety",
        "What came in, and what is odd about it.",
        roles=SHOWS_THE_FILE,
    ),
    Entry("glossary", "Glossary", "menu_book", "What every metric means."),
    Entry(
        "dictionary",
        "Data dictionary",
        "dictionary",
        "What every table and column of the file is.",
        roles=SHOWS_THE_FILE,
    ),
    Entry("tickets", "Tickets", "list", "The tickets behind a figure.", in_menu=False),
    Entry("ticket", "Ticket", "confirmation_number", "One ticket's whole history.", in_menu=False),
)
PAGES = {entry.path: entry for entry in ENTRIES}
