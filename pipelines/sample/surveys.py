"""Asking customers how it was: who is asked, who answers, and what a long wait does to the score."""

import math
from dataclasses import dataclass
from random import Random

from pipelines.sample import texts
from pipelines.sample.agenda import Agenda
from pipelines.sample.people import DAY, HOUR
from pipelines.sample.records import Journal, Survey, Ticket
from pipelines.sample.topics import CHAT, EMAIL, PHONE, SOCIAL, WEB

# The share of solved tickets that each kind of survey goes out for.
ASKED = {"csat": 0.42, "ces": 0.16, "nps": 0.10}
NAMES = {"csat": "After contact", "ces": "Effort", "nps": "Relationship"}
ANSWERED = 0.26
ANSWER_MEDIAN_SECONDS = 4 * HOUR

# What customers think a fair first wait, in seconds; each doubling beyond costs a good part of a point.
FAIR_WAIT = {PHONE: 45, CHAT: 75, EMAIL: 4 * HOUR, WEB: 4 * HOUR, SOCIAL: 2 * HOUR}
FAIR_NEXT_WAIT = 8 * HOUR
COST_OF_WAITING = 0.4
COST_OF_REOPENING = 0.9
COST_OF_HANDING_OVER = 0.25
FURIOUS = 0.1


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale from ``lowest`` to ``highest``: what an average mood scores, and how far a unit of mood moves it."""

    lowest: int
    highest: int
    average: float
    step: float

    def score(self, mood: float) -> int:
        """The score for a mood, 0 being average."""
        return min(self.highest, max(self.lowest, round(self.average + self.step * mood)))


SCALES = {"csat": Scale(1, 5, 4.85, 1.0), "ces": Scale(1, 7, 6.3, 1.3), "nps": Scale(0, 10, 9.0, 2.1)}


class SurveyDesk:
    """Sends invitations for solved tickets, and receives the answers."""

    def __init__(self, agenda: Agenda, journal: Journal, random: Random) -> None:
        self.agenda, self.journal, self.random = agenda, journal, random

    def solved(self, ticket: Ticket) -> None:
        """Perhaps ask how it was: within a day or, for the relationship, after some days. Nobody is asked twice."""
        if ticket.surveyed:
            return
        ticket.surveyed = True
        drawn, kind = self.random.random(), ""
        for kind, share in ASKED.items():
            drawn -= share
            if drawn < 0:
                days = self.random.uniform(1, 5) if kind == "nps" else self.random.uniform(0.05, 0.8)
                self.agenda.after(days * DAY, self._invite, (ticket, kind, ticket.stage))
                return

    def _invite(self, subject: tuple[Ticket, str, int]) -> None:
        """Send the invitation; who has come back meanwhile is asked when their ticket is solved again."""
        ticket, kind, stage = subject
        if ticket.stage != stage and kind != "nps":
            ticket.surveyed = False
            return
        about = "" if kind == "nps" and self.random.random() < 0.3 else ticket.ticket_id
        number = self.journal.number("R", 100_000)
        agent = ticket.agent if about else ""
        survey = Survey(number, NAMES[kind], kind, self.agenda.now, about, agent, ticket.customer)
        self.journal.surveys[survey] = None
        mood = self.mood(ticket)
        if self.random.random() < ANSWERED + 0.03 * min(3.0, abs(mood)):
            seconds = 60 + ANSWER_MEDIAN_SECONDS * self.random.lognormvariate(0, 1.2)
            self.agenda.after(seconds, self._answer, (survey, ticket, mood))

    def _answer(self, subject: tuple[Survey, Ticket, float]) -> None:
        survey, ticket, mood = subject
        survey.answered_at = self.agenda.now
        survey.score = SCALES[survey.kind].score(mood)
        if self.random.random() < 0.3 + 0.15 * (mood < -1):
            survey.comment = self._comment(ticket, mood)
        self.journal.surveys[survey] = None

    def mood(self, ticket: Ticket) -> float:
        """How a customer feels, 0 being average: the agent's quality less what waiting and coming back cost."""
        quality = ticket.owner.quality if ticket.owner else 0.0
        trouble = COST_OF_REOPENING * ticket.reopens + COST_OF_HANDING_OVER * ticket.handovers
        return quality - trouble - self.cost_of_waiting(ticket) + self._temper()

    def _temper(self) -> float:
        """What has nothing to do with us; now and then somebody is just furious."""
        furious = self.random.uniform(1, 4) if self.random.random() < FURIOUS else 0.0
        return self.random.gauss(0, 0.6) - furious

    def cost_of_waiting(self, ticket: Ticket) -> float:
        """What the waits of a ticket take off the mood, never below 0."""
        first = _doublings(ticket.first_wait, FAIR_WAIT[ticket.channel])
        later = _doublings(ticket.next_wait, FAIR_NEXT_WAIT)
        return COST_OF_WAITING * (first + later / 2)

    def _comment(self, ticket: Ticket, mood: float) -> str:
        choices: tuple[str, ...]
        if mood >= -0.3:
            choices = texts.GOOD_COMMENTS
        elif mood >= -1.2:
            choices = texts.MIDDLING_COMMENTS
        elif ticket.reopens:
            choices = texts.REOPENED_COMMENTS
        else:
            choices = texts.SLOW_COMMENTS if self.cost_of_waiting(ticket) > 0.5 else texts.BAD_COMMENTS
        thing = ticket.topic.thing.format(**ticket.facts)
        return self.random.choice(choices).format(thing=thing, agent=(ticket.agent or "They").split()[0])


def _doublings(seconds: float, fair_seconds: float) -> float:
    """How many times a wait is the double of a fair one, at most four; 0 up to the fair one."""
    return min(4.0, max(0.0, math.log2((seconds + 1) / fair_seconds)))
