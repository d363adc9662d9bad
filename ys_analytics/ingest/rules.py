"""What a value may not be although its type allows it; knows columns by name, reaches no store."""

import polars as pl

from ys_analytics.ingest.faults import Faults
from ys_analytics.schemas import Table

# A price of nothing is no price; the others may be nothing but not less.
POSITIVE = frozenset({"price"})
NOT_NEGATIVE = frozenset(
    {"volume_24h", "market_cap", "tvl", "quantity", "average_cost", "gas_used", "gas_price", "from_amount", "to_amount"}
)  # fmt: skip


def check_signs(rows: pl.DataFrame, origin: pl.DataFrame, faults: Faults) -> None:
    """Prices above zero, amounts not below it."""
    for name in rows.columns:
        column = rows[name]
        if name in POSITIVE:
            faults.add(origin, column < 0, f"is a negative {name}", values=column)
            faults.add(origin, column == 0, f"is no {name}: it must be above 0", values=column)
        elif name in NOT_NEGATIVE:
            faults.add(origin, column < 0, f"is a negative {name}", values=column)


def check_unique(table: Table, rows: pl.DataFrame, origin: pl.DataFrame, faults: Faults) -> None:
    """No key twice in the files; each repetition is named with the line that had it first."""
    keyed = rows.select(table.key).with_columns(origin.rename({name: f"origin {name}" for name in origin.columns}))
    # A key that is not there is a fault already.
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in table.key)
    again = keyed.with_columns(
        repeated=~pl.struct(table.key).is_first_distinct() & known,
        first=pl.format("{} {} {}", "origin file", "origin place", "origin number").first().over(table.key),
    )
    if not again["repeated"].any():
        return
    for first in again.filter("repeated")["first"].unique(maintain_order=True).to_list():
        here = again["repeated"] & (again["first"] == first)
        faults.add(origin, here, f"has the key ({', '.join(table.key)}) of {first}")
