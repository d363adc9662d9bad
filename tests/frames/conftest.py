"""A small economy in the session's stores, filled anew for each file of tests that reads it."""

from collections.abc import Iterator

import pytest

from ys_analytics import demo
from ys_analytics.stores import Stores

WEEK = "2026-W47"


@pytest.fixture(scope="module")
def economy(stores: Stores) -> Iterator[Stores]:
    """The four stores with nine portfolios of sixty days; cached keys stay, however slow the machine."""
    _fill(stores)
    yield stores
    _fill(stores)


def _fill(stores: Stores) -> None:
    demo.fill(stores, portfolios=9, days=60, seed=5, replace=True)
    for key in stores.redis.client.scan_iter():
        stores.redis.client.persist(key)
