"""Loaders: one function for each table, key family and collection, made from its declaration.

Depends on names and docstrings; `loading.load` loads.
"""

from collections.abc import Sequence
from typing import Protocol

import polars as pl

from ys_analytics.frames.loading import load
from ys_analytics.schemas import TABLES, Span, Table
from ys_analytics.stores import Stores
from ys_analytics.stores.common.quarantine import RejectedRow


class Loader(Protocol):
    """A function that loads one table; what it takes, gives and raises is what `load` says."""

    def __call__(
        self,
        stores: Stores,
        *,
        span: Span | None = None,
        portfolios: Sequence[str] | None = None,
        quarantine: list[RejectedRow] | None = None,
    ) -> pl.DataFrame:
        """The table as one exact frame."""


def loader(table: Table) -> Loader:
    """The function `frames.<name>`.

    >>> loader(TABLES["assets"]).__name__
    'assets'
    """

    def rows(
        stores: Stores,
        *,
        span: Span | None = None,
        portfolios: Sequence[str] | None = None,
        quarantine: list[RejectedRow] | None = None,
    ) -> pl.DataFrame:
        return load(stores, table.name, span=span, portfolios=portfolios, quarantine=quarantine)

    rows.__name__ = rows.__qualname__ = table.name
    rows.__doc__ = _docstring(table)
    return rows


def _docstring(table: Table) -> str:
    """The docstring of a loader: meaning, order, and every column with its type and unit."""
    columns = "\n".join(
        f"    {column.name}: {column.meaning} {column.dtype}{f', {column.unit}' if column.unit else ''}"
        f"{'; null where nothing is known' if column.nullable else ''}."
        for column in table.visible
    )
    order = f"Sorted by {', '.join(table.key)}." if table.key else "Counted, never read."
    return f"{table.meaning}\n\n{order} Filters, errors and exactness are those of `load`.\n\n{columns}\n"


LOADERS: dict[str, Loader] = {name: loader(table) for name, table in TABLES.items()}
