"""Liquidation risk, correlations and the queue of alerts.

Depends on the columns of this package; opens no Redis.
"""

import polars as pl

from ys_analytics.schemas.redis.columns import PORTFOLIO, TTL, position_column, text_column, value_column
from ys_analytics.schemas.rules import JSON, UUID, Bounded, Formatted, Refers, Required, Unique
from ys_analytics.schemas.table import Column, KeyFamily

_RISK_CORRELATION_ID = Formatted(UUID, "warning", "A correlation with something nobody knows is of no use.")

_RISK_CORRELATION_REFERS = Refers("assets.id", "warning", "A correlation is with nothing we know.")

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
        holds="A warning",
        unique=Unique("critical", "A portfolio at two places of the list is acted on at the wrong one."),
        required=Required("critical", "A portfolio close to liquidation is missing from the list of who must act."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "critical", "A warning for nobody saves nobody."),
                Refers("portfolios.id", "critical", "The list of who must act names nobody."),
            ),
            Column(
                name="risk",
                dtype=pl.Float64(),
                meaning="0 none, 1 now.",
                unit="score",
                rules=(
                    Bounded(
                        "critical",
                        "A score off its scale sorts a portfolio to the wrong end of the list of who must act.",
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
        holds="A matrix",
        unique=Unique("warning", "Two correlations of one pair: which one counts is chance."),
        required=Required("warning", "A pair without a correlation looks uncorrelated."),
        columns=(
            PORTFOLIO.with_rules(
                _RISK_CORRELATION_ID, Refers("portfolios.id", "warning", "Diversification of nobody is cached.")
            ),
            text_column("asset_a", "First asset.", _RISK_CORRELATION_ID, _RISK_CORRELATION_REFERS),
            text_column("asset_b", "Second asset.", _RISK_CORRELATION_ID, _RISK_CORRELATION_REFERS),
            value_column(
                "correlation",
                "Correlation of daily returns.",
                Bounded("warning", "A correlation beyond one claims more than certainty.", at_least=-1, at_most=1),
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
        holds="A grave alert",
        unique=Unique("warning", "An alert at two places wakes somebody twice."),
        required=Required("critical", "Somebody is woken for nothing, or not woken at all."),
        columns=(
            position_column(
                "Place in the queue, 0 first.",
                Bounded(
                    "warning", "A queue of a million alerts is not read by anybody.", at_least=0, at_most=1_000_000
                ),
            ),
            text_column(
                "alert",
                "The alert, as JSON.",
                Formatted(JSON, "critical", "A grave alert that cannot be read is not read."),
            ),
            TTL,
        ),
    ),
)
