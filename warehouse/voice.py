"""What survey answers allow to be said: scores with their intervals, what silence leaves open, what moved, and which part pulls the score.

Frames of `questions/voice_parts.sql` and `voice_over_time.sql` in, with columns kind, asked, n, ups and downs; frames out. Scores are shares 0-1
(csat, ces) or points from -100 to 100 (nps).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from warehouse.difference import Sides, of_sides
from warehouse.statistics import Z_95, Numbers

KINDS = ("csat", "nps", "ces")
# With fewer answers the margin of a net promoter score is too small to say that anything moved.
FEWEST_FOR_NPS = 10


@dataclass(frozen=True)
class Weighted:
    """A score by the weights of its survey's design, and of how many unweighted answers it is worth."""

    value: float
    effective_n: float


def scored(tallies: pd.DataFrame) -> pd.DataFrame:
    """The tallies with value, low and high (95 %: Wilson for shares, a margin for nps), worst and best, and response, response_low and response_high.

    worst and best are the score had all who did not answer been unhappy, or happy: with nobody silent they are the value. Of nothing,
    everything is NaN.

    Source of worst and best: Manski 1989, Journal of Human Resources 24:343.
    """
    frame = tallies.copy()
    asked, n, ups, downs = (_numbers(frame, name) for name in ("asked", "n", "ups", "downs"))
    is_net = (frame["kind"] == "nps").to_numpy()
    scale = np.where(is_net, 100.0, 1.0)
    net, silent = np.where(is_net, ups - downs, ups), asked - n
    low, high = wilson(ups, n)
    margin = _nps_margin(ups, downs, n)
    value = _per(net, n) * scale
    frame["value"] = value
    frame["low"] = np.where(is_net, np.maximum(value - margin, -100), low)
    frame["high"] = np.where(is_net, np.minimum(value + margin, 100), high)
    frame["worst"] = _per(net - np.where(is_net, silent, 0), asked) * scale
    frame["best"] = _per(net + silent, asked) * scale
    frame["response"] = _per(n, asked)
    frame["response_low"], frame["response_high"] = wilson(n, asked)
    return frame


def with_response_of(scores: pd.DataFrame, settled: pd.DataFrame) -> pd.DataFrame:
    """The scores with the response of other rows of the same parts: of invitations so old that hardly an answer is still to come."""
    columns = ["response", "response_low", "response_high"]
    old = settled[["kind", "part", "asked", *columns]].rename(columns={"asked": "settled"})
    return scores.drop(columns=columns).merge(old, on=["kind", "part"], how="left")


def responses(scores: pd.DataFrame) -> pd.DataFrame:
    """The response of each row as a figure of its own, for `moved`: value, low and high, n the invitations it is of."""
    own = {"value": "response", "low": "response_low", "high": "response_high", "n": "settled"}
    return scores[["kind", "part"]].assign(**{name: scores[column] for name, column in own.items()})


def moved(scores: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """The scores with what they gained since `before` (matched by kind and part): value_before, n_before, change, change_low, change_high, is_change.

    is_change: the 95 % interval of the change leaves out 0, so that chance alone hardly made it. All NaN and false where there is nothing
    to compare with. For shares this is Newcombe's interval.
    """
    earlier = scores.head(0) if before is None else before
    columns = ["kind", "part", "value", "low", "high", "n"]
    frame = scores.merge(earlier[columns], on=["kind", "part"], how="left", suffixes=("", "_before"))
    now, then = _sides(frame, ""), _sides(frame, "_before")
    frame["change"], frame["change_low"], frame["change_high"] = of_sides(now, then)
    fewest = np.where(frame["kind"] == "nps", FEWEST_FOR_NPS, 1)
    is_enough = (frame[["n", "n_before"]].min(axis=1, skipna=False) >= fewest).to_numpy()
    frame["is_change"] = is_enough & ((frame["change_low"] > 0) | (frame["change_high"] < 0)).to_numpy()
    return frame


def pulls(scores: pd.DataFrame) -> pd.DataFrame:
    """Parts of one kind with how much each pulls the score: rest, pull, pull_low, pull_high and is_pull, the strongest first.

    pull is the score less the score without the part's answers, which is its share of the answers times its distance from all others;
    its interval is that of the distance. A part that nobody else stands beside pulls nothing: NaN.
    """
    frame = scores.reset_index(drop=True)
    tallies = frame[["asked", "n", "ups", "downs"]]
    rest = scored((tallies.sum() - tallies).assign(kind=frame["kind"]))
    distance, low, high = of_sides(_sides(frame, ""), _sides(rest, ""))
    share = _per(_numbers(frame, "n"), np.full(len(frame), float(frame["n"].sum())))
    frame = frame.assign(rest=rest["value"], pull=share * distance, pull_low=share * low, pull_high=share * high)
    fewest = np.where(frame["kind"] == "nps", FEWEST_FOR_NPS, 1)
    is_enough = np.minimum(frame["n"], rest["n"]) >= fewest
    frame["is_pull"] = is_enough & ((frame["pull_low"] > 0) | (frame["pull_high"] < 0))
    return frame.sort_values("pull", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def wilson(successes: Numbers, trials: Numbers, z: float = Z_95) -> tuple[Numbers, Numbers]:
    """The interval of shares; NaN without trials. Source: Wilson 1927, Journal of the American Statistical Association 22:209."""
    middle = _per(successes + z * z / 2, trials + z * z)
    reach = _per(z * np.sqrt(_per(successes * (trials - successes), trials) + z * z / 4), trials + z * z)
    low = np.where(successes == 0, 0.0, middle - reach)
    high = np.where(successes == trials, 1.0, middle + reach)
    return np.where(trials > 0, low, np.nan), np.where(trials > 0, high, np.nan)


def weighted(tally: Any) -> Weighted | None:
    """The score of one row of voice_parts by its weights; None where its answers have none.

    Source of the effective n: Kish 1965, Survey Sampling, 8.2.
    """
    if not tally["weight"] > 0:
        return None
    is_net = tally["kind"] == "nps"
    net = tally["weight_ups"] - (tally["weight_downs"] if is_net else 0)
    value = float(net / tally["weight"]) * (100 if is_net else 1)
    return Weighted(value, float(tally["weight"] ** 2 / tally["weight_squared"]))


def _nps_margin(ups: Numbers, downs: Numbers, n: Numbers) -> Numbers:
    """As the macro nps_margin: the root of p + d - (p - d) squared, over n."""
    up, down = _per(ups, n), _per(downs, n)
    margin: Numbers = 100 * Z_95 * np.sqrt(_per(np.maximum(up + down - (up - down) ** 2, 0), n))
    return margin


def _sides(frame: pd.DataFrame, ending: str) -> Sides:
    value, low, high = (_numbers(frame, f"{name}{ending}") for name in ("value", "low", "high"))
    return value, low, high


def _numbers(frame: pd.DataFrame, name: str) -> Numbers:
    numbers: Numbers = frame[name].to_numpy(dtype=float)
    return numbers


def _per(part: Numbers, whole: Numbers) -> Numbers:
    """A ratio; NaN of nothing."""
    ratio: Numbers = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
