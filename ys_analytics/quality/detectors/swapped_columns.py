"""Two columns of a row exchanged: each value would be at home in the other's place.

Knows pairs of positive columns whose usual sizes differ; where they do not, an exchange does no harm.
"""

from collections.abc import Sequence

import polars as pl

_WINDOW = 61
_ENOUGH = 8
# Usual sizes closer than this factor (as a logarithm) cannot be told apart.
_APART = 0.5
# Both values must be this many of their usual deviations from home, and the exchanged ones this close.
_FAR, _HOME = 4.5, 3.0
_LEAST_SPREAD = 0.02
_NOTHING = 1e-9
# Rows around one: few are nearer, many outlast a stretch. How much nearer to them, and how many of their usual
# deviations apart, an exchange must lie.
_NEARBY, _BETTER, _CLEARLY = (5, 15), 0.3, 5.0
# What two neighbourhoods must differ by, as a share of the larger: an exchange of the like does no harm.
_DIFFER = 0.03
# How much shorter the way into and out of an exchanged stretch must be the other way round: two values that cross by
# themselves walk there, those that were exchanged leap there and back, by so many of their usual steps.
_SHORTER, _STEPS = 0.3, 3.0


def swapped(frame: pl.DataFrame, *, series: Sequence[str], time: str, pair: tuple[str, str]) -> pl.DataFrame:
    """Rows in which both values of a pair lie near the other's usual size.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": [100.0] * 30, "volume": [1e6] * 30})
    >>> quotes[12, "price"], quotes[12, "volume"] = 1.1e6, 99.0
    >>> swapped(quotes, series=["coin"], time="day", pair=("price", "volume"))["day"].to_list()
    [datetime.date(2024, 1, 13)]
    """
    by, (one, other) = list(series), pair
    around = {"window_size": _WINDOW, "min_samples": _ENOUGH, "center": True}
    # Nothing at all is a usual size too: a pool without rewards shows them only when they were exchanged.
    logs = {name: pl.col(of).cast(pl.Float64).clip(_NOTHING).log() for name, of in (("_a", one), ("_b", other))}
    plain = {name: pl.col(of).cast(pl.Float64) for name, of in (("_c", one), ("_d", other))}
    here = {
        f"{name}_here{rows}": pl.col(name).rolling_median(rows, min_samples=2, center=True).over(by)
        for name in plain
        for rows in _NEARBY
    }
    noise = {
        f"{name}_noise{rows}": 1.4826
        * (pl.col(name) - pl.col(f"{name}_here{rows}")).abs().rolling_median(**around).over(by)  # type: ignore[arg-type]
        for name in plain
        for rows in _NEARBY
    }
    usual = {f"{name}_usual": pl.col(name).rolling_median(**around).over(by) for name in logs}  # type: ignore[arg-type]
    spread = {
        f"{name}_spread": pl.max_horizontal(
            1.4826 * (pl.col(name) - pl.col(f"{name}_usual")).abs().rolling_median(**around).over(by),  # type: ignore[arg-type]
            pl.lit(_LEAST_SPREAD),
        )
        for name in logs
    }
    apart = (pl.col("_a_usual") - pl.col("_b_usual")).abs()
    strange = [(pl.col(n) - pl.col(f"{n}_usual")).abs() > _FAR * pl.col(f"{n}_spread") for n in logs]
    at_home = [
        (pl.col(n) - pl.col(f"{m}_usual")).abs() < pl.max_horizontal(_HOME * pl.col(f"{m}_spread"), apart / 4)
        for n, m in (("_a", "_b"), ("_b", "_a"))
    ]
    return (
        frame.lazy()
        .filter((pl.col(one) >= 0) & (pl.col(other) >= 0) & ((pl.col(one) > 0) | (pl.col(other) > 0)))
        .sort(*by, time)
        .with_columns(**logs)
        .with_columns(**usual)
        .with_columns(**spread)
        .with_columns(**plain)
        .with_columns(**here)
        .with_columns(**noise)
        .with_columns(
            _near=pl.any_horizontal([_better_exchanged(rows).fill_null(value=False) for rows in _NEARBY]),
            _far=((apart > _APART) & pl.all_horizontal(*strange, *at_home)).fill_null(value=False),
        )
        .with_columns(_exchanged=pl.col("_near") | pl.col("_far"))
        .with_columns(
            _step=1.4826
            * pl.sum_horizontal(
                pl.col(name).diff().abs().rolling_median(**around).over(by)  # type: ignore[arg-type]
                for name in logs
            )
        )
        .with_columns(_leaps_in=_leaps(1).over(by), _leaps_out=_leaps(-1).over(by))
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
        .select(*by, time, one, other, said=pl.lit(f"{one} and {other} appear to be exchanged"))
        .collect()
    )


def _better_exchanged(rows: int) -> pl.Expr:
    """Whether a row is clearly nearer to so many around it the other way round, in plain values."""
    one, other = pl.col(f"_c_here{rows}"), pl.col(f"_d_here{rows}")
    stays = (pl.col("_c") - one).abs() + (pl.col("_d") - other).abs()
    moved = (pl.col("_c") - other).abs() + (pl.col("_d") - one).abs()
    apart = (one - other).abs() > _DIFFER * pl.max_horizontal(one.abs(), other.abs())
    return (
        apart & (moved < _BETTER * stays) & (stays > _CLEARLY * (pl.col(f"_c_noise{rows}") + pl.col(f"_d_noise{rows}")))
    )


def _leaps(ago: int) -> pl.Expr:
    """Whether the step from the neighbour so many rows before is much shorter when one of the two is exchanged."""
    one, other = pl.col("_a"), pl.col("_b")
    plain = (one - one.shift(ago)).abs() + (other - other.shift(ago)).abs()
    crossed = (one - other.shift(ago)).abs() + (other - one.shift(ago)).abs()
    # At either end of a series there is no neighbour to deny it.
    return ((crossed < _SHORTER * plain) & (plain > _STEPS * pl.col("_step"))).fill_null(value=True)
