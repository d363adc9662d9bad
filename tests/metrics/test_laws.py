"""What must hold for any series: scale, shift, order, splitting, the benchmark itself."""

import math

import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ys_analytics.metrics import drawdown, performance, risk
from ys_analytics.metrics.sample import NO_RISK

R, B = pl.col("r"), pl.col("b")

quick = settings(max_examples=40, deadline=None)
one_return = st.floats(-0.5, 1.0).map(lambda x: round(x, 5))
series = st.lists(one_return, min_size=5, max_size=60)
factor = st.floats(0.01, 0.9).map(lambda x: round(x, 4))


def value(expression, ret, benchmark=None):
    data = {"r": ret} if benchmark is None else {"r": ret, "b": benchmark}
    return pl.DataFrame(data, schema=dict.fromkeys(data, pl.Float64)).select(expression.alias("it"))["it"].item()


def near(x, y, rel=1e-7, absolute=1e-9):
    if x is None or y is None:
        return x is y
    return math.isclose(x, y, rel_tol=rel, abs_tol=absolute)


def varies(ret):
    return pl.Series(ret).std() > 1e-4


SCALED = {
    "volatility": lambda r: performance.volatility(r, periods_per_year=365),
    "downside_deviation": lambda r: risk.downside_deviation(r, periods_per_year=365),
    "semi_deviation": lambda r: risk.semi_deviation(r, periods_per_year=365),
    "mean_absolute_deviation": risk.mean_absolute_deviation,
    "gini_mean_difference": risk.gini_mean_difference,
    "value_at_risk": risk.value_at_risk,
    "expected_shortfall": risk.expected_shortfall,
    "value_at_risk_normal": lambda r: risk.value_at_risk(r, method="normal"),
    "entropic_value_at_risk": risk.entropic_value_at_risk,
    "best_day": performance.best_day,
    "expectancy": performance.expectancy,
}

SCALE_FREE = {
    "sharpe_ratio": lambda r: performance.sharpe_ratio(r, periods_per_year=365),
    "sortino_ratio": lambda r: performance.sortino_ratio(r, periods_per_year=365),
    "omega_ratio": performance.omega_ratio,
    "kappa": performance.kappa,
    "win_rate": performance.win_rate,
    "profit_factor": performance.profit_factor,
    "payoff_ratio": performance.payoff_ratio,
    "kelly_fraction": performance.kelly_fraction,
    "skewness": risk.skewness,
    "kurtosis": risk.kurtosis,
    "hurst_index": risk.hurst_index,
    "autocorrelation": risk.autocorrelation,
    "probabilistic_sharpe_ratio": performance.probabilistic_sharpe_ratio,
}

SHIFTED_BY_NOTHING = {
    "volatility": SCALED["volatility"],
    "semi_deviation": SCALED["semi_deviation"],
    "mean_absolute_deviation": risk.mean_absolute_deviation,
    "gini_mean_difference": risk.gini_mean_difference,
    "skewness": risk.skewness,
    "kurtosis": risk.kurtosis,
    "autocorrelation": risk.autocorrelation,
    "hurst_index": risk.hurst_index,
}

BLIND_TO_ORDER = {
    **SCALED,
    **{name: of for name, of in SCALE_FREE.items() if name != "autocorrelation"},
    "total_return": performance.total_return,
    "geometric_mean_return": performance.geometric_mean_return,
    "tail_ratio": risk.tail_ratio,
}


@quick
@given(ret=series, by=factor)
def test_risk_in_the_unit_of_returns_scales_with_them(ret, by):
    """Half the returns, half the risk."""
    assume(varies(ret))
    for name, of in SCALED.items():
        assert near(value(of(R * by), ret), by * value(of(R), ret)), name


@quick
@given(ret=series, by=factor)
def test_ratios_do_not_know_the_scale(ret, by):
    """A ratio of two things in the same unit has none."""
    assume(varies(ret))
    for name, of in SCALE_FREE.items():
        assert near(value(of(R * by), ret), value(of(R), ret), rel=1e-6), name


@quick
@given(ret=series, shift=st.floats(-0.1, 0.1))
def test_spread_and_shape_ignore_a_common_shift(ret, shift):
    """What is added to every return moves none of them from another."""
    assume(varies(ret))
    for name, of in SHIFTED_BY_NOTHING.items():
        assert near(value(of(R + shift), ret), value(of(R), ret), rel=1e-6), name


@quick
@given(ret=series, free=st.floats(-0.05, 0.05))
def test_a_shift_and_a_risk_free_rate_cancel(ret, free):
    """Sharpe and Sortino of shifted returns, above the shift, are those of the returns."""
    assume(varies(ret))
    shifted = performance.sharpe_ratio(R + free, periods_per_year=365, risk_free=free)
    assert near(value(shifted, ret), value(SCALE_FREE["sharpe_ratio"](R), ret), rel=1e-6)
    shifted = performance.sortino_ratio(R + free, periods_per_year=365, target=free)
    assert near(value(shifted, ret), value(SCALE_FREE["sortino_ratio"](R), ret), rel=1e-6)


@quick
@given(ret=series, data=st.data())
def test_the_order_of_days_matters_only_to_paths(ret, data):
    """A shuffled history has the same moments, tails and total."""
    assume(varies(ret))
    shuffled = data.draw(st.permutations(ret))
    for name, of in BLIND_TO_ORDER.items():
        assert near(value(of(R), shuffled), value(of(R), ret), rel=1e-6), name


@quick
@given(first=series, second=series)
def test_periods_split_and_join(first, second):
    """Growth over both is growth over the one times growth over the other; the deepest fall is at least as deep."""
    whole, one, two = (value(performance.total_return(R), part) for part in (first + second, first, second))
    assert near(1 + whole, (1 + one) * (1 + two))
    fall = drawdown.max_drawdown(R)
    assert value(fall, first + second) <= min(value(fall, first), value(fall, second)) + NO_RISK
    best = performance.best_day(R)
    assert value(best, first + second) == max(value(best, first), value(best, second))


@quick
@given(ret=series)
def test_a_portfolio_against_itself_has_beta_one_and_no_alpha(ret):
    """The benchmark has beta 1, no alpha, no tracking error, and captures all of itself."""
    assume(varies(ret))

    def of(expression):
        return value(expression, ret, ret)

    assert near(of(performance.beta(R, B)), 1.0)
    assert near(of(performance.alpha(R, B)), 0.0)
    assert near(of(performance.correlation(R, B)), 1.0)
    assert of(performance.tracking_error(R, B, periods_per_year=365)) == 0
    assert of(performance.information_ratio(R, B, periods_per_year=365)) is None
    assert of(performance.hit_rate(R, B)) == 0
    assert near(of(performance.specific_risk(R, B, periods_per_year=1)), 0.0)
    assert near(
        of(performance.m_squared(R, B, periods_per_year=12)), of(performance.annualised_return(R, periods_per_year=12))
    )
    captured = of(performance.up_capture(R, B))
    assert captured is None or near(captured, 1.0)


@quick
@given(ret=series, by=factor)
def test_beta_scales_with_the_portfolio(ret, by):
    """Half the portfolio in cash has half the beta, and all of the correlation."""
    assume(varies(ret))
    wave = [x + 0.1 * math.sin(7 * i) for i, x in enumerate(ret)]
    assert near(value(performance.beta(R * by, B), ret, wave), by * value(performance.beta(R, B), ret, wave))
    assert near(value(performance.correlation(R * by, B), ret, wave), value(performance.correlation(R, B), ret, wave))


@quick
@given(ret=series)
def test_the_tail_is_ordered(ret):
    """Expected shortfall is at least value at risk, entropic at least the exact shortfall, worst day at least all."""
    var, es = value(risk.value_at_risk(R), ret), value(risk.expected_shortfall(R), ret)
    exact, entropic = (
        value(risk.expected_shortfall(R, tail="fraction"), ret),
        value(risk.entropic_value_at_risk(R), ret),
    )
    worst = -value(performance.worst_day(R), ret)
    assert var <= es + 1e-12
    assert es <= worst + 1e-12
    assert exact <= entropic + 1e-9
    assert entropic <= worst + 1e-9


@quick
@given(ret=series)
def test_a_drawdown_is_between_all_and_nothing(ret):
    """Depths are from -1 to 0, averages are no deeper than the deepest, and pain is at most the ulcer."""
    deepest = value(drawdown.max_drawdown(R), ret)
    assert -1 <= deepest <= 0
    assert deepest - 1e-12 <= value(drawdown.average_drawdown(R), ret) <= 0
    assert value(drawdown.pain_index(R), ret) <= value(drawdown.ulcer_index(R), ret) + 1e-12
    assert value(drawdown.ulcer_index(R), ret) <= -deepest + 1e-12


@quick
@given(ret=series)
def test_a_missing_day_is_no_day(ret):
    """Nulls, NaN and infinities between the returns change no number that does not go by the calendar."""
    holes = [x for r in ret for x in (r, None, math.nan, math.inf)]
    for name, of in {**SCALED, **SCALE_FREE}.items():
        if name != "autocorrelation":
            assert near(value(of(R), holes), value(of(R), ret)), name
    assert near(value(drawdown.max_drawdown(R), holes), value(drawdown.max_drawdown(R), ret))
