"""Dates whose mapping names no format: ISO 8601, or the one order of day and month that fits. Never guessed."""

from __future__ import annotations

import duckdb

from warehouse.errors import FileRefused
from warehouse.reading import Readable
from warehouse.sql_text import identifier, text_list
from warehouse.staging import Delivered, Staging

_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DAY_FIRST = [f"%d{mark}%m{mark}%{year}{time}" for mark in "/.-" for year in "yY" for time in _TIMES]
MONTH_FIRST = [f"%m{mark}%d{mark}%{year}{time}" for mark in "/.-" for year in "yY" for time in _TIMES]


def found_formats(
    connection: duckdb.DuckDBPyConnection, staging: Staging, delivered: Delivered, members: list[Readable]
) -> dict[str, list[str]]:
    """Formats of the date fields that are not ISO 8601 and have no format in the mapping; empty where all are fine.

    `staged` holds a first reading as ISO. Raises FileRefused where a column could be read as day-first and as month-first.
    """
    suspects = [
        field.name for field in staging.kind.fields if field.type == "instant" and not staging.formats(field.name)
    ]
    wrong = connection.execute("select distinct split_part(reason, ': ', 1) from staged where reason is not null")
    found = {}
    for name in sorted(set(suspects) & {name for (name,) in wrong.fetchall()}):
        if len(members) > 1:
            raise FileRefused("the files are looked at one by one")
        formats = _only_order(connection, staging, delivered, name, members[0])
        if formats:
            found[name] = formats
    return found


def _only_order(
    connection: duckdb.DuckDBPyConnection, staging: Staging, delivered: Delivered, name: str, member: Readable
) -> list[str] | None:
    """The formats of the one order that fits the column, or None where neither fits anything."""
    plain = f"select {identifier(name)} as text from texts where {identifier(name)} is not null and {staging.iso(identifier(name))} is null and regexp_matches({identifier(name)}, '^[0-9]')"
    texts = staging.query(delivered).split("cast_values as (")[0].rstrip().rstrip(",")
    counts = connection.execute(
        f"""
{texts},
given as ({plain}),
read_both_ways as (
    select
        text,
        try_strptime(text, {text_list(DAY_FIRST)}) is not null as day_first,
        try_strptime(text, {text_list(MONTH_FIRST)}) is not null as month_first,
    from given
)
select
    count(*) filter (where day_first),
    count(*) filter (where month_first),
    count(*) filter (where day_first and not month_first),
    count(*) filter (where month_first and not day_first),
    any_value(text) filter (where day_first and month_first),
    any_value(text) filter (where day_first and not month_first),
    any_value(text) filter (where month_first and not day_first),
from read_both_ways"""
    ).fetchone()
    assert counts is not None
    day_first, month_first, only_day, only_month, either, day_example, month_example = counts
    if not day_first and not month_first:
        return None
    if only_day and not only_month:
        return ["iso", *DAY_FIRST]
    if only_month and not only_day:
        return ["iso", *MONTH_FIRST]
    examples = repr(either) if not only_day else f"{day_example!r} and {month_example!r}"
    origin = staging.source.columns[name][0]
    column = origin.column or "+".join(origin.join or [])
    raise FileRefused(
        f"{member.file.name}: the dates in {column!r} could be day-first or month-first ({examples}). Say which in support.toml:"
        f' {name} = {{ column = {column!r}, format = "%d/%m/%Y %H:%M" }} or format = "%m/%d/%Y %H:%M"'
    )
