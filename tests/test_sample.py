"""The made-up help desk behaves like one: load makes waits, histories are consistent, the live mode goes on."""

import csv
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median

import pytest

from pipelines.sample import COLUMNS, DEFAULT_END, HelpDesk, run_live, write_history
from pipelines.sample.demand import Demand
from pipelines.sample.desk import as_instant

Record = dict[str, str]
DAYS, TICKETS, SEED = 28, 6000, 7
KEYS = {
    "tickets": "ticket_id",
    "events": "event_id",
    "messages": "message_id",
    "calls": "call_id",
    "surveys": "response_id",
}


class History:
    """Export files as records; of rows delivered more than once, the last one counts."""

    def __init__(self, folder: Path, desk: HelpDesk) -> None:
        self.folder, self.desk = folder, desk
        self.tickets, self.events, self.messages, self.calls, self.surveys = map(self._latest, KEYS)

    def _latest(self, kind: str) -> dict[str, Record]:
        return {record[KEYS[kind]]: record for record in read(self.folder, kind)}

    def first_answers(self) -> dict[str, Record]:
        answers: dict[str, Record] = {}
        for message in self.messages.values():
            if message["author_kind"] == "agent" and message["public"] == "true":
                answers.setdefault(message["ticket_id"], message)
        return answers

    def first_waits(self, channel: str) -> dict[str, float]:
        """Seconds until the first answer, by ticket; calls by the ticket they became."""
        if channel == "Voice":
            answered = [call for call in self.calls.values() if call["answered_at"]]
            return {call["ticket_id"]: seconds(call["queued_at"], call["answered_at"]) for call in answered}
        return {
            ticket_id: seconds(self.tickets[ticket_id]["created_at"], answer["sent_at"])
            for ticket_id, answer in self.first_answers().items()
            if self.tickets[ticket_id]["channel"] == channel
        }

    def status_changes(self) -> Iterator[tuple[Record, list[Record]]]:
        """Every ticket with its status events in order."""
        events = [event for event in self.events.values() if event["field"] == "status"]
        events.sort(key=lambda event: (event["ticket_id"], event["happened_at"], event["event_id"]))
        for ticket_id, changes in itertools.groupby(events, key=lambda event: event["ticket_id"]):
            yield self.tickets[ticket_id], list(changes)


def read(folder: Path, kind: str) -> list[Record]:
    """The records of all files of a kind, in the order of the file names."""
    records: list[Record] = []
    for path in sorted((folder / kind).glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            records.extend(csv.DictReader(file))
    return records


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def seconds(began: str, ended: str) -> float:
    return (moment(ended) - moment(began)).total_seconds()


def simulate(
    folder: Path, *, tickets: int = TICKETS, days: int = DAYS, seed: int = SEED, staffing: float = 1.0
) -> History:
    desk = write_history(folder, days=days, tickets=tickets, seed=seed, end=DEFAULT_END, staffing=staffing)
    return History(folder, desk)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return simulate(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Twenty thousand tickets in ninety days."""
    folder = tmp_path_factory.mktemp("quarter")
    return History(folder, write_history(folder, days=90, tickets=20_000, seed=SEED, end=DEFAULT_END))


# The same every time


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    simulate(tmp_path / "one", days=3, tickets=400)
    simulate(tmp_path / "two", days=3, tickets=400)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_other_files(tmp_path: Path) -> None:
    simulate(tmp_path / "one", days=3, tickets=400)
    simulate(tmp_path / "two", days=3, tickets=400, seed=8)
    assert contents(tmp_path / "one") != contents(tmp_path / "two")


def test_a_desk_moved_in_many_steps_ends_up_like_one_moved_at_once() -> None:
    start = DEFAULT_END - timedelta(days=2)
    desks = [HelpDesk(seed=SEED, start=start, days=1, tickets=150) for _ in range(2)]
    desks[0].advance(DEFAULT_END)
    for minutes in range(0, 2 * 24 * 60 + 1, 7):
        desks[1].advance(start + timedelta(minutes=minutes))
    desks[1].advance(DEFAULT_END)
    assert desks[0].take_changes() == desks[1].take_changes()


def test_a_time_without_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        write_history(tmp_path, days=1, tickets=10, seed=1, end=datetime(2026, 1, 1))


# Customers


def test_there_are_as_many_contacts_as_asked_for(history: History) -> None:
    written = [ticket for ticket in history.tickets.values() if ticket["channel"] != "Voice"]
    assert len(written) + len(history.calls) == TICKETS


def test_all_five_channels_are_used(history: History) -> None:
    assert {ticket["channel"] for ticket in history.tickets.values()} == {"Email", "Chat", "Voice", "Social", "Web"}


def test_arrivals_follow_the_hour_of_the_day(history: History) -> None:
    hours = Counter(moment(ticket["created_at"]).hour for ticket in history.tickets.values())
    night = mean(hours[hour] for hour in range(5))
    assert 0.15 < night / max(hours.values()) < 0.35


def test_arrivals_follow_the_day_of_the_week(history: History) -> None:
    weekdays = Counter(moment(ticket["created_at"]).weekday() for ticket in history.tickets.values())
    assert max(weekdays[5], weekdays[6]) < 0.8 * min(weekdays[day] for day in range(5))


def test_something_happens_at_nearly_every_hour(history: History) -> None:
    hours = {event["happened_at"][:13] for event in history.events.values()}
    assert len(hours) >= DAYS * 24 - 3


def test_an_incident_brings_many_more_customers() -> None:
    demand = Demand(seed=SEED, start=as_instant(DEFAULT_END) - 90 * 86400, days=90, tickets=20_000)
    incidents = {demand.incident(hour) for hour in range(demand.start, demand.end, 3600)} - {None}
    assert len(incidents) >= 2
    for incident in incidents:
        assert incident is not None
        assert incident.share(incident.began_at) >= 0.5 > incident.share(incident.ended_at) == 0
        assert demand.weight(incident.began_at) > 1.3 * demand.weight(incident.began_at - 1)


# Waits


def test_waits_grow_when_half_of_the_agents_are_gone(history: History, tmp_path: Path) -> None:
    short_staffed = simulate(tmp_path, staffing=0.5)
    for channel in ("Email", "Web", "Voice", "Chat"):
        usual = mean(history.first_waits(channel).values())
        assert mean(short_staffed.first_waits(channel).values()) > 1.2 * usual


def test_waits_grow_when_twice_as_many_customers_meet_the_same_agents(history: History, tmp_path: Path) -> None:
    crowded = simulate(tmp_path, tickets=2 * TICKETS, staffing=0.5)
    assert len(crowded.desk.agents) == len(history.desk.agents)
    for channel in ("Email", "Web", "Voice", "Chat"):
        usual = mean(history.first_waits(channel).values())
        assert mean(crowded.first_waits(channel).values()) > 1.2 * usual


def test_more_callers_give_up_when_agents_are_few(history: History, tmp_path: Path) -> None:
    def abandoned(calls: dict[str, Record]) -> float:
        return mean(bool(call["abandoned_at"]) for call in calls.values())

    assert 0.02 < abandoned(history.calls) < 0.12
    assert abandoned(simulate(tmp_path, staffing=0.5).calls) > 1.4 * abandoned(history.calls)


def test_waits_look_like_those_of_a_help_desk(history: History) -> None:
    assert 15 < median(history.first_waits("Voice").values()) < 60
    assert 30 < median(history.first_waits("Chat").values()) < 120
    assert 0.5 < median(history.first_waits("Email").values()) / 3600 < 4


def test_social_gets_slower(quarter: History) -> None:
    waits = list(quarter.first_waits("Social").values())
    third = len(waits) // 3
    assert median(waits[-third:]) > 1.5 * median(waits[:third])


def test_agents_differ(history: History) -> None:
    calls = [call for call in history.calls.values() if call["answered_at"] and call["ended_at"]]
    by_agent: dict[str, list[float]] = {}
    for call in calls:
        by_agent.setdefault(call["agent"], []).append(seconds(call["answered_at"], call["ended_at"]))
    talk = [mean(times) for times in by_agent.values() if len(times) >= 20]
    assert max(talk) > 1.4 * min(talk)


# A history that holds together


def test_replaying_status_events_gives_the_status_of_every_ticket(history: History) -> None:
    replayed = {ticket["ticket_id"]: changes[-1]["new_value"] for ticket, changes in history.status_changes()}
    assert replayed == {ticket["ticket_id"]: ticket["status"] for ticket in history.tickets.values()}


def test_every_status_change_begins_where_the_one_before_ended(history: History) -> None:
    for _, changes in history.status_changes():
        values = [("", "new"), *((change["old_value"], change["new_value"]) for change in changes[1:])]
        assert (changes[0]["old_value"], changes[0]["new_value"]) == values[0]
        assert all(old == before for (_, before), (old, _) in itertools.pairwise(values))


def test_no_two_status_changes_of_a_ticket_happen_at_once(history: History) -> None:
    for _, changes in history.status_changes():
        assert len({change["happened_at"] for change in changes}) == len(changes)


def test_solved_at_is_the_last_change_to_solved(history: History) -> None:
    for ticket, changes in history.status_changes():
        solved = [change["happened_at"] for change in changes if change["new_value"] == "solved"]
        expected = solved[-1] if solved and ticket["status"] in ("solved", "closed") else ""
        assert ticket["solved_at"] == expected


def test_replaying_the_other_events_gives_agent_team_and_priority(history: History) -> None:
    for event in history.events.values():
        history_of = history.tickets[event["ticket_id"]]
        if event["field"] in ("agent", "team", "priority"):
            history_of[f"last {event['field']}"] = event["new_value"]
    for ticket in history.tickets.values():
        for field in ("agent", "team", "priority"):
            assert ticket.get(f"last {field}", ticket[field]) == ticket[field]


def test_every_answered_call_has_a_ticket_and_no_abandoned_one_does(history: History) -> None:
    for call in history.calls.values():
        assert bool(call["answered_at"]) == (call["ticket_id"] in history.tickets)
        assert not (call["answered_at"] and call["abandoned_at"])


def test_abandoned_chats_are_closed_without_an_answer(history: History) -> None:
    abandoned = [ticket for ticket in history.tickets.values() if ticket["abandoned_at"]]
    assert {(ticket["channel"], ticket["status"]) for ticket in abandoned} == {("Chat", "closed")}
    assert not {ticket["ticket_id"] for ticket in abandoned} & set(history.first_answers())


def test_no_message_comes_before_its_ticket(history: History) -> None:
    for message in history.messages.values():
        assert message["sent_at"] >= history.tickets[message["ticket_id"]]["created_at"]


def test_first_answers_come_from_agents_who_are_on_shift(history: History) -> None:
    agents = {agent.name: agent for agent in history.desk.agents}
    answers = [(answer["author"], answer["sent_at"]) for answer in history.first_answers().values()]
    answers += [(call["agent"], call["answered_at"]) for call in history.calls.values() if call["answered_at"]]
    voice = {ticket["ticket_id"] for ticket in history.tickets.values() if ticket["channel"] == "Voice"}
    assert voice
    for name, answered_at in answers:
        assert agents[name].on_shift(as_instant(moment(answered_at)))


def test_nobody_talks_to_two_callers_at_once(history: History) -> None:
    talks = sorted((c["agent"], c["answered_at"], c["ended_at"]) for c in history.calls.values() if c["ended_at"])
    for (agent, _, ended), (next_agent, answered, _) in itertools.pairwise(talks):
        assert agent != next_agent or not answered or answered >= ended


def test_no_turn_of_a_customer_is_forgotten_on_the_floor(quarter: History) -> None:
    """Whoever writes on an open ticket is answered within days, however shifts change."""
    last_turns: dict[str, Record] = {}
    for message in quarter.messages.values():
        if message["author_kind"] in ("customer", "agent") and message["public"] == "true":
            last_turns[message["ticket_id"]] = message
    waiting = [turn for turn in last_turns.values() if turn["author_kind"] == "customer"]
    open_still = [turn for turn in waiting if quarter.tickets[turn["ticket_id"]]["status"] in ("new", "open")]
    assert max(seconds(turn["sent_at"], DEFAULT_END.isoformat()) for turn in open_still) < 3 * 86_400


def test_tickets_are_reopened_reassigned_escalated_and_some_are_unfinished(history: History) -> None:
    changes = {(event["field"], event["old_value"], event["new_value"]) for event in history.events.values()}
    assert {("status", "solved", "open"), ("escalated", "", "true"), ("team", "Front desk", "Billing")} <= changes
    assert {ticket["status"] for ticket in history.tickets.values()} >= {"new", "open", "pending", "solved", "closed"}


def test_bots_and_private_notes_are_told_apart_from_answers(history: History) -> None:
    kinds = Counter((message["author_kind"], message["public"]) for message in history.messages.values())
    assert set(kinds) == {("customer", "true"), ("agent", "true"), ("agent", "false"), ("bot", "true")}


# Surveys


def csat_and_first_wait(history: History) -> list[tuple[int, float]]:
    waits = history.first_waits("Email") | history.first_waits("Web") | history.first_waits("Social")
    answered = [survey for survey in history.surveys.values() if survey["kind"] == "csat" and survey["score"]]
    return [(int(survey["score"]), waits[survey["ticket_id"]]) for survey in answered if survey["ticket_id"] in waits]


def test_scores_are_worse_after_a_long_wait(history: History) -> None:
    scores = csat_and_first_wait(history)
    soon = mean(score for score, wait in scores if wait < 2 * 3600)
    late = mean(score for score, wait in scores if wait > 8 * 3600)
    assert late < soon - 0.3


def test_scores_are_worse_after_a_ticket_was_reopened(history: History) -> None:
    reopened: dict[str, str] = {}
    for event in history.events.values():
        if (event["old_value"], event["new_value"]) == ("solved", "open"):
            reopened.setdefault(event["ticket_id"], event["happened_at"])
    scores: dict[bool, list[int]] = {True: [], False: []}
    for survey in history.surveys.values():
        if survey["kind"] == "csat" and survey["score"]:
            came_back = reopened.get(survey["ticket_id"], "9") < survey["sent_at"]
            scores[came_back].append(int(survey["score"]))
    assert mean(scores[True]) < mean(scores[False]) - 0.3


def test_between_a_fifth_and_two_fifths_of_the_invitations_are_answered(history: History) -> None:
    for kind, highest in (("csat", 5), ("ces", 7), ("nps", 10)):
        surveys = [survey for survey in history.surveys.values() if survey["kind"] == kind]
        scores = [int(survey["score"]) for survey in surveys if survey["answered_at"]]
        assert 0.2 < len(scores) / len(surveys) < 0.4
        assert (0 if kind == "nps" else 1) <= min(scores) <= max(scores) == highest


def test_an_invitation_answered_another_day_is_delivered_twice(history: History) -> None:
    delivered = Counter(record["response_id"] for record in read(history.folder, "surveys"))
    for survey in history.surveys.values():
        later = survey["answered_at"] and survey["answered_at"][:10] > survey["sent_at"][:10]
        assert delivered[survey["response_id"]] == (2 if later else 1)


# Files


def test_every_day_has_a_file_of_each_kind_with_its_columns(history: History) -> None:
    for kind, columns in COLUMNS.items():
        paths = sorted((history.folder / kind).iterdir())
        assert [path.name for path in paths] == [
            f"{kind}-{(DEFAULT_END - timedelta(days=days)).date()}.csv" for days in range(DAYS, 0, -1)
        ]
        assert all(path.open().readline().strip() == ",".join(columns) for path in paths)


def test_nothing_in_an_export_is_later_than_the_export(history: History) -> None:
    for ticket in read(history.folder, "tickets"):
        assert ticket["created_at"] <= ticket["updated_at"] < ticket["exported_at"]


def test_a_message_may_hold_commas_quotes_and_line_breaks(history: History) -> None:
    bodies = "".join(message["body"] for message in history.messages.values())
    assert "," in bodies
    assert '"' in bodies
    assert "\n" in bodies


# Live


def run_until(desk: HelpDesk, folder: Path, reached: datetime, *, speed: float) -> None:
    """Run the live mode until the desk has reached a time, and check on each sight that no file is half written."""
    stop = threading.Event()
    settings = {"every_seconds": 0.02, "stop": stop, "speed": speed}
    live = threading.Thread(target=run_live, args=(desk, folder), kwargs=settings)
    live.start()
    deadline = time.monotonic() + 30
    while desk.clock < reached and time.monotonic() < deadline:
        assert all(path.read_bytes().endswith(b"\n") for path in folder.glob("*/*.csv"))
    stop.set()
    live.join(timeout=30)
    assert desk.clock >= reached


def test_the_live_mode_goes_on_from_the_history(tmp_path: Path) -> None:
    desk = write_history(tmp_path, days=3, tickets=400, seed=SEED, end=datetime.now(UTC))
    before = History(tmp_path, desk)
    run_until(desk, tmp_path, desk.clock + timedelta(hours=3), speed=20_000)
    after = History(tmp_path, desk)
    assert len(after.tickets) > len(before.tickets)
    numbers = [int(event["event_id"][2:]) for event in read(tmp_path, "events")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert not list(tmp_path.rglob(".*"))


def test_live_files_sort_after_the_history_and_hold_together_with_it(tmp_path: Path) -> None:
    desk = write_history(tmp_path, days=2, tickets=300, seed=SEED, end=datetime.now(UTC))
    run_until(desk, tmp_path, desk.clock + timedelta(hours=3), speed=20_000)
    both = History(tmp_path, desk)
    exported = [ticket["exported_at"] for ticket in read(tmp_path, "tickets")]
    assert exported == sorted(exported)
    for ticket, changes in both.status_changes():
        assert ticket["status"] == changes[-1]["new_value"]


def test_a_desk_behind_the_clock_catches_up_first(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    desk = write_history(tmp_path, days=2, tickets=300, seed=SEED, end=now - timedelta(days=2))
    run_until(desk, tmp_path, now - timedelta(seconds=1), speed=1.0)
    assert desk.clock <= datetime.now(UTC)
    assert len(list(tmp_path.glob("tickets/tickets-*T*Z.csv"))) >= 2
