"""Base class of readers of a store that speaks SQL.

Depends on the declared schemas and a store's `scan`, `batches` and `rows`. Does not know any dialect: a subclass in
the store's own package does.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import polars as pl

from ys_analytics.schemas import Column, Table
from ys_analytics.stores.common.decimal_places import DecimalPlace
from ys_analytics.stores.common.progress import RowCallback, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import Alternatives, Condition, Group, Measure, TableQuery
from ys_analytics.stores.common.table_reader import Catalogue, Total


class SqlStore(Protocol):
    """The methods of a store that speaks SQL; each store documents its own."""

    def scan(
        self,
        table: str,
        where: str = "",
        parameters: Mapping[str, object] | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        rejects: RejectPolicy | None = None,
        report_rows: RowCallback = no_progress,
    ) -> pl.DataFrame:
        """All rows of a table at once."""

    def batches(
        self,
        statement: str,
        parameters: Mapping[str, object] | None = None,
        *,
        schema: Mapping[str, pl.DataType],
        rejects: RejectPolicy | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The rows of a statement as they arrive."""

    def rows(self, statement: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """A few rows as Python values."""

    def abort(self) -> None:
        """Make what waits for the store fail."""


Opened = TypeVar("Opened", bound=SqlStore)


@dataclass(frozen=True, slots=True)
class SqlTables(ABC, Generic[Opened]):
    """A `TableReader` that writes SQL; a subclass gives what differs between dialects.

    Attributes:
        store: The open store.
    """

    store: Opened

    def scan(self, query: TableQuery, *, rejects: RejectPolicy, report_rows: RowCallback = no_progress) -> pl.DataFrame:
        """All rows at once, in any order."""
        where, values = self.condition(query)
        return self.store.scan(
            query.table.name, where, values, schema=query.schema, rejects=rejects, report_rows=report_rows
        )

    def batches(
        self, query: TableQuery, *, rejects: RejectPolicy, ordered: bool = True
    ) -> Generator[pl.DataFrame, None, None]:
        """The rows as they arrive."""
        text, values = self.select(query, ordered=ordered)
        frames: Any = self.store.batches(text, values, schema=query.schema, rejects=rejects)
        with closing(frames):
            yield from frames

    def count(self, table: Table) -> int:
        """How many rows there are."""
        return int(self.store.rows(f'SELECT count(*) FROM "{table.name}"')[0][0])  # noqa: S608 - a declared name

    def distinct(self, table: Table, column: str) -> set[str]:
        """Every value of a column, each once."""
        statement = f'SELECT DISTINCT "{column}" FROM "{table.name}" WHERE "{column}" IS NOT NULL'  # noqa: S608 - declared names
        return {str(value) for (value,) in self.store.rows(statement)}

    def aggregate(
        self,
        query: TableQuery,  # noqa: ARG002
        groups: Sequence[Group],  # noqa: ARG002
        measures: Sequence[Measure],  # noqa: ARG002
    ) -> pl.DataFrame | None:
        """None: rows are few enough to leave the store."""
        return None

    def aggregate_statement(
        self,
        query: TableQuery,  # noqa: ARG002
        groups: Sequence[Group],  # noqa: ARG002
        measures: Sequence[Measure],  # noqa: ARG002
    ) -> str:
        """Nothing."""
        return ""

    def is_exact(self, query: TableQuery) -> bool:
        """Whether the store can be asked for every one of the conditions."""
        return all(
            self._alternatives_sql(query.table, alternatives, first_number=0)[0] for alternatives in query.conditions
        )

    def totals(self, query: TableQuery, places: Sequence[DecimalPlace]) -> list[Total]:
        """Rows, and smallest, largest and sum of each place, in one statement."""
        where, values = self.condition(query)
        selected = ", ".join(["count(*)", *(measure for place in places for measure in self.measures(place))])
        ending = f" WHERE {where}" if where else ""
        (row,) = self.store.rows(f'SELECT {selected} FROM "{query.table.name}"{ending}', values)  # noqa: S608 - declared names
        names = [("", "rows")]
        for place in places:
            names += [(place.name, measure) for measure in ("min", "max", "sum", *(("values",) if place.steps else ()))]
        return [
            Total(column, measure, None if value is None else Decimal(value))
            for (column, measure), value in zip(names, row, strict=True)
        ]

    def statement(self, query: TableQuery) -> str:
        """The SELECT, with the names of its parameters."""
        return self.select(query)[0]

    def statement_with_values(self, query: TableQuery) -> str:
        """The SELECT in any order, with the values of its parameters."""
        return self.with_values(*self.select(query, ordered=False))

    def with_values(self, text: str, values: Mapping[str, object]) -> str:
        """A statement with the values of its parameters, for people."""
        return self.parameter.sub(lambda found: _shown(values[found[1]]), text)

    def abort(self) -> None:
        """Cut the connection."""
        self.store.abort()

    def select(self, query: TableQuery, *, ordered: bool = True) -> tuple[str, dict[str, object]]:
        """The wanted columns of the wanted rows, in key order where that is wanted, and the values it names."""
        where, values = self.condition(query)
        names = ", ".join(f'"{name}"' for name in query.schema)
        key_order = f" ORDER BY {', '.join(self.key_order(query.table))}" if ordered and query.table.key else ""
        return f"SELECT {names} FROM {self.source(query, where)}{key_order}", values  # noqa: S608 - names are the declaration's

    def source(self, query: TableQuery, where: str) -> str:
        """What follows FROM: the table and the condition. A key that the store enforces keeps rows distinct."""
        return f'"{query.table.name}"{f" WHERE {where}" if where else ""}'

    def condition(self, query: TableQuery) -> tuple[str, dict[str, object]]:
        """Span, portfolios and conditions in SQL, empty for every row, and the values it names."""
        parts, values = [], query.parameters
        if query.span_filter is not None:
            time = f'"{query.span_filter[0]}"'
            parts.append(f"{time} >= {self.moment_parameter('start')} AND {time} < {self.moment_parameter('end')}")
        if query.portfolio_filter is not None:
            parts.append(self.portfolio_condition(f'"{query.portfolio_filter[0]}"'))
        if query.keys is not None:
            parts.append(self.key_condition(f'"{query.table.key[0]}"'))
        for alternatives in query.conditions:
            part, part_values = self._alternatives_sql(query.table, alternatives, first_number=len(values))
            if part:
                parts.append(part)
                values |= part_values
        return " AND ".join(parts), values

    def _alternatives_sql(
        self, table: Table, alternatives: Alternatives, *, first_number: int
    ) -> tuple[str, dict[str, object]]:
        """One alternative or another; empty where one of them cannot be compared exactly."""
        columns = {column.name: column for column in table.visible}
        parts, values = [], dict[str, object]()
        for alternative in alternatives:
            name = f"v{first_number + len(values)}"
            comparison = self._comparison(columns[alternative.column], alternative, name)
            if not comparison:
                return "", {}
            parts.append(comparison)
            if alternative.value is not None:
                values[name] = alternative.value
        return f"({' OR '.join(parts)})" if len(parts) > 1 else parts[0], values

    def _comparison(self, column: Column, condition: Condition, name: str) -> str:
        if condition.value is None:
            return f'"{column.name}" {condition.operator.upper()}'
        return self.comparison(column, condition, name)

    # What differs between dialects

    parameter: ClassVar[re.Pattern[str]]

    @abstractmethod
    def moment_parameter(self, name: str) -> str:
        """The parameter of that name as a moment."""

    @abstractmethod
    def portfolio_condition(self, owner: str) -> str:
        """That a column is one of the parameter `portfolios`."""

    @abstractmethod
    def key_condition(self, key: str) -> str:
        """That a column as text is one of the parameter `keys`."""

    @abstractmethod
    def comparison(self, column: Column, condition: Condition, name: str) -> str:
        """A comparison with the parameter of that name that never leaves out a row which DuckDB would keep.

        Empty where there is none.
        """

    @abstractmethod
    def key_order(self, table: Table) -> list[str]:
        """The key, so that rows come as Polars sorts them."""

    @abstractmethod
    def measures(self, place: DecimalPlace) -> list[str]:
        """Smallest, largest and sum as text; of a place inside a column also how many there are."""

    @abstractmethod
    def describe(self) -> Catalogue:
        """Every table and its columns, as the store's own catalogue has them."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Within it all reads see one moment, where the store can do that."""


def _shown(value: object) -> str:
    """A value as people read it in SQL.

    >>> _shown("it's"), _shown([5, "a"])
    ("'it''s'", "(5, 'a')")
    """
    if isinstance(value, list):
        return f"({', '.join(map(_shown, value))})"
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None)
    text = str(value).replace("'", "''")
    return f"'{text}'" if isinstance(value, str | date) else text
