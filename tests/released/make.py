"""python -m tests.released.make NAME [COMMIT]: keeps a data folder as a released version leaves it, for tests/test_upgrades.py.

At each release that changed the schema: raise warehouse.upgrading.SCHEMA_VERSION before it, and run this after it with the release's name,
such as 0.2.0. The code of COMMIT (default: HEAD) is unpacked beside, loads a few dozen tickets in two runs, and what it leaves in its data
folder, without published versions, becomes NAME.tar.xz here. Kept archives are never made anew: old code is what they are evidence of.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipelines.sample import write_history
from pipelines.sample.exports import DEFAULT_END
from tests.bench.written import Exports
from tests.browsing import PROJECT
from tests.fake_surveys import FakeDelighted

HERE = Path(__file__).parent
KEYS = {"SUPPORT_PRIVACY_KEY": "a key of released versions", "SUPPORT_NPS_KEY": "a key"}
DAYS, TICKETS, SEED = 3, 60, 11
SETTINGS = """[data]
folder = "data"
[[targets]]
metric = "first_response"
channel = "email"
within = "4h"
share = 0.8

[sources.tickets]
part_of = "desk"
path = "exports/tickets"
rows = "ticket"
[sources.events]
part_of = "desk"
path = "exports/events"
rows = "event"
key = ["event_id"]
[sources.messages]
part_of = "desk"
path = "exports/messages"
rows = "message"
columns.is_public = "public"
[sources.calls]
part_of = "desk"
path = "exports/calls"
rows = "call"
constants.channel = "phone"
[sources.surveys]
part_of = "desk"
path = "exports/surveys"
rows = "survey"
[sources.odd]
path = "exports/odd"
rows = "ticket"
"""
ANNOTATED = """[sources.annotations]
part_of = "desk"
path = "exports/annotations"
rows = "annotation"
"""
PULLED = """[sources.nps]
kind = "delighted"
address = "{address}"
first_wait = 0.01
requests_a_minute = 100000
"""
# One good row, one that is rejected; and a file that is refused.
ODD = {
    "odd.csv": "ticket_id,created_at,status,channel\nX-1,2025-12-30T10:00:00Z,new,email\nX-2,yesterday,new,email\n",
    "none.csv": "",
}
WRITE = """
import sys
from pathlib import Path
from warehouse.writing import write
folder = Path(sys.argv[1])
write(folder, "annotation", {"happened_at": "2025-12-30T09:00:00Z", "kind": "release", "label": "App 5.2", "author": "Ada"})
write(folder, "note", {"agent": "Ada", "kind": "recognition", "body": "Well done", "author": "Ben"})
write(folder, "view", {"name": "Mondays", "page": "live", "query": "?period=7d", "author": "Ada"})
"""


def main() -> None:
    name, commit = sys.argv[1], (sys.argv[2:] or ["HEAD"])[0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        code = unpacked(commit, folder / "code")
        made = Desk(code, folder / name)
        made.live()
        archive(folder / name, HERE / f"{name}.tar.xz")
    print(f"{name}.tar.xz: {(HERE / f'{name}.tar.xz').stat().st_size:,} bytes")


def unpacked(commit: str, folder: Path) -> Path:
    folder.mkdir()
    packed = subprocess.run(["git", "archive", commit], cwd=PROJECT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    return folder


class Desk:
    """A small desk that the code of a commit runs on: what that code can do is done."""

    def __init__(self, code: Path, folder: Path) -> None:
        self.code, self.folder = code, folder
        self.can = {part: (code / path).exists() for part, path in PARTS.items()}
        (folder / "exports").mkdir(parents=True)
        write_history(folder / "made", days=DAYS, tickets=TICKETS, seed=SEED, end=DEFAULT_END)
        for file, text in ODD.items():
            (folder / "made" / "odd").mkdir(exist_ok=True)
            (folder / "made" / "odd" / file).write_text(text, encoding="utf-8")
        for kind in (folder / "made").iterdir():
            (folder / "exports" / kind.name).mkdir()

    def live(self) -> None:
        files = sorted(path for path in (self.folder / "made").rglob("*.csv"))
        with FakeDelighted() as service:
            self.settings(service.address)
            self.deliver(files[::2])
            self.run("-m", "pipelines", "run", "--settings", "support.toml")
            if self.can["write"]:
                self.run("-c", WRITE, str(self.folder / "data"))
            self.deliver(files[1::2])
            self.run("-m", "pipelines", "run", "--settings", "support.toml")
        newest = Exports(self.folder / "exports").read().newest
        expected = {"kinds": {kind: len(rows) for kind, rows in newest.items()}, "can": self.can}
        if self.can["forget"]:
            expected["erased"] = next(iter(newest["tickets"].values()))["customer"]
            self.run("-m", "pipelines", "forget", str(expected["erased"]), "--settings", "support.toml")
        (self.folder / "expected.json").write_text(json.dumps(expected, indent=1), encoding="utf-8")

    def settings(self, address: str) -> None:
        text = SETTINGS
        text += ANNOTATED if self.can["write"] else ""
        text += PULLED.format(address=address) if self.can["pull"] else ""
        (self.folder / "support.toml").write_text(text, encoding="utf-8")

    def deliver(self, files: list[Path]) -> None:
        for path in files:
            shutil.copy2(path, self.folder / "exports" / path.parent.name)

    def run(self, *command: str) -> None:
        environment: Mapping[str, str] = {**os.environ, **KEYS, "PYTHONPATH": str(self.code)}
        done = subprocess.run(
            [sys.executable, *command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        print(done.stdout, done.stderr)
        done.check_returncode()


# What a version can do, by a file of its code.
PARTS = {"write": "warehouse/writing.py", "forget": "pipelines/forget.py", "pull": "pipelines/sources/delighted.py"}


def archive(folder: Path, target: Path) -> None:
    """Settings, what is expected, and the data folder without what is published and what nobody needs again."""
    with tarfile.open(target, "w:xz", preset=9) as packed:
        for path in sorted((folder / "data").rglob("*")):
            if path.is_file() and not path.name.startswith(("warehouse", "pipelines.lock")):
                packed.add(path, path.relative_to(folder), recursive=False)
        for name in ("support.toml", "expected.json"):
            packed.add(folder / name, name)


if __name__ == "__main__":
    main()
