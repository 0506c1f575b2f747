"""python -m tests.bench [--tickets N ...] [--folder DIR] [--json FILE]: what the product costs, on made-up data of any size."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.bench import loading, pages
from tests.bench.figures import Figure, table, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--tickets", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the made-up desks are made; default: a temporary folder")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    asked = parser.parse_args()
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as temporary:
        for tickets in asked.tickets:
            desk = (asked.folder or Path(temporary)) / str(tickets)
            found += loading.figures(desk, tickets) + pages.figures(desk, tickets)
            print(table(found), flush=True)
    write(found, asked.json)


if __name__ == "__main__":
    main()
