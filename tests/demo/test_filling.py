"""The economy in four real engines: all of it as it was made, once, or so that the next attempt repairs it."""

import json
import time
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import demo, frames
from ys_analytics.demo.economy import CLICKHOUSE, POSTGRES
from ys_analytics.demo.redis_encoding import as_keys
from ys_analytics.errors import StoreError, UsageError
from ys_analytics.schemas import TABLES, KeyFamily
from ys_analytics.stores import Stores

from .conftest import UNTIL, Frames

SMALL = {"portfolios": 9, "days": 45, "seed": 3}
READABLE = sorted(
    name
    for name, table in TABLES.items()
    if not getattr(table, "secret", False) and not getattr(table, "view", False) and name != "schema_migrations"
)


@pytest.fixture(scope="module")
def small() -> Frames:
    """What is written."""
    return demo.economy(**SMALL, until=UNTIL)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def filled(borrowed: Stores) -> Stores:
    """The stores with the small economy in them."""
    began = time.perf_counter()
    said = demo.fill(borrowed, **SMALL, replace=True)  # type: ignore[arg-type]
    print(f"\n{said} in {time.perf_counter() - began:.1f} s")  # noqa: T201 - printed, never checked: machines differ
    return borrowed


def comparable(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame by its key, JSON by content; expiries and vectors, which change on the way, are checked apart."""
    table = TABLES[name]
    kept = [column for column in table.visible if column.name not in ("ttl_ms", "vector")]
    return frame.select(
        canonical(column.name) if column.native_type == "jsonb" else pl.col(column.name) for column in kept
    ).sort(table.key)


def canonical(name: str) -> pl.Expr:
    """A JSON column by its content."""
    return pl.col(name).map_elements(lambda text: json.dumps(json.loads(text), sort_keys=True), return_dtype=pl.String)


@pytest.mark.parametrize("name", READABLE)
def test_what_is_loaded_is_what_was_made(filled: Stores, small: Frames, name: str) -> None:
    """Every table, key family and collection comes back value for value through the loaders."""
    if TABLES[name].store == "redis":
        # Caches live a minute; what is read must be there for as long as the test takes.
        family = TABLES[name]
        assert isinstance(family, KeyFamily)
        filled.redis.write(family.kind, as_keys(name, small[name]), ttl=family.ttl)
    loaded = frames.load(filled, name)
    assert comparable(name, loaded).equals(comparable(name, small[name]))


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if isinstance(table, KeyFamily)])
def test_keys_live_as_long_as_the_rulings_say(filled: Stores, small: Frames, name: str) -> None:
    """A family's keys have its expiry, and those without one stay."""
    family = TABLES[name]
    assert isinstance(family, KeyFamily)
    keys = as_keys(name, small[name])
    filled.redis.write(family.kind, keys, ttl=family.ttl)
    assert filled.redis.count(family.glob) == keys["key"].n_unique()
    left = filled.redis.read(family.glob, family.kind)["ttl_ms"]
    if family.ttl is None:
        assert left.null_count() == left.len()
    else:
        assert left.is_between((family.ttl - 20) * 1_000, family.ttl * 1_000).all()


def test_vectors_come_back_at_unit_length(filled: Stores, small: Frames) -> None:
    """What Qdrant gives is what was made, to the last bit or two of Float32."""
    loaded = frames.load(filled, "market_sentiment").sort("id")
    made = small["market_sentiment"].sort("id")
    assert abs(loaded["vector"].to_numpy() - made["vector"].to_numpy()).max() < 1e-6


def test_views_are_fresh(filled: Stores) -> None:
    """The materialized views show what was written."""
    exposure = frames.load(filled, "current_exposure")
    positions = frames.load(filled, "portfolio_positions")
    assert exposure["value"].sum() == positions["current_value"].sum()
    assert frames.load(filled, "daily_external_flows").height > 0


def row_counts(stores: Stores) -> dict[str, int]:
    """Rows of every table of the two databases."""
    rows_of = {name: stores.postgres.rows(f"SELECT count(*) FROM {name}") for name in POSTGRES}  # noqa: S608 - our names
    rows_of |= {name: stores.clickhouse.rows(f"SELECT count() FROM {name}") for name in CLICKHOUSE}  # noqa: S608 - as above
    return {name: int(found[0][0]) for name, found in rows_of.items()}


def test_a_second_fill_is_refused_and_changes_nothing(filled: Stores) -> None:
    """Without `replace` the data that is there is left alone."""
    before = row_counts(filled)
    assert demo.is_filled(filled)
    with pytest.raises(UsageError, match="holds data already; nothing was written; ask for --replace"):
        demo.fill(filled, **SMALL)  # type: ignore[arg-type]
    assert row_counts(filled) == before


def test_a_fill_that_breaks_leaves_nothing_that_stops_the_next(filled: Stores, small: Frames) -> None:
    """A store that refuses in the middle: PostgreSQL is as it was, and the next fill is whole, without `replace`."""
    before = row_counts(filled)
    filled.clickhouse.run("RENAME TABLE risk_metrics TO risk_metrics_away")
    try:
        with pytest.raises(StoreError, match="risk_metrics"):
            demo.fill(filled, **(SMALL | {"seed": 4}), replace=True)  # type: ignore[arg-type]
        kept = filled.postgres.rows("SELECT id::text FROM portfolios ORDER BY id")
        assert [one for (one,) in kept] == small["portfolios"]["id"].sort().to_list()
        assert not demo.is_filled(filled)
    finally:
        filled.clickhouse.run("RENAME TABLE risk_metrics_away TO risk_metrics")
    said = demo.fill(filled, **SMALL)  # type: ignore[arg-type]
    assert row_counts(filled) == before
    assert demo.is_filled(filled)
    assert said.rows["transactions"] == small["transactions"].height
    assert str(said).startswith("9 portfolios from 2026-10-09 to 2026-11-22 (seed 3, demo): ")


def test_real_prices_fill_too(filled: Stores, real_prices: Path) -> None:
    """`--prices` values the same portfolios, and the market's source is the file's."""
    said = demo.fill(filled, **SMALL, prices=real_prices, replace=True)  # type: ignore[arg-type]
    assert (said.source, said.last.isoformat()) == ("binance_usdt_daily", "2025-12-31")
    demo.fill(filled, **SMALL, replace=True)  # type: ignore[arg-type]
