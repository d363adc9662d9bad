"""How far each price moved, what of that the whole market did, and how far it usually moves.

Knows series of positive values in time; calls nothing wrong. What a coin does with all the others is news; what
it does alone, far beyond its habit and without more being traded, is suspect.
"""

from collections.abc import Sequence

import polars as pl

# Below this many series quoted at one moment their median says nothing of a market.
_A_MARKET = 5
# A series that follows the market less than this (a peg, a bill) is compared with its own kind.
_FOLLOWS = 0.15
_A_KIND = 3
# Observations, half on each side, from which the usual size of a move is read.
_WINDOW = 41
# The usual move is never taken for less: quotes are rounded, and pegs breathe by a few tenths of a per cent.
_LEAST_MOVE = 0.002
# A storm is a market move beyond this many usual ones; boats toss in it each in its own way.
_STORM, _TOSSED = 3.0, 2.0
# Median of absolute values to standard deviation, for a normal distribution.
_MAD = 1.4826


def moves(
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
        The rows with `level` (the logarithm), `step` (its change), `alone` (the change without the market's
        part), `habit` (the usual size of `alone` around then, as a standard deviation, and more
        in a storm of the whole market) and `traded` (volume
        over its median around then; null where unknown). The first row of a series has no change.
    """
    by = list(series)
    traded = pl.lit(None, pl.Float64) if volume is None else _around(pl.col(volume).cast(pl.Float64), by)
    habit = pl.col("alone").abs()
    return (
        frame.lazy()
        .filter(pl.col(value) > 0)
        .sort(*by, time)
        .with_columns(level=pl.col(value).cast(pl.Float64).log())
        .with_columns(step=pl.col("level").diff().over(by), traded=traded)
        .with_columns(_tame=_tamed(pl.col("step"), by))
        .with_columns(_market=_shared(pl.col("_tame"), time, _A_MARKET))
        .with_columns(_beta=_slope(pl.col("_tame"), pl.col("_market")).over(by).clip(0, 2))
        .with_columns(alone=pl.col("step") - pl.col("_beta") * pl.col("_market"))
        .with_columns(_kind=_shared(pl.when(pl.col("_beta") < _FOLLOWS).then("step"), time, _A_KIND))
        .with_columns(alone=pl.col("alone") - pl.when(pl.col("_beta") < _FOLLOWS).then("_kind").otherwise(0.0))
        .with_columns(
            habit=pl.max_horizontal(
                _MAD * habit.rolling_median(_WINDOW, min_samples=5, center=True).over(by),
                0.5 * _MAD * habit.median().over(by),
                pl.lit(_LEAST_MOVE),
            )
        )
        .with_columns(_storm=(pl.col("_market").abs() - _STORM * _MAD * pl.col("_market").abs().median()).clip(0))
        .with_columns(habit=(pl.col("habit") ** 2 + (_TOSSED * pl.col("_beta") * pl.col("_storm")) ** 2).sqrt())
        .select(*frame.columns, "level", "step", "alone", "habit", "traded")
        .collect()
    )


def _around(value: pl.Expr, by: Sequence[str]) -> pl.Expr:
    """A value over its median of the fortnight around it."""
    usual = value.rolling_median(15, min_samples=3, center=True).over(by)
    return pl.when(usual > 0).then(value / usual)


def _tamed(step: pl.Expr, by: Sequence[str]) -> pl.Expr:
    """A move, clipped to four times its habit, so that an error does not become the market."""
    limit = 4 * _MAD * step.abs().median().over(by)
    return step.clip(-limit, limit)


def _shared(step: pl.Expr, time: str, enough: int) -> pl.Expr:
    """The median move of one moment; zero where too few series moved."""
    return pl.when(step.count().over(time) >= enough).then(step.median().over(time)).otherwise(0.0)


def _slope(of: pl.Expr, on: pl.Expr) -> pl.Expr:
    """The least-squares slope through the origin."""
    return (of * on).sum() / ((on * on).sum() + 1e-12)
