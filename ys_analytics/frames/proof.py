"""The proof of a load: rows, smallest, largest and exact sum of all decimals, in the store and in the frame.

Depends on the totals that each store's reader gives. A sum over Int128 halves cannot overflow, so equal means equal.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import cast

import polars as pl

from ys_analytics.frames import gate, loading
from ys_analytics.schemas import Collection, KeyFamily, Progress, Span, Table, silent
from ys_analytics.stores import Stores
from ys_analytics.stores.common.decimal_places import DecimalPlace, places
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import TableQuery
from ys_analytics.stores.common.table_reader import Total

_EXACT = Context(prec=100)
_HALF = 10**18

PROOF: dict[str, pl.DataType] = {
    "table": pl.String(), "column": pl.String(), "measure": pl.String(),
    "store": pl.String(), "frame": pl.String(), "equal": pl.Boolean(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProofLine:
    """One measure of one column, taken twice.

    Attributes:
        column: The column, or the place inside of one; empty for the whole table.
        measure: rows, min, max, sum or, inside a column, values: how many there are.
        store: What the store says; None for nothing.
        frame: What the frame says.
    """

    column: str
    measure: str
    store: Decimal | None
    frame: Decimal | None

    @property
    def equal(self) -> bool:
        """Whether both say the same number."""
        return self.store == self.frame

    def to_json(self) -> dict[str, str | None]:
        """The line as JSON values; numbers as text, which keeps their digits."""
        return {"column": self.column, "measure": self.measure, "store": _text(self.store), "frame": _text(self.frame)}


@dataclass(slots=True)
class Tally:
    """Running counts, sums, smallest and largest values of frames.

    Attributes:
        places: Where decimals are.
        keys: What makes one key of a store of keys, which has several rows in a frame; None counts rows.
        rows: Rows, or keys, so far.
        values: How many decimals, by the name of their place.
        smallest: By place; a place without a value has none.
        largest: By place.
        sums: By place.

    >>> tally = Tally((DecimalPlace("price", 18),))
    >>> tally.add(pl.DataFrame({"price": ["0.1", "0.2"]}).cast(pl.Decimal(38, 18)))
    >>> str(tally.sums["price"].normalize())
    '0.3'
    """

    places: tuple[DecimalPlace, ...]
    keys: tuple[str, ...] | None = None
    rows: int = 0
    values: Counter[str] = field(default_factory=Counter)
    smallest: dict[str, Decimal] = field(default_factory=dict)
    largest: dict[str, Decimal] = field(default_factory=dict)
    sums: dict[str, Decimal] = field(default_factory=dict)

    def add(self, rows: pl.DataFrame) -> None:
        """Count these rows too."""
        self.rows += rows.height if self.keys is None else _distinct(rows, self.keys)
        for place in self.places:
            name, column = place.name, place.values(rows)
            if not column.len():
                continue
            self.values[name] += column.len()
            low, high, total = cast("Decimal", column.min()), cast("Decimal", column.max()), _sum(column)
            self.smallest[name] = min(low, self.smallest.get(name, low))
            self.largest[name] = max(high, self.largest.get(name, high))
            self.sums[name] = _EXACT.add(total, self.sums.get(name, Decimal(0)))

    def value_of(self, total: Total) -> Decimal | None:
        """The number that the store should have given as this one."""
        if not total.column:
            return Decimal(self.rows)
        if total.measure == "values":
            return Decimal(self.values[total.column])
        return {"min": self.smallest, "max": self.largest, "sum": self.sums}[total.measure].get(total.column)


def prove(
    stores: Stores,
    name: str,
    *,
    span: Span | None = None,
    portfolios: Sequence[str] | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Load a table, and compare counts and sums of the store with those of the frame.

    Args:
        stores: The open stores.
        name: As `load`.
        span: As `load`.
        portfolios: As `load`.
        progress: Called with the rows so far.

    Returns:
        A row a measure: `table`, `column`, `measure` (rows, min, max, sum; values inside a column), `store`,
        `frame` as exact text, `equal`. Rows are counted before exact duplicates are dropped; how many were is a
        line of its own.

    Raises:
        UsageError: as `load`.
        StoreError: as `load`.
        ContractError: as `load`.
    """
    query = TableQuery(loading.find_table(name), span, portfolios)
    table = query.table
    totals_of_frame = tally(table)
    rejects = RejectPolicy(source=name, key=table.key)
    with stores.reader(table.store).snapshot():
        rows = loading.collect(stores, query, rejects, on_rows=totals_of_frame.add, progress=progress)
        lines = compare(stores, query, totals_of_frame)
    duplicates = gate.drop_duplicates(gate.sort_by_key(gate.require_schema(rows, table), table), table)[1]
    lines.append(ProofLine("", "exact duplicates dropped", None, Decimal(duplicates)))
    return pl.DataFrame(
        [
            (name, line.column, line.measure, _text(line.store), _text(line.frame), line.store is None or line.equal)
            for line in lines
        ],
        schema=PROOF,
        orient="row",
    )


def tally(table: Table) -> Tally:
    """An empty tally of what can be added up in a table's store too."""
    if isinstance(table, KeyFamily):
        return Tally((), keys=table.parts)
    return Tally(places(table) if not isinstance(table, Collection) else ())


def compare(stores: Stores, query: TableQuery, totals_of_frame: Tally) -> list[ProofLine]:
    """What the store adds up to for the same rows, next to what was counted.

    Raises:
        StoreError: the store refused us or went away.
    """
    totals = stores.reader(query.table.store).totals(query, totals_of_frame.places)
    return [ProofLine(total.column, total.measure, total.value, totals_of_frame.value_of(total)) for total in totals]


def _distinct(rows: pl.DataFrame, keys: tuple[str, ...]) -> int:
    """How many keys the rows came from; a family of one key names no part."""
    return rows.select(keys).n_unique() if keys else min(rows.height, 1)


def _sum(column: pl.Series) -> Decimal:
    """The exact sum: the digits above and below 10^18 are added apart, so neither sum can overflow."""
    assert isinstance(column.dtype, pl.Decimal)  # noqa: S101 - a tally holds decimal columns only
    units = column.to_physical().alias("units").to_frame()
    upper, half = pl.col("units") // _HALF, pl.lit(_HALF, pl.Int128)
    high, low = units.select(upper.sum().alias("high"), (pl.col("units") - upper * half).sum().alias("low")).row(0)
    return _EXACT.scaleb(_EXACT.add(_EXACT.multiply(Decimal(high), _HALF), Decimal(low)), -column.dtype.scale)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"
