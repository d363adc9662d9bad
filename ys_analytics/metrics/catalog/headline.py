"""The metrics on the first page of every report, in its order.

Depends on the rooms that declare metrics. Does not repeat what a metric is: its declaration is next to its function.
"""

from ys_analytics.metrics import drawdown, growth, performance, risk
from ys_analytics.metrics.declaration import Metric, declared_metrics

_DECLARED = {metric.name: metric for metric in declared_metrics(growth, performance, drawdown, risk)}

TOTAL_RETURN = _DECLARED["total_return"]
CAGR = _DECLARED["cagr"]
VOLATILITY = _DECLARED["volatility"]
SHARPE_RATIO = _DECLARED["sharpe_ratio"]
SORTINO_RATIO = _DECLARED["sortino_ratio"]
MAX_DRAWDOWN = _DECLARED["max_drawdown"]
CALMAR_RATIO = _DECLARED["calmar_ratio"]
VALUE_AT_RISK = _DECLARED["value_at_risk"]
EXPECTED_SHORTFALL = _DECLARED["expected_shortfall"]
BEST_DAY = _DECLARED["best_day"]
WORST_DAY = _DECLARED["worst_day"]
WIN_RATE = _DECLARED["win_rate"]

HEADLINE: tuple[Metric, ...] = (
    TOTAL_RETURN,
    CAGR,
    VOLATILITY,
    SHARPE_RATIO,
    SORTINO_RATIO,
    MAX_DRAWDOWN,
    CALMAR_RATIO,
    VALUE_AT_RISK,
    EXPECTED_SHORTFALL,
    BEST_DAY,
    WORST_DAY,
    WIN_RATE,
)
