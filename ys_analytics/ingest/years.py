"""Rows in years of their own: a mistyped year is refused before anything is made for it.

Depends on the years of the rows that a store holds and of those that are to go in. Does not read the clock: what is
far is far from the other rows, not from today.
"""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from ys_analytics.ingest.problems import Problems
from ys_analytics.schemas import Table
from ys_analytics.stores import dialect

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

# Years without a row, after which what follows is taken for a mistake. A ledger may rest for a year or two.
FAR = 5


def check(stores: "Stores", table: Table, rows: pl.DataFrame, origin: pl.DataFrame, problems: Problems) -> None:
    """Note every row that lies more than `FAR` years from the years where most rows are, the store's among them.

    A table without time, and a file whose rows and the store's are all near one another, has none.
    """
    if table.time is None or not rows.height:
        return
    year = rows[table.time].dt.year()
    mine = Counter(year.drop_nulls().to_list())
    if not mine:
        return
    first, last = usual(mine + Counter(_held(stores, table)))
    span = f"{first}" if first == last else f"{first} to {last}"
    wrong = (year < first) | (year > last)
    problems.add(origin, wrong, f"is far from the years of the other rows, {span}: is the year right?", values=year)


def usual(rows: Mapping[int, int]) -> tuple[int, int]:
    """The first and last year of the run of years that has most rows; of two alike, the earlier.

    Args:
        rows: How many rows each year has.

    >>> usual({2025: 40, 2026: 60, 2206: 1})
    (2025, 2026)
    """
    runs: list[list[int]] = []
    for year in sorted(rows):
        if runs and year - runs[-1][-1] <= FAR:
            runs[-1].append(year)
        else:
            runs.append([year])
    most = max(runs, key=lambda run: sum(rows[year] for year in run))
    return most[0], most[-1]


def _held(stores: "Stores", table: Table) -> dict[int, int]:
    """How many rows of each year the store has."""
    expression = dialect(table.store).year(f'"{table.time}"')
    asked = f'SELECT {expression}, count(*) FROM "{table.name}" WHERE "{table.time}" IS NOT NULL GROUP BY 1'  # noqa: S608 - our own names
    return {int(year): int(count) for year, count in stores.opened(table.store).rows(asked)}
