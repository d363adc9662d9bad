"""Refuse rows with a mistyped year before partitions are made for it.

Depends on the years of the rows in the store and in the import. Does not read the clock: what is
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

# Years without a row after which further rows count as a mistake. A ledger may rest for a year or two.
MAX_YEARS_APART = 5


def check(stores: "Stores", table: Table, rows: pl.DataFrame, origin: pl.DataFrame, problems: Problems) -> None:
    """Add a problem for rows more than `MAX_YEARS_APART` years from where most rows of import and store are.

    A table without time, and a file whose rows and the store's are all near one another, has none.
    """
    if table.time is None or not rows.height:
        return
    year = rows[table.time].dt.year()
    rows_by_year = Counter(year.drop_nulls().to_list())
    if not rows_by_year:
        return
    first, last = largest_run(rows_by_year + Counter(_rows_by_year_in_store(stores, table)))
    span = f"{first}" if first == last else f"{first} to {last}"
    is_far = (year < first) | (year > last)
    problems.add(origin, is_far, f"is far from the years of the other rows, {span}: is the year right?", values=year)


def largest_run(rows: Mapping[int, int]) -> tuple[int, int]:
    """The first and last year of the run of years that has most rows; of two equal runs, the earlier.

    Args:
        rows: How many rows each year has.

    >>> largest_run({2025: 40, 2026: 60, 2206: 1})
    (2025, 2026)
    """
    runs: list[list[int]] = []
    for year in sorted(rows):
        if runs and year - runs[-1][-1] <= MAX_YEARS_APART:
            runs[-1].append(year)
        else:
            runs.append([year])
    largest = max(runs, key=lambda run: sum(rows[year] for year in run))
    return largest[0], largest[-1]


def _rows_by_year_in_store(stores: "Stores", table: Table) -> dict[int, int]:
    """How many rows of each year the store has."""
    expression = dialect(table.store).year(f'"{table.time}"')
    query = f'SELECT {expression}, count(*) FROM "{table.name}" WHERE "{table.time}" IS NOT NULL GROUP BY 1'  # noqa: S608 - our own names
    return {int(year): int(count) for year, count in stores.opened(table.store).rows(query)}
