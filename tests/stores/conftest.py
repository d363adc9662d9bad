"""The two ways to one ClickHouse engine: in process, and over HTTP through a small front."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ys_analytics.stores import ClickHouseAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse


def _neighbour(name: str) -> ModuleType:
    """A module next to this file; tests are imported by path, not as a package."""
    spec = importlib.util.spec_from_file_location(f"tests_stores_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def front(stores: Stores) -> Iterator[object]:
    """An HTTP server before the engine of the session."""
    with _neighbour("http_front").front(stores.clickhouse.address.folder) as running:
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
