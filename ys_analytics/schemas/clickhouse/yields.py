"""Yields that pools quote.

Depends on the columns of this package; holds no SQL.
"""

from ys_analytics.schemas.clickhouse.columns import amount_column, count_column, rate_column, text_column, time_column
from ys_analytics.schemas.rules import (
    GENESIS,
    TEXT,
    Bounded,
    Formatted,
    NoGap,
    NotInFuture,
    NotSilent,
    OnTime,
    Required,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Table

_YIELD_METRICS_TEXT = Formatted(
    TEXT, "warning", "Yields with a blank protocol name or a malformed pool address belong to no pool."
)

_YIELD_METRICS_MISSING = Required(
    "info",
    "The parts of this yield are unknown. A missing value may mean that there is no reward programme, which is not "
    "the same as zero.",
)

_YIELD_METRICS_BOUNDS = Bounded(
    "warning",
    "Negative rewards or fees would be a charge to the investor, so the parts of the yield were probably exchanged.",
    at_least=0,
)

YIELD_METRICS = Table(
    name="yield_metrics",
    store="clickhouse",
    key=("protocol_name", "pool_address", "timestamp"),
    time="timestamp",
    meaning="What pools quoted.",
    feed=True,
    series=("protocol_name", "chain_id", "pool_address"),
    affects=("pool_address", "pool"),
    unique=Unique(
        "critical",
        "One pool has two yields at the same time, and the ranking shows the one that came last. One address on two "
        "chains is two pools.",
        by=("protocol_name", "chain_id", "pool_address", "timestamp"),
    ),
    required=Required("critical", "A yield without its pool, chain, time or value cannot be compared with others."),
    columns=(
        time_column(
            "When it was quoted.",
            Bounded(
                "critical",
                "A yield dated before 2009 is missing from every period. The usual cause is a zero timestamp, or "
                "milliseconds read as seconds.",
                at_least=GENESIS,
            ),
            NoGap("warning", "A yield carried over days without a quote was not earned on those days."),
            OnTime("warning", "Pools are ranked by old yields because the yield feed has stopped."),
            UsualRows(
                "warning",
                "Mean yields of a day with far fewer or more pools than usual cannot be compared with the day before.",
            ),
            NotInFuture(
                "warning",
                "A yield dated in the future is used in today's ranking. The usual cause is a time zone offset "
                "applied twice.",
            ),
        ),
        text_column("protocol_name", "Which protocol.", _YIELD_METRICS_TEXT),
        text_column(
            "pool_address",
            "Which pool.",
            _YIELD_METRICS_TEXT,
            NotSilent("warning", "A pool whose quotes stopped keeps its last yield in every ranking."),
        ),
        count_column(
            "chain_id",
            "On which chain.",
            Bounded("warning", "A pool with a chain id below 1 belongs to no chain.", at_least=1),
        ),
        rate_column(
            "apy",
            "Yield per year, compounded.",
            Bounded(
                "warning",
                "A yield above 1,000 % a year distorts rankings and means, whether it is right or wrong. No investor "
                "has earned one over a year.",
                at_most=10,
            ),
            Bounded(
                "warning",
                "A yield below -100 % loses more than was invested. It was stored in another unit, or a day's loss "
                "was taken for a year's.",
                at_least=-1,
            ),
        ),
        amount_column(
            "tvl",
            "Value locked.",
            Bounded(
                "warning",
                "A negative TVL makes our share of the pool negative. Bad debt above the amount lent legitimately "
                "causes one.",
                at_least=0,
                refused=True,
            ),
            Bounded(
                "warning",
                "One unscaled TVL is larger than all of DeFi has ever been and leads every table. A pool of a spam "
                "token does the same.",
                at_most=1_000_000_000_000,
            ),
            unit="USD",
        ),
        rate_column(
            "rewards_apr",
            "The part paid in reward tokens, per year, simple.",
            _YIELD_METRICS_MISSING,
            _YIELD_METRICS_BOUNDS,
        ),
        rate_column(
            "trading_fees_apr",
            "The part earned from fees or interest, per year, simple.",
            _YIELD_METRICS_MISSING,
            _YIELD_METRICS_BOUNDS,
        ),
        rate_column(
            "impermanent_loss_risk",
            "Expected impermanent loss: 0 none, 1 total.",
            _YIELD_METRICS_MISSING,
            Bounded(
                "warning",
                "An impermanent loss outside 0 to 100 % makes the pool's net yield meaningless.",
                at_least=0,
                at_most=1,
            ),
        ),
    ),
)
