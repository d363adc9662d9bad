"""False alarms: findings of the checks on data without faults, demos of many seeds and real histories.

Knows the demo, the files of `../shared/data`, and what is strange in either on purpose or in truth; checks through the
same door as everyone. A finding about anything else is a false alarm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from quality_frames import demo, frozen

from ys_analytics import quality
from ys_analytics.schemas import TABLES, Finding

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
PORTFOLIOS, DAYS, SEEDS = 30, 200, range(1, 21)

# What the demo puts there on purpose, and how the checks call it.
PLANTED_ALARMS: Mapping[tuple[str, str], str] = {
    ("market_data", "keeps_its_peg(price)"): "USDC loses its peg for three days, and DAI half of it.",
    ("portfolio_snapshots", "no_gap(timestamp)"): "One portfolio's snapshots stop for nine days.",
    ("risk_metrics", "no_gap(timestamp)"): "Nobody measures it then, nor a portfolio that is empty for thirty days.",
}

# What real histories hold in truth: news, sources that slept or repeated themselves, and yields no one can live on.
TRUE_FINDINGS: Mapping[tuple[str, str], str] = {
    ("market_data", "keeps_its_peg(price)"): "UST ended, and USDC traded at 0.88.",
    ("market_data", "no_gap(timestamp)"): "The collector slept for eight days of 2026, in all series at once.",
    ("market_data", "usual_rows_a_day(timestamp)"): "The same eight days.",
    ("market_data", "market_cap is known for the whole series or for none of it"): "The source writes 0 for unknown.",
    ("yield_metrics", "no_gap(timestamp)"): "Pools drop out of the list, and come back.",
    ("yield_metrics", "usual_rows_a_day(timestamp)"): "The collector tripled its list, and slept.",
    ("yield_metrics", "between(apy, <= 10.0)"): "The arithmetic is right, and nobody earns it.",
    ("yield_metrics", "not_stale(tvl)"): "The source repeats a pool's size to the last digit for days.",
    ("yield_metrics", "not_repeated(apy, tvl)"): "The source repeats a pool's whole row for days.",
    ("dex_trades", "a swap moves both tokens"): "Some swaps were reverted, and moved nothing.",
    ("dex_trades", "between(price, > 0.0)"): "The same, and two whose price is below all decimals of the store.",
    ("dex_trades", "a swap is between two tokens"): "Three swaps are of a token for itself.",
    ("dex_trades", "not_be_null(dex_name)"): "The collector knew the exchange of one swap in seventy.",
}


@dataclass(frozen=True, slots=True)
class History:
    """A real history as one table holds it.

    Attributes:
        name: What it is.
        table: The table.
        rows: Its rows.
    """

    name: str
    table: str
    rows: pl.DataFrame


def demo_findings(seed: int, *, portfolios: int = PORTFOLIOS, days: int = DAYS) -> list[Finding]:
    """What all suites say of a clean demo."""
    with frozen(demo(portfolios=portfolios, days=days, seed=seed)) as run:
        return not_passed(quality.validate(run))


def history_findings(history: History) -> list[Finding]:
    """What the suite of its table says of a real history, as soon as it ended."""
    end = history.rows.get_column("timestamp").max() + timedelta(seconds=1)
    week = f"{end.isocalendar().year}-W{end.isocalendar().week:02d}"
    with frozen({history.table: history.rows}, as_of=end, week=week) as run:
        return quality.validate(run, tables=[history.table])


def not_passed(found_rows: list[Finding]) -> list[Finding]:
    """What failed or could not run, and is more than a remark."""
    return [each for each in found_rows if each.outcome != "passed" and each.severity != "info"]


def _quotes(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        pl.col("volume_24h", "market_cap").fill_null(0),
        pl.col("price_change_24h").fill_null(0) / 100,
        asset_id=_uuid(pl.col("asset_id")),
        chain_id=pl.lit(0),
    ).sort("asset_id", "timestamp")


def _pools(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("timestamp").cast(pl.Datetime("us", "UTC")),
        pl.col("apy") / 100,
        protocol_name="protocol_slug",
        pool_address="pool_id_defillama",
        chain_id=pl.lit(1),
        tvl="tvl_usd",
        rewards_apr=pl.col("apy_reward") / 100,
        trading_fees_apr=pl.col("apy_base") / 100,
        impermanent_loss_risk=pl.lit(None),
    ).sort("protocol_name", "pool_address", "timestamp")


def _swaps(rows: pl.DataFrame) -> pl.DataFrame:
    """Raw amounts as if of 18 decimals; a reverted swap moved nothing. The scraper kept no time: blocks are 13 s."""
    amounts_moved = pl.when(pl.col("error").is_null()).then(1e-18).otherwise(0.0)
    received, sent = pl.col("token_in_amount") * amounts_moved, -pl.col("token_out_amount") * amounts_moved
    # A pool's first token is the one whose address is lower.
    in_order = pl.col("token_in_address") <= pl.col("token_out_address")
    first = pl.col("block_number").min()
    return (
        rows.with_columns(
            timestamp=pl.lit(datetime(2021, 6, 14, tzinfo=UTC))
            + pl.duration(seconds=13 * (pl.col("block_number") - first)),
            chain_id=pl.lit(1),
            dex_name="protocol",
            pair_address="contract_address",
            token0_address=pl.min_horizontal("token_in_address", "token_out_address"),
            token1_address=pl.max_horizontal("token_in_address", "token_out_address"),
            amount0=pl.when(in_order).then(received).otherwise(sent).clip(-1e18, 1e18),
            amount1=pl.when(in_order).then(sent).otherwise(received).clip(-1e18, 1e18),
        )
        .with_columns(price=(pl.col("amount1") / pl.col("amount0")).abs().fill_nan(0).clip(0, 1e18))
        .sort("block_number", "transaction_hash", "trace_address")
    )


def _liquidations(rows: pl.DataFrame) -> pl.DataFrame:
    """Collateral that left, one row a transaction, as a table whose row is a whole transaction holds it."""
    whole = rows.group_by("tx_hash").agg(
        pl.col("datetime", "block_number", "liquidatee").first(), amount=pl.col("collateral_amount_wbtc").sum()
    )
    return whole.with_columns(
        id=_uuid(pl.col("tx_hash")),
        portfolio_id=_uuid(pl.col("liquidatee")),
        strategy_id=pl.lit(None),
        transaction_hash="tx_hash",
        chain_id=pl.lit(1),
        from_asset_id=_uuid(pl.lit("WBTC")),
        to_asset_id=pl.lit(None),
        from_amount="amount",
        to_amount=pl.lit(None),
        gas_used=pl.lit(None),
        gas_price=pl.lit(None),
        transaction_type=pl.lit("withdraw"),
        status=pl.lit("confirmed"),
        protocol_name=pl.lit("aave-v3"),
        metadata=pl.lit(None),
        timestamp=pl.col("datetime").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        created_at=pl.col("datetime").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    ).sort("timestamp", "id")


def _uuid(name: pl.Expr) -> pl.Expr:
    """Text in the form of a UUID, one for each name."""
    digits = name.hash(seed=7).cast(pl.String).str.zfill(32)
    parts = [digits.str.slice(start, size) for start, size in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.concat_str(parts, separator="-")


# What is here to be read: its file in `../shared/data`, its table, and how it is read.
HISTORIES: Mapping[str, tuple[str, str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "49 coins, daily closes": ("market/market_data_normalized.parquet", "market_data", _quotes),
    "479 pools, daily yields": ("defi/llama_pool_history.parquet", "yield_metrics", _pools),
    "swaps of 251 blocks": ("dex/ethereum_dex_swaps_mev_inspect.parquet", "dex_trades", _swaps),
    "liquidations, as a ledger": ("liquidations/aave_wbtc_liquidations_vlad.parquet", "transactions", _liquidations),
}


def history(name: str) -> History | None:
    """One history; nothing where its file is not here."""
    path, table, read = HISTORIES[name]
    if not (DATA / path).is_file():
        return None
    schema = TABLES[table].schema
    rows = read(pl.read_parquet(DATA / path)).select([pl.col(column).cast(dtype) for column, dtype in schema.items()])
    return History(name, table, rows)


def false_alarms(found_rows: list[Finding], known_names: Mapping[tuple[str, str], str]) -> list[Finding]:
    """Findings about nothing that is known to be there."""
    return [each for each in found_rows if (each.suite, each.rule) not in known_names]
