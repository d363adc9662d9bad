"""What the peers got wrong, each once: the defects users reported of other tools, and of ours none."""

import math
import random
from datetime import date, timedelta

import polars as pl
import pytest

from ys_analytics.metrics import (
    METRICS,
    drawdown,
    drawdowns,
    fleet,
    flows,
    performance,
    risk,
    summarise,
    trailing_returns,
)
from ys_analytics.metrics.risk import EPISODES
from ys_analytics.metrics.sample import YEAR

R = pl.col("ret")
START = date(2024, 1, 1)


def frame(ret, days=None):
    days = days or [START + timedelta(days=i) for i in range(len(ret))]
    return pl.DataFrame({"portfolio_id": "p", "day": days, "ret": ret}, schema_overrides={"ret": pl.Float64})


def chance_returns(n, seed=1):
    chance = random.Random(seed)  # noqa: S311 - a series that must repeat, not a secret
    return [chance.gauss(0.0005, 0.02) for _ in range(n)]


def number(data, name):
    return fleet(data, [METRICS[name]])[name].item()


def test_a_doubling_in_a_year_of_365_days_is_one_hundred_per_cent():
    """quantstats: 252 periods taken for a year of 365 days gave 61.8 %."""
    data = frame([2 ** (1 / 365) - 1] * 365)
    assert number(data, "cagr") == pytest.approx(1.0, rel=1e-12)


def test_growth_per_year_goes_by_the_calendar():
    """quantstats: rows were counted, so a gap of 200 days in 800 changed -6.26 % into -8.25 %."""
    ret = chance_returns(600)
    whole = [START + timedelta(days=i) for i in range(600)]
    torn = [day + timedelta(days=200 if i >= 300 else 0) for i, day in enumerate(whole)]
    total = number(frame(ret), "total_return")
    assert number(frame(ret, torn), "cagr") == pytest.approx((1 + total) ** (365 / 800) - 1, rel=1e-12)
    assert number(frame(ret), "cagr") == pytest.approx((1 + total) ** (365 / 600) - 1, rel=1e-12)


def test_returns_are_never_taken_for_prices():
    """quantstats: forty lending days and one airdrop of +150 % were taken for prices, mean 124.95 for 0.0369."""
    data = frame([0.0003] * 40 + [1.5])
    assert data.select(performance.mean_return(R)).item() == pytest.approx((40 * 0.0003 + 1.5) / 41)


def test_the_shortfall_is_of_the_same_tail_as_the_value_at_risk():
    """quantstats: the mean of returns below a normal quantile was called historical: -8.7 % for -15.3 %."""
    ret = [-0.3, -0.2, -0.1] + [0.001] * 97
    es = frame(ret).select(risk.expected_shortfall(R, confidence=0.98)).item()
    assert es == pytest.approx(0.25)
    for method in ("historical", "normal", "cornish_fisher"):
        var = frame(chance_returns(500)).select(risk.value_at_risk(R, method=method)).item()
        assert var <= frame(chance_returns(500)).select(risk.expected_shortfall(R, method=method)).item()


def test_a_risk_free_rate_that_is_given_is_used():
    """quantstats: rf was accepted and ignored; Lean: Sharpe knew it and the probabilistic one did not."""
    data = frame(chance_returns(400))
    for name in (
        "sharpe_ratio",
        "sortino_ratio",
        "probabilistic_sharpe_ratio",
        "geometric_sharpe_ratio",
        "omega_ratio",
    ):
        with_rate, without = (fleet(data, [METRICS[name]], risk_free=rate)[name].item() for rate in (0.05, 0.0))
        assert with_rate < without, name


def test_a_bill_portfolio_is_not_probably_good():
    """Lean: an ETF of bills had Sharpe -8.88 and a probability of nearly 100 %: one was gross, one was net."""
    chance = random.Random(4)  # noqa: S311 - a series that must repeat, not a secret
    data = frame([0.04 / 365 + chance.gauss(-1e-5, 1e-5) for _ in range(400)])
    sharpe, probability = (
        fleet(data, [METRICS[name]], risk_free=0.04)[name].item()
        for name in ("sharpe_ratio", "probabilistic_sharpe_ratio")
    )
    assert sharpe < -8
    assert probability < 0.01


def test_the_information_ratio_is_annualised_and_of_the_portfolio_only():
    """quantstats: not annualised, and printed for the benchmark against itself."""
    data = pl.DataFrame({"r": chance_returns(200, 1), "b": chance_returns(200, 2)})
    r, b = pl.col("r"), pl.col("b")
    yearly = data.select(performance.information_ratio(r, b, periods_per_year=365)).item()
    daily = data.select(performance.information_ratio(r, b, periods_per_year=1)).item()
    assert yearly == pytest.approx(daily * math.sqrt(365))
    assert data.select(performance.information_ratio(b, b, periods_per_year=365)).item() is None


def test_treynor_takes_yearly_growth_not_the_total():
    """quantstats: the total return of many years over beta."""
    data = pl.DataFrame({"r": chance_returns(730, 1), "b": chance_returns(730, 2)})
    growth = data.select(performance.annualised_return(pl.col("r"), periods_per_year=365)).item()
    slope = data.select(performance.beta(pl.col("r"), pl.col("b"))).item()
    treynor = performance.treynor_ratio(pl.col("r"), pl.col("b"), periods_per_year=365)
    assert data.select(treynor).item() == pytest.approx(growth / slope)


def test_a_loss_has_a_negative_recovery_factor():
    """quantstats: abs() made +0.55 of a strategy that lost 36 %."""
    assert frame([-0.2, -0.2]).select(drawdown.recovery_factor(R)).item() == pytest.approx(-1.0)


def test_an_open_drawdown_has_not_recovered_and_begins_at_its_peak():
    """Quantstats printed the last day as its recovery, and the first day under the peak as its start."""
    row = drawdowns(frame([0.1, -0.2, 0.05])).row(0, named=True)
    assert row["recovery"] is None
    assert row["peak"] == START
    assert row["days"] == 2


def test_a_loss_on_the_first_day_is_a_drawdown():
    """pyfolio: the start was no peak, so the first day's fall was none."""
    assert frame([-0.5, 0.1]).select(drawdown.max_drawdown(R)).item() == -0.5
    assert drawdowns(frame([-0.5, 0.1]))["peak"].item() == START - timedelta(days=1)


def test_a_window_longer_than_the_history_has_no_number():
    """Quantstats and jquantstats: three and five years annualised from a hundred days."""
    table = trailing_returns(frame(chance_returns(100)), until=START + timedelta(days=99))
    refused = table.filter(window="1095 days").row(0, named=True)
    assert (refused["value"], refused["reason"]) == (None, "needs 1095 days, has 100")
    assert table.filter(window="90 days")["value"].item() is not None


def test_kurtosis_is_taken_off_once():
    """quantstats: the probabilistic Sharpe ratio took 3 off an excess kurtosis."""
    ret = chance_returns(3000)
    plain = frame(ret)
    observed = plain.select(performance.probabilistic_sharpe_ratio(R)).item()
    normal = plain.select(performance.probabilistic_sharpe_ratio(R, tails="normal")).item()
    assert observed == pytest.approx(normal, abs=0.01)


def test_rolling_ratios_take_the_rate_per_period():
    """quantstats: the risk-free rate was parted by the window instead of by the year."""
    data = frame(chance_returns(60))
    last = data.select(performance.rolling_sharpe(R, periods_per_year=365, window=30, risk_free=0.0001))["ret"][-1]
    alone = data.tail(30).select(performance.sharpe_ratio(R, periods_per_year=365, risk_free=0.0001)).item()
    assert last == pytest.approx(alone)


def test_one_year_has_one_length_everywhere():
    """Pyfolio's sheet took 252 for all; jquantstats printed 31.2 % and 37.6 % for one series."""
    data = frame(chance_returns(400))
    yearly, daily = number(data, "volatility"), data.select(R.std()).item()
    assert yearly == pytest.approx(daily * math.sqrt(YEAR))
    rolled = performance.rolling(data, window=400)["volatility"][-1]
    assert rolled == pytest.approx(yearly)
    assert number(data, "sharpe_ratio") == pytest.approx(data.select(R.mean() / R.std()).item() * math.sqrt(YEAR))


def test_one_nan_spoils_nothing():
    """pyfolio: one NaN made skewness and kurtosis NaN."""
    ret = chance_returns(100)
    for name in ("skewness", "kurtosis", "volatility", "value_at_risk", "max_drawdown"):
        assert number(frame([*ret, math.nan]), name) == pytest.approx(number(frame(ret), name), rel=1e-12), name


def test_lengths_are_in_days_of_the_calendar():
    """pyfolio: durations in business days."""
    days = [date(2025, 1, 3), date(2025, 1, 6), date(2025, 1, 13)]
    row = drawdowns(frame([0.1, -0.2, 0.5], days)).row(0, named=True)
    assert (row["fall_days"], row["recovery_days"], row["days"]) == (3, 7, 10)


def test_stress_periods_have_fixed_ends():
    """Pyfolio and Lean: a crisis that ends today makes a report change with the day it is printed."""
    assert all(episode.start <= episode.end < date(2026, 1, 1) for episode in EPISODES)


def test_a_failure_is_a_reason_not_a_blank():
    """jquantstats: every exception became an empty cell."""
    table = summarise(frame([0.01] * 40), list(METRICS.values()))
    assert table.filter(pl.col("value").is_null() & pl.col("reason").is_null()).is_empty()


def test_below_total_loss_there_is_no_growth():
    """jquantstats: abs() made -100 % of a path below it."""
    row = summarise(frame([0.01, -1.5] * 20)).filter(metric="cagr").row(0, named=True)
    assert row["value"] is None
    assert row["reason"] == "a return is below -100 %, or the growth overflows"


def test_sortino_divides_by_all_observations():
    """ffn: the dispute over the denominator; ours is stated, and has a switch."""
    data = frame([0.02, -0.02])
    assert data.select(performance.sortino_ratio(R - 0.01, periods_per_year=1)).item() == pytest.approx(
        -0.01 / math.sqrt(0.03**2 / 2)
    )
    both = [data.select(risk.downside_deviation(R, periods_per_year=1, over=over)).item() for over in ("all", "below")]
    assert both == pytest.approx([0.02 / math.sqrt(2), 0.02])


def test_equal_numbers_both_stay():
    """ffn: drop_duplicates dropped statistics that happened to be equal."""
    table = summarise(frame([0.0] * 40))
    assert table.height == 12


def test_a_target_that_varies_is_aligned_with_its_return():
    """PortfolioAnalytics: a varying target was misaligned by one period."""
    data = pl.DataFrame({"ret": [0.1, -0.1, 0.1], "target": [0.2, -0.2, 0.1]})
    lower = data.select(risk.lower_partial_moment(R, order=1, target=pl.col("target"))).item()
    assert lower == pytest.approx(0.1 / 3)


def test_compounding_follows_the_parameter():
    """PerformanceAnalytics: the geometric flag was ignored."""
    data = frame([0.1, 0.1, -0.5])
    assert data.select(drawdown.underwater(R)).to_series()[-1] == pytest.approx(-0.5)
    assert data.select(drawdown.underwater(R, compounding="additive")).to_series()[-1] == pytest.approx(-0.5)
    halves = frame([0.1, -0.5, -0.4])
    assert halves.select(drawdown.underwater(R)).to_series()[-1] == pytest.approx(-0.7)
    assert halves.select(drawdown.underwater(R, compounding="additive")).to_series()[-1] == pytest.approx(-0.9)


def test_of_two_rates_none_is_chosen():
    """Solvers that return the first root they meet: ours names all and chooses none."""
    found = flows.xirr([(date(2024, 1, 1), -100.0), (date(2024, 12, 31), 230.0), (date(2025, 12, 31), -132.0)])
    assert found.rate is None
    assert len(found.roots) == 2
    assert "2 rates solve it" in found.reason


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("ret", [0.0, 0.01])
def test_nothing_lost_is_nothing_and_no_minus_is_printed_before_it(ret, count, engine):
    """IEEE 754: 0 - 0 is 0. Polars keeps the minus of zero as soon as there are two portfolios."""
    histories = pl.concat(frame([ret] * 400).with_columns(portfolio_id=pl.lit(str(name))) for name in range(count))
    with pl.Config(engine_affinity=engine):
        numbers = fleet(histories, [metric for metric in METRICS.values() if not metric.benchmark])
    minus_zero = [name for name in METRICS if name in numbers.columns and "-0.0" in map(str, numbers[name])]
    assert minus_zero == []
