"""Data in which nothing is wrong stops no report: clean demos of many seeds, real histories, and honest extremes."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import polars as pl
import pytest

from ys_analytics import quality
from ys_analytics.quality.detectors.ledgers import oversized_flows
from ys_analytics.quality.detectors.row_counts import unusual_days
from ys_analytics.schemas import TABLES

from .conftest import UNTIL, bench_module

honest = bench_module("quality_honest")

# A seed that once stopped on its own clean data, and one that changes with the day; in `make test-servers` a second one
# that stopped. The bench checks all twenty.
SEEDS = (pytest.param(4, marks=pytest.mark.servers), 7, 1 + datetime.now(UTC).toordinal() % 20)


def said(found):
    return {(each.suite, each.rule): each for each in found}


@pytest.mark.parametrize("seed", SEEDS)
def test_each_warning_about_a_clean_demo_is_about_a_planted_fault(seed, detectors):
    """No detector stops a clean demo, and each warning is about something planted on purpose."""
    frames = bench_module("quality_frames").demo(portfolios=honest.PORTFOLIOS, days=honest.DAYS, seed=seed)
    snapshot = SimpleNamespace(frame=frames.__getitem__, as_of=UNTIL, moment=lambda _table: UNTIL)
    warned = {
        (suite, detect.rule)
        for suite, of_suite in detectors.items()
        for detect in of_suite
        if set(detect.needs) <= frames.keys() and not detect.find(snapshot).is_empty()
    }
    assert warned == set(honest.PLANTED_ALARMS)


def test_each_warning_about_the_checked_demo_is_about_a_planted_fault(demo_findings):
    """The same of every rule, shapes and stores included."""
    assert set(said(honest.not_passed(demo_findings))) <= set(honest.PLANTED_ALARMS)


@pytest.mark.parametrize("name", list(honest.HISTORIES))
def test_real_histories_stop_no_report(name, checked_history, record_property):
    """Nothing critical is said of what happened, and at most 0.3 warnings in 1,000 rows are about nothing."""
    history, everything = checked_history(name)
    found = honest.not_passed(everything)
    assert [each.rule for each in found if each.severity == "critical" or each.outcome == "error"] == []
    false = sum(each.rows for each in honest.false_alarms(found, honest.TRUE_FINDINGS))
    record_property("said", f"{history.name}: {false} false in {history.rows.height:,} rows")
    assert 1000 * false / history.rows.height <= 0.3


# Honest rows at the edge of what is possible, each with why it is honest; they are put in the place of a clean row.
EXTREMES = {
    "market_data": {
        "nobody knows its market value": {"market_cap": "0"},
        "nobody traded it": {"volume_24h": "0"},
    },
    "yield_metrics": {
        "a pool on its first day": {"apy": "3550.8", "rewards_apr": "8", "trading_fees_apr": "0.2"},
        "the loss of a day, for a year": {"apy": "-3.65", "rewards_apr": "0", "trading_fees_apr": "-3.65"},
        "bad debt beyond what was lent": {"tvl": "-1200.5"},
        "a pool of a spam token": {"tvl": "3000000000000"},
        "a drained pool": {"tvl": "0", "apy": "0", "rewards_apr": "0", "trading_fees_apr": "0"},
    },
    "portfolio_snapshots": {
        "a debt above its collateral": {"total_value": "-5210.75", "total_return": "-1.02", "daily_return": "-1.1"},
        "a spam token at its quoted price": {"total_value": "4000000000000"},
        "almost no risk": {"sharpe_ratio": "2600", "volatility": "0.00002"},
    },
    "risk_metrics": {
        "no loss in sixty days": {"var_95": "-11.02", "cvar_95": "-11.02"},
        "two models": {"var_95": "120", "cvar_95": "119.5"},
        "nothing at risk": {"var_95": "0", "cvar_95": "0"},
    },
    "dex_trades": {
        "a price below all decimals": {"price": "0"},
        "a whale": {"amount0": "-90000000", "amount1": "90000000"},
        "an exchange nobody named": {"dex_name": None},
    },
    "transactions": {
        "dust": {"to_amount": "0.000000000001"},
        "a whale": {"to_amount": "85000000"},
        "a claim of nothing": {"to_amount": "0"},
    },
    "portfolio_positions": {
        "dust": {"quantity": "0.000000000000000001", "current_value": "0"},
        "rewards taken off the cost": {"average_cost": "-3.5"},
        "a whale": {"quantity": "85000000000"},
    },
    "satellite_performance": {
        "a loss that was avoided, and one that was not": {"metric_value": "-800000"},
        "nothing worked": {"success_rate": "0", "error_count": 60_000},
    },
    "assets": {"decimals of a rebasing token": {"decimals": 45}},
    "redis_price_current": {
        "a share of a pool": {"price": "119000000"},
        "a memecoin": {"price": "0.00000000001"},
        "a token that fell below all decimals": {"price": "0"},
    },
    "current_exposure": {"a spam token at its quoted price": {"value": "4000000000000"}},
    "market_sentiment": {"a text without a word": {"vector": [0.0] * 384}},
}


@pytest.mark.parametrize("table", EXTREMES)
def test_honest_extremes_stop_no_report(table, freeze, demo_frames):
    """A row may be extreme and true: warned of, perhaps, and never a reason to print nothing."""
    frame = demo_frames[table]
    able = frame.with_row_index("_at")
    if table == "transactions":  # a whale's deposit is only honest next to a whale's portfolio; a swap has two sides
        able = able.filter((pl.col("transaction_type") == "claim") & (pl.col("to_amount") > 0))
    if table == "portfolio_positions":
        able = able.filter(pl.col("position_type") != "borrowing")
    extremes = EXTREMES[table].values()
    places = able["_at"].gather_every(max(1, able.height // (len(extremes) + 1)), offset=1)[: len(extremes)]
    for at, values in zip(places, extremes, strict=True):
        here = pl.int_range(pl.len()) == at
        frame = frame.with_columns(
            pl.when(here)
            .then(pl.lit(value, dtype=_loose(frame, name)).cast(frame.schema[name]))
            .otherwise(name)
            .alias(name)
            for name, value in values.items()
        )
    others = {"transactions": demo_frames["transactions"]} if table == "portfolio_snapshots" else {}
    found = quality.validate(freeze({table: frame} | others), tables=[table])
    assert [each.rule for each in found if each.outcome != "passed" and each.severity == "critical"] == []


@pytest.mark.parametrize(
    "factor",
    [
        pytest.param("119000000", id="a share of a pool"),
        pytest.param("2000000000000", id="a share of a pool of two coins with six decimals"),
        pytest.param("0.00000000001", id="a memecoin"),
    ],
)
def test_no_level_of_prices_is_too_high_or_too_low(factor, freeze, demo_frames):
    """A whole series may lie anywhere the store can hold it: only its own neighbours deny a price."""
    quotes = demo_frames["market_data"]
    dollar = quotes.filter(pl.col("price").median().over("asset_id").is_between(Decimal("0.9"), Decimal("1.1")))
    level = (pl.col("price").cast(pl.Float64) * float(factor)).cast(pl.Decimal(38, 18))
    some = dollar.filter(pl.col("asset_id") == dollar["asset_id"].min()).with_columns(price=level)
    found = quality.validate(freeze({"market_data": some}), tables=["market_data"])
    assert [each.rule for each in found if each.outcome != "passed" and each.severity == "critical"] == []


def _loose(frame, name):
    """Text for a decimal, so that no digit is lost on the way."""
    return pl.String if frame.schema[name].is_decimal() else None


def test_swaps_of_one_transaction_in_one_pool_are_two(freeze, demo_frames):
    """Rows that differ are two swaps; rows alike in all are one, delivered twice, and a warning."""
    swap = demo_frames["dex_trades"].head(1)
    other = swap.with_columns(amount0=-pl.col("amount0"), amount1=-pl.col("amount1"))
    twice = said(quality.validate(freeze({"dex_trades": pl.concat([swap, other])}), tables=["dex_trades"]))
    assert {rule for (_, rule), each in twice.items() if each.outcome == "failed" and "unique" in rule} == set()


def test_a_swap_delivered_twice_is_a_warning(freeze, demo_frames):
    """The same swap again moves volume, and no holding."""
    swap = demo_frames["dex_trades"].head(1)
    again = said(quality.validate(freeze({"dex_trades": pl.concat([swap, swap])}), tables=["dex_trades"]))
    unique = [each for (_, rule), each in again.items() if "unique" in rule]
    assert [(each.outcome, each.severity) for each in unique] == [("failed", "warning")]


def test_one_address_on_two_chains_is_two_pools(freeze, demo_frames):
    """Lenders deploy at one address everywhere: two chains at one moment are no contradiction."""
    here = demo_frames["yield_metrics"]
    there = here.with_columns(chain_id=(pl.col("chain_id") + 7000).cast(pl.UInt32))
    found = said(quality.validate(freeze({"yield_metrics": pl.concat([here, there])}), tables=["yield_metrics"]))
    assert [rule for (_, rule), each in found.items() if each.outcome == "failed"] == []


@pytest.mark.parametrize(
    ("price", "stops"),
    [
        pytest.param(["0", "0", "0"], False, id="nobody ever priced it"),
        pytest.param(["0.000000000000000003", "0", "0"], False, id="it fell below all decimals"),
        pytest.param(["1.25", "1.24", "0"], True, id="it fell to nothing in one step"),
        pytest.param(["1.25", "0", "1.24"], True, id="it came back from nothing"),
    ],
)
def test_a_zero_price_is_critical_only_between_other_prices(price, stops, freeze):
    """Nothing is what was not known, unless the token had no price left to lose."""
    schema = TABLES["market_data"].schema
    rows = pl.DataFrame(
        {
            "timestamp": [UNTIL - timedelta(days=3 - at, seconds=1) for at in range(3)],
            "asset_id": "00000000-0000-4000-8000-000000000001",
            "chain_id": 1,
            "price": price,
            "source": "test",
        }
    ).with_columns(volume_24h=pl.lit("0"), market_cap=pl.lit("0"), price_change_24h=pl.lit("0"))
    found = quality.validate(
        freeze({"market_data": rows.select([pl.col(name).cast(dtype) for name, dtype in schema.items()])}),
        tables=["market_data"],
    )
    assert any(each.stops for each in found) is stops


def _flow(kind, amount, second):
    side, other = ("to", "from") if kind == "deposit" else ("from", "to")
    return {
        "id": f"{kind}-{second}", "timestamp": datetime(2026, 3, 5, 12, 0, second, tzinfo=UTC), "portfolio_id": "p",
        "transaction_type": kind, "status": "confirmed", f"{side}_asset_id": "USDC", f"{side}_amount": amount,
        f"{other}_asset_id": None, f"{other}_amount": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("flows", "caught"),
    [
        pytest.param([("deposit", 1000.0, 1), ("withdraw", 1050.0, 2)], [], id="in and out between two closes"),
        pytest.param([("deposit", 1e9, 1), ("withdraw", 1050.0, 2)], ["deposit-1"], id="one of them in raw units"),
        pytest.param([("deposit", 1000.0, 1)], ["deposit-1"], id="in, and never seen"),
    ],
)
def test_money_that_came_and_went_is_no_error(flows, caught):
    """A flow larger than every close is explained by one the other way, of its own size and no other."""
    days = [date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 6)]
    moments = [datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC) for day in days]
    quotes = pl.DataFrame({"asset_id": "USDC", "timestamp": [datetime(2026, 3, 4, 23, tzinfo=UTC)], "price": [1.0]})
    closes = pl.DataFrame({"portfolio_id": "p", "timestamp": moments, "total_value": [1.0, 51.0, 51.0]})
    made = pl.DataFrame([_flow(*one) for one in flows], infer_schema_length=None)
    typed = made.with_columns(pl.col("from_asset_id", "to_asset_id").cast(pl.String),
                              pl.col("from_amount", "to_amount").cast(pl.Float64))  # fmt: skip
    assert oversized_flows(typed, quotes, closes)["id"].to_list() == caught


@pytest.mark.parametrize("every", [7, 14, 30], ids="every {} days".format)
def test_recurring_busy_days_are_no_finding(every):
    """Interest credited each week, fortnight or month makes busy days, and nothing is wrong with them."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [start + timedelta(days=day, minutes=n) for day in range(180) for n in range(90 if day % every == 3 else 12)]
    assert unusual_days(pl.DataFrame({"at": rows}), time="at").is_empty()


def test_a_burst_is_found_among_recurring_busy_days():
    """One day of ten times the usual rows is named, though Sundays are busy."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        start + timedelta(days=day, minutes=n)
        for day in range(180)
        for n in range(400 if day == 90 else 60 if day % 7 == 3 else 12)
    ]
    found = unusual_days(pl.DataFrame({"at": rows}), time="at")
    assert found["day"].to_list() == [(start + timedelta(days=90)).date()]


def test_what_is_planted_is_found(demo_findings):
    """The list of what was put there holds nothing that is not there."""
    assert json.loads(quality.to_json(demo_findings))
    assert set(honest.PLANTED_ALARMS) <= set(said(demo_findings))
