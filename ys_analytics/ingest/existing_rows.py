"""What a store holds already of the rows that are to go in: the same, another value for the key, or nothing.

Knows how to ask each store; changes nothing. Columns that hold secrets are not compared.
"""

import json
from decimal import Context, Decimal
from typing import TYPE_CHECKING

import polars as pl

from ys_analytics.schemas import Table
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import Condition, TableQuery

if TYPE_CHECKING:
    from ys_analytics.stores import Stores


def compare(stores: "Stores", table: Table, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Which rows are in the store as they are, and which have their key there with another value.

    In a table of events another value is another event, so only equal rows are there already.
    """
    there = _held(stores, table, rows)
    columns = list(table.schema)
    mine = rows.select(columns).select(_comparable(table))
    key = columns if table.events else list(table.key)
    theirs = there.select(_comparable(table)).unique(subset=key, keep="first", maintain_order=True)
    values = [name for name in columns if name not in key]
    both = mine.join(
        theirs.with_columns(held=pl.lit(value=True)),
        on=key,
        how="left",
        suffix=" held",
        nulls_equal=table.events,
        maintain_order="left",
    )
    differs = pl.any_horizontal(
        [pl.lit(value=False), *(pl.col(name).ne_missing(pl.col(f"{name} held")) for name in values)]
    )
    judged = both.select(held=pl.col("held").fill_null(value=False), differs=differs)
    return judged["held"] & ~judged["differs"], judged["held"] & judged["differs"]


def _held(stores: "Stores", table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """The store's rows that may have a key of ours."""
    if not rows.height:
        return pl.DataFrame(schema=table.schema)
    if table.time is not None and table.time in table.key:
        first, last = rows[table.time].min(), rows[table.time].max()
        wanted = ((Condition(table.time, ">=", first),), (Condition(table.time, "<=", last),))
        query = TableQuery(table, conditions=wanted)
    else:
        (key,) = table.key
        query = TableQuery(table, keys=rows[key].to_list())
    return stores.reader(table.store).scan(query, rejects=RejectPolicy(source=table.name, key=table.key))


def _comparable(table: Table) -> list[pl.Expr]:
    """Columns as values that are equal when they mean the same: JSON by content, maps whatever their order."""
    return [
        _canonical(column.name)
        if column.native == "jsonb"
        else _sorted_pairs(column.name)
        if isinstance(column.dtype, pl.List)
        else pl.col(column.name)
        for column in table.visible
    ]


def _canonical(name: str) -> pl.Expr:
    return pl.col(name).map_elements(_content, return_dtype=pl.String)


def _content(text: str) -> str:
    """JSON in one spelling: keys sorted, each number with all its digits and no zeros at its end."""
    found = json.loads(text, parse_float=_number, parse_int=_number)
    return json.dumps(found, sort_keys=True)


def _number(digits: str) -> dict[str, str]:
    # An object, so that the number 1 differs from the text "1".
    return {"number": str(Decimal(digits).normalize(Context(prec=len(digits) + 1)))}


def _sorted_pairs(name: str) -> pl.Expr:
    pair = pl.concat_str(
        pl.element().struct.field("key"), pl.lit("="), pl.element().struct.field("value").cast(pl.String)
    )
    return pl.col(name).list.eval(pair).list.sort().list.join("\x1f")
