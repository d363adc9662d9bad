"""Who the risk comes from, how much hangs on one thing, and what would be lost if it fell."""

import random
from datetime import date, timedelta

import polars as pl
import pytest

from ys_analytics.errors import ContractError
from ys_analytics.metrics import performance, risk
from ys_analytics.metrics.risk import EPISODES, Episode

START = date(2025, 1, 1)
R = pl.col("ret")


def market(seed=1, n=300):
    chance = random.Random(seed)  # noqa: S311 - a series that must repeat, not a secret
    rows = []
    for i in range(n):
        common = chance.gauss(0, 0.03)
        for asset, slope, own in (("BTC", 1.0, 0.01), ("ETH", 1.4, 0.02), ("USDC", 0.0, 0.0005)):
            rows.append((asset, START + timedelta(days=i), slope * common + chance.gauss(0, own)))
    return pl.DataFrame(rows, schema={"asset": pl.String, "day": pl.Date, "ret": pl.Float64}, orient="row")


WEIGHTS = pl.DataFrame({"asset": ["BTC", "ETH", "USDC"], "weight": [0.5, 0.3, 0.2]})


def mixed(returns, weights):
    held = returns.join(weights, on="asset").with_columns(part=R * pl.col("weight"))
    return held.group_by("day", maintain_order=True).agg(ret=pl.col("part").sum())


WHOLE = {
    "volatility": lambda r: performance.volatility(r, periods_per_year=1),
    "value_at_risk": lambda r: risk.value_at_risk(r, method="normal"),
    "expected_shortfall": lambda r: risk.expected_shortfall(r, method="normal"),
    "value_at_risk_cornish_fisher": None,
    "expected_shortfall_cornish_fisher": None,
}


@pytest.mark.parametrize("measure", WHOLE, ids=str)
def test_parts_add_up_to_the_whole(measure):
    """Euler: the components are the risk of the mix, and their shares are one."""
    parts = risk.risk_contributions(market(), WEIGHTS, measure=measure)
    assert parts["share"].sum() == pytest.approx(1.0)
    if WHOLE[measure]:
        whole = mixed(market(), WEIGHTS).select(WHOLE[measure](R)).item()
        assert parts["component"].sum() == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("measure", list(WHOLE))
def test_the_marginal_is_the_slope(measure):
    """A thousandth more of one asset moves the whole by a thousandth of its marginal."""
    parts = risk.risk_contributions(market(), WEIGHTS, measure=measure)
    step = 1e-6
    for asset, marginal in parts.select("asset", "marginal").iter_rows():
        more = WEIGHTS.with_columns(weight=pl.col("weight") + step * (pl.col("asset") == asset))
        less = WEIGHTS.with_columns(weight=pl.col("weight") - step * (pl.col("asset") == asset))
        up, down = (risk.risk_contributions(market(), w, measure=measure)["component"].sum() for w in (more, less))
        assert (up - down) / (2 * step) == pytest.approx(marginal, rel=1e-5, abs=1e-8)


def test_an_asset_without_returns_is_named():
    """It cannot be left out in silence."""
    weights = pl.DataFrame({"asset": ["BTC", "XMR"], "weight": [0.5, 0.5]})
    with pytest.raises(ContractError, match="asset XMR has none"):
        risk.risk_contributions(market(), weights)


def test_correlation_and_its_change():
    """Each pair once; a move beyond chance is many standard errors."""
    table = risk.correlations(market())
    assert table.select("one", "other").rows() == [("BTC", "ETH"), ("BTC", "USDC"), ("ETH", "USDC")]
    assert table["correlation"][0] > 0.8
    assert abs(table["correlation"][1]) < 0.3
    shuffled = market().with_columns(ret=pl.when(pl.col("asset") == "ETH").then(-R).otherwise(R))
    change = risk.correlation_change(table, risk.correlations(shuffled))
    assert change["z"][0] < -10
    assert change["change"][1] == 0


def test_too_few_common_days_give_no_correlation():
    """With the reason."""
    table = risk.correlations(market(n=12))
    assert table.select("correlation", "reason").row(0) == (None, "needs 30 days, has 12")


@pytest.mark.parametrize(
    ("value", "index", "number"),
    [
        ([100.0], 1.0, 1.0),
        ([25.0] * 4, 0.25, 4.0),
        ([50.0, -50.0], 0.5, 2.0),
        ([], None, None),
        ([0.0, 0.0], None, None),
    ],
)
def test_concentration_agrees_with_arithmetic_by_hand(value, index, number):
    """All in one is 1, evenly over four is a quarter; a debt counts by its size; nothing has none."""
    frame = pl.DataFrame({"value": value}, schema={"value": pl.Float64})
    assert frame.select(risk.herfindahl_index(pl.col("value"))).item() == index
    assert frame.select(risk.effective_number(pl.col("value"))).item() == number


def test_concentration_is_by_asset_protocol_and_issuer():
    """By asset, by protocol (spot is in none), by the issuer behind a stablecoin."""
    positions = pl.DataFrame(
        {
            "portfolio_id": ["p"] * 4,
            "asset": ["ETH", "USDC", "usdc.e", "DAI"],
            "protocol": [None, "aave", "aave", "curve"],
            "value": [40.0, 20.0, 20.0, 20.0],
        }
    ).with_columns(issuer=risk.stablecoin_issuer(pl.col("asset")))
    table = risk.concentration(positions, along=["asset", "protocol", "issuer"])
    rows = {row["dimension"]: row for row in table.iter_rows(named=True)}
    assert (rows["issuer"]["largest"], rows["issuer"]["largest_share"]) == ("Circle", pytest.approx(2 / 3))
    assert rows["protocol"]["covered"] == pytest.approx(0.6)
    assert rows["asset"]["herfindahl"] == pytest.approx(0.28)


def test_equal_risk_is_equal():
    """At these weights each contributes a third."""
    wide = market().pivot("asset", index="day", values="ret")
    names = ["BTC", "ETH", "USDC"]
    covariance = [[wide.select(pl.cov(x, y)).item() for y in names] for x in names]
    weights = pl.DataFrame({"asset": names, "weight": risk.equal_risk_weights(covariance)})
    shares = risk.risk_contributions(market(), weights, measure="volatility")["share"].to_list()
    assert shares == pytest.approx([1 / 3] * 3, rel=1e-6)


POSITIONS = pl.DataFrame(
    {"portfolio_id": ["p", "p", "q"], "asset": ["ETH", "NEW", "NEW"], "value": [100.0, 100.0, 50.0]}
)


def test_a_replay_says_what_it_covers():
    """An asset that did not exist then stands still, and the share it is of is said."""
    quake = Episode("quake", START, START + timedelta(days=1), "everything fell")
    returns = pl.DataFrame({"asset": "ETH", "day": [START, START + timedelta(days=1)], "ret": [-0.5, -0.5]})
    p, q = risk.stress_replay(POSITIONS, returns, episodes=(quake,)).rows(named=True)
    assert (p["loss"], p["ret"], p["covered"]) == (75.0, -0.375, 0.5)
    assert (q["loss"], q["reason"]) == (None, "no position has a price in those days")


def test_a_replay_needs_every_day_of_the_episode():
    """A history that begins in the middle of the fall is no history of it."""
    returns = pl.DataFrame({"asset": "ETH", "day": [EPISODES[0].end], "ret": [-0.5]})
    assert risk.stress_replay(POSITIONS, returns, episodes=EPISODES[:1])["loss"].null_count() == 2


def test_a_shock_moves_debts_too():
    """A short gains what a long loses."""
    table = risk.shock(POSITIONS.with_columns(value=-pl.col("value")), shocks={"ETH": -0.5}, default=-0.1)
    assert table["loss"].to_list() == pytest.approx([-60.0, -5.0])
    assert table["ret"].to_list() == [None, None]


def test_the_pareto_tail_reaches_beyond_history():
    """Of heavy-tailed losses it finds the quantile that it was drawn from."""
    chance = random.Random(9)  # noqa: S311 - a series that must repeat, not a secret
    losses = [0.02 * (chance.random() ** -0.25 - 1) for _ in range(20_000)]
    frame = pl.DataFrame({"ret": [-x for x in losses]})
    var = frame.select(risk.extreme_value_at_risk(R, confidence=0.999)).item()
    assert var == pytest.approx(0.02 * (0.001**-0.25 - 1), rel=0.05)
    es = frame.select(risk.extreme_expected_shortfall(R, confidence=0.999)).item()
    assert es == pytest.approx((var + 0.02 * 0.25) / 0.75, rel=0.1)
    with pytest.raises(ValueError, match="from beyond"):
        risk.extreme_value_at_risk(R, confidence=0.5)
