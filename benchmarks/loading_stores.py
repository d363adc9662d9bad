"""The stores that the loading benchmark reads: in a folder of their own, filled once with rows of full width.

Depends on how many rows there are and what is in them. Does not measure.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import polars as pl

from ys_analytics import local, migrations
from ys_analytics.schemas import TABLES
from ys_analytics.settings import Settings
from ys_analytics.stores import Stores

TRANSACTIONS = "bench_transactions"

# Every amount uses all its decimals, and a third of what may be NULL is.
_TRANSACTIONS = """
    INSERT INTO bench_transactions
    SELECT gen_random_uuid(), gen_random_uuid(), CASE WHEN i %% 3 > 0 THEN gen_random_uuid() END,
        '0x' || md5(i::text) || md5((-i)::text), 1 + i %% 5, 20000000 + i,
        (enum_range(NULL::transaction_type_enum))[1 + i %% 7],
        gen_random_uuid(), gen_random_uuid(), i * 1.000000000000000001, CASE WHEN i %% 3 > 0 THEN i / 7.0 END,
        21000 + i %% 100000, 0.000000020000000001, CASE WHEN i %% 3 > 0 THEN 'uniswap' END, 'confirmed',
        timestamptz '2025-01-01' + i * interval '31.000001 seconds', jsonb_build_object('note', i, 'flow', 'internal')
    FROM generate_series(1, %(rows)s) AS i
"""

_MARKET = """
    INSERT INTO market_data
    SELECT toDateTime64('2026-01-01', 3, 'UTC') + intDiv(number, 50) * 60,
        concat('00000000-0000-4000-8000-0000000000', leftPad(toString(number % 50), 2, '0')), number % 3,
        toDecimal128(number, 18) / 7, toDecimal128(number * 3, 18) / 11, toDecimal128(number, 18) * 1000,
        toDecimal64(number % 1000, 8) / 3, ['binance', 'coinbase', 'kraken'][1 + number % 3]
    FROM numbers({first:UInt64}, {rows:UInt64})
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to read."""

    transactions: int = 1_000_000
    quotes: int = 10_000_000
    prices: int = 100_000
    points: int = 5_000


@contextmanager
def open_stores_of(home: Path) -> Iterator[Stores]:
    """The stores of the bench, as their owner."""
    with local.open_stores(settings(home), role="owner", purpose="make bench") as stores:
        yield stores


def settings(home: Path) -> Settings:
    """Nothing of the environment."""
    return Settings(_env_file=None, home=home, statement_timeout=3600)


def fill(home: Path, size: Size) -> None:
    """Make the stores and fill them."""
    with open_stores_of(home) as stores:
        migrations.up(stores)
        stores.postgres.run(f"CREATE TABLE {TRANSACTIONS} (LIKE transactions)")
        stores.postgres.run(_TRANSACTIONS, {"rows": size.transactions})
        stores.postgres.run(f"VACUUM ANALYZE {TRANSACTIONS}")
        for first in range(0, size.quotes, 1_000_000):
            stores.clickhouse.run(_MARKET, {"first": first, "rows": min(1_000_000, size.quotes - first)})
        stores.redis.write("string", _prices(size.prices))
        stores.qdrant.write("market_sentiment", _points(size.points))


def _prices(rows: int) -> pl.DataFrame:
    value = (
        '{{"price": "{0}.000000000000000001", "volume_24h": "{0}.5", "change_24h": "-0.01", '
        '"timestamp": "2026-11-16T00:00:00.000001+00:00", "source": "binance"}}'
    )
    return pl.DataFrame(
        {
            "key": [f"price:current:{UUID(int=number)}:1" for number in range(rows)],
            "value": [value.format(number) for number in range(rows)],
        }
    )


def _points(rows: int) -> pl.DataFrame:
    vectors = np.random.default_rng(7).normal(size=(rows, 384)).astype(np.float32)
    payload = (
        '{{"timestamp": {0}, "source": "news", "sentiment_score": 0.25, "confidence": 0.5, '
        '"asset_mentioned": ["BTC", "ETH"], "content_hash": "{0}"}}'
    )
    return pl.DataFrame(
        {
            "id": [str(UUID(int=number + 1)) for number in range(rows)],
            "vector": pl.Series(values=vectors, dtype=pl.Array(pl.Float32, TABLES["market_sentiment"].size)),
            "payload": [payload.format(1_763_000_000 + number) for number in range(rows)],
        }
    )
