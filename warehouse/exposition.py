"""Metrics in Prometheus' terms: what the pipelines and the dashboard share in saying them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from warehouse.texts import printable

STATES = ("ok", "late", "failing")
# Labels by name, and the value; None where it is unknown.
Samples = Iterable[tuple[Mapping[str, str], float | None]]


def registry(figures: Collector) -> CollectorRegistry:
    """Figures of ours, and what the system knows of this process: memory, time, open files."""
    kept = CollectorRegistry()
    kept.register(figures)
    ProcessCollector(registry=kept)
    return kept


def exposed(kept: CollectorRegistry, accepted: str) -> tuple[str, bytes]:
    """Content type and text, in the newest form that the asker accepts."""
    encode, content_type = choose_encoder(accepted)
    return content_type, encode(kept)


def gauge(name: str, meaning: str, samples: Samples) -> Metric:
    return _filled(GaugeMetricFamily, name, meaning, samples)


def counter(name: str, meaning: str, samples: Samples) -> Metric:
    return _filled(CounterMetricFamily, name, meaning, samples)


def of_state(state: str | None) -> Iterator[Metric]:
    """How the warehouse stands; nothing where that is unknown."""
    yield gauge(
        "state",
        "1 for how the warehouse stands: ok, late (a source is silent beyond its rhythm) or failing (a person is needed).",
        (({"state": known}, float(known == state)) for known in STATES if state),
    )


def epoch(text: str | None) -> float | None:
    """Seconds since 1970 of an instant as standing.iso gives it."""
    return datetime.fromisoformat(text).timestamp() if text else None


def _filled(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily], name: str, meaning: str, samples: Samples
) -> Metric:
    """What is unknown is left out, never 0."""
    known = [(labels, value) for labels, value in samples if value is not None]
    family = kind(f"support_{name}", meaning, labels=list(known[0][0]) if known else [])
    for labels, value in known:
        family.add_metric([printable(label) for label in labels.values()], value)
    return family
