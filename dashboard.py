"""The application: `streamlit run dashboard.py [-- --settings FILE]`. Starts what every page shares, serves pages/navigation.py."""

from __future__ import annotations

import argparse
import gc
import importlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pages.elements.compression import CompressedAssets
from warehouse.errors import SupportError

# Imported before the first visitor: two first sessions at once can meet a half-imported pandas.
HEAVY = ("pandas", "plotly.graph_objects", "duckdb", "pages.elements.charts", "pages.elements.frame")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Imports what pages need and serves the editor's file, then freezes it: later collections do not walk through it again."""
    for name in HEAVY:
        importlib.import_module(name)
    importlib.import_module("pages.elements.sql_editor").serve()
    gc.collect()
    gc.freeze()
    yield None


def health(_: Request) -> JSONResponse:
    """The version that pages show and how far its data goes; 503 with the reason where there is none."""
    from pages.elements import data

    try:
        version = data.version()
        known = data.sources(data.path(), version)
    except SupportError as error:
        return JSONResponse({"state": "no data", "reason": str(error)}, status_code=503)
    return JSONResponse(
        {"state": "ready", "version": version, "as_of": {source.name: f"{source.as_of}Z" for source in known}}
    )


def settings_from_arguments() -> None:
    """Names the settings file for this process: `--settings FILE` after Streamlit's own arguments."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--settings", type=Path)
    named = parser.parse_known_args()[0].settings
    if named:
        os.environ["SUPPORT_SETTINGS"] = str(named.resolve())


settings_from_arguments()
app = st.App(
    Path(__file__).parent / "pages" / "navigation.py",
    lifespan=lifespan,
    routes=[Route("/api/health", health)],
    middleware=[Middleware(CompressedAssets)],
)
