"""How sure it is that a figure changed: the interval of a difference, from the intervals of the two figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot
from typing import Any

import pandas as pd


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
    """Of two rows of `Warehouse.series`, each with value, low and high; None where one of the values is not known.

    Source: Zou and Donner 2008, Statistics in Medicine 27:1693 (MOVER); of shares that is Newcombe's interval (1998, ibid. 17:873, method 10).
    """
    if any(pd.isna(row["value"]) or not row.get("is_known", True) for row in (now, before)):
        return None
    value = float(now["value"] - before["value"])
    if any(pd.isna(row[side]) for row in (now, before) for side in ("low", "high")):
        return Difference(value, None, None)
    down = hypot(now["value"] - now["low"], before["high"] - before["value"])
    up = hypot(now["high"] - now["value"], before["value"] - before["low"])
    return Difference(value, value - down, value + up)
