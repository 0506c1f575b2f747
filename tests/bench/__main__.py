"""python -m tests.bench [--tickets N ...] [--parts PART ...] [--folder DIR] [--json FILE]: what the product costs, on made-up data of any size."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.bench import answer_key, freshness, loading, long_run, merging, pages, questions, upkeep, viewers
from tests.bench.figures import Figure, table, write

PARTS = ("loading", "questions", "pages", "viewers", "freshness", "merging", "upkeep", "answer_key")
# Half an hour of its own, and so only where it is asked for.
MORE_PARTS = ("long_run",)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--tickets", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--parts", nargs="+", choices=PARTS + MORE_PARTS, default=PARTS)
    parser.add_argument("--folder", type=Path, help="where the made-up desks are made; default: a temporary folder")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    parser.add_argument("--minutes", type=float, default=10, help="of the viewers' run and of the long run")
    parser.add_argument("--batches", type=int, default=10_000, help="of the upkeep's run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = _measured(asked, asked.folder or Path(temporary))
    print(table([figure for figure in found if not figure.is_detail]))
    write(found, asked.json)


def _measured(asked: argparse.Namespace, folder: Path) -> list[Figure]:
    found: list[Figure] = []
    if "long_run" in asked.parts:
        found += long_run.figures(folder / "long_run", asked.minutes)
        if set(asked.parts) == {"long_run"}:
            return found
    timed: dict[int, list[questions.Timed]] = {}
    for tickets in sorted(asked.tickets):
        desk = folder / str(tickets)
        if "loading" in asked.parts or not (desk / "data").exists():
            found += loading.figures(desk, tickets)
            print(table([figure for figure in found if not figure.is_detail]), flush=True)
        if "questions" in asked.parts:
            timed[tickets] = questions.measured(desk)
            found += questions.short(timed[tickets], tickets) + questions.every(timed[tickets], tickets)
        found += _of_desk(asked, desk, tickets, found)
        print(table([figure for figure in found if not figure.is_detail]), flush=True)
    if "answer_key" in asked.parts:
        found += answer_key.figures(folder / "answer_key")
    if len(timed) > 1:
        found += questions.growth(timed[min(timed)], timed[max(timed)], (min(timed), max(timed)))
    return found + loading.growth(found)


def _of_desk(asked: argparse.Namespace, desk: Path, tickets: int, found: list[Figure]) -> list[Figure]:
    """What is measured on a desk that is loaded already."""
    parts = asked.parts
    figures = pages.figures(desk, tickets) if "pages" in parts else []
    figures += viewers.figures(desk, tickets, minutes=asked.minutes) if "viewers" in parts else []
    figures += freshness.figures(desk, tickets) if "freshness" in parts else []
    ours = next(
        (one.value for one in found if one.what == loading.BATCH and one.size == loading.size_of(tickets)), None
    )
    if "merging" in parts and ours is not None:
        figures += merging.figures(desk, tickets, ours=ours)
    if "upkeep" in parts:
        figures += upkeep.figures(desk.with_name(f"{tickets}-upkeep"), tickets, bare_batches=asked.batches)
    return figures


if __name__ == "__main__":
    main()
