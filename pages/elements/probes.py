"""What the dashboard says of itself to a monitor: /api/health for anybody, /api/metrics for this machine and those that support.toml names."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from streamlit.runtime import exists, get_instance

from pages.elements import data
from pages.elements.kept import kept
from warehouse import state
from warehouse.connection import prove_readable
from warehouse.errors import SupportError, line_of
from warehouse.exposition import epoch, exposed, gauge, of_state, registry
from warehouse.standing import data_as_of, iso

SESSIONS = "active_sessions"


def health(_: Request) -> Response:
    """How far the data goes that pages show, and how the pipelines stand; 503 where no version can be read. Where visitors log in,
    neither names nor folders are said."""
    told = document()
    return JSONResponse(told, status_code=200 if told["state"] == "ready" else 503)


def metrics(asked: Request) -> Response:
    """The same, and what the process takes, as text for Prometheus."""
    content_type, text = exposed(registry(Figures()), asked.headers.get("accept", ""))
    return Response(text, media_type=content_type)


def document() -> dict[str, Any]:
    """state: ready, or no data where no version can be read. pipelines: ok, late or failing, and since when. Instants are UTC, ISO."""
    is_open = False
    try:
        is_open = data.settings().access is None
        return {"state": "ready", **_of_data(data.path(), data.version(), is_open), "sessions": sessions()}
    except (SupportError, duckdb.Error) as error:
        reason = {"reason": line_of(error)} if is_open else {}
        return {"state": "no data", "sessions": sessions(), **reason}


def _of_data(settings_file: str, version: int, is_open: bool) -> dict[str, Any]:
    _readable(settings_file, version, int(time.monotonic()))
    stands = data.standing(settings_file, version)
    known = data.sources(settings_file, version)
    oldest = data_as_of(stands.feeds)
    return {
        "version": version,
        "as_of": {source.name: iso(source.as_of) for source in known} if is_open else iso(oldest),
        "age_seconds": _age(oldest),
        "fresh_since": iso(stands.fresh_since),
        "pipelines": {
            "state": stands.how,
            "since": iso(stands.since),
            "alive_at": iso(state.alive_at(data.settings().data.folder)),
            **({"reasons": stands.reasons} if is_open else {}),
        },
    }


@kept(most=5)
def _readable(settings_file: str, version: int, _second: int) -> None:
    """Looked at once a second, however many ask."""
    prove_readable(data.of_file(settings_file).data.folder, version)


def _age(as_of: datetime | None) -> float | None:
    return round((data.now() - as_of).total_seconds(), 1) if as_of else None


def sessions() -> int | None:
    """Visitors' pages that are open; None where no server runs."""
    if not exists():
        return None
    return int(get_instance().stats_mgr.get_stats([SESSIONS])[SESSIONS][0].value)  # type: ignore[attr-defined]


class Figures(Collector):
    def collect(self) -> Iterator[Metric]:
        """Worked out when asked for."""
        told = document()
        pipelines = told.get("pipelines", {})
        yield from of_state(pipelines.get("state"))
        is_ready = float(told["state"] == "ready")
        yield gauge("dashboard_ready", "1 where the newest version can be read.", [({}, is_ready)])
        yield gauge("dashboard_version", "The version that pages show.", [({}, told.get("version"))])
        yield gauge("dashboard_data_age_seconds", "How old the data is.", [({}, told.get("age_seconds"))])
        yield gauge("dashboard_sessions", "Visitors' pages that are open.", [({}, told["sessions"])])
        looked = epoch(pipelines.get("alive_at"))
        yield gauge(
            "last_sign_of_life_timestamp_seconds", "When the pipelines last gave a sign of life.", [({}, looked)]
        )

    def describe(self) -> Iterator[Metric]:
        """Nothing before it is asked for."""
        return iter(())
