"""What this process runs on: the settings file it was started with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from warehouse.settings import Settings, load, settings_path


def path() -> str:
    """The settings file of this process."""
    return _resolved(settings_path().absolute())


@cache
def _resolved(path: Path) -> str:
    return str(path.resolve())


def settings() -> Settings:
    """The settings of this process; raises SettingsError."""
    return of_file(path())


@st.cache_resource(show_spinner=False)
def of_file(settings_file: str) -> Settings:
    """The settings of a file, read once."""
    return load(Path(settings_file))
