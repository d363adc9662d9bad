"""Every table the kit can set: frame in, table out."""

from ys_analytics.views.tables.activity import alerts, flow_audit, flows, gas, transactions
from ys_analytics.views.tables.colophon import findings, glossary, provenance, refusals, sources
from ys_analytics.views.tables.front import headline, masthead
from ys_analytics.views.tables.holdings import liquidation, pools, positions, prices
from ys_analytics.views.tables.performance import claims, drawdowns, monthly_returns, performance

__all__ = [
    "alerts",
    "claims",
    "drawdowns",
    "findings",
    "flow_audit",
    "flows",
    "gas",
    "glossary",
    "headline",
    "liquidation",
    "masthead",
    "monthly_returns",
    "performance",
    "pools",
    "positions",
    "prices",
    "provenance",
    "refusals",
    "sources",
    "transactions",
]
