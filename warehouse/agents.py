"""Agents compared fairly: likely values, the same mix of work, limits of chance. Takes frames of questions/agents_table.sql; reads nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from warehouse.statistics import funnel_limits, shrunk_shares

# Entries of CATALOGUE, in the order of the table.
HANDLE_TIME = "average_handle_time"
SHARES = ("promise_kept_rate", "csat", "first_contact_resolution", "reopen_rate", "transfer_rate")
MEASURES = (HANDLE_TIME, *SHARES)
# What is drawn towards the others.
LIKELY = ("promise_kept_rate", "csat")
# What a funnel is drawn of.
FUNNELS = ("promise_kept_rate", "csat", "reopen_rate")
# Of fewer, a share says next to nothing.
FEWEST = 10
# So many agents it takes to say how far they lie apart in general.
FEWEST_AGENTS = 10
WINSORISED = 0.1


@dataclass(frozen=True)
class Funnel:
    """Where shares lie by chance around `centre`. `spread`: how much wider than chance alone makes them all agents lie apart, 1 or more."""

    centre: float
    spread: float

    def limits(self, trials: ArrayLike) -> pd.DataFrame:
        """Exact binomial limits (see statistics.funnel_limits), moved out by the spread."""
        frame = funnel_limits(trials, self.centre)
        bounds = frame.columns.drop("trials")
        frame[bounds] = (self.centre + self.spread * (frame[bounds] - self.centre)).clip(0, 1)
        return frame

    def is_outside(self, values: pd.Series, trials: pd.Series) -> pd.Series:
        """Which shares lie outside the 99.8 % limits."""
        limits = self.limits(trials).set_index(values.index)
        return (values < limits["low_99.8"] - 1e-9) | (values > limits["high_99.8"] + 1e-9)


def funnel_of(values: pd.Series, trials: pd.Series) -> Funnel:
    """The funnel of shares (0-1) that rest on `trials` (positive); of nobody its centre is NaN.

    Where all agents lie farther apart than chance makes them (busy hours come in bunches, and no two do quite the same work), the limits
    are as much wider: else they would point at people for what is so for everyone.

    Source: Spiegelhalter 2005, Statistics in Medicine 24:1185, section 3.2: multiplicative over-dispersion, from z scores of
    which a tenth either side is winsorised, and only where it is more than two standard errors above 1.
    """
    if trials.sum() == 0:
        return Funnel(float("nan"), 1.0)
    centre = float(np.clip((values * trials).sum() / trials.sum(), 0, 1))
    if len(values) < FEWEST_AGENTS or not 0 < centre < 1:
        return Funnel(centre, 1.0)
    scores = (values - centre) / np.sqrt(centre * (1 - centre) / trials)
    dispersion = float((scores.clip(scores.quantile(WINSORISED), scores.quantile(1 - WINSORISED)) ** 2).mean())
    return Funnel(centre, float(np.sqrt(dispersion)) if dispersion > 1 + 2 * np.sqrt(2 / len(values)) else 1.0)


def compared(rows: pd.DataFrame, is_in_sum: Callable[[str], bool] = lambda name: False) -> pd.DataFrame:
    """The rows with what is likely, and what they would have with everybody's mix of channels and topics.

    `is_in_sum` says of a name whether it stands for several agents together (see scope): such rows count in everything that is of all
    agents, and are themselves compared with nobody: null where something is likely, and in no funnel.
    Adds, for each NAME of LIKELY: NAME_likely, NAME_likely_low, NAME_likely_high (drawn towards the others, small n the more); for each of
    SHARES: NAME_same_mix, the common share and what theirs is off the expected one. Null where nothing was counted.
    """
    rows = rows.assign(is_in_sum=[is_in_sum(name) for name in rows["agent"]])
    same_mix = {
        f"{name}_same_mix": (_together(rows, name) + rows[name] - rows[f"{name}_expected"]).astype(float).clip(0, 1)
        for name in SHARES
    }
    return pd.concat([rows.assign(**same_mix), *(_likely(rows, name) for name in LIKELY)], axis=1)


def _likely(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    trials = rows[f"{name}_n"].where(~rows["is_in_sum"], 0)
    columns = [f"{name}_likely", f"{name}_likely_low", f"{name}_likely_high"]
    if trials.sum() == 0:
        return pd.DataFrame(np.nan, index=rows.index, columns=columns)
    hits = (rows[name].fillna(0) * trials).round()
    likely = shrunk_shares(hits, trials)[["shrunk", "low", "high"]]
    return likely.set_axis(columns, axis=1).where(trials > 0)


def _together(table: pd.DataFrame, name: str) -> float:
    """The value of all agents together; NaN of nothing."""
    trials = table[f"{name}_n"].sum()
    return float((table[name] * table[f"{name}_n"]).sum() / trials) if trials else float("nan")


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """All agents together: one row per name of MEASURES with value and n."""
    return pd.DataFrame(
        {
            "value": [_together(table, name) for name in MEASURES],
            "n": [int(table[f"{name}_n"].sum()) for name in MEASURES],
        },
        index=list(MEASURES),
    )


def funnel_rows(table: pd.DataFrame, name: str, same_mix: bool) -> pd.DataFrame:
    """What the funnel of a share is drawn from: agent, hits, n, value; at everybody's mix of work, or as counted."""
    counted = table[(table[f"{name}_n"] > 0) & ~table["is_in_sum"]]
    value = counted[f"{name}_same_mix" if same_mix else name].astype(float)
    n = counted[f"{name}_n"]
    rows = pd.DataFrame({"agent": counted["agent"], "hits": value * n, "n": n, "value": value})
    return rows.reset_index(drop=True)


def outside(table: pd.DataFrame, names: Sequence[str] = FUNNELS, same_mix: bool = True) -> dict[str, list[str]]:
    """By measure, who lies outside the 99.8 % limits of its funnel, by name."""
    found = {}
    for name in names:
        rows = funnel_rows(table, name, same_mix)
        if len(rows):
            is_out = funnel_of(rows["value"], rows["n"]).is_outside(rows["value"], rows["n"])
            found[name] = sorted(rows.loc[is_out, "agent"])
    return found


def mix(theirs: pd.DataFrame, team: pd.DataFrame) -> pd.DataFrame:
    """What an agent's work is made of beside the team's: part, n, share, team_share (0-1, null without a team), the largest first.

    Both are frames of a count's series without a grain, split by channel or topic.
    """
    parts = theirs[theirs["n"] > 0].sort_values(["n", "part"], ascending=[False, True])
    of_team = {_key(part): n for part, n in zip(team["part"], team["n"], strict=True)}
    whole = sum(of_team.values())
    shares = [of_team.get(_key(part), 0) / whole if whole else float("nan") for part in parts["part"]]
    mixed = {"part": parts["part"], "n": parts["n"], "share": parts["n"] / max(parts["n"].sum(), 1)}
    return pd.DataFrame({**mixed, "team_share": shares}).reset_index(drop=True)


def _key(part: object) -> str | None:
    """Nulls of frames are not equal to each other."""
    return part if isinstance(part, str) else None


def per_agent(counts: pd.DataFrame, active: pd.DataFrame) -> pd.DataFrame:
    """A team's counts over time divided by how many of its agents answered in the bin; null where nobody did."""
    people = counts["bin"].map(active.set_index("bin")["value"])
    return counts.assign(value=(counts["value"] / people).where(people > 0))
