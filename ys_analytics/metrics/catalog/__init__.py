"""Every metric's name, title, unit, formula, direction, least sample and source, and the frame of them.

Knows the printing facts and how a number is refused; what a metric is, its own
function says. Tables, axes, glossary and `ys metrics` read this and nothing else.

Of what quantstats, pyfolio, PerformanceAnalytics and Lean print, not here, and why:
- turnover, leverage, slippage, capacity, round trips, returns per trade: they are made of orders, which
  no table of the platform holds; lots and gains are in `pnl`.
- expected month and year, average up and down month, share of winning weeks and months: `mean_return`,
  `geometric_mean_return`, `average_win`, `average_loss` and `win_rate` of `aggregate_returns`.
- forms of one number: Sharpe over value at risk (`reward_to_risk`), growth over time in the market
  (`exposure_adjusted_growth`), prospect, omega-Sharpe, d-ratio and comoments are functions, not headings.
- what is fitted and not computed: smoothing by moving averages, kernel value at risk, cleaned returns,
  return cones; their result depends on a search, and a second computation could not settle it.
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
