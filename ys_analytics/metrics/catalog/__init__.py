"""Every metric's name, title, unit, formula, direction, least sample and source, and the frame of them.

Knows the printing facts and how a number is refused; what a metric is, its own
function says. Tables, axes, glossary and `ys metrics` read this and nothing else.
"""

from ys_analytics.metrics.catalog.composites import COMPOSITES
from ys_analytics.metrics.catalog.dangers import DANGERS
from ys_analytics.metrics.catalog.falls import FALLS
from ys_analytics.metrics.catalog.headline import (
    BEST_DAY,
    CAGR,
    CALMAR_RATIO,
    EXPECTED_SHORTFALL,
    HEADLINE,
    MAX_DRAWDOWN,
    SHARPE_RATIO,
    SORTINO_RATIO,
    TOTAL_RETURN,
    VALUE_AT_RISK,
    VOLATILITY,
    WIN_RATE,
    WORST_DAY,
)
from ys_analytics.metrics.catalog.metric import Metric
from ys_analytics.metrics.catalog.refusals import with_reasons
from ys_analytics.metrics.catalog.relations import RELATIONS
from ys_analytics.metrics.catalog.rewards import REWARDS
from ys_analytics.metrics.catalog.summary import fleet, summarise

ALL: tuple[Metric, ...] = (*HEADLINE, *REWARDS, *COMPOSITES, *FALLS, *DANGERS, *RELATIONS)
METRICS: dict[str, Metric] = {metric.name: metric for metric in ALL}

__all__ = [
    "ALL",
    "BEST_DAY",
    "CAGR",
    "CALMAR_RATIO",
    "COMPOSITES",
    "DANGERS",
    "EXPECTED_SHORTFALL",
    "FALLS",
    "HEADLINE",
    "MAX_DRAWDOWN",
    "METRICS",
    "RELATIONS",
    "REWARDS",
    "SHARPE_RATIO",
    "SORTINO_RATIO",
    "TOTAL_RETURN",
    "VALUE_AT_RISK",
    "VOLATILITY",
    "WIN_RATE",
    "WORST_DAY",
    "Metric",
    "fleet",
    "summarise",
    "with_reasons",
]
