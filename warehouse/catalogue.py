"""What can be asked over time: every metric of the glossary that is one figure of many rows, with its percentiles and business time.

Each says what it is called, which tickets are behind it, and where it comes from: rows, the date they count on, and the glossary's macro
called on them. What a metric means is said in the glossary alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Unit = Literal["seconds", "share", "points", "count"]
# How it is worked out, and so how sure it is; level and ages are of what is open when a bin ends.
Kind = Literal["share", "mean", "nps", "count", "durations", "level", "ages"]

HIGHER, LOWER, NEITHER = "higher is better", "lower is better", "neither"


@dataclass(frozen=True)
class Rows:
    """What figures are made of: where it is, the column that dates it, and the set of tickets it is of (see questions/tickets_behind.sql).

    A date that is worked out, rather than stored, lies between two columns that are stored, of which the second may be null: `between`.
    Rows that are not of the period are left out by them before anything is worked out.
    """

    of: str
    date: str
    behind: str
    between: tuple[str, str] | None = None


@dataclass(frozen=True)
class Series:
    """A metric that can be asked over time."""

    name: str  # as an address names it
    macro: str  # the glossary's entry it is
    title: str
    short: str  # the field's short form, or nothing
    unit: Unit
    direction: str  # in the glossary's words
    family: str  # of the glossary
    kind: Kind
    rows: Rows
    value: str  # the glossary's macro, called on the rows
    counted: str  # what a row counts with; null: it does not count
    done: str = "true"  # of durations: whether they are over, rather than cut short
    share: float = 0.5  # of durations: which percentile

    @property
    def behind(self) -> str:
        """The set of tickets behind it."""
        return self.rows.behind


_SURVEYS = (
    "survey_responses left join (select source, ticket_id, priority from store.tickets) using (source, ticket_id)"
)

_CREATED = Rows("tickets", "created_at", "created")
_RESOLVED = Rows("tickets", "solved_at", "resolved")
_FIRST_SOLVED = Rows("tickets", "first_solved_at", "first_solved")
_CONTACTS = Rows(
    "first_contacts($within_days, of_tickets := 'store.tickets', solved_from := $start::timestamp,"
    " solved_until := $end::timestamp)",
    "first_solved_at",
    "first_solved",
)
_TRANSFERS = Rows("transfers(of_tickets := 'store.tickets')", "created_at", "created")
_WAITS = Rows("waits", "began_at", "waits")
_FIRST_WAITS = Rows("waits", "began_at", "first_waits")
_NEXT_WAITS = Rows("waits", "began_at", "next_waits")
_DECIDED = Rows("waits", "due_at", "decided")
_ANSWERED = Rows("waits", "ended_at", "answered")
_PROMISES = Rows("sla_outcomes", "coalesce(breached_at, ended_at)", "promises", ("applied_at", "ended_at"))
_INVITED = Rows(_SURVEYS, "sent_at", "surveys")
_CSAT = Rows(_SURVEYS, "sent_at", "csat")
_NPS = Rows(_SURVEYS, "sent_at", "nps")
_CES = Rows(_SURVEYS, "sent_at", "ces")
_ARRIVED = Rows("backlog_changes", "happened_at", "arrived")
_SOLVED = Rows("backlog_changes", "happened_at", "solved")
_REOPENED = Rows("backlog_changes", "happened_at", "reopened")
_OPEN = Rows("backlog_changes", "happened_at", "open_then")

_NET_EASY = (
    "100 * ((score >= scale_min + (scale_max - scale_min) * 5 / 6)::integer"
    " - (score <= scale_min + (scale_max - scale_min) / 3)::integer)"
)


def _duration(
    macro: str, title: str, short: str, rows: Rows, arguments: str, counted: str, done: str = "true"
) -> list[Series]:
    """The median of a duration and its 90th percentile."""
    kind: Kind = "ages" if rows is _OPEN else "durations"
    percentiles = (("", ", median", short, 0.5), ("_p90", ", 90th percentile", f"{short} p90".strip(), 0.9))
    return [
        Series(
            macro + ending,
            macro,
            title + of_title,
            of_short if short else "",
            "seconds",
            LOWER,
            "time",
            kind,
            rows,
            f"{macro}({arguments}, {share})",
            counted,
            done,
            share,
        )
        for ending, of_title, of_short, share in percentiles
    ]


def _with_business(calendar: list[Series]) -> list[Series]:
    """Its median in business time beside them."""
    median = calendar[0]
    name, title = f"{median.name}_business", f"{median.title} in working hours"
    value, counted, done = (
        text.replace("_seconds", "_business_seconds") for text in (median.value, median.counted, median.done)
    )
    return [*calendar, replace(median, name=name, title=title, value=value, counted=counted, done=done)]


def _response(macro: str, title: str, short: str, rows: Rows, kind: str) -> list[Series]:
    seconds, done = f"case when kind = '{kind}' then waited_seconds end", "outcome = 'answered'"
    return _with_business(_duration(macro, title, short, rows, "waited_seconds, outcome, kind", seconds, done))


def _until_solved(macro: str, title: str) -> list[Series]:
    """The time tickets spend in some statuses until they are solved."""
    seconds = f"{macro.removesuffix('_time')}_seconds"
    return _duration(macro, title, "", _CREATED, f"{seconds}, status", seconds, "is_solved_status(status)")


def _mean(macro: str, title: str, short: str, rows: Rows, arguments: str, counted: str) -> Series:
    called = f"{macro}({arguments})"
    return Series(macro, macro, title, short, "seconds", LOWER, "time", "mean", rows, called, counted)


def _share(
    macro: str, title: str, direction: str, rows: Rows, arguments: str, counted: str = "", short: str = ""
) -> Series:
    """A share of rows: those where `counted`, or else the macro's one argument, is known."""
    called = f"{macro}({arguments})"
    return Series(macro, macro, title, short, "share", direction, "share", "share", rows, called, counted or arguments)


def _score(macro: str, title: str, unit: Unit, kind: Kind, rows: Rows, arguments: str, counted: str) -> Series:
    called, short = f"{macro}({arguments})", macro.upper() if len(macro) <= 4 else ""
    return Series(macro, macro, title, short, unit, HIGHER, "score", kind, rows, called, counted)


def _count(macro: str, title: str, direction: str, rows: Rows, argument: str, counted: str) -> Series:
    kind: Kind = "level" if rows is _OPEN else "count"
    called = f"{macro}({argument})"
    return Series(macro, macro, title, "", "count", direction, "volume", kind, rows, called, counted)


def _solved(column: str) -> str:
    return f"case when is_solved_status(status) then {column} end"


_SCORED = "score, scale_min, scale_max"
_ALL = [
    *_until_solved("agent_wait_time", "Agent wait time"),
    *_until_solved("agent_work_time", "Agent work time"),
    _mean("average_handle_time", "Average handle time", "AHT", _CREATED, "handle_seconds", "handle_seconds"),
    *_with_business(
        _duration(
            "first_resolution_time",
            "First resolution time",
            "",
            _CREATED,
            "first_resolution_seconds, age_seconds",
            "coalesce(first_resolution_seconds, age_seconds)",
            "first_resolution_seconds is not null",
        )
    ),
    *_response("first_response_time", "First response time", "FRT", _FIRST_WAITS, "first"),
    *_with_business(
        _duration(
            "full_resolution_time",
            "Full resolution time",
            "",
            _CREATED,
            "full_resolution_seconds, age_seconds",
            "coalesce(age_seconds, full_resolution_seconds)",
            "age_seconds is null",
        )
    ),
    *_duration("handle_time", "Handle time", "", _CREATED, "handle_seconds", "handle_seconds"),
    *_response("next_response_time", "Next response time", "NRT", _NEXT_WAITS, "next"),
    *_until_solved("on_hold_time", "Time on hold"),
    *_duration("open_ticket_age", "Age of open tickets", "", _OPEN, "age_seconds", "age_seconds"),
    *_until_solved("requester_wait_time", "Requester wait time"),
    _mean(
        "speed_of_answer",
        "Average speed of answer",
        "ASA",
        _WAITS,
        "wait_seconds, outcome",
        "case when outcome = 'answered' then wait_seconds end",
    ),
    _share(
        "abandonment_rate",
        "Abandonment rate",
        LOWER,
        _WAITS,
        "outcome",
        "case when outcome in ('answered', 'abandoned') then 1 end",
    ),
    _share(
        "bot_handled_rate",
        "Handled by a bot",
        NEITHER,
        _RESOLVED,
        "bot_reply_count, reply_count, status",
        _solved("bot_reply_count"),
    ),
    _share("escalation_rate", "Escalation rate", LOWER, _TRANSFERS, "is_escalated"),
    _share(
        "first_contact_resolution",
        "First contact resolution",
        HIGHER,
        _CONTACTS,
        "is_first_contact_resolution",
        short="FCR",
    ),
    _share("one_touch_rate", "One-touch rate", HIGHER, _RESOLVED, "is_one_touch, status", _solved("is_one_touch")),
    _share("promise_kept_rate", "Promises kept", HIGHER, _DECIDED, "within_target"),
    _share(
        "reopen_rate",
        "Reopen rate",
        LOWER,
        _FIRST_SOLVED,
        "reopen_count, first_solved_at, is_open",
        "reopen_count > 0 or is_open",
    ),
    _share("response_rate", "Survey response rate", HIGHER, _INVITED, "answered_at", "true"),
    _share("sla_met_rate", "SLA targets met", HIGHER, _PROMISES, "state", "nullif(state, 'running')", short="SLA"),
    _share("transfer_rate", "Transfer rate", LOWER, _TRANSFERS, "is_transferred"),
    _share("two_touch_rate", "Two-touch rate", NEITHER, _RESOLVED, "is_two_touch, status", _solved("is_two_touch")),
    _score("ces", "Found it easy", "share", "share", _CES, f"{_SCORED}, kind", "case when kind = 'ces' then score end"),
    _score(
        "ces_net",
        "Net easy score",
        "points",
        "mean",
        _CES,
        f"{_SCORED}, kind",
        f"case when kind = 'ces' then {_NET_EASY} end",
    ),
    _score(
        "csat",
        "Customer satisfaction",
        "share",
        "share",
        _CSAT,
        f"{_SCORED}, kind",
        "case when kind = 'csat' then score end",
    ),
    _score(
        "nps",
        "Net promoter score",
        "points",
        "nps",
        _NPS,
        f"{_SCORED}, kind",
        "case when kind = 'nps' and scale_min = 0 and scale_max = 10 then score end",
    ),
    _score(
        "score_level",
        "Mean place on the scale",
        "share",
        "mean",
        _INVITED,
        _SCORED,
        "(score - scale_min) / nullif(scale_max - scale_min, 0)",
    ),
    _score("score_mean", "Mean score", "points", "mean", _INVITED, _SCORED, "score"),
    _count(
        "agents_active",
        "Agents who answered",
        NEITHER,
        _ANSWERED,
        "answered_by, outcome",
        "case when outcome = 'answered' then answered_by end",
    ),
    _count("answered", "Answered", HIGHER, _ANSWERED, "outcome", "case when outcome = 'answered' then 1 end"),
    _count("arrived", "Arrived", NEITHER, _ARRIVED, "change", "case when change = 'arrived' then 1 end"),
    _count("backlog", "Backlog", LOWER, _OPEN, "open_change", "open_change"),
    _count("reopened", "Reopened", LOWER, _REOPENED, "change", "case when change = 'reopened' then 1 end"),
    _count("solved", "Solved", HIGHER, _SOLVED, "change", "case when change = 'solved' then 1 end"),
]
CATALOGUE: dict[str, Series] = {series.name: series for series in _ALL}
