"""Balances that grow by themselves are yield, as far as the token can grow; the rest stays a residual."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import metrics
from ys_analytics.desk import activity, bridge, ledger, realised_yields, rebasing
from ys_analytics.desk.lookthrough import Registry
from ys_analytics.schemas import MONEY, TABLES, TIME, Span

SPAN = Span.week("2026-W47")
BEGUN = datetime(2026, 10, 4, 9, tzinfo=UTC)
DAYS = [datetime(2026, 10, 4, 23, 59, tzinfo=UTC) + timedelta(days=day) for day in range(50)]
ASSETS = {
    "steth": ("stETH", '{"protocol": "lido"}'),
    "wsteth": ("wstETH", '{"protocol": "lido"}'),
    "ausdc": ("aUSDC", '{"protocol": "aave-v3", "underlying": "USDC"}'),
    "own": ("OWN", '{"rebasing": true}'),
    "not": ("stETH", '{"rebasing": false, "protocol": "lido"}'),
    "usdc": ("USDC", "{}"),
    "unsaid": ("SYRUP", '{"protocol": "maple"}'),
}
PRICES = {"steth": 3000, "wsteth": 3600, "ausdc": 1, "own": 50, "not": 3000, "usdc": 1, "unsaid": 1}
MOVED = {
    "timestamp": TIME, "asset_id": pl.String, "position": pl.String, "protocol": pl.String, "cause": pl.String,
    "change": MONEY, "paid": MONEY,
}  # fmt: skip


def assets():
    rows = [(id_, symbol, 1, f"0x{id_}", note) for id_, (symbol, note) in ASSETS.items()]
    schema = {"id": pl.String, "symbol": pl.String, "chain_id": pl.Int32, "contract_address": pl.String}
    return pl.DataFrame(rows, schema=schema | {"metadata": pl.String}, orient="row")


def moved(*legs):
    rows = [
        (at, asset, position, "x", "flow", Decimal(change), None)
        for at, asset, position, change in ((BEGUN, *leg) if len(leg) == 3 else leg for leg in legs)
    ]
    return pl.DataFrame(rows, schema=MOVED, orient="row")


def quotes():
    rows = [(asset, at, Decimal(price)) for at in (BEGUN, *DAYS) for asset, price in PRICES.items()]
    return pl.DataFrame(rows, schema={"asset_id": pl.String, "timestamp": TIME, "price": MONEY}, orient="row")


def snapshots(value, *, stated=None):
    """One a day of what `value(day)` says; `stated(day)` is the worth of each asset."""
    rows = []
    for day, at in enumerate(DAYS):
        total = Decimal(repr(round(value(day), 12)))
        row = {"portfolio_id": "p", "timestamp": at, "total_value": total}
        if stated is not None:
            row["asset_allocation"] = [
                {"key": asset, "value": Decimal(f"{worth / value(day):.8f}")} for asset, worth in stated(day).items()
            ]
        rows.append(row)
    share = pl.List(pl.Struct({"key": pl.String, "value": pl.Decimal(18, 8)}))
    schema = {"portfolio_id": pl.String, "timestamp": TIME, "total_value": MONEY}
    return pl.DataFrame(rows, schema=schema | ({"asset_allocation": share} if stated else {}), orient="row")


def grown(day, rate):
    return (1 + rate / 365) ** day


def bridged(legs, taken):
    found = bridge.bridge(legs, taken, quotes(), assets(), span=SPAN)
    return dict(found.select("term", "amount").rows()), found


@pytest.mark.parametrize(
    ("asset", "rate", "quantity"),
    [
        pytest.param("steth", 0.031, 100, id="Lido's stETH"),
        pytest.param("ausdc", 0.045, 50_000, id="an aToken of Aave"),
        pytest.param("own", 0.08, 1_000, id="a token whose metadata say so"),
    ],
)
def test_growth_without_a_transaction_is_yield(asset, rate, quantity):
    """By hand: the balance of the week's end less that of its beginning, at the price, six weeks in."""
    worth = quantity * PRICES[asset]
    amounts, found = bridged(moved((asset, "held", quantity)), snapshots(lambda day: worth * grown(day, rate)))
    assert float(amounts["yield"]) == pytest.approx(worth * (grown(49, rate) - grown(42, rate)), rel=1e-9)
    assert abs(amounts["residual"]) < Decimal("1e-9")
    assert amounts["price"] == 0
    note = found.row(by_predicate=pl.col("term") == "yield", named=True)["note"]
    assert f"growth of balances of {ASSETS[asset][0]}" in note
    assert bridge.finding(found, "p").outcome == "passed"
    assert bridge.finding(found, "p").observed.startswith("residual 0.00 USD")


def test_a_cut_is_named_and_once_recorded_is_negative_yield():
    """One of a hundred is slashed: a residual that says so, or a claim that gives; growth goes on after it."""
    lost = Decimal(repr(round(grown(45, 0.03), 12)))
    taken = snapshots(lambda day: 3000 * (100 if day < 46 else 99) * grown(day, 0.03))
    _, found = bridged(moved(("steth", "held", 100)), taken)
    said = bridge.finding(found, "p")
    assert said.stops
    assert "balances of stETH may have been cut: record that as a claim that gives and gets nothing" in said.observed
    claim = {
        "portfolio_id": "p", "timestamp": DAYS[45] + timedelta(hours=10), "transaction_type": "claim",
        "status": "confirmed", "chain_id": 1, "protocol_name": "lido", "from_asset_id": "steth", "from_amount": lost,
        "metadata": '{"from_position": "held"}',
    }  # fmt: skip
    schema = TABLES["transactions"].schema
    done = pl.DataFrame([{name: claim.get(name) for name in schema}], schema=schema, orient="row")
    given = ledger.legs(activity.with_gas(metrics.classify_flows(done), assets(), quotes()), assets())
    assert given.select("cause", "position").rows() == [("yield", "held")]
    legs = pl.concat([moved(("steth", "held", 100)), given.select(*MOVED)])
    amounts, found = bridged(legs, taken)
    assert bridge.finding(found, "p").outcome == "passed"
    assert abs(amounts["residual"]) < Decimal("1e-6")
    assert float(amounts["yield"]) == pytest.approx(3000 * (99 * grown(49, 0.03) - 100 * grown(42, 0.03)), rel=1e-6)


@pytest.mark.parametrize("asset", ["wsteth", "not", "usdc", "unsaid"])
def test_what_does_not_rebase_does_not_grow(asset):
    """A wrapped token's price grows, never its balance: the difference stays what it was, unexplained."""
    worth = 100 * PRICES[asset]
    _, found = bridged(moved((asset, "held", 100)), snapshots(lambda day: worth * (1 + (0.02 if day > 45 else 0))))
    said = bridge.finding(found, "p")
    assert said.stops
    # Where no one said whether it rebases, the finding asks.
    assert ("balances of SYRUP may grow by themselves" in said.observed) == (asset == "unsaid")


@pytest.mark.parametrize(
    ("jump", "why"),
    [
        pytest.param(0.01, "more in a day than stETH can grow in a month", id="too much"),
        pytest.param(-0.01, "balances of stETH do not shrink", id="the wrong way"),
    ],
)
def test_a_residual_is_never_swallowed(jump, why):
    """What is beyond the bound stays whole, and stops the report; growth before it is still yield."""
    amounts, found = bridged(
        moved(("steth", "held", 100)),
        snapshots(lambda day: 300_000 * (grown(day, 0.03) + (jump if day > 45 else 0))),
    )
    assert bridge.finding(found, "p").stops, why
    expected = 300_000 * (jump + grown(49, 0.03) - grown(45, 0.03))
    assert float(amounts["residual"]) == pytest.approx(expected, rel=1e-9)
    assert float(amounts["yield"]) == pytest.approx(300_000 * (grown(45, 0.03) - grown(42, 0.03)), rel=1e-9)


def test_after_a_jump_time_does_not_make_it_plausible():
    """Ten weeks of waiting are no growth: once a difference was too much, quantities are not trusted again."""
    taken = snapshots(lambda day: 300_000 * (1 + (0.005 if day > 5 else 0)))
    assert (
        not rebasing.with_growth(moved(("steth", "held", 100)), taken, quotes(), assets()).filter(cause="rebase").height
    )


def test_two_tokens_share_as_the_allocation_says():
    """The platform's shares tell whose balance grew: all of it is the aToken's."""
    legs = moved(("steth", "held", 10), ("ausdc", "lent", 30_000))

    def stated(day):
        return {"steth": 30_000.0, "ausdc": 30_000 * grown(day, 0.05)}

    taken = snapshots(lambda day: sum(stated(day).values()), stated=stated)
    found = rebasing.with_growth(legs, taken, quotes(), assets()).filter(cause="rebase")
    by_asset = dict(found.group_by("asset_id").agg(pl.col("change").cast(pl.Float64).sum()).rows())
    assert by_asset["ausdc"] == pytest.approx(30_000 * (grown(49, 0.05) - 1), rel=1e-3)
    assert by_asset.get("steth", 0.0) < 1e-3


def test_an_allocation_that_puts_the_difference_elsewhere_is_used():
    """What the platform shows in another asset is no growth of this one, however small."""
    legs = moved(("steth", "held", 10), ("usdc", "spot", 30_000))

    def stated(day):
        return {"steth": 30_000.0, "usdc": 30_000.0 + (12.0 if day > 30 else 0.0)}

    taken = snapshots(lambda day: sum(stated(day).values()), stated=stated)
    found = rebasing.with_growth(legs, taken, quotes(), assets()).filter(cause="rebase")
    assert found.is_empty()


def test_growth_on_record_is_not_added_again():
    """Growth on record is a movement as any other: nothing is left to find."""
    taken = snapshots(lambda day: 300_000 * grown(day, 0.031))
    once = rebasing.with_growth(moved(("steth", "held", 100)), taken, quotes(), assets())
    assert rebasing.with_growth(once, taken, quotes(), assets()).equals(once)
    assert once.schema == pl.Schema(MOVED)


def test_a_sale_takes_the_growth_with_it():
    """Sold whole, growth of the day included: nothing is held after, and nothing owed."""
    whole = Decimal(repr(round(100 * grown(20.4, 0.031), 18)))
    sale = DAYS[20] + timedelta(hours=9)
    legs = pl.concat([moved(("steth", "held", 100)), moved((sale, "steth", "held", -whole))])
    taken = snapshots(lambda day: 300_000 * grown(day, 0.031) if day <= 20 else 0.0)
    found = rebasing.with_growth(legs, taken, quotes(), assets())
    left = ledger.held(found, at=DAYS[30]).select(pl.col("change").cast(pl.Float64)).to_series().to_list()
    assert sum(map(abs, left)) < 1e-9


def test_what_is_known_to_rebase():
    """By metadata where it is stated; else aTokens and stETH, and no wrapped form of them."""
    known = Registry(assets())
    rates = {asset: rebasing.max_growth_rate(asset, known) for asset in ASSETS}
    assert rates == {
        "steth": Decimal("0.10"), "ausdc": Decimal("0.25"), "own": Decimal("0.10"),
        "wsteth": None, "not": None, "usdc": None, "unsaid": None,
    }  # fmt: skip


def test_without_an_allocation_they_share_by_value_and_none_beyond_what_it_can():
    """Three to one by value; and where that is too much for stETH, the aToken takes the rest."""
    legs = moved(("steth", "held", 30), ("ausdc", "lent", 30_000))

    def by_asset(rate):
        taken = snapshots(lambda day: 120_000 * grown(day, rate))
        found = rebasing.with_growth(legs, taken, quotes(), assets()).filter(cause="rebase")
        worth = pl.col("change").cast(pl.Float64) * pl.col("asset_id").replace_strict(PRICES, return_dtype=pl.Float64)
        return dict(found.group_by("asset_id").agg(worth.sum()).rows())

    mild, fast = by_asset(0.02), by_asset(0.22)
    assert mild["steth"] / mild["ausdc"] == pytest.approx(3, rel=0.01)
    assert fast["steth"] + fast["ausdc"] == pytest.approx(120_000 * (grown(49, 0.22) - 1), rel=1e-9)
    assert fast["steth"] <= 90_000 * 0.10 * 100 / 365


def test_one_bad_snapshot_is_passed_over():
    """A value that is off for a day hides no growth after it."""
    taken = snapshots(lambda day: 300_000 * grown(day, 0.031) * (1.1 if day == 20 else 1))
    found = rebasing.with_growth(moved(("steth", "held", 100)), taken, quotes(), assets()).filter(cause="rebase")
    assert float(found["change"].sum()) == pytest.approx(100 * (grown(49, 0.031) - 1), rel=1e-9)
    assert DAYS[20] not in found["timestamp"].to_list()


def test_growth_is_realised_yield_in_a_wallet_too():
    """100 stETH in a wallet for seven weeks: what grew, over what was held."""
    taken = snapshots(lambda day: 300_000 * grown(day, 0.031))
    rows = rebasing.with_growth(moved(("steth", "spot", 100)), taken, quotes(), assets())
    held = pl.DataFrame(
        {"asset_id": ["steth"], "symbol": ["stETH"], "kind": ["spot"], "place": ["wallet, Ethereum"],
         "protocol": ["wallet"], "protocol_address": [None], "value": [Decimal(301_251)]},
        schema_overrides={"protocol_address": pl.String, "value": MONEY},
    )  # fmt: skip
    offers = pl.DataFrame(schema=TABLES["yield_metrics"].schema)
    row = realised_yields.realised(held, rows, quotes(), offers, assets(), end=SPAN.end).row(0, named=True)
    assert row["gain"] == pytest.approx(300_000 * (grown(49, 0.031) - 1), rel=1e-9)
    assert row["days"] == 50
    assert row["realised_apy"] == pytest.approx((1 + row["gain"] / row["capital"]) ** (365 / 50) - 1)


def test_growth_on_record_leaves_nothing_to_infer():
    """A platform that records interest as claims has no growth next to it: a difference stays one."""
    legs = moved(("steth", "held", 100))
    claim = moved((DAYS[10], "steth", "held", "0.05")).with_columns(cause=pl.lit("yield"))
    taken = snapshots(lambda day: 300_000 + (150 if day > 10 else 0) + (40 if day > 45 else 0))
    assert rebasing.with_growth(pl.concat([legs, claim]), taken, quotes(), assets()).filter(cause="rebase").is_empty()
    amounts, found = bridged(pl.concat([legs, claim]), taken)
    assert float(amounts["residual"]) == pytest.approx(40)
    assert bridge.finding(found, "p").stops


def test_interest_on_a_debt_is_a_cost_without_a_transaction():
    """20,000 owed at 6 %: the week's interest is yield below nothing; a debt that shrinks by itself does not exist."""
    legs = moved(("usdc", "spot", 50_000), ("usdc", "borrowing", -20_000))
    amounts, found = bridged(legs, snapshots(lambda day: 50_000 - 20_000 * grown(day, 0.06)))
    assert float(amounts["yield"]) == pytest.approx(-20_000 * (grown(49, 0.06) - grown(42, 0.06)), rel=1e-9)
    assert abs(amounts["residual"]) < Decimal("1e-9")
    assert bridge.finding(found, "p").outcome == "passed"
    _, found = bridged(legs, snapshots(lambda day: 50_000 - 20_000 * (1 if day < 46 else 0.995)))
    assert bridge.finding(found, "p").stops


def test_interest_on_a_debt_that_is_on_record_leaves_nothing_to_infer():
    """Claims add it to the debt: less value than they explain stays unexplained."""
    legs = moved(("usdc", "spot", 50_000), ("usdc", "borrowing", -20_000))
    claim = moved((DAYS[10], "usdc", "borrowing", "-23")).with_columns(cause=pl.lit("yield"))
    taken = snapshots(lambda day: 30_000 - (23 if day > 9 else 0) - (30 if day > 45 else 0))
    _, found = bridged(pl.concat([legs, claim]), taken)
    assert bridge.finding(found, "p").stops
