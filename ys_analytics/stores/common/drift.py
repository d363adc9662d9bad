"""The differences between a table as it is declared and as its store's catalogue has it.

Depends on the declared schemas and on what a reader describes. Does not ask any store.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from ys_analytics.schemas import Column, Table
from ys_analytics.stores.common.table_reader import FoundColumn


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        column: Name of the column.
        text: What is different, in words that follow the column's name.
        harmless: Whether the table can be read as declared all the same.
    """

    column: str
    text: str
    harmless: bool = False


def differences(table: Table, actual_columns: Mapping[str, FoundColumn]) -> Iterator[Difference]:
    """Every difference of a table that is there, those of declared columns first.

    >>> from ys_analytics.schemas import TABLES
    >>> users = TABLES["schema_migrations"]
    >>> actual = {column.name: FoundColumn(column.native_type, column.nullable, "") for column in users.columns}
    >>> actual["version"] = FoundColumn("text", nullable=False, labels="")
    >>> [f"{each.column} {each.text}" for each in differences(users, actual | {"more": actual["checksum"]})]
    ['version is text, not character varying(50)', 'more is not declared']
    """
    for column in table.columns:
        actual = actual_columns.get(column.name)
        if actual is None:
            yield Difference(column.name, "is gone")
        elif actual.native_type != column.native_type:
            yield Difference(column.name, f"is {actual.native_type}, not {column.native_type}")
        elif actual.nullable and not column.nullable:
            yield Difference(column.name, "may be null, and is declared not null")
        elif column.nullable and not actual.nullable:
            yield Difference(column.name, "is not null, and is declared nullable", harmless=True)
        elif actual.labels and actual.labels != _labels(column):
            yield Difference(column.name, f"allows {actual.labels}, not {_labels(column)}")
    declared = {column.name for column in table.columns}
    for name in sorted(actual_columns.keys() - declared):
        yield Difference(name, "is not declared", harmless=True)


def _labels(column: Column) -> str:
    return ",".join(column.dtype.categories) if isinstance(column.dtype, pl.Enum) else ""
