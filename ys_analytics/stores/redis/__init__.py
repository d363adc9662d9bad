"""Redis or Valkey: a typed reader and writer of key families. Depends on no family and on no other store."""

from ys_analytics.stores.redis.store import Redis

__all__ = ["Redis"]
