"""What was published, and whether it is still there as it was: told by a look at each file, without reading it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import numbered_versions

PUBLIC_NAME = "warehouse.duckdb"
# What the name of a copy begins with until it is proven.
UNPROVEN = ".publishing-"
_NOTED = "published"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def note(connection: duckdb.DuckDBPyConnection, folder: Path, made: Path) -> None:
    """Keeps how the published files look now: `made`, which was, and older ones that are still as they were noted. Of the others, such as
    those from before the machine was started anew, nobody knows what they hold."""
    before = noted(connection)
    older = [path.name for path in numbered_versions(folder).values() if path != made and is_as_noted(path, before)]
    names = [PUBLIC_NAME, made.name, *older]
    looks: dict[str, Any] = {name: _look(folder / name) for name in names}
    value = json.dumps(looks | {"boot": _boot()})
    connection.execute("delete from store.memory where name = $name", {"name": _NOTED})
    connection.execute("insert into store.memory values ($name, $value)", {"name": _NOTED, "value": value})


def noted(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """How each file looked when it was published; empty where nothing was yet."""
    row = connection.execute("select value from store.memory where name = $name", {"name": _NOTED}).fetchone()
    found: dict[str, Any] = json.loads(row[0]) if row else {}
    return found


def newest(looks: Mapping[str, Any]) -> int:
    """The newest version that was noted; 0: none was."""
    return max(map(_number, looks), default=0)


def is_as_noted(path: Path, looks: Mapping[str, Any]) -> bool:
    """Whether a file is what was published under its name, untouched.

    Where the machine was started anew since, nobody knows: what was not on the disk by then may be torn.
    """
    return looks.get("boot") == _boot() and not _is_changed(path, looks)


def is_whole(folder: Path, looks: Mapping[str, Any], version: int) -> bool:
    """Whether readers find `version` as it was published, under both its names."""
    names = (f"warehouse-{version}.duckdb", PUBLIC_NAME)
    return newest(looks) == version and all(is_as_noted(folder / name, looks) for name in names)


def faults(folder: Path, looks: Mapping[str, Any]) -> list[str]:
    """What happened to published files since they were, in words; nothing where the newest and warehouse.duckdb are as noted."""
    names = [f"warehouse-{newest(looks)}.duckdb", PUBLIC_NAME] if looks else []
    return [
        f"{name} was changed by something else: it is kept as {_aside(folder / name).name}"
        if (folder / name).exists()
        else f"{name} was removed by something else"
        for name in names
        if _is_changed(folder / name, looks) and not _names_a_version(folder, name)
    ]


def set_aside(folder: Path, looks: Mapping[str, Any]) -> None:
    """Keeps published files that are not as noted under another name. A version is no longer found by its own, but warehouse.duckdb is,
    until the next one takes its place."""
    for name in looks:
        path = folder / name
        if name == "boot" or not path.exists() or not _is_changed(path, looks):
            continue
        if name != PUBLIC_NAME:
            keep_aside(path)
        elif not _names_a_version(folder, name):
            _aside(path).unlink(missing_ok=True)
            _aside(path).hardlink_to(path)


def _names_a_version(folder: Path, name: str) -> bool:
    """Whether it is warehouse.duckdb as a publication left it that was killed before it noted it."""
    path = folder / name
    return (
        name == PUBLIC_NAME
        and path.exists()
        and any(path.samefile(version) for version in numbered_versions(folder).values())
    )


def keep_aside(path: Path) -> str:
    """Keeps a damaged file under another name, in place of an earlier one of that name; returns the name."""
    return path.rename(_aside(path)).name


def _aside(path: Path) -> Path:
    return path.with_name(f"damaged-{path.name.removeprefix(UNPROVEN)}")


def _number(name: str) -> int:
    digits = name.removeprefix("warehouse-").removesuffix(".duckdb")
    return int(digits) if digits.isdecimal() else 0


def _is_changed(path: Path, looks: Mapping[str, Any]) -> bool:
    return path.name not in looks or looks[path.name] != _look(path)


def _look(path: Path) -> list[int] | None:
    """Size and time of the last change, which a copied or moved folder keeps; None: there is no such file."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


@cache
def _boot() -> str:
    """What this start of the machine is known by; empty where the system does not say."""
    return _BOOT.read_text(encoding="ascii").strip() if _BOOT.exists() else ""
