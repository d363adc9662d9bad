"""Clients of the four stores: one class each, without table names.

The bundle `Stores` is what every other package is given; an address says where a store is. Opening them
(and starting the embedded engines) is the work of `ys_analytics.local`.
"""

from ys_analytics.stores.addresses import ClickHouseAddress, PostgresAddress, QdrantAddress, RedisAddress
from ys_analytics.stores.bundle import Stores, dialect

__all__ = ["ClickHouseAddress", "PostgresAddress", "QdrantAddress", "RedisAddress", "Stores", "dialect"]
