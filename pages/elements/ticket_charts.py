"""One ticket's history as a chart: a lane each for waits, messages, calls, statuses, teams, agents, targets and surveys. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import pandas as pd

from pages.elements import format, ticket_lanes
from pages.elements.figure import FONT_SIZE, Chart, Json, Trace, draw
from pages.elements.folded_time import FoldedTime, folded
from pages.elements.lanes import Lanes
from pages.elements.palette import Palette
from pages.elements.ticket_lanes import AUTHORS, TAIL

LANE_HEIGHT = 34
MOST_POINTS = 500
Lane = tuple[str, list[Trace], list[Json]]


@dataclass(frozen=True)
class History:
    """What is known of one ticket: a frame per question of warehouse/questions/ticket_*.sql. Instants are UTC."""

    name: str
    channel: str | None
    as_of: datetime
    is_open: bool
    waits: pd.DataFrame
    messages: pd.DataFrame
    calls: pd.DataFrame
    stretches: pd.DataFrame
    targets: pd.DataFrame
    surveys: pd.DataFrame
    reaches_now: bool = True

    @property
    def is_unfinished(self) -> bool:
        return self.is_open or bool((self.waits["outcome"] == "waiting").any())

    @cached_property
    def moments(self) -> list[datetime]:
        """Every instant that something of it happened at or is due, and now, where it is not over."""
        running = self.targets[self.targets["state"] == "running"]
        waiting = self.waits[self.waits["outcome"] == "waiting"]
        columns = (
            *(self.waits[name] for name in ("began_at", "ended_at")),
            *(self.calls[name] for name in ("entered_at", "answered_at", "abandoned_at", "ended_at")),
            *(self.stretches[name] for name in ("began_at", "ended_at")),
            *(self.targets[name] for name in ("breached_at", "ended_at")),
            *(self.surveys[name] for name in ("sent_at", "answered_at")),
            self.messages["sent_at"],
            running["due_at"],
            waiting["due_at"],
        )
        found = {moment.to_pydatetime() for column in columns for moment in column.dropna()}
        return sorted(found | ({self.as_of} if self.is_unfinished else set()))

    def between(self, first: datetime, last: datetime) -> History:
        """What of it lies between two instants: stretches cut to them, moments outside left out."""
        begin, end = pd.Timestamp(first), pd.Timestamp(last)

        def moments(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
            """Instants outside are unknown."""
            return rows.assign(**{name: rows[name].where(rows[name].between(begin, end)) for name in columns})

        def cut(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
            """Rows that touch the span, from the first to the last of these columns; a last one that is unknown is now."""
            until = rows[list(columns)].max(axis="columns").where(rows[columns[-1]].notna(), end)
            kept = rows[(rows[columns[0]] <= end) & (until >= begin)]
            return kept.assign(**{name: kept[name].clip(begin, end) for name in columns})

        return replace(
            self,
            as_of=min(max(self.as_of, first), last),
            reaches_now=first <= self.as_of <= last,
            waits=moments(cut(self.waits, "began_at", "ended_at"), "due_at"),
            messages=self.messages[self.messages["sent_at"].between(begin, end)],
            calls=cut(self.calls, "entered_at", "answered_at", "abandoned_at", "ended_at"),
            stretches=cut(self.stretches, "began_at", "ended_at"),
            targets=moments(self.targets, "due_at", "breached_at", "ended_at"),
            surveys=self.surveys[self.surveys["sent_at"].between(begin, end)],
        )


def timeline(
    history: History, local: Callable[[datetime], datetime], labels: dict[str, str], palette: Palette
) -> Chart:
    """The lanes of what is known, over an axis on which silences are folded. `local` turns an instant into wall time."""
    time = folded(history.moments)
    now = history.as_of if history.is_unfinished else time.moments[-1]
    until = time.place(now) if history.is_unfinished else (1 + TAIL) * time.length
    drawn = Lanes(time, now, until, local, labels, palette)
    lanes = list(_lanes(history, drawn))
    places, texts = time.labels(local)
    titles = [title for title, _, _ in lanes]
    return draw(
        palette,
        [trace for _, traces, _ in lanes for trace in traces],
        _alt(history, drawn),
        height=LANE_HEIGHT * len(lanes) + 86,
        margin={"l": 104, "r": 22, "t": 26, "b": 58},
        barmode="overlay",
        uniformtext={"minsize": FONT_SIZE - 1, "mode": "hide"},
        xaxis={
            "range": [-0.012 * time.length, (1 + TAIL) * time.length],
            "tickvals": places,
            "ticktext": texts,
            "tickangle": 0,
        },
        yaxis={
            "range": [len(lanes) - 0.5, -0.5],
            "tickvals": list(range(len(lanes))),
            "ticktext": titles,
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
            "showgrid": False,
        },
        shapes=[*_silences(time, palette), *(mark for _, _, marks in lanes for mark in marks), *_now(history, drawn)],
        annotations=_lengths(time, palette) + _now_label(history, drawn),
    )


def _lanes(history: History, drawn: Lanes) -> Iterator[Lane]:
    """Title, traces and marks of each lane that has something in it, from top to bottom."""
    own = [*_bar_lanes(history, drawn), *_point_lanes(history, drawn)]
    order = ("Waits", *AUTHORS.values(), "Calls", "Status", "Team", "Agent", "Targets", "Surveys")
    filled = sorted((lane for lane in own if lane[1]), key=lambda lane: order.index(lane[0]))
    for place, (title, rows, is_bars) in enumerate(filled):
        trace = drawn.bars(place, rows) if is_bars else drawn.points(place, rows)
        marks = ticket_lanes.due_marks(history.waits.tail(MOST_POINTS), drawn, place) if title == "Waits" else []
        yield title, [trace], marks


def _bar_lanes(history: History, drawn: Lanes) -> Iterator[tuple[str, list[Json], bool]]:
    yield "Waits", ticket_lanes.waits(history.waits.tail(MOST_POINTS // 2), drawn), True
    yield "Calls", ticket_lanes.calls(history.calls.tail(MOST_POINTS), drawn), True
    for field in ("status", "team", "agent"):
        rows = history.stretches[history.stretches["field"] == field].tail(MOST_POINTS)
        known = rows if rows["value"].notna().any() else rows.head(0)
        yield field.capitalize(), ticket_lanes.stretches(known, field, drawn), True


def _point_lanes(history: History, drawn: Lanes) -> Iterator[tuple[str, list[Json], bool]]:
    kinds = history.messages["author_kind"].where(history.messages["author_kind"].isin(list(AUTHORS)), "unknown")
    for kind, title in AUTHORS.items():
        yield (
            title,
            ticket_lanes.messages(history.messages[kinds == kind].tail(MOST_POINTS), kind, history.channel, drawn),
            False,
        )
    yield "Targets", ticket_lanes.targets(history.targets.tail(MOST_POINTS), drawn), False
    yield "Surveys", ticket_lanes.surveys(history.surveys.tail(MOST_POINTS // 2), drawn), False


def _silences(time: FoldedTime, palette: Palette) -> list[Json]:
    """A grey band over each silence that is drawn shorter than it was."""
    return [
        {
            "type": "rect",
            "layer": "below",
            "yref": "paper",
            "x0": fold.start + 0.1 * (fold.end - fold.start),
            "x1": fold.end - 0.1 * (fold.end - fold.start),
            "y0": 0,
            "y1": 1,
            "fillcolor": palette.grid,
            "opacity": 0.45,
            "line": {"width": 0},
        }
        for fold in time.folds
    ]


def _lengths(time: FoldedTime, palette: Palette) -> list[Json]:
    """How long each silence was, on top of it."""
    return [
        _top_label((fold.start + fold.end) / 2, f"⋯ {format.rough_duration(fold.seconds)}", palette.muted)
        for fold in time.folds
    ]


def _top_label(place: float, text: str, color: str) -> Json:
    font = {"color": color, "size": FONT_SIZE - 1}
    return {"x": place, "yref": "paper", "y": 1, "yanchor": "bottom", "text": text, "showarrow": False, "font": font}


def _now(history: History, drawn: Lanes) -> list[Json]:
    """A thin line at the present, where something of it is not over."""
    if not (history.is_unfinished and history.reaches_now):
        return []
    place, stroke = drawn.at(history.as_of), {"color": drawn.palette.line, "width": 1}
    return [{"type": "line", "yref": "paper", "x0": place, "x1": place, "y0": 0, "y1": 1, "line": stroke}]


def _now_label(history: History, drawn: Lanes) -> list[Json]:
    if not (history.is_unfinished and history.reaches_now):
        return []
    return [_top_label(drawn.at(history.as_of), "now", drawn.palette.ink)]


def _alt(history: History, drawn: Lanes) -> str:
    """What the timeline shows, with its main figures."""
    first, last = (drawn.said(moment) for moment in (drawn.time.moments[0], drawn.now))
    statuses = history.stretches[history.stretches["field"] == "status"]["value"].dropna()
    parts = [_waits_said(history.waits), format.counted(len(history.messages), "message")]
    parts += [f"statuses {', '.join(statuses)}"] if len(statuses) else []
    return f"Ticket {history.name} from {first} to {last}: {'; '.join(parts)}"


def _waits_said(waits: pd.DataFrame) -> str:
    if waits.empty:
        return "no waits known"
    late = int((waits["within_target"] == False).sum())  # noqa: E712 - null is neither
    longest = format.duration(waits["waited_seconds"].max())
    return f"{format.counted(len(waits), 'wait')}, the longest {longest}, {late} past their target"
