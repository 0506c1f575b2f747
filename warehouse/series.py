"""A metric of the catalogue by hour, day, week or month, split by channel, team, topic, priority or agent: the SQL of `Warehouse.series`.

The templates of `warehouse/series/` hold the steps; here a series' own rows, date and macro are put into them.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

from warehouse.catalogue import CATALOGUE, Kind, Series, Unit
from warehouse.connection import read_sql
from warehouse.errors import UnknownQuestion

__all__ = ["CATALOGUE", "GRAINS", "SPLITS", "Grain", "Kind", "Series", "Split", "Unit", "series_named", "series_sql"]

Grain = Literal["hour", "day", "week", "month"]
Split = Literal["channel", "team", "topic", "priority", "agent"]
GRAINS: tuple[Grain, ...] = get_args(Grain)
SPLITS: tuple[Split, ...] = get_args(Split)

_Z = "1.959963984540054"
_LOCAL = "at time zone 'UTC' at time zone $zone"


def series_named(name: str) -> Series:
    """The series of that name; raises UnknownQuestion."""
    if name not in CATALOGUE:
        raise UnknownQuestion(f"There is no series {name!r}: see CATALOGUE in warehouse/catalogue.py")
    return CATALOGUE[name]


@cache
def series_sql(series: Series, grain: Grain | None, split: Split | None) -> str:
    """One row per part and bin; see Warehouse.series. Parameters: those of Filters, zone, and within_days where it counts contacts.

    Raises ValueError for a grain or split that there is none of.
    """
    _refuse_unknown(grain, split)
    own = {
        "bins": _filled("bins", {"grain": grain}) if grain else "select null::timestamp as bin",
        "figures": _figures(series, grain, split),
        "parts": "select distinct part from figures" if split else "select null as part",
        "complete": _complete(series, grain),
        "nothing": "0" if series.unit == "count" else "null",
    }
    return _filled("series", own)


def _refuse_unknown(grain: str | None, split: str | None) -> None:
    """Raises ValueError for words that are no grain or split: an address may say anything."""
    if grain not in (None, *GRAINS):
        raise ValueError(f"There is no grain {grain!r}: {', '.join(GRAINS)}")
    if split not in (None, *SPLITS):
        raise ValueError(f"There is no split {split!r}: {', '.join(SPLITS)}")


def _figures(series: Series, grain: Grain | None, split: Split | None) -> str:
    own = {
        "part": split or "null",
        "bin": _bin(series, grain),
        "placed": f"inner join days on days.day = date_trunc('day', {series.rows.date})" if grain else "",
        "rows": series.rows.of,
        "date": series.rows.date,
        "value": series.value,
        "counted": series.counted,
        "chosen": _chosen(series),
        "filtered": _filtered(),
    }
    if series.kind == "level":
        return _filled("level", own | {"before": _before(series, split)})
    if series.kind == "ages":
        ages = _filled("ages", own | {"ends": _ends(grain)})
        own |= {"part": "part", "bin": "bin", "rows": f"({ages})", "placed": "", "chosen": "true"}
    return _filled("figures", own | _interval(series))


def _before(series: Series, split: Split | None) -> str:
    """The changes before the period; the roll-up by hour knows them by channel and team."""
    if split in (None, "channel", "team"):
        return f"\n{read_sql('open_before')}"
    return f"select * from {series.rows.of} where {series.rows.date} < $start::timestamp and {_filtered()}"


def _interval(series: Series) -> dict[str, str]:
    """Successes, and how sure a figure is: Wilson for shares, a margin either side of means and scores, marks for percentiles."""
    own = {"margin": "null", "hits": "null", "low": "value - margin", "high": "value + margin", "marks": "null"}
    match series.kind:
        case "share":
            own |= {"hits": "round(value * n)", "low": "wilson_low(hits, n)", "high": "wilson_high(hits, n)"}
        case "nps":
            own["margin"] = series.value.replace("nps(", "nps_margin(")
        case "mean":
            own["margin"] = f"{_Z} * stddev_samp({series.counted}) / sqrt(count({series.counted}))"
        case "durations" | "ages":
            mark = f"({series.counted} * 1000)::bigint * 2 + (not {series.done})::bigint"
            own["marks"] = f"list({mark}) filter (where {series.counted} is not null and {series.done} is not null)"
            if series.done != "true":
                # What is cut short is worked out from the marks (see percentiles): the macro would put them in order once more.
                own["value"] = "null::double"
    return own


def _bin(series: Series, grain: Grain | None) -> str:
    """The bin a row belongs to, by the clock on the wall when it happened."""
    if grain is None:
        return "null::timestamp"
    date = series.rows.date
    clock = f"case when ahead = ahead_next_day then {date} + ahead else {date} {_LOCAL} end"
    return f"date_trunc('{grain}', {clock})"


def _chosen(series: Series) -> str:
    """Which rows count: of the period, for ages since ever, and of what is filtered for."""
    date = series.rows.date
    period = [f"{date} is not null", f"($end::timestamp is null or {date} < $end)"]
    if series.kind != "ages":
        period.append(f"($start::timestamp is null or {date} >= $start)")
    if series.rows.between:
        first, last = series.rows.between
        period.append(f"($end::timestamp is null or {first} < $end)")
        period.append(f"($start::timestamp is null or {last} is null or {last} >= $start)")
    return " and ".join((*period, _filtered()))


def _filtered() -> str:
    columns = ("source", "channel", "team", "agent")
    return " and ".join(f"(${column}s is null or list_contains(${column}s, {column}))" for column in columns)


def _ends(grain: Grain | None) -> str:
    """Each bin with the instant at which it ends, or the period does."""
    if grain is None:
        return "select null::timestamp as bin, coalesce($end::timestamp, timestamp '9999-01-01') as ends_at"
    # The last instant of a bin comes once; the first of the next one twice where clocks are put back.
    last = f"(bin + interval 1 {grain} - interval 1 microsecond) at time zone $zone at time zone 'UTC'"
    return f"select bin, least({last} + interval 1 microsecond, $end::timestamp) as ends_at from bins"


def _complete(series: Series, grain: Grain | None) -> str:
    """Whether a bin lies wholly within the period; a level needs its end alone."""
    if grain is None:
        return "true"
    over = f"bins.bin + interval 1 {grain} <= $end::timestamp {_LOCAL}"
    return over if series.kind in ("level", "ages") else f"{over} and bins.bin >= $start::timestamp {_LOCAL}"


def _filled(template: str, own: dict[str, str]) -> str:
    text = read_sql(f"series/{template}")
    for name, value in own.items():
        text = text.replace("{{ " + name + " }}", value)
    return text
