"""One synthetic economy for all tests of this folder; it costs a second and nothing changes it."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import demo

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
    """Laws that hold whatever the prices."""
    found: Frames = request.getfixturevalue("frames" if request.param == "synthetic" else "real_frames")
    return found
