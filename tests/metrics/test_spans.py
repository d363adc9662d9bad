"""A return belongs to the days it spans: every public function that pairs, rolls, groups or describes, walked."""

import math
import random
from datetime import date, timedelta

import polars as pl
import pytest

from ys_analytics import metrics
from ys_analytics.metrics import ALL, METRICS, backtest, drawdown, performance, risk, spans
from ys_analytics.metrics.performance import price_returns

START = date(2025, 1, 1)
R = pl.col("ret")

# A price falls by 26 % while no one looks: between the 20th close and the next, nine days later.
FALL, HOLE, AFTER = 20, 9, -0.2623


def returns(n=60, *, seed=4, fall=AFTER):
    """Daily returns with one over nine days among them, and how many days each spans."""
    chance = random.Random(seed)  # noqa: S311 - a series that must repeat, not a secret
    day, rows = START, []
    for place in range(n):
        span = HOLE if place == FALL else 1
        day += timedelta(days=span)
        rows.append(("p", day, fall if span > 1 else chance.gauss(0.001, 0.01), span))
    schema = {"portfolio_id": pl.String, "day": pl.Date, "ret": pl.Float64, "days": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


# Every public function that is no metric, and what it does with a return over several days; a metric declares it.
DECIDED = {
    "links": {
        *("drawdowns", "exposure_adjusted_growth", "peak_date", "price_returns", "rebalanced_return"),
        *("recovery_date", "stress_replay", "trough_date", "underwater", "wealth"),
    },
    "refuses a period or window whose border it crosses": {
        *("aggregate_returns", "monthly_table", "period_returns", "trailing_returns"),
    },
    "rolls over days that each have a return": {
        *("rolling", "rolling_beta", "rolling_max_drawdown", "rolling_return", "rolling_sharpe"),
        *("rolling_sortino", "rolling_volatility"),
    },
    "pairs returns over the same days": {
        *("correlations", "risk_contributions"),
    },
    "takes returns of one day, with those of the benchmark": {
        *("capture", "comoment", "fama_beta", "m2_sortino", "m_squared_excess", "net_selectivity"),
        *("omega_excess_return", "regression_epsilon", "total_risk", "up_down_capture"),
    },
    "takes returns of one day": {
        *("autocorrelation_penalty", "best_day_date", "central_moment", "d_ratio", "entropic_risk"),
        *("lower_partial_moment", "omega_sharpe_ratio", "prospect_ratio", "reward_to_risk"),
        *("skewness_kurtosis_ratio", "upper_partial_moment", "upside_downside_ratio", "upside_risk"),
        "worst_day_date",
    },
    "takes no returns": {
        *("EPISODES", "Episode", "STABLECOIN_ISSUERS", "concentration", "correlation_change"),
        *("effective_number", "equal_risk_weights", "herfindahl_index", "inverse_volatility_weights"),
        *("keeps_peg", "minimum_track_record_of", "normal_expected_shortfall", "normal_value_at_risk"),
        *("per_period", "probabilistic_sharpe_of", "probability_of_momentum", "shock", "stablecoin_issuer"),
    },
}
DECLARED = {
    name
    for room in (performance, drawdown, risk)
    for name in room.__all__
    if "In the catalogue:" in (getattr(room, name).__doc__ or "")
}


def test_every_public_function_has_a_decision():
    """Each name of the three rooms is declared a metric, or stands in the table once; the table names nothing else."""
    listed = [name for names in DECIDED.values() for name in names]
    assert len(DECLARED) > 70
    assert sorted(listed) == sorted({*performance.__all__, *drawdown.__all__, *risk.__all__} - DECLARED)


@pytest.mark.parametrize("metric", [one for one in ALL if not one.benchmark], ids=lambda one: one.name)
def test_the_catalogue_keeps_the_rule(metric):
    """What describes a day does not change with the return over nine; what links does, and counts it."""
    row = metrics.summarise(returns(130), [metric]).row(0, named=True)
    other = metrics.summarise(returns(130, fall=0.5), [metric]).row(0, named=True)
    if metric.basis == "daily" and metric.name not in {"geometric_sharpe_ratio", "serenity_index"}:
        alone = returns(130).filter(pl.col("days") == 1)
        expected = metrics.summarise(alone.with_columns(days=1), [metric]).row(0, named=True)
        # Neighbours of the hole are none of each other.
        broken = {"longest_win_run", "longest_loss_run", "autocorrelation", "smart_sharpe_ratio", "smart_sortino_ratio"}
        assert row["value"] == other["value"]
        assert metric.name in broken or row["value"] == pytest.approx(expected["value"], rel=1e-9)
        assert row["n"] == 129
    elif metric.basis == "linked":
        calendar = metric.name.startswith(("best_", "worst_"))
        assert row["n"] == 130
        assert calendar or row["value"] != other["value"] or metric.name in {"peak", "longest_drawdown_length"}


def test_nothing_in_the_catalogue_pairs_it_with_a_day():
    """With a benchmark, the days on which both have a return of one day, and no others."""
    data = returns().with_columns(benchmark=R * 2)
    torn = data.with_columns(benchmark=pl.when(pl.col("days") > 1).then(5.0).otherwise("benchmark"))
    for metric in (one for one in ALL if one.benchmark):
        row, other = (metrics.summarise(frame, [metric]).row(0, named=True) for frame in (data, torn))
        assert row["n"] == 59, metric.name
        assert row["value"] == other["value"], metric.name


def test_a_benchmark_with_a_hole_is_left_out_after_it():
    """Its next return spans the hole, so it is none of one day."""
    days = [START + timedelta(days=place) for place in range(60)]
    chance = random.Random(3)  # noqa: S311 - a series that must repeat, not a secret
    market = [chance.gauss(0, 0.02) for _ in days]
    its = [None if place in {10, 11} else 9.0 if place == 12 else x for place, x in enumerate(market)]
    frame = pl.DataFrame({"portfolio_id": "p", "day": days, "ret": [x / 2 for x in market], "benchmark": its})
    row = metrics.summarise(frame, [METRICS["beta"]]).row(0, named=True)
    assert row["value"] == pytest.approx(0.5)
    assert row["n"] == 57


@pytest.mark.parametrize("given", [True, False])
def test_it_is_in_growth_and_drawdown_and_in_no_daily_figure(given):
    """A fall of 26 % over a gap, with the days given or by the dates: no day, no tail; all in the fall."""
    data = returns() if given else returns().drop("days")
    row = metrics.fleet(data).row(0, named=True)
    rets = data["ret"].to_list()
    assert row["total_return"] == pytest.approx(math.prod(1 + r for r in rets) - 1)
    assert row["max_drawdown"] <= AFTER
    assert row["worst_day"] == min(r for r in rets if r != AFTER)
    assert row["expected_shortfall"] < 0.05
    assert (row["n"], row["daily"], row["spanned"], row["days"]) == (60, 59, 68, 68)
    assert row["cagr"] == pytest.approx((1 + row["total_return"]) ** (365 / 68) - 1)


def test_a_history_that_begins_with_a_gap_begins_where_the_gap_does():
    """Growth per year, start and peak go by the days the first return covers."""
    days = pl.date_range(date(2025, 3, 1), date(2025, 4, 9), eager=True)
    data = pl.DataFrame({"portfolio_id": "p", "day": days, "ret": [-0.1] + [0.001] * 39, "days": [20] + [1] * 39})
    row = metrics.fleet(data).row(0, named=True)
    assert (row["start"], row["days"]) == (date(2025, 2, 10), 59)
    assert row["cagr"] == pytest.approx((1 + row["total_return"]) ** (365 / 59) - 1)
    assert metrics.drawdowns(data)["peak"].item() == date(2025, 2, 9)
    fall = metrics.summarise(data).filter(metric="max_drawdown")
    assert fall["since"].item() == date(2025, 2, 9)


def test_a_week_that_begins_within_a_return_is_refused():
    """What links is refused with the reason; what describes a day is of the week's own days."""
    data = returns()
    monday = data["day"][FALL] - timedelta(days=3)
    table = metrics.summarise(data, since=monday)
    got = {row["metric"]: row for row in table.iter_rows(named=True)}
    begun = data["day"][FALL] - timedelta(days=HOLE - 1)
    assert got["total_return"]["value"] is None
    assert got["total_return"]["reason"] == f"no close at its start: its first return begins on {begun}"
    assert got["max_drawdown"]["value"] is None
    assert got["cagr"]["reason"] == got["total_return"]["reason"]
    assert got["worst_day"]["value"] == data.filter(pl.col("day") >= monday, pl.col("days") == 1)["ret"].min()
    later = metrics.fleet(data, since=data["day"][FALL] + timedelta(days=1)).row(0, named=True)
    assert later["total_return"] == pytest.approx(math.prod(1 + r for r in data["ret"].to_list()[FALL + 1 :]) - 1)


def prices(lost=()):
    """Two assets that move alike; the second has no price on the days named."""
    chance = random.Random(8)  # noqa: S311 - a series that must repeat, not a secret
    level, rows = 100.0, []
    for place in range(80):
        level *= 1 + chance.gauss(0, 0.03)
        day = START + timedelta(days=place)
        rows += [("a", day, level), *([] if place in lost else [("b", day, 2 * level)])]
    frame = pl.DataFrame(rows, schema=("asset", "day", "price"), orient="row")
    return frame.with_columns(ret=price_returns(pl.col("price")).over("asset")).drop_nulls("ret")


@pytest.mark.parametrize("lost", [(), (30, 31, 32), (5, 40, 41, 70)])
def test_assets_are_paired_over_the_same_days(lost):
    """Two assets that move alike have correlation 1 and equal parts, also where one of them lacks days."""
    moves = prices(lost)
    pair = risk.correlations(moves).row(0, named=True)
    holes = sum(1 for place in lost if place + 1 not in lost)
    assert pair["correlation"] == pytest.approx(1.0, abs=1e-12)
    assert pair["n"] == 79 - len(lost) - holes
    weights = pl.DataFrame({"asset": ["a", "b"], "weight": [0.5, 0.5]})
    parts = risk.risk_contributions(moves, weights, measure="volatility")
    assert parts["share"].to_list() == pytest.approx([0.5, 0.5], abs=1e-12)


def test_a_rolling_window_is_of_days():
    """With a hole in it, a window has no number; with none, it is what it was."""
    data = returns(n=80)
    got = metrics.rolling(data.with_columns(benchmark=R), window=10)
    has = [value is not None for value in got["volatility"].to_list()]
    assert has == [9 <= place < FALL or place >= FALL + 10 for place in range(80)]
    assert [value is not None for value in got["beta"].to_list()] == has
    plain = [r for r, span in data.select("ret", "days").iter_rows() if span == 1][-10:]
    mean = math.fsum(plain) / 10
    spread = math.sqrt(math.fsum((r - mean) ** 2 for r in plain) / 9 * 365)
    assert got["volatility"].to_list()[-1] == pytest.approx(spread, rel=1e-9)


def test_a_month_is_stated_only_if_no_return_crosses_its_border():
    """A gap over the month's end refuses both months and keeps the year; one inside a month changes nothing."""
    across = pl.DataFrame(
        {
            "portfolio_id": "p",
            "day": [date(2025, 1, 29), date(2025, 1, 30), date(2025, 2, 3), date(2025, 2, 4), date(2025, 3, 4)],
            "ret": [0.1, 0.1, -0.26, 0.02, 0.01],
            "days": [1, 1, 4, 1, 1],
        }
    )
    row = metrics.monthly_table(across).row(0, named=True)
    assert (row["jan"], row["feb"]) == (None, None)
    assert row["mar"] == pytest.approx(0.01)
    assert row["total"] == pytest.approx(1.1 * 1.1 * 0.74 * 1.02 * 1.01 - 1)
    assert row["reason"] == "one return covers 2025-01-31 to 2025-02-03, across the end"
    months = metrics.aggregate_returns(across, every="month")
    assert months["ret"].to_list() == [None, None, pytest.approx(0.01)]
    assert metrics.aggregate_returns(across, every="quarter")["ret"].item() == pytest.approx(row["total"])
    best = across.select(performance.best_period(R, day=pl.col("day"), every="month", days=pl.col("days"))).item()
    assert best == pytest.approx(0.01)
    moved = [date(2025, 1, 29), date(2025, 1, 31), date(2025, 2, 3), *across["day"].to_list()[3:]]
    ends = across.with_columns(day=pl.Series(moved))
    whole = metrics.monthly_table(ends.drop("days").head(4)).row(0, named=True)
    assert whole["feb"] == pytest.approx(0.74 * 1.02 - 1), "three days from the month's own start are the month's"


def test_a_gap_over_the_year_end_refuses_both_years():
    """And every month between."""
    data = pl.DataFrame(
        {"portfolio_id": "p", "day": [date(2024, 11, 30), date(2025, 2, 3)], "ret": [0.1, 0.1], "days": [1, 65]}
    )
    table = metrics.monthly_table(data)
    assert table["total"].to_list() == [None, None]
    weeks = metrics.aggregate_returns(data, every="week")
    assert weeks["ret"].to_list()[1] is None


def test_a_trailing_window_that_cuts_a_return_is_refused():
    """Seven days that begin within a gap have no return; those from after it do."""
    data = returns()
    cut = metrics.trailing_returns(data, until=data["day"][FALL + 2]).filter(window="7 days").row(0, named=True)
    assert cut["value"] is None
    assert "before the window" in cut["reason"]
    late = metrics.trailing_returns(data, until=data["day"][FALL + 7]).filter(window="7 days").row(0, named=True)
    assert late["value"] == pytest.approx(math.prod(1 + r for r in data["ret"].to_list()[FALL + 1 : FALL + 8]) - 1)


def test_a_one_day_value_at_risk_is_not_tested_by_a_return_of_nine_days():
    """The backtest counts days."""
    data = returns().with_columns(var=0.2)
    assert backtest.backtest(data)["failures"].item() == 0
    assert backtest.backtest(data)["n"].item() == 59
    assert backtest.backtest(data.drop("days"))["failures"].item() == 1, "taken as it is given"


def test_a_bootstrap_draws_it_as_what_it_is():
    """Histories redrawn from blocks have no worse day than the worst single one."""
    bound = metrics.intervals(returns(), [METRICS["worst_day"], METRICS["max_drawdown"]], resamples=50)
    low = dict(bound.select("metric", "low").iter_rows())
    assert low["worst_day"] > AFTER
    assert low["max_drawdown"] <= AFTER


def test_an_episode_that_a_return_straddles_is_not_replayed():
    """A return that begins before it cannot be divided; one inside it is the episode's."""
    episode = risk.Episode("test", date(2025, 1, 10), date(2025, 1, 12), "a test")
    held = pl.DataFrame({"portfolio_id": ["p"], "asset": ["x"], "value": [100.0]})
    day = [date(2025, 1, 8), date(2025, 1, 10), date(2025, 1, 11), date(2025, 1, 12)]
    straddling = pl.DataFrame({"asset": "x", "day": day, "ret": [0.0, -0.5, 0.0, 0.0]})
    assert risk.stress_replay(held, straddling, episodes=(episode,))["loss"].item() is None
    inside = pl.DataFrame({"asset": "x", "day": [date(2025, 1, 9), date(2025, 1, 12)], "ret": [0.0, -0.5]})
    assert risk.stress_replay(held, inside, episodes=(episode,))["loss"].item() == pytest.approx(50.0)


def test_a_missing_price_costs_a_date_and_no_loss():
    """The fall from 122 to 90 stays in the drawdown; asked to omit gaps, every return is of one period."""
    frame = pl.DataFrame({"price": [100.0, 101.0, None, 120.0, 121.0, 122.0, None, 90.0, 91.0, 92.0]})
    ret = price_returns(pl.col("price"))
    fall, grown = frame.select(a=drawdown.max_drawdown(ret), b=performance.total_return(ret)).row(0)
    assert (fall, grown) == pytest.approx((90 / 122 - 1, -0.08))
    omitted = frame.select(price_returns(pl.col("price"), gaps="omit")).to_series().to_list()
    assert [value is not None for value in omitted] == [False, True, False, False, True, True, False, False, True, True]


def test_days_by_the_dates_begin_anew_with_each_series():
    """The first return of a series spans its own day, and a missing return lengthens the next one."""
    frame = pl.DataFrame(
        {"p": ["a", "a", "a", "b"], "day": [date(2025, 1, d) for d in (1, 2, 3, 20)], "ret": [0.1, None, 0.1, 0.1]}
    )
    got = frame.select(spans.days_by_dates(R, day=pl.col("day"), run=pl.col("p"))).to_series().to_list()
    assert got == [1, 1, 2, 1]
