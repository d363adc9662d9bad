"""Portfolios: positions, performance, risk and rebalancing.

Depends on the columns of this package; opens no Redis.
"""

from ys_analytics.schemas.redis.columns import MEASUREMENT, METRIC, PORTFOLIO, TTL, text_column
from ys_analytics.schemas.rules import JSON, LABEL, UUID, Bounded, Formatted, Refers, Required, Unique
from ys_analytics.schemas.table import KeyFamily

_PORTFOLIO_PERF_LABEL = Formatted(LABEL, "warning", "A figure filed under another spelling is never found.")

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
        holds="A set of holdings",
        unique=Unique("warning", "Two caches of one portfolio show two sets of holdings."),
        required=Required("warning", "An empty cache shows a portfolio as if it held nothing."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "Holdings cached for nobody are shown to nobody."),
                Refers("portfolios.id", "warning", "Holdings of nobody are cached."),
            ),
            text_column(
                "positions",
                "The positions, as a JSON list.",
                Formatted(JSON, "warning", "A cache that cannot be read shows a portfolio as if it held nothing."),
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
        holds="A figure",
        unique=Unique("warning", "Two values of one metric: which one is shown is chance."),
        required=Required("warning", "A figure without its name or period is shown under the wrong head."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "Performance of nobody is shown to nobody."),
                Refers("portfolios.id", "warning", "Performance of nobody is cached."),
            ),
            text_column("period", "Over which stretch.", _PORTFOLIO_PERF_LABEL),
            METRIC.with_rules(_PORTFOLIO_PERF_LABEL),
            MEASUREMENT.with_rules(
                Bounded(
                    "warning",
                    "One unscaled figure is all that the page shows.",
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
        holds="A risk",
        unique=Unique("warning", "Two values of one risk: which one is shown is chance."),
        required=Required("warning", "A risk without its name or size warns of nothing."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "The risk of nobody warns nobody."),
                Refers("portfolios.id", "warning", "Risk of nobody is cached."),
            ),
            METRIC.with_rules(Formatted(LABEL, "warning", "A risk filed under another spelling is never found.")),
            MEASUREMENT.with_rules(
                Bounded(
                    "warning",
                    "One unscaled risk hides all others.",
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
        holds="A plan",
        unique=Unique("warning", "Two plans for one portfolio are both traded."),
        required=Required("warning", "A plan without weights sells everything."),
        columns=(
            PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "A plan for nobody is carried out for nobody."),
                Refers("portfolios.id", "warning", "Somebody trades on a plan for nobody."),
            ),
            text_column(
                "weights",
                "Target and actual weights, as JSON.",
                Formatted(JSON, "warning", "A plan that cannot be read is not carried out."),
            ),
            TTL,
        ),
    ),
)
