"""Market-adjusted moves: how far each price moved beyond the market, and how far it usually moves.

Depends on series of positive values in time. Does not call a move wrong: detectors do. A move with the market is news;
a move of one coin far beyond its usual size and without more being traded is suspect.
"""

from collections.abc import Sequence

import polars as pl

# Below this many series quoted at one moment their median says nothing of a market.
_MIN_MARKET_SERIES = 5
# A series that follows the market less than this (a peg, a bill) is compared with its own kind.
_MIN_BETA = 0.15
_MIN_PEGGED_SERIES = 3
# Observations, half on each side, from which the usual size of a move is read.
_WINDOW = 41
# The least usual move: quotes are rounded, and pegged coins vary by a few tenths of a per cent.
_MIN_USUAL_MOVE = 0.002
# A storm is a market move beyond this many usual ones; each series then moves more by itself, by the second factor.
_STORM_SIZE, _STORM_WIDENING = 3.0, 2.0
# Median of absolute values to standard deviation, for a normal distribution.
_MAD_TO_STD = 1.4826


def market_adjusted_moves(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, volume: str | None = None
) -> pl.DataFrame:
    """Each observation with its move, sorted by series and time.

    Args:
        frame: Observations; those that are null, zero or negative are left out.
        series: The columns that name one series.
        time: When it was observed.
        value: What was observed.
        volume: How much was traded, where known.

    Returns:
        The rows with `level` (the logarithm), `step` (its change), `excess` (the change without the market's
        part), `usual_move` (the usual size of `excess` around then, as a standard deviation, and more
        in a storm of the whole market) and `traded` (volume
        over its median around then; null where unknown). The first row of a series has no change.
    """
    by = list(series)
    traded = pl.lit(None, pl.Float64) if volume is None else _relative_to_median(pl.col(volume).cast(pl.Float64), by)
    excess_size = pl.col("excess").abs()
    return (
        frame.lazy()
        .filter(pl.col(value) > 0)
        .sort(*by, time)
        .with_columns(level=pl.col(value).cast(pl.Float64).log())
        .with_columns(step=pl.col("level").diff().over(by), traded=traded)
        .with_columns(_tame=_clipped(pl.col("step"), by))
        .with_columns(_market=_median_at_moment(pl.col("_tame"), time, _MIN_MARKET_SERIES))
        .with_columns(_beta=_slope(pl.col("_tame"), pl.col("_market")).over(by).clip(0, 2))
        .with_columns(excess=pl.col("step") - pl.col("_beta") * pl.col("_market"))
        .with_columns(
            _kind=_median_at_moment(pl.when(pl.col("_beta") < _MIN_BETA).then("step"), time, _MIN_PEGGED_SERIES)
        )
        .with_columns(excess=pl.col("excess") - pl.when(pl.col("_beta") < _MIN_BETA).then("_kind").otherwise(0.0))
        .with_columns(
            usual_move=pl.max_horizontal(
                _MAD_TO_STD * excess_size.rolling_median(_WINDOW, min_samples=5, center=True).over(by),
                0.5 * _MAD_TO_STD * excess_size.median().over(by),
                pl.lit(_MIN_USUAL_MOVE),
            )
        )
        .with_columns(
            _storm=(pl.col("_market").abs() - _STORM_SIZE * _MAD_TO_STD * pl.col("_market").abs().median()).clip(0)
        )
        .with_columns(
            usual_move=(pl.col("usual_move") ** 2 + (_STORM_WIDENING * pl.col("_beta") * pl.col("_storm")) ** 2).sqrt()
        )
        .select(*frame.columns, "level", "step", "excess", "usual_move", "traded")
        .collect()
    )


def _relative_to_median(value: pl.Expr, by: Sequence[str]) -> pl.Expr:
    """A value over its median of the fortnight around it."""
    usual = value.rolling_median(15, min_samples=3, center=True).over(by)
    return pl.when(usual > 0).then(value / usual)


def _clipped(step: pl.Expr, by: Sequence[str]) -> pl.Expr:
    """A move, clipped to four times its usual size, so that an error does not become the market."""
    limit = 4 * _MAD_TO_STD * step.abs().median().over(by)
    return step.clip(-limit, limit)


def _median_at_moment(step: pl.Expr, time: str, min_series: int) -> pl.Expr:
    """The median move of one moment; zero where too few series moved."""
    return pl.when(step.count().over(time) >= min_series).then(step.median().over(time)).otherwise(0.0)


def _slope(y: pl.Expr, x: pl.Expr) -> pl.Expr:
    """The least-squares slope through the origin."""
    return (y * x).sum() / ((x * x).sum() + 1e-12)
