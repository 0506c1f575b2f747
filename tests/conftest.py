"""What tests share: a desk of delivered files with its settings, and the real exports where they are at hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.refresh import Pipelines, Report
from warehouse import copying
from warehouse.durable import write_whole
from warehouse.settings import load

pytest_plugins = ["tests.browsing"]
# What they assert is said with its values, as in test files.
pytest.register_assert_rewrite("tests.comparing", "tests.pull_case", "tests.pulling")
SHARED = Path(__file__).resolve().parents[2] / "shared"
TICKET_HEADER = "ticket_id,created_at,updated_at,status,channel,team,agent,customer,topic,first_response_at,solved_at"


@dataclass
class Desk:
    """A folder with settings, delivered files and the data folder that the pipelines make of them."""

    folder: Path
    sections: list[str] = field(default_factory=list)
    clock: int = 1_769_904_000

    def source(self, name: str, rows: str, more: str = "", path: str | None = None) -> None:
        """Adds [sources.NAME]; `more` are further lines of it."""
        (self.folder / "exports" / name).mkdir(parents=True, exist_ok=True)
        where = path or f"exports/{name}"
        self.sections.append(f'[sources.{name}]\npath = "{where}"\nrows = "{rows}"\n{more}\n')

    def setting(self, text: str) -> None:
        self.sections.insert(0, text)

    def keep(self, *what: str) -> None:
        """[privacy] keep of what a test looks at as delivered."""
        self.setting(f"[privacy]\nkeep = {list(what)}\n")

    def settings_file(self) -> Path:
        path = self.folder / "support.toml"
        # Whole, as a pipeline that a test started may be reading it.
        write_whole(path, "\n".join(self.sections))
        return path

    def deliver(self, name: str, content: str | bytes, age: int | None = None) -> Path:
        """Writes exports/NAME as if a minute after the one before, or `age` seconds after the first."""
        path = self.folder / "exports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.clock += 60
        written = self.clock if age is None else 1_769_904_000 + age
        os.utime(path, (written, written))
        return path

    def run(self) -> Report:
        """One run in a process state of its own, as `python -m pipelines run` does it."""
        pipelines = Pipelines(load(self.settings_file()))
        try:
            pipelines.pull()
            report = pipelines.run("test")
        finally:
            pipelines.close()
        assert report is not None
        return report

    def ask(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the published warehouse, as any analyst would get them."""
        with duckdb.connect(str(self.folder / "data" / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql, parameters or None).fetchall()

    def counts(self, name: str) -> tuple[int, ...]:
        """rows read, loaded, unchanged, superseded, rejected of a delivered file."""
        columns = "rows_read, rows_loaded, rows_unchanged, rows_superseded, rows_rejected"
        return self.ask(f"select {columns} from files where name = $name", name=name)[0]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def ticket_desk(desk: Desk) -> Desk:
    """A desk whose one source delivers tickets under our own column names."""
    desk.source("tickets", "ticket")
    return desk


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"the real exports are not at hand ({SHARED.name}/ beside the project)")
    return SHARED


def shared_settings(name: str, shared: Path, folder: Path) -> Path:
    """One of tests/settings/, pointed at the real exports and a data folder of its own."""
    text = (Path(__file__).parent / "settings" / f"{name}.toml").read_text(encoding="utf-8")
    text = text.replace("../../../shared", str(shared)).replace('folder = "data"', f'folder = "{folder / name}"')
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUPPORT_SETTINGS", "SUPPORT_PRIVACY_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _nothing_kept_from_the_test_before() -> Iterator[None]:
    """What pages keep is theirs for as long as a process lives; a test has its own."""
    yield
    if "streamlit" in sys.modules:
        sys.modules["streamlit"].cache_data.clear()
        sys.modules["streamlit"].cache_resource.clear()
    if "pages.elements.kept" in sys.modules:
        sys.modules["pages.elements.kept"].forget()
    if "pages.elements.format" in sys.modules:
        sys.modules["pages.elements.format"].use(sys.modules["pages.elements.format"].OURS)


@pytest.fixture
def no_clones(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that cannot clone."""
    monkeypatch.setattr(copying, "cloned", lambda read, target: False)
