"""Agents and teams that rows name by id: what is shown are their names, whichever came first and however often they change."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from pipelines import refresh
from pipelines.__main__ import main
from pipelines.refresh import Pipelines
from tests.conftest import Desk
from tests.test_privacy import KEY, found_in, pseudonym
from warehouse.ask import Warehouse
from warehouse.connection import newest_version
from warehouse.scope import Scope, ScopedVersion
from warehouse.settings import load

DAY = "2026-01-05"  # a Monday
EXPORTS = {
    "tickets": (
        "ticket_id,created_at,updated_at,status,channel,team,agent,customer,solved_at\n"
        f"T1,{DAY}T09:00:00Z,{DAY}T12:00:00Z,solved,email,501,71,890010001,{DAY}T12:00:00Z\n"
        f"T2,{DAY}T10:00:00Z,{DAY}T10:00:00Z,open,email,502,72,890010002,\n"
    ),
    "events": (
        "ticket_id,happened_at,field,old_value,new_value,actor\n"
        f"T1,{DAY}T09:10:00Z,agent,,72,72\n"
        f"T1,{DAY}T09:20:00Z,agent,72,71,73\n"
        f"T1,{DAY}T09:21:00Z,team,502,501,73\n"
        f"T1,{DAY}T12:00:00Z,status,open,solved,71\n"
        f"T2,{DAY}T10:05:00Z,priority,71,501,890010002\n"
    ),
    "messages": (
        "message_id,ticket_id,sent_at,author,author_kind\n"
        f"m1,T1,{DAY}T09:00:00Z,890010001,by_author\n"
        f"m2,T1,{DAY}T09:30:00Z,71,by_author\n"
        f"m3,T2,{DAY}T10:00:00Z,890010002,by_author\n"
    ),
    "calls": (
        "call_id,agent,team,customer,entered_at,queued_at,answered_at,ended_at\n"
        f"C1,72,502,9003,{DAY}T11:00:00Z,{DAY}T11:00:00Z,{DAY}T11:01:00Z,{DAY}T11:05:00Z\n"
    ),
    "surveys": (
        "response_id,ticket_id,kind,score,sent_at,agent,team\n"
        "r1,T1,csat,5,2026-01-06T09:00:00Z,,\nr2,,csat,4,2026-01-06T09:00:00Z,72,502\n"
    ),
    "names": "of,id,name\nagent,71,Ada\nagent,72,Ben\nagent,73,Cleo\nteam,501,Billing\nteam,502,Orders\n",
}
SHOWN: dict[str, list[tuple[Any, ...]]] = {
    "select ticket_id, team, agent from tickets order by all": [
        ("C1", "Orders", "Ben"),
        ("T1", "Billing", "Ada"),
        ("T2", "Orders", "Ben"),
    ],
    "select field, old_value, new_value, actor from ticket_events where ticket_id = 'T1' and not is_inferred order by happened_at": [
        ("agent", None, "Ben", "Ben"),
        ("agent", "Ben", "Ada", "Cleo"),
        ("team", "Orders", "Billing", "Cleo"),
        ("status", "open", "solved", "Ada"),
    ],
    # A priority that looks like an id is none, and a customer's id is no agent's.
    "select old_value, new_value, actor from ticket_events where ticket_id = 'T2' and not is_inferred": [
        ("71", "501", pseudonym("890010002"))
    ],
    "select ticket_id, team, agent, outcome, wait_seconds from waits order by all": [
        ("C1", "Orders", "Ben", "answered", 60.0),
        ("T1", "Billing", "Ada", "answered", 1800.0),
        ("T2", "Orders", "Ben", "waiting", None),
    ],
    "select message_id, author, author_kind from messages order by all": [
        ("m1", pseudonym("890010001"), "customer"),
        ("m2", "Ada", "agent"),
        ("m3", pseudonym("890010002"), "customer"),
    ],
    "select response_id, team, agent from survey_responses order by all": [
        ("r1", "Billing", "Ada"),
        ("r2", "Orders", "Ben"),
    ],
    "select agent, team from agents order by all": [("Ada", "Billing"), ("Ben", "Orders")],
    "select team, agents, tickets from teams order by all": [("Billing", 1, 1), ("Orders", 1, 2)],
    "select team, sum(arrived), sum(answered), sum(solved) from queue_hours group by team order by team": [
        ("Billing", 1, 1, 1),
        ("Orders", 2, 1, 1),
    ],
    "select ticket_id, change, team, agent from backlog_changes order by all": [
        ("C1", "arrived", "Orders", "Ben"),
        ("C1", "solved", "Orders", "Ben"),
        ("T1", "arrived", "Billing", "Ada"),
        ("T1", "solved", "Billing", "Ada"),
        ("T2", "arrived", "Orders", "Ben"),
    ],
    "select call_id, ticket_id, team, agent from calls": [("C1", "C1", "Orders", "Ben")],
}
NAMING = ("agent", "team", "actor", "author", "answered_by", "shown")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", KEY)


def with_sources(desk: Desk) -> Desk:
    for name in EXPORTS:
        desk.source(name, name.removesuffix("s"), 'part_of = "desk"')
    return desk


@pytest.fixture
def named(desk: Desk) -> Desk:
    """A desk whose sources are set up and have delivered nothing yet."""
    return with_sources(desk)


def deliver(desk: Desk, *names: str) -> None:
    """Delivers these exports, or all; each was written at a time of its own, whenever it comes."""
    for name in names or EXPORTS:
        desk.deliver(f"{name}/a.csv", EXPORTS[name], age=60 * list(EXPORTS).index(name))


def rename(desk: Desk, *rows: str) -> None:
    """Delivers names anew, an hour after all else was written."""
    desk.deliver("names/b.csv", "\n".join(["of,id,name", *rows]) + "\n", age=3600)


def shown(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    return {sql: desk.ask(sql) for sql in SHOWN}


def read_with(names: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    """SHOWN with other names."""
    return {
        sql: sorted((tuple(names.get(cell, cell) for cell in row) for row in rows), key=repr)
        for sql, rows in SHOWN.items()
    }


def said(desk: Desk) -> set[Any]:
    """Every value that names an agent or a team, in every table and view but the delivered rows."""
    found = desk.ask(
        "select schema_name, table_name, column_name from duckdb_columns() where not internal"
        " and not ends_with(table_name, '_rows') and list_contains($naming, column_name)",
        naming=list(NAMING),
    )
    assert len(found) > 20
    selects = [f'select "{column}" from {schema}.{table}' for schema, table, column in found]
    selects.append("select unnest([old_value, new_value]) from ticket_events where field in ('agent', 'team')")
    return {value for select in selects for (value,) in desk.ask(select)}


def tables(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """What people query, and what it is made of; the pipelines' own notes apart."""
    names = desk.ask(
        "select schema_name || '.' || name from (select schema_name, table_name as name, internal from duckdb_tables()"
        " union all select schema_name, view_name, internal from duckdb_views()) where not internal and not ends_with(name, '_rows')"
    )
    own = {"main.files", "main.delivered_columns", "main.runs", "main.check_results", "store.memory", "store.looked"}
    return {name: desk.ask(f"from {name} order by all") for (name,) in names if name not in own}


@pytest.mark.parametrize("last", ["names", "rows", "nothing"])
def test_names_are_shown_whether_they_come_before_the_rows_or_after(last: str, named: Desk) -> None:
    rows = [name for name in EXPORTS if name != "names"]
    for names in {"names": (rows, ["names"]), "rows": (["names"], rows), "nothing": (list(EXPORTS),)}[last]:
        deliver(named, *names)
        assert named.run().problems == []
    assert shown(named) == SHOWN


def test_without_names_ids_are_shown_and_who_holds_a_ticket_is_its_agent(named: Desk) -> None:
    deliver(named, "tickets", "events", "messages")
    named.run()
    assert named.ask("select ticket_id, team, agent from tickets order by all") == [
        ("T1", "501", "71"),
        ("T2", "502", "72"),
    ]
    assert named.ask("select message_id, author, author_kind from messages order by all") == [
        ("m1", pseudonym("890010001"), "customer"),
        ("m2", "71", "agent"),
        ("m3", pseudonym("890010002"), "customer"),
    ]
    assert named.ask(
        "select first_response_seconds, reply_count, customer_message_count from tickets where ticket_id = 'T1'"
    ) == [(1800.0, 1, 1)]


def test_who_held_a_ticket_before_is_an_agent_there_though_nobody_names_them(named: Desk) -> None:
    deliver(named, "tickets", "events", "messages")
    named.deliver(
        "messages/late.csv", f"message_id,ticket_id,sent_at,author,author_kind\nm4,T1,{DAY}T09:15:00Z,72,by_author\n"
    )
    named.run()
    assert named.ask("select author, author_kind from messages where message_id = 'm4'") == [("72", "agent")]
    assert named.ask("select first_response_seconds from tickets where ticket_id = 'T1'") == [(900.0,)]


def test_an_author_whom_names_know_as_an_agent_answers_and_any_other_asks(named: Desk) -> None:
    deliver(named)
    named.run()
    assert named.ask(
        "select ticket_id, first_response_seconds, reply_count, customer_message_count, handoff_count from tickets"
        " where ticket_id like 'T%' order by all"
    ) == [("T1", 1800.0, 1, 1, 1), ("T2", None, 0, 1, 0)]


def test_a_new_name_takes_the_place_of_the_old_one_everywhere(named: Desk) -> None:
    deliver(named)
    named.run()
    rename(named, "agent,71,Ada Byron", "team,501,Invoices")
    assert named.run().tickets_built == 1
    expected = read_with({"Ada": "Ada Byron", "Billing": "Invoices"})
    assert {sql: sorted(rows, key=repr) for sql, rows in shown(named).items()} == expected
    assert said(named) & {"Ada", "Billing", "71", "501"} == set()


def test_an_agent_who_only_changed_or_wrote_has_a_new_name_there_too(named: Desk) -> None:
    deliver(named)
    named.run()
    rename(named, "agent,73,Cleopatra")
    assert named.run().tickets_built == 1
    assert named.ask("select distinct actor from ticket_events where field = 'team'") == [("Cleopatra",)]
    assert "Cleo" not in said(named)


def test_the_same_name_told_again_builds_nothing(named: Desk) -> None:
    deliver(named)
    named.run()
    named.deliver("names/b.csv", "of,id,name,updated_at\nagent,71,Ada,2026-01-07T00:00:00Z\n", age=3600)
    assert named.run().tickets_built == 0
    assert shown(named) == SHOWN


def test_no_id_is_left_where_its_name_is_known(named: Desk) -> None:
    deliver(named)
    named.run()
    values = said(named)
    assert values & {"71", "72", "73", "501", "502"} == set()
    assert {"Ada", "Ben", "Cleo", "Billing", "Orders"} <= values


def test_two_agents_of_one_name_are_told_apart_until_one_has_another(named: Desk) -> None:
    deliver(named)
    named.run()
    rename(named, "agent,72,Ada")
    named.run()
    assert named.ask("select agent from agents order by all") == [("Ada (71)",), ("Ada (72)",)]
    named.deliver("names/c.csv", "of,id,name\nagent,72,Ben\n", age=7200)
    named.run()
    assert shown(named) == SHOWN


def test_a_name_that_is_the_id_of_somebody_else_is_never_taken_for_it(named: Desk) -> None:
    deliver(named)
    rename(named, "agent,71,72")
    named.run()
    assert named.ask("select agent from agents order by all") == [("72 (71)",), ("Ben",)]
    assert named.ask("select author from messages where author_kind = 'agent'") == [("72 (71)",)]
    assert named.ask("select agent from survey_responses where response_id = 'r1'") == [("72 (71)",)]


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_delivery_does_not_matter(seed: int, tmp_path: Path) -> None:
    at_once, shuffled = (with_sources(Desk(tmp_path / name)) for name in ("at once", "shuffled"))
    deliver(at_once)
    rename(at_once, "agent,72,Benno", "team,502,Sales")
    at_once.run()
    for name in random.Random(seed).sample([*EXPORTS, "new names"], len(EXPORTS) + 1):
        if name == "new names":
            rename(shuffled, "agent,72,Benno", "team,502,Sales")
        else:
            deliver(shuffled, name)
        assert shuffled.run().problems == []
    assert tables(shuffled) == tables(at_once)
    assert "Sales" in said(shuffled)


def test_step_by_step_gives_the_tables_of_a_rebuild(named: Desk) -> None:
    for name in ("tickets", "names", "messages", "events"):
        deliver(named, name)
        named.run()
    rename(named, "agent,71,Ben", "team,502,Sales")
    deliver(named, "calls", "surveys")
    named.run()
    step_by_step = tables(named)
    (named.folder / "data" / "loading.duckdb").unlink()
    named.run()
    assert tables(named) == step_by_step
    assert {"Ben (71)", "Ben (72)", "Sales"} <= said(named)


def test_names_that_are_gone_from_the_settings_leave_the_ids(named: Desk) -> None:
    deliver(named)
    named.run()
    named.sections = [section for section in named.sections if "sources.names" not in section]
    named.run()
    assert named.ask("select agent from tickets order by all") == [("71",), ("72",), ("72",)]
    # Whoever holds a ticket is known to be its agent without a name.
    assert named.ask("select author_kind, count(*) from messages group by all order by all") == [
        ("agent", 1),
        ("customer", 2),
    ]


def test_names_that_a_killed_run_loaded_are_shown_by_the_next(named: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(named, *(name for name in EXPORTS if name != "names"))
    named.run()
    deliver(named, "names")
    pipelines = Pipelines(load(named.settings_file()))
    with monkeypatch.context() as killed:
        killed.setattr(refresh, "build", lambda *_: exit())
        with pytest.raises(SystemExit):
            pipelines.run("test")
    pipelines.close()
    named.run()
    assert shown(named) == SHOWN


def test_a_source_s_names_are_its_own(named: Desk) -> None:
    deliver(named)
    named.source("others", "ticket")
    named.deliver("others/a.csv", f"ticket_id,created_at,team,agent\nX1,{DAY}T09:00:00Z,501,71\n")
    named.run()
    assert named.ask("select team, agent from tickets where source = 'others'") == [("501", "71")]


def test_working_hours_of_a_team_hold_by_its_name(named: Desk) -> None:
    named.setting('[[schedules]]\nname = "Mornings"\nteam = "Billing"\nhours = { mon-fri = "10:00-11:00" }\n')
    deliver(named, "tickets", "names")
    named.run()
    solved = "select schedule_id, full_resolution_business_seconds from tickets where ticket_id = 'T1'"
    assert named.ask(solved) == [("Mornings", 3600.0)]
    rename(named, "team,501,Invoices")
    named.run()
    assert named.ask(solved) == [(None, None)]


def test_working_hours_follow_the_changes_of_team_by_name(named: Desk) -> None:
    named.setting(
        '[[schedules]]\nname = "Early"\nteam = "Orders"\nhours = { mon = "09:00-09:20" }\n'
        '[[schedules]]\nname = "Late"\nteam = "Billing"\nhours = { mon = "11:30-17:00" }\n'
    )
    deliver(named, "tickets", "events", "names")
    named.run()
    # Orders held it to 09:21, all of its twenty minutes; Billing from then until it was solved at 12:00.
    business = "select full_resolution_business_seconds from tickets where ticket_id = 'T1'"
    assert named.ask(business) == [(20 * 60 + 30 * 60,)]


def test_a_customer_is_a_hash_and_an_agent_a_name_unless_customers_are_kept(named: Desk) -> None:
    deliver(named)
    named.run()
    assert found_in(named.folder / "data", ("890010001", "890010002")) == []
    named.keep("customer")
    named.run()
    kept = {pseudonym(name): name for name in ("890010001", "890010002")}
    assert {sql: sorted(rows, key=repr) for sql, rows in shown(named).items()} == read_with(kept)


def test_an_actor_whom_nobody_knows_stays_a_hash(named: Desk) -> None:
    deliver(named, "tickets", "names")
    named.deliver("events/b.csv", f"ticket_id,happened_at,field,new_value,actor\nT1,{DAY}T11:00:00Z,priority,high,74\n")
    named.run()
    assert named.ask("select actor from ticket_events where field = 'priority'") == [(pseudonym("74"),)]
    rename(named, "agent,74,Dora")
    named.run()
    assert named.ask("select actor from ticket_events where field = 'priority'") == [("Dora",)]


@pytest.mark.parametrize("kind", ["customer", "unknown", "bot"])
def test_whom_the_row_itself_says_to_be_no_agent_is_none(kind: str, named: Desk) -> None:
    deliver(named, "tickets", "names")
    row = f"m9,T1,{DAY}T09:40:00Z,71,{kind}\n"
    named.deliver("messages/b.csv", "message_id,ticket_id,sent_at,author,author_kind\n" + row)
    named.run()
    author = "71" if kind == "bot" else pseudonym("71")
    assert named.ask("select author, author_kind from messages") == [(author, kind)]


def test_a_row_that_names_neither_agent_nor_team_is_refused_without_the_name(named: Desk) -> None:
    deliver(named, "tickets")
    named.deliver(
        "names/a.csv", "of,id,name\nTeam,501,Billing\nend-user,890010001,Quillfeather Zumbrowski\nagent,,Ada\n"
    )
    named.run()
    assert named.ask("select reason from rejected_rows order by all") == [
        ("id is empty",),
        ("of is end-user; it must be agent or team: map it under values.of",),
    ]
    assert found_in(named.folder / "data", ("Quillfeather", "Zumbrowski")) == []
    assert named.ask("select team from tickets where ticket_id = 'T1'") == [("Billing",)]


def test_when_an_agent_was_renamed_does_not_move_what_is_now(named: Desk) -> None:
    deliver(named, "tickets")
    named.deliver("names/a.csv", "of,id,name,updated_at\nagent,71,Ada,2026-01-30T00:00:00Z\n")
    named.run()
    assert named.ask("select as_of::varchar from as_of") == [(f"{DAY} 12:00:00",)]


def test_somebody_erased_loses_their_messages_and_the_agent_keeps_the_answer(named: Desk) -> None:
    deliver(named)
    named.run()
    assert main(["forget", "890010001", "--settings", str(named.settings_file())]) == 0
    landed = (named.folder / "data" / "landing" / "messages").iterdir()
    text = "".join(gzip.decompress(path.read_bytes()).decode() for path in landed)
    assert "890010001" not in text
    assert f"T1,{DAY}T09:30:00Z,71,by_author" in text
    assert named.ask("select message_id, author, author_kind from messages order by all") == [
        ("m1", None, "customer"),
        ("m2", "Ada", "agent"),
        ("m3", pseudonym("890010002"), "customer"),
    ]
    assert named.ask("select first_response_seconds, agent from tickets where ticket_id = 'T1'") == [(1800.0, "Ada")]


def test_a_ticket_s_calls_and_story_name_the_agent(named: Desk) -> None:
    deliver(named)
    named.run()
    warehouse = Warehouse(named.folder / "data")
    calls = warehouse.ask("ticket_calls", source="desk", ticket_id="C1")
    assert calls["agent"].tolist() == ["Ben"]
    story = warehouse.ask("ticket_story", source="desk", ticket_id="C1")
    assert story.loc[story["what"] == "Call answered", "who"].tolist() == ["Ben"]


def test_who_may_not_know_agents_by_name_finds_no_list_of_them(named: Desk) -> None:
    deliver(named)
    named.run()
    data = named.folder / "data"
    cursor = ScopedVersion(data, newest_version(data)).cursor(Scope(("Billing",)))
    for table in ("store.name_rows", "store.names_shown"):
        assert cursor.execute(f"select distinct of from {table}").fetchall() == [("team",)]
    assert cursor.execute("select agent from calls").fetchall() == [("Agents of Orders",)]
