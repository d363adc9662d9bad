"""Whose numbers a row bears on, where a table's declaration (`affects`) does not say it alone.

Declared once, so that the checks, the gate and the desk agree on which portfolios a finding affects.
Does not know how a key is followed to a portfolio (`quality.dependents` does).
"""

from collections.abc import Mapping

from ys_analytics.schemas.table import Kind

# How many keys of rows at fault a finding lists; a fault that names more is everybody's.
MOST_KEYS = 10_000

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
