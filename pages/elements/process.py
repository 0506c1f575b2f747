"""What this process runs on: the settings file it was started with."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from warehouse.settings import Settings, load, settings_path


def path() -> str:
    """The settings file of this process."""
    return str(settings_path().resolve())


def settings() -> Settings:
    """The settings of this process; raises SettingsError."""
    return of_file(path())


@st.cache_resource(show_spinner=False)
def of_file(settings_file: str) -> Settings:
    """The settings of a file, read once."""
    return load(Path(settings_file))
