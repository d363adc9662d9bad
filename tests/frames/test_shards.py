"""Over a Distributed table of two shards everything reads as from one table: rows, proofs, closes, the fleet.

The embedded engine has no cluster of its own, but it is its own shard as often as it is asked: each view
here holds one half of a table and knows by `shardNum()` which, and a Distributed table reads both.
"""

from collections.abc import Iterator

import pytest
from polars.testing import assert_frame_equal

from ys_analytics import frames, metrics
from ys_analytics.migrations.cluster import SHARDED_BY
from ys_analytics.schemas import TABLES, Span
from ys_analytics.stores import Stores

SPAN = Span.until(Span.week("2026-W47").end)
SHARDED = [name for name in SHARDED_BY if name in TABLES and name != "schema_migrations"]


@pytest.fixture(scope="module")
def whole(economy: Stores) -> dict[str, object]:
    """What one server answers."""
    return _answers(economy)


@pytest.fixture(scope="module")
def sharded(economy: Stores, whole: dict[str, object]) -> Iterator[Stores]:  # noqa: ARG001 - asked first
    """The same rows, half on each of two shards."""
    store = economy.clickhouse
    store.run("CREATE DATABASE shards")
    for name in SHARDED:
        half = f"cityHash64({SHARDED_BY[name]}) % 2 + 1 = shardNum()"
        store.run(f"CREATE VIEW shards.{name}_local AS SELECT * FROM default.{name} WHERE {half}")  # noqa: S608 - our own names
        store.run(f"CREATE TABLE shards.{name} AS remote('127.0.0.1,127.0.0.1', shards, {name}_local)")
    store.run("USE shards")
    yield economy
    store.run("USE default")
    store.run("DROP DATABASE shards")


def _answers(stores: Stores) -> dict[str, object]:
    rows = {name: frames.load(stores, name).sort(TABLES[name].key) for name in SHARDED}
    flows = metrics.external_flows(
        metrics.classify_flows(frames.load(stores, "transactions", span=SPAN)), rows["market_data"]
    )
    return rows | {
        "daily values": frames.daily_values(stores, span=SPAN),
        "daily closes": frames.daily_closes(stores, span=SPAN),
        "fleet": frames.fleet(stores, flows, until=SPAN.end),
        "last values": frames.last_values(stores, until=SPAN.end).sort("portfolio_id"),
    }


def test_each_shard_holds_a_part(sharded: Stores) -> None:
    """Otherwise nothing would be shown here. The demo's few portfolios and agents may all meet on one."""
    for name in ("market_data", "yield_metrics", "portfolio_snapshots"):
        counts = dict(sharded.clickhouse.rows(f"SELECT _shard_num, count() FROM {name} GROUP BY 1"))  # noqa: S608 - our own names
        assert set(counts) == {1, 2}, name


def test_everything_reads_as_from_one_table(sharded: Stores, whole: dict[str, object]) -> None:
    """To the last decimal, and the fleet table within what the order of a sum may change."""
    for name, answer in _answers(sharded).items():
        exact = name != "fleet"  # its sums of floats meet in another order
        assert_frame_equal(whole[name], answer, check_exact=exact, rel_tol=1e-12)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["portfolio_snapshots", "market_data"])
def test_a_load_from_shards_carries_its_proof(sharded: Stores, name: str) -> None:
    """Counted and summed on the shards, and equal."""
    proof = frames.prove(sharded, name, span=SPAN)
    assert proof["equal"].all()
    assert proof.height > 3
