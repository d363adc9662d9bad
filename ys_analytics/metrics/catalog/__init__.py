"""The catalogue: every declared metric, by name and by subject, and the frames of their values.

Gathers the declarations that stand next to the functions of `growth`, `performance`, `drawdown` and `risk`. Tables,
axes, the glossary of the page and `ys metrics` read them here. Does not define a metric.

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

from ys_analytics.metrics import drawdown, growth, performance, risk
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
from ys_analytics.metrics.catalog.null_reasons import with_reasons
from ys_analytics.metrics.catalog.summary import fleet, summarise
from ys_analytics.metrics.declaration import Metric, declared_metrics

_NOT_HEADLINE = tuple(
    metric for metric in declared_metrics(growth, performance, drawdown, risk) if metric not in HEADLINE
)

BENCHMARK: tuple[Metric, ...] = tuple(metric for metric in _NOT_HEADLINE if metric.benchmark)
PERFORMANCE: tuple[Metric, ...] = tuple(
    metric for metric in declared_metrics(growth, performance) if metric in _NOT_HEADLINE and not metric.benchmark
)
DRAWDOWNS: tuple[Metric, ...] = tuple(metric for metric in declared_metrics(drawdown) if metric in _NOT_HEADLINE)
RISK: tuple[Metric, ...] = tuple(metric for metric in declared_metrics(risk) if metric in _NOT_HEADLINE)

ALL: tuple[Metric, ...] = (*HEADLINE, *PERFORMANCE, *DRAWDOWNS, *RISK, *BENCHMARK)
METRICS: dict[str, Metric] = {metric.name: metric for metric in ALL}

__all__ = [
    "ALL",
    "BENCHMARK",
    "BEST_DAY",
    "CAGR",
    "CALMAR_RATIO",
    "DRAWDOWNS",
    "EXPECTED_SHORTFALL",
    "HEADLINE",
    "MAX_DRAWDOWN",
    "METRICS",
    "PERFORMANCE",
    "RISK",
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
