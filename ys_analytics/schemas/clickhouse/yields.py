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
    NotAhead,
    NotSilent,
    OnTime,
    Required,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Table

_YIELD_METRICS_TEXT = Formatted(TEXT, "warning", "Yields filed under a blank name are nobody's.")

_YIELD_METRICS_MISSING = Required(
    "info", "The split of a yield is unknown here: none may mean no reward programme, and is not zero."
)

_YIELD_METRICS_BOUNDS = Bounded(
    "warning", "Negative rewards or fees would be a charge; the parts of a yield were confused.", at_least=0
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
        "Two yields of one pool at one moment: the ranking shows whichever came last. One address on two chains is "
        "two pools.",
        by=("protocol_name", "chain_id", "pool_address", "timestamp"),
    ),
    required=Required("critical", "A yield without its pool, moment or size cannot be compared with another."),
    columns=(
        time_column(
            "When it was quoted.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, puts a yield before there was a pool.",
                at_least=GENESIS,
            ),
            NoGap("warning", "A yield carried over days nobody quoted was not earned on them."),
            OnTime("warning", "Pools are ranked by what they paid before; the yield feed has stopped."),
            UsualRows("warning", "A mean over half the pools is not the mean of the day before."),
            NotAhead("warning", "Tomorrow's yield ranks today's pools; a zone was added twice."),
        ),
        text_column("protocol_name", "Which protocol.", _YIELD_METRICS_TEXT),
        text_column(
            "pool_address",
            "Which pool.",
            _YIELD_METRICS_TEXT,
            NotSilent("warning", "A pool that stopped reporting keeps its last yield in every ranking."),
        ),
        count_column(
            "chain_id", "On which chain.", Bounded("warning", "A pool on chain zero stands nowhere.", at_least=1)
        ),
        rate_column(
            "apy",
            "Yield per year, compounded.",
            Bounded(
                "warning",
                "Rankings and means are ruined by a yield above 1,000 % a year, right or wrong; nobody ever earned it.",
                at_most=10,
            ),
            Bounded(
                "warning",
                "A yield below minus one loses more than was put in: a unit was misread, or the loss of a day was "
                "taken for that of a year.",
                at_least=-1,
            ),
        ),
        amount_column(
            "tvl",
            "Value locked.",
            Bounded(
                "warning",
                "Shares of a pool turn negative with the value locked in it; bad debt beyond what was lent does so.",
                at_least=0,
                refused=True,
            ),
            Bounded(
                "warning",
                "One unscaled pool is worth more than all of DeFi ever was, and tops every table; a pool of a spam "
                "token does so too.",
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
                "A loss beyond everything, or below nothing, makes the net yield of a pool meaningless.",
                at_least=0,
                at_most=1,
            ),
        ),
    ),
)
