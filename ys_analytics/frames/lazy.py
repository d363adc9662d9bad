"""A live table as a LazyFrame: read when collected, only as far as it is used, a frame at a time.

Depends on Polars' interface for sources. The rows are those of `batches`.
"""

from collections.abc import Iterator, Sequence

import polars as pl
from polars.io.plugins import register_io_source

from ys_analytics.frames.loading import batches, find_table
from ys_analytics.schemas import Span
from ys_analytics.stores import Stores


def scan(
    stores: Stores, name: str, *, span: Span | None = None, portfolios: Sequence[str] | None = None
) -> pl.LazyFrame:
    """One table to be read later, with memory for one frame of it where the query streams.

    Args:
        stores: The open stores; they must be open when the frame is collected.
        name: As `load`.
        span: As `load`.
        portfolios: As `load`.

    Returns:
        The same rows in the same order as `load`. `collect(engine="streaming")` and `sink_parquet` hold no
        more than a frame of them.

    Raises:
        UsageError: there is no such table.
    """

    def frames(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        rows_left = n_rows
        for batch in batches(stores, name, span=span, portfolios=portfolios):
            part = batch if rows_left is None else batch.head(rows_left)
            rows_left = None if rows_left is None else rows_left - part.height
            rows = part if predicate is None else part.filter(predicate)
            yield rows if with_columns is None else rows.select(with_columns)
            if rows_left == 0:
                return

    return register_io_source(frames, schema=find_table(name).schema)
