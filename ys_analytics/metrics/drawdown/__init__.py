"""Drawdowns: the path, the deepest one, all of them, and reward per unit of them.

Gathers four subjects: the `path` and its lowest point, `episodes` as a table, `measures` that
put them in one number, and `ratios` of growth to them.
Depends on `growth` and `risk`. Does not use `performance` or `catalog`.
"""

from ys_analytics.metrics.drawdown.episodes import drawdowns
from ys_analytics.metrics.drawdown.measures import (
    average_drawdown,
    average_drawdown_length,
    average_recovery_length,
    conditional_drawdown_at_risk,
    drawdown_at_risk,
    entropic_drawdown_at_risk,
    longest_drawdown_length,
    pain_index,
    ulcer_index,
)
from ys_analytics.metrics.drawdown.path import (
    max_drawdown,
    peak_date,
    recovery_date,
    trough_date,
    underwater,
    wealth,
)
from ys_analytics.metrics.drawdown.ratios import (
    burke,
    martin,
    pain_ratio,
    recovery_factor,
    serenity_index,
    sterling,
)

__all__ = [
    "average_drawdown",
    "average_drawdown_length",
    "average_recovery_length",
    "burke",
    "conditional_drawdown_at_risk",
    "drawdown_at_risk",
    "drawdowns",
    "entropic_drawdown_at_risk",
    "longest_drawdown_length",
    "martin",
    "max_drawdown",
    "pain_index",
    "pain_ratio",
    "peak_date",
    "recovery_date",
    "recovery_factor",
    "serenity_index",
    "sterling",
    "trough_date",
    "ulcer_index",
    "underwater",
    "wealth",
]
