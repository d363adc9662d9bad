"""A small deterministic DeFi economy that fills all four stores with one coherent story.

`economy` makes the frames and writes nothing; `fill` writes them. Nothing here reads a clock: the same seed
and the same end give the same bytes.
"""

from ys_analytics.demo.cast import BUY_AND_HOLD, HOSTILE_NAME, ODD
from ys_analytics.demo.claims import DISCREPANCIES, Discrepancy
from ys_analytics.demo.economy import check_size, economy
from ys_analytics.demo.filling import UNTIL, Filled, fill, is_filled

__all__ = [
    "BUY_AND_HOLD",
    "DISCREPANCIES",
    "HOSTILE_NAME",
    "ODD",
    "UNTIL",
    "Discrepancy",
    "Filled",
    "check_size",
    "economy",
    "fill",
    "is_filled",
]
