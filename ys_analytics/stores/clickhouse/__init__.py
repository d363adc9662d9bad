"""ClickHouse: a typed reader and writer, in process or over HTTP. Depends on no table and on no other store."""

from ys_analytics.stores.clickhouse.store import ClickHouse, Parameters

__all__ = ["ClickHouse", "Parameters"]
