"""Assets and portfolios an import can name, in the session's engines, and the tables emptied around each test."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import demo
from ys_analytics.stores import Stores

SHARED_PRICES = Path(__file__).resolve().parents[3] / "shared" / "data" / "market" / "market_data_normalized.parquet"
_NAMED = ("users", "assets", "portfolios")

Frames = dict[str, pl.DataFrame]


@pytest.fixture(scope="session")
def known() -> Frames:
    """Rows an import may refer to."""
    return demo.economy(portfolios=3, days=30, until=datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture(scope="module")
def named(stores: Stores, known: Frames) -> Iterator[Stores]:
    """The stores with users, assets and portfolios; gone again afterwards."""
    stores.postgres.run(f"TRUNCATE {', '.join(_NAMED)} CASCADE")
    for name in _NAMED:
        stores.postgres.write(name, known[name])
    yield stores
    stores.postgres.run(f"TRUNCATE {', '.join(_NAMED)} CASCADE")


@pytest.fixture
def ready(named: Stores) -> Iterator[Stores]:
    """The same, with nothing in the tables that are imported into before and after each test."""
    _empty(named)
    yield named
    _empty(named)


@pytest.fixture(scope="session")
def real_prices() -> Path:
    """The file of real prices, which is outside the repository."""
    if not SHARED_PRICES.is_file():
        pytest.skip("../shared/data/market is not here: the real prices are not part of the repository")
    return SHARED_PRICES


def _empty(stores: Stores) -> None:
    # A DELETE of a few rows is a hundred times faster than a TRUNCATE of seventy partitions.
    stores.postgres.run("DELETE FROM transactions")
    stores.postgres.run("DELETE FROM assets WHERE metadata ->> 'registered_by' = 'import'")
    for name in ("market_data", "portfolio_snapshots", "dex_trades"):
        stores.clickhouse.run(f"TRUNCATE TABLE {name}")
