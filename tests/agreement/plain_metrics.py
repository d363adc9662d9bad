"""The dozen headline metrics, as the plain catalogue of the metrics' own tests computes them."""

from collections.abc import Callable
from typing import Any

from ..metrics.plain_answers import PLAIN  # noqa: TID252 - the tests' own second catalogue

# Name, title and least number of returns of each, in the order of the page.
HEADLINE = (
    ("total_return", "Total return", 1),
    ("cagr", "Compound annual growth", 30),
    ("volatility", "Volatility", 30),
    ("sharpe_ratio", "Sharpe ratio", 30),
    ("sortino_ratio", "Sortino ratio", 30),
    ("max_drawdown", "Maximum drawdown", 1),
    ("calmar_ratio", "Calmar ratio", 30),
    ("value_at_risk", "Value at risk 95 %, one day, historical", 30),
    ("expected_shortfall", "Expected shortfall 95 %, one day, historical", 30),
    ("best_day", "Best day", 1),
    ("worst_day", "Worst day", 1),
    ("win_rate", "Winning days", 1),
)


def metric(name: str) -> Callable[[list[Any]], float | None]:
    """The plain computation of a metric, from (day, return, benchmark)."""
    return PLAIN[name]
