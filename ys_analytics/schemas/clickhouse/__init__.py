"""ClickHouse's tables: prices, trades, yields and the platform's measurements.

Knows the six tables with the types `system.columns` must show, under rulings C1
to C8. Holds no SQL.
"""

from ys_analytics.schemas.clickhouse.agents import SATELLITE_PERFORMANCE
from ys_analytics.schemas.clickhouse.market import DEX_TRADES, MARKET_DATA
from ys_analytics.schemas.clickhouse.portfolios import PORTFOLIO_SNAPSHOTS, RISK_METRICS
from ys_analytics.schemas.clickhouse.yields import YIELD_METRICS

TABLES = (MARKET_DATA, DEX_TRADES, YIELD_METRICS, PORTFOLIO_SNAPSHOTS, RISK_METRICS, SATELLITE_PERFORMANCE)

__all__ = [
    "DEX_TRADES",
    "MARKET_DATA",
    "PORTFOLIO_SNAPSHOTS",
    "RISK_METRICS",
    "SATELLITE_PERFORMANCE",
    "TABLES",
    "YIELD_METRICS",
]
