"""A small deterministic DeFi economy that fills all four stores with one coherent story.

`economy` makes the frames and writes nothing; `fill` writes them. Nothing here reads a clock: the same seed
and the same end give the same bytes.
"""

from ys_analytics.demo.economy import check_size, economy
from ys_analytics.demo.filling import UNTIL, Filled, fill, is_filled
from ys_analytics.demo.portfolios import BUY_AND_HOLD, EDGE_CASES, HOSTILE_NAME
from ys_analytics.demo.snapshots import DISCREPANCIES, Discrepancy

__all__ = [
    "BUY_AND_HOLD",
    "DISCREPANCIES",
    "EDGE_CASES",
    "HOSTILE_NAME",
    "UNTIL",
    "Discrepancy",
    "Filled",
    "check_size",
    "economy",
    "fill",
    "is_filled",
]
