"""Writes one table to a Parquet, CSV or XLSX file.

Depends on the three formats. Rows come through the same gate as a load, a frame at a time.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from ys_analytics.errors import UsageError
from ys_analytics.frames import atomic, csvfile, loading, parquet, spreadsheet
from ys_analytics.schemas import Progress, Span, silent
from ys_analytics.stores import Stores


def export(
    stores: Stores,
    name: str,
    to: Path,
    *,
    span: Span | None = None,
    portfolios: Sequence[str] | None = None,
    warn: Callable[[str], None] = lambda _: None,
    progress: Progress = silent,
) -> int:
    """Write a table as Parquet, CSV or XLSX, with memory for one frame of it.

    The file appears whole or not at all. In CSV a decimal keeps every digit, a time is ISO 8601 with its
    zone, nothing is an empty field and an empty text is `""`; a map is a JSON object whose decimals keep every
    digit too, lists and vectors are JSON. `ys import` reads both kinds back as the rows they were, but for tables
    with secret columns, which no file holds. In XLSX a number of more than 15 digits is text, as a spreadsheet would
    round it.

    Args:
        stores: The open stores.
        name: As `load`.
        to: A path that ends in .parquet, .csv or .xlsx; replaced when it is there.
        span: As `load`.
        portfolios: As `load`.
        warn: Called with a warning for the reader of the file.
        progress: Called with the rows so far.

    Returns:
        The number of rows written.

    Raises:
        UsageError: another ending; or as `load`.
        StoreError: as `load`.
        ContractError: as `load`.
        FileError: the file cannot be written; nothing of it is left.
    """
    if to.suffix not in {".parquet", ".csv", ".xlsx"}:
        raise UsageError(f"{to}: write to a file that ends in .parquet, .csv or .xlsx")
    table = loading.find_table(name)
    table_batches = loading.batches(stores, name, span=span, portfolios=portfolios, progress=progress)
    # Closed on an error as well: a store waits for its reader.
    with atomic.write_file(to) as path, closing(table_batches) as frames:
        if to.suffix == ".parquet":
            return parquet.write(path, frames, schema=table.schema).rows
        if to.suffix == ".csv":
            return csvfile.write(path, frames)
        result = spreadsheet.write(path, frames, sheet=name)
        if result.as_text:
            warn(f"{result.as_text:,} numbers have more digits than a spreadsheet keeps and are text there")
        return result.rows
