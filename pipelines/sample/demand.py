"""When customers turn to the made-up help desk, how, and what about: hour, weekday, growth and incidents."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from random import Random

from pipelines.sample.catalogue import INCIDENT_TOPICS, TOPICS
from pipelines.sample.people import DAY, HOUR, weekday
from pipelines.sample.topics import CHANNELS, CHAT, EMAIL, PHONE, SOCIAL, WEB, Topic

# Demand by hour (UTC) and weekday against the busiest: nights keep about a quarter of it.
BY_HOUR = (
    0.26, 0.24, 0.22, 0.22, 0.23, 0.27, 0.36, 0.55, 0.82, 0.98, 1.00, 0.97,
    0.89, 0.91, 0.95, 0.92, 0.87, 0.80, 0.71, 0.62, 0.52, 0.42, 0.34, 0.29,
)  # fmt: skip
BY_WEEKDAY = (1.12, 1.05, 1.00, 0.98, 0.94, 0.56, 0.48)

BY_CHANNEL = {EMAIL: 0.34, CHAT: 0.18, PHONE: 0.26, SOCIAL: 0.06, WEB: 0.16}
SOCIAL_GROWTH = 1.4
GROWTH = 0.12
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Incident:
    """Something broke: for a while a topic brings ``strength`` times all other demand on top, and fades."""

    began_at: int
    ended_at: int
    topic: Topic
    strength: float

    def share(self, instant: int) -> float:
        """Extra demand at an instant, as a multiple of the usual."""
        if not self.began_at <= instant < self.ended_at:
            return 0.0
        return self.strength * (self.ended_at - instant) / (self.ended_at - self.began_at)


class Demand:
    """Arrivals: exactly ``tickets`` in the ``days`` after ``start``, and from then on as many as those days suggest."""

    def __init__(self, *, seed: int, start: int, days: int, tickets: int) -> None:
        self.random = Random(f"{seed}-demand")
        self.seed, self.start, self.end, self.tickets = seed, start, start + days * DAY, tickets
        self._hours = range(start, self.end, HOUR)
        self._running_total = list(accumulate(self.weight(hour + HOUR // 2) for hour in self._hours))

    def weight(self, instant: int) -> float:
        """Expected demand at an instant, where a busy hour in mid-history is about 1."""
        usual = BY_HOUR[instant % DAY // HOUR] * BY_WEEKDAY[weekday(instant)]
        growth = 1 + GROWTH * (self.progress(instant) - 0.5)
        incident = self.incident(instant)
        return usual * growth * (1 + (incident.share(instant) if incident else 0.0))

    def progress(self, instant: int) -> float:
        """How much of the history has gone by, 0 to 1: what grows or shrinks does so until its end."""
        return min(1.0, max(0.0, (instant - self.start) / (self.end - self.start)))

    def incident(self, instant: int) -> Incident | None:
        """The incident of the week that ``instant`` is in, if it has one."""
        return _incident(self.seed, (instant + 3 * DAY) // WEEK)

    def incidents(self) -> set[Incident]:
        """Those that begin within the history."""
        found = {self.incident(hour) for hour in self._hours} - {None}
        return {incident for incident in found if incident and self.start <= incident.began_at < self.end}

    def instants(self) -> Iterator[int]:
        """Every arrival, in order, without end."""
        yield from self._history()
        yield from self._afterwards()

    def _history(self) -> list[int]:
        total = self._running_total[-1]
        hours = (bisect_right(self._running_total, self.random.random() * total) for _ in range(self.tickets))
        return sorted(self._hours[hour] + self.random.randrange(HOUR) for hour in hours)

    def _afterwards(self) -> Iterator[int]:
        """A Poisson stream whose pace changes at each full hour: gaps that reach over the hour are drawn anew."""
        per_weight = self.tickets / self._running_total[-1]
        instant = float(self.end)
        while True:
            next_hour = (instant // HOUR + 1) * HOUR
            instant += self.random.expovariate(per_weight * self.weight(int(instant)) / HOUR)
            if instant < next_hour:
                yield int(instant)
            else:
                instant = next_hour

    def channel_and_topic(self, instant: int) -> tuple[str, Topic]:
        """What the customer who arrives at ``instant`` wants, and how they reach us."""
        channel = self.random.choices(CHANNELS, cum_weights=self._channel_weights(instant))[0]
        incident = self.incident(instant)
        share = incident.share(instant) if incident else 0.0
        if incident and self.random.random() < share / (1 + share):
            return channel, incident.topic
        return channel, self.random.choices(TOPICS, cum_weights=_topic_weights(channel))[0]

    def _channel_weights(self, instant: int) -> list[float]:
        """Fewer calls at night, more posts at weekends, and more posts as time goes by."""
        hour, at_weekend = instant % DAY // HOUR, weekday(instant) >= 5
        weights = dict(BY_CHANNEL)
        weights[PHONE] *= 0.6 if hour < 7 or hour >= 21 else 1.0
        weights[SOCIAL] *= (1.3 if at_weekend else 1.0) * (1 + SOCIAL_GROWTH * self.progress(instant))
        return list(accumulate(weights[channel] for channel in CHANNELS))


@lru_cache(maxsize=512)
def _incident(seed: int, week: int) -> Incident | None:
    """Two weeks in five have an incident; the same seed has the same ones, however long the history."""
    random = Random(f"{seed}-incident-{week}")
    if random.random() > 0.4:
        return None
    monday = week * WEEK - 3 * DAY
    began_at = monday + random.randrange(5) * DAY + random.randrange(6, 15) * HOUR
    ended_at = began_at + random.randrange(8, 30) * HOUR
    return Incident(began_at, ended_at, random.choice(INCIDENT_TOPICS), random.uniform(0.5, 1.1))


@lru_cache(maxsize=len(CHANNELS))
def _topic_weights(channel: str) -> list[float]:
    return list(accumulate(topic.weight * topic.channels.get(channel, 1.0) for topic in TOPICS))
