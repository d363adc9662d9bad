"""Faults injected into the demo's tables, and how many of the altered rows the suites find.

Depends on kinds of faults by table, and on the checks. Does not know a detector. Each kind alters
so many rows of one table at one size; the failing rows counted then, beyond those of the clean table, are caught.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from quality_frames import UNTIL, demo, frozen

from ys_analytics import quality
from ys_analytics.quality.suite_types import CROSS_STORE, NEEDED_WITH

ALTERED_ROWS = 40

Alter = Callable[[pl.DataFrame, pl.Series], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of dirt at one size; `alter` takes the table and which rows, drawn from those `among`.

    `suite` is what is checked, where that is not the table's own.
    """

    kind: str
    size: str
    table: str
    alter: Alter
    rows: int = ALTERED_ROWS
    suite: str = ""
    among: pl.Expr | None = None


def _put(column: str, value: object) -> Alter:
    def alter(frame: pl.DataFrame, is_altered: pl.Series) -> pl.DataFrame:
        altered_values = pl.lit(value).cast(frame.schema[column])
        return frame.with_columns(pl.when(is_altered).then(altered_values).otherwise(column).alias(column))

    return alter


def _multiply(column: str, factor: float) -> Alter:
    def alter(frame: pl.DataFrame, is_altered: pl.Series) -> pl.DataFrame:
        altered_values = (pl.col(column).cast(pl.Float64) * factor).cast(frame.schema[column])
        return frame.with_columns(pl.when(is_altered).then(altered_values).otherwise(column).alias(column))

    return alter


def _swap_columns(one: str, other: str) -> Alter:
    def alter(frame: pl.DataFrame, is_altered: pl.Series) -> pl.DataFrame:
        altered_values = [
            pl.when(is_altered).then(pl.col(b).cast(frame.schema[a])).otherwise(a).alias(a)
            for a, b in ((one, other), (other, one))
        ]
        return frame.with_columns(altered_values)

    return alter


def _vectors(make: Callable[[np.ndarray], np.ndarray]) -> Alter:
    def alter(frame: pl.DataFrame, is_altered: pl.Series) -> pl.DataFrame:
        dtype = frame.schema["vector"]
        matrix = frame["vector"].explode().to_numpy().reshape(frame.height, -1).copy()
        selected = is_altered.to_numpy()
        matrix[selected] = make(matrix[selected])
        return frame.with_columns(vector=pl.Series(matrix.astype(np.float32)).cast(dtype))

    return alter


def _add(column: str, amount: float) -> Alter:
    def alter(frame: pl.DataFrame, is_altered: pl.Series) -> pl.DataFrame:
        return frame.with_columns(pl.when(is_altered).then(pl.col(column) + amount).otherwise(column).alias(column))

    return alter


def _pad_vectors(rows: np.ndarray) -> np.ndarray:
    """Vectors of a smaller model, filled up with nothing, of unit length."""
    cut = rows.copy()
    cut[:, rows.shape[1] * 3 // 5 :] = 0.0
    return cut / np.linalg.norm(cut, axis=1, keepdims=True)


def _shift_hours(hours: float) -> Alter:
    def alter(frame: pl.DataFrame, is_altered: pl.Series) -> pl.DataFrame:
        moved = pl.col("timestamp") + timedelta(hours=hours)
        return frame.with_columns(timestamp=pl.when(is_altered).then(moved).otherwise("timestamp"))

    return alter


def _repeat_after(seconds: int) -> Alter:
    def alter(frame: pl.DataFrame, is_altered: pl.Series) -> pl.DataFrame:
        return pl.concat(
            [frame, frame.filter(is_altered).with_columns(pl.col("timestamp") + timedelta(seconds=seconds))]
        )

    return alter


def _invert(frame: pl.DataFrame, is_altered: pl.Series) -> pl.DataFrame:
    altered_values = (1 / pl.col("price").cast(pl.Float64)).cast(frame.schema["price"])
    return frame.with_columns(price=pl.when(is_altered).then(altered_values).otherwise("price"))


def kinds() -> Iterator[Kind]:
    """Every kind of the demo."""
    yield from _prices()
    yield from _measures()
    yield from _embeddings()
    yield from _between()


def _prices() -> Iterator[Kind]:
    """Quotes and swaps."""
    yield Kind("negative price", "-1", "market_data", _multiply("price", -1))
    yield Kind("negative price", "one wei below nothing", "market_data", _put("price", "-0.000000000000000001"))
    yield Kind("zero price", "0", "market_data", _put("price", 0))
    for factor in (0.5, 1.5, 3.0):
        yield Kind("spike", f"x{factor:g}", "market_data", _multiply("price", factor))
    for factor in (0.1, 10.0, 1000.0):
        yield Kind("decimal shift", f"x{factor:g}", "market_data", _multiply("price", factor))
    for pair in (("price", "volume_24h"), ("volume_24h", "market_cap"), ("price", "market_cap")):
        yield Kind("swapped columns", " and ".join(pair), "market_data", _swap_columns(*pair))
    for hours in (1.0, 5.5, -8.0):
        yield Kind("time-zone shift", f"{hours:+g} h", "market_data", _shift_hours(hours))
    yield Kind("duplicated tick", "a second later", "market_data", _repeat_after(1))
    for name in ("amount0", "amount1"):
        yield Kind("raw units", f"{name} x1e12", "dex_trades", _multiply(name, 1e12))
    yield Kind("raw units", "gas in gwei", "transactions", _multiply("gas_price", 1e9), among=pl.col("gas_price") > 0)
    yield Kind("decimal shift", "amount0 x10", "dex_trades", _multiply("amount0", 10))
    yield Kind("swapped columns", "amount0 and amount1", "dex_trades", _swap_columns("amount0", "amount1"))
    yield Kind("swapped columns", "token0 and token1", "dex_trades", _swap_columns("token0_address", "token1_address"))
    yield Kind("swapped columns", "price inverted", "dex_trades", _invert)
    yield Kind("time-zone shift", "+5.5 h", "dex_trades", _shift_hours(5.5))
    yield Kind("duplicated tick", "a second later", "dex_trades", _repeat_after(1))
    yield Kind("clock", "tomorrow", "transactions", _put("timestamp", UNTIL + timedelta(hours=9)))


def _measures() -> Iterator[Kind]:
    """Yields, risks and valuations."""
    for factor in (100.0, 1e4):
        yield Kind("APY above reason", f"x{factor:g}", "yield_metrics", _multiply("apy", factor))
    yield Kind("APY above reason", "3,550 times", "yield_metrics", _put("apy", 3550))
    # Two parts that are all but equal may be exchanged: it changes nothing anybody reads.
    parts = [pl.col(name).cast(pl.Float64) for name in ("rewards_apr", "trading_fees_apr")]
    with_rewards = (parts[0] > 0) & ((parts[0] - parts[1]).abs() > 0.2 * pl.max_horizontal(parts))
    fees = _swap_columns("rewards_apr", "trading_fees_apr")
    yield Kind("swapped columns", "rewards and fees", "yield_metrics", fees, among=with_rewards)
    yield Kind("swapped columns", "apy and tvl", "yield_metrics", _swap_columns("apy", "tvl"))
    yield Kind("decimal shift", "tvl x10", "yield_metrics", _multiply("tvl", 10))
    yield Kind("zero for unknown", "tvl", "yield_metrics", _put("tvl", 0))
    yield Kind("time-zone shift", "+5.5 h", "yield_metrics", _shift_hours(5.5))
    yield Kind("duplicated tick", "a minute later", "yield_metrics", _repeat_after(60))
    yield Kind("swapped columns", "var and cvar", "risk_metrics", _swap_columns("var_95", "cvar_95"))
    scores = ("correlation_score", "liquidation_distance")
    yield Kind("swapped columns", " and ".join(scores), "risk_metrics", _swap_columns(*scores))
    for name, factor in (("var_95", 10), ("cvar_95", 100)):
        yield Kind("decimal shift", f"{name} x{factor}", "risk_metrics", _multiply(name, factor))
    yield Kind("time-zone shift", "-8 h", "risk_metrics", _shift_hours(-8))
    yield Kind("duplicated tick", "half a minute later", "risk_metrics", _repeat_after(30))
    for name in (*scores[1:], "protocol_risk_score"):
        yield Kind("score out of range", f"{name} 1.01", "risk_metrics", _put(name, 1.01))
    yield Kind("score out of range", "sentiment -1.2", "market_sentiment", _put("sentiment_score", -1.2))
    yield Kind("score out of range", "confidence 85", "market_sentiment", _put("confidence", 85.0))
    yield Kind("clock", "epoch zero", "risk_metrics", _put("timestamp", datetime(1970, 1, 20, tzinfo=UTC)), rows=1)
    for factor in (2.0, 10.0):
        yield Kind("spike", f"total_value x{factor:g}", "portfolio_snapshots", _multiply("total_value", factor))
    yield Kind("zero for unknown", "total_value", "portfolio_snapshots", _put("total_value", 0))
    yield Kind("time-zone shift", "+5.5 h", "portfolio_snapshots", _shift_hours(5.5))
    yield Kind("set without TTL", "prices", "redis_price_current", _put("ttl_ms", None), rows=5)
    yield Kind("set without TTL", "an hour on a minute", "redis_agent_perf", _put("ttl_ms", 3_600_000), rows=5)


def _embeddings() -> Iterator[Kind]:
    """Vectors."""
    yield Kind("embedding", "zero", "market_sentiment", _vectors(np.zeros_like))
    yield Kind("embedding", "not a number", "market_sentiment", _vectors(lambda rows: rows * np.nan))
    yield Kind("embedding", "half as long", "protocol_analysis", _vectors(lambda rows: rows / 2), rows=5)
    yield Kind("embedding", "of a smaller collection, padded", "market_sentiment", _vectors(_pad_vectors))
    yield Kind("embedding", "one for all", "market_sentiment", _vectors(lambda rows: np.repeat(rows[:1], len(rows), 0)))
    yield Kind("embedding", "turned round", "market_sentiment", _vectors(lambda rows: -rows))
    yield Kind("embedding", "another text's", "market_sentiment", _vectors(lambda rows: np.roll(rows, 1, axis=0)))


def _between() -> Iterator[Kind]:
    """What only another store can tell."""
    swaps = (pl.col("transaction_type") == "swap") & (pl.col("status") == "confirmed")
    sides = ("from_amount", "to_amount")
    for factor in (10, 1000):
        yield Kind(
            "stores disagree", f"a swap's side x{factor}", "transactions", _multiply(sides[0], factor),
            suite=CROSS_STORE, among=swaps & (pl.col(sides[0]) < 10**9),
        )  # fmt: skip
    yield Kind(
        "stores disagree", "a swap's sides exchanged", "transactions", _swap_columns(*sides),
        suite=CROSS_STORE, among=swaps & ((pl.col(sides[0]) / pl.col(sides[1])).log().abs() > 1),
    )  # fmt: skip
    yield Kind(
        "stores disagree", "a flow x100", "transactions", _multiply("to_amount", 100), suite=CROSS_STORE, rows=20,
        among=(pl.col("transaction_type") == "deposit") & (pl.col("to_amount") > 0),
    )  # fmt: skip
    for name, factor in (("quantity", 1.1), ("current_value", 0.9), ("average_cost", 1000)):
        yield Kind(
            "stores disagree", f"{name} x{factor:g}", "portfolio_positions", _multiply(name, factor),
            suite=CROSS_STORE, rows=20, among=pl.col("current_value").abs() > 1,
        )  # fmt: skip
    yield Kind(
        "stores disagree",
        "cached price x1.02",
        "redis_price_current",
        _multiply("price", 1.02),
        suite=CROSS_STORE,
        rows=5,
    )
    yield Kind(
        "stores disagree", "liquidation risk + 0.2", "redis_risk_liquidation", _add("risk", 0.2),
        suite=CROSS_STORE, rows=4,
    )  # fmt: skip


def measure(selected: Iterable[Kind] | None = None) -> Iterator[tuple[Kind, int, int]]:
    """Each kind, of all or of those chosen, with the rows that were spoilt and the rows that were found."""
    frames = demo(days=200)
    random_state = np.random.default_rng(7)
    before: dict[str, dict[str, int]] = {}
    for kind in kinds() if selected is None else selected:
        suite, clean = kind.suite or kind.table, frames[kind.table]
        tables_needed = (
            frames if suite == CROSS_STORE else {name: frames[name] for name in (suite, *NEEDED_WITH.get(suite, ()))}
        )
        if suite not in before:
            before[suite] = _failing_rows(tables_needed, suite)
        altered = kind.alter(clean, _select_rows(kind, clean, random_state))
        after = _failing_rows(tables_needed | {kind.table: altered}, suite)
        found_rows = max((rows - before[suite].get(rule, 0) for rule, rows in after.items()), default=0)
        changed = _altered_rows(clean, altered)
        yield kind, changed, min(found_rows, changed)


def _select_rows(kind: Kind, clean: pl.DataFrame, random_state: np.random.Generator) -> pl.Series:
    """Which rows are spoilt; the first tenth is left alone, since nothing came before it."""
    eligible = np.ones(clean.height, dtype=bool) if kind.among is None else _is_true(clean, kind.among)
    eligible[: clean.height // 10] = False
    rows = np.flatnonzero(eligible)
    selected = np.zeros(clean.height, dtype=bool)
    selected[random_state.choice(rows, min(kind.rows, max(1, len(rows) // 3)), replace=False)] = True
    return pl.Series(selected)


def _is_true(frame: pl.DataFrame, arguments: pl.Expr) -> np.ndarray:
    return frame.select(arguments.fill_null(value=False).alias("asked")).get_column("asked").to_numpy().copy()


def _altered_rows(clean: pl.DataFrame, altered: pl.DataFrame) -> int:
    """Rows that are another now: a factor does nothing to nothing."""
    if altered.height != clean.height:
        return altered.height - clean.height
    numbered = clean.with_row_index()
    return numbered.join(altered.with_row_index(), on=numbered.columns, how="anti", nulls_equal=True).height


def _failing_rows(frames: Mapping[str, pl.DataFrame], suite: str) -> dict[str, int]:
    """Rows at fault by broken rule of one suite."""
    with frozen(frames) as run:
        found_rows = quality.validate(run, tables=[suite])
    return {each.rule: each.rows for each in found_rows if each.outcome == "failed"}
