"""Who works at the made-up help desk: teams, shifts, and agents who differ."""

import math
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from pipelines.sample.topics import ACCOUNTS, BILLING, FRONT_DESK, ORDERS, SOCIAL_CARE, TECHNICAL

if TYPE_CHECKING:
    from pipelines.sample.records import Turn

HOUR = 3600
DAY = 24 * HOUR
ANY_TEAM = "any"

FIRST_NAMES = (
    "Amara", "Ana", "Andrei", "Anna", "Astrid", "Ben", "Carla", "Chloe", "Daniel", "David", "Elena", "Emma",
    "Farid", "Felix", "Fiona", "Grace", "Hannah", "Hugo", "Ines", "Ivan", "Jakub", "James", "Joana", "Jonas",
    "Kofi", "Lara", "Leon", "Lina", "Lucia", "Marek", "Maria", "Mateo", "Mei", "Mira", "Nadia", "Nils", "Noor",
    "Olga", "Omar", "Paula", "Pedro", "Priya", "Rosa", "Sam", "Sofia", "Tariq", "Tom", "Yuki",
)  # fmt: skip
LAST_NAMES = (
    "Adeyemi", "Ahmed", "Andersson", "Bauer", "Becker", "Brown", "Castro", "Chen", "Costa", "Diallo", "Dubois",
    "Evans", "Fischer", "Fontana", "Garcia", "Gruber", "Haddad", "Hansen", "Hoffmann", "Ito", "Jansen", "Kaya",
    "Keller", "Khan", "Kowalski", "Larsen", "Lopez", "Meyer", "Moreau", "Murphy", "Nakamura", "Novak", "Nowak",
    "Okafor", "Olsen", "Patel", "Peeters", "Petrov", "Popescu", "Rossi", "Russo", "Santos", "Schmidt", "Silva",
    "Singh", "Smit", "Taylor", "Vasquez", "Wagner", "Walsh", "Weber", "Wilson", "Wood", "Yilmaz", "Zhang",
    "Zimmer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shift:
    """Working hours of a day: ``starts`` in seconds after midnight UTC, ``seconds`` long."""

    name: str
    starts: int
    seconds: int


EARLY = Shift("early", starts=7 * HOUR, seconds=8 * HOUR + 1800)
LATE = Shift("late", starts=12 * HOUR + 1800, seconds=8 * HOUR + 1800)
NIGHT = Shift("night", starts=20 * HOUR + 1800, seconds=10 * HOUR + 2700)

# How many agents a team has on each shift where the desk gets STANDARD_LOAD contacts a day.
STANDARD_LOAD = 20_000 / 90
HEADCOUNT: dict[str, dict[Shift, int]] = {
    FRONT_DESK: {EARLY: 3, LATE: 3, NIGHT: 2},
    BILLING: {EARLY: 3, LATE: 3},
    ORDERS: {EARLY: 3, LATE: 3, NIGHT: 1},
    TECHNICAL: {EARLY: 3, LATE: 3, NIGHT: 1},
    ACCOUNTS: {EARLY: 2, LATE: 1},
    SOCIAL_CARE: {EARLY: 2, LATE: 1},
}
TEAMS = tuple(HEADCOUNT)

# Working weeks (0 is Monday), handed out in turn, so that weekends are thin but never empty.
WEEKS = (frozenset({1, 2, 3, 4, 5}), frozenset({6, 0, 1, 2, 3}), frozenset({0, 1, 2, 3, 4}), frozenset({5, 6, 0, 1, 2}))
NIGHT_WEEKS = (frozenset({0, 1, 2, 3}), frozenset({3, 4, 5, 6}))


@dataclass(slots=True, eq=False)
class Agent:
    """One agent: who they are, and what is on their desk just now.

    ``pace`` multiplies handling times (below 1 is faster), ``quality`` moves scores, ``skill`` is the chance to settle
    an average question with one answer. ``hired_at`` and ``leaves_at`` are instants.
    """

    name: str
    team: str
    shift: Shift
    workdays: frozenset[int]
    pace: float
    quality: float
    skill: float
    hired_at: int = 0
    leaves_at: int | None = None
    mode: str = "off"
    shift_ends_at: int = 0
    turn: "Turn | None" = None
    set_aside: "Turn | None" = None
    tray: "list[tuple[int, int, Turn]]" = field(default_factory=list)
    token: int = 0
    done_at: int = 0

    @property
    def pools(self) -> tuple[str, ...]:
        """Whose callers this agent answers: the own team's; front desk and night shift help everybody."""
        helps_all = self.team == FRONT_DESK or self.shift is NIGHT
        return (self.team, ANY_TEAM) if helps_all else (self.team,)

    def pace_at(self, instant: int) -> float:
        """Pace at an instant: whoever is new is up to half slower, and learns within weeks."""
        days_here = max(0, instant - self.hired_at) / DAY
        return self.pace * (1 + 0.5 * math.exp(-days_here / 20))

    def next_shift(self, instant: int) -> tuple[int, int] | None:
        """The shift (start, end) going on at ``instant`` or the next one; none once the agent has left."""
        day = max(instant, self.hired_at) // DAY - 1
        for date in range(day, day + 9):
            start = date * DAY + self.shift.starts
            end = start + self.shift.seconds
            if self.leaves_at is not None and end > self.leaves_at:
                return None
            if weekday(start) in self.workdays and end > instant and start >= self.hired_at:
                return start, end
        return None

    def on_shift(self, instant: int) -> bool:
        """Whether the agent is at work at ``instant``, the last second of the shift included."""
        shift = self.next_shift(instant - 1)
        return shift is not None and shift[0] <= instant


def weekday(instant: int) -> int:
    """Day of the week, 0 is Monday: 1 January 1970 was a Thursday."""
    return (instant // DAY + 3) % 7


def hire(random: Random, load: float, start: int, seconds: int) -> list[Agent]:
    """Everybody who works here while ``load`` contacts a day arrive, for a history of ``seconds`` from ``start``."""
    seats = [
        (team, shift, workdays)
        for team, shifts in HEADCOUNT.items()
        for shift, standard in shifts.items()
        for workdays in _working_weeks(shift, _headcount(team, standard, load))
    ]
    *names, newcomer = _names(random, len(seats) + 1)
    agents = [_agent(random, name, *seat) for name, seat in zip(names, seats, strict=True)]
    _even_out(agents)
    _start_late(agents, start, seconds)
    agents.append(_replace(agents, random, newcomer, start + seconds * 6 // 10))
    return agents


def _even_out(agents: list[Agent]) -> None:
    """Agents differ, but teams do not by chance: on average every team works at pace 1."""
    for team in TEAMS:
        members = [agent for agent in agents if agent.team == team]
        average = sum(agent.pace for agent in members) / len(members)
        for agent in members:
            agent.pace /= average


def _headcount(team: str, standard: int, load: float) -> int:
    """Agents for a load; the front desk always has two, so that no day and no night is without anybody."""
    least = 2 if team == FRONT_DESK else 1
    return max(least, round(standard * load / STANDARD_LOAD))


def _working_weeks(shift: Shift, agents: int) -> list[frozenset[int]]:
    if shift is NIGHT:
        return [NIGHT_WEEKS[number % len(NIGHT_WEEKS)] for number in range(agents)]
    return [WEEKS[(number + (shift is LATE)) % len(WEEKS)] for number in range(agents)]


def _names(random: Random, count: int) -> list[str]:
    """Different names for everybody: first names repeat only when used up, initials come when all pairs are."""
    first_names = random.sample(FIRST_NAMES, len(FIRST_NAMES))
    last_names = random.sample(LAST_NAMES, len(LAST_NAMES))
    names = []
    for number in range(count):
        block, place = divmod(number, len(FIRST_NAMES))
        initial, shifted = divmod(block, len(LAST_NAMES))
        middle = f"{chr(64 + initial)}. " if initial else ""
        names.append(f"{first_names[place]} {middle}{last_names[(place + shifted) % len(LAST_NAMES)]}")
    return names


def _agent(random: Random, name: str, team: str, shift: Shift, workdays: frozenset[int]) -> Agent:
    return Agent(
        name=name,
        team=team,
        shift=shift,
        workdays=workdays,
        pace=random.lognormvariate(0, 0.2),
        quality=random.gauss(0, 0.3),
        skill=min(0.85, max(0.4, random.gauss(0.63, 0.1))),
    )


def _start_late(agents: list[Agent], start: int, seconds: int) -> None:
    """Two seats on late shifts are filled only after a while."""
    newcomers = [agent for agent in agents if agent.team in (ORDERS, BILLING) and agent.shift is LATE][:2]
    for number, agent in enumerate(newcomers, start=1):
        agent.hired_at = start + seconds * number // 4


def _replace(agents: list[Agent], random: Random, name: str, instant: int) -> Agent:
    """A technician leaves, and somebody new takes the seat."""
    leaver = next(agent for agent in agents if agent.team == TECHNICAL)
    leaver.leaves_at = instant
    newcomer = _agent(random, name, leaver.team, leaver.shift, leaver.workdays)
    newcomer.hired_at = instant
    return newcomer
