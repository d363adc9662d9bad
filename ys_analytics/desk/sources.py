"""Sources of a desk's frames: a frozen run, or the live stores, with the same methods.

Knows how to get one table's rows of one portfolio; knows no metric. A live read
opens the one store it needs and closes it again, so that a notebook left open
holds no lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl

from ys_analytics.schemas import LIMITS, TABLES, TIME, Limits, Span, Table, Week
from ys_analytics.settings import Settings

if TYPE_CHECKING:
    from ys_analytics.frames import Run

_READ: dict[str, pl.DataType | type[pl.DataType]] = {
    "store": pl.String,
    "frame": pl.String,
    "rows": pl.Int64,
    "latest": TIME,
    "as_of": TIME,
}


# Rows of a frame that is kept once read: a page asks for most frames several times.
_MAX_KEPT_ROWS = 100_000

# Conditions as field, operator and value: of each inner list one must hold.
Alternatives = Sequence[Sequence[tuple[str, str, object]]]


class Source(Protocol):
    """A run or the live stores, as a desk reads them."""

    @property
    def label(self) -> str:
        """What it is, for people."""

    @property
    def week(self) -> Week | None:
        """The ISO week it was frozen for; None when live."""

    @property
    def as_of(self) -> datetime | None:
        """When the stores were read; None for live stores, which are read on demand."""

    @property
    def folder(self) -> Path | None:
        """The run's folder; None when live."""

    def rows(self, name: str, *, portfolio: str | None = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """The rows of table `name` up to the end of the week, in the order of its key."""

    def read(self) -> pl.DataFrame:
        """Each frame with its store, rows, latest time and as-of."""

    def versions(self) -> list[tuple[str, str]]:
        """The schema's version in each store that states one."""

    def sql(self, query: str, *, portfolio: str | None = None, limits: Limits = LIMITS) -> pl.DataFrame:
        """One SELECT in DuckDB's SQL over the frames, each by its name; of one portfolio, or of all."""

    def nearest(self, table: Table, vector: Sequence[float], *, limit: int, where: Alternatives) -> pl.DataFrame:
        """Points of a collection, at least the `limit` nearest by cosine of those that hold `where`."""


def _compact(frame: pl.DataFrame) -> pl.DataFrame:
    """Copy the rows out of the file they were read from: a list of texts holds all texts of it after a filter."""
    nested = any(dtype.is_nested() for dtype in frame.dtypes)
    return pl.read_ipc(frame.write_ipc(None).getvalue()) if nested else frame


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen run: every read is of the same verified files; with a span, only of rows inside it."""

    run: "Run"
    span: Span | None = None
    _read_before: dict[tuple[str, str | None], pl.DataFrame] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def label(self) -> str:
        """The run's week, as text."""
        return f"frozen run of {self.run.week}"

    @property
    def week(self) -> Week:
        """The week it was frozen for."""
        return self.run.week

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.run.folder

    @property
    def as_of(self) -> datetime:
        """When the stores were read."""
        return self.run.manifest.as_of

    def rows(self, name: str, *, portfolio: str | None = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """Only the file's matching rows are read, and small frames once; of one portfolio, the one asked for last."""
        record = self.run.manifest.frames.get(name)
        if where is not None and (record is None or record.rows > _MAX_KEPT_ROWS):
            return _compact(self._scanned(name, portfolio).filter(where).collect())
        frame = self._read_before.get((name, portfolio))
        if frame is None:
            frame = _compact(self._scanned(name, portfolio).collect())
            if frame.height <= _MAX_KEPT_ROWS:
                self._keep(name, portfolio, frame)
        return frame.clone() if where is None else frame.filter(where)

    def _keep(self, name: str, portfolio: str | None, frame: pl.DataFrame) -> None:
        """Keep a frame for who asks again, and forget those of other portfolios: a fleet has thousands."""
        if portfolio is not None:
            for key in [key for key in self._read_before if key[1] not in {None, portfolio}]:
                del self._read_before[key]
        self._read_before[name, portfolio] = frame

    def _scanned(self, name: str, portfolio: str | None) -> pl.LazyFrame:
        """A frame's rows inside the span, of one portfolio where the table has one."""
        table = _table(name)
        scanned = self.run.scan(name)
        if self.span is not None and table.span_column is not None:
            scanned = scanned.filter(self.span.contains(table.span_column, days=table.time is None))
        if portfolio is not None and table.portfolio is not None:
            scanned = scanned.filter(pl.col(table.portfolio) == portfolio)
        return scanned

    def read(self) -> pl.DataFrame:
        """What the manifest says of each frame."""
        frames = self.run.manifest.frames
        rows = [(frame.store, name, frame.rows, frame.latest, self.as_of) for name, frame in frames.items()]
        return pl.DataFrame(rows, schema=_READ, orient="row")

    def versions(self) -> list[tuple[str, str]]:
        """What the manifest says of the schema, and of the replica that was read instead of the primary."""
        schemas = [(f"Schema of {store}", version) for store, version in self.run.manifest.schema_version.items()]
        read = self.run.manifest.postgres_source
        return schemas if read in ("", "the primary") else [*schemas, ("PostgreSQL", read)]

    def sql(self, query: str, *, portfolio: str | None = None, limits: Limits = LIMITS) -> pl.DataFrame:
        """Answer it over the run's files."""
        return self.run.sql(query, portfolio=portfolio, span=self.span, limits=limits)

    def nearest(self, table: Table, vector: Sequence[float], *, limit: int, where: Alternatives) -> pl.DataFrame:  # noqa: ARG002 - the caller chooses
        """Every point: the file is read whole."""
        return self.rows(table.name)


@dataclass(slots=True)
class Live:
    """The stores as they are now; each table is read once per desk, so that one page agrees with itself."""

    settings: Settings
    span: Span | None = None
    _read: dict[tuple[str, str | None], pl.DataFrame] = field(default_factory=dict)

    label: str = "live stores"
    week: Week | None = None
    as_of: datetime | None = None
    folder: Path | None = None

    def rows(self, name: str, *, portfolio: str | None = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """Open the store, read, close it."""
        table = _table(name)
        key = (name, portfolio if table.portfolio is not None else None)
        if key not in self._read:
            self._read[key] = self._load(table, portfolio)
        return self._read[key] if where is None else self._read[key].filter(where)

    def read(self) -> pl.DataFrame:
        """The frames read so far; their as-of is their latest row."""
        rows = []
        for (name, _), frame in sorted(self._read.items(), key=lambda item: (item[0][0], item[0][1] or "")):
            table = TABLES[name]
            latest = frame[table.time].max() if table.time is not None else None
            rows.append({"store": table.store, "frame": name, "rows": frame.height, "latest": latest, "as_of": None})
        return pl.DataFrame(rows, schema=_READ)

    def versions(self) -> list[tuple[str, str]]:
        """The last migration of PostgreSQL's ledger."""
        ledger = self.rows("schema_migrations")
        return [("Schema of postgres", str(ledger["version"].max()))] if ledger.height else []

    def sql(self, query: str, *, portfolio: str | None = None, limits: Limits = LIMITS) -> pl.DataFrame:
        """Open the stores of the tables that the query names, and answer it with what it needs of them."""
        from ys_analytics.frames import sql
        from ys_analytics.local import open_stores

        if sql.is_show_tables(query):
            return sql.list_tables(TABLES)
        only = sql.stores_read(query)
        with open_stores(self.settings, only=only, role="analyst", purpose="a query") as stores:
            return sql.query_stores(query, stores, portfolio=portfolio, span=self.span, limits=limits)

    def nearest(self, table: Table, vector: Sequence[float], *, limit: int, where: Alternatives) -> pl.DataFrame:
        """The points that the store finds nearest."""
        from ys_analytics.frames import nearest
        from ys_analytics.local import open_stores

        with open_stores(self.settings, only=(table.store,), role="analyst", purpose="a search") as stores:
            return nearest(stores, table, vector, limit=limit, where=where)

    def _load(self, table: Table, portfolio: str | None) -> pl.DataFrame:
        from ys_analytics import frames
        from ys_analytics.local import open_stores

        span = self.span if table.span_column is not None else None
        portfolios = [portfolio] if portfolio is not None and table.portfolio is not None else None
        with open_stores(self.settings, only=(table.store,), role="analyst", purpose="a notebook") as stores:
            return frames.load(stores, table.name, span=span, portfolios=portfolios)


def _table(name: str) -> Table:
    from ys_analytics.frames.loading import find_table

    return find_table(name)


@dataclass(frozen=True, slots=True)
class Truncated:
    """A source cut off at the end of a span: the rows that were there at the end of an earlier week."""

    source: Source
    span: Span

    @property
    def label(self) -> str:
        """What the source is."""
        return self.source.label

    @property
    def week(self) -> Week | None:
        """The week the source is of."""
        return self.source.week

    @property
    def as_of(self) -> datetime | None:
        """When the stores were read."""
        return self.source.as_of

    @property
    def folder(self) -> Path | None:
        """None: what the checks found is about the later week."""
        return None

    def rows(self, name: str, *, portfolio: str | None = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """The source's rows before the moment; a table without a time comes as it is."""
        table = _table(name)
        all_rows = self.source.rows(name, portfolio=portfolio, where=where)
        return (
            all_rows
            if table.span_column is None
            else all_rows.filter(self.span.contains(table.span_column, days=table.time is None))
        )

    def read(self) -> pl.DataFrame:
        """What the source read."""
        return self.source.read()

    def versions(self) -> list[tuple[str, str]]:
        """The source's."""
        return self.source.versions()

    def sql(self, query: str, *, portfolio: str | None = None, limits: Limits = LIMITS) -> pl.DataFrame:
        """Answer it over the source."""
        return self.source.sql(query, portfolio=portfolio, limits=limits)

    def nearest(self, table: Table, vector: Sequence[float], *, limit: int, where: Alternatives) -> pl.DataFrame:  # noqa: ARG002 - the caller chooses
        """Every point from before the moment."""
        return self.rows(table.name)


def sibling_run(folder: Path | None, week: str) -> "Run | None":
    """The run of another week in the same folder of runs; None where there is none, or not a whole one."""
    from ys_analytics import frames
    from ys_analytics.errors import YsError

    if folder is None or not (folder.parent / week / "manifest.json").is_file():
        return None
    try:
        return frames.open_run(folder.parent / week)
    except YsError:
        return None
