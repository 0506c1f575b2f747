"""What the made-up help desk writes down: tickets, calls, surveys, and a journal of what is new since an export."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from pipelines.sample.agenda import Agenda
from pipelines.sample.people import DAY, Agent
from pipelines.sample.topics import Topic

Row = tuple[object, ...]

COLUMNS = {
    "tickets": (
        "ticket_id", "created_at", "updated_at", "status", "channel", "team", "agent", "customer", "priority", "topic",
        "subject", "solved_at", "abandoned_at", "exported_at",
    ),
    "events": ("event_id", "ticket_id", "happened_at", "field", "old_value", "new_value", "actor"),
    "messages": ("message_id", "ticket_id", "sent_at", "author", "author_kind", "public", "channel", "body"),
    "calls": (
        "call_id", "ticket_id", "team", "agent", "customer", "topic", "priority",
        "entered_at", "queued_at", "answered_at", "abandoned_at", "ended_at",
    ),
    "surveys": (
        "response_id", "survey", "kind", "sent_at", "answered_at", "score", "comment", "ticket_id", "agent", "customer",
        "updated_at",
    ),
}  # fmt: skip


# Clock times are put together from ready-made parts: half of the time an export takes would go into formatting them.
_MINUTES = tuple(f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60))
_SECONDS = tuple(f"{second:02}Z" for second in range(60))


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).strftime("%Y-%m-%d")


def iso(instant: int | None) -> str:
    """An instant as ISO 8601, UTC; empty for none."""
    if instant is None:
        return ""
    day, seconds = divmod(instant, DAY)
    return _date(day) + _MINUTES[seconds // 60] + _SECONDS[seconds % 60]


@dataclass(slots=True, eq=False)
class Ticket:
    """A ticket as it is now, and what has been lived through with it. A call's has no id until somebody answers.

    ``writes_on`` is the channel of its messages: after a call or a chat, people go on by email.
    """

    channel: str
    team: str
    customer: str
    priority: str
    topic: Topic
    subject: str
    facts: dict[str, str]
    writes_on: str
    created_at: int = 0
    ticket_id: str = ""
    updated_at: int = 0
    status: str = ""
    agent: str = ""
    escalated: str = ""
    solved_at: int | None = None
    abandoned_at: int | None = None
    owner: Agent | None = None
    stage: int = 0
    replies: int = 0
    reopens: int = 0
    handovers: int = 0
    surveyed: bool = False
    first_wait: int = 0
    next_wait: int = 0

    def row(self, exported_at: int) -> Row:
        """The ticket as a row of an export taken at ``exported_at``."""
        return (
            self.ticket_id, iso(self.created_at), iso(self.updated_at), self.status, self.channel, self.team,
            self.agent, self.customer, self.priority, self.topic.name, self.subject, iso(self.solved_at),
            iso(self.abandoned_at), iso(exported_at),
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Call:
    """A phone call: into the menu, into the queue, and then answered or given up."""

    call_id: str
    ticket: Ticket
    entered_at: int
    queued_at: int | None = None
    answered_at: int | None = None
    abandoned_at: int | None = None
    ended_at: int | None = None
    agent: str = ""

    def row(self) -> Row:
        """The call as a row of an export."""
        ticket = self.ticket
        return (
            self.call_id, ticket.ticket_id, ticket.team, self.agent, ticket.customer, ticket.topic.name,
            ticket.priority, iso(self.entered_at), iso(self.queued_at), iso(self.answered_at),
            iso(self.abandoned_at), iso(self.ended_at),
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Survey:
    """An invitation to tell us, answered or not."""

    response_id: str
    survey: str
    kind: str
    sent_at: int
    ticket_id: str
    agent: str
    customer: str
    answered_at: int | None = None
    score: int | None = None
    comment: str = ""

    def row(self) -> Row:
        """The invitation as a row of an export."""
        score = "" if self.score is None else self.score
        return (
            self.response_id, self.survey, self.kind, iso(self.sent_at), iso(self.answered_at), score, self.comment,
            self.ticket_id, self.agent, self.customer, iso(self.answered_at or self.sent_at),
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Turn:
    """A customer's turn: they wait for an agent, on the line or for a written answer.

    ``seconds_left`` is what is still to do on an answer somebody began; ``taken`` says that somebody is at it.
    """

    ticket: Ticket
    asked_at: int
    live: bool = False
    call: Call | None = None
    seconds_left: int | None = None
    taken: bool = False
    gone: bool = False


@dataclass(slots=True)
class Journal:
    """Everything new or changed since the last export, in the order it happened."""

    agenda: Agenda
    tickets: dict[Ticket, None] = field(default_factory=dict)
    calls: dict[Call, None] = field(default_factory=dict)
    surveys: dict[Survey, None] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    newest: Ticket | None = None
    _counts: dict[str, int] = field(default_factory=dict)

    def number(self, letter: str, first: int) -> str:
        """The next identifier of a kind, e.g. T-100001."""
        count = self._counts[letter] = self._counts.get(letter, first) + 1
        return f"{letter}-{count}"

    def create(self, ticket: Ticket, actor: str) -> None:
        """Put a new ticket on record, as of now."""
        ticket.ticket_id = self.number("T", 100_000)
        ticket.created_at = self.agenda.now
        self.newest = ticket
        self.change(ticket, "status", "new", actor)

    def change(self, ticket: Ticket, name: str, new: str, actor: str) -> None:
        """Set a field of a ticket, and record the event; nothing happens where the value stays."""
        old = getattr(ticket, name)
        if old == new:
            return
        now = self.agenda.now
        setattr(ticket, name, new)
        ticket.updated_at = now
        if name == "status":
            ticket.stage += 1
            ticket.solved_at = now if new == "solved" else ticket.solved_at if new == "closed" else None
        self.events.append((self.number("E", 10_000_000), ticket.ticket_id, iso(now), name, old, new, actor))
        self.tickets[ticket] = None

    def write(self, ticket: Ticket, author: str, kind: str, body: str, *, public: bool = True) -> None:
        """Record a message or, where not public, a note."""
        number, now = self.number("M", 10_000_000), self.agenda.now
        shown = "true" if public else "false"
        self.messages.append((number, ticket.ticket_id, iso(now), author, kind, shown, ticket.writes_on, body))
        ticket.updated_at = now
        self.tickets[ticket] = None

    def repeat_newest(self) -> None:
        """Put the newest ticket on the next export where no ticket changed: an export says how far its data goes."""
        if self.newest and not self.tickets:
            self.tickets[self.newest] = None

    def take(self) -> dict[str, list[Row]]:
        """Hand over the rows of each kind and begin anew."""
        rows: dict[str, list[Row]] = {
            "tickets": [ticket.row(self.agenda.now) for ticket in self.tickets],
            "events": self.events,
            "messages": self.messages,
            "calls": [call.row() for call in self.calls],
            "surveys": [survey.row() for survey in self.surveys],
        }
        for changed in (self.tickets, self.calls, self.surveys):
            changed.clear()
        self.events, self.messages = [], []
        return rows
