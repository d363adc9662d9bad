"""Thirty-seven real cases: what must be reported, and what happened and must be let pass."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from ys_analytics import quality
from ys_analytics.quality.detectors import freshness
from ys_analytics.schemas import TABLES

from . import case_detectors
from .conftest import SHARED, frozen

FILE = SHARED / "dirty" / "cases.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text())["cases"]} if FILE.is_file() else {}
SERIES = ["asset_id", "chain_id", "source"]


def cases(*starts):
    """The cases whose id begins so; one that says why there are none when the file is not here."""
    found = [case for name, case in CASES.items() if name.startswith(starts)]
    missing = pytest.mark.skip(reason="needs ../shared/data/dirty/cases.json, which is not here")
    return [pytest.param(case, id=case["id"]) for case in found] or [pytest.param({}, id="absent", marks=missing)]


def rows(case):
    return pl.DataFrame(case["rows"], infer_schema_length=None)


def shared(path):
    file = SHARED / path
    if not file.is_file():
        pytest.skip(f"needs ../shared/data/{path}, which is not here")
    return pl.read_parquet(file)


def failed(found, *, least=("critical", "warning")):
    """What a reader is shown, by rule."""
    return {each.rule: each for each in found if each.outcome == "failed" and each.severity in least}


def test_every_case_is_tried():
    """The count stands here, so that a case that is added is a test that fails until it is tried."""
    tried = [*cases("wick"), *cases("real_move"), *cases("listing_day"), *cases("series_end"), *cases("depeg")]
    if not CASES:
        pytest.skip("needs ../shared/data/dirty/cases.json, which is not here")
    assert len(CASES) == 37
    assert len(tried) == 17


def said_of(real_findings, real_market, symbol, days, *, but=()):
    """Rules that report a coin on one of these days."""
    asset = real_market.filter(pl.col("symbol") == symbol)["asset_id"][0]
    about = {}
    for rule, found in real_findings.items():
        if rule in but or not {"asset_id", "timestamp"} <= set(found.columns):
            continue
        hits = found.filter((pl.col("asset_id") == asset) & pl.col("timestamp").dt.date().is_in(days))
        if hits.height:
            about[rule] = hits
    return about


@pytest.mark.parametrize("case", cases("wick"))
def test_a_wick_is_flagged_and_its_close_is_not(case):
    """One order in an empty book is no price; the day's close is."""
    seen = rows(case)
    found = case_detectors.wicks(seen, series=["file_symbol"], time="date")
    assert found["date"].to_list() == [case["id"].rsplit(".", 1)[1]]
    assert "low" in found["said"][0]
    assert case_detectors.impossible_bars(seen, key=["file_symbol", "date"]).is_empty()


@pytest.mark.parametrize("case", cases("real_move"))
def test_a_crash_is_not_an_error(case, real_findings, real_market):
    """Everyone fell, and traded while falling."""
    _, pair, day = case["id"].split(".")
    around = [date.fromisoformat(day) + timedelta(days=n) for n in range(-2, 3)]
    assert said_of(real_findings, real_market, pair.removesuffix("USDT"), around) == {}


@pytest.mark.parametrize("case", cases("listing_day"))
def test_an_opening_auction_is_not_an_error(case, real_findings, real_market):
    """The first bar goes everywhere to find its price."""
    seen = rows(case)
    assert case_detectors.wicks(seen, series=["file_symbol"], time="date").is_empty()
    days = [date.fromisoformat(day) for day in seen["date"]]
    assert said_of(real_findings, real_market, case["id"].split(".")[1].removesuffix("USDT"), days) == {}


@pytest.mark.parametrize("case", cases("series_end"))
def test_an_ended_series_is_not_a_gap(case, real_findings, real_market):
    """A coin that was renamed or delisted years ago is history."""
    symbol = case["id"].split(".")[1].removesuffix("USDT")
    last = real_market.filter(pl.col("symbol") == symbol)["timestamp"].max().date()
    assert last.isoformat() == case["rows"][-1]["date"]
    assert said_of(real_findings, real_market, symbol, [last]) == {}


@pytest.mark.parametrize("case", cases("depeg"))
def test_a_broken_peg_is_news_and_not_an_error(case, real_findings, real_market):
    """USDC did trade at 0.88, and UST did die."""
    symbol = case["id"].split(".")[1]
    days = [date.fromisoformat(row["date"]) for row in case["rows"]]
    assert set(said_of(real_findings, real_market, symbol, days)) == {"keeps_its_peg(price)"}


def test_a_dead_peg_ends_by_itself(real_findings, real_market):
    """A coin that has left for good no longer has a peg."""
    overdue_rows = [date(2023, 1, 1) + timedelta(days=n) for n in range(300)]
    assert "keeps_its_peg(price)" not in said_of(real_findings, real_market, "USTC", overdue_rows)


@pytest.mark.parametrize("case", cases("gap.binance"))
def test_a_collector_that_slept_is_flagged(case, real_findings):
    """All live series lack the same eight days, and the finding says so."""
    found = real_findings["no_gap(timestamp)"]
    missing = [date.fromisoformat(day) for day in case["missing_dates"]]
    assert set(found["timestamp"].dt.date() + timedelta(days=1)) <= set(missing)
    counted = found.filter(pl.col("asset_id") == found["asset_id"][0])["said"].str.extract(r"^(\d+)").cast(pl.Int64)
    assert counted.sum() == len(missing)
    assert found["said"].str.contains("in 39 of 49 series").all()


@pytest.mark.parametrize("case", cases("mislabel"))
def test_a_symbol_that_reads_two_ways_is_flagged(case):
    """ARBUSD is Arweave against BUSD, and not Arbitrum against the dollar."""
    found = case_detectors.ambiguous_symbols(rows(case), symbol="symbol", known={"AR", "ARB", "BTC", "ETH"})
    assert found["said"].to_list() == ["reads as AR/BUSD or ARB/USD"]


@pytest.mark.parametrize("case", cases("cmc.duplicate"))
def test_overlapping_exports_are_flagged_as_safe_to_drop(case):
    """The same day twice, with the same values."""
    found = case_detectors.conflicts(rows(case), key=["symbol", "date"], values=["close", "volume", "market_cap"])
    assert found.height == 2
    assert found["said"].str.contains("same values").all()


@pytest.fixture(scope="module")
def market_findings(checked_history):
    """The suite over the real quotes, as a run would be checked."""
    return checked_history("49 coins, daily closes")[1]


@pytest.mark.parametrize("case", cases("cmc.zero"))
def test_zero_for_unknown_is_flagged(case, market_findings, real_market):
    """Rows that say a coin with a price was worth nothing, all of them (196 with the exports' overlaps)."""
    found = failed(market_findings)["market_cap is known for the whole series or for none of it"]
    zero = real_market.filter((pl.col("source") == "coinmarketcap_daily") & (pl.col("market_cap") == 0))
    assert case["rows"][0]["market_cap"] == 0
    assert found.rows == zero.height == 162


def test_real_markets_break_no_critical_rule(market_findings):
    """Eight years of 49 coins, crashes, depegs and all, may be printed."""
    assert failed(market_findings, least=("critical",)) == {}
    assert [each for each in market_findings if each.outcome == "error"] == []


@pytest.mark.parametrize("case", cases("cmc.market_cap_identity"))
def test_a_broken_identity_is_flagged(case):
    """Market value is price times supply, within what two clocks allow."""
    key = ["symbol", "date"]
    found = case_detectors.broken_identity(
        rows(case), key=key, whole="market_cap", product_of=("close", "circulating_supply")
    )
    assert found.height == len(case["rows"])


@pytest.fixture(scope="session")
def pools():
    """Real pools, as `yield_metrics` holds them but for the pool's id."""
    history = shared("defi/llama_pool_history.parquet")
    schema = TABLES["yield_metrics"].schema
    return history.with_columns(
        pl.col("timestamp").cast(pl.Datetime("us", "UTC")),
        protocol_name="protocol_slug",
        pool_address="pool_id_defillama",
        chain_id=pl.lit(1),
        tvl=pl.col("tvl_usd"),
        apy=pl.col("apy") / 100,
        rewards_apr=pl.col("apy_reward") / 100,
        trading_fees_apr=pl.col("apy_base") / 100,
        impermanent_loss_risk=pl.lit(None),
    ).select(*[pl.col(name).cast(dtype) for name, dtype in schema.items()], "pool_id")


@pytest.fixture(scope="session")
def pool_findings(pools, tmp_path_factory):
    """The suite over real pools, keyed by the id that collides."""
    collided = pools.with_columns(pool_address="pool_id").drop("pool_id")
    run = frozen(
        tmp_path_factory.mktemp("pools") / "2025-W40",
        {"yield_metrics": collided},
        week="2025-W40",
        as_of=datetime(2025, 10, 7, tzinfo=UTC),
    )
    return quality.validate(run, tables=["yield_metrics"])


@pytest.mark.parametrize("case", cases("llama.pool_id_collision"))
def test_a_key_that_is_none_is_flagged(case, pool_findings):
    """Two pools under one address are one pool in every table."""
    assert case_detectors.conflicts(rows(case), key=["timestamp", "pool_id"], values=["apy", "tvl_usd"]).height == 2
    key = next(rule for rule in failed(pool_findings, least=("critical",)) if "unique" in rule)
    assert failed(pool_findings)[key].rows == 2304


@pytest.mark.parametrize("case", cases("llama.apy_absurd"))
def test_an_absurd_yield_is_flagged(case, pool_findings):
    """Arithmetically right, and earned by no one."""
    assert case_detectors.absurd_yields(rows(case), key=["symbol"], apy="apy", unit=100).height == len(case["rows"])
    assert failed(pool_findings)["between(apy, <= 10.0)"].rows == 1191


@pytest.mark.parametrize("case", cases("llama.apy_identity"))
def test_a_yield_that_is_its_parts_passes(case, pool_findings):
    """The identity holds on all 73,201 rows."""
    assert "holds on all" in case["expected_check"]
    assert "apy is the sum of its parts, simple or compounded" not in failed(pool_findings)


@pytest.mark.parametrize("case", cases("llama.null_reward"))
def test_no_reward_programme_is_not_an_error(case, pool_findings):
    """None is not zero, and not a fault."""
    assert rows(case)["apy_base"].null_count() > 0
    assert not {"not_be_null(rewards_apr)", "not_be_null(trading_fees_apr)"} & set(failed(pool_findings))


@pytest.mark.parametrize("case", cases("llama.pool_gaps"))
def test_pools_that_drop_out_are_flagged(case, pools):
    """A yield must not be carried over days no one quoted."""
    found = freshness.gaps(pools, series=["pool_address"], time="timestamp")
    assert set(rows(case)["pool_id_defillama"]) <= set(found["pool_address"])
    assert found["said"].str.extract(r"^(\d+)").cast(pl.Int64).max() == 344


@pytest.mark.parametrize("case", cases("llama2023"))
def test_plausibility_is_by_pair(case):
    """A blue-chip pair never pays what a memecoin pool may."""
    found = case_detectors.absurd_yields(rows(case), key=["symbol"], apy="apy", pair="symbol", unit=100)
    assert found.height == len(case["rows"])
    assert "USDC-WETH" in found["symbol"].to_list()
    modest = pl.DataFrame({"symbol": ["USDC-WETH", "HOPPY-WETH"], "apy": [301.0, 301.0]})
    assert case_detectors.absurd_yields(modest, key=["symbol"], apy="apy", pair="symbol", unit=100)[
        "symbol"
    ].to_list() == ["USDC-WETH"]


@pytest.mark.parametrize("case", cases("frax", "llama.borrowed"))
def test_numbers_formatted_as_text_are_flagged(case):
    """A cast would turn them into nothing, silently."""
    seen = rows(case).with_row_index("row")
    columns = [name for name, dtype in seen.schema.items() if dtype == pl.String]
    assert set(case_detectors.dressed_numbers(seen, key=["row"], columns=columns)["row"]) == set(range(seen.height))


@pytest.mark.parametrize("case", cases("vlad"))
def test_a_part_beyond_its_whole_is_flagged(case):
    """No one lost 23 billion on a liquidation of 24,675."""
    found = case_detectors.beyond_the_whole(rows(case), key=["date"], part="profit_usd", whole="amount_usd")
    assert found.height == len(case["rows"])


def swaps(case):
    """Swaps as `dex_trades` holds them; a reverted one moved nothing."""
    seen = rows(case)
    moved = pl.when(pl.col("error").is_null()).then(1.0).otherwise(0.0)
    ether = 10.0**18
    priced = pl.col("token_out_amount") / pl.col("token_in_amount")
    step = pl.col("trace_address").hash().cast(pl.String).str.head(8)
    schema = TABLES["dex_trades"].schema
    return seen.with_columns(
        timestamp=pl.lit(datetime(2021, 6, 14, tzinfo=UTC)),
        chain_id=pl.lit(1),
        dex_name="protocol",
        # The pool is not in these rows; its tokens and the step of the route stand for it.
        pair_address=pl.concat_str(pl.col("token_out_address").str.head(34), step),
        token0_address="token_in_address",
        token1_address="token_out_address",
        amount0=pl.col("token_in_amount") / ether * moved,
        amount1=-pl.col("token_out_amount") / ether * moved,
        price=pl.when(priced > 0).then(priced.clip(1e-18, 1e12)).otherwise(0),
        block_number=pl.col("block_number").cast(pl.UInt64),
    ).select([pl.col(name).cast(dtype) for name, dtype in schema.items()])  # fmt: skip


@pytest.mark.parametrize("case", cases("mev"))
def test_swaps_that_moved_nothing_are_flagged_and_routes_are_not(case, freeze):
    """What never moved, or names no exchange, is flagged; a route of several swaps in one transaction is not."""
    run = freeze({"dex_trades": swaps(case)}, week="2021-W24", as_of=datetime(2021, 6, 15, tzinfo=UTC))
    found = failed(quality.validate(run, tables=["dex_trades"]))
    rule, count = {
        "mev.reverted": ("a swap moves both tokens", 2),
        "mev.same_token": ("a swap is between two tokens", 3),
        "mev.null_protocol": ("not_be_null(dex_name)", 2),
        "mev.multi_hop": ("", 0),
    }[case["id"]]
    if count:
        assert found[rule].rows == count
    else:
        assert not [name for name in found if "unique" in name]
        assert "a swap moves both tokens" not in found


@pytest.mark.parametrize("case", cases("chainlink"))
def test_a_stale_round_is_flagged(case):
    """Freshness is of the update, not of the row's date."""
    updated = pl.col("chainlink_updatedAt_utc").str.to_datetime()
    times = rows(case).select(updated=updated, claimed=updated + pl.duration(seconds=pl.col("lag_s")))
    assert (
        case_detectors.outdated(times, claimed="claimed", updated="updated", heartbeat=timedelta(hours=1)).height == 1
    )


@pytest.mark.parametrize("case", cases("univ3"))
def test_a_missing_minute_is_flagged(case):
    """1,439 of 1,440 minutes is not a whole day."""
    minutes = shared("defi/uniswap_v3_polygon_usdc_weth_minute.parquet").with_columns(
        pl.col("timestamp").str.to_datetime()
    )
    found = freshness.gaps(minutes, series=["pool"], time="timestamp").filter(
        pl.col("said").str.starts_with("1 missing")
    )
    short = {row["day"] for row in case["rows"] if row["len"] == 1439}
    missing = found["timestamp"] + timedelta(minutes=1)
    assert set(missing.dt.date().cast(pl.String)) == short
