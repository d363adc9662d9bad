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
        holds="An opportunity",
        unique=Unique("warning", "One trade listed twice is made twice."),
        required=Required("warning", "A trade without a profit is made for nothing."),
        columns=(
            text_column(
                "opportunity",
                "The trade, as JSON.",
                Formatted(JSON, "warning", "A trade that cannot be read cannot be made, and holds its place."),
            ),
            Column(
                name="profit",
                dtype=pl.Float64(),
                meaning="Expected profit.",
                unit="USD",
                rules=(
                    Bounded(
                        "warning",
                        "A loss, or millions for nothing, leads the list: one leg was priced in another unit.",
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
        holds="A route",
        unique=Unique("warning", "Two routes over one bridge: which one is taken is chance."),
        required=Required("warning", "A route to nowhere is taken."),
        columns=(
            ASSET.with_rules(
                Formatted(UUID, "warning", "A route for an asset nobody knows is never taken."),
                Refers("assets.id", "warning", "A route is for nothing we know."),
            ),
            text_column(
                "bridge",
                "Which bridge.",
                Formatted(TEXT, "warning", "A bridge without a name cannot be trusted or avoided."),
            ),
            text_column(
                "route", "The route, as JSON.", Formatted(JSON, "warning", "A route that cannot be read is not taken.")
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
        holds="A fee",
        unique=Unique("warning", "Two fees of one bridge: which one is charged is chance."),
        required=Required("warning", "A crossing without a fee looks free."),
        columns=(
            Column(
                name="chain_id",
                dtype=pl.UInt32(),
                meaning="From which chain.",
                rules=(Bounded("warning", "A crossing from no chain starts nowhere.", at_least=1),),
            ),
            Column(
                name="target_chain_id",
                dtype=pl.UInt32(),
                meaning="To which chain.",
                rules=(Bounded("warning", "A crossing to no chain ends nowhere.", at_least=1),),
            ),
            text_column(
                "bridge", "Which bridge.", Formatted(TEXT, "warning", "A bridge without a name cannot be compared.")
            ),
            value_column(
                "fee",
                "What it charges.",
                Bounded(
                    "warning",
                    "A negative fee pays for crossing, and a huge one is priced in another unit; both mislead a route.",
                    at_least=0,
                    at_most=100_000,
                ),
                unit="USD",
            ),
            TTL,
        ),
    ),
)
