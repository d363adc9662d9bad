"""Checks of an import beyond types, by the table's declaration: signs, unique keys, exactness; reaches no store."""

import polars as pl

from ys_analytics.ingest.problems import Problems
from ys_analytics.schemas import Column, Table

_RATIOS = frozenset({"fraction", "ratio", "score", "token1 per token0"})


def must_be_exact(table: Table, column: Column) -> bool:
    """Whether a value finer than the store keeps is wrong, rather than rounded and counted.

    A price feed writes the digits of a binary float, more than any store keeps, and a ratio of two amounts never
    ends; rounding them loses nothing that was known. An amount of a ledger is what was moved, to the last digit,
    and a limit is what its owner stated.

    >>> from ys_analytics.schemas import TABLES
    >>> [
    ...     must_be_exact(table, column)
    ...     for table in (TABLES["market_data"], TABLES["dex_trades"])
    ...     for column in table.columns
    ...     if column.name in ("price", "amount0")
    ... ]
    [False, True, False]
    """
    if table.feed:
        return False
    return column.exact or not (column.dtype.is_decimal() and column.unit in _RATIOS)


def check_signs(table: Table, rows: pl.DataFrame, origin: pl.DataFrame, problems: Problems) -> None:
    """Add a problem for values on the wrong side of zero: prices must be above it, amounts not below."""
    for column in table.visible:
        if column.name not in rows.columns:
            continue
        values, refused = rows[column.name], [bound for bound in column.bounds if bound.refused]
        if refused:
            problems.add(origin, values < 0, f"is a negative {column.name}", values=values)
        if any(bound.above == 0 for bound in refused):
            problems.add(origin, values == 0, f"is no {column.name}: it must be above 0", values=values)


def check_unique(table: Table, rows: pl.DataFrame, origin: pl.DataFrame, problems: Problems) -> None:
    """Add a problem for each key that is twice in the files, with the line that had it first.

    In a table of events rows of one key that differ are events of their own, and equal ones are no fault:
    `without_repeats` leaves one of them.
    """
    if table.events:
        return
    keyed = rows.select(table.key).with_columns(origin.rename({name: f"origin {name}" for name in origin.columns}))
    # A key that is not there is a fault already.
    has_key = pl.all_horizontal(pl.col(name).is_not_null() for name in table.key)
    with_repeats = keyed.with_columns(
        repeated=~pl.struct(table.key).is_first_distinct() & has_key,
        first=pl.format("{} {} {}", "origin file", "origin place", "origin number").first().over(table.key),
    )
    if not with_repeats["repeated"].any():
        return
    for first in with_repeats.filter("repeated")["first"].unique(maintain_order=True).to_list():
        repeats_of_first = with_repeats["repeated"] & (with_repeats["first"] == first)
        problems.add(origin, repeats_of_first, f"has the key ({', '.join(table.key)}) of {first}")


def without_repeats(
    table: Table, rows: pl.DataFrame, origin: pl.DataFrame, problems: Problems
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows and their origin without equal events after the first; a remark counts those left out."""
    if not table.events:
        return rows, origin
    first = rows.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    if repeated := int((~first).sum()):
        remark = "1 row equals another and was" if repeated == 1 else f"{repeated:,} rows equal another and were"
        place = origin.row(int(first.arg_min() or 0))
        problems.remark(f"{remark} taken once ({place[0]} {place[1]} {place[2]}{' first' if repeated > 1 else ''})")
    return rows.filter(first), origin.filter(first)
