"""The glossary as visitors find it from a link: one metric in full, with the way to its course over time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.small_warehouse import NOON, SmallWarehouse
from tests.test_pages import text, visit


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    desk = SmallWarehouse(tmp_path)
    desk.wait(NOON, 60)
    return desk.publish()


@pytest.mark.parametrize("name", ["first_response_time", "first_response_time_p90"])
def test_a_link_opens_a_metric_by_its_name_or_that_of_its_series(
    name: str, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(settings, "glossary.py", monkeypatch, metric=name)
    assert app.selectbox(key="metric").value == "first_response_time"
    assert "A bot is no answer" in text(app)
    assert "lower is better" in text(app)
    assert app.code[0].value.endswith("from waits group by all")
    app.button(key="to_trends_Over time").click().run()
    assert app.query_params["metric"] == "first_response_time"
    assert app.subheader[0].value == "Trends"


def test_a_metric_that_there_is_not_is_named(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(settings, "glossary.py", monkeypatch, metric="*happiness*")
    assert r"There is no metric called \*happiness\*" in text(app)
    assert not app.code


def test_the_only_metric_that_is_found_is_open(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(settings, "glossary.py", monkeypatch, words="wilson lower")
    assert app.dataframe[0].value["Metric"].tolist() == ["wilson_low"]
    assert len(app.code) == 1
