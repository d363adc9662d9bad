"""One synthetic economy for all tests of this folder; it costs a second and nothing changes it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import demo
from ys_analytics.demo.economy import CLICKHOUSE, POSTGRES
from ys_analytics.schemas import TABLES, KeyFamily
from ys_analytics.stores import Stores

UNTIL = datetime(2026, 11, 23, tzinfo=UTC)
SHARED_PRICES = Path(__file__).resolve().parents[3] / "shared" / "data" / "market" / "market_data_normalized.parquet"

Frames = dict[str, pl.DataFrame]


@pytest.fixture(scope="session")
def frames() -> Frames:
    """The demo as `ys demo` fills it."""
    return demo.economy(portfolios=12, days=400, seed=7, until=UNTIL)


@pytest.fixture(scope="session")
def real_prices() -> Path:
    """The file of real prices, which is outside the repository."""
    if not SHARED_PRICES.is_file():
        pytest.skip("../shared/data/market is not here: the real prices are not part of the repository")
    return SHARED_PRICES


@pytest.fixture(scope="session")
def real_frames(real_prices: Path) -> Frames:
    """The same portfolios valued at real prices."""
    return demo.economy(portfolios=12, days=400, seed=7, until=UNTIL, prices=real_prices)


@pytest.fixture(scope="session", params=["synthetic", "real"])
def either(request: pytest.FixtureRequest) -> Frames:
    """Laws that hold at any prices."""
    found: Frames = request.getfixturevalue("frames" if request.param == "synthetic" else "real_frames")
    return found


@pytest.fixture(scope="module")
def borrowed(stores: Stores) -> Iterator[Stores]:
    """The session's stores, to be filled; empty again afterwards, but for the satellites."""
    declared = {column.name: column.dtype for column in TABLES["satellite_agents"].columns}
    satellites = stores.postgres.scan("satellite_agents", schema=declared)
    yield stores
    stores.postgres.run(f"TRUNCATE {', '.join(POSTGRES)} CASCADE")
    stores.postgres.write("satellite_agents", satellites)
    for name in CLICKHOUSE:
        stores.clickhouse.run(f"TRUNCATE TABLE {name}")
    for table in TABLES.values():
        if isinstance(table, KeyFamily):
            stores.redis.delete(table.glob)
        elif table.store == "qdrant":
            stores.qdrant.drop(table.name)
            stores.qdrant.create(table.name, size=table.size, payload=table.payload)  # type: ignore[attr-defined]
