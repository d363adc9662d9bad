"""The kit, asked for the same answers: a history as frames, and a desk over them.

Here alone do the tests of agreement touch Polars: rows become frames on the way in, answers plain values on the way
out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import polars as pl

from ys_analytics.desk import Desk
from ys_analytics.schemas import TABLES, TIME, Span
from ys_analytics.settings import Settings

from .histories import History, World
from .plain_market import Market, Row


def frame_of(name: str, rows: Iterable[Row]) -> pl.DataFrame:
    """Rows as the table's frame; a column that is left out is null."""
    schema = TABLES[name].schema
    listed = [[row.get(column) for column in schema] for row in rows]
    return pl.DataFrame(listed, schema=schema, orient="row")


_SETTINGS = Settings(_env_file=None)


@dataclass
class Lived:
    """A source that holds one history; as a run does, it ends with its week."""

    frames: dict[str, pl.DataFrame]
    week: str
    label: str = "a history"
    as_of: datetime | None = None
    folder: Path | None = None
    ended: dict[str, pl.DataFrame] = field(default_factory=dict)

    def rows(self, name: str, *, portfolio: str | None = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """The frame up to the week's end, filtered."""
        if name not in self.ended:
            self.ended[name] = self._until(name)
        found, table = self.ended[name], TABLES[name]
        if portfolio is not None and table.portfolio is not None:
            found = found.filter(pl.col(table.portfolio) == portfolio)
        return found if where is None else found.filter(where)

    def _until(self, name: str) -> pl.DataFrame:
        table = TABLES[name]
        found = self.frames.get(name)
        if found is None:
            return pl.DataFrame(schema=table.schema)
        return (
            found if table.span_column is None else found.filter(pl.col(table.span_column) < Span.week(self.week).end)
        )

    def read(self) -> pl.DataFrame:
        """Nothing of interest here."""
        schema = {"store": pl.String, "frame": pl.String, "rows": pl.Int64, "latest": TIME, "as_of": TIME}
        return pl.DataFrame(schema=schema)

    def versions(self) -> list[tuple[str, str]]:
        """None."""
        return []

    def sql(self, query: str) -> pl.DataFrame:
        """Polars' own SQL."""
        return pl.SQLContext(self.frames).execute(query, eager=True)


@lru_cache(maxsize=2)
def market_of(world: World) -> dict[str, pl.DataFrame]:
    """The frames that all histories of a world share."""
    return {"assets": frame_of("assets", world.assets), "market_data": frame_of("market_data", world.quotes)}


def frames_of(history: History) -> dict[str, pl.DataFrame]:
    """Every table of a history as a frame."""
    own = {name: frame_of(name, rows) for name, rows in history.rows.items()}
    return {**own, **market_of(history.world)}


def desk_of(history: History, week: str) -> Desk:
    """A desk over one history's week."""
    return Desk(source=Lived(frames_of(history), week), portfolio_id=history.portfolio, week=week, settings=_SETTINGS)


class HistoryRun:
    """A history's week as the plain pages read a frozen run."""

    def __init__(self, history: History, week: str) -> None:
        """Rows up to the week's end; no one says when they were read, and no suite checked them."""
        self.week, self.findings = week, []
        self.manifest = {"as_of": "9999-01-01T00:00:00+00:00", "frames": {}}
        end, tables = (
            Span.week(week).end,
            {"assets": history.world.assets, "market_data": history.world.quotes, **history.rows},
        )
        placed = {name: TABLES[name].span_column for name in tables}
        self._rows = {
            name: rows if placed[name] is None else [row for row in rows if row[placed[name]] < end]
            for name, rows in tables.items()
        }
        self.market = Market(self._rows["market_data"])

    def rows(self, table: str) -> list[Row]:
        """Every row of a table."""
        return self._rows.get(table, [])
