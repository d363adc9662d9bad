"""Past weeks whose news resembled this week's, what followed them, and whether that ever predicted anything.

Depends on the points of `market_sentiment`, which have a moment, and on the portfolio's returns; opens nothing. Points
of `trading_patterns` have no moment: what followed one cannot be looked up; shown is what the store says.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from ys_analytics import metrics

if TYPE_CHECKING:  # and below where vectors are: a desk is opened without NumPy
    import numpy as np

_WEEK = timedelta(weeks=1)

# Fewer mentions in a week make a mean of chance.
MIN_MENTIONS = 3
NEAREST_WEEKS = 5
# Earlier weeks with a known sequel that a forecast needs.
MIN_EARLIER_WEEKS = 8

_NEAREST: dict[str, pl.DataType | type[pl.DataType]] = {
    "week": pl.String,
    "similarity": pl.Float64,
    "mentions": pl.Int64,
    "score": pl.Float64,
    "ret": pl.Float64,
    "next_ret": pl.Float64,
    "reason": pl.String,
}
_RECORD: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    "n": pl.Int64,
    "forecast": pl.Float64,
    "weeks": pl.Int64,
    "reason": pl.String,
}
_PATTERNS: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("pattern", "timeframes", "assets"), pl.String),
    "n": pl.Int64,
    **dict.fromkeys(("rate", "low", "high"), pl.Float64),
}


def weeks_of_news(points: pl.DataFrame, symbols: list[str], *, end: date) -> pl.DataFrame:
    """Mean embedding and score of each ISO week's points about some assets, before a moment.

    Args:
        points: `market_sentiment`, with its vectors.
        symbols: The assets.
        end: The Monday after the last week.

    Returns:
        monday Date, mentions Int64, score Float64, vector Array(Float64) of unit length; weeks with fewer than three
        points are left out. Sorted.
    """
    import numpy as np

    about = pl.col("asset_mentioned").list.eval(pl.element().is_in(symbols)).list.any()
    selected = points.filter(about.fill_null(value=False) & (pl.col("timestamp").dt.date() < end)).with_columns(
        monday=pl.col("timestamp").dt.date().dt.truncate("1w")
    )
    rows = []
    for (monday,), group in selected.sort("monday", "id").group_by("monday", maintain_order=True):
        mean = group["vector"].to_numpy().astype(np.float64).mean(axis=0)
        length = float(np.linalg.norm(mean))
        if group.height >= MIN_MENTIONS and length > 0:
            rows.append(
                {"monday": monday, "mentions": group.height, "score": group["sentiment_score"].mean(),
                 "vector": (mean / length).tolist()}
            )  # fmt: skip
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "monday": pl.Date,
        "mentions": pl.Int64,
        "score": pl.Float64,
        "vector": pl.List(pl.Float64),
    }
    return pl.DataFrame(rows, schema=schema)


def nearest_weeks(news: pl.DataFrame, returns: pl.DataFrame, *, monday: date, top: int = NEAREST_WEEKS) -> pl.DataFrame:
    """The past weeks whose news resembles this week's most, and the portfolio's return in and after them.

    Args:
        news: What `weeks_of_news` gave.
        returns: What `metrics.daily_returns` gave for the portfolio.
        monday: Of this week.
        top: How many.

    Returns:
        week String, similarity Float64 (cosine of mean embeddings), mentions Int64, score Float64, ret and next_ret
        Float64 (linked returns of that week and of the one after), reason String where next_ret is null. Empty where
        this week has too few points.
    """
    this_week = news.filter(pl.col("monday") == monday)
    past = news.filter(pl.col("monday") < monday)
    if this_week.is_empty() or past.is_empty():
        return pl.DataFrame(schema=_NEAREST)
    similarity = _vectors(past) @ _vectors(this_week)[0]
    by_week = _by_week(returns)
    after = pl.col("monday") + _WEEK
    return (
        past.with_columns(similarity=pl.Series(similarity, dtype=pl.Float64))
        .sort("similarity", "monday", descending=True)
        .head(top)
        .join(by_week, on="monday", how="left", maintain_order="left")
        .join(by_week.select(after="monday", next_ret="ret", next_reason="reason"), left_on=after, right_on="after",
              how="left", maintain_order="left")
        .with_columns(
            week=pl.col("monday").dt.strftime("%G-W%V"),
            reason=pl.when(pl.col("next_ret").is_null()).then(
                pl.coalesce("next_reason", pl.lit("the portfolio has no return of the week after"))
            ),
        )
        .select(*_NEAREST)
    )  # fmt: skip


def record(news: pl.DataFrame, returns: pl.DataFrame, *, monday: date, top: int = NEAREST_WEEKS) -> pl.DataFrame:
    """Whether the nearest past weeks ever predicted the next week: rank correlation of forecast and outcome.

    The forecast of a week is the mean return after its nearest weeks, of those whose sequel was known when it ended.

    Args:
        news: What `weeks_of_news` gave.
        returns: What `metrics.daily_returns` gave for the portfolio.
        monday: Of this week, whose own sequel is not known yet.
        top: How many weeks a forecast is made from.

    Returns:
        One row: value, low, high Float64, n Int64, reason String as `metrics.forecast.rank_correlation` gives them;
        forecast Float64 of the week to come, from weeks Int64.
    """
    import numpy as np

    known = dict(_by_week(returns).drop_nulls("ret").select("monday", "ret").iter_rows())
    days, vectors = news["monday"].to_list(), _vectors(news)
    forecasts: list[tuple[date, float | None, int]] = []
    for index, day in enumerate(days):
        candidates = [earlier for earlier, other in enumerate(days) if other + _WEEK <= day and other + _WEEK in known]
        if len(candidates) < MIN_EARLIER_WEEKS:
            forecasts.append((day, None, len(candidates)))
            continue
        similarity = vectors[candidates] @ vectors[index]
        nearest = [candidates[earlier] for earlier in np.argsort(-similarity, kind="stable")[:top]]
        forecasts.append((day, float(np.mean([known[days[earlier] + _WEEK] for earlier in nearest])), len(nearest)))
    pairs = [(value, known.get(day + _WEEK)) for day, value, _ in forecasts if day < monday]
    correlation = metrics.forecast.rank_correlation(
        pl.Series([forecast for forecast, _ in pairs], dtype=pl.Float64),
        pl.Series([other for _, other in pairs], dtype=pl.Float64),
    )
    current = next(((value, weeks) for day, value, weeks in forecasts if day == monday), (None, 0))
    return pl.DataFrame([{**correlation, "forecast": current[0], "weeks": current[1]}], schema=_RECORD)


def patterns(points: pl.DataFrame, symbols: list[str]) -> pl.DataFrame:
    """What the store says of patterns seen in assets held: how often each held.

    Args:
        points: `trading_patterns`, without need of its vectors.
        symbols: The assets held.

    Returns:
        pattern, timeframes, assets String (those held, with commas), n Int64 (points), rate, low, high Float64: mean,
        least and greatest `success_rate`. Most points first.
    """
    held = points.with_columns(
        held=pl.col("assets_involved").list.set_intersection(pl.lit(symbols, pl.List(pl.String)))
    ).filter(pl.col("held").list.len() > 0)
    rate = pl.col("success_rate")
    joined = {
        "assets": pl.col("held").explode().drop_nulls().unique().sort().str.join(", "),
        "timeframes": pl.col("timeframe").drop_nulls().unique().sort().str.join(", "),
    }
    return (
        held.group_by(pattern="pattern_type", maintain_order=True)
        .agg(n=pl.len().cast(pl.Int64), rate=rate.mean(), low=rate.min(), high=rate.max(), **joined)
        .sort("n", "pattern", descending=[True, False])
        .select(pl.col(name).cast(dtype) for name, dtype in _PATTERNS.items())
    )  # fmt: skip


def _vectors(news: pl.DataFrame) -> "np.ndarray[Any, np.dtype[np.float64]]":
    import numpy as np

    return np.array(news["vector"].to_list(), dtype=np.float64)


def _by_week(returns: pl.DataFrame) -> pl.DataFrame:
    """Linked return of each whole week: monday Date, ret Float64, reason String."""
    linked = metrics.performance.aggregate_returns(returns, every="week")
    covered = pl.col("days").fill_null(1) if "days" in returns.columns else pl.lit(1)
    days = (
        returns.filter(pl.col("ret").is_not_null())
        .group_by(monday=pl.col("day").dt.truncate("1w"), maintain_order=True)
        .agg(covered=covered.sum())
    )
    whole = pl.col("covered") == 7  # noqa: PLR2004 - days of a week
    return linked.rename({"period": "monday"}).join(days, on="monday", how="left", maintain_order="left").select(
        "monday",
        ret=pl.when(whole).then("ret"),
        reason=pl.coalesce("reason", pl.when(~whole).then(pl.lit("returns cover it in part"))),
    )  # fmt: skip
