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
    NotInFuture,
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
        holds="A cached price quote",
        unique=Unique("critical", "One asset has two last prices, and which one is shown is arbitrary."),
        required=Required(
            "critical", "A last price without its time or source cannot be distinguished from a stale one."
        ),
        columns=(
            ASSET.with_rules(
                Formatted(UUID, "critical", "A last price with a malformed asset id is never shown."),
                Refers("assets.id", "warning", "A cached price belongs to an unknown asset and is never used."),
            ),
            CHAIN.with_rules(Bounded("warning", "A price with a negative chain id matches no asset.", at_least=0)),
            value_column(
                "price",
                "Price of one unit.",
                Bounded("critical", "A negative last price is shown as today's value.", at_least=0),
                Bounded(
                    "warning",
                    "A last price of zero, or higher than any pool share ever cost, is shown as today's value.",
                    above=0,
                    at_most=10_000_000_000_000,
                ),
                unit="USD",
            ),
            value_column(
                "volume_24h",
                "Traded in the last 24 hours.",
                Required("warning", "A last price without a volume makes its asset look illiquid."),
                Bounded("warning", "A negative volume makes liquidity look worse than zero.", at_least=0),
                unit="USD",
            ),
            value_column(
                "change_24h",
                "Change of the price in 24 hours.",
                Required("warning", "Assets without a daily change are missing from the table of movers."),
                Bounded(
                    "warning",
                    "The table of daily movers is led by a change out of range. It was probably a percentage read as "
                    "a fraction.",
                    at_least=-1,
                    at_most=100,
                ),
                unit="fraction",
            ),
            moment_column(
                "timestamp",
                "When it was quoted.",
                Bounded("critical", "A quote dated before 2009 is shown as the last price.", at_least=GENESIS),
                NotInFuture(
                    "warning",
                    "A quote dated in the future is not replaced by today's. The usual cause is a time zone offset "
                    "applied twice.",
                ),
            ),
            text_column(
                "source",
                "Who quoted it.",
                Formatted(LABEL, "warning", "Two spellings of one price source are counted as two sources."),
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
        holds="A cached price history",
        unique=Unique("warning", "Two prices for the same time distort the charted line."),
        required=Required("warning", "A row without its asset, period, time or price interrupts the charted line."),
        columns=(
            ASSET.with_rules(
                Formatted(UUID, "warning", "A price history with a malformed asset id is never charted."),
                Refers(
                    "assets.id", "warning", "A cached price history belongs to an unknown asset and is never charted."
                ),
            ),
            text_column(
                "period",
                "Over which stretch: 1h, 24h or 7d.",
                OneOf("warning", "A price history for an unknown period is never shown.", ("1h", "24h", "7d")),
            ),
            moment_column(
                "timestamp",
                "When it was quoted.",
                Bounded(
                    "warning",
                    "One price dated before 2009 stretches the chart over decades and flattens the rest of the line.",
                    at_least=GENESIS,
                ),
                NotInFuture(
                    "warning",
                    "A price dated in the future distorts the charted line. The usual cause is a time zone offset "
                    "applied twice.",
                ),
            ),
            value_column(
                "price",
                "Price of one unit.",
                Bounded(
                    "warning",
                    "One price of zero, or one unscaled price, makes the rest of the chart unreadable.",
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
        holds="A price alert",
        unique=Unique("warning", "A duplicated price alert notifies its recipient twice."),
        required=Required("warning", "A price alert without its asset or content is noise."),
        columns=(
            ASSET.with_rules(
                Formatted(UUID, "warning", "A price alert with a malformed asset id appears on no asset's page."),
                Refers(
                    "assets.id", "warning", "A price alert is about an unknown asset and appears on no asset's page."
                ),
            ),
            position_column(
                "Place in the list, 0 first.",
                Bounded(
                    "warning", "A queue longer than a million alerts is not being read.", at_least=0, at_most=1_000_000
                ),
            ),
            text_column(
                "alert",
                "The alert, as JSON.",
                Formatted(
                    JSON,
                    "warning",
                    "A price alert that is not valid JSON cannot be displayed, so its recipient misses the price move.",
                ),
            ),
            TTL,
        ),
    ),
)
