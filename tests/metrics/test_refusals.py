"""Functions of plain numbers: what they are asked in vain is refused by name, or has a stated result."""

import math
from datetime import date

import polars as pl
import pytest

from ys_analytics.metrics import backtest, flows, risk, uniswap, yields

X = pl.col("x")
NEW_YEAR = date(2024, 1, 1)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        pytest.param(lambda: backtest.kupiec(10, 11), "failures", id="more failures than days"),
        pytest.param(lambda: backtest.binomial_test(-1, 0), "failures", id="fewer days than none"),
        pytest.param(lambda: backtest.kupiec_region(-1), "failures", id="a region of none"),
        pytest.param(lambda: backtest.traffic_light(10, -1), "failures", id="fewer failures than none"),
        pytest.param(lambda: backtest.exactly(10, 11), "failures", id="exactly too many"),
        pytest.param(lambda: backtest.time_until_first_failure(0), "first", id="a failure before the first day"),
        pytest.param(lambda: flows.npv(-1, [1.0]), "rate", id="a rate of minus everything"),
        pytest.param(lambda: flows.npv(0.1, [math.nan]), "finite", id="a flow that is none"),
        pytest.param(lambda: flows.xnpv(-1.5, [(NEW_YEAR, 1.0)]), "rate", id="a dated rate below that"),
        pytest.param(lambda: flows.xnfv(0.1, [(NEW_YEAR, math.inf)]), "finite", id="an endless flow"),
        pytest.param(lambda: flows.mirr([-1.0, 2.0], finance_rate=-1, reinvest_rate=0), "rate", id="financed at -1"),
        pytest.param(lambda: uniswap.liquidity_of_token0(1, price=2, upper=2), "ascend", id="a range of a point"),
        pytest.param(lambda: uniswap.liquidity_of_token1(1, price=-1, lower=0), "ascend", id="a price below nothing"),
        pytest.param(lambda: uniswap.required_token1(1, price=1, lower=2, upper=3), "ascend", id="out of range"),
        pytest.param(lambda: uniswap.amounts(1, price=0, lower=1, upper=2), "ascend", id="a price of nothing"),
        pytest.param(lambda: uniswap.lower_price(1, 1e9, price=1, upper=2), "more than any", id="too much of token 1"),
        pytest.param(
            lambda: uniswap.upper_price(1e9, 1, price=1, lower=0.5), "more than any", id="too much of token 0"
        ),
        pytest.param(lambda: uniswap.price_to_tick(0, decimals=(6, 18)), "ascend", id="no tick of nothing"),
        pytest.param(lambda: uniswap.sqrt_price_to_price(0, decimals=(6, 18)), "positive", id="an empty pool"),
        pytest.param(lambda: risk.inverse_volatility_weights([0.0, 0.1]), "positive", id="all weight on no risk"),
        pytest.param(lambda: risk.equal_risk_weights([[0.0]]), "positive", id="no variance"),
    ],
)
def test_impossible_arguments_are_refused(ask, said):
    """A ValueError that names what is wrong, never a division by zero or a domain error."""
    with pytest.raises(ValueError, match=said) as refusal:
        ask()
    assert "domain" not in str(refusal.value)


def test_empty_input_has_a_stated_result():
    """No days, no flows: no evidence and no worth, and no return of what is not a number."""
    assert backtest.kupiec(0, 0).p_value == backtest.binomial_test(0, 0).p_value == 1.0
    assert backtest.christoffersen(0, 0, 0, 0).p_value == 1.0
    assert flows.npv(0.1, []) == flows.xnpv(0.1, []) == flows.xnfv(0.1, []) == 0.0
    assert flows.xirr([]).rate is None
    assert flows.modified_dietz(100, math.nan, []) is None
    assert flows.modified_dietz(100, 110, [(math.inf, 0.5)]) is None
    assert risk.inverse_volatility_weights([]) == []


def test_continuous_compounding_is_the_limit():
    """A rate compounded without pause is the exponential, and back."""
    frame = pl.DataFrame({"x": [0.05]})
    grown = frame.select(yields.apr_to_apy(X, periods_per_year=math.inf))
    assert grown.item() == pytest.approx(math.expm1(0.05))
    assert grown.select(yields.apy_to_apr(X, periods_per_year=math.inf)).item() == pytest.approx(0.05)
