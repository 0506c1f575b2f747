"""The application: `streamlit run dashboard.py [-- --settings FILE]`. Starts what every page shares, serves pages/navigation.py."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit import config

from pages.elements import connections, server_log
from pages.elements.compression import CompressedAssets
from pages.elements.door import Door, Rules, login_secrets, refuse_half_a_login, refuse_open_door, refuse_other_trust
from pages.elements.limits import Limits
from warehouse.errors import SupportError
from warehouse.section import size_bytes
from warehouse.settings import Dashboard, load, settings_path

# Imported before the first visitor: two first sessions at once can meet a half-imported pandas.
HEAVY = ("pandas", "plotly.graph_objects", "duckdb", "pages.elements.charts", "pages.elements.frame")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Imports what pages need, serves the editor's file, and keeps pages that follow redrawn and memory low while nobody looks; then
    freezes what is there: later collections do not walk through it again."""
    for name in HEAVY:
        importlib.import_module(name)
    importlib.import_module("pages.elements.sql_editor").serve()
    importlib.import_module("pages.elements.timers").hold_back()
    following = importlib.import_module("pages.elements.following")
    tasks = [asyncio.create_task(following.keep_redrawing()), asyncio.create_task(following.rest_when_alone())]
    gc.collect()
    gc.freeze()
    yield None
    for task in tasks:
        task.cancel()


def asked_for(what: str) -> Callable[[Request], Response]:
    """An answer of pages.elements.probes, which is imported when it is first asked for."""

    def answer(asked: Request) -> Response:
        response: Response = getattr(importlib.import_module("pages.elements.probes"), what)(asked)
        return response

    return answer


def settings_from_arguments() -> None:
    """Names the settings file for this process: `--settings FILE` after Streamlit's own arguments."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--settings", type=Path)
    named = parser.parse_known_args()[0].settings
    if named:
        os.environ["SUPPORT_SETTINGS"] = str(named.resolve())


def rules(login: dict[str, Any]) -> Rules:
    """What the door goes by; ends the process with a clear line where it would stand open, or a login cannot work."""
    try:
        settings = load(settings_path())
        server_log.set_up(settings.log.format)
        refuse_open_door(settings, st.get_option("server.address"))
        refuse_half_a_login(settings, login)
        refuse_other_trust(settings)
    except SupportError as error:
        server_log.refuse(str(error))
    if settings.access and settings.access.login == "header":
        # Streamlit then lets nobody go on with a session that was begun under another name.
        config.set_option("server.trustedUserHeaders", {settings.access.header: "email"})
    is_https = str(login.get("redirect_uri", "")).startswith("https:")
    return Rules(tuple(settings.dashboard.hosts), settings.access, is_https, tuple(settings.health.monitors))


def limits() -> Dashboard:
    """What visitors may take up at most; the server is told of it."""
    dashboard = load(settings_path()).dashboard
    connections.bound(dashboard.most_viewers, size_bytes(dashboard.largest_request))
    return dashboard


settings_from_arguments()
server_log.set_up(None)
login = login_secrets()
app = st.App(
    Path(__file__).parent / "pages" / "navigation.py",
    lifespan=lifespan,
    routes=[Route("/api/health", asked_for("health")), Route("/api/metrics", asked_for("metrics"))],
    middleware=[
        Middleware(Door, rules=rules(login)),
        Middleware(Limits, most_viewers=limits().most_viewers),
        Middleware(CompressedAssets),
    ],
    secrets={"auth": login} if login else None,
)
