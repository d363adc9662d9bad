"""Liquidation risk, correlations and the queue of alerts.

Depends on the columns of this package; opens no Redis.
"""

import polars as pl

from ys_analytics.schemas.redis.columns import PORTFOLIO, TTL, position_column, text_column, value_column
from ys_analytics.schemas.rules import JSON, UUID, Bounded, Formatted, Refers, Required, Unique
from ys_analytics.schemas.table import Column, KeyFamily

_RISK_CORRELATION_ID = Formatted(
    UUID, "warning", "A correlation with a malformed portfolio or asset id cannot be used."
)

_RISK_CORRELATION_REFERS = Refers(
    "assets.id", "warning", "A correlation with an unknown asset cannot be assigned to any holding."
)

FAMILIES = (
    KeyFamily(
        name="redis_risk_liquidation",
        store="redis",
        pattern="risk:liquidation",
        kind="zset",
        ttl=None,
        key=("portfolio_id",),
        portfolio="portfolio_id",
        meaning="How close each portfolio is to liquidation.",
        affects=("portfolio_id", "portfolio"),
        holds="A liquidation warning",
        unique=Unique("critical", "A portfolio listed twice may be ranked by the wrong liquidation risk."),
        required=Required(
            "critical",
            "A portfolio close to liquidation may be missing from the liquidation list, because the entry is "
            "incomplete.",
        ),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "critical", "A liquidation warning with a malformed portfolio id reaches no owner."),
                Refers(
                    "portfolios.id",
                    "critical",
                    "The liquidation list contains a portfolio that does not exist, so its warning reaches no owner.",
                ),
            ),
            Column(
                name="risk",
                dtype=pl.Float64(),
                meaning="0 none, 1 now.",
                unit="score",
                rules=(
                    Bounded(
                        "critical",
                        "A score outside 0 to 1 puts a portfolio at the wrong end of the risk ranking.",
                        at_least=0,
                        at_most=1,
                    ),
                ),
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_risk_correlation",
        store="redis",
        pattern="risk:correlation:{portfolio_id}",
        kind="hash",
        ttl=None,
        key=("portfolio_id", "asset_a", "asset_b"),
        portfolio="portfolio_id",
        meaning="Correlation of each pair of assets a portfolio holds.",
        affects=("portfolio_id", "portfolio"),
        holds="A correlation matrix",
        unique=Unique("warning", "One pair of assets has two correlations, and which one is used is arbitrary."),
        required=Required("warning", "A pair without a correlation looks uncorrelated."),
        columns=(
            PORTFOLIO.with_rules(
                _RISK_CORRELATION_ID,
                Refers(
                    "portfolios.id",
                    "warning",
                    "Cached correlations belong to an unknown portfolio and are never shown.",
                ),
            ),
            text_column("asset_a", "First asset.", _RISK_CORRELATION_ID, _RISK_CORRELATION_REFERS),
            text_column("asset_b", "Second asset.", _RISK_CORRELATION_ID, _RISK_CORRELATION_REFERS),
            value_column(
                "correlation",
                "Correlation of daily returns.",
                Bounded(
                    "warning",
                    "A correlation outside -1 to 1 is impossible, so diversification is wrong.",
                    at_least=-1,
                    at_most=1,
                ),
                unit="ratio",
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_alerts_queue",
        store="redis",
        pattern="alerts:queue:high",
        kind="list",
        ttl=None,
        key=("position",),
        meaning="Alerts not yet handled.",
        affects=None,
        holds="A critical alert",
        unique=Unique("warning", "A duplicated alert notifies its recipient twice."),
        required=Required("critical", "An alert without content may trigger a false notification, or none at all."),
        columns=(
            position_column(
                "Place in the queue, 0 first.",
                Bounded(
                    "warning", "A queue longer than a million alerts is not being read.", at_least=0, at_most=1_000_000
                ),
            ),
            text_column(
                "alert",
                "The alert, as JSON.",
                Formatted(JSON, "critical", "A critical alert that is not valid JSON cannot be displayed."),
            ),
            TTL,
        ),
    ),
)
