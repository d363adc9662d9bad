"""Whose a fault is: every key of the rows at fault, and exactly the portfolios whose numbers rest on them."""

from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import quality
from ys_analytics.quality import attribution
from ys_analytics.quality.dependents import Dependents
from ys_analytics.schemas import TABLES, Finding


def test_every_table_says_whose_its_rows_are():
    """One declaration a table, about a column that it has."""
    for table in TABLES.values():
        assert not table.affects or table.affects[0] in table.schema


def with_row(frame, row, **values):
    """A frame with some values of the row that satisfies an expression changed."""
    changed = [pl.when(row).then(pl.lit(v).cast(frame.schema[n])).otherwise(n).alias(n) for n, v in values.items()]
    return frame.with_columns(changed)


def holders(frames, asset_id):
    """Who holds, gave or received an asset, by plain Python."""
    found = {
        p for p, a in frames["portfolio_positions"].select("portfolio_id", "asset_id").iter_rows() if a == asset_id
    }
    columns = ("portfolio_id", "status", "from_asset_id", "to_asset_id")
    for owner, status, gave, took in frames["transactions"].select(columns).iter_rows():
        if status == "confirmed" and asset_id in (gave, took):
            found.add(owner)
    return found


def symbols(frames):
    return dict(frames["assets"].select("symbol", "id").iter_rows())


@pytest.fixture(scope="module")
def faults(demo_frames, tmp_path_factory):
    """Five tables, each with faults of known owners, and what the checker says of them."""
    from .conftest import frozen

    done, held = demo_frames["transactions"], demo_frames["portfolio_positions"]
    busy = done.group_by("portfolio_id").len().filter(pl.col("len") >= 3).sort("portfolio_id")
    first, second, third = busy["portfolio_id"].to_list()[:3]
    mine = done.filter(pl.col("portfolio_id") == first)["id"].to_list()
    theirs = done.filter(pl.col("portfolio_id") == second)["id"].to_list()
    spoilt = with_row(done, pl.col("id").is_in(mine[:3]), from_amount=Decimal(-1))
    spoilt = with_row(spoilt, pl.col("id") == theirs[0], status=None)
    link = symbols(demo_frames)["LINK"]
    quotes = demo_frames["market_data"]
    quotes = with_row(quotes, pl.col("asset_id") == link, price=Decimal(-5))
    in_protocol = held.filter(pl.col("protocol_address").is_not_null()).sort("id").row(0, named=True)
    last = (pl.col("portfolio_id") == third) & (pl.col("timestamp") == pl.col("timestamp").max().over("portfolio_id"))
    snapshots = with_row(demo_frames["portfolio_snapshots"], last, total_value=Decimal(987654321))
    frames = demo_frames | {"transactions": spoilt, "market_data": quotes, "portfolio_snapshots": snapshots}
    run = frozen(tmp_path_factory.mktemp("faults") / "2026-W47", frames)
    tables = ["transactions", "market_data", "portfolio_snapshots", "cross_store"]
    found = {(each.suite, each.rule): each for each in quality.validate(run, tables=tables)}
    return {"found": found, "people": (first, second, third), "link": link, "seat": in_protocol, "frames": frames}


def test_a_row_of_a_portfolio_concerns_that_portfolio(faults):
    """Three negative amounts of one wallet, one lost state of another: each finding names its own."""
    first, second, _ = faults["people"]
    negative = faults["found"]["transactions", "between(from_amount, >= 0.0)"]
    assert (negative.rows, negative.affects, negative.portfolios) == (3, {"portfolio": [first]}, [first])
    lost = faults["found"]["transactions", "not_be_null(status)"]
    assert lost.portfolios == [second]


def test_a_price_affects_those_who_ever_held_its_asset(faults):
    """All quotes of one asset: more rows than a sample holds, one key, and exactly its holders, past ones included."""
    negative = faults["found"]["market_data", "between(price, > 0.0)"]
    assert negative.rows > len(negative.sample) == 20
    assert negative.affects == {"asset": [faults["link"]]}
    assert set(negative.portfolios) == holders(faults["frames"], faults["link"])
    everyone = set(faults["frames"]["portfolios"]["id"])
    assert set() < set(negative.portfolios) < everyone


def test_a_disagreement_of_stores_concerns_its_portfolio(faults):
    """A snapshot that is not the sum of the positions is one portfolio's matter."""
    rule = "portfolio_snapshots.total_value is the sum of portfolio_positions"
    assert faults["found"]["cross_store", rule].portfolios == [faults["people"][2]]


def test_rows_are_counted_as_great_expectations_counted_them(faults):
    """Where our query for the rows at fault gave other rows than Great Expectations, everyone would be concerned."""
    broken = [each for each in faults["found"].values() if each.outcome == "failed"]
    assert len(broken) > 3
    assert [each.rule for each in broken if each.all_reason == attribution.NOT_IDENTIFIABLE] == []


def failed(**values):
    return Finding(
        suite="market_data", rule="r", severity="critical", outcome="failed", notes="It hurts.", rows=1, **values
    )


@pytest.fixture(scope="module")
def reach(demo_frames):
    """Who rests on what in the demo."""
    return Dependents(lambda name: demo_frames[name].lazy(), frozenset(demo_frames))


@pytest.mark.parametrize(("under", "receipt"), [("USDC", "aUSDC"), ("ETH", "stETH"), ("ETH", "ETH-USDC LP")])
def test_what_stands_for_an_asset_is_looked_through(under, receipt, reach, demo_frames):
    """A wrong price of the underlying asset is wrong for who holds its receipt, its staked form or a pool share."""
    known = symbols(demo_frames)
    receipts = [id_ for symbol, id_ in known.items() if symbol == receipt or symbol.startswith("UNI-V2")]
    through = set().union(*(holders(demo_frames, each) for each in receipts if receipt in known or "LP" in receipt))
    found = reach.resolve(failed(affects={"asset": [known[under]]}))
    assert through <= set(found.portfolios)


def test_a_receipt_of_a_token_that_is_not_registered_is_looked_through(demo_frames):
    """It stands for WAVAX, which no one registered: the desk takes that for AVAX, and so does the gate."""
    known, assets, coin = symbols(demo_frames), demo_frames["assets"], "a" * 8 + "-0000-4000-8000-" + "a" * 12
    receipt = known["aUSDC"]
    assert not {"AVAX", "WAVAX"} & set(known)
    avax = with_row(assets.filter(symbol="LINK"), pl.lit(value=True), id=coin, symbol="AVAX", chain_id=43114)
    renamed = with_row(assets, pl.col("id") == receipt, metadata='{"underlying": "WAVAX"}')
    frames = demo_frames | {"assets": pl.concat([renamed, avax])}
    reach = Dependents(lambda name: frames[name].lazy(), frozenset(frames))
    found = reach.resolve(failed(affects={"asset": [coin]}))
    assert set(found.portfolios) == holders(frames, receipt) != set()


def test_a_native_coin_affects_those_who_paid_gas_in_it(reach, demo_frames):
    """Polygon's coin is in the gas of everyone who did anything there, failed or not, held or not."""
    done = demo_frames["transactions"].with_columns(pl.col("status").cast(pl.String))
    paid = set(
        done.filter((pl.col("chain_id") == 137) & pl.col("status").is_in(["confirmed", "failed"]))["portfolio_id"]
    )
    found = reach.resolve(failed(affects={"asset": [symbols(demo_frames)["POL"]]}))
    assert paid
    assert paid <= set(found.portfolios)
    assert set(found.portfolios) == paid | holders(demo_frames, symbols(demo_frames)["POL"])


def test_a_pool_affects_those_with_a_position_in_it(reach, demo_frames):
    """A quoted yield is printed for those with a position in the pool."""
    seats = demo_frames["portfolio_positions"].drop_nulls("protocol_address")
    quoted = set(demo_frames["yield_metrics"]["pool_address"])
    pool = min(set(seats["protocol_address"]) & quoted)
    found = reach.resolve(failed(affects={"pool": [pool]}))
    sitting = set(seats.filter(pl.col("protocol_address") == pool)["portfolio_id"])
    assert sitting
    assert sitting <= set(found.portfolios)


def test_a_user_concerns_their_portfolios(reach, demo_frames):
    """Who owns nothing stops nothing."""
    owner, portfolio = demo_frames["portfolios"].select("user_id", "id").row(0)
    theirs = demo_frames["portfolios"].filter(pl.col("user_id") == owner)["id"].to_list()
    assert reach.resolve(failed(affects={"user": [owner]})).portfolios == sorted(theirs)
    assert portfolio in theirs


def test_a_key_of_nothing_affects_all_portfolios(reach):
    """A price of 'BTC' is of nothing we know, so no one can say whose it is; the finding says so."""
    found = reach.resolve(failed(affects={"asset": ["BTC"]}))
    assert found.portfolios is None
    assert "'BTC', which is no asset" in found.all_reason


def test_a_chain_affects_those_on_it(reach, demo_frames):
    """Positions and transactions both say so."""
    on = {
        owner
        for name in ("portfolio_positions", "transactions")
        for owner, chain in demo_frames[name].select("portfolio_id", "chain_id").iter_rows()
        if chain == 137
    }
    assert set(reach.resolve(failed(affects={"chain": ["137"]})).portfolios) <= on


def test_more_keys_than_a_finding_lists_affect_all_portfolios():
    """A bound is declared, and beyond it no one is let off."""
    many = [f"{number:08x}-0000-0000-0000-000000000000" for number in range(10_001)]
    found = attribution.with_keys(failed(), {"asset": many})
    assert (found.affects, found.portfolios, found.all_reason) == (None, None, attribution.TOO_MANY)


def test_findings_of_older_programs_affect_all_portfolios():
    """A finding that does not say whose it is may be anybody's."""
    old = {key: value for key, value in failed().to_json().items() if key not in ("affects", "portfolios", "everybody")}
    assert Finding.from_json(old).affects_portfolio("anybody")
