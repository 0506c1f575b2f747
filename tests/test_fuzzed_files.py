"""Two thousand bad files: no run stops, every good row is loaded, and every row and file is accounted for.

FUZZ_SEED=N makes other files, and repeats a run that failed; FUZZ_FILES=N makes it longer.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fuzzing
from tests.conftest import SHARED, Desk

SEED = int(os.environ.get("FUZZ_SEED", "2026"))
FILES = int(os.environ.get("FUZZ_FILES", "2000"))
# Exports nobody of us wrote, and how many of their first bytes are played with.
REAL = ("ecommerce_csat/*.csv.gz", "uci_incident/*.csv.gz", "anonymous_bank_1999/*.txt.gz")


def _deliver(desk: Desk, files: list[fuzzing.Bad]) -> None:
    for file in files:
        desk.deliver(f"{file.feed}/{file.name}", file.content)


def _judge(desk: Desk, files: list[fuzzing.Bad], seed: int) -> None:
    """Each file by itself: what became of it, and whether its good rows are there."""
    found = {
        (feed, name): (state, reason, counts)
        for feed, name, state, reason, *counts in desk.ask(
            "select feed, name, state, reason, rows_read, rows_loaded, rows_unchanged, rows_superseded, rows_rejected from files"
        )
    }
    stored = {ticket for (ticket,) in desk.ask("select ticket_id from store.ticket_rows")}
    for file in files:
        state, reason, counts = found[file.feed, file.name]
        told = f"FUZZ_SEED={seed}: {file.name!r} is {state}: {reason} {counts} {file.content[:2_000]!r}"
        assert state in ("loaded", "refused"), told
        assert state == "loaded" or (reason.startswith(file.name) and len(reason) < 1_500), told
        assert state == "refused" or counts[0] == sum(counts[1:]), told
        assert not file.is_refused or state == "refused", told
        assert file.must <= stored, f"{sorted(file.must - stored)} are lost. {told}"


@pytest.fixture
def fuzzed_desk(desk: Desk) -> Desk:
    for feed in fuzzing.MAKERS:
        desk.source(feed, "ticket", 'part_of = "desk"')
    return desk


def test_every_good_row_of_two_thousand_bad_files_is_loaded(fuzzed_desk: Desk) -> None:
    random, delivered = Random(SEED), 0
    print(f"FUZZ_SEED={SEED}")
    seen: set[tuple[str, bytes]] = set()
    batch = 0
    while delivered < FILES:
        batch += 1
        files = [file for part in range(3) for file in fuzzing.files(random, 3 * batch + part)]
        # The same content again is no new file.
        files = [file for file in files if (file.feed, file.content) not in seen]
        files = list({(file.feed, file.content): file for file in files}.values())
        seen |= {(file.feed, file.content) for file in files}
        _deliver(fuzzed_desk, files)
        report = fuzzed_desk.run()
        assert report.state == "done", f"FUZZ_SEED={SEED}: {report.problems}"
        _judge(fuzzed_desk, files, SEED)
        delivered += len(files)


def _real_files(folder: Path, random: Random) -> list[tuple[str, bytes]]:
    """The beginnings of real exports: cut, doubled, shuffled, with bytes that are others."""
    found = []
    for pattern in REAL:
        path = next(iter(sorted((folder / "data").glob(pattern))))
        with gzip.open(path, "rb") as packed:
            lines = packed.readlines(60_000)
        whole = b"".join(lines)
        for content in (
            whole[: random.randrange(len(whole))],
            whole + whole,
            lines[0] + b"".join(random.sample(lines[1:], len(lines) - 1)),
            fuzzing.flipped(random, whole),
            fuzzing.flipped(random, gzip.compress(whole)),
            whole.decode("latin-1").encode("utf-16"),
            whole.replace(b",", b";"),
            whole.replace(b'"', b""),
        ):
            found.append((Path(pattern).parent.name, content))
    return found


MAPPED = {
    "ecommerce_csat": 'columns = { ticket_id = "Unique id", created_at = "Issue_reported at" }\ndate_format = "%d/%m/%Y %H:%M"',
    "uci_incident": 'columns = { ticket_id = "number", created_at = "opened_at" }\ndate_format = "%d/%m/%Y %H:%M"',
    "anonymous_bank_1999": 'delimiter = "\\t"\nformat = "csv"\ncolumns = { ticket_id = "call_id", created_at = "date" }\ndate_format = "%y%m%d"',
}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real exports are not at hand (shared/ beside the project)")
def test_real_exports_gone_wrong_stop_no_run(desk: Desk, shared: Path) -> None:
    random = Random(SEED)
    for name, more in MAPPED.items():
        desk.source(name, "ticket", more)
    for place, (name, content) in enumerate(_real_files(shared, random)):
        desk.deliver(f"{name}/{place}.csv", content)
    assert desk.run().state == "done", f"FUZZ_SEED={SEED}"
    assert desk.ask("select name from files where state not in ('loaded', 'refused')") == []
    wrong = "rows_read <> rows_loaded + rows_unchanged + rows_superseded + rows_rejected"
    assert desk.ask(f"select name from files where {wrong}") == [], f"FUZZ_SEED={SEED}"
    assert desk.ask("select feed from files where name in ('1.csv', '9.csv', '17.csv') and rows_loaded = 0") == []


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.lists(TEXT, min_size=1, max_size=10), min_size=10, max_size=30))
def test_any_text_in_a_cell_costs_no_row(tmp_path_factory: pytest.TempPathFactory, tables: list[list[str]]) -> None:
    desk = Desk(tmp_path_factory.mktemp("texts"))
    desk.source("csv", "ticket")
    files: list[fuzzing.Bad] = []
    for place, texts in enumerate(tables):
        found = [
            {"ticket_id": f"{place}-{row}", "created_at": "2026-01-01", "status": text}
            for row, text in enumerate(texts)
        ]
        files.append(fuzzing.Bad("csv", f"{place}.csv", fuzzing.as_csv(found).encode(), fuzzing.ids(found)))
    _deliver(desk, files)
    assert desk.run().state == "done"
    _judge(desk, files, SEED)
