"""Where a table holds decimals: in its columns and inside of them.

Depends on declared types. Does not add anything up, and does not know how a store is asked for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ys_analytics.schemas import Column, Table

# A step into the elements of a list; every other step is the name of a field.
EACH = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Decimals of one kind.

    Attributes:
        column: The column they are in.
        scale: Their decimal places.
        steps: The way to them inside the column; none where they are the column.
        native: The column's type in its store.

    >>> Place("asset_allocation", 8, ("", "value")).name
    'asset_allocation.value'
    """

    column: str
    scale: int
    steps: tuple[str, ...] = ()
    native: str = ""

    @property
    def name(self) -> str:
        """The column, and the fields on the way."""
        return ".".join([self.column, *filter(None, self.steps)])

    def values(self, rows: pl.DataFrame) -> pl.Series:
        """All of them that are in a frame, without nulls.

        >>> rows = pl.DataFrame({"parts": [[{"key": "btc", "value": 1}], [], None]})
        >>> Place("parts", 0, ("", "value")).values(rows).to_list()
        [1]
        """
        found = rows[self.column]
        for step in self.steps:
            found = found.drop_nulls().explode() if step == EACH else found.struct.field(step)
        return found.drop_nulls()


def places(table: Table) -> tuple[Place, ...]:
    """Every place of a table's visible columns that holds decimals."""
    return tuple(place for column in table.visible for place in _within(column, column.dtype, ()))


def _within(column: Column, dtype: object, steps: tuple[str, ...]) -> Iterator[Place]:
    match dtype:
        case pl.Decimal(scale=scale):
            yield Place(column.name, scale, steps, column.native)
        case pl.List():
            yield from _within(column, dtype.inner, (*steps, EACH))
        case pl.Struct():
            for field in dtype.fields:
                yield from _within(column, field.dtype, (*steps, field.name))
