"""The dozen headline metrics, as the plain catalogue of the metrics' own tests computes them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ..metrics.plain_answers import PLAIN  # noqa: TID252 - the tests' own second catalogue

# Name, title and least number of returns of each, in the order of the page; and whether it links returns, so that one
# over several days is in it, or describes days, so that it is not.
LINKED, DAILY = "linked", "daily"
HEADLINE = (
    ("total_return", "Total return", 1, LINKED),
    ("cagr", "Compound annual growth", 30, LINKED),
    ("volatility", "Volatility", 30, DAILY),
    ("sharpe_ratio", "Sharpe ratio", 30, DAILY),
    ("sortino_ratio", "Sortino ratio", 30, DAILY),
    ("max_drawdown", "Maximum drawdown", 1, LINKED),
    ("calmar_ratio", "Calmar ratio", 30, LINKED),
    ("value_at_risk", "Value at risk 95 %, one day, historical", 30, DAILY),
    ("expected_shortfall", "Expected shortfall 95 %, one day, historical", 30, DAILY),
    ("best_day", "Best day", 1, DAILY),
    ("worst_day", "Worst day", 1, DAILY),
    ("win_rate", "Winning days", 1, DAILY),
)
BASIS = {name: basis for name, _, _, basis in HEADLINE}


@dataclass(frozen=True)
class Known:
    """A return there is: the day it ends on, and how many days it spans."""

    day: date
    ret: float
    days: int

    @property
    def begun(self) -> date:
        """The first day it covers."""
        return self.day - timedelta(days=self.days - 1)


def metric(name: str, known: Sequence[Known]) -> float | None:
    """A metric of returns in order of time, by the rule for gaps: a return belongs to the days it spans."""
    counted = [one for one in known if BASIS[name] == LINKED or one.days == 1]
    if name in {"cagr", "calmar_ratio"} and counted:
        elapsed = (counted[-1].day - counted[0].begun).days + 1
        whole = math.prod(1 + one.ret for one in counted)
        growth = whole ** (365 / elapsed) - 1
        depth = metric("max_drawdown", known)
        return growth if name == "cagr" else growth / -depth if depth < -1e-12 else None
    return PLAIN[name]([(one.day, one.ret, None) for one in counted])


def least(name: str, known: Sequence[Known]) -> bool:
    """Whether there is as much history as the metric needs: days that are linked, or returns of one day."""
    minimum = next(minimum for one, _, minimum, _ in HEADLINE if one == name)
    if BASIS[name] == DAILY:
        return sum(one.days == 1 for one in known) >= minimum
    return sum(one.days for one in known) >= minimum
