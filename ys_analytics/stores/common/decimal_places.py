"""Places of decimals in a table: its columns, and lists and structs inside them.

Depends on declared types. Does not add anything up, and does not query a store.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ys_analytics.schemas import Column, Table

# A step into the elements of a list; every other step is the name of a field.
LIST_STEP = ""


@dataclass(frozen=True, slots=True)
class DecimalPlace:
    """Decimals of one kind.

    Attributes:
        column: The column they are in.
        scale: Their decimal places.
        steps: The way to them inside the column; none where they are the column.
        native_type: The column's type in its store.

    >>> DecimalPlace("asset_allocation", 8, ("", "value")).name
    'asset_allocation.value'
    """

    column: str
    scale: int
    steps: tuple[str, ...] = ()
    native_type: str = ""

    @property
    def name(self) -> str:
        """The column, and the fields on the way."""
        return ".".join([self.column, *filter(None, self.steps)])

    def values(self, rows: pl.DataFrame) -> pl.Series:
        """All of them that are in a frame, without nulls.

        >>> rows = pl.DataFrame({"parts": [[{"key": "btc", "value": 1}], [], None]})
        >>> DecimalPlace("parts", 0, ("", "value")).values(rows).to_list()
        [1]
        """
        values_found = rows[self.column]
        for step in self.steps:
            values_found = values_found.drop_nulls().explode() if step == LIST_STEP else values_found.struct.field(step)
        return values_found.drop_nulls()


def places(table: Table) -> tuple[DecimalPlace, ...]:
    """Every place of a table's visible columns that holds decimals."""
    return tuple(place for column in table.visible for place in _places_in(column, column.dtype, ()))


def _places_in(column: Column, dtype: object, steps: tuple[str, ...]) -> Iterator[DecimalPlace]:
    match dtype:
        case pl.Decimal(scale=scale):
            yield DecimalPlace(column.name, scale, steps, column.native_type)
        case pl.List():
            yield from _places_in(column, dtype.inner, (*steps, LIST_STEP))
        case pl.Struct():
            for field in dtype.fields:
                yield from _places_in(column, field.dtype, (*steps, field.name))
