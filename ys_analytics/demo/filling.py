"""Write the demo into the four stores: all of it, or with a mark that it was not finished.

Knows which store takes which frame and in which order; makes no number. PostgreSQL's transaction is open
around the other three and commits last. They have no transaction, so a mark stands in ClickHouse while a
fill is under way: who finds it there knows that what they see was never finished, and empties it first.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import cast as typed

import polars as pl

from ys_analytics import migrations
from ys_analytics.demo.economy import CLICKHOUSE, POSTGRES, QDRANT, economy
from ys_analytics.demo.redis_encoding import as_keys
from ys_analytics.errors import UsageError
from ys_analytics.schemas import TABLES, Collection, KeyFamily, Progress, Span, Table, silent

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

# The Monday after the demo's last week, 2026-W47.
UNTIL = datetime(2026, 11, 23, tzinfo=UTC)

_UNFINISHED_TABLE = "demo_unfinished"

# The migrations seed this one; it is never empty.
_MIGRATED_ROWS = "satellite_agents"

# Rows of one insert into ClickHouse: what bounds memory.
_SLICE_ROWS = 100_000

_FAMILIES = tuple(name for name, table in TABLES.items() if isinstance(table, KeyFamily))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The result of a fill.

    Attributes:
        rows: Rows of each table, entries of each key family, points of each collection.
        portfolios: How many portfolios.
        first: The first day with a close.
        last: The last.
        seed: What it all follows from.
        source: The source of prices: `demo`, or the one that a file of real prices names.
    """

    rows: dict[str, int]
    portfolios: int
    first: date
    last: date
    seed: int
    source: str

    def __str__(self) -> str:
        """One line for a person."""
        count = f"{sum(self.rows.values()):,} rows in {len(self.rows)} tables, key families and collections"
        return (
            f"{self.portfolios} portfolios from {self.first} to {self.last} (seed {self.seed}, {self.source}): {count}"
        )


def fill(
    stores: "Stores",
    *,
    portfolios: int = 12,
    days: int = 400,
    seed: int = 7,
    until: datetime = UNTIL,
    prices: Path | None = None,
    replace: bool = False,
    progress: Progress = silent,
) -> Filled:
    """Write `economy` into all four stores.

    Args:
        stores: All four, migrated, PostgreSQL as the owner.
        portfolios: How many; from nine on all seven edge cases are among them.
        days: Days of history.
        seed: Same seed, same bytes.
        until: The exclusive end of a synthetic history, midnight UTC.
        prices: A file of real prices to value the same portfolios at; see `economy`.
        replace: Empty every table, key family and collection first.
        progress: Called with every table.

    Returns:
        What was written.

    Raises:
        UsageError: there is data already and `replace` is not asked for, or a number makes no sense.
        ContractError: the file of prices is not what it should be.
        MigrationError: there is no schema to fill.
        StoreError: a store refused; PostgreSQL is then as it was, and the next fill begins by emptying the others.
    """
    migrations.require_schema(stores)
    unfinished = _is_marked(stores)
    if not (replace or unfinished) and (found := _occupied(stores)):
        raise UsageError(
            f"{found} holds data already; nothing was written; ask for --replace to empty the stores first"
        )
    frames = economy(portfolios=portfolios, days=days, seed=seed, until=until, prices=prices, progress=progress)
    filled = _summary(frames, portfolios=portfolios, seed=seed)
    stores.clickhouse.run(
        f"CREATE TABLE IF NOT EXISTS {_UNFINISHED_TABLE} (since UInt8) ENGINE = MergeTree ORDER BY since"
    )
    migrations.make_partitions(stores, _span(frames))
    with stores.postgres.transaction():
        _empty_postgres(stores, everything=replace or unfinished)
        if replace or unfinished:
            _empty_others(stores)
        _write(stores, frames, progress)
    migrations.refresh(stores)
    stores.clickhouse.run(f"DROP TABLE IF EXISTS {_UNFINISHED_TABLE}")
    return filled


def is_filled(stores: "Stores") -> bool:
    """Whether there is data in PostgreSQL or ClickHouse; what an interrupted fill left does not count.

    Raises:
        MigrationError: there is no schema to hold any.
    """
    migrations.require_schema(stores)
    return not _is_marked(stores) and _occupied(stores) is not None


def _is_marked(stores: "Stores") -> bool:
    [(exists,)] = stores.clickhouse.rows(f"EXISTS TABLE {_UNFINISHED_TABLE}")
    return bool(exists)


def _occupied(stores: "Stores") -> str | None:
    """The first table that has a row."""
    for name in POSTGRES:
        if name != _MIGRATED_ROWS and stores.postgres.rows(f"SELECT 1 FROM {name} LIMIT 1"):  # noqa: S608 - our own names
            return name
    for name in CLICKHOUSE:
        if stores.clickhouse.rows(f"SELECT 1 FROM {name} LIMIT 1"):  # noqa: S608 - our own names
            return name
    return None


def _span(frames: dict[str, pl.DataFrame]) -> Span:
    """The span of the partitioned tables."""
    times = [frames[name][typed("str", TABLES[name].time)] for name in ("transactions", "risk_assessments")]
    moments = pl.concat(
        [column.rename("time") for column in times] + [frames["market_data"]["timestamp"].rename("time")]
    )
    return Span(typed("datetime", moments.min()), typed("datetime", moments.max()) + timedelta(microseconds=1))


def _empty_postgres(stores: "Stores", *, everything: bool) -> None:
    """Delete rows, never truncate: a load under way on another host sees the old rows or the new ones, never none."""
    for name in reversed(POSTGRES) if everything else (_MIGRATED_ROWS,):
        stores.postgres.run(f"DELETE FROM {name}")  # noqa: S608 - our own names


def _empty_others(stores: "Stores") -> None:
    for name in CLICKHOUSE:
        migrations.empty_table(stores.clickhouse, name)
    for name in _FAMILIES:
        stores.redis.delete(_family(name).glob)
    for name in QDRANT:
        collection = typed("Collection", TABLES[name])
        stores.qdrant.drop(name)
        stores.qdrant.create(name, size=collection.size, payload=collection.payload)


def _write(stores: "Stores", frames: dict[str, pl.DataFrame], progress: Progress) -> None:
    """Write every frame into its store; each is released once it is written, to save memory."""
    order = (*POSTGRES, *CLICKHOUSE, *QDRANT, *_FAMILIES)
    for done, name in enumerate(order):
        progress(name, done, len(order))
        table, frame = TABLES[name], frames.pop(name)
        if name in POSTGRES:
            stores.postgres.write(name, frame)
        elif name in CLICKHOUSE:
            # In time order, a slice touches few months.
            for part in frame.sort(typed("str", table.time), maintain_order=True).iter_slices(_SLICE_ROWS):
                stores.clickhouse.write(name, part)
        elif name in QDRANT:
            stores.qdrant.write(name, as_points(table, frame))
        else:
            # What the family held before is as old as the rest of what is replaced.
            stores.redis.delete(_family(name).glob)
            stores.redis.write(_family(name).kind, as_keys(name, frame), ttl=_family(name).ttl)
    progress("done", len(order), len(order))


def _summary(frames: dict[str, pl.DataFrame], *, portfolios: int, seed: int) -> Filled:
    """The result that a fill will report."""
    closes = frames["market_data"]["timestamp"].dt.date()
    return Filled(
        rows={name: frames[name].height for name in (*POSTGRES, *CLICKHOUSE, *QDRANT, *_FAMILIES)},
        portfolios=portfolios,
        # Prices begin a day before the story.
        first=typed("date", closes.unique().sort()[1]),
        last=typed("date", closes.max()),
        seed=seed,
        source=frames["market_data"]["source"][0],
    )


def as_points(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """A collection's frame as `stores.qdrant.write` takes it: id, vector, payload; moments as epoch seconds."""
    payload = [
        pl.col(column.name).dt.epoch("s") if isinstance(column.dtype, pl.Datetime) else pl.col(column.name)
        for column in table.visible
        if column.name not in ("id", "vector")
    ]
    return frame.select("id", "vector", payload=pl.struct(payload).struct.json_encode())


def _family(name: str) -> KeyFamily:
    return typed("KeyFamily", TABLES[name])
