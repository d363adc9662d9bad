"""What ClickHouse holds: prices, trades, yields and what the platform measured.

Knows the six tables with the types `system.columns` must show, under rulings C1
to C8. Holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.table import MONEY, TIME, Column, Table

_PAIR = pl.Struct({"key": pl.String(), "value": pl.Decimal(18, 8)})
_NOTE = pl.Struct({"key": pl.String(), "value": pl.String()})


def _time(meaning: str) -> Column:
    return Column(name="timestamp", dtype=TIME, native="DateTime64(3, 'UTC')", meaning=meaning, unit="UTC")


def _text(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=pl.String(), native="String", meaning=meaning)


def _amount(name: str, meaning: str, *, unit: str) -> Column:
    return Column(name=name, dtype=MONEY, native="Decimal(38, 18)", meaning=meaning, unit=unit)


def _rate(name: str, meaning: str, *, unit: str = "fraction") -> Column:
    return Column(name=name, dtype=pl.Decimal(18, 8), native="Decimal(18, 8)", meaning=meaning, unit=unit)


def _count(name: str, meaning: str, *, unit: str = "") -> Column:
    return Column(name=name, dtype=pl.UInt32(), native="UInt32", meaning=meaning, unit=unit)


MARKET_DATA = Table(
    name="market_data",
    store="clickhouse",
    key=("asset_id", "chain_id", "timestamp", "source"),
    time="timestamp",
    meaning="Prices as they were quoted.",
    columns=(
        _time("When it was quoted."),
        _text("asset_id", "Which asset, as PostgreSQL's UUID."),
        _count("chain_id", "On which chain; 0 for a coin with a chain of its own."),
        _amount("price", "Price of one unit.", unit="USD"),
        _amount("volume_24h", "Traded in the last 24 hours.", unit="USD"),
        _amount("market_cap", "Price times supply; 0 where unknown.", unit="USD"),
        _rate("price_change_24h", "Change of the price in 24 hours."),
        _text("source", "Who quoted it."),
    ),
)

DEX_TRADES = Table(
    name="dex_trades",
    store="clickhouse",
    key=("chain_id", "dex_name", "timestamp", "transaction_hash", "pair_address"),
    time="timestamp",
    events=True,
    meaning="Swaps on decentralised exchanges.",
    columns=(
        _time("When it was included."),
        _count("chain_id", "On which chain."),
        _text("dex_name", "On which exchange."),
        _text("pair_address", "In which pool."),
        _text("token0_address", "First token's contract."),
        _text("token1_address", "Second token's contract."),
        _amount("amount0", "Change of the pool's first token; negative leaves it.", unit="token0"),
        _amount("amount1", "Change of the pool's second token; negative leaves it.", unit="token1"),
        _amount("price", "token1 paid for one token0.", unit="token1 per token0"),
        _text("transaction_hash", "Its hash on chain."),
        Column(name="block_number", dtype=pl.UInt64(), native="UInt64", meaning="In which block."),
    ),
)

YIELD_METRICS = Table(
    name="yield_metrics",
    store="clickhouse",
    key=("protocol_name", "pool_address", "timestamp"),
    time="timestamp",
    meaning="What pools quoted.",
    columns=(
        _time("When it was quoted."),
        _text("protocol_name", "Which protocol."),
        _text("pool_address", "Which pool."),
        _count("chain_id", "On which chain."),
        _rate("apy", "Yield per year, compounded."),
        _amount("tvl", "Value locked.", unit="USD"),
        _rate("rewards_apr", "The part paid in reward tokens, per year, simple."),
        _rate("trading_fees_apr", "The part earned from fees or interest, per year, simple."),
        _rate("impermanent_loss_risk", "Expected impermanent loss: 0 none, 1 total."),
    ),
)

PORTFOLIO_SNAPSHOTS = Table(
    name="portfolio_snapshots",
    store="clickhouse",
    key=("portfolio_id", "timestamp"),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="Each portfolio's value, with what the platform claims of its return and risk.",
    columns=(
        _time("When it was valued."),
        _text("portfolio_id", "Which portfolio, as PostgreSQL's UUID."),
        _amount("total_value", "Net value of all positions.", unit="USD"),
        _rate("total_return", "Claim: return since the beginning."),
        _rate("daily_return", "Claim: return of the day."),
        _rate("sharpe_ratio", "Claim: Sharpe ratio.", unit="ratio"),
        _rate("max_drawdown", "Claim: deepest fall from a peak."),
        _rate("volatility", "Claim: volatility per year."),
        Column(
            name="asset_allocation",
            dtype=pl.List(_PAIR),
            native="Map(String, Decimal(18, 8))",
            meaning="Share of net value by asset id.",
            unit="fraction",
        ),
    ),
)

RISK_METRICS = Table(
    name="risk_metrics",
    store="clickhouse",
    key=("portfolio_id", "timestamp"),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="What the platform claims each portfolio risks.",
    columns=(
        _time("When it was measured."),
        _text("portfolio_id", "Which portfolio, as PostgreSQL's UUID."),
        _amount("var_95", "Claim: one-day loss exceeded one day in twenty.", unit="USD"),
        _amount("cvar_95", "Claim: mean loss on such days.", unit="USD"),
        _rate("correlation_score", "Mean correlation of its assets.", unit="ratio"),
        _rate("liquidation_distance", "Fall of collateral that liquidates it; 1 where nothing is borrowed."),
        _rate("protocol_risk_score", "Risk of the protocols it uses: 0 none, 1 certain.", unit="score"),
    ),
)

SATELLITE_PERFORMANCE = Table(
    name="satellite_performance",
    store="clickhouse",
    key=("agent_id", "metric_name", "timestamp"),
    time="timestamp",
    meaning="How well each satellite agent worked.",
    columns=(
        _time("When it was measured."),
        _text("agent_id", "Which satellite."),
        _text("metric_name", "What was measured."),
        _amount("metric_value", "The measurement.", unit="as named"),
        _count("response_time_ms", "Median time to answer.", unit="ms"),
        Column(
            name="success_rate",
            dtype=pl.Decimal(18, 4),
            native="Decimal(18, 4)",
            meaning="Share of tasks that succeeded.",
            unit="fraction",
        ),
        _count("error_count", "Tasks that failed."),
        Column(name="metadata", dtype=pl.List(_NOTE), native="Map(String, String)", meaning="What else was noted."),
    ),
)

TABLES = (MARKET_DATA, DEX_TRADES, YIELD_METRICS, PORTFOLIO_SNAPSHOTS, RISK_METRICS, SATELLITE_PERFORMANCE)
