"""Yields, impermanent loss and loans: by hand, by their limits, and back again."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ys_analytics.metrics import lending, uniswap, yields

quick = settings(max_examples=60, deadline=None)
price = st.floats(0.01, 100.0)


def value(expression, **columns):
    return pl.DataFrame({name: [x] for name, x in columns.items()}).select(expression).item()


@quick
@given(apr=st.floats(-0.9, 50.0), n=st.sampled_from([1, 12, 365, yields.SECONDS_PER_YEAR]))
def test_a_rate_compounds_and_comes_back(apr, n):
    """APR to APY and back is where it began."""
    apy = value(yields.apr_to_apy(pl.col("x"), periods_per_year=n), x=apr)
    assert value(yields.apy_to_apr(pl.col("x"), periods_per_year=n), x=apy) == pytest.approx(apr, rel=1e-9, abs=1e-12)
    assert apy >= apr - 1e-12


@pytest.mark.parametrize("apr", [-366.0, math.nan, math.inf, None])
def test_an_impossible_rate_is_null(apr):
    """A day cannot lose more than everything."""
    frame = pl.DataFrame({"x": [apr]}, schema={"x": pl.Float64})
    assert frame.select(yields.apr_to_apy(pl.col("x"))).item() is None


@quick
@given(k=price)
def test_impermanent_loss_is_a_loss_and_symmetric(k):
    """Never a gain, the same for a price up and down, the closed form of two pools."""
    loss = value(yields.impermanent_loss(pl.col("k")), k=k)
    assert -1 <= loss <= 1e-12
    assert loss == pytest.approx(value(yields.impermanent_loss(pl.col("k")), k=1 / k), abs=1e-12)
    assert loss == pytest.approx(2 * math.sqrt(k) / (1 + k) - 1, abs=1e-12)


def in_range(p, e, a, b):
    loss = yields.impermanent_loss_range(pl.col("p"), entry=pl.col("e"), lower=pl.col("a"), upper=pl.col("b"))
    return value(loss, p=p, e=e, a=a, b=b)


@quick
@given(p=price, e=price)
def test_a_range_without_ends_is_the_old_pool(p, e):
    """v3 over all prices is v2."""
    assert in_range(p, e, 1e-14, 1e14) == pytest.approx(value(yields.impermanent_loss(pl.col("k")), k=p / e), abs=1e-5)


@quick
@given(p=price, e=st.floats(1.0, 2.0), width=st.floats(1.1, 3.0))
def test_a_narrower_range_loses_more(p, e, width):
    """And never gains."""
    narrow, wide = in_range(p, e, e / width, e * width), in_range(p, e, e / width**2, e * width**2)
    assert narrow <= wide + 1e-9
    assert wide <= 1e-12


@pytest.mark.parametrize("prices", [(0.0, 1.0, 0.5, 2.0), (1.0, 1.0, 2.0, 0.5), (1.0, -1.0, 0.5, 2.0)])
def test_an_impossible_range_is_null(prices):
    """No price of nothing, no range upside down."""
    assert in_range(*prices) is None


def test_the_position_is_what_the_pool_holds():
    """By hand: 2 and 4000 at 2000 under 3000, worth at the entry what was put in."""
    liquidity = uniswap.liquidity_of_token0(2, price=2000, upper=3000)
    lower = uniswap.lower_price(2, 4000, price=2000, upper=3000)
    assert uniswap.amounts(liquidity, price=2000, lower=lower, upper=3000) == pytest.approx((2, 4000))
    x, y = uniswap.amounts(liquidity, price=2500, lower=lower, upper=3000)
    assert (round(x, 2), round(y, 1)) == (0.85, 6572.9)
    loss = in_range(2500.0, 2000.0, lower, 3000.0)
    assert loss == pytest.approx((x * 2500 + y) / (2 * 2500 + 4000) - 1)


@given(tick=st.integers(-300_000, 300_000))
@quick
def test_a_tick_has_a_price_and_the_price_its_tick(tick):
    """There and back over the whole range of the pools."""
    assert uniswap.price_to_tick(uniswap.tick_to_price(tick, decimals=(6, 18)), decimals=(6, 18)) == tick


def test_fees_make_up_for_a_loss_in_time():
    """A fifth lost is a quarter of what is left: a year at 25 %."""
    days = yields.fee_break_even(pl.col("il"), fee_apr=pl.col("apr"))
    assert value(days, il=-0.2, apr=0.25) == pytest.approx(365)
    assert value(days, il=-0.2, apr=0.0) is None


def test_realised_is_set_against_quoted():
    """The largest haircut first, and no number without capital."""
    frame = pl.DataFrame(
        {
            "pool": ["kept its word", "did not", "empty"],
            "quoted_apy": [0.1, 0.5, 0.2],
            "gain": [10.0, 10.0, 0.0],
            "capital": [100.0, 100.0, 0.0],
            "days": [365, 365, 365],
        }
    )
    table = yields.quoted_against_realised(frame)
    assert table["pool"].to_list() == ["did not", "kept its word", "empty"]
    assert table["haircut"].to_list()[:2] == pytest.approx([0.4, 0.0])
    assert table["reason"].to_list() == [None, None, "no capital was at work"]


def test_a_yield_per_year_needs_the_minimum_history():
    """One harvest of 5 % is 5 %, and no 5.4e9 % a year; a position a day short is refused, on the day it is not."""
    frame = pl.DataFrame(
        {
            "pool": ["harvest", "a day short", "long enough"],
            "quoted_apy": [0.08] * 3,
            "gain": [5.0, 1.0, 1.0],
            "capital": [100.0] * 3,
            "days": [1, 29, 30],
        }
    )
    table = yields.quoted_against_realised(frame).sort("days")
    assert table["period_return"].to_list() == pytest.approx([0.05, 0.01, 0.01])
    assert table["realised_apy"].to_list() == [None, None, pytest.approx(1.01 ** (365 / 30) - 1)]
    assert table["haircut"].to_list()[:2] == [None, None]
    assert table["reason"].to_list() == [
        "too short to state per year: needs 30 days, has 1",
        "too short to state per year: needs 30 days, has 29",
        None,
    ]


def test_a_constant_quote_compounds_to_itself_and_does_not_vary():
    """A constant quote compounds to itself and does not vary."""
    frame = pl.DataFrame({"apy": [0.25] * 30})
    assert frame.select(yields.pool_drift(pl.col("apy"))).item() == pytest.approx(0.25)
    assert frame.select(yields.pool_volatility(pl.col("apy"))).item() == 0.0


LOAN = pl.DataFrame(
    {
        "portfolio_id": ["p", "p", "p", "q"],
        "asset": ["ETH", "USDC", "USDC", "ETH"],
        "side": ["supply", "supply", "borrow", "supply"],
        "value": [1000.0, 100.0, 400.0, 50.0],
        "threshold": [0.8, None, None, 0.8],
    }
)


def test_a_loan_agrees_with_arithmetic_by_hand():
    """800 of backing over 400 of debt; what is no collateral backs nothing."""
    p, q = lending.loans(LOAN).rows(named=True)
    assert (p["health_factor"], p["distance"], p["net"], p["collateral"]) == (2.0, 0.5, 700.0, 1000.0)
    assert (q["health_factor"], q["distance"], q["reason"]) == (None, None, "nothing is borrowed")


def test_at_the_liquidation_price_the_health_factor_is_one():
    """Half of 2000; and of half the backing, nothing left of it."""
    at = lending.liquidation_price(pl.col("p"), pl.col("h"))
    assert value(at, p=2000.0, h=2.0) == 1000.0
    part = lending.liquidation_price(pl.col("p"), pl.col("h"), weight=pl.col("s"))
    assert value(part, p=2000.0, h=2.0, s=0.5) == 0.0
    assert value(part, p=2000.0, h=2.0, s=0.4) is None


def test_the_ladder_falls_through_one_where_the_distance_says():
    """Stablecoins stand, ETH falls with the market: at half its price the loan may be liquidated."""
    ladder = lending.liquidation_ladder(LOAN, steps=(0.0, -0.49, -0.51), betas={"USDC": 0.0})
    assert ladder.filter(portfolio_id="p")["liquidable"].to_list() == [False, False, True]
    assert ladder.filter(portfolio_id="q")["liquidable"].to_list() == [None, None, None]
    assert ladder["health_factor"].to_list()[0] == 2.0


def test_joint_shocks_move_debts_too():
    """A debt in ETH falls with its collateral: nothing changes but the size."""
    frame = LOAN.filter(portfolio_id="p").with_columns(asset=pl.lit("ETH"))
    assert lending.liquidation_ladder(frame)["health_factor"].to_list() == pytest.approx([2.0] * 8)
