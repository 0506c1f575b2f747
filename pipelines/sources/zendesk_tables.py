"""A folder of a Zendesk account's raw tables: when one of them changed, they are turned into export files and landed like any other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipelines.sources import files
from warehouse import zendesk_tables
from warehouse.journal import Look


def look_over(folder: Path) -> list[Look]:
    """The tables in the folder as they are seen, or nothing while one of them is still being written.

    Raises FolderError where the folder is missing.
    """
    looks = [look for look in files.look_over(folder) if zendesk_tables.is_table(look.path)]
    return looks if len(files.settled(looks)) == len(looks) else []


def export(folder: Path, looks: list[Look], scratch: Path) -> Iterator[tuple[str, Look]]:
    """Each kind of row with the export file that was made of the tables, as old as the newest of them.

    Raises FolderError where a table or a column is missing.
    """
    newest = max((look.modified_ns for look in looks), default=0)
    for kind, path in zendesk_tables.write_exports(folder, scratch).items():
        os.utime(path, ns=(newest, newest))
        yield kind, Look(path, path.stat().st_size, newest)
