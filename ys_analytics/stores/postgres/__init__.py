"""PostgreSQL: a typed reader and writer over its own protocol. Depends on no table and on no other store."""

from ys_analytics.stores.postgres.store import Parameters, Postgres

__all__ = ["Parameters", "Postgres"]
