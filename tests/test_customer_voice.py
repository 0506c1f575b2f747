"""What customers said: scores and how sure they are, what silence leaves open, what pulls them, and comments beside their ticket."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.elements import pull_charts, silence_charts, voice_charts, voice_comments
from pages.elements.figure import Chart
from pages.elements.palette import DARK, LIGHT
from pipelines.refresh import Pipelines
from tests.conftest import shared_settings
from tests.small_warehouse import NOON, SmallWarehouse
from tests.test_imports import PROJECT, _imports
from tests.test_pages import alts, text, tiles, visit
from warehouse import voice
from warehouse.ask import Filters, Warehouse
from warehouse.settings import load

SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
FEBRUARY = Filters(datetime(2026, 2, 1), datetime(2026, 3, 1))


@dataclass
class SurveyedDesk(SmallWarehouse):
    """A desk that asks its customers."""

    surveys: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, kind: str, score: float | None, sent: datetime = NOON - timedelta(days=9), **more: Any) -> None:
        """An invitation; None: it was not answered. Answers come within an hour."""
        low, high = SCALES[kind]
        row = {"source": "desk", "response_id": f"R{len(self.surveys)}", "survey": kind.upper(), "kind": kind}
        row |= {"scale_min": low, "scale_max": high, "score": score, "sent_at": sent, "ticket_id": "T1"}
        row |= {"answered_at": None if score is None else sent + timedelta(hours=1)}
        row |= {"channel": "email", "topic": "Invoice", "team": "Billing", "agent": "Ada"}
        self.surveys.append(row | more)

    def asks(self, kind: str, scores: list[float | None], **more: Any) -> None:
        for score in scores:
            self.ask(kind, score, **more)

    def _fill(self, connection: duckdb.DuckDBPyConnection) -> None:
        super()._fill(connection)
        if self.surveys:
            rows = pd.DataFrame(self.surveys).astype(object)
            connection.register("surveyed", rows.where(rows.notna(), None))
            connection.execute("insert into survey_responses by name select * from surveyed")


@pytest.fixture
def desk(tmp_path: Path) -> SurveyedDesk:
    """Two topics on two channels: 8 of 10 satisfied now (Invoice 2 of 4, Refund 6 of 6), 20 of 30 asked silent; 4 of 8 before."""
    desk = SurveyedDesk(tmp_path)
    for days in (1, 69):
        desk.change(NOON - timedelta(days=days))
        desk.change(NOON - timedelta(days=days), channel="chat", team="Orders", agent="Ben")
    refund = {"topic": "Refund", "channel": "chat", "team": "Orders", "agent": "Ben"}
    desk.asks("csat", [5, 4, 3, 1, *[None] * 16])
    desk.asks("csat", [4, 4, 5, 5, 5, 5, *[None] * 4], **refund)
    desk.asks("csat", [5, 5, 5, 5, 1, 1, 2, 3], sent=NOON - timedelta(days=40))
    return desk


def answer(desk: SurveyedDesk, question: str, filters: Filters = FEBRUARY, **values: Any) -> pd.DataFrame:
    desk.publish()
    return Warehouse(desk.folder / "data").ask(question, filters, **values)


def column(frame: pd.DataFrame, name: str) -> dict[Any, Any]:
    """A figure by part, or by kind where there are no parts."""
    keys = frame["part"] if frame["part"].notna().any() else frame["kind"]
    return dict(zip(keys, frame[name], strict=True))


# Statistics against published examples.


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_the_interval_of_a_change_is_the_one_newcombe_published(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    now, before = (scores([tally("csat", ups, n)]) for ups, n in (first, second))
    (row,) = voice.moved(now, before).to_dict("records")
    assert (row["change_low"], row["change_high"]) == pytest.approx((low, high), abs=5e-5)
    assert row["is_change"] == (low > 0)


@pytest.mark.parametrize(
    ("ups", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 20, 0, 0.1611), (10, 10, 0.7225, 1)]
)
def test_the_interval_of_a_share_is_wilsons_as_newcombe_published_it(ups: int, n: int, low: float, high: float) -> None:
    (row,) = scores([tally("csat", ups, n)]).to_dict("records")
    assert (row["low"], row["high"]) == pytest.approx((low, high), abs=5e-5)


def test_satisfied_90_percent_of_20_percent_who_answered_is_18_to_98_percent_of_all() -> None:
    (row,) = scores([tally("csat", 18, 20, asked=100)]).to_dict("records")
    assert (row["value"], row["worst"], row["best"]) == pytest.approx((0.9, 0.18, 0.98))


def test_a_net_promoter_score_has_its_margin_and_its_range_in_points() -> None:
    (row,) = scores([tally("nps", 50, 100, downs=20, asked=200)]).to_dict("records")
    assert (row["value"], row["low"], row["high"]) == pytest.approx((30, 14.7, 45.3), abs=0.05)
    assert (row["worst"], row["best"]) == pytest.approx((-35, 65))


def test_nothing_is_known_of_nobody() -> None:
    (row,) = scores([tally("csat", 0, 0, asked=0)]).to_dict("records")
    assert all(np.isnan(row[name]) for name in ("value", "low", "high", "worst", "best", "response", "response_low"))
    assert scores([]).empty


def test_few_answers_never_show_that_a_net_promoter_score_moved() -> None:
    now, before = scores([tally("nps", 9, 9)]), scores([tally("nps", 0, 9, downs=9)])
    assert not voice.moved(now, before)["is_change"].iloc[0]
    now, before = scores([tally("nps", 10, 10)]), scores([tally("nps", 0, 10, downs=10)])
    assert voice.moved(now, before)["is_change"].iloc[0]


def test_without_a_comparison_nothing_moved() -> None:
    moved = voice.moved(scores([tally("csat", 5, 10)]), None)
    assert np.isnan(moved["change"].iloc[0])
    assert not moved["is_change"].iloc[0]


def test_a_topic_pulls_the_score_by_what_it_is_with_and_without_its_answers() -> None:
    # 32 of 40 satisfied: 80 %; without Refund 27 of 30, 90 %; without Invoice 5 of 10, 50 %.
    pulls = voice.pulls(scores([tally("csat", 5, 10, part="Refund"), tally("csat", 27, 30, part="Invoice")]))
    assert pulls["part"].tolist() == ["Invoice", "Refund"]
    assert pulls["pull"].tolist() == pytest.approx([0.3, -0.1])
    assert pulls["rest"].tolist() == pytest.approx([0.5, 0.9])
    # Its share of the answers times Newcombe's interval of 27/30 - 5/10.
    assert (pulls["pull_low"] < pulls["pull"]).all()
    assert pulls["is_pull"].tolist() == [True, True]


def test_the_interval_of_a_pull_is_that_of_the_distance_from_all_others() -> None:
    pulls = voice.pulls(scores([tally("csat", 56, 70, part="A"), tally("csat", 48, 80, part="B")]))
    of_a = pulls.set_index("part").loc["A"]
    assert (of_a["pull_low"], of_a["pull_high"]) == pytest.approx((0.0524 * 70 / 150, 0.3339 * 70 / 150), abs=5e-5)


def test_a_topic_alone_and_one_without_answers_pull_nothing() -> None:
    assert np.isnan(voice.pulls(scores([tally("csat", 5, 10, part="A")]))["pull"].iloc[0])
    pulls = voice.pulls(scores([tally("csat", 5, 10, part="A"), tally("csat", 0, 0, asked=7, part="B")]))
    assert pulls["pull"].isna().all()
    assert not pulls["is_pull"].any()


def test_weights_count_as_the_survey_gives_them() -> None:
    row = {"kind": "nps", "weight": 4.0, "weight_ups": 3.0, "weight_downs": 0.5, "weight_squared": 8.0}
    assert voice.weighted(row) == voice.Weighted(62.5, 2.0)
    assert voice.weighted(row | {"weight": np.nan}) is None


# Questions on rows written by hand.


def test_each_kind_counts_its_own_answers_for_and_against(desk: SurveyedDesk) -> None:
    desk.surveys.clear()
    desk.asks("csat", [1, 2, 3, 4, 5, None])
    desk.asks("nps", [0, 6, 7, 8, 9, 10, None, None])
    desk.asks("ces", [1, 4, 5, 6, 7])
    desk.ask("nps", 5, scale_min=1, scale_max=5)
    tallies = answer(desk, "voice_parts", part=None).set_index("kind")
    assert tallies[["asked", "n", "ups", "downs"]].T.to_dict("list") == {
        "ces": [5, 5, 3, 0],
        "csat": [6, 5, 2, 0],
        "nps": [8, 6, 2, 2],
    }
    assert tallies["weight"].isna().all()


def test_scores_are_those_of_the_glossary(desk: SurveyedDesk) -> None:
    desk.asks("nps", [0, 6, 7, 8, 9, 10, 10, 9, 3, 8, 8])
    desk.asks("ces", [1, 4, 5, 6, 7])
    found = voice.scored(answer(desk, "voice_parts", part="topic"))
    warehouse = Warehouse(desk.folder / "data")
    for kind in voice.KINDS:
        expected = warehouse.series(kind, FEBRUARY, split="topic").query("n > 0")
        rows = found[found["kind"] == kind].sort_values("part")
        for name in ("value", "low", "high", "n"):
            assert rows[name].tolist() == pytest.approx(expected[name].tolist()), (kind, name)


def test_surveys_are_counted_by_part_period_and_filter(desk: SurveyedDesk) -> None:
    assert column(answer(desk, "voice_parts", part="channel"), "n") == {"email": 4, "chat": 6}
    assert column(answer(desk, "voice_parts", part="team"), "asked") == {"Billing": 20, "Orders": 10}
    ben = Filters(FEBRUARY.start, FEBRUARY.end, agents=("Ben",))
    assert column(answer(desk, "voice_parts", ben, part="topic"), "ups") == {"Refund": 6}
    january = Filters(datetime(2026, 1, 1), datetime(2026, 2, 1))
    assert column(answer(desk, "voice_parts", january, part=None), "n") == {"csat": 8}


def test_days_are_those_of_the_account_and_none_is_left_out(desk: SurveyedDesk) -> None:
    desk.surveys.clear()
    desk.ask("csat", 5, sent=datetime(2026, 2, 2, 22, 59))
    desk.ask("csat", None, sent=datetime(2026, 2, 2, 23, 1))
    desk.ask("csat", 2, sent=datetime(2026, 2, 5, 12))
    span = Filters(datetime(2026, 2, 1, 23), datetime(2026, 2, 5, 23))
    bins = answer(desk, "voice_over_time", span, grain="day", zone="Europe/Berlin")
    assert bins["bin"].dt.day.tolist() == [2, 3, 4, 5]
    assert bins[["asked", "n", "ups"]].values.tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 0]]


def test_young_invitations_without_an_answer_may_still_be_answered(desk: SurveyedDesk) -> None:
    desk.asks("csat", [None, None], sent=NOON - timedelta(minutes=30))
    (row,) = answer(desk, "voice_kinds", Filters(NOON - timedelta(days=28), NOON)).to_dict("records")
    assert (row["kind"], row["late_seconds"], row["still_open"]) == ("csat", 3600, 2)


@pytest.fixture
def commented(desk: SurveyedDesk) -> SurveyedDesk:
    """Comments: unhappy, neutral and happy ones of every kind."""
    desk.surveys.clear()
    said = [
        ("csat", 1, "Waited for WEEKS, café closed"),
        ("csat", 3, "So so"),
        ("csat", 5, "Quick"),
        ("nps", 6, "No refund"),
        ("nps", 8, "Fine, refund came"),
        ("ces", 6, "Easy refund, no waiting"),
        ("csat", 2, "   "),
    ]
    for place, (kind, score, words) in enumerate(said):
        desk.ask(kind, score, sent=NOON - timedelta(days=9 - place), comment=words, ticket_id=f"T{place}")
    desk.tickets.append(
        {"source": "desk", "ticket_id": "T0", "subject": "Where is it", "is_open": False, "created_at": NOON}
    )
    return desk


@pytest.mark.parametrize(
    ("words", "mood", "expected"),
    [
        (None, None, ["T5", "T4", "T3", "T2", "T1", "T0"]),
        (["refund"], None, ["T5", "T4", "T3"]),
        (["WAIT", "cafe"], None, ["T0"]),
        (["weeks", "refund"], None, []),
        (None, "unhappy", ["T3", "T0"]),
        (None, "neutral", ["T4", "T1"]),
        (["refund"], "happy", ["T5"]),
        (["%"], None, []),
    ],
)
def test_comments_are_found_by_words_and_by_mood_the_newest_first(
    commented: SurveyedDesk, words: list[str] | None, mood: str | None, expected: list[str]
) -> None:
    span = Filters(NOON - timedelta(days=28), NOON)
    found = answer(commented, "voice_comments", span, words=words, mood=mood, most=100)
    assert found["ticket_id"].tolist() == expected


def test_all_comments_are_counted_though_few_are_listed(commented: SurveyedDesk) -> None:
    span = Filters(NOON - timedelta(days=28), NOON)
    found = answer(commented, "voice_comments", span, words=None, mood=None, most=2)
    assert found[["ticket_id", "found"]].values.tolist() == [["T5", 6], ["T4", 6]]


# Charts and lists.


def tally(
    kind: str, ups: int, n: int, downs: int = 0, asked: int | None = None, part: str | None = None
) -> dict[str, Any]:
    return {"kind": kind, "part": part, "asked": n if asked is None else asked, "n": n, "ups": ups, "downs": downs}


def scores(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return voice.scored(pd.DataFrame(rows, columns=["kind", "part", "asked", "n", "ups", "downs"]))


def traces(chart: Chart) -> list[dict[str, Any]]:
    return [trace.to_plotly_json() for trace in chart.figure.data]


def notes(chart: Chart) -> list[str]:
    return [annotation.text for annotation in chart.figure.layout.annotations]


def days(tallies: list[tuple[int, int, int]], settled: int) -> pd.DataFrame:
    """One day each: satisfied, answers, asked; the first so many of them settled."""
    frame = scores([tally("csat", *pair[:2], asked=pair[2]) for pair in tallies])
    bins = [datetime(2026, 3, 2) + timedelta(days=place) for place in range(len(tallies))]
    return frame.assign(bin=pd.to_datetime(bins), is_settled=[place < settled for place in range(len(tallies))])


def drawn_days(settled: int = 2, before: float | None = 0.5) -> Chart:
    frame = days([(8, 10, 40), (0, 0, 9), (6, 10, 40), (1, 2, 40)], settled)
    return voice_charts.over_time(
        frame, "CSAT", "share", "day", LIGHT, 300, lead="tickets?which=csat&day={:%d}".format, before=before
    )


def test_a_score_over_time_has_its_intervals_and_below_it_the_share_that_answered() -> None:
    chart = drawn_days(settled=4)
    score, response, intervals, asked = traces(chart)
    assert score["y"] == [0.8, None, 0.6, 0.5]
    assert response["y"] == [0.25, 0, 0.25, 0.05]
    assert response["yaxis"] == asked["yaxis"] == "y2"
    assert intervals["error_y"]["array"][0] == pytest.approx(0.9433 - 0.8, abs=5e-5)
    assert intervals["customdata"][3] == ["50% (9–91%), 2 of 40 answered", "tickets?which=csat&day=05"]
    assert chart.figure.layout.yaxis2.range[0] == 0
    assert notes(chart)[:2] == ["50%", "50% before"]
    assert "80% at first and 50% at the end" in chart.alt


def test_bins_that_may_still_be_answered_are_dotted_and_hollow() -> None:
    chart = drawn_days(settled=3)
    lines = [trace for trace in traces(chart) if trace["name"].startswith("CSAT")]
    assert [trace["line"]["dash"] for trace in lines] == ["solid", "dot"]
    assert lines[0]["y"] == [0.8, None, 0.6]
    assert lines[1]["y"] == [0.6, 0.5]
    assert lines[1]["marker"]["symbol"] == "circle-open"
    assert {"50% so far", "50% before", "5% so far"} <= set(notes(chart))
    assert traces(chart)[-1]["customdata"][3][0].endswith("more answers may come")
    assert chart.alt.endswith("the last days are dotted, as answers are still to come")


def test_a_value_is_written_at_the_bin_it_is_of_though_later_ones_have_none() -> None:
    frame = days([(8, 10, 40), (0, 0, 9)], settled=1)
    chart = voice_charts.over_time(frame, "CSAT", "share", "day", LIGHT, 300, lead=str)
    ends = {note.text: note.x for note in chart.figure.layout.annotations}
    assert (ends["80%"], ends["0% so far"]) == ("2026-03-02T00:00:00", "2026-03-03T00:00:00")


def test_a_period_in_which_nothing_is_settled_yet_and_one_without_answers_are_drawn() -> None:
    assert [trace["line"]["dash"] for trace in traces(drawn_days(settled=0))[:2]] == ["dot", "dot"]
    nobody = days([(0, 0, 3)], 1)
    assert (
        voice_charts.over_time(nobody, "CSAT", "share", "day", LIGHT, 300, lead=str).alt == "No answers in this period."
    )


def test_the_range_that_silence_leaves_open_lies_behind_the_interval() -> None:
    frame = scores([tally("csat", 18, 20, asked=100), tally("nps", 50, 100, downs=20, asked=200)])
    chart = silence_charts.silence(frame, DARK, 200, "tickets?which={}".format)
    _, band, interval, dot, *of_nps = traces(chart)
    assert band["x"] == pytest.approx([0.18, 0.98])
    assert band["line"]["color"] == DARK.grid
    assert interval["x"] == pytest.approx([0.6990, 0.9721], abs=5e-5)
    assert dot["x"] == pytest.approx([0.9])
    assert dot["customdata"][0][-1] == "tickets?which=csat"
    assert of_nps[1]["x"] == pytest.approx([0.325, 0.825])
    assert notes(chart) == ["90%", "18%", "98%", "30", "-35", "65"]
    assert "CSAT 90% (95 %: 70–97%), anywhere from 18% to 98%" in chart.alt


def test_ends_of_a_short_band_share_a_label_and_without_silence_there_is_none() -> None:
    assert notes(silence_charts.silence(scores([tally("csat", 90, 100, asked=110)]), LIGHT, 160, str)) == [
        "90%",
        "82–91%",
    ]
    nobody_silent = silence_charts.silence(scores([tally("csat", 90, 100)]), LIGHT, 160, str)
    assert notes(nobody_silent) == ["90%"]
    assert "nobody who was asked is silent in the data" in nobody_silent.alt


def pulled() -> pd.DataFrame:
    now = [tally("csat", 10, 40, part="Refund"), tally("csat", 58, 60, part="Invoice"), tally("csat", 3, 4, part="<b>")]
    before = scores([tally("csat", 30, 40, part="Refund"), tally("csat", 57, 60, part="Invoice")])
    return voice.pulls(voice.moved(scores(now), before))


def test_topics_pull_left_or_right_of_zero_and_lead_to_their_tickets() -> None:
    chart = pull_charts.pulls(pulled(), "share", LIGHT, 300, "tickets?topic={}".format)
    (bars,) = traces(chart)
    assert chart.figure.layout.yaxis.ticktext == ("Invoice", "Refund", "&lt;b&gt;")
    # 71 of 104; without Invoice 13 of 44, without Refund 61 of 64.
    assert bars["x"][:2] == pytest.approx([100 * (71 / 104 - 13 / 44), 100 * (71 / 104 - 61 / 64)])
    assert bars["marker"]["color"] == [LIGHT.ink, LIGHT.ink, LIGHT.line]
    assert bars["customdata"][1][-1] == "tickets?topic=Refund"
    low, high = chart.figure.layout.xaxis.range
    assert low < 0 < high
    assert "(within chance)" in chart.alt


def test_beside_a_topic_stands_whether_its_score_moved_beyond_chance() -> None:
    assert notes(pull_charts.pulls(pulled(), "share", LIGHT, 300, str)) == ["within chance", "fell 50 pt"]


def test_one_topic_has_nothing_to_be_compared_with() -> None:
    alone = voice.pulls(voice.moved(scores([tally("csat", 1, 2, part="Refund")]), None))
    assert pull_charts.pulls(alone, "share", LIGHT, 300, str).alt == "One topic or none: nothing to compare."


COMMENT = {
    "said_at": pd.Timestamp(2026, 3, 4, 11),
    "kind": "csat",
    "score": 2.0,
    "scale_max": 5.0,
    "mood": "unhappy",
    "comment": "<script>alert(1)</script> late & LATE\nagain",
    "channel": "chat",
    "topic": "Refund <b>",
    "team": None,
    "agent": "Ada",
    "source": "desk",
    "ticket_id": "T 1&2",
    "subject": '"Where" is it',
}


def test_a_comment_is_shown_whole_as_text_beside_its_ticket() -> None:
    shown = voice_comments.listed(pd.DataFrame([COMMENT]), {"chat": "Chat"}, "Europe/Berlin", LIGHT, ["late"], True)
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <mark>late</mark> &amp; <mark>LATE</mark>\nagain" in shown
    assert "2 of 5<small>CSAT, unhappy</small>" in shown
    assert "4 Mar 2026, 12:00" in shown
    assert f'style="background:{LIGHT.chat}"></span>Chat' in shown
    assert "Refund &lt;b&gt; · Ada" in shown
    assert '<a href="ticket?source=desk&amp;id=T+1%262" target="_self">T 1&amp;2 · &quot;Where&quot; is it</a>' in shown


def test_a_comment_without_a_ticket_and_one_on_a_wall_lead_nowhere() -> None:
    lost = COMMENT | {"ticket_id": None, "subject": None, "score": None, "mood": None, "channel": None}
    shown = voice_comments.listed(pd.DataFrame([lost]), {}, "UTC", LIGHT, [], True)
    assert "not about a ticket" in shown
    assert "—<small>CSAT</small>" in shown
    assert "href" not in shown
    assert "href" not in voice_comments.listed(pd.DataFrame([COMMENT]), {}, "UTC", LIGHT, [], False)


# The page.


def seen(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_the_page_says_the_score_how_sure_it_is_and_whether_it_moved(
    desk: SurveyedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(desk.publish(), "customer_voice.py", monkeypatch)
    assert tiles(app) == {"CSAT": "80%", "Response rate, CSAT": "33%"}
    assert (
        "**80% of customers who answered were satisfied**, within chance of the 28 days before. 10 answers, 95 % interval 49–94%."
        in text(app)
    )
    assert "49–94%, n = 10 · 33% answered" in text(app)
    assert "NPS and CES: not in the data." in text(app)
    assert "20 of 30 did not answer. Had all of them been unhappy, CSAT would be 27%; had all been happy, 93%." in text(
        app
    )
    deltas = {metric.label: metric.delta for metric in app.metric}
    assert deltas["CSAT"] == "+30 pt"
    assert all(alts(app))


def test_a_change_beyond_chance_is_called_one(desk: SurveyedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.asks("csat", [5] * 40)
    app = visit(desk.publish(), "customer_voice.py", monkeypatch)
    assert (
        "96% of customers who answered were satisfied**, rose 46 pt, more than chance, from the 28 days before"
        in text(app)
    )


def test_score_split_words_and_mood_come_from_the_link(
    commented: SurveyedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"score": "nps", "split": "topic", "words": "REFUND", "mood": "unhappy"}
    app = visit(commented.publish(), "customer_voice.py", monkeypatch, **query)
    assert "The net promoter score is -50" in text(app)
    assert "Every topic" in text(app)
    assert "1 comment" in text(app)
    assert "No <mark>refund</mark>" in seen(app)
    assert "Fine, <mark>refund</mark>" not in seen(app)
    (table,) = app.dataframe
    assert table.value[["Topic", "NPS", "Answers"]].values.tolist() == [["Invoice", "-50", "2"]]


def test_the_table_says_what_each_part_pulls_and_whether_it_moved(
    desk: SurveyedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(desk.publish(), "customer_voice.py", monkeypatch, split="topic")
    rows = app.dataframe[0].value.set_index("Topic")
    assert rows.loc["Invoice", ["CSAT", "Answers", "Asked", "Response", "Pull", "Before", "Moved"]].tolist() == [
        "50%",
        "4",
        "20",
        "20%",
        "-20.0 pt",
        "50%",
        "within chance",
    ]
    assert rows.loc["Refund", ["CSAT", "Pull", "Before", "Moved"]].tolist() == ["100%", "+30.0 pt", "—", "—"]


def test_young_invitations_do_not_make_the_response_look_worse(
    desk: SurveyedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.asks("csat", [None] * 50, sent=NOON - timedelta(minutes=30))
    app = visit(desk.publish(), "customer_voice.py", monkeypatch)
    assert tiles(app)["Response rate, CSAT"] == "33%"
    assert "10 of 80 answered, 50 may yet" in text(app)
    assert "95 % of answers come within 1h" in text(app)


def test_without_any_survey_the_page_says_what_would_bring_them(
    desk: SurveyedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.surveys.clear()
    app = visit(desk.publish(), "customer_voice.py", monkeypatch)
    assert "No survey answers are in the data" in text(app)
    assert not app.metric


def test_a_filter_that_nobody_was_asked_in_leaves_dashes(desk: SurveyedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(desk.publish(), "customer_voice.py", monkeypatch, channel="chat", team="Billing")
    assert tiles(app) == {"CSAT": "—", "Response rate, CSAT": "—"}
    assert "Nobody answered in this period" in text(app)
    assert "No comments in this period." in text(app)


@pytest.mark.parametrize("score", [None, 5])
def test_one_invitation_alone_is_shown_for_what_it_is(
    score: float | None, desk: SurveyedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.surveys.clear()
    desk.ask("nps", score)
    app = visit(desk.publish(), "customer_voice.py", monkeypatch)
    assert tiles(app)["NPS"] == ("—" if score is None else "-100")


def test_where_every_answer_is_in_the_data_it_says_that_silence_may_be_missing(
    desk: SurveyedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.surveys = [row for row in desk.surveys if row["score"] is not None]
    app = visit(desk.publish(), "customer_voice.py", monkeypatch)
    assert "Each of the 10 customers asked has answered." in text(app)
    assert "10 of 10: the data may hold answers alone" in text(app)


def test_a_wall_shows_what_its_address_says_without_controls(
    commented: SurveyedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(commented.publish(), "customer_voice.py", monkeypatch, wall="customer_voice", score="ces")
    assert "found it easy**" in text(app)
    assert not app.text_input
    assert not app.segmented_control
    assert "href" not in seen(app)


def test_words_that_nobody_wrote_find_nothing(commented: SurveyedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(commented.publish(), "customer_voice.py", monkeypatch, words="zebra")
    assert "Nobody wrote such a comment in this period." in text(app)


# Real exports.


@pytest.fixture(scope="module")
def airport(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of the airport's survey, loaded."""
    settings = shared_settings("sfo_2017", shared, tmp_path_factory.mktemp("airport"))
    pipelines = Pipelines(load(settings))
    pipelines.run("test")
    pipelines.close()
    return settings


def _raw_scores(shared: Path) -> list[tuple[int, float]]:
    """Score and weight of every answer, as the file has them: 0 to 10; 11 and blank are none."""
    with gzip.open(
        next((shared / "data" / "surveys" / "sfo_2017").glob("*.csv.gz")), "rt", encoding="utf-8-sig"
    ) as file:
        rows = [(row["NETPRO"].strip(), float(row["WEIGHT"])) for row in csv.DictReader(file)]
    return [(int(float(score)), weight) for score, weight in rows if score not in ("", "11")]


def test_the_airports_score_range_and_weighted_score_are_those_of_its_file(shared: Path, airport: Path) -> None:
    raw = _raw_scores(shared)
    kinds = [((score >= 9) - (score <= 6), weight) for score, weight in raw]
    (row,) = voice.scored(Warehouse(load(airport).data.folder).ask("voice_parts", part=None)).to_dict("records")
    assert (row["n"], round(row["value"], 1)) == (len(raw), 39.8) == (2_746, 39.8)
    assert row["worst"] == pytest.approx(100 * (1_436 - 342 - 85) / 2_831)
    assert row["best"] == pytest.approx(100 * (1_436 - 342 + 85) / 2_831)
    weighted = voice.weighted(row)
    assert weighted is not None
    total = sum(weight for _, weight in raw)
    assert weighted.value == pytest.approx(100 * sum(net * weight for net, weight in kinds) / total)
    assert weighted.effective_n == pytest.approx(total**2 / sum(weight**2 for _, weight in raw))


def test_the_airports_page_has_its_score_with_and_without_weights(
    airport: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(airport, "customer_voice.py", monkeypatch)
    assert tiles(app) == {"NPS": "40", "Response rate, NPS": "97%"}
    assert "40.4 by the survey's weights" in text(app)
    assert "85 of 2,831 did not answer" in text(app)


@pytest.mark.parametrize("name", ["voice_charts", "pull_charts", "silence_charts", "voice_comments", "voice_words"])
def test_charts_and_words_of_the_voice_know_no_sql_and_no_streamlit(name: str) -> None:
    roots = {imported.split(".")[0] for imported in _imports(PROJECT / "pages" / "elements" / f"{name}.py")}
    assert not roots & {"streamlit", "duckdb"}
