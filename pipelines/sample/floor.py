"""The floor: who answers whom, and when. Waits come out of this and of nothing else.

Calls and chats wait in a queue for an agent of their team; written turns wait until nobody calls. An agent in the
middle of writing sets it aside for a caller. Where a team cannot answer, front desk and night shift step in.
"""

import heapq
import math
from collections import deque
from random import Random
from typing import Protocol

from pipelines.sample.agenda import Agenda
from pipelines.sample.people import ANY_TEAM, HOUR, TEAMS, Agent
from pipelines.sample.records import Turn
from pipelines.sample.topics import CHAT, EMAIL, PHONE, SOCIAL, WEB

OFF, IDLE, DUTIES, WRITING, LIVE = "off", "idle", "duties", "writing", "live"
INTERRUPTIBLE = (IDLE, DUTIES, WRITING)

# Seconds an average agent spends on an average first answer, finding out included; a later one takes a share of it.
HANDLING = {PHONE: 540, CHAT: 840, EMAIL: 1620, WEB: 1500, SOCIAL: 1560}
LATER_ANSWER = 0.6
WRAP_UP = {PHONE: 300, CHAT: 150}

# Seconds until an agent has picked up: from idling or other duties, and out of the middle of writing.
PICK_UP = {IDLE: 16, DUTIES: 28, WRITING: 38}
OVERFLOW_SECONDS = 60
# Until somebody who has nothing to do sees that something was written.
NOTICE_SECONDS = (10, 120)
# Other duties between two written answers: the fewer people wait, the longer.
DUTIES_SECONDS = 1200
LAST_START_SECONDS = 900
TRAY_SECONDS = 18 * HOUR
HEAD_START = {"urgent": -24 * HOUR, "high": -5 * HOUR, "normal": 0, "low": 4 * HOUR}


class Answers(Protocol):
    """What comes of an answer, once the floor has found who gives it and when."""

    def begin(self, turn: Turn, agent: Agent) -> None:
        """An agent picks up a call or chat, or starts to write."""

    def finish(self, turn: Turn, agent: Agent) -> None:
        """The call or chat is over, or the written answer ready."""

    def give_up(self, turn: Turn) -> None:
        """A customer's patience is at its end."""


class Floor:
    """Agents, queues, and the rules by which they meet."""

    def __init__(self, agenda: Agenda, agents: list[Agent], random: Random) -> None:
        self.agenda, self.agents, self.random = agenda, agents, random
        self.answers: Answers
        self._ready: dict[str, dict[str, dict[Agent, None]]] = {
            mode: {pool: {} for pool in (*TEAMS, ANY_TEAM)} for mode in INTERRUPTIBLE
        }
        self._lines: dict[str, tuple[deque[Turn], deque[Turn]]] = {team: (deque(), deque()) for team in TEAMS}
        self._written: dict[str, list[tuple[int, int, Turn]]] = {team: [] for team in TEAMS}
        self._on_shift = dict.fromkeys(TEAMS, 0)
        self._asked = 0

    def open(self) -> None:
        """Begin the first shifts."""
        for agent in self.agents:
            self._plan_shift(agent)

    # Customers turn to us

    def call_in(self, turn: Turn, patience_seconds: float) -> None:
        """A caller or chatter joins the line and waits as long as their patience lasts."""
        self.agenda.after(patience_seconds, self._lose_patience, turn)
        agent = self._who_can_answer(turn.ticket.team)
        if agent is None and not self._on_shift[turn.ticket.team]:
            agent = self._who_can_answer(ANY_TEAM)
        if agent is not None:
            self._offer(turn, agent)
            return
        self._lines[turn.ticket.team][turn.call is None].append(turn)
        self.agenda.after(OVERFLOW_SECONDS, self._overflow, turn)

    def write_in(self, turn: Turn) -> None:
        """A written turn goes to the tray of the ticket's owner, if they are here or back soon, or else to the team."""
        owner = turn.ticket.owner
        entry = self._entry(turn)
        if owner is not None and self._is_near(owner):
            heapq.heappush(owner.tray, entry)
        else:
            heapq.heappush(self._written[turn.ticket.team], entry)
            owner = next(iter(self._ready[IDLE][turn.ticket.team]), None)
        if owner is not None and owner.mode == IDLE:
            self.agenda.after(self.random.randrange(*NOTICE_SECONDS), self._notice, owner)

    def _notice(self, agent: Agent) -> None:
        """Somebody idle looks what came in: the agent it was meant for, or else a colleague."""
        idle = self._ready[IDLE][agent.team]
        if idle:
            self._next(agent if agent in idle else next(iter(idle)))

    def _entry(self, turn: Turn) -> tuple[int, int, Turn]:
        self._asked += 1
        return turn.asked_at + HEAD_START[turn.ticket.priority], self._asked, turn

    # Calls and chats

    def _who_can_answer(self, pool: str) -> Agent | None:
        for mode in INTERRUPTIBLE:
            if ready := self._ready[mode][pool]:
                return next(iter(ready))
        return None

    def _overflow(self, turn: Turn) -> None:
        if turn.taken or turn.gone:
            return
        agent = self._who_can_answer(ANY_TEAM)
        if agent is not None:
            self._offer(turn, agent)
        else:
            self.agenda.after(OVERFLOW_SECONDS, self._overflow, turn)

    def _offer(self, turn: Turn, agent: Agent) -> None:
        mode = agent.mode if agent.mode in PICK_UP else IDLE
        if mode == WRITING:
            self._set_aside(agent)
        turn.taken, agent.turn = True, turn
        self._turn_to(agent, LIVE)
        self.agenda.after(self._pick_up_seconds(turn, agent, mode), self._pick_up, (turn, agent))

    def _pick_up_seconds(self, turn: Turn, agent: Agent, mode: str) -> float:
        """Chats may take longer than calls; nobody lets one ring past the end of the shift."""
        seconds = 3 + PICK_UP[mode] * (2.0 if turn.call is None else 1.0) * self.random.lognormvariate(0, 0.5)
        return max(1, min(seconds, agent.shift_ends_at - self.agenda.now))

    def _set_aside(self, agent: Agent) -> None:
        agent.set_aside, agent.turn = agent.turn, None
        if agent.set_aside is not None:
            agent.set_aside.seconds_left = max(60, agent.done_at - self.agenda.now)

    def _lose_patience(self, turn: Turn) -> None:
        if turn.seconds_left is None:
            turn.gone = True
            self.answers.give_up(turn)

    def _pick_up(self, subject: tuple[Turn, Agent]) -> None:
        turn, agent = subject
        if turn.gone:
            self._free(agent)
            return
        turn.seconds_left = self._handling_seconds(turn, agent)
        self.answers.begin(turn, agent)
        self.agenda.after(turn.seconds_left, self._hang_up, subject)

    def _hang_up(self, subject: tuple[Turn, Agent]) -> None:
        turn, agent = subject
        self.answers.finish(turn, agent)
        seconds = WRAP_UP[turn.ticket.channel] * agent.pace * self.random.lognormvariate(0, 0.4)
        self.agenda.after(seconds, self._free, agent)

    # What an agent does next

    def _free(self, agent: Agent) -> None:
        agent.turn = None
        self._next(agent)

    def _next(self, agent: Agent) -> None:
        """Callers first, then what was set aside, then what is written; and home when the shift is over."""
        if self.agenda.now >= agent.shift_ends_at:
            self._go_home(agent)
        elif turn := self._next_in_line(agent):
            self._offer(turn, agent)
        elif turn := agent.set_aside or self._next_written(agent):
            agent.set_aside = None
            self._write(turn, agent)
        else:
            self._turn_to(agent, IDLE)

    def _next_in_line(self, agent: Agent) -> Turn | None:
        """The longest waiting caller, or else chatter, of the own team; who helps everybody looks further."""
        for team in (agent.team, *(TEAMS if ANY_TEAM in agent.pools else ())):
            for line in self._lines[team]:
                while line and (line[0].taken or line[0].gone):
                    line.popleft()
                if line:
                    return line.popleft()
        return None

    def _next_written(self, agent: Agent) -> Turn | None:
        """What has waited longest, priority allowed for, of the own tray and the team's queue."""
        if self.agenda.now > agent.shift_ends_at - LAST_START_SECONDS:
            return None
        queues = [queue for queue in (agent.tray, self._written[agent.team]) if self._tidy(queue)]
        return heapq.heappop(min(queues, key=lambda queue: queue[0]))[2] if queues else None

    def _tidy(self, queue: list[tuple[int, int, Turn]]) -> bool:
        """Drop turns somebody has taken already; whether anything is left."""
        while queue and (queue[0][2].taken or queue[0][2].gone):
            heapq.heappop(queue)
        return bool(queue)

    def _write(self, turn: Turn, agent: Agent) -> None:
        turn.taken, agent.turn = True, turn
        self._turn_to(agent, WRITING)
        self.answers.begin(turn, agent)
        if turn.seconds_left is None:
            turn.seconds_left = self._handling_seconds(turn, agent)
        agent.done_at = self.agenda.now + turn.seconds_left
        self.agenda.at(agent.done_at, self._written_up, (agent, agent.token))

    def _written_up(self, subject: tuple[Agent, int]) -> None:
        agent, token = subject
        turn = agent.turn
        if agent.token != token or turn is None:
            return
        agent.turn = None
        self.answers.finish(turn, agent)
        self._turn_to(agent, DUTIES)
        seconds = self.random.expovariate((1 + self._pressure(agent)) / DUTIES_SECONDS)
        self.agenda.after(seconds, self._duties_done, (agent, agent.token))

    def _duties_done(self, subject: tuple[Agent, int]) -> None:
        agent, token = subject
        if agent.token == token:
            self._next(agent)

    def _turn_to(self, agent: Agent, mode: str) -> None:
        """Change what an agent does; plans made for what they did before are void."""
        for pool in agent.pools:
            if agent.mode in self._ready:
                del self._ready[agent.mode][pool][agent]
            if mode in self._ready:
                self._ready[mode][pool][agent] = None
        agent.mode = mode
        agent.token += 1

    def _handling_seconds(self, turn: Turn, agent: Agent) -> int:
        ticket = turn.ticket
        seconds = HANDLING[ticket.channel if turn.live or not ticket.replies else EMAIL] * ticket.topic.effort
        share = LATER_ANSWER if ticket.replies and not turn.live else 1.0
        pace = agent.pace_at(self.agenda.now) * self._hurry(turn, agent)
        drawn = min(3.0, share * pace * self.random.lognormvariate(-0.08, 0.4))
        return max(45, math.floor(drawn * seconds))

    def _hurry(self, turn: Turn, agent: Agent) -> float:
        """People write shorter answers when many wait: up to a third is saved. On the line, nobody hurries."""
        return 1.0 if turn.live else 1 / (1 + 0.05 * min(10.0, self._pressure(agent)))

    def _pressure(self, agent: Agent) -> float:
        """Written turns waiting for each agent of the team who is at work, and those in the agent's own tray."""
        return len(self._written[agent.team]) / max(1, self._on_shift[agent.team]) + len(agent.tray)

    # Shifts

    def _plan_shift(self, agent: Agent) -> None:
        shift = agent.next_shift(self.agenda.now)
        if shift is not None:
            agent.shift_ends_at = shift[1]
            self.agenda.at(shift[0], self._start_shift, agent)

    def _start_shift(self, agent: Agent) -> None:
        self._on_shift[agent.team] += 1
        self.agenda.at(agent.shift_ends_at, self._end_shift, agent)
        self._next(agent)

    def _end_shift(self, agent: Agent) -> None:
        """Whoever is on the line stays until the end of it; everybody else goes, if they have not gone this very second."""
        if agent.mode == WRITING:
            self._set_aside(agent)
        if agent.mode not in (LIVE, OFF):
            self._go_home(agent)

    def _go_home(self, agent: Agent) -> None:
        self._on_shift[agent.team] -= 1
        self._turn_to(agent, OFF)
        self._plan_shift(agent)
        left = [entry[2] for entry in agent.tray if not entry[2].taken]
        if agent.set_aside is not None:
            agent.set_aside.taken = False
            left.append(agent.set_aside)
        agent.set_aside, agent.tray = None, []
        for turn in left:
            self.write_in(turn)

    def _is_near(self, agent: Agent) -> bool:
        """Whether an agent is at work or will be before long."""
        if agent.mode != OFF:
            return True
        shift = agent.next_shift(self.agenda.now)
        return shift is not None and shift[0] - self.agenda.now < TRAY_SECONDS
