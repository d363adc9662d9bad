"""The two ways to one ClickHouse engine: in process, and over HTTP through a small front."""

from collections.abc import Iterator

import pytest

from ys_analytics.stores import ClickHouseAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse

from . import http_front


@pytest.fixture(scope="session")
def front(stores: Stores) -> Iterator[object]:
    """An HTTP server before the engine of the session."""
    with http_front.front(stores.clickhouse.address.folder) as running:
        yield running


@pytest.fixture(scope="session")
def over_http(front: object) -> Iterator[ClickHouse]:
    """The same class at a URL."""
    with ClickHouse.open(ClickHouseAddress(url=front.url)) as store:
        yield store


@pytest.fixture(params=["in process", "over HTTP"])
def clickhouse(request: pytest.FixtureRequest, stores: Stores) -> ClickHouse:
    """The engine, each way in turn."""
    return stores.clickhouse if request.param == "in process" else request.getfixturevalue("over_http")
