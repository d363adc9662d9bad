"""The platform's numbers next to ours, backtests of its value at risk, and how sure ours are."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics.metrics import (
    HEADLINE,
    METRICS,
    audit,
    backtest,
    daily_returns,
    drawdown,
    intervals,
    performance,
    risk,
)
from ys_analytics.metrics.flows import MONEY

START = date(2025, 1, 1)
R = pl.col("ret")


def history(n=200, seed=3, without=()):
    chance = random.Random(seed)  # noqa: S311 - a series that must repeat, not a secret
    value, rows = 1000.0, []
    for i in range(n):
        value *= 1 + chance.gauss(0.001, 0.03)
        if i not in without:
            rows.append(("p", START + timedelta(days=i), Decimal(str(round(value, 8)))))
    return pl.DataFrame(rows, schema={"portfolio_id": pl.String, "day": pl.Date, "value": MONEY}, orient="row")


VALUES = history()
RETURNS = daily_returns(VALUES)
LAST = float(VALUES["value"][-1])


def claim(metric, stored, day=None):
    return pl.DataFrame(
        {"portfolio_id": "p", "day": [day or VALUES["day"][-1]], "metric": [metric], "stored": [stored]}
    )


def of(expression):
    return RETURNS.select(expression).item()


STORED = {
    "sharpe_ratio": [
        (performance.sharpe_ratio(R, periods_per_year=365), "agrees", None),
        (performance.sharpe_ratio(R, periods_per_year=252), "method", "252 days a year"),
        (performance.sharpe_ratio(R, periods_per_year=365, ddof=0), "method", "the population's deviation"),
        (performance.sharpe_ratio(R.tail(30), periods_per_year=365), "method", "the last 30 days"),
    ],
    "volatility": [
        (performance.volatility(R, periods_per_year=365), "agrees", None),
        (performance.volatility(R, periods_per_year=1), "method", "not annualised"),
    ],
    "max_drawdown": [
        (drawdown.max_drawdown(R), "agrees", None),
        (-drawdown.max_drawdown(R), "method", "the opposite sign"),
        (drawdown.max_drawdown(R) * 100, "method", "per cent, not a fraction"),
    ],
    "var_95": [
        (risk.value_at_risk(R) * LAST, "agrees", None),
        (risk.value_at_risk(R), "method", "a fraction, not USD"),
        (risk.value_at_risk(R, method="normal") * LAST, "method", "the normal distribution"),
    ],
    "cvar_95": [(risk.expected_shortfall(R, method="normal") * LAST, "method", "the normal distribution")],
    "daily_return": [(R.last(), "agrees", None), (R.last() * 100, "method", "per cent, not a fraction")],
}


@pytest.mark.parametrize(
    ("metric", "expression", "explained", "how"),
    [(metric, *row) for metric, rows in STORED.items() for row in rows],
)
def test_a_difference_of_method_is_named(metric, expression, explained, how):
    """What the platform computed otherwise is found among the usual ways."""
    row = audit.audit(claim(metric, of(expression)), RETURNS, VALUES).row(0, named=True)
    assert (row["explained"], row["how"]) == (explained, how)
    assert row["difference"] == pytest.approx(row["stored"] - row["ours"])


@pytest.mark.parametrize(
    ("year", "free", "how"),
    [
        pytest.param(365, 0.05 / 365, "a risk-free rate of 5.00% a year", id="in 365 parts"),
        pytest.param(252, 0.0425 / 252, "a risk-free rate of 4.25% a year, 252 days a year", id="in 252 parts"),
        pytest.param(365, 1.05 ** (1 / 365) - 1, "a risk-free rate of 5.00% a year, compounded", id="a root"),
        pytest.param(365, 0.0, "no risk-free rate", id="none"),
    ],
)
def test_another_risk_free_rate_is_named(year, free, how):
    """A stored Sharpe ratio in excess of another rate than ours is a matter of method, and which rate is said."""
    stored = claim("sharpe_ratio", of(performance.sharpe_ratio(R, periods_per_year=year, risk_free=free)))
    row = audit.audit(stored, RETURNS, VALUES, risk_free=0.02).row(0, named=True)
    assert (row["explained"], row["how"]) == ("method", how)
    assert row["ours"] == pytest.approx(of(performance.sharpe_ratio(R, periods_per_year=365, risk_free=0.02 / 365)))


def test_our_own_rate_agrees_and_an_odd_one_is_unexplained():
    """A rate of 2 % given is ours; a ratio that no round rate gives stays unexplained."""
    stored = of(performance.sharpe_ratio(R, periods_per_year=365, risk_free=0.02 / 365))
    agreed = audit.audit(claim("sharpe_ratio", stored), RETURNS, VALUES, risk_free=0.02)
    odd = audit.audit(claim("sharpe_ratio", stored + 0.0007), RETURNS, VALUES, risk_free=0.02)
    assert (agreed["explained"].item(), odd["explained"].item()) == ("agrees", "neither")


def test_flows_counted_as_gains_are_recognised():
    """A stored daily return that took a deposit for a profit."""
    schema = {"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": MONEY}
    noon = datetime(2025, 7, 19, 12, tzinfo=UTC)
    flow = pl.DataFrame([("p", noon, Decimal(100))], schema=schema, orient="row")
    raw = LAST / float(VALUES["value"][-2]) - 1
    row = audit.audit(claim("daily_return", raw), daily_returns(VALUES, flow), VALUES).row(0, named=True)
    assert (row["explained"], row["how"]) == ("method", "flows counted as gains")


def test_what_no_method_explains_is_left_to_the_data_or_unexplained():
    """Whole data and a strange number: neither. Missing days and a strange number: perhaps those."""
    strange = audit.audit(claim("volatility", 0.123), RETURNS, VALUES).row(0, named=True)
    assert (strange["explained"], strange["how"]) == ("neither", None)
    torn = history(without=range(50, 59))
    row = audit.audit(claim("volatility", 0.123), daily_returns(torn), torn).row(0, named=True)
    assert (row["explained"], row["how"]) == ("data", "9 of 199 days are missing")
    nobody = audit.audit(claim("volatility", 0.1).with_columns(portfolio_id=pl.lit("x")), RETURNS, VALUES)
    assert nobody["explained"].item() == "data"


def test_a_claim_is_compared_with_what_was_known_on_its_day():
    """Later returns are not looked at."""
    day = VALUES["day"][99]
    stored = RETURNS.filter(pl.col("day") <= day).select(performance.volatility(R, periods_per_year=365)).item()
    assert audit.audit(claim("volatility", stored, day), RETURNS, VALUES)["explained"].item() == "agrees"


def test_claims_are_the_last_of_each_day():
    """Laid out long, nulls are no claim."""
    stamp = [datetime(2025, 1, 1, hour, tzinfo=UTC) for hour in (9, 23)]
    frame = pl.DataFrame({"portfolio_id": "p", "timestamp": stamp, "volatility": [0.1, 0.2], "var_95": [None, None]})
    frame = frame.with_columns(pl.col("var_95").cast(MONEY))
    assert audit.claims(frame).rows() == [("p", date(2025, 1, 1), "volatility", 0.2)]


def test_a_backtest_counts_failures_and_tests_them():
    """Twenty failures in a hundred days are too many, and those in a row call for one another."""
    days = [START + timedelta(days=i) for i in range(100)]
    broken = [10 <= i < 30 for i in range(100)]
    frame = pl.DataFrame({"portfolio_id": "p", "day": days, "ret": [-0.2 if b else 0.0 for b in broken], "var": 0.1})
    row = backtest.backtest(frame).row(0, named=True)
    assert (row["n"], row["failures"], row["first_failure"], row["zone"]) == (100, 20, 11, "red")
    assert row["kupiec_p"] < 1e-6
    assert row["independence_p"] < 1e-6


def test_a_short_backtest_is_refused_and_days_without_value_at_risk_are_left_out():
    """With the reason; and days without value at risk are not tested."""
    frame = pl.DataFrame({"portfolio_id": "p", "day": [START, START], "ret": [0.1, 0.1], "var": [0.1, None]})
    row = backtest.backtest(frame).row(0, named=True)
    assert (row["n"], row["zone"], row["reason"]) == (1, None, "needs 30 days, has 1")


def test_no_failures_at_all_has_a_test_result():
    """Nothing times the logarithm of nothing is nothing."""
    result = backtest.kupiec(250, 0)
    assert result.rejects()
    assert result.statistic == pytest.approx(-2 * 250 * math.log(0.95))


def test_intervals_repeat_and_hold_the_number():
    """The same seed draws the same days; the interval is about the number."""
    plain = RETURNS.select("portfolio_id", "day", "ret")
    once, twice = (intervals(plain, HEADLINE, resamples=200) for _ in range(2))
    assert once.equals(twice)
    assert not once.equals(intervals(plain, HEADLINE, resamples=200, seed=8))
    for row in once.iter_rows(named=True):
        assert row["low"] <= row["high"], row
        if row["metric"] not in {"best_day", "worst_day", "max_drawdown", "calmar_ratio"}:
            assert row["low"] <= row["value"] <= row["high"], row


def test_an_interval_covers_the_truth_as_often_as_it_says():
    """Of sixty histories with a known mean, nearly all intervals of 90 % hold it."""
    mean, hits = [METRICS["mean_return"]], 0
    for seed in range(60):
        chance = random.Random(seed)  # noqa: S311 - a series that must repeat, not a secret
        days = [START + timedelta(days=i) for i in range(120)]
        data = pl.DataFrame({"portfolio_id": "p", "day": days, "ret": [chance.gauss(0.001, 0.02) for _ in days]})
        row = intervals(data, mean, resamples=200, level=0.9).row(0, named=True)
        hits += row["low"] <= 0.001 <= row["high"]
    assert 46 <= hits <= 60


def test_a_number_that_is_refused_has_no_interval():
    """With the same reason; and one that never varies has an interval of nothing."""
    short = RETURNS.head(12).select("portfolio_id", "day", "ret")
    row = intervals(short, [METRICS["sharpe_ratio"]], resamples=20).row(0, named=True)
    assert (row["low"], row["high"], row["reason"]) == (None, None, "needs 30 days, has 11")
    assert intervals(short.clear()).is_empty()
