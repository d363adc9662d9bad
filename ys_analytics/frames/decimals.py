"""Where a table holds decimals, in its columns and inside of them, and how frame and store are asked for them.

Knows declared types and two dialects; adds nothing up.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ys_analytics.schemas import Column, Table

# A step into the elements of a list; every other step is the name of a field.
_EACH = ""


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
            found = found.drop_nulls().explode() if step == _EACH else found.struct.field(step)
        return found.drop_nulls()

    def measures(self, store: str) -> list[str]:
        """Smallest, largest and sum as text in the store's SQL; for those inside a column also how many there are."""
        return self._postgres() if store == "postgres" else self._clickhouse()

    def _postgres(self) -> list[str]:
        if not self.steps:
            return [f'{measure}("{self.column}")::text' for measure in ("min", "max", "sum")]
        each = f'FROM unnest("{self.column}") AS one'
        several = [f"{measure}((SELECT {measure}(one) {each}))::text" for measure in ("min", "max", "sum")]
        return [*several, f"coalesce(sum((SELECT count(one) {each})), 0)::text"]

    def _clickhouse(self) -> list[str]:
        """A sum needs room; of no value at all there is nothing rather than zero."""
        found, listed = self._inside()
        every = "Array" if listed else ""
        roomy = f"toDecimal256({'one' if listed else found}, {self.scale})"
        summed = f"arrayMap(one -> {roomy}, {found})" if listed else roomy
        asked = {"minOrNull": found, "maxOrNull": found, "sumOrNull": summed} | ({"count": found} if self.steps else {})
        return [f"toString({measure}{every}({values}))" for measure, values in asked.items()]

    def _inside(self) -> tuple[str, bool]:
        """The expression that gives them, and whether it gives a list of them."""
        found, steps, listed = f'"{self.column}"', self.steps, False
        if self.native.startswith("Map("):  # which a frame has as a list of key and value
            found, steps, listed = f"{'mapKeys' if steps[1] == 'key' else 'mapValues'}({found})", steps[2:], True
        for step in steps:
            if step == _EACH:
                found, listed = f"arrayFlatten({found})" if listed else found, True
            elif listed:
                found = f"arrayMap(one -> tupleElement(one, '{step}'), {found})"
            else:
                found = f"tupleElement({found}, '{step}')"
        return found, listed


def places(table: Table) -> tuple[Place, ...]:
    """Every place of a table's visible columns that holds decimals."""
    return tuple(place for column in table.visible for place in _within(column, column.dtype, ()))


def _within(column: Column, dtype: object, steps: tuple[str, ...]) -> Iterator[Place]:
    match dtype:
        case pl.Decimal(scale=scale):
            yield Place(column.name, scale, steps, column.native)
        case pl.List():
            yield from _within(column, dtype.inner, (*steps, _EACH))
        case pl.Struct():
            for field in dtype.fields:
                yield from _within(column, field.dtype, (*steps, field.name))
