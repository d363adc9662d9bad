"""Arbitrage opportunities, routes and fees of bridges.

Depends on the columns of this package; opens no Redis.
"""

import polars as pl

from ys_analytics.schemas.redis.columns import ASSET, TTL, text_column, value_column
from ys_analytics.schemas.rules import JSON, TEXT, UUID, Bounded, Formatted, Refers, Required, Unique
from ys_analytics.schemas.table import Column, KeyFamily

FAMILIES = (
    KeyFamily(
        name="redis_arbitrage_opps",
        store="redis",
        pattern="arbitrage:opps",
        kind="zset",
        ttl=30,
        key=("opportunity",),
        meaning="Arbitrage open at this moment.",
        affects=(),
        holds="An arbitrage opportunity",
        unique=Unique("warning", "A duplicated arbitrage opportunity is traded twice."),
        required=Required(
            "warning", "An arbitrage opportunity without a profit cannot be ranked and may be traded for no gain."
        ),
        columns=(
            text_column(
                "opportunity",
                "The trade, as JSON.",
                Formatted(
                    JSON,
                    "warning",
                    "An arbitrage opportunity that is not valid JSON cannot be traded but stays in the list.",
                ),
            ),
            Column(
                name="profit",
                dtype=pl.Float64(),
                meaning="Expected profit.",
                unit="USD",
                rules=(
                    Bounded(
                        "warning",
                        "A negative or inflated profit leads the list of opportunities, because one leg was priced in "
                        "another unit.",
                        at_least=0,
                        at_most=10_000_000,
                    ),
                ),
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_arbitrage_routes",
        store="redis",
        pattern="arbitrage:routes:{asset_id}",
        kind="hash",
        ttl=30,
        key=("asset_id", "bridge"),
        meaning="Bridges an asset can take.",
        affects=("asset_id", "asset"),
        holds="An arbitrage route",
        unique=Unique("warning", "One bridge has two routes for an asset, and which one is used is arbitrary."),
        required=Required(
            "warning", "A route without its asset, bridge or path may be used although it leads to no valid target."
        ),
        columns=(
            ASSET.with_rules(
                Formatted(UUID, "warning", "A route with a malformed asset id is never used."),
                Refers("assets.id", "warning", "An arbitrage route is for an unknown asset and cannot be used."),
            ),
            text_column(
                "bridge",
                "Which bridge.",
                Formatted(TEXT, "warning", "A bridge without a valid name cannot be allowed or excluded."),
            ),
            text_column(
                "route",
                "The route, as JSON.",
                Formatted(JSON, "warning", "A route that is not valid JSON is not used."),
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_bridge_fees",
        store="redis",
        pattern="bridge:fees:{chain_id}:{target_chain_id}",
        kind="hash",
        ttl=30,
        key=("chain_id", "target_chain_id", "bridge"),
        meaning="What each bridge charges.",
        affects=("chain_id", "chain"),
        holds="A bridge fee",
        unique=Unique("warning", "One bridge has two fees, and which one is used is arbitrary."),
        required=Required("warning", "A bridge without a fee looks free of charge."),
        columns=(
            Column(
                name="chain_id",
                dtype=pl.UInt32(),
                meaning="From which chain.",
                rules=(
                    Bounded("warning", "A bridge fee with a source chain id below 1 belongs to no chain.", at_least=1),
                ),
            ),
            Column(
                name="target_chain_id",
                dtype=pl.UInt32(),
                meaning="To which chain.",
                rules=(
                    Bounded("warning", "A bridge fee with a target chain id below 1 belongs to no chain.", at_least=1),
                ),
            ),
            text_column(
                "bridge",
                "Which bridge.",
                Formatted(TEXT, "warning", "A bridge without a valid name cannot be compared with others."),
            ),
            value_column(
                "fee",
                "What it charges.",
                Bounded(
                    "warning",
                    "A negative fee makes a route look paid for, and a very large one was stored in another unit. "
                    "Both mislead the choice of a route.",
                    at_least=0,
                    at_most=100_000,
                ),
                unit="USD",
            ),
            TTL,
        ),
    ),
)
