"""The move of a share in a pool is split along the pool's own curve, or not split at all."""

import json
import math
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import metrics
from ys_analytics.desk import bridge, realised_yields
from ys_analytics.schemas import MONEY, TABLES, TIME, Span

SPAN = Span.week("2026-W47")
START, END = SPAN.start - timedelta(hours=1), SPAN.end - timedelta(hours=1)
MOVED = {
    "timestamp": TIME, "asset_id": pl.String, "position": pl.String, "protocol": pl.String, "cause": pl.String,
    "change": MONEY, "paid": MONEY,
}  # fmt: skip


def assets(note, *, kind="lp_token"):
    rows = [
        ("bal", "BAL", 1, "0xb", "crypto", "{}"), ("eth", "ETH", None, None, "crypto", "{}"),
        ("weth", "WETH", 1, "0xw", "crypto", "{}"), ("usdc", "USDC", 1, "0xu", "crypto", "{}"),
        ("dai", "DAI", 1, "0xd", "crypto", "{}"), ("lp", "LP", 1, "0xl", kind, json.dumps(note)),
    ]  # fmt: skip
    schema = {"id": pl.String, "symbol": pl.String, "chain_id": pl.Int32, "contract_address": pl.String}
    return pl.DataFrame(rows, schema=schema | {"asset_type": pl.String, "metadata": pl.String}, orient="row")


def quotes(prices):
    rows = [
        (asset, at, Decimal(repr(p))) for asset, two in prices.items() for at, p in zip((START, END), two, strict=True)
    ]
    return pl.DataFrame(rows, schema={"asset_id": pl.String, "timestamp": TIME, "price": MONEY}, orient="row")


def held(*, protocol="somewhere", asset="lp"):
    row = (START - timedelta(days=5), asset, "lp", protocol, "flow", Decimal(1), None)
    return pl.DataFrame([row], schema=MOVED, orient="row")


def split(note, prices):
    found = bridge.attributed(held(), quotes(prices), assets(note), start=START, end=END)
    return {name: found[name][0] and float(found[name][0]) for name in ("price", "impermanent_loss", "lp_fees", "pool")}


def test_a_weighted_pool_agrees_with_arithmetic_by_hand():
    """80/20, the large part doubles, by hand: held 180, pool 100 x 2^0.8, no fees."""
    note = {"underlying": ["BAL", "WETH"], "weights": [0.8, 0.2]}
    pool = 100 * 2**0.8
    found = split(note, {"bal": (10.0, 20.0), "weth": (2000.0, 2000.0), "lp": (100.0, pool)})
    expected = {"price": 80.0, "impermanent_loss": 180 - pool, "lp_fees": 0.0, "pool": 0.0}
    assert found == pytest.approx(expected, abs=1e-9)
    assert found["impermanent_loss"] == pytest.approx(5.89, abs=0.005)


def test_a_pool_of_three_assets_agrees_with_arithmetic_by_hand():
    """A third each: what the prices did on average, and the geometric mean of it."""
    note = {"underlying": ["BAL", "ETH", "USDC"], "pool": "constant_product"}
    pool = 100 * (2 * 0.5 * 1) ** (1 / 3)
    found = split(note, {"bal": (10.0, 20.0), "eth": (2000.0, 1000.0), "usdc": (1.0, 1.0), "lp": (100.0, pool + 3)})
    assert found["price"] == pytest.approx(100 * (2 + 0.5 + 1) / 3 - 100)
    assert found["lp_fees"] == pytest.approx(3)
    assert found["impermanent_loss"] == pytest.approx(100 * 3.5 / 3 - pool)


def test_a_concentrated_position_agrees_with_impermanent_loss_range():
    """As `yields.impermanent_loss_range` has it, an independent formula."""
    note = {"underlying": ["ETH", "USDC"], "pool": "concentrated", "range": [1500, 2500]}
    x, y = 2000**-0.5 - 2500**-0.5, 2000**0.5 - 1500**0.5
    factor = (x * 2300 + y) / (x * 2000 + y)
    prices = pl.DataFrame({"p": [2300.0], "e": [2000.0], "a": [1500.0], "b": [2500.0]})
    loss = metrics.yields.impermanent_loss_range(
        *(pl.col("p"),), entry=pl.col("e"), lower=pl.col("a"), upper=pl.col("b")
    )
    lost = -prices.select(loss).item() * 100 * factor
    found = split(note, {"eth": (2000.0, 2300.0), "usdc": (1.0, 1.0), "lp": (100.0, 100 * factor - lost + 2)})
    assert found["price"] == pytest.approx(100 * (factor - 1))
    assert found["impermanent_loss"] == pytest.approx(lost)
    assert found["lp_fees"] == pytest.approx(2)


def test_a_stable_pool_at_its_peg_loses_nothing():
    """Both at a dollar before and after: what the share gained is fees."""
    note = {"underlying": ["USDC", "DAI"], "pool": "stable", "amplification": 200}
    found = split(note, {"usdc": (1.0, 1.0), "dai": (1.0, 1.0), "lp": (100.0, 100.4)})
    assert found == pytest.approx({"price": 0.0, "impermanent_loss": 0.0, "lp_fees": 0.4, "pool": 0.0}, abs=1e-9)


def test_a_leg_without_quotes_is_priced_by_what_it_stands_for():
    """Wrapped ether is ether."""
    note = {"underlying": ["WETH", "USDC"], "pool": "constant_product"}
    found = split(note, {"eth": (2000.0, 2420.0), "usdc": (1.0, 1.0), "lp": (100.0, 111.1)})
    assert (found["price"], found["lp_fees"]) == (pytest.approx(10.5), pytest.approx(1.1))


UNKNOWN = (
    pytest.param({"underlying": ["ETH", "USDC"]}, "the kind of its pool is not known", id="no kind"),
    pytest.param({"underlying": ["ETH", "USDC"], "pool": "sigmoid"}, "not known: sigmoid", id="a kind nobody knows"),
    pytest.param({"underlying": ["ETH", "USDC"], "pool": "concentrated"}, "two assets and a `range`", id="no range"),
    pytest.param({}, "does not say what is in the pool", id="nothing at all"),
    pytest.param({"underlying": ["BAL", "DAI"], "weights": [0.8, 0.2]}, "has no price", id="nobody quotes its parts"),
)


def bridged(note):
    prices = quotes({"eth": (2000.0, 2420.0), "usdc": (1.0, 1.0), "lp": (100.0, 112.0)})
    rows = [("p", START, Decimal(100)), ("p", END, Decimal(112))]
    snapshots = pl.DataFrame(
        rows, schema={"portfolio_id": pl.String, "timestamp": TIME, "total_value": MONEY}, orient="row"
    )
    return bridge.bridge(held(), snapshots, prices, assets(note), span=SPAN)


@pytest.mark.parametrize(("note", "reason"), UNKNOWN)
def test_a_pool_that_is_not_known_is_one_term(note, reason):
    """Price, fees and loss together, said to be, and the column still adds up to the cent."""
    found = bridged(note)
    amounts = dict(found.select("term", "amount").rows())
    assert amounts["pool"] == Decimal(12)
    assert amounts["price"] == amounts["lp_fees"] == amounts["impermanent_loss"] == amounts["residual"] == 0
    row = found.row(by_predicate=pl.col("term") == "pool", named=True)
    assert row["title"] == "Pool share: price, fees and impermanent loss together"
    assert row["note"].startswith("LP: ")
    assert reason in row["note"]
    assert found["holds"].all()


def test_a_pool_that_is_known_has_no_merged_term():
    """The term is there only where it says something."""
    found = bridged({"underlying": ["ETH", "USDC"], "pool": "constant_product"})
    assert found["term"].to_list() == ["before", *bridge.TITLES, "after", "residual"]
    amounts = {term: float(amount) for term, amount in found.select("term", "amount").rows()}
    assert amounts["impermanent_loss"] == pytest.approx(100 * (math.sqrt(1.21) - 1.105))
    assert amounts["lp_fees"] == pytest.approx(2.0)


def test_fees_of_an_unknown_pool_are_no_yield():
    """What cannot be known from the price is not stated: no realised yield, and the reason."""
    mine = pl.DataFrame(
        {"asset_id": ["lp"], "symbol": ["LP"], "kind": ["lp"], "place": ["somewhere"], "protocol": ["somewhere"],
         "protocol_address": ["0xp"], "value": [Decimal(112)]},
        schema_overrides={"value": MONEY},
    )  # fmt: skip
    prices = quotes({"eth": (2000.0, 2420.0), "usdc": (1.0, 1.0), "lp": (100.0, 112.0)})
    offers = pl.DataFrame(schema=TABLES["yield_metrics"].schema)
    late = held().with_columns(timestamp=pl.lit(START + timedelta(minutes=1), TIME))
    row = realised_yields.realised(mine, late, prices, offers, assets({}), end=SPAN.end).row(0, named=True)
    assert row["realised_apy"] is row["gain"] is row["impermanent_loss"] is None
    assert "fees cannot be told from the price" in row["reason"]
