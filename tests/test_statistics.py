"""Statistics against published worked examples, and rules that hold for any data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from warehouse import statistics

# Efron and Morris 1975: hits in the first 45 at bats of 1970, and the average over the rest of the season (Scientific American 236:119).
HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
REST_OF_SEASON = [
    0.346,
    0.298,
    0.276,
    0.222,
    0.273,
    0.270,
    0.263,
    0.210,
    0.269,
    0.230,
    0.264,
    0.256,
    0.303,
    0.264,
    0.226,
    0.285,
    0.316,
    0.200,
]
WAFERS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
JUDGES = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# Freireich 1963, weeks in remission on 6-MP; + is still in remission when last seen.
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
UNHURRIED = settings(max_examples=60, deadline=None)

waits = st.lists(st.integers(0, 30).map(float), min_size=1, max_size=25)


# Published worked examples.


def test_nps_of_50_30_20_has_a_standard_error_of_7_81_and_a_margin_of_15_3() -> None:
    assert statistics.nps_margin(50, 30, 20, z=1) == pytest.approx(7.81, abs=5e-3)
    assert statistics.nps_margin(50, 30, 20) == pytest.approx(15.3, abs=0.05)
    assert np.isnan(statistics.nps_margin(0, 0, 0))


def test_batting_averages_shrink_as_efron_and_morris_shrank_them() -> None:
    averages = HITS / 45
    mean = averages.mean()
    shrunk = statistics.shrunk_values(averages, np.sqrt(mean * (1 - mean) / 45))
    assert mean == pytest.approx(0.2654, abs=5e-5)
    assert shrunk["kept"].to_numpy() == pytest.approx(np.full(18, 0.2117), abs=5e-5)
    assert shrunk["shrunk"].iloc[0] == pytest.approx(0.294, abs=5e-4)
    assert ((averages - REST_OF_SEASON) ** 2).sum() == pytest.approx(0.0753, abs=5e-4)
    assert ((shrunk["shrunk"] - REST_OF_SEASON) ** 2).sum() == pytest.approx(0.0213, abs=5e-4)


def test_limits_of_single_readings_are_those_of_nist() -> None:
    limits = statistics.xmr_limits([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    assert (limits.centre, limits.low, limits.high) == pytest.approx((50.81, 45.8159, 55.8041), abs=5e-5)
    with pytest.raises(ValueError, match="two readings"):
        statistics.xmr_limits([1.0])


def test_limits_of_shares_and_the_wafers_beyond_them_are_those_of_nist() -> None:
    chart = statistics.p_chart_limits(WAFERS, [50] * 30)
    assert chart["centre"].iloc[0] == pytest.approx(0.2313, abs=5e-5)
    assert (chart["low"].iloc[0], chart["high"].iloc[0]) == pytest.approx((0.0524, 0.4102), abs=5e-5)
    signals = statistics.run_rules(chart["share"], chart["centre"], chart["low"], chart["high"])
    assert [place + 1 for place in np.flatnonzero(signals["beyond_limits"])] == [15, 23]


def test_kruskal_wallis_is_that_of_hollander_and_wolfe() -> None:
    found = statistics.kruskal_wallis_epsilon_squared(
        [[2.9, 3.0, 2.5, 2.6, 3.2], [3.8, 2.7, 4.0, 2.4], [2.8, 3.4, 3.7, 2.2, 2.0]]
    )
    assert (found.statistic, found.degrees_of_freedom, found.p_value) == pytest.approx((0.77143, 2, 0.67996), abs=5e-6)
    assert found.epsilon_squared == pytest.approx(0.77143 / 13, abs=1e-6)


def test_groups_that_share_no_value_differ_entirely() -> None:
    found = statistics.kruskal_wallis_epsilon_squared([[1, 1, 1], [2, 2, 2], [2, 2], []])
    assert (found.statistic, found.p_value, found.epsilon_squared) == pytest.approx((7.0, 0.0302, 1.0), abs=5e-5)
    alike = statistics.kruskal_wallis_epsilon_squared([[5, 5], [5]])
    assert (alike.statistic, alike.p_value, alike.epsilon_squared) == (0, 1, 0)


def test_agreement_is_that_of_shrout_and_fleiss() -> None:
    found = statistics.icc(JUDGES)
    assert (found.one_way, found.two_way_random, found.two_way_mixed) == pytest.approx((0.17, 0.29, 0.71), abs=5e-3)
    assert statistics.share_of_variance_between(JUDGES) == pytest.approx(found.one_way)


def test_kaplan_meier_is_that_of_freireich_1963() -> None:
    weeks = SIX_MP.split()
    curve = statistics.kaplan_meier([float(week.rstrip("+")) for week in weeks], ["+" not in week for week in weeks])
    assert curve["seconds"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve["undone"].to_numpy() == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert curve["standard_error"].iloc[0] == pytest.approx(0.0764, abs=5e-5)


# COPC, "Why coaching CSAT scores fails": an agent of 83.3 % shows 72 % or less of 18 answers every sixth time.
def test_an_agent_is_not_flagged_for_what_chance_does_every_sixth_time() -> None:
    assert stats.binom.cdf(13, 18, 15 / 18) == pytest.approx(0.168, abs=5e-4)
    assert statistics.funnel_limits([18], 15 / 18)["low_95"].iloc[0] < 13 / 18


# Funnels.


@UNHURRIED
@given(trials=st.integers(1, 500), target=st.floats(0.01, 0.99), coverage=st.sampled_from([0.8, 0.95, 0.998]))
def test_a_count_is_outside_the_funnel_just_when_its_tail_is_unlikely(
    trials: int, target: float, coverage: float
) -> None:
    limits = statistics.funnel_limits([trials], target, [coverage]).iloc[0]
    low, high, tail = limits.iloc[1] * trials, limits.iloc[2] * trials, (1 - coverage) / 2
    for count in range(trials + 1):
        down, up = stats.binom.cdf(count, trials, target), stats.binom.sf(count - 1, trials, target)
        if min(abs(down - tail), abs(up - tail)) > 1e-9:
            assert (count < low - 1e-9) == (down < tail)
            assert (count > high + 1e-9) == (up < tail)


def test_wide_funnels_are_the_normal_ones_of_spiegelhalter() -> None:
    limits = statistics.funnel_limits([10, 100, 100_000], 0.9)
    assert limits.columns.tolist() == ["trials", "low_95", "high_95", "low_99.8", "high_99.8"]
    assert limits.loc[1, ["low_95", "high_95"]].tolist() == pytest.approx([0.841, 0.959], abs=0.01)
    wide = 1.96 * np.sqrt(0.09 / 100_000)
    assert limits.loc[2, ["low_95", "high_95"]].tolist() == pytest.approx([0.9 - wide, 0.9 + wide], abs=1e-5)
    assert limits["high_99.8"].iloc[0] == 1
    # Of 100, 83 or fewer have a chance of .0206 and 84 or fewer one of .0399: .0250 lies 23 % of the way.
    assert limits["low_95"].iloc[1] == pytest.approx(0.8323, abs=5e-5)
    sure = statistics.funnel_limits([7], 1.0).iloc[0]
    assert 6 / 7 < sure["low_95"] <= sure["high_95"] == 1


# Shrinkage.


def test_the_less_sure_a_value_is_the_more_it_shrinks() -> None:
    shrunk = statistics.shrunk_values([10, 20, 30, 40, 50], [1, 5, 10, 20, 40])
    assert shrunk["kept"].is_monotonic_decreasing
    assert shrunk["shrunk"].between(10, 50).all()


def test_an_unsure_value_hardly_moves_the_mean() -> None:
    shrunk = statistics.shrunk_values([9.9, 10, 10.1, 10, 100], [1, 1, 1, 1, 1000])
    assert shrunk["shrunk"].iloc[:4].to_numpy() == pytest.approx(np.full(4, 10), abs=0.2)


def test_three_values_cannot_be_shrunk() -> None:
    assert statistics.shrunk_values([1, 2, 3], 5)["shrunk"].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="positive"):
        statistics.shrunk_values([1, 2, 3, 4], 0)
    with pytest.raises(ValueError, match="leave out what is missing"):
        statistics.shrunk_values([1, np.nan, 3, 4], 1)


def test_values_that_differ_by_chance_alone_shrink_almost_to_their_mean() -> None:
    shrunk = statistics.shrunk_values([4.9, 5.0, 5.1, 5.0, 4.95, 5.05], 3)
    assert shrunk["kept"].to_numpy() == pytest.approx(np.full(6, 2 / 5))


def test_the_beta_fitted_to_shares_is_the_one_they_were_drawn_from() -> None:
    random = np.random.default_rng(7)
    trials = random.integers(20, 400, 600)
    hits = random.binomial(trials, random.beta(24, 6, 600))
    shrunk = statistics.shrunk_shares(hits, trials)
    truth = (24 + hits) / (30 + trials)
    assert np.abs(shrunk["shrunk"] - truth).max() < 0.01


def test_shrunk_shares_lie_between_their_own_and_the_common_one() -> None:
    trials = [1, 10, 100, 1000, 0, 300, 300]
    hits = [1, 9, 90, 500, 0, 100, 250]
    shrunk = statistics.shrunk_shares(hits, trials)
    moved = (shrunk["share"] - shrunk["shrunk"]).abs()
    assert moved[0] > moved[1] > moved[2]
    assert np.isnan(shrunk["share"].iloc[4])
    nobody = shrunk["shrunk"].iloc[4]
    known = shrunk.drop(index=4)
    assert ((known["shrunk"] - known["share"]) * (nobody - known["share"]) >= 0).all()
    assert ((shrunk["low"] < shrunk["shrunk"]) & (shrunk["shrunk"] < shrunk["high"])).all()
    assert shrunk["low"].between(0, 1).all()


def test_shares_that_differ_by_chance_alone_come_out_alike() -> None:
    random = np.random.default_rng(3)
    shrunk = statistics.shrunk_shares(random.binomial(100, 0.8, 40), [100] * 40)
    assert shrunk["share"].max() - shrunk["share"].min() > 0.1
    assert shrunk["shrunk"].max() - shrunk["shrunk"].min() < 0.02


@pytest.mark.parametrize("hits", [[0, 0, 0], [5, 5, 5], [0]])
def test_none_or_all_of_everything_still_has_a_range(hits: list[int]) -> None:
    shrunk = statistics.shrunk_shares(hits, [5] * len(hits))
    assert shrunk["shrunk"].between(0, 1).all()
    assert (shrunk["low"] <= shrunk["high"]).all()


# Run rules.


def _signals(readings: list[float], **more: int) -> dict[str, list[int]]:
    found = statistics.run_rules(readings, 0, -3, 3, **more)
    return {
        name: np.flatnonzero(found[name]).tolist() for name in ("beyond_limits", "one_side", "trend", "two_of_three")
    }


def test_eight_on_one_side_are_a_signal_and_seven_are_not() -> None:
    assert _signals([1, 0.5] * 3 + [1, 0])["one_side"] == []
    assert _signals([1, 0.5] * 3 + [1, 0.5])["one_side"] == [7]
    assert _signals([-1, -0.5] * 4)["one_side"] == [7]
    assert _signals([1, 0.5] * 3 + [1], one_side=7)["one_side"] == [6]


def test_six_rising_or_falling_are_a_signal_and_five_are_not() -> None:
    assert _signals([-1, -0.5, 0, 0.5, 1])["trend"] == []
    assert _signals([-1, -0.5, 0, 0.5, 1, 1.5])["trend"] == [5]
    assert _signals([1, 0.5, 0.2, 0, -1, -1.5])["trend"] == [5]
    assert _signals([-1, -0.5, 0, 0, 0.5, 1, 1.5])["trend"] == []


def test_two_of_three_near_the_same_limit_are_a_signal() -> None:
    assert _signals([2.5, 0, 2.5])["two_of_three"] == [2]
    assert _signals([2.5, 0, 0, 2.5])["two_of_three"] == []
    assert _signals([2.5, -2.5, 0])["two_of_three"] == []
    assert _signals([0, -2.1, -2.1, 0])["two_of_three"] == [2]
    assert _signals([2, 2, 2])["two_of_three"] == []
    assert _signals([2.5, 2.5, 0])["two_of_three"] == [1]


def test_a_reading_on_the_limit_is_within() -> None:
    assert _signals([3, -3, 3.01, -3.01])["beyond_limits"] == [2, 3]
    assert statistics.run_rules([5, 0], [0, 0], [-6, -3], [6, 3])["signal"].tolist() == [False, False]


# Comparison of groups.


def test_groups_of_any_size_are_all_of_the_variance_or_none_of_it() -> None:
    assert statistics.share_of_variance_between([[1, 1, 1], [5, 5], []]) == 1
    assert statistics.share_of_variance_between([[1, 5], [1, 5], [5, 1]]) < 0
    random = np.random.default_rng(5)
    groups = [random.normal(centre, 2, random.integers(20, 60)) for centre in random.normal(0, 1, 400)]
    assert statistics.share_of_variance_between(groups) == pytest.approx(1 / 5, abs=0.03)
    with pytest.raises(ValueError, match="two groups"):
        statistics.share_of_variance_between([[1, 2]])


@UNHURRIED
@given(first=waits, second=waits)
def test_without_censoring_the_chance_is_mann_and_whitneys(first: list[float], second: list[float]) -> None:
    found = statistics.chance_of_waiting_longer(first, second)
    expected = stats.mannwhitneyu(first, second).statistic / (len(first) * len(second))
    assert found.value == pytest.approx(expected)
    assert found.low == pytest.approx(found.high)


@UNHURRIED
@given(first=waits, second=waits, marks=st.lists(st.booleans(), min_size=50, max_size=50))
def test_one_side_waits_longer_as_often_as_the_other_waits_less(
    first: list[float], second: list[float], marks: list[bool]
) -> None:
    ours, theirs = marks[: len(first)], marks[-len(second) :]
    there = statistics.chance_of_waiting_longer(first, second, ours, theirs)
    back = statistics.chance_of_waiting_longer(second, first, theirs, ours)
    assert there.value + back.value == pytest.approx(1)
    assert there.low + back.high == pytest.approx(1)
    assert -1e-9 <= there.low <= there.value <= there.high <= 1 + 1e-9


def test_who_still_waits_longer_than_all_of_the_other_side_is_decided() -> None:
    found = statistics.chance_of_waiting_longer([100, 100], [1, 2], [False, False], [True, True])
    assert (found.value, found.low, found.high) == (1, 1, 1)
    unknown = statistics.chance_of_waiting_longer([5], [7], [False], [False])
    assert (unknown.value, unknown.low, unknown.high) == (0.5, 0, 1)


def test_censoring_does_not_move_the_chance() -> None:
    # Exponential waits with means 2 and 1: the first is the longer one two times in three.
    random = np.random.default_rng(11)
    sides = [random.exponential(mean, 5000) for mean in (2, 1)]
    seen = [random.exponential(3, 5000) for _ in sides]
    found = statistics.chance_of_waiting_longer(
        *(np.minimum(side, end) for side, end in zip(sides, seen, strict=True)),
        *(side <= end for side, end in zip(sides, seen, strict=True)),
    )
    assert found.value == pytest.approx(2 / 3, abs=0.015)
    assert found.high - found.low < 0.02


def test_a_side_without_waits_is_refused() -> None:
    with pytest.raises(ValueError, match="both sides need a wait"):
        statistics.chance_of_waiting_longer([], [1.0])


@UNHURRIED
@given(cells=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1))
def test_limits_lie_around_the_common_share(cells: list[tuple[int, int]]) -> None:
    chart = statistics.p_chart_limits([hits for hits, _ in cells], [hits + more for hits, more in cells])
    known = chart.dropna()
    assert len(known) == sum(hits + more > 0 for hits, more in cells)
    assert ((known["low"] <= known["centre"]) & (known["centre"] <= known["high"])).all()
