"""How each store is reached: one class each, one verb to read, no table names.

The bundle `Stores` is what every other room is handed; an address says where a store is. Opening them
(and starting the embedded engines) is the work of `ys_analytics.local`.
"""

from ys_analytics.stores.addresses import ClickHouseAddress, PostgresAddress, QdrantAddress, RedisAddress
from ys_analytics.stores.bundle import Stores, dialect

__all__ = ["ClickHouseAddress", "PostgresAddress", "QdrantAddress", "RedisAddress", "Stores", "dialect"]
