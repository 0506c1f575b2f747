"""A lead sees the agents of their own teams by name and all others in sum, an executive nobody by name: whatever is asked."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.scoped_desk import END, agents_of, busiest_ticket, publish, rows
from tests.small_warehouse import NOON, SmallWarehouse
from warehouse.ask import QUESTIONS, Filters, Warehouse, question_sql
from warehouse.scope import EVERYTHING, IN_SUM, SOMEBODY, Scope
from warehouse.series import CATALOGUE

EVER = Filters(datetime(2026, 2, 1), END)
LEAD, EXECUTIVE = Scope(("Billing",)), Scope(())
# What questions ask for beside the filters; what is not here is null: no restriction.
ASKED: dict[str, Any] = {
    "as_of": END,
    "at": END,
    "by_number": True,
    "grain": "day",
    "kind": "csat",
    "mood": "all",
    "most": 100_000,
    "near": 4000,
    "part": "agent",
    "previous_end": datetime(2026, 2, 1),
    "previous_start": datetime(2026, 1, 1),
    "seconds": 60.0,
    "source": "sample",
    "split": "agent",
    "today": datetime(2026, 2, 28),
    "until": END,
    "which": "created",
    "within_days": 7,
    "zone": "UTC",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("scoped")).parent / "data"


@pytest.fixture(scope="module")
def warehouse(folder: Path) -> Warehouse:
    return Warehouse(folder)


def asked(warehouse: Warehouse, question: str, scope: Scope, filters: Filters = EVER, **values: Any) -> pd.DataFrame:
    names = set(re.findall(r"\$([a-z_]+)", re.sub(r"--[^\n]*", "", question_sql(question))))
    given = {name: ASKED.get(name) for name in names - filters.parameters().keys()} | values
    return warehouse.ask(question, filters, scope, **given)


def said(frame: pd.DataFrame) -> str:
    """Everything a frame says, names of columns too."""
    return frame.to_csv()


@pytest.mark.parametrize("scope", [LEAD, EXECUTIVE], ids=["lead", "executive"])
@pytest.mark.parametrize("question", sorted(path.stem for path in QUESTIONS.glob("*.sql")))
def test_no_question_names_an_agent_of_another_team(
    question: str, scope: Scope, warehouse: Warehouse, folder: Path
) -> None:
    hidden = agents_of(folder) - (agents_of(folder, "Billing") if scope is LEAD else set())
    assert len(hidden) > 10
    ticket = {"ticket_id": busiest_ticket(folder)} if "$ticket_id" in question_sql(question) else {}
    told = said(asked(warehouse, question, scope, **ticket))
    assert [name for name in hidden if name in told] == []


def test_the_same_questions_do_name_them_to_who_may_know(warehouse: Warehouse, folder: Path) -> None:
    named = ("agents_table", "agent_notes", "filter_choices", "tickets_behind", "ticket_story")
    for question in named:
        ticket = {"ticket_id": busiest_ticket(folder)} if "$ticket_id" in question_sql(question) else {}
        told = said(asked(warehouse, question, EVERYTHING, **ticket))
        assert any(name in told for name in agents_of(folder) - agents_of(folder, "Billing")), question


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_metric_is_the_same_for_everyone_but_for_the_names(name: str, warehouse: Warehouse, folder: Path) -> None:
    everything = warehouse.series(name, EVER, None, "team")
    pd.testing.assert_frame_equal(warehouse.series(name, EVER, None, "team", scope=LEAD), everything)
    by_agent = warehouse.series(name, EVER, None, "agent", scope=LEAD).dropna(subset="part").set_index("part")
    of_all = warehouse.series(name, EVER, None, "agent").dropna(subset="part").set_index("part")
    own = sorted(agents_of(folder, "Billing") & set(of_all.index))
    pd.testing.assert_frame_equal(by_agent.loc[own], of_all.loc[own])
    assert all(part.startswith(IN_SUM) for part in by_agent.index.difference(own))


def test_others_in_sum_are_the_sum_of_the_others(warehouse: Warehouse, folder: Path) -> None:
    counted = warehouse.series("answered", EVER, None, "agent", scope=LEAD).set_index("part")["value"]
    by_hand = dict(
        rows(
            folder,
            """
with homes as (select agent, max_by(team, last_seen_at) as team from agents group by agent)
select homes.team, count(*)
from store.waits
inner join homes using (agent)
where outcome = 'answered' and ended_at >= '2026-02-01' and ended_at < '2026-03-01'
group by all""",
        )
    )
    assert len(by_hand) > 3
    for team in by_hand.keys() - {"Billing"}:
        assert counted[f"Agents of {team}"] == by_hand[team]


def test_how_many_agents_answered_counts_people_not_names(warehouse: Warehouse, folder: Path) -> None:
    (people,) = rows(
        folder,
        "select count(distinct agent) from store.waits where outcome = 'answered' and ended_at >= '2026-02-01' and ended_at < '2026-03-01'",
    )[0]
    for scope in (LEAD, EXECUTIVE):
        assert warehouse.series("agents_active", EVER, scope=scope)["value"].tolist() == [people]


def test_a_filter_for_a_hidden_agent_finds_nothing(warehouse: Warehouse, folder: Path) -> None:
    hidden = sorted(agents_of(folder) - agents_of(folder, "Billing"))[0]
    filters = Filters(EVER.start, EVER.end, agents=(hidden,))
    assert len(asked(warehouse, "tickets_behind", EVERYTHING, filters)) > 0
    assert asked(warehouse, "tickets_behind", LEAD, filters).empty
    assert asked(warehouse, "agents_table", LEAD, filters).empty


def test_notes_about_agents_of_other_teams_are_not_there(warehouse: Warehouse, folder: Path) -> None:
    assert set(asked(warehouse, "agent_notes", EVERYTHING)["agent"]) == agents_of(folder)
    assert set(asked(warehouse, "agent_notes", LEAD)["agent"]) == agents_of(folder, "Billing")
    assert asked(warehouse, "agent_notes", EXECUTIVE).empty


def test_leads_of_two_teams_see_both_and_scopes_do_not_mix(warehouse: Warehouse, folder: Path) -> None:
    both = Scope(("Billing", "Orders"))
    for scope, teams in ((both, ("Billing", "Orders")), (LEAD, ("Billing",)), (both, ("Billing", "Orders"))):
        choices = asked(warehouse, "filter_choices", scope).query("dimension == 'agent'")["value"]
        named = {name for name in choices if not name.startswith(IN_SUM)}
        assert named == set().union(*(agents_of(folder, team) for team in teams))


def test_a_new_version_reaches_scoped_visitors_too(tmp_path: Path) -> None:
    small = SmallWarehouse(tmp_path)
    small.change(NOON, agent="Ada")
    small.publish()
    warehouse = Warehouse(tmp_path / "data")
    assert warehouse.ask("filter_choices", scope=EXECUTIVE).query("dimension == 'agent'")["value"].tolist() == [
        SOMEBODY
    ]
    small.wait(NOON, 60, agent="Ben")
    small.publish()
    assert warehouse.series("answered", Filters(), scope=EXECUTIVE)["value"].tolist() == [1]
