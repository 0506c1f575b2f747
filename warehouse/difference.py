"""How sure it is that a figure changed: the interval of a difference, from the intervals of the two figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from warehouse.statistics import Numbers

Sides = tuple[Numbers, Numbers, Numbers]


@dataclass(frozen=True)
class Difference:
    """What a figure is more than another; low and high are 95 %, None where one of the figures has no interval."""

    value: float
    low: float | None
    high: float | None

    @property
    def is_certain(self) -> bool | None:
        """Whether chance alone does not explain it; None where nothing says how sure the figures are."""
        return None if self.low is None or self.high is None else self.low > 0 or self.high < 0


def difference(now: Mapping[Any, Any], before: Mapping[Any, Any]) -> Difference | None:
    """Of two rows of `Warehouse.series`, each with value, low and high; None where one of the values is not known."""
    if any(pd.isna(row["value"]) or not row.get("is_known", True) for row in (now, before)):
        return None
    value = float(now["value"] - before["value"])
    if any(pd.isna(row[side]) for row in (now, before) for side in ("low", "high")):
        return Difference(value, None, None)
    first, second = (tuple(np.asarray(float(row[name])) for name in ("value", "low", "high")) for row in (now, before))
    _, low, high = of_sides(first, second)  # type: ignore[arg-type]
    return Difference(value, float(low), float(high))


def of_sides(first: Sides, second: Sides) -> Sides:
    """First less second with its interval; each side is its values, low and high ends. NaN where an end is not known.

    Source: Zou and Donner 2008, Statistics in Medicine 27:1693 (MOVER); of Wilson intervals it is Newcombe's (1998, ibid. 17:873, method 10).
    """
    (value, low, high), (other, other_low, other_high) = first, second
    change = value - other
    down, up = np.hypot(value - low, other_high - other), np.hypot(high - value, other - other_low)
    return change, change - down, change + up
