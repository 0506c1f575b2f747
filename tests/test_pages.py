"""What visitors see on each page: with data, without, before the first run, and from a link."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from plotly.graph_objects import Figure
from streamlit import config
from streamlit.testing.v1 import AppTest

from pages.elements import freshness, kept, periods
from pages.elements.data import Source
from pages.elements.sitemap import ENTRIES, Entry
from tests import made_up_warehouse
from tests.browsing import WITHOUT_CHARTS
from tests.small_warehouse import NOON, SmallWarehouse, minutes
from warehouse.writing import write

PROJECT = Path(__file__).resolve().parents[1]
PAGES = ["live.py", "queue_volume.py", "wait_times.py"]


@pytest.fixture
def small(tmp_path: Path) -> SmallWarehouse:
    """A desk of five weeks: answers in the morning, and four customers who wait."""
    desk = SmallWarehouse(tmp_path)
    for days in range(70):
        moment = NOON - timedelta(days=days, hours=3)
        desk.wait(moment, 600)
        desk.wait(moment, 60, channel="chat", team="Orders", agent="Ben", target_seconds=120.0)
        desk.change(moment)
        desk.change(moment, channel="chat", team="Orders", agent="Ben")
        desk.change(moment + minutes(40), "solved")
    desk.wait(NOON - minutes(20), 60 * 10)
    for began in (10, 50, 70, 200):
        desk.wait(NOON - minutes(began), None, ticket_id=f"W{began}")
    desk.ticket(NOON - minutes(200))
    desk.ticket(NOON - minutes(10), agent=None)
    return desk


def visit(settings: Path, page: str, monkeypatch: pytest.MonkeyPatch, **query: str | list[str]) -> AppTest:
    """The page as a visitor with this link finds it."""
    monkeypatch.setenv("SUPPORT_SETTINGS", str(settings))
    app = AppTest.from_file(str(PROJECT / "pages" / "navigation.py"), default_timeout=30)
    if page != "live.py":
        app.switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].message
    return app


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of a small made-up desk with something of every kind, and a holiday noted."""
    folder = tmp_path_factory.mktemp("made_up")
    at = made_up_warehouse.END - timedelta(days=2)
    write(folder / "data", "annotation", {"happened_at": at.isoformat(), "kind": "holiday", "label": "Feast"})
    made_up_warehouse.publish(folder)
    return folder / "support.toml"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_every_chart_of_every_page_is_one_that_plotly_knows(
    entry: Entry, made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages send what they draw as it is: a browser would pass over a property that there is none of."""
    of_ticket = {}
    if entry.path == "ticket":
        with duckdb.connect(str(made_up.parent / "data" / "warehouse.duckdb"), read_only=True) as warehouse:
            found = warehouse.execute(
                "select source, ticket_id from tickets order by reassignment_count desc limit 1"
            ).fetchone()
        of_ticket = dict(zip(("source", "id"), found or (), strict=True))
    for period in ("7 days", "all"):
        app = visit(made_up, Path(entry.script).name, monkeypatch, period=period, **of_ticket)
        shown = app.get("plotly_chart")
        assert (entry.path in WITHOUT_CHARTS) == (not shown)
        for chart in shown:
            Figure(json.loads(chart.proto.spec))


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def text(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.info, *app.error, *app.warning))


def alts(app: AppTest) -> list[str]:
    return [chart.proto.alt for chart in app.get("plotly_chart")]


def test_live_says_who_waits_and_what_is_missed_next(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(small.publish(), "live.py", monkeypatch)
    assert tiles(app) == {
        "Waiting now": "4",
        "Longest wait": "3h 20m",
        "Within target today": "50%",
        "Open tickets": "2",
        "Arrived, last 60 min": "0",
        "Answered, last 60 min": "1",
    }
    due, agents = (table.value for table in app.dataframe)
    assert due[["Due in", "Waiting", "Ticket"]].values.tolist() == [["10m", "50m", "W50"], ["50m", "10m", "W10"]]
    assert agents[["Agent", "Answers", "Ago"]].values.tolist() == [["Ada", "1", "10m"]]
    assert "2 past their target" in text(app)
    assert "1 unassigned" in text(app)
    past = visit(small.settings_file(), "live.py", monkeypatch, waits_shown="Missed").dataframe[0].value
    assert past["Ticket"].tolist() == ["W200", "W70"]


def test_volume_counts_the_period_and_what_is_left(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(small.publish(), "queue_volume.py", monkeypatch)
    shown = tiles(app)
    assert (shown["Arrived"], shown["Solved"], shown["Abandoned"], shown["Open at the end"]) == ("56", "28", "0", "70")
    assert "Thu 5 Feb 2026, 00:00 to Wed 4 Mar 2026, 12:00" in text(app)
    assert "compared with Thu 8 Jan 00:00 to Wed 4 Feb 12:00" in text(app)
    assert "The last day is not over: it is dashed." in text(app)
    assert all(alts(app))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (("2025-12-20", "2025-12-27"), "the data begins on 25 Dec 2025: of the time before nothing is known"),
        (("2025-12-25", "2025-12-27"), "the data begins on 25 Dec 2025: there is nothing to compare with"),
        (("2026-01-01", "2026-01-03"), "compared with Thu 25 Dec 00:00 to Sun 28 Dec 00:00"),
    ],
)
def test_a_period_says_where_the_data_begins(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch, days: tuple[str, str], said: str
) -> None:
    app = visit(small.publish(), "queue_volume.py", monkeypatch, period=periods.CHOSEN, days=list(days))
    assert said in text(app)


def test_wait_times_show_the_naive_figure_beside_the_one_that_counts_open_waits(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "wait_times.py", monkeypatch, period="today", channel="email")
    assert tiles(app)["Median wait"] == "over 3h 20m"
    assert "answered only: 10m" in text(app)
    assert tiles(app)["Still waiting"] == "4"


def test_waits_with_impossible_times_are_named_as_left_out(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(635):
        small.wait(NOON - minutes(90), -60, wait_seconds=None, fault="answered before asked")
    assert "635 answered before asked: left out." in text(visit(small.publish(), "wait_times.py", monkeypatch))


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_warehouse_says_that_nothing_was_loaded(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(SmallWarehouse(tmp_path, answers_known={}).publish(), page, monkeypatch)
    assert "no export has been loaded into it yet" in text(app)
    assert not app.metric


@pytest.mark.parametrize("page", PAGES)
def test_before_the_first_run_the_page_says_how_to_start(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(SmallWarehouse(tmp_path).settings_file(), page, monkeypatch)
    assert "python -m pipelines run" in text(app)
    assert not app.metric


def test_a_mistake_in_the_settings_is_shown_as_the_line_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "support.toml"
    path.write_text("[clock]\ntime_zone = 'Mars'\n", encoding="utf-8")
    assert "clock\\.time\\_zone" in visit(path, "live.py", monkeypatch).error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_filter_that_matches_nothing_leaves_dashes_and_no_shares(
    page: str, small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.change(NOON, channel="phone", team="Orders")
    app = visit(small.publish(), page, monkeypatch, channel="phone", team="Billing")
    assert not [value for value in tiles(app).values() if "%" in value]
    if page == "live.py":
        assert tiles(app)["Within target today"] == tiles(app)["Longest wait"] == "—"
    if page == "wait_times.py":
        assert "Nobody waited in this period" in text(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_source_without_answers_is_named_and_has_no_zeros_for_waits(
    page: str, small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.answers_known = {"desk": True, "silent": False}
    small.change(NOON - minutes(30), source="silent")
    settings = small.publish()
    assert "silent does not say when customers were answered" in text(visit(settings, page, monkeypatch))
    alone = visit(settings, page, monkeypatch, source="silent")
    if page == "live.py":
        assert (tiles(alone)["Waiting now"], tiles(alone)["Answered, last 60 min"]) == ("—", "—")
        assert tiles(alone)["Arrived, last 60 min"] == "1"
    if page == "queue_volume.py":
        assert tiles(alone)["Answered"] == "—"
    if page == "wait_times.py":
        assert "Waits are not known" in text(alone)
        assert not alone.metric


def test_filters_come_from_the_link(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(small.publish(), "queue_volume.py", monkeypatch, period="7 days", channel=["chat"], agent="Ben")
    assert tiles(app)["Arrived"] == "7"
    assert app.multiselect(key="channel").value == ["chat"]
    assert app.selectbox(key="period").value == "7 days"


def test_what_a_link_asks_for_that_there_is_not_is_left_out_and_named(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(
        small.publish(), "queue_volume.py", monkeypatch, channel=["chat", "fax"], agent="Nobody", period="eternity"
    )
    assert "left out of the filter: channel fax, agent Nobody, period eternity." in text(app)
    assert tiles(app)["Arrived"] == "28"
    app.multiselect(key="channel").set_value(["email"]).run()
    assert "left out of the filter" not in text(app)


def test_a_new_version_is_shown_at_once(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(small.publish(), "live.py", monkeypatch)
    small.wait(NOON - minutes(5), None)
    small.publish()
    app.run()
    assert tiles(app)["Waiting now"] == "5"


def test_the_page_says_how_far_the_data_goes_and_whether_it_is_late(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.zone = "Europe/Berlin"
    fresh = visit(small.publish(), "live.py", monkeypatch)
    assert "Data as of 13:00 CET" in text(fresh)
    assert "late" not in text(fresh)
    small.now = NOON + minutes(2.5)
    kept.forget()
    late = visit(small.publish(), "live.py", monkeypatch)
    assert ":orange[Data as of 13:00 CET · late]" in text(late)


def test_a_history_says_its_date_and_is_never_late(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    small.now = small.delivered_at = NOON + timedelta(days=9000)
    app = visit(small.publish(), "live.py", monkeypatch)
    assert "History · data as of 4 Mar 2026, 12:00 UTC" in text(app)
    assert tiles(app)["Waiting now"] == "4"


def test_one_late_source_of_two_is_named() -> None:
    sources = (
        Source("desk", None, NOON, NOON, True),
        Source("calls", None, NOON - minutes(30), NOON - minutes(30), True),
    )
    assert "late: calls" in freshness.stamp(sources, "UTC", NOON, 60)


@pytest.mark.parametrize("name", [name for name, choice in periods.CHOICES.items() if choice.back])
def test_a_period_is_compared_with_an_equally_long_one_of_the_same_weekdays(name: str) -> None:
    period = periods.period(name, NOON, NOON - timedelta(days=2000), "Asia/Kolkata")
    assert period.previous_start is not None
    assert period.previous_end is not None
    assert period.end - period.start == period.previous_end - period.previous_start
    assert period.start.weekday() == period.previous_start.weekday()
    assert period.previous_end <= period.start


def test_a_period_is_not_compared_with_a_time_before_the_data() -> None:
    assert periods.period("28 days", NOON, NOON - timedelta(days=40), "UTC").previous_start is None


def test_the_newest_moment_belongs_to_the_period() -> None:
    assert periods.period("7 days", NOON, None, "UTC").end > NOON


def test_weeks_of_a_period_begin_on_monday_in_the_accounts_time_zone() -> None:
    period = periods.period("12 weeks", NOON, None, "America/New_York")
    local = periods.local_time(period.start, "America/New_York")
    assert (local.weekday(), local.hour) == (0, 0)


def test_the_hidden_option_against_garbage_collection_after_each_run_still_exists() -> None:
    assert "runner.postScriptGC" in config._config_options_template
    settings = (PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "postScriptGC = false" in settings


def test_the_theme_fetches_nothing_from_outside() -> None:
    settings = (PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "http" not in settings


@pytest.mark.parametrize("page", PAGES)
def test_every_page_asks_for_access_before_anything_else(page: str) -> None:
    lines = (PROJECT / "pages" / page).read_text(encoding="utf-8").splitlines()
    calls = [line for line in lines if line and not line.startswith((" ", "#", "import", "from", '"""', ")"))]
    assert calls[0] == f'access.require("{page.removesuffix(".py")}")'
