"""The whole demo as frames: pure, deterministic, and written nowhere.

market -> pools -> portfolios -> simulation -> valuation -> claims -> risk, alerts and caches.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from ys_analytics.demo import (
    agents,
    alerts,
    assets,
    cache,
    embeddings,
    pools,
    risk,
    simulation,
    snapshots,
    trades,
    transactions,
    users,
    valuation,
)
from ys_analytics.demo import market as markets
from ys_analytics.demo import portfolios as portfolio_maker
from ys_analytics.demo.price_file import read_market
from ys_analytics.demo.world import UNISWAP_V2
from ys_analytics.errors import UsageError
from ys_analytics.schemas import Progress, silent

MIN_DAYS = 30

# The tables of PostgreSQL in an order in which every reference finds what it refers to.
POSTGRES = (
    "users", "user_api_keys", "user_sessions", "assets", "portfolios", "portfolio_positions", "trading_strategies",
    "transactions", "risk_assessments", "risk_alerts", "satellite_agents", "agent_tasks",
)  # fmt: skip
CLICKHOUSE = (
    "market_data", "dex_trades", "yield_metrics", "portfolio_snapshots", "risk_metrics", "satellite_performance",
)  # fmt: skip
QDRANT = ("market_sentiment", "protocol_analysis", "trading_patterns")


# The largest size for a laptop: ten years, and closes of all portfolios together.
MAX_DAYS = 3_650
MAX_CLOSES = 5_000_000

_YEARS = range(2015, 2101)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Economy:
    """The inputs of the demo and the frames made from them."""

    portfolios: portfolio_maker.Portfolios
    market: markets.Market
    rates: pools.Rates
    seed: int
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)


def economy(
    *,
    portfolios: int = 12,
    days: int = 400,
    seed: int = 7,
    until: datetime,
    prices: Path | None = None,
    progress: Progress = silent,
) -> dict[str, pl.DataFrame]:
    """Every table, key family and collection of the demo, by its name in `schemas.TABLES`.

    Args:
        portfolios: How many; from nine on all seven edge cases are among them.
        days: Days of history, at least 30; prices begin one day earlier.
        seed: Same seed, same frames.
        until: The exclusive end of a synthetic history, midnight UTC.
        prices: A file of real prices instead of a synthetic market; the history is then its last `days` days
            (`price_file.read_market`) and `until` is not used.
        progress: Called with every step.

    Returns:
        Frames of their schema's columns, secret ones included where a store demands them. The
        materialized views and `schema_migrations` are the stores' own and not among them.

    Raises:
        UsageError: a number is too small or too large, or `until` is not a midnight in UTC.
        ContractError: the file of prices is not what it should be.

    >>> from datetime import UTC
    >>> frames = economy(portfolios=2, days=30, until=datetime(2026, 11, 23, tzinfo=UTC))
    >>> frames["portfolio_snapshots"].columns[:3]
    ['timestamp', 'portfolio_id', 'total_value']
    """
    check_size(portfolios, days, until)
    progress("prices", 0, 5)
    quoted = (
        markets.synthetic_market(days=days + 1, seed=seed, until=until)
        if prices is None
        else read_market(prices, days=days + 1)
    )
    rates = pools.simulate_rates(quoted, seed=seed)
    market = markets.with_receipt_tokens(quoted, fees=rates.fees[UNISWAP_V2], seed=seed)
    economy = _Economy(
        portfolios=portfolio_maker.make_portfolios(portfolios=portfolios, market=market, seed=seed),
        market=market,
        rates=rates,
        seed=seed,
    )
    _build(economy, progress)
    return economy.frames


def _build(economy: _Economy, progress: Progress) -> None:
    portfolios, market, seed, frames = economy.portfolios, economy.market, economy.seed, economy.frames
    progress("transactions", 1, 5)
    entries = simulation.simulate(portfolios, market, economy.rates, seed=seed)
    progress("values", 2, 5)
    valued = valuation.value_portfolios(portfolios, market, entries)
    claims = snapshots.claims_of(portfolios, market, entries, valued)
    progress("risks", 3, 5)
    risks = risk.measure_risks(portfolios, market, valued, claims)
    progress("tables", 4, 5)
    frames["users"] = users.users(portfolios, market, seed=seed)
    frames["user_api_keys"] = users.user_api_keys(portfolios, market, seed=seed)
    frames["user_sessions"] = users.user_sessions(portfolios, market, seed=seed)
    frames["assets"] = assets.assets(market)
    frames["portfolios"] = users.portfolios(portfolios, market, seed=seed)
    frames["portfolio_positions"] = transactions.portfolio_positions(portfolios, market, entries, valued, seed=seed)
    frames["trading_strategies"] = users.trading_strategies(portfolios, market, entries, seed=seed)
    frames["transactions"] = transactions.transactions(portfolios, market, entries, seed=seed)
    frames["risk_assessments"] = alerts.risk_assessments(portfolios, market, risks, seed=seed)
    frames["risk_alerts"] = alerts.risk_alerts(portfolios, market, risks, seed=seed)
    frames["agent_tasks"] = agents.agent_tasks(portfolios, market, seed=seed)
    frames["satellite_agents"] = agents.satellite_agents(market, frames["agent_tasks"])
    frames["market_data"] = assets.market_data(market)
    frames["dex_trades"] = trades.dex_trades(market, seed=seed)
    frames["yield_metrics"] = pools.yield_metrics(economy.rates, market)
    frames["portfolio_snapshots"] = snapshots.snapshots(portfolios, market, valued, claims)
    frames["risk_metrics"] = risk.risk_metrics(portfolios, market, risks)
    frames["satellite_performance"] = agents.satellite_performance(frames["agent_tasks"], seed=seed)
    frames["market_sentiment"] = embeddings.market_sentiment(market, seed=seed)
    frames["protocol_analysis"] = embeddings.protocol_analysis(market, economy.rates, seed=seed)
    frames["trading_patterns"] = embeddings.trading_patterns(market, seed=seed)
    last_close = cache.LastClose(
        portfolios=portfolios,
        market=market,
        claims=claims,
        risks=risks,
        positions=frames["portfolio_positions"],
        alerts=frames["risk_alerts"],
        tasks=frames["agent_tasks"],
        satellites=frames["satellite_agents"],
        performance=frames["satellite_performance"],
        snapshots=frames["portfolio_snapshots"],
        seed=seed,
    )
    frames.update(cache.caches(last_close))


def check_size(portfolios: int, days: int, until: datetime) -> None:
    """Refuse a size that makes no sense, before anything is made.

    Raises:
        UsageError: a number is too small or too large, or `until` is not a midnight in UTC.
    """
    if portfolios < 1:
        raise UsageError(f"{portfolios} portfolios: ask for at least one")
    if days < MIN_DAYS:
        raise UsageError(f"{days} days: the demo needs at least {MIN_DAYS}")
    if days > MAX_DAYS or portfolios * days > MAX_CLOSES:
        raise UsageError(
            f"{portfolios:,} portfolios over {days:,} days: the demo makes at most {MAX_DAYS:,} days and"
            f" {MAX_CLOSES:,} closes; ask for fewer"
        )
    if until.year not in _YEARS:
        raise UsageError(f"until {until:%Y-%m-%d}: give a day of the years {_YEARS.start} to {_YEARS.stop - 1}")
    offset = until.utcoffset()
    if offset is None or offset.total_seconds() != 0 or until.time() != datetime.min.time():
        raise UsageError(f"until {until.isoformat()}: give a midnight in UTC")
