"""Freezes one consistent snapshot of the four stores as a run: Parquet files and a manifest, whole or not at all.

Depends on loaders and stores; `run` reads what is written here. PostgreSQL is seen in one transaction; memory does not
grow with the rows; the clock is an argument.
"""

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import polars as pl

from ys_analytics.errors import StoreError, UsageError
from ys_analytics.frames import atomic, loading, parquet, proof
from ys_analytics.frames.manifest import FrameRecord, Manifest, git_commit, kit_version
from ys_analytics.frames.run import Run, columns_of
from ys_analytics.schemas import STORES, TABLES, KeyFamily, Progress, Span, Table, Week, silent
from ys_analytics.stores import Stores
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.table_query import TableQuery

# A ClickHouse table that grows while it is read is read again, so many times in all.
_MAX_ATTEMPTS = 3


def freeze(
    stores: Stores,
    *,
    week: str,
    out: Path,
    as_of: datetime,
    tables: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Run:
    """Write the run of a week: of each table all rows before the end of the week, and current state without history.

    Args:
        stores: The open stores; all that hold one of the tables.
        week: ISO week, such as 2026-W47.
        out: Folder of runs; the run is `out/week`. One that is there is replaced whole, with the findings and
            reports made from it, in one step.
        as_of: The moment this snapshot is taken, with a zone; written into the manifest.
        tables: Which tables; all when left out. Secret families are only counted.
        progress: Called with the table and its rows so far.

    Returns:
        The run, as `open_run` would open it.

    Raises:
        UsageError: there is no such week or table, or `as_of` has no zone.
        StoreError: a store refused us, went away, or changed while it was read.
        ContractError: a table has drifted from its declaration, or a value does not fit its type.
        FileError: the run cannot be written; nothing of it is left.
    """
    # A client is imported where its store is read: a run is opened without any.
    from ys_analytics import migrations

    if as_of.tzinfo is None:
        raise UsageError(f"as_of {as_of}: a moment needs a zone")
    week = Week(week)
    span = Span.until(week.end)
    selected = [loading.find_table(name) for name in tables] if tables is not None else list(TABLES.values())
    selected.sort(key=list(TABLES.values()).index)
    lag = stores.postgres.lag() if stores.opened_postgres is not None else None
    with atomic.write_folder(out / week) as folder:
        (folder / "frames").mkdir()
        freezer = _Freezer(stores, folder, span, progress)
        manifest = Manifest(
            week=week,
            as_of=as_of,
            git_commit=git_commit(),
            kit_version=kit_version(),
            schema_version=migrations.schema_version(stores),
            replica_lag=None if lag is None else lag.seconds,
            postgres_source=stores.postgres.reads_from() if stores.opened_postgres is not None else "",
            frames=dict(freezer.frames([table for table in selected if not _is_secret(table)])),
            counted={table.name: loading.count(stores, table.name) for table in selected if _is_secret(table)},
        )
        _write(folder / "manifest.json", manifest.to_text())
    return Run(out / week, manifest)


@dataclass(frozen=True, slots=True)
class _Freezer:
    """A freeze under way."""

    stores: Stores
    folder: Path
    span: Span
    progress: Progress

    def frames(self, tables: Sequence[Table]) -> Iterator[tuple[str, FrameRecord]]:
        """Each table written, those of a store in one snapshot where it can give one."""
        for store, of_store in groupby(tables, key=lambda table: table.store):
            with self.stores.reader(store).snapshot():
                for table in of_store:
                    yield (
                        table.name,
                        self._consistent_frame(table, attempts=1 if STORES[store].transactions else _MAX_ATTEMPTS),
                    )

    def _consistent_frame(self, table: Table, *, attempts: int) -> FrameRecord:
        """A frame that its store agrees with; taken again where the table grew meanwhile."""
        for attempt in range(1, attempts + 1):
            record, agreed = self._frame(table)
            if agreed or not STORES[table.store].lasting:
                # Keys expire while they are read; every other store must agree with its frame.
                return record
            (self.folder / record.file).unlink()
            self.progress(f"{table.name} changed meanwhile: look {attempt + 1}")
        raise StoreError(f"{table.name}: {table.store} and the frame add up to different sums; freeze when it rests")

    def _frame(self, table: Table) -> tuple[FrameRecord, bool]:
        """One table in one file, and whether the store adds up to the same."""
        query = TableQuery(table, self.span)
        totals, dropped, latest = proof.tally(table), 0, None
        file = f"frames/{table.name}.parquet"

        def counted_frames() -> Generator[pl.DataFrame, None, None]:
            nonlocal dropped, latest
            rejects = RejectPolicy(source=table.name, key=table.key)
            rows_done = 0
            with closing(loading.stream(self.stores, query, rejects, on_rows=totals.add)) as frames:
                for frame, repeated in frames:
                    dropped += repeated
                    rows_done += frame.height
                    latest = _latest_moment(latest, frame, table)
                    self.progress(table.name, rows_done)
                    yield frame

        # Closed on a full disk as well: a snapshot cannot end while a statement in it is half read.
        with closing(counted_frames()) as frames:
            result = parquet.write(self.folder / file, frames, schema=table.schema)
        lines = proof.compare(self.stores, query, totals)
        record = FrameRecord(
            store=table.store,
            file=file,
            query=self.stores.reader(table.store).statement(query),
            parameters={name: str(value) for name, value in query.parameters.items()},
            rows=result.rows,
            bytes=result.bytes,
            sha256=result.sha256,
            latest=latest,
            columns=columns_of(table.name),
            duplicates=dropped,
            proof=[line.to_json() for line in lines],
        )
        return record, all(line.equal for line in lines)


def _is_secret(table: Table) -> bool:
    return isinstance(table, KeyFamily) and table.secret


def _latest_moment(latest: datetime | None, frame: pl.DataFrame, table: Table) -> datetime | None:
    moment = frame[table.time].max() if table.time is not None else None
    if not isinstance(moment, datetime):
        return latest
    return moment if latest is None else max(latest, moment)


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
