"""Swapped columns: two values of a row exchanged, each of the other's usual size.

Depends on pairs of positive columns whose usual sizes differ; where they do not, an exchange does no harm.
"""

from collections.abc import Sequence

import polars as pl

_WINDOW = 61
_MIN_OBSERVATIONS = 8
# Usual sizes closer than this factor (as a logarithm) cannot be told apart.
_MIN_SEPARATION = 0.5
# Both values must be this many of their usual deviations from home, and the exchanged ones this close.
_MIN_DEVIATIONS, _MAX_DEVIATIONS_SWAPPED = 4.5, 3.0
_MIN_SPREAD = 0.02
_SMALLEST = 1e-9
# Rows around one: few are nearer, many outlast a stretch. How much nearer to them, and how many of their usual
# deviations apart, an exchange must lie.
_NEIGHBOUR_ROWS, _MAX_DISTANCE_RATIO, _MIN_NOISE_RATIO = (5, 15), 0.3, 5.0
# What two neighbourhoods must differ by, as a share of the larger: an exchange of the like does no harm.
_MIN_DIFFERENCE = 0.03
# How much shorter the way into and out of an exchanged stretch must be the other way round: two values that cross by
# themselves walk there, those that were exchanged leap there and back, by so many of their usual steps.
_MAX_STEP_RATIO, _MIN_STEPS = 0.3, 3.0


def swapped_values(frame: pl.DataFrame, *, series: Sequence[str], time: str, pair: tuple[str, str]) -> pl.DataFrame:
    """Rows in which both values of a pair lie near the other's usual size.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": [100.0] * 30, "volume": [1e6] * 30})
    >>> quotes[12, "price"], quotes[12, "volume"] = 1.1e6, 99.0
    >>> swapped_values(quotes, series=["coin"], time="day", pair=("price", "volume"))["day"].to_list()
    [datetime.date(2024, 1, 13)]
    """
    by, (first, second) = list(series), pair
    window = {"window_size": _WINDOW, "min_samples": _MIN_OBSERVATIONS, "center": True}
    # Nothing at all is a usual size too: a pool without rewards shows them only when they were exchanged.
    logs = {
        name: pl.col(column).cast(pl.Float64).clip(_SMALLEST).log() for name, column in (("_a", first), ("_b", second))
    }
    plain = {name: pl.col(column).cast(pl.Float64) for name, column in (("_c", first), ("_d", second))}
    medians = {
        f"{name}_here{rows}": pl.col(name).rolling_median(rows, min_samples=2, center=True).over(by)
        for name in plain
        for rows in _NEIGHBOUR_ROWS
    }
    noise = {
        f"{name}_noise{rows}": 1.4826
        * (pl.col(name) - pl.col(f"{name}_here{rows}")).abs().rolling_median(**window).over(by)  # type: ignore[arg-type]
        for name in plain
        for rows in _NEIGHBOUR_ROWS
    }
    usual = {f"{name}_usual": pl.col(name).rolling_median(**window).over(by) for name in logs}  # type: ignore[arg-type]
    spread = {
        f"{name}_spread": pl.max_horizontal(
            1.4826 * (pl.col(name) - pl.col(f"{name}_usual")).abs().rolling_median(**window).over(by),  # type: ignore[arg-type]
            pl.lit(_MIN_SPREAD),
        )
        for name in logs
    }
    separation = (pl.col("_a_usual") - pl.col("_b_usual")).abs()
    far_from_own = [(pl.col(n) - pl.col(f"{n}_usual")).abs() > _MIN_DEVIATIONS * pl.col(f"{n}_spread") for n in logs]
    near_other = [
        (pl.col(n) - pl.col(f"{m}_usual")).abs()
        < pl.max_horizontal(_MAX_DEVIATIONS_SWAPPED * pl.col(f"{m}_spread"), separation / 4)
        for n, m in (("_a", "_b"), ("_b", "_a"))
    ]
    return (
        frame.lazy()
        .filter((pl.col(first) >= 0) & (pl.col(second) >= 0) & ((pl.col(first) > 0) | (pl.col(second) > 0)))
        .sort(*by, time)
        .with_columns(**logs)
        .with_columns(**usual)
        .with_columns(**spread)
        .with_columns(**plain)
        .with_columns(**medians)
        .with_columns(**noise)
        .with_columns(
            _near=pl.any_horizontal([_fits_better_swapped(rows).fill_null(value=False) for rows in _NEIGHBOUR_ROWS]),
            _far=((separation > _MIN_SEPARATION) & pl.all_horizontal(*far_from_own, *near_other)).fill_null(
                value=False
            ),
        )
        .with_columns(_exchanged=pl.col("_near") | pl.col("_far"))
        .with_columns(
            _step=1.4826
            * pl.sum_horizontal(
                pl.col(name).diff().abs().rolling_median(**window).over(by)  # type: ignore[arg-type]
                for name in logs
            )
        )
        .with_columns(_leaps_in=_step_shorter_swapped(1).over(by), _leaps_out=_step_shorter_swapped(-1).over(by))
        .with_columns(
            _stretch=(pl.col("_exchanged") != pl.col("_exchanged").shift(1)).fill_null(value=True).cum_sum().over(by)
        )
        .filter("_exchanged")
        .with_columns(
            _in=pl.col("_leaps_in").first().over(*by, "_stretch"),
            _out=pl.col("_leaps_out").last().over(*by, "_stretch"),
        )
        # What is far from home on both sides needs one leap: its other neighbour may be at fault itself.
        .filter((pl.col("_in") & pl.col("_out")) | (pl.col("_far") & (pl.col("_in") | pl.col("_out"))))
        .sort(*by, time)
        .select(*by, time, first, second, said=pl.lit(f"{first} and {second} appear to be exchanged"))
        .collect()
    )


def _fits_better_swapped(rows: int) -> pl.Expr:
    """Whether a row is clearly nearer to so many around it the other way round, in plain values."""
    first, second = pl.col(f"_c_here{rows}"), pl.col(f"_d_here{rows}")
    distance = (pl.col("_c") - first).abs() + (pl.col("_d") - second).abs()
    distance_swapped = (pl.col("_c") - second).abs() + (pl.col("_d") - first).abs()
    is_clear = (first - second).abs() > _MIN_DIFFERENCE * pl.max_horizontal(first.abs(), second.abs())
    return (
        is_clear
        & (distance_swapped < _MAX_DISTANCE_RATIO * distance)
        & (distance > _MIN_NOISE_RATIO * (pl.col(f"_c_noise{rows}") + pl.col(f"_d_noise{rows}")))
    )


def _step_shorter_swapped(rows: int) -> pl.Expr:
    """Whether the step from the neighbour so many rows before is much shorter when one of the two is exchanged."""
    first, second = pl.col("_a"), pl.col("_b")
    plain = (first - first.shift(rows)).abs() + (second - second.shift(rows)).abs()
    crossed = (first - second.shift(rows)).abs() + (second - first.shift(rows)).abs()
    # At either end of a series there is no neighbour to deny it.
    return ((crossed < _MAX_STEP_RATIO * plain) & (plain > _MIN_STEPS * pl.col("_step"))).fill_null(value=True)
