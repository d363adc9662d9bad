"""The proof of a load: rows, smallest, largest and exact sum of each decimal column, in the store and in the frame.

Knows how each store is asked to add up; a sum over Int128 halves cannot overflow, so equal means equal.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import cast

import polars as pl

from ys_analytics.frames import gate, loading
from ys_analytics.frames.asking import Question
from ys_analytics.schemas import Collection, KeyFamily, Progress, Span, Table, silent
from ys_analytics.stores import Stores
from ys_analytics.stores.refusals import Refusals

_EXACT = Context(prec=100)
_HALF = 10**18

PROOF: dict[str, pl.DataType] = {
    "table": pl.String(), "column": pl.String(), "measure": pl.String(),
    "store": pl.String(), "frame": pl.String(), "equal": pl.Boolean(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of one column, taken twice.

    Attributes:
        column: The column; empty for the whole table.
        measure: rows, min, max or sum.
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
    """What frames add up to while they pass by.

    Attributes:
        columns: The decimal columns.
        keys: What makes one key of a store of keys, which has several rows in a frame; None counts rows.
        rows: Rows, or keys, so far.
        smallest: By column; a column without a value has none.
        largest: By column.
        sums: By column.

    >>> tally = Tally(("price",))
    >>> tally.add(pl.DataFrame({"price": ["0.1", "0.2"]}).cast(pl.Decimal(38, 18)))
    >>> str(tally.sums["price"].normalize())
    '0.3'
    """

    columns: tuple[str, ...]
    keys: tuple[str, ...] | None = None
    rows: int = 0
    smallest: dict[str, Decimal] = field(default_factory=dict)
    largest: dict[str, Decimal] = field(default_factory=dict)
    sums: dict[str, Decimal] = field(default_factory=dict)

    def add(self, rows: pl.DataFrame) -> None:
        """Count these rows too."""
        self.rows += rows.height if self.keys is None else _distinct(rows, self.keys)
        for name in self.columns:
            column = rows[name].drop_nulls()
            if not column.len():
                continue
            low, high, total = cast("Decimal", column.min()), cast("Decimal", column.max()), _sum(column)
            self.smallest[name] = min(low, self.smallest.get(name, low))
            self.largest[name] = max(high, self.largest.get(name, high))
            self.sums[name] = _EXACT.add(total, self.sums.get(name, Decimal(0)))


def prove(
    stores: Stores,
    name: str,
    *,
    span: Span | None = None,
    portfolios: Sequence[str] | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Load a table and say what the store and the frame each make of it.

    Args:
        stores: The open stores.
        name: As `load`.
        span: As `load`.
        portfolios: As `load`.
        progress: Told the rows so far.

    Returns:
        A row a measure: `table`, `column`, `measure` (rows, min, max, sum), `store`, `frame` as exact text,
        `equal`. Rows are counted before exact duplicates are dropped; how many were is a line of its own.

    Raises:
        UsageError: as `load`.
        StoreError: as `load`.
        ContractError: as `load`.
    """
    question = Question(loading.find(name), span, portfolios)
    table = question.table
    counted = tally(table)
    refusals = Refusals(source=name, key=table.key)
    with stores.postgres.snapshot() if table.store == "postgres" else nullcontext():
        rows = loading.collect(stores, question, refusals, seen=counted.add, progress=progress)
        lines = compare(stores, question, counted)
    dropped = gate.distinct(gate.in_order(gate.shaped(rows, table), table), table)[1]
    lines.append(Line("", "exact duplicates dropped", None, Decimal(dropped)))
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
    return Tally(tuple(name for name, dtype in table.schema.items() if isinstance(dtype, pl.Decimal)))


def compare(stores: Stores, question: Question, counted: Tally) -> list[Line]:
    """What the store adds up to for the same question, beside what was counted.

    Raises:
        StoreError: the store refused us or went away.
    """
    table = question.table
    if isinstance(table, KeyFamily):
        return [Line("", "keys", Decimal(stores.redis.count(table.glob)), Decimal(counted.rows))]
    if isinstance(table, Collection):
        return [Line("", "rows", Decimal(stores.qdrant.count(table.name)), Decimal(counted.rows))]
    store = stores.postgres if table.store == "postgres" else stores.clickhouse
    (row,) = store.rows(_summary(question, counted.columns), question.parameters)
    said = [None if value is None else Decimal(value) for value in row]
    lines = [Line("", "rows", said[0], Decimal(counted.rows))]
    for place, name in enumerate(counted.columns):
        low, high, total = said[1 + 3 * place : 4 + 3 * place]
        lines += [
            Line(name, "min", low, counted.smallest.get(name)),
            Line(name, "max", high, counted.largest.get(name)),
            Line(name, "sum", total, counted.sums.get(name)),
        ]
    return lines


def _summary(question: Question, columns: Sequence[str]) -> str:
    """The statement that adds up in the store; ClickHouse needs room for a sum, and null for no rows."""
    if question.table.store == "postgres":
        measures = [f'min("{c}")::text, max("{c}")::text, sum("{c}")::text' for c in columns]
    else:
        scales = {name: dtype.scale for name, dtype in question.table.schema.items() if isinstance(dtype, pl.Decimal)}
        measures = [
            f'toString(minOrNull("{c}")), toString(maxOrNull("{c}")), '
            f'toString(sumOrNull(toDecimal256("{c}", {scales[c]})))'
            for c in columns
        ]
    condition = f" WHERE {question.where}" if question.where else ""
    wanted = ", ".join(["count(*)", *measures])
    return f'SELECT {wanted} FROM "{question.table.name}"{condition}'  # noqa: S608 - declared names


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
