"""What one line of SQL does not say: limits, shrinkage, agreement and comparison. Numbers in, plain values or frames out.

Nothing here reads the warehouse. Missing values are the caller's to leave out: they raise ValueError, never become zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats  # type: ignore[import-untyped]

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

# The mean range of two readings, in standard deviations (d2 for n = 2).
MEAN_RANGE_OF_TWO = 1.128
Z_95 = 1.959963984540054
# Beyond so many trials' worth of prior, shares do not differ more than chance makes them.
MOST_PRIOR_TRIALS = 1e7


@dataclass(frozen=True)
class Limits:
    """Between `low` and `high` a reading lies if nothing changed, around `centre`."""

    centre: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupDifference:
    """A Kruskal-Wallis test and its size: epsilon squared is 0 for equal groups, 1 where group decides all."""

    statistic: float
    degrees_of_freedom: int
    p_value: float
    epsilon_squared: float


@dataclass(frozen=True)
class Agreement:
    """Intraclass correlations of single ratings: raters drawn anew for each target, a sample of raters, these raters alone."""

    one_way: float
    two_way_random: float
    two_way_mixed: float


@dataclass(frozen=True)
class Chance:
    """A chance with what it would be were everything still undecided to go one way or the other."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Likelihoods:
    """How likely each duration is (`seconds`, ascending), and a longer one than was followed (`rest`); `end` is the longest that was."""

    seconds: Numbers
    masses: Numbers
    rest: float
    end: float

    @classmethod
    def of(cls, seconds: ArrayLike, is_done: ArrayLike | None = None) -> Likelihoods:
        """What the curve of kaplan_meier says; all are done where nothing is said. Raises ValueError where there is no duration."""
        lasted = _numbers(seconds, "seconds")
        _require(len(lasted) > 0, "both sides need a wait")
        times, undone, _, _ = _curve(lasted, np.ones(len(lasted), dtype=bool) if is_done is None else is_done)
        rest = float(undone[-1]) if len(undone) else 1.0
        return cls(times, -np.diff(undone, prepend=1.0), rest, float(lasted.max()))

    def chance_of_longer_than(self, others: Likelihoods) -> Chance:
        """See chance_of_waiting_longer."""
        longer = self._above(others) + self.rest * others._up_to(self.end)
        shorter = others._above(self) + others.rest * self._up_to(others.end)
        # Of a pair of which one lasted longer than it was followed, and the other not surely less.
        open_pairs = self.rest * (others.rest + others._beyond(self.end)) + others.rest * self._beyond(others.end)
        equal = 1 - longer - shorter - open_pairs
        undecided = max(0.0, 1 - longer - shorter - equal)
        low = longer + equal / 2
        return Chance(low + undecided / 2, low, low + undecided)

    def _above(self, others: Likelihoods) -> float:
        """The chance that one of these is longer than one of the others, of the durations that are known."""
        below = np.concatenate([[0.0], np.cumsum(others.masses)])
        return float((self.masses * below[np.searchsorted(others.seconds, self.seconds)]).sum())

    def _up_to(self, end: float) -> float:
        return float(self.masses[self.seconds <= end].sum())

    def _beyond(self, end: float) -> float:
        return float(self.masses[self.seconds > end].sum())


def nps_margin(promoters: int, passives: int, detractors: int, z: float = Z_95) -> float:
    """Points either side of a net promoter score, from counts of answers; NaN without answers.

    Source: variance of a difference of multinomial shares, (p + d - (p - d)^2) / n.
    """
    answers = promoters + passives + detractors
    if answers == 0:
        return float("nan")
    up, down = promoters / answers, detractors / answers
    return float(100 * z * np.sqrt((up + down - (up - down) ** 2) / answers))


def funnel_limits(trials: ArrayLike, target: float, coverages: Sequence[float] = (0.95, 0.998)) -> pd.DataFrame:
    """Exact binomial limits of a share around `target` (0-1), for each number of trials (positive whole numbers).

    One row per number given: trials, and low_95, high_95, low_99.8, high_99.8 for the coverages given, clipped to 0-1.
    A share lies outside just when a count so far out, or farther, is less likely than half of what the coverage leaves;
    limits lie between whole counts as that tail says.

    Source: Spiegelhalter 2005, Statistics in Medicine 24:1185, appendix A.1.1, for the lower limit; the upper one is its
    mirror, where his formula would leave out the probability of the count itself.
    """
    counts = _numbers(trials, "trials")
    _require(bool(np.all(counts >= 1)), "trials are positive")
    _require(0 <= target <= 1, "target is a share, 0 to 1")
    frame = pd.DataFrame({"trials": counts.astype(np.int64)})
    for coverage in coverages:
        tail, name = (1 - coverage) / 2, f"{100 * coverage:g}"
        frame[f"low_{name}"] = _lower_limit(counts, target, tail)
        frame[f"high_{name}"] = 1 - _lower_limit(counts, 1 - target, tail)
    return frame


def _lower_limit(counts: Numbers, target: float, tail: float) -> Numbers:
    """The share below which no more than `tail` of the binomial lies."""
    reached = np.maximum(stats.binom.ppf(tail, counts, target), 0)
    mass = stats.binom.pmf(reached, counts, target)
    over = (stats.binom.cdf(reached, counts, target) - tail) / np.where(mass > 0, mass, 1)
    share: Numbers = np.clip((reached - over) / counts, 0, 1)
    return share


def shrunk_values(values: ArrayLike, standard_errors: ArrayLike) -> pd.DataFrame:
    """Values drawn towards their common mean, the less sure the more: what each most likely is, not what chance made of it.

    `standard_errors` is one positive number or one per value, in the unit of the values. Columns: value, shrunk, and
    kept, the part of the distance from the mean that remains (0-1). Three values or fewer cannot be shrunk: kept is 1.
    With equal errors this is the estimator of Efron and Morris, kept = 1 - (k - 3) s^2 / sum (y - mean)^2, never below
    2 / (k - 1).

    Source: Efron and Morris 1975, JASA 70:311; unequal errors: Morris 1983, JASA 78:47.
    """
    given = _numbers(values, "values")
    variances = np.broadcast_to(_numbers(standard_errors, "standard_errors") ** 2, given.shape)
    _require(bool(np.all(variances > 0)), "standard errors are positive")
    number = len(given)
    if number <= 3:
        return pd.DataFrame({"value": given, "shrunk": given, "kept": np.ones(number)})
    centre, spread = _centre_and_spread(given, variances)
    kept = 1 - (number - 3) / (number - 1) * variances / (variances + spread)
    return pd.DataFrame({"value": given, "shrunk": centre + kept * (given - centre), "kept": kept})


def _centre_and_spread(given: Numbers, variances: Numbers) -> tuple[float, float]:
    """The common mean and the variance of the true values around it, each value weighted by how sure it is."""
    ratio, spread = len(given) / (len(given) - 1), float(np.var(given))
    for _ in range(200):
        weights = 1 / (variances + spread)
        centre = float(np.average(given, weights=weights))
        found = max(0.0, float(np.average(ratio * (given - centre) ** 2 - variances, weights=weights)))
        if abs(found - spread) <= 1e-12 * (spread + float(variances.mean())):
            break
        spread = found
    return centre, spread


def shrunk_shares(successes: ArrayLike, trials: ArrayLike, coverage: float = 0.95) -> pd.DataFrame:
    """Shares drawn towards the common share, small n the more, with what is still likely for each.

    A beta distribution is fitted to all (most likely beta-binomial) and updated with each one's own count. Columns: share
    (NaN without trials), shrunk, low, high (0-1). Where shares differ no more than chance makes them, all come out alike.

    Source: Skellam 1948, JRSS B 10:257 (beta-binomial); Casella 1985, The American Statistician 39:83 (empirical Bayes).
    """
    hits, counts = _successes_and_trials(successes, trials)
    alpha, beta = _fitted_beta(hits, counts)
    posterior = stats.beta(alpha + hits, beta + counts - hits)
    tail = (1 - coverage) / 2
    share = np.divide(hits, counts, out=np.full_like(hits, np.nan), where=counts > 0)
    return pd.DataFrame(
        {"share": share, "shrunk": posterior.mean(), "low": posterior.ppf(tail), "high": posterior.ppf(1 - tail)}
    )


def _fitted_beta(hits: Numbers, counts: Numbers) -> tuple[float, float]:
    """Both parameters of the beta distribution that makes the counts most likely."""
    pooled = (hits.sum() + 0.5) / (counts.sum() + 1)
    longest = np.log(MOST_PRIOR_TRIALS)
    misses = counts - hits

    def surprise(logs: Numbers) -> tuple[float, Numbers]:
        """What the beta-binomial distribution makes of the counts, less what does not depend on its parameters, and the slope of that."""
        share, prior = special.expit(logs[0]), np.exp(logs[1])
        alpha, beta = share * prior, (1 - share) * prior
        likely = (special.betaln(hits + alpha, misses + beta) - special.betaln(alpha, beta)).sum()
        either = special.digamma(prior) - special.digamma(counts + prior)
        of_alpha = (special.digamma(hits + alpha) - special.digamma(alpha) + either).sum()
        of_beta = (special.digamma(misses + beta) - special.digamma(beta) + either).sum()
        slope = np.array([(of_alpha - of_beta) * alpha * (1 - share), of_alpha * alpha + of_beta * beta])
        return -float(likely), -slope

    bounds = [(-20.0, 20.0), (np.log(0.01), longest)]
    starts = [(special.logit(pooled), np.log(prior)) for prior in (2.0, 50.0, 1000.0)]
    tries = [optimize.minimize(surprise, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    logit, log_trials = min(tries, key=lambda found: float(found.fun)).x
    share, prior_trials = float(special.expit(logit)), float(np.exp(log_trials))
    return share * prior_trials, (1 - share) * prior_trials


def xmr_limits(readings: ArrayLike) -> Limits:
    """Limits of single readings in order of time: the mean, 3 / 1.128 mean moving ranges either side.

    Raises ValueError for fewer than two readings.

    Source: NIST/SEMATECH e-Handbook 6.3.2.2.
    """
    given = _numbers(readings, "readings")
    _require(len(given) >= 2, "limits need two readings or more")
    centre = float(given.mean())
    reach = 3 / MEAN_RANGE_OF_TWO * float(np.abs(np.diff(given)).mean())
    return Limits(centre, centre - reach, centre + reach)


def p_chart_limits(successes: ArrayLike, trials: ArrayLike) -> pd.DataFrame:
    """Limits of shares in order of time. One row per group: share, centre (all groups together), low, high (0-1).

    A group without trials has share and limits NaN. Limits are too tight for very large groups, whose shares
    differ for more reasons than chance.

    Source: NIST/SEMATECH e-Handbook 6.3.3.2.
    """
    hits, counts = _successes_and_trials(successes, trials)
    known = np.where(counts > 0, counts, np.nan)
    centre = float(hits.sum() / counts.sum()) if counts.sum() else float("nan")
    reach = 3 * np.sqrt(centre * (1 - centre) / known)
    return pd.DataFrame(
        {
            "share": hits / known,
            "centre": centre,
            "low": np.clip(centre - reach, 0, 1),
            "high": np.clip(centre + reach, 0, 1),
        }
    )


def run_rules(
    readings: ArrayLike, centre: ArrayLike, low: ArrayLike, high: ArrayLike, one_side: int = 8, trend: int = 6
) -> dict[str, Marks]:
    """Which readings, in order of time, say that something changed. Limits are single numbers or one per reading.

    Arrays by name, true at the reading that completes the pattern: beyond_limits; one_side (8 in a row on one side of the
    centre); trend (6 in a row rising, or falling); two_of_three (2 of 3 in a row beyond two thirds of the way to the
    same limit); signal (any). Pass one_side=7 for the rule of the NHS.

    Source: Western Electric 1956, Statistical Quality Control Handbook (beyond limits, 2 of 3, 8 on one side); Nelson
    1984, Journal of Quality Technology 16:237 (6 rising or falling).
    """
    given = _numbers(readings, "readings")
    middle, below, above = (np.broadcast_to(np.asarray(line, float), given.shape) for line in (centre, low, high))
    steps = np.sign(np.diff(given, prepend=given[:1]))
    far_up = given > middle + (above - middle) * 2 / 3
    far_down = given < middle - (middle - below) * 2 / 3
    rules: dict[str, Marks] = {
        "beyond_limits": (given > above) | (given < below),
        "one_side": _all_of_last(given > middle, one_side) | _all_of_last(given < middle, one_side),
        "trend": _all_of_last(steps > 0, trend - 1) | _all_of_last(steps < 0, trend - 1),
        "two_of_three": (far_up & (_count_of_last(far_up, 3) >= 2)) | (far_down & (_count_of_last(far_down, 3) >= 2)),
    }
    return rules | {"signal": np.logical_or.reduce(list(rules.values()))}


def _count_of_last(marks: Marks, number: int) -> NDArray[np.int_]:
    """How many of the last `number` marks are true, at each place."""
    counts = np.cumsum(marks)
    return np.asarray(counts - np.concatenate([np.zeros(number, dtype=int), counts])[: len(counts)])


def _all_of_last(marks: Marks, number: int) -> Marks:
    return np.asarray(_count_of_last(marks, number) == number)


def kruskal_wallis_epsilon_squared(groups: Sequence[ArrayLike]) -> GroupDifference:
    """Whether groups of values differ in rank, ties allowed for, and how much: epsilon squared = H / (N - 1).

    Empty groups are left out. Raises ValueError for fewer than two groups. Values all alike: H 0, p 1, epsilon squared 0.

    Source: Kruskal and Wallis 1952, JASA 47:583; epsilon squared: Kelley 1935, PNAS 21:554.
    """
    given = [numbers for numbers in (_numbers(group, "values") for group in groups) if len(numbers)]
    _require(len(given) >= 2, "a comparison needs two groups or more")
    everything = np.concatenate(given)
    freedom = len(given) - 1
    if np.ptp(everything) == 0:
        return GroupDifference(0.0, freedom, 1.0, 0.0)
    statistic, p_value = stats.kruskal(*given)
    return GroupDifference(float(statistic), freedom, float(p_value), float(statistic) / (len(everything) - 1))


def icc(ratings: ArrayLike) -> Agreement:
    """Agreement of raters: one row a target, one column a rater, at least two of each and no gaps.

    one_way is ICC(1,1), two_way_random ICC(2,1), two_way_mixed ICC(3,1); NaN where all ratings are alike.

    Source: Shrout and Fleiss 1979, Psychological Bulletin 86:420.
    """
    table = np.asarray(ratings, dtype=float)
    _require(table.ndim == 2 and min(table.shape) >= 2 and bool(np.isfinite(table).all()), "ratings are a full table")
    targets, raters = table.shape
    grand, of_targets, of_raters = table.mean(), table.mean(axis=1), table.mean(axis=0)
    between = raters * ((of_targets - grand) ** 2).sum() / (targets - 1)
    within = ((table - of_targets[:, None]) ** 2).sum() / (targets * (raters - 1))
    judges = targets * ((of_raters - grand) ** 2).sum() / (raters - 1)
    residue = ((table - of_targets[:, None] - of_raters + grand) ** 2).sum() / ((targets - 1) * (raters - 1))
    return Agreement(
        _ratio(between - within, between + (raters - 1) * within),
        _ratio(between - residue, between + (raters - 1) * residue + raters * (judges - residue) / targets),
        _ratio(between - residue, between + (raters - 1) * residue),
    )


def share_of_variance_between(groups: Sequence[ArrayLike]) -> float:
    """How much of the variance of values lies between groups (channels, agents): ICC(1,1) of groups of any size.

    Empty groups are left out. Negative estimates say "none". NaN where all values are alike. Raises ValueError for
    fewer than two groups, or where no group has two values.

    Source: Donner 1986, International Statistical Review 54:67 (analysis of variance estimator).
    """
    given = [numbers for numbers in (_numbers(group, "values") for group in groups) if len(numbers)]
    sizes = np.array([len(group) for group in given], dtype=float)
    number, total = len(given), sizes.sum()
    _require(number >= 2 and total > number, "shares of variance need two groups or more, one of them with two values")
    means, everything = np.array([group.mean() for group in given]), np.concatenate(given)
    between = (sizes * (means - everything.mean()) ** 2).sum() / (number - 1)
    within = sum(((group - group.mean()) ** 2).sum() for group in given) / (total - number)
    usual_size = (total - (sizes**2).sum() / total) / (number - 1)
    return _ratio(between - within, between + (usual_size - 1) * within)


def kaplan_meier(seconds: ArrayLike, is_done: ArrayLike) -> pd.DataFrame:
    """The share still undone after each duration at which one was done, those cut short counted for as long as they lasted.

    One row per such duration, ascending: seconds, undone (0-1), standard_error (Greenwood).

    Source: Kaplan and Meier 1958, JASA 53:457; Greenwood 1926.
    """
    times, undone, at_risk, ended = _curve(seconds, is_done)
    left = at_risk - ended
    hazards = np.divide(ended, at_risk * left, out=np.zeros_like(undone), where=left > 0)
    return pd.DataFrame({"seconds": times, "undone": undone, "standard_error": undone * np.sqrt(np.cumsum(hazards))})


def _curve(seconds: ArrayLike, is_done: ArrayLike) -> tuple[Numbers, Numbers, NDArray[np.int_], NDArray[np.int_]]:
    """Each duration at which one was done, the share undone after it, how many were not done before it, and how many were done at it."""
    lasted, done = _numbers(seconds, "seconds"), np.asarray(is_done, dtype=bool)
    _require(lasted.shape == done.shape, "seconds and is_done are of one length")
    times, ended = np.unique(lasted[done], return_counts=True)
    at_risk = len(lasted) - np.searchsorted(np.sort(lasted), times, side="left")
    undone: Numbers = np.asarray(np.cumprod(1 - ended / at_risk), dtype=float)
    return times, undone, at_risk, ended


def chance_of_waiting_longer(
    first: ArrayLike, second: ArrayLike, first_done: ArrayLike | None = None, second_done: ArrayLike | None = None
) -> Chance:
    """The chance that one of `first` lasts longer than one of `second` (seconds), equal durations counting half.

    Without censoring this is Mann and Whitney's U / (n m). With it, each side's Kaplan-Meier curve says how likely each
    duration is; what lies beyond the last known one of both sides is not decided and counts half in `value`, not at all
    in `low` and wholly in `high` (no confidence interval). Raises ValueError where a side is empty.

    Source: Mann and Whitney 1947, Annals of Mathematical Statistics 18:50; with censoring Efron 1967, Fifth Berkeley
    Symposium 4:831.
    """
    return Likelihoods.of(first, first_done).chance_of_longer_than(Likelihoods.of(second, second_done))


def _successes_and_trials(successes: ArrayLike, trials: ArrayLike) -> tuple[Numbers, Numbers]:
    hits, counts = _numbers(successes, "successes"), _numbers(trials, "trials")
    _require(hits.shape == counts.shape, "successes and trials are of one length")
    _require(bool(np.all((hits >= 0) & (hits <= counts))), "successes are between 0 and their trials")
    return hits, counts


def _numbers(values: ArrayLike, name: str) -> Numbers:
    given = np.asarray(values, dtype=float)
    _require(bool(np.isfinite(given).all()), f"{name} are finite numbers: leave out what is missing")
    return given


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)
