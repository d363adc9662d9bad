"""Kinds of keys by which a row affects portfolios, where a table's declaration (`affects`) does not say it alone.

Declared once, so that the checks, the gate and the desk agree on which portfolios a finding affects.
Does not know how a key is followed to a portfolio (`quality.dependents` does).
"""

from collections.abc import Mapping

from ys_analytics.schemas.table import Kind

# The most keys of failing rows that a finding lists; one with more affects all portfolios.
MAX_KEYS = 10_000

# The kind of key in a column of that name in a query over several tables, the most specific first.
KIND_OF_COLUMN: Mapping[str, Kind] = {
    "portfolio_id": "portfolio",
    "user_id": "user",
    "pool_address": "pool",
    "asset_id": "asset",
    "symbol": "symbol",
    "protocol_name": "protocol",
    "chain_id": "chain",
}
