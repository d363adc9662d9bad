"""ClickHouse's tables: which rows and columns are wanted, in its SQL.

Depends on the store and on the declared schemas. Does not know what any table means.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from ys_analytics.schemas import Column, Table
from ys_analytics.stores.clickhouse.arrow_reader import bare
from ys_analytics.stores.clickhouse.store import ClickHouse
from ys_analytics.stores.common.decimal_places import EACH, Place
from ys_analytics.stores.common.sql_tables import SqlTables
from ys_analytics.stores.common.table_query import Condition
from ys_analytics.stores.common.table_reader import Catalogue, FoundColumn

_CATALOGUE = "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()"

# Moments that DateTime64 has; of another one ClickHouse would take the nearest it has.
_FIRST, _LAST = datetime(1900, 1, 2, tzinfo=UTC), datetime(2299, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tables(SqlTables[ClickHouse]):
    """A `TableReader` over an open ClickHouse."""

    def describe(self) -> Catalogue:
        """What `system.columns` says of this database."""
        found: dict[str, dict[str, FoundColumn]] = {}
        for table, name, native in self.store.rows(_CATALOGUE):
            found.setdefault(table, {})[name] = FoundColumn(native, nullable=False, labels="")
        return found

    def snapshot(self) -> AbstractContextManager[None]:
        """Nothing: each statement sees a moment of its own."""
        return nullcontext()

    def moment(self, name: str) -> str:
        """Text made a moment by the engine, which keeps its microseconds."""
        return f"toDateTime64({{{name}:String}}, 6, 'UTC')"

    def among_portfolios(self, owner: str) -> str:
        """Ids are text."""
        return f"{owner} IN {{portfolios:Array(String)}}"

    def among_keys(self, key: str) -> str:
        """A key may have a type of its own."""
        return f"toString({key}) IN {{keys:Array(String)}}"

    def compared(self, column: Column, asked: Condition, name: str) -> str:
        """A parameter of the column's own type; text is compared by its bytes."""
        left = f'"{column.name}"'
        match column.dtype:
            case pl.Datetime():
                within = isinstance(asked.value, datetime) and _FIRST <= asked.value <= _LAST
                return f"{left} {asked.operator} {self.moment(name)}" if within else ""
            case pl.String() | pl.Decimal() | pl.Boolean():
                return f"{left} {asked.operator} {{{name}:{bare(column.native)}}}"
            case _:
                typed = f"{left} {asked.operator} {{{name}:{bare(column.native)}}}"
                return typed if column.dtype.is_integer() else ""

    def order(self, table: Table) -> list[str]:
        """The key as it is: ClickHouse sorts text by its bytes."""
        return [f'"{name}"' for name in table.key]

    def measures(self, place: Place) -> list[str]:
        """A sum needs room; of no value at all there is nothing rather than zero."""
        found, listed = _inside(place)
        every = "Array" if listed else ""
        roomy = f"toDecimal256({'one' if listed else found}, {place.scale})"
        summed = f"arrayMap(one -> {roomy}, {found})" if listed else roomy
        counted = {"count": found} if place.steps else {}
        asked = {"minOrNull": found, "maxOrNull": found, "sumOrNull": summed} | counted
        return [f"toString({measure}{every}({values}))" for measure, values in asked.items()]


def _inside(place: Place) -> tuple[str, bool]:
    """The expression that gives a place's decimals, and whether it gives a list of them."""
    found, steps, listed = f'"{place.column}"', place.steps, False
    if place.native.startswith("Map("):  # which a frame has as a list of key and value
        found, steps, listed = f"{'mapKeys' if steps[1] == 'key' else 'mapValues'}({found})", steps[2:], True
    for step in steps:
        if step == EACH:
            found, listed = f"arrayFlatten({found})" if listed else found, True
        elif listed:
            found = f"arrayMap(one -> tupleElement(one, '{step}'), {found})"
        else:
            found = f"tupleElement({found}, '{step}')"
    return found, listed
