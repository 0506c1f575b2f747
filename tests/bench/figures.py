"""Figures of a benchmark: each beside a baseline of the same run, as a table for a person and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

HEADER = ("what", "size", "figure", "baseline", "ratio")


@dataclass(frozen=True)
class Figure:
    """One figure. `baseline` is what it is compared with in the same run; None: nothing. A detail stands in the JSON alone."""

    what: str
    size: str
    value: float
    unit: str
    compared_with: str = ""
    baseline: float | None = None
    is_detail: bool = False

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    def cells(self) -> tuple[str, ...]:
        beside = f"{shown(self.baseline, self.unit)} {self.compared_with}" if self.baseline is not None else ""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        return (self.what, self.size, shown(self.value, self.unit), beside, ratio)


def shown(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:,.3g} {unit}"


def middle(values: list[float]) -> float:
    """The median: machines are noisy."""
    return median(values)


def table(figures: list[Figure]) -> str:
    """Markdown, one line a figure."""
    lines = [HEADER, *(figure.cells() for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    padded = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([padded[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *padded[1:]])


def write(figures: list[Figure], path: Path) -> None:
    rows = [asdict(figure) | {"ratio": figure.ratio} for figure in figures]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
