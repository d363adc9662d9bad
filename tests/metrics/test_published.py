"""Figures that textbooks, papers and manuals print, beyond those of test_oracles.py, each by its own convention."""

import math
from datetime import date

import numpy as np
import polars as pl
import pytest

from ys_analytics.metrics import backtest, drawdown, flows, performance, risk, yields

R = pl.col("ret")


def of(expression, ret):
    return pl.DataFrame({"ret": ret}, schema={"ret": pl.Float64}).select(expression).item()


EXCEL = [3.0, 4.0, 5.0, 2.0, 3.0, 4.0, 5.0, 6.0, 4.0, 7.0]
RED_ROCK = [0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04]


@pytest.mark.parametrize(
    ("expression", "ret", "printed", "digits"),
    [
        pytest.param(risk.skewness(R), EXCEL, 0.359543, 6, id="Excel SKEW"),
        pytest.param(risk.skewness(R, kind="population"), EXCEL, 0.303193, 6, id="Excel SKEW.P"),
        pytest.param(risk.kurtosis(R), EXCEL, -0.151799637, 9, id="Excel KURT"),
        pytest.param(
            performance.sortino_ratio(R, periods_per_year=1), RED_ROCK, 4.417, 3, id="Rollinger and Hoffman, Sortino"
        ),
        pytest.param(
            risk.downside_deviation(R, periods_per_year=1), RED_ROCK, 0.0226, 4, id="Rollinger and Hoffman, downside"
        ),
        pytest.param(
            risk.value_at_risk(R, confidence=0.6), [15.0, 20.0, 35.0, 40.0, 50.0], -29.0, 9, id="PERCENTILE.INC"
        ),
        pytest.param(
            risk.value_at_risk(R, confidence=0.6, quantile="weibull"),
            [15.0, 20.0, 35.0, 40.0, 50.0],
            -26.0,
            9,
            id="PERCENTILE.EXC",
        ),
        pytest.param(
            risk.value_at_risk(R, confidence=0.6, quantile="hazen"),
            [15.0, 20.0, 35.0, 40.0, 50.0],
            -27.5,
            9,
            id="Matlab's prctile",
        ),
        pytest.param(
            risk.value_at_risk(R, confidence=0.7, quantile="order"),
            [15.0, 20.0, 35.0, 40.0, 50.0],
            -20.0,
            9,
            id="nearest rank",
        ),
    ],
)
def test_a_printed_figure_is_ours(expression, ret, printed, digits):
    """To the digits that are printed."""
    assert round(of(expression, ret), digits) == printed


@pytest.mark.parametrize("quantile", ["weibull", "hazen", "median_unbiased", "normal_unbiased"])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.999, 0.01])
def test_a_quantile_is_that_of_its_name(quantile, confidence):
    """Hyndman and Fan's types 5, 6, 8 and 9, as NumPy names them, and at the ends the ends."""
    ret = np.random.default_rng(3).standard_t(4, 97)
    due = -np.quantile(ret, 1 - confidence, method=quantile)
    assert of(risk.value_at_risk(R, confidence=confidence, quantile=quantile), ret) == pytest.approx(due, rel=1e-12)


def test_ten_days_are_the_root_of_ten():
    """The square-root rule, and a mean that grows with the days or is taken for zero."""
    ret = np.random.default_rng(5).normal(0.001, 0.02, 500)
    z, mean, deviation = 1.6448536269514722, ret.mean(), ret.std(ddof=1)
    for expression, due in (
        (risk.value_at_risk(R, method="normal", horizon=10), -10 * mean + 10**0.5 * z * deviation),
        (risk.value_at_risk(R, method="normal", mean="zero"), z * deviation),
        (risk.value_at_risk(R, horizon=10), -(10**0.5) * np.quantile(ret, 0.05)),
        (risk.expected_shortfall(R, method="normal", mean="zero"), 2.0627128 * deviation),
    ):
        assert of(expression, ret) == pytest.approx(due, rel=1e-7)


@pytest.mark.parametrize(
    ("ratio", "loss"),
    [(1.25, 0.006), (1.5, 0.020), (1.75, 0.038), (2.0, 0.057), (3.0, 0.134), (4.0, 0.200), (5.0, 0.255)],
)
def test_impermanent_loss_is_that_of_uniswap_s_table(ratio, loss):
    """The table of "Understanding returns", to a tenth of a per cent."""
    assert round(-of(yields.impermanent_loss(R), [ratio]), 3) == loss


def test_a_weighted_pool_loses_less():
    """An 80/20 pool keeps 2 ** 0.8 of 1.8 when its large token doubles."""
    assert of(yields.impermanent_loss(R, weight=0.8), [2.0]) == pytest.approx(2**0.8 / 1.8 - 1)
    assert of(yields.impermanent_loss(R, weight=0.8), [2.0]) > of(yields.impermanent_loss(R), [2.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        yields.impermanent_loss(R, weight=1.0)


def test_rates_are_those_of_the_manuals():
    """Excel's XIRR, MIRR and IRR; a charterholder's two shares."""
    dated = zip(
        [date(2008, 1, 1), date(2008, 3, 1), date(2008, 10, 30), date(2009, 2, 15), date(2009, 4, 1)],
        [-10000.0, 2750.0, 4250.0, 3250.0, 2750.0],
        strict=True,
    )
    assert flows.xirr(list(dated)).rate == pytest.approx(0.373362535, abs=1e-8)
    paid = [-120000.0, 39000.0, 30000.0, 21000.0, 37000.0, 46000.0]
    assert flows.mirr(paid, finance_rate=0.1, reinvest_rate=0.12) == pytest.approx(0.126094, abs=1e-6)
    assert flows.irr([-70000.0, 12000, 15000, 18000, 21000, 26000]).rate == pytest.approx(0.0866, abs=5e-5)
    # A share at 200, a second at 225, 5 a share paid each year, both sold at 235: 9.39 % on the money, 10.76 % on time.
    assert flows.irr([-200.0, -220.0, 480.0]).rate == pytest.approx(0.0939, abs=5e-5)
    assert of(performance.geometric_mean_return(R), [30 / 200, 30 / 450]) == pytest.approx(0.1076, abs=1e-4)


@pytest.mark.parametrize(("failures", "printed"), [(0, 0.0811), (4, 0.8922), (5, 0.9588), (9, 0.9997)])
def test_the_traffic_light_is_basels(failures, printed):
    """Table 2 of the supervisory framework: the chance of so many failures or fewer in 250 days."""
    assert round(backtest.failures_at_most(250, failures), 4) == printed


def test_the_probability_of_a_sharpe_ratio_is_that_of_its_paper():
    """Bailey and Lopez de Prado: the manager of the example, and the years that daily normal returns need."""
    assert round(performance.probabilistic_sharpe_of(0.458, n=24, skew=-2.448, kurtosis=10.164), 3) == 0.913
    assert round(performance.probabilistic_sharpe_of(0.458, n=24), 3) == 0.982
    day = 252**-0.5
    assert round(performance.minimum_track_record_of(2 * day, reference=day) / 252, 2) == 2.73
    assert performance.minimum_track_record_of(day, reference=day) is None


def test_known_moments_are_those_of_returns():
    """The scalar forms are the expressions, given what the expressions find."""
    ret = np.random.default_rng(8).normal(0.01, 0.05, 60)
    known = {
        "skew": of(risk.skewness(R, kind="population"), ret),
        "kurtosis": of(risk.kurtosis(R, kind="population", excess=False), ret),
    }
    sharpe = of(performance.sharpe_ratio(R, periods_per_year=1), ret)
    assert performance.probabilistic_sharpe_of(sharpe, n=60, **known) == pytest.approx(
        of(performance.probabilistic_sharpe_ratio(R), ret)
    )
    assert performance.minimum_track_record_of(sharpe, **known) == pytest.approx(
        of(performance.minimum_track_record(R), ret)
    )


def test_downside_is_measured_as_one_likes():
    """Over all or the bad ones only, with or without the lost degree of freedom, about the target or the mean."""
    ret = np.array([0.03, -0.02, 0.01, -0.04, 0.02])
    short = np.minimum(ret - 0.001, 0)
    for options, downside in (
        ({"over": "below"}, np.sqrt((short**2).sum() / 2)),
        ({"ddof": 1}, np.sqrt((short**2).sum() / 4)),
        ({"about": "mean", "ddof": 1}, short.std(ddof=1)),
    ):
        got = of(performance.sortino_ratio(R, periods_per_year=252, target=0.001, risk_free=0.0005, **options), ret)
        assert got == pytest.approx((ret.mean() - 0.0005) / downside * 252**0.5)


def test_kelly_knows_moments_too():
    """Mean over variance: 0.002 over 0.0004 is five times one's wealth."""
    ret = np.array([0.022, -0.018] * 500)
    assert of(performance.kelly_fraction(R, method="moments"), ret) == pytest.approx(0.002 / ret.var(ddof=1))


def test_the_deepest_few_falls_are_the_deepest_few():
    """Sterling by their mean, Burke by the root of their squares, and all of them when there are fewer."""
    ret, half = [-0.1, 0.2, -0.2, 0.5, -0.3, 1.0], pl.lit(0.5)
    assert of(drawdown.sterling(R, growth=half, excess=0.0, largest=2), ret) == pytest.approx(0.5 / 0.25)
    assert of(drawdown.sterling(R, growth=half, excess=0.0, largest=9), ret) == pytest.approx(0.5 / 0.2)
    assert of(drawdown.burke(R, growth=half, largest=1), ret) == pytest.approx(0.5 / 0.3)


def test_a_yearly_rate_is_a_rate_per_period():
    """Twelve per cent a year, compounding and not."""
    assert performance.per_period(0.12, periods_per_year=12) == pytest.approx(1.12 ** (1 / 12) - 1)
    assert performance.per_period(0.12, periods_per_year=12, compounding=False) == pytest.approx(0.01)
    assert of(yields.apr_to_apy(R, periods_per_year=12), [0.12]) == pytest.approx(0.126825, abs=1e-6)
    with pytest.raises(ValueError, match="above -1"):
        performance.per_period(-1.0, periods_per_year=12)


def test_chance_and_timing_are_as_computed_otherwise():
    """Student's distribution against its closed form of two degrees; a parabola against the one that made it."""
    t = 0.1 * 3**0.5
    closed = 0.5 + t / (2 * (2 + t * t) ** 0.5)
    frame = pl.DataFrame({"ratio": [0.1], "n": [3]})
    found = frame.select(performance.probability_of_momentum(pl.col("ratio"), n=pl.col("n"))).item()
    assert found == pytest.approx(closed, rel=1e-12)
    b = np.random.default_rng(4).normal(0, 0.05, 40)
    frame = pl.DataFrame({"ret": 0.001 + 0.8 * b + 2.5 * b**2, "b": b, "put": 0.8 * b + 0.3 * np.maximum(-b, 0)})
    curve = performance.market_timing(R, pl.col("b"))
    put = performance.market_timing(pl.col("put"), pl.col("b"), model="henriksson_merton")
    assert frame.select(curve).item() == pytest.approx(2.5)
    assert frame.select(put).item() == pytest.approx(0.3)


def test_textbooks_add_where_reports_compound():
    """Treynor, Jensen and M squared of arithmetic means, as every chapter on them does the sum."""
    r, b, free = np.array([0.12, -0.03, 0.08, 0.05]), np.array([0.10, -0.05, 0.04, 0.03]), 0.01
    frame = pl.DataFrame({"ret": r, "b": b})
    slope = np.cov(r, b)[0, 1] / b.var(ddof=1)
    parameters = {"periods_per_year": 4, "risk_free": free, "growth": "arithmetic"}
    found = frame.select(
        treynor=performance.treynor_ratio(R, pl.col("b"), **parameters),
        jensen=performance.jensen_alpha(R, pl.col("b"), **parameters),
        squared=performance.m_squared(R, pl.col("b"), **parameters),
        active=performance.active_premium(R, pl.col("b"), periods_per_year=4, growth="arithmetic"),
    ).row(0)
    excess = 4 * (r.mean() - free)
    due = (
        excess / slope,
        excess - slope * 4 * (b.mean() - free),
        excess * b.std() / r.std() + 4 * free,
        4 * (r.mean() - b.mean()),
    )
    assert found == pytest.approx(due)


def test_sample_kurtosis_without_the_excess_is_performanceanalytics_sample():
    """PerformanceAnalytics "sample" is n(n+1) / ((n-1)(n-2)(n-3)) sum z^4; its excess takes the normal sample off."""
    n = len(EXCEL)
    middle = math.fsum(EXCEL) / n
    spread = math.sqrt(math.fsum((x - middle) ** 2 for x in EXCEL) / (n - 1))
    right = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * math.fsum(((x - middle) / spread) ** 4 for x in EXCEL)
    assert of(risk.kurtosis(R, excess=False), EXCEL) == pytest.approx(right, rel=1e-12)
    taken = 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    assert of(risk.kurtosis(R), EXCEL) == pytest.approx(right - taken, rel=1e-12)
    assert taken > 4, "which is not 3: ten returns are few"


def test_capture_of_a_portfolio_is_near_its_beta():
    """A mix of 0.61 of the market captures 0.61 of it on either side; annualised over one side it would not."""
    market = [0.03, -0.02, 0.01, -0.04, 0.05, -0.01, 0.02, -0.03] * 30
    mix = [0.61 * b for b in market]
    frame = pl.DataFrame({"r": mix, "b": market})
    r, b = pl.col("r"), pl.col("b")
    up, down = frame.select(up=performance.up_capture(r, b), down=performance.down_capture(r, b)).row(0)
    assert (up, down) == pytest.approx((0.61, 0.61), abs=0.01)
    annualised = performance.up_capture(r, b, method="annualised", periods_per_year=365)
    assert frame.select(annualised).item() < 0.2
    assert frame.select(performance.up_capture(r, b, method="sum")).item() == pytest.approx(0.61)
    with pytest.raises(ValueError, match="periods_per_year"):
        performance.up_capture(r, b, method="annualised")
