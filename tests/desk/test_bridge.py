"""What a week's value and a position's yield are made of: terms that add up, gaps that are explained, or a reason."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import metrics
from ys_analytics.desk import activity, bridge, ledger, realised_yields
from ys_analytics.schemas import TABLES, Span

SPAN = Span.week("2026-W47")
OPENED, CLOSED = SPAN.start - timedelta(minutes=1), SPAN.end - timedelta(minutes=1)
BEFORE, TRANSACTION = SPAN.start - timedelta(days=9), datetime(2026, 11, 18, 10, tzinfo=UTC)
ASSETS = {
    "ETH": '{"native_of_chains": [1]}',
    "USDC": "{}",
    "aUSDC": '{"protocol": "aave-v3", "underlying": "USDC"}',
    "LP": '{"protocol": "uniswap-v2", "underlying": ["ETH", "USDC"]}',
}
PRICES = {
    OPENED: {"ETH": "2000", "USDC": "1", "aUSDC": "1", "LP": "100"},
    TRANSACTION - timedelta(hours=1): {"ETH": "2200", "USDC": "1", "aUSDC": "1", "LP": "105"},
    # Ether rose by 21 %: the pool without its fees by 10 %, half of each token by 10.5 %; fees added 1.1 %.
    CLOSED: {"ETH": "2420", "USDC": "1", "aUSDC": "1", "LP": "111.1"},
}


def framed(table, rows):
    schema = TABLES[table].schema
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")


def assets():
    rows = [{"id": symbol, "symbol": symbol, "metadata": text, "chain_id": 1} for symbol, text in ASSETS.items()]
    return framed("assets", [row | {"contract_address": None} for row in rows])


def quotes(prices=PRICES):
    rows = [
        {"timestamp": at, "asset_id": asset, "price": Decimal(price)}
        for at, of in prices.items()
        for asset, price in of.items()
    ]
    return framed("market_data", rows)


def transaction(kind, at=TRANSACTION, *, gave=None, got=None, protocol=None, **more):
    """A transaction: what was given and got, as (asset, quantity)."""
    sides = {}
    for side, moved in (("from", gave), ("to", got)):
        if moved is not None:
            sides |= {f"{side}_asset_id": moved[0], f"{side}_amount": Decimal(moved[1])}
    common = {"portfolio_id": "p", "chain_id": 1, "status": "confirmed", "metadata": "{}", "timestamp": at}
    return common | {"transaction_type": kind, "protocol_name": protocol} | sides | more


GAS = {"gas_used": Decimal(100_000), "gas_price": Decimal("0.00000001")}
STORY = [
    transaction("deposit", BEFORE, got=("ETH", "2")),
    transaction("deposit", BEFORE, got=("USDC", "1000")),
    transaction("deposit", BEFORE, got=("LP", "10"), protocol="uniswap-v2"),
    transaction("deposit", got=("USDC", "500")),
    transaction("claim", got=("aUSDC", "5"), protocol="aave-v3"),
    transaction("claim", got=("ETH", "0.01"), protocol="farm"),
    transaction("swap", gave=("USDC", "100"), got=("ETH", "0.045"), protocol="uniswap-v3", **GAS),
    transaction("swap", gave=("USDC", "900"), got=("ETH", "9"), protocol="uniswap-v3", status="replaced"),
]
VALUES = ("6000", "7486.68")


def bridged(story=STORY, values=VALUES, prices=PRICES):
    known, priced = assets(), quotes(prices)
    done = activity.with_gas(metrics.classify_flows(framed("transactions", story)), known, priced)
    moments = (OPENED, CLOSED)
    rows = [
        {"timestamp": at, "portfolio_id": "p", "total_value": Decimal(value)}
        for at, value in zip(moments, values, strict=True)
        if value is not None
    ]
    moved = ledger.legs(done, known)
    return bridge.bridge(moved, framed("portfolio_snapshots", rows), priced, known, span=SPAN)


def amounts(found):
    return {term: None if amount is None else float(amount) for term, amount in found.select("term", "amount").rows()}


def test_each_gain_stands_under_its_own_name():
    """By hand: two ether rose by 420 each, half the pool by 105, the reward by 2.20; 0.045 ether cost 100 dollars."""
    expected = {
        "before": 6000, "price": 840 + 105 + 2.2 + (0.045 * 2420 - 100) - 0.22, "yield": 5, "rewards": 22,
        "lp_fees": 11, "impermanent_loss": -5, "gas": -2.2, "flows": 500, "after": 7486.68, "residual": 0,
    }  # fmt: skip
    found = bridged()
    assert amounts(found) == pytest.approx(expected, abs=1e-9)
    row = found.row(0, named=True)
    assert row["holds"] is True
    assert row["traded"] == Decimal(-1)
    assert row["tolerance"] == Decimal("0.01") + Decimal("0.0001") * Decimal("7486.68")


def test_the_terms_and_the_residual_add_up_to_the_change_to_the_last_decimal():
    """An accountant adds the column; floats that split a pool leave nothing behind."""
    found = bridged(values=("6000", "7490.123456789012345678"))
    held = dict(found.select("term", "amount").rows())
    assert held["before"] + sum(held[term] for term in (*bridge.TITLES, "residual")) == held["after"]


@pytest.mark.parametrize(
    ("story", "values"),
    [
        pytest.param(STORY, ("6000", "7586.68"), id="a snapshot that is 100 too high"),
        pytest.param([one for one in STORY if one["transaction_type"] != "swap"], VALUES, id="a swap nobody recorded"),
        pytest.param([*STORY, transaction("withdraw", gave=("USDC", "300"))], VALUES, id="a withdrawal that never was"),
    ],
)
def test_what_is_not_explained_stops_the_report(story, values):
    """A residual beyond tolerance is a critical finding that names the portfolio and the amount."""
    found = bridge.finding(bridged(story, values), "p")
    assert (found.severity, found.outcome, found.stops) == ("critical", "failed", True)
    assert found.observed.startswith("residual ")
    assert found.sample[0]["portfolio_id"] == "p"


def test_a_price_a_moment_apart_is_within_tolerance():
    """A cent and a basis point: the platform may have valued a second earlier."""
    assert bridge.finding(bridged(values=("6000", "7487.40")), "p").outcome == "passed"
    assert bridge.finding(bridged(values=("6000", "7487.50")), "p").stops


@pytest.mark.parametrize(
    ("given", "severity", "reason"),
    [
        pytest.param({"values": ("6000", None)}, "info", "the week has no snapshot", id="no close"),
        pytest.param(
            {"values": (None, "7486.68")}, "info", "had transactions before its first snapshot", id="no opening"
        ),
        pytest.param(
            {"story": STORY[1:]}, "warning", "account for 2,000.00 of the 6,000.00 USD", id="history that begins late"
        ),
        pytest.param(
            {"prices": {at: {a: p for a, p in of.items() if a != "USDC"} for at, of in PRICES.items()}},
            "warning", "no price within 24 hours of LP, USDC", id="an asset without a price",
        ),
    ],
)  # fmt: skip
def test_thin_data_are_refused_with_a_reason(given, severity, reason):
    """What cannot be stated is null, says why, stops nothing and is not hidden."""
    found = bridged(**given)
    assert found["holds"].null_count() == found.height
    assert reason in found["reason"][0]
    finding = bridge.finding(found, "p")
    assert (finding.severity, finding.outcome, finding.stops) == (severity, "error", False)


def test_a_portfolio_opened_in_the_week_begins_with_nothing():
    """Its first money is a flow, not a gain."""
    story = [transaction("deposit", got=("ETH", "1"))]
    found = amounts(bridged(story, (None, "2420")))
    assert (found["before"], found["flows"], found["price"], found["residual"]) == (0, 2200, 220, 0)


def test_a_flow_counts_once_whichever_legs_it_states():
    """The ruling reads a deposit by what came, else by what was given; a withdrawal the other way about."""
    known, priced = assets(), quotes()
    both = {"gave": ("USDC", "7"), "got": ("ETH", "3")}
    story = [
        transaction("deposit", gave=("USDC", "5")),
        transaction("withdraw", got=("USDC", "6")),
        transaction("deposit", **both),
        transaction("withdraw", **both),
        transaction("bridge", **both, metadata='{"flow": "external"}'),
    ]
    done = activity.with_gas(metrics.classify_flows(framed("transactions", story)), known, priced)
    moved = ledger.legs(done, known)
    assert set(moved["cause"]) == {"flow"}
    assert sorted(moved.select("asset_id", pl.col("change").cast(pl.Float64)).rows()) == [
        ("ETH", 3.0), ("ETH", 3.0), ("USDC", -7.0), ("USDC", -7.0), ("USDC", -6.0), ("USDC", 5.0),
    ]  # fmt: skip


DAYS = [SPAN.end - timedelta(days=91 - day, minutes=1) for day in range(91)]
BEGUN = SPAN.end - timedelta(days=91, minutes=30)
POOL = "0xpool"


def flat(**prices):
    named = {"ETH": "2000", "USDC": "1", "aUSDC": "1", "LP": "100"} | prices
    return quotes(dict.fromkeys([BEGUN - timedelta(hours=1), *DAYS, SPAN.end - timedelta(seconds=1)], named))


def held(*rows):
    schema = {"asset_id": pl.String, "symbol": pl.String, "kind": pl.String, "place": pl.String, "protocol": pl.String}
    more = {"protocol_address": pl.String, "value": pl.Decimal(38, 18)}
    return pl.DataFrame(
        [(a, a, kind, f"{protocol}, Ethereum", protocol, POOL, Decimal(value)) for a, kind, protocol, value in rows],
        schema=schema | more,
        orient="row",
    )


def offered(apy, rewards="0"):
    rows = [
        {"timestamp": at, "pool_address": POOL, "apy": Decimal(apy), "rewards_apr": Decimal(rewards)} for at in DAYS
    ]
    return framed("yield_metrics", rows)


def realised(positions, story, offers, priced=None):
    known, priced = assets(), flat() if priced is None else priced
    done = activity.with_gas(metrics.classify_flows(framed("transactions", story)), known, priced)
    return realised_yields.realised(positions, ledger.legs(done, known), priced, offers, known, end=SPAN.end)


def lent(kind="lending"):
    return json.dumps({"from_position": "spot", "to_position": kind})


def test_interest_credited_weekly_is_the_yield_that_was_quoted():
    """A thousand dollars, one credited each week for thirteen weeks: thirteen over the average."""
    interest = [
        transaction("claim", SPAN.end - timedelta(days=7 * week, hours=1), got=("aUSDC", "1"), protocol="aave-v3",
             metadata='{"to_position": "lending"}')
        for week in range(13)
    ]  # fmt: skip
    story = [
        transaction("deposit", BEGUN, gave=("USDC", "1000"), got=("aUSDC", "1000"), protocol="aave-v3", metadata=lent())
    ]
    found = realised(held(("aUSDC", "lending", "aave-v3", "1013")), [*story, *interest], offered("0.0534"))
    row = found.row(0, named=True)
    assert row["gain"] == pytest.approx(13)
    assert row["days"] == 91
    assert row["capital"] == pytest.approx(1006, abs=1)
    assert row["realised_apy"] == pytest.approx((1 + 13 / row["capital"]) ** (365 / 91) - 1)
    assert row["haircut"] == pytest.approx(0.0534 - row["realised_apy"])
    assert row["why"] == "as quoted"


def test_a_debt_has_a_cost_and_no_quote():
    """What lenders earn is not what borrowers pay: no gap is made of the two."""
    story = [
        transaction("withdraw", BEGUN, gave=("USDC", "500"), got=("USDC", "500"), protocol="aave-v3",
             metadata='{"from_position": "borrowing", "to_position": "spot"}'),
        transaction("claim", SPAN.end - timedelta(days=3), gave=("USDC", "8"), protocol="aave-v3",
             metadata='{"from_position": "borrowing"}'),
    ]  # fmt: skip
    row = realised(held(("USDC", "borrowing", "aave-v3", "-508")), story, offered("0.04")).row(0, named=True)
    assert row["gain"] == pytest.approx(-8)
    assert row["realised_apy"] < 0
    assert row["quoted_apy"] is row["haircut"] is None
    assert "not what borrowers pay" in row["quote_reason"]


def test_rewards_that_are_quoted_and_never_claimed_are_named():
    """A pool that quotes a fifth in rewards, of which nothing came, says so."""
    story = [
        transaction("stake", BEGUN, gave=("LP", "10"), got=("LP", "10"), protocol="farm", metadata=lent("yield_farm"))
    ]
    row = realised(held(("LP", "yield_farm", "farm", "1000")), story, offered("0.3", "0.2")).row(0, named=True)
    assert row["why"] == "rewards are quoted and none were claimed"
    assert row["haircut"] == pytest.approx(0.3)


def test_a_wallet_earns_nothing_and_an_unrecorded_position_says_why():
    """No row without a protocol; no number without transactions that made the position."""
    assert realised(held(("ETH", "spot", "wallet", "2000")), [], offered("0.04")).is_empty()
    story = [transaction("deposit", BEFORE, got=("ETH", "1"))]
    row = realised(held(("aUSDC", "lending", "aave-v3", "1000")), story, offered("0.04")).row(0, named=True)
    assert row["realised_apy"] is None
    assert row["reason"] == "its transactions do not say how it came about"


def test_what_a_share_lost_is_not_nothing_where_a_price_is_missing():
    """Undefined is null: a pool share without a last price earned no one knows what, and lost no one knows what."""
    last = max(PRICES)
    priced = quotes({at: {one: p for one, p in of.items() if (at, one) != (last, "LP")} for at, of in PRICES.items()})
    row = realised(held(("LP", "yield_farm", "farm", "1000")), STORY, offered("0.1"), priced).row(0, named=True)
    assert (row["gain"], row["impermanent_loss"]) == (None, None)
    assert row["reason"] is not None
