"""Writes frames to one Parquet file, row group by row group: the same rows give the same bytes.

Depends on Parquet. Does not know tables or runs. What is written is on the disk when `write` returns.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

# Fixed, so that bytes do not depend on how a store cut its answer; small, so that memory stays bounded.
_ROW_GROUP = 131_072


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file as it lies on the disk."""

    rows: int
    bytes: int
    sha256: str


def write(path: Path, frames: Iterable[pl.DataFrame], *, schema: Mapping[str, pl.DataType]) -> WrittenFile:
    """Write frames of one schema after each other.

    Args:
        path: A file that is not there yet.
        frames: Taken one at a time; memory is that of one frame and one row group.
        schema: Their columns and types.
    """
    # Arrow is imported where frames are written: a run is read without it.
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    pending = pl.DataFrame(schema=dict(schema))
    rows = 0
    with path.open("xb") as file:
        with pq.ParquetWriter(file, _arrow(pending).schema, compression="zstd", version="2.6") as writer:
            for frame in frames:
                pending = pl.concat([pending, frame])
                while pending.height >= _ROW_GROUP:
                    writer.write_table(_arrow(pending.head(_ROW_GROUP)), row_group_size=_ROW_GROUP)
                    rows += _ROW_GROUP
                    pending = pending.slice(_ROW_GROUP)
                # A slice keeps the whole frame alive; a copy lets it go.
                pending = pending.rechunk() if pending.n_chunks() > 1 else pending
            if pending.height:
                writer.write_table(_arrow(pending), row_group_size=_ROW_GROUP)
                rows += pending.height
        file.flush()
        os.fsync(file.fileno())
    return WrittenFile(rows=rows, bytes=path.stat().st_size, sha256=sha256(path))


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _arrow(rows: pl.DataFrame) -> "pa.Table":
    """As Arrow types that every reader of Parquet knows."""
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())
