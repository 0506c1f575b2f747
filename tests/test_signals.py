"""Which readings are signals: against published limits, charts that must agree, and cases worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from warehouse.signals import BEYOND, FALLING, FAR, ONE_SIDE, RISING, Change, compared, last_change, with_limits

MONDAY = datetime(2026, 1, 5)
LIMITS = ["centre", "low_limit", "high_limit"]
# NIST/SEMATECH e-Handbook 6.3.2.2 and 6.3.3.2.
FLOW_RATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
WAFERS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
# Quiet: their mean is 10, their mean moving range 2, so limits are 10 +- 5.32 and two thirds of the way is 3.55.
QUIET = [9, 11] * 12


def week(place: int) -> datetime:
    return MONDAY + timedelta(weeks=place)


def readings(values: Sequence[float | None], part: str | None = None, **columns: Any) -> pd.DataFrame:
    """Weekly readings of one part, all complete and known unless said otherwise."""
    frame = pd.DataFrame({"part": pd.Series([part] * len(values), dtype=object)})
    frame["bin"] = pd.to_datetime([week(place) for place in range(len(values))])
    frame = frame.assign(is_complete=True, value=np.array(values, dtype=float), n=100, hits=np.nan, is_known=True)
    return frame.assign(**columns)


def shares(hits: Sequence[int], n: Sequence[int], **columns: Any) -> pd.DataFrame:
    given = [hit / number if number else None for hit, number in zip(hits, n, strict=True)]
    return readings(given, hits=np.array(hits, dtype=float), n=list(n), **columns)


def signals(frame: pd.DataFrame) -> dict[int, tuple[str, datetime]]:
    """Rule and beginning by place."""
    marked = frame[frame["signal"].notna()]
    return {int(place): (str(row["signal"]), row["since"].to_pydatetime()) for place, row in marked.iterrows()}


# Limits.


def test_limits_of_single_readings_are_those_of_nist() -> None:
    frame = with_limits(readings(FLOW_RATES), "points")
    assert frame[LIMITS].iloc[0].tolist() == pytest.approx([50.81, 45.8159, 55.8041], abs=5e-5)
    assert frame[LIMITS].nunique().tolist() == [1, 1, 1]
    assert not signals(frame)


def test_shares_of_groups_of_one_size_that_differ_by_more_than_chance_have_the_limits_of_single_readings() -> None:
    # Laney 2002: where all groups are of one size, his chart is the XmR chart of the shares.
    hits = [8310, 8405, 8122, 8290, 8511, 8333, 8190, 8475, 8260, 8301]
    frame = with_limits(shares(hits, [10_000] * 10), "share")
    ranges = [95, 283, 168, 221, 178, 143, 285, 215, 41]  # by hand, in ten thousandths
    centre, reach = sum(hits) / 100_000, 3 * sum(ranges) / 9 / 1.128 / 10_000
    assert frame[LIMITS].iloc[4].tolist() == pytest.approx([centre, centre - reach, centre + reach], abs=1e-12)
    binomial = 3 * np.sqrt(centre * (1 - centre) / 10_000)
    assert reach > 3 * binomial
    assert not signals(frame)


def test_shares_that_differ_by_less_than_chance_have_the_limits_of_a_p_chart() -> None:
    # NIST's wafers in another order: the same centre and binomial limits, and hardly a step between neighbours.
    frame = with_limits(shares(sorted(WAFERS), [50] * 30), "share")
    assert frame[LIMITS].iloc[0].tolist() == pytest.approx([0.2313, 0.0524, 0.4102], abs=5e-5)


def test_shares_of_groups_of_unlike_size_have_limits_of_their_own() -> None:
    hits, sizes = [50, 260, 45, 200, 60, 220, 40, 280], [100, 400] * 4
    frame = with_limits(shares(hits, sizes), "share")
    # By hand: centre 1155 / 2000 = 0.5775, sigmas 0.049396 and 0.024698; z of the shares .50 .65 .45 .50 .60 .55 .40 .70
    # are -1.5690 2.9355 -2.5812 -3.1379 0.4555 -1.1134 -3.5934 4.9599; their mean range is 3.8248 and sigma z 3.3908.
    assert frame["centre"].iloc[0] == 0.5775
    assert frame["high_limit"].iloc[1] - 0.5775 == pytest.approx(3 * 3.3908 * 0.024698, abs=5e-5)
    assert frame["low_limit"].iloc[0] == pytest.approx(0.5775 - 3 * 3.3908 * 0.049396, abs=5e-5)
    assert frame["high_limit"].iloc[0] == 1  # beyond it there is nothing


def test_a_share_of_nothing_has_no_limits_and_disturbs_nobodys() -> None:
    hits, sizes = [5, 6, 4, 5, 7, 5, 6, 5], [10] * 8
    known = with_limits(shares(hits, sizes), "share")
    frame = with_limits(shares([*hits[:4], 0, *hits[4:]], [*sizes[:4], 0, *sizes[4:]]), "share")
    assert frame.loc[4, ["low_limit", "high_limit"]].isna().all()
    assert frame.drop(index=4)[LIMITS].to_numpy() == pytest.approx(known[LIMITS].to_numpy())


def test_fewer_than_eight_readings_are_too_few_to_say() -> None:
    few = with_limits(readings([1, 1, 1, 1, 1, 1, 99]), "count")
    assert few[LIMITS].isna().all(axis=None)
    assert not signals(few)
    assert with_limits(readings([1, 1, 1, 1, 1, 1, 99, 1]), "count")[LIMITS].notna().all(axis=None)
    unfinished = with_limits(readings([1] * 8, is_complete=[True] * 7 + [False]), "count")
    assert unfinished[LIMITS].isna().all(axis=None)


def test_unfinished_and_missing_readings_take_no_part_and_are_no_signals() -> None:
    whole = with_limits(readings(QUIET), "count")
    frame = readings([*QUIET[:5], None, *QUIET[5:], 400], is_complete=[True] * 25 + [False])
    frame = with_limits(frame, "count")
    assert frame[LIMITS].iloc[0].tolist() == whole[LIMITS].iloc[0].tolist() == [10, 10 - 6 / 1.128, 10 + 6 / 1.128]
    assert not signals(frame)


def test_limits_end_where_values_end() -> None:
    assert with_limits(readings([1, 9] * 5), "seconds")["low_limit"].iloc[0] == 0
    assert with_limits(readings([1, 9] * 5), "points")["low_limit"].iloc[0] < 0
    assert with_limits(readings([0.1, 0.9] * 5), "share")["high_limit"].iloc[0] == 1  # a mean place on a scale


def test_each_part_has_limits_of_its_own_also_the_one_that_is_not_named() -> None:
    frame = pd.concat([readings(QUIET, "email"), readings([value * 100 for value in QUIET])], ignore_index=True)
    limited = with_limits(frame, "count")
    assert limited.index.tolist() == frame.index.tolist()
    assert limited.groupby("part", dropna=False)["centre"].first().tolist() == [10, 1000]


def test_readings_that_are_all_alike_are_no_signal() -> None:
    assert not signals(with_limits(readings([0.1 + 0.2] * 20), "seconds"))
    assert not signals(with_limits(shares([3] * 20, [9] * 20), "share"))
    for hits in (0, 9):
        assert not signals(with_limits(shares([hits] * 20, [9] * 20), "share"))


def test_nothing_at_all_has_the_columns() -> None:
    frame = with_limits(readings([]), "count")
    assert frame.empty
    assert {*LIMITS, "signal", "since"} <= set(frame.columns)


# Rules.


def test_a_reading_beyond_the_limits_is_a_signal_since_the_first_of_them() -> None:
    frame = with_limits(readings([*QUIET, *QUIET, 30, 31, 10]), "count")
    assert {place: signal for place, signal in signals(frame).items() if signal[0] == BEYOND} == {
        48: (BEYOND, week(48)),
        49: (BEYOND, week(48)),
    }


def test_eight_on_one_side_are_a_signal_since_the_first_of_them() -> None:
    # Two levels, each quiet: the last eight are above the mean of all.
    frame = with_limits(readings([9, 11] * 8 + [11, 12] * 4), "count")
    assert 9 < frame["centre"].iloc[0] < 11
    # The reading before the eight was above it too.
    assert signals(frame)[23] == (ONE_SIDE, week(15))


def test_six_in_a_row_rising_or_falling_are_a_signal_since_the_lowest_or_highest() -> None:
    rising = with_limits(readings([*QUIET, 8, 9, 9.5, 10.5, 11, 12, 11]), "count")
    assert signals(rising) == {29: (RISING, week(24))}
    falling = with_limits(readings([*QUIET, 12, 11, 10.5, 9.5, 9, 8, 9]), "count")
    assert signals(falling) == {29: (FALLING, week(24))}


def test_two_of_three_far_from_the_centre_are_a_signal_since_the_first_of_them() -> None:
    frame = with_limits(readings([*QUIET, 14.5, 10, 14.5, 9, *QUIET]), "count")
    assert signals(frame) == {26: (FAR, week(24))}


def test_limits_drawn_at_zero_do_not_make_readings_far() -> None:
    # The mean is 3, the lower limit -7.6 (drawn at 0): readings of 0.5 are not two thirds of the way to it.
    frame = with_limits(readings([1, 5] * 10 + [0.5, 5, 0.5, 5]), "count")
    assert frame["low_limit"].iloc[0] == 0
    assert not signals(frame)


def test_a_lower_bound_takes_no_part_but_above_the_limits_it_is_a_signal() -> None:
    quiet = with_limits(readings(QUIET), "seconds")
    frame = readings([*QUIET, 12, 40, 1], is_known=[True] * 24 + [False] * 3)
    frame = with_limits(frame, "seconds")
    assert frame[LIMITS].iloc[0].tolist() == quiet[LIMITS].iloc[0].tolist()
    assert signals(frame) == {25: (BEYOND, week(25))}


# What the newest signal says.


def test_the_newest_signal_says_since_when_and_whether_it_is_better() -> None:
    frame = with_limits(readings([*QUIET, *QUIET, 30]), "count")
    centre = float(frame["centre"].iloc[0])
    assert last_change(frame, "higher is better") == Change(week(48), BEYOND, 30, centre, is_better=True)
    found = {direction: last_change(frame, direction) for direction in ("lower is better", "neither")}
    assert [change and change.is_better for change in found.values()] == [False, None]


def test_a_fall_below_the_centre_is_better_where_lower_is() -> None:
    falling = with_limits(readings([*QUIET, 12, 11, 10.5, 9.5, 9, 8]), "count")
    change = last_change(falling, "lower is better")
    assert change is not None
    assert (change.rule, change.since, change.value, change.is_better) == (FALLING, week(24), 8, True)
    low = last_change(with_limits(readings([*QUIET, *QUIET, 1]), "count"), "higher is better")
    assert low is not None
    assert low.is_better is False


def test_a_signal_that_three_quiet_bins_followed_is_no_longer_what_is_going_on() -> None:
    recent = with_limits(readings([*QUIET, *QUIET, 30, 9, 11, 400], is_complete=[True] * 51 + [False]), "count")
    assert last_change(recent, "neither") is not None
    past = with_limits(readings([*QUIET, *QUIET, 30, 9, 11, 9]), "count")
    assert signals(past)
    assert last_change(past, "neither") is None


def test_without_limits_there_is_no_change() -> None:
    assert last_change(with_limits(readings([1, 99]), "count"), "neither") is None
    assert last_change(with_limits(readings([]), "count"), "neither") is None


# One reading beside its history.


def test_a_reading_is_compared_with_limits_in_which_it_takes_no_part() -> None:
    frame = readings([*QUIET[:8], 16])
    found = compared(frame.iloc[-1], frame, "count")
    assert (found.value, found.before, found.centre) == (16, 11, 10)
    assert (found.low_limit, found.high_limit) == pytest.approx((10 - 5.319, 10 + 5.319), abs=5e-4)
    assert (found.is_change, found.is_known) == (True, True)
    # With it, the limits would be 10.67 +- 6.65 and hold it.
    assert not signals(with_limits(frame, "count"))
    assert not compared(readings([*QUIET[:8], 15]).iloc[-1], frame.iloc[:-1], "count").is_change


def test_a_share_is_compared_with_limits_for_as_many_as_it_has() -> None:
    history = shares([50, 51, 49, 50, 50, 52, 48, 50], [100] * 8)
    few, many = (readings([0.62], hits=0.62 * n, n=n, bin=week(8)).iloc[0] for n in (50, 5000))
    # Binomial by hand: 3 * sqrt(0.25 / 50) = 0.2121, / 5000: 0.0212.
    assert compared(few, history, "share").high_limit == pytest.approx(0.7121, abs=5e-5)
    assert not compared(few, history, "share").is_change
    assert compared(many, history, "share").high_limit == pytest.approx(0.5212, abs=5e-5)
    assert compared(many, history, "share").is_change


def test_too_little_history_is_no_change_and_says_so() -> None:
    found = compared(readings([*QUIET[:7], 99]).iloc[-1], readings(QUIET[:7]), "count")
    assert (found.value, found.before, found.is_change, found.is_known) == (99, 9, False, False)
    assert (found.centre, found.low_limit, found.high_limit) == (None, None, None)
    alone = compared(readings([99]).iloc[0], readings([]), "count")
    assert (alone.value, alone.before, alone.is_known) == (99, None, False)


def test_a_missing_reading_is_no_change_and_a_lower_bound_only_above() -> None:
    history = readings(QUIET)
    missing = compared(readings([None], bin=week(30)).iloc[0], history, "count")
    assert (missing.value, missing.is_change, missing.is_known) == (None, False, True)
    at_least = [readings([value], bin=week(30), is_known=False).iloc[0] for value in (40, 1)]
    assert [compared(now, history, "count").is_change for now in at_least] == [True, False]
