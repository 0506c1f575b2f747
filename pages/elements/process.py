"""What this process runs on: the settings file it was started with."""

from __future__ import annotations

import os
from pathlib import Path

from pages.elements.kept import kept
from warehouse.settings import Settings, load, settings_name


def path() -> str:
    """The settings file of this process."""
    return _resolved(settings_name(), os.getcwd())


@kept(most=20)
def _resolved(named: str, _folder: str) -> str:
    """Following links costs more than a look each time a page asks."""
    return str(Path(named).resolve())


def settings() -> Settings:
    """The settings of this process; raises SettingsError."""
    return of_file(path())


@kept(most=20)
def of_file(settings_file: str) -> Settings:
    """The settings of a file, read once."""
    return load(Path(settings_file))
