"""Compare rows of an import with the store: which are there already, and which have another value for their key.

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
    """Masks of the rows that the store holds as they are, and of those whose key it holds with another value.

    In a table of events another value is another event, so only equal rows are there already.
    """
    stored = _stored_rows(stores, table, rows)
    columns = list(table.schema)
    new_rows = rows.select(columns).select(_comparable(table))
    key = columns if table.events else list(table.key)
    stored_rows = stored.select(_comparable(table)).unique(subset=key, keep="first", maintain_order=True)
    values = [name for name in columns if name not in key]
    compared_rows = new_rows.join(
        stored_rows.with_columns(held=pl.lit(value=True)),
        on=key,
        how="left",
        suffix=" held",
        nulls_equal=table.events,
        maintain_order="left",
    )
    differs = pl.any_horizontal(
        [pl.lit(value=False), *(pl.col(name).ne_missing(pl.col(f"{name} held")) for name in values)]
    )
    compared = compared_rows.select(held=pl.col("held").fill_null(value=False), differs=differs)
    return compared["held"] & ~compared["differs"], compared["held"] & compared["differs"]


def _stored_rows(stores: "Stores", table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """The store's rows that may have a key of ours."""
    if not rows.height:
        return pl.DataFrame(schema=table.schema)
    if table.time is not None and table.time in table.key:
        first, last = rows[table.time].min(), rows[table.time].max()
        conditions = ((Condition(table.time, ">=", first),), (Condition(table.time, "<=", last),))
        query = TableQuery(table, conditions=conditions)
    else:
        (key,) = table.key
        query = TableQuery(table, keys=rows[key].to_list())
    return stores.reader(table.store).scan(query, rejects=RejectPolicy(source=table.name, key=table.key))


def _comparable(table: Table) -> list[pl.Expr]:
    """Columns in a comparable form: JSON by content, maps in any order."""
    return [
        _canonical_json(column.name)
        if column.native_type == "jsonb"
        else _sorted_pairs(column.name)
        if isinstance(column.dtype, pl.List)
        else pl.col(column.name)
        for column in table.visible
    ]


def _canonical_json(name: str) -> pl.Expr:
    return pl.col(name).map_elements(_canonical_text, return_dtype=pl.String)


def _canonical_text(text: str) -> str:
    """JSON in canonical form: keys sorted, each number with all its digits and no trailing zeros."""
    parsed = json.loads(text, parse_float=_number, parse_int=_number)
    return json.dumps(parsed, sort_keys=True)


def _number(digits: str) -> dict[str, str]:
    # An object, so that the number 1 differs from the text "1".
    return {"number": str(Decimal(digits).normalize(Context(prec=len(digits) + 1)))}


def _sorted_pairs(name: str) -> pl.Expr:
    pair = pl.concat_str(
        pl.element().struct.field("key"), pl.lit("="), pl.element().struct.field("value").cast(pl.String)
    )
    return pl.col(name).list.eval(pair).list.sort().list.join("\x1f")
