"""Prices: the last one, short histories and alerts asked for.

Depends on the columns of this package; opens no Redis.
"""

from ys_analytics.schemas.redis.columns import (
    ASSET,
    CHAIN,
    TTL,
    moment_column,
    position_column,
    text_column,
    value_column,
)
from ys_analytics.schemas.rules import (
    GENESIS,
    JSON,
    LABEL,
    UUID,
    Bounded,
    Formatted,
    NotAhead,
    OneOf,
    Refers,
    Required,
    Unique,
)
from ys_analytics.schemas.table import KeyFamily

FAMILIES = (
    KeyFamily(
        name="redis_price_current",
        store="redis",
        pattern="price:current:{asset_id}:{chain_id}",
        kind="string",
        ttl=60,
        key=("asset_id", "chain_id"),
        meaning="The last price of each asset.",
        affects=("asset_id", "asset"),
        holds="A price",
        unique=Unique("critical", "Two last prices of one asset: which one is shown is chance."),
        required=Required("critical", "A last price without its moment or source cannot be told from a stale one."),
        columns=(
            ASSET.with_rules(
                Formatted(UUID, "critical", "A price of an asset nobody knows is shown nowhere."),
                Refers("assets.id", "warning", "A last price is of nothing we know."),
            ),
            CHAIN.with_rules(Bounded("warning", "A price on no chain joins to no asset.", at_least=0)),
            value_column(
                "price",
                "Price of one unit.",
                Bounded("critical", "A last price below nothing is printed as today's value.", at_least=0),
                Bounded(
                    "warning",
                    "A last price of nothing, or of more than any share of a pool ever cost, is shown as today's "
                    "value.",
                    above=0,
                    at_most=10_000_000_000_000,
                ),
                unit="USD",
            ),
            value_column(
                "volume_24h",
                "Traded in the last 24 hours.",
                Required("warning", "Liquidity looks like none where a volume is not known."),
                Bounded("warning", "Liquidity looks worse than none when a volume is negative.", at_least=0),
                unit="USD",
            ),
            value_column(
                "change_24h",
                "Change of the price in 24 hours.",
                Required("warning", "Movers of the day leave out a coin whose change is not known."),
                Bounded(
                    "warning", "Movers of the day are led by percent read as a fraction.", at_least=-1, at_most=100
                ),
                unit="fraction",
            ),
            moment_column(
                "timestamp",
                "When it was quoted.",
                Bounded("critical", "A quote from 1970 is shown as the last price.", at_least=GENESIS),
                NotAhead("warning", "A quote from tomorrow is never replaced by today's; a zone was added twice."),
            ),
            text_column(
                "source",
                "Who quoted it.",
                Formatted(LABEL, "warning", "Two spellings of one source count as two opinions."),
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_price_hist",
        store="redis",
        pattern="price:hist:{asset_id}:{period}",
        kind="string",
        ttl=60,
        key=("asset_id", "period", "timestamp"),
        meaning="Recent prices of each asset.",
        affects=("asset_id", "asset"),
        holds="A history",
        unique=Unique("warning", "A moment quoted twice bends the line."),
        required=Required("warning", "A point without a price or moment breaks the line."),
        columns=(
            ASSET.with_rules(
                Formatted(UUID, "warning", "The history of an asset nobody knows is drawn nowhere."),
                Refers("assets.id", "warning", "A line is of nothing we know."),
            ),
            text_column(
                "period",
                "Over which stretch: 1h, 24h or 7d.",
                OneOf("warning", "A line over a stretch nobody asked for is never shown.", ("1h", "24h", "7d")),
            ),
            moment_column(
                "timestamp",
                "When it was quoted.",
                Bounded("warning", "One point in 1970 flattens fifty years of line.", at_least=GENESIS),
                NotAhead("warning", "A point from tomorrow bends the line; a zone was added twice."),
            ),
            value_column(
                "price",
                "Price of one unit.",
                Bounded(
                    "warning",
                    "One price of nothing, or unscaled, is all that the line shows.",
                    above=0,
                    at_most=10_000_000,
                ),
                unit="USD",
            ),
            TTL,
        ),
    ),
    KeyFamily(
        name="redis_price_alerts",
        store="redis",
        pattern="price:alerts:{asset_id}",
        kind="list",
        ttl=60,
        key=("asset_id", "position"),
        meaning="Price levels to be alerted at.",
        affects=("asset_id", "asset"),
        holds="An alert",
        unique=Unique("warning", "An alert listed twice wakes somebody twice."),
        required=Required("warning", "An alert that says nothing, of nothing, is noise."),
        columns=(
            ASSET.with_rules(
                Formatted(UUID, "warning", "A move of an asset nobody knows concerns nobody."),
                Refers("assets.id", "warning", "An alert is about nothing we know."),
            ),
            position_column(
                "Place in the list, 0 first.",
                Bounded(
                    "warning", "A queue of a million alerts is not read by anybody.", at_least=0, at_most=1_000_000
                ),
            ),
            text_column(
                "alert",
                "The alert, as JSON.",
                Formatted(
                    JSON, "warning", "A price move somebody asked to hear of is lost when the alert cannot be read."
                ),
            ),
            TTL,
        ),
    ),
)
