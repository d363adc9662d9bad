"""A file through everything an import does before it asks a store."""

from pathlib import Path

import polars as pl

from ys_analytics.ingest import files, importing, rules
from ys_analytics.ingest.faults import Faults
from ys_analytics.schemas import TABLES


def read(path: Path, table: str = "market_data", *, naive_is_utc: bool = False) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The typed rows of a file, and what was remarked; or the error an import would raise."""
    declared = TABLES[table]
    source = files.read(path)
    importing._same_columns(declared, source)
    faults = Faults(table=table)
    rows = importing._typed(declared, source, faults, naive_is_utc=naive_is_utc)
    rules.check_signs(rows, source.origin, faults)
    rules.check_unique(declared, rows, source.origin, faults)
    faults.stop(order=[path])
    rows, _ = rules.once(declared, rows, source.origin, faults)
    return rows, faults.remarked()
