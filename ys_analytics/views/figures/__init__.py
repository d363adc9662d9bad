"""Every chart the kit can draw: frame in, figure out."""

from ys_analytics.views.figures.bridge import bridge
from ys_analytics.views.figures.composition import composition
from ys_analytics.views.figures.holdings import allocation, pool_yields
from ys_analytics.views.figures.months import month_distribution
from ys_analytics.views.figures.risk import (
    liquidation_distance,
    return_distribution,
    rolling_beta,
    rolling_risk,
    tail_days,
)
from ys_analytics.views.figures.signals import alert_timeline, sentiment
from ys_analytics.views.figures.value import growth, underwater, value, week_returns

__all__ = [
    "alert_timeline",
    "allocation",
    "bridge",
    "composition",
    "growth",
    "liquidation_distance",
    "month_distribution",
    "pool_yields",
    "return_distribution",
    "rolling_beta",
    "rolling_risk",
    "sentiment",
    "tail_days",
    "underwater",
    "value",
    "week_returns",
]


def __dir__() -> list[str]:
    """What one calls, for completion; not the modules they stand in."""
    return sorted(__all__)
