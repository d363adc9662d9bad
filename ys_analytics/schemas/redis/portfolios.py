"""Portfolios: positions, performance, risk and rebalancing.

Depends on the columns of this package; opens no Redis.
"""

from ys_analytics.schemas.redis.columns import MEASUREMENT, METRIC, PORTFOLIO, TTL, text_column
from ys_analytics.schemas.rules import JSON, LABEL, UUID, Bounded, Formatted, Refers, Required, Unique
from ys_analytics.schemas.table import KeyFamily

_PORTFOLIO_PERF_LABEL = Formatted(LABEL, "warning", "A figure with a malformed metric or period is never found.")

FAMILIES = (
    KeyFamily(
        name="redis_portfolio_positions",
        store="redis",
        pattern="portfolio:positions:{portfolio_id}",
        kind="string",
        ttl=300,
        key=("portfolio_id",),
        portfolio="portfolio_id",
        meaning="Cached positions of each portfolio.",
        affects=("portfolio_id", "portfolio"),
        holds="A portfolio's cached position list",
        unique=Unique("warning", "Two cache entries of one portfolio show two different sets of positions."),
        required=Required("warning", "A cache entry without positions makes a portfolio look empty."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "Cached positions with a malformed portfolio id are never shown."),
                Refers(
                    "portfolios.id", "warning", "Cached positions belong to an unknown portfolio and are never shown."
                ),
            ),
            text_column(
                "positions",
                "The positions, as a JSON list.",
                Formatted(JSON, "warning", "Cached positions that are not valid JSON make a portfolio look empty."),
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_portfolio_perf",
        store="redis",
        pattern="portfolio:perf:{portfolio_id}:{period}",
        kind="hash",
        ttl=300,
        key=("portfolio_id", "period", "metric"),
        portfolio="portfolio_id",
        meaning="Cached performance of each portfolio.",
        affects=("portfolio_id", "portfolio"),
        holds="A cached performance figure",
        unique=Unique("warning", "One metric has two values, and which one is shown is arbitrary."),
        required=Required("warning", "A figure without its metric or period may be shown under the wrong heading."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "Performance with a malformed portfolio id is never shown."),
                Refers(
                    "portfolios.id", "warning", "Cached performance belongs to an unknown portfolio and is never shown."
                ),
            ),
            text_column("period", "Over which stretch.", _PORTFOLIO_PERF_LABEL),
            METRIC.with_rules(_PORTFOLIO_PERF_LABEL),
            MEASUREMENT.with_rules(
                Bounded(
                    "warning",
                    "One unscaled figure makes every other figure on the page unreadable.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                )
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_portfolio_risk",
        store="redis",
        pattern="portfolio:risk:{portfolio_id}",
        kind="hash",
        ttl=300,
        key=("portfolio_id", "metric"),
        portfolio="portfolio_id",
        meaning="Cached risk of each portfolio.",
        affects=("portfolio_id", "portfolio"),
        holds="A cached risk figure",
        unique=Unique("warning", "One risk metric has two values, and which one is shown is arbitrary."),
        required=Required("warning", "A risk figure without its portfolio, metric or value triggers no warning."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "A risk figure with a malformed portfolio id is never shown."),
                Refers("portfolios.id", "warning", "Cached risk belongs to an unknown portfolio and is never shown."),
            ),
            METRIC.with_rules(
                Formatted(LABEL, "warning", "A risk figure with a malformed metric name is never found.")
            ),
            MEASUREMENT.with_rules(
                Bounded(
                    "warning",
                    "One unscaled risk figure hides all others.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                )
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_portfolio_rebalance",
        store="redis",
        pattern="portfolio:rebalance:{portfolio_id}",
        kind="string",
        ttl=300,
        key=("portfolio_id",),
        portfolio="portfolio_id",
        meaning="Target and actual weights of each portfolio.",
        affects=("portfolio_id", "portfolio"),
        holds="A rebalancing plan",
        unique=Unique("warning", "Two rebalancing plans for one portfolio may both be traded."),
        required=Required("warning", "A rebalancing plan without weights may sell every position."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "A rebalancing plan with a malformed portfolio id is never carried out."),
                Refers(
                    "portfolios.id",
                    "warning",
                    "A rebalancing plan belongs to an unknown portfolio and may cause wrong trades.",
                ),
            ),
            text_column(
                "weights",
                "Target and actual weights, as JSON.",
                Formatted(JSON, "warning", "A rebalancing plan that is not valid JSON is not carried out."),
            ),
            TTL,
        ),
    ),
)
