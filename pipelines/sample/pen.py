"""Who writes what: finds the words for each occasion and puts them on record."""

from random import Random

from pipelines.sample import texts
from pipelines.sample.people import Agent
from pipelines.sample.records import Journal, Ticket, Turn
from pipelines.sample.topics import CHAT, PHONE


class Pen:
    """Writes messages and notes; how people feel and what they decide is not its concern."""

    def __init__(self, journal: Journal, random: Random) -> None:
        self.journal, self.random = journal, random

    # Customers

    def open(self, ticket: Ticket) -> None:
        """The customer's first message."""
        said = texts.opening(self.random, ticket.topic, ticket.channel, ticket.customer, ticket.facts)
        self._customer(ticket, said)

    def detail(self, ticket: Ticket) -> None:
        """The customer answers our question: first what the topic's question asked for, then what else we asked."""
        first = ticket.replies <= 1
        said = ticket.topic.detail if first else self.random.choice(texts.ANSWERS)
        said = said.format(**ticket.facts)
        spoken_before = first and ticket.channel == PHONE
        self._customer(ticket, texts.CALLED_BACK_ON.format(said=said) if spoken_before else said)

    def nudge(self, ticket: Ticket) -> None:
        """The customer asks where the answer stays."""
        self._customer(ticket, self.random.choice(texts.NUDGES))

    def come_back(self, ticket: Ticket) -> None:
        """The customer says that it is not solved."""
        self._customer(ticket, self._filled(ticket, self.random.choice(texts.COME_BACKS)))

    def _customer(self, ticket: Ticket, said: str) -> None:
        self.journal.write(ticket, ticket.customer, "customer", said)

    # The bot and the agents

    def greet(self, ticket: Ticket) -> None:
        """The bot says that somebody will come."""
        self.journal.write(ticket, texts.BOT, "bot", texts.BOT_GREETING)

    def take_up_chat(self, ticket: Ticket, agent: Agent) -> None:
        """The agent says hello."""
        name = texts.customer_name(ticket.customer)
        self._agent(ticket, agent, f"Hi {name}, {agent.name.split()[0]} here. One moment.")

    def ask_in_chat(self, ticket: Ticket, agent: Agent) -> None:
        """The agent asks what there is to ask, while the customer is there."""
        self._agent(ticket, agent, ticket.topic.question.format(**ticket.facts))

    def ask(self, turn: Turn, agent: Agent) -> None:
        """The agent needs to know more: the topic's question first, then others."""
        ticket = turn.ticket
        asked_before = ticket.replies > 1 or ticket.channel in (CHAT, PHONE)
        said = self.random.choice(texts.QUESTIONS) if asked_before else ticket.topic.question.format(**ticket.facts)
        self._reply(turn, agent, texts.LATER_BY_EMAIL.format(said=said) if turn.live else said)

    def solve(self, turn: Turn, agent: Agent) -> None:
        """The agent has the answer."""
        ticket = turn.ticket
        said = self.random.choice(ticket.topic.solutions).format(**ticket.facts)
        if ticket.channel == PHONE and ticket.replies == 2:
            said = self.random.choice(texts.PROMISES).format(solution=said)
        self._reply(turn, agent, said)

    def hold(self, turn: Turn, agent: Agent) -> None:
        """The agent waits for somebody else."""
        self._reply(turn, agent, self.random.choice(texts.HOLDS))

    def escalate(self, turn: Turn, agent: Agent) -> None:
        """The agent lets the customer know that others take over."""
        self._reply(turn, agent, self.random.choice(texts.PASSED_ON))

    def note(self, ticket: Ticket, agent: Agent) -> None:
        """A private note for colleagues."""
        self._note(ticket, agent, self.random.choice(texts.NOTES))

    def hand_over(self, ticket: Ticket, team: str, agent: Agent) -> None:
        """A private note for whoever gets the ticket next."""
        self._note(ticket, agent, self.random.choice(texts.HANDOVERS).replace("{team}", team))

    def _note(self, ticket: Ticket, agent: Agent, said: str) -> None:
        self.journal.write(ticket, agent.name, "agent", self._filled(ticket, said), public=False)

    def _reply(self, turn: Turn, agent: Agent, said: str) -> None:
        """A letter, a post or a line of chat; what is said on the phone nobody writes down."""
        if turn.call is None:
            ticket = turn.ticket
            self._agent(ticket, agent, texts.reply(said, ticket.writes_on, ticket.customer, agent.name))

    def _agent(self, ticket: Ticket, agent: Agent, said: str) -> None:
        self.journal.write(ticket, agent.name, "agent", said)

    def _filled(self, ticket: Ticket, said: str) -> str:
        return said.format(thing=ticket.topic.thing.format(**ticket.facts), **ticket.facts)
