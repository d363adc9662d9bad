"""Tables of positions, cached prices, liquidation levels and pools."""

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View

# The least difference that prints as more than 0.00 %.
_SMALLEST_PRINTED = 0.00005


def positions(frame: pl.DataFrame) -> View:
    """Every position, largest first.

    Args:
        frame: symbol, kind, place (protocol and chain) String; quantity, price, value, share, unrealised Decimal;
            price_reason String where no price is known.
    """
    return table(
        frame.with_columns(pl.col("kind").cast(pl.String).map_elements(formats.name, return_dtype=pl.String)),
        title="Positions",
        subtitle="USD; debts are negative",
        fields=(
            Field(name="symbol", title="Asset"),
            Field(name="kind", title="Held as"),
            Field(name="place", title="Where"),
            Field(name="quantity", title="Quantity", unit="asset units"),
            Field(name="price", title="Price", unit="price", reason="price_reason"),
            Field(name="value", title="Value", unit="USD", tone=True),
            Field(name="share", title="Of net value", unit="share"),
            Field(name="unrealised", title="Against cost", unit="USD signed", reason="price_reason", tone=True),
        ),
        totals=("value", "share", "unrealised"),
        empty="The portfolio holds nothing and owes nothing.",
    )


def prices(frame: pl.DataFrame) -> View:
    """Where the cache's price of an asset held is not the last one stored; a sentence where all agree.

    Args:
        frame: symbol, cached Decimal, quoted Datetime, source, stored Decimal, stored_at Datetime, difference
            Float64 fraction, reason String where one is missing.
    """
    differs = pl.col("difference").abs() >= _SMALLEST_PRINTED
    compared = frame.filter(pl.col("difference").is_not_null())
    missing = frame.filter(pl.col("difference").is_null())
    agree_text = formats.count(
        compared.height - compared.filter(differs).height, "cached price agrees", "cached prices agree"
    )
    missing_text = "; ".join(
        f"{count} missing, {reason}"
        for reason, count in missing.group_by("reason", maintain_order=True).len().iter_rows()
    )
    summary = "; ".join(filter(None, (f"{agree_text} with the last one stored", missing_text)))
    return table(
        compared.filter(differs),
        title="Latest prices, two sources compared",
        subtitle=f"Redis and ClickHouse, USD; {summary}",
        fields=(
            Field(name="symbol", title="Asset"),
            Field(name="cached", title="Cached", unit="price"),
            Field(name="quoted", title="Quoted, UTC", unit="UTC"),
            Field(name="stored", title="Stored", unit="price"),
            Field(name="stored_at", title="Stored at, UTC", unit="UTC"),
            Field(name="difference", title="Apart", unit="fraction"),
        ),
        empty=f"{summary}." if frame.height else "It holds no asset, so no price is needed.",
    )


def liquidation(frame: pl.DataFrame) -> View:
    """Distance to liquidation, as each store has it.

    Args:
        frame: title, source String, value Float64, unit, as_of Datetime, reason.
    """
    return table(
        frame,
        title="Distance to liquidation by source",
        fields=(
            Field(name="title", title=""),
            Field(name="source", title="Source"),
            Field(name="value", title="Level", unit_from="unit", reason="reason"),
            Field(name="as_of", title="At, UTC", unit="UTC", reason="reason"),
        ),
        empty="No store says anything of it.",
        size="half",
    )


def pools(frame: pl.DataFrame) -> View:
    """The pools in use: quoted yields and value locked.

    Args:
        frame: pool, symbol, kind String; value Decimal; apy, fees, rewards, il Decimal fractions; tvl Decimal.
    """
    return table(
        frame,
        title="Pools in use",
        subtitle="last quote before the end of the week; rates per cent a year",
        fields=(
            Field(name="pool", title="Pool"),
            Field(name="chain", title="Chain"),
            Field(name="symbol", title="Holds", reason="reason"),
            Field(name="value", title="Ours in it", unit="USD", reason="reason"),
            Field(name="apy", title="Yield", unit="rate"),
            Field(name="fees", title="Fees", unit="rate"),
            Field(name="rewards", title="Rewards", unit="rate"),
            Field(name="il", title="Loss risk", unit="score"),
            Field(name="tvl", title="Locked", unit="USD whole"),
        ),
        empty="No position sits in a pool.",
    )
