"""Dirt in the demo's own tables, whose suites see it in shape or in meaning: what is put in, and what is found.

Knows kinds of dirt by table, and the judge; knows no detector. Each kind spoils so many rows of one table at one
size; the rows at fault that the judge then counts, beyond those of the clean table, are what was caught.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from ys_analytics import quality
from ys_analytics.demo import economy
from ys_analytics.schemas import TABLES

UNTIL = datetime(2026, 11, 23, tzinfo=UTC)
SPOILT = 20

Spoil = Callable[[pl.DataFrame, pl.Series], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of dirt at one size; `spoil` takes the table and which rows."""

    kind: str
    size: str
    table: str
    spoil: Spoil
    rows: int = SPOILT


def _put(column: str, value: object) -> Spoil:
    def spoil(frame: pl.DataFrame, here: pl.Series) -> pl.DataFrame:
        bad = pl.lit(value).cast(frame.schema[column])
        return frame.with_columns(pl.when(here).then(bad).otherwise(column).alias(column))

    return spoil


def _times(column: str, factor: float) -> Spoil:
    def spoil(frame: pl.DataFrame, here: pl.Series) -> pl.DataFrame:
        bad = (pl.col(column).cast(pl.Float64) * factor).cast(frame.schema[column])
        return frame.with_columns(pl.when(here).then(bad).otherwise(column).alias(column))

    return spoil


def _exchanged(one: str, other: str) -> Spoil:
    def spoil(frame: pl.DataFrame, here: pl.Series) -> pl.DataFrame:
        bad = [
            pl.when(here).then(pl.col(b).cast(frame.schema[a])).otherwise(a).alias(a)
            for a, b in ((one, other), (other, one))
        ]
        return frame.with_columns(bad)

    return spoil


def _vectors(make: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    def spoil(frame: pl.DataFrame, here: pl.Series) -> pl.DataFrame:
        dtype = frame.schema["vector"]
        matrix = frame["vector"].explode().to_numpy().reshape(frame.height, -1).copy()
        chosen = here.to_numpy()
        matrix[chosen] = make(matrix[chosen])
        return frame.with_columns(vector=pl.Series(matrix.astype(np.float32)).cast(dtype))

    return spoil


def _padded(rows: np.ndarray) -> np.ndarray:
    """Vectors of a smaller model, filled up with nothing, of unit length."""
    cut = rows.copy()
    cut[:, rows.shape[1] * 3 // 5 :] = 0.0
    return cut / np.linalg.norm(cut, axis=1, keepdims=True)


def kinds() -> Iterator[Kind]:
    """Every kind of the demo."""
    yield Kind("negative price", "-1", "market_data", _times("price", -1))
    yield Kind("negative price", "one wei below nothing", "market_data", _put("price", "-0.000000000000000001"))
    yield Kind("zero price", "0", "market_data", _put("price", 0))
    for factor in (100.0, 1e4):
        yield Kind("APY above reason", f"x{factor:g}", "yield_metrics", _times("apy", factor))
    yield Kind("APY above reason", "3,550 times", "yield_metrics", _put("apy", 3550))
    yield Kind("swapped columns", "rewards and fees", "yield_metrics", _exchanged("rewards_apr", "trading_fees_apr"))
    yield Kind("swapped columns", "var and cvar", "risk_metrics", _exchanged("var_95", "cvar_95"))
    for name in ("liquidation_distance", "protocol_risk_score"):
        yield Kind("score out of range", f"{name} 1.01", "risk_metrics", _put(name, 1.01))
    yield Kind("score out of range", "sentiment -1.2", "market_sentiment", _put("sentiment_score", -1.2))
    yield Kind("score out of range", "confidence 85", "market_sentiment", _put("confidence", 85.0))
    yield Kind("set without TTL", "prices", "redis_price_current", _put("ttl_ms", None), rows=5)
    yield Kind("set without TTL", "an hour on a minute", "redis_agent_perf", _put("ttl_ms", 3_600_000), rows=5)
    for name in ("amount0", "amount1"):
        yield Kind("raw units", f"{name} x1e12", "dex_trades", _times(name, 1e12))
    yield Kind("raw units", "gas in gwei", "transactions", _times("gas_price", 1e9))
    yield Kind("embedding", "zero", "market_sentiment", _vectors(np.zeros_like))
    yield Kind("embedding", "not a number", "market_sentiment", _vectors(lambda rows: rows * np.nan))
    yield Kind("embedding", "half as long", "protocol_analysis", _vectors(lambda rows: rows / 2), rows=5)
    yield Kind("embedding", "of a smaller collection, padded", "market_sentiment", _vectors(_padded))
    yield Kind("embedding", "one for all", "market_sentiment", _vectors(lambda rows: np.repeat(rows[:1], len(rows), 0)))
    yield Kind("embedding", "turned round", "trading_patterns", _vectors(lambda rows: -rows), rows=5)
    yield Kind("clock", "tomorrow", "transactions", _put("timestamp", UNTIL + timedelta(hours=9)))
    yield Kind("clock", "epoch zero", "risk_metrics", _put("timestamp", datetime(1970, 1, 20, tzinfo=UTC)), rows=1)


def measure() -> Iterator[tuple[Kind, int, int]]:
    """Each kind with the rows that were spoilt and the rows that were found."""
    frames = {name: frame.select(*TABLES[name].schema) for name, frame in economy(days=200, until=UNTIL).items()
              if TABLES[name].schema}  # fmt: skip
    chance = np.random.default_rng(7)
    before: dict[str, dict[str, int]] = {}
    for kind in kinds():
        clean = frames[kind.table]
        if kind.table not in before:
            before[kind.table] = _faults({kind.table: clean})
        amount = min(kind.rows, clean.height // 3)
        chosen = np.zeros(clean.height, dtype=bool)
        chosen[chance.choice(np.arange(clean.height // 10, clean.height), amount, replace=False)] = True
        spoilt = kind.spoil(clean, pl.Series(chosen))
        # A factor does nothing to nothing: only rows that changed were spoilt.
        numbered = clean.with_row_index()
        changed = numbered.join(spoilt.with_row_index(), on=numbered.columns, how="anti", nulls_equal=True)
        after = _faults({kind.table: spoilt})
        found = max((rows - before[kind.table].get(rule, 0) for rule, rows in after.items()), default=0)
        yield kind, changed.height, min(found, changed.height)


def _faults(frames: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """Rows at fault by broken rule."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "2026-W47"
        (run / "frames").mkdir(parents=True)
        for name, frame in frames.items():
            frame.write_parquet(run / "frames" / f"{name}.parquet")
        (run / "manifest.json").write_text(json.dumps({"week": "2026-W47", "as_of": UNTIL.isoformat()}))
        found = quality.judge(type("Run", (), {"folder": run})(), tables=list(frames))
    return {each.rule: each.rows for each in found if each.outcome == "failed"}
