"""The three collections: unit vectors that carry what their payload claims.

No model is run. A vector is a share of a fixed direction, `score_direction(size)`, and chance at right angles to it:
its product with the direction is the score of its payload times `SCORE_STRENGTH`, so a reader can find again in
the vectors what the payload says. The direction depends on nothing but the size.
"""

import numpy as np
import polars as pl

from ys_analytics.demo.calendar import DAY_SECONDS, moments
from ys_analytics.demo.fixed_point import Floats
from ys_analytics.demo.identity import fake_hash, name_id, random_generator
from ys_analytics.demo.market import CLOSE, Market
from ys_analytics.demo.pools import Rates
from ys_analytics.demo.world import POOLS, QUOTED, SYMBOLS
from ys_analytics.schemas import TABLES

SCORE_STRENGTH = 0.6

_SOURCES = ("twitter", "discord", "news", "telegram", "reddit")
_PATTERNS = ("double_bottom", "breakout", "mean_reversion", "momentum", "range")
_CONDITIONS = ("calm", "panic", "trend", "sideways")
_TIMEFRAMES = ("1h", "4h", "1d", "1w")
_AUDITS = ("audited", "audited_twice", "formally_verified", "unaudited")
_POINTS_PER_DAY = 2
_PATTERN_COUNT = 120
_COINS = tuple(symbol for symbol in QUOTED if symbol not in ("USDT", "DAI"))


def score_direction(size: int) -> Floats:
    """The direction, of unit length, that scores are laid along in a collection of this size.

    >>> float(np.round((score_direction(384) ** 2).sum(), 12))
    1.0
    """
    drawn = random_generator(size, "axis").standard_normal(size)
    direction: Floats = drawn / np.sqrt((drawn**2).sum())
    return direction


def market_sentiment(market: Market, *, seed: int) -> pl.DataFrame:
    """The collection `market_sentiment`: two points a day on one coin, positive after a rise, negative after a fall."""
    rng = random_generator(seed, "sentiment")
    days = market.days.size
    day = np.repeat(np.arange(1, days), _POINTS_PER_DAY)
    coins = [symbol for symbol in _COINS if symbol in market.priced_symbols]
    coin = rng.integers(0, len(coins), day.size)
    row = np.array([SYMBOLS.index(symbol) for symbol in coins])[coin]
    closes = market.prices[:, :, CLOSE].astype(np.float64)
    week = closes[row, day - 1] / closes[row, np.maximum(day - 8, 0)] - 1.0
    score = np.tanh(6.0 * week + rng.normal(0.0, 0.35, day.size))
    second = rng.integers(0, DAY_SECONDS, day.size)
    ids = [name_id("sentiment", seed, number) for number in range(day.size)]
    return _frame(
        "market_sentiment",
        {
            "id": ids,
            "vector": _vectors(rng, score, 384),
            "timestamp": moments(market.days[day], second),
            "source": pl.Series(_SOURCES).gather(rng.integers(0, len(_SOURCES), day.size)),
            "sentiment_score": np.round(score, 6),
            "confidence": np.round(rng.uniform(0.55, 0.99, day.size), 4),
            "asset_mentioned": [[coins[index]] for index in coin],
            "content_hash": [fake_hash("said", index) for index in ids],
        },
    )


def protocol_analysis(market: Market, rates: Rates, *, seed: int) -> pl.DataFrame:
    """The collection `protocol_analysis`: each pool's protocol once a quarter; a pool that pays more is riskier."""
    rng = random_generator(seed, "protocols")
    days = market.days.size
    day = np.arange(days - 1, 0, -90)[::-1]
    pool, day_of_row = (index.ravel() for index in np.meshgrid(np.arange(len(POOLS)), day, indexing="ij"))
    apy = rates.apy[pool, day_of_row]
    score = np.clip(0.1 + 2.2 * apy + rng.normal(0.0, 0.04, pool.size), 0.0, 1.0)
    return _frame(
        "protocol_analysis",
        {
            "id": [name_id("analysis", seed, number) for number in range(pool.size)],
            "vector": _vectors(rng, 2.0 * score - 1.0, 768),
            "protocol_name": [POOLS[number].protocol for number in pool],
            "chain_id": [POOLS[number].chain for number in pool],
            "risk_score": np.round(score, 6),
            "tvl": np.round(rates.tvl[pool, day_of_row], 2),
            "audit_status": [_AUDITS[3 if risk > 0.6 else int(risk * 100) % 3] for risk in score],  # noqa: PLR2004
            "analysis_date": moments(market.days[day_of_row], np.full(day_of_row.size, 9 * 3600, dtype=np.int64)),
        },
    )


def trading_patterns(market: Market, *, seed: int) -> pl.DataFrame:
    """The collection `trading_patterns`: patterns and how often each held."""
    rng = random_generator(seed, "patterns")
    coins = [symbol for symbol in _COINS if symbol in market.priced_symbols and symbol != "USDC"]
    count = _PATTERN_COUNT
    success = np.clip(rng.beta(5.0, 4.0, count), 0.05, 0.95)
    first, second = (rng.integers(0, len(coins), count) for _ in range(2))
    condition = rng.integers(0, 2, count)
    return _frame(
        "trading_patterns",
        {
            "id": [name_id("pattern", seed, number) for number in range(count)],
            "vector": _vectors(rng, 2.0 * success - 1.0, 512),
            "pattern_type": pl.Series(_PATTERNS).gather(rng.integers(0, len(_PATTERNS), count)),
            "success_rate": np.round(success, 6),
            "market_conditions": [
                [_CONDITIONS[first_index], _CONDITIONS[2 + first_index]] for first_index in condition
            ],
            "timeframe": pl.Series(_TIMEFRAMES).gather(rng.integers(0, len(_TIMEFRAMES), count)),
            "assets_involved": [
                sorted({coins[first_index], coins[second_index]})
                for first_index, second_index in zip(first, second, strict=True)
            ],
        },
    )


def _vectors(rng: np.random.Generator, score: Floats, size: int) -> np.ndarray:
    """Unit vectors whose product with `score_direction` is the score times `SCORE_STRENGTH`."""
    direction = score_direction(size)
    noise = rng.standard_normal((score.size, size))
    noise -= np.outer(noise @ direction, direction)
    noise /= np.sqrt((noise**2).sum(axis=1, keepdims=True))
    projection = (SCORE_STRENGTH * score)[:, None]
    return (projection * direction + np.sqrt(1.0 - projection**2) * noise).astype(np.float32)


def _frame(collection: str, columns: dict[str, object]) -> pl.DataFrame:
    schema = TABLES[collection].schema
    return pl.DataFrame(columns, schema_overrides={"vector": schema["vector"]}).cast(dict(schema)).sort("id")  # type: ignore[arg-type]
