"""Redis' key families: caches that expire, and the sets that agents act on.

Knows each key family's pattern, type, expiry and the frame it loads as. A
family's name is its key's words after `redis_`. Sessions are counted, never read.
"""

from ys_analytics.schemas.redis import agents, arbitrage, portfolios, prices, risk, sessions

TABLES = (
    *prices.FAMILIES,
    *portfolios.FAMILIES,
    *agents.FAMILIES,
    *sessions.FAMILIES,
    *risk.FAMILIES,
    *arbitrage.FAMILIES,
)

__all__ = ["TABLES"]
