"""Secrets stay where they are: never in support.toml, and out of logs, errors, `runs`, the data folder, responses and pages."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import duckdb
import pytest
from playwright.sync_api import Page

from pages.elements.sitemap import ENTRIES
from tests import browsing
from tests.browsing import PROJECT, opened
from tests.conftest import Desk
from warehouse.errors import SettingsError
from warehouse.settings import load

NAMES = ("client_secret", "cookie_secret", "password", "token", "api_key", "privacy_key", "proxy_secret", "secret")
SECTIONS = (
    "[data]",
    "[clock]",
    "[schedule]",
    "[dashboard]",
    '[access]\nlogin = "oidc"\nroles = [{ role = "admin", domains = ["example.com"] }]',
    '[[access.roles]]\nrole = "admin"\ndomains = ["example.com"]\n[access]\nlogin = "oidc"',
    "[privacy]",
    "[sql]",
    "[sample]",
    "[auth]",
    "[secrets]",
    '[sources.desk]\npath = "exports"\nrows = "ticket"',
)


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_can_stand_in_the_settings_and_the_refusal_does_not_repeat_it(name: str, tmp_path: Path) -> None:
    path, secret = tmp_path / "support.toml", secrets.token_hex(16)
    for section in SECTIONS:
        path.write_text(f'{section}\n{name} = "{secret}"\n', encoding="utf-8")
        with pytest.raises(SettingsError) as refused:
            load(path)
        assert secret not in str(refused.value)
        assert section.strip("[]").partition("]")[0].split(".")[0] in str(refused.value)
        assert ".streamlit/secrets.toml" in str(refused.value)


@dataclass
class Planted:
    """A folder in which secrets were planted, the processes' environment, and everything they printed."""

    folder: Path
    desk: Desk
    printed: Path
    markers: dict[str, str] = field(
        default_factory=lambda: {
            name: secrets.token_hex(32) for name in ("privacy key", "proxy secret", "client secret", "cookie secret")
        }
    )

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "HOME": str(self.folder),
            "SUPPORT_PRIVACY_KEY": self.markers["privacy key"],
            "SUPPORT_PROXY_SECRET": self.markers["proxy secret"],
        }

    def plant(self) -> None:
        """Streamlit reads secrets from the home folder, too."""
        (self.folder / ".streamlit").mkdir()
        (self.folder / ".streamlit" / "secrets.toml").write_text(
            '[auth]\nredirect_uri = "http://127.0.0.1:9/oauth2callback"\nclient_id = "support"\n'
            'server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"\n'
            f'client_secret = "{self.markers["client secret"]}"\ncookie_secret = "{self.markers["cookie secret"]}"\n',
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> int:
        with self.printed.open("ab") as printed:
            command = [sys.executable, "-m", "pipelines", *arguments]
            return subprocess.run(
                command, cwd=PROJECT, env=self.environment(), stdout=printed, stderr=printed, timeout=120, check=False
            ).returncode

    def seen_in(self, content: bytes) -> list[str]:
        """The secrets that stand in it, written out or as the bytes they spell."""
        return [
            name
            for name, marker in self.markers.items()
            if marker.encode() in content or bytes.fromhex(marker) in content
        ]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """A desk that was loaded with secrets around it: once well, once with files and settings that are wrong."""
    folder = tmp_path_factory.mktemp("planted")
    desk = Desk(tmp_path_factory.mktemp("desk"))
    planted = Planted(folder, desk, folder / "printed.txt")
    planted.plant()
    desk.source("tickets", "ticket", 'format = "jsonl"')
    desk.deliver("tickets/a.jsonl", '{"ticket_id": "T1", "created_at": "2026-01-01T10:00:00Z", "customer": "Ada"}')
    assert planted.run("run", "--settings", str(desk.settings_file())) == 0
    desk.deliver("tickets/b.jsonl", '{"ticket_id": "T2", "created_at": "never"}\nnot JSON at all')
    planted.run("run", "--settings", str(desk.settings_file()))
    wrong = folder / "wrong.toml"
    wrong.write_text("[clock]\ntime_zone = 'Mars'\n", encoding="utf-8")
    assert planted.run("run", "--settings", str(wrong)) == 2
    assert planted.run("nothing of the kind") == 2
    return planted


def texts_of(path: Path) -> Iterator[str]:
    """Every row of every table of a DuckDB file, as text."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
        for schema, table in tables:
            for (row,) in connection.execute(f'select one::varchar from "{schema}"."{table}" as one').fetchall():
                yield str(row)


def test_a_run_leaves_no_secret_in_what_it_prints_and_keeps(planted: Planted) -> None:
    data = planted.desk.folder / "data"
    files = [path for path in (*data.rglob("*"), planted.printed) if path.is_file()]
    assert len(files) > 4
    assert {path.name: seen for path in files if (seen := planted.seen_in(path.read_bytes()))} == {}
    rows = [row for name in ("warehouse.duckdb", "loading.duckdb") for row in texts_of(data / name)]
    assert len(rows) > 10
    assert planted.seen_in("\n".join(rows).encode()) == []


@pytest.fixture
def served(planted: Planted) -> Iterator[str]:
    """The dashboard with the secrets around it; what it prints goes where the runs' words went."""
    settings = str(planted.desk.settings_file())
    with (
        planted.printed.open("ab") as printed,
        browsing.served(
            "dashboard.py",
            "--logger.level=debug",
            "--",
            "--settings",
            settings,
            environment=planted.environment(),
            printed=printed,
        ) as address,
    ):
        yield address


ASKED = (
    *("/", "/api/health", "/_stcore/health", "/_stcore/metrics", "/_stcore/host-config", "/nothing", "/media/nothing"),
    *("/.streamlit/secrets.toml", "/app/static/../.streamlit/secrets.toml", "/static/%2e%2e/%2e%2e/.streamlit/secrets.toml"),
    *("/auth/login", "/oauth2callback?code=x&state=y", "/auth/logout", "/api/nothing"),
)  # fmt: skip


def answer(address: str) -> bytes:
    """Status, headers and body, whatever the status is."""
    try:
        response: IO[bytes] = urllib.request.urlopen(address, timeout=20)
    except urllib.error.HTTPError as error:
        response = error
    except OSError as error:
        return str(error).encode()
    return str(getattr(response, "headers", "")).encode() + response.read()


@pytest.mark.browser
def test_the_dashboard_says_no_secret_in_responses_pages_and_logs(planted: Planted, served: str, page: Page) -> None:
    assert {path: seen for path in ASKED if (seen := planted.seen_in(answer(served + path)))} == {}
    said: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: said.append(bytes_of(frame))))
    for entry in ENTRIES:
        opened(page, f"{served}/{'' if entry is ENTRIES[0] else entry.path}")
        said.append(page.content().encode())
    broken = planted.desk.folder / "data" / "warehouse-900.duckdb"
    broken.write_bytes(b"no warehouse at all")
    page.goto(f"{served}/queue_volume")
    page.wait_for_timeout(4000)
    said.append(page.content().encode())
    broken.unlink()
    assert sum(map(len, said)) > 100_000
    assert planted.seen_in(b"\n".join(said)) == []
    time.sleep(0.5)
    assert planted.seen_in(planted.printed.read_bytes()) == []


def bytes_of(frame: str | bytes) -> bytes:
    return frame if isinstance(frame, bytes) else frame.encode()
