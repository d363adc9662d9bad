"""A file through everything an import does before it asks a store."""

from pathlib import Path

import polars as pl

from ys_analytics.ingest import files, importing, rules
from ys_analytics.ingest.problems import Problems
from ys_analytics.schemas import TABLES


def read(path: Path, table: str = "market_data", *, naive_is_utc: bool = False) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The typed rows of a file, and what was remarked; or the error an import would raise."""
    declared = TABLES[table]
    source = files.read(path)
    importing._same_columns(declared, source)
    problems = Problems(table=table, grouped=True, own_columns=True)
    rows = importing._typed_columns(declared, source, problems, naive_is_utc=naive_is_utc)
    rules.check_signs(declared, rows, source.origin, problems)
    rules.check_unique(declared, rows, source.origin, problems)
    problems.raise_if_any(order=[path.name])
    rows, _ = rules.without_repeats(declared, rows, source.origin, problems)
    return rows, problems.remark_lines()
