"""Plain SQL for the heaviest questions, as an analyst would write it by hand on the same file: what our own answers are measured beside."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from tests.bench.asked import Asked

CLOSE = 1e-9


@dataclass(frozen=True)
class Plain:
    """A query with {start} and {end}, and the columns of our answer that it gives, in order of its first ones; rows without a value are left out."""

    sql: str
    columns: tuple[str, ...]

    def answer(self, connection: duckdb.DuckDBPyConnection, asked: Asked) -> pd.DataFrame:
        given = {"start": asked.filters.start, "end": asked.filters.end} | dict(asked.values)
        named = {name: value for name, value in given.items() if f"${name}" in self.sql}
        return connection.execute(self.sql, named).df()

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """What our answer has of it."""
        known = frame[list(self.columns)]
        return known.dropna(subset=[self.columns[-1]]).reset_index(drop=True)

    def equal(self, ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
        return len(ours) == len(theirs) and all(
            _same(ours.iloc[:, place], theirs.iloc[:, place]) for place in range(len(self.columns))
        )


def _same(ours: pd.Series, theirs: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(ours) and not pd.api.types.is_bool_dtype(ours):
        left, right = (series.to_numpy(dtype=float, na_value=np.nan) for series in (ours, theirs))
        return bool(np.allclose(left, right, rtol=CLOSE, equal_nan=True))
    left, right = (series.astype(object).where(series.notna(), None) for series in (ours, theirs))
    return bool(left.tolist() == right.tolist())


def _by(name: str, query: str, date: str) -> dict[str, Plain]:
    """A metric of the whole period, by week and by day: `query` has {bin} where the bin is worked out."""
    bins = {unit: query.format(bin=f"date_trunc('{unit}', {date})") + " order by bin" for unit in ("week", "day")}
    whole = f"select value from ({query.format(bin='null::timestamp')})"
    return {f"series {name}": Plain(whole, ("value",))} | {
        f"series {name} {unit}": Plain(sql, ("bin", "value")) for unit, sql in bins.items()
    }


def _aggregate(name: str, table: str, date: str, value: str) -> dict[str, Plain]:
    """A metric that is one aggregate of the rows of the period."""
    within = f"{date} >= $start and {date} < $end"
    query = f"select {{bin}} as bin, {value} as value from {table} where {within} group by bin having value is not null"
    return _by(name, query, date)


def _kaplan_meier(name: str, table: str, date: str, seconds: str, done: str, share: float) -> dict[str, Plain]:
    """A percentile of durations of which some are not over: the curve by window functions, as text books have it."""
    query = f"""
with durations as (
    select {{bin}} as bin, {seconds} as seconds, {done} as is_done
    from {table}
    where {date} >= $start and {date} < $end and {seconds} is not null
),
placed as (
    select *, row_number() over (partition by bin order by seconds, is_done desc) as place, count(*) over (partition by bin) as n
    from durations
),
curve as (
    select bin, seconds, product(case when is_done then (n - place) / (n - place + 1) else 1 end) over (partition by bin order by place) as undone
    from placed
)
select bin, coalesce(min(seconds) filter (where undone <= {1 - share} + 1e-9), max(seconds)) as value from curve group by bin"""
    return _by(name, query, date)


_DURATIONS = {
    "first_response_time": ("waits", "began_at", "case when kind = 'first' then waited_seconds end", "outcome = 'answered'"),
    "first_resolution_time": ("tickets", "created_at", "coalesce(first_resolution_seconds, age_seconds)", "first_resolution_seconds is not null"),
    "full_resolution_time": ("tickets", "created_at", "coalesce(age_seconds, full_resolution_seconds)", "age_seconds is null"),
    **{
        f"{name}_time": ("tickets", "created_at", f"{name}_seconds", "status in ('solved', 'closed')")
        for name in ("agent_wait", "agent_work", "on_hold", "requester_wait")
    },
}  # fmt: skip
_CAME_BACK = """
with followed as (
    select *, lead(created_at) over (partition by source, customer, topic order by created_at, ticket_id) as next_at from tickets
),
judged as (
    select first_solved_at, case when channel = 'chat' and reply_count > 0 then 1 else reply_count end = 1
        and reopen_count = 0 and not is_open and coalesce(next_at > first_solved_at + interval 7 days, true) as is_resolved
    from followed
    where first_solved_at >= $start and first_solved_at < $end and reply_count is not null and customer is not null
        and first_solved_at + interval 7 days <= (select max(as_of) from sources)
)
select {bin} as bin, avg(is_resolved::integer) as value from judged group by bin having value is not null"""
_PASSED_ON = """
with passed as (
    select distinct source, ticket_id from ticket_events
    where field in ('agent', 'team') and not is_inferred and old_value <> new_value
)
select {bin} as bin, avg((passed.ticket_id is not null)::integer) as value
from tickets left join passed using (source, ticket_id)
where created_at >= $start and created_at < $end
    -- Where nobody tells of changes of hands, nothing is known of them.
    and exists (from ticket_events where field in ('agent', 'team') and not is_inferred)
group by bin having value is not null"""
_OPEN_AGE = """
with open as (
    select source, ticket_id, min(happened_at) as created_at from backlog_changes where happened_at < $end
    group by source, ticket_id having sum(open_change) > 0
)
select quantile_disc(epoch(least($end::timestamp, (select max(as_of) from sources)) - created_at), 0.5) as value from open"""
_WAIT_TIMES = """
with population as (
    select channel, waited_seconds, outcome = 'answered' as is_done from waits
    where kind = 'first' and fault is null and waited_seconds is not null and began_at >= $start and began_at < $end
),
every as (select 1 as is_part, channel, waited_seconds, is_done from population union all select 0, null, waited_seconds, is_done from population),
placed as (
    select *, row_number() over (partition by is_part, channel order by waited_seconds, is_done desc) as place,
        count(*) over (partition by is_part, channel) as n
    from every
),
curve as (
    select *, product(case when is_done then (n - place) / (n - place + 1) else 1 end) over (partition by is_part, channel order by place) as undone
    from placed
)
select channel, any_value(n) as waits, coalesce(min(waited_seconds) filter (where undone <= 0.5 + 1e-9), max(waited_seconds)) as value
from curve group by is_part, channel order by is_part, channel"""
_TICKETS = """
select ticket_id, {moment} as moment
from tickets where {within} order by moment desc, source, ticket_id limit 1000"""
# The newest day from whose beginning on there are so many says how far back the list has to look.
_COUNTED = """
with days as (
    select {moment}::date as day, sum(count(*)) over (order by {moment}::date desc) as moments_since
    from {table} where {within} group by day
)
select {found} as found, count(*) as counted, (select max(day) filter (where moments_since >= $near)::timestamp from days) as since
from {table} where {within}"""


def _tickets(which: str, moment: str) -> dict[str, Plain]:
    within = f"{moment} is not null and ($start is null or {moment} >= $start) and ($end is null or {moment} < $end)"
    return {
        f"tickets_behind {which}": Plain(_TICKETS.format(moment=moment, within=within), ("ticket_id", "moment")),
    } | _counted(which, "tickets", "count(*)", moment, within)


def _counted(which: str, table: str, found: str, moment: str, within: str) -> dict[str, Plain]:
    sql = _COUNTED.format(table=table, found=found, moment=moment, within=within)
    return {f"tickets_counted {which}": Plain(sql, ("found", "counted", "since"))}


def _counted_repeated(which: str) -> dict[str, Plain]:
    """Of a set in which a ticket may be several times."""
    within = (
        f"change = '{which}' and ($start is null or happened_at >= $start) and ($end is null or happened_at < $end)"
    )
    return _counted(which, "backlog_changes", "count(distinct (source, ticket_id))", "happened_at", within)


PLAIN: dict[str, Plain] = {}
for _name, (_table, _date, _seconds, _done) in _DURATIONS.items():
    PLAIN |= _kaplan_meier(_name, _table, _date, _seconds, _done, 0.5)
    PLAIN |= _kaplan_meier(f"{_name}_p90", _table, _date, _seconds, _done, 0.9)
PLAIN |= _by("first_contact_resolution", _CAME_BACK, "first_solved_at")
PLAIN |= _by("transfer_rate", _PASSED_ON, "created_at")
PLAIN |= {"series open_ticket_age": Plain(_OPEN_AGE, ("value",))}
PLAIN |= {"wait_marks first": Plain(_WAIT_TIMES, ("channel", "waits", "median_seconds"))}
PLAIN |= (
    _tickets("created", "created_at")
    | _counted_repeated("solved")
    | _tickets("first_solved", "first_solved_at")
    | _tickets("resolved", "solved_at")
)
PLAIN |= _aggregate("promise_kept_rate", "waits", "due_at", "avg(within_target::integer)")
PLAIN |= _aggregate(
    "sla_met_rate",
    "sla_outcomes",
    "coalesce(breached_at, ended_at)",
    "avg((nullif(state, 'running') = 'met')::integer)",
)
PLAIN |= _aggregate("speed_of_answer", "waits", "began_at", "avg(case when outcome = 'answered' then wait_seconds end)")
PLAIN |= _aggregate("reopen_rate", "tickets", "first_solved_at", "avg((reopen_count > 0 or is_open)::integer)")
