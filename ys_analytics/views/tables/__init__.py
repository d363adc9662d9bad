"""Every table the kit can set: frame in, table out."""

from ys_analytics.views.tables.activity import alert_record, alerts, flow_audit, flows, gas, transactions
from ys_analytics.views.tables.attribution import (
    attention,
    attribution,
    brinson,
    card,
    change_of_value,
    changes,
    contributors,
    drift,
    exposure,
    limits,
    relative,
    replays,
    scenarios,
    shock,
    strategies,
    trailing,
    values_at_risk,
)
from ys_analytics.views.tables.bridge import bridge, realised_yields
from ys_analytics.views.tables.desk import satellites, sheet, suites
from ys_analytics.views.tables.fleet import fleet, fleet_masthead, stopped
from ys_analytics.views.tables.fleet_summary import (
    cohorts,
    fleet_extremes,
    fleet_flows,
    fleet_outliers,
    fleet_totals,
    limits_broken,
    nearest_liquidations,
)
from ys_analytics.views.tables.header import headline, masthead
from ys_analytics.views.tables.holdings import liquidation, pools, positions, prices
from ys_analytics.views.tables.lending import liquidation_ladder, loans, thresholds, time_to_act
from ys_analytics.views.tables.past_weeks import nearest_weeks, patterns, sentiment_drift
from ys_analytics.views.tables.performance import claims, drawdowns, month_statistics, monthly_returns, performance
from ys_analytics.views.tables.provenance import findings, glossary, provenance, refusals, sources
from ys_analytics.views.tables.risk import (
    concentration,
    contributions,
    correlation_changes,
    intervals,
    money_weighted,
    shocks,
    tail_test,
)

__all__ = [
    "alert_record",
    "alerts",
    "attention",
    "attribution",
    "bridge",
    "brinson",
    "card",
    "change_of_value",
    "changes",
    "claims",
    "cohorts",
    "concentration",
    "contributions",
    "contributors",
    "correlation_changes",
    "drawdowns",
    "drift",
    "exposure",
    "findings",
    "fleet",
    "fleet_extremes",
    "fleet_flows",
    "fleet_masthead",
    "fleet_outliers",
    "fleet_totals",
    "flow_audit",
    "flows",
    "gas",
    "glossary",
    "headline",
    "intervals",
    "limits",
    "limits_broken",
    "liquidation",
    "liquidation_ladder",
    "loans",
    "masthead",
    "money_weighted",
    "month_statistics",
    "monthly_returns",
    "nearest_liquidations",
    "nearest_weeks",
    "patterns",
    "performance",
    "pools",
    "positions",
    "prices",
    "provenance",
    "realised_yields",
    "refusals",
    "relative",
    "replays",
    "satellites",
    "scenarios",
    "sentiment_drift",
    "sheet",
    "shock",
    "shocks",
    "sources",
    "stopped",
    "strategies",
    "suites",
    "tail_test",
    "thresholds",
    "time_to_act",
    "trailing",
    "transactions",
    "values_at_risk",
]


def __dir__() -> list[str]:
    """What one calls, for completion; not the modules they stand in."""
    return sorted(__all__)
