"""The made-up help desk as a whole: customers arrive, the floor answers, and every change is there to be exported."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from pipelines.sample import texts
from pipelines.sample.agenda import Agenda
from pipelines.sample.conversations import Conversations
from pipelines.sample.demand import Demand
from pipelines.sample.floor import Floor
from pipelines.sample.people import DAY, Agent, hire
from pipelines.sample.records import Call, Journal, Row, Ticket, Turn
from pipelines.sample.remarks import annotations
from pipelines.sample.surveys import SurveyDesk
from pipelines.sample.topics import CHAT, EMAIL, FRONT_DESK, PHONE, SOCIAL, SOCIAL_CARE, Topic

PRIORITIES = ("urgent", "high", "normal", "low")
# Patience is long for most and short for some: median seconds, and how far it spreads.
PATIENCE = {PHONE: (215, 1.05), CHAT: (450, 1.0)}
MENU_SECONDS = (14, 50)
# Written contacts that land at the front desk first, whatever they are about.
MISDIRECTED = 0.08


class HelpDesk:
    """A simulated help desk, the same for the same seed however it is moved on.

    It begins empty at ``start``, gets exactly ``tickets`` contacts in its first ``days`` days, and goes on at that
    pace. ``staffing`` multiplies the number of agents that the load calls for.
    """

    def __init__(self, *, seed: int, start: datetime, days: int, tickets: int, staffing: float = 1.0) -> None:
        if days < 1 or tickets < 1:
            raise ValueError(f"A made-up help desk needs at least 1 day and 1 ticket, not {days} and {tickets}.")
        began_at = as_instant(start)
        self._agenda = Agenda(began_at)
        self._journal = Journal(self._agenda)
        self._random = Random(f"{seed}-desk")
        self._demand = Demand(seed=seed, start=began_at, days=days, tickets=tickets)
        self.agents: list[Agent] = hire(Random(f"{seed}-people"), staffing * tickets / days, began_at, days * DAY)
        self._floor = Floor(self._agenda, self.agents, Random(f"{seed}-floor"))
        surveys = SurveyDesk(self._agenda, self._journal, Random(f"{seed}-surveys"))
        talk = Random(f"{seed}-conversations")
        self._conversations = Conversations(self._agenda, self._journal, self._floor, surveys, talk)
        self._floor.answers = self._conversations
        self._customers = max(50, tickets // 2)
        self._instants: Iterator[int] = self._demand.instants()
        self._floor.open()
        self._plan_arrival()

    @property
    def clock(self) -> datetime:
        """The desk's time, UTC: everything before it has happened."""
        return datetime.fromtimestamp(self._agenda.now, UTC)

    def advance(self, until: datetime) -> None:
        """Let everything before ``until`` happen. A time already past changes nothing."""
        self._agenda.run_until(as_instant(until))

    def repeat_newest(self) -> None:
        """Have an export say how far its data goes even where nothing changed."""
        self._journal.repeat_newest()

    def take_changes(self) -> dict[str, list[Row]]:
        """The rows, by kind, that are new or changed since the last time this was asked."""
        return self._journal.take()

    def annotations(self) -> list[Row]:
        """What there is to note on charts of its history."""
        return annotations(self._demand)

    def _plan_arrival(self) -> None:
        self._agenda.at(next(self._instants), self._arrive, None)

    def _arrive(self, _: None) -> None:
        channel, topic = self._demand.channel_and_topic(self._agenda.now)
        ticket = self._ticket(channel, topic)
        if channel == PHONE:
            self._ring(ticket)
        elif channel == CHAT:
            turn = Turn(ticket, self._agenda.now, live=True)
            self._conversations.chat_in(ticket, turn)
            self._floor.call_in(turn, self._patience(channel))
        else:
            self._conversations.write_in(ticket)
        self._plan_arrival()

    def _ring(self, ticket: Ticket) -> None:
        """A call begins in the menu and joins the line from there."""
        call = Call(self._journal.number("K", 100_000), ticket, self._agenda.now)
        self._journal.calls[call] = None
        self._agenda.after(self._random.randrange(*MENU_SECONDS), self._queue_call, call)

    def _queue_call(self, call: Call) -> None:
        call.queued_at = self._agenda.now
        self._journal.calls[call] = None
        self._floor.call_in(Turn(call.ticket, self._agenda.now, live=True, call=call), self._patience(PHONE))

    def _patience(self, channel: str) -> float:
        """Seconds a customer will wait on the line."""
        median, spread = PATIENCE[channel]
        return 8 + median * self._random.lognormvariate(0, spread)

    def _ticket(self, channel: str, topic: Topic) -> Ticket:
        facts = texts.details(self._random)
        return Ticket(
            channel=channel,
            team=self._first_team(channel, topic),
            customer=self._customer(),
            priority=self._priority(topic),
            topic=topic,
            subject=self._random.choice(topic.subjects).format(**facts),
            facts=facts,
            writes_on=EMAIL if channel == PHONE else channel,
        )

    def _first_team(self, channel: str, topic: Topic) -> str:
        if channel == SOCIAL:
            return SOCIAL_CARE
        misdirected = channel not in (PHONE, CHAT) and self._random.random() < MISDIRECTED
        return FRONT_DESK if misdirected else topic.team

    def _customer(self) -> str:
        """Some customers write far more often than others."""
        return f"C-{10_001 + math.floor(self._customers * self._random.random() ** 1.6)}"

    def _priority(self, topic: Topic) -> str:
        urgent, high = 0.04 * topic.urgency, 0.14 * topic.urgency
        weights = (urgent, high, 0.62, 0.2 / topic.urgency)
        return self._random.choices(PRIORITIES, weights)[0]


def as_instant(moment: datetime) -> int:
    """Whole seconds since 1970 for a moment that knows its time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone. Give one, e.g. {moment.isoformat()}+00:00.")
    return math.floor(moment.timestamp())
