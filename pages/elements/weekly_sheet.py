"""What the weekly summary says of a week, as text: the same on the page, on paper and in the file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from pages.elements import format, periods, weekly_charts, weekly_figures, weeks
from pages.elements.palette import LIGHT
from pages.elements.report import Bar, Comment, Sheet, Spark, Tile
from pages.elements.weekly_figures import WORDS, Summary
from pages.elements.weeks import Week
from warehouse.consistency import Gap
from warehouse.weekly import WEEKS_OF_HISTORY, Contribution, Decomposition, Reading
from warehouse.weekly_words import METRICS, usual_range

LABELS = {
    "arrived": ("Arrived", "Tickets, calls and chats that customers began."),
    "first_response_time": (
        "First response, median",
        "From turning to us until an agent answers; who still waits counts as having waited so long.",
    ),
    "promise_kept_rate": ("Within target", "Waits answered within the time promised, of those that fell due."),
    "csat": ("CSAT", "Satisfied answers of all answers on satisfaction, by the date of the survey."),
    "nps": ("NPS", "Promoters less detractors, in points, by the date of the survey."),
    "ces": ("Found it easy", "Those who found it easy of all answers on effort, by the date of the survey."),
    "first_contact_resolution": (
        "First contact resolution",
        "Solved by one reply, not reopened, and no new ticket within 7 days: those solved less than 7 days ago are not decided.",
    ),
    "backlog": ("Backlog at the end", "Open tickets at the end of the week."),
}
PROMISES = {
    "first_response": "First response",
    "next_response": "Next response",
    "agent_work": "Agent work",
    "requester_wait": "Requester wait",
    "resolution": "Resolution",
    "periodic_update": "Update",
    "pausable_update": "Update",
}
NOBODY_ANSWERED = "Nobody was asked, or nobody answered."
MOST_GAPS, MOST_PULLS, MOST_NOTED = 5, 2, 3


def tiles(week: Week, summary: Summary) -> tuple[Tile, ...]:
    return tuple(_tile(week, reading, summary) for reading in summary.readings)


def _tile(week: Week, reading: Reading, summary: Summary) -> Tile:
    unit = reading.series.unit
    label, explanation = LABELS[reading.series.name]
    value = format.value(reading.value, unit)
    interval = (
        format.interval(reading.low, reading.high, reading.n) if unit == "share" and reading.value is not None else ""
    )
    return Tile(
        label=label,
        value=value if reading.is_known else f"over {value}",
        change=format.change(reading.value, reading.before, unit),
        versus=f"vs week {week.number_before}{'' if week.is_over else ' by then'}",
        note=" · ".join(
            filter(None, (interval, judged(reading, week.is_over, week.is_new), _target(reading, summary)))
        ),
        crossed=f"below the {format.share(reading.target)} promised" if reading.misses_target else "",
        spark=_spark(week, reading, summary.trends[reading.series.name]),
        explanation=explanation,
    )


def judged(reading: Reading, is_over: bool, is_new: bool = False) -> str:
    """Whether it is within its usual range, in words."""
    if reading.value is None:
        return "decided 7 days after solving" if reading.series.name == "first_contact_resolution" and is_new else ""
    if not is_over:
        return ""
    usual = usual_range(reading, WORDS)
    if not usual:
        return "what is usual is not known yet"
    return f"outside the usual {usual}" if reading.state == "changed" else f"within the usual {usual}"


def _target(reading: Reading, summary: Summary) -> str:
    if reading.target is None or reading.misses_target:
        return ""
    several = f" to {format.share(max(summary.promised))}" if len(summary.promised) > 1 else ""
    return f"promised {format.share(reading.target)}{several}"


def _spark(week: Week, reading: Reading, frame: pd.DataFrame) -> Spark:
    usual = reading.comparison
    values = tuple(format.number(value) for value in frame["value"])
    unit = reading.series.unit
    alt = f"{LABELS[reading.series.name][0]} in {format.counted(len(values), 'week')}: {format.value(values[0], unit)} at first, {format.value(values[-1], unit)} at last"
    return Spark(values, usual.low_limit if usual else None, usual.high_limit if usual else None, not week.is_over, alt)


def moved_title(week: Week, reading: Reading) -> str:
    """`What moved: arrivals, +10% on week 46`."""
    change = format.change(reading.value, reading.before, reading.series.unit)
    return f"What moved: {METRICS[reading.series.name].name}{f', {change} on {week.before}' if change else ''}"


def moved_about(week: Week, metric: str, found: Decomposition | None) -> str:
    """What the contributions are of, and what they sum to."""
    if found is None:
        return (
            "there is nothing before to compare it with"
            if week.view.filters_before is None
            else "nothing was counted in one of the weeks"
        )
    before, now = (format.value(value, found.unit) for value in (found.before, found.now))
    if found.unit == "count":
        return f"{before} → {now}, by {found.split}: together {format.change_of_level(found.change)}"
    own, mix = (format.points_of_share(sum(getattr(one, effect) for one in found.parts)) for effect in ("own", "mix"))
    what = ""
    if metric == "first_response_time":
        what = (
            f"share who waited longer than {format.duration(weekly_figures.seconds_before(week))}, the median before, "
        )
    return f"{what}{before} → {now}, by {found.split}: {own} from their own rates, {mix} from a different mix"


def gap_row(week: Week, gap: Gap) -> tuple[str, str, str, str]:
    """Metric, best, worst and gap, which says so where chance explains it."""
    best, worst = (
        f"{weeks.channel_name(week.view, part, 'channel')} {format.value(value, gap.unit)}"
        for part, value in ((gap.best, gap.best_value), (gap.worst, gap.worst_value))
    )
    if gap.unit == "share":
        size = f"{format.decimal(gap.gap * 100)} pt"
    elif gap.unit == "seconds" and gap.best_value:
        size = f"{format.decimal(gap.worst_value / gap.best_value, 1 if gap.worst_value < 10 * gap.best_value else 0)} times"
    else:
        size = format.value(gap.gap, gap.unit)
    return gap.title, best, worst, size if gap.is_certain else f"{size}, may be chance"


def scores(summary: Summary) -> list[tuple[str, str, str]]:
    """Name, figure and how sure it is, of each score that somebody gave."""
    found = [(name, summary.scores[key]) for name, key in (("CSAT", "csat"), ("NPS", "nps"), ("Found it easy", "ces"))]
    lines = [_score(name, row) for name, row in found if row["n"]]
    asked = summary.scores["response_rate"]
    if asked["n"]:
        lines.append(("Answered", format.share(asked["value"]), f"of {format.counted(asked['n'], 'survey')}"))
    return lines


def _score(name: str, row: pd.Series) -> tuple[str, str, str]:
    if name != "NPS":
        return name, format.share(row["value"]), format.interval(row["low"], row["high"], row["n"])
    margin = format.number(row["high"])
    sure = "" if margin is None else f"± {format.points(margin - row['value'])}, "
    return name, format.points(row["value"]), f"{sure}n = {format.count(row['n'])}"


def voice(summary: Summary) -> tuple[str, ...]:
    """The scores in one line, and the topics that pull the first of them."""
    said = " · ".join(f"{name} {figure} ({sure})" for name, figure, sure in scores(summary))
    return (said or NOBODY_ANSWERED, *pulling(summary))


def pulling(summary: Summary) -> list[str]:
    """The topics that pull CSAT away from what it is without them."""
    pulls: Sequence[Contribution] = summary.pulls
    down = [one for one in pulls if one.change < 0][:MOST_PULLS]
    up = [one for one in reversed(pulls) if one.change > 0][:1]
    return [
        f"{what} CSAT {way}: {', '.join(f'{one.part} {format.points_of_share(one.change)} ({format.share(one.now)} of {format.count(one.n)})' for one in found)}"
        for what, way, found in (("Topics pulling", "down", down), ("Pulling", "up", up))
        if found
    ]


def comments(week: Week, summary: Summary) -> tuple[Comment, ...]:
    return tuple(
        Comment(
            text=str(row.comment),
            about=" · ".join(
                (
                    f"{format.points(row.score)} of {format.points(row.scale_max)} on {str(row.kind).upper()}",
                    weeks.channel_name(week.view, None if format.is_missing(row.channel) else row.channel, "channel"),
                    "no topic" if format.is_missing(row.topic) else str(row.topic),
                    f"ticket {row.ticket_id}" if not format.is_missing(row.ticket_id) else "no ticket",
                )
            ),
            source=str(row.source),
            ticket_id="" if format.is_missing(row.ticket_id) else str(row.ticket_id),
        )
        for row in summary.comments.itertuples()
    )


def following(week: Week, summary: Summary) -> tuple[str, ...]:
    """What is promised: how many promises run, and the targets in force."""
    due = summary.due
    late = int(due[due["day"].isna()]["promises"].sum())
    coming = int(due["promises"].sum()) - late
    at = periods.local_wall(week.promised_from, week.view.zone)
    running = f"As of {format.day(at)}, {format.clock(at)}: "
    running += (
        f"{format.counted(coming, 'promise falls', 'promises fall')} due in the 7 days after, {format.count(late)} past due."
        if coming or late
        else "no promise is running."
    )
    return (running, *_targets(summary.targets), *_coming(week, summary))


def _targets(targets: pd.DataFrame) -> list[str]:
    """`First response: phone 60s, chat 2m; promised for 80%`, one line a kind of promise."""
    lines = []
    for metric, found in targets.groupby("metric", sort=False):
        each = ", ".join(dict.fromkeys(_target_said(row) for row in found.to_dict("records")))
        shares = " or ".join(map(format.share, sorted(set(found["target_share"].dropna()))))
        lines.append(f"{PROMISES.get(str(metric), str(metric))} within {each}{f', for {shares}' if shares else ''}")
    return lines or ["No targets are in force: support.toml names them under [[targets]]."]


def _target_said(row: dict[str, object]) -> str:
    """`phone 60s`, `urgent 8h (working hours)`."""
    who = " ".join(str(row[name]) for name in ("priority", "channel") if not format.is_missing(row[name]))
    seconds = format.duration(float(str(row["target_seconds"])))
    return f"{seconds}{f' ({who})' if who else ''}{' of working hours' if row['is_business_time'] is True else ''}"


def _coming(week: Week, summary: Summary) -> list[str]:
    """What people noted for the time after the week."""
    end = week.view.filters.end
    found = [row for row in summary.noted.itertuples() if end is not None and row.happened_at >= end][:MOST_NOTED]
    return [f"Noted: {', '.join(_noted(row.label, row.happened_at, week) for row in found)}"] if found else []


def noted(week: Week, summary: Summary) -> str:
    """What people noted of the week itself, or of a time that reaches into it."""
    end = week.view.filters.end
    found = [row for row in summary.noted.itertuples() if end is not None and row.happened_at < end][:MOST_NOTED]
    return f"Noted: {', '.join(_noted(row.label, row.happened_at, week) for row in found)}." if found else ""


def _noted(label: str, at: datetime, week: Week) -> str:
    local = periods.local_wall(at, week.view.zone)
    return f"{label} ({'since ' if local.date() < week.monday else ''}{format.day(local)})"


def filtered(week: Week) -> str:
    """What the week is restricted to, in words."""
    chosen = week.view.filters
    parts = [weeks.channel_name(week.view, name, "channel") for name in chosen.channels]
    return ", ".join((*chosen.sources, *parts, *chosen.teams, *chosen.agents)) or "all channels and teams"


def sheet(week: Week, summary: Summary, metric: str, found: Decomposition | None) -> Sheet:
    """The whole page as text."""
    view = week.view
    rows = weekly_charts.rows(found, lambda part: weeks.channel_name(view, part, found.split), LIGHT) if found else []
    as_of = periods.local_time(view.as_of, view.zone)
    compared = (
        f"compared with {week.before}"
        if view.filters_before
        else "the first week of the data: nothing to compare it with"
    )
    return Sheet(
        title=week.title,
        compared=f"{filtered(week)} · {compared}{'' if week.is_over else ' · the week is not over'}",
        head=summary.said.head,
        rest=summary.said.rest,
        watch=summary.said.watch,
        noted=noted(week, summary),
        tiles=tiles(week, summary),
        moved_title=moved_title(week, summary.reading(metric)),
        moved_about=moved_about(week, metric, found),
        bars=tuple(Bar(row.label, row.change, row.text, row.color) for row in rows),
        even=tuple(gap_row(week, gap) for gap in summary.gaps[:MOST_GAPS]),
        voice=voice(summary),
        comments=comments(week, summary),
        following=following(week, summary),
        due=tuple(
            Bar(weekly_charts.due_name(row["day"]), row["promises"], weekly_charts.due_text(row), LIGHT.line)
            for row in summary.due.to_dict("records")
        ),
        footer=(
            f'Data as of {format.moment(as_of)} ({view.zone}). Grey bands and "usual": where the weeks before, at most {WEEKS_OF_HISTORY}, '
            "say that a week lies if nothing changed (XmR and p' charts). Intervals are 95 %."
        ),
    )
