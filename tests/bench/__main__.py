"""python -m tests.bench [--tickets N ...] [--folder DIR] [--json FILE]: what the product costs, on made-up data of any size."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.bench import loading, pages, questions
from tests.bench.figures import Figure, table, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--tickets", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the made-up desks are made; default: a temporary folder")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    asked = parser.parse_args()
    found: list[Figure] = []
    timed: dict[int, list[questions.Timed]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for tickets in asked.tickets:
            folder = (asked.folder or Path(temporary)) / str(tickets)
            found += loading.figures(folder, tickets)
            timed[tickets] = questions.measured(folder)
            found += questions.short(timed[tickets], tickets) + pages.figures(folder, tickets)
            print(table(found), flush=True)
    small, large = min(timed), max(timed)
    if small < large:
        found += questions.growth(timed[small], timed[large], (small, large))
        print(table(found), flush=True)
    write(found + [line for size, each in timed.items() for line in questions.every(each, size)], asked.json)


if __name__ == "__main__":
    main()
