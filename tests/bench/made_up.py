"""Made-up exports of any size, written by DuckDB: wide tickets, text of a usual length, agents and topics of very different size.

Of each ticket there are five changes (or as many of them as are asked for) and one message: an agent's answer, or the customer's own where
none came yet. Of a batch, one ticket in five was made more than ninety days before the newest.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.sql_text import quoted

DAYS = 365
END = "2026-11-01 00:00:00"
EVENTS = 5
OLD_SHARE = 0.2
OLD_DAYS = 90
SETTINGS = """
[data]
folder = "data"
[privacy]
keep = ["customer", "message_text"]
[[schedules]]
name = "Office hours"
hours = { mon-fri = "08:00-18:00" }
[[targets]]
metric = "first_response"
within = "4h"
business = true
[[targets]]
metric = "resolution"
within = "3d"
[sources.tickets]
part_of = "desk"
path = "exports/tickets"
rows = "ticket"
[sources.events]
part_of = "desk"
path = "exports/events"
rows = "event"
key = ["event_id"]
[sources.messages]
part_of = "desk"
path = "exports/messages"
rows = "message"
"""
KINDS = ("tickets", "events", "messages")
# A number between 0 and 1 that depends on the ticket and what it is for: the same for every size and run.
_MACROS = f"""
create temp macro chance(number, what) as (hash(number, what) % 1000003) / 1000003.0;
create temp macro made_at(number, tickets) as
    timestamp '{END}' - to_seconds(((1 - (number + chance(number, 'at')) / tickets) * {DAYS * 86400})::bigint);
create temp macro words(number, what, count) as
    array_to_string(list_transform(range(count), lambda i:
        ['order', 'invoice', 'the', 'refund', 'my', 'account', 'is', 'late', 'please', 'again', 'parcel', 'broken'][1 + (hash(number, what, i) % 12)::bigint]), ' ');
"""


def write_history(folder: Path, tickets: int, events: int = EVENTS) -> None:
    """The exports of so many tickets with so many changes each, 1 to 5: one CSV file a kind of row."""
    with _connected() as connection:
        connection.execute(f"create temp table made as {_tickets(f'range({tickets})', tickets)}")
        _write(connection, folder, "history", events)


def write_batch(folder: Path, tickets: int, number: int, size: int = 1000) -> None:
    """A batch of changed tickets with their changes and messages; one in five of them is old."""
    old = int(size * OLD_SHARE)
    newest, oldest = int(tickets * OLD_DAYS / DAYS), tickets - int(tickets * OLD_DAYS / DAYS)
    chosen = f"""(
        select distinct (hash(i, {number}, 'old') % {oldest})::bigint as range from range({old}) as old(i)
        union select ({tickets} - 1 - hash(i, {number}, 'new') % {max(newest, 1)})::bigint from range({size - old}) as new(i))"""
    with _connected() as connection:
        connection.execute(f"create temp table made as {_tickets(chosen, tickets, number + 1)}")
        _write(connection, folder, f"batch-{number:06d}")


def _connected() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(_MACROS)
    return connection


def _tickets(numbers: str, tickets: int, version: int = 0) -> str:
    """Tickets as they are after so many further changes: an agent in a hundred holds a tenth of all."""
    return f"""
with numbered as (select range::bigint as number, {version} as version from {numbers}),
timed as (
    select *, made_at(number, {tickets}) as created_at, floor(pow(chance(number, 'slow'), 4) * 20 * 86400)::bigint + 60 as solving,
    from numbered
)
select
    *,
    case
        when version > 0
        then timestamp '{END}' + to_seconds(version * 60)
        else least(created_at + to_seconds(solving), timestamp '{END}')
    end as updated_at,
    floor(pow(chance(number, 'agent'), 3) * 400)::bigint as agent,
    timestamp '{END}' + to_seconds(version * 60) as told_at,
    ['email', 'chat', 'phone', 'web', 'social'][1 + floor(pow(chance(number, 'channel'), 2) * 4.99)::bigint] as channel,
    created_at + to_seconds(solving) < timestamp '{END}' and version % 2 = 0 as is_solved,
from timed"""


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, events: int = EVENTS) -> None:
    last_events = _EVENTS.format(first=EVENTS - events + 1, after=EVENTS + 1)
    for kind, select in (("tickets", _TICKETS), ("events", last_events), ("messages", _MESSAGES)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        partial = folder / kind / f".{name}.csv"
        connection.execute(f"copy ({select}) to {quoted(str(partial))} (format csv, header)")
        partial.rename(folder / kind / f"{name}.csv")


_TICKETS = """
select
    'T' || number as ticket_id, created_at, updated_at, channel, 'Team ' || agent % 12 as team, 'Agent ' || agent as agent,
    'c' || hash(number, 'customer') % 1000000 as customer,
    ['low', 'normal', 'high', 'urgent'][1 + floor(pow(chance(number, 'priority'), 2) * 3.99)::bigint] as priority,
    'Topic ' || floor(pow(chance(number, 'topic'), 2) * 60)::bigint as topic,
    words(number, 'subject', 8) as subject,
    case when is_solved then 'solved' else 'open' end as status,
    case when is_solved then created_at + to_seconds(solving) end as solved_at,
from made order by number"""
_EVENTS = """
select
    number || '-' || place || '-' || version as event_id, 'T' || number as ticket_id,
    least(created_at + to_seconds((solving * (place - 1) / 4.0)::bigint) + to_seconds(version * 60), told_at) as happened_at,
    ['status', 'team', 'agent', 'priority', 'status'][place] as field,
    [null, null, null, null, 'open'][place] as old_value,
    ['open', 'Team ' || agent % 12, 'Agent ' || agent, 'normal', case when is_solved then 'solved' else 'pending' end][place] as new_value,
    'Agent ' || agent as actor,
from made cross join (select unnest(range({first}, {after})) as place) order by number, place"""
_MESSAGES = """
select
    'M' || number || '-' || version as message_id, 'T' || number as ticket_id,
    case when answered_at <= told_at then answered_at else created_at end as sent_at,
    case when answered_at <= told_at then 'Agent ' || agent else customer end as author,
    case when answered_at <= told_at then 'agent' else 'customer' end as author_kind,
    words(number, 'body', 40) as body,
from (
    select *,
        'c' || hash(number, 'customer') % 1000000 as customer,
        created_at + to_seconds((solving * chance(number, 'answer') * chance(number, 'answer'))::bigint + version * 60) as answered_at,
    from made
)
order by number"""
