"""External flows, and returns with them taken out or weighed in.

Gathers the subjects: `classify` (which transactions, worth what), `dietz` (daily returns,
linked) and `money_weighted` (xirr, what timing added).
"""

from ys_analytics.metrics.flows.classify import MONEY, classify_flows, external_flows, flow_audit
from ys_analytics.metrics.flows.dietz import average_capital, daily_returns, modified_dietz, time_weighted_return
from ys_analytics.metrics.flows.money_weighted import (
    MoneyWeighted,
    irr,
    mirr,
    money_weighted,
    npv,
    xirr,
    xnfv,
    xnpv,
    year_fraction,
)

__all__ = [
    "MONEY",
    "MoneyWeighted",
    "average_capital",
    "classify_flows",
    "daily_returns",
    "external_flows",
    "flow_audit",
    "irr",
    "mirr",
    "modified_dietz",
    "money_weighted",
    "npv",
    "time_weighted_return",
    "xirr",
    "xnfv",
    "xnpv",
    "year_fraction",
]
