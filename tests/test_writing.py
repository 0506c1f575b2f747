"""What people write in the dashboard is kept with the data, and moves nothing of it."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.refresh import Pipelines
from pipelines.sample import COLUMNS, DEFAULT_END, write_history
from pipelines.sample.demand import Demand
from tests.conftest import Desk
from warehouse.errors import RowNotWritten, SettingsError
from warehouse.settings import load
from warehouse.writing import remove, write

RELEASE = {"happened_at": "2026-01-05T09:00:00Z", "kind": "release", "label": "App 5.2"}
COACHING = {"agent": "Ada", "kind": "coaching", "body": "Ask first, then answer.", "author": "Lee"}
VIEW = {"name": "Mine", "page": "wait_times", "query": "channel=email&days=7"}
TICKETS = "ticket_id,created_at,exported_at\nT1,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z\n"
HOSTILE = '<b onclick="x">=HYPERLINK("h")\n\'; drop table tickets;--\t\\u0041\\ 😀{a}\u2028%s\x01\x7f\ufeffé,;|'


@pytest.fixture
def data(ticket_desk: Desk) -> Path:
    """The data folder of a desk that has loaded one ticket."""
    ticket_desk.deliver("tickets/a.csv", TICKETS)
    ticket_desk.run()
    return ticket_desk.folder / "data"


def _leave(data: Path, kind: str, name: str, content: str | bytes) -> None:
    """A file in the written folder that `write` did not make."""
    path = data / "written" / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


# Written, and in the warehouse after the next run


def test_an_annotation_is_in_the_warehouse_after_the_next_run(ticket_desk: Desk, data: Path) -> None:
    more = {"ended_at": datetime(2026, 1, 5, 12, 30), "body": "To all", "channel": "web", "team": "Billing"}
    identity = write(data, "annotation", RELEASE | more | {"author": "Ada", "updated_at": "2026-01-06T00:00:00Z"})
    ticket_desk.run()
    (row,) = ticket_desk.ask("select * from annotations")
    at, ended_at, updated_at = (
        datetime(2026, 1, 5, 9, 0),
        datetime(2026, 1, 5, 12, 30),
        datetime(2026, 1, 6),
    )
    assert row == (
        "written", identity, at, ended_at, "release", "App 5.2", "To all", "web", "Billing", "Ada", updated_at,
    )  # fmt: skip


def test_a_note_about_an_agent_is_dated_when_it_is_written(ticket_desk: Desk, data: Path) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    identity = write(data, "note", COACHING | {"ticket_id": "T1"})
    after = datetime.now(UTC).replace(tzinfo=None)
    ticket_desk.run()
    (row,) = ticket_desk.ask(
        "select note_id, agent, kind, body, author, ticket_id, written_at, updated_at from agent_notes"
    )
    assert row[:6] == (identity, "Ada", "coaching", "Ask first, then answer.", "Lee", "T1")
    assert before <= row[6] == row[7] <= after


def test_a_saved_view_keeps_its_address(ticket_desk: Desk, data: Path) -> None:
    identity = write(data, "view", VIEW)
    ticket_desk.run()
    assert ticket_desk.ask("select view_id, name, page, query, author from saved_views") == [
        (identity, "Mine", "wait_times", "channel=email&days=7", None)
    ]


def test_ids_are_random_and_given_ones_are_kept(data: Path) -> None:
    one, two = (write(data, "annotation", RELEASE) for _ in range(2))
    assert (len(one), len(two)) == (32, 32)
    assert int(one, 16) != int(two, 16)
    assert write(data, "annotation", RELEASE | {"annotation_id": "../../A-1"}) == "../../A-1"


def test_instants_of_any_zone_are_kept_as_utc(ticket_desk: Desk, data: Path) -> None:
    for place, at in enumerate(
        (
            datetime(2026, 1, 5, 9, 0),
            datetime(2026, 1, 5, 11, 0, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-05T04:00:00-05:00",
        )
    ):
        write(data, "annotation", {"happened_at": at, "label": f"{place}"})
    ticket_desk.run()
    assert ticket_desk.ask("select distinct happened_at from annotations") == [(datetime(2026, 1, 5, 9, 0),)]


def test_what_a_frame_has_for_nothing_is_nothing(ticket_desk: Desk, data: Path) -> None:
    nothing = {"ended_at": float("nan"), "body": None, "channel": "", "team": "  "}
    write(data, "annotation", RELEASE | nothing)
    ticket_desk.run()
    assert ticket_desk.ask("select ended_at, body, channel, team from annotations") == [(None, None, None, None)]


@pytest.mark.parametrize("field", ["label", "body"])
def test_hostile_text_comes_back_as_it_was_written(ticket_desk: Desk, data: Path, field: str) -> None:
    write(data, "annotation", RELEASE | {field: HOSTILE})
    ticket_desk.run()
    assert ticket_desk.ask(f"select {field} from annotations") == [(HOSTILE,)]
    assert ticket_desk.ask("select count(*) from tickets") == [(1,)]


def test_the_longest_text_allowed_comes_back_whole(ticket_desk: Desk, data: Path) -> None:
    write(data, "annotation", RELEASE | {"label": "😀" * 80, "body": "\n".join(["ü" * 1999, "ü" * 2000])})
    ticket_desk.run()
    assert ticket_desk.ask("select label = repeat('😀', 80), length(body) from annotations") == [(True, 4000)]


# Newer replaces older


def test_written_again_under_its_id_the_newest_holds(ticket_desk: Desk, data: Path) -> None:
    identity = write(data, "annotation", RELEASE)
    ticket_desk.run()
    write(data, "annotation", RELEASE | {"annotation_id": identity, "label": "App 5.3"})
    write(data, "annotation", RELEASE | {"annotation_id": identity, "label": "App 5.4"})
    ticket_desk.run()
    assert ticket_desk.ask("select annotation_id, label from annotations") == [(identity, "App 5.4")]


def test_removed_ones_vanish(ticket_desk: Desk, data: Path) -> None:
    kept = write(data, "annotation", RELEASE)
    rows = {"annotation": RELEASE, "note": COACHING, "view": VIEW}
    ids = {kind: write(data, kind, row) for kind, row in rows.items()}
    ticket_desk.run()
    assert ticket_desk.ask("select count(*) from annotations") == [(2,)]
    for kind, row in rows.items():
        assert remove(data, kind, ids[kind], row) == ids[kind]
    ticket_desk.run()
    assert ticket_desk.ask("select annotation_id from annotations") == [(kept,)]
    assert ticket_desk.ask("select (from agent_notes select count(*)), (from saved_views select count(*))") == [(0, 0)]


def test_a_row_read_from_the_warehouse_can_be_removed(ticket_desk: Desk, data: Path) -> None:
    identity = write(data, "annotation", RELEASE)
    ticket_desk.run()
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        (row,) = connection.sql("select * exclude (source) from annotations").df().to_dict("records")
    remove(data, "annotation", identity, row)
    ticket_desk.run()
    assert ticket_desk.ask("select count(*) from annotations") == [(0,)]


def test_of_views_with_one_name_the_one_saved_last_holds_and_removing_it_brings_back_no_other(
    ticket_desk: Desk, data: Path
) -> None:
    write(data, "view", VIEW | {"saved_at": "2026-01-02T00:00:00Z", "view_id": "old"})
    newer = VIEW | {"saved_at": "2026-01-03T00:00:00Z", "query": "days=30"}
    write(data, "view", newer | {"view_id": "new"})
    write(data, "view", VIEW | {"saved_at": "2026-01-01T00:00:00Z", "page": "live", "view_id": "elsewhere"})
    ticket_desk.run()
    assert ticket_desk.ask("select page, view_id, query from saved_views order by page") == [
        ("live", "elsewhere", "channel=email&days=7"),
        ("wait_times", "new", "days=30"),
    ]
    remove(data, "view", "new", newer)
    ticket_desk.run()
    assert ticket_desk.ask("select view_id from saved_views") == [("elsewhere",)]


# Nothing else moves


def test_remarks_move_neither_the_sources_nor_their_as_of_nor_a_ticket(ticket_desk: Desk, data: Path) -> None:
    about = "select source, feed, kind, as_of, delivered_at, answers_known from sources"
    before = ticket_desk.ask(about)
    assert [row[:4] for row in before] == [("tickets", "tickets", "ticket", datetime(2026, 1, 1, 12, 0))]
    tickets = ticket_desk.ask("select * from tickets")
    write(data, "annotation", RELEASE | {"happened_at": "2030-01-01T00:00:00Z"})
    write(data, "note", COACHING | {"ticket_id": "T9", "written_at": "2030-01-01T00:00:00Z"})
    write(data, "view", VIEW)
    ticket_desk.source("releases", "annotation", 'part_of = "tickets"')
    ticket_desk.deliver(
        "releases/a.csv",
        "annotation_id,happened_at,label,exported_at\n1,2031-01-01T00:00:00Z,Later,2031-01-01T00:00:00Z\n",
    )
    report = ticket_desk.run()
    assert (report.arrived, report.tickets_built, report.problems) == (4, 0, [])
    assert ticket_desk.ask(about) == before
    assert ticket_desk.ask("from as_of") == [("tickets", datetime(2026, 1, 1, 12, 0))]
    assert ticket_desk.ask("select * from tickets") == tickets
    assert ticket_desk.ask("select count(*) from annotations") == [(2,)]


def test_a_changed_mapping_of_annotations_loads_no_ticket_again(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", TICKETS)
    ticket_desk.source("releases", "annotation", 'part_of = "tickets"')
    ticket_desk.deliver("releases/a.csv", "annotation_id,happened_at,label,What\n1,2026-01-01T00:00:00Z,Old,New\n")
    ticket_desk.run()
    ticket_desk.sections.pop()
    ticket_desk.source("releases", "annotation", 'part_of = "tickets"\ncolumns.label = "What"')
    assert ticket_desk.run().tickets_built == 0
    assert ticket_desk.ask("select label from annotations") == [("New",)]
    ticket_desk.sections.pop()
    assert ticket_desk.run().tickets_built == 0
    assert ticket_desk.ask("select count(*) from annotations") == [(0,)]
    assert ticket_desk.ask("select ticket_id from tickets") == [("T1",)]


def test_a_source_that_becomes_one_of_annotations_is_no_source_of_tickets_any_more(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.source("mixed", "ticket", 'part_of = "tickets"')
    desk.deliver("tickets/a.csv", TICKETS)
    desk.deliver("mixed/a.csv", "ticket_id,created_at,label\nT1,2026-01-01T11:00:00Z,One\n")
    desk.run()
    assert desk.ask("select created_at from tickets") == [(datetime(2026, 1, 1, 11, 0),)]
    desk.sections.pop()
    desk.source("mixed", "annotation", 'part_of = "tickets"\ncolumns.annotation_id = "ticket_id"\ncolumns.happened_at = "created_at"')  # fmt: skip
    desk.run()
    assert desk.ask("select created_at from tickets") == [(datetime(2026, 1, 1, 10, 0),)]
    assert desk.ask("select feed from sources") == [("tickets",)]
    assert desk.ask("select annotation_id, label from annotations") == [("T1", "One")]


def test_nothing_written_and_no_folder_are_no_problem(ticket_desk: Desk, data: Path) -> None:
    for kind in ("annotation", "note", "view"):
        assert list((data / "written" / kind).iterdir()) == []
    shutil.rmtree(data / "written")
    report = ticket_desk.run()
    assert (report.state, report.problems, report.version) == ("done", [], None)


def test_what_is_written_comes_in_while_the_pipelines_go_on(ticket_desk: Desk, data: Path) -> None:
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    try:
        assert pipelines.run("test", only_if_new=True) is None
        write(data, "annotation", RELEASE)
        report = pipelines.run("test", only_if_new=True)
        assert report is not None
        assert (report.arrived, report.version) == (1, 2)
        assert pipelines.run("test", only_if_new=True) is None
    finally:
        pipelines.close()


def test_a_data_folder_with_the_characters_of_a_pattern_in_its_name(ticket_desk: Desk) -> None:
    ticket_desk.setting('[data]\nfolder = "data [1]*"')
    data = ticket_desk.folder / "data [1]*"
    write(data, "annotation", RELEASE)
    assert ticket_desk.run().arrived == 1


# What is wrong is said


@pytest.mark.parametrize(
    ("kind", "row", "said"),
    [
        ("ticket", {}, "'ticket' is not written in the dashboard; allowed are annotation, note, view"),
        ("annotation", RELEASE | {"colour": "red"}, "colour is not a field of a annotation row; allowed are annotation_id"),
        ("annotation", {"kind": "release"}, "label is empty"),
        ("annotation", RELEASE | {"label": " \n "}, "label is empty"),
        ("annotation", RELEASE | {"label": "x" * 81}, "label has 81 characters; at most 80"),
        ("annotation", RELEASE | {"body": "x" * 4001}, "body has 4,001 characters; at most 4,000"),
        ("annotation", RELEASE | {"team": "x" * 201}, "team has 201 characters; at most 200"),
        ("annotation", RELEASE | {"label": 7}, "label is 7; it must be text"),
        ("annotation", RELEASE | {"label": "a\0b"}, "label holds a character that is no text"),
        ("annotation", RELEASE | {"label": "\ud83d"}, "label holds a character that is no text"),
        ("annotation", RELEASE | {"happened_at": "yesterday"}, "happened_at is 'yesterday'; it must be an instant"),
        ("annotation", RELEASE | {"happened_at": 1_769_904_000}, "happened_at is 1769904000; it must be an instant"),
        ("annotation", RELEASE | {"happened_at": datetime(2500, 1, 1)}, "it must be an instant"),
        ("annotation", RELEASE | {"happened_at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-2)))}, "must be an instant"),
        ("annotation", RELEASE | {"ended_at": "2026-01-05T08:59:59Z"}, "is before happened_at"),
        ("annotation", RELEASE | {"is_removed": "yes"}, "is_removed is 'yes'; it must be True or False"),
        ("note", COACHING | {"kind": "blame"}, "kind is 'blame'; it must be coaching or recognition"),
        ("note", {"agent": "Ada", "kind": "coaching", "body": "x"}, "author is empty; a note needs it"),
        ("view", {"name": "Mine", "page": "live"}, "query is empty; a view needs it"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_right_is_refused_before_it_is_written(
    tmp_path: Path, kind: str, row: dict[str, Any], said: str
) -> None:
    with pytest.raises(RowNotWritten) as caught:
        write(tmp_path, kind, row)
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "written").write_text("in the way")
    with pytest.raises(RowNotWritten, match="annotation cannot be written: "):
        write(tmp_path, "annotation", RELEASE)


def test_a_write_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RowNotWritten, match="No space left on device"):
        write(tmp_path, "annotation", RELEASE)
    assert list((tmp_path / "written" / "annotation").iterdir()) == []


def test_malformed_files_are_rejected_with_their_reason_and_lose_nothing(ticket_desk: Desk, data: Path) -> None:
    good = json.dumps(RELEASE | {"annotation_id": "A"})
    _leave(data, "annotation", "cut.jsonl", '{"annotation_id": "B", "happened_at": "2026-01-05T0')
    _leave(data, "annotation", "beside.jsonl", f'{good}\nnot json\n{{"annotation_id": "C", "label": "no time"}}\n')
    _leave(data, "annotation", "binary.jsonl", b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe")
    _leave(data, "note", "blame.jsonl", json.dumps(COACHING | {"note_id": "N", "written_at": "2026-01-05T00:00:00Z", "kind": "blame"}))  # fmt: skip
    _leave(data, "annotation", ".half.jsonl.part", '{"annotation_id": "D"')
    write(data, "annotation", RELEASE | {"annotation_id": "E"})
    assert ticket_desk.run().state == "done"
    assert ticket_desk.ask("select annotation_id from annotations order by 1") == [("A",), ("E",)]
    assert ticket_desk.ask("select count(*) from agent_notes") == [(0,)]
    reasons = ticket_desk.ask(
        "select file_name, reason from rejected_rows where source = 'written' and file_name not like 'binary%' order by all"
    )
    assert reasons == [
        ("beside.jsonl", "happened_at is empty"),
        ("beside.jsonl", "the line is not valid JSON"),
        ("blame.jsonl", "kind is blame; it must be coaching or recognition: map it under values.kind"),
        ("cut.jsonl", "the line is not valid JSON"),
    ]
    kept = ticket_desk.ask("select delivered from rejected_rows where file_name = 'cut.jsonl'")
    assert kept == [('{"annotation_id": "B", "happened_at": "2026-01-05T0',)]
    (binary,) = ticket_desk.ask("select state, rows_rejected, reason from files where name = 'binary.jsonl'")
    assert binary[0] == "refused" or binary[1] > 0


@pytest.mark.parametrize("name", ["written", "written_annotations", "Written_Notes", "written_views"])
def test_a_source_must_not_have_a_name_of_ours(tmp_path: Path, name: str) -> None:
    path = tmp_path / "support.toml"
    for text, key in (
        (f'[sources.{name}]\npath = "."\nrows = "ticket"\n', f"sources.{name}"),
        (f'[sources.desk]\npart_of = "{name}"\npath = "."\nrows = "ticket"\n', "sources.desk.part_of"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            load(path)
        assert f"{key}: the name {name} is kept for what is written in the dashboard" in str(caught.value)


# Delivered


def test_annotations_are_delivered_like_any_other_export(desk: Desk) -> None:
    desk.source(
        "releases",
        "annotation",
        'time_zone = "Europe/Berlin"\ndate_format = "%d.%m.%Y %H:%M"\nconstants.kind = "Release"\n'
        'columns = { annotation_id = "No", happened_at = "On", label = "What" }',
    )
    desk.deliver("releases/a.csv", "No;On;What\n1;05.01.2026 10:00;=App 5.2\n2;06.07.2026 10:00;App 6\n3;;Nothing\n")
    desk.run()
    assert desk.ask("select source, annotation_id, happened_at, kind, label from annotations order by 2") == [
        ("releases", "1", datetime(2026, 1, 5, 9, 0), "release", "=App 5.2"),
        ("releases", "2", datetime(2026, 7, 6, 8, 0), "release", "App 6"),
    ]
    assert desk.counts("a.csv") == (3, 2, 0, 0, 1)
    assert desk.ask("select count(*) from sources") == [(0,)]
    desk.deliver("releases/b.csv", "No;On;What;is_removed\n2;06.07.2026 10:00;App 6;yes\n")
    desk.run()
    assert desk.ask("select annotation_id from annotations") == [("1",)]


def test_an_annotation_that_ends_before_it_begins_is_rejected(desk: Desk) -> None:
    desk.source("releases", "annotation")
    desk.deliver("releases/a.csv", "annotation_id,happened_at,ended_at,label\n1,2026-01-02,2026-01-01,Back in time\n")
    desk.run()
    assert desk.ask("select reason from rejected_rows") == [
        ("ended_at 2026-01-01 00:00:00 is before happened_at 2026-01-02 00:00:00",)
    ]


# Many writers, and made again


def _write_many(data: Path, writer: int) -> list[str]:
    return [write(data, "annotation", RELEASE | {"label": f"{writer}-{number}"}) for number in range(25)]


def test_many_dashboards_write_at_once_and_nothing_is_lost(ticket_desk: Desk, data: Path) -> None:
    with ProcessPoolExecutor(4) as writers:
        ids = [identity for written in writers.map(_write_many, [data] * 4, range(4)) for identity in written]
    ticket_desk.run()
    assert len(set(ids)) == 100
    assert ticket_desk.ask("select count(distinct annotation_id), count(distinct label) from annotations") == [
        (100, 100)
    ]
    assert not list((data / "written").rglob("*.part"))


def test_made_again_from_the_landing_folder_it_says_the_same(ticket_desk: Desk, data: Path) -> None:
    identity = write(data, "annotation", RELEASE)
    gone = write(data, "annotation", RELEASE)
    write(data, "note", COACHING)
    write(data, "view", VIEW)
    ticket_desk.run()
    write(data, "annotation", RELEASE | {"annotation_id": identity, "label": HOSTILE})
    remove(data, "annotation", gone, RELEASE)
    ticket_desk.run()
    everything = "select a.*, n.*, v.* from annotations as a, agent_notes as n, saved_views as v"
    before = ticket_desk.ask(everything)
    assert len(before) == 1
    (data / "loading.duckdb").unlink()
    shutil.rmtree(data / "written")
    ticket_desk.run()
    assert ticket_desk.ask(everything) == before


# The made-up help desk


def test_the_made_up_help_desk_notes_what_its_demand_really_holds(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    write_history(folder, days=28, tickets=300, seed=7, end=DEFAULT_END)
    (path,) = (folder / "annotations").iterdir()
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    assert header == "annotation_id,happened_at,ended_at,kind,label,body,channel,author"
    kinds = [line.split(",")[3] for line in lines]
    assert kinds == ["incident", "campaign", "release", "holiday"]
    incident = lines[0].split(",")
    demand = Demand(seed=7, start=int(DEFAULT_END.timestamp()) - 28 * 86_400, days=28, tickets=300)
    began_at = int(datetime.fromisoformat(incident[1]).timestamp())
    assert demand.weight(began_at) > 1.3 * demand.weight(began_at - 1)
    assert lines[3].split(",")[1] == "2025-12-25T00:00:00Z"
    assert "annotations" not in COLUMNS


def test_every_incident_that_can_happen_has_words(tmp_path: Path) -> None:
    for seed in range(30):
        write_history(tmp_path / f"{seed}", days=30, tickets=1, seed=seed, end=DEFAULT_END)
        (path,) = (tmp_path / f"{seed}" / "annotations").iterdir()
        assert 3 <= len(path.read_text(encoding="utf-8").splitlines()) - 1 <= 4


def test_the_settings_that_we_ship_load_the_made_up_annotations(tmp_path: Path) -> None:
    settings = (Path(__file__).resolve().parents[1] / "support.toml").read_text(encoding="utf-8")
    desk = Desk(tmp_path, [settings.replace("data/exports", "exports")])
    write_history(tmp_path / "exports", days=3, tickets=50, seed=7, end=DEFAULT_END)
    desk.run()
    assert desk.ask("select source, kind, channel from annotations order by kind") == [
        ("sample", "campaign", "social"),
        ("sample", "release", None),
    ]
    assert desk.ask("select count(*) from sources where kind = 'annotation'") == [(0,)]
