"""Liquidation, looked through: what is owed moves too, and a loan of one asset against itself has no price."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ys_analytics.metrics import lending
from ys_analytics.metrics.lookthrough import Claim, LookThrough, Pool

ETH, RATIO = 3000.0, 1.20


def loan(*rows):
    """Rows of asset, value and threshold; without one it is owed."""
    return pl.DataFrame(
        [
            ("p", asset, "borrow" if threshold is None else "supply", value, threshold)
            for asset, value, threshold in rows
        ],
        schema=["portfolio_id", "asset", "side", "value", "threshold"],
        schema_overrides={"threshold": pl.Float64, "value": pl.Float64},
        orient="row",
    )


LOOP = loan(("wstETH", 100 * ETH * RATIO, 0.955), ("WETH", 108 * ETH, None))


def points(rows, **given):
    found = lending.liquidation_points(rows, **given)
    return {row["asset"]: row for row in found.iter_rows(named=True)}


def test_a_loop_has_no_price_but_a_ratio():
    """Collateral wstETH, debt WETH: no price of ether liquidates; 1.2 over the health factor does: 1.1309."""
    found = points(LOOP)
    assert set(found) == {None, "ETH"}
    for row in found.values():
        assert row["fall"] is row["rise"] is None
        assert "only the ratio of the two liquidates, once it falls by 5.76" in row["reason"]
    health = lending.loans(LOOP)["health_factor"].item()
    frame = pl.DataFrame({"p": [ETH * RATIO], "d": [ETH], "h": [health], "m": [1.0]})
    ratio = frame.select(lending.liquidation_ratio(pl.col("p"), pl.col("d"), pl.col("h"))).item()
    assert ratio == pytest.approx(1.1309, abs=5e-5)
    assert 0.955 * 100 * ratio * ETH == pytest.approx(108 * ETH)
    assert frame.select(lending.liquidation_price(pl.col("p"), pl.col("h"), correlated_debt=pl.col("m"))).item() is None


def test_with_other_collateral_the_ratio_falls_further():
    """80 of backing in ether and 90 in dollars, 80 and 40 owed in the same: ether's may lose 50 of its 80."""
    found = points(loan(("wstETH", 100.0, 0.8), ("USDC", 100.0, 0.9), ("WETH", 80.0, None), ("DAI", 40.0, None)))
    assert "once it falls by 62.50" in found["ETH"]["reason"]
    found = points(loan(("wstETH", 100.0, 0.8), ("USDC", 200.0, 0.9), ("WETH", 80.0, None), ("DAI", 40.0, None)))
    assert found["ETH"]["reason"] == "what is owed moves with it: no price of it liquidates, nor any ratio of the two"


def test_the_ladder_of_a_loop_stands_still():
    """wstETH, aWETH and WETH are ether: joint by default, without a beta given."""
    assert lending.liquidation_ladder(LOOP)["health_factor"].to_list() == pytest.approx([955 * 1.2 / 1080] * 8)


def test_dollars_stand_in_the_ladder():
    """A debt in a stablecoin does not fall with the market, nor does an aToken of one."""
    rows = loan(("aWETH", 100.0, 0.8), ("aUSDC", 50.0, 0.8), ("USDC", 60.0, None))
    found = lending.liquidation_ladder(rows, steps=(0.0, -0.5, -0.6))
    assert found["health_factor"].to_list() == pytest.approx([120 / 60, 80 / 60, 72 / 60])
    assert found["borrowed"].to_list() == [60.0] * 3


def test_liquidation_points_agree_with_arithmetic_by_hand():
    """80 of backing in ether, 40 in dollars, 60 owed: ether may fall by three quarters."""
    found = points(loan(("ETH", 100.0, 0.8), ("USDC", 50.0, 0.8), ("DAI", 60.0, None)))
    assert found["ETH"]["fall"] == pytest.approx(-0.75)
    assert found[None]["fall"] == pytest.approx(-0.75)
    assert set(found) == {None, "ETH"}


def test_what_is_owed_rises():
    """Dollars against borrowed ether: 90 of backing, 60 owed, liquidated half as high again."""
    found = points(loan(("USDC", 100.0, 0.9), ("ETH", 60.0, None)))
    assert found["ETH"]["rise"] == pytest.approx(0.5)
    assert found["ETH"]["fall"] is None


def test_a_share_of_a_pool_as_collateral_falls_by_the_root():
    """80 of backing that is half ether, 40 owed: it halves when ether is a quarter."""
    through = LookThrough({"LP": Claim(("ETH", "USDC"), Pool(kind="weighted", weights=(0.5, 0.5)))})
    found = points(loan(("LP", 100.0, 0.8), ("USDC", 40.0, None)), through=through)
    assert found["ETH"]["fall"] == pytest.approx(-0.75)


@pytest.mark.parametrize("bare", [0.0, float("nan")])
def test_collateral_without_a_threshold_backs_nothing(bare):
    """Isolated or disabled: 0.81 x 120,000 over 70,000, and its price liquidates nothing."""
    rows = loan(
        ("wstETH", 120_000.0, 0.81), ("NEW", 50_000.0, bare), ("USDC", 30_000.0, None), ("WETH", 40_000.0, None)
    )
    rows = rows.with_columns(pl.col("threshold").fill_nan(None))
    assert lending.loans(rows)["health_factor"].item() == pytest.approx(0.81 * 120_000 / 70_000)
    assert "NEW" not in points(rows)
    # 97,200 f = 30,000 + 40,000 f.
    assert points(rows)["ETH"]["fall"] == pytest.approx(30_000 / 57_200 - 1)


@given(health=st.floats(1.01, 5.0), weight=st.floats(0.05, 1.0), owed=st.floats(0.0, 1.0), price=st.floats(1.0, 1e5))
def test_at_the_price_the_health_factor_is_one(health, weight, owed, price):
    """Backing after the move equals debt after the move, by the definition of both."""
    frame = pl.DataFrame({"p": [price], "h": [health], "s": [weight], "m": [owed]})
    at = frame.select(
        lending.liquidation_price(pl.col("p"), pl.col("h"), weight=pl.col("s"), correlated_debt=pl.col("m"))
    ).item()
    if at is None:
        assert health * weight - owed <= health - 1 + 1e-9
    else:
        move = at / price - 1
        assert health * (1 + weight * move) == pytest.approx(1 + owed * move, rel=1e-6, abs=1e-6)


def test_a_loan_that_may_be_liquidated_now_says_so():
    """No distance is left to state."""
    found = points(loan(("ETH", 100.0, 0.8), ("USDC", 90.0, None)))
    assert {row["reason"] for row in found.values()} == {"it may be liquidated now"}


def test_without_debt_there_is_no_row():
    """Nothing can be liquidated."""
    assert lending.liquidation_points(loan(("ETH", 100.0, 0.8))).is_empty()
