"""Whose numbers a row bears on: for each table, the column that says so.

Declared once, so that the checks, the gate and the desk agree on which portfolios a finding affects. Depends on
nothing; does not know how a key is followed to a portfolio (`quality.dependents` does).
"""

from collections.abc import Mapping
from typing import Literal

Kind = Literal["portfolio", "user", "asset", "symbol", "chain", "pool", "protocol"]

# How many keys of rows at fault a finding lists; a fault that names more is everybody's.
MOST_KEYS = 10_000

# Column and kind of key of each table's rows. None: a row bears on everybody. Empty: on no portfolio's numbers.
ATTRIBUTION: Mapping[str, tuple[str, Kind] | tuple[()] | None] = {
    "users": ("id", "user"),
    "user_api_keys": (),
    "user_sessions": (),
    "assets": ("id", "asset"),
    "portfolios": ("id", "portfolio"),
    "portfolio_positions": ("portfolio_id", "portfolio"),
    "trading_strategies": ("portfolio_id", "portfolio"),
    "transactions": ("portfolio_id", "portfolio"),
    "risk_assessments": ("portfolio_id", "portfolio"),
    "risk_alerts": ("portfolio_id", "portfolio"),
    "satellite_agents": (),
    "agent_tasks": (),
    "schema_migrations": None,
    "daily_external_flows": ("portfolio_id", "portfolio"),
    "current_exposure": ("portfolio_id", "portfolio"),
    "market_data": ("asset_id", "asset"),
    "dex_trades": ("pair_address", "pool"),
    "yield_metrics": ("pool_address", "pool"),
    "portfolio_snapshots": ("portfolio_id", "portfolio"),
    "risk_metrics": ("portfolio_id", "portfolio"),
    "satellite_performance": (),
    "redis_price_current": ("asset_id", "asset"),
    "redis_price_hist": ("asset_id", "asset"),
    "redis_price_alerts": ("asset_id", "asset"),
    "redis_portfolio_positions": ("portfolio_id", "portfolio"),
    "redis_portfolio_perf": ("portfolio_id", "portfolio"),
    "redis_portfolio_risk": ("portfolio_id", "portfolio"),
    "redis_portfolio_rebalance": ("portfolio_id", "portfolio"),
    "redis_agent_health": (),
    "redis_agent_tasks": (),
    "redis_agent_perf": (),
    "redis_agent_config": (),
    "redis_session_user": (),
    "redis_session_perms": (),
    "redis_rate_limit": (),
    "redis_risk_liquidation": ("portfolio_id", "portfolio"),
    "redis_risk_correlation": ("portfolio_id", "portfolio"),
    "redis_alerts_queue": None,
    "redis_arbitrage_opps": (),
    "redis_arbitrage_routes": ("asset_id", "asset"),
    "redis_bridge_fees": ("chain_id", "chain"),
    "market_sentiment": ("asset_mentioned", "symbol"),
    "protocol_analysis": ("protocol_name", "protocol"),
    "trading_patterns": ("assets_involved", "symbol"),
}

# What a column of that name says in the answer of a query over several tables, the most telling first.
SAYS: Mapping[str, Kind] = {
    "portfolio_id": "portfolio",
    "user_id": "user",
    "pool_address": "pool",
    "asset_id": "asset",
    "symbol": "symbol",
    "protocol_name": "protocol",
    "chain_id": "chain",
}
