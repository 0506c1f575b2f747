"""What becomes of a ticket: answered, solved, pending, on hold, passed on, escalated, reopened, closed."""

from random import Random

from pipelines.sample.agenda import Agenda
from pipelines.sample.floor import Floor
from pipelines.sample.pen import Pen
from pipelines.sample.people import DAY, HOUR, Agent
from pipelines.sample.records import Journal, Ticket, Turn
from pipelines.sample.surveys import SurveyDesk
from pipelines.sample.topics import CHAT, EMAIL, PHONE, SOCIAL_CARE, TECHNICAL

# Customers who answer a question do so after a few hours (median); the rest never do.
CUSTOMER_ANSWERS = 0.85
CUSTOMER_MEDIAN_SECONDS = 5 * HOUR
PENDING_GIVEN_UP_SECONDS = 4 * DAY
CLOSED_AFTER_SECONDS = 4 * DAY

REOPENED = 0.08
PASSED_ON = 0.05
ESCALATED = 0.03
ON_HOLD = 0.18
NOTED = 0.08
NUDGED = 0.2
SETTLED_AT_ONCE = {PHONE: 1.22, CHAT: 1.15}


class Conversations:
    """The ticket side of the desk: the floor says who answers when, this says what is said and what follows."""

    def __init__(self, agenda: Agenda, journal: Journal, floor: Floor, surveys: SurveyDesk, random: Random) -> None:
        self.agenda, self.journal, self.floor, self.surveys, self.random = agenda, journal, floor, surveys, random
        self.pen = Pen(journal, random)

    # The customer turns to us

    def write_in(self, ticket: Ticket) -> None:
        """An email, web form or post comes in."""
        self._open(ticket)
        self._await_answer(ticket)

    def chat_in(self, ticket: Ticket, turn: Turn) -> None:
        """A chat begins; most of the time the bot says that somebody will be there soon."""
        self._open(ticket)
        if self.random.random() < 0.6:
            self.agenda.after(self.random.randrange(2, 5), self._greet, turn)

    def _open(self, ticket: Ticket) -> None:
        self.journal.create(ticket, "customer")
        self.pen.open(ticket)

    def _greet(self, turn: Turn) -> None:
        if not turn.gone:
            self.pen.greet(turn.ticket)

    def _await_answer(self, ticket: Ticket) -> None:
        """From here on the customer waits; it takes some seconds until agents see what came in."""
        turn = Turn(ticket, self.agenda.now)
        if self.random.random() < NUDGED:
            self.agenda.after(self.random.uniform(14, 30) * HOUR, self._nudge, turn)
        self.agenda.after(self.random.randrange(2, 30), self.floor.write_in, turn)

    def _nudge(self, turn: Turn) -> None:
        """Who has waited long asks again, and moves up."""
        ticket = turn.ticket
        if turn.taken:
            return
        self.pen.nudge(ticket)
        if ticket.priority in ("low", "normal"):
            self.journal.change(ticket, "priority", "high", "system")
            self.floor.write_in(turn)

    def give_up(self, turn: Turn) -> None:
        """A caller hangs up, a chatter closes the window."""
        ticket, now = turn.ticket, self.agenda.now
        if turn.call is not None:
            turn.call.abandoned_at = turn.call.ended_at = now
            self.journal.calls[turn.call] = None
        else:
            ticket.abandoned_at = now
            self.journal.change(ticket, "status", "closed", "customer")

    # An agent answers

    def begin(self, turn: Turn, agent: Agent) -> None:
        """An agent picks up, or starts to write."""
        ticket = turn.ticket
        if turn.live:
            self._remember_wait(turn)
            ticket.replies += 1
        if turn.call is not None:
            self._answer_call(turn, agent)
            return
        self._own((ticket, agent))
        if turn.live:
            self._chat(turn, agent)

    def _answer_call(self, turn: Turn, agent: Agent) -> None:
        """The ticket of a call begins when it is answered; typing it in takes a moment more."""
        if turn.call is not None:
            turn.call.answered_at, turn.call.agent = self.agenda.now, agent.name
            self.journal.calls[turn.call] = None
        self.journal.create(turn.ticket, agent.name)
        self.agenda.after(self.random.randrange(2, 20), self._own, (turn.ticket, agent))

    def _own(self, subject: tuple[Ticket, Agent]) -> None:
        ticket, agent = subject
        ticket.owner = agent
        self.journal.change(ticket, "agent", agent.name, agent.name)
        if ticket.status == "new":
            self.journal.change(ticket, "status", "open", agent.name)

    def _chat(self, turn: Turn, agent: Agent) -> None:
        """Hello, question and answer, spread over the time the chat takes."""
        ticket, seconds = turn.ticket, turn.seconds_left or 0
        self.pen.take_up_chat(ticket, agent)
        self.agenda.after(seconds * 0.25, self._ask_in_chat, (ticket, agent))
        if self.random.random() < 0.9:
            self.agenda.after(seconds * 0.45, self.pen.detail, ticket)

    def _ask_in_chat(self, subject: tuple[Ticket, Agent]) -> None:
        self.pen.ask_in_chat(*subject)

    def finish(self, turn: Turn, agent: Agent) -> None:
        """The call or chat ends, or the written answer goes out: what now?"""
        ticket = turn.ticket
        if turn.call is not None:
            turn.call.ended_at = self.agenda.now
            self.journal.calls[turn.call] = None
        elif not turn.live and self._belongs_elsewhere(ticket):
            self._pass_on(turn, agent)
            return
        if self.random.random() < NOTED:
            self.pen.note(ticket, agent)
        if not turn.live:
            self._remember_wait(turn)
            ticket.replies += 1
        self._decide(turn, agent)
        ticket.writes_on = EMAIL if turn.live else ticket.writes_on

    def _decide(self, turn: Turn, agent: Agent) -> None:
        """Escalate, solve, put on hold, or ask the customer."""
        ticket = turn.ticket
        if not ticket.escalated and self.random.random() < ESCALATED * (1 + 2 * ticket.reopens):
            self._escalate(turn, agent)
        elif self.random.random() < self._chance_to_settle(ticket, agent):
            self._solve(turn, agent)
        elif self.random.random() < ON_HOLD:
            self._hold(turn, agent)
        else:
            self._ask(turn, agent)

    def _chance_to_settle(self, ticket: Ticket, agent: Agent) -> float:
        at_once = SETTLED_AT_ONCE.get(ticket.channel, 1.0)
        return min(0.95, agent.skill * ticket.topic.ease * at_once + 0.15 * (ticket.replies - 1))

    def _solve(self, turn: Turn, agent: Agent) -> None:
        self.pen.solve(turn, agent)
        self._settle(turn.ticket, agent.name)

    def _settle(self, ticket: Ticket, actor: str) -> None:
        """Solved: it closes by itself after some days, unless the customer comes back. They are asked how it was."""
        self.journal.change(ticket, "status", "solved", actor)
        self.agenda.after(CLOSED_AFTER_SECONDS, self._close, (ticket, ticket.stage))
        if self.random.random() < self._chance_of_return(ticket):
            seconds = min(90 * HOUR, self.random.lognormvariate(0, 1) * 9 * HOUR)
            self.agenda.after(60 + seconds, self._reopen, (ticket, ticket.stage))
        self.surveys.solved(ticket)

    def _chance_of_return(self, ticket: Ticket) -> float:
        quality = ticket.owner.quality if ticket.owner else 0.0
        return max(0.02, REOPENED / ticket.topic.ease - 0.06 * quality)

    def _close(self, subject: tuple[Ticket, int]) -> None:
        ticket, stage = subject
        if ticket.stage == stage:
            self.journal.change(ticket, "status", "closed", "system")

    def _reopen(self, subject: tuple[Ticket, int]) -> None:
        ticket, stage = subject
        if ticket.stage != stage:
            return
        ticket.reopens += 1
        self.pen.come_back(ticket)
        self._return(ticket)

    def _return(self, ticket: Ticket) -> None:
        self.journal.change(ticket, "status", "open", "customer")
        self._await_answer(ticket)

    def _ask(self, turn: Turn, agent: Agent) -> None:
        """The customer has to tell us more; who never does is taken to be content."""
        ticket = turn.ticket
        self.pen.ask(turn, agent)
        self.journal.change(ticket, "status", "pending", agent.name)
        if self.random.random() < CUSTOMER_ANSWERS:
            seconds = CUSTOMER_MEDIAN_SECONDS * self.random.lognormvariate(0, 1.1)
            self.agenda.after(120 + seconds, self._answer_us, (ticket, ticket.stage))
        self.agenda.after(PENDING_GIVEN_UP_SECONDS, self._give_up_pending, (ticket, ticket.stage))

    def _answer_us(self, subject: tuple[Ticket, int]) -> None:
        ticket, stage = subject
        if ticket.stage == stage:
            self.pen.detail(ticket)
            self._return(ticket)

    def _give_up_pending(self, subject: tuple[Ticket, int]) -> None:
        ticket, stage = subject
        if ticket.stage == stage:
            self._settle(ticket, "system")

    def _hold(self, turn: Turn, agent: Agent) -> None:
        """Somebody else has to act first: a carrier, a workshop."""
        ticket = turn.ticket
        self.pen.hold(turn, agent)
        self.journal.change(ticket, "status", "hold", agent.name)
        self.agenda.after(self.random.uniform(4, 40) * HOUR, self._take_up, (ticket, ticket.stage))

    def _take_up(self, subject: tuple[Ticket, int]) -> None:
        ticket, stage = subject
        if ticket.stage == stage:
            self.journal.change(ticket, "status", "open", "system")
            self._await_answer(ticket)

    # Between agents and teams

    def _belongs_elsewhere(self, ticket: Ticket) -> bool:
        if ticket.team not in (ticket.topic.team, TECHNICAL, SOCIAL_CARE):
            return True
        return ticket.replies == 0 and self.random.random() < PASSED_ON

    def _pass_on(self, turn: Turn, agent: Agent) -> None:
        """To the team whose topic it is or, if that is this one, to a colleague; the customer goes on waiting."""
        ticket = turn.ticket
        team = ticket.topic.team
        self.pen.hand_over(ticket, team, agent)
        self._let_go(ticket, team, agent)
        self.floor.write_in(Turn(ticket, turn.asked_at))

    def _let_go(self, ticket: Ticket, team: str, agent: Agent) -> None:
        ticket.handovers += 1
        ticket.owner = None
        self.journal.change(ticket, "agent", "", agent.name)
        self.journal.change(ticket, "team", team, agent.name)

    def _escalate(self, turn: Turn, agent: Agent) -> None:
        """Too hard or too hot: urgent from now on, and for the technical team where it is theirs to mend."""
        ticket = turn.ticket
        self.pen.escalate(turn, agent)
        self.journal.change(ticket, "escalated", "true", agent.name)
        self.journal.change(ticket, "priority", "urgent", agent.name)
        self._let_go(ticket, TECHNICAL if ticket.topic.effort > 1 else ticket.topic.team, agent)
        self._await_answer(ticket)

    def _remember_wait(self, turn: Turn) -> None:
        """What the customer will remember when asked how it was."""
        ticket, seconds = turn.ticket, self.agenda.now - turn.asked_at
        if ticket.replies == 0:
            ticket.first_wait = seconds
        else:
            ticket.next_wait = max(ticket.next_wait, seconds)
