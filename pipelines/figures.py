"""The pipelines' metrics in Prometheus' terms. Counters are sums over tables of the warehouse, so they go on after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client.core import Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from pipelines.health import OUTCOMES, STEPS, Document
from pipelines.watch import Watch
from warehouse.exposition import Samples, counter, epoch, gauge, of_state


class Figures(Collector):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """Worked out when asked for, from what the writer said last."""
        told = self._watch.document()
        yield from of_state(told["state"])
        yield from _of_runs(told, self._watch.known.run_totals)
        yield from _of_feeds(told["sources"])
        yield from _of_pulls(told["pulls"])
        yield from _of_files(told)

    def describe(self) -> Iterator[Metric]:
        """Nothing before it is asked for."""
        return iter(())


def _of_runs(told: Document, totals: Any) -> Iterator[Metric]:
    rows = list(totals.itertuples())
    run = told["run"] or {}
    yield counter("runs", "Runs, by how they ended.", (({"state": row.state}, row.runs) for row in rows))
    steps = SummaryMetricFamily(
        "support_run_step_seconds", "What steps of runs took, all runs together.", labels=["step"]
    )
    for step in STEPS if rows else ():
        steps.add_metric([step], sum(row.runs for row in rows), sum(getattr(row, f"{step}_seconds") for row in rows))
    yield steps
    last = run.get("seconds", {}).items()
    yield gauge(
        "last_run_step_seconds", "What steps of the last run took.", (({"step": name}, took) for name, took in last)
    )
    yield gauge("last_run_timestamp_seconds", "When the last run ended.", [({}, epoch(run.get("noted_at")))])
    yield gauge("last_good_run_timestamp_seconds", "When a run last went well.", [({}, epoch(run.get("good_at")))])
    yield gauge(
        "last_sign_of_life_timestamp_seconds",
        "When the pipelines last gave a sign of life.",
        [({}, epoch(told["alive_at"]))],
    )
    yield gauge("published_version", "The newest published version.", [({}, told["version"])])
    yield gauge("published_timestamp_seconds", "When it was published.", [({}, epoch(told["published_at"]))])
    yield gauge(
        "check_findings",
        "What checks found in the last build.",
        (
            ({"check": found["name"], "severity": found["severity"], "source": found["source"]}, found["found"])
            for found in told["checks"]
        ),
    )


def _of_feeds(feeds: list[Document]) -> Iterator[Metric]:
    def each(key: str) -> Samples:
        return (({"source": feed["source"], "feed": feed["feed"]}, feed[key]) for feed in feeds)

    yield counter("rows_read", "Rows read: loaded + unchanged + superseded + rejected.", each("rows_read"))
    yield counter(
        "rows",
        "Rows by what became of them.",
        (
            ({"source": feed["source"], "feed": feed["feed"], "outcome": outcome}, feed[f"rows_{outcome}"])
            for feed in feeds
            for outcome in OUTCOMES
        ),
    )
    yield counter("files", "Files delivered.", each("files"))
    yield counter("files_refused", "Files of which nothing was loaded.", each("files_refused"))
    yield gauge("data_age_seconds", "How old a feed's data is.", each("age_seconds"))
    yield gauge("feed_silent_seconds", "How long a feed has been silent.", each("silent_seconds"))
    yield gauge(
        "feed_late_after_seconds", "Which silence of a feed is late, by its own rhythm.", each("late_after_seconds")
    )
    late = (({"source": feed["source"], "feed": feed["feed"]}, float(feed["state"] == "stale")) for feed in feeds)
    yield gauge("feed_late", "1 where a feed is late.", late)


def _of_pulls(pulls: list[Document]) -> Iterator[Metric]:
    def each(key: str) -> Samples:
        return (({"source": pull["source"]}, epoch(pull[key])) for pull in pulls)

    failing = (({"source": pull["source"]}, float(pull["state"] == "failing")) for pull in pulls)
    yield gauge("pull_failing", "1 where a source cannot be pulled.", failing)
    yield gauge("pull_succeeded_timestamp_seconds", "When a pull that reached the end began.", each("succeeded_at"))
    yield gauge("pull_attempted_timestamp_seconds", "When a source was last tried.", each("attempted_at"))
    lags = (({"source": pull["source"]}, pull["lag_seconds"]) for pull in pulls)
    yield gauge("pull_lag_seconds", "How long ago the last pull that reached the end began.", lags)
    yield counter(
        "pull_pages",
        "Pages pulled.",
        (({"source": pull["source"], "list": name}, count) for pull in pulls for name, count in pull["pages"].items()),
    )


def _of_files(told: Document) -> Iterator[Metric]:
    yield gauge("file_bytes", "Sizes of files.", (({"file": name}, size) for name, size in told["files"].items()))
    for name in ("free", "total"):
        yield gauge(f"disk_{name}_bytes", f"The data folder's disk: {name}.", [({}, told["disk"].get(f"{name}_bytes"))])
