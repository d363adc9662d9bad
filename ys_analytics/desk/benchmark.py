"""Benchmarks: an asset, a mix of assets, the target allocation, another portfolio or a frame, and what they compare.

Depends on `metrics.performance`; opens nothing. A benchmark is the return of prices: what staking, lending or fees earn
is in it as far as it is in an asset's price. Mixes are brought back to their weights at each day's close.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from ys_analytics import metrics
from ys_analytics.errors import UsageError
from ys_analytics.metrics import catalog
from ys_analytics.metrics.spans import unknown
from ys_analytics.schemas import unknown_name

EQUAL, TARGET = "equal_weight", "target"

# Days of the window of beta: a quarter.
ROLLING_BETA = 90

# The least sum of weights by which a target can be read as one.
_MIN_WEIGHT_SUM = 1e-6

_COMPARED: dict[str, pl.DataType | type[pl.DataType]] = {
    "portfolio_id": pl.String,
    "day": pl.Date,
    "days": pl.Int64,
    "ret": pl.Float64,
    "growth": pl.Float64,
    "benchmark": pl.Float64,
    "benchmark_growth": pl.Float64,
    "reason": pl.String,
    "name": pl.String,
    "note": pl.String,
}
RELATIVE = tuple(
    catalog.METRICS[name]
    for name in (
        "jensen_alpha", "beta", "correlation", "tracking_error", "information_ratio", "up_capture", "down_capture",
        "hit_rate",
    )
)  # fmt: skip

# How trailing windows are called, in the order they are read.
WINDOWS = {
    "7 days": "1 week",
    "30 days": "1 month",
    "90 days": "3 months",
    "180 days": "6 months",
    "year to date": "Year to date",
    "365 days": "1 year",
    "since start": "Since inception",
}
_NO_PRICE = "the benchmark has no price on each day of it"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A series of levels to compare a portfolio with.

    Attributes:
        name: For people.
        note: How it is made.
        levels: day Date, level Float64: an index of the benchmark's value at each day's close; null where a member
            has no price that day.
    """

    name: str
    note: str
    levels: pl.DataFrame


def unavailable(name: str, reason: str) -> Benchmark:
    """An empty benchmark for a setting that names no asset or portfolio.

    Args:
        name: As the setting has it.
        reason: Why it was not found.
    """
    return Benchmark(f"{name} (not found)", reason, pl.DataFrame(schema={"day": pl.Date, "level": pl.Float64}))


def of_frame(frame: pl.DataFrame) -> Benchmark:
    """A benchmark from a frame of the caller's.

    Args:
        frame: day Date and either ret Float64, returns of one day, or level, value or price: any positive number.

    Raises:
        UsageError: it has no such columns, or two rows for one day.

    >>> own = of_frame(pl.DataFrame({"day": [date(2026, 1, 1), date(2026, 1, 2)], "ret": [0.5, 0.5]}))
    >>> own.levels["level"].to_list()
    [1.0, 1.5, 2.25]
    """
    level_columns = [name for name in ("level", "value", "price") if name in frame.columns]
    if "day" not in frame.columns or not ("ret" in frame.columns or level_columns):
        raise UsageError(f"benchmark: a frame needs day and ret, or day and level; it has {', '.join(frame.columns)}")
    if frame["day"].is_duplicated().any():
        raise UsageError("benchmark: the frame has two rows for one day; keep one")
    rows = frame.sort("day").with_columns(pl.col("day").cast(pl.Date))
    if "ret" in frame.columns:
        ret = rows["ret"].cast(pl.Float64)
        level = pl.concat([pl.Series("level", [1.0]), ((ret + 1).cum_prod()).alias("level")])
        days = pl.concat([pl.Series("day", [rows["day"][0] - timedelta(days=1)] if rows.height else []), rows["day"]])
        levels = pl.DataFrame({"day": days, "level": level if rows.height else level.clear()})
    else:
        levels = rows.select("day", level=pl.col(level_columns[0]).cast(pl.Float64))
    return Benchmark("own series", "a frame of one's own", levels)


def of_portfolio(name: str, returns: pl.DataFrame) -> Benchmark:
    """A benchmark of another portfolio's linked returns.

    Args:
        name: What it is called.
        returns: Its `daily_returns`.
    """
    known = returns.filter(~unknown(returns.columns).cum_max())
    ret = pl.col("ret").fill_null(0.0)
    return Benchmark(name, "time-weighted return of that portfolio", known.select("day", level=(ret + 1).cum_prod()))


def of_weights(name: str, note: str, weights: Mapping[str, float], closes: pl.DataFrame) -> Benchmark:
    """A benchmark of weighted assets, rebalanced at each close.

    Args:
        name: For people.
        note: How it is made.
        weights: By asset id; they are scaled to one.
        closes: What `daily_closes` gave of all of them.
    """
    weight_sum = sum(weights.values())
    member_closes = closes.filter(pl.col("asset_id").is_in(list(weights)))
    first_common_day = member_closes.group_by("asset_id", maintain_order=True).agg(pl.col("day").min())["day"].max()
    if weight_sum < _MIN_WEIGHT_SUM or first_common_day is None or member_closes["asset_id"].n_unique() < len(weights):
        return Benchmark(name, note, pl.DataFrame(schema={"day": pl.Date, "level": pl.Float64}))
    price = pl.col("price")
    asset_returns = member_closes.sort("asset_id", "day").select(
        "day", asset="asset_id", ret=(price / price.shift(1) - 1).over("asset_id")
    )
    scaled_weights = {asset: weight / weight_sum for asset, weight in weights.items()}
    # The mix begins on the first day on which every member has a price.
    mix_members = asset_returns.with_columns(ret=pl.when(pl.col("day") > first_common_day).then("ret")).filter(
        pl.col("day") >= first_common_day
    )
    mix = metrics.performance.rebalanced_return(mix_members, weights=scaled_weights, every="always")
    complete = (
        mix_members.group_by("day", maintain_order=True)
        .agg(members=pl.len())
        .with_columns(whole=pl.col("members") == len(weights))
    )
    return Benchmark(
        name,
        note,
        mix.join(complete, on="day", how="left")
        .sort("day")
        .select("day", level=pl.when("whole").then((pl.col("ret") + 1).cum_prod())),
    )


def daily_closes(quotes: pl.DataFrame, *, end: date) -> pl.DataFrame:
    """The last price of each asset and day before `end`: asset_id, day, price Float64."""
    return (
        quotes.drop_nulls("price")
        .filter(pl.col("timestamp").dt.date() < end)
        .sort("timestamp", maintain_order=True)
        .group_by("asset_id", day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(pl.col("price").last().cast(pl.Float64))
    )


def targets(stated: str | None) -> dict[str, float]:
    """The owner's target weight by symbol; empty where none is stated.

    >>> targets('{"BTC": 0.6, "ETH": "0.4", "odd": null}')
    {'BTC': 0.6, 'ETH': 0.4}
    """
    try:
        parsed = json.loads(stated or "{}")
    except ValueError:
        return {}
    weights: dict[str, float] = {}
    for symbol, weight in parsed.items() if isinstance(parsed, dict) else ():
        try:
            weights[str(symbol)] = float(weight)
        except (TypeError, ValueError):
            continue
    return weights


def asset_of(symbol: str, assets: pl.DataFrame, closes: pl.DataFrame, *, held_ids: frozenset[str] = frozenset()) -> str:
    """The id of the asset with a symbol: one the portfolio held first, then a native coin, then the most quoted.

    Args:
        symbol: A symbol, in any case, or an id.
        assets: `assets`.
        closes: What `daily_closes` gave.
        held_ids: Ids of what the portfolio has held.

    Raises:
        UsageError: no asset is called that; the line offers the nearest.
    """
    matches = assets.filter((pl.col("symbol").str.to_lowercase() == symbol.lower()) | (pl.col("id") == symbol))
    if matches.is_empty():
        raise unknown_name(symbol, assets["symbol"].unique().sort(), what="asset", listed="`ys load assets`")
    counts = dict(closes.group_by("asset_id", maintain_order=True).len().iter_rows())
    best = max(
        matches.select("id", "chain_id").rows(),
        key=lambda row: (row[0] in held_ids, row[1] is None, counts.get(row[0], 0), row[0]),
    )
    return str(best[0])


def compared(returns: pl.DataFrame, benchmark: Benchmark) -> pl.DataFrame:
    """Join a portfolio's returns with the benchmark's over the same days.

    Args:
        returns: What `desk.returns.with_growth` gave.
        benchmark: What to compare with.

    Returns:
        portfolio_id, day, days, ret, growth, benchmark Float64 (null where it has no level at both ends), and
        benchmark_growth since the day before the first return, reason String (why ret is null), name, note String.
    """
    measured = returns.filter(pl.col("ret").is_not_null() | unknown(returns.columns))
    levels = benchmark.levels
    begun = pl.col("day") - pl.duration(days=pl.col("days").fill_null(1))
    rows = (
        measured.with_columns(begun=begun)
        .join(levels, on="day", how="left", maintain_order="left")
        .join(levels.select(begun="day", before="level"), on="begun", how="left", maintain_order="left")
    )
    ret = pl.col("level") / pl.col("before") - 1
    start = rows["before"][0] if rows.height else None
    return rows.with_columns(
        benchmark=ret,
        benchmark_growth=pl.col("level") / start - 1 if start else pl.lit(None, pl.Float64),
        name=pl.lit(benchmark.name),
        note=pl.lit(benchmark.note),
    ).select(pl.col(name).cast(dtype) for name, dtype in _COMPARED.items())


def _by_day(returns: pl.DataFrame, benchmark: Benchmark) -> pl.DataFrame:
    """A row for each day from the first return on: the portfolio's return, and the benchmark's of one day."""
    first, portfolio_id = returns["day"].min(), returns["portfolio_id"].first()
    level = pl.col("level")
    is_one_day = (pl.col("day") - pl.col("day").shift(1)) == pl.duration(days=1)
    daily_moves = benchmark.levels.sort("day").with_columns(
        benchmark=pl.when(is_one_day).then(level / level.shift(1) - 1)
    )
    since_first = (
        daily_moves.select("day", "benchmark").filter(pl.col("day") >= first)
        if first is not None
        else daily_moves.clear()
    )
    return (
        returns.filter(pl.col("ret").is_not_null())
        .select("portfolio_id", "day", "ret", "days")
        .join(since_first.select("day", "benchmark"), on="day", how="full", coalesce=True)
        .with_columns(pl.col("portfolio_id").fill_null(pl.lit(portfolio_id, pl.String)))
        .sort("day")
    )


def relative(
    returns: pl.DataFrame, benchmark: Benchmark, *, portfolio: str, end: date, risk_free: float
) -> pl.DataFrame:
    """Alpha, beta, tracking error, information ratio and capture, since inception and over the last 90 days.

    Args:
        returns: What `metrics.daily_returns` gave.
        benchmark: What to compare with.
        portfolio: Its id.
        end: The day after the last.
        risk_free: Simple rate per year, as a fraction.

    Returns:
        title, unit String; since, quarter Float64; since_n, quarter_n Int64 (days on which both have a return);
        since_reason, quarter_reason String; name String: of the benchmark.
    """
    rows = _by_day(returns, benchmark)
    table = pl.DataFrame(
        [(metric.name, metric.title, metric.printed_unit) for metric in RELATIVE],
        schema=("metric", "title", "unit"),
        orient="row",
    )
    for name, since in (("since", None), ("quarter", end - timedelta(days=ROLLING_BETA))):
        values = metrics.summarise(rows, RELATIVE, risk_free=risk_free, since=since, portfolios=[portfolio])
        wide = values.select("metric", pl.col("value").alias(name), pl.col("n").alias(f"{name}_n"),
                            pl.col("reason").alias(f"{name}_reason"))  # fmt: skip
        table = table.join(wide, on="metric", how="left", maintain_order="left")
    return table.with_columns(name=pl.lit(benchmark.name))


def trailing(compared_returns: pl.DataFrame, *, until: date) -> pl.DataFrame:
    """Returns of the usual windows up to a day, of the portfolio and of the benchmark.

    Args:
        compared_returns: What `compared` gave.
        until: The last day of every window.

    Returns:
        window String; portfolio, benchmark, difference Float64; reason, benchmark_reason String; start Date.
    """
    portfolio_windows = metrics.trailing_returns(
        compared_returns.select("portfolio_id", "day", "ret", "days", "reason"), until=until
    )
    benchmark_windows = metrics.trailing_returns(
        compared_returns.select("portfolio_id", "day", "days", ret="benchmark"), until=until
    ).select("window", benchmark="value", benchmark_reason="reason")
    # A window in which the benchmark lacks a day of the portfolio's has no benchmark return.
    has_gap = [
        compared_returns.filter(
            pl.col("benchmark").is_null() & pl.col("ret").is_not_null() & (pl.col("day") >= start)
        ).height
        > 0
        for start in portfolio_windows["start"]
    ]
    return (
        portfolio_windows.with_columns(lacking=pl.Series(has_gap, dtype=pl.Boolean))
        .join(benchmark_windows, on="window", how="left", maintain_order="left")
        .filter(pl.col("window").is_in(list(WINDOWS)))
        .with_columns(
            benchmark=pl.when(~pl.col("lacking")).then("benchmark"),
            benchmark_reason=pl.when("lacking").then(pl.lit(_NO_PRICE)).otherwise("benchmark_reason"),
        )
        .sort(pl.col("window").replace_strict({name: index for index, name in enumerate(WINDOWS)}))
        .select(
            pl.col("window").replace_strict(WINDOWS),
            portfolio="value",
            benchmark="benchmark",
            difference=pl.col("value") - pl.col("benchmark"),
            reason="reason",
            benchmark_reason="benchmark_reason",
            start="start",
        )
    )


def rolling_beta(returns: pl.DataFrame, benchmark: Benchmark, *, days: int = ROLLING_BETA) -> pl.DataFrame:
    """Beta of the last so many days: day, beta Float64.

    Args:
        returns: What `metrics.daily_returns` gave.
        benchmark: What to compare with.
        days: Of the window.
    """
    rows = _by_day(returns, benchmark)
    return metrics.rolling(rows, window=days).select("day", "beta")
