"""A published warehouse of a few rows written by hand, for tests of questions and pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from warehouse import returns
from warehouse.building import create_schema
from warehouse.connection import numbered_versions, open_for_writing
from warehouse.durable import write_whole

NOON = datetime(2026, 3, 4, 12, 0)  # a Wednesday

SETTINGS = """
[data]
folder = "data"
[clock]
time_zone = "{zone}"
as_of = "{now}Z"
[schedule]
refresh = "{refresh}"
"""

# What a build derives of the rows that are written by hand.
AS_BUILT = """
update backlog_changes as changes set ticket_no = hash(changes.ticket_id) % 1000003, until_at = spans.until_at, created_at = spans.created_at
from (
    select rowid as row_no, lead(happened_at) over (partition by source, ticket_id order by happened_at, open_change desc) as until_at,
        min(happened_at) over (partition by source, ticket_id) as created_at
    from backlog_changes
) as spans
where spans.row_no = changes.rowid;
update store.tickets set ticket_no = hash(ticket_id) % 1000003;
update store.waits set ticket_no = hash(ticket_id) % 1000003, due_at = began_at + to_seconds(target_seconds);
update store.sla_outcomes set ticket_no = hash(ticket_id) % 1000003;
update store.sla_outcomes as outcomes
set channel = tickets.channel, team = tickets.team, agent = tickets.agent, topic = tickets.topic, priority = tickets.priority
from store.tickets as tickets
where tickets.source = outcomes.source and tickets.ticket_id = outcomes.ticket_id;
update store.tickets as tickets set answered_call_count = (
    select count(*) from store.waits as waits
    where waits.source = tickets.source and waits.ticket_id = tickets.ticket_id and waits.channel = 'phone' and waits.outcome = 'answered'
) where answered_call_count is null;
"""


def find_returns(connection: duckdb.DuckDBPyConnection) -> None:
    """When customers asked again, of tickets that were written by hand."""
    connection.execute("update store.tickets set asker_no = asker_number(source, customer, topic)")
    connection.execute("insert into store.touched_askers select asker_no from store.tickets where asker_no is not null")
    returns.settle(connection)


def minutes(amount: float) -> timedelta:
    return timedelta(minutes=amount)


@dataclass
class SmallWarehouse:
    """Rows to publish. Instants are UTC; `as_of` is as far as the data of every source goes."""

    folder: Path
    as_of: datetime = NOON
    zone: str = "UTC"
    now: datetime = NOON
    refresh: str = "60s"
    delivered_at: datetime | None = None
    answers_known: dict[str, bool] = field(default_factory=lambda: {"desk": True})
    waits: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    promises: list[dict[str, Any]] = field(default_factory=list)

    def wait(self, began: datetime, seconds: float | None, outcome: str = "answered", **more: Any) -> None:
        """A wait that began at an instant and ended after so many seconds; None: it is still open."""
        ended = None if seconds is None else began + timedelta(seconds=seconds)
        row = {
            "source": "desk",
            "ticket_id": f"T{len(self.waits) + 1}",
            "turn": 1,
            "kind": "first",
            "channel": "email",
            "team": "Billing",
            "agent": "Ada",
            "topic": "Invoice",
            "began_at": began,
            "ended_at": ended,
            "outcome": "waiting" if seconds is None else outcome,
            "queued": True,
            "wait_seconds": seconds,
            "target_seconds": 3600.0,
            "fault": None,
        }
        self.waits.append(row | more)

    def change(self, at: datetime, change: str = "arrived", **more: Any) -> None:
        """A moment a ticket entered (arrived, reopened) or left (solved, abandoned, removed) the backlog."""
        row = {
            "source": "desk",
            "ticket_id": f"T{len(self.changes) + 1}",
            "channel": "email",
            "team": "Billing",
            "agent": "Ada",
            "topic": "Invoice",
        }
        row |= {"happened_at": at, "change": change, "open_change": 1 if change in ("arrived", "reopened") else -1}
        self.changes.append(row | more)

    def ticket(self, created: datetime, **more: Any) -> None:
        """An open ticket."""
        row = {
            "source": "desk",
            "ticket_id": f"T{len(self.tickets) + 1}",
            "channel": "email",
            "team": "Billing",
            "agent": "Ada",
            "is_open": True,
        }
        self.tickets.append(row | {"created_at": created} | more)

    def promise(self, share: float, **more: Any) -> None:
        self.promises.append({"metric": "first_response", "target_seconds": 3600.0, "target_share": share} | more)

    def publish(self) -> Path:
        """Writes the next version and the settings that point at it; returns the settings file."""
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        version = max(numbered_versions(data), default=0) + 1
        with open_for_writing(data / f"warehouse-{version}.duckdb") as connection:
            create_schema(connection, self.zone)
            self._fill(connection)
            connection.execute(AS_BUILT)
            find_returns(connection)
        return self.settings_file()

    def settings_file(self) -> Path:
        path = self.folder / "support.toml"
        write_whole(path, SETTINGS.format(zone=self.zone, now=self.now.isoformat(), refresh=self.refresh))
        return path

    def _fill(self, connection: duckdb.DuckDBPyConnection) -> None:
        delivered = self.delivered_at or self.as_of
        tables = {
            "store.waits": self.waits,
            "store.tickets": self.tickets,
            "backlog_changes": self.changes,
            "targets": self.promises,
            "sources": [
                {"source": name, "as_of": self.as_of, "delivered_at": delivered, "answers_known": known}
                for name, known in self.answers_known.items()
            ],
            "channels": [
                {"channel": name, "label": name.title(), "position": place}
                for place, name in enumerate(("email", "chat", "phone"))
            ],
            "teams": [
                dict(pair)
                for pair in {(("source", row["source"]), ("team", row["team"])) for row in self.changes if row["team"]}
            ],
            "agents": [
                dict(pair)
                for pair in {
                    (("source", row["source"]), ("agent", row["agent"])) for row in self.changes if row["agent"]
                }
            ],
            "store.queue_changes": [
                {
                    "source": row["source"],
                    "hour": row["happened_at"].replace(minute=0, second=0, microsecond=0),
                    "channel": row["channel"],
                    "team": row["team"],
                    "open_change": row["open_change"],
                }
                for row in self.changes
            ],
        }
        for table, rows in tables.items():
            if rows:
                delivered_rows = pd.DataFrame(rows).astype(object)
                delivered_rows = delivered_rows.where(delivered_rows.notna(), None)
                connection.register("delivered_rows", delivered_rows)
                connection.execute(f"insert into {table} by name select * from delivered_rows")
