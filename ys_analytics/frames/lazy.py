"""A live table as a LazyFrame: read when collected, only as far as it is used, a frame at a time.

Knows how Polars asks a source; the rows are those of `batches`.
"""

from collections.abc import Iterator, Sequence

import polars as pl
from polars.io.plugins import register_io_source

from ys_analytics.frames.loading import batches, find
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
        missing = n_rows
        for whole in batches(stores, name, span=span, portfolios=portfolios):
            part = whole if missing is None else whole.head(missing)
            missing = None if missing is None else missing - part.height
            rows = part if predicate is None else part.filter(predicate)
            yield rows if with_columns is None else rows.select(with_columns)
            if missing == 0:
                return

    return register_io_source(frames, schema=find(name).schema)
