"""Look-through: an asset moves as what it stands for, a pool share along its pool's curve."""

import math
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ys_analytics import metrics
from ys_analytics.errors import ContractError
from ys_analytics.metrics.lookthrough import Claim, LookThrough, Pool, pool_shares, pool_split, pool_worth
from ys_analytics.metrics.risk import Episode

HALF = Pool(kind="weighted", weights=(0.5, 0.5))
EIGHTY = Pool(kind="weighted", weights=(0.8, 0.2))
RANGE = Pool(kind="concentrated", lower=1500.0, upper=2500.0)
STABLE = Pool(kind="stable", amplification=100.0)
CLAIMS = {
    "WETH": Claim(("ETH",)),
    "wstETH": Claim(("ETH",)),
    "awstETH": Claim(("wstETH",)),
    "HALF": Claim(("WETH", "USDC"), HALF),
    "EIGHTY": Claim(("BAL", "WETH"), EIGHTY),
    "RANGE": Claim(("WETH", "USDC"), RANGE),
    "STABLE": Claim(("USDC", "DAI"), STABLE),
    "STAKED": Claim(("wstETH", "ETH"), STABLE, (1.2, 1.0)),
    "OF POOLS": Claim(("HALF", "awstETH"), HALF),
}
PRICES = {"ETH": 2000.0, "WETH": 2000.0, "wstETH": 2400.0, "USDC": 1.0, "DAI": 1.0, "BAL": 10.0}
BOOK = LookThrough(CLAIMS, PRICES)
POOLS = (HALF, EIGHTY, Pool(kind="concentrated", lower=0.2, upper=7.0), STABLE)
prices = st.floats(0.05, 20.0)


@pytest.mark.parametrize(
    ("asset", "moves", "grown"),
    [
        pytest.param("WETH", {"ETH": -0.3}, 0.7, id="wrapped"),
        pytest.param("awstETH", {"ETH": -0.3}, 0.7, id="lent and staked"),
        pytest.param("HALF", {"ETH": -0.5}, math.sqrt(0.5), id="half of a constant product halves"),
        pytest.param("HALF", {"ETH": -0.3, "USDC": -0.3}, 0.7, id="both fall alike"),
        pytest.param("EIGHTY", {"BAL": 1.0}, 2**0.8, id="80/20 doubles"),
        pytest.param("EIGHTY", {"ETH": -0.3}, 0.7**0.2, id="80/20, the small part"),
        pytest.param("OF POOLS", {"ETH": -0.5}, math.sqrt(math.sqrt(0.5) * 0.5), id="a pool of a pool"),
        # Below 1500 all is ether, bought between 2000 and 1500: x = 1/sqrt(1500) - 1/sqrt(2500) each.
        pytest.param(
            "RANGE",
            {"ETH": -0.5},
            1000 * (1500**-0.5 - 2500**-0.5) / (2000 * (2000**-0.5 - 2500**-0.5) + 2000**0.5 - 1500**0.5),
            id="a range is left",
        ),
        pytest.param("STABLE", {"USDC": -0.2, "DAI": -0.2}, 0.8, id="a stable pool, both alike"),
        pytest.param("HALF", {"ETH": -1.0}, 0.0, id="a worthless asset takes all of the pool"),
        pytest.param("HALF", {}, 1.0, id="nothing moves"),
        pytest.param("LINK", {"LINK": -0.3}, 0.7, id="an asset without a claim is itself"),
    ],
)
def test_what_is_left_by_hand(asset, moves, grown):
    """Each kind moves as the field's formula says, through every level."""
    assert BOOK.growth(asset, moves) == pytest.approx(grown, rel=1e-12)


@pytest.mark.parametrize("asset", sorted(CLAIMS))
def test_exposures_add_up_to_the_whole(asset):
    """What stands behind an asset is worth what it is worth."""
    assert math.fsum(BOOK.exposures(asset).values()) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("asset", sorted(CLAIMS))
def test_an_exposure_is_what_a_small_move_does(asset):
    """A part of the worth is also the slope: value at risk may use it."""
    step = 1e-6
    for base, part in BOOK.exposures(asset).items():
        slope = (BOOK.growth(asset, {base: step}) - BOOK.growth(asset, {base: -step})) / (2 * step)
        assert slope == pytest.approx(part, abs=1e-5)


@pytest.mark.parametrize("asset", sorted(CLAIMS))
@given(move=st.floats(-0.95, 3.0))
def test_a_move_of_everything_is_a_move_of_the_whole(asset, move):
    """Ratios stay, so a pool stays where it is on its curve."""
    moves = dict.fromkeys(BOOK.exposures(asset), move)
    assert BOOK.growth(asset, moves) == pytest.approx(1 + move, rel=1e-9)


@pytest.mark.parametrize("pool", POOLS)
@given(before=st.tuples(prices, prices), after=st.tuples(prices, prices))
def test_a_pool_never_beats_holding_what_was_in_it(pool, before, after):
    """Impermanent loss is a loss, on every curve, whichever way prices went."""
    held, grown = pool_split(Claim(("a", "b"), pool), before, after)
    assert grown <= held * (1 + 1e-9)


@given(amplification=st.floats(1.0, 5000.0), price=st.floats(0.5, 1.0))
def test_a_stable_pool_quotes_the_price_it_was_solved_for(amplification, price):
    """The marginal price of StableSwap at the quantities found, by its own formula, is the price given."""
    pool = Pool(kind="stable", amplification=amplification)
    worth = pool_worth(pool, [1.0, price])
    first = pool_shares(pool, [1.0, price])[0] * worth
    second = (worth - first) / price
    a, k = 2 * amplification, 1 / (4 * first * second)
    assert a * (first + second) + 1 == pytest.approx(a + k, rel=1e-6)
    assert (a + k / second) / (a + k / first) == pytest.approx(price, rel=1e-6)


def test_a_stable_pool_lies_between_holding_and_the_constant_product():
    """The more it is amplified, the more it holds of what fell: worse than a product, and never below all of it."""
    product, stable = BOOK.growth("HALF", {"USDC": -0.1}), BOOK.growth("STABLE", {"USDC": -0.1})
    assert 0.9 < stable < product < 0.95


def test_a_wide_range_is_a_constant_product_and_a_narrow_one_loses_more():
    """A position over all prices is the v2 position."""
    wide = LookThrough({"W": Claim(("ETH", "USDC"), Pool(kind="concentrated", lower=1e-9, upper=1e15))}, PRICES)
    assert wide.growth("W", {"ETH": -0.3}) == pytest.approx(math.sqrt(0.7), rel=1e-6)
    assert BOOK.growth("RANGE", {"ETH": -0.3}) < math.sqrt(0.7)


def test_a_rate_puts_a_staked_token_at_par_in_its_pool():
    """At 1.2 ether a wstETH, a pool of both is in balance."""
    assert BOOK.exposures("STAKED") == {"ETH": pytest.approx(1.0)}
    assert pool_shares(STABLE, [2000.0, 2000.0]) == pytest.approx((0.5, 0.5))


def test_what_cannot_be_computed_is_an_error_that_says_what_to_do():
    """A circle has no bottom; a curve needs prices."""
    circle = LookThrough({"A": Claim(("B",)), "B": Claim(("A",))})
    with pytest.raises(ContractError, match="A stands for itself; correct `underlying` of B"):
        circle.growth("A", {})
    with pytest.raises(ContractError, match="WETH has no price"):
        LookThrough(CLAIMS).exposures("RANGE")
    with pytest.raises(ValueError, match="add up to 1"):
        Pool(kind="weighted", weights=(0.8, 0.3))
    with pytest.raises(ValueError, match="amplification must be positive"):
        Pool(kind="stable")
    with pytest.raises(ValueError, match="must ascend"):
        Pool(kind="concentrated", lower=2.0, upper=1.0)


def test_a_shock_of_ether_reaches_all_that_stands_for_it():
    """100 of aTokens of a staked token, 100 of a pool, 60 owed: -30 - 100 (1 - sqrt 0.7) + 18."""
    rows = {"asset": ["awstETH", "HALF", "ETH", "USDC"], "value": [100.0, 100.0, -60.0, 50.0]}
    found = metrics.risk.shock(pl.DataFrame({"portfolio_id": "p"} | rows), shocks={"ETH": -0.3}, through=BOOK)
    assert found["loss"].item() == pytest.approx(30 + 100 * (1 - math.sqrt(0.7)) - 18)


def test_an_episode_replays_through_what_stands_behind():
    """A pool share has no history of its own, and is covered by that of its assets."""
    day = date(2020, 3, 12)
    returns = pl.DataFrame({"asset": ["ETH", "USDC"], "day": [day, day], "ret": [-0.5, 0.0]})
    positions = pl.DataFrame({"portfolio_id": "p", "asset": ["HALF", "EIGHTY"], "value": [100.0, 100.0]})
    episodes = (Episode("one day", day, day, "it fell"),)
    found = metrics.risk.stress_replay(positions, returns, episodes=episodes, through=BOOK)
    assert found.select("loss", "covered").row(0) == (pytest.approx(100 * (1 - math.sqrt(0.5))), 0.5)
    assert metrics.risk.stress_replay(positions, returns, episodes=episodes)["loss"].item() is None
