"""Rounding: against exact fractions, at levels and scales where a careless formula has no digit left."""

import math
import random
from fractions import Fraction

import polars as pl
import pytest

from ys_analytics.metrics import performance, risk

R, B = pl.col("ret"), pl.col("benchmark")
N = 200


def noise(seed):
    chance = random.Random(seed)  # noqa: S311 - a series that must repeat, not a secret
    return [chance.gauss(0.0, 0.01) for _ in range(N)]


def at_level(level):
    return pl.DataFrame({"ret": [level + x for x in noise(1)], "benchmark": [level + x for x in noise(2)]})


def centred(xs):
    exact = [Fraction(x) for x in xs]
    mean = sum(exact) / len(exact)
    return mean, [x - mean for x in exact]


def root(x):
    return math.sqrt(x.numerator / x.denominator)


def moments(xs):
    """Mean, sample deviation, skewness and kurtosis of the population, without rounding until the end."""
    mean, away = centred(xs)
    second, third, fourth = (sum(x**k for x in away) / len(away) for k in (2, 3, 4))
    deviation = root(second * len(away) / (len(away) - 1))
    return float(mean), deviation, float(third) / root(second) ** 3, float(fourth / second**2)


def slope(xs, ys):
    (_, x), (_, y) = centred(xs), centred(ys)
    return float(sum(a * b for a, b in zip(x, y, strict=True)) / sum(b * b for b in y))


@pytest.mark.parametrize(("level", "digits"), [(0.0, 1e-13), (1.0, 1e-12), (1e3, 1e-9), (1e6, 1e-6)])
@pytest.mark.parametrize("grouped", [False, True], ids=["alone", "by group"])
def test_a_level_costs_no_more_digits_than_it_must(level, digits, grouped):
    """Deviation, Sharpe ratio, skewness, kurtosis and beta of noise of 0.01 on a level up to a million."""
    data = at_level(level)
    expressions = {
        "deviation": performance.volatility(R, periods_per_year=1),
        "sharpe": performance.sharpe_ratio(R, periods_per_year=1),
        "skew": risk.skewness(R, kind="population"),
        "tails": risk.kurtosis(R, kind="population", excess=False),
        "beta": performance.beta(R, B),
    }
    plan = (
        data.lazy().with_columns(one=1).group_by("one").agg(**expressions)
        if grouped
        else data.lazy().select(**expressions)
    )
    got = plan.collect().row(0, named=True)
    mean, deviation, skew, tails = moments(data["ret"])
    due = {"deviation": deviation, "sharpe": mean / deviation, "skew": skew, "tails": tails}
    due["beta"] = slope(data["ret"], data["benchmark"])
    for name, value in due.items():
        assert got[name] == pytest.approx(value, rel=digits, abs=digits), name


@pytest.mark.parametrize(("level", "digits"), [(0.0, 1e-12), (1.0, 1e-11), (1e3, 1e-8)])
def test_a_window_costs_no_more(level, digits):
    """Rolling deviation and beta, in the first window and in the last."""
    data, window = at_level(level), 30
    rolled = data.select(
        deviation=performance.rolling_volatility(R, periods_per_year=1, window=window),
        beta=performance.rolling_beta(R, B, window=window),
    )
    for end in (window, N // 2, N):
        own, its = (data[name][end - window : end] for name in ("ret", "benchmark"))
        assert rolled["deviation"][end - 1] == pytest.approx(moments(own)[1], rel=digits)
        assert rolled["beta"][end - 1] == pytest.approx(slope(own, its), rel=digits, abs=digits)


@pytest.mark.parametrize("scale", [1e-9, 1e-6, 1e-3, 1e3, 1e6])
def test_a_ratio_has_no_scale(scale):
    """A billionth of the returns, or a million times them, has the same ratios."""
    ratios = (
        performance.sharpe_ratio(R, periods_per_year=365),
        performance.sortino_ratio(R, periods_per_year=365),
        performance.profit_factor(R),
        performance.omega_ratio(R),
        performance.payoff_ratio(R),
        performance.kelly_fraction(R),
        performance.beta(R, B),
        risk.skewness(R),
        risk.kurtosis(R),
        risk.tail_ratio(R),
        risk.autocorrelation(R),
    )
    data = at_level(0.0)
    scaled = data.select(pl.all() * scale)
    for ratio in ratios:
        assert scaled.select(ratio).item() == pytest.approx(data.select(ratio).item(), rel=1e-9)


def test_less_than_a_millionth_of_a_millionth_is_no_risk():
    """Below 1e-12 a deviation is dust, as stated: no ratio is made of it, and the volatility is nothing."""
    data = at_level(0.0).select(pl.all() * 1e-12)
    assert data.select(performance.sharpe_ratio(R, periods_per_year=365)).item() is None
    assert data.select(performance.volatility(R, periods_per_year=365)).item() == 0.0


@pytest.mark.parametrize("level", [0.1, 1 / 3, 123456.789, 1e6 / 7])
@pytest.mark.parametrize("n", [7, 30, 365])
def test_what_is_constant_has_no_risk_at_any_level(level, n):
    """Rounding of the mean leaves dust in proportion to the level, and dust is not risk."""
    data = pl.DataFrame({"ret": [level] * n})
    for plan in (data.lazy(), data.lazy().with_columns(one=1)):
        assert plan.select(performance.sharpe_ratio(R, periods_per_year=365)).collect().item() is None
        assert plan.select(performance.volatility(R, periods_per_year=365)).collect().item() == 0.0


def test_a_million_days_lose_no_digit():
    """The product of a million growths is the exponential of their exactly summed logarithms."""
    chance = random.Random(9)  # noqa: S311 - a series that must repeat, not a secret
    ret = [chance.gauss(0.0001, 0.01) for _ in range(1_000_000)]
    total = pl.DataFrame({"ret": ret}).select(performance.total_return(R)).item()
    assert math.log1p(total) == pytest.approx(math.fsum(map(math.log1p, ret)), rel=1e-11)
